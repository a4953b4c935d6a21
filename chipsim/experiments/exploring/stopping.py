"""Runs that are stopped because they are clearly dominated: what a run has come to so far, and the rule.

A run is judged at its evaluations, against the front of the generations that have ended: each point there by
its run of the same seed, at the same image. It stops where some point is ahead of it in every objective:

accuracy (`STAGE.accuracy.last`, `.best`; to be maximised): the mean of the last three evaluations, by more
    than `MARGIN`;
what only grows (`time_s` and `energy_J` of a stage; these and `pulses` of the whole run; these, `images` and
    wear to the target; all to be minimised):
    what has been spent so far. What a run that has reached the target took is compared with what the point
    took in the end;
`area_m2`, which is known beforehand: the point's is no larger.

A study with other objectives stops no run, and nothing is judged at the first two evaluations of a stage, in
its first tenth, or at its end. The rule looks at the run and at generations that have ended, and at nothing
else: the same run is stopped at the same image wherever and whenever it is done, or found.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from chipsim.experiments.exploring.record import FAILURE, Files
from chipsim.experiments.exploring.study import Objective
from chipsim.reports import result as results
from chipsim.reports.counted import StageInputs
from chipsim.reports.result import IN_A_ROW
from chipsim.simulation.records import Evaluation

MARGIN = 0.05
"""By how much an accuracy must be worse to count as clearly worse."""
EARLY = 0.1
"""Share of a stage's images in which nothing is judged."""
CURVE, STOPPED = "curve.json", "stopped.json"
"""Files of a run: what it came to at each evaluation, and why it was stopped, if it was."""

AREA = "area_m2"
_ACCURACIES = ("accuracy.last", "accuracy.best")


@dataclass(frozen=True)
class Reading:
    """What a stage had come to at one of its evaluations; `spent` by the names of `to_target` in run.json."""

    stage: str
    images: int
    """Of the stage."""
    image: int
    target: float | None
    accuracy: float
    spent: Mapping[str, float]

    @classmethod
    def of(cls, stage: str, given: StageInputs, at: Evaluation, spent: results.Spent) -> Reading:
        """That of an evaluation."""
        names = {**spent._asdict(), **{f"wear.{matrix}": value for matrix, value in spent.wear.items()}}
        del names["wear"]
        return cls(stage, given.images, at.image, given.target, at.accuracy, names)


@dataclass(frozen=True)
class Curve:
    """A run's readings up to its end, or up to where it was stopped."""

    area_m2: float
    readings: tuple[Reading, ...]

    @classmethod
    def read(cls, content: bytes) -> Curve:
        """The curve that a file holds."""
        found = json.loads(content)
        return cls(found["area_m2"], tuple(Reading(**reading) for reading in found["readings"]))

    def written(self) -> bytes:
        """What the file of the curve holds."""
        return (json.dumps(asdict(self)) + "\n").encode()

    @property
    def done(self) -> int:
        """Images presented in it."""
        return sum({reading.stage: reading.image for reading in self.readings}.values())


Place = tuple[str, int, int]
"""Stage, image, and which of the evaluations there."""
Values = tuple[float | None, ...]
"""One for each objective; None where there is none yet, or none that can be judged."""


class Standing(NamedTuple):
    """How a run stands at one reading; `settled` are the values that will not change any more."""

    place: Place
    due: bool
    """Whether it is to be judged here."""
    values: Values
    settled: tuple[bool, ...]


class Standings:
    """How a run stands in each objective, reading by reading."""

    def __init__(self, objectives: Sequence[Objective], area_m2: float) -> None:
        self._objectives, self._area = objectives, area_m2
        self._stages: dict[str, list[Reading]] = {}
        self._reached: dict[str, Reading] = {}

    def add(self, reading: Reading) -> Standing:
        """How it stands after one more reading."""
        rows = self._stages.setdefault(reading.stage, [])
        rows.append(reading)
        last = [row.accuracy for row in rows[-IN_A_ROW:]]
        if reading.target is not None and results.reached(last, reading.target) is not None:
            self._reached.setdefault(reading.stage, reading)
        again = sum(row.image == reading.image for row in rows) - 1
        due = len(rows) >= IN_A_ROW and EARLY * reading.images <= reading.image < reading.images
        found = [self._value(objective.figure) for objective in self._objectives]
        values, settled = tuple(value for value, _ in found), tuple(done for _, done in found)
        return Standing((reading.stage, reading.image, again), due, values, settled)

    def _value(self, figure: str) -> tuple[float | None, bool]:
        stage, _, rest = figure.partition(".")
        if figure == AREA:
            return self._area, True
        if stage == "total":
            return self._total(rest), False
        rows = self._stages.get(stage)
        if not rows:
            return None, False
        if rest in _ACCURACIES:
            last = [row.accuracy for row in rows[-IN_A_ROW:]]
            return statistics.fmean(last) if len(rows) >= IN_A_ROW else None, False
        if rest.startswith("to_target."):
            at = self._reached.get(stage)
            return (at or rows[-1]).spent.get(rest.removeprefix("to_target.")), at is not None
        return rows[-1].spent.get(rest), False

    def _total(self, key: str) -> float | None:
        parts = [rows[-1].spent.get(key) for rows in self._stages.values()]
        return None if None in parts else sum(part for part in parts if part is not None)


@dataclass(frozen=True)
class Rival:
    """A point of the front, as others are compared with it."""

    number: int
    at: Mapping[Place, Values]
    end: Values

    @classmethod
    def of(cls, number: int, curve: Curve, objectives: Sequence[Objective]) -> Rival:
        """A point by the curve of one of its runs."""
        standings = Standings(objectives, curve.area_m2)
        every = [standings.add(reading) for reading in curve.readings]
        return cls(number, {each.place: each.values for each in every}, every[-1].values)


@dataclass(frozen=True)
class Bar:
    """What a run must not fall behind of: the front of the generations that have ended."""

    objectives: tuple[Objective, ...]
    rivals: tuple[Rival, ...] = ()

    def ahead(self, mine: Standing) -> Rival | None:
        """The first point that a run is clearly dominated by where it stands."""
        if not mine.due or all(objective.figure == AREA for objective in self.objectives):
            return None
        return next((rival for rival in self.rivals if self._beats(rival, mine)), None)

    def _beats(self, rival: Rival, mine: Standing) -> bool:
        theirs = rival.at.get(mine.place)
        return theirs is not None and all(
            _worse(objective, value, end if settled else other)
            for objective, value, settled, other, end in zip(
                self.objectives, mine.values, mine.settled, theirs, rival.end, strict=True
            )
        )


def _worse(objective: Objective, mine: float | None, theirs: float | None) -> bool:
    """Whether one is clearly worse than the other in an objective that can be judged on the way."""
    if mine is None or theirs is None:
        return False
    if objective.figure.endswith(_ACCURACIES):
        return objective.sign < 0 and theirs - mine > MARGIN
    return objective.sign > 0 and (mine > theirs or (objective.figure == AREA and mine == theirs))


class Judge:
    """Follows a run by its readings and says where it is to be stopped, and for which point."""

    def __init__(self, bar: Bar, area_m2: float) -> None:
        self._bar, self._standings = bar, Standings(bar.objectives, area_m2)
        self._area, self._readings = area_m2, list[Reading]()

    @property
    def curve(self) -> Curve:
        """What has been read so far."""
        return Curve(self._area, tuple(self._readings))

    def add(self, reading: Reading) -> Rival | None:
        """The point that one more reading shows it to be dominated by."""
        self._readings.append(reading)
        return self._bar.ahead(self._standings.add(reading))


def judged(bar: Bar | None, files: Files) -> Files | None:
    """What a study makes of the files that a run has left; None: it is to be done again.

    A finished run counts as stopped where this study would have stopped it, and one that was stopped as such
    only where this study would have done so too. Without a `bar` nothing is stopped.
    """
    if FAILURE in files:
        return files
    if bar is not None:
        if CURVE not in files:
            return None
        curve = Curve.read(files[CURVE])
        judge = Judge(bar, curve.area_m2)
        for reading in curve.readings:
            if (rival := judge.add(reading)) is not None:
                return stopped(judge.curve, rival)
    return None if STOPPED in files else files


def stopped(curve: Curve, rival: Rival) -> Files:
    """What a run leaves that was stopped at its last reading."""
    at = curve.readings[-1]
    reason = (
        f"stopped after {at.image:,} of {at.images:,} images of stage '{at.stage}': "
        f"so far worse in everything than point {rival.number}"
    )
    content: Mapping[str, Any] = {"stage": at.stage, "image": at.image, "reason": reason}
    return {STOPPED: (json.dumps(content, indent=1) + "\n").encode(), CURVE: curve.written()}
