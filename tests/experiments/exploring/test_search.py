"""Searches: what they propose, and that they propose it again."""

from __future__ import annotations

import itertools
import json

import pytest

from chipsim.experiments.exploring import search
from chipsim.experiments.exploring.search import Point, Told
from tests.experiments.exploring.toys import SPACE, study

BITS, COUNT, WIDTH = "components.adc.bits", "components.adc.count", "components.drivers.pulse_width"


def proposed(text: str, generation: int = 4) -> list[Point]:
    """All that a search asks for when energy is 2^bits for each converter, and nothing else counts."""
    asked = search.of(study(text))
    found: list[Point] = []
    while points := asked.ask(generation):
        found += points
        values = [point.values for point in points]
        asked.tell([Told((1 - 2.0 ** -each[BITS], 2.0 ** each[BITS] * each[COUNT]), 0) for each in values])
    return found


def test_a_grid_has_every_combination_once() -> None:
    found = proposed(SPACE)
    assert len(found) == len(set(found)) == 8 * 3
    assert {tuple(point.values.values()) for point in found} == set(
        itertools.product(range(2, 10), (1, 2, 4))
    )


def test_a_value_may_be_a_whole_mapping() -> None:
    rules = ({"type": "sgd", "learning_rate": 0.3}, {"type": "ttv2", "learning_rate": 0.3})
    points = search.of(study(f"axes: {{stages.train.rule: {json.dumps(rules)}}}\n")).ask(9)
    assert [point.values["stages.train.rule"] for point in points] == list(rules)


def test_an_axis_that_does_not_hold_multiplies_nothing() -> None:
    text = f"axes: {{{BITS}: [5, 6], {COUNT}: {{values: [1, 2, 4], when: {{{BITS}: 6}}}}}}\n"
    found = [point.values for point in search.of(study(text)).ask(99)]
    assert found == [{BITS: 5}, *({BITS: 6, COUNT: count} for count in (1, 2, 4))]


@pytest.mark.parametrize("count", [1, 7, 40])
def test_a_latin_hypercube_has_one_point_in_each_stratum_of_every_axis(count: int) -> None:
    spread = "{from: 100 ns, to: 200 ns}"
    axes = f"axes: {{{WIDTH}: {spread}, components.dac.integration: {spread}}}\n"
    points = search.of(study(f"{axes}method: latin-hypercube\npoints: {count}\n")).ask(count)
    for name in (WIDTH, "components.dac.integration"):
        widths = [float(str(point.values[name]).removesuffix(" ns")) for point in points]
        assert sorted(int((width - 100) / 100 * count) for width in widths) == list(range(count))


def test_random_points_do_not_hang_on_how_many_there_are() -> None:
    few, many = (proposed(SPACE + f"method: random\npoints: {count}\n") for count in (5, 20))
    assert many[: len(few)] == few


@pytest.mark.parametrize("method", ["random", "latin-hypercube", "nsga2", "tpe"])
def test_a_search_that_is_told_the_same_proposes_the_same(method: str) -> None:
    text = SPACE + f"method: {method}\npoints: 24\n"
    assert proposed(text) == proposed(text)
    assert proposed(text) != proposed(text + "seed: 1\n")


@pytest.mark.parametrize("method", ["nsga2", "tpe"])
def test_an_adaptive_search_keeps_to_its_budget_and_moves_to_the_front(method: str) -> None:
    """The front is one converter: a third of the space. Of the later half more than half should be there."""
    found = proposed(SPACE + f"method: {method}\npoints: 120\n", generation=12)
    assert len(found) == 120
    late = [point.values[COUNT] for point in found[60:]]
    assert late.count(1) > len(late) / 2
