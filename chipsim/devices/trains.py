"""Pulse trains on an array: words of its lines, their coincidences, and the compiled loop that fires them.

A line's train is one 64-bit word, bit k of which says that the line fires in slot k. A cell is pulsed in the
slots where both of its lines fire.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from chipsim.numerics.draws import words
from chipsim.numerics.kernel import Kernel, kernel


class LineTrains(NamedTuple):
    """Pulse trains of some images: one word a line, and the sign that each line's value had."""

    rows: NDArray[np.uint64]
    """`(images, rows)`; bit k says that the line fires in slot k."""
    columns: NDArray[np.uint64]
    row_signs: NDArray[np.int8]
    column_signs: NDArray[np.int8]
    row_pulses: int
    column_pulses: int


class Wanted(NamedTuple):
    """The change that trains stand for in the mean: -rate x d for each image."""

    x: NDArray[np.float64]
    """Inputs `(images, rows)`."""
    error: NDArray[np.float64]
    """Errors `(images, columns)`."""
    rate: float


class Train(NamedTuple):
    """What a run of pulse trains did: whole counts and the whole-number sums of conductance."""

    set_pulses: int
    reset_pulses: int
    set_conductance: int
    """Sum over SET pulses of the mean conductance before and after their train [nS]."""
    reset_conductance: int


class Loop(Protocol):
    """The compiled loop of a model: see `pulse_trains`."""

    def __call__(self, *args: Any) -> tuple[int, int, int, int]:
        """Fire pulse trains on cells."""
        ...


def loop_around(step: Kernel[..., Any]) -> Loop:
    """The pulse-train loop compiled around the step of a device model."""
    return pulse_trains.around(step=step)


@kernel
def coincidences(rows: Any, columns: Any, row_signs: Any, column_signs: Any) -> Any:
    """Pulses `(images, rows, columns)` of trains: slots where both lines fire, up where signs differ."""
    images, height = rows.shape
    width = columns.shape[1]
    counts = np.zeros((images, height, width), dtype=np.int16)
    for image in range(images):
        for row in range(height):
            train = rows[image, row]
            if train == 0:
                continue
            for column in range(width):
                both = train & columns[image, column]
                if both == 0:
                    continue
                hits = 0
                while both != 0:
                    both &= both - np.uint64(1)
                    hits += 1
                sign = row_signs[image, row] * column_signs[image, column]
                counts[image, row, column] = np.int16(-sign * hits)
    return counts


@kernel
def step(state: Any, numbers: Any, up: Any, z: Any) -> Any:
    """The place of a model's own step; never called itself."""
    return state


@kernel
def pulse_trains(
    counts: Any, state: Any, pulses: Any, numbers: Any, row0: Any, column0: Any,
    key: Any, normals: Any, mid: Any, span: Any, floor: Any,
) -> Any:  # fmt: skip
    """Fire pulse trains; returns SET and RESET pulses and the sums of conductance [nS] over each."""
    sets, resets, set_sum, reset_sum = np.int64(0), np.int64(0), np.int64(0), np.int64(0)
    trains, rows, columns = counts.shape
    stride = state.shape[1]
    for train in range(trains):
        for r in range(rows):
            for c in range(columns):
                signed = np.int64(counts[train, r, c])
                if signed == 0:
                    continue
                row, column = row0 + r, column0 + c
                n = abs(signed)
                before = state[row, column]
                value = before
                fired = pulses[row, column]
                w0, w1, w2, w3 = words(key, row * stride + column, fired >> 3)
                for k in range(n):
                    draw = (fired + k) & 7
                    if k > 0 and draw == 0:
                        w0, w1, w2, w3 = words(key, row * stride + column, (fired + k) >> 3)
                    word = w0 if draw < 2 else (w1 if draw < 4 else (w2 if draw < 6 else w3))
                    half = (word >> np.uint64(16 * (draw & 1))) & np.uint64(0xFFFF)
                    value = step(value, numbers[row, column], signed > 0, normals[half])
                state[row, column] = value
                pulses[row, column] = fired + n
                mean = 0.5 * (max(mid + span * before, floor) + max(mid + span * value, floor))
                total = n * np.int64(np.rint(mean * 1e9))
                if signed > 0:
                    sets += n
                    set_sum += total
                else:
                    resets += n
                    reset_sum += total
    return sets, resets, set_sum, reset_sum
