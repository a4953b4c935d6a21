"""The compiled pulse loops against the same physics written plainly, one pulse after another."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from chipsim.devices import cells
from chipsim.devices.bouts import loops_around
from chipsim.devices.device import Cells, DeviceModel, Region, Train
from chipsim.devices.trains import LineTrains, Wanted, coincidences
from chipsim.inputs import documents
from chipsim.numerics.draws import normal_table, stream
from chipsim.numerics.kernel import kernel
from chipsim.numerics.threads import VARIABLE, WORTH

WORD = 2**32
SHAPE = (5, 40)


def model() -> DeviceModel:
    return cells.load(documents.parse("cell: reram-om\n", "test.yaml"), ("cell",), "test")


def fresh(shape: tuple[int, int] = SHAPE, seed: int = 0) -> Cells:
    found = Cells(model(), *shape, seed, "array")
    found.randomise(Region(0, 0, *shape))
    return found


def mixed(word: int) -> int:
    """Finaliser of MurmurHash3 for 32 bits (Appleby2011)."""
    word = (word ^ word >> 16) * 0x85EBCA6B % WORD
    word = (word ^ word >> 13) * 0xC2B2AE35 % WORD
    return word ^ word >> 16


def draw(key: int, cell: int, pulse: int) -> np.float32:
    """The normal draw of a stream for a cell's own pulse number."""
    seed = mixed(cell ^ key % WORD)
    increment = mixed(seed ^ key >> 32) | 1
    drawn: np.float32 = normal_table()[mixed((seed + pulse * increment) % WORD) >> 16]
    return drawn


def step(state: np.float32, numbers: NDArray[np.float32], up: bool, z: np.float32) -> np.float32:
    """One pulse of a soft-bounds device, in float32 throughout."""
    rise, fall, inverse_top, inverse_bottom, top, bottom, noise = numbers
    one = np.float32(1.0)
    moved = (
        state + rise * (one - state * inverse_top + noise * z)
        if up
        else state - fall * (one - state * inverse_bottom + noise * z)
    )
    return min(max(moved, bottom), top)


def conductance(state: np.float32) -> float:
    """Of a state of the preset [S]: 46.5 uS + 9.5 uS a unit, 1 uS at least."""
    return max(46.5e-6 + 9.5e-6 * float(state), 1e-6)


def fire(array: Cells, row: int, column: int, pulses: int, totals: dict[str, int]) -> None:
    """A train on one device, written plainly."""
    key, cell = int(stream(0, "array", "cycle-to-cycle")), row * array.shape[1] + column
    before = value = array.state[row, column]
    for _ in range(abs(pulses)):
        z = draw(key, cell, int(array.pulses[row, column]))
        value = step(value, array.numbers[row, column], pulses > 0, z)
        array.pulses[row, column] += 1
    array.state[row, column] = value
    kind = "set" if pulses > 0 else "reset"
    mean = round(0.5 * (conductance(before) + conductance(value)) * 1e9)
    totals[f"{kind}_pulses"] += abs(pulses)
    totals[f"{kind}_conductance"] += abs(pulses) * mean


def plainly(array: Cells, region: Region, trains: LineTrains) -> dict[str, int]:
    """An update, cell by cell."""
    totals = dict.fromkeys(Train._fields, 0)
    for image, row, column in np.ndindex(len(trains.rows), region.rows, region.columns):
        slots = (int(trains.rows[image, row]) & int(trains.columns[image, column])).bit_count()
        sign = -int(trains.row_signs[image, row]) * int(trains.column_signs[image, column])
        if slots:
            fire(array, region.row + row, region.column + column, sign * slots, totals)
    return totals


def words(seed: int, images: int, rows: int, columns: int, density: float) -> LineTrains:
    """Trains of random lines; a line fires in a slot with a probability up to `density`."""
    draws = np.random.default_rng(seed)

    def lines(count: int) -> tuple[NDArray[np.uint64], NDArray[np.int8]]:
        fires = draws.random((images, count, 64)) < density * draws.random((images, count, 1))
        bits = fires.astype(np.uint64) << np.arange(64, dtype=np.uint64)
        return bits.sum(axis=2, dtype=np.uint64), draws.choice([-1, 1], (images, count)).astype(np.int8)

    (row_words, row_signs), (column_words, column_signs) = lines(rows), lines(columns)
    return LineTrains(row_words, column_words, row_signs, column_signs, 0, 0)


def wanted(images: int, region: Region) -> Wanted:
    return Wanted(np.zeros((images, region.rows)), np.zeros((images, region.columns)), 0.1)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 999), st.integers(1, 6), st.sampled_from([0.05, 0.15, 0.3, 1.0]))
def test_an_update_by_words_equals_the_physics_written_plainly(
    seed: int, images: int, density: float
) -> None:
    fast, slow, region = fresh(), fresh(), Region(1, 2, 3, 37)
    trains = words(seed, images, 3, 37, density)
    found = fast.update(region, trains, wanted(images, region))
    assert found._asdict() == plainly(slow, region, trains)
    assert np.array_equal(fast.state, slow.state)
    assert np.array_equal(fast.pulses, slow.pulses)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 999), st.integers(1, 4), st.sampled_from([0.1, 1.0]))
def test_an_update_is_the_train_of_its_coincidences(seed: int, images: int, density: float) -> None:
    by_words, by_counts, region = fresh(), fresh(), Region(0, 0, *SHAPE)
    trains = words(seed, images, *SHAPE, density)
    counts = coincidences(trains.rows, trains.columns, trains.row_signs, trains.column_signs)
    assert by_words.update(region, trains, wanted(images, region)) == by_counts.pulse(region, counts)
    assert np.array_equal(by_words.state, by_counts.state)
    assert np.array_equal(by_words.pulses, by_counts.pulses)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 999), st.integers(10, 30), st.sampled_from([0.1, 0.25]))
def test_trains_of_many_images_together_are_those_of_one_after_another(
    seed: int, images: int, density: float
) -> None:
    """Few pulses on a cell in an image, so that rows take the trains of several images in a bout."""
    together, apart, region = fresh(), fresh(), Region(1, 2, 3, 37)
    trains = words(seed, images, 3, 37, density)
    found = together.update(region, trains, wanted(images, region))
    each = [
        apart.update(region, LineTrains(*(lines[n : n + 1] for lines in trains[:4]), 0, 0), wanted(1, region))
        for n in range(images)
    ]
    assert found == tuple(map(sum, zip(*each, strict=True)))
    assert np.array_equal(together.state, apart.state)
    assert np.array_equal(together.pulses, apart.pulses)


@pytest.mark.parametrize("slots", [1, 21, 32, 33, 64])
def test_one_device_may_be_pulsed_in_every_slot_of_many_images(slots: int) -> None:
    """Its neighbours are not: a bout of the row is full where the device has had as many as it can take."""
    fast, slow, images = fresh(), fresh(), 7
    rows, columns = np.zeros((images, 1), np.uint64), np.zeros((images, SHAPE[1]), np.uint64)
    rows[:], columns[:, 3] = 2**slots - 1, 2**slots - 1
    signs = np.array([[1], [-1], [-1], [1], [1], [-1], [1]], dtype=np.int8)
    trains = LineTrains(rows, columns, signs, np.ones(columns.shape, np.int8), 0, 0)
    region = Region(2, 0, 1, SHAPE[1])
    assert fast.update(region, trains, wanted(images, region))._asdict() == plainly(slow, region, trains)
    assert np.array_equal(fast.state, slow.state)


def test_a_device_may_get_the_longest_train_that_counts_can_hold() -> None:
    fast, slow = fresh((1, 3)), fresh((1, 3))
    counts = np.array([[[-32768, 0, 32767]]], dtype=np.int16)
    totals = dict.fromkeys(Train._fields, 0)
    fire(slow, 0, 0, -32768, totals)
    fire(slow, 0, 2, 32767, totals)
    assert fast.pulse(Region(0, 0, 1, 3), counts)._asdict() == totals
    assert np.array_equal(fast.state, slow.state)


def test_updates_and_reads_are_the_same_to_the_bit_for_any_number_of_threads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shape, images = (160, 160), 12
    assert images * shape[0] * shape[1] > 3 * WORTH
    region, trains = Region(0, 0, *shape), words(3, images, *shape, 0.3)
    counts = np.random.default_rng(0).integers(-2, 3, (images, *shape)).astype(np.int16)
    found = []
    for threads in (1, 2, 3):
        monkeypatch.setenv(VARIABLE, str(threads))
        array = fresh(shape)
        fired = array.update(region, trains, wanted(images, region)), array.pulse(region, counts)
        found.append((array, fired, array.reading(region)))
    for array, fired, reading in found[1:]:
        assert fired == found[0][1]
        assert np.array_equal(array.state, found[0][0].state)
        assert np.array_equal(array.pulses, found[0][0].pulses)
        assert all(np.array_equal(one, other) for one, other in zip(reading, found[0][2], strict=True))


def test_what_is_read_is_the_state_with_the_noise_of_its_last_pulse() -> None:
    array, whole = fresh(), Region(0, 0, *SHAPE)
    array.pulse(whole, np.random.default_rng(0).integers(-3, 4, (2, *SHAPE)).astype(np.int16))
    weights, nanosiemens = array.apparent(whole)
    key, deviation = int(stream(0, "array", "write")), np.float32(array.model.write_noise_deviation)
    for row, column in np.ndindex(SHAPE):
        z = draw(key, row * SHAPE[1] + column, int(array.pulses[row, column]))
        seen = array.state[row, column] + deviation * z
        assert weights[row, column] == float(seen) - float(array.reference[row, column])
        assert nanosiemens[row, column] == round(conductance(seen) * 1e9)


def test_nothing_to_fire_changes_nothing() -> None:
    array, region = fresh(), Region(0, 0, *SHAPE)
    before = array.state.copy()
    assert array.pulse(region, np.zeros((2, *SHAPE), dtype=np.int16)) == (0, 0, 0, 0)
    assert array.pulse(region, np.zeros((0, *SHAPE), dtype=np.int16)) == (0, 0, 0, 0)
    assert np.array_equal(array.state, before)


@kernel
def halving(state: np.float32, numbers: tuple[np.float32, ...], up: bool, z: np.float32) -> np.float32:
    """A step that no number of the device enters."""
    value = np.float32(0.5) * state
    while value > np.float32(4.0):
        value *= np.float32(0.5)
    return value


@pytest.mark.parametrize("width", [0, 1])
def test_a_step_of_any_width_and_with_branches_of_its_own_is_fired(width: int) -> None:
    state = np.full((1, 3), 64.0, dtype=np.float32)
    pulses, numbers = np.zeros((1, 3), dtype=np.int64), np.zeros((width, 1, 3), dtype=np.float32)
    fixed = (np.uint64(0), normal_table(), 1e-6, 0.0, 1e-9)
    counts = np.array([[[1, 0, -2]]], dtype=np.int16)
    fired = loops_around(halving, width).counts(counts, 0, 1, 0, 0, (state, pulses, numbers), fixed)
    assert tuple(fired) == (1, 2, 1000, 2000)
    assert state.tolist() == [[4.0, 64.0, 2.0]]
