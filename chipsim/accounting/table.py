"""The form of a cost table: entries of figures at three corners, each with its source and status.

An entry of a table names the rule (`scaling`) by which its figures and the facts of a component make a price.
A read or pulse entry prices one of two ledger actions: `data`, the sum with the cells' own conductances, or
`plain`, without them, where the file gives the energy of one action instead of a voltage. The other of the
two has no price, like the actions that a table calls `reported`.

An entry may lead on to others: `by_cell` for arrays of certain cells, `beyond` for large components. An entry
that others lead to prices nothing of its own.

A table may extend another (`extends: analog-14nm`) and give only what differs: entries are joined field by
field, a field (a figure, a list) is replaced whole, and one that falls away is given as `null`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Generic, Literal, TypeAlias, TypeVar

from pydantic import Field, model_validator

from chipsim.accounting import scaling
from chipsim.accounting.scaling import Corner
from chipsim.errors import Fault, InputError, suggestion
from chipsim.inputs import documents, extending, units
from chipsim.inputs.documents import Document
from chipsim.inputs.schema import Model, Name, fill
from chipsim.inputs.units import Farads, Joules, Siemens, SquareMetres, Volts, Watts

Status = Literal["verified", "secondary", "derived", "assumed", "given"]
"""How far a figure can be trusted; `given` is what an architecture file puts in its place."""
WEAKEST_FIRST: tuple[Status, ...] = ("assumed", "derived", "secondary", "verified", "given")
Keys = tuple[str | int, ...]
"""Where something stands in a document: the keys and indices that lead to it."""
Quantity = TypeVar("Quantity", bound=float)


class Scaled(Model, Generic[Quantity]):
    """What was published at one node or two, brought to the table's own by a named rule of `scaling`."""

    rule: scaling.Technology
    at: dict[str, Quantity]
    to: str

    @model_validator(mode="after")
    def _check(self) -> Scaled[Quantity]:
        wanted = scaling.POINTS[self.rule]
        if len(self.at) != wanted:
            raise ValueError(f"rule '{self.rule}' takes {wanted} published figures, got {len(self.at)}")
        self.value  # noqa: B018 - raises where a node is none that the rule knows
        return self

    @property
    def value(self) -> float:
        """The figure at the table's node."""
        return scaling.TECHNOLOGY[self.rule]({_node(at): v for at, v in self.at.items()}, _node(self.to))


def _node(text: str) -> float:
    """A technology node [nm]."""
    return units.parse(text, "length") * 1e9


Amount: TypeAlias = Quantity | Scaled[Quantity] | tuple[Scaled[Quantity], ...]
"""A number, or what was published and how it is brought to the table's node; several are added."""


class Figure(Model, Generic[Quantity]):
    """A number at three corners, with its source and how far it can be trusted.

    A corner without a value is the typical one. `by_bits` and `by_bytes` give a corner point by point, from
    bits of a converter or bytes of a memory to value.
    """

    typical: Amount[Quantity]
    optimistic: Amount[Quantity] | None = None
    conservative: Amount[Quantity] | None = None
    by_bits: dict[Corner, dict[str, Amount[Quantity]]] = Field(default_factory=dict)
    by_bytes: dict[Corner, dict[str, Amount[Quantity]]] = Field(default_factory=dict)
    source: tuple[str, ...] = ()
    where: str = ""
    status: Status

    def at(self, corner: Corner) -> float:
        """Return the value at a corner."""
        amount = getattr(self, corner)
        return _valued(self.typical if amount is None else amount)

    def points(self, axis: Literal["by_bits", "by_bytes"], corner: Corner) -> dict[str, float]:
        """Return the values of a corner that are given point by point."""
        given = getattr(self, axis)
        return {at: _valued(amount) for at, amount in given.get(corner, {}).items()}

    def scaled(self) -> Iterator[Scaled[Any]]:
        """Yield everything in the figure that is brought from another node."""
        points = (p for axis in (self.by_bits, self.by_bytes) for by in axis.values() for p in by.values())
        for amount in (self.typical, self.optimistic, self.conservative, *points):
            terms = amount if isinstance(amount, tuple) else (amount,)
            yield from (term for term in terms if isinstance(term, Scaled))

    @property
    def cited(self) -> str:
        """The citation keys, or the reasoning where there are none."""
        return ", ".join(self.source) or self.where


def _valued(amount: Amount[Any]) -> float:
    if isinstance(amount, tuple):
        return math.fsum(term.value for term in amount)
    return amount.value if isinstance(amount, Scaled) else float(amount)


FIGURES = ("energy", "voltage", "capacitance", "conductance")
"""Fields of an action's entry that are figures."""


class Beyond(Model):
    """Which entry holds instead once the product of some facts exceeds a limit."""

    product: tuple[str, ...]
    limit: Annotated[int, Field(gt=0)]
    entry: str


class Entry(Model):
    """An entry of a table, and the entries that hold in its place.

    `by_cell` leads from a cell's name, or its model's, to the entry for arrays of that cell; `beyond` to that
    for large components, unless an architecture file gives a figure of this one.
    """

    by_cell: dict[str, str] = Field(default_factory=dict)
    beyond: Beyond | None = None

    def leads(self) -> Iterator[tuple[str, str]]:
        """Yield the entries that it leads to, each with the key that says so."""
        yield from (("by_cell", entry) for entry in self.by_cell.values())
        if self.beyond is not None:
            yield "beyond", self.beyond.entry


class ActionCost(Entry):
    """What one action costs."""

    rule: scaling.Name
    at_bits: Annotated[int, Field(gt=0)] | None = None
    data: str | None = None
    plain: str | None = None
    energy: Figure[Joules] | None = None
    voltage: Figure[Volts] | None = None
    capacitance: Figure[Farads] | None = None
    conductance: Figure[Siemens] | None = None

    def ledger_actions(self, name: str) -> tuple[str, ...]:
        """Return the actions of the ledger that the entry of this name speaks of; one of them has a price."""
        return (name,) if self.data is None or self.plain is None else (self.data, self.plain)

    def prices(self, action: str, reached: ActionCost) -> bool:
        """Whether an action has a price if this entry leads to the one `reached`, itself or another."""
        return self.data is None or action == (self.plain if reached.energy else self.data)

    def figures(self) -> tuple[Figure[float], ...]:
        """Return the figures that make the price."""
        found = (self.energy,) if self.energy else (self.voltage, self.capacitance, self.conductance)
        return tuple(figure for figure in found if figure)

    @property
    def given(self) -> bool:
        """Whether an architecture file has given the energy."""
        return self.energy is not None and self.energy.status == "given"


class PartCost(Entry):
    """Area and leakage of one unit of a component; the number of units is the product of the facts `units`.

    A component that knows the area of its unit itself states it as the fact `area_fact`. The area is divided
    by `efficiency`. `rule` says how the area follows the component's bits from the figure's `at_bits`. `plus`
    names an entry with what stands beside it, counted in units of its own.
    """

    units: tuple[str, ...]
    area: Figure[SquareMetres]
    leakage: Figure[Watts]
    area_fact: str | None = None
    rule: scaling.AreaName = "flat"
    at_bits: Annotated[int, Field(gt=0)] | None = None
    efficiency: Annotated[float, Field(gt=0, le=1)] = 1.0
    plus: str | None = None

    def leads(self) -> Iterator[tuple[str, str]]:
        """Yield the entries that it leads to, each with the key that says so."""
        yield from super().leads()
        if self.plus is not None:
            yield "plus", self.plus


class TableFile(Model):
    """A cost table: what stands in its file, over what that extends."""

    format: Literal["chipsim-costs/1"]
    name: Name
    technology: str
    overhead_factor: Annotated[float, Field(gt=0)] = 1.0
    reported: tuple[str, ...] = ()
    actions: dict[str, ActionCost]
    components: dict[str, PartCost]


def read(path: Path) -> TableFile:
    """Return the cost table in a file; raises like `opened`."""
    return opened(path)[0]


def opened(path: Path) -> tuple[TableFile, Document]:
    """Return the cost table in a file, and the document that knows where each of its values stands.

    Raises `InputError` with all faults of the file: of form, of what it extends, or else entries that are
    incomplete or contradict one another.
    """
    document = extending.whole(documents.read(path), "costs")
    table = fill(TableFile, document, label="cost table")
    faults = [
        Fault(f"cost table '{table.name}': {text}", document.place(where), "E064")
        for where, text in _contradictions(table)
    ]
    if faults:
        raise InputError(*faults)
    return table, document


def figures_of(
    actions: Mapping[str, ActionCost], components: Mapping[str, PartCost]
) -> Iterator[tuple[Keys, Figure[float]]]:
    """Yield every figure of a table and where it stands."""
    for name, cost in actions.items():
        for field in FIGURES:
            if (figure := getattr(cost, field)) is not None:
                yield ("actions", name, field), figure
    for name, part in components.items():
        yield ("components", name, "area"), part.area
        yield ("components", name, "leakage"), part.leakage


def _contradictions(table: TableFile) -> Iterator[tuple[Keys, str]]:
    """Yield place and sentence of everything in a table that is incomplete or contradicts the rest."""
    for path, figure in figures_of(table.actions, table.components):
        faults = _figure_faults(figure, table.technology)
        yield from ((path, f"{path[1]}: {path[2]}: {text}") for text in faults)
    speaking = heads(table.actions)
    for name, cost in table.actions.items():
        faults = _entry_faults(cost, name in speaking, table.actions)
        yield from ((("actions", name), f"{name}: {text}") for text in faults)
    for name, part in table.components.items():
        yield from ((("components", name), f"{name}: {text}") for text in _area_faults(part))
        faults = _lead_faults(part, table.components)
        yield from ((("components", name), f"{name}: {text}") for text in faults)
    yield from _twice(table)


def _figure_faults(figure: Figure[float], technology: str) -> Iterator[str]:
    low, middle, high = (figure.at(corner) for corner in ("optimistic", "typical", "conservative"))
    if not low <= middle <= high:
        yield f"optimistic, typical and conservative must not fall, got {low:g}, {middle:g}, {high:g}"
    if low < 0:
        yield f"must not be below 0, got {low:g}"
    if not figure.cited:
        yield "needs a 'source', or a 'where' that gives the reasoning"
    for axis in ("by_bits", "by_bytes"):
        given = {at for points in getattr(figure, axis).values() for at in points}
        for at in sorted(at for at in given if not at.isdecimal()):
            yield f"{axis}: expected a whole number of {axis.removeprefix('by_')}, got '{at}'"
    for node in sorted({scaled.to for scaled in figure.scaled()} - {technology}):
        yield f"is brought to {node}, but the table is of {technology}"


def _entry_faults(cost: ActionCost, speaks: bool, actions: Mapping[str, ActionCost]) -> Iterator[str]:
    needs = {"voltage": "energy"} if cost.energy and cost.rule in scaling.BY_CONDUCTANCE else {}
    needed = [needs.get(name, name) for name in scaling.NEEDS[cost.rule]]
    if cost.rule in scaling.BY_CONDUCTANCE and speaks:
        needed += ["data", "plain"]
    given = [name for name in (*scaling.INGREDIENTS, "data", "plain") if getattr(cost, name) is not None]
    yield from (f"rule '{cost.rule}' needs '{name}'" for name in needed if name not in given)
    yield from (f"rule '{cost.rule}' has no use for '{name}'" for name in given if name not in needed)
    yield from _lead_faults(cost, actions)


def _area_faults(part: PartCost) -> Iterator[str]:
    if (part.rule == "flat") != (part.at_bits is None):
        yield f"rule '{part.rule}' {'has no use for' if part.at_bits else 'needs'} 'at_bits'"


def _lead_faults(cost: Entry, entries: Mapping[str, Entry]) -> Iterator[str]:
    for key, name in cost.leads():
        if name not in entries:
            yield f"{key}: unknown entry '{name}'{suggestion(name, entries)}"
        elif any(entries[name].leads()):
            yield f"{key}: entry '{name}' leads on to another entry itself"


def _twice(table: TableFile) -> Iterator[tuple[Keys, str]]:
    """Yield the entries that speak of an action of the ledger that another entry speaks of."""
    seen = dict.fromkeys(table.reported, "reported")
    for name, cost in heads(table.actions).items():
        for action in cost.ledger_actions(name):
            if action in seen:
                yield ("actions", name), f"{name}: action '{action}' is already in '{seen[action]}'"
            seen[action] = name


def heads(actions: Mapping[str, ActionCost]) -> dict[str, ActionCost]:
    """Return the entries that no other one leads to: those that speak of actions of the ledger."""
    aims = {entry for name, cost in actions.items() for _, entry in cost.leads() if entry != name}
    return {name: cost for name, cost in actions.items() if name not in aims}
