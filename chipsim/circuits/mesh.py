"""A mesh: a network of `rows` x `columns` routers, each joined to its neighbours by a channel both ways.

What is joined to the mesh sits at a router: copies of a grouped component at the router of their number, row
by row and round again; what stands once at the router that `at` gives it, else at the first. Words go along
the row first and then along the column (XY routing), one hop from router to router and one more into the
target. A load takes all channels of its way for as long as it travels (circuit switching): a hop takes `hop`,
and then its words follow at the channels' width. Loads whose ways have no channel in common travel at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar, Literal

from pydantic import Field

from chipsim.accounting.work import Work
from chipsim.circuits.carrier import Beats, CarrierParameters, Load, Ride
from chipsim.circuits.component import Duration, Timing, picoseconds
from chipsim.inputs.schema import Name
from chipsim.inputs.units import Seconds

_HOP = Duration(
    typical=1e-9, conservative=4e-9, where="one cycle of a router at 1 GHz, conservative four: a convention",
    status="assumed",
)  # fmt: skip


class Parameters(CarrierParameters):
    """A mesh of routers."""

    type: Literal["mesh"]
    actions: ClassVar[Mapping[str, tuple[str, ...]]] = {"": ("noc_bit",)}
    rows: int = Field(ge=1, le=1024, description="routers in a column")
    columns: int = Field(ge=1, le=1024, description="routers in a row")
    hop: Seconds | None = Field(default=None, gt=0, le=1, description="time from one router to the next")
    at: Mapping[Name, tuple[int, int]] = Field(
        default={}, description="router of a component, as [row, column]"
    )
    timing: ClassVar[Timing] = {
        **CarrierParameters.timing, "hop": {"measured": _HOP, "ideal": _HOP},
    }  # fmt: skip

    def router(self, name: str, number: int | None) -> int:
        """The router of a component, counted row by row; `number` is which copy it is, if there are more."""
        if name in self.at:
            row, column = self.at[name]
            return row * self.columns + column
        return 0 if number is None else number % (self.rows * self.columns)

    def ride(self, source: int, target: int) -> Ride:
        """The channels from router to router, and the one into the target."""
        return Ride((*self._channels(source, target), (target, -1)))

    def _channels(self, source: int, target: int) -> Iterator[tuple[int, int]]:
        here = source
        step = 1 if target % self.columns > source % self.columns else -1
        while here % self.columns != target % self.columns:
            yield here, here + step
            here += step
        step = self.columns if target > here else -self.columns
        while here != target:
            yield here, here + step
            here += step


class Mesh:
    """A mesh at work."""

    def __init__(self, parameters: Parameters) -> None:
        assert parameters.hop is not None
        self._beats = Beats(parameters)
        self._hop = picoseconds(parameters.hop)

    def carry(self, load: Load, ride: Ride) -> Work:
        """All words of a load over all hops of its way; each of its vectors takes all of them."""
        bits = load.vectors * load.words * self._beats.bits
        time = load.vectors * ride.hops * self._hop + self._beats.time(load)
        return Work(time, {"noc_bit": bits * ride.hops})


Circuit = Mesh
