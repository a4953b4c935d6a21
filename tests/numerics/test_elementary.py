"""exp and log to within two units in the last place, and exact powers of two."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chipsim.numerics.elementary import cosine, exp, log, power_of_two


@settings(max_examples=400, deadline=None)
@given(st.floats(-745.0, 709.7))
@example(709.7827128933)
@example(709.5)
@example(-708.5)
@example(-745.1)
@example(0.0)
@example(5e-324)
def test_exp_is_within_two_units_in_the_last_place(x: float) -> None:
    assert abs(exp(x) - math.exp(x)) <= 2 * math.ulp(math.exp(x))


@settings(max_examples=300, deadline=None)
@given(st.floats(-700, 700), st.floats(1e-9, 1.0))
def test_exp_never_falls_by_more_than_its_error(x: float, further: float) -> None:
    assert exp(x + further) >= exp(x) - 2 * math.ulp(exp(x))


@settings(max_examples=300, deadline=None)
@given(st.floats(5e-324, 1.7e308))
def test_log_is_within_two_units_in_the_last_place_of_its_largest_part(x: float) -> None:
    assert abs(log(x) - math.log(x)) <= 2 * max(math.ulp(math.log(x)), math.ulp(0.5))


@settings(max_examples=200, deadline=None)
@given(st.floats(-700, 700))
def test_log_undoes_exp(x: float) -> None:
    """exp carries 2 ulp, so that its logarithm is off by 2^-51 at most, and by its own two units."""
    assert log(exp(x)) == pytest.approx(x, abs=2**-51 + 2 * max(math.ulp(x), math.ulp(0.5)))


def test_ends_of_the_range() -> None:
    assert exp(-1000.0) == exp(-math.inf) == 0.0
    assert exp(709.79) == exp(1000.0) == exp(math.inf) == math.inf
    assert exp(0.0) == 1.0
    assert math.isnan(exp(math.nan))
    assert log(0.0) == -math.inf
    assert log(math.inf) == math.inf
    assert log(1.0) == 0.0
    assert math.isnan(log(-1.0))
    assert math.isnan(log(math.nan))


@pytest.mark.parametrize("k", [-1022, -1, 0, 1, 52, 1023])
def test_powers_of_two_are_exact(k: int) -> None:
    assert power_of_two(k) == float(np.ldexp(1.0, k))


def test_cosine_of_half_a_turn_is_within_two_units_in_the_last_place_of_one() -> None:
    for turn in np.linspace(0.0, 1.0, 1001):
        assert abs(cosine(float(turn)) - math.cos(math.pi * turn)) <= 2 * np.finfo(float).eps
    assert (cosine(0.0), cosine(0.5), cosine(1.0)) == (1.0, 0.0, -1.0)
