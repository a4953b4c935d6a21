"""Reads of the array: linear, the same both ways round, and counted as the component library says."""

from __future__ import annotations

import numpy as np
import pytest

from chipsim.circuits.crossbar import Crossbar
from chipsim.devices import cells
from chipsim.devices.device import Cells, Region
from chipsim.inputs import documents

REGION = Region(0, 2, 8, 2)


@pytest.fixture
def array() -> Crossbar:
    model = cells.load(documents.parse("cell: reram-om\n", "test.yaml"), ("cell",), "test")
    found = Crossbar(Cells(model, 8, 4, 0, "array"))
    found.cells.randomise(Region(0, 0, 8, 4))
    return found


CODES = np.random.default_rng(0).integers(-128, 129, (5, 8)).astype(np.int32)


def test_forward_and_transposed_reads_are_products_with_the_apparent_weights(array: Crossbar) -> None:
    weights, conductance = array.cells.apparent(REGION)
    sums, actions = array.read(CODES, REGION, "row", 128)
    assert np.allclose(sums, CODES @ weights / 128, atol=1e-12)
    assert actions["read_conductance"] == int((np.abs(CODES).astype(np.int64) @ conductance).sum())
    back = np.ascontiguousarray(CODES[:, :2])
    sums, actions = array.read(back, REGION, "column", 128)
    assert np.allclose(sums, back @ weights.T / 128, atol=1e-12)
    assert actions["read_conductance"] == int((np.abs(back).astype(np.int64) @ conductance.T).sum())


def test_actions_of_a_read_are_those_of_the_component_library(array: Crossbar) -> None:
    """MVM m -> n: cells m n, duty n sum(x), line crossings m times all the columns of the array."""
    codes = np.full((1, 8), 64, dtype=np.int32)
    _, actions = array.read(codes, REGION, "row", 128)
    assert actions["cell_reads"] == 16
    assert actions["read_duty"] == 2 * 8 * 64
    assert actions["line_read_cell"] == 8 * 4
    one_hot = np.zeros((2, 8), dtype=np.int32)
    one_hot[0, 3] = one_hot[1, 5] = 128
    _, actions = array.select(one_hot, REGION, "row", 128)
    assert actions["cell_reads"] == 4
    assert actions["read_duty"] == 4 * 128
    assert actions["line_read_cell"] == 2 * 4


def test_a_batch_is_read_like_its_vectors_to_the_bit(array: Crossbar) -> None:
    sums, actions = array.read(CODES, REGION, "row", 128)
    apart = [array.read(CODES[k : k + 1], REGION, "row", 128) for k in range(5)]
    assert np.array_equal(sums, np.concatenate([one for one, _ in apart]))
    assert all(actions[name] == sum(found[name] for _, found in apart) for name in actions)


def test_a_read_changes_no_device(array: Crossbar) -> None:
    before = array.cells.save()
    array.read(CODES, REGION, "row", 128)
    after = array.cells.save()
    assert all(np.array_equal(before[name], after[name]) for name in before)


def test_pulses_reach_their_region_alone(array: Crossbar) -> None:
    before = array.cells.state.copy()
    fired, actions = array.pulse(np.full((1, 8, 2), 2, dtype=np.int16), REGION, (3, 5))
    assert np.array_equal(array.cells.state[:, :2], before[:, :2])
    assert np.all(array.cells.pulses[:, 2:] == 2)
    assert fired.set_pulses == 32
    assert actions["line_pulse_cell"] == 3 * 4 + 5 * 8
