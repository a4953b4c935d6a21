"""A traced run as files: `trace.json.gz` for the Perfetto viewer, `events.csv` for those who script.

The trace is in Chrome's JSON form (the Trace Event Format): a span for every visit of a transaction to a
component, an arrow from visit to visit of the same transaction, and counters of what waits for each component
and of the power of its actions. The viewer keeps whole nanoseconds, so that a picosecond is written as one;
the name of the process says so.

The power of a span is the energy of its actions over its time, so that power over time adds up to the energy
of what was traced; the energy of a span without time is drawn as one picosecond. Leakage has no part in it.
"""

from __future__ import annotations

import gzip
import heapq
import io
import itertools
import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from chipsim.accounting.pricing import Prices
from chipsim.architecture.plan import Plan
from chipsim.reports.counted import PER_SECOND
from chipsim.reports.tabular import csv_text
from chipsim.simulation.trace import Recorder, Span

TRACE, EVENTS = "trace.json.gz", "events.csv"
COLUMNS = (
    "stage", "start_ps", "end_ps", "waiting_ps", "component", "operation", "layer", "first", "images",
    "transaction", "energy_J",
)  # fmt: skip
"""Of `events.csv`: a row for every span, in the order in which they end."""

_PS_PER_US = 1e3
"""Chrome's unit is the microsecond; a picosecond stands for a nanosecond."""
_SPANS, _COUNTERS = 1, 2
"""The two processes of a trace."""

Event = dict[str, Any]
Interval = tuple[int, int, float]
"""From when to when something holds [ps], and how much."""


def write(recorder: Recorder, plan: Plan, folder: Path) -> None:
    """Write both files into a folder that exists. Equal runs give equal bytes."""
    energies = tuple(map(_pricing(plan), recorder))
    rows = (_row(*each) for each in zip(recorder, energies, strict=True))
    (folder / EVENTS).write_text(csv_text(COLUMNS, rows), "utf-8", newline="")
    with (
        (folder / TRACE).open("wb") as raw,
        gzip.GzipFile("", "wb", 6, raw, mtime=0) as packed,
        io.TextIOWrapper(packed, "utf-8") as stream,
    ):
        stream.writelines(_lines(recorder, plan, energies))


def _row(span: Span, energy: float) -> tuple[Any, ...]:
    return (
        span.stage, span.start, span.end, span.waiting, span.component, span.operation, span.layer,
        span.first, span.images, span.transaction, energy,
    )  # fmt: skip


def _pricing(plan: Plan) -> Callable[[Span], float]:
    """The energy of a span's actions [J]."""
    prices: Prices = plan.prices(plan.architecture.costs)

    def energy(span: Span) -> float:
        rated = (
            (int(count), prices.rate(span.component, operation, action))
            for operation, actions in span.done
            for action, count in actions.items()
        )
        return math.fsum(count * rate.price for count, rate in rated if rate is not None)

    return energy


def _lines(recorder: Recorder, plan: Plan, energies: Sequence[float]) -> Iterator[str]:
    """The text of the trace, an event a line."""
    about = {"images": str(recorder.window), "spans": len(recorder), "left_out": recorder.left_out}
    yield f'{{"displayTimeUnit":"ns","otherData":{_json(about)},"traceEvents":[\n'
    first = True
    for event in _events(recorder, plan, energies):
        yield _json(event) if first else f",\n{_json(event)}"
        first = False
    yield "\n]}\n"


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), allow_nan=False, ensure_ascii=False)


def _events(recorder: Recorder, plan: Plan, energies: Sequence[float]) -> Iterator[Event]:
    seen = {span.component for span in recorder}
    components = [name for name in plan.architecture.components if name in seen]
    tracks = _tracks(recorder, components)
    yield from _names(plan.architecture.name, components, tracks)
    slices = (_slice(recorder[at], energies[at], tracks[at].number) for at in _in_time(recorder))
    counters = (_counter(*each) for each in _levels(recorder, energies, components))
    yield from heapq.merge(slices, _arrows(recorder, tracks), counters, key=lambda event: float(event["ts"]))


def _in_time(recorder: Recorder, some: Iterable[int] | None = None) -> list[int]:
    """Indices of some spans, or of all, in the order in which they begin.

    Of two that begin together, a bank comes before the array that it holds, which ends first.
    """

    def begins(at: int) -> tuple[int, bool, int]:
        lasts = recorder[at].end > recorder[at].start
        return recorder[at].start, lasts, -at if lasts else at

    return sorted(range(len(recorder)) if some is None else some, key=begins)


class _Track(NamedTuple):
    """A line of the viewer: one for each component, and more where its spans overlap."""

    component: int
    lane: int
    number: int = 0


def _tracks(recorder: Recorder, components: Sequence[str]) -> list[_Track]:
    """The track of each span, numbered in the components' order."""
    places = {name: place for place, name in enumerate(components)}
    ends: dict[str, list[int]] = {name: [] for name in components}
    found = [_Track(0, 0)] * len(recorder)
    for at in _in_time(recorder):
        span = recorder[at]
        lanes = ends[span.component]
        lane = next((lane for lane, end in enumerate(lanes) if end <= span.start), len(lanes))
        lanes[lane : lane + 1] = [span.end]
        found[at] = _Track(places[span.component], lane)
    numbers = {track: number for number, track in enumerate(sorted(set(found)), start=1)}
    return [track._replace(number=numbers[track]) for track in found]


def _names(chip: str, components: Sequence[str], tracks: Iterable[_Track]) -> Iterator[Event]:
    """What processes and tracks are called, and their order."""
    for process, what in ((_SPANS, "components"), (_COUNTERS, "power and what waits")):
        yield _named("process_name", process, 0, name=f"{chip}: {what} (1 ns shown is 1 ps simulated)")
        yield _named("process_sort_index", process, 0, sort_index=process)
    for place, lane, number in sorted(set(tracks)):
        name = f"{components[place]} ({lane + 1})" if lane else components[place]
        yield _named("thread_name", _SPANS, number, name=name)
        yield _named("thread_sort_index", _SPANS, number, sort_index=number)


def _named(what: str, process: int, thread: int, **facts: Any) -> Event:
    return {"ph": "M", "name": what, "pid": process, "tid": thread, "args": facts}


def _slice(span: Span, energy: float, track: int) -> Event:
    return {
        "ph": "X", "name": f"{span.operation} {span.layer}", "cat": span.operation, "pid": _SPANS,
        "tid": track, "ts": span.start / _PS_PER_US, "dur": (span.end - span.start) / _PS_PER_US,
        "args": {
            "stage": span.stage, "first": span.first, "images": span.images,
            "transaction": span.transaction, "waiting_ps": span.waiting, "energy_J": energy,
        },
    }  # fmt: skip


def _arrows(recorder: Recorder, tracks: Sequence[_Track]) -> list[Event]:
    """Arrows along the way of each transaction, from the begin of one visit to that of the next."""
    ways: dict[int, list[int]] = {}
    for at, span in enumerate(recorder):
        ways.setdefault(span.transaction, []).append(at)
    found = []
    for number, way in ways.items():
        if len(way) > 1:
            for phase, at in zip(["s", *"t" * (len(way) - 2), "f"], _in_time(recorder, way), strict=True):
                ends = {"bp": "e"} if phase == "f" else {}
                found.append({
                    "ph": phase, "name": "way", "cat": "way", "id": number, "pid": _SPANS,
                    "tid": tracks[at].number, "ts": recorder[at].start / _PS_PER_US, **ends,
                })  # fmt: skip
    return sorted(found, key=lambda event: event["ts"])


def _levels(
    recorder: Recorder, energies: Sequence[float], components: Sequence[str]
) -> Iterator[tuple[int, str, str, float]]:
    """Every change of a counter: time, name, unit and value from then on."""
    waits: dict[str, list[Interval]] = {name: [] for name in components}
    powers: dict[str, list[Interval]] = {name: [] for name in components}
    for span, energy in zip(recorder, energies, strict=True):
        if span.waiting:
            waits[span.component].append((span.start - span.waiting, span.start, 1.0))
        if energy:
            end = max(span.end, span.start + 1)
            powers[span.component].append((span.start, end, energy * PER_SECOND / (end - span.start)))
    every = [("power", "W", [each for found in powers.values() for each in found])]
    every += [(f"power of {name}", "W", found) for name, found in powers.items()]
    every += [(f"waiting for {name}", "transactions", found) for name, found in waits.items()]
    yield from heapq.merge(*(_steps(*each) for each in every))


def _steps(name: str, unit: str, intervals: Sequence[Interval]) -> Iterator[tuple[int, str, str, float]]:
    """The sum of what holds at a time, wherever it changes; correctly rounded, so that it comes back to 0."""
    edges = sorted((time, at) for at, (start, end, _) in enumerate(intervals) for time in (start, end))
    holding: dict[int, float] = {}
    for time, group in itertools.groupby(edges, key=lambda edge: edge[0]):
        for _, at in group:
            if holding.pop(at, None) is None:
                holding[at] = intervals[at][2]
        yield time, name, unit, math.fsum(holding.values())


def _counter(time: int, name: str, unit: str, value: float) -> Event:
    return {
        "ph": "C", "name": name, "pid": _COUNTERS, "ts": time / _PS_PER_US, "args": {unit: value},
    }  # fmt: skip
