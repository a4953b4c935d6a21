"""The component that holds a run back, and the most that a second unit of it could gain.

A gain is bounded from what the run counted; nothing is simulated again. Any schedule of the same work obeys

- no component does more than one thing at a time: the time is at least the work of the busiest one;
- images one after the other (`depth` 1): each group of transactions takes at least what its critical one is
  served for, so a second unit can save no more than what that one waits;
- at most `depth` images at once: the time is at least the ways of all images over the depth;
- learning steps one after the other, in the order of the images: the time is at least what these are
  served for.

A second unit halves at best the work that its component has to do, and shortens a transaction, by half at
best, only where lines take turns at its units (converters that are fewer than the lines, banks of memory,
multiply-accumulate lanes).
What nobody waits for and nothing takes turns at gains nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from chipsim.architecture import groups
from chipsim.architecture.blocks import Block
from chipsim.architecture.plan import Plan
from chipsim.architecture.routes import INSPECT, TRANSPOSED
from chipsim.reports.counted import PER_SECOND, Counted
from chipsim.simulation.records import Usage


@dataclass(frozen=True)
class Bottleneck:
    """The component with most of the critical path; where images overlap, the one with most work."""

    component: str
    """The busiest copy, where there are several."""
    copies: int
    """How many there are of its kind: a second unit is one for each."""
    by: str
    """What it was chosen by: its share of the `critical path`, or of the time as `work`."""
    share: float
    utilisation: float
    gain_at_most_s: float


def find(plan: Plan, counted: Counted) -> Bottleneck | None:
    """The bottleneck of a run; None where it took no time."""
    bounds = _Bounds(plan, counted)
    if not counted.trained:
        return None
    times = bounds.ways if bounds.depth == 1 else bounds.work
    kind = max(sorted(times), key=lambda name: times[name])
    busiest = max(bounds.kinds[kind], key=lambda use: use.served)
    return Bottleneck(
        component=busiest.component,
        copies=len(bounds.kinds[kind]),
        by="critical path" if bounds.depth == 1 else "work",
        share=times[kind] / counted.trained,
        utilisation=busiest.busy / counted.trained,
        gain_at_most_s=max(bounds.gain(kind), 0) / PER_SECOND,
    )


class _Bounds:
    """What a run's times say about the time with a second unit [ps], by the kind of component."""

    def __init__(self, plan: Plan, counted: Counted) -> None:
        self._plan = plan
        self._counted = counted
        self.depth = plan.architecture.depth
        self.kinds: dict[str, list[Usage]] = {}
        for use in counted.usage:
            self.kinds.setdefault(groups.base(use.component), []).append(use)
        self.work = {kind: max(use.served for use in uses) for kind, uses in self.kinds.items()}
        self.ways = dict.fromkeys(self.kinds, 0)
        self._served, self._learnt = dict(self.ways), dict(self.ways)
        learning: Mapping[str, Mapping[str, str]] = {
            stage.name: stage.given.matrices for stage in counted.stages
        }
        for leg in counted.path:
            kind = groups.base(leg.component)
            self.ways[kind] += leg.time
            if leg.served:
                self._served[kind] += leg.time
                self._learnt[kind] += leg.time if leg.operation in learning[leg.stage] else 0

    def gain(self, kind: str) -> float:
        """The most that a second unit of a kind can gain."""
        if not self._shortened(kind) and not any(use.waiting for use in self.kinds[kind]):
            return 0
        return self._counted.trained - self._least(kind)

    def _least(self, kind: str) -> float:
        """The shortest time with a second unit."""
        others = [work for name, work in self.work.items() if name != kind]
        ways = sum(self._served.values()) - self._saved(self._served, kind)
        learnt = sum(self._learnt.values()) - self._saved(self._learnt, kind)
        return max([*others, self.work[kind] / 2, ways / self.depth, learnt])

    def _saved(self, served: Mapping[str, int], kind: str) -> float:
        return served[kind] / 2 if self._shortened(kind) else 0

    def _shortened(self, kind: str) -> bool:
        """Whether a second unit makes some transaction shorter."""
        parameters = self._plan.architecture.declared[kind]
        if not parameters.in_turns:
            return False
        return parameters.role != "adc" or self._lines(kind) > getattr(parameters, parameters.in_turns)

    def _lines(self, kind: str) -> int:
        """The most lines that a converter of a kind is given at once."""
        plan = self._plan
        reads = (
            (way, plan.blocks[way[1]], plan.architecture.cells[route[1]])
            for way, route in plan.routes.items()
            if len(route) > 2 and groups.base(route[2]) == kind and route[1] in plan.architecture.cells
        )
        return max(
            (
                _sensed(way[0], block) * (cell.devices if way[0] == INSPECT else 1)
                for way, block, cell in reads
            ),
            default=0,
        )


def _sensed(operation: str, block: Block) -> int:
    across = operation == "backward" or operation.endswith(TRANSPOSED)
    return block.rows if across else block.columns
