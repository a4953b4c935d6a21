"""The schemas for editors: in step with the models, true of every shipped file, and false of wrong ones."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from chipsim.errors import UsageError
from chipsim.experiments import schemas
from chipsim.inputs import documents, registry
from tests.experiments.json_schema import errors, valid

ROOT = Path(__file__).parents[2]
SHIPPED = [(kind, name) for kind in schemas.KINDS for name in registry.names(kind)]
WRITTEN = [
    (kind, path)
    for folder in ("tests/architectures", "benchmarks", "chipsim/experiments/reproductions")
    for path in sorted((ROOT / folder).rglob("*.yaml"))
    for kind in schemas.KINDS
    if f"format: chipsim-{kind}/1" in path.read_text("utf-8")
]


@cache
def schema(kind: str) -> dict[str, Any]:
    return schemas.of(kind)


def wrong(kind: str, text: str) -> list[str]:
    return list(errors(schema(kind), documents.parse(text, "file.yaml").data))


@pytest.mark.parametrize("kind", schemas.KINDS)
def test_the_schema_in_the_repository_is_that_of_the_models(kind: str) -> None:
    """To bring it up to date: chipsim schema KIND > schemas/KIND.schema.json"""
    assert (ROOT / "schemas" / schemas.FILES[kind]).read_text("utf-8") == schemas.text(kind)


@pytest.mark.parametrize(("kind", "name"), SHIPPED)
def test_every_shipped_file_names_its_schema_and_keeps_to_it(kind: str, name: str) -> None:
    path = registry.file(kind, name)
    first = path.read_text("utf-8").splitlines()[0]
    target = os.path.relpath(ROOT / "schemas" / schemas.FILES[kind], path.parent)
    assert first == f"# yaml-language-server: $schema={target}"
    assert list(errors(schema(kind), documents.read(path).data)) == []


@pytest.mark.parametrize(("kind", "path"), WRITTEN, ids=lambda value: getattr(value, "stem", value))
def test_other_files_of_the_repository_keep_to_their_schema(kind: str, path: Path) -> None:
    assert list(errors(schema(kind), documents.read(path).data)) == []


CHIP = (ROOT / "architectures" / "reram-8x4.yaml").read_text("utf-8")
WORK = (ROOT / "workloads" / "reduced-digits-programmed.yaml").read_text("utf-8")
CELL = (ROOT / "chipsim" / "devices" / "presets" / "reram-om.yaml").read_text("utf-8")


@pytest.mark.parametrize(
    ("kind", "text", "before", "after", "where"),
    [
        ("architecture", CHIP, "type: dac", "type: dax", ".components.dac.type: enum"),
        ("architecture", CHIP, "lanes: 8", "lines: 8", ".components.dac.lines: false"),
        ("architecture", CHIP, "bits: 9", "bits: 90", ".components.adc.bits: maximum"),
        ("architecture", CHIP, "100 ns", "100 uS", ".components.drivers.pulse_width: anyOf"),
        ("architecture", CHIP, "100 ns", "100", ".components.drivers.pulse_width: anyOf"),
        ("architecture", CHIP, "cell: reram-om", "cell: reram-on", ".components.array.cell: anyOf"),
        ("architecture", CHIP, "reram-om", "{preset: reram-om, stap: 1}", ".components.array.cell: anyOf"),
        ("architecture", CHIP, "14 nm\n", "14 ns\n", ".technology: pattern"),
        ("architecture", CHIP, "corner: typical", "corner: typcal", ".costs.corner: enum"),
        ("architecture", CHIP, "timing: measured", "timings: measured", ".timings: false"),
        ("workload", WORK, "every: 100 images", "every: 100", ".evaluate.every: type"),
        ("workload", WORK, "type: digital,", "type: digtal,", ".stages.0.rule.type: enum"),
        ("workload", WORK, "kind: train, start", "kind: training, start", ".stages.0.kind: enum"),
        ("workload", WORK, "set: digits", "set: digit", ".data.set: enum"),
        ("cell", CELL, "model: soft-bounds", "model: soft-bound", ".model: enum"),
        ("cell", CELL, "value: 46.5 uS", "value: 46.5 V", ".parameters.g_mid.value: pattern"),
        ("cell", CELL, "  step:", "  stap:", ".parameters.stap: false"),
    ],
)  # fmt: skip
def test_a_wrong_value_breaks_the_schema_where_it_stands(
    kind: str, text: str, before: str, after: str, where: str
) -> None:
    assert before in text
    assert where in wrong(kind, text.replace(before, after, 1))


HEAD = "format: chipsim-architecture/1\nname: mine\nextends: reram-8x4\n"


@pytest.mark.parametrize(
    ("rest", "found"),
    [
        ("", []),
        ("components: {adc: {bits: 6}, integrator: null}\n", []),
        ("components: {dac: {type: dac, lanes: 16}}\n", []),
        ("components: {array: {type: crossbar, cell: {cycle_to_cycle: 0.2}}}\n", []),
        ("groups: null\ncosts: {corner: optimistic}\n", []),
        ("components: {adc: {type: adc, bits: 60}}\n", [".components.adc.bits: maximum"]),
        ("component: {}\n", [".component: false"]),
    ],
)
def test_a_file_that_extends_another_may_leave_out_and_take_away(rest: str, found: list[str]) -> None:
    assert wrong("architecture", HEAD + rest) == found


def test_what_a_file_that_stands_alone_must_hold_is_asked_for() -> None:
    assert ": required" in wrong("architecture", HEAD.replace("extends: reram-8x4\n", ""))


@pytest.mark.parametrize("kind", schemas.KINDS)
def test_every_reference_leads_somewhere_and_every_name_is_used(kind: str) -> None:
    whole = schema(kind)
    used = set(_references(whole))
    assert used <= whole["$defs"].keys()
    for name in registry.names("component") if kind == "architecture" else ():
        assert f"component-{name}" in used


def _references(schema: Any) -> list[str]:
    if isinstance(schema, list):
        return [name for inner in schema for name in _references(inner)]
    if not isinstance(schema, dict):
        return []
    own = [schema["$ref"].removeprefix("#/$defs/")] if isinstance(schema.get("$ref"), str) else []
    return own + [name for inner in schema.values() for name in _references(inner)]


def test_quantities_are_text_with_a_unit_and_an_example() -> None:
    width = schema("architecture")["$defs"]["component-pulse-driver"]["properties"]["pulse_width"]
    quantity = next(form for form in width["anyOf"] if form["type"] == "string")
    assert all(valid(quantity, text) for text in (*quantity["examples"], "1.5e2 ns", "+3us"))
    assert not any(valid(quantity, text) for text in ("100", "100 nS", "ns", "1,5 ns"))


def test_there_is_no_schema_of_other_kinds() -> None:
    with pytest.raises(UsageError) as error:
        schemas.of("architectur")
    assert error.value.faults[0].message == (
        "there is no schema of 'architectur'; did you mean 'architecture'?"
    )
