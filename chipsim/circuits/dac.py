"""Digital inputs to pulse widths of the read voltage (PWM), one lane for each line.

`bits` are magnitude bits; the sign is the drive's polarity. Of 2^bits slots a line is driven in
0..2^bits, so that 0 and full scale are both exact.
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
    """A bank of pulse-width converters."""

    type: Literal["dac"]
    role: ClassVar[str] = "dac"
    actions: ClassVar[Mapping[str, tuple[str, ...]]] = {"": ("dac_conv",)}
    bits: int = Field(ge=1, le=16, description="magnitude bits of an input")
    lanes: int = Field(ge=1, le=65536, description="lines driven at once")
    integration: Seconds | None = Field(
        default=None, gt=0, le=1, description="time of one read, all lines at once"
    )

    emits: ClassVar[Ports] = {"": frozenset({"drive"})}
    timing: ClassVar[Mapping[str, Mapping[str, float]]] = {
        "integration": {"measured": 128e-9, "ideal": 40e-9}  # component library: timing.t_mvm_hermes, t_mvm
    }


class Dac:
    """A bank of pulse-width converters at work."""

    def __init__(self, parameters: Parameters) -> None:
        assert parameters.integration is not None
        self.full_scale = 2**parameters.bits
        self.lanes = parameters.lanes
        self._integration = picoseconds(parameters.integration)

    def convert(self, values: NDArray[np.float64]) -> tuple[NDArray[np.int32], Work]:
        """Codes `(vectors, lines)` of values in -1..1; beyond that a line is simply fully driven."""
        codes = _quantise(values, self.full_scale)
        return codes, self._work(values.shape[0], values.size)

    def select(self, lines: int, chosen: tuple[int, ...]) -> tuple[NDArray[np.int32], Work]:
        """Codes `(chosen, lines)` that drive one line after another at full scale, the rest not at all."""
        codes = np.zeros((len(chosen), lines), dtype=np.int32)
        codes[np.arange(len(chosen)), list(chosen)] = self.full_scale
        return codes, self._work(len(chosen), len(chosen))

    def _work(self, vectors: int, conversions: int) -> Work:
        return Work(vectors * self._integration, {"dac_conv": conversions})


Circuit = Dac


@kernel
def _quantise(values: Any, full_scale: Any) -> Any:
    codes = np.empty(values.shape, dtype=np.int32)
    for i in range(values.shape[0]):
        for j in range(values.shape[1]):
            codes[i, j] = np.int32(np.rint(min(max(values[i, j], -1.0), 1.0) * full_scale))
    return codes
