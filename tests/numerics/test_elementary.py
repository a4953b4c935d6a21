"""exp and log to within two units in the last place, and exact powers of two."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chipsim.numerics.elementary import exp, log, power_of_two


@settings(max_examples=300, deadline=None)
@given(st.floats(-700, 700))
def test_exp_is_within_two_units_in_the_last_place(x: float) -> None:
    assert abs(exp(x) - math.exp(x)) <= 2 * math.ulp(math.exp(x))


@settings(max_examples=300, deadline=None)
@given(st.floats(1e-300, 1e300))
def test_log_is_within_two_units_in_the_last_place_of_its_largest_part(x: float) -> None:
    assert abs(log(x) - math.log(x)) <= 2 * max(math.ulp(math.log(x)), math.ulp(0.5))


def test_ends_of_the_range() -> None:
    assert exp(-1000.0) == 0.0
    assert exp(1000.0) == math.inf
    assert log(0.0) == -math.inf
    assert math.isnan(log(-1.0))


@pytest.mark.parametrize("k", [-1074, -1022, -1, 0, 1, 52, 1023])
def test_powers_of_two_are_exact(k: int) -> None:
    assert power_of_two(k) == float(np.ldexp(1.0, k))
