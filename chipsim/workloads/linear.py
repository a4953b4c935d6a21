"""What a linear classifier reaches on the same inputs: the yardstick beside a chip's accuracy.

Softmax regression with a bias, fitted on all training images by a bounded number of accelerated gradient
steps (Nesterov's, restarted where step and gradient disagree: O'Donoghue and Candes, Found. Comput. Math. 15,
2015, 715-732, section 3.2). It minimises the mean cross entropy plus |weights|^2 / (2 images), the bias
left free, or |weights|^2 / images for two classes, whose difference alone counts: the penalty that
scikit-learn's LogisticRegression has by default. Sums run in a fixed order and exp is our own, so it ends
alike on every machine. Inputs that are zero are left out of them, which moves no sum. Steps are 300 at most,
and as many fewer as keep steps times images to 6 million, which sets of more than 20,000 images feel.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from chipsim.numerics.elementary import exp
from chipsim.numerics.kernel import kernel

__all__ = ["accuracy", "fit", "predict"]

STEPS = 300  # at most; the shipped tasks need about a third
LOOKS = 6_000_000  # at images, at most: sets of more than 20,000 images are given fewer steps
TOLERANCE = 1e-5  # largest component of the gradient at which the fit has ended
LANES = 16  # classes that a vector loop takes at a time: weights and errors of many are filled up with zeros


class Images(NamedTuple):
    """What of some images is not zero, one image after another."""

    values: NDArray[np.float32]
    features: NDArray[np.uint32]
    """Feature that each value is of, rising within an image."""
    starts: NDArray[np.int64]
    """Where each image's values begin; the last entry is where they end."""


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
    steps, penalty = min(STEPS, max(1, LOOKS // max(len(x), 1))), 2.0 if classes == 2 else 1.0
    weights = _fit(_images(x), x.shape[1], y, classes, penalty, steps, TOLERANCE)
    return np.ascontiguousarray(weights[:, :classes].T)


def predict(x: NDArray[np.float32], weights: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the most likely class of each image, `(images,)`; the lower one where two are equal."""
    filled = np.zeros((weights.shape[1], _filled(len(weights))))
    filled[:, : len(weights)] = weights.T
    found: NDArray[np.int64] = _predict(_images(x), filled, len(weights))
    return found


@kernel
def _filled(classes: int) -> int:
    return classes if 2 * classes < LANES else (classes + LANES - 1) // LANES * LANES


def _images(x: NDArray[np.float32]) -> Images:
    counts = np.count_nonzero(x, axis=1)
    images, features = np.nonzero(x)
    starts = np.concatenate([[0], np.cumsum(counts)])
    return Images(x[images, features], features.astype(np.uint32), starts)


@kernel
def _add_scores(values: Any, features: Any, weights: Any, scores: Any) -> None:
    """Add the score of every value of an image, in rising order of their features."""
    for place in range(values.size):
        value, feature = np.float64(values[place]), features[place]
        for c in range(scores.size):
            scores[c] += value * weights[feature, c]


@kernel
def _add_slopes(values: Any, features: Any, errors: Any, gradient: Any) -> None:
    """Add what the errors of an image give the gradient."""
    for place in range(values.size):
        value, feature = np.float64(values[place]), features[place]
        for c in range(errors.size):
            gradient[feature, c] += errors[c] * value


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
def _gradient(own: Any, y: Any, classes: Any, weights: Any, penalty: Any) -> Any:
    values, features, starts = own
    gradient = penalty * weights
    gradient[-1] = 0.0
    errors = np.empty(weights.shape[1])
    shares, bias, slope = errors[:classes], weights[-1], gradient[-1]
    for n in range(y.size):
        begin, end = starts[n], starts[n + 1]
        errors[:] = bias
        _add_scores(values[begin:end], features[begin:end], weights, errors)
        _to_shares(shares)
        errors[y[n]] -= 1.0
        _add_slopes(values[begin:end], features[begin:end], errors, gradient)
        for c in range(classes):
            slope[c] += errors[c]
    return gradient / y.size


@kernel
def _curvature(own: Any, penalty: Any) -> Any:
    """Bound on the curvature: half the mean square length of an image with its bias, and the penalty."""
    images = own.starts.size - 1
    total = 0.0
    for value in own.values:
        total += float(value) * float(value)
    return float(0.5 * (total / images + 1.0) + penalty / images)


@kernel
def _agreement(gradient: Any, step: Any, classes: Any) -> tuple[float, float]:
    """Largest component of the gradient, and its inner product with a step, added class by class."""
    largest, inner = 0.0, 0.0
    for c in range(classes):
        for f in range(gradient.shape[0]):
            largest = max(largest, abs(gradient[f, c]))
            inner += gradient[f, c] * step[f, c]
    return largest, inner


@kernel
def _fit(own: Any, features: Any, y: Any, classes: Any, penalty: Any, steps: Any, tolerance: Any) -> Any:
    """Weights `(features + 1, classes)`, filled up with classes that are none."""
    size = 1.0 / _curvature(own, penalty)
    weights = np.zeros((features + 1, _filled(classes)))
    ahead = weights.copy()
    momentum = 1.0
    for _ in range(steps):
        gradient = _gradient(own, y, classes, ahead, penalty)
        stepped = ahead - size * gradient
        largest, uphill = _agreement(gradient, stepped - weights, classes)
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
def _predict(own: Any, weights: Any, classes: Any) -> Any:
    values, features, starts = own
    found = np.zeros(starts.size - 1, dtype=np.int64)
    scores = np.empty(weights.shape[1])
    for n in range(found.size):
        begin, end = starts[n], starts[n + 1]
        scores[:] = weights[-1]
        _add_scores(values[begin:end], features[begin:end], weights, scores)
        for c in range(1, classes):
            if scores[c] > scores[found[n]]:
                found[n] = c
    return found
