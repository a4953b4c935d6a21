"""The suites of `chipsim.testing`; our own models, converters, rules and data sets pass them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chipsim.accounting.work import Work
from chipsim.devices.device import Cells, DeviceModel, Region
from chipsim.devices.trains import LineTrains, Wanted
from chipsim.inputs import citations
from chipsim.learning.rule import (
    Accumulate,
    Chunk,
    Clear,
    Fill,
    Integrate,
    Keep,
    LayerShape,
    LearningRule,
    Move,
    Operation,
    Prepare,
    Read,
    Recall,
    Site,
    Update,
    Write,
    images_together,
    independent,
)
from chipsim.numerics.products import product
from chipsim.workloads import dataset

__all__ = [
    "ConverterConformance",
    "DataSetConformance",
    "DeviceConformance",
    "IdealArrays",
    "LearningRuleConformance",
]


class DeviceConformance:
    """The contract of a device model. Fixture: `model`, a `DeviceModel`."""

    rows, columns = 12, 9
    millisecond = 10**9
    """In picoseconds, the unit of the cells' clock."""

    def cells(self, model: DeviceModel, seed: int = 0) -> Cells:
        """An array of the model's devices, somewhere within their bounds."""
        found = model.build(self.rows, self.columns, seed, "conformance")
        found.randomise(self.whole)
        return found

    @property
    def whole(self) -> Region:
        """All cells of the array."""
        return Region(0, 0, self.rows, self.columns)

    def counts(self) -> NDArray[np.int16]:
        """Some pulse trains of either polarity."""
        draws = np.random.default_rng(0)
        return draws.integers(-6, 7, (5, self.rows, self.columns)).astype(np.int16)

    def test_the_same_seed_gives_the_same_devices(self, model: DeviceModel) -> None:
        """Sampling and pulses depend on the seed and nothing else."""
        one, other, different = self.cells(model), self.cells(model), self.cells(model, 1)
        assert np.array_equal(one.state, other.state)
        one.pulse(self.whole, self.counts())
        other.pulse(self.whole, self.counts())
        assert np.array_equal(one.state, other.state)
        assert not np.array_equal(self.cells(model).state, different.state)

    def test_trains_together_and_one_by_one_agree_to_the_bit(self, model: DeviceModel) -> None:
        """Batching changes nothing."""
        together, apart = self.cells(model), self.cells(model)
        whole = together.pulse(self.whole, self.counts())
        each = [apart.pulse(self.whole, counts[None]) for counts in self.counts()]
        assert np.array_equal(together.state, apart.state)
        assert tuple(whole) == tuple(sum(column) for column in zip(*each, strict=True))

    def test_the_state_stays_within_the_devices_bounds(self, model: DeviceModel) -> None:
        """No pulse leads out of a device's range."""
        found = self.cells(model)
        for sign in (1, -1):
            found.pulse(self.whole, np.full((50, self.rows, self.columns), sign, dtype=np.int16))
            for now in (0, self.millisecond, 10**6 * self.millisecond):
                left = self.left(found, now)
                assert np.all(left <= found.upper)
                assert np.all(left >= found.lower)

    def left(self, found: Cells, now: int) -> NDArray[Any]:
        """State of every single device as a time has left it; the cells' clock shows that time then."""
        found.clock = lambda: now
        return found.left(Region(0, 0, *found.state.shape)).copy()

    def test_up_pulses_raise_and_down_pulses_lower_the_mean(self, model: DeviceModel) -> None:
        """Up is up, in the mean of the array."""
        found = self.cells(model)
        found.place(self.whole, np.zeros(found.shape))
        start = found.weights.mean()
        found.pulse(self.whole, np.full((3, self.rows, self.columns), 1, dtype=np.int16))
        raised = found.weights.mean()
        found.pulse(self.whole, np.full((3, self.rows, self.columns), -1, dtype=np.int16))
        assert start < raised
        assert found.weights.mean() < raised

    def test_pulses_are_counted_and_only_pulsed_devices_change(self, model: DeviceModel) -> None:
        """Wear is what was fired; an untouched device keeps its state to the bit."""
        found = self.cells(model)
        before, counts = found.state.copy(), self.counts()
        counts[:, 0, :] = 0
        fired = found.pulse(self.whole, counts)
        assert np.array_equal(found.wear, np.abs(counts.astype(np.int64)).sum(axis=0))
        assert fired.set_pulses + fired.reset_pulses == found.pulses.sum()
        assert np.array_equal(found.state[0], before[0])

    def test_an_update_fires_the_coincidences_of_its_trains(self, model: DeviceModel) -> None:
        """A device is pulsed in the slots where both of its lines fire: what is counted is what is fired."""
        found, draws = self.cells(model), np.random.default_rng(0)
        rows, columns = (draws.integers(0, 2**31, (3, n)).astype(np.uint64) for n in found.shape)
        x, error = (draws.normal(size=(3, n)) for n in found.shape)
        signs = np.sign(x).astype(np.int8), np.sign(error).astype(np.int8)
        trains = LineTrains(rows, columns, *signs, 1, 1)
        fired = found.update(self.whole, trains, Wanted(x, error, 0.01))
        count = np.vectorize(lambda train: int(train).bit_count(), otypes=[np.int64])
        hits = count(rows[:, :, None] & columns[:, None, :])
        assert np.array_equal(found.wear, hits.sum(axis=0))
        assert fired.set_pulses + fired.reset_pulses == hits.sum()

    def test_symmetry_points_lie_within_the_devices_bounds(self, model: DeviceModel) -> None:
        """A model says NaN of a device that has none."""
        found = self.cells(model)
        points = found.symmetry_points
        there = np.isfinite(points)
        rounding = 1e-5
        assert np.all(points[there] <= found.upper[there] + rounding)
        assert np.all(points[there] >= found.lower[there] - rounding)
        assert found.has_symmetry_points(self.whole) == there.any()

    def test_a_read_changes_nothing_and_repeats(self, model: DeviceModel) -> None:
        """What is read stays the same until the device is pulsed."""
        found = self.cells(model)
        before = found.save()
        first, conductance = found.apparent(self.whole)
        again, _ = found.apparent(self.whole)
        assert np.array_equal(first, again)
        assert np.all(conductance > 0)
        assert all(np.array_equal(before[name], found.save()[name]) for name in before)

    def test_restored_devices_go_on_alike(self, model: DeviceModel) -> None:
        """Save and restore in mid-run leave no trace."""
        found, other = self.cells(model), self.cells(model)
        self.left(found, self.millisecond)
        found.pulse(self.whole, self.counts())
        other.restore(found.save())
        for cells in (found, other):
            self.left(cells, 2 * self.millisecond)
            cells.pulse(self.whole, self.counts())
        later = 5 * self.millisecond
        assert np.array_equal(self.left(found, later), self.left(other, later))
        assert np.array_equal(found.apparent(self.whole)[0], other.apparent(self.whole)[0])

    def test_a_device_does_not_depend_on_what_happens_to_others(self, model: DeviceModel) -> None:
        """A draw is keyed by the device and its own pulses."""
        among, alone = self.cells(model), self.cells(model)
        counts = self.counts()
        among.pulse(self.whole, counts)
        counts[:, np.arange(self.rows) != self.rows // 2] = 0
        alone.pulse(self.whole, counts)
        row = self.rows // 2
        assert np.array_equal(among.state[row], alone.state[row])
        assert np.array_equal(among.apparent(self.whole)[0][row], alone.apparent(self.whole)[0][row])

    def test_sums_of_conductance_follow_their_definition(self, model: DeviceModel) -> None:
        """Each train adds its pulses times the mean conductance before and after, in whole nS."""
        found = self.cells(model)
        for train in self.counts():
            before = found.conductances
            fired = found.pulse(self.whole, train[None])
            mean = np.rint(0.5 * (before + found.conductances) * 1e9).astype(np.int64)
            pulses = found.on_devices(train).astype(np.int64)
            up, down = np.maximum(pulses, 0), np.maximum(-pulses, 0)
            assert fired == (up.sum(), down.sum(), (up * mean).sum(), (down * mean).sum())

    def test_up_and_down_cancel_at_the_symmetry_point(self, model: DeviceModel) -> None:
        """Where a device has such a point, its two steps there differ by rounding alone.

        Devices that a bound stops on the way are left out.
        """
        found = self.cells(model)
        points = found.symmetry_points
        step, no_noise = type(model).step_kernel, np.float32(0.0)
        for cell in zip(*np.nonzero(np.isfinite(points)), strict=True):
            state, numbers = np.float32(points[cell]), found.numbers[cell]
            raised = float(step(state, numbers, True, no_noise))
            lowered = float(step(state, numbers, False, no_noise))
            if found.lower[cell] < lowered and raised < found.upper[cell]:
                assert abs(raised + lowered - 2 * float(state)) <= 1e-5 * max(1.0, abs(float(state)))

    def test_what_is_read_differs_from_what_is_stored_by_the_write_noise(self, model: DeviceModel) -> None:
        """Mean 0 and the model's deviation, to 4.5 standard errors (false alarm 1e-5 for a model)."""
        found = self.cells(model)
        noise = []
        for _ in range(20):
            found.pulse(self.whole, np.ones((1, self.rows, self.columns), dtype=np.int16))
            noise.append(found.apparent(self.whole)[0] - found.weights)
        deviation, count = model.write_noise_deviation, np.size(noise)
        rounding = 1e-5
        assert abs(np.mean(noise)) <= 4.5 * deviation / count**0.5 + rounding
        assert abs(np.std(noise) - deviation) <= 4.5 * deviation / (2 * count) ** 0.5 + rounding

    def test_time_changes_devices_that_age_and_no_others(self, model: DeviceModel) -> None:
        """Without a law a device is the same for ever; with one it is the same at its last write only."""
        found = self.cells(model)
        before, read = self.left(found, 0), found.apparent(self.whole)[0]
        assert np.array_equal(before, found.state)
        after = self.left(found, 10**6 * self.millisecond)
        same = np.array_equal(after, before) and np.array_equal(found.apparent(self.whole)[0], read)
        assert same == (model.law is None)
        assert np.array_equal(found.state, before)

    def test_looking_at_devices_on_the_way_does_not_age_them(self, model: DeviceModel) -> None:
        """What is read at a time is the same, whatever was read before."""
        watched, other = self.cells(model), self.cells(model)
        for now in (1, self.millisecond, 20 * self.millisecond):
            self.left(watched, now)
            watched.apparent(self.whole)
        self.left(other, 20 * self.millisecond)
        assert np.array_equal(watched.apparent(self.whole)[0], other.apparent(self.whole)[0])

    def test_only_the_time_since_the_last_write_counts(self, model: DeviceModel) -> None:
        """The same history an hour later leaves the same bits."""
        ends = []
        for start in (0, 3_600_000 * self.millisecond):
            found = model.build(self.rows, self.columns, 0, "conformance")
            self.left(found, start)
            found.randomise(self.whole)
            self.left(found, start + self.millisecond)
            found.pulse(self.whole, self.counts())
            ends.append(self.left(found, start + 3 * self.millisecond))
        assert np.array_equal(ends[0], ends[1])

    def test_a_pulse_begins_where_the_law_says(self, model: DeviceModel) -> None:
        """At what time has left of the device; or, where a write undoes it, at what was last written."""
        found, other, now = self.cells(model), self.cells(model), self.millisecond
        law, left = model.law, self.left(found, now)
        if law is None or law.undone_by_a_write:
            left = found.state.copy()
        other.restore({**other.save(), "state": left})
        counts = np.where(self.counts() == 0, 1, self.counts()).astype(np.int16)
        assert tuple(found.pulse(self.whole, counts)) == tuple(other.pulse(self.whole, counts))
        pulsed = np.any(found.on_devices(counts), axis=0)
        assert np.array_equal(found.state[pulsed], other.state[pulsed])
        assert np.array_equal(self.left(found, now)[pulsed], found.state[pulsed])

    def test_two_spans_of_time_do_what_both_do_where_the_law_says_so(self, model: DeviceModel) -> None:
        """A law without memory may be stopped and begun again, to rounding."""
        law, through, halved = model.law, self.cells(model), self.cells(model)
        if law is None or not law.memoryless:
            return
        half = self.left(halved, self.millisecond)
        halved.restore({**halved.save(), "state": half})
        both = self.left(through, 3 * self.millisecond)
        assert np.allclose(self.left(halved, 2 * self.millisecond), both, rtol=1e-5, atol=1e-7)

    def test_upkeep_is_counted_and_leaves_others_alone(self, model: DeviceModel) -> None:
        """Devices that are reset and written again wear by that; the rest keep their state to the bit."""
        if not model.upkeep_every:
            return
        found = self.cells(model)
        found.pulse(self.whole, np.full((20, self.rows, self.columns), 1, dtype=np.int16))
        found.pulse(self.whole, np.full((20, self.rows, self.columns), -1, dtype=np.int16))
        readings, conductance = found.inspect(self.whole)[:2]
        assert readings.shape == conductance.shape == (self.rows, self.columns * model.devices)
        wanted, before, worn = found.upkeep(self.whole, readings), found.state.copy(), found.wear
        fired = found.refresh(self.whole, wanted)
        assert wanted.reset.any()
        assert not wanted.write[~wanted.reset].any()
        gained = found.wear - worn
        assert np.array_equal(gained, model.devices * wanted.reset + np.abs(wanted.write))
        assert (fired.reset_pulses, fired.set_pulses + fired.reset_pulses) == (
            model.devices * wanted.reset.sum(), gained.sum(),
        )  # fmt: skip
        alone = np.repeat(~wanted.reset, model.devices, axis=1)
        assert np.array_equal(found.state[alone], before[alone])

    def test_granularity_and_noise_are_usable(self, model: DeviceModel) -> None:
        """Pulse probabilities are scaled by a positive step; noise is not negative."""
        assert model.granularity > 0
        assert model.write_noise_deviation >= 0


class ConverterConformance:
    """The contract of a converter. Fixture: `converter`.

    By default it is one of sums, with `convert(sums, driven)`, and gives what it reads in units of the
    sums. A suite for another kind overrides `convert`, `largest` and, to have the error checked, `levels`.
    One that has no largest value, and is exact, says so by `exact`.
    """

    driven = 8
    exact = False

    def convert(self, converter: Any, values: NDArray[np.float64]) -> tuple[NDArray[np.float64], Work]:
        """What it makes of values `(vectors, lines)`, in units of the values, and the work."""
        read, work = converter.convert(values, self.driven)
        return read, work

    def largest(self, converter: Any) -> float:
        """Largest value that it resolves; by default what it reads far beyond its range."""
        read, _ = self.convert(converter, np.array([[1e9]]))
        return float(read[0, 0])

    def levels(self, converter: Any) -> int | None:
        """Equal steps from zero to the largest value; None: the error is not checked."""
        return None

    def sweep(self, converter: Any) -> NDArray[np.float64]:
        """Values from below to above its range, `(1, values)`, rising and the same about zero."""
        upper = np.linspace(0.0, 2.0 if self.exact else 2.0 * self.largest(converter), 1001)
        return np.concatenate([-upper[:0:-1], upper])[None]

    def test_conversion_is_monotone_and_odd(self, converter: Any) -> None:
        """A larger value never reads smaller, and a negative one reads as the positive one, negated."""
        values, _ = self.convert(converter, self.sweep(converter))
        assert np.all(np.diff(values[0]) >= 0)
        assert np.array_equal(values, -values[:, ::-1])

    def test_saturated_lines_read_full_scale(self, converter: Any) -> None:
        """Beyond its range it reads its range, at both ends; the range itself is read exactly."""
        if self.exact:
            return
        largest = self.largest(converter)
        values = np.array([[-np.inf, -1e12, -largest, largest, 1e12, np.inf]])
        read, _ = self.convert(converter, values)
        assert read.tolist() == [[-largest] * 3 + [largest] * 3]
        assert 0 < largest < np.inf

    def test_zero_reads_zero(self, converter: Any) -> None:
        """No offset that was not asked for."""
        values, _ = self.convert(converter, np.zeros((2, 3)))
        assert not values.any()

    def test_within_its_range_it_is_off_by_half_a_step_at_most(self, converter: Any) -> None:
        """The error of rounding to equal steps; none, of an exact converter, however large the value."""
        if self.exact:
            values = np.concatenate([self.sweep(converter), [[1e-300, 1e-9, 1e12, -1e12]]], axis=1)
            assert np.array_equal(self.convert(converter, values)[0], values)
            return
        levels, largest = self.levels(converter), self.largest(converter)
        if levels is not None:
            values = self.sweep(converter) / 2
            read, _ = self.convert(converter, values)
            assert np.abs(read - values).max() <= 0.5 * largest / levels * (1 + 1e-9)

    def test_it_reports_what_it_did(self, converter: Any) -> None:
        """Counts are whole and go with the batch, like the duration [ps], whatever the values are."""
        _, one = self.convert(converter, np.zeros((1, 3)))
        _, many = self.convert(converter, np.full((4, 3), 0.7))
        assert isinstance(one.duration, int)
        assert one.duration >= 0
        assert many.duration == 4 * one.duration
        assert one.actions
        assert all(isinstance(count, int) and count > 0 for count in one.actions.values())
        assert {name: 4 * count for name, count in one.actions.items()} == dict(many.actions)

    def test_a_batch_is_converted_like_its_vectors(self, converter: Any) -> None:
        """Batching changes no bit."""
        sums = np.random.default_rng(0).normal(size=(5, 4))
        values, _ = self.convert(converter, sums)
        apart = [self.convert(converter, sums[k : k + 1])[0] for k in range(5)]
        assert np.array_equal(values, np.concatenate(apart))


class IdealArrays:
    """Answers a rule's operations on floating-point arrays: no chip, no noise, no quantisation.

    An update moves a cell by the mean of a soft-bounds device with bounds -1 and 1 and its symmetry point
    at 0, which is what Tiki-Taka rules count on; a write moves it by `step` for each pulse; matrices named in
    `digital` are updated exactly. Matrices are `(rows, columns)` float64 by layer and name, and so are the
    stores of a layer's memory. `touched` notes what each operation changed.
    """

    STEP = 0.02

    def __init__(
        self, layers: Sequence[LayerShape], matrices: Sequence[str], step: float = STEP,
        digital: Collection[str] = (),
    ) -> None:  # fmt: skip
        self.step = step
        self.digital = digital
        self.values = {
            (layer.name, matrix): np.zeros((layer.rows, layer.columns))
            for layer in layers
            for matrix in (*matrices, "H")
        }
        self.touched: set[tuple[str, str]] = set()

    def save(self) -> dict[tuple[str, str], NDArray[np.float64]]:
        """All that a checkpoint must hold."""
        return {key: value.copy() for key, value in self.values.items()}

    def restore(self, values: Mapping[tuple[str, str], NDArray[np.float64]]) -> None:
        """Take back what `save` gave."""
        self.values = {key: value.copy() for key, value in values.items()}

    def converse(self, conversation: Any) -> list[tuple[Operation, ...]]:
        """Hold a conversation to its end; returns the groups that were asked for."""
        groups: list[tuple[Operation, ...]] = []
        results: tuple[Any, ...] | None = None
        while True:
            try:
                group = next(conversation) if results is None else conversation.send(results)
            except StopIteration:
                return groups
            groups.append(group)
            results = tuple(self.answer(operation) for operation in group)

    def answer(self, operation: Operation) -> Any:
        """Do one operation and give its result."""
        before = self.save()
        result = self._do(operation)
        changed = {
            key
            for key, value in self.values.items()
            if key not in before or not np.array_equal(value, before[key])
        }
        assert changed <= {(operation.layer, name) for name in operation.changes}, operation.kind
        self.touched |= {(operation.kind, key[1]) for key in changed}
        return result

    def _do(self, operation: Operation) -> Any:
        key = operation.layer, operation.matrix
        if isinstance(operation, Clear):
            shape = operation.shape or self.values[operation.layer, "H"].shape
            self.values[key] = np.zeros(shape)
            return None
        own = self.values[key]
        if isinstance(operation, Prepare):
            own[:] = 0.0
        elif isinstance(operation, Update):
            for x, error in zip(operation.x, operation.error, strict=True):
                change = -operation.rate * np.outer(x, error)
                own += change if operation.matrix in self.digital else change - np.abs(change) * own
        elif isinstance(operation, Move):
            velocity = self.values[operation.layer, operation.velocity]
            own += velocity
            if operation.bound is not None:
                own -= np.abs(velocity) * (own - velocity) / operation.bound
                np.clip(own, -operation.bound, operation.bound, out=own)
            velocity *= operation.kept
        elif isinstance(operation, Accumulate):
            for x, error in zip(operation.x, operation.error, strict=True):
                own += -operation.rate * np.outer(x, error)
        elif isinstance(operation, Read | Recall):
            return self._lines(own, operation.by)[list(operation.lines)].copy()
        elif isinstance(operation, Fill):
            own[:] = operation.values
        elif isinstance(operation, Keep):
            self._lines(own, operation.by)[list(operation.lines)] = operation.values
        elif isinstance(operation, Integrate):
            return self._integrate(self._lines(own, operation.by), operation)
        elif isinstance(operation, Write):
            self._lines(own, operation.by)[list(operation.lines)] += self.step * operation.pulses
        else:
            raise TypeError(f"an ideal array has no answer to {type(operation).__name__}")
        return None

    @staticmethod
    def _lines(values: NDArray[np.float64], by: str) -> NDArray[np.float64]:
        return values if by == "row" else values.T

    @staticmethod
    def _integrate(words: NDArray[np.float64], operation: Integrate) -> NDArray[np.int16]:
        chosen = list(operation.lines)
        total = words[chosen] + operation.values
        times = np.minimum(np.abs(total) // operation.threshold, operation.most)
        counts = (np.sign(total) * times).astype(np.int16)
        leaves = counts * operation.threshold if operation.keep else np.where(counts == 0, 0.0, total)
        words[chosen] = total - (1.0 - operation.momentum) * leaves
        return counts


class LearningRuleConformance:
    """The contract of a learning rule. Fixture: `rule`, set up to learn where a write is a step of 0.02."""

    sizes = (("one", 5, 3), ("two", 4, 2))
    """Name, rows and columns of the layers that the rule is tried on."""
    images = 400
    slots = 31
    """Longest train of the drivers."""

    def layers(self, rule: LearningRule) -> tuple[LayerShape, ...]:
        """The layers as the rule sees them."""
        sites = {matrix: Site(IdealArrays.STEP, self.slots) for matrix in rule.matrices}
        return tuple(LayerShape(*size, sites, key) for key, size in enumerate(self.sizes))

    def start(self, rule: LearningRule) -> IdealArrays:
        """Ideal arrays as they are when a stage begins."""
        layers = self.layers(rule)
        arrays = IdealArrays(layers, rule.matrices, digital=rule.digital)
        arrays.converse(rule.start(layers))
        return arrays

    def regress(
        self,
        rule: LearningRule,
        arrays: IdealArrays,
        first: int = 0,
        last: int | None = None,
        most: int = 10**9,
    ) -> list[float]:
        """Teach a linear map with images `first` to `last`, at most `most` together.

        Returns the mean square of each image's error. Products add in a fixed order, so that what differs
        between two ways of doing it is the rule's.
        """
        layers, read = self.layers(rule), rule.read_through()
        draws = np.random.default_rng(0)
        goals = [draws.uniform(-0.4, 0.4, (layer.rows, layer.columns)) for layer in layers]
        inputs = [draws.uniform(-1, 1, (self.images, layer.rows)) for layer in layers]
        losses: list[float] = []
        done, last = first, self.images if last is None else last
        while done < last:
            together = min(images_together(rule.declarations(), done, last - done), most)
            x = [every[done : done + together] for every in inputs]
            own = [
                np.add.reduce([share * arrays.values[layer.name, m] for m, share in read.items()])
                for layer in layers
            ]
            error = [product(a, w - goal) for a, w, goal in zip(x, own, goals, strict=True)]
            losses += np.mean([np.mean(e**2, axis=1) for e in error], axis=0).tolist()
            groups = arrays.converse(rule.step(layers, Chunk(done, together, x, error)))
            assert all(independent(group) for group in groups)
            done += together
        return losses

    def test_it_learns_on_ideal_arrays(self, rule: LearningRule) -> None:
        """The loss falls well below where it began."""
        losses = self.regress(rule, self.start(rule))
        tenth = max(1, len(losses) // 10)
        assert np.mean(losses[-tenth:]) < 0.5 * np.mean(losses[:tenth])

    def test_weights_go_against_the_gradient(self, rule: LearningRule) -> None:
        """One image shown again and again moves a weight against the sign of x times error, or not at all."""
        arrays, layers = self.start(rule), self.layers(rule)
        x = [np.linspace(-1, 1, layer.rows)[None] for layer in layers]
        error = [np.linspace(0.5, -1, layer.columns)[None] for layer in layers]
        for image in range(self.images):
            arrays.converse(rule.step(layers, Chunk(image, 1, x, error)))
        for layer, a, e in zip(layers, x, error, strict=True):
            moved = np.sign(arrays.values[layer.name, rule.weights])
            assert np.array_equal(moved, -np.sign(np.outer(a, e)) * (moved != 0))
            assert moved.any()

    def test_images_that_may_run_together_do_as_well_one_by_one(self, rule: LearningRule) -> None:
        """b images in one chunk and one after another, passes included, leave the same bits."""
        whole, apart = self.start(rule), self.start(rule)
        assert self.regress(rule, whole) == self.regress(rule, apart, most=1)
        for key, value in whole.values.items():
            assert np.array_equal(value, apart.values[key]), key

    def test_restored_in_mid_run_it_goes_on_alike(self, rule: LearningRule) -> None:
        """What a rule must remember lies in its stores: another, equal rule goes on from them."""
        through, first, second = self.start(rule), self.start(rule), self.start(rule)
        half = self.images // 2
        losses = self.regress(rule, through)
        begun = self.regress(rule, first, 0, half)
        second.restore(first.save())
        again = type(rule).model_validate(rule.model_dump())
        assert begun + self.regress(again, second, half) == losses
        for key, value in through.values.items():
            assert np.array_equal(value, second.values[key]), key

    def test_it_changes_nothing_that_it_did_not_declare(self, rule: LearningRule) -> None:
        """Every operation changes only stores that its kind declares."""
        arrays = self.start(rule)
        self.regress(rule, arrays)
        declared = {(d.operation, store) for d in rule.declarations() for store in d.changes}
        assert {(kind, store) for kind, store in arrays.touched if kind != "prepare"} <= declared

    def test_operations_read_and_change_what_is_declared_of_their_kind(self, rule: LearningRule) -> None:
        """The controller trusts the declarations; each operation says of itself what they say of its kind."""
        arrays, declared = self.start(rule), {d.operation: d for d in rule.declarations()}
        for operation in self._asked(rule, arrays):
            assert operation.kind in declared
            assert operation.changes <= declared[operation.kind].changes
            assert operation.reads <= declared[operation.kind].reads
            assert operation.matrix in {*rule.matrices, *rule.memory()}

    def test_it_asks_only_for_operations_that_it_names(self, rule: LearningRule) -> None:
        """Placement finds routes for what `operations` names, and for nothing else."""
        layers = self.layers(rule)
        arrays = IdealArrays(layers, rule.matrices, digital=rule.digital)
        begun = [operation for group in arrays.converse(rule.start(layers)) for operation in group]
        assert {operation.kind for operation in begun} <= {"prepare"}
        named = {name.removesuffix("-transposed") for name in rule.operations()}
        assert {operation.kind for operation in self._asked(rule, arrays)} <= named

    def _asked(self, rule: LearningRule, arrays: IdealArrays) -> list[Operation]:
        layers = self.layers(rule)
        x = [np.ones((1, layer.rows)) for layer in layers]
        error = [np.ones((1, layer.columns)) for layer in layers]
        groups = [
            group
            for image in range(self.images)
            for group in arrays.converse(rule.step(layers, Chunk(image, 1, x, error)))
        ]
        return [operation for group in groups for operation in group]


class DataSetConformance:
    """The contract of a data set's module. Fixture: `name`, of a data set that is on this machine."""

    def test_labels_and_images_go_together(self, name: str) -> None:
        """Each part has as many images of each class as declared, of the declared shape and scale."""
        declared = dataset.named(name).DATASET
        for split in declared.splits:
            labels = dataset.labels(name, split.name)
            assert np.bincount(labels, minlength=len(declared.classes)).tolist() == list(split.per_class)
            images = dataset.load(name, split.name, np.arange(min(200, split.size)))
            assert images.pixels.shape == (len(images), declared.features)
            assert images.pixels.max() <= images.full_scale == declared.full_scale
            assert np.array_equal(images.labels, labels[: len(images)])

    def test_chosen_rows_are_those_of_the_whole(self, name: str) -> None:
        """Images have their places, whatever else is asked for."""
        for split in dataset.named(name).DATASET.splits:
            last = min(300, split.size)
            every = dataset.load(name, split.name, np.arange(last))
            rows = np.array([0, last // 3, last - 1])
            some = dataset.load(name, split.name, rows)
            assert np.array_equal(some.pixels, every.pixels[rows])
            assert np.array_equal(some.labels, every.labels[rows])

    def test_its_files_are_the_published_ones(self, name: str) -> None:
        """Every file is on this machine, and holds what its checksum says."""
        assert len(dataset.verify(name).paths) == len(dataset.named(name).DATASET.files)

    def test_it_says_where_it_comes_from(self, name: str) -> None:
        """A title, a licence, and a citation that is in the bibliography."""
        declared = dataset.named(name).DATASET
        assert declared.title
        assert declared.licence
        assert citations.entry(declared.citation)
