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
from chipsim.learning.rule import Side
from chipsim.simulation.node import Step, Transaction

Floats = NDArray[np.float64]


class Reading:
    """Some vectors `(vectors, lines)` that are being read, and which of them are still to be."""

    __slots__ = ("codes", "draws", "duration", "pending", "readings", "scales", "sums", "turn", "values")

    def __init__(self, values: Floats, scales: Floats | None, occasion: int) -> None:
        """`scales` are what each vector is divided by and its reading multiplied with; None: nothing."""
        self.values = values
        self.scales = scales
        self.pending = np.arange(values.shape[0], dtype=np.int64)
        self.draws = occasion + self.pending
        self.turn = 0
        self.codes: NDArray[Any] = np.empty(0)
        self.sums: Floats = np.empty(0)
        self.duration = 0
        self.readings: Floats | None = None

    def inputs(self) -> Floats:
        """What is to be driven next; a vector of scale 0 is zero and stays so."""
        if self.scales is None:
            return self.values
        scales = self.scales[self.pending, None]
        inputs: Floats = self.values[self.pending] / np.where(scales == 0.0, 1.0, scales)
        return inputs

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
        self.pending = self.pending[saturated]
        self.scales[self.pending] *= 2.0
        self.turn += 1
        return bool(self.pending.size)


class Streams(NamedTuple):
    """Streams of noise: of the cells that are read, and at the converters' input."""

    cells: np.uint64
    converters: np.uint64


class Reads:
    """How a matrix is read from one side: the names and circuits of its route, and what is drawn for it."""

    def __init__(
        self, route: tuple[str, ...], circuits: Mapping[str, Any], array: Crossbar, region: Region, by: Side,
        streams: Streams,
    ) -> None:  # fmt: skip
        self._route = route[:3]
        self._bank, self._converters = circuits[route[0]], circuits[route[2]]
        self._array, self._region, self._by = array, region, by
        self._streams = streams

    def passes(self, management: dac.Bank) -> tuple[Step, ...]:
        """Steps that read the vectors a transaction carries, managed as its bank says."""
        driven = self._region.rows if self._by == "row" else self._region.columns
        noise, bound = management.noise_management, management.bound_management
        retries = bound.retries if bound else 0

        def begin(transaction: Transaction) -> Work:
            values = transaction.value
            vectors = values.shape[0]
            scales = np.ones(vectors) if bound else None
            work = Work(0, {})
            if noise is not None:
                scales = np.abs(values).max(axis=1)
                actions = {"dig_add16": values.size, "mul8": values.size}
                work = Work(vectors * picoseconds(noise.time), actions)
            transaction.value = Reading(values, scales, transaction.occasion)
            return work

        def drive(transaction: Transaction) -> Work:
            reading: Reading = transaction.value
            work: Work
            reading.codes, work = self._bank.convert(reading.inputs())
            reading.duration = work.duration
            return work

        def sense(transaction: Transaction) -> Work:
            return self._sense(transaction.value, self._array.read)

        def sample(transaction: Transaction) -> Work:
            reading = transaction.value
            found, work = self._sample(reading, driven)
            reading.settle(found, self._bank.range)
            if reading.turn < retries:
                saturated = self._converters.saturated(found, driven)
                transaction.again = reading.halve(np.any(saturated, axis=1))
            if not transaction.again:
                transaction.value = reading.readings
            rescaled = {} if noise is None else {"mul8": found.size}
            return Work(work.duration, {**work.actions, **rescaled})

        bank, array, converters = self._route
        return (
            Step(bank, begin), Step(bank, drive, joint=2 if retries else 1), Step(array, sense),
            Step(converters, sample),
        )  # fmt: skip

    def selected(self, chosen: tuple[int, ...]) -> tuple[Step, ...]:
        """Steps that read lines one at a time, driven at full scale; nothing is managed."""
        lines = self._region.rows if self._by == "row" else self._region.columns

        def select(transaction: Transaction) -> Work:
            reading = transaction.value = Reading(np.empty((len(chosen), 0)), None, transaction.occasion)
            work: Work
            reading.codes, work = self._bank.select(lines, chosen)
            reading.duration = work.duration
            return work

        def sense(transaction: Transaction) -> Work:
            return self._sense(transaction.value, self._array.select)

        def sample(transaction: Transaction) -> Work:
            transaction.value, work = self._sample(transaction.value, 1)
            return work

        bank, array, converters = self._route
        return (Step(bank, select, joint=1), Step(array, sense), Step(converters, sample))

    def _sense(self, reading: Reading, read: Any) -> Work:
        full_scale = self._bank.full_scale
        sums, actions = read(reading.codes, self._region, self._by, full_scale)
        if self._array.read_noise:
            deviations = self._array.read_deviations(reading.codes, full_scale)
            sums = self._disturbed(reading, sums, deviations, self._streams.cells)
        reading.sums = sums
        return Work(reading.duration, actions)

    def _sample(self, reading: Reading, driven: int) -> tuple[Floats, Work]:
        sums, noise = reading.sums, self._converters.output_noise
        if noise:
            deviations = np.full(sums.shape[0], noise)
            sums = self._disturbed(reading, sums, deviations, self._streams.converters)
        found: tuple[Floats, Work] = self._converters.convert(sums, driven)
        return found

    def _disturbed(self, reading: Reading, sums: Floats, deviations: Floats, key: np.uint64) -> Floats:
        return disturbed(sums, deviations, key, reading.draws[reading.pending], reading.turn)
