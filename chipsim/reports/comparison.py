"""Runs side by side: the groups of a page, and each figure summed up over a group's seeds.

A figure that one run never reached (`to_target` is null) counts as later than all others: the middle one of
the group is then given instead of the mean, with the number of runs that got there.
"""

import math
import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from chipsim.reports import rundir, theme
from chipsim.reports.rundir import Group, Run


class Summary(NamedTuple):
    """A figure over a group's runs.

    `value` is the mean, or the median where only `reached` of `of` runs have it; None where the median run
    has none. `low` and `high` are the 95 % interval of the ensemble (`interval`) or the extremes of the runs.
    """

    value: float | None
    low: float | None
    high: float | None
    reached: int
    of: int
    interval: bool = False


@dataclass(frozen=True)
class Cohort:
    """A group that has been read; `role` is its colour, `intervals` its 95 % intervals by figure."""

    label: str
    role: str
    runs: tuple[Run, ...]
    intervals: Mapping[str, tuple[float, float]]

    @property
    def first(self) -> Run:
        """The run whose ledger and maps the page shows."""
        return self.runs[0]

    @property
    def stage_names(self) -> tuple[str, ...]:
        """Names of the stages in the order of the first run."""
        return tuple(str(stage.get("name", "")) for stage in self.first.stages)


@dataclass(frozen=True)
class Page:
    """All that a report's sections are made from."""

    title: str
    answer: str
    command: str
    cohorts: tuple[Cohort, ...]

    @property
    def several(self) -> bool:
        """Whether there is more than one group."""
        return len(self.cohorts) > 1


def cohort(group: Group, index: int) -> Cohort:
    """The group at `index` of a page with its runs read."""
    runs = tuple(map(rundir.read, group.runs))
    return Cohort(group.label, theme.series(index), runs, rundir.intervals(runs))


def at(record: Mapping[str, Any], path: str) -> Any:
    """The value at a dotted path of a record; None where there is nothing."""
    value: Any = record
    for key in path.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def number(record: Mapping[str, Any], path: str) -> float | None:
    """The number at a dotted path; None where there is none (a flag is none)."""
    return _real(at(record, path))


def of_stage(group: Cohort, stage: str, path: str) -> Summary:
    """A stage's figure over the group's runs."""
    return _summed(group, lambda run: number(run.stage(stage), path), f"{stage}.{path}")


def pulses_of_stage(group: Cohort, stage: str) -> Summary:
    """SET and RESET pulses of a stage together, over the group's runs."""
    return _summed(group, lambda run: _both(run.stage(stage)), f"{stage}.pulses")


def of_run(group: Cohort, path: str) -> Summary:
    """A figure of the whole run over the group's runs."""
    return _summed(group, lambda run: number(run.figures, path), path)


def mean(values: list[float]) -> float:
    """Arithmetic mean from the correctly rounded sum."""
    return math.fsum(values) / len(values)


def mean_table(group: Cohort, pick: Callable[[Run], Any]) -> dict[str, float]:
    """Means over runs of a table from names to numbers; a name absent from a run adds nothing there."""
    picked = [pick(run) for run in group.runs]
    tables = [table if isinstance(table, Mapping) else {} for table in picked]
    names = dict.fromkeys(str(name) for table in tables for name in table)
    return {name: mean([_real(table.get(name)) or 0.0 for table in tables]) for name in names}


def _both(stage: Mapping[str, Any]) -> float | None:
    up, down = number(stage, "pulses.set"), number(stage, "pulses.reset")
    return None if up is None or down is None else up + down


def _real(value: Any) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _summed(group: Cohort, pick: Callable[[Run], float | None], name: str) -> Summary:
    values = [pick(run) for run in group.runs]
    there = [value for value in values if value is not None]
    if len(there) < len(values):
        middle = statistics.median_high([math.inf if value is None else value for value in values])
        return Summary(middle if math.isfinite(middle) else None, None, None, len(there), len(values))
    if len(there) == 1:
        return Summary(there[0], None, None, 1, 1)
    low, high = group.intervals.get(name, (min(there), max(there)))
    return Summary(mean(there), low, high, len(there), len(there), name in group.intervals)
