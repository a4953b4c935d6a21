"""A bus: wires that all components joined to it share, one transaction at a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from chipsim.accounting.work import Work
from chipsim.circuits.carrier import Beats, CarrierParameters, Load, Ride


class Parameters(CarrierParameters):
    """A bus; every transfer on it is one hop."""

    type: Literal["bus"]
    actions: ClassVar[Mapping[str, tuple[str, ...]]] = {"": ("noc_bit",)}


class Bus:
    """A bus at work."""

    def __init__(self, parameters: Parameters) -> None:
        self._beats = Beats(parameters)

    def carry(self, load: Load, ride: Ride) -> Work:
        """All words of a load, over one hop."""
        bits = load.vectors * load.words * self._beats.bits
        return Work(self._beats.time(load), {"noc_bit": bits})


Circuit = Bus
