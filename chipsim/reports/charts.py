"""Charts as inline SVG: curves of accuracy, bars of energy and area, maps of counts per device.

Matplotlib draws curves and bars through its object interface, imported at first use. Equal data give equal
text: the salt of ids is fixed and no date is written. Colours are roles (`theme`), so a chart has no light or
dark variant of its own. Legends are not drawn here but stand in the page, where they can wrap.
"""

import io
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from chipsim.reports import theme
from chipsim.reports.quantities import percent, quantity, scale

_SETTINGS: Mapping[str, Any] = {
    "svg.hashsalt": "chipsim",
    "svg.fonttype": "none",
    "text.parse_math": False,
    "text.usetex": False,
    "font.size": 8.2,
    "font.family": "DejaVu Sans",
    "text.color": theme.ROLES["ink"],
    "axes.edgecolor": theme.ROLES["grid"],
    "axes.labelcolor": theme.ROLES["muted"],
    "axes.facecolor": "none",
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": theme.ROLES["grid"],
    "grid.linewidth": 0.6,
    "xtick.color": theme.ROLES["grid"],
    "ytick.color": theme.ROLES["grid"],
    "xtick.labelcolor": theme.ROLES["muted"],
    "ytick.labelcolor": theme.ROLES["muted"],
    "lines.solid_capstyle": "round",
    "path.simplify": True,
}

_WIDTH, _HEIGHT = 4.1, 2.7
_BARRED = {"J": "energy", "m²": "area", "%": "share of the variance"}
_LINE_STYLES = {"target": (0, (5, 3)), "ceiling": (0, (1.2, 2))}


@dataclass(frozen=True)
class Curve:
    """Accuracy of a group in one stage: ``(x, accuracy)`` per seed, their mean, and what is to be reached.

    `reached` are the x at which seeds came to their target; `target` and `ceiling` (the linear classifier)
    are accuracies, None where unknown.
    """

    role: str
    seeds: tuple[tuple[Sequence[float], Sequence[float]], ...]
    mean: tuple[Sequence[float], Sequence[float]] | None
    target: float | None = None
    ceiling: float | None = None
    reached: tuple[float, ...] = ()


@dataclass(frozen=True)
class Bars:
    """A group's bar for each name, stacked from parts (stages) as ``(name to SI value, opacity)``."""

    role: str
    parts: tuple[tuple[Mapping[str, float], float], ...]

    def total(self, name: str) -> float:
        """Length of the bar of a name [SI]."""
        return math.fsum(values.get(name, 0.0) for values, _ in self.parts)


def accuracy(curves: Sequence[Curve], name: str, label: str, over: str) -> str:
    """Accuracy over ``images`` or simulated ``time``: thin lines are seeds, the bold one is their mean."""
    largest = max((max(x, default=0.0) for curve in curves for x, _ in curve.seeds), default=0.0)
    factor, unit = scale(largest, "s") if over == "time" else (1.0, "")
    with _axes() as (figure, axes):
        for curve in curves:
            _draw_curve(axes, curve, factor)
        axes.set_ylim(_floor(curves), 101)
        axes.set_xlim(-0.01 * (largest or 1) / factor, 1.01 * (largest or 1) / factor)
        axes.set_ylabel("test accuracy (%)")
        axes.set_xlabel(f"simulated time ({unit})" if over == "time" else "images")
        axes.xaxis.set_major_formatter(lambda x, _: f"{x:,.0f}" if x >= 1000 else f"{x:g}")
        return drawn(figure, name, label)


def bars(groups: Sequence[Bars], name: str, label: str, unit: str) -> str:
    """Horizontal bars, the largest at the top, each with its value and its share of the group's sum.

    Unit ``%`` is of values that are shares themselves.
    """
    names = sorted(dict.fromkeys(n for group in groups for values, _ in group.parts for n in values))
    names.sort(key=lambda n: -max(group.total(n) for group in groups))
    largest = max((group.total(n) for n in names for group in groups), default=0.0)
    factor, prefixed = (0.01, unit) if unit == "%" else scale(largest, unit)
    thick = 0.72 / max(len(groups), 1)
    with _axes(height=0.75 + len(names) * (0.14 + 0.16 * len(groups))) as (figure, axes):
        for at, group in enumerate(groups):
            offset = (at - (len(groups) - 1) / 2) * thick
            _draw_bars(axes, group, names, (offset, 0.88 * thick), factor, unit)
        axes.set_yticks(range(len(names)), [_short(n) for n in names])
        axes.set_ylim(len(names) - 0.45, -0.55)
        axes.set_xlim(0, 1.5 * (largest / factor or 1.0))
        axes.set_xlabel(f"{_BARRED[unit]} ({prefixed})")
        axes.grid(visible=False, axis="y")
        axes.tick_params(axis="y", length=0, labelcolor=theme.ROLES["ink"])
        return drawn(figure, name, label)


@contextmanager
def panels(rows: int, columns: int, width: float, height: float) -> Iterator[tuple[Any, Any]]:
    """A figure [inches] in our settings and its axes, `(rows, columns)`, or the one that it has."""
    import matplotlib
    from matplotlib.figure import Figure

    settings: Any = dict(_SETTINGS)
    with matplotlib.rc_context(settings):
        figure = Figure(figsize=(width, height), layout="constrained")
        yield figure, figure.subplots(rows, columns)


def standalone(figure: Any, title: str) -> str:
    """A figure as an SVG file of its own, in the page's colours on white."""
    return theme.coloured(_svg(figure, transparent=False, facecolor="white", metadata={"Title": title}))


def _axes(width: float = _WIDTH, height: float = _HEIGHT) -> AbstractContextManager[tuple[Any, Any]]:
    return panels(1, 1, width, height)


def drawn(figure: Any, name: str, label: str) -> str:
    """A figure as an inline element of a page (see `theme.themed`)."""
    return theme.themed(_svg(figure, transparent=True), name, label)


def _svg(figure: Any, metadata: Mapping[str, str] = MappingProxyType({}), **options: Any) -> str:
    buffer = io.StringIO()
    plain = {"Date": None, "Creator": None, **metadata}
    figure.savefig(buffer, format="svg", metadata=plain, **options)
    return buffer.getvalue()


def _draw_curve(axes: Any, curve: Curve, factor: float) -> None:
    colour = theme.ROLES[curve.role]
    if len(curve.seeds) > 1:
        for x, y in curve.seeds:
            axes.plot(_divided(x, factor), _divided(y, 0.01), color=colour, linewidth=0.7, alpha=0.32)
    bold = curve.mean or (curve.seeds[0] if len(curve.seeds) == 1 else None)
    if bold:
        axes.plot(_divided(bold[0], factor), _divided(bold[1], 0.01), color=colour, linewidth=2.0)
    for level, style in ((curve.target, "target"), (curve.ceiling, "ceiling")):
        if level is not None:
            axes.axhline(100 * level, color=colour, linewidth=1.1, linestyle=_LINE_STYLES[style])
    if curve.reached:
        x = _divided(curve.reached, factor)
        foot = axes.get_xaxis_transform()
        axes.plot(x, [0.025] * len(x), "|", color=colour, markersize=8, markeredgewidth=1.4, transform=foot)


def _divided(values: Sequence[float], by: float) -> list[float]:
    return [float(value) / by for value in values]


def _floor(curves: Sequence[Curve]) -> float:
    levels = [float(y) for curve in curves for _, ys in curve.seeds for y in ys]
    levels += [level for curve in curves for level in (curve.target, curve.ceiling) if level is not None]
    return max(-1.0, 5 * math.floor((100 * min(levels, default=0.0) - 3) / 5))


def _draw_bars(
    axes: Any, group: Bars, names: Sequence[str], place: tuple[float, float], factor: float, unit: str
) -> None:
    offset, thick = place
    colour = theme.ROLES[group.role]
    y = [at + offset for at in range(len(names))]
    left = [0.0] * len(names)
    for values, opacity in group.parts:
        width = [values.get(n, 0.0) / factor for n in names]
        axes.barh(y, width, left=left, height=thick, color=colour, alpha=opacity)
        left = [one + more for one, more in zip(left, width, strict=True)]
    whole = math.fsum(group.total(n) for n in names)
    for at, end, n in zip(y, left, names, strict=True):
        share = f" · {percent(group.total(n) / whole)}" if whole else ""
        text = percent(group.total(n)) if unit == "%" else quantity(group.total(n), unit) + share
        axes.annotate(text, (end, at), xytext=(4, 0), textcoords="offset points", va="center", fontsize=7.5)


def _short(name: str) -> str:
    return name if len(name) <= 22 else name[:21] + "…"
