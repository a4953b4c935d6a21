"""Figure 7: accuracy on Task 2 before any fine-tuning, over the number of exchanged inputs."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from itertools import pairwise

from chipsim.experiments import convergence
from chipsim.experiments.comparison import interval
from chipsim.experiments.reproductions.curves import EXCHANGE, Chips
from chipsim.experiments.reproductions.figure import Chosen, Data, Figure, Made, Row, Table, percent, study
from chipsim.reports import figures

MOST = 8
"""Inputs of the network."""
NEAR = 0.02
"""How near to scratch's final accuracy N = 0 should lie, in the mean."""
CHANCE = 0.5
"""Accuracy of a guess between two classes."""
PAPER = "falls with N"
CHIPS = 20
"""Chips; each gives three accuracies for every N."""


def make(chosen: Chosen, title: str) -> Made:
    """Table and drawing of the accuracies before fine-tuning."""
    chips = chosen[EXCHANGE.name]
    found = _by_number(chips)
    per_chip = {n: [statistics.fmean(values) for values in of] for n, of in found.items()}
    every = {n: [value for values in of for value in values] for n, of in found.items()}
    final = statistics.fmean(convergence.read(path, EXCHANGE.stage).final for path in chips.folders)
    linear = statistics.fmean(chips.figures("linear_accuracy"))
    levels = (("scratch's final accuracy", final), ("linear classifier", linear), ("chance", CHANCE))
    drawn = figures.Spread(tuple(every), tuple(every.values()), levels)
    svg = figures.spread(drawn, title, "exchanged inputs N")
    return Made(_rows(per_chip, final, linear), [_table(every)], svg, _data(chips, found))


def _by_number(chips: Chips) -> dict[int, list[list[float]]]:
    """Accuracies before training by N, for each chip over its exchanges."""
    stages: dict[int, list[list[float]]] = {n: [] for n in range(MOST + 1)}
    for stage in chips.records[0]["stages"][1:]:
        number = int(stage["name"].removeprefix("n").partition("-")[0])
        stages[number].append(chips.figures("accuracy.first", stage["name"]))
    return {n: [list(chip) for chip in zip(*of, strict=True)] for n, of in stages.items()}


def _rows(per_chip: Mapping[int, Sequence[float]], final: float, linear: float) -> list[Row]:
    means = [statistics.fmean(values) for values in per_chip.values()]
    falls = all(after < before for before, after in pairwise(means))
    last = per_chip[MOST]
    low, high = interval(lambda drawn: statistics.fmean(last[k] for k in drawn), len(last))
    apart = means[0] - final
    return [
        Row(
            "mean accuracy over N = 0..8", PAPER, ", ".join(f"{100 * mean:.1f}" for mean in means) + " %",
            "agrees: falls with every N" if falls else "differs: not at every N",
        ),
        Row(
            "N = 0, less scratch's final accuracy", "", f"{100 * apart:+.1f} points",
            f"{'within' if abs(apart) <= NEAR else 'more than'} {100 * NEAR:.0f} points",
        ),
        Row(
            "N = 8 (90 % interval)", "", f"{percent(means[-1])} ({percent(low)} to {percent(high)})",
            f"{'at' if low <= CHANCE <= high else 'not at'} chance, {percent(CHANCE)}",
        ),
        Row("Task 1, final accuracy below linear, mean", "", f"{100 * (linear - final):.1f} points", ""),
    ]  # fmt: skip


def _table(every: Mapping[int, Sequence[float]]) -> Table:
    rows = [
        (
            str(n),
            percent(statistics.fmean(values)),
            f"{100 * statistics.pstdev(values):.1f}",
            str(len(values)),
        )
        for n, values in every.items()
    ]
    title = "Accuracy on Task 2 before fine-tuning, over all chips and exchanges"
    return Table(title, ("N", "mean", "standard deviation, points", "values"), rows)


def _data(chips: Chips, found: Mapping[int, Sequence[Sequence[float]]]) -> Data:
    rows = [
        (record["seed"], n, exchange + 1, value)
        for n, of in found.items()
        for record, values in zip(chips.records, of, strict=True)
        for exchange, value in enumerate(values)
    ]
    return Data(("seed", "changed", "exchange", "accuracy"), rows)


FIGURE = Figure(
    "fig7", "Accuracy on Task 2 before fine-tuning (Athena2024, figures 6 and 7)", (EXCHANGE,), make, CHIPS
)
STUDY = study(FIGURE)
