"""What an image of a stage takes, from counts alone: no values, no events, no devices.

The learning rule is asked for the operations of one transfer period, block by block, with values that are all
zero; each operation's work is that of the circuits on its way, and data enter as assumed means alone: the
duty of inputs and errors (mean |x|, as a share of full scale) and the share of words that cross and pulse a
weight. So time is exact where it does not hang on data, and counts of reads and pulses are expected ones.

Two times are given. `image` is the time of an image alone, passes and learning steps one after another,
blocks of a layer side by side; components that several blocks share serve them in turn. `interval` is the
time from image to image of a chip that overlaps as many as it likes: no component can do more than all of the
time, and learning steps keep their order. Both leave out waiting that a schedule brings with it. Where cells
need upkeep, its readings are in both; what is written again because of them hangs on the weights and is not.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from chipsim.accounting import pricing
from chipsim.architecture.hollow import TYPICAL, Assumed, Hollow, Part, Visit
from chipsim.architecture.plan import Plan
from chipsim.architecture.routes import INSPECT
from chipsim.circuits.component import PICOSECONDS
from chipsim.learning.rule import LearningRule

__all__ = ["Assumed", "Estimate", "of_stage"]

PERIOD = 1000
"""Images at most that a rule is followed for."""


@dataclass
class Sum:
    """What has come together: actions, busy time by component, and time of an image by operation [ps].

    The busy time of a component of several units is that of each of them.
    """

    bags: dict[tuple[str, str, int], tuple[Mapping[str, float], float]] = field(default_factory=dict)
    """Actions by operation, component (one for all that are alike) and identity, with how often they come."""
    like: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, int] = field(default_factory=dict)
    """Of components that have several."""
    busy: dict[Part, float] = field(default_factory=dict)
    times: dict[str, float] = field(default_factory=dict)

    def add(self, operation: str, visits: Iterable[Visit], share: float) -> int:
        """Enter what visits do that come with a share of all images; returns their time in turn [ps]."""
        whole = 0
        for visit in visits:
            whole += 0 if visit.joint else visit.time
            key = operation, self.like.get(visit.component, visit.component), id(visit.actions)
            seen = self.bags.get(key)
            self.bags[key] = visit.actions, share if seen is None else seen[1] + share
        return whole

    @property
    def counts(self) -> dict[tuple[str, str, str], float]:
        """Actions by operation, component and name."""
        found: dict[tuple[str, str, str], float] = {}
        for (operation, component, _), (actions, share) in self.bags.items():
            for action, count in actions.items():
                key = operation, component, action
                found[key] = found.get(key, 0.0) + share * count
        return found


class Estimate(NamedTuple):
    """What an image of a stage takes."""

    stage: str
    counts: Mapping[tuple[str, str, str], float]
    """Expected actions of an image, by operation, component and action."""
    times: Mapping[str, float]
    """Time of an image alone, by operation [s]; they add up to `image`."""
    busy: Mapping[str, float]
    """Time that each component is busy with an image [s]."""
    learning: float
    """Time of an image's learning steps [s]."""
    energy: float
    """Energy of an image alone, leakage included [J]."""

    @property
    def image(self) -> float:
        """Time of an image alone [s]."""
        return sum(self.times.values())

    @property
    def interval(self) -> float:
        """Time from image to image where they overlap [s]."""
        return max(self.learning, *self.busy.values(), 0.0)

    @property
    def bottleneck(self) -> str:
        """The component, or channel of one, that is busy longest; empty where learning steps' order is."""
        name = max(sorted(self.busy), key=lambda component: self.busy[component])
        return name if self.busy[name] >= self.learning else ""


def of_stage(plan: Plan, stage: str, rule: LearningRule, assumed: Assumed = TYPICAL) -> Estimate:
    """The estimate of a stage that trains by a rule. Raises `InputError` for an action without a price."""
    hollow = Hollow(plan, rule, assumed)
    sums = Sum(like=plan.like, units=plan.units)
    for operation, blocks, share in hollow.passes():
        _together(sums, operation, blocks, share)
    passes = dict(sums.times)
    period = min(max((d.every for d in rule.declarations()), default=1), PERIOD)
    for group, count in hollow.period(period):
        for operation, blocks in group.items():
            _together(sums, operation, blocks, count / period)
    for every, blocks in hollow.inspections():
        _together(sums, INSPECT, blocks, 1 / every)
    learning = sum(sums.times.values()) - sum(passes.values())
    times = {operation: time / PICOSECONDS for operation, time in sums.times.items()}
    counts = sums.counts
    return Estimate(
        stage, counts, times, {_named(part): time / PICOSECONDS for part, time in sums.busy.items()},
        learning / PICOSECONDS, _energy(plan, counts, sum(times.values())),
    )  # fmt: skip


def _together(sums: Sum, operation: str, blocks: Sequence[Sequence[Visit]], share: float) -> None:
    """Enter an operation of several blocks at once; those that share a component take turns there."""
    longest, taken = 0, defaultdict[Part, int](int)
    for visits in blocks:
        longest = max(longest, sums.add(operation, visits, share))
        for visit in visits:
            for part in visit.taken:
                taken[part] += visit.time
    turns = {part: time / sums.units.get(part[0], 1) for part, time in taken.items()}
    for part, time in turns.items():
        sums.busy[part] = sums.busy.get(part, 0.0) + share * time
    whole = share * max(longest, max(turns.values(), default=0.0))
    sums.times[operation] = sums.times.get(operation, 0.0) + whole


def _named(part: Part) -> str:
    component, channel = part
    return component if channel is None else f"{component} {channel[0]}->{channel[1]}"


def _energy(plan: Plan, counts: Mapping[tuple[str, str, str], float], time: float) -> float:
    table, prices = plan.architecture.costs, plan.prices(plan.architecture.costs)
    rated = (
        (count, prices.rate(component, operation, action))
        for (operation, component, action), count in counts.items()
        if count
    )
    leaking = pricing.total(pricing.leakage(table, plan.parts()).values()) * time
    return pricing.total(count * rate.price for count, rate in rated if rate is not None) + leaking
