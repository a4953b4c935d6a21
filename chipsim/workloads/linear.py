"""What a linear classifier reaches on the same inputs: the yardstick beside a chip's accuracy.

Softmax regression with a bias, fitted on all training images by a bounded number of accelerated gradient
steps (Nesterov's, restarted where step and gradient disagree: O'Donoghue and Candes, Found. Comput. Math. 15,
2015, 715-732, section 3.2). It minimises the mean cross entropy plus |weights|^2 / (2 images), the bias
left free, or |weights|^2 / images for two classes, whose difference alone counts: the penalty that
scikit-learn's LogisticRegression has by default. Sums run in a fixed order and exp is our own, so it ends
alike on every machine.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from chipsim.numerics.elementary import exp
from chipsim.numerics.kernel import kernel

__all__ = ["accuracy", "fit", "predict"]

STEPS = 300  # at most; the shipped tasks need about a third
TOLERANCE = 1e-5  # largest component of the gradient at which the fit has ended


def accuracy(
    train_x: NDArray[np.float32],
    train_y: NDArray[np.int64],
    test_x: NDArray[np.float32],
    test_y: NDArray[np.int64],
    classes: int,
) -> float:
    """Return the share of the test images that a linear classifier fitted on the training images gets right.

    Inputs `(images, features)`, labels `(images,)` in 0..`classes` - 1.
    """
    found = predict(test_x, fit(train_x, train_y, classes))
    return int(np.count_nonzero(found == test_y)) / len(test_y)


def fit(x: NDArray[np.float32], y: NDArray[np.int64], classes: int) -> NDArray[np.float64]:
    """Return the weights `(classes, features + 1)` of the linear classifier; the last column is the bias."""
    return _fit(np.ascontiguousarray(x), y, classes, 2.0 if classes == 2 else 1.0, STEPS, TOLERANCE)


def predict(x: NDArray[np.float32], weights: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the most likely class of each image, `(images,)`; the lower one where two are equal."""
    return _predict(np.ascontiguousarray(x), weights)


@kernel
def _scores(
    x: NDArray[np.float32], n: int, weights: NDArray[np.float64], scores: NDArray[np.float64]
) -> None:
    features = x.shape[1]
    for c in range(scores.size):
        total = weights[c, features]
        for f in range(features):
            total += x[n, f] * weights[c, f]
        scores[c] = total


@kernel
def _to_shares(scores: NDArray[np.float64]) -> None:
    highest = scores[0]
    for c in range(1, scores.size):
        highest = max(highest, scores[c])
    total = 0.0
    for c in range(scores.size):
        scores[c] = exp(scores[c] - highest) if scores[c] < highest else 1.0
        total += scores[c]
    for c in range(scores.size):
        scores[c] /= total


@kernel
def _gradient(
    x: NDArray[np.float32], y: NDArray[np.int64], weights: NDArray[np.float64], penalty: float
) -> NDArray[np.float64]:
    images, features = x.shape
    gradient = penalty * weights
    gradient[:, features] = 0.0
    errors = np.empty(len(weights))
    for n in range(images):
        _scores(x, n, weights, errors)
        _to_shares(errors)
        errors[y[n]] -= 1.0
        for c in range(errors.size):
            error = errors[c]
            for f in range(features):
                gradient[c, f] += error * x[n, f]
            gradient[c, features] += error
    mean: NDArray[np.float64] = gradient / images
    return mean


@kernel
def _curvature(x: NDArray[np.float32], penalty: float) -> float:
    """Bound on the curvature: half the mean square length of an image with its bias, and the penalty."""
    images, features = x.shape
    total = 0.0
    for n in range(images):
        for f in range(features):
            total += float(x[n, f]) * float(x[n, f])
    return float(0.5 * (total / images + 1.0) + penalty / images)


@kernel
def _agreement(gradient: NDArray[np.float64], step: NDArray[np.float64]) -> tuple[float, float]:
    """Largest component of the gradient, and its inner product with a step."""
    largest, inner = 0.0, 0.0
    for c in range(gradient.shape[0]):
        for f in range(gradient.shape[1]):
            largest = max(largest, abs(gradient[c, f]))
            inner += gradient[c, f] * step[c, f]
    return largest, inner


@kernel
def _fit(
    x: NDArray[np.float32], y: NDArray[np.int64], classes: int, penalty: float, steps: int, tolerance: float
) -> NDArray[np.float64]:
    size = 1.0 / _curvature(x, penalty)
    weights = np.zeros((classes, x.shape[1] + 1))
    ahead = weights.copy()
    momentum = 1.0
    for _ in range(steps):
        gradient = _gradient(x, y, ahead, penalty)
        stepped = ahead - size * gradient
        largest, uphill = _agreement(gradient, stepped - weights)
        if largest < tolerance:
            return stepped
        if uphill > 0.0:
            momentum = 1.0
        following = 0.5 * (1.0 + np.sqrt(1.0 + 4.0 * momentum * momentum))
        ahead = stepped + ((momentum - 1.0) / following) * (stepped - weights)
        weights = stepped
        momentum = following
    return weights


@kernel
def _predict(x: NDArray[np.float32], weights: NDArray[np.float64]) -> NDArray[np.int64]:
    found = np.zeros(len(x), dtype=np.int64)
    scores = np.empty(len(weights))
    for n in range(len(x)):
        _scores(x, n, weights, scores)
        for c in range(1, scores.size):
            if scores[c] > scores[found[n]]:
                found[n] = c
    return found
