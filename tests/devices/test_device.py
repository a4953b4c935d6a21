"""What any array of cells keeps: draws by device and pulse, sums of conductance, save and restore."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from chipsim.devices import cells
from chipsim.devices.device import Cells, Region
from chipsim.errors import InputError
from chipsim.inputs import documents

SHAPE = (4, 3)
WHOLE = Region(0, 0, *SHAPE)
COUNTS = arrays(np.int16, st.tuples(st.integers(1, 4), st.just(4), st.just(3)), elements=st.integers(-9, 9))


def fresh(seed: int = 0, shape: tuple[int, int] = SHAPE, text: str = "reram-om") -> Cells:
    model = cells.load(documents.parse(f"cell: {text}\n", "test.yaml"), ("cell",), "test")
    array = Cells(model, *shape, seed, "array")
    array.randomise(Region(0, 0, *shape))
    return array


@settings(max_examples=30, deadline=None)
@given(COUNTS)
def test_trains_together_and_one_by_one_leave_the_same_bits(counts: np.ndarray) -> None:
    together, apart = fresh(), fresh()
    sums = np.array(together.pulse(WHOLE, counts))
    each = sum(np.array(apart.pulse(WHOLE, counts[k : k + 1])) for k in range(len(counts)))
    assert np.array_equal(together.state, apart.state)
    assert np.array_equal(together.pulses, apart.pulses)
    assert np.array_equal(sums, each)
    assert np.array_equal(together.apparent(WHOLE)[0], apart.apparent(WHOLE)[0])


@settings(max_examples=20, deadline=None)
@given(COUNTS)
def test_a_device_does_not_depend_on_what_happens_to_others(counts: np.ndarray) -> None:
    all_of_them, one = fresh(), fresh()
    all_of_them.pulse(WHOLE, counts)
    alone = np.zeros_like(counts)
    alone[:, 2, 1] = counts[:, 2, 1]
    one.pulse(WHOLE, alone)
    assert one.state[2, 1] == all_of_them.state[2, 1]


@settings(max_examples=30, deadline=None)
@given(COUNTS)
def test_counts_and_sums_of_conductance_equal_their_definition(counts: np.ndarray) -> None:
    array = fresh()
    sets = resets = set_sum = reset_sum = 0
    for train in counts:
        before = array.conductances
        fired = array.pulse(WHOLE, train[None])
        mean = np.rint((before + array.conductances) / 2 * 1e9)
        up, down = np.maximum(train, 0).astype(np.int64), np.maximum(-train, 0).astype(np.int64)
        sets, resets = sets + up.sum(), resets + down.sum()
        set_sum, reset_sum = (up * mean).sum(), (down * mean).sum()
        assert fired.set_pulses == up.sum()
        assert fired.reset_pulses == down.sum()
        assert abs(fired.set_conductance - set_sum) <= up.sum()
        assert abs(fired.reset_conductance - reset_sum) <= down.sum()
    assert np.array_equal(array.pulses, np.abs(counts.astype(np.int64)).sum(axis=0))


@settings(max_examples=20, deadline=None)
@given(COUNTS)
def test_state_stays_within_the_devices_bounds(counts: np.ndarray) -> None:
    array = fresh()
    array.pulse(WHOLE, counts)
    assert np.all(array.state <= array.upper)
    assert np.all(array.state >= array.lower)


def test_restored_cells_go_on_as_if_nothing_had_happened() -> None:
    counts = np.full((1, *SHAPE), 3, dtype=np.int16)
    array = fresh()
    array.pulse(WHOLE, counts)
    saved = array.save()
    array.pulse(WHOLE, counts)
    again = fresh()
    again.restore(saved)
    again.pulse(WHOLE, counts)
    assert np.array_equal(array.state, again.state)
    assert np.array_equal(array.apparent(WHOLE)[0], again.apparent(WHOLE)[0])


def test_random_start_fills_each_devices_own_range_uniformly() -> None:
    array = fresh(shape=(200, 200))
    share = (array.state - array.lower) / (array.upper - array.lower)
    error = (1 / 12 / share.size) ** 0.5
    assert share.mean() == pytest.approx(0.5, abs=4.5 * error)
    assert share.min() >= 0
    assert share.max() <= 1
    assert share.std() == pytest.approx((1 / 12) ** 0.5, rel=0.02)


def test_weights_are_placed_as_far_as_the_bounds_allow() -> None:
    array = fresh()
    array.place(WHOLE, np.full(SHAPE, 0.1))
    held = np.clip(0.1 + array.reference, array.lower, array.upper) - array.reference
    assert np.allclose(array.weights, held, atol=1e-7)
    array.place(WHOLE, np.full(SHAPE, 50.0))
    assert np.array_equal(array.state, array.upper)


def test_conductance_is_the_state_on_another_scale_with_a_floor() -> None:
    array = fresh()
    array.state[0, 0], array.state[0, 1] = 1.0, -20.0
    assert array.conductances[0, 0] == pytest.approx(56e-6)
    assert array.conductances[0, 1] == pytest.approx(1e-6)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("reram-omm", "test: unknown cell 'reram-omm'; did you mean 'reram-om'?"),
        ("{preset: reram-om, stepp: 1}", "test: cell 'reram-om': unknown key 'stepp'; did you mean 'step'?"),
        ("{step: 1}", "test: a cell is a name or a mapping with 'preset: NAME'"),
        ("3", "test: a cell is a name or a mapping with 'preset: NAME'"),
    ],
)
def test_a_wrong_cell_is_one_sentence(text: str, sentence: str) -> None:
    with pytest.raises(InputError) as error:
        cells.load(documents.parse(f"cell: {text}\n", "test.yaml"), ("cell",), "test")
    assert [fault.message for fault in error.value.faults] == [sentence]


def test_a_negative_spread_is_refused_at_its_place() -> None:
    document = documents.parse("cell:\n  preset: reram-om\n  step_spread: -1\n", "test.yaml")
    with pytest.raises(InputError) as error:
        cells.load(document, ("cell",), "test")
    (fault,) = error.value.faults
    assert fault.place is not None
    assert (fault.place.line, fault.code) == (3, "E014")
