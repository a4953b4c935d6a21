"""The cell contract, and an array of cells in which only pulsed devices are touched.

A device model gives its parameters (a frozen schema), how a device is drawn from them, and the
compiled step that one pulse makes. Sampling over an array, pulse trains, wear, the sums that
data-dependent energy needs and reading with write noise come from here.

Weight and conductance are two views of one state: with the stored state s of a device and its
reference r, the weight is s - r and the conductance is g_mid + g_span s, never below g_floor.

What is drawn for a pulse depends on the device and on how many pulses it has had; what is drawn for
the write noise likewise. So neither batching nor the order of events changes a draw.

A model may declare a law of what time does to its devices (`devices.ageing`). Its cells then remember
when each device was last written; whoever owns them gives them the clock of simulated time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from chipsim.devices.ageing import Ageing, Law
from chipsim.devices.bouts import Loops, loops_around
from chipsim.devices.trains import LineTrains, Train, Wanted, coincidences, pulsed_rows
from chipsim.inputs.documents import Document
from chipsim.inputs.schema import Model
from chipsim.inputs.units import Seconds, Siemens
from chipsim.numerics.draws import hashed, normal_table, splits, stream, uniform
from chipsim.numerics.kernel import Kernel, kernel
from chipsim.numerics.threads import spread

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
    endurance: int | None = Field(
        default=None, ge=1, description="pulses that a device survives (default: no figure, and no rule)"
    )
    shortest_pulse: Seconds | None = Field(
        default=None,
        gt=0,
        le=1,
        description="shortest pulse that its response was measured with (default: none)",
    )

    width: ClassVar[int]
    """Numbers per device that the step reads."""
    step_kernel: ClassVar[Kernel[..., Any]]
    """`(state, numbers, up, z) -> state`: one pulse, z a standard normal draw, all float32.

    `numbers` are the device's own, `numbers[0]` to `numbers[width - 1]`. A step of arithmetic, `min`, `max`
    and choices by `up`, in float32 throughout, is compiled for many devices at a time.
    """
    devices: ClassVar[int] = 1
    """Devices that make a weight, side by side in a row."""

    @property
    def law(self) -> Law | None:
        """What simulated time does to the devices; None: nothing."""
        return None

    def kept(self, seconds: float) -> float:
        """Share of state 1 that a mean device has left some time after a write, 0 to 1; for a design rule."""
        return 1.0

    def sample_law(self, rows: int, columns: int, key: np.uint64) -> Floats:
        """Numbers of the law `(rows, columns, numbers)`, for a model that has one."""
        raise NotImplementedError

    @property
    def upkeep_every(self) -> int:
        """Images between two times that the devices are looked after (`Cells.upkeep`); 0: never."""
        return 0

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

    def pulses_between(
        self, present: NDArray[np.float64], wanted: NDArray[np.float64], most: int
    ) -> NDArray[np.int16] | None:
        """Pulses from present weights to others, for a model whose weights are more than one device.

        None: as a typical device of the model does it (`devices.response`).
        """
        return None

    def located(self, values: Document) -> Self:
        """The model with the files that it names read; it was filled from `values`.

        Raises `InputError` with the faults of such a file.
        """
        return self

    @property
    def attached(self) -> Mapping[str, bytes]:
        """Files that a run needs beside its two: content by the name in the file that names it."""
        return {}

    @staticmethod
    def symmetry_points(numbers: NDArray[Any]) -> NDArray[Any]:
        """State at which an up and a down pulse cancel on average, per device; NaN where there is none."""
        return np.full(numbers.shape[:-1], np.nan)

    @classmethod
    def steps(cls, numbers: Floats) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """What one pulse up and one down move each device at state 0 without noise, both positive [weight].

        By default what the step kernel makes of state 0; a model whose kernel cuts at a bound may say
        better what the step itself is.
        """
        step, zero = cls.step_kernel, np.float32(0.0)
        cells = numbers.reshape(-1, numbers.shape[-1])
        up, down = (np.array([step(zero, own, up, zero) for own in cells], float) for up in (True, False))
        return up.reshape(numbers.shape[:-1]), 0.0 - down.reshape(numbers.shape[:-1])


class Region(NamedTuple):
    """A rectangle of an array's cells: first row and column, and how many of each."""

    row: int
    column: int
    rows: int
    columns: int

    def of(self, array: NDArray[Any]) -> NDArray[Any]:
        """View of the region in an array `(rows, columns, ...)`."""
        return array[self.row : self.row + self.rows, self.column : self.column + self.columns]

    def meets(self, other: Region) -> bool:
        """Whether the two have a cell in common."""
        return (
            self.row < other.row + other.rows and other.row < self.row + self.rows
            and self.column < other.column + other.columns and other.column < self.column + self.columns
        )  # fmt: skip


class Reading(NamedTuple):
    """What a read sees of a region; it stays as it is while no cell of the region changes."""

    weights: NDArray[np.float64]
    """`(rows, columns)`, with the write noise of each device's last pulse."""
    conductance: Wholes
    """The same devices [nS], `(rows, columns)`."""
    row_conductance: Wholes
    """Sum of each row [nS]."""
    column_conductance: Wholes
    """Sum of each column [nS]."""


class Upkeep(NamedTuple):
    """What a look at the devices of a region asks for; both are `(rows, columns)`."""

    reset: NDArray[np.bool_]
    """Weights whose devices are reset."""
    write: NDArray[np.int16]
    """Pulses on them afterwards, up where positive."""


def power_on() -> int:
    """The clock of cells that nobody has given one: no time passes."""
    return 0


class Cells:
    """The devices of one array: drawn once from the seed, then changed by pulses and by time alone.

    Arrays are `(rows, columns)`: `state` and `reference` [weight], `pulses` per device since
    power-on. The name (the component's path) keys every draw.
    """

    precision: ClassVar[type[np.floating[Any]]] = np.float32
    """Of the state and of what is read from it."""

    def __init__(self, model: DeviceModel, rows: int, columns: int, seed: int, name: str) -> None:
        self.model = model
        self.shape = (rows, columns)
        self._seed, self._name = seed, name
        numbers, self.lower, self.upper, self.reference = model.sample(
            rows, columns, stream(seed, name, "device-to-device")
        )
        self._numbers: Floats = np.ascontiguousarray(np.moveaxis(numbers, -1, 0))
        self.state: NDArray[Any] = np.clip(np.zeros(self.shape, self.precision), self.lower, self.upper)
        self.pulses: Wholes = np.zeros(self.shape, dtype=np.int64)
        self._readings: dict[Region, Reading] = {}
        self._stale: dict[Region, NDArray[np.bool_]] = {}
        self._keys = tuple(stream(seed, name, purpose) for purpose in ("cycle-to-cycle", "write"))
        self._fire: Loops = loops_around(type(model).step_kernel, type(model).width)
        self._conductance = (float(model.g_mid), float(model.g_span), float(model.g_floor))
        self.clock: Callable[[], int] = power_on
        """Simulated time [ps]; cells look at it only where their model declares a law."""
        self.ageing = self._ageing()
        self._read_at = 0

    def _ageing(self) -> Ageing | None:
        law, (rows, columns) = self.model.law, self.state.shape
        if law is None:
            return None
        numbers = self.model.sample_law(rows, columns, stream(self._seed, self._name, "ageing"))
        return Ageing(law, numbers, self.lower, self.upper)

    def left(self, region: Region) -> NDArray[Any]:
        """State of the region's devices as time has left it, `(rows, columns)`."""
        if self.ageing is None:
            return region.of(self.state)
        return self.ageing.left(self.state, region, self.clock())

    @property
    def _whole(self) -> Region:
        """All devices of the array."""
        return Region(0, 0, *self.state.shape)

    @property
    def weights(self) -> NDArray[Any]:
        """Weight of every device as time has left it, `(rows, columns)`, in the precision of the state."""
        weights: NDArray[Any] = self.left(self._whole) - self.reference
        return weights

    @property
    def wear(self) -> Wholes:
        """Pulses since power-on on the devices of every weight, `(rows, columns)`."""
        return self.pulses.copy()

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

    def has_symmetry_points(self, region: Region) -> bool:
        """Whether pulses up and down in turn lead any device of the region to a state of its own."""
        return bool(np.isfinite(region.of(self.symmetry_points)).any())

    @property
    def conductances(self) -> NDArray[np.float64]:
        """Conductance of every device as time has left it [S], `(rows, columns)`."""
        mid, span, floor = self._conductance
        return np.maximum(mid + span * self.left(self._whole).astype(np.float64), floor)

    def quantities(self) -> dict[str, NDArray[np.float64]]:
        """What tells one weight's device from another's, each `(rows, columns)`; see `quantities`."""
        up, down = self.model.steps(self.numbers)
        return quantities(up, down, self.lower, self.upper, self.symmetry_points, self.reference)

    def randomise(self, region: Region, stage: str = "") -> None:
        """Put the region's devices anywhere within their own bounds, uniformly, anew for each stage."""
        self._randomise(region, stage, self.lower, self.upper)

    def _randomise(self, region: Region, stage: str, lower: NDArray[Any], upper: NDArray[Any]) -> None:
        key = stream(self._seed, self._name, "start", stage)
        _randomise(self.state, lower, upper, *region, key)
        self._placed(region)

    def place(self, region: Region, weights: NDArray[Any]) -> None:
        """Set the region's stored weights `(rows, columns)`, cut to what each device can hold."""
        wanted = weights + region.of(self.reference)
        region.of(self.state)[:] = np.clip(wanted, region.of(self.lower), region.of(self.upper))
        self._placed(region)

    def _placed(self, region: Region) -> None:
        self.changed(region)
        if self.ageing is not None:
            region.of(self.ageing.written)[:] = self.clock()

    def update(self, region: Region, trains: LineTrains, wanted: Wanted) -> Train:
        """Fire the coincidences of trains, downhill: up where the signs of row and column differ.

        `wanted` is what the trains stand for; devices that are pulsed do not look at it.
        """
        lines = (trains.rows, trains.columns, trains.row_signs, trains.column_signs)
        if self.ageing is not None:
            return self.pulse(region, coincidences(*lines))
        pulsed = np.any(trains.rows != 0, axis=0)
        return self._spread(self._fire.trains, lines, region, pulsed, trains.rows.shape[0])

    def pulse(self, region: Region, counts: NDArray[np.int16]) -> Train:
        """Pulse trains, one after another, on the region's devices.

        `counts` is `(trains, rows, columns)`: pulses of each train, up where positive. Where devices age,
        all of the trains fall on the time that the clock shows.
        """
        if self.ageing is not None:
            self.ageing.write(self.state, region, np.any(counts, axis=0), self.clock())
        return self._spread(self._fire.counts, (counts,), region, pulsed_rows(counts), counts.shape[0])

    def _spread(
        self,
        loop: Kernel[..., tuple[int, int, int, int]],
        given: tuple[Any, ...],
        region: Region,
        rows: NDArray[np.bool_],
        trains: int,
    ) -> Train:
        """Fire on shares of the region's rows: devices know nothing of each other, and sums are whole.

        `rows` tells which of the region's rows have pulses.
        """
        self.changed(region, rows if self.ageing is None else None)
        cells = (self.state, self.pulses, self._numbers)
        fixed = (self._keys[0], normal_table(), *self._conductance)

        def fire(begin: int, end: int) -> tuple[int, int, int, int]:
            return loop(*given, begin, end, region.row, region.column, cells, fixed)

        shares = spread(fire, region.rows, trains * region.rows * region.columns)
        return Train(*shares[0]) if len(shares) == 1 else Train(*map(sum, zip(*shares, strict=True)))

    def changed(self, region: Region, rows: NDArray[np.bool_] | None = None) -> None:
        """Note that states of a region are no longer what they were: what was read of it is read anew.

        `rows` tells of which of its rows that is so; None: of all.
        """
        for known in [known for known in self._readings if known.meets(region)]:
            if rows is None:
                del self._readings[known]
                continue
            stale = self._stale.setdefault(known, np.zeros(known.rows, dtype=np.bool_))
            first, last = max(known.row, region.row), min(known.row + known.rows, region.row + region.rows)
            stale[first - known.row : last - known.row] |= rows[first - region.row : last - region.row]

    def apparent(self, region: Region) -> tuple[NDArray[np.float64], Wholes]:
        """Weight as a read sees it, and conductance [nS], each `(rows, columns)` of the region.

        The write noise of a device is drawn anew after each of its pulses, not at each read.
        """
        return self.reading(region)[:2]

    def reading(self, region: Region) -> Reading:
        """What a read of the region sees: reckoned anew only when a pulse, or time, has reached it."""
        if self.ageing is not None and self._read_at != self.clock():
            self._readings.clear()
            self._read_at = self.clock()
        stale, known = self._stale.pop(region, None), self._readings.get(region)
        if known is None:
            shape = (region.rows, region.columns)
            blank = np.empty(shape), np.empty(shape, np.int64), np.empty(region.rows, np.int64)
            self._readings[region] = self._read(region, blank, np.arange(region.rows))
        elif stale is not None and stale.any():
            weights, conductance, row_sums, _ = known
            copies = weights.copy(), conductance.copy(), row_sums.copy()
            self._readings[region] = self._read(region, copies, np.flatnonzero(stale))
        return self._readings[region]

    def _read(
        self, region: Region, seen: tuple[NDArray[np.float64], Wholes, Wholes], rows: Wholes
    ) -> Reading:
        """A reading whose given rows are reckoned anew in `seen`: weights, conductances, sums of rows."""
        noise = (self._keys[1], normal_table(), np.float32(self.model.write_noise_deviation))
        cells = (self._seen(region), self.pulses, self.reference)

        def see(begin: int, end: int) -> None:
            _see(rows[begin:end], region.row, region.column, cells, noise, self._conductance, seen)

        spread(see, rows.size, 2 * rows.size * region.columns)
        found = Reading(*seen, seen[1].sum(axis=0))
        for array in found:
            array.flags.writeable = False
        return found

    def _seen(self, region: Region) -> NDArray[Any]:
        """States of the array, in a region as time has left them; the write noise comes on top of that."""
        if self.ageing is None:
            return self.state
        seen = self.state.copy()
        region.of(seen)[:] = self.left(region)
        return seen

    def save(self) -> dict[str, NDArray[Any]]:
        """The arrays that a checkpoint must hold; everything else follows from seed, name and clock."""
        return {name: array.copy() for name, array in self._kept().items()}

    def restore(self, arrays: dict[str, NDArray[Any]]) -> None:
        """Take back what `save` gave."""
        for name, array in self._kept().items():
            array[:] = arrays[name]
        self._readings.clear()

    def _kept(self) -> dict[str, NDArray[Any]]:
        kept: dict[str, NDArray[Any]] = {"state": self.state, "pulses": self.pulses}
        return kept if self.ageing is None else kept | {"written": self.ageing.written}

    def on_devices(self, counts: NDArray[np.int16]) -> NDArray[np.int16]:
        """Pulses of single devices, SET where positive, that pulses on weights `(.., rows, columns)` are."""
        return counts

    # Upkeep, for models that declare it

    def inspect(self, region: Region) -> Reading:
        """What `reading` gives, but of single devices: `(rows, columns x devices of a weight)`."""
        return self.reading(region)

    def upkeep(self, region: Region, readings: NDArray[np.float64]) -> Upkeep:
        """What readings of `inspect` show to be necessary."""
        raise NotImplementedError

    def refresh(self, region: Region, wanted: Upkeep) -> Train:
        """Reset devices and write them again."""
        raise NotImplementedError


def quantities(
    step_up: NDArray[Any], step_down: NDArray[Any], w_min: NDArray[Any], w_max: NDArray[Any],
    symmetry_point: NDArray[Any] | None = None, reference: NDArray[Any] | None = None,
) -> dict[str, NDArray[np.float64]]:  # fmt: skip
    """What tells one device from another, by name, each `(rows, columns)` [weight]; NaN where it has none.

    On the physical axis, whose zero is state 0 and not the reference: the steps at state 0, both
    positive, the bounds, the symmetry point, and the reference that is subtracted. `states` is the range
    between the bounds in mean steps. What no device has, or is 0 for want of a reference, is left out.
    """
    mean, full = 0.5 * (step_up + step_down), np.subtract(w_max, w_min, dtype=np.float64)
    states = np.divide(full, mean, out=np.full(mean.shape, np.nan), where=mean > 0)
    found = {
        "step_up": step_up, "step_down": step_down, "w_max": w_max, "w_min": w_min,
        "symmetry_point": symmetry_point, "reference": reference, "states": states,
    }  # fmt: skip
    if reference is None or not reference.any():
        del found["reference"]
    known = {name: values.astype(np.float64) for name, values in found.items() if values is not None}
    return {name: values for name, values in known.items() if np.isfinite(values).any()}


@kernel
def _see(rows: Any, row0: Any, column0: Any, cells: Any, noise: Any, conductance: Any, seen: Any) -> None:
    """Fill some rows of what a read sees."""
    state, pulses, reference = cells
    weights, nanosiemens, row_sums = seen
    columns = weights.shape[1]
    apparent = np.empty(columns, state.dtype)
    for r in rows:
        row, last = row0 + r, column0 + columns
        own, fired, zero = state[row, column0:last], pulses[row, column0:last], reference[row, column0:last]
        _disturb(own, fired, row * state.shape[1] + column0, noise, apparent)
        row_sums[r] = _convert(apparent, zero, conductance, weights[r], nanosiemens[r])


@kernel
def _disturb(state: Any, pulses: Any, first: Any, noise: Any, apparent: Any) -> None:
    """States of a row as they are read: each with the write noise of its last pulse."""
    key, normals, deviation = noise
    apparent[:] = state
    if deviation > 0.0:
        drawn = np.empty(state.size, np.uint32)
        for column in range(state.size):
            seed, increment = splits(key, first + column)
            drawn[column] = hashed(seed, increment, pulses[column]) >> np.uint32(16)
        for column in range(state.size):
            apparent[column] += deviation * normals[drawn[column]]


@kernel
def _convert(state: Any, reference: Any, conductance: Any, weights: Any, nanosiemens: Any) -> Any:
    """Weights and conductances [nS] of a row of states; returns the sum of the latter."""
    mid, span, floor = conductance
    total: Any = np.int64(0)
    for column in range(state.size):
        value = np.float64(state[column])
        weights[column] = value - np.float64(reference[column])
        whole = np.int64(np.rint(max(mid + span * value, floor) * 1e9))
        nanosiemens[column] = whole
        total += whole
    return total


@kernel
def _randomise(
    state: Any, lower: Any, upper: Any, row0: Any, column0: Any, rows: Any, columns: Any, key: Any
) -> None:
    stride = state.shape[1]
    for row in range(row0, row0 + rows):
        for column in range(column0, column0 + columns):
            share = uniform(key, row * stride + column, 0)
            low, high = lower[row, column], upper[row, column]
            state[row, column] = low + share * (high - low)
