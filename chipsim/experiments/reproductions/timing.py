"""What time costs in accuracy: weights that are old when they are read, and weights that leak meanwhile.

Two sweeps over shipped files, each of one number that a user would think of as speed alone:

    images under way   `reram-8x2-pipelined` on `reduced-digits-fast`: an image reads C as it stands when it
                       is let in, before the images ahead of it have been learnt
    a conversion       `capacitor-8x4` on `reduced-digits-sgd`: capacitors lose charge while it lasts
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from chipsim.experiments import ensemble
from chipsim.experiments.reproductions.study import Study
from chipsim.experiments.run import Request, prepare, simulate
from chipsim.reports import charts, theme
from chipsim.reports.tabular import csv_text, lined

SEEDS = 10
LATE = 10
"""Evaluations at the end of a run whose mean is compared."""


class Sweep(NamedTuple):
    """Runs that differ in one number."""

    name: str
    architecture: str
    workload: str
    path: str
    values: tuple[str, ...]
    of: Callable[[str], float]
    """The number that a value is, for the axis."""
    axis: str


def _seconds(text: str) -> float:
    from chipsim.inputs import units

    return units.parse(text, "time")


DEPTHS = Sweep(
    "images under way", "reram-8x2-pipelined", "reduced-digits-fast", "components.controller.depth",
    ("1", "8", "32", "128", "512"), float, "images under way",
)  # fmt: skip
CONVERSIONS = Sweep(
    "conversion", "capacitor-8x4", "reduced-digits-sgd", "components.adc.conversion",
    ("10 ns", "1 us", "10 us", "100 us", "1 ms"), _seconds, "time of a conversion (s)",
)  # fmt: skip
SWEEPS = (DEPTHS, CONVERSIONS)


class Row(NamedTuple):
    """One run: mean accuracy of its last evaluations, and its time for each image."""

    sweep: str
    value: str
    seed: int
    accuracy: float
    image_s: float


@dataclass(frozen=True)
class Timing:
    """All runs of the sweeps."""

    rows: tuple[Row, ...]
    sweeps: tuple[Sweep, ...] = SWEEPS

    def of(self, sweep: str, value: str) -> tuple[float, float, float]:
        """Mean accuracy over the seeds, half of its 95 % interval, and mean time of an image [s]."""
        mine = [row for row in self.rows if (row.sweep, row.value) == (sweep, value)]
        spread = ensemble.summary([row.accuracy for row in mine])
        low, high = spread["ci95"] or (spread["mean"],) * 2
        return spread["mean"], (high - low) / 2, sum(row.image_s for row in mine) / len(mine)

    def text(self) -> str:
        """A table of each sweep."""
        return "\n\n".join("\n".join(self._lines(sweep)) for sweep in self.sweeps)

    def _lines(self, sweep: Sweep) -> Iterator[str]:
        seeds = len({row.seed for row in self.rows})
        yield f"{sweep.workload} on {sweep.architecture}, {seeds} seeds: {sweep.path}"
        yield ""
        rows = [(sweep.name, "accuracy at the end", "an image takes [us]")]
        for value in sweep.values:
            mean, half, time = self.of(sweep.name, value)
            rows.append((value, f"{mean:.3f} +- {half:.3f}", f"{time * 1e6:.4g}"))
        yield lined(rows)

    def as_dict(self) -> Mapping[str, Any]:
        """The sweeps with their files, and every value's mean and interval."""
        return {
            "sweeps": [
                {
                    "architecture": sweep.architecture,
                    "workload": sweep.workload,
                    "path": sweep.path,
                    "found": [self._found(sweep, value) for value in sweep.values],
                }
                for sweep in self.sweeps
            ]
        }

    def _found(self, sweep: Sweep, value: str) -> dict[str, Any]:
        mean, half, time = self.of(sweep.name, value)
        return {"value": value, "accuracy": mean, "half_interval": half, "image_s": time}

    def files(self) -> Mapping[str, Callable[[], str]]:
        """The figure, and every run."""
        return {".svg": lambda: figure(self), ".csv": lambda: csv_text(Row._fields, self.rows)}


def sweep(sweeps: Sequence[Sweep] = SWEEPS, seeds: int = SEEDS, settings: tuple[str, ...] = ()) -> Timing:
    """Run every value of every sweep with each seed; `settings` hold for all runs."""
    return Timing(tuple(row for one in sweeps for row in _runs(one, seeds, settings)), tuple(sweeps))


def _runs(one: Sweep, seeds: int, settings: tuple[str, ...]) -> Iterator[Row]:
    for value in one.values:
        job = prepare(Request(one.architecture, one.workload, (*settings, f"{one.path}={value}")))
        for seed in range(seeds):
            result = simulate(job, seed)
            last = [row[3] for row in result.rows["accuracy"]][-LATE:]
            stage = result.record["stages"][0]
            yield Row(one.name, value, seed, sum(last) / len(last), stage["time_s"] / stage["images"])


def figure(outcome: Timing) -> str:
    """A chart for each sweep, in one SVG file."""
    with charts.panels(1, len(outcome.sweeps), 8.4, 3.1) as (drawing, axes):
        for one, place in zip(outcome.sweeps, np.atleast_1d(axes), strict=True):
            _draw(place, outcome, one)
        return charts.standalone(drawing, "what time costs in accuracy")


def _draw(axes: Any, outcome: Timing, one: Sweep) -> None:
    at = [one.of(value) for value in one.values]
    found = [outcome.of(one.name, value) for value in one.values]
    colour = theme.ROLES["series-1"]
    axes.set_title(f"{one.workload} on {one.architecture}", fontsize=8.2)
    axes.errorbar(
        at, [mean for mean, _, _ in found], yerr=[half for _, half, _ in found],
        color=colour, marker="o", markersize=3.5, linewidth=1.4, capsize=2,
    )  # fmt: skip
    axes.set_xscale("log")
    axes.set_xlabel(one.axis)
    axes.set_ylabel("accuracy at the end")


STUDY = Study("what waiting costs in accuracy: weights that are old, and weights that leak", sweep)
