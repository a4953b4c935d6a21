"""DAC and ADC: exact at zero and full scale, monotone, saturating, and what they say they did."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chipsim.circuits.adc import Adc
from chipsim.circuits.adc import Parameters as AdcParameters
from chipsim.circuits.dac import Dac
from chipsim.circuits.dac import Parameters as DacParameters
from chipsim.circuits.ideal_adc import IdealAdc
from chipsim.circuits.ideal_adc import Parameters as IdealAdcParameters
from chipsim.circuits.ideal_dac import IdealDac
from chipsim.circuits.ideal_dac import Parameters as IdealDacParameters


def dac(bits: int = 7, lanes: int = 8) -> Dac:
    return Dac(DacParameters(type="dac", bits=bits, lanes=lanes, integration=128e-9))


def adc(bits: int = 9, count: int = 1, range_: float = 12.0) -> Adc:
    return Adc(AdcParameters(type="adc", bits=bits, count=count, conversion=10e-9, range=range_))


def test_zero_half_and_full_scale_are_exact_codes() -> None:
    codes, _ = dac().convert(np.array([[0.0, 0.5, 1.0, -1.0, 3.0, -3.0]]))
    assert codes.tolist() == [[0, 64, 128, -128, 128, -128]]


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 12), st.floats(-1, 1))
def test_an_input_is_rounded_to_half_a_slot(bits: int, x: float) -> None:
    codes, _ = dac(bits).convert(np.array([[x]]))
    assert abs(codes[0, 0] / 2**bits - x) <= 0.5 / 2**bits


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 16), st.lists(st.floats(-2, 2), min_size=2, max_size=20))
def test_codes_rise_with_their_inputs_and_are_odd_in_them(bits: int, values: list[float]) -> None:
    x = np.array([sorted(values)])
    codes, _ = dac(bits).convert(x)
    assert np.all(np.diff(codes[0]) >= 0)
    assert np.abs(codes).max() <= 2**bits
    assert np.array_equal(dac(bits).convert(-x)[0], -codes)


def test_a_vector_takes_one_integration_and_a_conversion_for_each_line() -> None:
    _, work = dac().convert(np.zeros((3, 8)))
    assert work.duration == 3 * 128_000
    assert work.actions == {"dac_conv": 24}


def test_selected_lines_are_driven_one_after_another_at_full_scale() -> None:
    codes, work = dac().select(4, (1, 3))
    assert codes.tolist() == [[0, 128, 0, 0], [0, 0, 0, 128]]
    assert work == (2 * 128_000, {"dac_conv": 2})


def test_saturated_column_reads_full_scale() -> None:
    values, _ = adc().convert(np.array([[100.0, -100.0]]), 8)
    assert values.tolist() == [[8.0, -8.0]]


def test_range_follows_the_driven_lines_up_to_its_own() -> None:
    for driven, expected in ((1, 1.0), (8, 8.0), (500, 12.0)):
        values, _ = adc().convert(np.array([[1e6]]), driven)
        assert values[0, 0] == expected


@pytest.mark.parametrize("bits", [2, 9, 16, 24])
@pytest.mark.parametrize("range_", [0.7, 3.3, 12.0])
def test_zero_and_full_scale_are_exact_at_any_resolution(bits: int, range_: float) -> None:
    values, _ = adc(bits, range_=range_).convert(np.array([[0.0, 1e9, -1e9]]), 100)
    assert values.tolist() == [[0.0, range_, -range_]]


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 14), st.lists(st.floats(-20, 20), min_size=1, max_size=20))
def test_readings_are_odd_in_their_sums_and_whole_steps(bits: int, sums: list[float]) -> None:
    values, _ = adc(bits).convert(np.array([sums]), 100)
    assert np.array_equal(adc(bits).convert(-np.array([sums]), 100)[0], -values)
    steps = values / adc(bits).step(100)
    assert np.allclose(steps, np.rint(steps), atol=1e-9)


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 14), st.lists(st.floats(-20, 20), min_size=2, max_size=20))
def test_conversion_is_monotone_and_off_by_half_a_step_at_most(bits: int, sums: list[float]) -> None:
    converter = adc(bits)
    values, _ = converter.convert(np.array([sorted(sums)]), 100)
    assert np.all(np.diff(values[0]) >= 0)
    inside = np.abs(sorted(sums)) <= 12
    assert np.all(np.abs(values[0] - sorted(sums))[inside] <= converter.step(100) / 2 * (1 + 1e-12))


def test_quantisation_error_has_the_variance_of_a_uniform_step() -> None:
    sums = np.random.default_rng(0).uniform(-7, 7, (1, 50_000))
    converter = adc()
    values, _ = converter.convert(sums, 8)
    step = converter.step(8)
    assert np.mean((values - sums) ** 2) == pytest.approx(step**2 / 12, rel=4.5 * (0.8 / 50_000) ** 0.5)


@pytest.mark.parametrize(("count", "turns"), [(1, 7), (2, 4), (3, 3), (7, 1), (100, 1)])
def test_lines_take_turns_at_the_converters(count: int, turns: int) -> None:
    _, work = adc(count=count).convert(np.zeros((5, 7)), 8)
    assert work.duration == 5 * turns * 10_000
    assert work.actions == {"adc_conv": 35}


# Exact converters, ranges and scales


def ideal_dac() -> IdealDac:
    return IdealDac(IdealDacParameters(type="ideal-dac", bits=7, lanes=8, integration=128e-9))


def test_exact_converters_pass_every_value_and_cost_what_the_others_do() -> None:
    values = np.random.default_rng(0).normal(0, 50, (3, 8))
    driven, work = ideal_dac().convert(values)
    assert np.array_equal(driven, values)
    assert work == dac().convert(values)[1]
    exact = IdealAdc(IdealAdcParameters(type="ideal-adc", bits=9, count=3, conversion=10e-9))
    read, work = exact.convert(values, 8)
    assert np.array_equal(read, values)
    assert work == adc(count=3).convert(values, 8)[1]
    assert not exact.saturated(1e9 * values, 8).any()


def test_an_exact_bank_selects_lines_at_one() -> None:
    drive, work = ideal_dac().select(4, (1, 3))
    assert drive.tolist() == [[0, 1, 0, 0], [0, 0, 0, 1]]
    assert work == dac().select(4, (1, 3))[1]


def test_fewer_slots_leave_zero_and_full_scale_exact() -> None:
    """Six magnitude bits with 63 slots: an odd number of levels, 127, from -1 to 1."""
    bank = Dac(DacParameters(type="dac", bits=6, slots=63, lanes=8, integration=128e-9))
    codes, _ = bank.convert(np.linspace(-1, 1, 2001)[None])
    assert sorted(set(codes[0].tolist())) == list(range(-63, 64))
    assert bank.convert(np.array([[0.5 / 63 - 1e-9, 0.5 / 63 + 1e-9]]))[0].tolist() == [[0, 1]]


def test_the_range_of_inputs_is_what_drives_a_line_fully() -> None:
    bank = Dac(DacParameters(type="dac", bits=4, lanes=8, integration=128e-9, range=4.0))
    codes, _ = bank.convert(np.array([[0.25, -1.0, 4.0, 5.0, -1e9]]))
    assert codes.tolist() == [[1, -4, 16, 16, -16]]


def test_more_slots_than_bits_count_are_refused() -> None:
    with pytest.raises(ValueError, match="slots: 65 are more than 6 bits count, 64"):
        DacParameters.model_validate({"type": "dac", "bits": 6, "lanes": 8, "slots": 65})


def test_a_fixed_scale_does_not_follow_the_driven_lines() -> None:
    fixed = Adc(AdcParameters(type="adc", bits=9, count=1, conversion=10e-9, range=20.0, full_scale="range"))
    for driven in (1, 8, 500):
        assert fixed.step(driven) == 20 / 255
        assert fixed.convert(np.array([[1e6, -1e6]]), driven)[0].tolist() == [[20.0, -20.0]]


@pytest.mark.parametrize("driven", [1, 3, 8, 500])
def test_readings_at_an_end_of_the_scale_are_saturated(driven: int) -> None:
    converter = adc(bits=5)
    end = converter.step(driven) * converter.codes
    sums = np.array([[end, -end, 1e9, -1e9, 0.96 * end, -0.96 * end, 0.0]])
    readings, _ = converter.convert(sums, driven)
    assert converter.saturated(readings, driven).tolist() == [[True] * 4 + [False] * 3]
