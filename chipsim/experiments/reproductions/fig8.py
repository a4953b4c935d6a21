"""Figure 8: Task 1 on the array, then Task 2 before any fine-tuning, N = 3."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from chipsim.experiments import convergence
from chipsim.experiments.comparison import interval
from chipsim.experiments.reproductions.curves import ANALOG
from chipsim.experiments.reproductions.figure import Chosen, Data, Figure, Made, Row, Table, percent, study
from chipsim.reports import figures

TASK_1 = "pretrain"
"""The stage that learns Task 1."""
DROP = 24.0
"""Points between Task 1 and Task 2, on average, as the paper gives them."""


def make(chosen: Chosen, title: str) -> Made:
    """Table and drawing of what Task 1 leaves for Task 2."""
    chips = chosen[ANALOG.name]
    traces = [convergence.read(folder, TASK_1) for folder in chips.folders]
    before, after = chips.figures("accuracy.last", TASK_1), chips.figures("accuracy.first")
    linear = [chips.figures("linear_accuracy", stage) for stage in (TASK_1, ANALOG.stage)]
    lines = figures.Lines("Task 1", "series-1", traces[0].images, [trace.accuracy for trace in traces])
    pairs = list(zip(before, after, strict=True))
    names = ("Task 1, trained", "Task 2, before fine-tuning")
    panel = figures.Panel("Task 1 on the array, from random conductances", [lines])
    rows = [
        (record["seed"], *values)
        for record, *values in zip(chips.records, before, after, *linear, strict=True)
    ]
    return Made(
        _rows(before, after, [t.final for t in traces], linear[0]),
        [_table(names, (before, after), linear)],
        figures.handover(panel, pairs, title, names),
        Data(("seed", "task_1", "task_2_before", "linear_1", "linear_2"), rows),
    )


def _rows(
    before: Sequence[float], after: Sequence[float], final: Sequence[float], linear: Sequence[float]
) -> list[Row]:
    drops = [100 * (b - a) for b, a in zip(before, after, strict=True)]
    low, high = interval(lambda drawn: statistics.fmean(drops[k] for k in drawn), len(drops))
    agrees = low <= DROP <= high
    short = statistics.median(c - f for c, f in zip(linear, final, strict=True))
    return [
        Row("Task 1, accuracy after training", "about 94 %", _spread(before), ""),
        Row("Task 2 before fine-tuning", "about 70 % (one case)", _spread(after), ""),
        Row(
            "Task 1 less Task 2, points, in the mean (90 % interval)", f"about {DROP:.0f}",
            f"{statistics.fmean(drops):.1f} ({low:.1f} to {high:.1f})",
            "agrees" if agrees else f"differs by {statistics.fmean(drops) - DROP:+.1f} points",
        ),
        Row(
            "Task 1, final accuracy below linear, median", "", f"{100 * short:.1f} points",
            "within 3 points" if short <= 0.03 else "more than 3 points",
        ),
    ]  # fmt: skip


def _spread(values: Sequence[float]) -> str:
    low, high = convergence.most(values)
    return f"mean {percent(statistics.fmean(values))}; 8 of 10 chips {percent(low)} to {percent(high)}"


def _table(
    names: Sequence[str], found: Sequence[Sequence[float]], linear: Sequence[Sequence[float]]
) -> Table:
    rows = [
        (name, *map(percent, map(statistics.fmean, (values, line))), f"{100 * statistics.pstdev(values):.1f}")
        for name, values, line in zip(names, found, linear, strict=True)
    ]
    return Table("Over the chips", ("", "mean", "linear classifier", "standard deviation, points"), rows)


FIGURE = Figure(
    "fig8", "Task 1 on the array, then Task 2 before fine-tuning (Athena2024, figure 8)", (ANALOG,), make
)
STUDY = study(FIGURE)
