"""A bank of flash converters, one for each line: all lines at once, and nobody waits for a turn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from chipsim.accounting.work import Work
from chipsim.circuits.component import ComponentParameters, Duration, Ports, Timing, picoseconds
from chipsim.inputs.units import Seconds


class Parameters(ComponentParameters):
    """What an architecture file may say of the bank."""

    type: Literal["flash-adc"]
    role: ClassVar[str] = "adc"
    accepts: ClassVar[Ports] = {"": frozenset({"current"})}
    actions: ClassVar[Mapping[str, tuple[str, ...]]] = {"": ("adc_conv",)}
    timing: ClassVar[Timing] = {
        "conversion": {
            "measured": Duration(
                typical=2e-9, optimistic=1e-9, conservative=4e-9, where="our own chips", status="verified"
            ),
            "ideal": Duration(typical=0.5e-9, where="one cycle at 2 GHz", status="assumed"),
        }
    }

    bits: int = Field(ge=2, le=8, description="resolution, sign included")
    count: int = Field(ge=1, le=65536, description="converters: as many as lines")
    range: float = Field(default=12.0, gt=0, description="largest sum resolved [weight]")
    conversion: Seconds | None = Field(default=None, ge=0, le=1, description="time of a conversion")


class Circuit:
    """The bank at work."""

    def __init__(self, parameters: Parameters) -> None:
        assert parameters.conversion is not None, "given, or filled in from `timing`"
        self.codes = 2 ** (parameters.bits - 1) - 1
        self._range = parameters.range
        self._conversion = picoseconds(parameters.conversion)

    def convert(self, sums: NDArray[np.float64], driven: int) -> tuple[NDArray[np.float64], Work]:
        """Sums `(vectors, lines)` as the converters read them, and what that took."""
        step = min(self._range, float(driven)) / self.codes
        values = np.clip(np.rint(sums / step), -self.codes, self.codes) * step
        return values, Work(sums.shape[0] * self._conversion, {"adc_conv": sums.size})
