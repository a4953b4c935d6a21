"""Public conformance suites: the contract that any cell, converter, rule or data set must keep.

Inherit the class in a test file, give its one fixture, and pytest runs the whole contract:

    class TestMyCell(DeviceConformance):
        @pytest.fixture
        def model(self):
            return MyModel(...)

Our own models, converters, rules and data sets pass them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chipsim.devices.device import Cells, DeviceModel, Region
from chipsim.learning.rule import (
    Chunk,
    Clear,
    Integrate,
    LayerShape,
    LearningRule,
    Operation,
    Prepare,
    Read,
    Update,
    Write,
    images_together,
    independent,
)

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

    def cells(self, model: DeviceModel, seed: int = 0) -> Cells:
        """An array of the model's devices, somewhere within their bounds."""
        found = Cells(model, self.rows, self.columns, seed, "conformance")
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
            assert np.all(found.state <= found.upper)
            assert np.all(found.state >= found.lower)

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
        assert np.array_equal(found.pulses, np.abs(counts.astype(np.int64)).sum(axis=0))
        assert fired.set_pulses + fired.reset_pulses == found.pulses.sum()
        assert np.array_equal(found.state[0], before[0])

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
        found.pulse(self.whole, self.counts())
        other.restore(found.save())
        found.pulse(self.whole, self.counts())
        other.pulse(self.whole, self.counts())
        assert np.array_equal(found.state, other.state)

    def test_granularity_and_noise_are_usable(self, model: DeviceModel) -> None:
        """Pulse probabilities are scaled by a positive step; noise is not negative."""
        assert model.granularity > 0
        assert model.write_noise_deviation >= 0


class ConverterConformance:
    """The contract of a converter of sums. Fixture: `converter`, with `convert(sums, driven)`."""

    driven = 8

    def test_conversion_is_monotone(self, converter: Any) -> None:
        """A larger sum never reads smaller."""
        sums = np.linspace(-3 * self.driven, 3 * self.driven, 1001)[None]
        values, _ = converter.convert(sums, self.driven)
        assert np.all(np.diff(values[0]) >= 0)

    def test_it_saturates_at_both_ends(self, converter: Any) -> None:
        """Beyond its range it reads its range."""
        far, _ = converter.convert(np.array([[-1e9, 1e9]]), self.driven)
        farther, _ = converter.convert(np.array([[-1e12, 1e12]]), self.driven)
        assert np.array_equal(far, farther)
        assert np.all(np.isfinite(far))

    def test_zero_reads_zero(self, converter: Any) -> None:
        """No offset that was not asked for."""
        values, _ = converter.convert(np.zeros((2, 3)), self.driven)
        assert not values.any()

    def test_it_reports_what_it_did(self, converter: Any) -> None:
        """Counts are whole and go with the batch, like the duration [ps]."""
        _, one = converter.convert(np.zeros((1, 3)), self.driven)
        _, many = converter.convert(np.zeros((4, 3)), self.driven)
        assert isinstance(one.duration, int)
        assert many.duration == 4 * one.duration
        assert one.actions
        assert all(isinstance(count, int) and count > 0 for count in one.actions.values())
        assert {name: 4 * count for name, count in one.actions.items()} == dict(many.actions)

    def test_a_batch_is_converted_like_its_vectors(self, converter: Any) -> None:
        """Batching changes no bit."""
        sums = np.random.default_rng(0).normal(size=(5, 4))
        values, _ = converter.convert(sums, self.driven)
        apart = [converter.convert(sums[k : k + 1], self.driven)[0] for k in range(5)]
        assert np.array_equal(values, np.concatenate(apart))


class IdealArrays:
    """Answers a rule's operations on floating-point arrays: no chip, no noise, no quantisation.

    An update moves a cell by the mean of a soft-bounds device with bounds -1 and 1 and its symmetry point
    at 0, which is what Tiki-Taka rules count on; a write moves it by `step`. Matrices are
    `(rows, columns)` float64 by layer and name; `H` are the integrator's words. `touched` notes what each
    operation changed.
    """

    def __init__(self, layers: Sequence[LayerShape], matrices: Sequence[str], step: float = 0.02) -> None:
        self.step = step
        self.values = {
            (layer.name, matrix): np.zeros((layer.rows, layer.columns))
            for layer in layers
            for matrix in (*matrices, "H")
        }
        self.touched: set[tuple[str, str]] = set()

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
        before = {key: value.copy() for key, value in self.values.items()}
        result = self._do(operation)
        changed = {key for key, value in self.values.items() if not np.array_equal(value, before[key])}
        assert changed <= {(operation.layer, name) for name in operation.changes}, operation.kind
        self.touched |= {(operation.kind, key[1]) for key in changed}
        return result

    def _do(self, operation: Operation) -> Any:
        own = self.values[operation.layer, operation.matrix]
        if isinstance(operation, Prepare | Clear):
            own[:] = 0.0
        elif isinstance(operation, Update):
            for x, error in zip(operation.x, operation.error, strict=True):
                change = -operation.rate * np.outer(x, error)
                own += change - np.abs(change) * own
        elif isinstance(operation, Read):
            return self._lines(own, operation.by)[list(operation.lines)].copy()
        elif isinstance(operation, Integrate):
            return self._integrate(self._lines(own, operation.by), operation)
        elif isinstance(operation, Write):
            self._lines(own, operation.by)[list(operation.lines)] += self.step * operation.signs
        else:
            raise TypeError(f"an ideal array has no answer to {type(operation).__name__}")
        return None

    @staticmethod
    def _lines(values: NDArray[np.float64], by: str) -> NDArray[np.float64]:
        return values if by == "row" else values.T

    @staticmethod
    def _integrate(words: NDArray[np.float64], operation: Integrate) -> NDArray[np.int8]:
        chosen = list(operation.lines)
        total = words[chosen] + operation.values
        signs = np.where(np.abs(total) >= operation.threshold, np.sign(total), 0).astype(np.int8)
        kept = total - signs * operation.threshold if operation.keep else np.where(signs == 0, total, 0.0)
        words[chosen] = kept
        return signs


class LearningRuleConformance:
    """The contract of a learning rule. Fixture: `rule`, set up to learn where a write is a step of 0.02."""

    layers = (LayerShape("one", 5, 3), LayerShape("two", 4, 2))
    images = 400

    def regress(self, rule: LearningRule) -> tuple[IdealArrays, list[float]]:
        """Teach a linear map image by image on ideal arrays; returns them and the errors' squares."""
        draws = np.random.default_rng(0)
        arrays = IdealArrays(self.layers, rule.matrices)
        arrays.converse(rule.start(self.layers))
        goals = [draws.uniform(-0.4, 0.4, (layer.rows, layer.columns)) for layer in self.layers]
        losses, done = [], 0
        while done < self.images:
            together = images_together(rule.declarations(), done, self.images - done)
            x = [draws.uniform(-1, 1, (together, layer.rows)) for layer in self.layers]
            own = [arrays.values[layer.name, rule.weights] for layer in self.layers]
            error = [a @ (w - goal) for a, w, goal in zip(x, own, goals, strict=True)]
            losses.append(float(np.mean([np.mean(e**2) for e in error])))
            groups = arrays.converse(rule.step(self.layers, Chunk(done, together, x, error)))
            assert all(independent(group) for group in groups)
            done += together
        return arrays, losses

    def test_it_learns_on_ideal_arrays(self, rule: LearningRule) -> None:
        """The loss falls well below where it began."""
        _, losses = self.regress(rule)
        tenth = max(1, len(losses) // 10)
        assert np.mean(losses[-tenth:]) < 0.5 * np.mean(losses[:tenth])

    def test_it_changes_nothing_that_it_did_not_declare(self, rule: LearningRule) -> None:
        """Every operation changes only stores that its kind declares."""
        arrays, _ = self.regress(rule)
        declared = {(d.operation, store) for d in rule.declarations() for store in d.changes}
        assert {(kind, store) for kind, store in arrays.touched if kind != "prepare"} <= declared

    def test_it_asks_only_for_operations_that_it_names(self, rule: LearningRule) -> None:
        """Placement finds routes for what `operations` names, and for nothing else."""
        arrays = IdealArrays(self.layers, rule.matrices)
        groups = arrays.converse(rule.start(self.layers))
        x = [np.ones((1, layer.rows)) for layer in self.layers]
        error = [np.ones((1, layer.columns)) for layer in self.layers]
        for image in range(self.images):
            groups += arrays.converse(rule.step(self.layers, Chunk(image, 1, x, error)))
        named = {name.removesuffix("-transposed") for name in rule.operations()} | {"prepare"}
        assert {operation.kind for group in groups for operation in group} <= named

    def test_a_chunk_is_worth_its_images(self, rule: LearningRule) -> None:
        """Images that may run together leave the same stores as one after another."""
        together = images_together(rule.declarations(), 0, 64)
        draws = np.random.default_rng(1)
        x = [draws.uniform(-1, 1, (together, layer.rows)) for layer in self.layers]
        error = [draws.uniform(-1, 1, (together, layer.columns)) for layer in self.layers]
        whole, apart = (IdealArrays(self.layers, rule.matrices) for _ in range(2))
        whole.converse(rule.step(self.layers, Chunk(0, together, x, error)))
        for image in range(together):
            one = slice(image, image + 1)
            chunk = Chunk(image, 1, [a[one] for a in x], [e[one] for e in error])
            apart.converse(rule.step(self.layers, chunk))
        for key, value in whole.values.items():
            assert np.allclose(value, apart.values[key], atol=1e-12)


class DataSetConformance:
    """The contract of a data set's module. Fixture: `name`, of a data set that is on this machine."""

    def test_labels_and_images_go_together(self, name: str) -> None:
        """Each split has as many labels as images, of the declared shape and classes."""
        from chipsim.workloads import dataset

        declared = dataset.named(name).DATASET
        for split in declared.splits:
            labels = dataset.labels(name, split.name)
            some = np.arange(min(50, labels.size))
            images = dataset.load(name, split.name, some)
            assert labels.size == split.size
            assert labels.min() >= 0
            assert labels.max() < len(declared.classes)
            assert images.pixels.reshape(len(some), -1).shape == (len(some), declared.features)
            assert images.pixels.max() <= images.full_scale
            assert np.array_equal(images.labels, labels[some])

    def test_it_says_where_it_comes_from(self, name: str) -> None:
        """A title, a licence, and a citation that is in the bibliography."""
        from chipsim.inputs import citations
        from chipsim.workloads import dataset

        declared = dataset.named(name).DATASET
        assert declared.title
        assert declared.licence
        assert citations.entry(declared.citation)
