"""Pricing, after the run: a ledger in energy, a chip in area and leakage. Energy is count x price."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from chipsim.accounting.costs import CostTable
from chipsim.accounting.ledger import LedgerRow
from chipsim.accounting.scaling import AREAS, RULES, known
from chipsim.accounting.table import WEAKEST_FIRST, ActionCost, Beyond, Entry, Figure, PartCost, Status
from chipsim.errors import Fault, InputError, PhysicsError, suggestion

TOO_LARGE = "an energy or an area is too large to be written as a number; give lower figures under 'costs'"
"""What is said of a figure beyond the range of floating point."""

Facts = Callable[[str, str], Mapping[str, float]]
"""From a component and an operation to the component's facts in that operation."""
STATIC = "static"
"""Action of the rows that price leakage."""
_SECONDS_PER_COUNT = 1e-12  # the ledger counts powered time in ps


PartFigure = Literal["area", "leakage"]
PART_FIGURES: tuple[PartFigure, ...] = ("area", "leakage")
"""Fields of a component's entry that are figures."""
Cell = tuple[str, ...]
"""What the cell of an array goes by, the most special first: its own name, then its model's."""


class Part(NamedTuple):
    """A component of a chip, as area and leakage see it: name, type, facts (SI) and cell, if it has any."""

    name: str
    type: str
    facts: Mapping[str, float]
    cell: Cell = ()


class Rate(NamedTuple):
    """Price of one count [J], its source, how far it can be trusted, and the table's entry that gives it."""

    price: float
    source: str
    status: Status
    entry: str


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
    entry: str


class Prices:
    """Prices of one chip's actions under one table; each is worked out once and then looked up.

    `types` leads from component to its type and is used in messages, `cells` from arrays to their cells;
    `facts` is asked once for each component and operation that something is priced for. `like` leads from
    a component to the one that stands for it and all others that have the same price, itself if none does.
    """

    def __init__(
        self,
        table: CostTable,
        types: Mapping[str, str],
        facts: Facts,
        cells: Mapping[str, Cell] = MappingProxyType({}),
        like: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._table = table
        self._types = types
        self._facts = facts
        self._cells = cells
        self._like = like
        self._rates: dict[tuple[str, str, str], Rate | None] = {}

    def rate(self, component: str, operation: str, action: str) -> Rate | None:
        """Return what one count costs, or None where the table calls it counted only.

        Raises `InputError` naming component, action and table where there is no entry.
        """
        key = (self._like.get(component, component), operation, action)
        if key not in self._rates:
            self._rates[key] = self._worked_out(*key)
        return self._rates[key]

    def price(self, rows: Iterable[LedgerRow]) -> tuple[PricedRow, ...]:
        """Return the rows that have a price, with it; rows that are counted only are left out."""
        rated = ((row, self.rate(row.component, row.operation, row.action)) for row in rows)
        return tuple(
            PricedRow(*row, rate.price, row.count * rate.price, *rate[1:])
            for row, rate in rated
            if rate is not None
        )

    def energy(self, rows: Iterable[LedgerRow]) -> float:
        """Return the energy of all rows together [J], correctly rounded."""
        rated = ((row.count, self.rate(row.component, row.operation, row.action)) for row in rows)
        return total(count * rate.price for count, rate in rated if rate is not None)

    def _worked_out(self, component: str, operation: str, action: str) -> Rate | None:
        table = self._table
        if action in table.reported:
            return None
        if action not in table.heads:
            raise InputError(Fault(self._without_price(component, action), code="E060"))
        facts = self._facts(component, operation)
        head = table.heads[action]
        try:
            entry, cost = _reached(table, head, facts, self._cells.get(component, ()))
            if not table.actions[head].prices(action, cost):
                return None
            energy = RULES[cost.rule](cost, table.corner, facts) * table.overhead_factor
        except KeyError as missing:
            text = self._without_fact(component, action, missing.args[0])
            raise InputError(Fault(text, code="E060")) from None
        except OverflowError:
            raise PhysicsError(Fault(TOO_LARGE, code="E081")) from None
        return Rate(energy, *_trust(cost.figures()), entry)

    def _without_price(self, component: str, action: str) -> str:
        return (
            f"{self._named(component)}: action '{action}' has no price in cost table "
            f"'{self._table.name}'{suggestion(action, self._table.heads)}"
        )

    def _without_fact(self, component: str, action: str, fact: str) -> str:
        return (
            f"{self._named(component)}: the price of '{action}' in cost table '{self._table.name}' "
            f"depends on '{fact}', which this component does not have"
        )

    def _named(self, component: str) -> str:
        kind = self._types.get(component)
        return f"component '{component}' ({kind})" if kind else f"component '{component}'"


def area(table: CostTable, parts: Iterable[Part]) -> dict[str, float]:
    """Return the area of each part [m2].

    Raises `InputError` naming part, type and table where the table has no such component.
    """
    return _each(parts, lambda part: _part_area(table, part))


def area_source(table: CostTable, part: Part) -> str:
    """Return the sources of a part's area."""
    return _trust([cost.area for _, cost in _part_costs(table, part, "area")])[0]


def leakage(table: CostTable, parts: Iterable[Part]) -> dict[str, float]:
    """Return the power of each part that is switched on and idle [W]; raises like `area`."""
    return _each(parts, lambda part: _part_leakage(table, part).price)


def _each(parts: Iterable[Part], figure: Callable[[Part], float]) -> dict[str, float]:
    """A figure of each part; parts that have type, cell and facts in common have the figure in common."""
    known: dict[tuple[Any, ...], float] = {}
    found: dict[str, float] = {}
    for part in parts:
        key = part.type, part.cell, *part.facts.items()
        if key not in known:
            known[key] = figure(part)
        found[part.name] = known[key]
    return found


def part_figures(table: CostTable, part: Part) -> Iterator[tuple[str, str]]:
    """Yield the figures that a part's area and leakage come from, each as its entry and its field."""
    for field in PART_FIGURES:
        yield from ((entry, field) for entry, _ in _part_costs(table, part, field))


def static(table: CostTable, parts: Iterable[Part], stage: str, duration: int) -> tuple[PricedRow, ...]:
    """Return the leakage of parts that were switched on for a duration [ps] of a stage, as priced rows.

    Their operation is "leakage", their action `STATIC` and their count the duration.
    """
    return tuple(_static_row(stage, part.name, _part_leakage(table, part), duration) for part in parts)


def _static_row(stage: str, name: str, power: Rate, duration: int) -> PricedRow:
    each = power.price * _SECONDS_PER_COUNT
    energy = duration * each
    return PricedRow(stage, "leakage", name, STATIC, duration, each, energy, *power[1:])


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


def _reached(table: CostTable, name: str, facts: Mapping[str, float], cell: Cell) -> tuple[str, ActionCost]:
    """Return the entry that holds for a component, from the one that speaks of the action."""
    cost = table.actions[name]
    if (own := _of_cell(cost, cell)) is not None:
        name = own
    elif not cost.given and _exceeds(cost.beyond, facts):
        name = known(cost.beyond).entry
    return name, table.actions[name]


def _of_cell(cost: Entry, cell: Cell) -> str | None:
    return next((cost.by_cell[name] for name in cell if name in cost.by_cell), None)


def _exceeds(beyond: Beyond | None, facts: Mapping[str, float]) -> bool:
    return beyond is not None and math.prod(facts[name] for name in beyond.product) > beyond.limit


def _trust(figures: Sequence[Figure[float]]) -> tuple[str, Status]:
    """Return the sources of all figures and the weakest of their statuses."""
    sources = "; ".join(dict.fromkeys(figure.cited for figure in figures))
    return sources, min((figure.status for figure in figures), key=WEAKEST_FIRST.index)


def _part_area(table: CostTable, part: Part) -> float:
    return total(_area_of(table, part, cost) for _, cost in _part_costs(table, part, "area"))


def _area_of(table: CostTable, part: Part, cost: PartCost) -> float:
    own = part.facts.get(cost.area_fact) if cost.area_fact and cost.area.status != "given" else None
    each = cost.area.at(table.corner) if own is None else own
    follows = "flat" if cost.area.status == "given" else cost.rule
    return _units(part, cost) * each * AREAS[follows](cost.at_bits, part.facts) / cost.efficiency


def _part_leakage(table: CostTable, part: Part) -> Rate:
    costs = _part_costs(table, part, "leakage")
    power = total(_units(part, cost) * cost.leakage.at(table.corner) for _, cost in costs)
    return Rate(power, *_trust([cost.leakage for _, cost in costs]), f"{costs[0][0]}.leakage")


def _part_costs(table: CostTable, part: Part, figure: PartFigure) -> tuple[tuple[str, PartCost], ...]:
    """Return the entry that holds for a part and the one that stands beside it, each with its name."""
    if part.type not in table.components:
        raise InputError(Fault(_without_component(table, part), code="E061"))
    name = _of_cell(table.components[part.type], part.cell) or part.type
    cost = table.components[name]
    names = (name,) if cost.plus is None else (name, cost.plus)
    for each in names:
        _check_size(table, part, table.components[each])
    given = (cost.area if figure == "area" else cost.leakage).status == "given"
    if not given and _exceeds(cost.beyond, part.facts):
        names = (known(cost.beyond).entry, *names[1:])
    return tuple((each, table.components[each]) for each in names)


def _check_size(table: CostTable, part: Part, cost: PartCost) -> None:
    bits = () if cost.at_bits is None else ("bits",)
    for fact in (*cost.units, *bits, *(cost.beyond.product if cost.beyond else ())):
        if fact not in part.facts:
            raise InputError(Fault(_without_size(table, part, fact), code="E061"))


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
