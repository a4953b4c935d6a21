"""A cell whose steps shrink towards both bounds alike, by the window 1 - w^2.

One pulse on a device with state w, its own step d and a standard normal draw z:

    up:    w <- w + d (1 - w^2 + c z)        down:    w <- w - d (1 - w^2 + c z)

then w is cut to -1..1. Up and down steps are equal everywhere, so there is no symmetry point.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from chipsim.devices.device import DeviceModel, Floats
from chipsim.numerics.draws import normal
from chipsim.numerics.elementary import exp
from chipsim.numerics.kernel import Kernel, kernel


@kernel
def window_step(state: Any, numbers: Any, up: Any, z: Any) -> Any:
    """State after one pulse; numbers are the device's own step and its noise."""
    one = np.float32(1.0)
    change = numbers[0] * (one - state * state + numbers[1] * z)
    return min(max(state + change if up else state - change, -one), one)


class CellModel(DeviceModel):
    """Parameters of the cell; conductances come with `DeviceModel`."""

    step: float = Field(gt=0, le=1, description="median step at w = 0 [weight]")
    step_spread: float = Field(ge=0, le=5, description="device-to-device spread of its logarithm")
    cycle_to_cycle: float = Field(ge=0, le=10, description="spread of a step, in own steps")

    width: ClassVar[int] = 2
    step_kernel: ClassVar[Kernel[..., Any]] = window_step

    @property
    def granularity(self) -> float:
        """The median step, by which pulse probabilities are scaled."""
        return self.step

    @property
    def write_noise_deviation(self) -> float:
        """A read sees what is stored."""
        return 0.0

    def sample(self, rows: int, columns: int, key: np.uint64) -> tuple[Floats, Floats, Floats, Floats]:
        """Numbers of every device, lower and upper bounds, references."""
        numbers = np.empty((rows, columns, self.width), dtype=np.float32)
        _sample(numbers, self.step, self.step_spread, self.cycle_to_cycle, key)
        one = np.ones((rows, columns), dtype=np.float32)
        return numbers, -one, one, np.zeros_like(one)


@kernel
def _sample(numbers: Any, step: Any, spread: Any, noise: Any, key: Any) -> None:
    rows, columns, _ = numbers.shape
    for row in range(rows):
        for column in range(columns):
            numbers[row, column, 0] = step * exp(spread * normal(key, row * columns + column, 0))
            numbers[row, column, 1] = noise
