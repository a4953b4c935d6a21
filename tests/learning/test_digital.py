"""Floating-point training: its schedules, and step by step what plain NumPy does."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from chipsim.learning import digital
from chipsim.learning.rule import Chunk, LayerShape, images_together
from chipsim.testing import IdealArrays
from chipsim.workloads import dataset

REFERENCE = Path(__file__).parents[1] / "reference"
LAYER = LayerShape("dense1", 64, 2)


def rule(**given: object) -> digital.Rule:
    return digital.Rule.model_validate({"type": "digital", **given})


def column(name: str, key: str) -> list[str]:
    with (REFERENCE / name).open(encoding="utf-8") as file:
        return [row[key] for row in csv.DictReader(file)]


def reference_images() -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The training images of the reference's task, in its order."""
    index = np.array(column("digits01_split.csv", "load_digits_index"), dtype=np.int64)
    images = dataset.load("digits", "all", index)
    order = np.array(column("digits01_order.csv", "train_index"), dtype=np.int64)
    return images.pixels[order] / 16.0, images.labels[order].astype(np.int64)


def error_of(x: NDArray[np.float64], w: NDArray[np.float64], label: int) -> NDArray[np.float64]:
    """Slope of the softmax cross entropy in the outputs x w."""
    y = x @ w
    p = np.exp(y - y.max())
    p /= p.sum()
    p[label] -= 1.0
    return p


def heavy_ball(
    x: NDArray[np.float64], labels: NDArray[np.int64], w: NDArray[np.float64], rate: float, batch: int,
    momentum: float,
) -> NDArray[np.float64]:  # fmt: skip
    """Mini-batch gradient descent as a textbook has it: v <- momentum v - rate mean(gradient), w <- w + v."""
    v = np.zeros_like(w)
    for start in range(0, len(x), batch):
        part = range(start, min(start + batch, len(x)))
        gradient = sum(np.outer(x[i], error_of(x[i], w, labels[i])) for i in part) / batch
        v = momentum * v - rate * gradient
        w = w + v
    return w


def trained(
    a_rule: digital.Rule, x: NDArray[np.float64], labels: NDArray[np.int64], w: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The weights that the rule comes to on ideal arrays."""
    arrays = IdealArrays([LAYER], a_rule.matrices, digital=a_rule.digital)
    arrays.values["dense1", "D"][:] = w
    arrays.converse(a_rule.start([LAYER]))
    done = 0
    while done < len(x):
        count = images_together(a_rule.declarations(), done, len(x) - done)
        part, now = slice(done, done + count), arrays.values["dense1", "D"]
        error = np.array([error_of(a, now, label) for a, label in zip(x[part], labels[part], strict=True)])
        arrays.converse(a_rule.step([LAYER], Chunk(done, count, (x[part],), (error,))))
        done += count
    return arrays.values["dense1", "D"]


@pytest.mark.parametrize(("batch", "momentum"), [(1, 0.0), (10, 0.0), (1, 0.9), (20, 0.5)])
def test_it_agrees_with_a_plain_loop_on_the_digits_to_rounding(batch: int, momentum: float) -> None:
    x, labels = reference_images()
    x, labels = x[:1000], labels[:1000]
    w0 = np.loadtxt(REFERENCE / "digits01_w0.csv", delimiter=",").T
    expected = heavy_ball(x, labels, w0, 0.05, batch, momentum)
    found = trained(rule(learning_rate=0.05, batch=batch, momentum=momentum), x, labels, w0)
    assert np.abs(found - expected).max() < 1e-9
    assert np.abs(expected - w0).max() > 0.1


def test_images_of_a_mini_batch_run_together_and_no_further() -> None:
    declared = rule(batch=16).declarations()
    assert images_together(declared, 0, 1000) == 16
    assert images_together(declared, 10, 1000) == 6
    assert images_together(rule(batch=1).declarations(), 0, 1000) == 1


def test_images_after_the_last_whole_mini_batch_do_not_reach_the_weights() -> None:
    x, labels = reference_images()
    w0 = np.zeros((64, 2))
    whole, more = (trained(rule(batch=8), x[:count], labels[:count], w0) for count in (16, 23))
    assert np.array_equal(whole, more)


def test_the_rate_falls_by_a_factor_every_so_many_images() -> None:
    falling = rule(learning_rate=0.8, schedule={"type": "step", "every": 100, "factor": 0.5})
    assert [falling.rate(image) for image in (0, 99, 100, 250, 500)] == [0.8, 0.8, 0.4, 0.2, 0.025]


def test_the_rate_falls_along_half_a_cosine_and_stays() -> None:
    falling = rule(learning_rate=2.0, schedule={"type": "cosine", "images": 1000, "final": 0.1})
    for image in (0, 1, 250, 500, 613, 1000, 5000):
        expected = 0.2 + 0.9 * (1 + math.cos(math.pi * min(image / 1000, 1.0)))
        assert falling.rate(image) == pytest.approx(expected, rel=1e-14)


def test_all_images_of_a_mini_batch_have_the_rate_at_its_beginning() -> None:
    falling = rule(batch=10, schedule={"type": "cosine", "images": 1000})
    assert falling.rate(29) == falling.rate(20) > falling.rate(30)
