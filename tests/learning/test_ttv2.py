"""Tiki-Taka 2 asks for what the algorithm says, when it says so."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from chipsim.learning import ttv2
from chipsim.learning.rule import Chunk, Integrate, LayerShape, Read, Update, Write
from chipsim.testing import IdealArrays

LAYERS = (LayerShape("one", 8, 2),)


def rule(**values: Any) -> ttv2.Rule:
    return ttv2.Rule(type="ttv2", **{"learning_rate": 0.1, "threshold": 1.0, **values})


def chunk(first: int, images: int = 1) -> Chunk:
    return Chunk(first, images, [np.ones((images, 8))], [np.full((images, 2), -1.0)])


def kinds(given: ttv2.Rule, first: int, images: int = 1) -> list[str]:
    arrays = IdealArrays(LAYERS, given.matrices)
    return [
        operation.kind
        for group in arrays.converse(given.step(LAYERS, chunk(first, images)))
        for operation in group
    ]


def test_a_is_read_every_n_images_and_not_between() -> None:
    assert kinds(rule(), 8) == ["update"]
    assert kinds(rule(threshold=0.05), 9) == ["update", "transfer-read", "integrate", "transfer-write"]
    assert kinds(rule(threshold=1e5), 9) == ["update", "transfer-read", "integrate"]
    assert kinds(rule(transfer_every=1), 0)[:3] == ["update", "transfer-read", "integrate"]


def test_all_of_a_or_one_line_after_another_is_read() -> None:
    def lines(given: ttv2.Rule, first: int) -> tuple[int, ...]:
        groups = IdealArrays(LAYERS, given.matrices).converse(given.step(LAYERS, chunk(first)))
        (read,) = [operation for group in groups for operation in group if isinstance(operation, Read)]
        return read.lines

    assert lines(rule(), 9) == tuple(range(8))
    assert lines(rule(read_by="column"), 9) == (0, 1)
    one = rule(read="line", transfer_every=10)
    assert [lines(one, 10 * k + 9) for k in range(10)] == [(k % 8,) for k in range(10)]


def test_a_holds_the_negative_gradient_and_c_follows_it() -> None:
    arrays = IdealArrays(LAYERS, ("A", "C"), step=0.05)
    given = rule(transfer_every=5)
    arrays.converse(given.step(LAYERS, chunk(0, 5)))
    first, second = 1 - 0.9**5, 1 - 0.9**10  # k steps of 0.1 towards the bound at 1
    assert np.allclose(arrays.values["one", "A"], first)
    assert not arrays.values["one", "C"].any()
    assert np.allclose(arrays.values["one", "H"], first)
    arrays.converse(given.step(LAYERS, chunk(5, 5)))
    assert np.allclose(arrays.values["one", "C"], 0.05)
    assert np.allclose(arrays.values["one", "H"], first + second - 1)


def test_gain_scales_what_reaches_h() -> None:
    arrays = IdealArrays(LAYERS, ("A", "C"))
    arrays.converse(rule(gain=0.25).step(LAYERS, chunk(0, 10)))
    assert np.allclose(arrays.values["one", "H"], 0.25 * (1 - 0.9**10))


def test_a_stage_begins_with_a_at_its_symmetry_points_and_h_cleared() -> None:
    groups = IdealArrays(LAYERS, ("A", "C")).converse(rule().start(LAYERS))
    assert [[(o.kind, o.matrix) for o in group] for group in groups] == [[("prepare", "A"), ("prepare", "H")]]
    without = IdealArrays(LAYERS, ("A", "C")).converse(rule(symmetry_pairs=0).start(LAYERS))
    assert [[(o.kind, o.matrix) for o in group] for group in without] == [[("prepare", "H")]]


@pytest.mark.parametrize("keep", ["keep", "forget"])
def test_operations_carry_the_hyper_parameters(keep: str) -> None:
    given = rule(bit_length=7, remainder=keep, threshold=0.05)
    groups = IdealArrays(LAYERS, ("A", "C")).converse(given.step(LAYERS, chunk(9)))
    update, _, integrate, write = (operation for group in groups for operation in group)
    assert isinstance(update, Update)
    assert (update.rate, update.bit_length, update.first) == (0.1, 7, 9)
    assert isinstance(integrate, Integrate)
    assert (integrate.threshold, integrate.keep) == (0.05, keep == "keep")
    assert isinstance(write, Write)
