"""What any array of cells keeps: draws by device and pulse, sums of conductance, save and restore."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from chipsim.devices import cells
from chipsim.devices.device import Cells, Region, Train
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
    assert one.apparent(WHOLE)[0][2, 1] == all_of_them.apparent(WHOLE)[0][2, 1]


@settings(max_examples=30, deadline=None)
@given(COUNTS)
def test_a_train_is_its_pulses_one_after_another(counts: np.ndarray) -> None:
    trains, pulses = fresh(), fresh()
    for train in counts:
        trains.pulse(WHOLE, train[None])
        for k in range(int(np.abs(train).max())):
            pulses.pulse(WHOLE, np.where(np.abs(train) > k, np.sign(train), 0).astype(np.int16)[None])
    assert np.array_equal(trains.state, pulses.state)
    assert np.array_equal(trains.pulses, pulses.pulses)


@settings(max_examples=20, deadline=None)
@given(COUNTS)
def test_a_region_is_pulsed_and_read_like_the_whole(counts: np.ndarray) -> None:
    whole, part, region = fresh(), fresh(), Region(1, 1, 2, 2)
    inside = np.zeros_like(counts)
    inside[:, 1:3, 1:3] = counts[:, 1:3, 1:3]
    fired = whole.pulse(WHOLE, inside)
    assert part.pulse(region, np.ascontiguousarray(counts[:, 1:3, 1:3])) == fired
    assert np.array_equal(part.state, whole.state)
    for of_part, of_whole in zip(part.apparent(region), whole.apparent(WHOLE), strict=True):
        assert np.array_equal(of_part, of_whole[1:3, 1:3])


def siemens(state: np.float32) -> float:
    """Conductance of a state of the preset: 46.5 uS + 9.5 uS a unit, 1 uS at least."""
    return max(46.5e-6 + 9.5e-6 * float(state), 1e-6)


@settings(max_examples=30, deadline=None)
@given(COUNTS)
def test_counts_and_sums_of_conductance_equal_a_slow_reckoning(counts: np.ndarray) -> None:
    """Each train of n pulses adds n times the mean of its device's conductance before and after [nS]."""
    array, slow = fresh(), fresh()
    found = array.pulse(WHOLE, counts)
    sums = dict.fromkeys(Train._fields, 0)
    for train in counts:
        for row, column in np.ndindex(SHAPE):
            n, one = int(train[row, column]), np.zeros((1, *SHAPE), dtype=np.int16)
            one[0, row, column] = n
            before = slow.state[row, column]
            slow.pulse(WHOLE, one)
            mean = round(0.5 * (siemens(before) + siemens(slow.state[row, column])) * 1e9)
            kind = "set" if n > 0 else "reset"
            sums[f"{kind}_pulses"] += abs(n)
            sums[f"{kind}_conductance"] += abs(n) * mean
    assert found._asdict() == sums
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
    array = fresh(text="{preset: reram-om, write_noise: 0}")
    array.state[0, 0], array.state[0, 1] = 1.0, -20.0
    assert array.conductances[0, 0] == pytest.approx(56e-6)
    assert array.conductances[0, 1] == pytest.approx(1e-6)
    weights, nanosiemens = array.apparent(WHOLE)
    assert np.array_equal(weights.astype(np.float32), array.weights)
    assert np.array_equal(nanosiemens, np.rint(array.conductances * 1e9))


def test_write_noise_is_drawn_anew_by_a_pulse_alone() -> None:
    array = fresh(text="{preset: reram-om, step: 1e-6, write_noise: 10}")
    first, _ = array.apparent(WHOLE)
    assert np.array_equal(array.apparent(WHOLE)[0], first)
    one = np.zeros((1, *SHAPE), dtype=np.int16)
    one[0, 1, 2] = 1
    array.pulse(WHOLE, one)
    changed = array.apparent(WHOLE)[0] != first
    assert changed[1, 2]
    assert changed.sum() == 1


def test_a_region_is_read_anew_only_when_a_pulse_has_reached_it() -> None:
    array, left, right = fresh(), Region(0, 0, 4, 1), Region(0, 1, 4, 2)
    before = array.reading(left), array.reading(right), array.reading(WHOLE)
    array.pulse(left, np.ones((1, 4, 1), dtype=np.int16))
    assert array.reading(right) is before[1]
    assert not np.array_equal(array.reading(left).weights, before[0].weights)
    assert not np.array_equal(array.reading(WHOLE).weights, before[2].weights)
    assert np.array_equal(array.reading(WHOLE).weights[:, 1:], before[1].weights)


@pytest.mark.parametrize("region", [WHOLE, Region(1, 0, 2, 2), Region(0, 1, 1, 2), Region(2, 2, 2, 1)])
def test_a_read_after_pulses_on_some_rows_sees_what_a_first_read_sees(region: Region) -> None:
    """Reads of regions that pulses reach in part, again and again, and of all of it."""
    array, reads = fresh(), (WHOLE, Region(0, 0, 2, 3), Region(2, 0, 2, 3), Region(1, 1, 2, 2))
    counts = np.zeros((2, region.rows, region.columns), dtype=np.int16)
    counts[1, -1, 0] = 3
    for _ in range(2):
        for read in reads:
            array.reading(read)
        array.pulse(region, counts)
    again = fresh()
    again.restore(array.save())
    for read in reads:
        for seen, anew in zip(array.reading(read), again.reading(read), strict=True):
            assert np.array_equal(seen, anew)


@pytest.mark.parametrize("change", ["randomise", "place", "restore"])
def test_whatever_changes_a_state_is_seen_by_the_next_read(change: str) -> None:
    array, other = fresh(), fresh(1)
    before = array.reading(WHOLE).weights
    if change == "randomise":
        array.randomise(WHOLE, "anew")
    elif change == "place":
        array.place(WHOLE, np.full(SHAPE, 0.1))
    else:
        array.restore(other.save())
    again = fresh()
    again.restore(array.save())
    assert np.array_equal(array.reading(WHOLE).weights, again.reading(WHOLE).weights)
    assert not np.array_equal(array.reading(WHOLE).weights, before)


def test_sums_of_conductance_by_line_are_those_of_the_cells() -> None:
    found = fresh().reading(Region(1, 0, 3, 2))
    assert np.array_equal(found.row_conductance, found.conductance.sum(axis=1))
    assert np.array_equal(found.column_conductance, found.conductance.sum(axis=0))


def test_arrays_differ_by_seed_and_by_name() -> None:
    model = fresh().model
    states = [
        Cells(model, *SHAPE, seed, name).upper for seed, name in ((0, "a"), (1, "a"), (0, "b"), (0, "a"))
    ]
    assert np.array_equal(states[0], states[3])
    assert not np.any(states[0] == states[1])
    assert not np.any(states[0] == states[2])


def test_a_start_is_drawn_anew_for_each_stage() -> None:
    array, again = fresh(), fresh()
    array.randomise(WHOLE, "pretrain")
    again.randomise(WHOLE, "finetune")
    assert not np.any(array.state == again.state)
    again.randomise(WHOLE, "pretrain")
    assert np.array_equal(array.state, again.state)


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
