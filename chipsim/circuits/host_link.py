"""The link between a chip and its host: one transaction at a time, at so many bits a cycle."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from chipsim.accounting.work import Work
from chipsim.circuits.carrier import Beats, CarrierParameters, Load, Ride


class Parameters(CarrierParameters):
    """A link to a host; what travels is counted in bytes."""

    type: Literal["host-link"]
    actions: ClassVar[Mapping[str, tuple[str, ...]]] = {"": ("host_byte",)}


class HostLink:
    """A host's link at work."""

    def __init__(self, parameters: Parameters) -> None:
        self._beats = Beats(parameters)

    def carry(self, load: Load, ride: Ride) -> Work:
        """All words of a load, in whole bytes for each vector."""
        size = load.vectors * -(-load.words * self._beats.bits // 8)
        return Work(self._beats.time(load), {"host_byte": size})


Circuit = HostLink
