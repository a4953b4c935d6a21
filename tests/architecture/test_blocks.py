"""Blocks tile a layer once, are as few as can be and nearly equal; packing lays them on arrays apart."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chipsim.architecture import packing
from chipsim.architecture.blocks import Block, cut
from chipsim.architecture.packing import Floor, Packing, Place, Size

LINES = st.integers(1, 60)
PACKINGS = get_args(Packing)


@given(rows=LINES, columns=LINES, most_rows=LINES, most_columns=LINES)
def test_blocks_cover_every_weight_once_are_as_few_as_can_be_and_nearly_equal(
    rows: int, columns: int, most_rows: int, most_columns: int
) -> None:
    blocks = cut("dense1", rows, columns, most_rows, most_columns)
    covered = np.zeros((rows, columns), dtype=int)
    for block in blocks:
        assert 0 < block.rows <= most_rows
        assert 0 < block.columns <= most_columns
        covered[block.row : block.row + block.rows, block.column : block.column + block.columns] += 1
    assert (covered == 1).all()
    down, across = math.ceil(rows / most_rows), math.ceil(columns / most_columns)
    assert len(blocks) == down * across
    for sizes in ([block.rows for block in blocks], [block.columns for block in blocks]):
        assert max(sizes) - min(sizes) <= 1
    assert len({block.name for block in blocks}) == len(blocks)
    whole = down == across == 1
    names = ["dense1"] if whole else [f"dense1[{i},{j}]" for i in range(down) for j in range(across)]
    assert [block.name for block in blocks] == names


@given(rows=LINES, columns=LINES, most_rows=LINES, most_columns=LINES)
def test_parts_of_vectors_put_together_are_the_vectors(
    rows: int, columns: int, most_rows: int, most_columns: int
) -> None:
    blocks = cut("dense1", rows, columns, most_rows, most_columns)
    vectors = np.arange(2.0 * rows).reshape(2, rows)
    errors = np.arange(2.0 * columns).reshape(2, columns)
    down = [block for block in blocks if block.column == 0]
    across = [block for block in blocks if block.row == 0]
    np.testing.assert_array_equal(np.hstack([block.of_rows(vectors) for block in down]), vectors)
    np.testing.assert_array_equal(np.hstack([block.of_columns(errors) for block in across]), errors)
    assert all(block.of_rows(vectors).flags.c_contiguous for block in blocks)


@given(rows=LINES, columns=LINES, size=st.builds(Size, LINES, LINES), matrices=st.integers(1, 3))
@pytest.mark.parametrize("kind", PACKINGS)
def test_blocks_fit_the_array_that_they_are_for(
    kind: Packing, rows: int, columns: int, size: Size, matrices: int
) -> None:
    """Packed together, all matrices of a block find room side by side, if a column of each does."""
    blocks = packing.blocks("dense1", rows, columns, size, kind, matrices)
    beside = matrices if kind == "together" and matrices <= size.columns else 1
    assert all(block.rows <= size.rows and beside * block.columns <= size.columns for block in blocks)


SIZES = st.dictionaries(st.sampled_from("abcdef"), st.builds(Size, LINES, LINES), min_size=1)


@given(sizes=SIZES, wanted=st.lists(st.tuples(LINES, LINES, st.integers(1, 2)), max_size=20))
@pytest.mark.parametrize("kind", PACKINGS)
def test_no_two_places_share_a_cell_and_none_leaves_its_array(
    kind: Packing, sizes: dict[str, Size], wanted: list[tuple[int, int, int]]
) -> None:
    floor, used = Floor(sizes, kind), {name: np.zeros(size, dtype=int) for name, size in sizes.items()}
    places: list[list[Place]] = []
    for rows, columns, count in wanted:
        block = Block("b", "b", 0, 0, rows, columns)
        found = floor.find([block] * count)
        if found is None:
            continue
        assert [(p.region.rows, p.region.columns) for p in found] == [(rows, columns)] * count
        assert len({place.array for place in found}) == 1
        for place in found:
            region, size = place.region, sizes[place.array]
            assert region.row + region.rows <= size.rows
            assert region.column + region.columns <= size.columns
            region.of(used[place.array])[:] += 1
            floor.take(place)
        for one, other in pairwise(found):
            assert other.region.column == one.region.column + one.region.columns
        places.append(found)
    assert all((cells <= 1).all() for cells in used.values())
    arrays = [found[0].array for found in places]
    if kind != "dense":  # nothing else on the array of a set
        assert len(set(arrays)) == len(arrays)


def test_dense_packing_fills_an_array_before_the_next_is_begun() -> None:
    floor = Floor({"one": Size(4, 5), "two": Size(4, 5)}, "dense")
    block, arrays = Block("b", "b", 0, 0, 4, 2), []
    for _ in range(4):
        (place,) = floor.find([block]) or ()
        floor.take(place)
        arrays.append((place.array, place.region.column))
    assert arrays == [("one", 0), ("one", 2), ("two", 0), ("two", 2)]
    assert floor.find([block]) is None
