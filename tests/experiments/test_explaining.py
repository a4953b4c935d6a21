"""Everything that a run, a file or an error names can be explained."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from chipsim.errors import CODES, UsageError
from chipsim.experiments.explaining import explain
from chipsim.experiments.run import Request, prepare, simulate
from chipsim.inputs import citations, registry
from chipsim.reports.glossary import FIGURES

NAMES = [
    *CODES, *FIGURES, *sorted(citations.keys()),
    *(name for kind in registry.KINDS for name in registry.names(kind)),
]  # fmt: skip


def actions() -> set[str]:
    forms = (registry.module("component", kind).Parameters for kind in registry.names("component"))
    return {action for form in forms for each in form.actions.values() for action in each}


@pytest.mark.parametrize("name", [*NAMES, *sorted(actions())])
def test_everything_that_has_a_name_has_a_meaning(name: str) -> None:
    for meaning in explain(name):
        assert meaning.kind
        assert all(meaning.facts.values()), meaning


@pytest.mark.parametrize("kind", ["component", "rule", "model"])
def test_every_parameter_says_what_it_is(kind: str) -> None:
    marker = registry.KINDS[kind].marker  # type: ignore[union-attr]
    for owner in registry.names(kind):
        for field in set(getattr(registry.module(kind, owner), marker).model_fields) - {"type"}:
            assert all(meaning.facts["is"] for meaning in explain(f"{owner}.{field}")), (owner, field)


@pytest.mark.parametrize("cell", registry.names("cell"))
def test_every_number_of_a_cell_says_where_it_comes_from(cell: str) -> None:
    (meant,) = (meaning for meaning in explain(cell) if meaning.kind == "cell")
    for name in meant.facts["parameters"].split(", "):
        assert any("source" in meaning.facts for meaning in explain(f"{cell}.{name}")), name


def test_every_figure_of_a_run_is_in_the_glossary() -> None:
    settings = ("stages.0.images=100",)
    record = simulate(prepare(Request("reram-8x4", "reduced-digits-scratch", settings))).record
    apart = {
        "format",
        "chipsim",
        "seed",
        "architecture",
        "workload",
        "stages",
        "total",
        "costs",
        "name",
        "rule",
    }
    assert set(_keys(record)) - apart <= set(FIGURES)


def _keys(record: Mapping[str, Any]) -> Iterator[str]:
    yield from record
    yield from record["total"]
    for stage in record["stages"]:
        yield from stage


def test_a_name_with_several_meanings_gives_them_all() -> None:
    assert [meaning.kind for meaning in explain("adc")] == [
        "component in cost table 'analog-14nm'",
        "component",
    ]
    assert {m.kind.split(" ")[0] for m in explain("adc_conv")} == {"action", "price"}


@pytest.mark.parametrize(
    ("typed", "meant"), [("ttv3", "ttv2"), ("adc.bit", "adc.bits"), ("to_taget", "to_target")]
)
def test_a_slip_gets_the_nearest_name(typed: str, meant: str) -> None:
    with pytest.raises(UsageError, match=f"did you mean '{meant}'"):
        explain(typed)
