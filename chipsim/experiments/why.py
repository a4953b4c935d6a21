"""From a run's total down to what made it: count x price for energy, the critical path for latency.

Each line says where the price, or the duration, stands in a file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

from chipsim.accounting import pricing
from chipsim.accounting.pricing import PricedRow
from chipsim.accounting.scaling import RULES
from chipsim.architecture.durations import setting
from chipsim.experiments import repricing
from chipsim.experiments.repricing import Finished
from chipsim.inputs import units
from chipsim.reports.counted import PER_SECOND
from chipsim.reports.lines import written
from chipsim.reports.shown import Shown
from chipsim.simulation.records import EVALUATION


class EnergyLine(NamedTuple):
    """What one action of a component came to in an operation: energy [J] = count x price [J]."""

    share: float
    energy_J: float  # noqa: N815 - the unit's own symbol
    operation: str
    component: str
    action: str
    count: int  # type: ignore[assignment]  # the column's name; tuple.count has no use on a line
    price_J: float  # noqa: N815
    formula: str
    source: str
    status: str
    place: str
    """File and line at which the price stands."""


@dataclass(frozen=True, repr=False)
class Bill(Shown):
    """Where the energy of a run went, largest first."""

    lines: tuple[EnergyLine, ...]

    def text(self) -> str:
        """The total, and each line with the price and where it stands."""
        whole = sum(line.energy_J for line in self.lines)
        told = (line for each in self.lines for line in _energy_lines(each))
        return "\n".join((f"{written(whole, 'energy')} in all, evaluation apart:", *told))

    def as_dict(self) -> dict[str, Any]:
        """The lines as plain values."""
        return {"energy": [line._asdict() for line in self.lines]}


def _energy_lines(line: EnergyLine) -> Iterator[str]:
    yield (
        f"{line.share:7.2%} {written(line.energy_J, 'energy'):>9}  {line.operation}: "
        f"{line.component}.{line.action}, {line.count} x {written(line.price_J, 'energy')}"
    )
    yield f"{'':19}{line.formula}; {line.source} ({line.status}; {line.place})"


Question = Literal["energy", "latency"]


def why(folder: Path, figure: Question) -> Bill | Latency:
    """Where the energy or the time of a run went. Raises like `repricing.read`."""
    return Bill(energy(folder)) if figure == "energy" else Latency(*ways(folder))


def energy(folder: Path) -> tuple[EnergyLine, ...]:
    """The lines of a run's energy, largest first; they add up to its total. Raises like `repricing.read`."""
    run = repricing.read(folder)
    priced = [row for row in repricing.priced(run) if row.stage != EVALUATION]
    whole = pricing.total(row.energy for row in priced)
    places = _Places(run)
    lines = (_line(rows, whole, places) for rows in _grouped(priced).values())
    return tuple(sorted(lines, key=lambda line: (-line.energy_J, line[2:5])))


class LatencyLine(NamedTuple):
    """Time [s] of the critical path that an operation spent at a component: served, or waiting for it."""

    share: float
    time_s: float
    operation: str
    component: str
    kind: str
    durations: Mapping[str, str]
    """Parameters that set the component's time in this operation, with value and where it stands."""


class Overlap(NamedTuple):
    """How the ways of images that overlap come to more than the time of their run [s]."""

    depth: int
    time_s: float
    """Time of the run."""
    images: int
    ratio: float
    """Sum of all ways over the time of the run."""
    way_s: float | None
    """Mean way of an image, from the wait for a place on; None where there was none."""


class Ways(NamedTuple):
    """Where the time of a run went, longest first, and how images overlapped, if they did."""

    lines: tuple[LatencyLine, ...]
    overlap: Overlap | None


@dataclass(frozen=True, repr=False)
class Latency(Shown):
    """Where the time of a run went, as `ways` says it."""

    lines: tuple[LatencyLine, ...]
    overlap: Overlap | None

    def text(self) -> str:
        """The total, and each line with the durations that set it."""
        return "\n".join((*self._heads(), *map(_latency_line, self.lines)))

    def _heads(self) -> Iterator[str]:
        whole = written(sum(line.time_s for line in self.lines), "time")
        if (overlap := self.overlap) is None:
            yield f"{whole} in all, evaluation apart:"
            return
        yield (
            f"{written(overlap.time_s, 'time')} in all, evaluation apart; images overlap (depth "
            f"{overlap.depth}), and their ways add up to {whole}, {overlap.ratio:.4g} times that"
        )
        if overlap.way_s is not None:
            yield (
                f"the mean way of {overlap.images} images is {written(overlap.way_s, 'time')}, from the "
                "wait for a place to the end of its learning step:"
            )

    def as_dict(self) -> dict[str, Any]:
        """The lines, and how images overlapped, as plain values."""
        overlap = {} if self.overlap is None else {"overlap": self.overlap._asdict()}
        return {"latency": [line._asdict() for line in self.lines]} | overlap


def _latency_line(line: LatencyLine) -> str:
    durations = ", ".join(f"{name} {value}" for name, value in line.durations.items())
    return (
        f"{line.share:7.2%} {written(line.time_s, 'time'):>9}  {line.operation}: {line.component} "
        f"{line.kind}{f'; {durations}' if durations else ''}"
    )


def latency(folder: Path) -> tuple[LatencyLine, ...]:
    """The lines of a run's time, longest first. Raises like `repricing.read`.

    They add up to it or, where images overlap, to the sum of the images' ways.
    """
    return ways(folder).lines


def ways(folder: Path) -> Ways:
    """The lines of a run's time, and how images overlapped. Raises like `repricing.read`."""
    run = repricing.read(folder)
    legs: dict[tuple[str, str, bool], int] = {}
    for _, operation, component, served, time in run.counted.path:
        key = operation, component, served
        legs[key] = legs.get(key, 0) + time
    whole = sum(legs.values())
    lines = (
        LatencyLine(
            time / whole if whole else 0.0, time / PER_SECOND, operation, component,
            "served" if served else "waiting", _durations(run, operation, component, served),
        )
        for (operation, component, served), time in legs.items()
    )  # fmt: skip
    return Ways(tuple(sorted(lines, key=lambda line: (-line.time_s, line[2:5]))), _overlap(run))


def _overlap(run: Finished) -> Overlap | None:
    """What there is to say of images that overlap; None where they go one after another."""
    depth, trained = run.job.plan.architecture.depth, run.counted.trained
    if depth == 1 or not trained:
        return None
    shown = {stage.name: stage.given.images for stage in run.counted.stages}
    images = sum(shown.values())
    whole = sum(leg.time for leg in run.counted.path)
    ways = sum(leg.time for leg in run.counted.path if shown[leg.stage])
    return Overlap(
        depth, trained / PER_SECOND, images, whole / trained, ways / images / PER_SECOND if images else None
    )


def _durations(run: Finished, operation: str, component: str, served: bool) -> dict[str, str]:
    """The durations that set a leg's time, with value and where it stands."""
    architecture = run.job.plan.architecture
    found = {}
    for each in setting(run.job.plan, operation, component, served):
        place = architecture.place(each.component, *each.path.split("."))
        value = units.format(each.seconds, "time")
        found[each.name] = f"{value} ({Path(place.file).name}:{place.line})"
    return found


def _grouped(priced: Iterable[PricedRow]) -> Mapping[tuple[str, str, str], list[PricedRow]]:
    groups: dict[tuple[str, str, str], list[PricedRow]] = {}
    for row in priced:
        groups.setdefault((row.operation, row.component, row.action), []).append(row)
    return groups


def _line(rows: list[PricedRow], whole: float, places: _Places) -> EnergyLine:
    first, spent = rows[0], pricing.total(row.energy for row in rows)
    return EnergyLine(
        share=spent / whole if whole else 0.0,
        energy_J=spent,
        operation=first.operation,
        component=first.component,
        action=first.action,
        count=sum(row.count for row in rows),
        price_J=first.price,
        formula=places.formula(first.entry),
        source=first.source,
        status=first.status,
        place=places.of(first.entry),
    )


class _Places:
    """Where the prices of a run's table stand, and how they are made."""

    def __init__(self, run: Finished) -> None:
        self._table = run.job.architecture.costs
        self._chip = run.job.architecture.document

    def of(self, entry: str) -> str:
        """File and line of an entry: of the architecture where that gives it, else of the table."""
        name, _, figure = entry.partition(".")
        if name in (self._chip.data.get("costs") or {}):
            place = self._chip.place(("costs", name))
            return f"{Path(place.file).name}:{place.line}"
        part = ("components", name, figure) if figure else ("actions", name)
        place = self._table.document.place(part)
        return f"{Path(place.file).name}:{place.line}"

    def formula(self, entry: str) -> str:
        """How an entry's price is made of its figures and the component's facts."""
        if entry not in self._table.actions:
            return "leakage of a unit x units x time"
        return (RULES[self._table.actions[entry].rule].__doc__ or "").split("\n")[0].rstrip(".")
