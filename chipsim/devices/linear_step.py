"""Linear-step cell that leaks: a capacitor, charged and discharged by current sources, read by a transistor.

One pulse on a device with state s, its own steps d+ and d-, slopes k+ and k- and a standard normal draw z:

    up:    s <- s + d+ (1 - k+ s / B+ + c z)        down:    s <- s - d- (1 - k- s / B- + c z)

with the nominal bounds B+ > 0 > B-; then s is cut to the device's own bounds. While nothing is written the
charge leaks, at a time t after the last write to

    s(t) = s exp(-t / tau)

with a time constant tau of the device, in simulated time. Steps, slopes and spreads are drawn as in
Rasch2021 (class LinearStep), where the leak is a number of updates.

An array begins discharged, at weight zero. Where a pulse up and one down would cancel is decided by the
mismatch of two current sources over a slope of a few percent: that lies at a bound or beyond it, or is
reached after thousands of pairs only. So no symmetry point is given.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from chipsim.devices import ageing
from chipsim.devices.device import DeviceModel, Floats
from chipsim.inputs.units import Seconds
from chipsim.numerics.draws import normal
from chipsim.numerics.kernel import Kernel, kernel


@kernel
def linear_step(state: Any, numbers: Any, up: Any, z: Any) -> Any:
    """State after one pulse; numbers are step up, step down, k+/B+, k-/B-, upper, lower, noise."""
    share = np.float32(1.0) + numbers[6] * z
    if up:
        return min(max(state + numbers[0] * (share - state * numbers[2]), numbers[5]), numbers[4])
    return min(max(state - numbers[1] * (share - state * numbers[3]), numbers[5]), numbers[4])


class CellModel(DeviceModel):
    """Parameters of a linear-step cell; weights are in units of the nominal bound."""

    step: float = Field(gt=0, le=10, description="mean step of one pulse at state 0 [weight]")
    step_spread: float = Field(ge=0, le=5, description="device-to-device spread of the step, relative")
    up_down_spread: float = Field(
        ge=0, le=1, description="device-to-device spread of half the up/down difference, in mean steps"
    )
    slope: float = Field(ge=0, le=1, description="share of the step that is lost from state 0 to the bound")
    slope_spread: float = Field(ge=0, le=1, description="device-to-device spread of the slope, absolute")
    upper_bound: float = Field(gt=0, le=100, description="mean upper bound [weight]")
    upper_bound_spread: float = Field(ge=0, le=5, description="device-to-device spread, relative")
    lower_bound: float = Field(lt=0, ge=-100, description="mean lower bound [weight]")
    lower_bound_spread: float = Field(ge=0, le=5, description="device-to-device spread, relative")
    cycle_to_cycle: float = Field(ge=0, le=10, description="spread of one step, in the device's own steps")
    write_noise: float = Field(ge=0, le=100, description="spread of the value read, in mean steps")
    leak_time: Seconds | None = Field(
        gt=0, le=1e12, description="mean time constant of the leak, in simulated time; null: no leak"
    )
    leak_time_spread: float = Field(ge=0, le=5, description="device-to-device spread, relative")

    width: ClassVar[int] = 7
    step_kernel: ClassVar[Kernel[..., Any]] = linear_step

    def unused(self) -> Mapping[str, str]:
        """The spread of a leak that there is not."""
        return {} if self.leak_time else {"leak_time_spread": "where 'leak_time' is null"}

    @property
    def granularity(self) -> float:
        """The mean step [weight]."""
        return self.step

    @property
    def write_noise_deviation(self) -> float:
        """Write noise in units of weight: the same for every device."""
        return self.write_noise * self.step

    @property
    def law(self) -> ageing.Law | None:
        """An exponential leak to zero."""
        return None if self.leak_time is None else ageing.Law(ageing.leak, memoryless=True)

    def kept(self, seconds: float) -> float:
        """exp(-t / tau)."""
        return 1.0 if self.leak_time is None else math.exp(-seconds / self.leak_time)

    def sample_law(self, rows: int, columns: int, key: np.uint64) -> Floats:
        """Time constants, normal and cut at a hundredth of their mean, and the level 0."""
        mean, numbers = self.leak_time or 0.0, np.zeros((rows, columns, 2), dtype=np.float32)
        ageing.sample_normal(numbers[..., 0], mean, mean * self.leak_time_spread, key)
        np.maximum(numbers[..., 0], 0.01 * mean, out=numbers[..., 0])
        return numbers

    def sample(self, rows: int, columns: int, key: np.uint64) -> tuple[Floats, Floats, Floats, Floats]:
        """Draw an array of devices; see `DeviceModel.sample`.

        Steps, slopes and bounds are normal and folded at zero, the up/down difference is normal in mean
        steps; the reference is exact.
        """
        numbers = np.empty((rows, columns, self.width), dtype=np.float32)
        spreads = np.array([
            self.step, self.step_spread, self.up_down_spread, self.slope, self.slope_spread,
            self.upper_bound, self.upper_bound_spread, self.lower_bound, self.lower_bound_spread,
            self.cycle_to_cycle,
        ])  # fmt: skip
        _sample(numbers, spreads, key)
        reference = np.zeros((rows, columns), dtype=np.float32)
        return numbers, numbers[..., 5].copy(), numbers[..., 4].copy(), reference


@kernel
def _sample(numbers: Any, spreads: Any, key: Any) -> None:
    step, step_spread, up_down, slope, slope_spread, upper, upper_spread, lower, lower_spread, cycle = spreads
    columns = numbers.shape[1]
    for row in range(numbers.shape[0]):
        for column in range(columns):
            cell = row * columns + column
            own = abs(step * (1.0 + step_spread * normal(key, cell, 0)))
            difference = step * up_down * normal(key, cell, 1)
            numbers[row, column, 0] = max(own + difference, 0.0)
            numbers[row, column, 1] = max(own - difference, 0.0)
            numbers[row, column, 2] = abs(slope + slope_spread * normal(key, cell, 2)) / upper
            numbers[row, column, 3] = abs(slope + slope_spread * normal(key, cell, 3)) / lower
            numbers[row, column, 4] = abs(upper * (1.0 + upper_spread * normal(key, cell, 4)))
            numbers[row, column, 5] = -abs(lower * (1.0 + lower_spread * normal(key, cell, 5)))
            numbers[row, column, 6] = cycle
