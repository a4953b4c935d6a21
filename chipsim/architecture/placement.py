"""From architecture, network and rules to a plan: where each matrix lies, and which way each operation goes.

What does not fit is a `FitError` that says what is needed, what there is, and what would make it fit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import NamedTuple

from chipsim.accounting.costs import CostTable
from chipsim.accounting.pricing import Part, Prices
from chipsim.architecture import fitting, groups, packing, priced, routes
from chipsim.architecture.blocks import Block, whole
from chipsim.architecture.graph import MAX_CELLS, Architecture, Seat, check_copies
from chipsim.architecture.packing import Floor, Place, Size
from chipsim.architecture.routes import MEMORY, TRANSPOSED, Key, Way
from chipsim.architecture.wires import Carried
from chipsim.circuits import buffer, crossbar, digital_array
from chipsim.devices.device import Region
from chipsim.errors import Fault, FitError, suggestion
from chipsim.errors import Place as ErrorPlace
from chipsim.inputs.schema import Faults
from chipsim.learning.programming import Programming
from chipsim.learning.rule import LayerShape, LearningRule, Site
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
            facts |= _facts_of_route(self.architecture, groups.base(component), route)
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


def compile_plan(
    architecture: Architecture, network: Network, rules: Mapping[str, LearningRule],
    programs: Mapping[str, Programming] = MappingProxyType({}),
) -> Plan:  # fmt: skip
    """Place the matrices of all rules and find the routes of all of their operations.

    `rules` and `programs` are those of stages, by name. Raises `FitError` with everything that does not fit
    or cannot go, `InputError` for a mapping that names what there is not.
    """
    layers = dict(network.named())
    wanted = _wanted(layers, rules, programs)
    _check_kinds(architecture, layers, rules, wanted.analog)
    architecture, places, blocks = _place(architecture, layers, wanted)
    spread = _spread(layers, wanted.matrices, places, blocks)
    arrays = {key: place.array for key, place in places.items()}
    ways = routes.find(architecture, layers, _with_copies(spread, places, blocks), arrays, rules, programs)
    plan = Plan(
        architecture, network, MappingProxyType(layers), MappingProxyType(blocks), MappingProxyType(spread),
        MappingProxyType(places), MappingProxyType(dict(ways.stops)), MappingProxyType(dict(ways.carriers)),
        MappingProxyType(dict(programs)),
        tuple(dict.fromkeys(store for rule in rules.values() for store in rule.memory())),
    )  # fmt: skip
    _check_capacities(plan, rules)
    _check_facts(plan)
    _check_banks(plan)
    priced.check(plan)
    return plan


# Placement


class _Matrices(NamedTuple):
    """The matrices that the layers need: all, those on crossbars, and the digital ones of whole layers."""

    matrices: tuple[str, ...]
    analog: tuple[str, ...]
    entire: frozenset[str]
    read: frozenset[str]
    """Those that passes read: all that further copies of a layer hold."""

    def on(self, block: Block) -> tuple[str, ...]:
        """The matrices of a block that lie on crossbars."""
        return self.analog if block.copy == 1 else tuple(m for m in self.analog if m in self.read)


def _wanted(
    layers: Mapping[str, Dense], rules: Mapping[str, LearningRule], programs: Mapping[str, Programming]
) -> _Matrices:
    matrices = dict.fromkeys(matrix for rule in rules.values() for matrix in rule.matrices)
    matrices |= dict.fromkeys(program.target for program in programs.values())
    digital = frozenset().union(*(rule.digital for rule in rules.values()))
    analog = tuple(matrix for matrix in matrices if matrix not in digital)
    read = {matrix for rule in rules.values() for matrix in rule.read_through()}
    read |= {program.target for program in programs.values()}
    return _Matrices(tuple(matrices), analog, digital, frozenset(read))


def _spread(
    layers: Mapping[str, Dense], matrices: tuple[str, ...], places: Mapping[Key, Place],
    blocks: Mapping[str, Block],
) -> dict[tuple[str, str], tuple[str, ...]]:  # fmt: skip
    found: dict[tuple[str, str], list[str]] = {(name, matrix): [] for name in layers for matrix in matrices}
    for name, matrix in places:
        if blocks[name].copy == 1:
            found[blocks[name].layer, matrix].append(name)
    return {key: tuple(names) for key, names in found.items()}


def _with_copies(
    spread: Mapping[tuple[str, str], tuple[str, ...]], places: Mapping[Key, Place],
    blocks: Mapping[str, Block],
) -> Mapping[tuple[str, str], tuple[str, ...]]:  # fmt: skip
    """The blocks of each matrix, those of further copies behind them."""
    found = {key: list(names) for key, names in spread.items()}
    for name, matrix in places:
        if blocks[name].copy > 1:
            found[blocks[name].layer, matrix].append(name)
    return {key: tuple(names) for key, names in found.items()}


def _place(
    architecture: Architecture, layers: Mapping[str, Dense], wanted: _Matrices
) -> tuple[Architecture, dict[Key, Place], dict[str, Block]]:
    """The places of all matrices, on the chip with as many copies of its open groups as they take."""
    given = _given(architecture, layers, wanted)
    copies = _copies(architecture, layers)
    cuts = {
        name: tuple(
            block.copied(copy + 1)
            for copy in range(copies.get(name, 1))
            for block in _cut(architecture, name, layer, wanted.analog, given)
        )
        for name, layer in layers.items()
    }
    _check_seats(architecture, cuts, wanted, given)
    needed = len(wanted.analog) * sum(map(len, cuts.values()))
    trial = architecture.with_counts(dict.fromkeys(architecture.open, max(needed, 1)))
    on_cells = _place_cells(trial, cuts, wanted, given)
    grown = architecture.with_counts(_counts(architecture, on_cells))
    check_copies(grown)
    in_words = _place_words(grown, layers, tuple(m for m in wanted.matrices if m in wanted.entire), given)
    found = {**on_cells, **in_words}
    blocks = {block.name: block for cut in cuts.values() for block in cut} if on_cells else {}
    blocks |= (
        {name: whole(name, layer.rows, layer.outputs) for name, layer in layers.items()}
        if (in_words or not on_cells)
        else {}
    )
    order = {name: index for index, name in enumerate(blocks)}
    matrices = {name: index for index, name in enumerate(wanted.matrices)}
    keys = sorted(found, key=lambda key: (order[key[0]], matrices[key[1]]))
    return grown, {key: found[key] for key in keys}, blocks


def _copies(architecture: Architecture, layers: Mapping[str, Dense]) -> Mapping[str, int]:
    """How often each layer lies on the chip, where that is more than once."""
    faults, document = Faults(), architecture.document
    given = architecture.header.copies or {}
    for name in given:
        if name not in layers:
            text = f"copies: the workload has no layer '{name}'{suggestion(name, layers)}"
            faults.add(document.fault(text, ("copies", name), "E051", key=True))
    faults.raise_if_any()
    return given


def _counts(architecture: Architecture, places: Mapping[Key, Place]) -> dict[str, int]:
    """How many of each open group are in use."""
    found = dict.fromkeys(architecture.open, 1)
    for place in places.values():
        chain, index = architecture.chains[groups.base(place.array)], groups.index_of(place.array)
        for group, number in zip(chain, index, strict=True):
            if group in found:
                found[group] = max(found[group], number + 1)
    return found


class _Given(NamedTuple):
    """What a file's mapping says: seats of blocks, and the arrays of matrices of a layer ('': of all)."""

    seats: Mapping[Key, Seat]
    arrays: Mapping[Key, str]
    names: Mapping[Key, str]
    """How the file names each seat."""

    def among(self, layer: str, matrix: str) -> str | None:
        """The array of which a matrix may take any copy."""
        return self.arrays.get((layer, matrix), self.arrays.get(("", matrix)))


def _cut(
    architecture: Architecture, name: str, layer: Dense, matrices: tuple[str, ...], given: _Given
) -> tuple[Block, ...]:
    """The blocks of a layer: one where it fits on an array or there is but one, else as few as can be."""
    entire = (whole(name, layer.rows, layer.outputs),)
    if not matrices or any((name, matrix) in given.seats for matrix in matrices):
        return entire
    allowed = {given.among(name, matrix) for matrix in matrices}
    declared = architecture.declared_cells if None in allowed else allowed & set(architecture.declared_cells)
    sizes = [_size(architecture, array) for array in architecture.declared_cells if array in declared]
    alone = len(sizes) == 1 and len(architecture.cells) == 1 and not architecture.open
    if alone or not sizes:
        return entire
    if None in allowed or len(allowed) == 1:
        cuts = [
            packing.blocks(name, layer.rows, layer.outputs, size, architecture.header.packing, len(matrices))
            for size in sizes
        ]
        return min(cuts, key=len)
    most = Size(min(size.rows for size in sizes), min(size.columns for size in sizes))
    return packing.blocks(name, layer.rows, layer.outputs, most, architecture.header.packing, len(matrices))


def _size(architecture: Architecture, array: str) -> Size:
    parameters = architecture.parameters(array, crossbar.Parameters)
    return Size(parameters.rows, parameters.columns)


def _check_kinds(
    architecture: Architecture, layers: Mapping[str, Dense], rules: Mapping[str, LearningRule],
    analog: tuple[str, ...],
) -> None:  # fmt: skip
    """Raise where there is no component of a kind that matrices need, or a matrix is of both kinds."""
    faults = []
    digital = {matrix: stage for stage, rule in rules.items() for matrix in rule.digital}
    for stage, rule in rules.items():
        for matrix in sorted((set(rule.matrices) - rule.digital) & set(digital)):
            text = (
                f"matrix '{matrix}' is digital in stage '{digital[matrix]}' and lies on a crossbar in stage "
                f"'{stage}'; rules of one workload must name them apart"
            )
            faults.append(Fault(text, architecture.document.key_place(("components",)), "E055"))
    if analog and not architecture.cells:
        faults.append(_no_crossbar(architecture, layers, analog))
    for stage, rule in rules.items():
        if rule.digital and not architecture.of_role(DIGITAL):
            faults.append(_no_digital_array(architecture, layers, stage, rule))
    if faults:
        raise FitError(*faults)


def _place_cells(
    architecture: Architecture, cuts: Mapping[str, tuple[Block, ...]], wanted: _Matrices, given: _Given
) -> dict[Key, Place]:
    sizes = {array: _size(architecture, array) for array in architecture.cells}
    floor = Floor(sizes, architecture.header.packing)
    places: dict[Key, Place] = {}
    wished: dict[Key, Place] = {}
    faults = []
    blocks = [block for cut in cuts.values() for block in cut]
    for block in blocks:
        for matrix in wanted.on(block):
            key = block.name, matrix
            if key not in given.seats:
                continue
            place = _at(given.seats[key], (block.rows, block.columns))
            if not _inside(architecture, place):
                fault, wished[key] = _does_not_fit(architecture, key, block, place, places, wished, given)
                faults.append(fault)
            elif taken := next((k for k, p in places.items() if _overlap(p, place)), None):
                faults.append(_taken(architecture, key, taken, places[taken], given))
            else:
                places[key] = place
                floor.take(place)
    for block in blocks:
        free = [matrix for matrix in wanted.on(block) if (block.name, matrix) not in given.seats]
        sets = [free] if architecture.header.packing == "together" else [[matrix] for matrix in free]
        for together in (chosen for chosen in sets if chosen):
            kind = given.among(block.layer, together[0])
            among = None if kind is None else architecture.copies(kind)
            found = floor.find([block] * len(together), among)
            for matrix, place in zip(together, found or (), strict=False):
                places[block.name, matrix] = place
                floor.take(place)
            if found is None:
                for matrix in together:
                    key = block.name, matrix
                    fault, wished[key] = _does_not_fit(architecture, key, block, None, places, wished, given)
                    faults.append(fault)
    if faults:
        pieces = [block for block in blocks for _ in wanted.on(block)]
        needs = tuple(fitting.of_arrays(architecture, pieces))
        if not _is_cut(cuts):
            raise FitError(*faults, needs=needs)
        if architecture.header.groups:
            raise FitError(*_too_few(architecture, pieces), needs=needs)
        entire = {name: _rejoined(cut) for name, cut in cuts.items()}
        return _place_cells(architecture, entire, wanted, given)
    return places


def _rejoined(blocks: tuple[Block, ...]) -> tuple[Block, ...]:
    """The copies of a layer that was cut into blocks."""
    last = blocks[-1]
    one = whole(last.layer, last.row + last.rows, last.column + last.columns)
    return tuple(one.copied(copy + 1) for copy in range(last.copy))


def _is_cut(cuts: Mapping[str, tuple[Block, ...]]) -> bool:
    return any(
        block.copied(1).name != block.layer for cut in cuts.values() for block in cut if block.copy == 1
    )


def _too_few(architecture: Architecture, pieces: list[Block]) -> tuple[Fault, ...]:
    """For weights that are cut: how many blocks there are, and how many arrays."""
    cells = sum(block.rows * block.columns for block in pieces)
    have = sum(size.rows * size.columns for size in (_size(architecture, a) for a in architecture.cells))
    sizes = " and ".join(
        f"{len(architecture.copies(name))} of '{name}' ({size.rows} x {size.columns})"
        for name, size in ((name, _size(architecture, name)) for name in architecture.declared_cells)
    )
    text = (
        f"the weights make {len(pieces)} blocks of {cells} cells, but the chip has {sizes}, "
        f"{have} cells; put the array's components into a group with 'count: {groups.AS_NEEDED}'"
    )
    return (Fault(text, architecture.key_place(next(iter(architecture.declared_cells))), "E050"),)


def _place_words(
    architecture: Architecture, layers: Mapping[str, Dense], matrices: tuple[str, ...], given: _Given
) -> dict[Key, Place]:
    """Digital matrices: all that a layer has on the first array with room for them, unless mapped."""
    words = {name: layer.rows * layer.outputs for name, layer in layers.items()}
    arrays = architecture.of_role(DIGITAL)
    free = {name: architecture.parameters(name, digital_array.Parameters).capacity for name in arrays}
    places: dict[Key, Place] = {}
    own = {layer: [(layer, matrix) for matrix in matrices] for layer in layers if matrices}
    seats = given.seats
    mapped = {layer: next((seats[key].array for key in own[layer] if key in seats), "") for layer in own}
    for layer in sorted(own, key=lambda layer: not mapped[layer]):
        needed = words[layer] * len(own[layer])
        home = mapped[layer] or next((name for name in arrays if free[name] >= needed), arrays[0])
        for key in own[layer]:
            array = seats[key].array if key in seats else home
            places[key] = Place(array, Region(0, 0, layers[layer].rows, layers[layer].outputs))
            free[array] -= words[layer]
    faults = [_too_few_words(architecture, name, -short) for name, short in free.items() if short < 0]
    if faults:
        raise FitError(*faults)
    if len(matrices) * sum(words.values()) > MAX_CELLS:
        text = f"the digital matrices come to more than {MAX_CELLS} words"
        raise FitError(Fault(text, architecture.document.key_place(("components",)), "E056"))
    return places


def _too_few_words(architecture: Architecture, name: str, short: int) -> Fault:
    capacity = architecture.parameters(name, digital_array.Parameters).capacity
    text = (
        f"component '{name}' holds {capacity} words, but the workload's digital matrices need "
        f"{capacity + short}; write 'capacity: {capacity + short}'"
    )
    return Fault(text, architecture.place(name, "capacity"), "E050")


def _given(architecture: Architecture, layers: Mapping[str, Dense], wanted: _Matrices) -> _Given:
    """What the mapping says, checked as far as it does not hang on how layers are cut."""
    faults = Faults()
    found = _Given({}, {}, {})
    document = architecture.document
    keys = {f"{layer}.{matrix}": (layer, matrix) for layer in layers for matrix in wanted.matrices}
    keys |= {matrix: ("", matrix) for matrix in wanted.analog}
    for name, seat in (architecture.header.mapping or {}).items():
        path = ("mapping", name)
        key = keys.get(name) or _block_key(name, layers, wanted)
        if key is None:
            message = f"mapping: the workload has no matrix '{name}'{suggestion(name, keys)}"
            faults.add(document.fault(message, path, "E051", key=True))
            continue
        in_words = key[1] in wanted.entire
        choices = architecture.of_role(DIGITAL) if in_words else tuple(architecture.cells)
        choices = choices if in_words else tuple(dict.fromkeys((*architecture.declared_cells, *choices)))
        if seat.array not in choices and not _copy_to_come(architecture, seat.array):
            kind = DIGITAL if in_words else "crossbar"
            of = f", which the digital matrix '{name}' needs" if in_words else ""
            message = f"mapping: '{seat.array}' is no {kind}{of}{suggestion(seat.array, choices)}"
            faults.add(document.fault(message, path, "E051"))
        elif in_words and (seat.row or seat.column):
            message = (
                f"mapping: a digital matrix has no row or column on its array; write '{name}: {seat.array}'"
            )
            faults.add(document.fault(message, path, "E051"))
        elif not key[0] or architecture.chains.get(seat.array):
            if seat.row or seat.column:
                message = f"mapping: any copy of '{seat.array}' may be taken; write '{name}: {seat.array}'"
                faults.add(document.fault(message, path, "E051"))
            found.arrays[key] = seat.array  # type: ignore[index]
        else:
            found.seats[key] = seat  # type: ignore[index]
            found.names[key] = name  # type: ignore[index]
    faults.raise_if_any()
    return found


def _block_key(name: str, layers: Mapping[str, Dense], wanted: _Matrices) -> Key | None:
    """The key of a matrix of a block, 'dense1[0,2].A'."""
    block, _, matrix = name.rpartition(".")
    return (block, matrix) if _layer(block) in layers and matrix in wanted.analog else None


def _layer(block: str) -> str:
    """The layer that a block's name begins with."""
    return groups.base(block.partition(":")[0])


def _copy_to_come(architecture: Architecture, array: str) -> bool:
    """Whether a name is a copy of an array of which there are as many as needed."""
    declared = groups.base(array)
    chain = architecture.chains.get(declared, ())
    return declared in architecture.declared_cells and bool(set(chain) & set(architecture.open))


def _check_seats(
    architecture: Architecture, cuts: Mapping[str, tuple[Block, ...]], wanted: _Matrices, given: _Given
) -> None:
    """Raise for a seat of a block that no layer is cut into."""
    names = {block.name for cut in cuts.values() for block in cut}
    faults = Faults()
    for (block, matrix), name in given.names.items():
        if matrix not in wanted.entire and block not in names:
            layer = _layer(block)
            there = " and ".join(f"'{found.name}'" for found in cuts[layer][:2])
            more = ", .." if len(cuts[layer]) > 2 else ""
            message = f"mapping: there is no block '{block}'; layer '{layer}' is made of {there}{more}"
            faults.add(architecture.document.fault(message, ("mapping", name), "E051", key=True))
    faults.raise_if_any()


def _at(seat: Seat, size: tuple[int, int]) -> Place:
    return Place(seat.array, Region(seat.row, seat.column, *size))


def _next_column(array: str, *taken: Mapping[Key, Place]) -> int:
    ends = (
        place.region.column + place.region.columns
        for places in taken
        for place in places.values()
        if place.array == array
    )
    return max(ends, default=0)


def _inside(architecture: Architecture, place: Place) -> bool:
    array = architecture.parameters(place.array, crossbar.Parameters)
    rows, columns = _corner(place)
    return rows <= array.rows and columns <= array.columns


def _corner(place: Place) -> tuple[int, int]:
    """The smallest rows and columns of an array that holds a place."""
    region = place.region
    return region.row + region.rows, region.column + region.columns


def _overlap(one: Place, other: Place) -> bool:
    a, b = one.region, other.region
    return (
        one.array == other.array
        and a.row < b.row + b.rows and b.row < a.row + a.rows
        and a.column < b.column + b.columns and b.column < a.column + a.columns
    )  # fmt: skip


def _does_not_fit(
    architecture: Architecture, key: Key, block: Block, seat: Place | None,
    places: Mapping[Key, Place], wished: Mapping[Key, Place], given: _Given,
) -> tuple[Fault, Place]:  # fmt: skip
    """What is needed, what there is and what would do, with the place that the matrix would have then."""
    need = f"matrix '{'.'.join(key)}' needs {block.rows} rows x {block.columns} columns"
    arrays = (seat.array,) if seat else tuple(architecture.cells)
    have = []
    for array in arrays:
        parameters = architecture.parameters(array, crossbar.Parameters)
        row, column = seat.region[:2] if seat else (0, _next_column(array, places))
        free = max(parameters.rows - row, 0), max(parameters.columns - column, 0)
        have.append(
            f"'{array}' has {free[0]} x {free[1]} free"
            + (f" from its cell ({row}, {column}) on" if seat else "")
        )
    region = Region(0, _next_column(arrays[0], places, wished), block.rows, block.columns)
    place = seat or Place(arrays[0], region)
    there = architecture.parameters(place.array, crossbar.Parameters)
    rows, columns = (max(*pair) for pair in zip(_corner(place), (there.rows, there.columns), strict=True))
    at = architecture.key_place(place.array)
    text = (
        f"{need}, but {' and '.join(have[:3])}; it fits if '{place.array}' has rows: {rows}, "
        f"columns: {columns}"
    )
    return Fault(text, _mapped(architecture, key, given) if seat else at, "E050"), place


def _no_crossbar(architecture: Architecture, layers: Mapping[str, Dense], matrices: tuple[str, ...]) -> Fault:
    rows = max(layer.rows for layer in layers.values())
    columns = len(matrices) * sum(layer.outputs for layer in layers.values())
    text = (
        "the weights have no place, since there is no crossbar; add a component of type crossbar with "
        f"rows: {rows}, columns: {columns}"
    )
    return Fault(text, architecture.document.key_place(("components",)), "E053")


def _no_digital_array(
    architecture: Architecture, layers: Mapping[str, Dense], stage: str, rule: LearningRule
) -> Fault:
    words = len(rule.digital) * sum(layer.rows * layer.outputs for layer in layers.values())
    text = (
        f"stage '{stage}': rule '{rule.type}' needs a component of type {DIGITAL}; add one with "
        f"capacity: {words}"
    )
    return Fault(text, architecture.document.key_place(("components",)), "E053")


def _taken(architecture: Architecture, key: Key, other: Key, place: Place, given: _Given) -> Fault:
    text = (
        f"matrices '{'.'.join(key)}' and '{'.'.join(other)}' would lie on the same cells of "
        f"'{place.array}'; write '{'.'.join(key)}: {{array: {place.array}, column: {_corner(place)[1]}}}'"
    )
    return Fault(text, _mapped(architecture, key, given), "E052")


def _mapped(architecture: Architecture, key: Key, given: _Given) -> ErrorPlace:
    return architecture.document.place(("mapping", given.names[key]))


# Capacities


def _check_capacities(plan: Plan, rules: Mapping[str, LearningRule]) -> None:
    faults = dict.fromkeys((*_lane_faults(plan), *_wire_faults(plan), *_buffer_faults(plan)))
    for stage, rule in rules.items():
        faults |= dict.fromkeys(_rule_faults(plan, stage, rule))
        faults |= dict.fromkeys(_apart_faults(plan, stage, rule))
    if faults:
        raise FitError(*faults)


def _lane_faults(plan: Plan) -> Iterator[Fault]:
    architecture = plan.architecture
    wanted: dict[str, tuple[int, str]] = {}
    for (operation, name, _), route in plan.routes.items():
        if architecture.components[route[0]].role == "dac":
            block = plan.blocks[name]
            sideways = operation == "backward" or operation.endswith(TRANSPOSED)
            lines = block.columns if sideways else block.rows
            wanted[route[0]] = max(wanted.get(route[0], (0, "")), (lines, name), key=lambda item: item[0])
    for name, (lines, layer) in wanted.items():
        lanes = architecture.dac(name).lanes
        if lines > lanes:
            text = f"component '{name}' drives {lanes} lines, but layer '{layer}' has {lines}"
            place = architecture.place(name, "lanes")
            yield Fault(f"{text}; write 'lanes: {lines}'", place, "E055")


def buffered(plan: Plan) -> dict[str, int]:
    """Words of one image that each buffer keeps: what its passes bring there, until it has been learnt."""
    components, found = plan.architecture.components, dict[str, int]()
    for way, legs in plan.carriers.items():
        if way[0] not in ("forward", "backward"):
            continue
        block = plan.blocks[way[1]]
        layer, first = plan.layers[block.layer], plan.spread[block.layer, way[2]][0] == block.name
        driven, sensed = (block.rows, block.columns) if way[0] == "forward" else (block.columns, block.rows)
        out = layer.outputs if way[0] == "forward" else layer.inputs
        ends = (driven, *[sensed] * (len(legs) - 2), out if first else 0)
        for words, ahead in zip(ends, legs, strict=True):
            for leg in ahead:
                if isinstance(components[leg.carrier], buffer.Parameters):
                    found[leg.carrier] = found.get(leg.carrier, 0) + words
    return found


def _buffer_faults(plan: Plan) -> Iterator[Fault]:
    architecture = plan.architecture
    for name, words in buffered(plan).items():
        given = architecture.parameters(name, buffer.Parameters)
        images = architecture.depth if given.overflow == "error" else 1
        if images * words > given.capacity:
            of = "an image" if images == 1 else f"{images} images"
            text = (
                f"component '{name}' holds {given.capacity} words, but the passes of {of} bring "
                f"{images * words}; write 'capacity: {images * words}'"
            )
            yield Fault(text, architecture.place(name, "capacity"), "E050")


DEEPEST_DROP = 0.5
"""Share of a conductance that a first-order IR drop may take; its error is of the order of the square."""


def _wire_faults(plan: Plan) -> Iterator[Fault]:
    architecture = plan.architecture
    for name, cell in architecture.cells.items():
        wires = architecture.parameters(name, crossbar.Parameters).wires
        if wires is None:
            continue
        regions = [place.region for place in plan.places.values() if place.array == name]
        if not regions:
            continue
        deepest = max(wires.deepest(float(cell.g_mid), region) for region in regions)
        place = architecture.key_place(name)
        if cell.g_span == 0.0:
            yield Fault(
                f"component '{name}': its cells' g_span is 0, so that an IR drop has no weight", place, "E055"
            )
        elif cell.devices > 1:
            yield Fault(
                f"component '{name}': IR drop is of cells of one device, and its cells have {cell.devices}; "
                "leave out 'row_resistance' and 'column_resistance'",
                place, "E055",
            )  # fmt: skip
        elif deepest > DEEPEST_DROP:
            yield Fault(
                f"component '{name}': its wires would take {deepest:.0%} from the farthest cell, more than "
                f"the {DEEPEST_DROP:.0%} up to which a first-order IR drop is allowed; lower "
                "'row_resistance' and 'column_resistance' or use smaller arrays",
                place, "E055",
            )  # fmt: skip


def _rule_faults(plan: Plan, stage: str, rule: LearningRule) -> Iterator[Fault]:
    shapes = {shape.name: shape for shape in plan.shapes()}
    for (operation, layer, _), route in plan.routes.items():
        place = plan.architecture.place(route[0])
        if operation == "update" and plan.architecture.components[route[0]].role == "pulse-driver":
            drivers = plan.architecture.drivers(route[0])
            if (slots := rule.longest_train() or 0) > drivers.bit_length:
                text = (
                    f"stage '{stage}' asks for trains of {slots} slots, but component '{route[0]}' "
                    f"can do {drivers.bit_length}; write 'bit_length: {drivers.bit_length}' in the rule"
                )
                yield Fault(text, place, "E055")
        if operation == "integrate":
            words = plan.architecture.words(route[0])
            largest = words.range * (1 - 2.0 ** (1 - words.bits))
            if (threshold := rule.largest_word(shapes[layer]) or 0.0) > largest:
                text = (
                    f"stage '{stage}' has a threshold of {threshold:g}, but the words of component "
                    f"'{route[0]}' stay below {words.range:g}; raise its 'range' or lower 'threshold'"
                )
                yield Fault(text, place, "E055")
            step = 2.0 * words.range / 2.0**words.bits
            if threshold and threshold < step:
                text = (
                    f"stage '{stage}' has a threshold of {threshold:g}, below one step of the words of "
                    f"component '{route[0]}', {step:g}; lower its 'range' or raise 'threshold'"
                )
                yield Fault(text, place, "E055")


def _apart_faults(plan: Plan, stage: str, rule: LearningRule) -> Iterator[Fault]:
    """Digital matrices of a layer that a mapping lays on arrays that could not work on them together."""
    for layer in plan.layers:
        arrays = {matrix: plan.places[layer, matrix].array for matrix in sorted(rule.digital)}
        if len(set(arrays.values())) > 1:
            listed = " and ".join(f"'{layer}.{matrix}'" for matrix in arrays)
            place = plan.architecture.document.key_place(("mapping",))
            text = f"stage '{stage}': {listed} must lie on one {DIGITAL}; map them to the same"
            yield Fault(text, place, "E055")


def _check_banks(plan: Plan) -> None:
    """Raise `InputError` for what banks that no pass is driven by are given for passes alone."""
    faults, architecture = Faults(), plan.architecture
    passing = {
        groups.base(route[0]) for way, route in plan.routes.items() if way[0] in ("forward", "backward")
    }
    busy = {groups.base(name) for name in set(architecture.of_role("dac")) - set(plan.idle())}
    for name in sorted(busy - passing):
        bank, path = architecture.declared[name], ("components", name)
        for key in ("noise_management", "bound_management", "range"):
            field = type(bank).model_fields.get(key)
            if field is not None and getattr(bank, key) != field.default:
                text = f"component '{name}': '{key}' has no effect, since this bank drives no passes"
                faults.add(
                    architecture.document.fault(f"{text}; leave it out", (*path, key), "E026", key=True)
                )
    faults.raise_if_any()


def _check_facts(plan: Plan) -> None:
    """Raise `FitError` where the ledger would mix reads of one array that have different prices."""
    seen: dict[tuple[str, str], dict[str, float]] = {}
    for (kind, _, _), route in plan.routes.items():
        operation = kind.removesuffix(TRANSPOSED)
        for name in route:
            facts = _facts_of_route(plan.architecture, name, route)
            if seen.setdefault((operation, name), facts) != facts:
                raise FitError(
                    Fault(
                        f"operation '{operation}' reaches '{name}' by banks of different resolution or time, "
                        "so that its reads could not be priced apart; give both banks the same",
                        plan.architecture.key_place(name),
                        "E055",
                    )
                )


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


def _facts_of_route(architecture: Architecture, component: str, route: tuple[str, ...]) -> dict[str, float]:
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
