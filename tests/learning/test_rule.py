"""What follows from what a rule declares: how many images run together, what may be issued at once."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from chipsim.learning import sgd, ttv2
from chipsim.learning.rule import (
    Clear,
    Declaration,
    Read,
    Update,
    images_together,
    independent,
    passes,
    with_time,
)

A, C = frozenset({"A"}), frozenset({"C"})


@settings(max_examples=200)
@given(st.integers(1, 50), st.integers(0, 1000), st.integers(1, 1000))
def test_a_chunk_of_tiki_taka_ends_at_the_next_transfer(every: int, done: int, left: int) -> None:
    rule = ttv2.Rule(type="ttv2", transfer_every=every)
    together = images_together(rule.declarations(), done, left)
    assert 1 <= together <= left
    passed = range(done + 1, done + together)
    assert not any(image % every == 0 for image in passed)
    assert together == left or (done + together) % every == 0


@given(st.integers(0, 100), st.integers(1, 100))
def test_images_run_one_by_one_where_each_changes_what_the_next_reads(done: int, left: int) -> None:
    assert images_together(sgd.Rule(type="sgd").declarations(), done, left) == 1


@given(st.integers(1, 10**6))
def test_images_that_change_nothing_run_all_together(left: int) -> None:
    assert images_together(passes("C"), 0, left) == left


def test_a_barrier_that_changes_what_is_read_bounds_the_chunk() -> None:
    declared = (*passes("C"), Declaration("update", frozenset(), A), Declaration("write", A, C, 7))
    assert [images_together(declared, done, 100) for done in (0, 3, 6, 7)] == [7, 4, 1, 7]


@given(st.sampled_from([A, C, A | C]), st.integers(0, 100), st.integers(1, 100))
def test_images_run_one_by_one_where_a_store_that_they_touch_ages(
    ageing: frozenset[str], done: int, left: int
) -> None:
    """A is pulsed and C is read with every image of Tiki-Taka."""
    declared = with_time(ttv2.Rule(type="ttv2").declarations(), ageing)
    assert images_together(declared, done, left) == 1


def test_a_store_that_ages_bounds_nothing_where_images_do_not_touch_it() -> None:
    declared = (*passes("C"), Declaration("write", frozenset(), A, 7))
    assert images_together(with_time(declared, A), 0, 100) == 7
    assert images_together(with_time(passes("C"), A), 0, 100) == 100


def test_upkeep_is_a_barrier() -> None:
    declared = with_time(passes("C"), frozenset(), (Declaration("refresh", C, C, 4),))
    assert [images_together(declared, done, 100) for done in (0, 1, 3, 4)] == [4, 3, 1, 4]


def test_operations_on_the_same_store_are_not_independent() -> None:
    x, error = np.ones((1, 2)), np.ones((1, 1))
    update = Update("one", "A", x, error, 0.1, None, 0)
    assert not independent((update, update))
    assert not independent((update, Read("one", "A", (0,), "row")))
    assert independent((Read("one", "A", (0,), "row"), Read("one", "A", (1,), "row")))
    assert independent((update, Update("two", "A", x, error, 0.1, None, 0), Clear("one", "H")))
