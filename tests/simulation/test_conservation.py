"""What holds on every chip, however its words travel and however many images are under way."""

from __future__ import annotations

import random
from collections import Counter
from functools import partial, reduce
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chipsim.accounting import pricing
from chipsim.architecture import graph
from chipsim.architecture.graph import Architecture
from chipsim.inputs import documents
from chipsim.simulation.chip import Chip
from chipsim.simulation.controller import Controller
from chipsim.simulation.node import Node, Transaction
from chipsim.simulation.trace import Log, Span
from tests.simulation import chips, tiles
from tests.simulation.tiles import Tiles

IMAGES = 12
RULE = chips.tiki_taka(transfer_every=5, threshold=0.1)


def _trained(chip: Tiles, sizes: list[int]) -> tuple[Controller, Log, Counter[str]]:
    """A stage on a chip, its log, and the sum of the times at which each component was come to [ps]."""
    log, came = Log(), Counter[str]()
    controller = Controller(Chip(tiles.plan(chip, RULE, *sizes), 0), log)
    for name, node in controller.floor.nodes.items():
        node.accept = partial(_noted, node.accept, node, came, name)  # type: ignore[method-assign]
    controller.run(chips.task(RULE, chips.images(sizes[0], sizes[-1], 9), IMAGES, every=6))
    return controller, log, came


def _noted(accept: Any, node: Node, came: Counter[str], name: str, transaction: Transaction) -> Any:
    came[name] += node.floor.now
    return accept(transaction)


def _union(spans: list[Span]) -> int:
    """Time that at least one of some visits took [ps]."""

    def joined(found: tuple[int, int], span: Span) -> tuple[int, int]:
        total, until = found
        return total + max(0, span.end - max(span.start, until)), max(until, span.end)

    return reduce(joined, sorted(spans), (0, 0))[0]


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(chip=tiles.tiles(depths=(1, 6)), sizes=st.lists(st.integers(2, 7), min_size=2, max_size=3))
def test_nothing_is_lost_doubled_or_out_of_time(chip: Tiles, sizes: list[int]) -> None:
    controller, log, came = _trained(chip, sizes)
    floor, plan = controller.floor, controller.chip.plan

    # all transactions have come back, and nobody holds or waits for anything
    assert floor.stuck() == []
    assert not any(node.inbox.items for node in floor.nodes.values())
    assert floor.owners == []

    # every pass that was sent ends at the digital unit once, for each image and each block
    layers = list(plan.layers)
    for operation, taking in (("forward", layers), ("backward", layers[1:])):
        for layer in taking:
            visits = [s for s in log if (s.component, s.operation, s.layer) == ("digital", operation, layer)]
            for image in range(IMAGES):
                found = sum(1 for s in visits if s.first <= image < s.first + s.images)
                assert found == len(plan.spread[layer, "C"])
    for (block, matrix), place in plan.places.items():
        updates = [s for s in log if (s.component, s.operation, s.layer) == (place.array, "update", block)]
        assert matrix != "A" or sum(s.images for s in updates) == IMAGES

    # time never runs back; busy and idle are all time; no part but a mesh is in two visits at once
    ends = [span.end for span in log]
    assert ends == sorted(ends)
    assert all(0 <= span.start <= span.end <= floor.now for span in log)
    for name, node in floor.nodes.items():
        visits = sorted(span for span in log if span.component == name)
        assert node.busy == _union(visits) <= floor.now
        assert node.waiting >= 0
        # Little's law: the integral of the number there, sum of ends less sum of arrivals, is the time spent
        if name != floor.controller:
            assert sum(span.end for span in visits) - came[name] == node.queued
        if name != "mesh":
            lasting = [span for span in visits if span.end > span.start]
            assert all(one.end <= other.start for one, other in pairwise(lasting))
            assert node.queued == node.waiting + node.busy

    # buffers are empty, and have never had less room than none
    for name, words in controller.chip.rooms.items():
        room = floor.nodes[name].room
        assert room is not None
        assert room.level == words


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(chip=tiles.tiles(depths=(1, 4)), sizes=st.lists(st.integers(2, 7), min_size=2, max_size=3))
def test_energy_by_component_is_energy_by_operation_and_depth_changes_no_count_of_passes(
    chip: Tiles, sizes: list[int]
) -> None:
    controller, _, _ = _trained(chip, sizes)
    prices = chips.prices(controller.chip.plan)
    rows = controller.ledger.rows()
    whole = prices.energy(rows)
    for field in ("component", "operation"):
        parts: dict[Any, list[Any]] = {}
        for row in rows:
            parts.setdefault(getattr(row, field), []).append(row)
        assert pricing.total(map(prices.energy, parts.values())) == pytest.approx(whole, rel=1e-12)
    alone, _, _ = _trained(chip._replace(depth=1), sizes)
    for action in ("dac_conv", "adc_conv", "cell_reads", "noc_bit", "host_byte", "dram_byte", "word_read"):
        for operation in ("forward", "backward"):
            counts = {c.ledger.total(action, operation=operation) for c in (controller, alone)}
            assert len(counts) == 1


def _reordered(chip: Tiles, seed: int) -> Architecture:
    """The same chip with the lines of its components and its links in another order."""
    head, rest = chip.text.split("components:\n")
    components, links = (part.splitlines() for part in rest.split("links:\n"))
    pairs = [f"  - {a} -> {b}" for link in links for a, b in pairwise(link.strip(" -").split(" -> "))]
    draw = random.Random(seed)
    for lines in (components, pairs):
        draw.shuffle(lines)
    text = "\n".join([f"{head}components:", *components, "links:", *pairs])
    return graph.load(documents.parse(f"{text}\n", "tiles.yaml"))


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    chip=tiles.tiles(depths=(1, 4)), sizes=st.lists(st.integers(2, 7), min_size=2, max_size=3),
    seed=st.integers(0, 10**6),
)  # fmt: skip
def test_no_result_depends_on_the_order_in_which_the_file_lists_components_and_links(
    chip: Tiles, sizes: list[int], seed: int
) -> None:
    task = chips.task(RULE, chips.images(sizes[0], sizes[-1], 9), IMAGES, every=6)
    found = []
    for architecture in (chip.load(), _reordered(chip, seed)):
        left = tiles.left(*chips.train(chips.plan(architecture, chips.network(*sizes), RULE), task))
        found.append(left | {"usage": sorted(left["usage"])})
    assert found[0] == found[1]


@pytest.mark.parametrize("depth", [1, 3])
def test_the_legs_of_an_image_at_a_time_add_up_to_the_stage(depth: int) -> None:
    """Deeper, each image has a way of its own, and together they take more than the stage's time."""
    controller, _, _ = _trained(Tiles(ways=("sram", "bus"), depth=depth), [7, 5, 3])
    total = sum(passage.time for passage in controller.critical_path())
    assert total == controller.floor.now if depth == 1 else total > controller.floor.now
