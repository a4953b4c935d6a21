"""Figures 10A and 10B: three layers pre-trained digitally, fine-tuned on images with swapped rows.

Epochs are counted as the paper does: epoch 0 is the digital network on the images with swapped rows, epoch 1
the same network on the array, epoch 2 after programming noise, and epochs 3 to 42 are those of fine-tuning.
From scratch epoch 2 is the network of random conductances. *Final* is the mean of the last three epochs.
"""

from __future__ import annotations

import csv
import statistics
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np

from chipsim.experiments import convergence
from chipsim.experiments.reproductions.converging import quantities
from chipsim.experiments.reproductions.curves import Chips, Curve
from chipsim.experiments.reproductions.figure import Chosen, Data, Figure, Made, Row, Table
from chipsim.reports import figures, theme
from chipsim.reports.result import ToTarget

CHIPS = 3
"""Chips of a curve, where the user does not say."""
NOISE = (0.0, 2.5, 5.0, 7.5, 10.0)
"""Programming noise [% of the weight range], as in the paper's figures."""
LAST = 3
"""Epochs that the final error is the mean of."""
BEGUN = 2
"""The epoch at which training on the array begins."""
AT_ONCE = 2
"""Epochs of fine-tuning within which transfer should be where scratch ends."""

_CHIP, _HOST = "reram-tiled-512", "reram-tiled-512-host"
PRETRAINED = Curve("fc-pretrain", "digital pre-training", "{data}-fc-pretrain", "pretrain", _HOST)


class Published(NamedTuple):
    """What the paper gives of a curve: its noise [%] (None: from scratch) and errors at the end [%]."""

    noise: float | None
    errors: tuple[float, ...]
    text: str


def scratch(pairs: int) -> Curve:
    """Training from random conductances, on images with so many pairs of rows swapped."""
    rows = f"stages.train.elements={{swapped_rows: {pairs}}}"
    return Curve(f"rows{pairs}-scratch", "from scratch", "{data}-fc", "train", _CHIP, (rows,), arrays=False)


def transfer(pairs: int, noise: float) -> Curve:
    """Fine-tuning after programming with so much noise [%]."""
    settings = (
        f"stages.moved.elements={{swapped_rows: {pairs}}}",
        f"stages.finetune.elements={{swapped_rows: {pairs}}}",
        f"stages.program.method.spread={noise:g} %",
    )
    return Curve(
        f"rows{pairs}-noise{noise:g}", f"{noise:g} % noise", "{data}-fc-transfer", "finetune", _HOST,
        settings, PRETRAINED, arrays=False,
    )  # fmt: skip


def figure(name: str, pairs: int, published: Sequence[Published]) -> Figure:
    """The figure for so many pairs of swapped rows."""
    fresh, tuned = scratch(pairs), tuple(transfer(pairs, noise) for noise in NOISE)

    def make(chosen: Chosen, title: str) -> Made:
        seen = Seen(
            Errors(chosen[fresh.name]), {n: Errors(chosen[c.name]) for n, c in zip(NOISE, tuned, strict=True)}
        )
        return Made(
            [*_published(seen, published), *_claims(seen, published)],
            [_epochs(seen), _spent(seen)],
            _drawn(seen, published, title),
            _data(seen),
        )

    counted = "one pair of rows" if pairs == 1 else f"{pairs} pairs of rows"
    title = (
        f"Three layers fine-tuned on images with {counted} swapped (Athena2024, figure {name[3:].upper()})"
    )
    return Figure(name, title, (fresh, *tuned), make, CHIPS)


@dataclass(frozen=True)
class Errors:
    """The test errors [%] of a curve's chips by epoch."""

    chips: Chips

    @cached_property
    def by_chip(self) -> tuple[Mapping[float, float], ...]:
        """By epoch, for each chip."""
        every = self.chips.job.workload.evaluate.every
        return tuple(_read(folder, self.chips.curve, every) for folder in self.chips.folders)

    @property
    def epochs(self) -> tuple[float, ...]:
        """Epochs at which the network was measured."""
        return tuple(self.by_chip[0])

    def at(self, epoch: float) -> list[float]:
        """The errors of the chips at an epoch."""
        return [errors[epoch] for errors in self.by_chip]

    @property
    def final(self) -> list[float]:
        """The final error of each chip."""
        return [statistics.fmean(list(errors.values())[-LAST:]) for errors in self.by_chip]

    @property
    def best(self) -> list[tuple[float, float]]:
        """Lowest error of each chip in training, and the epoch that it was reached at."""
        trained = ({e: error for e, error in errors.items() if e > BEGUN} for errors in self.by_chip)
        return [min((error, epoch) for epoch, error in errors.items()) for errors in trained]


class Seen(NamedTuple):
    """The curves of a figure: from scratch, and transfer by noise [%]."""

    scratch: Errors
    transfer: Mapping[float, Errors]

    @property
    def named(self) -> Iterator[tuple[str, Errors]]:
        """All curves with what they are called."""
        yield "from scratch", self.scratch
        for noise, errors in self.transfer.items():
            yield f"transfer, {noise:g} % noise", errors


def _read(folder: Path, curve: Curve, epoch: int) -> dict[float, float]:
    by_stage: dict[str, list[tuple[int, float]]] = {}
    with (folder / "accuracy.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            found = int(row["image"]), 100 * (1 - float(row["accuracy"]))
            by_stage.setdefault(row["stage"], []).append(found)
    earlier = {} if curve.after is None else {0.0: by_stage["moved"][-1][1], 1.0: by_stage["convert"][-1][1]}
    return earlier | {BEGUN + image / epoch: error for image, error in by_stage[curve.stage]}


# Claims


def _published(seen: Seen, published: Sequence[Published]) -> Iterator[Row]:
    for noise, errors, text in published:
        found = seen.scratch if noise is None else seen.transfer[noise]
        what = "from scratch" if noise is None else f"transfer, {noise:g} % noise"
        yield Row(f"{what}: final error", text, _range(found.final), _verdict(found.final, errors))


def _verdict(found: Sequence[float], errors: Sequence[float]) -> str:
    """Whether a published error lies within the chips' range, or by how much all of those differ."""
    low, high = min(found), max(found)
    if any(low <= error <= high for error in errors):
        return "agrees: within the chips' range"
    apart = min((statistics.fmean(found) - error for error in errors), key=abs)
    return f"differs: {abs(apart):.1f} points {'higher' if apart > 0 else 'lower'}"


def _claims(seen: Seen, published: Sequence[Published]) -> Iterator[Row]:
    scratch_ends = statistics.fmean(seen.scratch.final)
    finals = {noise: statistics.fmean(errors.final) for noise, errors in seen.transfer.items()}
    gains = [scratch_ends - final for final in finals.values()]
    below = sum(gain > 0 for gain in gains)
    yield Row(
        "transfer ends below scratch", "at every noise level",
        f"by {min(gains):.1f} to {max(gains):.1f} points",
        f"{'agrees' if below == len(gains) else 'differs'}: at {below} of {len(gains)} levels",
    )  # fmt: skip
    yield _noises(finals, published)
    late = {noise: _arrival(errors, scratch_ends) for noise, errors in seen.transfer.items()}
    shown = ", ".join("never" if epoch is None else f"{epoch:g}" for epoch in late.values())
    yield Row(
        "epoch at which transfer's mean is where scratch ends", "", f"{shown} (by noise)",
        _when(late.values()),
    )  # fmt: skip


def _when(epochs: Collection[float | None]) -> str:
    """How soon all curves arrived; what is there at the beginning, training has no part in."""
    known = [epoch for epoch in epochs if epoch is not None]
    if len(known) < len(epochs) or max(known) > BEGUN + AT_ONCE:
        return f"not within {AT_ONCE} epochs of training"
    return "before training on the array" if max(known) <= BEGUN else f"within {AT_ONCE} epochs of training"


def _noises(finals: Mapping[float, float], published: Sequence[Published]) -> Row:
    """What noise does to the final error, between the levels that the paper gives, or all of them."""
    given = {noise: statistics.fmean(errors) for noise, errors, _ in published if noise is not None}
    low, high = (min(given), max(given)) if len(given) > 1 else (NOISE[0], NOISE[-1])
    paper = f"{given[high] - given[low]:+.2f} points" if len(given) > 1 else ""
    what = f"noise of {high:g} % in place of {low:g} %"
    return Row(what, paper, f"{finals[high] - finals[low]:+.1f} points at the end", "")


def _arrival(errors: Errors, level: float) -> float | None:
    """The first epoch on the array at which the chips' mean error is no higher than a level."""
    arrived = (e for e in errors.epochs if e >= BEGUN and statistics.fmean(errors.at(e)) <= level)
    return next(arrived, None)


# Tables


def _range(values: Sequence[float]) -> str:
    mean = statistics.fmean(values)
    if len(values) == 1:
        return f"{mean:.2f} %"
    return f"{mean:.2f} % ({min(values):.2f} to {max(values):.2f})"


def _epochs(seen: Seen) -> Table:
    title = (
        "Test error, mean over the chips (and their range at the end): epoch 0 is the digital network on "
        "swapped rows, 1 on the array, 2 with programming noise; the lowest with its epoch, and how far the "
        "end lies above"
    )
    head = ("", "epoch 0", "1", "2", "3", "5", "12", "lowest", "final", "above the lowest")
    return Table(title, head, [_epochs_row(name, errors) for name, errors in seen.named])


def _epochs_row(name: str, errors: Errors) -> tuple[str, ...]:
    shown = (
        f"{statistics.fmean(errors.at(epoch)):.2f} %" if epoch in errors.epochs else ""
        for epoch in (0.0, 1.0, 2.0, 3.0, 5.0, 12.0)
    )
    best = statistics.fmean(error for error, _ in errors.best)
    when = statistics.fmean(epoch for _, epoch in errors.best)
    rise = statistics.fmean(errors.final) - best
    return (name, *shown, f"{best:.2f} % at {when:.0f}", _range(errors.final), f"{rise:.2f} points")


def _spent(seen: Seen) -> Table:
    title = (
        "What training on the array takes, means over the chips: all of it, and until the mean of three "
        "epochs is where scratch ends; wear is pulses a cell in the mean, and of the most pulsed cell"
    )
    head = (
        "", "tiles", "area", "time", "energy", "pulses", "wear A", "wear C", "most worn",
        "to scratch's error: epoch", "time", "energy", "chips that arrive",
    )  # fmt: skip
    level = 1 - statistics.fmean(seen.scratch.final) / 100
    return Table(title, head, [_spent_row(name, errors.chips, level) for name, errors in seen.named])


def _spent_row(name: str, chips: Chips, level: float) -> tuple[str, ...]:
    plan = chips.job.plan

    def mean(path: str) -> float:
        return statistics.fmean(chips.figures(path))

    worn = statistics.fmean(max(one["pulses"] for one in record["wear"]) for record in chips.records)
    found = [convergence.spent(chips.job, folder, chips.curve.stage, level) for folder in chips.folders]
    arrived = [one for one in found if one is not None]
    return (
        name, str(len(plan.architecture.cells)), f"{_area(chips):.2f} mm2",
        quantities(mean("time_s"), "s"), quantities(mean("energy_J"), "J"),
        f"{mean('pulses.set') + mean('pulses.reset'):,.0f}",
        *(f"{_fired(chips, matrix) / plan.cells_of(matrix):,.1f}" for matrix in ("A", "C")),
        f"{worn:,.0f}", *_to_level(arrived, chips.job.workload.evaluate.every),
        f"{len(arrived)} of {len(found)}",
    )  # fmt: skip


def _fired(chips: Chips, matrix: str) -> float:
    """Mean pulses on a matrix in the curve's stage; those of a matrix without any are not in the record."""
    stages = (s for record in chips.records for s in record["stages"] if s["name"] == chips.curve.stage)
    return statistics.fmean(stage["pulses"]["by_matrix"].get(matrix, 0) for stage in stages)


def _area(chips: Chips) -> float:
    return 1e6 * float(chips.records[0]["area_m2"])


def _to_level(arrived: Sequence[ToTarget], every: int) -> tuple[str, str, str]:
    if not arrived:
        return ("beyond the run",) * 3
    epoch = BEGUN + statistics.fmean(one.images for one in arrived) / every
    time = statistics.fmean(one.time_s for one in arrived)
    energy = statistics.fmean(one.energy_J for one in arrived)
    return f"{epoch:.0f}", quantities(time, "s"), quantities(energy, "J")


# Drawing and data


def _drawn(seen: Seen, published: Sequence[Published], title: str) -> str:
    lines = [
        figures.Lines(
            name, theme.series(index), errors.epochs, [list(one.values()) for one in errors.by_chip]
        )
        for index, (name, errors) in enumerate(seen.named)
    ]
    levels = [
        (f"paper, {'scratch' if noise is None else f'{noise:g} % noise'}", float(np.mean(errors)))
        for noise, errors, _ in published
    ]
    return figures.errors(lines, levels, title)


def _data(seen: Seen) -> Data:
    rows = [
        (errors.chips.curve.name, epoch, *errors.at(epoch))
        for _, errors in seen.named
        for epoch in errors.epochs
    ]
    chips = len(seen.scratch.by_chip)
    return Data(("curve", "epoch", *(f"error_percent_{k}" for k in range(chips))), rows)
