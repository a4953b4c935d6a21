"""The pair of phase-change devices: polarity, mean path, refresh, and that both devices are counted."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from chipsim.devices import cells
from chipsim.devices.device import Cells, Region
from chipsim.devices.phase_change import CellModel, Pairs
from chipsim.devices.response import pulses_between
from chipsim.inputs import documents

SIDE = 60
WHOLE = Region(0, 0, SIDE, SIDE)
CALM = (
    "step_spread: 0, saturation_spread: 0, cycle_to_cycle: 0, cycle_to_cycle_slope: 0, reset_spread: 0, "
    "drift_exponent: 0, drift_exponent_spread: 0"
)


def build(text: str = "pcm-pair", side: int = SIDE) -> Cells:
    return model(text).build(side, side, 0, "array")


def model(text: str = "pcm-pair") -> CellModel:
    found = cells.load(documents.parse(f"cell: {text}\n", "test.yaml"), ("cell",), "test")
    assert isinstance(found, CellModel)
    return found


def pulses(count: int, side: int = SIDE) -> np.ndarray:
    return np.full((1, side, side), count, dtype=np.int16)


def test_up_goes_to_plus_and_down_to_minus_and_both_only_rise() -> None:
    array = build(f"{{preset: pcm-pair, {CALM}}}")
    fired = array.pulse(WHOLE, pulses(3))
    assert np.all(array.state[:, 1::2] == 0)
    up = array.weights[0, 0]
    array.pulse(WHOLE, pulses(-3))
    assert np.all(array.state > 0)
    assert np.all(array.weights == 0)
    assert up > 0
    assert (fired.set_pulses, fired.reset_pulses) == (3 * SIDE**2, 0)
    assert np.all(array.wear == 6)
    assert np.all(array.pulses == 3)


def test_conductance_read_is_that_of_both_devices() -> None:
    array = build(f"{{preset: pcm-pair, {CALM}}}")
    array.place(WHOLE, np.full((SIDE, SIDE), 0.4))
    array.pulse(WHOLE, pulses(-2))
    d, s = 0.0892, 1.062
    minus = d + d * (1 - d / s)
    weights, conductance = array.apparent(WHOLE)
    assert weights == pytest.approx(0.4 - minus, abs=1e-6)
    assert conductance == pytest.approx(1e4 * (0.4 + minus), abs=1)


def test_set_pulses_follow_the_published_mean_and_spread() -> None:
    """Nandakumar et al. 2018, reduced to G: one pulse at G adds 0.892 - 0.084 G, +- 0.575 + 0.09 G [uS].

    3,600 devices; mean and deviation to 4.5 standard errors (false alarm 3e-5 for the four).
    """
    array = build("{preset: pcm-pair, step_spread: 0, saturation_spread: 0}")
    for conductance in (4.0, 9.0):
        array.place(WHOLE, np.full((SIDE, SIDE), conductance / 10))
        array.pulse(WHOLE, pulses(1))
        change = 10 * array.state[:, ::2].astype(np.float64) - conductance
        deviation = 0.575 + 0.09 * conductance
        error = deviation / SIDE
        assert change.mean() == pytest.approx(0.892 - 0.084 * conductance, abs=4.5 * error)
        assert change.std() == pytest.approx(deviation, abs=4.5 * error / 2**0.5)


def test_pairs_are_spread_as_the_preset_says() -> None:
    """Means and deviations of 3,600 pairs to 4.5 standard errors (false alarm 6e-5 for the eight)."""
    array = build()
    assert isinstance(array, Pairs)
    found = array.quantities()
    expected = {
        "step_up": (0.0892, 0.2 * 0.0892), "step_down": (0.0892, 0.2 * 0.0892),
        "w_max": (1.062, 0.1 * 1.062), "w_min": (-1.062, 0.1 * 1.062),
    }  # fmt: skip
    for name, (mean, deviation) in expected.items():
        error = deviation / SIDE
        assert found[name].mean() == pytest.approx(mean, abs=4.5 * error), name
        assert found[name].std() == pytest.approx(deviation, abs=4.5 * error / 2**0.5), name


def test_a_random_start_reaches_from_saturation_to_saturation() -> None:
    """|w| over the saturation of the device that holds it is uniform in 0..1; the other device is at 0."""
    array = build()
    array.randomise(WHOLE, "train")
    plus, minus = array.state[:, ::2], array.state[:, 1::2]
    assert np.all(np.minimum(plus, minus) == 0)
    share = (array.state * array.numbers[..., 1]).max(axis=1, initial=0)
    assert share.max() <= 1.0001
    held = (array.state * array.numbers[..., 1])[array.state > 0]
    assert held.size == SIDE**2
    assert held.mean() == pytest.approx(0.5, abs=4.5 * (1 / 12) ** 0.5 / SIDE)
    assert abs((array.weights > 0).mean() - 0.5) < 4.5 * 0.5 / SIDE


def test_a_pair_is_refreshed_when_one_device_is_near_saturation_and_the_other_is_not_low() -> None:
    array = build(side=2)
    saturation = 1.062
    # plus and minus of two pairs a row, in shares of the saturation
    shares = np.array([[0.8, 0.3, 0.8, 0.2], [0.7, 0.6, 0.3, 0.76]])
    wanted = array.upkeep(Region(0, 0, 2, 2), shares * saturation)
    assert wanted.reset.tolist() == [[True, False], [False, True]]
    assert (np.sign(wanted.write) == [[1, 0], [0, -1]]).all()


@settings(max_examples=50, deadline=None)
@given(st.floats(-0.95, 0.95))
def test_as_many_pulses_write_a_weight_as_the_mean_path_takes(weight: float) -> None:
    """n pulses from 0 lead to S (1 - (1 - d/S)^n); one more or less comes no nearer, to rounding of n."""
    d, s = 0.0892, 1.062
    n = int(model().pulses_between(np.zeros(1), np.array([weight]), 31)[0])
    reached = np.sign(n) * s * (1 - (1 - d / s) ** abs(n))
    following = [np.sign(weight) * s * (1 - (1 - d / s) ** k) for k in (abs(n) + 1, max(abs(n) - 1, 0))]
    assert abs(reached - weight) <= 1.05 * min(abs(other - weight) for other in following) + 1e-9


def test_programming_counts_on_the_device_that_a_pulse_raises() -> None:
    """From 0.4 up, plus goes on from 0.4; down, minus begins at 0: 1.062 (1 - 0.916^n) = 0.3 after 3.8."""
    present, wanted = np.array([[0.4, 0.4, -0.4, 0.2]]), np.array([[0.7, 0.1, -0.7, 0.2]])
    up = np.log((1.062 - 0.7) / (1.062 - 0.4)) / np.log(1 - 0.0892 / 1.062)
    found = pulses_between(model(), present, wanted, 20)
    assert found.tolist() == [[round(up), -4, -round(up), 0]]
    assert pulses_between(model(), np.zeros((1, 1)), np.full((1, 1), 5.0), 20).tolist() == [[20]]


def test_a_refresh_writes_the_same_weights_with_both_devices_low() -> None:
    """Without noise the weight comes back within half a step, and neither device is above the difference."""
    array = build(f"{{preset: pcm-pair, {CALM}}}")
    array.pulse(WHOLE, pulses(25))
    array.pulse(WHOLE, pulses(-10))
    before = array.weights.copy()
    readings = array.inspect(WHOLE).weights
    fired = array.refresh(WHOLE, array.upkeep(WHOLE, readings))
    assert fired.reset_pulses == 2 * SIDE**2
    assert array.weights == pytest.approx(before, abs=0.5 * 0.0892)
    assert np.all(array.state.reshape(SIDE, SIDE, 2).min(axis=2) == np.float32(0.01))


def test_reset_leaves_a_low_state_drawn_anew_each_time() -> None:
    array = build()
    array.pulse(WHOLE, pulses(20))
    first = array.refresh(WHOLE, array.upkeep(WHOLE, np.full((SIDE, 2 * SIDE), 1.0)))
    assert tuple(first)[:2] == (0, 2 * SIDE**2)
    states = array.state.copy()
    assert states.mean() == pytest.approx(0.01, abs=4.5 * 0.001 / (2 * SIDE**2) ** 0.5)
    array.refresh(WHOLE, array.upkeep(WHOLE, np.full((SIDE, 2 * SIDE), 1.0)))
    assert not np.any(array.state == states)


COUNTS = arrays(np.int16, (3, 4, 4), elements=st.integers(-9, 9))


@settings(max_examples=20, deadline=None)
@given(COUNTS)
def test_a_region_of_pairs_is_pulsed_and_read_like_the_whole(counts: np.ndarray) -> None:
    whole, part, region = build(side=4), build(side=4), Region(1, 2, 2, 2)
    inside = np.zeros_like(counts)
    inside[:, 1:3, 2:4] = counts[:, 1:3, 2:4]
    fired = whole.pulse(Region(0, 0, 4, 4), inside)
    assert part.pulse(region, np.ascontiguousarray(counts[:, 1:3, 2:4])) == fired
    assert np.array_equal(part.state, whole.state)
    for of_part, of_whole in zip(part.apparent(region), whole.apparent(Region(0, 0, 4, 4)), strict=True):
        assert np.array_equal(of_part, of_whole[1:3, 2:4])
