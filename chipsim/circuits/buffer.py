"""A buffer: memory on the chip (SRAM) in which the vectors of an image wait until they are no longer needed.

Whatever passes it is written and read once, counted in words. It keeps the words of a pass from when they
come until the learning step of their image has ended, since inputs and errors are needed for the update;
several images that are under way each keep their own. Where it is full the next one waits (`overflow:
stall`), or a workload that could fill it is refused (`overflow: error`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field

from chipsim.accounting.work import Work
from chipsim.circuits.carrier import Beats, CarrierParameters, Load, Ride


class Parameters(CarrierParameters):
    """A buffer of words."""

    type: Literal["buffer"]
    actions: ClassVar[Mapping[str, tuple[str, ...]]] = {"": ("word_read", "word_write")}
    capacity: int = Field(ge=1, le=10**10, description="words that it holds")
    overflow: Literal["stall", "error"] = Field(
        default="stall", description="what happens to words that find no room"
    )


class Buffer:
    """A buffer at work."""

    def __init__(self, parameters: Parameters) -> None:
        self._beats = Beats(parameters)
        self.capacity = parameters.capacity

    def carry(self, load: Load, ride: Ride) -> Work:
        """Every vector is written and read once."""
        words = load.vectors * load.words
        return Work(2 * self._beats.time(load), {"word_read": words, "word_write": words})


Circuit = Buffer
