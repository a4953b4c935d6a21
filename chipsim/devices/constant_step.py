"""Constant-step cell with hard bounds: a pulse moves every state by the same step, until a bound stops it.

One pulse on a device with state s, its own steps d+ and d-, bounds b+ > 0 > b- and a standard normal draw z:

    up:    s <- s + d+ (1 + c z)        down:    s <- s - d- (1 + c z)

then s is cut to b-..b+. It is the device of the resistive processing unit (GokmenVlasov2016, section on
device specifications); steps, bounds and the up/down difference are drawn as in Rasch2021, class
ConstantStep. An up and a down pulse differ by the same amount everywhere, so that there is no symmetry
point: a stage that prepares such an array sets it to weight zero.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from chipsim.devices.device import DeviceModel, Floats
from chipsim.numerics.draws import normal
from chipsim.numerics.kernel import Kernel, kernel


@kernel
def constant_step(state: Any, numbers: Any, up: Any, z: Any) -> Any:
    """State after one pulse; numbers are step up, step down, upper, lower, noise."""
    share = np.float32(1.0) + numbers[4] * z
    if up:
        return min(max(state + numbers[0] * share, numbers[3]), numbers[2])
    return min(max(state - numbers[1] * share, numbers[3]), numbers[2])


class CellModel(DeviceModel):
    """Parameters of a constant-step cell; weights are in units of weight 1."""

    step: float = Field(gt=0, le=10, description="mean step of one pulse [weight]")
    step_spread: float = Field(ge=0, le=5, description="device-to-device spread of the step, relative")
    up_down_spread: float = Field(
        ge=0, le=1, description="device-to-device spread of half the up/down difference, in mean steps"
    )
    upper_bound: float = Field(gt=0, le=100, description="mean upper bound [weight]")
    upper_bound_spread: float = Field(ge=0, le=5, description="device-to-device spread, relative")
    lower_bound: float = Field(lt=0, ge=-100, description="mean lower bound [weight]")
    lower_bound_spread: float = Field(ge=0, le=5, description="device-to-device spread, relative")
    cycle_to_cycle: float = Field(ge=0, le=10, description="spread of one step, in the device's own steps")
    write_noise: float = Field(ge=0, le=100, description="spread of the value read, in mean steps")

    width: ClassVar[int] = 5
    step_kernel: ClassVar[Kernel[..., Any]] = constant_step

    @property
    def granularity(self) -> float:
        """The mean step [weight]."""
        return self.step

    @property
    def write_noise_deviation(self) -> float:
        """Write noise in units of weight: the same for every device."""
        return self.write_noise * self.step

    def sample(self, rows: int, columns: int, key: np.uint64) -> tuple[Floats, Floats, Floats, Floats]:
        """Draw an array of devices; see `DeviceModel.sample`.

        Steps and bounds are normal and folded at zero, the up/down difference is normal in mean steps;
        the reference is exact.
        """
        numbers = np.empty((rows, columns, self.width), dtype=np.float32)
        spreads = np.array([
            self.step, self.step_spread, self.up_down_spread, self.upper_bound, self.upper_bound_spread,
            self.lower_bound, self.lower_bound_spread, self.cycle_to_cycle,
        ])  # fmt: skip
        _sample(numbers, spreads, key)
        reference = np.zeros((rows, columns), dtype=np.float32)
        return numbers, numbers[..., 3].copy(), numbers[..., 2].copy(), reference


@kernel
def _sample(numbers: Any, spreads: Any, key: Any) -> None:
    step, step_spread, up_down, upper, upper_spread, lower, lower_spread, cycle = spreads
    columns = numbers.shape[1]
    for row in range(numbers.shape[0]):
        for column in range(columns):
            cell = row * columns + column
            own = abs(step * (1.0 + step_spread * normal(key, cell, 0)))
            difference = step * up_down * normal(key, cell, 1)
            numbers[row, column, 0] = max(own + difference, 0.0)
            numbers[row, column, 1] = max(own - difference, 0.0)
            numbers[row, column, 2] = abs(upper * (1.0 + upper_spread * normal(key, cell, 2)))
            numbers[row, column, 3] = -abs(lower * (1.0 + lower_spread * normal(key, cell, 3)))
            numbers[row, column, 4] = cycle
