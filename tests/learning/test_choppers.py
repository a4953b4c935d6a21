"""Chopped rules: signs flip as often as they should, and offsets of A do not reach C."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from chipsim.learning import agad, c_ttv2
from chipsim.learning.choppers import BLOCK, ChoppedRule, random_signs
from chipsim.learning.rule import Chunk, LayerShape, Site, Update
from chipsim.testing import IdealArrays

LAYER = LayerShape("one", 4, 3, {"A": Site(0.02, 31), "C": Site(0.02, 31)}, 77)
OFFSET = 0.3


def test_random_choppers_flip_with_their_probability() -> None:
    """n = 40,000 reads: p +- sqrt(p (1 - p) / n); 4.5 errors, false alarm 7e-6."""
    signs = np.array([random_signs(5, 0.1, np.full(8, read)) for read in range(5001)])
    assert set(np.unique(signs)) == {-1.0, 1.0}
    assert np.all(signs[0] == 1)
    share = np.mean(signs[1:] != signs[:-1])
    assert share == pytest.approx(0.1, abs=4.5 * math.sqrt(0.1 * 0.9 / 40_000))
    assert abs(np.corrcoef(signs.T)[0, 1]) < 0.3


def test_a_chopper_depends_on_its_line_and_its_reads_alone() -> None:
    reads = np.array([BLOCK - 1, BLOCK, 2 * BLOCK + 5, 0])
    apart = [random_signs(5, 0.3, np.full(4, read))[line] for line, read in enumerate(reads)]
    assert random_signs(5, 0.3, reads).tolist() == apart
    assert not np.array_equal(
        [random_signs(6, 0.3, np.full(4, read)) for read in range(50)],
        [random_signs(5, 0.3, np.full(4, read)) for read in range(50)],
    )


@pytest.mark.parametrize("read", ["all", "line"])
def test_regular_choppers_flip_after_every_so_many_reads_of_their_line(read: str) -> None:
    rule = c_ttv2.Rule.model_validate(
        {"type": "c-ttv2", "read": read, "chop": "regular", "chop_probability": 0.25}
    )
    passes = 1 if read == "all" else LAYER.rows
    found = [rule.signs(LAYER, passes * done).tolist() for done in range(9)]
    assert found == [[1] * 4] * 4 + [[-1] * 4] * 4 + [[1] * 4]
    flipped = [rule.flipped(LAYER, passes * done).tolist() for done in range(9)]
    assert [done for done in range(9) if any(flipped[done])] == [4, 8]


def test_gradients_are_pulsed_on_with_their_chopper() -> None:
    rule = c_ttv2.Rule(
        type="c-ttv2", chop="regular", chop_probability=0.5, transfer_every=2, read_by="column"
    )
    x, error = np.ones((1, 4)), np.array([[1.0, 2.0, 3.0]])
    for image in range(12):
        first = next(rule.step((LAYER,), Chunk(image, 1, (x,), (error,))))[0]
        assert isinstance(first, Update)
        assert np.array_equal(first.x, x)
        assert np.array_equal(first.error, error * (1 if image // 4 % 2 == 0 else -1))


class Offset(IdealArrays):
    """Arrays whose A reads too high by a constant: its reference is off."""

    def _do(self, operation: Any) -> Any:
        result = super()._do(operation)
        return result + OFFSET if operation.kind == "transfer-read" else result


def gathered(rule: ChoppedRule, images: int) -> np.ndarray:
    """H after images without a gradient."""
    arrays = Offset((LAYER,), rule.matrices)
    arrays.converse(rule.start((LAYER,)))
    x, error = np.ones((1, 4)), np.zeros((1, 3))
    for image in range(images):
        arrays.converse(rule.step((LAYER,), Chunk(image, 1, (x,), (error,))))
    return arrays.values["one", "H"]


def test_an_offset_of_a_cancels_over_two_chopper_periods() -> None:
    rule = c_ttv2.Rule(
        type="c-ttv2", threshold=1e5, transfer_every=1, chop="regular", chop_probability=0.1
    )  # fmt: skip
    assert gathered(rule, 10) == pytest.approx(10 * OFFSET)
    assert gathered(rule, 20) == pytest.approx(0.0)


def test_agad_sees_no_offset_once_it_has_a_reference() -> None:
    """In the first period of 10 reads the reference is 0; then it is the offset, but for what P forgets.

    After n reads of the same value P is short of it by (1 - b)^n, b = 5 / 10.
    """
    rule = agad.Rule(type="agad", threshold=1e5, transfer_every=1, chop_probability=0.1)
    begun = gathered(rule, 10)
    assert begun == pytest.approx(10 * OFFSET)
    assert gathered(rule, 20) - begun == pytest.approx(-10 * OFFSET * 0.5**10)


@pytest.mark.parametrize(("read", "first"), [("all", 11), ("line", 11 * 4)])
def test_agad_writes_nothing_before_its_second_read_against_a_reference(read: str, first: int) -> None:
    rule = agad.Rule.model_validate({"type": "agad", "read": read, "transfer_every": 1, "threshold": 1e-9})
    arrays = Offset((LAYER,), rule.matrices)
    arrays.converse(rule.start((LAYER,)))
    x, error = np.ones((1, 4)), -np.ones((1, 3))
    written = [
        image
        for image in range(60)
        for group in arrays.converse(rule.step((LAYER,), Chunk(image, 1, (x,), (error,))))
        for operation in group
        if operation.kind == "transfer-write"
    ]
    assert written[0] == first
