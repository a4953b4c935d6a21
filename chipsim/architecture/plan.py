"""A plan: a network and its rules on an architecture, what it holds, and the facts that prices depend on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType

from chipsim.accounting.costs import CostTable
from chipsim.accounting.pricing import Part, Prices
from chipsim.architecture import groups
from chipsim.architecture.blocks import Block
from chipsim.architecture.graph import Architecture
from chipsim.architecture.packing import Place
from chipsim.architecture.routes import MEMORY, TRANSPOSED, Key, Way
from chipsim.architecture.wires import Carried
from chipsim.circuits import crossbar
from chipsim.learning.programming import Programming
from chipsim.learning.rule import LayerShape, Site
from chipsim.workloads.network import Dense, Network

DIGITAL = "digital-array"
"""The role of components that hold digital matrices."""


@dataclass(frozen=True)
class Plan:
    """A network and its rules on an architecture."""

    architecture: Architecture
    network: Network
    layers: Mapping[str, Dense]
    blocks: Mapping[str, Block]
    """The blocks of all layers, by name."""
    spread: Mapping[tuple[str, str], tuple[str, ...]]
    """The blocks on which each matrix of each layer lies."""
    places: Mapping[Key, Place]
    """By block and matrix."""
    routes: Mapping[Way, tuple[str, ...]]
    """Components in order, by operation, block and matrix."""
    carriers: Mapping[Way, tuple[tuple[Carried, ...], ...]] = field(default_factory=dict)
    """Carriers ahead of each of these components, and behind the last."""
    programs: Mapping[str, Programming] = field(default_factory=dict)
    """What the stages of kind `program` do, by stage."""
    memory: tuple[str, ...] = ()
    """Digital stores of each layer in the integrator that serves it."""

    def digital(self, key: Key) -> bool:
        """Whether a matrix lies on a digital array."""
        return self.architecture.components[self.places[key].array].role == DIGITAL

    def cells_of(self, matrix: str) -> int:
        """Cells that hold a matrix, of all layers and copies together."""
        regions = (place.region for (_, name), place in self.places.items() if name == matrix)
        return sum(region.rows * region.columns for region in regions)

    def shapes(self, digital: bool = False) -> tuple[LayerShape, ...]:
        """The blocks of the layers as rules see them; whole layers for a rule whose matrices are digital."""
        if digital:
            return tuple(
                LayerShape(name, layer.rows, layer.outputs, layer=name) for name, layer in self.layers.items()
            )
        sites: dict[str, dict[str, Site]] = {}
        for (name, matrix), place in self.places.items():
            if not self.digital((name, matrix)):
                step = self.architecture.cells[place.array].granularity
                sites.setdefault(name, {})[matrix] = Site(step, self._trains.get((name, matrix), 1))
        return tuple(
            LayerShape(
                name, block.rows, block.columns, MappingProxyType(sites.get(name, {})),
                layer=block.layer, row=block.row, column=block.column,
            )
            for name, block in self.blocks.items()
            if block.copy == 1 and (name in sites or self._uncut(block))
        )  # fmt: skip

    def _uncut(self, block: Block) -> bool:
        return block.name == block.layer and not any(
            other.layer == block.layer and other.copy == 1 and other.name != block.name
            for other in self.blocks.values()
        )

    def with_copies(self, shapes: Iterable[LayerShape]) -> tuple[LayerShape, ...]:
        """Shapes of blocks, and one for each further copy of them."""
        return tuple(
            shape._replace(name=self.blocks[shape.name].copied(copy + 1).name)
            for shape in shapes
            for copy in range(self.copies(shape.layer))
        )

    @cached_property
    def _trains(self) -> Mapping[Key, int]:
        """The longest train of the drivers that pulse a matrix."""
        found: dict[Key, int] = {}
        for way, route in self.routes.items():
            if self.architecture.components[route[0]].role == "pulse-driver":
                length = self.architecture.drivers(route[0]).bit_length
                found[way[1:]] = max(length, found.get(way[1:], 1))
        return found

    @cached_property
    def visits(self) -> Mapping[tuple[str, str], tuple[tuple[str, ...], ...]]:
        """The different routes by operation (as the ledger names it) and component."""
        found: dict[tuple[str, str], dict[tuple[str, ...], None]] = {}
        for (kind, _, _), route in self.routes.items():
            for name in route:
                found.setdefault((kind.removesuffix(TRANSPOSED), name), {})[route] = None
        return {key: tuple(distinct) for key, distinct in found.items()}

    @cached_property
    def words(self) -> Mapping[str, int]:
        """Words of the stores that lie in each integrator."""
        stores: dict[str, dict[str, None]] = {}
        for way, route in self.routes.items():
            if way[0] in MEMORY:
                stores.setdefault(route[-1], {})[way[1]] = None
        sizes = {name: block.rows * block.columns for name, block in self.blocks.items()}
        return {name: sum(sizes[block] for block in held) * len(self.memory) for name, held in stores.items()}

    @cached_property
    def accumulating(self) -> Mapping[str, Way]:
        """The way on which products are added to the stores of a block, whichever matrix they are for."""
        return {way[1]: way for way in self.routes if way[0] == "accumulate"}

    @cached_property
    def units(self) -> Mapping[str, int]:
        """Transactions that a component works on at once, where these are several."""
        components = self.architecture.components.items()
        found = {name: int(getattr(parameters, "units", 1)) for name, parameters in components}
        return {name: units for name, units in found.items() if units > 1}

    def copies(self, layer: str) -> int:
        """How often the weights of a layer lie on the chip."""
        return (self.architecture.header.copies or {}).get(layer, 1)

    def copied(self, key: Key) -> tuple[Key, ...]:
        """A block and matrix with all of its copies."""
        block, matrix = self.blocks[key[0]], key[1]
        names = (block.copied(copy + 1).name for copy in range(self.copies(block.layer)))
        return tuple((name, matrix) for name in names if (name, matrix) in self.places)

    def facts(self, component: str, operation: str) -> Mapping[str, float]:
        """What prices may depend on, for a component in an operation (SI)."""
        facts = _facts(self, component)
        alike = self.visits.get((operation, component)) or self._visits_alike.get(
            (operation, self.like[component]), ()
        )
        for route in alike:
            facts |= facts_of_route(self.architecture, groups.base(component), route)
        return facts

    @cached_property
    def _visits_alike(self) -> Mapping[tuple[str, str], tuple[tuple[str, ...], ...]]:
        """The routes of an operation through some copy, for the copy that stands for all that are alike."""
        found: dict[tuple[str, str], tuple[tuple[str, ...], ...]] = {}
        for (operation, name), distinct in self.visits.items():
            found.setdefault((operation, self.like[name]), distinct)
        return found

    def types(self) -> Mapping[str, str]:
        """The type under which each component is priced: its own, or that of its role."""
        priced = self.architecture.costs.components
        components = self.architecture.components.items()
        return {name: p.type if p.type in priced else p.role for name, p in components}

    def idle(self) -> tuple[str, ...]:
        """Components that no operation of the workload passes, the controller apart."""
        busy = {name for route in self.routes.values() for name in route}
        busy |= {leg.carrier for legs in self.carriers.values() for ahead in legs for leg in ahead}
        components = self.architecture.components.items()
        return tuple(name for name, p in components if name not in busy and p.role != "controller")

    def parts(self) -> tuple[Part, ...]:
        """The components as area and leakage see them."""
        cells = self.architecture.cell_names
        facts = {name: _facts(self, name) for name in dict.fromkeys(self.like.values())}
        return tuple(
            Part(name, kind, facts[self.like[name]], cells.get(name, ()))
            for name, kind in self.types().items()
        )

    @cached_property
    def like(self) -> Mapping[str, str]:
        """From each component to the first copy that has the same facts."""
        first: dict[tuple[str, ...], str] = {}
        found: dict[str, str] = {}
        for name, parameters in self.architecture.components.items():
            role = parameters.role
            lines = sum(_lines(self, name)) if role == "pulse-driver" else 0
            key = groups.base(name), str(lines), str(self.words.get(name, 0) if role == "integrator" else 0)
            found[name] = first.setdefault(key, name)
        return found

    def prices(self, table: CostTable) -> Prices:
        """What the components' actions cost under a table."""
        return Prices(table, self.types(), self.facts, self.architecture.cell_names, self.like)


def _facts(plan: Plan, component: str) -> dict[str, float]:
    parameters = plan.architecture.components[component]
    facts = {
        name: float(value)
        for name, value in parameters.model_dump().items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }
    if parameters.role == "crossbar":
        given = plan.architecture.parameters(component, crossbar.Parameters)
        extra = given.references(given.columns)
        facts["columns"] = facts["columns"] * plan.architecture.cells[component].devices + extra
    if parameters.role == "pulse-driver":
        facts["lines"] = float(sum(_lines(plan, component)))
    if parameters.role == "integrator":
        facts["words"] = float(plan.words.get(component, 0))
    return facts


def _lines(plan: Plan, drivers: str) -> Iterator[int]:
    for name in plan.architecture.targets[drivers]:
        array = plan.architecture.parameters(name, crossbar.Parameters)
        yield array.rows + array.columns * plan.architecture.cells[name].devices


def facts_of_route(architecture: Architecture, component: str, route: tuple[str, ...]) -> dict[str, float]:
    """What prices of an operation may depend on that its route decides (SI)."""
    if architecture.declared[groups.base(component)].role != "crossbar":
        return {}
    if architecture.components[route[0]].role == "dac":
        bank = architecture.dac(route[0])
        time = architecture.parameters(component, crossbar.Parameters).read_time or bank.integration
        assert time is not None
        return {"read_time": time, "read_codes": float(getattr(bank, "full_scale", 2**bank.bits))}
    width = architecture.drivers(route[0]).pulse_width
    assert width is not None
    return {"pulse_width": width}
