"""Laws of time against their closed forms, and what cells make of the time that their clock shows."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chipsim.devices import ageing, cells
from chipsim.devices.device import Cells, DeviceModel, Region
from chipsim.inputs import documents

SHAPE = (5, 4)
WHOLE = Region(0, 0, *SHAPE)
SECOND = 10**12
STILL = "step_spread: 0, up_down_spread: 0, slope_spread: 0, cycle_to_cycle: 0, leak_time_spread: 0"
NO_BOUNDS = "upper_bound_spread: 0, lower_bound_spread: 0"
CAPACITOR = f"{{preset: capacitor-3t1c, {STILL}, {NO_BOUNDS}}}"


def model(text: str) -> DeviceModel:
    return cells.load(documents.parse(f"cell: {text}\n", "test.yaml"), ("cell",), "test")


class Timed:
    """An array of cells and the clock that it looks at [ps]."""

    def __init__(self, text: str, shape: tuple[int, int] = SHAPE) -> None:
        self.now = 0
        self.cells: Cells = model(text).build(*shape, 0, "array")
        self.cells.clock = lambda: self.now
        self.whole = Region(0, 0, *shape)

    def at(self, seconds: float) -> Cells:
        self.now = round(seconds * SECOND)
        return self.cells


@settings(max_examples=100, deadline=None)
@given(st.floats(-1, 1), st.floats(1e-6, 1e3), st.floats(-0.5, 0.5), st.floats(0, 1e4))
def test_a_leak_is_exponential(state: float, tau: float, level: float, elapsed: float) -> None:
    found = ageing.leak(state, np.array([tau, level]), elapsed)
    assert found == pytest.approx(level + (state - level) * math.exp(-elapsed / tau), rel=1e-12, abs=1e-15)


@settings(max_examples=100, deadline=None)
@given(st.floats(0, 2.5), st.floats(0, 0.2), st.floats(1e-7, 1e2), st.floats(0, 1e9))
def test_drift_is_a_power_of_time_after_its_begin(s: float, nu: float, t0: float, elapsed: float) -> None:
    expected = s * (elapsed / t0) ** -nu if elapsed > t0 else s
    assert ageing.drift(s, np.array([nu, t0]), elapsed) == pytest.approx(expected, rel=1e-12)


@settings(max_examples=100, deadline=None)
@given(st.floats(-1, 1), st.floats(-0.1, 0.1), st.floats(1e-7, 1e2), st.floats(0, 1e9))
def test_relaxation_is_linear_in_the_logarithm_of_time(s: float, k: float, t0: float, elapsed: float) -> None:
    expected = s - k * math.log(1 + elapsed / t0)
    assert ageing.log_relaxation(s, np.array([k, t0]), elapsed) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("cell", ["reram-om", "reram-hfo2"])
def test_cells_without_a_law_keep_no_time(cell: str) -> None:
    timed = Timed(cell)
    assert timed.cells.ageing is None
    assert "written" not in timed.cells.save()


def test_a_capacitor_that_nobody_writes_loses_what_its_time_constant_says() -> None:
    timed = Timed(CAPACITOR)
    timed.cells.place(WHOLE, np.full(SHAPE, 0.8))
    for seconds in (0.0, 1e-6, 3e-3, 50e-3):
        left = 0.8 * math.exp(-seconds / 10e-3)
        assert timed.at(seconds).weights == pytest.approx(left, rel=1e-6)
        assert timed.cells.apparent(WHOLE)[0] == pytest.approx(left, rel=1e-6)
        assert timed.cells.conductances == pytest.approx(5e-6 + 4e-6 * left, rel=1e-6)


def test_a_pulse_steps_from_what_has_leaked_and_time_starts_again() -> None:
    """0.8 leaks for 5 ms, rises by one step at that state, and leaks for 2 ms more; tau is 10 ms."""
    timed = Timed(CAPACITOR)
    timed.cells.place(WHOLE, np.full(SHAPE, 0.8))
    one = np.zeros((1, *SHAPE), dtype=np.int16)
    one[0, 1, 2] = 1
    timed.at(5e-3).pulse(WHOLE, one)
    leaked = 0.8 * math.exp(-0.5)
    raised = leaked + 0.005 * (1 - 0.05 * leaked)
    weights = timed.at(7e-3).weights
    assert weights[1, 2] == pytest.approx(raised * math.exp(-0.2), rel=1e-5)
    assert weights[0, 0] == pytest.approx(0.8 * math.exp(-0.7), rel=1e-5)


def test_drift_is_undone_by_the_next_pulse() -> None:
    """Boybat et al. 2018 (NVMTS): even a partial SET erases the history, so that s + step drifts anew."""
    calm = "{preset: pcm-pair, step_spread: 0, saturation_spread: 0, cycle_to_cycle: 0, " + (
        "cycle_to_cycle_slope: 0, drift_exponent_spread: 0}"
    )
    timed = Timed(calm)
    timed.cells.place(WHOLE, np.full(SHAPE, 0.5))
    assert timed.at(1e-3).weights == pytest.approx(0.5 * 1e3**-0.06, rel=1e-6)
    timed.cells.pulse(WHOLE, np.ones((1, *SHAPE), dtype=np.int16))
    written = 0.5 + 0.0892 * (1 - 0.5 / 1.062)
    assert timed.cells.weights == pytest.approx(written, rel=1e-6)
    assert timed.at(1e-3 + 1e-4).weights == pytest.approx(written * 100**-0.06, rel=1e-5)


def test_relaxation_moves_mean_and_spread_along_the_logarithm() -> None:
    """k ~ N(0.009, 0.0044): the change after t is N(-0.009 L, 0.0044 L) with L = ln(1 + t / t0).

    Both to 4.5 standard errors of 10,000 devices (false alarm 3e-5 for the six comparisons).
    """
    text = "{preset: reram-om, relaxation: 0.009, relaxation_spread: 0.0044, relaxation_time: 1 ms}"
    timed = Timed(text, (100, 100))
    timed.cells.place(timed.whole, np.zeros((100, 100)))
    inside = (timed.cells.lower < -0.4) & (timed.cells.upper > 0.4)
    before = timed.cells.weights[inside]
    for seconds in (1e-3, 1.0, 1e3):
        change = timed.at(seconds).weights[inside] - before
        length = math.log(1 + seconds / 1e-3)
        error = 0.0044 * length / change.size**0.5
        assert change.mean() == pytest.approx(-0.009 * length, abs=4.5 * error)
        assert change.std() == pytest.approx(0.0044 * length, abs=4.5 * error / 2**0.5)


def test_write_noise_does_not_age() -> None:
    text = "{preset: capacitor-3t1c, write_noise: 10}"
    timed = Timed(text, (30, 30))
    timed.cells.place(timed.whole, np.full((30, 30), 0.5))
    early = timed.cells.apparent(timed.whole)[0] - timed.cells.weights
    late = timed.at(20e-3).apparent(timed.whole)[0] - timed.cells.weights
    assert np.std(early) > 0.04
    assert late == pytest.approx(early, abs=1e-6)


def test_a_region_ages_like_the_whole() -> None:
    whole, part = Timed("capacitor-3t1c"), Timed("capacitor-3t1c")
    region = Region(1, 1, 3, 2)
    for timed in (whole, part):
        timed.cells.randomise(WHOLE)
        timed.at(4e-3)
    counts = np.zeros((1, *SHAPE), dtype=np.int16)
    counts[0, 1:4, 1:3] = 2
    whole.cells.pulse(WHOLE, counts)
    part.cells.pulse(region, np.ascontiguousarray(counts[:, 1:4, 1:3]))
    assert np.array_equal(whole.at(9e-3).weights, part.at(9e-3).weights)
    assert np.array_equal(whole.cells.apparent(region)[0], part.cells.apparent(WHOLE)[0][1:4, 1:3])


def test_a_device_that_is_placed_late_begins_to_age_then() -> None:
    timed = Timed(CAPACITOR)
    timed.at(1.0).place(Region(0, 0, 2, 4), np.full((2, 4), 0.8))
    weights = timed.at(1.01).weights
    assert weights[:2] == pytest.approx(0.8 * math.exp(-1), rel=1e-5)
    assert not weights[2:].any()


def test_a_checkpoint_holds_when_devices_were_written() -> None:
    timed, other = Timed("capacitor-3t1c"), Timed("capacitor-3t1c")
    timed.at(2e-3).randomise(WHOLE)
    other.cells.restore(timed.cells.save())
    assert np.array_equal(timed.at(30e-3).weights, other.at(30e-3).weights)
    assert np.all(timed.cells.save()["written"] == 2 * 10**9)
