"""Reads of the array: linear, the same both ways round, and counted as the component library says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from chipsim.circuits.crossbar import Crossbar, Parameters
from chipsim.devices import cells
from chipsim.devices.device import Cells, Region
from chipsim.devices.trains import LineTrains, Wanted
from chipsim.inputs import documents

REGION = Region(0, 2, 8, 2)


def crossbar() -> Crossbar:
    model = cells.load(documents.parse("cell: reram-om\n", "test.yaml"), ("cell",), "test")
    found = Crossbar(Cells(model, 8, 4, 0, "array"))
    found.cells.randomise(Region(0, 0, 8, 4))
    return found


@pytest.fixture
def array() -> Crossbar:
    return crossbar()


SOME = arrays(np.int32, (3, 8), elements=st.integers(-128, 128))
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


@settings(max_examples=30, deadline=None)
@given(SOME, SOME)
def test_reads_are_linear_in_their_inputs(one: np.ndarray, other: np.ndarray) -> None:
    found = crossbar()
    sums = [found.read(codes, REGION, "row", 128)[0] for codes in (one, other, one + 2 * other)]
    assert np.allclose(sums[0] + 2 * sums[1], sums[2], atol=1e-11)


@settings(max_examples=30, deadline=None)
@given(SOME, arrays(np.int32, (3, 2), elements=st.integers(-128, 128)))
def test_the_transposed_read_is_the_adjoint_of_the_forward_one(x: np.ndarray, error: np.ndarray) -> None:
    """<error, W x> = <W^T error, x> for every pair of vectors."""
    found = crossbar()
    forward, _ = found.read(x, REGION, "row", 128)
    backward, _ = found.read(error, REGION, "column", 128)
    assert np.allclose((forward * error).sum(axis=1), (backward * x).sum(axis=1), atol=1e-9)


def test_lines_that_are_selected_read_their_own_weights(array: Crossbar) -> None:
    weights, conductance = array.cells.apparent(REGION)
    one_hot = np.eye(8, dtype=np.int32)[[5, 2]] * 128
    sums, actions = array.select(one_hot, REGION, "row", 128)
    assert np.array_equal(sums, weights[[5, 2]])
    assert actions["read_conductance"] == 128 * int(conductance[[5, 2]].sum())
    sums, actions = array.select(np.eye(2, dtype=np.int32) * 128, REGION, "column", 128)
    assert np.array_equal(sums, weights.T)
    assert (actions["cell_reads"], actions["line_read_cell"]) == (16, 2 * 8)


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


def test_an_update_fires_the_coincidences_of_its_trains(array: Crossbar) -> None:
    """Slots where both lines fire; up where the signs differ; wires: row pulses x 4 + column pulses x 8."""
    draws = np.random.default_rng(2)
    rows, columns = draws.integers(0, 2**31, (3, 8)), draws.integers(0, 2**31, (3, 2))
    signs = draws.choice([-1, 1], (3, 8)).astype(np.int8), draws.choice([-1, 1], (3, 2)).astype(np.int8)
    trains = LineTrains(rows.astype(np.uint64), columns.astype(np.uint64), *signs, 124, 15)
    fired, actions = array.update(trains, REGION, Wanted(np.zeros((3, 8)), np.zeros((3, 2)), 0.1))
    counts = {1: 0, -1: 0}
    for image, row, column in np.ndindex(3, 8, 2):
        both = int(rows[image, row]) & int(columns[image, column])
        counts[-int(signs[0][image, row]) * int(signs[1][image, column])] += both.bit_count()
    assert (fired.set_pulses, fired.reset_pulses) == (counts[1], counts[-1])
    assert actions == {**fired._asdict(), "line_pulse_cell": 124 * 4 + 15 * 8}
    assert array.cells.pulses[:, :2].sum() == 0
    assert array.cells.pulses.sum() == counts[1] + counts[-1]


def test_pulses_reach_their_region_alone(array: Crossbar) -> None:
    before = array.cells.state.copy()
    fired, actions = array.pulse(np.full((1, 8, 2), 2, dtype=np.int16), REGION, (3, 5))
    assert np.array_equal(array.cells.state[:, :2], before[:, :2])
    assert np.all(array.cells.pulses[:, 2:] == 2)
    assert fired.set_pulses == 32
    assert actions["line_pulse_cell"] == 3 * 4 + 5 * 8


@pytest.mark.parametrize("lines", [(1, 3), (8, 0), (0, 4), (8, 4)])
def test_without_selectors_every_crossing_that_is_not_pulsed_is_half_selected(lines: tuple[int, int]) -> None:
    """A single pulse on the first rows and columns: coincidences where both fire."""
    rows, columns = lines
    open_ = Parameters(type="crossbar", rows=8, columns=4, cell="reram-om", selector="none")
    counts = np.zeros((1, 8, 4), dtype=np.int16)
    counts[:, :rows, :columns] = 1
    _, actions = Crossbar(crossbar().cells, open_).pulse(counts, Region(0, 0, 8, 4), lines)
    row_fires, column_fires = np.arange(8) < rows, np.arange(4) < columns
    assert actions["half_select"] == (row_fires[:, None] ^ column_fires).sum()
    assert actions["set_pulses"] == rows * columns
    assert "half_select" in open_.posts()["pulse-driver"]


def test_gated_cells_are_never_half_selected(array: Crossbar) -> None:
    _, actions = array.pulse(np.ones((1, 8, 4), dtype=np.int16), Region(0, 0, 8, 4), (8, 4))
    gated = Parameters(type="crossbar", rows=8, columns=4, cell="reram-om")
    assert "half_select" not in actions
    assert "half_select" not in gated.posts()["pulse-driver"]


@pytest.mark.parametrize(("reference", "extra"), [("ideal", 0), ("column", 1), ("pair", 2)])
def test_reference_cells_are_read_at_the_middle_conductance(reference: str, extra: int) -> None:
    """A read of 3 rows and 2 columns of a 4x5 array; `extra` lines of references are sensed with them."""
    parameters = Parameters.model_validate(
        {"type": "crossbar", "rows": 4, "columns": 5, "cell": "reram-om", "reference": reference}
    )
    model = cells.load(documents.parse("cell: reram-om\n", "test.yaml"), ("cell",), "test")
    codes = np.array([[100, -50, 0]], dtype=np.int32)
    counts, plain = (
        Crossbar(Cells(model, 4, 5, 0, "array"), which).read(codes, Region(0, 0, 3, 2), "row", 128)[1]
        for which in (parameters, None)
    )
    crossed = {"ideal": 0, "column": 1, "pair": 5}[reference]
    middle = round(model.g_mid * 1e9)
    assert {action: count - plain[action] for action, count in counts.items()} == {
        "cell_reads": 3 * extra,
        "read_duty": 150 * extra,
        "read_conductance": 150 * extra * middle,
        "line_read_cell": 2 * crossed,
    }
