"""The architecture: the YAML graph of components and links, checked before anything is built."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar, cast

from pydantic import BeforeValidator, Field

from chipsim.accounting import costs
from chipsim.architecture.ports import Link, LinkError, check, end
from chipsim.circuits import crossbar
from chipsim.circuits.component import PICOSECONDS, ComponentParameters, DacBank, Drivers, Words, lacking
from chipsim.devices import cells as devices
from chipsim.devices.device import DeviceModel
from chipsim.errors import Fault, InputError, listing
from chipsim.inputs import registry, units
from chipsim.inputs.documents import Document
from chipsim.inputs.schema import Faults, Model, Name, fill, resolved
from chipsim.inputs.units import Metres

if TYPE_CHECKING:
    import networkx

P = TypeVar("P", bound=ComponentParameters)

MAX_CELLS = 32_000_000
"""Cells of all arrays together: about 2 GB of device state, 64 bytes a cell."""


class Seat(Model):
    """Where a matrix lies: an array and the first of its rows and columns."""

    array: Name
    row: int = Field(default=0, ge=0)
    column: int = Field(default=0, ge=0)


def _seat(value: Any) -> Any:
    return {"array": value} if isinstance(value, str) else value


class Header(Model):
    """An architecture file, its components still as written."""

    format: Literal["chipsim-architecture/1"]
    name: Name
    description: str | None = None
    technology: Metres = Field(description="technology node")
    costs: Mapping[str, Any] = Field(description="cost table, corner, and entries given anew")
    timing: Literal["measured", "ideal"] = Field(default="measured", description="durations not given")
    components: Mapping[Name, Mapping[str, Any]] = Field(min_length=1, max_length=4096)
    links: tuple[str, ...] = Field(min_length=1, max_length=65536)
    mapping: Mapping[str, Annotated[Seat, BeforeValidator(_seat)]] | None = Field(
        default=None,
        description="seats of weight matrices: 'dense1.A: array' or 'dense1.A: {array: array, column: 2}'",
    )


@dataclass(frozen=True)
class Architecture:
    """A checked architecture: components with all of their parameters, cells, links and prices."""

    header: Header
    components: Mapping[str, ComponentParameters]
    cells: Mapping[str, DeviceModel]
    links: tuple[Link, ...]
    costs: costs.CostTable
    document: Document

    @property
    def name(self) -> str:
        """The file's name for it."""
        return self.header.name

    def of_role(self, kind: str) -> tuple[str, ...]:
        """Names of the components that play a role, in the order of the file."""
        return tuple(name for name, p in self.components.items() if p.role == kind)

    def parameters(self, name: str, form: type[P]) -> P:
        """Parameters of a component whose type is known to be of this form."""
        found = self.components[name]
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
        return {name: devices.goes_by(self.document, ("components", name, "cell")) for name in self.cells}

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
        file["components"] = {name: self._resolved_component(name) for name in self.components}
        return file

    def _resolved_component(self, name: str) -> dict[str, Any]:
        values = resolved(self.components[name])
        if name in self.cells:
            given = self.document.value(("components", name, "cell"))
            preset = given["preset"] if isinstance(given, dict) else given
            values["cell"] = {"preset": preset, **resolved(self.cells[name])}
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
    links = tuple(_links(document, header, components, faults))
    table = None
    with faults.gather():
        table = costs.load(document)
    _check_sizes(document, components, faults)
    _check_joined(document, header, links, faults)
    faults.raise_if_any()
    assert table is not None
    _check_technology(document, header, table)
    return Architecture(header, MappingProxyType(components), MappingProxyType(cells), links, table, document)


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


def _component(document: Document, name: str, timing: str) -> ComponentParameters:
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
    filled = {
        field: defaults[timing]
        for field, defaults in model.timing.items()
        if getattr(parameters, field) is None
    }
    whole = parameters.model_copy(update=filled)
    for field in model.timing:
        _check_duration(document, (*path, field), label, getattr(whole, field))
    return whole


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
    known, seen = tuple(header.components), set()
    for index, text in enumerate(header.links):
        names = [part.strip() for part in text.split("->")]
        if len(names) < 2 or not all(names):
            faults.add(document.fault(f"'{text}' is not a link; write 'a -> b'", ("links", index), "E044"))
            continue
        for source, target in pairwise(names):
            try:
                link = Link(end(source, components, known, True), end(target, components, known, False))
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


def _check_sizes(document: Document, components: Mapping[str, ComponentParameters], faults: Faults) -> None:
    total = 0
    for name, parameters in components.items():
        if isinstance(parameters, crossbar.Parameters):
            total += parameters.rows * parameters.columns
            if total > MAX_CELLS:
                message = f"component '{name}': the arrays come to {total} cells, more than {MAX_CELLS}"
                faults.add(document.fault(message, ("components", name), "E056", key=True))
                return
