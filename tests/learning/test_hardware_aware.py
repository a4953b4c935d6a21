"""Hardware-aware training: what it adds to floating-point training, and nothing else."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from chipsim.learning import digital, hardware_aware
from chipsim.learning.rule import Chunk, Fill, LayerShape, LearningRule, images_together
from chipsim.testing import IdealArrays

LAYER = LayerShape("dense1", 6, 4, key=77)


def rule(**given: object) -> hardware_aware.Rule:
    return hardware_aware.Rule.model_validate({"type": "hardware-aware", **given})


def trained(a_rule: LearningRule, gradients: NDArray[np.float64], start: float = 0.0) -> IdealArrays:
    """Ideal arrays after images whose gradient is `gradients` `(rows, columns)`, column by column of x."""
    arrays = IdealArrays([LAYER], a_rule.matrices, digital=a_rule.digital)
    arrays.values["dense1", "D"][:] = start
    arrays.converse(a_rule.start([LAYER]))
    for image, x in enumerate(np.eye(LAYER.rows)):
        chunk = Chunk(image, 1, (x[None],), (gradients[image][None],))
        arrays.converse(a_rule.step([LAYER], chunk))
    return arrays


def test_a_constant_push_ends_at_the_soft_bound_as_its_closed_form_says() -> None:
    """w <- w + v (1 - w / b) from 0 is b (1 - (1 - v / b)^n)."""
    push, bound, images = 0.04, 0.8, 90
    a_rule = rule(learning_rate=push, bound=bound)
    arrays = IdealArrays([LAYER], a_rule.matrices, digital=a_rule.digital)
    arrays.converse(a_rule.start([LAYER]))
    x, error = np.ones((1, LAYER.rows)), -np.ones((1, LAYER.columns))
    for image in range(images):
        arrays.converse(a_rule.step([LAYER], Chunk(image, 1, (x,), (error,))))
    expected = bound * (1 - (1 - push / bound) ** images)
    assert np.allclose(arrays.values["dense1", "D"], expected, rtol=1e-12)


def test_a_linear_response_without_noise_is_floating_point_training_to_the_bit() -> None:
    gradients = np.random.default_rng(1).normal(size=(LAYER.rows, LAYER.columns))
    plain = digital.Rule(type="digital", learning_rate=0.3, batch=2, momentum=0.5)
    aware = rule(response="linear", learning_rate=0.3, batch=2, momentum=0.5)
    for name in ("D", "V"):
        one, other = (trained(r, gradients, 0.2).values["dense1", name] for r in (plain, aware))
        assert np.array_equal(one, other)


@given(seed=st.integers(0, 2**32 - 1), rate=st.floats(0.01, 30), bound=st.floats(0.1, 3))
def test_no_weight_leaves_what_a_device_can_hold(seed: int, rate: float, bound: float) -> None:
    gradients = np.random.default_rng(seed).normal(size=(LAYER.rows, LAYER.columns))
    found = trained(rule(learning_rate=rate, bound=bound), gradients).values["dense1", "D"]
    assert np.all(np.abs(found) <= bound)


def noise(a_rule: hardware_aware.Rule, done: int, layer: LayerShape) -> NDArray[np.float64]:
    """The noise that is written after so many images."""
    x, error = np.zeros((1, layer.rows)), np.zeros((1, layer.columns))
    conversation = a_rule.step([layer], Chunk(done - 1, 1, (x,), (error,)))
    arrays = IdealArrays([layer], a_rule.matrices, digital=a_rule.digital)
    (fill,) = [op for group in arrays.converse(conversation) for op in group if isinstance(op, Fill)]
    return fill.values


def test_noise_has_the_deviation_of_its_share_of_the_range() -> None:
    """40,000 normal draws of deviation 0.1: mean and deviation within 4.5 standard errors, chance 1.4e-5."""
    layer = LayerShape("wide", 200, 200, key=5)
    values = noise(rule(noise=0.05), 1, layer)
    assert abs(values.mean()) < 4.5 * 0.1 / math.sqrt(values.size)
    assert abs(values.std() - 0.1) < 4.5 * 0.1 / math.sqrt(2 * values.size)


def test_noise_is_drawn_anew_after_every_mini_batch_by_layer_and_image_alone() -> None:
    a_rule = rule(noise=0.05, batch=5)
    first, second = (noise(a_rule, done, LAYER) for done in (5, 10))
    assert not np.any(first == second)
    assert np.array_equal(first, noise(a_rule, 5, LAYER))
    assert not np.any(first == noise(a_rule, 5, LAYER._replace(key=78)))


def test_images_of_a_mini_batch_run_together_up_to_the_next_noise() -> None:
    declared = rule(noise=0.05, batch=16).declarations()
    assert [images_together(declared, done, 1000) for done in (0, 10, 16)] == [16, 6, 16]


def test_without_noise_passes_read_the_weights_alone() -> None:
    assert rule().read_through() == {"D": 1.0}
    assert rule(noise=0.01).read_through() == {"D": 1.0, "N": 1.0}


def test_a_bound_beside_a_linear_response_has_no_effect() -> None:
    assert rule(response="linear", bound=0.5).unused() == {"bound": "beside 'response: linear'"}
    assert rule(bound=0.5).unused() == {}
