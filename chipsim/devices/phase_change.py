"""Pairs of phase-change devices: a weight is the difference of two conductances that SET pulses only raise.

A pulse up crystallises a little more of the plus device of a weight, a pulse down of its minus device. One
SET pulse on a device with state s, its own step d and saturation S and a standard normal draw z:

    s <- s + d (1 - s / S + (c + m s) z)

cut to 0 and the largest state. The mean step falls linearly with the state and vanishes at S; its spread
grows with the state. That is the model of Nandakumar2018 without its dependence on the number of pulses.
The weight is s_plus - s_minus, the conductance of a device g_mid + g_span s.

Amorphous material relaxes. At a time t after its last pulse a device is at

    s(t) = s (t / t0)^-nu        for t > t0

with an exponent of its own (Joshi2020). Any pulse, however small, erases that history (Boybat2018NVMTS):
it steps from what was last written, and the drift starts again.

Both devices of a pair only ever rise, so they must be *refreshed*: every so many images each device is
read, and where the larger one is near its saturation while the smaller one is not near zero, both are
reset and the difference is written again with as many SET pulses as the mean path of a nominal device
needs, open loop. A RESET leaves a device near zero, at a state drawn anew.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from chipsim.devices import ageing
from chipsim.devices.device import Cells, DeviceModel, Floats, Reading, Region, Upkeep, Wholes, quantities
from chipsim.devices.trains import LineTrains, Train, Wanted, coincidences
from chipsim.inputs.units import Seconds, Siemens
from chipsim.numerics.draws import normal, stream, uniform
from chipsim.numerics.kernel import Kernel, kernel


@kernel
def set_step(state: Any, numbers: Any, up: Any, z: Any) -> Any:
    """State after one SET pulse; numbers are step, 1/saturation, largest state, noise and its slope.

    There is no pulse that lowers a state by a step.
    """
    if not up:
        return state
    share = np.float32(1.0) - state * numbers[1] + (numbers[3] + numbers[4] * state) * z
    return min(max(state + numbers[0] * share, np.float32(0.0)), numbers[2])


class CellModel(DeviceModel):
    """Parameters of a pair of phase-change devices; states are in units of `g_span`."""

    g_mid: Siemens = Field(ge=0, description="conductance at state 0")
    step: float = Field(gt=0, le=10, description="mean step of one SET pulse at state 0 [weight]")
    step_spread: float = Field(ge=0, le=5, description="device-to-device spread of the step, relative")
    saturation: float = Field(gt=0, le=100, description="mean state at which the mean step vanishes [weight]")
    saturation_spread: float = Field(ge=0, le=5, description="device-to-device spread, relative")
    largest: float = Field(gt=0, le=100, description="state that no device exceeds [weight]")
    cycle_to_cycle: float = Field(ge=0, le=10, description="spread of one step at state 0, in own steps")
    cycle_to_cycle_slope: float = Field(
        ge=0, le=10, description="what that spread gains from state 0 to 1, in own steps"
    )
    reset_state: float = Field(ge=0, le=1, description="mean state after a RESET [weight]")
    reset_spread: float = Field(ge=0, le=1, description="spread of the state after a RESET [weight]")
    drift_exponent: float = Field(ge=0, le=1, description="mean exponent nu of the drift")
    drift_exponent_spread: float = Field(ge=0, le=1, description="device-to-device spread of nu")
    drift_time: Seconds = Field(gt=0, le=1e12, description="simulated time t0 after a pulse; drift sets in")
    refresh_every: int = Field(ge=0, le=1_000_000_000, description="images between refreshes; 0: never")
    refresh_larger: float = Field(
        gt=0, le=1, description="share of the saturation that the larger device must reach to be refreshed"
    )
    refresh_smaller: float = Field(
        ge=0, le=1, description="share of the saturation that the smaller device must reach"
    )
    refresh_pulses: int = Field(ge=1, le=10_000, description="most SET pulses that write a weight again")

    width: ClassVar[int] = 5
    step_kernel: ClassVar[Kernel[..., Any]] = set_step
    devices: ClassVar[int] = 2

    def unused(self) -> Mapping[str, str]:
        """The numbers of a drift or of a refresh that there is not."""
        drift = "where 'drift_exponent' and 'drift_exponent_spread' are 0"
        refresh = ("refresh_larger", "refresh_smaller", "refresh_pulses")
        return {
            **({} if self.law else {"drift_time": drift}),
            **({} if self.refresh_every else dict.fromkeys(refresh, "where 'refresh_every' is 0")),
        }

    @property
    def granularity(self) -> float:
        """The mean step at state 0 [weight]."""
        return self.step

    @property
    def write_noise_deviation(self) -> float:
        """None: what is read is what was written."""
        return 0.0

    @property
    def law(self) -> ageing.Law | None:
        """Drift, if there is any."""
        if not self.drift_exponent and not self.drift_exponent_spread:
            return None
        return ageing.Law(ageing.drift, undone_by_a_write=True)

    def kept(self, seconds: float) -> float:
        """(t / t0)^-nu, from t0 on."""
        return float(max(seconds / self.drift_time, 1.0) ** -self.drift_exponent)

    def sample_law(self, rows: int, columns: int, key: np.uint64) -> Floats:
        """Exponents, normal and cut at zero, and the time at which drift sets in, the same for all."""
        numbers = np.empty((rows, columns, 2), dtype=np.float32)
        ageing.sample_normal(numbers[..., 0], self.drift_exponent, self.drift_exponent_spread, key)
        np.maximum(numbers[..., 0], 0.0, out=numbers[..., 0])
        numbers[..., 1] = self.drift_time
        return numbers

    @property
    def upkeep_every(self) -> int:
        """Images between two refreshes."""
        return self.refresh_every

    def pulses_between(
        self, present: NDArray[np.float64], wanted: NDArray[np.float64], most: int
    ) -> NDArray[np.int16]:
        """SET pulses, negative for the minus device, that lead a nominal pair from weights to others.

        The device that is raised stands at its weight, or at zero where the other one holds the weight. On
        the mean path of noise-free pulses S - s falls by the factor 1 - d / S with each, so that it takes
        n = ln((S - s - |change|) / (S - s)) / ln(1 - d / S).
        """
        change = wanted - present
        room = np.maximum(self.saturation - np.maximum(np.sign(change) * present, 0.0), 1e-9)
        left = np.maximum(1.0 - np.abs(change) / room, 1e-9)
        pulses = np.rint(np.log(left) / math.log(1.0 - min(self.step / self.saturation, 0.999)))
        return (np.sign(change) * np.minimum(pulses, most)).astype(np.int16)

    def sample(self, rows: int, columns: int, key: np.uint64) -> tuple[Floats, Floats, Floats, Floats]:
        """Draw single devices; see `DeviceModel.sample`. Steps and saturations are normal, folded at zero."""
        numbers = np.empty((rows, columns, self.width), dtype=np.float32)
        spreads = np.array([
            self.step, self.step_spread, self.saturation, self.saturation_spread, self.largest,
            self.cycle_to_cycle, self.cycle_to_cycle_slope,
        ])  # fmt: skip
        _sample(numbers, spreads, key)
        zero = np.zeros((rows, columns), dtype=np.float32)
        return numbers, zero, numbers[..., 2].copy(), zero.copy()

    def build(self, rows: int, columns: int, seed: int, name: str) -> Cells:
        """An array of pairs."""
        return Pairs(self, rows, columns, seed, name)


class Pairs(Cells):
    """Pairs of devices, side by side in a row: plus, minus, plus, minus.

    `shape`, regions, weights and pulses are of pairs; states, bounds, numbers, conductances and the
    pulses since power-on are of devices, `(rows, 2 x columns)`.
    """

    model: CellModel

    def __init__(self, model: CellModel, rows: int, columns: int, seed: int, name: str) -> None:
        super().__init__(model, rows, 2 * columns, seed, name)
        self.shape = (rows, columns)
        self._reset_key = stream(seed, name, "reset")

    @property
    def weights(self) -> Floats:
        """Weight of every pair as time has left it, `(rows, columns)`."""
        left = self.left(self._whole)
        weights: Floats = left[:, ::2] - left[:, 1::2]
        return weights

    @property
    def wear(self) -> Wholes:
        """Pulses since power-on on both devices of every pair, `(rows, columns)`."""
        return self.pulses[:, ::2] + self.pulses[:, 1::2]

    def quantities(self) -> dict[str, NDArray[np.float64]]:
        """What tells one pair from another, each `(rows, columns)` [weight]; SET saturates at the bounds."""
        numbers = self.numbers.astype(np.float64)
        steps, tops = numbers[..., 0], 1.0 / numbers[..., 1]
        return quantities(steps[:, ::2], steps[:, 1::2], -tops[:, 1::2], tops[:, ::2])

    def randomise(self, region: Region, stage: str = "") -> None:
        """Raise one device of each pair anywhere up to its saturation, anew for each stage."""
        key = stream(self._seed, self._name, "start", stage)
        weights = np.empty(self.shape)
        _start(weights, self.numbers[..., 1], key)
        self.place(region, region.of(weights))

    def place(self, region: Region, weights: NDArray[Any]) -> None:
        """Set the region's weights `(rows, columns)`, each by one device, with the other at 0."""
        super().place(_wired(region), _side_by_side(np.maximum(weights, 0.0), np.maximum(-weights, 0.0)))

    def update(self, region: Region, trains: LineTrains, wanted: Wanted) -> Train:
        """Fire the coincidences of trains, downhill; see `Cells.update`."""
        counts = coincidences(trains.rows, trains.columns, trains.row_signs, trains.column_signs)
        return self.pulse(region, counts)

    def pulse(self, region: Region, counts: NDArray[np.int16]) -> Train:
        """SET pulses, on plus devices where the counts are positive and on minus devices elsewhere."""
        return super().pulse(_wired(region), self.on_devices(counts))

    def on_devices(self, counts: NDArray[np.int16]) -> NDArray[np.int16]:
        """Pulses of plus and minus devices; none is negative."""
        return _side_by_side(np.maximum(counts, 0), np.maximum(-counts, 0))

    def reading(self, region: Region) -> Reading:
        """Weight of each pair as a read sees it, and the conductance of both of its devices together."""
        states, conductance, rows, columns = self.inspect(region)
        both = conductance[:, ::2] + conductance[:, 1::2]
        return Reading(states[:, ::2] - states[:, 1::2], both, rows, columns[::2] + columns[1::2])

    def inspect(self, region: Region) -> Reading:
        """State of each device as a read sees it, and its conductance [nS], `(rows, 2 x columns)`."""
        return super().reading(_wired(region))

    def upkeep(self, region: Region, readings: NDArray[np.float64]) -> Upkeep:
        """Pairs whose larger device is near saturation and whose smaller one is not near zero."""
        plus, minus = readings[:, ::2], readings[:, 1::2]
        model = self.model
        worn = np.maximum(plus, minus) >= model.refresh_larger * model.saturation
        worn &= np.minimum(plus, minus) >= model.refresh_smaller * model.saturation
        write = model.pulses_between(np.zeros(plus.shape), plus - minus, model.refresh_pulses)
        return Upkeep(worn, np.where(worn, write, 0).astype(np.int16))

    def reset(self, region: Region, chosen: NDArray[np.bool_]) -> Train:
        """One RESET pulse on both devices of the chosen pairs `(rows, columns)`."""
        wired, both = _wired(region), _side_by_side(chosen, chosen)
        if self.ageing is not None:
            self.ageing.write(self.state, wired, both, self.clock())
        self.changed(wired)
        shape = (self.model.reset_state, self.model.reset_spread)
        fired = _reset(
            both,
            self.state,
            self.pulses,
            wired.row,
            wired.column,
            *shape,
            self._reset_key,
            *self._conductance,
        )
        return Train(0, fired[0], 0, fired[1])

    def refresh(self, region: Region, wanted: Upkeep) -> Train:
        """Reset pairs and write their differences again."""
        reset = self.reset(region, wanted.reset)
        written = self.pulse(region, wanted.write[np.newaxis])
        return Train(*(one + other for one, other in zip(reset, written, strict=True)))


def _wired(region: Region) -> Region:
    """The devices of a region of pairs."""
    return Region(region.row, 2 * region.column, region.rows, 2 * region.columns)


def _side_by_side(plus: NDArray[Any], minus: NDArray[Any]) -> NDArray[Any]:
    """Two arrays `(.., columns)` as one `(.., 2 x columns)`, column by column in turn."""
    return np.stack([plus, minus], axis=-1).reshape(*plus.shape[:-1], 2 * plus.shape[-1])


@kernel
def _sample(numbers: Any, spreads: Any, key: Any) -> None:
    step, step_spread, saturation, saturation_spread, largest, cycle, slope = spreads
    columns = numbers.shape[1]
    for row in range(numbers.shape[0]):
        for column in range(columns):
            cell = row * columns + column
            own = abs(saturation * (1.0 + saturation_spread * normal(key, cell, 1)))
            numbers[row, column, 0] = abs(step * (1.0 + step_spread * normal(key, cell, 0)))
            numbers[row, column, 1] = 1.0 / max(own, 1e-6)
            numbers[row, column, 2] = largest
            numbers[row, column, 3] = cycle
            numbers[row, column, 4] = slope


@kernel
def _start(weights: Any, inverses: Any, key: Any) -> None:
    """Weights anywhere between minus and plus the saturation of the device that must hold them."""
    rows, columns = weights.shape
    for row in range(rows):
        for column in range(columns):
            share = 2.0 * uniform(key, row * columns + column, 0) - 1.0
            device = 2 * column if share > 0.0 else 2 * column + 1
            weights[row, column] = share / inverses[row, device]


@kernel
def _reset(
    chosen: Any, state: Any, pulses: Any, row0: Any, column0: Any, level: Any, spread: Any, key: Any,
    mid: Any, span: Any, floor: Any,
) -> Any:  # fmt: skip
    """Reset devices; returns RESET pulses and the sum over them of the mean conductance [nS]."""
    resets, total = np.int64(0), np.int64(0)
    stride = state.shape[1]
    for r in range(chosen.shape[0]):
        for c in range(chosen.shape[1]):
            if not chosen[r, c]:
                continue
            row, column = row0 + r, column0 + c
            before = state[row, column]
            drawn = abs(level + spread * normal(key, row * stride + column, pulses[row, column]))
            state[row, column] = drawn
            pulses[row, column] += 1
            mean = 0.5 * (max(mid + span * before, floor) + max(mid + span * state[row, column], floor))
            resets += 1
            total += np.int64(np.rint(mean * 1e9))
    return resets, total
