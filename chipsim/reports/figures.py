"""Figures of many chips as papers lay them out: thin traces of single chips, bold means, bars of spread."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from chipsim.reports import charts, theme

THIN = 500
"""Images between two points of a thin trace: the step at which the paper measures, and small files."""

HIGHEST = 30.0
"""Test error [%] at which the axis of errors ends, unless curves end higher."""

_EXTREMES = (0.2, 10.0)  # of the axis of ratios

Values = Sequence[float]


@dataclass(frozen=True)
class Lines:
    """Figures of chips, accuracies or errors, over the same images or epochs: one sequence each."""

    label: str
    role: str
    x: Sequence[float]
    chips: Sequence[Values]

    @property
    def mean(self) -> list[float]:
        """Mean over the chips at each evaluation."""
        return [sum(at) / len(at) for at in zip(*self.chips, strict=True)]


@dataclass(frozen=True)
class Panel:
    """One pair of axes: the curves in it, and a level to reach."""

    title: str
    lines: Sequence[Lines]
    level: float | None = None


@dataclass(frozen=True)
class Spread:
    """Accuracies of chips by a whole number: mean and standard deviation at each, and what bounds them."""

    x: Sequence[int]
    values: Sequence[Values]
    levels: Sequence[tuple[str, float]]


class Range(NamedTuple):
    """A ratio with its interval, by name."""

    label: str
    value: float
    low: float
    high: float


def curves(panels: Sequence[Panel], title: str) -> str:
    """Accuracy over images in panels side by side, as an SVG file."""
    with charts.panels(1, len(panels), max(6.2, 4.6 * len(panels)), 3.8) as (figure, grid):
        for axes, panel in zip(_row(grid), panels, strict=True):
            _draw_panel(axes, panel)
        figure.suptitle(title, color=theme.ROLES["ink"], fontsize=9)
        return charts.standalone(figure, title)


def errors(lines: Sequence[Lines], levels: Sequence[tuple[str, float]], title: str) -> str:
    """Test errors [%] over epochs, thin for single chips and bold in the mean, and levels, as an SVG file."""
    with charts.panels(1, 1, 7.2, 4.2) as (figure, axes):
        for line in lines:
            colour = theme.ROLES[line.role]
            for chip in line.chips:
                axes.plot(line.x, chip, color=colour, linewidth=0.5, alpha=0.3)
            axes.plot(line.x, line.mean, color=colour, linewidth=1.8, label=line.label)
        for at, (name, level) in enumerate(levels):
            style = (0, (5, 2 + 2 * at))
            axes.axhline(level, color=theme.ROLES["muted"], linewidth=1.0, linestyle=style, label=name)
        axes.set_xlabel("epoch (0: digital, 1: on the array, 2: with programming noise)")
        axes.set_ylabel("test error (%)")
        ends = (value for line in lines for value in line.mean[-1:])
        axes.set_ylim(0, min(100.0, max(HIGHEST, 1.2 * max(ends, default=HIGHEST))))
        axes.legend(frameon=False, fontsize=7.2, ncols=2)
        figure.suptitle(title, color=theme.ROLES["ink"], fontsize=9)
        return charts.standalone(figure, title)


def spread(found: Spread, title: str, label: str) -> str:
    """Mean and standard deviation of accuracies over a whole number, as an SVG file."""
    with charts.panels(1, 1, 6.2, 3.8) as (figure, axes):
        means, deviations = zip(*map(_moments, found.values), strict=True)
        every = [
            (x, 100 * value) for x, values in zip(found.x, found.values, strict=True) for value in values
        ]
        colour = theme.ROLES["series-1"]
        axes.plot(*zip(*every, strict=True), ".", color=colour, markersize=2.5, alpha=0.25, markeredgewidth=0)
        axes.errorbar(
            found.x,
            means,
            yerr=deviations,
            color=colour,
            linewidth=2.0,
            elinewidth=1.0,
            capsize=3,
            marker="o",
        )
        for index, (name, level) in enumerate(found.levels):
            axes.axhline(
                100 * level,
                color=theme.ROLES[theme.series(index + 1)],
                linewidth=1.1,
                linestyle=(0, (5, 3)),
                label=name,
            )
        axes.set_xlabel(label)
        axes.set_ylabel("test accuracy (%)")
        axes.legend(frameon=False, fontsize=7.2)
        figure.suptitle(title, color=theme.ROLES["ink"], fontsize=9)
        return charts.standalone(figure, title)


def handover(before: Panel, pairs: Sequence[tuple[float, float]], title: str, names: tuple[str, str]) -> str:
    """A panel of curves, and beside it the accuracy of each chip in two situations, as an SVG file."""
    with charts.panels(1, 2, 9.2, 3.6) as (figure, grid):
        left, right = _row(grid)
        _draw_panel(left, before)
        colour = theme.ROLES["series-1"]
        for pair in pairs:
            right.plot((0, 1), [100 * value for value in pair], color=colour, linewidth=0.5, alpha=0.3)
        means, deviations = zip(*map(_moments, zip(*pairs, strict=True)), strict=True)
        right.errorbar(
            (0, 1), means, yerr=deviations, color=colour, linewidth=2.0, elinewidth=1.0, capsize=3, marker="o"
        )
        right.set_xticks((0, 1), names)
        right.set_xlim(-0.25, 1.25)
        right.set_ylim(0, 101)
        right.set_ylabel("test accuracy (%)")
        figure.suptitle(title, color=theme.ROLES["ink"], fontsize=9)
        return charts.standalone(figure, title)


def ranges(found: Sequence[Range], title: str, label: str) -> str:
    """Ratios with their intervals on a logarithmic axis, the first at the top, as an SVG file.

    What is infinite, zero or NaN is left out, an interval is cut at the axis.
    """
    with charts.panels(1, 1, 7.6, 0.9 + 0.17 * len(found)) as (figure, axes):
        axes.set_xscale("log")
        axes.set_xlim(*_EXTREMES)
        for row, one in enumerate(found):
            low, high = (min(max(value, _EXTREMES[0]), _EXTREMES[1]) for value in (one.low, one.high))
            axes.plot((low, high), (row, row), color=theme.ROLES["series-1"], linewidth=1.2)
            axes.plot(one.value, row, "o", color=theme.ROLES["series-1"], markersize=4)
        axes.axvline(1.0, color=theme.ROLES["muted"], linewidth=1.0, linestyle=(0, (5, 3)))
        axes.set_yticks(range(len(found)), [one.label for one in found], fontsize=6)
        axes.set_ylim(len(found) - 0.4, -0.6)
        axes.set_xticks((0.25, 0.5, 1, 2, 4, 8), ("0.25", "0.5", "1", "2", "4", "8"))
        axes.set_xlabel(label)
        figure.suptitle(title, color=theme.ROLES["ink"], fontsize=9)
        return charts.standalone(figure, title)


def _moments(values: Values) -> tuple[float, float]:
    mean = sum(values) / len(values)
    variance = sum((value - mean) ** 2 for value in values) / max(1, len(values) - 1)
    return 100 * mean, 100 * variance**0.5


def _row(grid: Any) -> list[Any]:
    return list(grid) if hasattr(grid, "__len__") else [grid]


def _draw_panel(axes: Any, panel: Panel) -> None:
    for lines in panel.lines:
        colour = theme.ROLES[lines.role]
        thin = [index for index, image in enumerate(lines.x) if image % THIN == 0]
        x = [lines.x[index] for index in thin]
        for chip in lines.chips:
            axes.plot(x, [100 * chip[index] for index in thin], color=colour, linewidth=0.5, alpha=0.22)
    for lines in panel.lines:
        mean = [100 * value for value in lines.mean]
        axes.plot(lines.x, mean, color=theme.ROLES[lines.role], linewidth=2.0, label=lines.label)
    if panel.level is not None:
        axes.axhline(100 * panel.level, color=theme.ROLES["muted"], linewidth=1.0, linestyle=(0, (5, 3)))
    axes.set_title(panel.title, fontsize=8.2)
    axes.set_xlabel("images")
    axes.set_ylabel("test accuracy (%)")
    axes.set_ylim(0, 101)
    axes.legend(frameon=False, fontsize=7.2, loc="lower right")
