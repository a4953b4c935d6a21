"""The linear classifier reaches what theory says that the best linear rule reaches."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from chipsim.workloads import linear

Inputs = tuple[NDArray[np.float32], NDArray[np.int64]]


def gaussians(means: NDArray[np.float64], images: int, seed: int) -> Inputs:
    """Images of unit variance around the mean of each class, classes in turn."""
    draws = np.random.default_rng(seed)
    y = np.arange(images, dtype=np.int64) % len(means)
    x = means[y] + draws.standard_normal((images, means.shape[1]))
    return x.astype(np.float32), y


def phi(z: float) -> float:
    return 0.5 * (1 + math.erf(z / math.sqrt(2)))


def loss_gradient(
    x: NDArray[np.float32], y: NDArray[np.int64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Gradient of the mean cross entropy and of the penalty, as the module's first paragraph states them."""
    images, classes = len(x), len(weights)
    inputs = np.hstack([x, np.ones((images, 1))])
    scores = inputs @ weights.T
    shares = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    shares[np.arange(images), y] -= 1
    penalty = weights.copy() * (2 if classes == 2 else 1)
    penalty[:, -1] = 0
    return (shares.T @ inputs + penalty) / images


@pytest.mark.parametrize("distance", [1.0, 2.0, 3.0])
def test_two_gaussian_classes_are_told_apart_as_well_as_can_be(distance: float) -> None:
    # Unit variance, means `distance` apart: the best rule of all is linear and right with probability
    # phi(distance / 2). 4,000 training images cost less than 0.005 of it; 5 standard errors.
    means = np.zeros((2, 8))
    means[1] = distance / math.sqrt(8)
    best = phi(distance / 2)
    found = linear.accuracy(*gaussians(means, 4000, 1), *gaussians(means, 4000, 2), classes=2)
    assert abs(found - best) < 5 * math.sqrt(best * (1 - best) / 4000) + 0.005


def test_three_classes_on_a_triangle_are_told_apart_as_well_as_can_be() -> None:
    # The best rule takes the nearest corner. What a class gets right is the normal density around its corner,
    # added up over the grid points that lie nearest to it; the three are alike by symmetry.
    side = 3.0
    corners = np.array([[0.0, 0.0], [side, 0.0], [side / 2, side * math.sqrt(3) / 2]])
    grid = np.linspace(-8, 8, 1601)
    a, b = np.meshgrid(grid, grid)
    density = np.exp(-(a**2 + b**2) / 2) / (2 * math.pi) * (grid[1] - grid[0]) ** 2
    nearest = np.argmin([(a - cx) ** 2 + (b - cy) ** 2 for cx, cy in corners], axis=0)
    best = float(density[nearest == 0].sum())
    found = linear.accuracy(*gaussians(corners, 6000, 3), *gaussians(corners, 6000, 4), classes=3)
    assert abs(found - best) < 5 * math.sqrt(best * (1 - best) / 6000) + 0.005


def test_classes_with_a_gap_between_them_are_told_apart_without_fault() -> None:
    x = np.concatenate([np.linspace(-1, -0.2, 50), np.linspace(0.2, 1, 50)]).astype(np.float32)[:, None]
    y = np.repeat([0, 1], 50).astype(np.int64)
    assert linear.accuracy(x, y, x, y, classes=2) == 1.0


def test_the_bias_finds_a_border_away_from_the_origin() -> None:
    x = np.concatenate([np.linspace(0.5, 0.7, 200), np.linspace(0.8, 1.0, 200)]).astype(np.float32)[:, None]
    y = np.repeat([0, 1], 200).astype(np.int64)
    assert linear.accuracy(x, y, x, y, classes=2) == 1.0


def test_inputs_that_say_nothing_give_the_larger_class() -> None:
    x = np.zeros((100, 4), dtype=np.float32)
    y = (np.arange(100) < 70).astype(np.int64)
    assert linear.accuracy(x, y, x, y, classes=2) == 0.7
    shares = linear.fit(x, y, 2)
    assert shares[1, -1] - shares[0, -1] == pytest.approx(math.log(70 / 30), abs=1e-3)
    np.testing.assert_array_equal(shares[:, :-1], 0.0)


def test_no_line_parts_the_corners_of_a_square_crosswise() -> None:
    x = np.array([[-1, -1], [1, 1], [-1, 1], [1, -1]], dtype=np.float32)
    y = np.array([0, 0, 1, 1], dtype=np.int64)
    np.testing.assert_allclose(linear.fit(x, y, 2)[:, :-1], 0.0, atol=1e-9)


def test_equal_scores_give_the_lower_class() -> None:
    assert linear.predict(np.zeros((3, 2), dtype=np.float32), np.zeros((4, 3))).tolist() == [0, 0, 0]


def test_two_points_end_where_the_closed_form_says() -> None:
    # Inputs -1 and 1 of two classes: by symmetry the weights are (-w, w) without bias, the mean cross entropy
    # is log(1 + exp(-2 w)), and the penalty 2 w^2 / 2 images. The sum is least where w (1 + exp(2 w)) = 1.
    x = np.array([[-1], [1]], dtype=np.float32)
    w = linear.fit(x, np.array([0, 1], dtype=np.int64), 2)[1, 0]
    assert w * (1 + math.exp(2 * w)) == pytest.approx(1, abs=1e-3)


@settings(deadline=None, max_examples=25)
@given(classes=st.integers(2, 5), features=st.integers(1, 6), seed=st.integers(0, 2**32 - 1))
def test_the_fit_ends_where_the_gradient_vanishes(classes: int, features: int, seed: int) -> None:
    means = np.random.default_rng(seed).uniform(-1, 1, (classes, features))
    x, y = gaussians(means, 100, seed)
    assert np.abs(loss_gradient(x, y, linear.fit(x, y, classes))).max() < 1e-4


def test_the_layout_of_the_inputs_changes_nothing() -> None:
    x, y = gaussians(np.array([[0.0] * 6, [1.0] * 6]), 500, 5)
    columns = [4, 0, 2]
    np.testing.assert_array_equal(
        linear.fit(x[:, columns], y, 2), linear.fit(np.asfortranarray(x[:, columns]), y, 2)
    )


def test_the_same_inputs_give_the_same_bits() -> None:
    x, y = gaussians(np.array([[0.0] * 6, [1.0] * 6]), 500, 6)
    assert linear.fit(x, y, 2).tobytes() == linear.fit(x.copy(), y.copy(), 2).tobytes()
