"""Column currents to codes: a bank of sampling (SAR) converters that lines share in turn.

The converter resolves -range..range in 2^bits - 1 equal steps about zero and saturates beyond. By default
the front end's gain follows the number of lines driven up to `range` (`full_scale: driven`): a read of one
line uses the whole scale, since no sum can be larger than the lines that drive it. With
`full_scale: range` it is the range for every read.

What comes in may be noisy (`output_noise`): independent Gaussian noise on every line of every conversion.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from chipsim.accounting.work import Work
from chipsim.circuits.component import Clocked, ComponentParameters, Duration, Ports, Timing, picoseconds
from chipsim.inputs.units import Hertz, Seconds
from chipsim.numerics.kernel import kernel


class Bank(ComponentParameters):
    """What every bank of sampling converters has: their number and their time."""

    role: ClassVar[str] = "adc"
    actions: ClassVar[Mapping[str, tuple[str, ...]]] = {"": ("adc_conv", "mul8")}
    bits: int = Field(ge=2, le=24, description="resolution, sign included")
    count: int = Field(ge=1, le=65536, description="converters; lines take turns at them")
    conversion: Seconds | None = Field(default=None, ge=0, le=1, description="time of one conversion")
    clock: Hertz | None = Field(
        default=None, gt=0, le=1e12,
        description="in place of the conversion: one period to sample and one for each bit",
    )  # fmt: skip

    in_turns: ClassVar[str] = "count"
    accepts: ClassVar[Ports] = {"": frozenset({"current"})}
    timing: ClassVar[Timing] = {
        "conversion": {
            "measured": Duration(
                typical=10e-9, optimistic=1e-9, conservative=100e-9, source=("Murmann2025",),
                where=(
                    "xls/ADCsurvey_latest.xlsx (rev 2025-06): SAR converters of 5 to 8.5 effective bits run "
                    "at 1e7 to 5e9 S/s; optimistic 1e9"
                ),
                status="derived",
            ),
            "ideal": Duration(
                typical=1e-9, conservative=10e-9, source=("Murmann2025",),
                where="optimistic end of the measured range; conservative what is typical there",
                status="derived",
            ),
        }
    }  # fmt: skip

    def clocked(self) -> Mapping[str, Clocked]:
        """The conversion by successive approximation: one period to sample, one comparison for each bit."""
        return {} if self.clock is None else {"conversion": Clocked(self.bits + 1, self.clock, "periods")}


class Parameters(Bank):
    """A bank of sampling converters."""

    type: Literal["adc"]
    range: float = Field(
        default=12.0, gt=0, le=65536,
        description="largest sum resolved, in unit weights at full input (12: GokmenVlasov2016)",
    )  # fmt: skip
    full_scale: Literal["driven", "range"] = Field(
        default="driven", description="the lines driven, up to range; or the range, whatever is driven"
    )
    output_noise: float = Field(
        default=0.0, ge=0, le=65536, description="standard deviation at the input, in units of sums"
    )


class Turns:
    """What every bank of sampling converters does: lines in turn, and their count and time."""

    output_noise = 0.0
    """Standard deviation at the input, in units of sums."""

    def __init__(self, parameters: Bank) -> None:
        assert parameters.conversion is not None
        self.count = parameters.count
        self._conversion = picoseconds(parameters.conversion)

    def saturated(self, readings: NDArray[np.float64], driven: int) -> NDArray[np.bool_]:
        """Which of the readings are at an end of the scale: none, where there is no end."""
        return np.zeros(readings.shape, dtype=np.bool_)

    def work(self, vectors: int, lines: int) -> Work:
        """The work of converting some vectors of lines: the lines take turns at the converters."""
        turns = -(-lines // self.count)
        return Work(vectors * turns * self._conversion, {"adc_conv": vectors * lines})


class Adc(Turns):
    """A bank of sampling converters at work."""

    def __init__(self, parameters: Parameters) -> None:
        super().__init__(parameters)
        self.range = parameters.range
        self.output_noise = parameters.output_noise
        self.codes: int = 2 ** (parameters.bits - 1) - 1
        self._follows = parameters.full_scale == "driven"

    def step(self, driven: int) -> float:
        """Size of one step [weight] when `driven` lines are driven."""
        return (min(self.range, float(driven)) if self._follows else self.range) / self.codes

    def convert(self, sums: NDArray[np.float64], driven: int) -> tuple[NDArray[np.float64], Work]:
        """Sums `(vectors, lines)` [weight] as the converter reads them, whole steps within its range."""
        return _quantise(sums, self.step(driven), self.codes), self.work(*sums.shape)

    def saturated(self, readings: NDArray[np.float64], driven: int) -> NDArray[np.bool_]:
        """Which of the readings are at an end of the scale."""
        ends: NDArray[np.bool_] = np.abs(readings) > (self.codes - 0.5) * self.step(driven)
        return ends


Circuit = Adc


@kernel
def _quantise(sums: Any, step: Any, codes: Any) -> Any:
    values = np.empty(sums.shape, dtype=np.float64)
    for i in range(sums.shape[0]):
        for j in range(sums.shape[1]):
            values[i, j] = min(max(np.rint(sums[i, j] / step), -codes), codes) * step
    return values
