"""What carries digital words from one component to another: their payload, and what every carrier has.

A carrier stands on a link between components that give and take digital words. What travels is a
transaction's payload, vector by vector; each vector is carried in whole beats of the carrier's width. A
carrier's `Circuit` says by `carry(load, ride)` what work that is, alone; one that keeps words says its
`capacity`.
"""

from __future__ import annotations

from typing import ClassVar, NamedTuple

from pydantic import Field

from chipsim.circuits.component import CYCLE, ComponentParameters, Timing, picoseconds
from chipsim.inputs.units import Seconds


class Load(NamedTuple):
    """What a transaction brings: vectors that travel one after another, and the words of each."""

    vectors: int
    words: int


class Ride(NamedTuple):
    """A way over a carrier: the channels that it takes in order, each named by its two ends.

    A carrier that serves one transaction at a time has one channel, which all rides take.
    """

    channels: tuple[tuple[int, int], ...] = ((0, 0),)

    @property
    def hops(self) -> int:
        """How many channels it takes."""
        return len(self.channels)


class CarrierParameters(ComponentParameters):
    """Base of the parameters of every carrier."""

    role: ClassVar[str] = "carrier"
    bits: int = Field(default=8, ge=1, le=64, description="bits of a word that travels")
    width: int = Field(default=256, ge=1, le=65536, description="bits that travel in one cycle")
    cycle: Seconds | None = Field(default=None, gt=0, le=1, description="time of one cycle")

    timing: ClassVar[Timing] = {"cycle": {"measured": CYCLE, "ideal": CYCLE}}


class Beats:
    """How long vectors of words take over a width: whole cycles for each."""

    def __init__(self, parameters: CarrierParameters) -> None:
        assert parameters.cycle is not None
        self.cycle = picoseconds(parameters.cycle)
        self.bits = parameters.bits
        self._width = parameters.width

    def time(self, load: Load) -> int:
        """Time of a load over one channel [ps]."""
        return load.vectors * -(-load.words * self.bits // self._width) * self.cycle
