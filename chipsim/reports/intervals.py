"""How sure the totals of a run are: energy and area over the ranges of prices, time over those of durations.

Nothing is simulated for the interval of time. It takes the critical path as it was: a leg that is served
lasts in proportion to the durations that set it (`architecture.durations`), a leg that waits for a component
in proportion to all that holds that component on the path. So the drawn time is that of a new run as long as
the same legs stay critical, which is always so where one operation follows another, and as long as no drawn
value depends on the clock (cells that age). Where images overlap, the path holds the ways of all of them;
their legs are brought to the time of the run, and waiting for one's turn lasts as long as all that is served.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from chipsim.accounting import pricing, uncertainty
from chipsim.accounting.pricing import Part, PricedRow
from chipsim.accounting.scaling import CORNERS, Corner
from chipsim.accounting.uncertainty import Range, Uncertain
from chipsim.architecture import groups
from chipsim.architecture.durations import Setting, banks, known, setting
from chipsim.architecture.plan import Plan
from chipsim.circuits.component import Duration
from chipsim.reports.books import Books
from chipsim.reports.counted import PER_SECOND, Counted
from chipsim.simulation.records import EVALUATION, Passage

GIVEN = "given"
"""Entry of the time that durations without a range set: those that a file gives, and those of no source."""
SHOWN = 0.01
"""Share of a spread from which on a run tells its cause."""

Shares = Mapping[Setting | None, float]
"""How much of a time each duration sets; None stands for what no duration sets."""


def energies(plan: Plan, counted: Counted) -> Uncertain:
    """Energy of all stages, evaluation apart, over the ranges of the prices [J].

    Leakage lasts as long as the run, whose time is drawn with it. The durations that a price of reads and
    pulses contains are those of the run.
    """
    rows = {corner: _trained(plan, counted, corner) for corner in CORNERS}
    leaking = {row.entry for row in rows["typical"] if row.action == pricing.STATIC}
    found = uncertainty.drawn(uncertainty.ranges(rows))
    if not counted.trained:
        return found
    return found.times(leaking, times(plan, counted).draws / (counted.trained / PER_SECOND))


def times(plan: Plan, counted: Counted) -> Uncertain:
    """Time of all stages, evaluation apart, over the ranges of the durations [s]; see the module."""
    ranges: dict[str, Range] = {}
    given = 0.0
    walked = sum(leg.time for leg in counted.path)
    overlap = counted.trained / walked if walked else 1.0
    for duration, walk in durations(plan, counted.path).items():
        time = overlap * walk
        published = None if duration is None else known(plan, duration)
        if duration is None or published is None:
            given += time
        else:
            ranges[duration.name] = _range(time / PER_SECOND, duration.seconds, published)
    if given:
        ranges[GIVEN] = Range(given / PER_SECOND, given / PER_SECOND, given / PER_SECOND, GIVEN)
    return uncertainty.drawn(ranges)


def areas(plan: Plan) -> Uncertain:
    """Area of the chip over the ranges of its components' areas, all copies of one together [m2]."""
    table, parts = plan.architecture.costs, plan.parts()
    by = {corner: pricing.area(replace(table, corner=corner), parts) for corner in CORNERS}
    copies: dict[str, list[Part]] = {}
    for part in parts:
        copies.setdefault(groups.base(part.name), []).append(part)

    def whole(corner: Corner, same: list[Part]) -> float:
        return pricing.total(by[corner][part.name] for part in same)

    return uncertainty.drawn({
        name: Range(
            whole("optimistic", same), whole("typical", same), whole("conservative", same),
            pricing.area_source(table, same[0]),
        )
        for name, same in copies.items()
    })  # fmt: skip


def told(found: Uncertain) -> dict[str, Any]:
    """The interval of a total, and the entries that cause a hundredth of its spread or more."""
    causes = [cause._asdict() for cause in found.causes if abs(cause.share) >= SHOWN]
    return {**found.interval._asdict(), "causes": causes}


def durations(plan: Plan, path: Iterable[Passage]) -> dict[Setting | None, float]:
    """How much of a critical path each duration sets [ps]; all together are the path.

    Of several durations that set a leg each has the part that it takes if they come equally often, which is
    not counted. A leg waits as long as what holds the component that it waits for; where nothing on the path
    does, as its durations say, and for one without any (the controller), as long as all that is served.
    """
    legs = tuple(path)
    found: dict[Setting | None, float] = {}
    held: dict[str, dict[Setting | None, float]] = {}
    for leg in (leg for leg in legs if leg.served):
        shares = _shares(_once(setting(plan, leg.operation, leg.component)))
        _add(found, shares, leg.time)
        for holding in (leg.component, *banks(plan, leg.operation, leg.component)):
            _add(held.setdefault(holding, {}), shares, leg.time)
    every = dict(found)
    for leg in (leg for leg in legs if not leg.served):
        own = _once(setting(plan, leg.operation, leg.component, served=False))
        _add(found, _shares(held.get(leg.component) or own or every), leg.time)
    return found


def _once(settings: tuple[Setting, ...]) -> Shares:
    return {each: each.seconds for each in settings}


def _shares(times: Shares) -> Shares:
    """Times as shares of their sum."""
    whole = sum(times.values())
    return {duration: time / whole for duration, time in times.items()} if whole else {None: 1.0}


def _add(found: dict[Setting | None, float], shares: Shares, time: float) -> None:
    for duration, share in shares.items():
        found[duration] = found.get(duration, 0.0) + share * time


def _range(time: float, seconds: float, published: Duration) -> Range:
    """What a time [s] comes to when the duration that sets it, now `seconds`, runs over its range."""
    low, high = (time * (published.at(end) / seconds) for end in ("optimistic", "conservative"))
    return Range(low, time, high, published.cited)


def _trained(plan: Plan, counted: Counted, corner: Corner) -> list[PricedRow]:
    rows = Books.of(plan).at(corner).priced(counted)
    return [row for row in rows if row.stage != EVALUATION]
