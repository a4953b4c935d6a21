"""Energies of published chips: ours over what was published, so that a change of a price shows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from chipsim.accounting import table
from chipsim.experiments.reproductions import costs
from chipsim.inputs import citations, registry
from tests.cli.commands import ROOT, ok, say

REFERENCE = ROOT / "tests" / "reference" / "published_chips.json"
LIBRARY: Mapping[str, Any] = json.loads(REFERENCE.read_text(encoding="utf-8"))
ROWS = {row.name.strip(): row for row in costs.compare().rows}
CHIPS = {
    "HERMES core, converters: survey's median": "hermes_core_mvm_sar_typ",
    "HERMES core, converters: survey's 90th percentile": "hermes_core_mvm_sar_conservative",
    "HERMES core, converters: as published": "hermes_core_mvm_cco_calibrated",
    "ISAAC in-situ multiply-accumulate unit": "isaac_ima_100ns",
    "Marinella 14/16 nm block, 1024 x 1024": "marinella_vmm_1024",
    "RPU tile, 4096 x 4096": "rpu_4096_mvm",
}
PARTS = {  # the library's word: ours
    "adc": "converters",
    "adc_sar": "converters",
    "dac": "input drivers",
    "cells": "cells and lines",
    "lines": "cells and lines",
    "sna": "shift and add",
}
PRICES = 2e-4  # the shipped prices are rounded to four digits, the library's energies are not


@pytest.mark.parametrize("name", CHIPS)
def test_a_chips_product_costs_what_the_library_works_out(name: str) -> None:
    row, expected = ROWS[name], LIBRARY[CHIPS[name]]
    assert row.published_J == pytest.approx(expected["published_J"], rel=5e-6, abs=0)
    assert row.ours_J == pytest.approx(expected["model_J"], rel=PRICES, abs=0)
    assert row.ratio == pytest.approx(expected["ratio"], rel=PRICES)


@pytest.mark.parametrize("name", CHIPS)
def test_its_parts_are_the_librarys_and_add_up(name: str) -> None:
    row, expected = ROWS[name], LIBRARY[CHIPS[name]]
    parts: dict[str, float] = {}
    for part, energy in expected["parts"].items():
        parts[PARTS[part]] = parts.get(PARTS[part], 0.0) + energy
    assert row.parts_J == pytest.approx(parts, rel=3e-4, abs=0)
    assert sum(row.parts_J.values()) == pytest.approx(row.ours_J, rel=1e-12, abs=0)


def test_the_ratios_are_those_that_the_docs_show() -> None:
    shown = {name: round(row.ratio, 2) for name, row in ROWS.items()}
    assert shown == {
        "HERMES core, converters: survey's median": 0.18,
        "HERMES core, converters: survey's 90th percentile": 0.50,
        "HERMES core, converters: as published": 0.62,
        "ISAAC in-situ multiply-accumulate unit": 1.50,
        "converters of it": 1.18,
        "input drivers of it": 1.07,
        "cells and lines of it": 4.37,
        "shift and add of it": 1.08,
        "Marinella 14/16 nm block, 1024 x 1024": 0.56,
        "RPU tile, 4096 x 4096": 0.18,
    }


def test_every_row_names_a_source_and_says_why_the_figures_differ() -> None:
    known = citations.keys()
    for row in ROWS.values():
        assert row.source in known
        assert len(row.reason) > 40
        assert row.where


def test_the_tables_of_published_chips_cite_what_there_is() -> None:
    files = sorted(Path(costs.__file__).with_name("tables").glob("*.yaml"))
    assert files
    for path in files:
        file = table.read(path)
        cited = {
            key for _, figure in table.figures_of(file.actions, file.components) for key in figure.source
        }
        assert cited <= citations.keys()


def test_the_docs_hold_the_table_that_the_command_prints() -> None:
    text = (ROOT / "docs" / "costs.md").read_text(encoding="utf-8")
    said = ok("reproduce", "costs").out
    assert f"```text\n{said.partition(chr(10) * 2)[0]}\n```" in text


def test_the_command_prints_one_json_object() -> None:
    rows = json.loads(ok("reproduce", "costs", "--json").out)["rows"]
    assert [row["name"].strip() for row in rows] == list(ROWS)
    for row in rows:
        assert row["ratio"] == row["ours_J"] / row["published_J"]


def test_text_values_and_tables_go_to_a_folder_and_never_over_others_unasked(tmp_path: Path) -> None:
    folder = tmp_path / "made" / "again"
    said = ok("reproduce", "costs", "-o", folder)
    names = ["costs.txt", "costs.json", "costs.csv"]
    assert [Path(line.removeprefix("file: ")) for line in said.out.splitlines()[-3:]] == [
        folder / name for name in names
    ]
    assert sorted(path.name for path in folder.iterdir()) == sorted(names)
    assert (folder / "costs.txt").read_text("utf-8") == ok("reproduce", "costs").out
    assert json.loads((folder / "costs.json").read_text("utf-8"))["rows"]
    rows = (folder / "costs.csv").read_text("utf-8").splitlines()
    assert rows[0] == "name,published_J,ours_J,ratio,source"
    assert len(rows) == len(ROWS) + 1
    again = say("reproduce", "costs", "-o", folder)
    assert again.code == 1
    taken = f"'{folder / 'costs.csv'}' is there already; name another place or add --force"
    assert again.faults == [f"error[E091]: {taken}"]
    assert len(json.loads(ok("reproduce", "costs", "-o", folder, "--force", "--json").out)["files"]) == 3


def test_without_a_figure_the_command_lists_what_there_is() -> None:
    names = registry.names("reproduction")
    assert [line.split()[0] for line in ok("reproduce").out.splitlines()] == list(names)
    assert list(json.loads(ok("reproduce", "--json").out)) == list(names)


def test_an_unknown_figure_is_answered_with_the_nearest() -> None:
    said = say("reproduce", "cost")
    assert said.code == 2
    assert said.faults == ["error[E100]: unknown figure 'cost'; did you mean 'costs'?"]
