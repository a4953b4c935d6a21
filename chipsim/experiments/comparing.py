"""Finished runs or studies side by side: their figures, how sure a difference is, what differed in the files.

Two sides with the same seeds are compared seed by seed, which takes out what the seeds have in common; a
difference is told apart from none where its 95 % interval (Student's, over the seeds) leaves out 0. Energy
is compared once more with every price drawn over its published range, both sides paying the same prices, and
time with every duration that has one.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from chipsim.accounting import uncertainty
from chipsim.accounting.uncertainty import Uncertain, Verdict
from chipsim.errors import DataError, Fault, UsageError
from chipsim.experiments import ensemble, repricing
from chipsim.inputs import documents
from chipsim.reports import intervals
from chipsim.reports.lines import of_path
from chipsim.reports.shown import Shown

MOST = 20
"""Seeds of a side whose energies and times are drawn; more change the average little."""

Values = tuple[float | None, ...]


class Difference(NamedTuple):
    """Second side less first: mean and 95 % interval, None where not known.

    Relative to the first side; of an accuracy, which is a share itself, as it is.
    """

    value: float | None
    low: float | None
    high: float | None

    @property
    def told(self) -> bool | None:
        """Whether it is told apart from none; None with a single seed a side, where nothing is known."""
        if self.low is None or self.high is None:
            return None
        return self.low > 0.0 or self.high < 0.0


class Line(NamedTuple):
    """A figure of both sides; a value is None where the run did not get there."""

    figure: str
    first: Values
    second: Values
    difference: Difference


class Changed(NamedTuple):
    """A value that differs between the files of the two sides; None where a side has none."""

    file: str
    path: str
    first: Any
    second: Any


@dataclass(frozen=True)
class Side:
    """A run or a study: what it is called, the folders of its runs, and their records."""

    name: str
    folders: tuple[Path, ...]
    records: tuple[Mapping[str, Any], ...]

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds, in order."""
        return tuple(int(record["seed"]) for record in self.records)

    @property
    def label(self) -> str:
        """What ran on what, and where that is written."""
        record = self.records[0]
        return f"{self.name} ({record['workload']} on {record['architecture']})"


@dataclass(frozen=True, repr=False)
class Comparison(Shown):
    """Two sides, figure by figure, what differed in their files, and who wins when ranges are drawn."""

    first: Side
    second: Side
    lines: tuple[Line, ...]
    changed: tuple[Changed, ...]
    energy: Verdict
    time: Verdict

    def text(self) -> str:
        """The figures, the verdicts, and what differed in the files."""
        return "\n".join(_told_lines(self))

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain values."""
        return {
            "first": self.first.name,
            "second": self.second.name,
            "seeds": {"first": list(self.first.seeds), "second": list(self.second.seeds)},
            "figures": {
                line.figure: {
                    "first": list(line.first), "second": list(line.second),
                    "difference": line.difference._asdict(), "told_apart": line.difference.told,
                }
                for line in self.lines
            },
            "changed": [change._asdict() for change in self.changed],
            "energy_J": _told(self.energy),
            "time_s": _told(self.time),
        }  # fmt: skip


@dataclass(frozen=True, repr=False)
class Comparisons(Shown):
    """Several sides, each against the first."""

    comparisons: tuple[Comparison, ...]

    def text(self) -> str:
        """One comparison after another."""
        return "\n".join(comparison.text() for comparison in self.comparisons)

    def as_dict(self) -> dict[str, Any]:
        """The comparisons as plain values."""
        return {"comparisons": [comparison.as_dict() for comparison in self.comparisons]}


def _told(verdict: Verdict) -> dict[str, Any]:
    return {
        "first_is_lower_in": verdict.share,
        "causes": [cause._asdict() for cause in verdict.causes],
    }


def read(folder: Path, name: str | None = None) -> Side:
    """A side from a run's or a study's folder, called so, or by its path.

    Raises `DataError` where the folder is neither.
    """
    folders = [folder] if (folder / "run.json").is_file() else sorted(
        (path.parent for path in folder.glob("seed-*/run.json")), key=lambda path: int(path.name[5:])
    )  # fmt: skip
    if not folders:
        raise DataError(
            Fault(f"{folder}: neither a run's nor a study's folder; it holds no run.json", code="E093")
        )
    return Side(name or str(folder), tuple(folders), tuple(ensemble.read_record(path) for path in folders))


def compare_folders(folders: Sequence[Path], names: Sequence[str] | None = None) -> Comparisons:
    """Runs or studies in folders, called so or by their paths, each against the first.

    Raises `UsageError` where there are fewer than two, else like `read`.
    """
    if len(folders) < 2:
        raise UsageError(Fault("give two folders or more to compare", code="E100"))
    names = names or tuple(map(str, folders))
    first, *others = (read(folder, name) for folder, name in zip(folders, names, strict=True))
    return Comparisons(tuple(compare(first, other) for other in others))


def compare(first: Side, second: Side) -> Comparison:
    """The second side against the first."""
    lines = tuple(_lines(first, second))
    changed = tuple(_changed(first.folders[0], second.folders[0]))
    drawn = [_drawn(side) for side in (first, second)]
    energy, time = (uncertainty.compare(*pair) for pair in zip(*drawn, strict=True))
    return Comparison(first, second, lines, changed, energy, time)


SHOWN = (
    ".accuracy.first", ".accuracy.last", ".accuracy.best", ".time_s", ".energy_J", ".images", ".pulses.set",
    ".pulses.reset", ".to_target.pulses", "total.pulses", "area_m2",
)  # fmt: skip
"""Ends of the paths of figures that are compared."""


def _lines(first: Side, second: Side) -> Iterator[Line]:
    tables = [[ensemble.figures(record) for record in side.records] for side in (first, second)]
    paired = first.seeds == second.seeds
    names = dict.fromkeys(name for tables_of_side in tables for table in tables_of_side for name in table)
    alone = _stages(first) ^ _stages(second)
    for name in names:
        if name.endswith(SHOWN) and name.split(".")[0] not in alone:
            one, other = (tuple(table.get(name) for table in side) for side in tables)
            yield Line(name, one, other, difference(one, other, paired, ".accuracy." in name))


def _stages(side: Side) -> set[str]:
    return {stage["name"] for record in side.records for stage in record["stages"]}


def difference(first: Values, second: Values, paired: bool, absolute: bool = False) -> Difference:
    """Difference of the means with its 95 % interval, seed by seed where `paired`; see `Difference`.

    Unpaired sides have the interval of Welch's test (its degrees of freedom rounded down). A side of which a
    seed did not get there has no mean, and the difference is not known.
    """
    one, other = ([value for value in side if value is not None] for side in (first, second))
    if len(one) < len(first) or len(other) < len(second) or not one or not other:
        return Difference(None, None, None)
    before, apart = statistics.fmean(one), statistics.fmean(other) - statistics.fmean(one)
    scale = 1.0 if absolute or apart == 0.0 else abs(before)
    if scale == 0.0:
        return Difference(None, None, None)
    half = _half_paired(one, other) if paired else _half_apart(one, other)
    if half is None:
        return Difference(apart / scale, None, None)
    return Difference(apart / scale, (apart - half) / scale, (apart + half) / scale)


def _half_paired(one: Sequence[float], other: Sequence[float]) -> float | None:
    if len(one) < 2:
        return None
    apart = [b - a for a, b in zip(one, other, strict=True)]
    return ensemble.student_t(len(apart) - 1) * statistics.stdev(apart) / math.sqrt(len(apart))


def _half_apart(one: Sequence[float], other: Sequence[float]) -> float | None:
    if min(len(one), len(other)) < 2:
        return None
    errors = [statistics.variance(side) / len(side) for side in (one, other)]
    if (both := sum(errors)) == 0.0:
        return 0.0
    freedom = both**2 / sum(e**2 / (len(s) - 1) for e, s in zip(errors, (one, other), strict=True))
    return ensemble.student_t(max(1, int(freedom))) * math.sqrt(both)


def _drawn(side: Side) -> tuple[Uncertain, Uncertain]:
    """Mean energy and time of a side's seeds over the ranges of prices and durations."""
    found = [repricing.read(folder) for folder in side.folders[:MOST]]
    energies = [intervals.energies(run.job.plan, run.counted) for run in found]
    times = [intervals.times(run.job.plan, run.counted) for run in found]
    return _mean(energies), _mean(times)


def _mean(each: Sequence[Uncertain]) -> Uncertain:
    names = dict.fromkeys(name for one in each for name in one.entries)
    entries = {name: sum(one.entries.get(name, 0.0) for one in each) / len(each) for name in names}
    return Uncertain(entries, {name: source for one in each for name, source in one.sources.items()})  # type: ignore[arg-type]


def _changed(first: Path, second: Path) -> Iterator[Changed]:
    for file in ("architecture", "workload", "costs"):
        one, other = (_leaves(folder / "resolved" / f"{file}.yaml") for folder in (first, second))
        for path in dict.fromkeys((*one, *other)):
            if one.get(path) != other.get(path):
                yield Changed(file, path, one.get(path), other.get(path))


def _leaves(path: Path) -> dict[str, Any]:
    return dict(_below(documents.read(path).data, ""))


def _below(value: Any, before: str) -> Iterator[tuple[str, Any]]:
    children: Iterator[tuple[Any, Any]]
    if isinstance(value, dict):
        children = iter(value.items())
    elif isinstance(value, list):
        children = iter((_name(item, index), item) for index, item in enumerate(value))
    else:
        yield before, value
        return
    for key, item in children:
        yield from _below(item, f"{before}.{key}" if before else str(key))


def _name(item: Any, index: int) -> Any:
    """An item of a list by its name, as `--set` takes it, or its index."""
    return item["name"] if isinstance(item, dict) and isinstance(item.get("name"), str) else index


# As text


def _told_lines(found: Comparison) -> Iterator[str]:
    yield f"{found.second.label}\n  against {found.first.label}"
    width = max(len(line.figure) for line in found.lines)
    for line in found.lines:
        values = "  ".join(f"{_mean_of(side, line.figure):>22}" for side in (line.first, line.second))
        yield f"  {line.figure:{width}}  {values}  {_verdict(line.difference)}"
    yield f"  energy: {_lower(found.energy, 'prices')}"
    yield f"  time: {_lower(found.time, 'durations')}"
    yield "  what differed in the files:" if found.changed else "  the files are the same"
    for change in found.changed:
        yield f"    {change.file}: {change.path}: {change.first} -> {change.second}"


def _lower(verdict: Verdict, drawn: str) -> str:
    """In what share of the draws which side is lower, and what that hangs on."""
    lower, sure = ("first", verdict.share) if verdict.share >= 0.5 else ("second", 1 - verdict.share)
    felt = [cause for cause in verdict.causes if abs(cause.share) >= 0.005]
    causes = ", ".join(f"{cause.entry} {cause.share:.0%}" for cause in felt[:3])
    if causes:
        return f"lower in the {lower} in {sure:.1%} of the draws of all {drawn}; it hangs on {causes}"
    return f"the same under any {drawn}" if sure == 0.5 else f"lower in the {lower} under any {drawn}"


def _mean_of(values: Values, figure: str) -> str:
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        return f"{len(known)} of {len(values)} got there"
    return of_path(figure, sum(known) / len(known))


def _verdict(found: Difference) -> str:
    if found.value is None:
        return ""
    if found.value == 0.0 and found.low in (None, 0.0):
        return "equal"
    if found.low is None:
        return f"{found.value:+.1%}"
    told = "" if found.told else ", not told apart"
    return f"{found.value:+.1%} ({found.low:+.1%} to {found.high:+.1%}){told}"
