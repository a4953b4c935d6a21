"""Ideal cells do what floating point does, to the bit, and count the pulses that a device would have got."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chipsim.circuits.crossbar import Crossbar
from chipsim.devices import cells
from chipsim.devices.device import Cells, Region
from chipsim.devices.trains import LineTrains, Wanted, coincidences
from chipsim.inputs import documents

ROWS, COLUMNS, IMAGES = 6, 5, 7
REGION = Region(1, 2, 4, 3)


def array(text: str = "ideal", seed: int = 0) -> Cells:
    model = cells.load(documents.parse(f"cell: {text}\n", "test.yaml"), ("cell",), "test")
    return model.build(ROWS, COLUMNS, seed, "array")


def update(seed: int, images: int = IMAGES) -> tuple[LineTrains, Wanted]:
    """Trains of random words, and inputs and errors that have nothing to do with them."""
    draws = np.random.default_rng(seed)
    rows = draws.integers(0, 2**31, (images, REGION.rows)).astype(np.uint64)
    columns = draws.integers(0, 2**31, (images, REGION.columns)).astype(np.uint64)
    x, error = draws.normal(size=(images, REGION.rows)), draws.normal(size=(images, REGION.columns))
    signs = np.sign(x).astype(np.int8), np.sign(error).astype(np.int8)
    return LineTrains(rows, columns, *signs, 9, 8), Wanted(x, error, 0.37)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6))
def test_an_update_is_numpys_outer_product_to_the_bit(seed: int) -> None:
    device = array()
    device.randomise(Region(0, 0, ROWS, COLUMNS))
    expected = device.weights.copy()
    trains, wanted = update(seed)
    for x, error in zip(wanted.x, wanted.error, strict=True):
        expected[1:5, 2:5] -= wanted.rate * np.outer(x, error)
    device.update(REGION, trains, wanted)
    assert device.weights.dtype == np.float64
    assert np.array_equal(device.weights, expected)


def test_training_by_a_crossbars_reads_and_updates_is_floating_point_training() -> None:
    """Linear regression by least squares, one image after another: the same weights to the bit.

    The crossbar reads with codes of full scale 1, which are exact for inputs of -1, 0 and 1.
    """
    device, draws = Crossbar(array()), np.random.default_rng(5)
    weights = np.zeros((REGION.rows, REGION.columns))
    goal = draws.normal(size=weights.shape)
    for image in range(200):
        x = draws.integers(-1, 2, REGION.rows)
        read, _ = device.read(x[None].astype(np.int32), REGION, "row", 1)
        plain = np.zeros(REGION.columns)
        for line in range(REGION.rows):
            plain += x[line] * weights[line]
        assert np.array_equal(read[0], plain)
        wanted = Wanted(x[None].astype(np.float64), read - x @ goal, 0.05)
        device.update(update(image, 1)[0], REGION, wanted)
        weights -= 0.05 * np.outer(x, plain - x @ goal)
    assert np.array_equal(REGION.of(device.cells.weights), weights)
    assert np.abs(weights - goal).max() < 0.1 * np.abs(goal).max()


def test_images_together_and_one_by_one_leave_the_same_bits() -> None:
    together, apart = array(), array()
    trains, wanted = update(1)
    whole = together.update(REGION, trains, wanted)
    each = []
    for k in range(IMAGES):
        one = LineTrains(*(part[k : k + 1] for part in trains[:4]), 0, 0)
        part = Wanted(wanted.x[k : k + 1], wanted.error[k : k + 1], wanted.rate)
        each.append(apart.update(REGION, one, part))
    assert np.array_equal(together.state, apart.state)
    assert np.array_equal(together.pulses, apart.pulses)
    assert tuple(whole) == tuple(sum(column) for column in zip(*each, strict=True))


def test_the_pulses_that_are_counted_are_the_coincidences_of_the_trains() -> None:
    device = array()
    trains, wanted = update(2)
    fired = device.update(REGION, trains, wanted)
    counts = coincidences(*trains[:4]).astype(np.int64)
    assert (fired.set_pulses, fired.reset_pulses) == (counts[counts > 0].sum(), -counts[counts < 0].sum())
    assert np.array_equal(REGION.of(device.pulses), np.abs(counts).sum(axis=0))
    assert device.pulses.sum() == fired.set_pulses + fired.reset_pulses


def test_an_update_of_no_coincidence_is_read_back_all_the_same() -> None:
    device = array()
    trains, wanted = update(3)
    none = trains._replace(rows=np.zeros_like(trains.rows))
    before, _ = device.apparent(REGION)
    fired = device.update(REGION, none, wanted)
    after, conductance = device.apparent(REGION)
    assert tuple(fired) == (0, 0, 0, 0)
    assert not np.any(before == after)
    assert np.array_equal(after, REGION.of(device.weights))
    assert np.array_equal(conductance, np.rint(REGION.of(device.conductances) * 1e9))


def test_a_single_pulse_moves_the_weight_by_exactly_one_step() -> None:
    device = array("{preset: ideal, step: 0.1}")
    start = np.arange(12.0).reshape(4, 3) / 7
    device.place(REGION, start)
    signs = np.array([[[1, -1, 0]] * 4], dtype=np.int16)
    device.pulse(REGION, signs)
    assert np.array_equal(REGION.of(device.weights), start + 0.1 * signs[0])


def test_there_are_no_bounds_and_no_rounding_to_single_precision() -> None:
    device, fine = array(), np.full((4, 3), 1e6 + 1e-9)
    device.place(REGION, fine)
    assert np.array_equal(REGION.of(device.weights), fine)
    again = array()
    again.restore(device.save())
    assert np.array_equal(again.weights, device.weights)
    assert np.isinf(device.upper).all()


def test_a_random_start_fills_the_start_range_uniformly() -> None:
    model = array("{preset: ideal, start_range: 0.5}").model
    device = model.build(200, 200, 0, "array")
    device.randomise(Region(0, 0, 200, 200), "first")
    state, first = device.state, device.state.copy()
    assert np.abs(state).max() <= 0.5
    assert state.mean() == pytest.approx(0, abs=4.5 / np.sqrt(12 * state.size))
    assert state.std() == pytest.approx(np.sqrt(1 / 12), rel=0.02)
    device.randomise(Region(0, 0, 200, 200), "second")
    assert not np.any(device.state == first)
