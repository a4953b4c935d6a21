"""The architecture: the YAML graph of components and links, checked before anything is built."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from math import prod
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar, cast

from pydantic import BeforeValidator, Field, WithJsonSchema

from chipsim.accounting import costs
from chipsim.architecture import groups
from chipsim.architecture.groups import Group
from chipsim.architecture.ports import End, Link, LinkError, check, end
from chipsim.circuits import controller, crossbar, mesh
from chipsim.circuits.component import (
    PICOSECONDS,
    Clocked,
    ComponentParameters,
    DacBank,
    Drivers,
    Preset,
    Words,
    lacking,
)
from chipsim.devices import cells as devices
from chipsim.devices.device import DeviceModel
from chipsim.errors import Fault, InputError, Place, listing, suggestion
from chipsim.inputs import registry, units
from chipsim.inputs.documents import Document
from chipsim.inputs.schema import Faults, Model, Name, check_used, fill, resolved
from chipsim.inputs.units import Metres

if TYPE_CHECKING:
    import networkx

P = TypeVar("P", bound=ComponentParameters)

MAX_CELLS = 32_000_000
"""Cells of an array, and devices of all arrays of a run: about 2 GB of state, 64 bytes a device."""

MAX_LINKS = 1_000_000
"""Links of all copies of all components."""


class Seat(Model):
    """Where a matrix lies: an array and the first of its rows and columns."""

    array: str = Field(max_length=96, description="an array, or one copy of it: 'array[3]'")
    row: int = Field(default=0, ge=0)
    column: int = Field(default=0, ge=0)


def _seat(value: Any) -> Any:
    return {"array": value} if isinstance(value, str) else value


Placed = Annotated[
    Seat,
    BeforeValidator(_seat),
    WithJsonSchema({"anyOf": [{"type": "string"}, Seat.model_json_schema()]}),
]
"""A seat, or the array alone."""


class Header(Model):
    """An architecture file, its components still as written."""

    format: Literal["chipsim-architecture/1"]
    name: Name
    description: str | None = None
    technology: Metres = Field(description="technology node")
    costs: Mapping[str, Any] = Field(description="cost table, corner, and entries given anew")
    timing: Preset = Field(default="measured", description="durations not given")
    components: Mapping[Name, Mapping[str, Any]] = Field(min_length=1, max_length=4096)
    groups: Mapping[Name, Group] | None = Field(
        default=None, max_length=256, description="components that stand on the chip several times"
    )
    links: tuple[str, ...] = Field(min_length=1, max_length=65536)
    packing: Literal["dense", "together", "apart"] = Field(
        default="dense",
        description="how weights share arrays: as they fit, all matrices of a layer side by side, or none",
    )
    copies: Mapping[str, Annotated[int, Field(ge=1, le=64)]] | None = Field(
        default=None, description="layers whose weights lie on the chip several times: images take turns"
    )
    mapping: Mapping[str, Placed] | None = Field(
        default=None,
        description="seats of weight matrices: 'dense1.A: array', 'A: fast' for the matrices of all layers, "
        "'dense1[0,1].A: array[3]' for a block of one, or 'dense1.A: {array: array, column: 2}'",
    )


@dataclass(frozen=True)
class Architecture:
    """A checked architecture: components with all of their parameters, cells, links and prices.

    What the file declares stands once in `declared`, `declared_cells` and `declared_links`, by the names of
    the file; `components`, `cells` and `links` hold every copy. Groups of which there are as many as needed
    have as many as `grown` says, by default one.
    """

    header: Header
    declared: Mapping[str, ComponentParameters]
    declared_cells: Mapping[str, DeviceModel]
    declared_links: tuple[Link, ...]
    costs: costs.CostTable
    document: Document
    grown: Mapping[str, int] = field(default_factory=dict)

    @cached_property
    def counts(self) -> Mapping[str, int]:
        """How often each group stands in the one that it is in, or on the chip."""
        given = (self.header.groups or {}).items()
        return {name: group.count or self.grown.get(name, 1) for name, group in given}

    @property
    def depth(self) -> int:
        """Images that the controller has under way at once."""
        found = (p.depth for p in self.declared.values() if isinstance(p, controller.Parameters))
        return max(found, default=1)

    @property
    def open(self) -> tuple[str, ...]:
        """Groups of which there are as many as needed."""
        return tuple(name for name, group in (self.header.groups or {}).items() if group.count is None)

    def with_counts(self, grown: Mapping[str, int]) -> Architecture:
        """The chip with so many of the groups of which there are as many as needed."""
        return replace(self, grown=MappingProxyType(dict(grown)))

    @cached_property
    def chains(self) -> groups.Chains:
        """The groups that each declared component stands in, the outermost first."""
        return groups.chains(self.header.groups or {}, self.declared)

    def copies(self, name: str) -> tuple[str, ...]:
        """All copies of a declared component."""
        return tuple(self._named[name].values())

    @cached_property
    def _named(self) -> Mapping[str, Mapping[groups.Indices, str]]:
        """The names of all copies of each declared component."""
        return {
            name: {index: groups.copy(name, index) for index in groups.indices(chain, self.counts)}
            for name, chain in self.chains.items()
        }

    @cached_property
    def _numbers(self) -> Mapping[str, int]:
        grouped = (name for name, chain in self.chains.items() if chain)
        return {copy: number for name in grouped for number, copy in enumerate(self.copies(name))}

    def number(self, name: str) -> int | None:
        """Which copy of its component a name is, counted through all groups; None where it stands once."""
        return self._numbers.get(name)

    @cached_property
    def components(self) -> Mapping[str, ComponentParameters]:
        """Every component, by name."""
        return {copy: p for name, p in self.declared.items() for copy in self.copies(name)}

    @cached_property
    def cells(self) -> Mapping[str, DeviceModel]:
        """The cells of every array, by name."""
        return {copy: cell for name, cell in self.declared_cells.items() for copy in self.copies(name)}

    @cached_property
    def links(self) -> tuple[Link, ...]:
        """Every link."""
        return tuple(link for declared in self.declared_links for link in self._copied(declared))

    @cached_property
    def targets(self) -> Mapping[str, tuple[str, ...]]:
        """The components to which each one is linked, sorted."""
        found: dict[str, set[str]] = {name: set() for name in self.components}
        for source, target in self.links:
            found[source.component].add(target.component)
        return {name: tuple(sorted(others)) for name, others in found.items()}

    def _copied(self, link: Link) -> Iterator[Link]:
        (source, source_port), (target, target_port) = link
        sources, targets = (
            {index: End(copy, port) for index, copy in self._named[name].items()}
            for name, port in ((source, source_port), (target, target_port))
        )
        pairs = groups.joined(self.chains[source], self.chains[target], self.counts)
        return (Link(sources[one], targets[other]) for one, other in pairs)

    def place(self, name: str, *path: str) -> Place:
        """Where the file speaks of a component, or of a parameter of it."""
        return self.document.place(("components", groups.base(name), *path))

    def key_place(self, name: str) -> Place:
        """Where the file declares a component."""
        return self.document.key_place(("components", groups.base(name)))

    @property
    def name(self) -> str:
        """The file's name for it."""
        return self.header.name

    def of_role(self, kind: str) -> tuple[str, ...]:
        """Names of the components that play a role, in the order of the file."""
        return self._roles.get(kind, ())

    @cached_property
    def _roles(self) -> Mapping[str, tuple[str, ...]]:
        found: dict[str, list[str]] = {}
        for name, parameters in self.components.items():
            found.setdefault(parameters.role, []).append(name)
        return {role: tuple(names) for role, names in found.items()}

    def parameters(self, name: str, form: type[P]) -> P:
        """Parameters of a component whose type is known to be of this form."""
        found = self.declared[groups.base(name)]
        assert isinstance(found, form)
        return found

    def dac(self, name: str) -> DacBank:
        """What a component in the role dac says of itself."""
        return cast(DacBank, self.components[name])

    def drivers(self, name: str) -> Drivers:
        """What a component in the role pulse-driver says of itself."""
        return cast(Drivers, self.components[name])

    def words(self, name: str) -> Words:
        """What a component in the role integrator says of itself."""
        return cast(Words, self.components[name])

    @cached_property
    def cell_names(self) -> Mapping[str, tuple[str, ...]]:
        """What the cells of each array go by: the name of their parameter set, then their model's."""
        declared = {
            name: devices.goes_by(self.document, ("components", name, "cell")) for name in self.declared_cells
        }
        return {name: declared[groups.base(name)] for name in self.cells}

    @cached_property
    def graph(self) -> networkx.MultiDiGraph:
        """Components as nodes, links as edges with the ports that they join."""
        import networkx as nx

        graph = nx.MultiDiGraph()
        for name, parameters in self.components.items():
            graph.add_node(name, **resolved(parameters))
        for link in self.links:
            graph.add_edge(
                link.source.component, link.target.component, source=link.source.port, target=link.target.port
            )
        return graph

    def resolved(self) -> dict[str, Any]:
        """The file with everything filled in, as plain values."""
        file = resolved(self.header)
        file["components"] = {name: self._resolved_component(name) for name in self.declared}
        for group in (file.get("groups") or {}).values():
            group.setdefault("count", groups.AS_NEEDED)
        return file

    def _resolved_component(self, name: str) -> dict[str, Any]:
        values = resolved(self.declared[name])
        for duration in self.declared[name].clocked():
            del values[duration]
        if name in self.declared_cells:
            given = self.document.value(("components", name, "cell"))
            own = given if isinstance(given, dict) else {"preset": given}
            nothing = {key: None for key, value in own.items() if value is None}
            values["cell"] = {"preset": own["preset"], **resolved(self.declared_cells[name]), **nothing}
        return values


def load(document: Document) -> Architecture:
    """The architecture of a document. Raises `InputError` with all faults, each at its place."""
    faults = Faults()
    try:
        header = fill(Header, document)
    except InputError as error:
        raise InputError(*error.faults, *_faults_below(document)) from None
    components: dict[str, ComponentParameters] = {}
    cells: dict[str, DeviceModel] = {}
    for name in header.components:
        with faults.gather():
            components[name] = _component(document, name, header.timing)
        with faults.gather():
            if (cell := _cell(document, name)) is not None:
                cells[name] = cell
    groups.check(document, header.groups or {}, header.components, faults)
    links = tuple(_links(document, header, components, faults))
    table = None
    with faults.gather():
        table = costs.load(document)
    _check_sizes(document, components, faults)
    _check_joined(document, header, links, faults)
    _check_routers(document, components, faults)
    faults.raise_if_any()
    assert table is not None
    _check_technology(document, header, table)
    found = Architecture(
        header, MappingProxyType(components), MappingProxyType(cells), links, table, document
    )
    check_copies(found)
    return found


def _faults_below(document: Document) -> tuple[Fault, ...]:
    """Faults of the components and prices of a file whose top is faulty too."""
    faults = Faults()
    given = document.data.get("components")
    for name, values in (given if isinstance(given, dict) else {}).items():
        if isinstance(values, dict):
            with faults.gather():
                _component(document, name, "measured")
            with faults.gather():
                _cell(document, name)
    if isinstance(document.data.get("costs"), dict):
        with faults.gather():
            costs.load(document)
    return faults.found


def _cell(document: Document, name: str) -> DeviceModel | None:
    """The device model of a component that gives a cell."""
    path = ("components", name, "cell")
    if "cell" not in document.value(path[:2]):
        return None
    return devices.load(document, path, f"component '{name}'")


def _component(document: Document, name: str, timing: Preset) -> ComponentParameters:
    path = ("components", name)
    label = f"component '{name}'"
    kind = document.value(path).get("type")
    if not isinstance(kind, str):
        raise InputError(document.fault(f"{label}: missing key 'type'", path, "E011", key=True))
    try:
        model: type[ComponentParameters] = registry.module("component", kind).Parameters
    except registry.UnknownName as error:
        raise InputError(document.fault(f"{label}: {error}", (*path, "type"), error.code)) from None
    if missing := lacking(model):
        text = f"{label}: component type '{kind}' has the role {model.role}, but no {listing(missing)}"
        raise InputError(document.fault(text, (*path, "type"), "E031"))
    parameters = fill(model, document, path, label=label)
    check_used(parameters, document, path, label)
    filled = {
        field: defaults[timing].at("typical")
        for field, defaults in model.timing.items()
        if getattr(parameters, field) is None
    }
    clocked = parameters.clocked()
    _check_clocks(document, path, parameters, clocked)
    filled |= {field: duration.seconds for field, duration in clocked.items()}
    whole = parameters.model_copy(update=filled)
    for duration in model.timing:
        _check_duration(document, (*path, duration), label, getattr(whole, duration))
    return whole


def _check_clocks(
    document: Document, path: tuple[str, str], parameters: ComponentParameters, clocked: Mapping[str, Clocked]
) -> None:
    """Raise where a duration is given beside the clock that it follows from, or the clock leaves none."""
    for name, (periods, clock, of) in clocked.items():
        arithmetic = f"{periods} {of} at {units.format(clock, 'frequency')} take"
        seconds = clocked[name].seconds
        text = f"component '{path[-1]}': {name}: {arithmetic}"
        if (given := getattr(parameters, name)) is not None:
            text += f" {units.format(seconds, 'time')}, and {units.format(given, 'time')} is given; keep one"
            raise InputError(document.fault(f"{text} of '{name}' and 'clock'", (*path, name), "E020"))
        if not 0 < seconds <= 1:
            text += f" {units.format(periods / clock, 'time')}; expected 1 ps to 1 s"
            raise InputError(document.fault(text, (*path, "clock"), "E014"))


def _check_duration(document: Document, path: tuple[str, str, str], label: str, seconds: float) -> None:
    """Raise where a duration is no whole number of picoseconds, the event kernel's unit of time."""
    count = seconds * PICOSECONDS
    if abs(count - round(count)) > 1e-6 * max(1.0, count * 1e-6):
        message = (
            f"{label}: {path[-1]}: {count:g} ps is no whole number of picoseconds, which time is counted in"
        )
        raise InputError(document.fault(message, path, "E014"))


def _links(
    document: Document, header: Header, components: Mapping[str, ComponentParameters], faults: Faults
) -> Iterator[Link]:
    known, given, seen = tuple(header.components), header.groups or {}, set()
    for index, text in enumerate(header.links):
        names = [part.strip() for part in text.split("->")]
        if len(names) < 2 or not all(names):
            faults.add(document.fault(f"'{text}' is not a link; write 'a -> b'", ("links", index), "E044"))
            continue
        for source, target in pairwise(names):
            try:
                link = Link(
                    end(source, components, known, True, given), end(target, components, known, False, given)
                )
                check(link, components)
            except LinkError as error:
                message = f"link '{source} -> {target}': {error}"
                faults.add(document.fault(message, ("links", index), error.code))
                continue
            if link in seen:
                message = f"link '{source} -> {target}' stands twice; leave one out"
                faults.add(document.fault(message, ("links", index), "E045"))
            seen.add(link)
            yield link


def _check_technology(document: Document, header: Header, table: costs.CostTable) -> None:
    given = units.format(header.technology, "length")
    if given != table.technology:
        message = f"technology: {given}, but cost table '{table.name}' is of {table.technology}; write that"
        raise InputError(document.fault(message, ("technology",), "E020"))


def _check_joined(document: Document, header: Header, links: tuple[Link, ...], faults: Faults) -> None:
    joined = {joined.component for link in links for joined in link}
    if faults.found:
        return
    for name in header.components:
        if name not in joined:
            message = f"component '{name}' is joined to nothing; add a link or leave it out"
            faults.add(document.fault(message, ("components", name), "E042", key=True))


def _check_routers(document: Document, components: Mapping[str, ComponentParameters], faults: Faults) -> None:
    """Note what a mesh puts at a router that there is not, and whatever is no component."""
    meshes = {name: p for name, p in components.items() if isinstance(p, mesh.Parameters)}
    for name, parameters in meshes.items():
        for other, (row, column) in parameters.at.items():
            place, label = ("components", name, "at", other), f"component '{name}': at"
            if other not in components:
                text = f"{label}: '{other}' is no component{suggestion(other, components)}"
                faults.add(document.fault(text, place, "E040", key=True))
            elif not (0 <= row < parameters.rows and 0 <= column < parameters.columns):
                last = f"[{parameters.rows - 1}, {parameters.columns - 1}]"
                text = f"{label}: {other}: expected a router from [0, 0] to {last}, got [{row}, {column}]"
                faults.add(document.fault(text, place, "E014"))


def check_copies(architecture: Architecture) -> None:
    """Raise `InputError` where the copies of components or links are more than this simulator allows."""
    document, counts = architecture.document, architecture.counts
    for name, chain in architecture.chains.items():
        if (number := prod(counts[group] for group in chain)) > groups.MOST:
            message = f"component '{name}': its groups make {number} of it, more than {groups.MOST}"
            raise InputError(document.fault(message, ("components", name), "E056", key=True))
    total = 0
    for (source, _), (target, _) in architecture.declared_links:
        chains = {*architecture.chains[source], *architecture.chains[target]}
        total += prod(counts[group] for group in chains)
    if total > MAX_LINKS:
        message = f"links: the copies of all components make {total} of them, more than {MAX_LINKS}"
        raise InputError(document.fault(message, ("links",), "E056", key=True))


def _check_sizes(document: Document, components: Mapping[str, ComponentParameters], faults: Faults) -> None:
    total = 0
    for name, parameters in components.items():
        if isinstance(parameters, crossbar.Parameters):
            total += parameters.rows * parameters.columns
            if total > MAX_CELLS:
                message = f"component '{name}': the arrays come to {total} cells, more than {MAX_CELLS}"
                faults.add(document.fault(message, ("components", name), "E056", key=True))
                return
