"""Ideal cells with exact converters train as floating point does: a chip against ten lines of NumPy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from chipsim.learning import sgd
from chipsim.simulation.chip import Chip
from chipsim.simulation.controller import Controller
from chipsim.simulation.records import StageData
from tests.simulation import chips

CHIP = """
  controller: {type: controller}
  dac: {type: ideal-dac, bits: 7, lanes: 8}
  drivers: {type: pulse-driver, bit_length: 31}
  array: {type: crossbar, rows: 8, columns: 12, cell: ideal}
  adc: {type: ideal-adc, bits: 9, count: 1}
  digital: {type: digital-unit}
"""
LINKS = (
    "controller -> dac -> array -> adc -> digital -> controller", "controller -> drivers -> array",
    "dac -> array.columns", "array.rows -> adc",
)  # fmt: skip
SIZES, RATE, SCALE, IMAGES = (6, 5, 3), 0.2, 4.0, 120


def floating_point(
    weights: list[NDArray[np.float64]], data: StageData, count: int
) -> list[NDArray[np.float64]]:
    """Stochastic gradient descent, one image at a time, on tanh layers and softmax cross entropy."""
    one, two = (w.copy() for w in weights)
    order = np.concatenate([data.order(epoch) for epoch in range(-(-count // data.train_x.shape[0]))])
    for image in order[:count]:
        x = data.train_x[image]
        hidden = np.tanh(x @ one)
        power = np.exp(SCALE * (hidden @ two))
        error = power / power.sum() - np.eye(SIZES[-1])[data.train_y[image]]
        behind = (two @ error) * (1 - hidden**2)
        one -= RATE * np.outer(x, behind)
        two -= RATE * np.outer(hidden, error)
    return [one, two]


def test_ideal_cells_with_exact_converters_train_exactly_as_floating_point_does() -> None:
    """To rounding: the chip's own exponential differs from NumPy's in the last place."""
    rule = sgd.Rule(type="sgd", learning_rate=RATE)
    plan = chips.plan(chips.parse(CHIP, LINKS), chips.network(*SIZES, scale=SCALE), rule)
    data = chips.images(SIZES[0], SIZES[-1], 50)
    controller = Controller(Chip(plan, 3))
    outcome = controller.run(chips.task(rule, data, IMAGES))
    places = [plan.places[layer, "W"].region for layer in plan.layers]
    before, after = (
        [place.of(arrays["array"]["weights"]).astype(np.float64) for place in places]
        for arrays in (outcome.before, outcome.after)
    )
    expected = floating_point(before, data, IMAGES)
    for start, found, wanted in zip(before, after, expected, strict=True):
        assert np.abs(wanted - start).max() > 0.1
        np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-12)
    assert outcome.evaluations[-1].accuracy > outcome.evaluations[0].accuracy
