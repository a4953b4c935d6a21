"""A count per device as a map of the array: one square per device, logarithmic where the spans are large.

Small arrays carry the counts as text; arrays with more than `MOST` lines a side are shown in blocks, each
with its largest count. The colours are steps of the page's ramp (classes ``heat-1`` to ``heat-9``), zero is
empty.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from chipsim.reports.quantities import compact
from chipsim.reports.theme import escaped

MOST = 64
"""Squares a side at most."""

STEPS = 9
"""Steps of the colour ramp."""

_WRITTEN_COLUMNS, _WRITTEN_ROWS = 16, 32
_LARGE_SPAN = 30.0
_LEFT, _TOP, _FOOT, _LETTER = 34.0, 40.0, 40.0, 6.8


class Patch(NamedTuple):
    """Where a matrix lies on an array: rows and columns as half-open ranges."""

    matrix: str
    rows: tuple[int, int]
    columns: tuple[int, int]


class _Grid(NamedTuple):
    counts: NDArray[np.int64]
    block: tuple[int, int]
    width: float
    height: float


def pulses(counts: NDArray[np.int64], patches: Sequence[Patch] = (), label: str = "Pulses per device") -> str:
    """SVG map of counts ``(rows, columns)`` with the matrices' outlines and names, and its colour scale."""
    grid = _grid(counts)
    low, high = _span(grid.counts)
    rows, columns = grid.counts.shape
    right, bottom = _LEFT + columns * grid.width, _TOP + rows * grid.height
    key, end = _key(low, high, bottom + 22)
    wide, tall = max(right + 14, end), bottom + _FOOT
    opening = (
        f'<svg class="map" viewBox="0 0 {wide:.0f} {tall:.0f}" width="{wide:.0f}" height="{tall:.0f}" '
        f'role="img" aria-label="{escaped(label)}">'
    )
    parts = [*_squares(grid, low, high), *_numbers(grid), *(_outline(grid, patch) for patch in patches), key]
    return "".join([opening, *parts, "</svg>"])


def is_logarithmic(counts: NDArray[np.int64]) -> bool:
    """Whether the map of these counts has a logarithmic colour scale."""
    low, high = _span(counts)
    return high > _LARGE_SPAN * low


def block_of(shape: tuple[int, ...]) -> tuple[int, int]:
    """Rows and columns of devices that one square stands for."""
    return math.ceil(shape[0] / MOST), math.ceil(shape[1] / MOST)


def _grid(counts: NDArray[np.int64]) -> _Grid:
    high, wide = block_of(counts.shape)
    padded = np.pad(counts, ((0, -counts.shape[0] % high), (0, -counts.shape[1] % wide)))
    blocks = padded.reshape(padded.shape[0] // high, high, padded.shape[1] // wide, wide).max(axis=(1, 3))
    if blocks.shape[0] <= _WRITTEN_ROWS and blocks.shape[1] <= _WRITTEN_COLUMNS:
        return _Grid(blocks, (high, wide), 56.0, 26.0)
    side = min(16.0, max(6.0, 460.0 / max(blocks.shape)))
    return _Grid(blocks, (high, wide), side, side)


def _span(counts: NDArray[np.int64]) -> tuple[int, int]:
    fired = counts[counts > 0]
    return (int(fired.min()), int(fired.max())) if fired.size else (0, 0)


def _step(count: int, low: int, high: int) -> int:
    """Step of the ramp for a count, 1 to `STEPS`; 0 for a device that was never pulsed."""
    if count <= 0:
        return 0
    if high == low:
        return STEPS // 2 + 1
    if high > _LARGE_SPAN * low:
        share = math.log(count / low) / math.log(high / low)
    else:
        share = (count - low) / (high - low)
    return 1 + min(STEPS - 1, int(share * STEPS))


def _squares(grid: _Grid, low: int, high: int) -> list[str]:
    written = grid.width > 30
    squares = []
    for row, column in np.ndindex(*grid.counts.shape):
        count = int(grid.counts[row, column])
        step = _step(count, low, high)
        x, y = _LEFT + column * grid.width, _TOP + row * grid.height
        place = f'x="{x:.1f}" y="{y:.1f}" width="{grid.width:.1f}" height="{grid.height:.1f}"'
        pulses = f"{count:,} pulse" if count == 1 else f"{count:,} pulses"
        where = f"row {row * grid.block[0]}, column {column * grid.block[1]}: {pulses}"
        squares.append(f'<rect class="cell heat-{step}" {place}><title>{where}</title></rect>')
        if written:
            middle = f'x="{x + grid.width / 2:.1f}" y="{y + grid.height / 2 + 4:.1f}"'
            dark = "high" if step > STEPS // 2 else "low"
            squares.append(f'<text class="count {dark}" {middle}>{compact(count)}</text>')
    return squares


def _numbers(grid: _Grid) -> list[str]:
    """Row and column numbers, as many as there is room for."""
    rows, columns = grid.counts.shape
    every_row, every_column = (math.ceil(18 / side) for side in (grid.height, grid.width))
    if max(rows, columns) > 40:
        every_row = every_column = 8
    down = [
        f'<text class="tick end" x="{_LEFT - 7:.1f}" y="{_TOP + (row + 0.5) * grid.height + 3.5:.1f}">'
        f"{row * grid.block[0]}</text>"
        for row in range(0, rows, every_row)
    ]
    across = [
        f'<text class="tick" x="{_LEFT + (column + 0.5) * grid.width:.1f}" y="{_TOP - 6:.1f}">'
        f"{column * grid.block[1]}</text>"
        for column in range(0, columns, every_column)
    ]
    return down + across


def _outline(grid: _Grid, patch: Patch) -> str:
    (top, bottom), (left, right) = (
        tuple(end / block for end in ends)
        for ends, block in zip((patch.rows, patch.columns), grid.block, strict=True)
    )
    x, y = _LEFT + left * grid.width, _TOP + top * grid.height
    wide, tall = (right - left) * grid.width, (bottom - top) * grid.height
    name = escaped(patch.matrix)
    above = f'x="{x + wide / 2:.1f}" y="{_TOP - 22:.1f}"'
    beside = f'x="{x + 5:.1f}" y="{y + 12:.1f}"'
    return (
        f'<g class="matrix" data-matrix="{name}">'
        f'<rect class="outline" x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{tall:.1f}" rx="2"/>'
        + (f"<text {above}>{name}</text>" if top == 0 else f'<text class="beside" {beside}>{name}</text>')
        + "</g>"
    )


def _key(low: int, high: int, y: float) -> tuple[str, float]:
    """The colour scale with the smallest and the largest count, and the x where it ends."""
    if high == low:
        text = f"{high:,} pulses on every device that was pulsed" if high else "no pulses"
        return (
            f'<text class="tick start" x="{_LEFT:.1f}" y="{y + 9:.1f}">{text}</text>',
            _LEFT + _LETTER * len(text),
        )
    boxes = "".join(
        f'<rect class="cell heat-{step}" x="{_LEFT + 12 * step - 12:g}" y="{y:.1f}" width="12" height="10"/>'
        for step in range(1, STEPS + 1)
    )
    middle = _LEFT + 12 * STEPS
    how = "log scale" if high > _LARGE_SPAN * low else "linear scale"
    text = f"{compact(low)} to {compact(high)} pulses, {how}"
    key = f'{boxes}<text class="tick start" x="{middle + 8:.1f}" y="{y + 9:.1f}">{text}</text>'
    return key, middle + 8 + _LETTER * len(text)
