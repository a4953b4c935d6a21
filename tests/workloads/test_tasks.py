"""Which elements a task uses and in which order its images come, drawn from named streams."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from chipsim.errors import InputError
from chipsim.inputs import documents
from chipsim.inputs.schema import fill
from chipsim.workloads.tasks import Changed, Swapped, elements, faults, order, swapped_rows


def given_pairs(*pairs: tuple[int, int]) -> Changed:
    return Changed(changed=pairs)


# Elements


def test_the_first_task_uses_the_first_elements() -> None:
    assert elements("first", 16, 8, seed=0) == (0, 1, 2, 3, 4, 5, 6, 7)
    assert elements("first", 8, 8, seed=0) == elements("first", 16, 8, seed=5)


@settings(deadline=None)
@given(
    used=st.integers(1, 20),
    spare=st.integers(1, 20),
    count=st.integers(1, 20),
    seed=st.integers(0, 2**32),
)
def test_as_many_elements_change_as_asked_and_all_come_from_the_unused(
    used: int, spare: int, count: int, seed: int
) -> None:
    count = min(count, used, spare)
    chosen = elements(Changed(changed=count), used + spare, used, seed)
    changed = [place for place, element in enumerate(chosen) if element != place]
    assert len(chosen) == len(set(chosen)) == used
    assert len(changed) == count
    assert all(used <= chosen[place] < used + spare for place in changed)


def test_all_elements_can_be_exchanged() -> None:
    chosen = elements(Changed(changed=8), 16, 8, seed=1)
    assert sorted(chosen) == list(range(8, 16))


def test_given_exchanges_are_taken_as_they_are() -> None:
    assert elements(given_pairs((2, 9), (0, 15)), 16, 8, seed=0) == (15, 1, 9, 3, 4, 5, 6, 7)


def test_the_seed_alone_decides_what_is_exchanged() -> None:
    drawn = [elements(Changed(changed=3), 16, 8, seed) for seed in range(20)]
    assert drawn == [elements(Changed(changed=3), 16, 8, seed) for seed in range(20)]
    assert len(set(drawn)) > 15


def test_every_position_and_element_is_as_likely_as_another() -> None:
    # Each of 8 positions changes, and each of 8 unused elements comes in, with probability 3/8; over 2,000
    # seeds a count has a standard error of 21.7. 16 counts within 4.5 of it: a false alarm once in 9,000.
    seeds, share = 2000, 3 / 8
    drawn = [elements(Changed(changed=3), 16, 8, seed) for seed in range(seeds)]
    error = math.sqrt(seeds * share * (1 - share))
    positions = [sum(chosen[place] != place for chosen in drawn) for place in range(8)]
    arrivals = [sum(element in chosen for chosen in drawn) for element in range(8, 16)]
    assert all(abs(count - seeds * share) < 4.5 * error for count in positions + arrivals)


# Rows


def test_a_swap_interchanges_whole_rows_and_leaves_the_others() -> None:
    image = np.arange(12).reshape(4, 3)
    chosen = elements(Swapped(swapped_rows=((0, 2),)), 12, 12, seed=5, shape=image.shape)
    assert np.array_equal(image.ravel()[list(chosen)].reshape(4, 3), image[[2, 1, 0, 3]])


def test_rows_are_swapped_in_every_channel_of_an_image() -> None:
    image = np.arange(3 * 4 * 2).reshape(3, 4, 2)
    chosen = elements(Swapped(swapped_rows=((1, 3),)), 24, 24, seed=0, shape=image.shape)
    assert np.array_equal(image.ravel()[list(chosen)].reshape(3, 4, 2), image[:, [0, 3, 2, 1]])


@settings(deadline=None)
@given(rows=st.integers(2, 40), share=st.floats(0, 1), seed=st.integers(0, 2**32), chip=st.integers(0, 99))
def test_so_many_pairs_are_drawn_by_the_choices_own_seed_and_swapping_twice_undoes_it(
    rows: int, share: float, seed: int, chip: int
) -> None:
    pairs = max(1, int(share * (rows // 2)))
    choice = Swapped(swapped_rows=pairs, seed=seed)
    once = np.array(elements(choice, rows * 2, rows * 2, chip, (rows, 2)))
    assert once.tolist() == list(elements(choice, rows * 2, rows * 2, chip + 1, (rows, 2)))
    assert np.count_nonzero(once != np.arange(rows * 2)) == 2 * 2 * pairs
    assert np.array_equal(once[once], np.arange(rows * 2))
    assert len({row for pair in swapped_rows(choice, rows) for row in pair}) == 2 * pairs


def test_another_seed_swaps_other_rows() -> None:
    assert len({swapped_rows(Swapped(swapped_rows=2, seed=seed), 28) for seed in range(20)}) > 15


@pytest.mark.parametrize(
    ("given", "shape", "sentences"),
    [
        (Swapped(swapped_rows=1), None, ["rows are swapped in images; leave out 'data: project'"]),
        (Swapped(swapped_rows=1), (25,),
         ["rows are swapped in images, but the data set has none that have rows"]),
        (Swapped(swapped_rows=3), (5, 5),
         ["3 pairs of rows cannot be swapped: an image has 5; choose at most 2"]),
        (Swapped(swapped_rows=((0, 5),)), (5, 5), ["an image has no row 5; choose one of 0 to 4"]),
        (Swapped(swapped_rows=((0, 1), (1, 2))), (5, 5), ["row 1 is swapped twice; name it once"]),
        (Swapped(swapped_rows=((0, 1),), seed=3), (5, 5),
         ["'seed' draws nothing where the rows are given; leave it out"]),
    ],
)  # fmt: skip
def test_swaps_that_cannot_be_made_are_refused(
    given: Swapped, shape: tuple[int, ...] | None, sentences: list[str]
) -> None:
    assert [fault.message for fault in faults(given, 25, 25, shape)] == sentences
    with pytest.raises(InputError):
        elements(given, 25, 25, 0, shape)


@pytest.mark.parametrize(
    ("choice", "available", "used", "sentences"),
    [
        ("first", 8, 9, ["9 elements are used, but the inputs have 8"]),
        (
            Changed(changed=4),
            11,
            8,
            ["4 elements cannot be exchanged: 8 are used and 3 are left; choose at most 3"],
        ),
        (
            Changed(changed=9),
            32,
            8,
            ["9 elements cannot be exchanged: 8 are used and 24 are left; choose at most 8"],
        ),
        (given_pairs((8, 9)), 16, 8, ["there is no position 8; choose one of 0 to 7"]),
        (given_pairs((0, 16)), 16, 8, ["element 16 cannot come in at position 0; choose one of 8 to 15"]),
        (given_pairs((0, 7)), 16, 8, ["element 7 cannot come in at position 0; choose one of 8 to 15"]),
        (
            given_pairs((0, 7)),
            8,
            8,
            ["element 7 cannot come in at position 0; all 8 elements are used already"],
        ),
        (
            given_pairs((0, 9), (0, 9)),
            16,
            8,
            ["position 0 is exchanged twice; name it once", "element 9 comes in twice; name it once"],
        ),
    ],
)
def test_a_choice_that_cannot_be_met_says_what_could(
    choice: Changed, available: int, used: int, sentences: list[str]
) -> None:
    assert [fault.message for fault in faults(choice, available, used)] == sentences
    with pytest.raises(InputError) as error:
        elements(choice, available, used, seed=0)
    assert [fault.message for fault in error.value.faults] == sentences
    assert {fault.code for fault in error.value.faults} == {"E054"}


def test_a_choice_that_can_be_met_has_no_faults() -> None:
    assert faults(Changed(changed=8), 16, 8) == ()
    assert faults(given_pairs((7, 8)), 9, 8) == ()


@pytest.mark.parametrize(
    "value", [0, -1, True, "three", 1.5, (), ((1,),), ((1, 2, 3),), ((-1, 9),), (("a", 9),)]
)
def test_a_number_of_exchanges_or_pairs_is_wanted(value: object) -> None:
    with pytest.raises(ValidationError):
        Changed.model_validate({"changed": value})


def test_a_choice_is_read_from_a_file() -> None:
    document = documents.parse("one: {changed: 3}\ntwo: {changed: [[2, 9], [3, 10]]}\n", "work.yaml")
    assert fill(Changed, document, ("one",)) == Changed(changed=3)
    assert fill(Changed, document, ("two",)) == given_pairs((2, 9), (3, 10))


# Order


@settings(deadline=None)
@given(seed=st.integers(0, 2**63), epoch=st.integers(0, 10**6), n=st.integers(0, 300))
def test_an_order_names_every_image_once(seed: int, epoch: int, n: int) -> None:
    places = order(seed, "train", epoch, n)
    assert places.dtype == np.int64
    np.testing.assert_array_equal(np.sort(places), np.arange(n))


def test_seed_stage_and_epoch_each_change_the_order_and_nothing_else_does() -> None:
    first = order(0, "train", 0, 100).tolist()
    assert order(0, "train", 0, 100).tolist() == first
    others = [order(1, "train", 0, 100), order(0, "finetune", 0, 100), order(0, "train", 1, 100)]
    assert all(other.tolist() != first for other in others)


def test_every_order_is_as_likely_as_another() -> None:
    # 24 orders of 4 images over 4,800 epochs: chi-square with 23 degrees of freedom has mean 23 and standard
    # deviation 6.8; 58 is passed once in 13,000 such tests.
    epochs = 4800
    counts: dict[tuple[int, ...], int] = {}
    for epoch in range(epochs):
        places = tuple(order(0, "train", epoch, 4).tolist())
        counts[places] = counts.get(places, 0) + 1
    wanted = epochs / 24
    assert len(counts) == 24
    assert sum((count - wanted) ** 2 / wanted for count in counts.values()) < 58
