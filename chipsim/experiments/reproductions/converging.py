"""Figures of convergence: curves against scratch in panels, and what their claims and tables are made of.

The measures are those of `experiments.convergence`; this module only lays them out.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from chipsim.experiments import convergence, repricing
from chipsim.experiments.comparison import Ratio, ratio
from chipsim.experiments.convergence import SHARE, SHARES, STEPS, Trace, Versus
from chipsim.experiments.reproductions.curves import Chips, Curve
from chipsim.experiments.reproductions.figure import Chosen, Data, Figure, Made, Row, Table, number, percent
from chipsim.reports import figures, theme
from chipsim.reports.quantities import quantity
from chipsim.reports.result import ToTarget

SCRATCH_WITHIN = (500.0, 5000.0)
"""Images in which scratch should reach its target, for a ratio to say something at all."""
CEILING = 0.03
"""How far below a linear classifier the median final accuracy may lie."""


@dataclass(frozen=True)
class Seen:
    """The chips of a panel: scratch first, then what is compared with it."""

    title: str
    chips: tuple[Chips, ...]

    @cached_property
    def traces(self) -> Mapping[str, tuple[Trace, ...]]:
        """The chips' curves by name."""
        return {
            chips.curve.name: tuple(convergence.read(folder, chips.curve.stage) for folder in chips.folders)
            for chips in self.chips
        }

    @property
    def scratch(self) -> tuple[Trace, ...]:
        """Scratch's chips."""
        return self.traces[self.chips[0].curve.name]

    def versus(self, curve: Curve) -> Versus:
        """A curve against scratch."""
        return Versus(self.scratch, self.traces[curve.name])

    @cached_property
    def ratios(self) -> Mapping[str, Ratio]:
        """The ratio of each curve but scratch at the target and step where nothing else is said."""
        return {chips.curve.name: self.versus(chips.curve).ratio() for chips in self.chips[1:]}

    @cached_property
    def spent(self) -> Mapping[str, tuple[ToTarget | None, ...]]:
        """What each chip spent to its target, by the curve's name."""
        targets = Versus(self.scratch, self.scratch).targets()
        return {
            chips.curve.name: tuple(
                convergence.spent(chips.job, folder, chips.curve.stage, target)
                for folder, target in zip(chips.folders, targets, strict=True)
            )
            for chips in self.chips
        }


Claim = Callable[[Seen], Row]


@dataclass(frozen=True)
class Panel:
    """One pair of axes: scratch, what is compared with it, and what is claimed of them."""

    title: str
    scratch: Curve
    others: tuple[Curve, ...]
    claims: tuple[Claim, ...] = ()

    @property
    def curves(self) -> tuple[Curve, ...]:
        """All of them."""
        return (self.scratch, *self.others)

    def seen(self, chosen: Chosen) -> Seen:
        """The panel's chips."""
        return Seen(self.title, tuple(chosen[curve.name] for curve in self.curves))


def figure(name: str, title: str, panels: Sequence[Panel]) -> Figure:
    """A figure of convergence."""
    curves = {curve.name: curve for panel in panels for curve in panel.curves}

    def make(chosen: Chosen, title: str) -> Made:
        seen = [panel.seen(chosen) for panel in panels]
        rows = [
            row._replace(what=f"{panel.title}: {row.what}")
            for panel, one in zip(panels, seen, strict=True)
            for row in (*(claim(one) for claim in panel.claims), *_always(one))
        ]
        tables = [_spent_table(seen), _final_table(seen), *map(_ratio_table, seen)]
        return Made(rows, tables, _drawn(seen, title), _data(seen))

    return Figure(name, title, tuple(curves.values()), make)


# Claims


def interval(found: Ratio) -> str:
    """A ratio with its interval."""
    if math.isnan(found.value):
        return number(found.value)
    return f"{number(found.value)} ({number(found.low)} to {number(found.high)})"


def faster(curve: Curve, paper: str) -> Claim:
    """A curve converges faster than scratch."""
    return _against_scratch(curve, paper, ("agrees: faster", "differs: slower", "not told apart"))


def no_faster(curve: Curve, paper: str) -> Claim:
    """A curve converges no faster than scratch."""
    return _against_scratch(curve, paper, ("differs: faster", "agrees: slower", "agrees: no faster"))


def _against_scratch(curve: Curve, paper: str, verdicts: tuple[str, str, str]) -> Claim:
    """The ratio of images to the target, with what it means to be faster, slower or neither."""

    def claim(seen: Seen) -> Row:
        found = seen.ratios[curve.name]
        label = f"{curve.label}, images to target: scratch's / its"
        return Row(label, paper, interval(found), told(found, *verdicts))

    return claim


def behind(slow: Curve, fast: Curve, paper: str) -> Claim:
    """A curve converges slower than another."""

    def claim(seen: Seen) -> Row:
        (_, slower), (_, quicker) = (seen.versus(curve).images() for curve in (slow, fast))
        found = ratio(slower, quicker)
        verdict = told(found, "agrees: behind", "differs: ahead", "not told apart")
        return Row(f"{slow.label} over {fast.label}, images", paper, interval(found), verdict)

    return claim


def told(found: Ratio, above: str, below: str, neither: str) -> str:
    """The word for which side of 1 a ratio's interval lies on."""
    if math.isnan(found.value) or found.low <= 1.0 <= found.high:
        return neither
    return above if found.low > 1.0 else below


def at_accuracy(curve: Curve, accuracy: float, ceiling: float, paper: str) -> Claim:
    """A ratio at one absolute accuracy, at the paper's evaluation step, where projections allow for it.

    Only those seeds count whose linear classifier reaches `ceiling`.
    """

    def claim(seen: Seen) -> Row:
        linear = seen.chips[0].figures("linear_accuracy")
        found = seen.versus(curve).where([one >= ceiling for one in linear])
        what = (
            f"{curve.label}, images to {percent(accuracy)} at {STEPS[-1]}-image steps, on the "
            f"{len(found.scratch)} projections with linear {percent(ceiling)} or more: scratch's / its"
        )
        if not found.scratch:
            return Row(what, paper, "no such projection", "")
        speed = found.ratio_at(accuracy, STEPS[-1])
        verdict = told(speed, "agrees: faster", "differs: slower", "not told apart")
        return Row(what, paper, interval(speed), verdict)

    return claim


def peak(curve: Curve, paper: str) -> Claim:
    """The best accuracy of a curve's chips."""

    def claim(seen: Seen) -> Row:
        best = [max(trace.accuracy) for trace in seen.traces[curve.name]]
        low, high = map(percent, convergence.most(best))
        text = f"{percent(statistics.median(best))} in the median, {low} to {high} (8 of 10 chips)"
        return Row(f"{curve.label}, peak accuracy", paper, text, "")

    return claim


def _always(seen: Seen) -> Iterator[Row]:
    """What must hold for a ratio to say something, and how near the chips come to their ceilings."""
    images = statistics.median(seen.versus(seen.chips[0].curve).images()[0])
    low, high = SCRATCH_WITHIN
    verdict = "within" if low <= images <= high else "outside"
    yield Row("scratch, images to target", "", number(images, 0), f"{verdict} {low:,.0f} to {high:,.0f}")
    for chips in seen.chips:
        short = statistics.median(_below_linear(seen, chips))
        verdict = (
            f"within {100 * CEILING:.0f} points"
            if short <= CEILING
            else f"more than {100 * CEILING:.0f} points"
        )
        yield Row(
            f"{chips.curve.label}, final accuracy below linear", "", f"{100 * short:.1f} points", verdict
        )


def _below_linear(seen: Seen, chips: Chips) -> list[float]:
    traces = seen.traces[chips.curve.name]
    return [
        linear - trace.final for linear, trace in zip(chips.figures("linear_accuracy"), traces, strict=True)
    ]


# Tables


def _spent_table(seen: Sequence[Seen]) -> Table:
    title = (
        f"To the target ({100 * SHARE:.0f} % of scratch's final accuracy, seed by seed): medians over all "
        "chips; wear is pulses a device, in the mean over those of A and of C until the target, and of the "
        "most pulsed device at the end of the run; before: all stages before this one"
    )
    head = (
        "", "arrive", "images", "time", "energy", "pulses", "wear A", "wear C", "most worn",
        "before: time", "energy", "pulses",
    )  # fmt: skip
    rows = [_spent_row(one, chips, len(seen) > 1) for one in seen for chips in one.chips]
    return Table(title, head, rows)


def _spent_row(seen: Seen, chips: Chips, titled: bool) -> tuple[str, ...]:
    found = seen.spent[chips.curve.name]
    arrived = sum(one is not None for one in found)

    def median(of: Callable[[ToTarget], float]) -> float:
        return statistics.median(math.inf if one is None else of(one) for one in found)

    before = _before(chips)
    return (
        f"{seen.title}: {chips.curve.label}" if titled else chips.curve.label,
        f"{arrived} of {len(found)}",
        number(median(lambda one: one.images), 0),
        quantities(median(lambda one: one.time_s), "s"),
        quantities(median(lambda one: one.energy_J), "J"),
        number(median(lambda one: one.pulses), 0),
        number(median(lambda one: one.wear.get("A", 0.0)), 0),
        number(median(lambda one: one.wear.get("C", 0.0)), 0),
        number(statistics.median(map(_most_worn, chips.folders, [chips] * len(found))), 0),
        *(
            (quantities(before.time_s, "s"), quantities(before.energy_J, "J"), f"{before.pulses:,.0f}")
            if before
            else ("",) * 3
        ),
    )


def quantities(value: float, unit: str) -> str:
    """An SI value for the eye, or that it lies beyond the run."""
    return quantity(value, unit).replace("\N{NO-BREAK SPACE}", " ") if math.isfinite(value) else number(value)


def _most_worn(folder: Path, chips: Chips) -> float:
    after = f"/{chips.curve.stage}/after/pulses"
    worn = repricing.arrays(folder, "which wear is taken from", lambda name: name.endswith(after))
    return float(max(array.max() for array in worn.values()))


class Before(NamedTuple):
    """What the stages before a curve's took, medians over the chips."""

    time_s: float
    energy_J: float  # noqa: N815 - the unit's own symbol
    pulses: float


def _before(chips: Chips) -> Before | None:
    sums = []
    for record in chips.records:
        names = [stage["name"] for stage in record["stages"]]
        earlier = record["stages"][: names.index(chips.curve.stage)]
        pulses = sum(stage["pulses"]["set"] + stage["pulses"]["reset"] for stage in earlier)
        sums.append(
            (math.fsum(s["time_s"] for s in earlier), math.fsum(s["energy_J"] for s in earlier), pulses)
        )
        if not earlier:
            return None
    return Before(*map(statistics.median, zip(*sums, strict=True)))


def _final_table(seen: Sequence[Seen]) -> Table:
    title = (
        "Accuracy (medians over chips: first evaluation, final, a linear classifier on the same inputs with "
        "its range over the projections), single chips' ratios (8 of 10 of those that have one), and the "
        "shortfall to scratch's final accuracy (means; saved: scratch's less this one's, 90 % interval)"
    )
    head = (
        "",
        "first",
        "final",
        "linear",
        "its range",
        "single chips' ratios",
        "shortfall, images",
        "saved, images",
    )
    rows = [_final_row(one, chips, len(seen) > 1) for one in seen for chips in one.chips]
    return Table(title, head, rows)


def _final_row(seen: Seen, chips: Chips, titled: bool) -> tuple[str, ...]:
    traces, linear = seen.traces[chips.curve.name], chips.figures("linear_accuracy")
    versus = seen.versus(chips.curve)
    (low, high), is_scratch = convergence.most(versus.single()), chips is seen.chips[0]
    saved = versus.saved()
    return (
        f"{seen.title}: {chips.curve.label}" if titled else chips.curve.label,
        percent(statistics.median(trace.accuracy[0] for trace in traces)),
        percent(statistics.median(trace.final for trace in traces)),
        percent(statistics.median(linear)),
        f"{percent(min(linear))} to {percent(max(linear))}",
        "" if is_scratch else f"{number(low)} to {number(high)}",
        f"{statistics.fmean(versus.shortfalls()[1]):,.0f}",
        "" if is_scratch else f"{saved.value:,.0f} ({saved.low:,.0f} to {saved.high:,.0f})",
    )


def _ratio_table(seen: Seen) -> Table:
    title = (
        f"{seen.title}: scratch's images to the target over the curve's (90 % interval), by target as a "
        "share of scratch's final accuracy, and by the images between two evaluations"
    )
    others = [chips.curve for chips in seen.chips[1:]]
    head = ("target", *(f"{curve.label}, {step}" for curve in others for step in STEPS))
    rows = [
        (
            f"{100 * share:.0f} %",
            *(interval(seen.versus(curve).ratio(share, step)) for curve in others for step in STEPS),
        )
        for share in SHARES
    ]
    return Table(title, head, rows)


# Drawing and data


def _drawn(seen: Sequence[Seen], title: str) -> str:
    return figures.curves([_panel(one) for one in seen], title)


def _panel(seen: Seen) -> figures.Panel:
    lines = [
        figures.Lines(
            chips.curve.label, theme.series(index), seen.traces[chips.curve.name][0].images,
            [trace.accuracy for trace in seen.traces[chips.curve.name]],
        )
        for index, chips in enumerate(seen.chips)
    ]  # fmt: skip
    level = statistics.median(Versus(seen.scratch, seen.scratch).targets())
    return figures.Panel(seen.title, lines, level)


def _data(seen: Sequence[Seen]) -> Data:
    count = len(seen[0].scratch)
    rows = [
        (one.title, name, image, *(trace.accuracy[index] for trace in traces))
        for one in seen
        for name, traces in one.traces.items()
        for index, image in enumerate(traces[0].images)
    ]
    ceilings = [
        (one.title, f"{chips.curve.name}, linear classifier", "", *chips.figures("linear_accuracy"))
        for one in seen
        for chips in one.chips
    ]
    return Data(("panel", "curve", "image", *(f"chip_{k}" for k in range(count))), rows + ceilings)
