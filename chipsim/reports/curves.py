"""Which curves of accuracy a page shows together, and each curve from its group's runs.

With several groups, the last stage of each is what is compared and comes first; every other stage follows, by
name. With one group, its stages come in their order.
"""

from collections.abc import Sequence
from typing import NamedTuple

from chipsim.reports.charts import Curve
from chipsim.reports.comparison import Cohort, Page, mean, number, of_stage
from chipsim.reports.rundir import AccuracyPoint


class Comparison(NamedTuple):
    """A pair of charts: its title, and the group and stage of each curve."""

    title: str
    members: tuple[tuple[Cohort, str], ...]


def comparisons(page: Page) -> list[Comparison]:
    """The pairs of charts of a page, in order."""
    if not page.several:
        return [
            Comparison(f"Stage {stage}", ((group, stage),))
            for group in page.cohorts
            for stage in _trained(group)
        ]
    last = tuple((group, group.stage_names[-1]) for group in page.cohorts if group.stage_names)
    rest = [
        (group, stage)
        for group in page.cohorts
        for stage in _trained(group)
        if stage != group.stage_names[-1]
    ]
    named = [
        Comparison(f"Stage {name}", tuple(pair for pair in rest if pair[1] == name))
        for name in dict.fromkeys(stage for _, stage in rest)
    ]
    return ([Comparison("The last stage of each group", last)] if last else []) + named


def _trained(group: Cohort) -> list[str]:
    """Stages that have a curve: those that program weights have a point before and one after."""
    return [name for name in group.stage_names if group.first.stage(name).get("kind") != "program"]


def curve(group: Cohort, stage: str, over: str) -> Curve:
    """A group's curve in a stage over ``image`` or ``time_s``; a mean only where seeds agree on images."""
    found = [[point for point in run.accuracy if point.stage == stage] for run in group.runs]
    tables = [table for table in found if table]
    key = "images" if over == "image" else "time_s"
    reached = [number(run.stage(stage), f"to_target.{key}") for run in group.runs]
    return Curve(
        role=group.role,
        seeds=tuple((_column(table, over), _column(table, "accuracy")) for table in tables),
        mean=_mean(tables, over),
        target=_level(group, stage, "target"),
        ceiling=_level(group, stage, "linear_accuracy"),
        reached=tuple(x for x in reached if x is not None),
    )


def _column(table: Sequence[AccuracyPoint], name: str) -> tuple[float, ...]:
    return tuple(float(getattr(point, name)) for point in table)


def _mean(
    tables: Sequence[Sequence[AccuracyPoint]], over: str
) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
    if not tables or any(_column(table, "image") != _column(tables[0], "image") for table in tables):
        return None
    x, y = ([_column(table, name) for table in tables] for name in (over, "accuracy"))
    return tuple(mean(list(at)) for at in zip(*x, strict=True)), tuple(
        mean(list(at)) for at in zip(*y, strict=True)
    )


def _level(group: Cohort, stage: str, path: str) -> float | None:
    return of_stage(group, stage, path).value
