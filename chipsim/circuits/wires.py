"""What the resistance of an array's wires takes from its cells: the IR drop, to first order.

Every row and every column has one terminal, before its first cell: there it is driven (or held at 0 V
while its code is 0), or sensed at 0 V. From cell to cell a row has the resistance r, a column c. Cell
(k, j), with conductance G_kj, is thus k + 1 pitches from its column's terminal and j + 1 from its row's.

With rows at voltages V_k and no resistance, cell (k, j) carries G_kj V_k. To first order those currents
flow through the wires: row k has lost r sum_l m(j, l) G_kl V_k where cell (k, j) is, and column j has risen
by c sum_i m(k, i) G_ij V_i, where m(a, b) = min(a, b) + 1 counts the pitches that the ways of two cells to
the terminal share. Cell (k, j) sees the difference; summing its current over k and collecting what is
proportional to V_k, the array acts as if the cell's conductance were

    G_kj (1 - r sum_l m(j, l) G_kl - c sum_i m(k, i) G_ij)

The error is of second order in the resistances. The form is the same whichever side is driven, as it must
be (reciprocity). Sums run over the cells that are gated on: those of the region that is read, or, where
lines are driven one at a time, those of the line alone. The reference that zero weight is read against has
the conductance of weight zero in each place, and wires of its own that are alike.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from chipsim.devices.device import Region

Floats = NDArray[np.floating[Any]]


class Wires(NamedTuple):
    """Resistance from one cell to the next [Ohm]."""

    row: float
    column: float

    def lost(self, conductances: Floats, region: Region, alone: str = "") -> Floats:
        """Share of each cell's conductance `(rows, columns)` [S] that is lost, to first order.

        `alone` is the side, `row` or `column`, whose lines are driven one at a time, if they are.
        """
        down = region.row + 1.0 + np.arange(region.rows)[:, None]
        along = region.column + 1.0 + np.arange(region.columns)
        on_rows = along * conductances if alone == "column" else _gathered(conductances, along, 1)
        on_columns = down * conductances if alone == "row" else _gathered(conductances, down, 0)
        return self.row * on_rows + self.column * on_columns

    def seen(
        self, weights: Floats, conductances: Floats, span: float, region: Region, alone: str
    ) -> NDArray[np.float64]:
        """Weights `(rows, columns)` as a read sees them, of cells with these conductances [S].

        `span` is the conductance of one unit of weight [S].
        """
        zero = conductances - span * weights
        taken = conductances * self.lost(conductances, region, alone)
        spared = zero * self.lost(zero, region, alone)
        return np.asarray(weights - (taken - spared) / span, dtype=np.float64)

    def deepest(self, conductance: float, region: Region) -> float:
        """Share that the farthest cell of a region loses where all cells have one conductance [S]."""
        alike = np.full((region.rows, region.columns), conductance)
        return float(self.lost(alike, region)[-1, -1])


def _gathered(conductances: Floats, pitches: Floats, axis: int) -> Floats:
    """Sum over the cells of a line: pitches that a cell's way shares with each, times its conductance."""
    nearer = np.cumsum(pitches * conductances, axis=axis)
    total = np.cumsum(conductances, axis=axis)
    farther = np.take(total, [-1], axis=axis) - total
    return nearer + pitches * farther
