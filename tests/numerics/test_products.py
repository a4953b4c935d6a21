"""Products add in one order: a batch equals its rows, and a plain loop, to the bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from chipsim.numerics.products import BLOCK, LANES, TOGETHER, add_outer, product, transposed_product
from chipsim.numerics.threads import VARIABLE

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


LONG = BLOCK + 2 * TOGETHER + 3
"""Rows of a matrix that fill a block, some steps of several lines behind it, and some lines more."""


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 999), st.sampled_from([1.0, 0.2, 0.01]), st.sampled_from([TOGETHER - 1, 40, LONG]))
def test_a_sparse_product_equals_the_plain_sum_over_all_rows_to_the_bit(
    seed: int, density: float, rows: int
) -> None:
    """Terms that are zero move no sum, since none is ever -0; whole codes count as their values."""
    draws = np.random.default_rng(seed)
    x = draws.integers(-128, 128, (3, rows)) * (draws.random((3, rows)) < density)
    w = draws.normal(size=(rows, 5))
    total = np.zeros((3, 5))
    for row in range(rows):
        total += x[:, row, None].astype(float) * w[row]
    assert product(x.astype(np.int32), w).tobytes() == total.tobytes()
    assert product(x.astype(float), w).tobytes() == total.tobytes()


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 999), st.sampled_from([1.0, 0.2]), st.sampled_from([1, TOGETHER - 1, 2 * TOGETHER + 3]))
def test_outer_products_of_a_batch_are_added_one_image_after_another_to_the_bit(
    seed: int, density: float, images: int
) -> None:
    draws = np.random.default_rng(seed)
    x = draws.normal(size=(images, 6)) * (draws.random((images, 6)) < density)
    d, w = draws.normal(size=(images, 5)), draws.normal(size=(6, 5))
    wanted = w.copy()
    for image in range(images):
        wanted += (-0.1 * x[image])[:, None] * d[image]
    add_outer(w, x, d, -0.1)
    assert w.tobytes() == wanted.tobytes()


WIDE = 2 * LANES + 3
"""Columns of a matrix that fill the partial sums twice and some of them once more."""


def added_by_lanes(terms: list[float]) -> float:
    """Column c to partial sum c mod LANES, then the second half to the first, as the docstring says."""
    partial = [0.0] * LANES
    for column, term in enumerate(terms):
        partial[column % LANES] += term
    while len(partial) > 1:
        half = len(partial) // 2
        partial = [partial[lane] + partial[lane + half] for lane in range(half)]
    return partial[0]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 999), st.sampled_from([1.0, 0.2, 0.01]), st.sampled_from([3, LANES, WIDE]))
def test_a_transposed_product_adds_in_the_order_that_it_says_for_any_batch(
    seed: int, density: float, columns: int
) -> None:
    draws = np.random.default_rng(seed)
    x = draws.normal(size=(20, columns)) * (draws.random((20, columns)) < density)
    w = draws.normal(size=(4, columns))
    whole = transposed_product(x, w)
    assert whole.tolist() == [[added_by_lanes((one * row).tolist()) for row in w] for one in x]
    for image in range(20):
        assert np.array_equal(transposed_product(x[image : image + 1], w)[0], whole[image])


def test_products_are_the_same_to_the_bit_for_any_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Large enough to be spread."""
    draws = np.random.default_rng(0)
    x, w = draws.normal(size=(40, 150)), draws.normal(size=(150, 400))
    found = []
    for count in (1, 2, 3):
        monkeypatch.setenv(VARIABLE, str(count))
        found.append((product(x, w), transposed_product(product(x, w), w)))
    for forward, back in found[1:]:
        assert np.array_equal(forward, found[0][0])
        assert np.array_equal(back, found[0][1])
