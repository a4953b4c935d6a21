"""The form of a cost table: entries of figures at three corners, each with its source and status.

An entry of a table names the rule (`scaling`) by which its figures and the facts of a component make a price.
A read or pulse entry prices one of two ledger actions: `data`, the sum with the cells' own conductances, or
`plain`, without them, where the file gives the energy of one action instead of a voltage. The other of the
two has no price, like the actions that a table calls `reported`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Generic, Literal, TypeVar

from pydantic import Field

from chipsim.accounting import scaling
from chipsim.accounting.scaling import Corner
from chipsim.errors import Fault, InputError, suggestion
from chipsim.inputs import documents
from chipsim.inputs.schema import Model, Name, fill
from chipsim.inputs.units import Farads, Joules, SquareMetres, Volts, Watts

Status = Literal["verified", "secondary", "derived", "assumed", "given"]
"""How far a figure can be trusted; `given` is what an architecture file puts in its place."""
WEAKEST_FIRST: tuple[Status, ...] = ("assumed", "derived", "secondary", "verified", "given")
Keys = tuple[str | int, ...]
"""Where something stands in a document: the keys and indices that lead to it."""
Quantity = TypeVar("Quantity", bound=float)


class Figure(Model, Generic[Quantity]):
    """A number at three corners, with its source and how far it can be trusted.

    A corner without a value is the typical one. `by_bits` gives a corner point by point, from bits to value.
    """

    typical: Quantity
    optimistic: Quantity | None = None
    conservative: Quantity | None = None
    by_bits: dict[Corner, dict[str, Quantity]] = Field(default_factory=dict)
    source: tuple[str, ...] = ()
    where: str = ""
    status: Status

    def at(self, corner: Corner) -> Quantity:
        """Return the value at a corner."""
        value: Quantity | None = getattr(self, corner)
        return self.typical if value is None else value

    @property
    def cited(self) -> str:
        """The citation keys, or the reasoning where there are none."""
        return ", ".join(self.source) or self.where


class Beyond(Model):
    """Which entry holds instead once the product of some facts exceeds a limit."""

    product: tuple[str, ...]
    limit: Annotated[int, Field(gt=0)]
    entry: str


class ActionCost(Model):
    """What one action costs."""

    rule: scaling.Name
    at_bits: Annotated[int, Field(gt=0)] | None = None
    data: str | None = None
    plain: str | None = None
    energy: Figure[Joules] | None = None
    voltage: Figure[Volts] | None = None
    capacitance: Figure[Farads] | None = None
    beyond: Beyond | None = None

    def ledger_actions(self, name: str) -> tuple[str, str | None]:
        """Return the action of the ledger that the entry of this name prices, and the one that it leaves."""
        if self.data is None or self.plain is None:
            return name, None
        return (self.plain, self.data) if self.energy else (self.data, self.plain)

    def figures(self) -> tuple[Figure[float], ...]:
        """Return the figures that make the price."""
        found = (self.energy,) if self.energy else (self.voltage, self.capacitance)
        return tuple(figure for figure in found if figure)

    @property
    def given(self) -> bool:
        """Whether an architecture file has given the energy."""
        return self.energy is not None and self.energy.status == "given"


class PartCost(Model):
    """Area and leakage of one unit of a component; the number of units is the product of the facts `units`.

    A component that knows the area of its unit itself states it as the fact `area_fact`. The area is divided
    by `efficiency`. `plus` names an entry with what stands beside it, counted in units of its own.
    """

    units: tuple[str, ...]
    area: Figure[SquareMetres]
    leakage: Figure[Watts]
    area_fact: str | None = None
    efficiency: Annotated[float, Field(gt=0, le=1)] = 1.0
    beyond: Beyond | None = None
    plus: str | None = None


class TableFile(Model):
    """A cost table as it stands in its file."""

    format: Literal["chipsim-costs/1"]
    name: Name
    technology: str
    overhead_factor: Annotated[float, Field(gt=0)] = 1.0
    reported: tuple[str, ...] = ()
    actions: dict[str, ActionCost]
    components: dict[str, PartCost]


Entry = ActionCost | PartCost


def read(path: Path) -> TableFile:
    """Return the cost table in a file.

    Raises `InputError` with all faults of the file: faults of form, or else entries that are incomplete or
    contradict one another.
    """
    document = documents.read(path)
    table = fill(TableFile, document, label="cost table")
    faults = [
        Fault(f"cost table '{table.name}': {text}", document.place(where), "E064")
        for where, text in _contradictions(table)
    ]
    if faults:
        raise InputError(*faults)
    return table


def figures_of(
    actions: Mapping[str, ActionCost], components: Mapping[str, PartCost]
) -> Iterator[tuple[Keys, Figure[float]]]:
    """Yield every figure of a table and where it stands."""
    for name, cost in actions.items():
        for field in ("energy", "voltage", "capacitance"):
            if (figure := getattr(cost, field)) is not None:
                yield ("actions", name, field), figure
    for name, part in components.items():
        yield ("components", name, "area"), part.area
        yield ("components", name, "leakage"), part.leakage


def _contradictions(table: TableFile) -> Iterator[tuple[Keys, str]]:
    """Yield place and sentence of everything in a table that is incomplete or contradicts the rest."""
    for path, figure in figures_of(table.actions, table.components):
        yield from ((path, f"{path[1]}: {path[2]}: {text}") for text in _figure_faults(figure))
    for name, cost in table.actions.items():
        yield from ((("actions", name), f"{name}: {text}") for text in _entry_faults(cost, table.actions))
    for name, part in table.components.items():
        beyond = _beyond_faults(part, table.components)
        yield from ((("components", name), f"{name}: {text}") for text in beyond)
        yield from (
            (("components", name), f"{name}: {text}") for text in _plus_faults(part, table.components)
        )
    yield from _twice(table)


def _figure_faults(figure: Figure[float]) -> Iterator[str]:
    low, middle, high = (figure.at(corner) for corner in ("optimistic", "typical", "conservative"))
    if not low <= middle <= high:
        yield f"optimistic, typical and conservative must not fall, got {low:g}, {middle:g}, {high:g}"
    if low < 0:
        yield f"must not be below 0, got {low:g}"
    if not figure.cited:
        yield "needs a 'source', or a 'where' that gives the reasoning"
    for bits in sorted(bits for points in figure.by_bits.values() for bits in points if not bits.isdecimal()):
        yield f"by_bits: expected a whole number of bits, got '{bits}'"


def _entry_faults(cost: ActionCost, actions: Mapping[str, ActionCost]) -> Iterator[str]:
    needs = {"voltage": "energy"} if cost.energy and cost.rule in scaling.BY_CONDUCTANCE else {}
    needed = [needs.get(name, name) for name in scaling.NEEDS[cost.rule]]
    given = [name for name in scaling.INGREDIENTS if getattr(cost, name) is not None]
    yield from (f"rule '{cost.rule}' needs '{name}'" for name in needed if name not in given)
    yield from (f"rule '{cost.rule}' has no use for '{name}'" for name in given if name not in needed)
    yield from _beyond_faults(cost, actions)


def _beyond_faults(cost: Entry, entries: Mapping[str, Entry]) -> Iterator[str]:
    if cost.beyond is None:
        return
    if cost.beyond.entry not in entries:
        yield f"beyond: unknown entry '{cost.beyond.entry}'{suggestion(cost.beyond.entry, entries)}"
    elif entries[cost.beyond.entry].beyond is not None:
        yield f"beyond: entry '{cost.beyond.entry}' leads on to another entry itself"


def _plus_faults(cost: PartCost, entries: Mapping[str, PartCost]) -> Iterator[str]:
    if cost.plus is None:
        return
    if cost.plus not in entries:
        yield f"plus: unknown entry '{cost.plus}'{suggestion(cost.plus, entries)}"
    elif entries[cost.plus].plus is not None:
        yield f"plus: entry '{cost.plus}' leads on to another entry itself"


def _twice(table: TableFile) -> Iterator[tuple[Keys, str]]:
    """Yield the entries that speak of an action of the ledger that another entry speaks of."""
    seen = dict.fromkeys(table.reported, "reported")
    for name, cost in table.actions.items():
        for action in filter(None, cost.ledger_actions(name)):
            if action in seen:
                yield ("actions", name), f"{name}: action '{action}' is already in '{seen[action]}'"
            seen[action] = name
