"""Matrix products with one order of adding, whatever the batch, the CPU or the thread count.

A BLAS product changes in its last bits with the batch's size and the number of threads; these loops
do not. Rows of the batch are independent, so b images together and one by one agree to the bit.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from chipsim.numerics.kernel import kernel
from chipsim.numerics.threads import spread

Floats = NDArray[np.float64]

LANES = 64
"""Partial sums of a transposed product: a row of w is walked as it lies in memory."""
BLOCK = 256
"""Rows of w that all images of a product use while they are at hand."""
TOGETHER = 8
"""Lines that are added to a sum while it is in a register, one after another."""
GROUP = 4
"""Images of a transposed product that use a row of w while it is at hand."""
STEPS = 16
"""Products of numbers that weigh as one step of `spread`; two threads were measured slower on fewer."""


def product(x: NDArray[Any], w: Floats) -> Floats:
    """The product `(images, rows) x (rows, columns)`, added over rows in rising order, `float64`."""
    y = np.zeros((x.shape[0], w.shape[1]))
    spread(lambda begin, end: _product(x, w, y, begin, end), w.shape[1], x.shape[0] * w.size // STEPS)
    return y


def transposed_product(x: NDArray[Any], w: Floats) -> Floats:
    """The product `(images, columns) x (rows, columns)` transposed: `(images, rows)`, `float64`.

    Column c is added to partial sum c mod `LANES` in rising order, then the second half of the partial
    sums to the first until one is left.
    """
    y = np.zeros((x.shape[0], w.shape[0]))
    spread(lambda begin, end: _transposed(x, w, y, begin, end), w.shape[0], x.shape[0] * w.size // STEPS)
    return y


@kernel
def _product(x: Any, w: Any, y: Any, begin: Any, end: Any) -> None:
    values, lines = np.empty(BLOCK, np.float64), np.empty(BLOCK, np.int64)
    for block in range(0, x.shape[1], BLOCK):
        for image in range(x.shape[0]):
            count = _found(x[image, block : block + BLOCK], block, values, lines)
            if count > 0:
                add_lines(count, values, lines, w, begin, end, y[image, begin:end])


@kernel
def _found(x: Any, first: Any, values: Any, lines: Any) -> Any:
    """Put the numbers of a vector that are not zero in order, and their lines from `first` on; how many."""
    total: Any = np.int64(0)
    for place in range(x.size):
        total += np.int64(x[place] != 0)
    count: Any = np.int64(0)
    if total > 0:
        for place in range(x.size):
            values[count], lines[count] = x[place], first + place
            count += np.int64(x[place] != 0)
    return total


@kernel
def add_lines(count: Any, values: Any, lines: Any, w: Any, begin: Any, end: Any, y: Any) -> None:
    """Add `count` lines of w, columns `begin` to `end`, times their values to y, one after another."""
    done = 0
    while done + TOGETHER <= count:
        _add_eight(values[done:], lines[done:], w, begin, end, y)
        done += TOGETHER
    for place in range(done, count):
        _add(values[place], w[lines[place], begin:end], y)


@kernel
def _add(value: Any, w: Any, y: Any) -> None:
    for column in range(y.size):
        y[column] += value * w[column]


@kernel
def _add_eight(values: Any, lines: Any, w: Any, begin: Any, end: Any, y: Any) -> None:
    """Add eight lines of w times their values to y, whose sums stay in registers meanwhile."""
    a, b, c, d = values[0], values[1], values[2], values[3]
    e, f, g, h = values[4], values[5], values[6], values[7]
    i, j, k, m = lines[0], lines[1], lines[2], lines[3]
    p, q, r, s = w[i, begin:end], w[j, begin:end], w[k, begin:end], w[m, begin:end]
    i, j, k, m = lines[4], lines[5], lines[6], lines[7]
    t, u, v, z = w[i, begin:end], w[j, begin:end], w[k, begin:end], w[m, begin:end]
    for n in range(y.size):
        half = (((y[n] + a * p[n]) + b * q[n]) + c * r[n]) + d * s[n]
        y[n] = (((half + e * t[n]) + f * u[n]) + g * v[n]) + h * z[n]


@kernel
def _transposed(x: Any, w: Any, y: Any, begin: Any, end: Any) -> None:
    values = x.astype(np.float64)
    first, last = _spans(x)
    lone, several = np.nonzero(last - first == 1)[0], np.nonzero(last - first > 1)[0]
    for row in range(begin, end):
        for image in lone:
            y[image, row] = 0.0 + values[image, first[image]] * w[row, first[image]]
    partial = np.empty(LANES, np.float64)
    for group in range(0, several.size, GROUP):
        for row in range(begin, end):
            for image in several[group : group + GROUP]:
                y[image, row] = _dot(values[image], w[row], first[image], last[image], partial)


@kernel
def _spans(x: Any) -> Any:
    """By image: index of the first number that is not zero, and the one behind the last."""
    first, last = np.zeros(x.shape[0], np.int64), np.full(x.shape[0], x.shape[1])
    for image in range(x.shape[0]):
        while first[image] < last[image] and x[image, first[image]] == 0:
            first[image] += 1
        while last[image] > first[image] and x[image, last[image] - 1] == 0:
            last[image] -= 1
    return first, last


@kernel
def _dot(x: Any, w: Any, first: Any, last: Any, partial: Any) -> Any:
    partial[:] = 0.0
    for start in range(first - first % LANES, last, LANES):
        for lane in range(min(LANES, x.size - start)):
            index = np.uint64(start) + np.uint64(lane)
            partial[lane] += x[index] * w[index]
    half = LANES // 2
    while half > 0:
        for lane in range(half):
            partial[lane] += partial[lane + half]
        half //= 2
    return partial[0]


@kernel
def add_outer(w: NDArray[np.float64], x: NDArray[np.float64], d: NDArray[np.float64], factor: float) -> None:
    """Add `factor` times the outer product of each image's x and d to w, one image after another.

    `w` is `(rows, columns)`, `x` `(images, rows)`, `d` `(images, columns)`, all `float64`.
    """
    values, images = np.empty(x.shape[0], np.float64), np.empty(x.shape[0], np.int64)
    for row in range(x.shape[1]):
        count = 0
        for image in range(x.shape[0]):
            values[count], images[count] = factor * x[image, row], image
            count += values[count] != 0.0
        add_lines(count, values, images, d, 0, w.shape[1], w[row])
