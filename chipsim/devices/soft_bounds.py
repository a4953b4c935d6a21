"""Soft-bounds cell with a reference device: ReRAM whose steps shrink towards its bounds.

One pulse on a device with state s, its own steps d+ and d-, bounds b+ > 0 > b- and a standard normal
draw z:

    up:    s <- s + d+ (1 - s / b+ + c z)        down:    s <- s - d- (1 - s / b- + c z)

then s is cut to b-..b+. The form is that of soft bounds (Fusi2007); the parameters' spread, the
additive cycle-to-cycle noise in units of the device's own step, and the write noise follow the fit of
Gong2022 as published with Rasch2021 (class SoftBoundsReference).

Retention: conductances of filamentary ReRAM relax in the logarithm of time, by an amount that does not
depend on the state, so that their mean and their spread are both straight lines in ln t (Falcone2025, for
another oxide than that of our presets). A device with its own rate k, drawn from a normal distribution,
stands at a time t after its last write at

    s(t) = s - k ln(1 + t / t0)

within its bounds. Without a rate and a spread of rates nothing relaxes, and no time is kept.

Symmetry point, where an up and a down pulse cancel on average:

    d+ (1 - s / b+) = d- (1 - s / b-)   =>   s* = (d+ - d-) / (d+ / b+ - d- / b-)

The reference is the symmetry point with an error: subtraction in hardware is not perfect.

A corrupt device is stuck: both of its bounds are one value, drawn uniformly within its own bounds and
within -corrupt_range..corrupt_range, and it has no steps (Rasch2021, corrupt devices).

A parameter set may hold two pairs of mean bounds. The measured ones are those of the array as it is; the
adjusted ones those after the compliance has been set so that the range of weights is the same on either
side of zero (Gong2022). `bounds` chooses; the spreads are relative and serve for both.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from chipsim.devices import ageing
from chipsim.devices.device import DeviceModel, Floats
from chipsim.inputs.units import Seconds
from chipsim.numerics.draws import normal, uniform
from chipsim.numerics.elementary import exp
from chipsim.numerics.kernel import Kernel, kernel


@kernel
def soft_bounds_step(state: Any, numbers: Any, up: Any, z: Any) -> Any:
    """State after one pulse; numbers are step up, step down, 1/upper, 1/lower, upper, lower, noise."""
    one = np.float32(1.0)
    noise = numbers[6] * z
    if up:
        return min(max(state + numbers[0] * (one - state * numbers[2] + noise), numbers[5]), numbers[4])
    return min(max(state - numbers[1] * (one - state * numbers[3] + noise), numbers[5]), numbers[4])


class CellModel(DeviceModel):
    """Parameters of a soft-bounds cell; weights are in units of the nominal bound."""

    step: float = Field(gt=0, le=10, description="median step of one pulse at state 0 [weight]")
    step_spread: float = Field(ge=0, le=5, description="device-to-device spread of the step's logarithm")
    up_down_spread: float = Field(
        ge=0, le=1, description="device-to-device spread of half the up/down difference, in median steps"
    )
    bounds: Literal["adjusted", "measured"] = Field(
        default="adjusted", description="which of the two pairs of mean bounds the devices are drawn with"
    )
    upper_bound: float = Field(gt=0, le=100, description="mean upper bound, adjusted [weight]")
    upper_bound_spread: float = Field(ge=0, le=5, description="device-to-device spread, relative")
    lower_bound: float = Field(lt=0, ge=-100, description="mean lower bound, adjusted [weight]")
    lower_bound_spread: float = Field(ge=0, le=5, description="device-to-device spread, relative")
    measured_upper_bound: float | None = Field(
        default=None, gt=0, le=100, description="mean upper bound as measured [weight]"
    )
    measured_lower_bound: float | None = Field(
        default=None, lt=0, ge=-100, description="mean lower bound as measured [weight]"
    )
    cycle_to_cycle: float = Field(ge=0, le=10, description="spread of one step, in the device's own steps")
    relaxation: float = Field(
        default=0.0, ge=-10, le=10, description="mean loss each time that the time since a write grows e-fold"
    )
    relaxation_spread: float = Field(
        default=0.0, ge=0, le=10, description="device-to-device spread of that loss [weight]"
    )
    relaxation_time: Seconds = Field(
        default=1.0, gt=0, le=1e12, description="simulated time after a write at which relaxation sets in"
    )
    write_noise: float = Field(ge=0, le=100, description="spread of the value read, in median steps")
    reference_spread: float = Field(ge=0, le=10, description="error of the reference [weight]")
    corrupt: Annotated[float, Field(ge=0, le=1)] | Literal["measured"] = Field(
        default=0.0, description="share of devices that no pulse moves, or 'measured' for the share below"
    )
    measured_corrupt: float | None = Field(
        default=None, ge=0, le=1, description="share of corrupt devices as measured"
    )
    corrupt_range: float = Field(
        default=0.01,
        ge=0,
        le=100,
        description="largest size of the state a corrupt device is stuck at [weight]",
    )

    width: ClassVar[int] = 7
    step_kernel: ClassVar[Kernel[..., Any]] = soft_bounds_step

    @model_validator(mode="after")
    def _check_measured(self) -> Self:
        """What is measured can be chosen only where it is given."""
        if self.bounds == "measured" and None in (self.measured_upper_bound, self.measured_lower_bound):
            raise ValueError(
                "bounds: 'measured' is chosen, but not both of 'measured_upper_bound' and "
                "'measured_lower_bound' are given"
            )
        if self.corrupt == "measured" and self.measured_corrupt is None:
            raise ValueError("corrupt: 'measured' is chosen, but 'measured_corrupt' is not given")
        return self

    def unused(self) -> Mapping[str, str]:
        """The pair of bounds that is not chosen, and numbers of what there is none of."""
        adjusted = self.bounds == "adjusted"
        bounds = (
            ("measured_upper_bound", "measured_lower_bound") if adjusted else ("upper_bound", "lower_bound")
        )
        found = dict.fromkeys(bounds, f"beside 'bounds: {self.bounds}'")
        if self.corrupt != "measured":
            found["measured_corrupt"] = f"beside 'corrupt: {self.corrupt:g}'"
        if not self.corrupt_share:
            found["corrupt_range"] = "where no device is corrupt"
        if self.law is None:
            found["relaxation_time"] = "where 'relaxation' and 'relaxation_spread' are 0"
        return found

    @property
    def mean_bounds(self) -> tuple[float, float]:
        """Mean lower and upper bound [weight] of the chosen pair."""
        if self.bounds == "measured":
            assert self.measured_lower_bound is not None, "checked"
            assert self.measured_upper_bound is not None, "checked"
            return self.measured_lower_bound, self.measured_upper_bound
        return self.lower_bound, self.upper_bound

    @property
    def corrupt_share(self) -> float:
        """Share of devices that no pulse moves."""
        if self.corrupt == "measured":
            assert self.measured_corrupt is not None, "checked"
            return self.measured_corrupt
        return self.corrupt

    @property
    def granularity(self) -> float:
        """The median step [weight]."""
        return self.step

    @property
    def write_noise_deviation(self) -> float:
        """Write noise in units of weight: the same for every device, as fitted."""
        return self.write_noise * self.step

    @property
    def law(self) -> ageing.Law | None:
        """Relaxation in the logarithm of time, if there is any."""
        return ageing.Law(ageing.log_relaxation) if self.relaxation or self.relaxation_spread else None

    def kept(self, seconds: float) -> float:
        """1 - k ln(1 + t / t0), from the unit of weight down."""
        left = 1.0 - self.relaxation * math.log1p(seconds / self.relaxation_time)
        return min(max(left, 0.0), 1.0)

    def sample_law(self, rows: int, columns: int, key: np.uint64) -> Floats:
        """Rates, normal, and the time at which relaxation sets in, the same for all devices."""
        numbers = np.empty((rows, columns, 2), dtype=np.float32)
        ageing.sample_normal(numbers[..., 0], self.relaxation, self.relaxation_spread, key)
        numbers[..., 1] = self.relaxation_time
        return numbers

    def sample(self, rows: int, columns: int, key: np.uint64) -> tuple[Floats, Floats, Floats, Floats]:
        """Draw an array of devices; see `DeviceModel.sample`.

        Steps are log-normal about the median; the up/down difference is normal in *median* steps, so
        that small devices are the least symmetric; bounds are normal and folded at zero; the
        reference is the symmetry point plus a normal error.
        """
        numbers = np.empty((rows, columns, self.width), dtype=np.float32)
        reference = np.empty((rows, columns), dtype=np.float32)
        lower, upper = self.mean_bounds
        spreads = np.array([
            self.step, self.step_spread, self.up_down_spread, upper, self.upper_bound_spread,
            lower, self.lower_bound_spread, self.cycle_to_cycle, self.reference_spread,
            self.corrupt_share, self.corrupt_range,
        ])  # fmt: skip
        _sample(numbers, reference, spreads, key)
        return numbers, numbers[..., 5].copy(), numbers[..., 4].copy(), reference

    @staticmethod
    def symmetry_points(numbers: NDArray[Any]) -> NDArray[Any]:
        """State at which an up and a down pulse cancel on average, per device `(rows, columns)`."""
        up, down = numbers[..., 0], numbers[..., 1]
        with np.errstate(invalid="ignore", divide="ignore"):
            points: NDArray[Any] = (up - down) / (up * numbers[..., 2] - down * numbers[..., 3])
        return points

    @classmethod
    def steps(cls, numbers: Floats) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The device's own steps d+ and d- (module's docstring), also where one alone would pass a bound."""
        return numbers[..., 0].astype(np.float64), numbers[..., 1].astype(np.float64)


@kernel
def _sample(numbers: Any, reference: Any, spreads: Any, key: Any) -> None:
    (
        step, log_spread, up_down, upper, upper_spread, lower, lower_spread, cycle, error, corrupt, stuck,
    ) = spreads  # fmt: skip
    columns = numbers.shape[1]
    for row in range(numbers.shape[0]):
        for column in range(columns):
            cell = row * columns + column
            own = step * exp(log_spread * normal(key, cell, 0))
            difference = step * up_down * normal(key, cell, 1)
            top = max(abs(upper * (1.0 + upper_spread * normal(key, cell, 2))), 1e-6)
            bottom = min(-abs(lower * (1.0 + lower_spread * normal(key, cell, 3))), -1e-6)
            rise, fall = max(own + difference, 0.0), max(own - difference, 0.0)
            slope = rise / top - fall / bottom
            centre = (rise - fall) / slope if slope > 0.0 else 0.0
            if uniform(key, cell, 5) < corrupt:
                low, high = max(bottom, -stuck), min(top, stuck)
                held = low + (high - low) * uniform(key, cell, 6)
                centre = 0.0
                values = (0.0, 0.0, 0.0, 0.0, held, held, 0.0)
            else:
                values = (rise, fall, 1.0 / top, 1.0 / bottom, top, bottom, cycle)
            reference[row, column] = centre + error * normal(key, cell, 4)
            for index in range(7):
                numbers[row, column, index] = values[index]
