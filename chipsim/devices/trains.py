"""Pulse trains on an array: words of its lines, their coincidences, and the compiled loop that fires them.

A line's train is one 64-bit word, bit k of which says that the line fires in slot k. A cell is pulsed in the
slots where both of its lines fire.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from chipsim.numerics.draws import hashed, splits
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


NOTHING = (0, 0, 0, 0)
"""The numbers of a `Train` that fires nothing."""


@kernel
def ones(word: Any) -> Any:
    """Set bits of a 64-bit word: pairs, nibbles and bytes are added side by side."""
    word -= (word >> np.uint64(1)) & np.uint64(0x5555555555555555)
    word = (word & np.uint64(0x3333333333333333)) + ((word >> np.uint64(2)) & np.uint64(0x3333333333333333))
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return (word * np.uint64(0x0101010101010101)) >> np.uint64(56)


@kernel
def meet(train: Any, sign: Any, columns: Any, column_signs: Any, pulses: Any) -> None:
    """Fill `pulses` of a row's cells: slots in which row and column fire, up where their signs differ."""
    for column in range(pulses.size):
        both = np.int16(ones(train & columns[column]))
        pulses[column] = np.int16(-sign * column_signs[column]) * both


@kernel
def coincidences(rows: Any, columns: Any, row_signs: Any, column_signs: Any) -> Any:
    """Pulses `(images, rows, columns)` of trains: slots where both lines fire, up where signs differ."""
    images, height = rows.shape
    counts = np.zeros((images, height, columns.shape[1]), dtype=np.int16)
    for image in range(images):
        for row in range(height):
            train, sign = rows[image, row], row_signs[image, row]
            meet(train, sign, columns[image], column_signs[image], counts[image, row])
    return counts


class Bench(NamedTuple):
    """Where the pulsed cells of a row are worked on: one place a cell, those with most pulses first."""

    found: NDArray[np.uint32]
    """Pulsed cells as they lie in the row."""
    cells: NDArray[np.uint32]
    """The same, those with most pulses first."""
    ends: NDArray[np.uint32]
    """By number of pulses: how many cells have as many or more."""
    sizes: NDArray[np.uint16]
    """Pulses of each cell of the row, up or down."""
    pulses: NDArray[np.int16]
    fired: NDArray[np.uint32]
    """Pulses that a cell has had before."""
    seeds: NDArray[np.uint32]
    increments: NDArray[np.uint32]
    draws: NDArray[np.uint32]
    z: NDArray[np.float32]
    before: NDArray[np.float32]
    state: NDArray[np.float32]
    numbers: NDArray[np.float32]
    """What the step reads, `(width, places)`."""


@kernel
def bench_for(columns: Any, width: Any, most: Any) -> Any:
    """A bench for rows of `columns` cells that get `most` pulses in a train."""
    words, reals = np.empty((6, columns), np.uint32), np.empty((3, columns), np.float32)
    return Bench(
        words[0], words[1], np.empty(most + 2, np.uint32), np.empty(columns, np.uint16),
        np.empty(columns, np.int16), words[2], words[3], words[4], words[5],
        reals[0], reals[1], reals[2], np.empty((width, columns), np.float32),
    )  # fmt: skip


@kernel
def more_than(sizes: Any, n: Any) -> Any:
    """How many sizes are above n."""
    count: Any = np.int32(0)
    for cell in range(sizes.size):
        count = np.int32(count + np.int32(sizes[cell] > n))
    return count


@kernel
def rank(pulses: Any, bench: Any) -> Any:
    """Find the cells that are pulsed and put those with most pulses first; returns how many, and the most.

    Afterwards `bench.ends[n]` cells have n pulses or more, so that the k-th pulse is one of a prefix.
    """
    found, cells, ends, sizes = bench.found, bench.cells, bench.ends, bench.sizes
    most: Any = np.int64(0)
    for cell in range(pulses.size):
        sizes[cell] = abs(np.int32(pulses[cell]))
        most = max(most, np.int64(sizes[cell]))
    count: Any = np.uint64(0)
    for cell in range(pulses.size):
        found[count] = cell
        count += np.uint64(sizes[cell] != 0)
    if most <= 1:
        cells[:] = found
        ends[1] = count
        return np.int64(count), most
    for n in range(1, most + 1):
        ends[n] = more_than(sizes, np.uint16(n))
    for place in range(count):
        cell = found[place]
        size = sizes[cell]
        cells[ends[size]] = cell
        ends[size] += np.uint32(1)
    return np.int64(count), most


@kernel
def gather(
    count: Any, pulses: Any, state: Any, worn: Any, numbers: Any, first: Any, key: Any, bench: Any
) -> None:
    """Bring to the bench what the pulsed cells of a row are; `first` is the index of the row's first cell."""
    cells = bench.cells
    for place in range(count):
        bench.pulses[place] = pulses[cells[place]]
    for place in range(count):
        bench.before[place] = state[cells[place]]
        bench.state[place] = bench.before[place]
    for place in range(count):
        bench.fired[place] = np.uint32(worn[cells[place]])
    for k in range(numbers.shape[0]):
        for place in range(count):
            bench.numbers[k, place] = numbers[k, cells[place]]
    for place in range(count):
        bench.seeds[place], bench.increments[place] = splits(key, first + cells[place])


@kernel
def step(state: Any, numbers: Any, up: Any, z: Any) -> Any:
    """The place of a model's own step; never called itself."""
    return state


@kernel
def no_numbers(numbers: Any, place: Any) -> Any:
    """The numbers of a cell that has none."""
    return ()


@kernel
def more_numbers(numbers: Any, place: Any) -> Any:
    """One number more than `before` of the cell at a place."""
    found = before(numbers, place)
    return found + (numbers[len(found), place],)  # noqa: RUF005


before = no_numbers


def own_numbers(width: int) -> Kernel[..., Any]:
    """The kernel `(numbers, place)` that hands a cell's `width` numbers to a step as a tuple.

    The compiler has them in registers then, which a loop needs that takes many cells at a time.
    """
    return no_numbers if width == 0 else more_numbers.around(before=own_numbers(width - 1))


@kernel
def numbers_of(numbers: Any, place: Any) -> Any:
    """The place of `own_numbers`; never called itself."""
    return no_numbers(numbers, place)


@kernel
def advance(most: Any, normals: Any, bench: Any) -> None:
    """Take the steps of a train, the k-th of every cell that has one together."""
    state, numbers, pulses, z = bench.state, bench.numbers, bench.pulses, bench.z
    for k in range(most):
        count = np.int64(bench.ends[k + 1])
        for place in range(count):
            number = np.uint32(bench.fired[place] + np.uint32(k))
            bench.draws[place] = hashed(bench.seeds[place], bench.increments[place], number) >> np.uint32(16)
        for place in range(count):
            z[place] = normals[bench.draws[place]]
        for place in range(count):
            state[place] = step(state[place], numbers_of(numbers, place), pulses[place] > 0, z[place])


@kernel
def account(count: Any, mid: Any, span: Any, floor: Any, bench: Any) -> Any:
    """SET and RESET pulses of a train on a row and their sums of conductance [nS]: see `Train`."""
    sets: Any = np.int64(0)
    resets, set_sum, reset_sum = sets, sets, sets
    for place in range(count):
        start = max(mid + span * np.float64(bench.before[place]), floor)
        end = max(mid + span * np.float64(bench.state[place]), floor)
        n = np.int64(bench.pulses[place])
        total = n * np.int64(np.rint(0.5 * (start + end) * 1e9))
        sets += max(n, 0)
        resets += max(-n, 0)
        set_sum += max(total, 0)
        reset_sum += max(-total, 0)
    return sets, resets, set_sum, reset_sum


@kernel
def scatter(count: Any, state: Any, worn: Any, bench: Any) -> None:
    """Take the pulsed cells of a row back from the bench."""
    for place in range(count):
        cell = bench.cells[place]
        state[cell] = bench.state[place]
        worn[cell] += abs(np.int64(bench.pulses[place]))


@kernel
def plus(one: Any, other: Any) -> Any:
    """Sum of the numbers of two trains."""
    return one[0] + other[0], one[1] + other[1], one[2] + other[2], one[3] + other[3]


@kernel
def row_of(row: Any, begin: Any, end: Any, cells: Any) -> Any:
    """The cells `begin` to `end` of a row: index of the first, states, pulses had, and numbers."""
    state, worn, numbers = cells
    first = row * state.shape[1] + begin
    return first, state[row, begin:end], worn[row, begin:end], numbers[:, row, begin:end]


@kernel
def fire(pulses: Any, cells: Any, fixed: Any, bench: Any) -> Any:
    """Fire a train, `pulses` on each cell of a row (see `row_of`); returns the numbers of a `Train`."""
    first, state, worn, numbers = cells
    key, normals, mid, span, floor = fixed
    count, most = rank(pulses, bench)
    if count == 0:
        return NOTHING
    gather(count, pulses, state, worn, numbers, first, key, bench)
    advance(most, normals, bench)
    scatter(count, state, worn, bench)
    return account(count, mid, span, floor, bench)


@kernel
def is_pulsed(counts: Any) -> Any:
    """Whether any cell of a row is."""
    bits: Any = np.int16(0)
    for cell in range(counts.size):
        bits |= counts[cell]
    return bits != 0


@kernel
def pulsed_rows(counts: Any) -> Any:
    """Which rows of a region are pulsed in any of the trains `(trains, rows, columns)`."""
    found = np.zeros(counts.shape[1], np.bool_)
    for train in range(counts.shape[0]):
        for row in range(counts.shape[1]):
            found[row] = found[row] or is_pulsed(counts[train, row])
    return found


@kernel
def most_of(counts: Any) -> Any:
    """The most pulses of a train on a cell, up or down."""
    high: Any = np.int16(0)
    low: Any = high
    for train in range(counts.shape[0]):
        for row in range(counts.shape[1]):
            for count in counts[train, row]:
                high, low = max(high, count), min(low, count)
    return max(np.int64(high), -np.int64(low))


@kernel
def fire_counts(counts: Any, begin: Any, end: Any, row0: Any, column0: Any, cells: Any, fixed: Any) -> Any:
    """Fire given pulses `(trains, rows, columns)`, else as `fire_trains`."""
    bench = bench_for(counts.shape[2], cells[2].shape[0], most_of(counts))
    total = NOTHING
    for row in range(begin, end):
        own = row_of(row0 + row, column0, column0 + counts.shape[2], cells)
        for train in range(counts.shape[0]):
            if is_pulsed(counts[train, row]):
                total = plus(total, fire(counts[train, row], own, fixed, bench))
    return total
