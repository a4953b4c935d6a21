"""Plain gradient descent: one update a layer and image, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from chipsim.learning import sgd
from chipsim.learning.rule import Chunk, LayerShape, Update
from chipsim.testing import IdealArrays

LAYERS = (LayerShape("one", 3, 2), LayerShape("two", 2, 1))
CHUNK = Chunk(
    6, 1,
    [np.array([[1.0, -0.5, 0.0]]), np.array([[0.2, 0.4]])],
    [np.array([[0.5, -1.0]]), np.array([[-0.3]])],
)  # fmt: skip


def test_each_layer_is_updated_once_with_its_input_and_error() -> None:
    rule = sgd.Rule(type="sgd", learning_rate=0.2, bit_length=7)
    (group,) = IdealArrays(LAYERS, rule.matrices).converse(rule.step(LAYERS, CHUNK))
    for layer, operation, x, error in zip(LAYERS, group, CHUNK.x, CHUNK.error, strict=True):
        assert isinstance(operation, Update)
        assert (operation.layer, operation.matrix, operation.kind) == (layer.name, "W", "update")
        assert (operation.rate, operation.bit_length, operation.span) == (0.2, 7, (6, 1))
        assert np.array_equal(operation.x, x)
        assert np.array_equal(operation.error, error)


def test_weights_move_by_the_rate_against_the_gradient() -> None:
    """On soft bounds of +-1 from weight 0: exactly -rate x error."""
    rule, arrays = sgd.Rule(type="sgd", learning_rate=0.2), IdealArrays(LAYERS, ("W",))
    arrays.converse(rule.step(LAYERS, CHUNK))
    for layer, x, error in zip(LAYERS, CHUNK.x, CHUNK.error, strict=True):
        expected = -0.2 * x[0][:, None] * error[0]
        assert arrays.values[layer.name, "W"] == pytest.approx(expected)


def test_nothing_comes_before_the_first_image() -> None:
    rule = sgd.Rule(type="sgd")
    assert IdealArrays(LAYERS, rule.matrices).converse(rule.start(LAYERS)) == []


def test_the_file_s_bit_length_is_what_the_drivers_must_do() -> None:
    assert sgd.Rule(type="sgd", bit_length=11).longest_train() == 11
    assert sgd.Rule(type="sgd").longest_train() is None
    assert sgd.Rule(type="sgd").largest_word(LAYERS[0]) is None
