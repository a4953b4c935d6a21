"""Energy of every epoch of a training run, counted whole and by the usual short cut, from the same run.

The short cut is that of NeuroSim's framework for training on a chip (NeuroSim2021, files of
DNN_NeuroSim_V2.1). After each epoch `train.py` hands on the weights before and after its last mini-batch,
`utee/hook.py` the inputs of the first test image, and `NeuroSIM/Chip.cpp` multiplies: the energy of a read
by the images of a mini-batch (`batchSize`) and the mini-batches of an epoch (`numIteration`), the energy of
the write by the mini-batches. So with n images and m mini-batches in an epoch

    sampled = n x forward pass of the first test image + m x what the last mini-batch did to the weights

where the chip is as the epoch leaves it. Counts are multiplied here, and prices are those of the full count:
all that differs is what was looked at. The framework counts as written what differs between the weights
before and after; here every pulse of the last mini-batch is known to the short cut, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any, NamedTuple

from chipsim.accounting.ledger import Ledger, LedgerRow
from chipsim.accounting.pricing import Prices, total
from chipsim.architecture.plan import Plan
from chipsim.experiments import ensemble
from chipsim.experiments.reproductions.study import Study
from chipsim.experiments.run import Request, prepare, stage_data
from chipsim.learning.transfer import TransferRule
from chipsim.reports import charts, theme
from chipsim.reports.quantities import percent
from chipsim.reports.tabular import csv_text, lined
from chipsim.simulation.chip import Chip
from chipsim.simulation.controller import Controller
from chipsim.simulation.records import EVALUATION, StageTask
from chipsim.workloads import preparation
from chipsim.workloads.stages import Stage

REQUEST = Request("reram-8x4", "reduced-digits-scratch")
EPOCHS, SEEDS = 38, 20
"""As many epochs of 260 images as the workload's 10,000 images hold, and seeds 0, 1, ..."""

READS, UPDATE, TRANSFER, TOTAL = "reads", "update", "transfer", "total"
PARTS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("forward", "backward", "loss"), READS),
        "update": UPDATE,
        **dict.fromkeys(
            ("transfer-read", "transfer-read-transposed", "integrate", "transfer-write"), TRANSFER
        ),
    }
)
"""From an operation of the ledger to its part: reads for the passes, pulses on A, and from A to C."""


# One run


class Row(NamedTuple):
    """Energy [J] of a part of an epoch (from 1): by the full count, and by the short cut."""

    seed: int
    epoch: int
    part: str
    counted_J: float  # noqa: N815 - the unit's own symbol
    sampled_J: float  # noqa: N815

    @property
    def ratio(self) -> float:
        """The short cut over the full count."""
        return self.sampled_J / self.counted_J


def epochs(plan: Plan, task: StageTask, prices: Prices, seed: int) -> tuple[Row, ...]:
    """Train on a new chip, and count every epoch both ways.

    A mini-batch is what lies between two evaluations of the task; an epoch must hold a whole number of them,
    the task a whole number of epochs. Before the first epoch devices are prepared, which belongs to none.
    """
    images, batch = task.data.train_x.shape[0], task.evaluate_every
    assert images % batch == 0, "an epoch is a whole number of mini-batches"
    assert task.images % images == 0, "a task is a whole number of epochs"
    one = replace(task.data, test_x=task.data.test_x[:1], test_y=task.data.test_y[:1])
    controller = Controller(Chip(plan, seed))
    seen: dict[int, tuple[Ledger, Ledger]] = {}

    def look(stage: str, done: int, _: int, accuracy: float) -> None:
        del accuracy
        seen[done] = controller.ledger.only(stage), controller.ledger.only(EVALUATION)

    controller.run(replace(task, data=one), look)
    rows: list[Row] = []
    for epoch in range(1, task.images // images + 1):
        end, tested = seen[epoch * images]
        last, before = seen[epoch * images - batch]
        counted = end.since(seen[(epoch - 1) * images][0]).rows()
        sampled = (
            *_times(images, tested.since(before).rows()),
            *(row for row in _times(images // batch, end.since(last).rows()) if _part(row) != READS),
        )
        rows += (
            Row(seed, epoch, part, prices.energy(_of(part, counted)), prices.energy(_of(part, sampled)))
            for part in (READS, UPDATE, TRANSFER, TOTAL)
        )
    return tuple(rows)


def _times(factor: int, rows: Iterable[LedgerRow]) -> Iterator[LedgerRow]:
    return (row._replace(count=factor * row.count) for row in rows)


def _part(row: LedgerRow) -> str | None:
    return PARTS.get(row.operation)


def _of(part: str, rows: Iterable[LedgerRow]) -> Iterator[LedgerRow]:
    """Rows of a part; a preparation is none."""
    return (row for row in rows if _part(row) == part or (part == TOTAL and _part(row) is not None))


# The study


class Found(NamedTuple):
    """A part of the epochs from `first` to `last`, over the seeds."""

    first: int
    last: int
    part: str
    counted_J: float  # noqa: N815
    """Mean over the seeds, like `sampled_J` and `ratio`."""
    sampled_J: float  # noqa: N815
    ratio: float
    interval: tuple[float, float]
    """95 % interval of the mean ratio (Student's)."""
    seeds: tuple[float, float]
    """Least and largest ratio of a seed."""


@dataclass(frozen=True)
class Counting:
    """What was run, and its epochs, for all seeds."""

    setting: str
    rows: tuple[Row, ...]

    @property
    def epochs(self) -> tuple[int, ...]:
        """Epochs from 1."""
        return tuple(dict.fromkeys(row.epoch for row in self.rows))

    @property
    def spans(self) -> tuple[tuple[int, int], ...]:
        """First and last of epochs taken together: some at the begin, all that follow, and the whole run."""
        last = self.epochs[-1]
        ends = ((first, min(end, last)) for first, end in (*_SPANS, (1, last)) if first < last)
        return tuple(dict.fromkeys(ends))

    @cached_property
    def found(self) -> tuple[Found, ...]:
        """Every part of every epoch, and then of the spans."""
        alone = tuple((epoch, epoch) for epoch in self.epochs)
        return tuple(
            _found(first, last, part, self.rows)
            for first, last in (*alone, *self.spans)
            for part in (READS, UPDATE, TRANSFER, TOTAL)
        )

    def of(self, first: int, last: int) -> dict[str, Found]:
        """By part: the epochs from `first` to `last`."""
        return {found.part: found for found in self.found if (found.first, found.last) == (first, last)}

    def text(self) -> str:
        """A table of some epochs and of the spans, and what stands in it."""
        shown = [(epoch, epoch) for epoch in _SHOWN if epoch in self.epochs]
        rows = [("", "counted", "update's", *_over(("all of it", UPDATE, TRANSFER, READS)))]
        rows += [("epoch", "[nJ]", "share", *("ratio", "seeds") * 2, "ratio", "ratio")]
        rows += [_line(*span, self.of(*span)) for span in (*shown, *self.spans)]
        return "\n".join((self.setting, "", lined(rows), "", _READING))

    def as_dict(self) -> Mapping[str, Any]:
        """Every part of every epoch over the seeds; single seeds are in the tables of `files`."""
        return {"setting": self.setting, "found": [found._asdict() for found in self.found]}

    def files(self) -> Mapping[str, Callable[[], str]]:
        """The figure, what it shows, and every seed's epochs."""
        return {
            ".svg": lambda: figure(self),
            ".csv": lambda: csv_text(
                (*Found._fields[:6], "low", "high", "least", "most"),
                ((*f[:6], *f.interval, *f.seeds) for f in self.found),
            ),
            "-seeds.csv": lambda: csv_text((*Row._fields, "ratio"), ((*row, row.ratio) for row in self.rows)),
        }


_SHOWN = (1, 2, 3, 5, 10, 20, 38)
_SPANS = ((1, 3), (4, 10), (11, EPOCHS))
_READING = """\
ratio: short cut over full count, mean over the seeds, +- half its 95 % interval; seeds: least to largest."""


def _over(parts: Sequence[str]) -> tuple[str, ...]:
    return (parts[0], "", parts[1], "", *parts[2:])


def _line(first: int, last: int, found: Mapping[str, Found]) -> tuple[str, ...]:
    whole, update = found[TOTAL], found[UPDATE]
    span = f"{first}" if first == last else f"{first} to {last}"
    return (
        span, f"{whole.counted_J * 1e9:.3g}", percent(update.counted_J / whole.counted_J),
        _ratio(whole), _seeds(whole), _ratio(update), _seeds(update),
        _ratio(found[TRANSFER]), _ratio(found[READS]),
    )  # fmt: skip


def _ratio(found: Found) -> str:
    low, high = found.interval
    return f"{found.ratio:.3f} +- {(high - low) / 2:.3f}"


def _seeds(found: Found) -> str:
    return f"{found.seeds[0]:.2f} to {found.seeds[1]:.2f}"


def _found(first: int, last: int, part: str, rows: Sequence[Row]) -> Found:
    mine = [row for row in rows if row.part == part and first <= row.epoch <= last]
    seeds = dict.fromkeys(row.seed for row in mine)
    summed = [_sum([row for row in mine if row.seed == seed]) for seed in seeds]
    ratios = [row.ratio for row in summed]
    spread = ensemble.summary(ratios)
    return Found(
        first, last, part, total(row.counted_J for row in summed) / len(summed),
        total(row.sampled_J for row in summed) / len(summed), spread["mean"],
        tuple(spread["ci95"] or (spread["mean"],) * 2), (min(ratios), max(ratios)),
    )  # fmt: skip


def _sum(rows: Sequence[Row]) -> Row:
    """Epochs of a seed taken together; the first one's number stays."""
    counted, sampled = total(row.counted_J for row in rows), total(row.sampled_J for row in rows)
    return rows[0]._replace(counted_J=counted, sampled_J=sampled)


def compare(count: int = EPOCHS, seeds: int = SEEDS) -> Counting:
    """Train every seed for so many epochs, and count every epoch both ways."""
    job = prepare(REQUEST)
    stage, rule = job.workload.stages[0], job.rules[job.workload.stages[0].name]
    assert isinstance(rule, TransferRule), "a rule whose mini-batch ends with a transfer"
    assert isinstance(stage, Stage), "a stage that trains"
    prices = job.plan.prices(job.architecture.costs)
    rows: list[Row] = []
    for seed in range(seeds):
        data, _ = stage_data(
            job.workload, 0, preparation.convert(job.selection, job.workload.data, seed), seed
        )
        images = data.train_x.shape[0]
        assert isinstance(stage.start, str)
        task = StageTask(stage.name, stage.start, count * images, rule.transfer_every, rule, data)
        rows += epochs(job.plan, task, prices, seed)
    setting = (
        f"{job.workload.name} ({job.workload.data.set}) on {job.architecture.name}, {seeds} seeds, epochs of "
        f"{images} images in mini-batches of {rule.transfer_every}; without preparation and leakage"
    )
    return Counting(setting, tuple(rows))


# The figure

_ROLES = {TOTAL: "ink", UPDATE: "series-2", TRANSFER: "series-3", READS: "series-1"}


def figure(outcome: Counting) -> str:
    """Two charts in one SVG file: energy of each epoch by both counts, and the short cut over the full."""
    with charts.panels(1, 2, 8.4, 3.3) as (drawing, axes):
        _draw_energies(axes[0], outcome)
        _draw_ratios(axes[1], outcome)
        return charts.standalone(drawing, "counted against sampled")


def _draw_energies(axes: Any, outcome: Counting) -> None:
    axes.set_title("energy of an epoch, mean over the seeds", fontsize=8.2)
    for part, role in _ROLES.items():
        found = [outcome.of(epoch, epoch)[part] for epoch in outcome.epochs]
        colour = theme.ROLES[role]
        axes.plot(outcome.epochs, [f.counted_J * 1e9 for f in found], color=colour, linewidth=1.6, label=part)
        axes.plot(outcome.epochs, [f.sampled_J * 1e9 for f in found], ".", color=colour, markersize=3.5)
    axes.plot([], [], ".", color=theme.ROLES["muted"], label="by the short cut")
    axes.set_xlabel("epoch")
    axes.set_ylabel("energy (nJ)")
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False, fontsize=7.2)


def _draw_ratios(axes: Any, outcome: Counting) -> None:
    axes.set_title("short cut over full count: seeds, mean and its 95 % interval", fontsize=8.2)
    axes.axhline(1.0, color=theme.ROLES["muted"], linewidth=0.8)
    for part in (UPDATE, TOTAL):
        colour, found = (
            theme.ROLES[_ROLES[part]],
            [outcome.of(epoch, epoch)[part] for epoch in outcome.epochs],
        )
        axes.vlines(outcome.epochs, *zip(*(f.seeds for f in found), strict=True), color=colour, linewidth=0.7)
        low, high = zip(*(f.interval for f in found), strict=True)
        axes.fill_between(outcome.epochs, low, high, color=colour, alpha=0.18, linewidth=0)
        axes.plot(outcome.epochs, [f.ratio for f in found], color=colour, linewidth=1.6, label=part)
    axes.set_xlabel("epoch")
    axes.set_ylabel("ratio")
    axes.set_yscale("log", nonpositive="clip")
    axes.yaxis.set_major_formatter(lambda y, _: f"{y:g}")
    axes.legend(frameon=False, fontsize=7.2)


STUDY = Study("energy of every epoch by the full count, and by the usual short cut from one image", compare)
