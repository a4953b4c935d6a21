"""Layers that are cut: images together and one by one leave the same bits, or go one by one."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.simulation import chips, tiles
from tests.simulation.tiles import Tiles

MANY_ON_ONE_BANK = Tiles(rows=1, columns=2, own=False, ways=("bus",))
BOUND = "type: dac, bits: 5, bound_management: {retries: 3}"
NARROW = "type: adc, bits: 6, count: 1, range: 0.3"


def _runs(chip: Tiles, sizes: tuple[int, ...], bounds: tuple[int | None, ...], **rule: Any) -> list[Any]:
    a_rule = chips.tiki_taka(**({"transfer_every": 4, "threshold": 0.1} | rule))
    a_plan = tiles.plan(chip, a_rule, *sizes)
    task = chips.task(a_rule, chips.images(sizes[0], sizes[-1], 9), 10, every=5)
    return [tiles.left(*chips.train(a_plan, task, together=bound)) for bound in bounds]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(chip=tiles.tiles(), sizes=st.lists(st.integers(2, 7), min_size=2, max_size=3))
@example(chip=MANY_ON_ONE_BANK, sizes=[7, 5, 3])
def test_images_of_cut_layers_together_and_one_by_one_leave_the_same_bits(
    chip: Tiles, sizes: list[int]
) -> None:
    runs = _runs(chip, tuple(sizes), (None, 1, 3))
    assert runs[1:] == runs[:1] * 2


def _burst(chip: Tiles, sizes: tuple[int, ...], **rule: Any) -> int:
    """The most images that went through an array at once."""
    a_rule = chips.tiki_taka(transfer_every=5, **rule)
    log = chips.Log()
    task = chips.task(a_rule, chips.images(sizes[0], sizes[-1], 9), 10)
    chips.train(tiles.plan(chip, a_rule, *sizes), task, listener=log)
    return max(span.images for span in log)


@pytest.mark.parametrize("own", [True, False])
def test_blocks_whose_reads_may_be_repeated_go_image_by_image(own: bool) -> None:
    """Blocks wait for the slowest of them with every image: a sum of maxima is not a maximum of sums."""
    chip = Tiles(own=own, dac=BOUND, adc=NARROW)
    runs = _runs(chip, (7, 5, 3), (None, 1, 3))
    assert runs[1:] == runs[:1] * 2
    assert _burst(chip, (7, 5, 3)) == 1
    # what is not cut waits for nothing beside it
    assert _burst(chip._replace(rows=8, columns=8), (7, 5, 3)) == 5


@pytest.mark.parametrize("chip", [Tiles(), Tiles(ways=("bus",)), Tiles(own=False, ways=("bus",))])
def test_updates_side_by_side_whose_trains_follow_the_image_go_image_by_image(chip: Tiles) -> None:
    managed = {"update_management": True, "bit_length_management": True, "learning_rate": 5.0}
    runs = _runs(chip, (7, 5, 3), (None, 1, 3), **managed)
    assert runs[1:] == runs[:1] * 2
    assert _burst(chip, (7, 5, 3), **managed) == 1
    # on one bank they come one after the other, which takes the sum of their times however many go together
    shared = Tiles(own=False)
    runs = _runs(shared, (7, 5, 3), (None, 1, 3), **managed)
    assert runs[1:] == runs[:1] * 2
    assert _burst(shared, (7, 5, 3), **managed) == 5
