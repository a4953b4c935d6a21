"""How fast chips converge: the one definition that figures, tables and docs use.

*Final accuracy* of a chip: the mean of its evaluations over the last tenth of the stage's images.

*Target* of a seed: a share (98 % where nothing else is said) of the final accuracy that the chip of that seed
reaches from scratch. It is the seed's own, since its projection sets the ceiling.

*To the target*: of the first three evaluations in a row whose mean reaches the target, the last one
(`reports.result.reached`); the accuracy before the first image counts as an evaluation. A run that never gets
there took longer than any that did: infinitely many images, never left out. Coarser evaluation steps are
taken from the same curves.

*Ratio*: the median over seeds of scratch's images over that of the other curve's, with the 90 % interval of a
bootstrap that draws seeds, both curves of a seed together (`comparison.ratio`). Above 1 the other is faster.

*Shortfall*: the area between a curve and its seed's final accuracy from scratch, by trapezoids over the whole
stage. Its unit is an image: 1,000 images at 10 points below that level are a shortfall of 100. It needs no
target, every run has one, and above the level it counts as negative.
"""

from __future__ import annotations

import csv
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress
from pathlib import Path
from typing import NamedTuple

import numpy as np

from chipsim.experiments.comparison import Ratio, interval, ratio
from chipsim.experiments.run import Job
from chipsim.reports import counted
from chipsim.reports import result as results
from chipsim.reports.result import ToTarget

SHARE = 0.98
"""Of scratch's final accuracy: the target where nothing else is said."""
SHARES = tuple(percent / 100 for percent in range(90, 100))
"""Targets over which a ratio is shown."""
STEPS = (100, 500)
"""Images between two evaluations for which a ratio is shown."""
LAST = 0.1
"""Share of a stage's images over which the final accuracy is averaged."""


class Trace(NamedTuple):
    """A chip's test accuracy over the images of a stage, from before the first."""

    images: tuple[int, ...]
    accuracy: tuple[float, ...]

    def every(self, step: int) -> Trace:
        """The evaluations after every so many images."""
        kept = [pair for pair in zip(*self, strict=True) if pair[0] % step == 0]
        return Trace(*map(tuple, zip(*kept, strict=True)))

    @property
    def final(self) -> float:
        """Mean accuracy over the last tenth of the images."""
        begin = (1.0 - LAST) * self.images[-1]
        return statistics.fmean(a for image, a in zip(*self, strict=True) if image > begin)

    def images_to(self, target: float) -> float:
        """Images to a target; infinite where it was not reached."""
        index = results.reached(self.accuracy, target)
        return math.inf if index is None else float(self.images[index])

    def shortfall(self, level: float) -> float:
        """Area between a level and the curve [images]."""
        return float(np.trapezoid([level - a for a in self.accuracy], self.images))


def read(folder: Path, stage: str) -> Trace:
    """The curve of a stage from a run's folder."""
    with (folder / "accuracy.csv").open(encoding="utf-8", newline="") as stream:
        rows = [
            (int(row["image"]), float(row["accuracy"]))
            for row in csv.DictReader(stream)
            if row["stage"] == stage
        ]
    return Trace(*map(tuple, zip(*rows, strict=True)))


class Difference(NamedTuple):
    """A difference of means, with its 90 % bootstrap interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Versus:
    """A curve against scratch on the same seeds, in the same order."""

    scratch: Sequence[Trace]
    other: Sequence[Trace]

    def targets(self, share: float = SHARE) -> list[float]:
        """The target of each seed."""
        return [share * trace.final for trace in self.scratch]

    def images(self, share: float = SHARE, step: int = STEPS[0]) -> tuple[list[float], list[float]]:
        """Images to the target of each seed, of scratch and of the other curve."""
        targets = self.targets(share)

        def of(side: Sequence[Trace]) -> list[float]:
            return [trace.every(step).images_to(target) for trace, target in zip(side, targets, strict=True)]

        return of(self.scratch), of(self.other)

    def ratio(self, share: float = SHARE, step: int = STEPS[0]) -> Ratio:
        """Scratch's images to the target over the other curve's."""
        return ratio(*self.images(share, step))

    def ratio_at(self, accuracy: float, step: int = STEPS[0]) -> Ratio:
        """The ratio for one absolute target, the same for all seeds."""
        found = (
            [trace.every(step).images_to(accuracy) for trace in side] for side in (self.scratch, self.other)
        )
        return ratio(*found)

    def where(self, chosen: Sequence[bool]) -> Versus:
        """The same for some of the seeds."""
        sides = (compress(side, chosen) for side in (self.scratch, self.other))
        return Versus(*map(tuple, sides))

    def single(self, share: float = SHARE, step: int = STEPS[0]) -> list[float]:
        """The ratio of each seed by itself, sorted; NaN, where neither arrives, left out."""
        pairs = zip(*self.images(share, step), strict=True)
        return sorted(s / o if math.isfinite(o) else 0.0 for s, o in pairs if math.isfinite(min(s, o)))

    def shortfalls(self) -> tuple[list[float], list[float]]:
        """Shortfall of each seed, of scratch and of the other curve [images]."""
        levels = [trace.final for trace in self.scratch]

        def of(side: Sequence[Trace]) -> list[float]:
            return [trace.shortfall(level) for trace, level in zip(side, levels, strict=True)]

        return of(self.scratch), of(self.other)

    def saved(self) -> Difference:
        """Mean shortfall of scratch less that of the other curve [images]."""
        apart = [s - o for s, o in zip(*self.shortfalls(), strict=True)]

        def mean(chosen: Sequence[int]) -> float:
            return statistics.fmean(apart[k] for k in chosen)

        return Difference(statistics.fmean(apart), *interval(mean, len(apart)))


def most(values: Sequence[float]) -> tuple[float, float]:
    """What 8 of 10 values lie between, ends included; NaN where there are none."""
    if not values:
        return math.nan, math.nan
    ordered, last = sorted(values), len(values) - 1
    return ordered[round(0.1 * last)], ordered[round(0.9 * last)]


def spent(job: Job, folder: Path, stage: str, target: float) -> ToTarget | None:
    """What the chip in a run's folder spent to reach a target in a stage; None: it did not reach it."""
    (counts,) = (found for found in counted.read(folder, job.matrices).stages if found.name == stage)
    return results.to_target(job.plan, counts, target)
