"""Digital inputs to pulse widths of the read voltage (PWM), one lane for each line.

`bits` are magnitude bits; the sign is the drive's polarity. Of 2^bits slots a line is driven in
0..2^bits, so that 0 and full scale are both exact; or in 0..`slots`, where fewer are used.

A bank may manage the reads of passes (Gokmen2017, sections on noise and bound management); both are off
where a file says nothing. A line of a transfer read is driven at full scale and is not managed.

    noise management   a vector x is driven as x / s with s = max |x|, and what is read is multiplied by s,
                       so that noise and resolution of the converters count against the largest input
    bound management   where a line's converter saturates, the vector is driven again at half the size and
                       what is read is doubled, up to `retries` times
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from chipsim.accounting.work import Work
from chipsim.circuits.component import (
    TWO_CYCLES,
    Clocked,
    ComponentParameters,
    Duration,
    Ports,
    Timing,
    picoseconds,
)
from chipsim.inputs.schema import Model
from chipsim.inputs.units import Hertz, Seconds
from chipsim.numerics.kernel import kernel


class NoiseManagement(Model):
    """Inputs are scaled to the full range, vector by vector, and readings scaled back."""

    scale: Literal["abs-max"] = Field(description="what a vector is scaled by: its largest magnitude")
    time: Seconds = Field(
        default=TWO_CYCLES.at("typical"), ge=0, le=1, description="to find and apply a vector's scale"
    )

    timing: ClassVar[Timing] = {"time": {"measured": TWO_CYCLES, "ideal": TWO_CYCLES}}


class BoundManagement(Model):
    """Reads that saturate a converter are repeated at half the inputs."""

    retries: int = Field(ge=1, le=30, description="reads that may follow the first one")


class Bank(ComponentParameters):
    """What every bank that drives reads has: its lanes, its time, and how it manages reads."""

    role: ClassVar[str] = "dac"
    actions: ClassVar[Mapping[str, tuple[str, ...]]] = {"": ("dac_conv", "dig_add16", "mul8")}
    bits: int = Field(ge=1, le=16, description="magnitude bits of an input")
    lanes: int = Field(ge=1, le=65536, description="lines driven at once")
    integration: Seconds | None = Field(
        default=None, gt=0, le=1, description="time of one read, all lines at once"
    )
    clock: Hertz | None = Field(
        default=None, gt=0, le=1e12, description="in place of the integration: one period for each slot"
    )
    noise_management: NoiseManagement | None = Field(default=None, description="scaling of inputs")
    bound_management: BoundManagement | None = Field(default=None, description="reads of saturated lines")

    emits: ClassVar[Ports] = {"": frozenset({"drive"})}
    timing: ClassVar[Timing] = {
        "integration": {
            "measured": Duration(
                typical=128e-9, conservative=521e-9, source=("KhaddamAljameh2022", "LeGallo2023"),
                where="8-bit pulse widths of the HERMES core; conservative four phases of its 64-core chip",
                status="secondary",
            ),
            "ideal": Duration(
                typical=40e-9, conservative=130e-9, source=("Rasch2024",),
                where="table 1; conservative what the HERMES core takes", status="secondary",
            ),
        }
    }  # fmt: skip

    @property
    def full_scale(self) -> int:
        """Codes of full drive."""
        return int(2**self.bits)

    def clocked(self) -> Mapping[str, Clocked]:
        """The integration: a line of full input is driven for all slots, one period each."""
        return {} if self.clock is None else {"integration": Clocked(self.full_scale, self.clock, "slots")}


class Parameters(Bank):
    """A bank of pulse-width converters."""

    type: Literal["dac"]
    slots: int | None = Field(
        default=None, ge=1, le=65536, description="slots of full scale (default: 2^bits, and no more)"
    )
    range: float = Field(
        default=1.0, gt=0, le=1e6, description="input that drives a line at full scale; larger ones saturate"
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.slots is not None and self.slots > 2**self.bits:
            raise ValueError(f"slots: {self.slots} are more than {self.bits} bits count, {2**self.bits}")
        return self

    def unused(self) -> Mapping[str, str]:
        """The range, where noise management takes an input's own."""
        return {"range": "beside noise_management, which scales inputs"} if self.noise_management else {}

    @property
    def full_scale(self) -> int:
        """Codes of full drive."""
        return self.slots or int(2**self.bits)


class Lanes:
    """What every bank that drives reads does: lines one after another, and its count and time."""

    range = 1.0
    """Input that full scale stands for."""

    def __init__(self, parameters: Bank) -> None:
        assert parameters.integration is not None
        self.full_scale = parameters.full_scale
        self.lanes = parameters.lanes
        self._integration = picoseconds(parameters.integration)

    def select(self, lines: int, chosen: tuple[int, ...]) -> tuple[NDArray[Any], Work]:
        """Codes `(chosen, lines)` that drive one line after another at full scale, the rest not at all."""
        codes = np.zeros((len(chosen), lines), dtype=np.int32)
        codes[np.arange(len(chosen)), list(chosen)] = self.full_scale
        return codes, self.work(len(chosen), len(chosen))

    def work(self, vectors: int, conversions: int) -> Work:
        """The work of driving some vectors, in so many conversions altogether."""
        return Work(vectors * self._integration, {"dac_conv": conversions})


class Dac(Lanes):
    """A bank of pulse-width converters at work."""

    def __init__(self, parameters: Parameters) -> None:
        super().__init__(parameters)
        self.range = parameters.range

    def convert(self, values: NDArray[np.float64]) -> tuple[NDArray[np.int32], Work]:
        """Codes `(vectors, lines)` of values in -range..range; beyond that a line is simply fully driven."""
        codes = _quantise(values, self.range, self.full_scale)
        return codes, self.work(values.shape[0], values.size)


Circuit = Dac


@kernel
def _quantise(values: Any, limit: Any, full_scale: Any) -> Any:
    codes = np.empty(values.shape, dtype=np.int32)
    for i in range(values.shape[0]):
        for j in range(values.shape[1]):
            codes[i, j] = np.int32(np.rint(min(max(values[i, j] / limit, -1.0), 1.0) * full_scale))
    return codes
