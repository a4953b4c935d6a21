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
from chipsim.errors import DataError, Fault
from chipsim.experiments import ensemble, repricing
from chipsim.inputs import documents
from chipsim.reports import intervals

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
    """A run or a study: its seeds, their records and the folders that they came from."""

    folder: Path
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
        return f"{self.folder} ({record['workload']} on {record['architecture']})"


@dataclass(frozen=True)
class Comparison:
    """Two sides, figure by figure, what differed in their files, and who wins when ranges are drawn."""

    first: Side
    second: Side
    lines: tuple[Line, ...]
    changed: tuple[Changed, ...]
    energy: Verdict
    time: Verdict

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain values."""
        return {
            "first": str(self.first.folder),
            "second": str(self.second.folder),
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


def _told(verdict: Verdict) -> dict[str, Any]:
    return {
        "first_is_lower_in": verdict.share,
        "causes": [cause._asdict() for cause in verdict.causes],
    }


def read(folder: Path) -> Side:
    """A side from a run's or a study's folder. Raises `DataError` where it is neither."""
    folders = [folder] if (folder / "run.json").is_file() else sorted(
        (path.parent for path in folder.glob("seed-*/run.json")), key=lambda path: int(path.name[5:])
    )  # fmt: skip
    if not folders:
        raise DataError(
            Fault(f"{folder}: neither a run's nor a study's folder; it holds no run.json", code="E093")
        )
    return Side(folder, tuple(folders), tuple(ensemble.read_record(path) for path in folders))


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
    for name in names:
        if name.endswith(SHOWN):
            one, other = (tuple(table.get(name) for table in side) for side in tables)
            yield Line(name, one, other, difference(one, other, paired, ".accuracy." in name))


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
