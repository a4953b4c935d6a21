"""Products add in one order: a batch equals its rows, and a plain loop, to the bit."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from chipsim.numerics.products import product

X = arrays(np.float64, (5, 7), elements=st.floats(-1e3, 1e3))
W = arrays(np.float64, (7, 3), elements=st.floats(-1, 1))


@settings(max_examples=60, deadline=None)
@given(X, W)
def test_products_of_a_batch_equal_those_of_its_rows_to_the_bit(x: NDArray[Any], w: NDArray[Any]) -> None:
    whole = product(x, w)
    for row in range(5):
        assert np.array_equal(product(x[row : row + 1], w)[0], whole[row])


@settings(max_examples=60, deadline=None)
@given(X, W)
def test_rows_are_added_in_rising_order(x: NDArray[Any], w: NDArray[Any]) -> None:
    whole = product(x, w)
    for image in range(5):
        for column in range(3):
            total = 0.0
            for row in range(7):
                total += float(x[image, row]) * float(w[row, column])
            assert whole[image, column] == total


@settings(max_examples=60, deadline=None)
@given(X, W)
def test_products_are_those_of_numpy_within_rounding(x: NDArray[Any], w: NDArray[Any]) -> None:
    """n products of rounded terms: within n units of rounding of the sum of magnitudes."""
    bound = 2 * 7 * np.finfo(float).eps * (np.abs(x) @ np.abs(w)) + 1e-300
    assert np.all(np.abs(product(x, w) - x @ w) <= bound)


def test_an_empty_batch_gives_an_empty_product() -> None:
    assert product(np.zeros((0, 7)), np.ones((7, 3))).shape == (0, 3)
