"""The cell contract, and an array of cells in which only pulsed devices are touched.

A device model gives its parameters (a frozen schema), how a device is drawn from them, and the
compiled step that one pulse makes. Sampling over an array, pulse trains, wear, the sums that
data-dependent energy needs and reading with write noise come from here.

Weight and conductance are two views of one state: with the stored state s of a device and its
reference r, the weight is s - r and the conductance is g_mid + g_span s, never below g_floor.

What is drawn for a pulse depends on the device and on how many pulses it has had; what is drawn for
the write noise likewise. So neither batching nor the order of events changes a draw.
"""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from chipsim.devices.trains import LineTrains, Loops, Train, Wanted, loops_around
from chipsim.inputs.schema import Model
from chipsim.inputs.units import Siemens
from chipsim.numerics.draws import normal_quantile, normal_table, stream, uniform
from chipsim.numerics.kernel import Kernel, kernel

Floats = NDArray[np.float32]
Wholes = NDArray[np.int64]


class DeviceModel(Model):
    """What every device model's parameters share: the conductance of a state, and how it reads.

    A model is a subclass named `CellModel` in a module of its own, with the class variables and
    methods below.
    """

    g_mid: Siemens = Field(gt=0, description="conductance at state 0")
    g_span: Siemens = Field(ge=0, description="conductance of one unit of state")
    g_floor: Siemens = Field(ge=0, description="conductance below which no state falls")

    width: ClassVar[int]
    """Numbers per device that the step reads."""
    step_kernel: ClassVar[Kernel[..., Any]]
    """`(state, numbers, up, z) -> state`: one pulse, z a standard normal draw, all float32.

    `numbers` are the device's own, `numbers[0]` to `numbers[width - 1]`. A step of arithmetic, `min`, `max`
    and choices by `up`, in float32 throughout, is compiled for many devices at a time.
    """

    @property
    def granularity(self) -> float:
        """Nominal size of one step at state 0 [weight]: what pulse probabilities are scaled by."""
        raise NotImplementedError

    @property
    def write_noise_deviation(self) -> float:
        """Standard deviation [weight] of the value that is read against the value that is stored."""
        raise NotImplementedError

    def sample(self, rows: int, columns: int, key: np.uint64) -> tuple[Floats, Floats, Floats, Floats]:
        """Numbers `(rows, columns, width)`, lower and upper bound and reference `(rows, columns)`."""
        raise NotImplementedError

    def build(self, rows: int, columns: int, seed: int, name: str) -> Cells:
        """An array of devices of this model; a model whose devices are more than one state overrides it."""
        return Cells(self, rows, columns, seed, name)

    @staticmethod
    def symmetry_points(numbers: NDArray[Any]) -> NDArray[Any]:
        """State at which an up and a down pulse cancel on average, per device; NaN where there is none."""
        return np.full(numbers.shape[:-1], np.nan)


class Region(NamedTuple):
    """A rectangle of an array's cells: first row and column, and how many of each."""

    row: int
    column: int
    rows: int
    columns: int

    def of(self, array: NDArray[Any]) -> NDArray[Any]:
        """View of the region in an array `(rows, columns, ...)`."""
        return array[self.row : self.row + self.rows, self.column : self.column + self.columns]


class Cells:
    """The devices of one array: drawn once from the seed, then changed by pulses alone.

    Arrays are `(rows, columns)`: `state` and `reference` [weight, float32], `pulses` per device
    since power-on. The name (the component's path) keys every draw.
    """

    def __init__(self, model: DeviceModel, rows: int, columns: int, seed: int, name: str) -> None:
        self.model = model
        self.shape = (rows, columns)
        self._seed, self._name = seed, name
        numbers, self.lower, self.upper, self.reference = model.sample(
            rows, columns, stream(seed, name, "device-to-device")
        )
        self._numbers: Floats = np.ascontiguousarray(np.moveaxis(numbers, -1, 0))
        self.state: Floats = np.zeros(self.shape, dtype=np.float32)
        self.pulses: Wholes = np.zeros(self.shape, dtype=np.int64)
        self._apparent: Floats = np.zeros(self.shape, dtype=np.float32)
        self._read_at: Wholes = np.full(self.shape, -1, dtype=np.int64)
        self._keys = tuple(stream(seed, name, purpose) for purpose in ("cycle-to-cycle", "write"))
        self._fire: Loops = loops_around(type(model).step_kernel, type(model).width)
        self._conductance = (float(model.g_mid), float(model.g_span), float(model.g_floor))

    @property
    def weights(self) -> Floats:
        """Stored weight of every device, `(rows, columns)`."""
        return self.state - self.reference

    @property
    def numbers(self) -> Floats:
        """What the model's step reads of each device, `(rows, columns, width)`; read only."""
        view = np.moveaxis(self._numbers, 0, -1)
        view.flags.writeable = False
        return view

    @property
    def symmetry_points(self) -> NDArray[np.float64]:
        """State at which an up and a down pulse cancel on average, `(rows, columns)`; NaN where none is."""
        return self.model.symmetry_points(self.numbers.astype(np.float64))

    @property
    def conductances(self) -> NDArray[np.float64]:
        """Stored conductance of every device [S], `(rows, columns)`."""
        mid, span, floor = self._conductance
        return np.maximum(mid + span * self.state.astype(np.float64), floor)

    def randomise(self, region: Region, stage: str = "") -> None:
        """Put the region's devices anywhere within their own bounds, uniformly, anew for each stage."""
        _randomise(
            self.state, self.lower, self.upper, *region, stream(self._seed, self._name, "start", stage)
        )
        self._read_at[:] = -1

    def place(self, region: Region, weights: NDArray[Any]) -> None:
        """Set the region's stored weights `(rows, columns)`, cut to what each device can hold."""
        wanted = weights + region.of(self.reference)
        region.of(self.state)[:] = np.clip(wanted, region.of(self.lower), region.of(self.upper))
        self._read_at[:] = -1

    def update(self, region: Region, trains: LineTrains, wanted: Wanted) -> Train:
        """Fire the coincidences of trains, downhill: up where the signs of row and column differ.

        `wanted` is what the trains stand for; devices that are pulsed do not look at it.
        """
        lines = (trains.rows, trains.columns, trains.row_signs, trains.column_signs)
        return Train(*self._fire.trains(*lines, 0, region.rows, *self._pulsed(region)))

    def pulse(self, region: Region, counts: NDArray[np.int16]) -> Train:
        """Pulse trains, one after another, on the region's devices.

        `counts` is `(trains, rows, columns)`: pulses of each train, up where positive.
        """
        return Train(*self._fire.counts(counts, 0, region.rows, *self._pulsed(region)))

    def _pulsed(self, region: Region) -> tuple[Any, ...]:
        """What the loops need to know of a region."""
        cells = (self.state, self.pulses, self._numbers)
        fixed = (self._keys[0], normal_table(), *self._conductance)
        return region.row, region.column, cells, fixed

    def apparent(self, region: Region) -> tuple[NDArray[np.float64], Wholes]:
        """Weight as a read sees it, and conductance [nS], each `(rows, columns)` of the region.

        The write noise of a device is drawn anew after each of its pulses, not at each read.
        """
        _refresh(
            self._apparent, self._read_at, self.state, self.pulses, *region, self._keys[1],
            np.float32(self.model.write_noise_deviation),
        )  # fmt: skip
        seen = region.of(self._apparent)
        weights = seen.astype(np.float64) - region.of(self.reference)
        mid, span, floor = self._conductance
        return weights, np.rint(np.maximum(mid + span * seen.astype(np.float64), floor) * 1e9).astype(
            np.int64
        )

    def save(self) -> dict[str, NDArray[Any]]:
        """The arrays that a checkpoint must hold; everything else follows from seed and name."""
        return {"state": self.state.copy(), "pulses": self.pulses.copy()}

    def restore(self, arrays: dict[str, NDArray[Any]]) -> None:
        """Take back what `save` gave."""
        self.state[:], self.pulses[:] = arrays["state"], arrays["pulses"]
        self._read_at[:] = -1


@kernel
def _refresh(
    apparent: Any, read_at: Any, state: Any, pulses: Any,
    row0: Any, column0: Any, rows: Any, columns: Any, key: Any, deviation: Any,
) -> None:  # fmt: skip
    stride = state.shape[1]
    for row in range(row0, row0 + rows):
        for column in range(column0, column0 + columns):
            fired = pulses[row, column]
            if read_at[row, column] == fired:
                continue
            read_at[row, column] = fired
            noise = np.float32(0.0)
            if deviation > 0.0:
                noise = deviation * np.float32(normal_quantile(uniform(key, row * stride + column, fired)))
            apparent[row, column] = state[row, column] + noise


@kernel
def _randomise(
    state: Any, lower: Any, upper: Any, row0: Any, column0: Any, rows: Any, columns: Any, key: Any
) -> None:
    stride = state.shape[1]
    for row in range(row0, row0 + rows):
        for column in range(column0, column0 + columns):
            share = uniform(key, row * stride + column, 0)
            low, high = lower[row, column], upper[row, column]
            state[row, column] = np.float32(low + share * (high - low))
