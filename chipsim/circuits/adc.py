"""Column currents to codes: a bank of sampling (SAR) converters that lines share in turn.

The converter resolves -range..range in 2^bits - 1 equal steps about zero and saturates beyond. The
front end's gain follows the number of lines driven up to `range`: a read of one line uses the whole
scale, since no sum can be larger than the lines that drive it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from chipsim.accounting.work import Work
from chipsim.circuits.component import ComponentParameters, Ports, picoseconds
from chipsim.inputs.units import Seconds
from chipsim.numerics.kernel import kernel


class Parameters(ComponentParameters):
    """A bank of sampling converters."""

    type: Literal["adc"]
    role: ClassVar[str] = "adc"
    actions: ClassVar[Mapping[str, tuple[str, ...]]] = {"": ("adc_conv",)}
    bits: int = Field(ge=2, le=24, description="resolution, sign included")
    count: int = Field(ge=1, le=65536, description="converters; lines take turns at them")
    conversion: Seconds | None = Field(default=None, ge=0, le=1, description="time of one conversion")
    range: float = Field(
        default=12.0, gt=0, le=65536,
        description="largest sum resolved, in unit weights at full input (12: GokmenVlasov2016)",
    )  # fmt: skip

    accepts: ClassVar[Ports] = {"": frozenset({"current"})}
    timing: ClassVar[Mapping[str, Mapping[str, float]]] = {
        "conversion": {"measured": 10e-9, "ideal": 1e-9}  # component library: adc_sar.t_conv_8b
    }


class Adc:
    """A bank of sampling converters at work."""

    def __init__(self, parameters: Parameters) -> None:
        assert parameters.conversion is not None
        self.count = parameters.count
        self.range = parameters.range
        self.codes: int = 2 ** (parameters.bits - 1) - 1
        self._conversion = picoseconds(parameters.conversion)

    def step(self, driven: int) -> float:
        """Size of one step [weight] when `driven` lines are driven."""
        return min(self.range, float(driven)) / self.codes

    def convert(self, sums: NDArray[np.float64], driven: int) -> tuple[NDArray[np.float64], Work]:
        """Sums `(vectors, lines)` [weight] as the converter reads them, whole steps within its range."""
        values = _quantise(sums, self.step(driven), self.codes)
        vectors, lines = sums.shape
        turns = -(-lines // self.count)
        return values, Work(vectors * turns * self._conversion, {"adc_conv": sums.size})


Circuit = Adc


@kernel
def _quantise(sums: Any, step: Any, codes: Any) -> Any:
    values = np.empty(sums.shape, dtype=np.float64)
    for i in range(sums.shape[0]):
        for j in range(sums.shape[1]):
            values[i, j] = min(max(np.rint(sums[i, j] / step), -codes), codes) * step
    return values
