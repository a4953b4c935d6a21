"""Memory beside the chip (DRAM): what passes it is written there and read from there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field

from chipsim.accounting.work import Work
from chipsim.circuits.carrier import Beats, CarrierParameters, Load, Ride
from chipsim.circuits.component import Duration, Timing, picoseconds
from chipsim.inputs.units import Seconds

ACTIONS: Mapping[str, str] = {"lpddr4": "dram_byte", "hbm2": "hbm_byte"}


class Parameters(CarrierParameters):
    """A memory off the chip. Its capacity is not limited."""

    type: Literal["memory"]
    kind: Literal["lpddr4", "hbm2"] = Field(default="lpddr4", description="kind of memory, for its price")
    access: Seconds | None = Field(default=None, gt=0, le=1, description="time to the first word of a vector")
    actions: ClassVar[Mapping[str, tuple[str, ...]]] = {"": tuple(ACTIONS.values())}
    timing: ClassVar[Timing] = {
        **CarrierParameters.timing,
        "access": {
            "measured": Duration(
                typical=100e-9, optimistic=50e-9, conservative=200e-9,
                where="order of magnitude of a DRAM's access", status="assumed",
            ),
            "ideal": Duration(
                typical=50e-9, conservative=100e-9, where="order of magnitude of a DRAM's access",
                status="assumed",
            ),
        },
    }  # fmt: skip

    def posts(self) -> Mapping[str, tuple[str, ...]]:
        """Bytes of its kind."""
        return {"": (ACTIONS[self.kind],)}


class Memory:
    """A memory at work."""

    def __init__(self, parameters: Parameters) -> None:
        assert parameters.access is not None
        self._beats = Beats(parameters)
        self._access = picoseconds(parameters.access)
        self._action = ACTIONS[parameters.kind]

    def carry(self, load: Load, ride: Ride) -> Work:
        """Every vector is written and read once, each time after an access."""
        size = load.vectors * -(-load.words * self._beats.bits // 8)
        time = 2 * (load.vectors * self._access + self._beats.time(load))
        return Work(time, {self._action: 2 * size})


Circuit = Memory
