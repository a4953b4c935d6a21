"""Ideal cell: a floating point number. It has no noise, no spread and no bounds.

An update adds exactly the change that its pulse trains stand for in the mean, image by image:

    w <- w - rate x d

in double precision, whatever the trains are. The trains' coincidences are fired all the same as far as
the ledger and the wear maps are concerned, so that counts, time and energy are those of a device whose
step is `step`. A single pulse, as of a transfer, moves the weight by exactly one step.

There is no symmetry point: a stage that prepares such an array sets it to weight zero. A random start is
uniform within -start_range..start_range.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from chipsim.devices.device import Cells, DeviceModel, Floats, Region
from chipsim.devices.trains import LineTrains, Train, Wanted, coincidences
from chipsim.numerics.kernel import Kernel, kernel


@kernel
def exact_step(state: Any, numbers: Any, up: Any, z: Any) -> Any:
    """State after one pulse; the number is the step."""
    return state + numbers[0] if up else state - numbers[0]


class CellModel(DeviceModel):
    """Parameters of a floating point cell."""

    step: float = Field(gt=0, le=10, description="change of a single pulse [weight]")
    start_range: float = Field(gt=0, le=100, description="largest weight of a random start; not a bound")

    width: ClassVar[int] = 1
    step_kernel: ClassVar[Kernel[..., Any]] = exact_step

    @property
    def granularity(self) -> float:
        """The step [weight]."""
        return self.step

    @property
    def write_noise_deviation(self) -> float:
        """None."""
        return 0.0

    def sample(self, rows: int, columns: int, key: np.uint64) -> tuple[Floats, Floats, Floats, Floats]:
        """Every device is the same, without bounds; see `DeviceModel.sample`."""
        numbers = np.full((rows, columns, self.width), self.step, dtype=np.float32)
        endless = np.full((rows, columns), np.inf, dtype=np.float32)
        return numbers, -endless, endless, np.zeros((rows, columns), dtype=np.float32)

    def build(self, rows: int, columns: int, seed: int, name: str) -> Cells:
        """An array of floating point numbers."""
        return FloatingPointCells(self, rows, columns, seed, name)


class FloatingPointCells(Cells):
    """An array of floating point numbers: `state` is float64, and updates are exact."""

    model: CellModel
    precision = np.float64

    def randomise(self, region: Region, stage: str = "") -> None:
        """Draw the region's weights uniformly within the start range, anew for each stage."""
        limit = np.full(self.shape, self.model.start_range)
        self._randomise(region, stage, -limit, limit)

    def update(self, region: Region, trains: LineTrains, wanted: Wanted) -> Train:
        """Add -rate x d for each image; the pulses counted are the coincidences of the trains."""
        counts = coincidences(trains.rows, trains.columns, trains.row_signs, trains.column_signs)
        return self._move(region, counts, 0.0, wanted)

    def pulse(self, region: Region, counts: NDArray[np.int16]) -> Train:
        """Move each device by its pulses times the step; `counts` is `(trains, rows, columns)`."""
        trains = counts.shape[0]
        none = Wanted(np.zeros((trains, region.rows)), np.zeros((trains, region.columns)), 0.0)
        return self._move(region, counts, self.model.step, none)

    def _move(self, region: Region, counts: NDArray[np.int16], step: float, wanted: Wanted) -> Train:
        state, pulses = region.of(self.state), region.of(self.pulses)
        self.changed(region)
        return Train(*_move(counts, state, pulses, step, *wanted, *self._conductance))


@kernel
def _move(
    counts: Any, state: Any, pulses: Any, step: Any, x: Any, error: Any, rate: Any,
    mid: Any, span: Any, floor: Any,
) -> Any:  # fmt: skip
    """Change states by pulses and by -rate x error; returns what `Train` holds.

    The product is taken as rate (x error), so that it equals NumPy's `rate * np.outer(x, error)` to the bit.
    """
    sets, resets, set_sum, reset_sum = np.int64(0), np.int64(0), np.int64(0), np.int64(0)
    trains, rows, columns = counts.shape
    for train in range(trains):
        for row in range(rows):
            for column in range(columns):
                signed = np.int64(counts[train, row, column])
                before = state[row, column]
                after = before + step * signed - rate * (x[train, row] * error[train, column])
                state[row, column] = after
                if signed == 0:
                    continue
                n = abs(signed)
                pulses[row, column] += n
                mean = 0.5 * (max(mid + span * before, floor) + max(mid + span * after, floor))
                total = n * np.int64(np.rint(mean * 1e9))
                if signed > 0:
                    sets += n
                    set_sum += total
                else:
                    resets += n
                    reset_sum += total
    return sets, resets, set_sum, reset_sum
