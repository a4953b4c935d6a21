"""Rows of a study and the Pareto front among them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from chipsim.experiments.exploring.search import Told
from chipsim.experiments.exploring.study import Objective, Study

Status = Literal["done", "breaks", "stopped", "failed"]


@dataclass(frozen=True)
class Row:
    """A point and how it came out.

    `breaks`: it does not keep a constraint; `stopped`: dominated in or after its first seed; `failed`: it
    does not fit, or a run failed. `figures` has mean, 95 % interval and values over the seeds by path; a
    point whose run was stopped on its way has none.
    """

    number: int
    values: Mapping[str, Any]
    settings: tuple[str, ...]
    status: Status = "done"
    reason: str = ""
    seeds: tuple[int, ...] = ()
    figures: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()

    def mean(self, figure: str) -> float | None:
        """Mean of a figure over the seeds; None where a seed did not reach it."""
        found = self.figures.get(figure)
        return None if found is None else found["mean"]

    def worst(self, objective: Objective) -> float | None:
        """The worst value of an objective among the seeds; None where one did not reach it."""
        values: Sequence[float | None] = self.figures.get(objective.figure, {}).get("values", [None])
        known = [value for value in values if value is not None]
        return max(known, key=lambda v: objective.sign * v) if len(known) == len(values) else None


def told(study: Study, row: Row) -> Told:
    """What a search is told of a row."""
    if row.status == "failed":
        return Told((), 0)
    means = {path: row.mean(path) for path in row.figures}
    broken = sum(not constraint.kept(means, row.warnings) for constraint in study.constraints)
    return Told(tuple(row.mean(objective.figure) for objective in study.file.objectives), broken)


def dominates(
    objectives: Sequence[Objective], one: Sequence[float | None], other: Sequence[float | None]
) -> bool:
    """Whether one is at least as good in everything and better in something."""
    triples = list(zip(objectives, one, other, strict=True))
    return not any(objective.better(b, a) for objective, a, b in triples) and any(
        objective.better(a, b) for objective, a, b in triples
    )


def front(study: Study, rows: Sequence[Row]) -> list[Row]:
    """Rows that keep all constraints, reach every objective and are dominated by none, by their means.

    In the order of the first objective, the best first.
    """
    best: Sequence[Row] = ()
    for row in rows:
        best = with_row(study, best, row)
    first = study.file.objectives[0]
    return sorted(best, key=lambda row: (first.sign * (row.mean(first.figure) or 0.0), row.number))


def with_row(study: Study, best: Sequence[Row], row: Row) -> Sequence[Row]:
    """Rows of which none dominates another, and one more, without those that are then dominated; unsorted."""
    objectives = study.file.objectives
    mine = _values(study, row)
    if row.status != "done" or None in mine:
        return best
    theirs = [_values(study, other) for other in best]
    if any(dominates(objectives, values, mine) for values in theirs):
        return best
    kept = zip(best, theirs, strict=True)
    return (*(other for other, values in kept if not dominates(objectives, mine, values)), row)


def _values(study: Study, row: Row) -> list[float | None]:
    return [row.mean(objective.figure) for objective in study.file.objectives]


def beaten_by(study: Study, figures: Mapping[str, float | None], earlier: Sequence[Row]) -> Row | None:
    """The row of an earlier front whose every seed is better in every objective than these figures."""
    for row in earlier:
        if all(
            objective.better(row.worst(objective), figures.get(objective.figure))
            for objective in study.file.objectives
        ):
            return row
    return None
