"""Pulse trains of a bit length, one for each line, and write pulses of single lines.

In each of BL slots a line of input x fires with probability p = min(1, a |x|), a line of error d with
q = min(1, a |d|), a = sqrt(rate / (step BL)): a cell's expected net change is then rate |x| |d| while
nothing is cut (GokmenVlasov2016, section on stochastic update). A train is one 64-bit word; the cells
of a line share it, so their coincidences are correlated.

A rule may have an image's trains managed by its largest input X and error D (GokmenVlasov2016; the form
is that of Rasch2021, class UpdateParameters). With k = rate X D / step, the pulses that the largest
product asks for, and the longest train L:

    update management       p = min(1, a |x| sqrt(E / X)), q = min(1, a |d| sqrt(X / E)), E = D min(1, L / k)
    bit-length management   the same, and BL = min(ceil(k), L) slots in place of L

Deterministic trains (`trains: deterministic`) make coincidences the rounded product: of BL slots a row of
probability p fires in the first n = round(p BL), a column of probability q in the m = round(q BL) slots s
(counted from 0) where floor((s + 1) m / BL + 1/2) exceeds floor(s m / BL + 1/2), so that it has fired
floor(n m / BL + 1/2) times, n m / BL rounded, in the first n slots whatever n is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from chipsim.accounting.work import Work
from chipsim.circuits.component import ComponentParameters, Duration, Ports, Timing, picoseconds
from chipsim.devices.trains import LineTrains, ones
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
    trains: Literal["stochastic", "deterministic"] = Field(
        default="stochastic", description="slots drawn for each line, or spread evenly over the train"
    )

    emits: ClassVar[Ports] = {"": frozenset({"pulses"})}
    timing: ClassVar[Timing] = {
        "pulse_width": {
            "measured": Duration(
                typical=100e-9, optimistic=50e-9, conservative=1e-6, source=("Li2018", "CiMLoop2024"),
                where="between 50 ns on a 3T1C cell and the microseconds of laboratory testers",
                status="derived",
            ),
            "ideal": Duration(
                typical=5e-9, optimistic=1e-9, source=("Rasch2024",),
                where="table 1; optimistic what studies of RPU tiles assume, known from memory only",
                status="assumed",
            ),
        }
    }  # fmt: skip


class Management(NamedTuple):
    """What of an image's trains follows its largest input and error; with the bit length both do."""

    update: bool = False
    bit_length: bool = False


class Firing(NamedTuple):
    """How lines fire, image by image: factors from a value to its probability, and the slots of a train."""

    rows: NDArray[np.float64]
    """`(images,)`."""
    columns: NDArray[np.float64]
    slots: NDArray[np.int64]


class PulseDriver:
    """The drivers of an array at work."""

    def __init__(self, parameters: Parameters) -> None:
        assert parameters.pulse_width is not None
        self.bit_length = parameters.bit_length
        self.phases = parameters.phases
        self._trains = _draw if parameters.trains == "stochastic" else _spread
        self._pulse = picoseconds(parameters.pulse_width)

    def slots(self, wanted: int | None) -> int:
        """Slots of a train for a rule that asks for `wanted` (None: all that the hardware can do)."""
        return self.bit_length if wanted is None else min(wanted, self.bit_length)

    def draw(
        self, x: NDArray[np.float64], error: NDArray[np.float64], firing: Firing,
        keys: tuple[np.uint64, np.uint64], first: int,
    ) -> tuple[LineTrains, Work]:  # fmt: skip
        """Trains for inputs `(images, rows)` and errors `(images, columns)`.

        `keys` are the streams of rows and columns, `first` the index of the first image: a train
        depends on its line and image alone.
        """
        rows, row_signs, row_pulses = self._trains(x, firing.rows, firing.slots, keys[0], first, True)
        columns, column_signs, column_pulses = self._trains(
            error, firing.columns, firing.slots, keys[1], first, False
        )
        slots, lines = int(firing.slots.sum()), x.shape[1] + error.shape[1]
        actions = {"bit_gen": slots * lines, "row_pulses": row_pulses, "col_pulses": column_pulses}
        trains = LineTrains(rows, columns, row_signs, column_signs, row_pulses, column_pulses)
        return trains, Work(self.windows(slots), actions)

    def windows(self, count: int) -> int:
        """Time [ps] of `count` slots or single pulses, up and down in phases of their own if apart."""
        return count * self.phases * self._pulse

    def one_way(self, count: int) -> int:
        """Time [ps] of `count` single pulses of one polarity."""
        return count * self._pulse


Circuit = PulseDriver


def line_pulses(pulses: NDArray[np.integer[Any]]) -> tuple[tuple[int, int], int]:
    """Pulses on the selected lines and on those across, and the windows that they take.

    `pulses` is `(selected lines, lines across)`, up where positive. A line fires as often as its cell with
    the most pulses of a polarity needs, up and down in one window.
    """
    selected, across, windows = _line_pulses(pulses)
    return (selected, across), windows


@kernel
def _line_pulses(pulses: Any) -> Any:
    selected, across, windows = np.int64(0), np.int64(0), np.int64(0)
    for line in range(pulses.shape[0]):
        up, down = np.int64(0), np.int64(0)
        for count in pulses[line]:
            up, down = max(up, np.int64(count)), max(down, -np.int64(count))
            across += abs(np.int64(count))
        selected += up + down
        windows += max(up, down)
    return selected, across, windows


def probability_scale(rate: float, granularity: float, slots: int) -> float:
    """The factor a from a value to its firing probability: sqrt(rate / (step BL))."""
    return float(np.sqrt(rate / (granularity * slots)))


def firing(
    x: NDArray[np.float64], error: NDArray[np.float64], rate: float, granularity: float, slots: int,
    management: Management = Management(),  # noqa: B008 - a constant
) -> Firing:  # fmt: skip
    """How the lines of inputs `(images, rows)` and errors `(images, columns)` fire; `slots` is L above."""
    images = x.shape[0]
    if not any(management):
        scale = np.full(images, probability_scale(rate, granularity, slots))
        return Firing(scale, scale, np.full(images, slots, dtype=np.int64))
    x_max, d_max = np.abs(x).max(axis=1), np.abs(error).max(axis=1)
    wanted = rate / granularity * x_max * d_max
    length = np.minimum(np.ceil(wanted), slots) if management.bit_length else np.full(images, float(slots))
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.sqrt(d_max * np.minimum(1.0, slots / wanted) / x_max)
        scale = np.sqrt(rate / (granularity * length))
        rows, columns = scale * share, scale / share
    idle = wanted == 0.0
    rows[idle], columns[idle] = 0.0, 0.0
    return Firing(rows, columns, length.astype(np.int64))


@kernel
def _draw(values: Any, scales: Any, slots: Any, key: Any, first: Any, rows: Any) -> Any:
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
            limit = np.uint64(min(scales[image] * abs(value), 1.0) * 4294967296.0)
            train, one = np.uint64(0), np.uint64(1)
            for word in range((slots[image] + 3) // 4):
                a, b, c, d = words(key, first + image, line * 16 + word)
                four = np.uint64(a < limit) | np.uint64(b < limit) << one
                four |= (np.uint64(c < limit) | np.uint64(d < limit) << one) << np.uint64(2)
                train |= four << np.uint64(4 * word)
            train &= np.uint64(0xFFFFFFFFFFFFFFFF) >> (np.uint64(64 - slots[image]) & np.uint64(63))
            pulses += np.int64(ones(train))
            trains[image, line] = train
    return trains, signs, pulses


@kernel
def _spread(values: Any, scales: Any, slots: Any, key: Any, first: Any, rows: Any) -> Any:
    images, lines = values.shape
    trains = np.zeros((images, lines), dtype=np.uint64)
    signs = np.zeros((images, lines), dtype=np.int8)
    pulses = np.int64(0)
    for image in range(images):
        length = slots[image]
        for line in range(lines):
            value = values[image, line]
            if value == 0.0:
                continue
            signs[image, line] = 1 if value > 0.0 else -1
            count = np.int64(np.floor(min(scales[image] * abs(value), 1.0) * length + 0.5))
            train = np.uint64(0)
            for slot in range(length):
                before = (2 * slot * count + length) // (2 * length)
                after = (2 * (slot + 1) * count + length) // (2 * length)
                if (slot < count) if rows else (after > before):
                    train |= np.uint64(1) << np.uint64(slot)
                    pulses += 1
            trains[image, line] = train
    return trains, signs, pulses
