"""Our rules learn the reference's task as fast and as well as AIHWKIT's do, seed by seed apart from chance.

`studies/training_curves.py` does the same with more seeds and to the end of the curves.
"""

from __future__ import annotations

import numpy as np
import pytest

from chipsim.circuits.digital_unit import DigitalUnit, Parameters
from tests.learning import reference_task

SEEDS, IMAGES = 5, 1500


@pytest.fixture(scope="module")
def task() -> reference_task.Task:
    return reference_task.task()


@pytest.mark.parametrize("rule", reference_task.RULES)
def test_curves_differ_from_the_reference_by_chance_only(rule: str, task: reference_task.Task) -> None:
    """Five seeds of either: of 252 ways to deal them out 2 are refused, 0.8 % a rule, 6 % in all."""
    runs = [
        reference_task.train(reference_task.RULES[rule], seed, task, IMAGES)
        for seed in range(100, 100 + SEEDS)
    ]
    ours, theirs = reference_task.curves(runs), reference_task.reference_curves(rule, IMAGES)
    assert reference_task.chance(ours, theirs, draws=4000) > 0.01


@pytest.mark.slow
@pytest.mark.parametrize("rule", reference_task.RULES)
def test_whole_curves_differ_from_the_reference_by_chance_only(rule: str, task: reference_task.Task) -> None:
    """All 8,000 images, 20 seeds of ours: what the usual run can't see for lack of seeds and images."""
    length = reference_task.IMAGES
    runs = [reference_task.train(reference_task.RULES[rule], seed, task, length) for seed in range(20)]
    ours, theirs = reference_task.curves(runs), reference_task.reference_curves(rule, length)
    assert reference_task.chance(ours, theirs, draws=4000) > 0.01


def test_the_test_sees_a_learning_rate_that_is_ten_times_too_large(task: reference_task.Task) -> None:
    """A's rate as the reference's settings seem to say; see the note at `reference_task.RULES`."""
    rule = reference_task.RULES["ttv1"].model_copy(update={"learning_rate": 0.01})
    runs = [reference_task.train(rule, seed, task, 1000) for seed in range(100, 100 + SEEDS)]
    theirs = reference_task.reference_curves("ttv1", 1000)
    assert reference_task.chance(reference_task.curves(runs), theirs, draws=4000) < 0.01


def test_floating_point_training_gives_the_reference_s_losses(task: reference_task.Task) -> None:
    """Split, order, start weights, loss and error are those of the reference (which counts in float32)."""
    unit = DigitalUnit(Parameters(type="digital-unit", latency=2e-9))
    weights = task.weights.copy()
    expected = reference_task.reference()["fp"]
    for done in range(reference_task.IMAGES + 1):
        if done in expected:
            scored, _ = unit.score(task.test_x @ weights, task.test_labels, 1.0)
            assert scored.correct / 100 == expected[done][0][0]
            assert scored.loss / 100 == pytest.approx(expected[done][0][1], rel=1e-4)
        if done < reference_task.IMAGES:
            x = task.x[done : done + 1]
            scored, _ = unit.score(x @ weights, task.labels[done : done + 1], 1.0)
            weights -= 0.1 * np.outer(x, scored.error)
