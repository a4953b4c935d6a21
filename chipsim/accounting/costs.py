"""Cost tables with their sources: they price a ledger in energy, a chip in area and leakage, after the run.

A price is what one whole count of the ledger costs: energy = count x price. Voltages, integration times and
pulse widths enter only here, as *facts* of the component that did the action:

    type          facts that a price, an area or a leakage may need (SI)
    dac           bits, lanes
    crossbar      rows, columns, pulse_width, read_time, read_codes (codes of full duty); cell_area if known
    adc           bits, count
    pulse-driver  lines
    integrator    words, bits

An entry of a table names its rule:

    flat              energy
    doubles-per-bit   energy x 2^(bits - at_bits)
    per-bit           energy x bits / at_bits
    line              capacitance x voltage^2
    read              voltage^2 x read_time / read_codes x 1 nS, for a sum of conductance [nS] x DAC code
    pulse             voltage^2 x pulse_width x 1 nS, for a sum of conductance [nS] x pulses

A read or pulse entry prices one of two ledger actions: `data`, the sum with the cells' own conductances, or
`plain`, without them, where the file gives the energy of one action instead of a voltage. The other of the
two has no price, like the actions that a table calls `reported`. An energy given in an architecture file is
the price of one action on that chip (a read's: of one cell at full duty): it replaces the rule.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Generic, Literal, NamedTuple, TypeVar

from pydantic import Field

from chipsim.accounting.ledger import LedgerRow
from chipsim.errors import Fault, InputError, PhysicsError, suggestion
from chipsim.inputs import documents, registry
from chipsim.inputs.documents import Document
from chipsim.inputs.schema import Faults, Model, fill
from chipsim.inputs.schema import resolved as plain
from chipsim.inputs.units import Farads, Joules, SquareMetres, Volts, Watts

__all__ = [
    "CORNERS",
    "ActionCost",
    "Corner",
    "CostTable",
    "Facts",
    "Figure",
    "Part",
    "PartCost",
    "PricedRow",
    "Prices",
    "Rate",
    "Status",
    "area",
    "leakage",
    "load",
    "price",
    "read",
    "resolved",
    "shares",
    "static",
    "total",
    "totals",
]

TOO_LARGE = "an energy or an area is too large to be written as a number; give lower figures under 'costs'"
"""What is said of a figure beyond the range of floating point."""

Corner = Literal["typical", "optimistic", "conservative"]
CORNERS: tuple[Corner, ...] = ("typical", "optimistic", "conservative")
Status = Literal["verified", "secondary", "derived", "assumed", "given"]
"""How far a figure can be trusted; `given` is what an architecture file puts in its place."""
_WEAKEST_FIRST: tuple[Status, ...] = ("assumed", "derived", "secondary", "verified", "given")
_SIEMENS_PER_COUNT = 1e-9  # the ledger sums conductances in nS
_SECONDS_PER_COUNT = 1e-12  # and powered time in ps

Facts = Callable[[str, str], Mapping[str, float]]
"""From a component and an operation to the component's facts in that operation."""
Keys = tuple[str | int, ...]
"""Where something stands in a document: the keys and indices that lead to it."""
Quantity = TypeVar("Quantity", bound=float)
Found = TypeVar("Found")


# ------------------------------------------------------------------------------------------- the table's form


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

    rule: Literal["flat", "doubles-per-bit", "per-bit", "line", "read", "pulse"]
    at_bits: Annotated[int, Field(gt=0)] | None = None
    data: str | None = None
    plain: str | None = None
    energy: Figure[Joules] | None = None
    voltage: Figure[Volts] | None = None
    capacitance: Figure[Farads] | None = None
    beyond: Beyond | None = None

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
    by `efficiency`.
    """

    units: tuple[str, ...]
    area: Figure[SquareMetres]
    leakage: Figure[Watts]
    area_fact: str | None = None
    efficiency: Annotated[float, Field(gt=0, le=1)] = 1.0
    beyond: Beyond | None = None


class TableFile(Model):
    """A cost table as it stands in its file."""

    format: Literal["chipsim-costs/1"]
    name: str
    technology: str
    overhead_factor: Annotated[float, Field(gt=0)] = 1.0
    reported: tuple[str, ...] = ()
    actions: dict[str, ActionCost]
    components: dict[str, PartCost]


_CHOICES = ("table", "corner", "overhead_factor")
"""Keys of a `costs` section that are no entries of the table."""


Entry = ActionCost | PartCost


class _EnergyGiven(Model):
    energy: Joules | None = None


class _VoltageGiven(Model):
    energy: Joules | None = None
    voltage: Volts | None = None


class _LineGiven(Model):
    energy: Joules | None = None
    voltage: Volts | None = None
    capacitance: Farads | None = None


class _PartGiven(Model):
    area: SquareMetres | None = None
    leakage: Watts | None = None


_GIVEN: Mapping[str, type[Model]] = MappingProxyType(
    {"line": _LineGiven, "read": _VoltageGiven, "pulse": _VoltageGiven}
)


# ---------------------------------------------------------------------------------------------------- loading


@dataclass(frozen=True)
class CostTable:
    """A cost table at one corner, with what an architecture file gives in its place.

    `priced` leads from an action of the ledger to the entry that prices it; actions in `unpriced` are counted
    only.
    """

    name: str
    technology: str
    corner: Corner
    overhead_factor: float
    actions: Mapping[str, ActionCost]
    components: Mapping[str, PartCost]
    priced: Mapping[str, str]
    unpriced: frozenset[str]

    def citations(self) -> frozenset[str]:
        """Return the citation keys of all entries."""
        figures = _figures(self.actions, self.components)
        return frozenset(key for _, figure in figures for key in figure.source)


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


def load(document: Document, path: Keys = ("costs",)) -> CostTable:
    """Return the cost table that a section of an architecture file names, with the overrides that it gives.

    `table` is the name of a shipped table or a path beside the file, `corner` one of `CORNERS`; every other
    key is an entry of that table, given anew: `adc_conv: {energy: 2 pJ}`, `cell_read: {voltage: 0.1 V}`,
    `adc: {area: 1000 um2}`.

    Raises `InputError` with all faults of the section.
    """
    section = _section(document, path)
    file = read(_located(document, (*path, "table"), section.get("table")))
    faults = Faults()
    actions, components = dict(file.actions), dict(file.components)
    for name in section:
        here = (*path, name)
        if name in actions:
            actions[name] = _action_given(faults, document, here, actions[name])
        elif name in components:
            components[name] = _part_given(faults, document, here, components[name])
        elif name not in _CHOICES:
            faults.add(_unknown_entry(document, here, name, file))
    corner = _corner(faults, document, (*path, "corner"), section.get("corner", "typical"))
    overhead = section.get("overhead_factor", file.overhead_factor)
    if not _is_factor(overhead):
        text = f"costs: overhead_factor: expected a number above 0, got {overhead!r}"
        faults.add(_refused(document, (*path, "overhead_factor"), text))
    faults.raise_if_any()
    return _assembled(file, corner, float(overhead), actions, components)


def resolved(table: CostTable) -> dict[str, Any]:
    """Return a table as plain values: what `load` made of a shipped table and a file's own entries."""
    return {
        "name": table.name,
        "corner": table.corner,
        "overhead_factor": table.overhead_factor,
        "actions": {name: plain(cost) for name, cost in sorted(table.actions.items())},
        "components": {name: plain(cost) for name, cost in sorted(table.components.items())},
    }


def _assembled(
    file: TableFile,
    corner: Corner,
    overhead_factor: float,
    actions: Mapping[str, ActionCost],
    components: Mapping[str, PartCost],
) -> CostTable:
    pairs = [(name, *_priced_and_not(name, cost)) for name, cost in actions.items()]
    return CostTable(
        name=file.name,
        technology=file.technology,
        corner=corner,
        overhead_factor=overhead_factor,
        actions=MappingProxyType(dict(actions)),
        components=MappingProxyType(dict(components)),
        priced=MappingProxyType({priced: name for name, priced, _ in pairs}),
        unpriced=frozenset(file.reported) | {other for _, _, other in pairs if other},
    )


def _priced_and_not(name: str, cost: ActionCost) -> tuple[str, str | None]:
    """Return the action of the ledger that an entry prices, and the one that it leaves without a price."""
    if cost.data is None or cost.plain is None:
        return name, None
    return (cost.plain, cost.data) if cost.energy else (cost.data, cost.plain)


def _section(document: Document, path: Keys) -> Mapping[str, Any]:
    found: Any = document.data
    for key in path:
        found = found.get(key) if isinstance(found, dict) else None
    if isinstance(found, dict):
        return found
    shown = ".".join(map(str, path))
    text = f"'{shown}' must name a cost table, as in '{shown}: {{table: analog-14nm}}'"
    raise _refused(document, path, text, "E011" if found is None else "E013")


def _located(document: Document, path: Keys, table: object) -> Path:
    if table is None:
        text = "costs: missing key 'table', the name or path of a cost table"
        raise _refused(document, path, text, "E011")
    if not isinstance(table, str):
        text = f"costs: expected the name or path of a cost table, got {table!r}"
        raise _refused(document, path, text, "E013")
    try:
        return registry.file("costs", table, within=Path(document.name).parent)
    except registry.UnknownName as unknown:
        raise _refused(document, path, f"costs: {unknown}", unknown.code) from None
    except InputError as outside:
        text, code = outside.faults[0].message, outside.faults[0].code
        raise _refused(document, path, f"costs: {text}", code) from None


def _corner(faults: Faults, document: Document, path: Keys, corner: object) -> Corner:
    for known in CORNERS:
        if corner == known:
            return known
    text = f"costs: unknown corner {corner!r}{suggestion(str(corner), CORNERS)}"
    faults.add(_refused(document, path, text, "E063"))
    return "typical"


def _is_factor(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0


def _unknown_entry(document: Document, path: Keys, name: str, file: TableFile) -> InputError:
    near = suggestion(name, (*file.actions, *file.components, *_CHOICES))
    text = f"costs: cost table '{file.name}' has no entry '{name}'{near}"
    return InputError(Fault(text, document.key_place(path), "E062"))


def _refused(document: Document, path: Keys, text: str, code: str = "E014") -> InputError:
    return InputError(Fault(text, document.place(path), code))


def _action_given(faults: Faults, document: Document, path: Keys, cost: ActionCost) -> ActionCost:
    """Return an entry with what an architecture file gives; an energy takes the place of the rule."""
    given = _given(faults, _GIVEN.get(cost.rule, _EnergyGiven), document, path)
    if "energy" in given and len(given) > 1:
        others = " and ".join(name for name in given if name != "energy")
        text = f"costs: entry '{path[-1]}' is given an energy, beside which {others} has no effect; keep one"
        faults.add(_refused(document, path, text, "E020"))
    if cost.rule in _BY_CONDUCTANCE:
        given = {"energy": None, **given} if "voltage" in given else given
    elif "energy" in given:
        given["rule"] = "flat"
    return cost.model_copy(update=given)


def _part_given(faults: Faults, document: Document, path: Keys, cost: PartCost) -> PartCost:
    return cost.model_copy(update=_given(faults, _PartGiven, document, path))


def _given(faults: Faults, model: type[Model], document: Document, path: Keys) -> dict[str, Any]:
    """Return the values of a section of overrides as figures of their own."""
    try:
        filled = fill(model, document, path, label=f"costs: entry '{path[-1]}'")
    except InputError as error:
        faults.add(error)
        return {}
    dotted = ".".join(map(str, path))
    return {
        name: Figure[float].model_construct(
            typical=getattr(filled, name), where=f"given as {dotted}.{name}", status="given"
        )
        for name in filled.model_fields_set
    }


def _figures(
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
    for path, figure in _figures(table.actions, table.components):
        yield from ((path, f"{path[1]}: {path[2]}: {text}") for text in _figure_faults(figure))
    for name, cost in table.actions.items():
        yield from ((("actions", name), f"{name}: {text}") for text in _entry_faults(cost, table.actions))
    for name, part in table.components.items():
        beyond = _beyond_faults(part, table.components)
        yield from ((("components", name), f"{name}: {text}") for text in beyond)
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
    needs = {"voltage": "energy"} if cost.energy and cost.rule in _BY_CONDUCTANCE else {}
    needed = [needs.get(name, name) for name in _NEEDS[cost.rule]]
    given = [name for name in _INGREDIENTS if getattr(cost, name) is not None]
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


def _twice(table: TableFile) -> Iterator[tuple[Keys, str]]:
    """Yield the entries that speak of an action of the ledger that another entry speaks of."""
    seen = dict.fromkeys(table.reported, "reported")
    for name, cost in table.actions.items():
        for action in filter(None, _priced_and_not(name, cost)):
            if action in seen:
                yield ("actions", name), f"{name}: action '{action}' is already in '{seen[action]}'"
            seen[action] = name


# ---------------------------------------------------------------------------------------------------- pricing


class Part(NamedTuple):
    """A component of a chip, as area and leakage see it: name, type and facts (SI)."""

    name: str
    type: str
    facts: Mapping[str, float]


class Rate(NamedTuple):
    """Price of one count [J], its source and how far it can be trusted."""

    price: float
    source: str
    status: Status


class PricedRow(NamedTuple):
    """A row of the ledger with its price [J per count] and energy [J]."""

    stage: str
    operation: str
    component: str
    action: str
    count: int  # type: ignore[assignment]  # the column's name; tuple.count has no use on a row
    price: float
    energy: float
    source: str
    status: Status


class Prices:
    """Prices of one chip's actions under one table; each is worked out once and then looked up.

    `types` leads from component to its type and is used in messages; `facts` is asked once for each component
    and operation that something is priced for.
    """

    def __init__(self, table: CostTable, types: Mapping[str, str], facts: Facts) -> None:
        self._table = table
        self._types = types
        self._facts = facts
        self._rates: dict[tuple[str, str, str], Rate | None] = {}

    def rate(self, component: str, operation: str, action: str) -> Rate | None:
        """Return what one count costs, or None where the table calls it counted only.

        Raises `InputError` naming component, action and table where there is no entry.
        """
        key = (component, operation, action)
        if key not in self._rates:
            self._rates[key] = self._worked_out(*key)
        return self._rates[key]

    def price(self, rows: Iterable[LedgerRow]) -> tuple[PricedRow, ...]:
        """Return the rows that have a price, with it; rows that are counted only are left out."""
        rated = ((row, self.rate(row.component, row.operation, row.action)) for row in rows)
        return tuple(
            PricedRow(*row, rate.price, row.count * rate.price, rate.source, rate.status)
            for row, rate in rated
            if rate is not None
        )

    def energy(self, rows: Iterable[LedgerRow]) -> float:
        """Return the energy of all rows together [J], correctly rounded."""
        rated = ((row.count, self.rate(row.component, row.operation, row.action)) for row in rows)
        return total(count * rate.price for count, rate in rated if rate is not None)

    def _worked_out(self, component: str, operation: str, action: str) -> Rate | None:
        table = self._table
        if action in table.unpriced:
            return None
        if action not in table.priced:
            raise InputError(Fault(self._without_price(component, action), code="E060"))
        facts = self._facts(component, operation)
        try:
            cost = _reached(table, table.priced[action], facts)
            energy = _RULES[cost.rule](cost, table.corner, facts) * table.overhead_factor
        except KeyError as missing:
            text = self._without_fact(component, action, missing.args[0])
            raise InputError(Fault(text, code="E060")) from None
        except OverflowError:
            raise PhysicsError(Fault(TOO_LARGE, code="E081")) from None
        return Rate(energy, *_trust(cost.figures()))

    def _without_price(self, component: str, action: str) -> str:
        return (
            f"{self._named(component)}: action '{action}' has no price in cost table "
            f"'{self._table.name}'{suggestion(action, self._table.priced)}"
        )

    def _without_fact(self, component: str, action: str, fact: str) -> str:
        return (
            f"{self._named(component)}: the price of '{action}' in cost table '{self._table.name}' "
            f"depends on '{fact}', which this component does not have"
        )

    def _named(self, component: str) -> str:
        kind = self._types.get(component)
        return f"component '{component}' ({kind})" if kind else f"component '{component}'"


def price(
    rows: Iterable[LedgerRow], table: CostTable, types: Mapping[str, str], facts: Facts
) -> tuple[PricedRow, ...]:
    """Return the rows of a ledger that have a price, with it; see `Prices` for many ledgers."""
    return Prices(table, types, facts).price(rows)


def area(table: CostTable, parts: Iterable[Part]) -> dict[str, float]:
    """Return the area of each part [m2].

    Raises `InputError` naming part, type and table where the table has no such component.
    """
    return {part.name: _part_area(table, part) for part in parts}


def leakage(table: CostTable, parts: Iterable[Part]) -> dict[str, float]:
    """Return the power of each part that is switched on and idle [W]; raises like `area`."""
    return {part.name: _part_leakage(table, part).price for part in parts}


def static(table: CostTable, parts: Iterable[Part], stage: str, duration: int) -> tuple[PricedRow, ...]:
    """Return the leakage of parts that were switched on for a duration [ps] of a stage, as priced rows.

    Their operation is "leakage", their action "static" and their count the duration.
    """
    return tuple(_static_row(stage, part.name, _part_leakage(table, part), duration) for part in parts)


def _static_row(stage: str, name: str, power: Rate, duration: int) -> PricedRow:
    each = power.price * _SECONDS_PER_COUNT
    energy = duration * each
    return PricedRow(stage, "leakage", name, "static", duration, each, energy, power.source, power.status)


def total(values: Iterable[float]) -> float:
    """Return the correctly rounded sum, which does not depend on the order of adding."""
    return math.fsum(values)


def totals(priced: Iterable[PricedRow], *fields: str) -> dict[Any, float]:
    """Return the energy [J] by a field of the rows, such as "component", or by a tuple of several fields.

    Each is the correctly rounded sum of its leaf rows; keys are sorted.
    """
    groups: dict[Any, list[float]] = {}
    for row in priced:
        key = tuple(getattr(row, name) for name in fields)
        groups.setdefault(key if len(key) > 1 else key[0], []).append(row.energy)
    return {key: total(groups[key]) for key in sorted(groups)}


def shares(priced: Iterable[PricedRow]) -> dict[str, float]:
    """Return the energy [J] that rests on prices of each status, for every status that occurs."""
    return totals(priced, "status")


# ------------------------------------------------------------------------------------------------------ rules


def _flat(cost: ActionCost, corner: Corner, facts: Mapping[str, float]) -> float:
    return _known(cost.energy).at(corner)


def _doubling(cost: ActionCost, corner: Corner, facts: Mapping[str, float]) -> float:
    energy, bits = _known(cost.energy), facts["bits"]
    points = energy.by_bits.get(corner)
    if points:
        return _interpolated(sorted((int(at), value) for at, value in points.items()), bits)
    return energy.at(corner) * math.pow(2.0, bits - _known(cost.at_bits))


def _interpolated(points: Sequence[tuple[int, float]], bits: float) -> float:
    """Return the value at a number of bits: geometric between points, doubling per bit outside them."""
    first, last = points[0], points[-1]
    if bits <= first[0] or bits >= last[0]:
        end = first if bits <= first[0] else last
        return end[1] * math.pow(2.0, bits - end[0])
    (low, below), (high, above) = next(pair for pair in pairwise(points) if bits <= pair[1][0])
    return above if bits == high else below * math.pow(above / below, (bits - low) / (high - low))


def _per_bit(cost: ActionCost, corner: Corner, facts: Mapping[str, float]) -> float:
    return _known(cost.energy).at(corner) * facts["bits"] / _known(cost.at_bits)


def _line(cost: ActionCost, corner: Corner, facts: Mapping[str, float]) -> float:
    return _known(cost.capacitance).at(corner) * _known(cost.voltage).at(corner) ** 2


def _read(cost: ActionCost, corner: Corner, facts: Mapping[str, float]) -> float:
    if cost.energy is not None:
        return cost.energy.at(corner) / facts["read_codes"]
    charge_time = facts["read_time"] / facts["read_codes"]
    return _known(cost.voltage).at(corner) ** 2 * charge_time * _SIEMENS_PER_COUNT


def _pulse(cost: ActionCost, corner: Corner, facts: Mapping[str, float]) -> float:
    if cost.energy is not None:
        return cost.energy.at(corner)
    return _known(cost.voltage).at(corner) ** 2 * facts["pulse_width"] * _SIEMENS_PER_COUNT


_RULES: Mapping[str, Callable[[ActionCost, Corner, Mapping[str, float]], float]] = MappingProxyType(
    {
        "flat": _flat,
        "doubles-per-bit": _doubling,
        "per-bit": _per_bit,
        "line": _line,
        "read": _read,
        "pulse": _pulse,
    }
)
_NEEDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "flat": ("energy",),
        "doubles-per-bit": ("energy", "at_bits"),
        "per-bit": ("energy", "at_bits"),
        "line": ("capacitance", "voltage"),
        "read": ("voltage", "data", "plain"),
        "pulse": ("voltage", "data", "plain"),
    }
)


_INGREDIENTS = ("energy", "voltage", "capacitance", "at_bits", "data", "plain")
_BY_CONDUCTANCE = ("read", "pulse")
"""Rules of entries that price either of two ledger actions: by a voltage, or by an energy in its place."""


def _known(value: Found | None) -> Found:
    """Return a field that the check of the table has found to be there."""
    assert value is not None
    return value


def _reached(table: CostTable, name: str, facts: Mapping[str, float]) -> ActionCost:
    cost = table.actions[name]
    if cost.given or not _exceeds(cost.beyond, facts):
        return cost
    return table.actions[_known(cost.beyond).entry]


def _exceeds(beyond: Beyond | None, facts: Mapping[str, float]) -> bool:
    return beyond is not None and math.prod(facts[name] for name in beyond.product) > beyond.limit


def _trust(figures: Sequence[Figure[float]]) -> tuple[str, Status]:
    """Return the sources of all figures and the weakest of their statuses."""
    sources = "; ".join(dict.fromkeys(figure.cited for figure in figures))
    return sources, min((figure.status for figure in figures), key=_WEAKEST_FIRST.index)


def _part_area(table: CostTable, part: Part) -> float:
    cost = _part_cost(table, part, "area")
    own = part.facts.get(cost.area_fact) if cost.area_fact and cost.area.status != "given" else None
    each = cost.area.at(table.corner) if own is None else own
    return _units(part, cost) * each / cost.efficiency


def _part_leakage(table: CostTable, part: Part) -> Rate:
    cost = _part_cost(table, part, "leakage")
    return Rate(_units(part, cost) * cost.leakage.at(table.corner), *_trust((cost.leakage,)))


def _part_cost(table: CostTable, part: Part, figure: Literal["area", "leakage"]) -> PartCost:
    if part.type not in table.components:
        raise InputError(Fault(_without_component(table, part), code="E061"))
    cost = table.components[part.type]
    for fact in (*cost.units, *(cost.beyond.product if cost.beyond else ())):
        if fact not in part.facts:
            raise InputError(Fault(_without_size(table, part, fact), code="E061"))
    given = (cost.area if figure == "area" else cost.leakage).status == "given"
    if given or not _exceeds(cost.beyond, part.facts):
        return cost
    return table.components[_known(cost.beyond).entry]


def _units(part: Part, cost: PartCost) -> float:
    return math.prod(part.facts[name] for name in cost.units)


def _without_component(table: CostTable, part: Part) -> str:
    near = suggestion(part.type, table.components)
    return (
        f"component '{part.name}' is of type '{part.type}', which has neither area nor leakage "
        f"in cost table '{table.name}'{near}"
    )


def _without_size(table: CostTable, part: Part, fact: str) -> str:
    return (
        f"component '{part.name}' ({part.type}): area and leakage in cost table '{table.name}' "
        f"depend on '{fact}', which this component does not have"
    )
