"""What was measured of a cell, for a reader: as a record, as tables of text, and as a figure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chipsim.devices.cells import Cell
from chipsim.devices.characteristics import Characteristics, Point, Spread
from chipsim.reports import charts, theme
from chipsim.reports.quantities import NOTHING, significant
from chipsim.reports.tabular import csv_text, lined

_MEANINGS = {
    "step_up": "step up at state 0",
    "step_down": "step down at state 0",
    "w_max": "upper bound",
    "w_min": "lower bound",
    "symmetry_point": "symmetry point",
    "reference": "reference",
    "states": "states (range in mean steps)",
}
_SHOWN = (1, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1000)
_NAMES = {"up": "pulses up", "down": "then down"}


def record(cell: Cell, found: Characteristics) -> dict[str, Any]:
    """What was measured, as plain values; null where the model does not have a quantity."""
    return {
        "cell": cell.preset.name,
        "devices": found.devices,
        "spread": {name: spread and spread._asdict() for name, spread in found.spread().items()},
        "pulse_response": [point._asdict() for point in found.response],
        "noise": found.noise._asdict(),
    }


# Text


def table(cell: Cell, found: Characteristics) -> str:
    """The tables for a terminal: spread of each quantity, noise, and the weight after some pulses."""
    parts = [
        f"{cell.preset.name}: {cell.preset.description}\n"
        f"model {cell.preset.model}, {found.devices:,} {'device' if found.devices == 1 else 'devices'}",
        lined([("", *Spread._fields), *(_row(name, spread) for name, spread in found.spread().items())]),
        "\n".join(_noise(found)),
    ]
    if found.response:
        shown = [point for point in found.response if point.k in _shown(found)]
        rows = [(_phase(point), str(point.k), *map(_figure, point[2:])) for point in shown]
        parts.append(lined([("weight after", "k", "mean", "std"), *rows]))
    return "\n\n".join(parts)


def _row(name: str, spread: Spread | None) -> tuple[str, ...]:
    values = spread or (None,) * len(Spread._fields)
    return (_MEANINGS.get(name, name.replace("_", " ")), *map(_figure, values))


def _figure(value: float | None) -> str:
    if value is None:
        return NOTHING
    return "0" if abs(value) < 5e-7 else (significant(value) if abs(value) >= 1e-3 else f"{value:.2e}")


def _noise(found: Characteristics) -> list[str]:
    cycle = found.noise.cycle_to_cycle
    return [
        f"noise of one step: {_figure(cycle)}{' of the own step' if cycle is not None else ''}",
        f"write noise (read against stored): {_figure(found.noise.write)}",
    ]


def _shown(found: Characteristics) -> set[int]:
    last = max(point.k for point in found.response)
    return {0, last, *(k for k in _SHOWN if k <= last)}


def _phase(point: Point) -> str:
    return _NAMES.get(point.phase, point.phase)


# Files


def spread_csv(found: Characteristics) -> str:
    """The spread as CSV; empty fields where the model does not have the quantity."""
    rows = ((name, *(spread or ("",) * len(Spread._fields))) for name, spread in found.spread().items())
    return csv_text(("quantity", *Spread._fields), rows)


def response_csv(found: Characteristics) -> str:
    """The pulse response as CSV."""
    return csv_text(Point._fields, found.response)


# Figure


def figure(cell: Cell, found: Characteristics) -> str:
    """Four charts in one SVG file: pulse response, way to the symmetry point, and two distributions."""
    with charts.panels(2, 2, 7.6, 5.6) as (drawing, axes):
        _draw_response(axes[0, 0], cell, found)
        _draw_settling(axes[0, 1], found)
        _draw_values(axes[1, 0], found)
        _draw_states(axes[1, 1], found)
        drawing.suptitle(f"{cell.preset.name}: {found.devices:,} devices", color=theme.ROLES["ink"])
        return charts.standalone(drawing, cell.preset.name)


def _draw_response(axes: Any, cell: Cell, found: Characteristics) -> None:
    read = found.noise.write > 0
    axes.set_title(f"mean, spread{' (dashed: as read)' if read else ''}, some single devices", fontsize=8.2)
    axes.set_xlabel("pulses, up and then down")
    axes.set_ylabel("weight")
    if not found.response:
        _say_nothing(axes, "no pulse moves this cell")
        return
    x = np.arange(len(found.response))
    axes.plot(x, found.followed, color=theme.ROLES["muted"], linewidth=0.5, alpha=0.6)
    _draw_band(axes, x, found.response, "series-1", "")
    if read:
        _draw_noise(axes, x, found)
    mid, span = cell.model.g_mid, cell.model.g_span
    if found.single and span > 0:
        scale = (lambda w: 1e6 * (mid + span * w), lambda g: (g / 1e6 - mid) / span)
        beside = axes.secondary_yaxis("right", functions=scale)
        beside.set_ylabel("conductance (µS)")


def _draw_noise(axes: Any, x: NDArray[Any], found: Characteristics) -> None:
    """Where the spread of what is read ends: that of what is stored and the write noise together."""
    mean = np.array([point.mean for point in found.response])
    spread = np.array([math.hypot(point.std, found.noise.write) for point in found.response])
    for end in (mean - spread, mean + spread):
        axes.plot(x, end, color=theme.ROLES["series-1"], linewidth=0.8, linestyle=(0, (4, 3)))


def _draw_settling(axes: Any, found: Characteristics) -> None:
    axes.set_title("one up, one down: towards the symmetry point", fontsize=8.2)
    axes.set_xlabel("pairs of pulses")
    axes.set_ylabel("weight")
    if not found.settling:
        _say_nothing(axes, "no pulse moves this cell")
        return
    for index, (name, points) in enumerate(found.settling.items()):
        _draw_band(axes, np.arange(len(points)), points, theme.series(index), f"from {name}")
    axes.legend(frameon=False)


def _draw_band(axes: Any, x: NDArray[Any], points: Sequence[Point], role: str, label: str) -> None:
    mean, std = np.array([point.mean for point in points]), np.array([point.std for point in points])
    colour = theme.ROLES[role]
    axes.fill_between(x, mean - std, mean + std, color=colour, alpha=0.18, linewidth=0)
    axes.plot(x, mean, color=colour, linewidth=1.8, label=label)


def _draw_values(axes: Any, found: Characteristics) -> None:
    axes.set_title("bounds and symmetry point", fontsize=8.2)
    axes.set_xlabel("state (weight before the reference is subtracted)")
    names = [name for name in ("w_min", "w_max", "symmetry_point", "reference") if name in found.quantities]
    for index, name in enumerate(names):
        _draw_distribution(axes, found.quantities[name], theme.series(index), _MEANINGS[name])
    _finish(axes, names)


def _draw_states(axes: Any, found: Characteristics) -> None:
    axes.set_title("states per device", fontsize=8.2)
    axes.set_xlabel("states: range in mean steps")
    states = found.quantities.get("states")
    if states is not None:
        _draw_distribution(axes, np.log10(states), "series-1", f"median {np.median(states):.3g}", power=10.0)
        _use_decades(axes, float(np.median(states)))
    _finish(axes, [] if states is None else ["states"])


def _use_decades(axes: Any, middle: float) -> None:
    """Make the x axis logarithmic and at least a decade long."""
    from matplotlib.ticker import LogLocator, NullLocator

    axes.set_xscale("log")
    low, high = axes.get_xlim()
    axes.set_xlim(min(low, middle / 3.2), max(high, middle * 3.2))
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(lambda x, _: f"{x:g}")


def _draw_distribution(axes: Any, values: NDArray[Any], role: str, label: str, power: float = 0.0) -> None:
    """An outline of how frequent values are in equal classes, the most frequent as 1.

    The outermost thousandths are left out. With `power` the values, and so the classes, are exponents of it.
    """
    low, high = np.quantile(values, [0.001, 0.999])
    if high - low < 1e-9 * max(1.0, abs(high)):
        low, high = low - 0.5e-2, low + 0.5e-2
    counts, edges = np.histogram(values, bins=50, range=(low, high))
    shown = power**edges if power else edges
    axes.stairs(counts / counts.max(), shown, color=theme.ROLES[role], linewidth=1.3, label=label)


def _finish(axes: Any, names: Sequence[str]) -> None:
    axes.set_ylabel("relative frequency")
    if names:
        axes.set_ylim(bottom=0)
        axes.legend(frameon=False, fontsize=7.2)
    else:
        _say_nothing(axes, "the model has none")


def _say_nothing(axes: Any, why: str) -> None:
    axes.text(0.5, 0.5, why, ha="center", va="center", transform=axes.transAxes, color=theme.ROLES["muted"])
