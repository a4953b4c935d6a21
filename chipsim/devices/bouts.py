"""Bouts: trains of several images on a row of cells, whose pulses are fired together.

Cells know nothing of each other, so a row may take all of its trains before the next row begins, and the k-th
pulse of a bout's cells may be one loop although it belongs to another image in each of them. Cells are
gathered once a bout, in place of once an image. What is counted is each train's own: its pulses, and the
conductance before and after it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from chipsim.devices.trains import (
    NOTHING,
    advance,
    bench_for,
    fire,
    fire_counts,
    gather,
    meet,
    numbers_of,
    own_numbers,
    plus,
    rank,
    row_of,
    scatter,
    step,
)
from chipsim.numerics.draws import hashed
from chipsim.numerics.kernel import Kernel, kernel

MOST = 64
"""Pulses that a cell takes in a bout, at most: the bits of a word."""
LIGHT = 3
"""Pulses of a train on a cell, in the mean, up to which a bout was measured to be the faster way."""


class Bout(NamedTuple):
    """Some trains of a row of cells."""

    trains: NDArray[np.int16]
    """Pulses that the train at hand has on each cell of the row, up where positive."""
    sizes: NDArray[np.int16]
    """Pulses of each cell in all of the trains."""
    ups: NDArray[np.uint64]
    """Bit k of a cell's word says that its pulse k is up."""
    lasts: NDArray[np.uint64]
    """Bit k of a cell's word says that its pulse k is the last one of a train."""
    own_ups: NDArray[np.uint64]
    """The same two of the cells on the bench."""
    own_lasts: NDArray[np.uint64]
    up: NDArray[np.uint32]
    """Whether the pulse at hand is up, by place on the bench; the same of all that follow."""
    last: NDArray[np.uint32]
    run: NDArray[np.uint32]
    """Pulses that the train at hand has had."""
    level: NDArray[np.float64]
    """Conductance ahead of it [S]."""


@kernel
def bout_for(columns: Any) -> Any:
    """Room for a bout on rows of `columns` cells."""
    short, words, halves = (
        np.empty((2, columns), np.int16),
        np.empty((4, columns), np.uint64),
        np.empty((3, columns), np.uint32),
    )
    return Bout(
        short[0], short[1], words[0], words[1], words[2], words[3], halves[0], halves[1], halves[2],
        np.empty(columns, np.float64),
    )  # fmt: skip


@kernel
def fire_trains(
    rows: Any, columns: Any, row_signs: Any, column_signs: Any,
    begin: Any, end: Any, row0: Any, column0: Any, cells: Any, fixed: Any,
) -> Any:  # fmt: skip
    """Fire coincidences on rows `begin` to `end` of a region; returns the numbers of a `Train`.

    Trains of a row go in bouts, or one by one where there is but one or each has many pulses.
    """
    width, images = columns.shape[1], rows.shape[0]
    bench, bout = bench_for(width, cells[2].shape[0], MOST), bout_for(width)
    pulses, total = bout.trains, NOTHING
    for row in range(begin, end):
        own = row_of(row0 + row, column0, column0 + width, cells)
        image: Any = np.int64(0)
        while image < images:
            trains, after = np.int64(1), np.int64(1)
            if images > 1:
                trains, after = collect(image, row, rows, columns, row_signs, column_signs, bout)
            if trains > 1 and is_light(bout.sizes, trains):
                total = plus(total, fire_bout(own, fixed, bench, bout))
                image = after
            while image < after:
                if rows[image, row] != 0:
                    meet(rows[image, row], row_signs[image, row], columns[image], column_signs[image], pulses)
                    total = plus(total, fire(pulses, own, fixed, bench))
                image += 1
    return total


@kernel
def is_light(sizes: Any, trains: Any) -> Any:
    """Whether the trains of a bout have few pulses each, so that gathering cells is what they cost."""
    pulses: Any = np.int32(0)
    for cell in range(sizes.size):
        pulses += np.int32(sizes[cell])
    return pulses <= LIGHT * sizes.size * trains


@kernel
def collect(
    image: Any, row: Any, rows: Any, columns: Any, row_signs: Any, column_signs: Any, bout: Any
) -> Any:
    """Fill a bout with a row's trains from an image on; returns how many, and the image that is next."""
    pulses, sizes, ups, lasts = bout.trains, bout.sizes, bout.ups, bout.lasts
    sizes[:], ups[:], lasts[:] = 0, 0, 0
    trains: Any = np.int64(0)
    while image < rows.shape[0]:
        train, sign = rows[image, row], row_signs[image, row]
        if train != 0:
            meet(train, sign, columns[image], column_signs[image], pulses)
            if not join(pulses, sizes, ups, lasts):
                break
            trains += 1
        image += 1
    return trains, image


@kernel
def join(pulses: Any, sizes: Any, ups: Any, lasts: Any) -> Any:
    """Add a train's pulses to a bout's, unless a cell would get more than `MOST`; tells whether."""
    most: Any = np.int16(0)
    for cell in range(pulses.size):
        most = max(most, np.int16(sizes[cell] + abs(pulses[cell])))
    if most > MOST:
        return False
    none, one, high = np.uint64(0), np.uint64(1), np.uint64(MOST - 1)
    for cell in range(pulses.size):
        pulsed, up, size = pulses[cell] != 0, pulses[cell] > 0, abs(pulses[cell])
        last = one << (np.uint64(size - 1) & high)
        begun = np.uint64(sizes[cell]) & high
        ups[cell] |= ((last << one) - one) << begun if up else none
        lasts[cell] |= last << begun if pulsed else none
        sizes[cell] += size
    return True


@kernel
def fire_bout(own: Any, fixed: Any, bench: Any, bout: Any) -> Any:
    """Fire a bout on the cells of a row (see `row_of`); returns the numbers of its trains together."""
    first, state, worn, numbers = own
    key, normals, mid, span, floor = fixed
    count, most = rank(bout.sizes, bench)
    if count == 0:
        return NOTHING
    gather(count, bout.sizes, state, worn, numbers, first, key, bench)
    lay_out(count, mid, span, floor, bench, bout)
    total = advance_bout(most, normals, mid, span, floor, bench, bout)
    scatter(count, state, worn, bench)
    return total


@kernel
def lay_out(count: Any, mid: Any, span: Any, floor: Any, bench: Any, bout: Any) -> None:
    """Bring to the bench which pulses are up and the last of a train, and where all trains begin."""
    cells, ups, lasts, own_ups, own_lasts = bench.cells, bout.ups, bout.lasts, bout.own_ups, bout.own_lasts
    before, level, run = bench.before, bout.level, bout.run
    for place in range(count):
        own_ups[place] = ups[cells[place]]
        own_lasts[place] = lasts[cells[place]]
    for place in range(count):
        level[place] = max(mid + span * np.float64(before[place]), floor)
        run[place] = np.uint32(0)


@kernel
def advance_bout(most: Any, normals: Any, mid: Any, span: Any, floor: Any, bench: Any, bout: Any) -> Any:
    """Take the steps of a bout, the k-th of every cell together; returns what `fire_bout` does."""
    state, numbers, z, draws, ends = bench.state, bench.numbers, bench.z, bench.draws, bench.ends
    fired, seeds, increments = bench.fired, bench.seeds, bench.increments
    ups, lasts, up, last, run, level = (
        bout.own_ups, bout.own_lasts, bout.up, bout.last, bout.run, bout.level,
    )  # fmt: skip
    total = NOTHING
    for k in range(most):
        count = np.int64(ends[k + 1])
        for place in range(count):
            number = np.uint32(fired[place] + np.uint32(k))
            draws[place] = hashed(seeds[place], increments[place], number) >> np.uint32(16)
        for place in range(count):
            z[place] = normals[draws[place]]
        for place in range(count):
            up[place] = np.uint32((ups[place] >> np.uint64(k)) & np.uint64(1))
            last[place] = np.uint32((lasts[place] >> np.uint64(k)) & np.uint64(1))
        for place in range(count):
            state[place] = step(state[place], numbers_of(numbers, place), up[place] != 0, z[place])
        total = plus(total, account_step(count, mid, span, floor, state, up, last, run, level))
    return total


@kernel
def account_step(
    count: Any, mid: Any, span: Any, floor: Any, state: Any, up: Any, last: Any, run: Any, level: Any
) -> Any:
    """SET and RESET pulses of a step, and the sums [nS] of trains that end there: see `Train`."""
    sets: Any = np.int64(0)
    set_sum, both = sets, sets
    for place in range(count):
        end = max(mid + span * np.float64(state[place]), floor)
        n = run[place] + np.uint32(1)
        whole = np.int64(n) * np.int64(np.rint(0.5 * (level[place] + end) * 1e9))
        ended = whole if last[place] != 0 else np.int64(0)
        set_sum += ended if up[place] != 0 else np.int64(0)
        both += ended
        sets += np.int64(up[place])
        level[place] = end if last[place] != 0 else level[place]
        run[place] = np.uint32(0) if last[place] != 0 else n
    return sets, count - sets, set_sum, both - set_sum


class Loops(NamedTuple):
    """The compiled loops of a device model, around its step."""

    trains: Kernel[..., tuple[int, int, int, int]]
    """`fire_trains`."""
    counts: Kernel[..., tuple[int, int, int, int]]
    """`fire_counts`."""


def loops_around(step: Kernel[..., Any], width: int) -> Loops:
    """The pulse loops compiled around the step of a device model, which reads `width` numbers."""
    around: dict[str, Kernel[..., Any]] = {"step": step, "numbers_of": own_numbers(width)}
    bout = fire_bout.around(advance_bout=advance_bout.around(**around))
    train = fire.around(advance=advance.around(**around))
    return Loops(fire_trains.around(fire=train, fire_bout=bout), fire_counts.around(fire=train))
