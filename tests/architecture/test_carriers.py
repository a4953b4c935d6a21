"""Ways over carriers: which carriers lie on them, from router to router, whatever the order of the file."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chipsim.architecture import graph
from chipsim.architecture.plan import Plan
from chipsim.inputs import documents
from tests.architecture import files
from tests.architecture.test_groups import MEMBERS, PARTS, TILED, text, tiled


def _carriers(plan: Plan, way: tuple[str, str, str]) -> list[list[str]]:
    return [[leg.carrier for leg in ahead] for ahead in plan.carriers[way]]


def test_words_cross_the_bus_to_what_is_driven_and_from_what_converts() -> None:
    plan = files.plan(tiled(), 7, 3)
    block = "dense1[0,0]"
    # ahead of bank, array, converters and unit, and behind the unit, which is linked to the controller
    assert _carriers(plan, ("forward", block, "C")) == [["bus"], [], [], ["bus"], []]
    assert _carriers(plan, ("update", block, "A")) == [["bus"], [], []]
    assert _carriers(plan, ("transfer-read", block, "A")) == [["bus"], [], [], [], []]
    # what has been integrated goes from the integrator to the drivers of C, nothing comes back
    assert _carriers(plan, ("transfer-write", block, "C")) == [["bus"], [], []]
    assert ("integrate", block, "A") not in plan.carriers


def test_several_carriers_are_crossed_in_the_order_of_the_links() -> None:
    parts = PARTS | {"host": "{type: host-link, bits: 8}", "sram": "{type: buffer, bits: 8, capacity: 100}"}
    links = (
        "controller -> host -> sram -> bus -> dac", "dac -> array -> adc -> bus -> digital -> sram",
        "sram -> host -> controller", *TILED[1:],
    )  # fmt: skip
    chip = graph.load(documents.parse(
        text([f"tile: {{components: {MEMBERS}, count: as needed}}"], parts, links), "chip.yaml"
    ))  # fmt: skip
    plan = files.plan(chip, 4, 2)
    there, back = ["host", "sram", "bus"], ["sram", "host"]
    assert _carriers(plan, ("forward", "dense1", "C")) == [there, [], [], ["bus"], back]


@pytest.mark.parametrize("at", [(0, 0), (1, 2), (2, 1)])
def test_words_on_a_mesh_go_from_router_to_router_and_into_the_target(at: tuple[int, int]) -> None:
    """Manhattan distance + 1: the controller's router is given, copies lie row by row."""
    where = f"{{controller: [{at[0]}, {at[1]}]}}"
    parts = PARTS | {"bus": f"{{type: mesh, bits: 8, rows: 3, columns: 3, at: {where}}}"}
    plan = files.plan(tiled(components=parts, packing="apart"), 9, 4)
    assert len({place.array for place in plan.places.values()}) == 6
    for (block, matrix), place in plan.places.items():
        number = plan.architecture.number(place.array)
        assert number is not None
        row, column = divmod(number, 3)
        hops = abs(row - at[0]) + abs(column - at[1]) + 1
        operation = "update" if matrix == "A" else "forward"
        legs = plan.carriers[operation, block, matrix]
        assert legs[0][0].ride.hops == hops
        if matrix == "C":  # on to the digital unit, which stands once and is given no router: the first
            assert legs[3][0].ride.hops == row + column + 1


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), sizes=st.sampled_from(((7, 3), (4, 2), (5, 4, 6))))
def test_nothing_depends_on_the_order_of_components_and_links(seed: int, sizes: Sequence[int]) -> None:
    draw = random.Random(seed)
    names, links = list(PARTS), [pair for chain in TILED for pair in _pairs(chain)]
    draw.shuffle(names)
    draw.shuffle(links)
    group = [f"tile: {{components: {MEMBERS}, count: as needed}}"]
    shuffled = text(group, {name: PARTS[name] for name in names}, links)
    plans = [
        files.plan(chip, *sizes) for chip in (tiled(), graph.load(documents.parse(shuffled, "chip.yaml")))
    ]
    assert _facts(plans[0]) == _facts(plans[1])


def _pairs(chain: str) -> list[str]:
    names = chain.split(" -> ")
    return [f"{a} -> {b}" for a, b in pairwise(names)]


def _facts(plan: Plan) -> dict[str, Any]:
    return {
        "places": dict(plan.places),
        "routes": dict(plan.routes),
        "carriers": dict(plan.carriers),
        "blocks": dict(plan.blocks),
        "components": dict(plan.architecture.components),
        "links": set(plan.architecture.links),
        "words": dict(plan.words),
    }
