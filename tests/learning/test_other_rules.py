"""Tiki-Taka 1, mixed precision, and what rules may be told beside: scales, units, schedules."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from chipsim.learning import mixed_precision, sgd, ttv1, ttv2
from chipsim.learning.rule import Chunk, Integrate, LayerShape, Operation, Site, Transfer, Update, Write
from chipsim.learning.schedule import StepDecay
from chipsim.testing import IdealArrays

STEP = 0.05
LAYER = LayerShape("one", 4, 3, {matrix: Site(STEP, 31) for matrix in "ACW"})


HALVED = StepDecay(type="step", every=10, factor=0.5)


def chunk(first: int = 0, x: float = 1.0, d: float = -1.0, images: int = 1) -> Chunk:
    return Chunk(first, images, (np.full((images, 4), x),), (np.full((images, 3), d),))


def begin(rule: Any) -> IdealArrays:
    arrays = IdealArrays((LAYER,), rule.matrices, STEP)
    arrays.converse(rule.start((LAYER,)))
    return arrays


def asked(arrays: IdealArrays, rule: Any, a_chunk: Chunk) -> list[Operation]:
    return [o for group in arrays.converse(rule.step((LAYER,), a_chunk)) for o in group]


@pytest.mark.parametrize("side", ["row", "column"])
def test_tiki_taka_1_moves_c_by_its_rate_times_the_reading(side: Any) -> None:
    rule = ttv1.Rule(type="ttv1", learning_rate=0.2, transfer_rate=0.5, transfer_every=2, read_by=side)
    arrays = begin(rule)
    assert [o.kind for o in asked(arrays, rule, chunk(0))] == ["update"]
    assert [o.kind for o in asked(arrays, rule, chunk(1))] == ["update", "transfer-read", "transfer-write"]
    a = 1 - 0.8**2
    assert np.allclose(arrays.values["one", "A"], a)
    assert np.allclose(arrays.values["one", "C"], 0.5 * a)


def test_tiki_taka_1_drives_one_line_after_another_with_trains_of_its_own() -> None:
    rule = ttv1.Rule(type="ttv1", read="line", transfer_every=1, bit_length=9, update_management=True)
    arrays = begin(rule)
    for image in range(6):
        (moved,) = (o for o in asked(arrays, rule, chunk(image)) if isinstance(o, Transfer))
        assert moved.x.tolist() == [[float(line == image % 4) for line in range(4)]]
        assert (moved.first, moved.span, moved.bit_length) == (image, (0, 0), 9)
        assert moved.management.update


def test_mixed_precision_fires_the_whole_steps_and_keeps_the_rest() -> None:
    """0.17 at a step of 0.05: three pulses, 0.02 stay; three more of 0.17 + 0.02."""
    rule = mixed_precision.Rule(type="mixed-precision", learning_rate=0.17)
    arrays = begin(rule)
    for image, left in enumerate((0.02, 0.04, 0.01)):
        (write,) = (o for o in asked(arrays, rule, chunk(image)) if isinstance(o, Write))
        assert np.all(write.pulses == (3 if image < 2 else 4))
        assert np.allclose(arrays.values["one", "chi"], left)
    assert np.allclose(arrays.values["one", "W"], 10 * STEP)


def test_mixed_precision_fires_no_more_than_a_train_has_slots() -> None:
    rule = mixed_precision.Rule(type="mixed-precision", learning_rate=0.17, bit_length=2)
    arrays = begin(rule)
    (write,) = (o for o in asked(arrays, rule, chunk(0)) if isinstance(o, Write))
    assert np.all(write.pulses == 2)
    assert np.allclose(arrays.values["one", "chi"], 0.07)


def test_mixed_precision_gathers_until_it_writes() -> None:
    rule = mixed_precision.Rule(type="mixed-precision", learning_rate=0.02, transfer_every=10)
    arrays = begin(rule)
    assert [o.kind for o in asked(arrays, rule, chunk(0, images=9))] == ["accumulate"]
    assert np.allclose(arrays.values["one", "chi"], 0.18)
    kinds = [o.kind for o in asked(arrays, rule, chunk(9))]
    assert kinds == ["accumulate", "integrate", "transfer-write"]


def test_auto_scale_pulses_in_units_of_the_running_means() -> None:
    """m = 0.5, then 0.5 + 0.1 (1 - 0.5) = 0.55; errors of 0 are passed over; rate 0.5 x 31 steps."""
    rule = ttv2.Rule(type="ttv2", learning_rate=0.5, scale="auto", scale_memory=0.9)
    arrays = begin(rule)
    for image, (x, d, mean) in enumerate(
        ((0.5, 0.0, (0.5, 0)), (1.0, -0.2, (0.55, 0.2)), (0, 0, (0.55, 0.2)))
    ):
        (update,) = (o for o in asked(arrays, rule, chunk(image, x, d)) if isinstance(o, Update))
        assert arrays.values["one", "scale"] == pytest.approx(np.array([mean]))
        assert update.rate == pytest.approx(0.5 * 31 * STEP)
        assert update.x == pytest.approx(np.full((1, 4), x / mean[0]))
        assert update.error == pytest.approx(np.full((1, 3), d / (mean[1] or 1)))


@pytest.mark.parametrize(
    ("unit", "read", "threshold"),
    [("weight", "all", 2.0), ("step", "all", 2 * STEP), ("period", "all", 2 * STEP / 5),
     ("period", "line", 2 * STEP / 20)],
)  # fmt: skip
def test_a_threshold_is_in_its_unit(unit: Any, read: Any, threshold: float) -> None:
    rule = ttv2.Rule(type="ttv2", threshold=2.0, threshold_unit=unit, read=read, transfer_every=5)
    (found,) = (o for o in asked(begin(rule), rule, chunk(4)) if isinstance(o, Integrate))
    assert found.threshold == pytest.approx(threshold)
    assert rule.largest_word(LAYER) == pytest.approx(threshold)


def test_a_learning_rate_falls_by_steps() -> None:
    """Of the pulses where they are the weights' own, of the transfer where A lies between."""
    plain = sgd.Rule(type="sgd", learning_rate=0.1, schedule=HALVED)
    errors = [next(plain.step((LAYER,), chunk(image)))[0] for image in (0, 9, 10, 25)]
    assert [o.error[0, 0] for o in errors if isinstance(o, Update)] == [-1, -1, -0.5, -0.25]
    rule = ttv1.Rule(type="ttv1", transfer_rate=0.1, transfer_every=1, schedule=HALVED)
    moved = [o for i in (9, 10) for o in asked(begin(rule), rule, chunk(i)) if isinstance(o, Transfer)]
    assert [o.rate for o in moved] == [0.1, 0.05]
    buffered = ttv2.Rule(type="ttv2", gain=1.0, transfer_every=1, schedule=HALVED)
    for image, share in ((9, 1.0), (10, 0.5)):
        arrays = begin(buffered)
        asked(arrays, buffered, chunk(image))
        assert np.allclose(arrays.values["one", "H"], share * arrays.values["one", "A"])


def test_every_rule_that_pulses_can_be_managed() -> None:
    for rule in (
        sgd.Rule(type="sgd", bit_length_management=True),
        ttv2.Rule(type="ttv2", bit_length_management=True),
        ttv1.Rule(type="ttv1", bit_length_management=True),
    ):
        (update,) = (o for o in asked(begin(rule), rule, chunk(0)) if type(o) is Update)
        assert update.management == (False, True)
