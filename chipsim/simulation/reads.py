"""Reads of a matrix on their way: inputs scaled, lines driven, noise added, saturated vectors read again.

A read is three steps: the bank drives, the array senses, the converter samples. The bank is held while the
array is read. A bank with bound management must keep its inputs until the converter has not saturated: it
is held for the conversions too, and drives again where they ask for it. Vectors of a burst that saturate are
read again together; each part is held for the sum of what the images take one by one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from chipsim.accounting.work import Work
from chipsim.circuits import dac
from chipsim.circuits.component import picoseconds
from chipsim.circuits.crossbar import Crossbar
from chipsim.circuits.noise import disturbed
from chipsim.devices.device import Region
from chipsim.errors import Fault, InputError
from chipsim.learning.rule import Side
from chipsim.simulation.node import Step, Transaction

Floats = NDArray[np.float64]


class Reading:
    """Some vectors `(vectors, lines)` that are being read, and which of them are still to be.

    Vectors are divided by `scales`, one each, and their readings multiplied with them; None: nothing is
    scaled, and all vectors are read once.
    """

    __slots__ = ("codes", "duration", "pending", "readings", "scales", "sums", "turn", "values")

    def __init__(self, values: Floats, scales: Floats | None = None) -> None:
        self.values = values
        self.scales = scales
        self.pending = None if scales is None else np.arange(values.shape[0])
        self.turn = 0
        self.codes: NDArray[Any]
        self.duration: int
        self.sums: Floats
        self.readings: Floats | None = None

    def inputs(self) -> Floats:
        """What is to be driven next; a vector of scale 0 is zero and stays so."""
        if self.scales is None:
            return self.values
        scales = self.scales[self.pending, None]
        inputs: Floats = self.values[self.pending] / np.where(scales == 0.0, 1.0, scales)
        return inputs

    def indices(self) -> NDArray[np.int64]:
        """Which vectors the sums are of."""
        return np.arange(self.sums.shape[0]) if self.pending is None else self.pending

    def settle(self, found: Floats, unit: float) -> None:
        """Take readings of the vectors that were driven, in units of `unit` times their scales."""
        if self.scales is None:
            self.readings = found if unit == 1.0 else found * unit
            return
        if self.readings is None:
            self.readings = np.empty(found.shape)
        self.readings[self.pending] = found * (unit * self.scales[self.pending, None])

    def halve(self, saturated: NDArray[np.bool_]) -> bool:
        """Keep driven vectors that saturated for another read, at half the size; are there any?"""
        assert self.scales is not None
        assert self.pending is not None
        self.pending = self.pending[saturated]
        self.scales[self.pending] *= 2.0
        self.turn += 1
        return bool(self.pending.size)


class Streams(NamedTuple):
    """Streams of noise: of the cells that are read, and at the converters' input."""

    cells: np.uint64
    converters: np.uint64


class Reads:
    """How a matrix is read from one side: the names and circuits of its route, and what is drawn for it.

    A bank may say by `range` what full scale stands for (1), a converter what `output_noise` it has (none)
    and, for bound management, which readings are `saturated`.
    """

    def __init__(
        self, route: tuple[str, ...], circuits: Mapping[str, Any], array: Crossbar, region: Region, by: Side,
        streams: Streams,
    ) -> None:  # fmt: skip
        self._route = route[:3]
        self._bank, self._converters = circuits[route[0]], circuits[route[2]]
        self._unit = float(getattr(self._bank, "range", 1.0))
        self._output_noise = float(getattr(self._converters, "output_noise", 0.0))
        self._array, self._region, self._by = array, region, by
        self._streams = streams

    def passes(
        self, noise: dac.NoiseManagement | None, bound: dac.BoundManagement | None
    ) -> tuple[Step, ...]:
        """Steps that read the vectors a transaction carries, managed or not."""
        driven = self._region.rows if self._by == "row" else self._region.columns
        retries = bound.retries if bound else 0
        if bound and not hasattr(self._converters, "saturated"):
            text = f"component '{self._route[0]}': bound_management needs converters that tell saturation"
            raise InputError(Fault(f"{text}, which those of '{self._route[2]}' do not", code="E055"))

        def scale(transaction: Transaction) -> Work:
            assert noise is not None
            values = transaction.value
            transaction.value = Reading(values, np.abs(values).max(axis=1))
            actions = {"dig_add16": values.size, "mul8": values.size}
            return Work(values.shape[0] * picoseconds(noise.time), actions)

        def drive(transaction: Transaction) -> Work:
            reading = transaction.value
            if not isinstance(reading, Reading):
                scales = np.ones(reading.shape[0]) if bound else None
                reading = transaction.value = Reading(reading, scales)
            work: Work
            reading.codes, work = self._bank.convert(reading.inputs())
            reading.duration = work.duration
            return work

        def sense(transaction: Transaction) -> Work:
            return self._sense(transaction, self._array.read)

        def sample(transaction: Transaction) -> Work:
            reading = transaction.value
            found, work = self._sample(transaction, driven)
            reading.settle(found, self._unit)
            if reading.turn < retries:
                saturated = self._converters.saturated(found, driven)
                transaction.again = reading.halve(np.any(saturated, axis=1))
            if not transaction.again:
                transaction.value = reading.readings
            return work if noise is None else _with(work, mul8=found.size)

        bank, array, converters = self._route
        read = (Step(bank, drive, joint=2 if retries else 1), Step(array, sense), Step(converters, sample))
        return read if noise is None else (Step(bank, scale), *read)

    def selected(self, chosen: tuple[int, ...], each: bool = False) -> tuple[Step, ...]:
        """Steps that read lines one at a time, driven at full scale; nothing is managed.

        With `each`, devices that make a weight together are sensed each by itself.
        """
        read = self._array.inspect if each else self._array.select
        lines = self._region.rows if self._by == "row" else self._region.columns

        def select(transaction: Transaction) -> Work:
            reading = transaction.value = Reading(np.empty((len(chosen), 0)))
            work: Work
            reading.codes, work = self._bank.select(lines, chosen)
            reading.duration = work.duration
            return work

        def sense(transaction: Transaction) -> Work:
            return self._sense(transaction, read)

        def sample(transaction: Transaction) -> Work:
            transaction.value, work = self._sample(transaction, 1)
            return work

        bank, array, converters = self._route
        return (Step(bank, select, joint=1), Step(array, sense), Step(converters, sample))

    def _sense(self, transaction: Transaction, read: Any) -> Work:
        reading, full_scale = transaction.value, self._bank.full_scale
        reading.sums, actions = read(reading.codes, self._region, self._by, full_scale)
        if self._array.read_noise:
            deviations = self._array.read_deviations(reading.codes, full_scale)
            self._disturb(transaction, deviations, self._streams.cells)
        return Work(reading.duration, actions)

    def _sample(self, transaction: Transaction, driven: int) -> tuple[Floats, Work]:
        reading = transaction.value
        if self._output_noise:
            deviations = np.full(reading.sums.shape[0], self._output_noise)
            self._disturb(transaction, deviations, self._streams.converters)
        found: tuple[Floats, Work] = self._converters.convert(reading.sums, driven)
        return found

    def _disturb(self, transaction: Transaction, deviations: Floats, key: np.uint64) -> None:
        reading: Reading = transaction.value
        draws = transaction.occasion + reading.indices()
        reading.sums = disturbed(reading.sums, deviations, key, draws, reading.turn)


def _with(work: Work, **actions: int) -> Work:
    return Work(work.duration, {**work.actions, **actions})
