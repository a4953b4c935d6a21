"""Stochastic pulse trains of a bit length, one for each line, and write pulses of single lines.

In each of BL slots a line of input x fires with probability p = min(1, a |x|), a line of error d with
q = min(1, a |d|), a = sqrt(rate / (step BL)): a cell's expected net change is then rate |x| |d| while
nothing is cut (GokmenVlasov2016, section on stochastic update). A train is one 64-bit word; the cells
of a line share it, so their coincidences are correlated.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from chipsim.accounting.work import Work
from chipsim.circuits.component import ComponentParameters, Ports, picoseconds
from chipsim.devices.trains import LineTrains
from chipsim.inputs.units import Seconds
from chipsim.numerics.draws import words
from chipsim.numerics.kernel import kernel


class Parameters(ComponentParameters):
    """The drivers of an array's rows and columns."""

    type: Literal["pulse-driver"]
    role: ClassVar[str] = "pulse-driver"
    actions: ClassVar[Mapping[str, tuple[str, ...]]] = {"": ("bit_gen", "row_pulses", "col_pulses")}
    bit_length: int = Field(ge=1, le=64, description="longest train, in slots")
    pulse_width: Seconds | None = Field(default=None, gt=0, le=1, description="time of one slot and phase")
    phases: int = Field(default=2, ge=1, le=2, description="2: up and down pulses apart; 1: bipolar")

    emits: ClassVar[Ports] = {"": frozenset({"pulses"})}
    timing: ClassVar[Mapping[str, Mapping[str, float]]] = {
        "pulse_width": {"measured": 100e-9, "ideal": 5e-9}  # component library: timing.t_pulse_*
    }


class PulseDriver:
    """The drivers of an array at work."""

    def __init__(self, parameters: Parameters) -> None:
        assert parameters.pulse_width is not None
        self.bit_length = parameters.bit_length
        self.phases = parameters.phases
        self._pulse = picoseconds(parameters.pulse_width)

    def slots(self, wanted: int | None) -> int:
        """Slots of a train for a rule that asks for `wanted` (None: all that the hardware can do)."""
        return self.bit_length if wanted is None else min(wanted, self.bit_length)

    def draw(
        self, x: NDArray[np.float64], error: NDArray[np.float64], scale: float, slots: int,
        keys: tuple[np.uint64, np.uint64], first: int,
    ) -> tuple[LineTrains, Work]:  # fmt: skip
        """Trains for inputs `(images, rows)` and errors `(images, columns)`; `scale` is a above.

        `keys` are the streams of rows and columns, `first` the index of the first image: a train
        depends on its line and image alone.
        """
        rows, row_signs, row_pulses = _draw(x, scale, slots, keys[0], first)
        columns, column_signs, column_pulses = _draw(error, scale, slots, keys[1], first)
        images, lines = x.shape[0], x.shape[1] + error.shape[1]
        actions = {
            "bit_gen": images * slots * lines, "row_pulses": row_pulses, "col_pulses": column_pulses,
        }  # fmt: skip
        trains = LineTrains(rows, columns, row_signs, column_signs, row_pulses, column_pulses)
        return trains, Work(images * self.phases * slots * self._pulse, actions)

    def windows(self, count: int) -> int:
        """Time [ps] of `count` single-pulse windows, up and down in phases of their own if apart."""
        return count * self.phases * self._pulse

    def one_way(self, count: int) -> int:
        """Time [ps] of `count` single pulses of one polarity."""
        return count * self._pulse


Circuit = PulseDriver


def probability_scale(rate: float, granularity: float, slots: int) -> float:
    """The factor a from a value to its firing probability: sqrt(rate / (step BL))."""
    return float(np.sqrt(rate / (granularity * slots)))


@kernel
def _draw(values: Any, scale: Any, slots: Any, key: Any, first: Any) -> Any:
    images, lines = values.shape
    trains = np.zeros((images, lines), dtype=np.uint64)
    signs = np.zeros((images, lines), dtype=np.int8)
    pulses = np.int64(0)
    for image in range(images):
        for line in range(lines):
            value = values[image, line]
            if value == 0.0:
                continue
            signs[image, line] = 1 if value > 0.0 else -1
            limit = np.uint64(min(scale * abs(value), 1.0) * 4294967296.0)
            train = np.uint64(0)
            for slot in range(0, slots, 4):
                drawn = words(key, first + image, line * 16 + slot // 4)
                for k in range(min(4, slots - slot)):
                    if drawn[k] < limit:
                        train |= np.uint64(1) << np.uint64(slot + k)
                        pulses += 1
            trains[image, line] = train
    return trains, signs, pulses
