"""The cell array: MVM and transposed MVM, coincidence update, single pulses.

A read holds word lines gated, so that only the cells of the lines it senses carry current, while a
driven line charges all the crossings on it. Signed inputs are driven with their polarity.

Zero weight is read against a reference, whose spread is that of the cell's `reference_spread` in any case:

    ideal    neither cells nor time nor energy are counted for it
    column   one line more of cells at the middle conductance, on either side, is read with every read
    pair     every cell has a reference cell of its own at the middle conductance, which is read with it

The currents of cell and reference are subtracted ahead of the converter, so that it converts no more lines.
References are not pulsed.

Reading is exact where a file says nothing else. `read_noise` is noise of every cell in every read: with
standard deviation s a cell of a line driven by x adds a normal draw times s x, so that the sum of a line has
the variance s^2 sum x^2, which is what is drawn. `row_resistance` and `column_resistance` are those of the
wires from one cell to the next, to first order (module `wires`); energy is counted as without. A share of
cells may be `stuck` (module `defects`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from chipsim.circuits.component import ComponentParameters, Ports
from chipsim.circuits.defects import Defects, Stuck
from chipsim.circuits.noise import root_of_squares
from chipsim.circuits.wires import Wires
from chipsim.devices.device import Cells, Reading, Region, Upkeep
from chipsim.devices.trains import LineTrains, Train, Wanted
from chipsim.inputs.units import Ohms, Seconds
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
    selector: Literal["gated", "none"] = Field(
        default="gated", description="none: a cell that sees one of the two write pulses is half selected"
    )
    cell: CellChoice = Field(description="a cell by name, or {preset: name, parameter: value, ...}")
    reference: Literal["ideal", "column", "pair"] = Field(
        default="ideal", description="how zero weight is read"
    )
    read_time: Seconds | None = Field(
        default=None, gt=0, le=1,
        description="time the read voltage is on at full input, for read energy (default: the integration)",
    )  # fmt: skip

    read_noise: float = Field(
        default=0.0, ge=0, le=100, description="standard deviation of one reading of one cell [weight]"
    )
    row_resistance: Ohms = Field(default=0.0, le=1e6, description="of a row's wire from cell to cell")
    column_resistance: Ohms = Field(default=0.0, le=1e6, description="of a column's wire from cell to cell")

    stuck: Stuck | None = Field(default=None, description="cells that reads see at one state for ever")

    accepts: ClassVar[Ports] = {
        "rows": frozenset({"drive", "pulses"}), "columns": frozenset({"drive", "pulses"}),
    }  # fmt: skip
    emits: ClassVar[Ports] = {"rows": frozenset({"current"}), "columns": frozenset({"current"})}
    target: ClassVar[str] = "rows"
    source: ClassVar[str] = "columns"

    def references(self, sensed: int) -> int:
        """Lines of reference cells that are sensed with so many lines."""
        return {"ideal": 0, "column": 1, "pair": sensed}[self.reference]

    @property
    def wires(self) -> Wires | None:
        """The array's wires; None where they have no resistance."""
        wires = Wires(self.row_resistance, self.column_resistance)
        return wires if any(wires) else None

    def posts(self) -> Mapping[str, tuple[str, ...]]:
        """Half-selected cells only where nothing keeps a cell from that."""
        if self.selector == "gated":
            return self.actions
        return {**self.actions, "pulse-driver": (*self.actions["pulse-driver"], "half_select")}


class Crossbar:
    """An array of cells at work; all of its changes are pulses."""

    def __init__(self, cells: Cells, given: Parameters | None = None, defects: Defects | None = None) -> None:
        """Without parameters `given`, reads are exact and cells gated; without `defects`, none is stuck."""
        self.cells = cells
        self.defects = defects
        self.rows, self.columns = cells.shape
        self.devices = cells.model.devices
        self.read_noise = given.read_noise if given else 0.0
        self.wires = given.wires if given else None
        self._references = given.references if given else _ideal
        self._gated = given is None or given.selector == "gated"
        self._seen: dict[tuple[Region, str], tuple[Reading, Reading]] = {}

    def reading(self, region: Region, alone: str = "") -> Reading:
        """What a read of a region meets, defects and wires included.

        `alone` is the side, `row` or `column`, whose lines are driven one at a time, if they are.
        """
        found = self.cells.reading(region)
        if self.wires is None and self.defects is None:
            return found
        key = region, alone
        if key not in self._seen or self._seen[key][0] is not found:
            self._seen[key] = found, self._met(found, region, alone)
        return self._seen[key][1]

    def _met(self, found: Reading, region: Region, alone: str) -> Reading:
        if self.defects is not None:
            found = self.defects.over(found, region)
        if self.wires is not None:
            siemens, span = found.conductance * 1e-9, float(self.cells.model.g_span)
            weights = self.wires.seen(found.weights, siemens, span, region, alone)
            found = found._replace(weights=weights)
        return found

    @property
    def weights(self) -> NDArray[Any]:
        """Stored weight of every cell `(rows, columns)`; that of a stuck one is what it is stuck at."""
        stored: NDArray[Any] = self.cells.weights
        return stored if self.defects is None else np.where(self.defects.mask, self.defects.weights, stored)

    @property
    def conductances(self) -> NDArray[np.float64]:
        """Conductance of every cell [S], `(rows, columns)`, stuck ones included."""
        stored = self.cells.conductances
        if self.defects is None:
            return stored
        return np.where(self.defects.mask, self.defects.nanosiemens * 1e-9, stored)

    def read(
        self, codes: NDArray[Any], region: Region, by: str, full_scale: int, alone: bool = False
    ) -> tuple[NDArray[np.float64], Mapping[str, int]]:
        """Sums `(vectors, sensed lines)` [weight] of codes `(vectors, driven lines)`, and the actions.

        `by` is the side that is driven: `row` (forward) or `column` (transposed). A code of
        `full_scale` drives a line for the whole integration. Codes that are floating point are exact
        drives in units of full scale: their duty is counted in codes, a part of one as a whole one.
        `alone` says that the lines are driven one at a time.
        """
        seen = self.reading(region, by if alone else "")
        sums, duty, weighted, lines = _driven(codes, seen, by, full_scale)
        sensed = sums.shape[1] * self.devices
        crossed = self.columns if by == "row" else self.rows
        counts = (
            codes.shape[0] * codes.shape[1] * sensed,
            duty * sensed,
            weighted,
            lines * crossed * self.devices,
        )
        driven = 1 if alone else codes.shape[1]
        extra = self._references(sums.shape[1]), self._references(crossed)
        return sums, self._referred(counts, duty, codes.shape[0] * driven, lines, extra)

    def _referred(
        self, counts: tuple[int, int, int, int], duty: int, reads: int, lines: int, extra: tuple[int, int]
    ) -> Mapping[str, int]:
        """The actions of a read with those of its reference lines: `extra` that are sensed, and crossed."""
        sensed, crossed = extra
        conductance = round(self.cells.model.g_mid * 1e9)
        return {
            "cell_reads": counts[0] + reads * sensed,
            "read_duty": counts[1] + duty * sensed,
            "read_conductance": counts[2] + duty * sensed * conductance,
            "line_read_cell": counts[3] + lines * crossed,
        }

    def read_deviations(self, codes: NDArray[Any], full_scale: int) -> NDArray[np.float64]:
        """Standard deviation [weight] that `read_noise` gives the sums of each vector of codes."""
        unit = 1.0 if codes.dtype == np.float64 else 1.0 / full_scale
        deviations: NDArray[np.float64] = self.read_noise * root_of_squares(codes, unit)
        return deviations

    def select(
        self, codes: NDArray[Any], region: Region, by: str, full_scale: int
    ) -> tuple[NDArray[np.float64], Mapping[str, int]]:
        """`read` of lines that are driven one at a time: only their own cells are read."""
        sums, actions = self.read(codes, region, by, full_scale, alone=True)
        sensed = region.columns if by == "row" else region.rows
        reads = codes.shape[0] * (sensed * self.devices + self._references(sensed))
        return sums, {**actions, "cell_reads": reads}

    def inspect(
        self, codes: NDArray[Any], region: Region, _by: str, full_scale: int
    ) -> tuple[NDArray[np.float64], Mapping[str, int]]:
        """States `(rows, columns x devices of a weight)` of rows that are driven one at a time."""
        seen = self.cells.inspect(region)
        sums, duty, weighted, lines = _driven(codes, seen, "row", full_scale)
        counts = sums.size, duty * sums.shape[1], weighted, lines * self.columns * self.devices
        extra = self._references(sums.shape[1]), self._references(self.columns)
        return sums, self._referred(counts, duty, codes.shape[0], lines, extra)

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

    def refresh(
        self, wanted: Upkeep, region: Region, lines: tuple[int, int]
    ) -> tuple[Train, Mapping[str, int]]:
        """Reset devices and write them again; `lines` are the row and column pulses it takes."""
        fired = self.cells.refresh(region, wanted)
        return fired, self._pulsed(fired, *lines)

    def _pulsed(self, fired: Train, row_pulses: int, column_pulses: int) -> Mapping[str, int]:
        crossings = row_pulses * self.columns * self.devices + column_pulses * self.rows
        actions = {**fired._asdict(), "line_pulse_cell": crossings}
        if not self._gated:  # a coincidence takes two crossings, every other one half selects its cell
            actions["half_select"] = crossings - 2 * (fired.set_pulses + fired.reset_pulses)
        return actions


def _ideal(_sensed: int) -> int:
    return 0


def _driven(
    codes: NDArray[Any], seen: Reading, by: str, full_scale: int
) -> tuple[NDArray[np.float64], int, int, int]:
    """Sums of codes through what a read sees, and what `_actions` counts of them."""
    exact = codes.dtype == np.float64
    multiply, totals = (
        (product, seen.row_conductance) if by == "row" else (transposed_product, seen.column_conductance)
    )
    sums = multiply(codes, seen.weights)
    if not exact:
        sums *= 1.0 / full_scale
    return sums, *_actions(_whole(codes, full_scale) if exact else codes, totals)


def _whole(drive: NDArray[np.float64], full_scale: int) -> NDArray[np.int64]:
    """Whole codes that count for exact drives."""
    codes: NDArray[np.int64] = (np.sign(drive) * np.ceil(np.abs(drive) * full_scale)).astype(np.int64)
    return codes


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
