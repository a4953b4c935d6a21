"""IR drop: the first order of the exact solution of the array's network of resistors."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from chipsim.circuits import crossbar
from chipsim.circuits.crossbar import Crossbar
from chipsim.circuits.wires import Wires
from chipsim.devices import cells
from chipsim.devices.device import Cells, Region
from chipsim.inputs import documents

ROWS, COLUMNS = 7, 5
PLACES = {"whole": Region(0, 0, ROWS, COLUMNS), "within": Region(2, 1, 4, 3)}
SIDES = ("row", "column")


def exact(
    conductances: NDArray[np.float64], row: float, column: float, region: Region
) -> NDArray[np.float64]:
    """Currents that leave the columns of a region when one of its rows after another is at 1 V, by nodes.

    Unknowns are the voltages of the two ends of every cell; terminals lie one pitch before the array's
    first cell. Returns `(rows, columns)` [S].
    """
    rows, columns = conductances.shape
    nodes = 2 * rows * columns
    matrix, inject = np.zeros((nodes, nodes)), np.zeros((rows, nodes))
    top = np.arange(rows * columns).reshape(rows, columns)
    bottom = top + rows * columns

    def join(a: int, b: int, g: float) -> None:
        matrix[a, a] += g
        matrix[b, b] += g
        matrix[a, b] -= g
        matrix[b, a] -= g

    for k in range(rows):
        for j in range(columns):
            join(top[k, j], bottom[k, j], conductances[k, j])
            if j + 1 < columns:
                join(top[k, j], top[k, j + 1], 1 / row)
            if k + 1 < rows:
                join(bottom[k, j], bottom[k + 1, j], 1 / column)
        feed = 1 / (row * (region.column + 1))
        matrix[top[k, 0], top[k, 0]] += feed
        inject[k, top[k, 0]] = feed
    drain = 1 / (column * (region.row + 1))
    matrix[bottom[0], bottom[0]] += drain
    voltages = np.linalg.solve(matrix, inject.T).T
    return voltages[:, bottom[0]] * drain


def array(row: float = 0.0, column: float = 0.0) -> Crossbar:
    model = cells.load(documents.parse("cell: reram-om\n", "test.yaml"), ("cell",), "test")
    given = crossbar.Parameters(
        type="crossbar", rows=ROWS, columns=COLUMNS, cell="reram-om", row_resistance=row,
        column_resistance=column,
    )  # fmt: skip
    found = Crossbar(Cells(model, ROWS, COLUMNS, 0, "array"), given)
    found.cells.randomise(Region(0, 0, ROWS, COLUMNS))
    return found


def read(found: Crossbar, region: Region, by: str, alone: bool = False) -> NDArray[np.float64]:
    """Weights as reads see them, `(rows, columns)`: every line of a side driven in turn, the rest at 0 V."""
    lines = region.rows if by == "row" else region.columns
    reads = found.select if alone else found.read
    sums, _ = reads(np.eye(lines, dtype=np.int32) * 128, region, by, 128)
    return sums if by == "row" else sums.T


def solved(
    found: Crossbar, region: Region, row: float, column: float, alone: str = ""
) -> NDArray[np.float64]:
    """Weights of the exact network: cells less references of the same wires."""
    weights, nanosiemens = found.cells.apparent(region)
    span = found.cells.model.g_span
    both = [nanosiemens * 1e-9, nanosiemens * 1e-9 - span * weights]
    currents = [_by_itself(g, row, column, region, alone) for g in both]
    return (currents[0] - currents[1]) / span


def _by_itself(
    g: NDArray[np.float64], row: float, column: float, region: Region, alone: str
) -> NDArray[np.float64]:
    """The network with all lines gated on, or each line of a side with its own cells only."""
    if not alone:
        return exact(g, row, column, region)
    if alone == "column":
        turned = Region(region.column, region.row, region.columns, region.rows)
        return _by_itself(g.T, column, row, turned, "row").T
    lines = [Region(region.row + k, region.column, 1, region.columns) for k in range(region.rows)]
    return np.concatenate([exact(g[k : k + 1], row, column, line) for k, line in enumerate(lines)])


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("by", SIDES)
@pytest.mark.parametrize("alone", [False, True])
def test_the_error_against_the_exact_network_is_of_second_order(place: str, by: str, alone: bool) -> None:
    """Half the resistance leaves a quarter of the discrepancy, but half of the drop itself."""
    region, found = PLACES[place], array()
    plain = read(found, region, by, alone)
    errors, drops = [], []
    for ohms in (8.0, 4.0, 2.0):
        wired = array(ohms, 0.6 * ohms)
        seen = read(wired, region, by, alone)
        errors.append(np.abs(seen - solved(wired, region, ohms, 0.6 * ohms, by if alone else "")).max())
        drops.append(np.abs(seen - plain).max())
    assert np.allclose(np.divide(errors[:-1], errors[1:]), 4.0, rtol=0.08)
    assert np.allclose(np.divide(drops[:-1], drops[1:]), 2.0, rtol=1e-9)
    assert errors[-1] < 0.1 * drops[-1]


def test_forward_and_transposed_reads_see_the_same_weights() -> None:
    """Reciprocity: a network of resistors is symmetric."""
    found = array(3.0, 5.0)
    for region in PLACES.values():
        np.testing.assert_allclose(read(found, region, "row"), read(found, region, "column"), atol=1e-13)


def test_one_cell_alone_is_in_series_with_its_ways_to_the_terminals() -> None:
    """G / (1 + G R) = G (1 - G R + ..), R = (j + 1) r + (k + 1) c."""
    g = np.array([[50e-6]])
    lost = Wires(2.0, 3.0).lost(g, Region(4, 6, 1, 1))
    assert lost[0, 0] == pytest.approx(50e-6 * (7 * 2.0 + 5 * 3.0), rel=1e-12)


def test_equal_cells_of_a_row_lose_by_the_closed_form() -> None:
    """sum_l m(j, l) = (j + 1) n - j (j + 1) / 2 pitches times the conductance of one cell."""
    n, g, r = 9, 20e-6, 1.5
    lost = Wires(r, 0.0).lost(np.full((1, n), g), Region(0, 0, 1, n))
    j = np.arange(n)
    np.testing.assert_allclose(lost[0], r * g * ((j + 1) * n - j * (j + 1) / 2), rtol=1e-12)


def test_without_resistance_reads_are_as_they_were() -> None:
    assert array().wires is None
    region = PLACES["whole"]
    weights, _ = array().cells.apparent(region)
    assert np.array_equal(read(array(), region, "row"), weights)
    assert np.array_equal(
        Wires(0.0, 0.0).lost(np.ones((2, 2)), region._replace(rows=2, columns=2)), [[0, 0]] * 2
    )


def test_energy_is_counted_as_without_wires() -> None:
    codes = np.full((2, ROWS), 64, dtype=np.int32)
    region = PLACES["whole"]
    assert array().read(codes, region, "row", 128)[1] == array(2.0, 2.0).read(codes, region, "row", 128)[1]
