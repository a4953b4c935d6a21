"""The cell array: MVM and transposed MVM, coincidence update, single pulses.

A read holds word lines gated, so that only the cells of the lines it senses carry current, while a
driven line charges all the crossings on it. Signed inputs are driven with their polarity; zero weight
is read against an ideal reference (`reference: ideal`, not counted).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from chipsim.circuits.component import ComponentParameters, Ports
from chipsim.devices.device import Cells, Region
from chipsim.devices.trains import LineTrains, Train, Wanted
from chipsim.inputs.units import Seconds
from chipsim.numerics.kernel import kernel
from chipsim.numerics.products import product, transposed_product

CellChoice = str | dict[str, Any]


class Parameters(ComponentParameters):
    """An array of 1T1R cells."""

    type: Literal["crossbar"]
    role: ClassVar[str] = "crossbar"
    actions: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "dac": ("cell_reads", "read_duty", "read_conductance", "line_read_cell"),
        "pulse-driver": (*Train._fields, "line_pulse_cell"),
    }
    rows: int = Field(ge=1, le=65536, description="lines that inputs drive in a forward MVM")
    columns: int = Field(ge=1, le=65536, description="lines that a forward MVM senses")
    cell: CellChoice = Field(description="a cell by name, or {preset: name, parameter: value, ...}")
    reference: Literal["ideal"] = Field(default="ideal", description="how zero weight is read")
    read_time: Seconds | None = Field(
        default=None, gt=0, le=1,
        description="time the read voltage is on at full input, for read energy (default: the integration)",
    )  # fmt: skip

    accepts: ClassVar[Ports] = {
        "rows": frozenset({"drive", "pulses"}), "columns": frozenset({"drive", "pulses"}),
    }  # fmt: skip
    emits: ClassVar[Ports] = {"rows": frozenset({"current"}), "columns": frozenset({"current"})}
    target: ClassVar[str] = "rows"
    source: ClassVar[str] = "columns"


class Crossbar:
    """An array of cells at work; all of its changes are pulses."""

    def __init__(self, cells: Cells) -> None:
        self.cells = cells
        self.rows, self.columns = cells.shape

    def read(
        self, codes: NDArray[np.int32], region: Region, by: str, full_scale: int
    ) -> tuple[NDArray[np.float64], Mapping[str, int]]:
        """Sums `(vectors, sensed lines)` [weight] of codes `(vectors, driven lines)`, and the actions.

        `by` is the side that is driven: `row` (forward) or `column` (transposed). A code of
        `full_scale` drives a line for the whole integration.
        """
        seen = self.cells.reading(region)
        if by == "row":
            sums = product(codes, seen.weights)
            duty, weighted, lines = _actions(codes, seen.row_conductance)
        else:
            sums = transposed_product(codes, seen.weights)
            duty, weighted, lines = _actions(codes, seen.column_conductance)
        sums *= 1.0 / full_scale
        sensed = sums.shape[1]
        crossings = self.columns if by == "row" else self.rows
        return sums, {
            "cell_reads": codes.shape[0] * codes.shape[1] * sensed,
            "read_duty": duty * sensed,
            "read_conductance": weighted,
            "line_read_cell": lines * crossings,
        }

    def select(
        self, codes: NDArray[np.int32], region: Region, by: str, full_scale: int
    ) -> tuple[NDArray[np.float64], Mapping[str, int]]:
        """`read` of lines that are driven one at a time: only their own cells are read."""
        sums, actions = self.read(codes, region, by, full_scale)
        sensed = region.columns if by == "row" else region.rows
        return sums, {**actions, "cell_reads": codes.shape[0] * sensed}

    def update(self, trains: LineTrains, region: Region, wanted: Wanted) -> tuple[Train, Mapping[str, int]]:
        """Fire the coincidences of trains at a region, downhill: up where x and error differ in sign."""
        fired = self.cells.update(region, trains, wanted)
        return fired, self._pulsed(fired, trains.row_pulses, trains.column_pulses)

    def pulse(
        self, counts: NDArray[np.int16], region: Region, lines: tuple[int, int]
    ) -> tuple[Train, Mapping[str, int]]:
        """Fire given pulses `(trains, rows, columns)`; `lines` are the row and column pulses it takes."""
        fired = self.cells.pulse(region, counts)
        return fired, self._pulsed(fired, *lines)

    def _pulsed(self, fired: Train, row_pulses: int, column_pulses: int) -> Mapping[str, int]:
        crossings = row_pulses * self.columns + column_pulses * self.rows
        return {**fired._asdict(), "line_pulse_cell": crossings}


@kernel
def _actions(codes: Any, totals: Any) -> Any:
    """Sum of codes, sum of codes times their lines' conductance [nS], and how many lines are driven."""
    duty, weighted, lines = np.int64(0), np.int64(0), np.int64(0)
    for vector in range(codes.shape[0]):
        for line in range(codes.shape[1]):
            code = abs(np.int64(codes[vector, line]))
            duty += code
            weighted += code * totals[line]
            lines += code != 0
    return duty, weighted, lines
