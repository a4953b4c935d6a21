"""Beyond the paper's figures: what makes transfer learning pay on this array, one change at a time.

Each point of a sweep is a scratch curve and curves that start from pre-training, on Task 2 with N = 3 unless
N is what changes. Hyper-parameters of learning stay those of the shipped workloads.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

from chipsim.experiments.ensemble import Done
from chipsim.experiments.reproductions import curves, figure
from chipsim.experiments.reproductions.converging import Seen, interval, quantities, told
from chipsim.experiments.reproductions.curves import ANALOG, AWARE, CLIPPED, SCALED, SCRATCH, Curve, same_task
from chipsim.experiments.reproductions.figure import (
    Chosen,
    Data,
    Figure,
    Made,
    Report,
    Row,
    Table,
    number,
    percent,
)
from chipsim.experiments.reproductions.study import Given, Simulation, nothing_done
from chipsim.reports import figures

CHIPS = 20
"""Chips of a curve."""


class Point(NamedTuple):
    """One setting of a sweep: scratch, and what is compared with it."""

    label: str
    scratch: Curve
    others: tuple[Curve, ...]

    def seen(self, chosen: Chosen) -> Seen:
        """The point's chips."""
        return Seen(self.label, tuple(chosen[curve.name] for curve in (self.scratch, *self.others)))


class Sweep(NamedTuple):
    """Points that differ in one thing."""

    name: str
    title: str
    points: tuple[Point, ...]


_OTHERS = (CLIPPED, AWARE, ANALOG)


def _point(label: str, mark: str, curves: Iterable[Curve], *settings: str) -> Point:
    """A point whose curves all have the same settings; none leaves the curves as they are."""
    scratch, *others = (curve.with_(mark, *settings) if settings else curve for curve in (SCRATCH, *curves))
    return Point(label, scratch, tuple(others))


def _stages(curve: Curve) -> tuple[str, ...]:
    """Stages of a curve that learn on the array."""
    return ("pretrain", "finetune") if curve is ANALOG else (curve.stage,)


def _ruled(label: str, mark: str, key: str, value: str) -> Point:
    """A point at which the rule of every stage on the array, or a value of it, is another."""
    scratch, *others = (
        curve.with_(mark, *(f"stages.{stage}.{key}={value}" for stage in _stages(curve)))
        for curve in (SCRATCH, *_OTHERS)
    )
    return Point(label, scratch, tuple(others))


def _cells() -> Sweep:
    cells = {
        "reram-hfo2": ("hfo2", "reram-hfo2"),
        "ideal": ("ideal", "ideal"),
        "reram-om, 13.48 % corrupt": ("corrupt", "{preset: reram-om, corrupt: measured}"),
    }
    others = (
        _point(label, mark, _OTHERS, f"components.array.cell={cell}") for label, (mark, cell) in cells.items()
    )
    return Sweep("cells", "cell", (_point("reram-om", "", _OTHERS), *others))


def _rules() -> Sweep:
    base = _point("ttv2", "", _OTHERS)
    others = (_ruled(rule, rule, "rule", f"{{type: {rule}}}") for rule in ("c-ttv2", "agad"))
    return Sweep("rules", "learning rule", (base, *others))


def _rates() -> Sweep:
    rates = (0.1, 1.0)
    return Sweep(
        "rates",
        "learning rate of A (searched on scratch: 0.3)",
        tuple(_ruled(f"{rate:g}", f"rate-{rate:g}", "rule.learning_rate", f"{rate:g}") for rate in rates),
    )


def _programmed(label: str, curves: tuple[Curve, ...], method: str = "") -> Point:
    """A point at which weights are programmed in another way; scratch is not programmed."""
    mark = "program-" + label.replace(" ", "").replace("%", "")
    setting = f"stages.program.method={method}"
    return Point(label, SCRATCH, tuple(c.with_(mark, setting) if method else c for c in curves))


def _noise() -> Sweep:
    curves = (CLIPPED, AWARE)
    points = [
        _programmed(f"{spread} %", curves, f"{{type: noise, spread: {spread} %}}" if spread != 5 else "")
        for spread in (0, 5, 10, 20, 30)
    ]
    return Sweep("noise", "programming noise, share of the range", tuple(points))


def _programming() -> Sweep:
    curves = (CLIPPED, SCALED, AWARE)
    methods = {
        "noise, 5 %": "",
        "pulses": "{type: pulses}",
        "write-verify": "{type: write-verify, tolerance: 5 %, max_pulses: 100}",
    }
    points = (_programmed(label, curves, method) for label, method in methods.items())
    return Sweep("programming", "way of programming", tuple(points))


def _factors() -> Sweep:
    """Floating-point weights made larger when they are programmed: the devices cut ever more of them."""
    points = (
        Point(f"x {factor}", SCRATCH, (CLIPPED.with_(f"factor-{factor}", f"stages.program.scale={factor}"),))
        for factor in (2, 4, 8, 16)
    )
    return Sweep("weights", "factor on floating-point weights", (Point("x 1", SCRATCH, (CLIPPED,)), *points))


def _exchanges() -> Sweep:
    def exchanged(changed: int) -> Point:
        scratch, analog = (
            curve.with_(f"n{changed}", f"stages.{curve.stage}.elements={{changed: {changed}}}")
            for curve in (SCRATCH, ANALOG)
        )
        return Point(f"N = {changed}", scratch, (analog,))

    none = Point("N = 0", same_task(SCRATCH), (same_task(ANALOG),))
    three = Point("N = 3", SCRATCH, (ANALOG,))
    few, many = (tuple(map(exchanged, numbers)) for numbers in ((1, 2), (4, 6, 8)))
    return Sweep("exchange", "exchanged inputs", (none, *few, three, *many))


def _starts() -> Sweep:
    """Scratch from weights about zero: programmed with nothing but the noise of programming."""
    small = CLIPPED.with_("start", "stages.program.scale=1e-6")
    return Sweep(
        "start", "initial conductances of scratch", (Point("weights about zero", small, (AWARE, ANALOG)),)
    )


def _trains() -> Sweep:
    lengths = (1, 2, 3, 5, 7, 10, 15, 22, 31)
    return Sweep(
        "bits",
        "bit length",
        tuple(
            _point(
                f"{length}", f"bits-{length}", (ANALOG,),
                *((f"components.drivers.bit_length={length}",) if length != 31 else ()),
            )
            for length in lengths
        ),
    )  # fmt: skip


_BITS = _trains()
SWEEPS = (
    _factors(), _programming(), _rates(), _starts(), _noise(), _exchanges(), _rules(), _cells(), _BITS,
)  # fmt: skip
"""All sweeps, in the order in which they are run."""


class Line(NamedTuple):
    """One pre-trained curve against scratch at a point."""

    sweep: Sweep
    point: Point
    curve: Curve
    seen: Seen


def _lines(sweeps: Sequence[Sweep], chosen: Chosen) -> Iterator[Line]:
    for sweep in sweeps:
        for point in sweep.points:
            seen = point.seen(chosen)
            yield from (Line(sweep, point, curve, seen) for curve in point.others)


def _make(sweeps: Sequence[Sweep], chosen: Chosen, title: str) -> Made:
    """One table of all points, what was spent over the bit length if it is among them, and a drawing."""
    lines = list(_lines(sweeps, chosen))
    ranges = [figures.Range(_named(line), *line.seen.ratios[line.curve.name]) for line in lines]
    drawn = figures.ranges(ranges, title, "scratch's images to the target over the curve's")
    rows, tables = [], [_paying(lines)]
    if _BITS in sweeps:
        rows, tables = _rows(chosen), [*tables, _energies(chosen)]
    return Made(rows, tables, drawn, _data(lines))


def _named(line: Line) -> str:
    return f"{line.sweep.title.partition(' (')[0]}: {line.point.label}, {line.curve.label}"


def _paying(lines: Iterable[Line]) -> Table:
    title = (
        "What makes transfer learning pay on this array: scratch's images to 98 % of its final accuracy over "
        "the curve's (90 % interval), accuracy before fine-tuning and final (medians), images saved "
        "(shortfall), and images and energy to the target (medians), scratch's first; pre-training is not "
        "counted"
    )
    head = ("changed", "", "curve", "ratio", "told", "before", "final", "saved", "images", "energy")
    return Table(title, head, [_paying_row(line) for line in lines])


def _paying_row(line: Line) -> tuple[str, ...]:
    seen, name = line.seen, line.curve.name
    found, traces = seen.ratios[name], seen.traces[name]
    saved = seen.versus(line.curve).saved()
    sides = (line.point.scratch, line.curve)
    return (
        line.sweep.title,
        line.point.label,
        line.curve.label,
        interval(found),
        told(found, "pays", "costs", ""),
        percent(statistics.median(trace.accuracy[0] for trace in traces)),
        percent(statistics.median(trace.final for trace in traces)),
        f"{saved.value:,.0f} ({saved.low:,.0f} to {saved.high:,.0f})",
        " / ".join(number(_median(seen, curve, "images"), 0) for curve in sides),
        " / ".join(quantities(_median(seen, curve, "energy_J"), "J") for curve in sides),
    )


def _median(seen: Seen, curve: Curve, name: str) -> float:
    """Median over the chips of what they spent to their targets; infinite where most never get there."""
    spent = seen.spent[curve.name]
    return statistics.median(math.inf if one is None else float(getattr(one, name)) for one in spent)


def _energies(chosen: Chosen) -> Table:
    """Images, time, energy and pulses to the target over the bit length."""
    rows = [
        (point.label, curve.label, *_energy_row(point.seen(chosen), curve))
        for point in _BITS.points
        for curve in (point.scratch, *point.others)
    ]
    title = (
        "To the target over the bit length (medians); targets are shares of what scratch reaches with the "
        "same bit length"
    )
    return Table(title, ("bit length", "curve", "images", "time", "energy", "pulses", "final"), rows)


def _energy_row(seen: Seen, curve: Curve) -> tuple[str, ...]:
    return (
        number(_median(seen, curve, "images"), 0),
        quantities(_median(seen, curve, "time_s"), "s"),
        quantities(_median(seen, curve, "energy_J"), "J"),
        number(_median(seen, curve, "pulses"), 0),
        percent(statistics.median(trace.final for trace in seen.traces[curve.name])),
    )


def _rows(chosen: Chosen) -> list[Row]:
    found = {point.label: _median(point.seen(chosen), point.scratch, "energy_J") for point in _BITS.points}
    best = min(found, key=lambda label: found[label])
    text = f"{best} slots: {quantities(found[best], 'J')}; at 31 slots {quantities(found['31'], 'J')}"
    return [Row("least energy to scratch's target over the bit length", "5 to 10 (other devices)", text, "")]


def _data(lines: Iterable[Line]) -> Data:
    rows = [
        (line.sweep.title, line.point.label, line.curve.name, *line.seen.ratios[line.curve.name])
        for line in lines
    ]
    return Data(("changed", "point", "curve", "ratio", "low", "high"), rows)


def _figure(name: str, title: str, sweeps: Sequence[Sweep]) -> Figure:
    points = [point for sweep in sweeps for point in sweep.points]
    curves = {curve.name: curve for point in points for curve in (point.scratch, *point.others)}
    return Figure(name, title, tuple(curves.values()), partial(_make, sweeps), CHIPS)


FIGURE = _figure("beyond", "Beyond Athena2024: what makes transfer learning pay", SWEEPS)
"""Everything together."""
FIGURES = tuple(
    _figure(f"beyond-{sweep.name}", f"Beyond Athena2024: {sweep.title}", (sweep,)) for sweep in SWEEPS
)
"""Each sweep by itself."""


def run(given: Given, done: Done) -> Report:
    """Run sweep after sweep; each leaves its tables when it has ended, and all together at the end."""
    if given.force:
        curves.run(FIGURE.wanted, given, done)
    passed = 0
    for each in FIGURES:
        figure.run(each, given.kept(), _after(passed, done))
        passed += _count(each, given)
    return figure.run(FIGURE, given.kept(), nothing_done)


def _count(each: Figure, given: Given) -> int:
    return len(each.curves) * len(given.numbers(each.chips))


def _after(passed: int, done: Done) -> Done:
    """Progress of a sweep that comes after so many runs."""
    return lambda count, total, record: done(passed + count, total, record)


STUDY = Simulation(FIGURE.title, run, lambda given: sum(_count(each, given) for each in FIGURES))
