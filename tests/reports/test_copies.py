"""A page of a chip of many copies: one row, bar and box for all copies of a component, and each on demand."""

from __future__ import annotations

import csv
import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chipsim.reports import html
from chipsim.reports.html import Group
from tests.reports.fake_run import ARCHITECTURE, make_run
from tests.reports.test_html import cells, data

COPIES = 400
GROUPS = """groups:
  tile: {components: [dac, array, adc], count: as needed}
"""
SVG = "{http://www.w3.org/2000/svg}"
SHARES = {f"array[{index}]": 0.001 * index for index in range(COPIES)}
SPENT = {f"array[{index}]": 1e-9 * (index + 1) for index in range(COPIES)} | {"controller": 1e-9}


def _table(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    found = list(rows)
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(found[0]))
        writer.writeheader()
        writer.writerows(found)


def _use(component: str, share: float) -> dict[str, Any]:
    return {
        "component": component,
        "busy_s": share,
        "waiting_s": 0.5,
        "utilisation": share,
        "mean_queue": 2.0,
    }


def _action(component: str, energy: float) -> dict[str, Any]:
    return {
        **{"stage": "finetune", "operation": "update", "component": component, "action": "set_pulses"},
        **{"count": 3, "price_J": energy / 3, "energy_J": energy, "source": "Gong2022"},
    }


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = make_run(tmp_path_factory.mktemp("tiled") / "run", images=100)
    (folder / "resolved" / "architecture.yaml").write_text(
        ARCHITECTURE.replace("links:", f"{GROUPS}links:"), encoding="utf-8"
    )
    _table(folder / "utilisation.csv", [_use(*row) for row in {**SHARES, "controller": 0.5}.items()])
    rows = [_action(*row) for row in SPENT.items()]
    _table(folder / "energy.csv", rows)
    _table(folder / "ledger.csv", [{key: row[key] for key in list(row)[:5]} for row in rows])
    figures = json.loads((folder / "run.json").read_text("utf-8"))
    figures["total"]["energy_J_by_component"] = SPENT
    figures["area_m2_by_component"] = dict.fromkeys(SHARES, 1e-12)
    for stage in figures["stages"]:
        stage["energy_J_by_component"] = SPENT
    (folder / "run.json").write_text(json.dumps(figures), encoding="utf-8")
    maps = {f"array[{index}]/finetune/after/pulses": np.full((8, 4), index) for index in range(COPIES)}
    np.savez(folder / "arrays.npz", **maps)
    return html.build([Group("tiled", (folder,))], "Many copies")


def test_utilisation_has_one_row_for_all_copies_and_the_busiest_below(page: str) -> None:
    tables = cells(page)
    rows = {row[0]: row[1:3] for row in tables["table-utilisation"]}
    mean, busiest = map(float, rows[f"array ({COPIES} copies)"])
    assert mean == pytest.approx(0.001 * (COPIES - 1) / 2)
    assert busiest == pytest.approx(0.001 * (COPIES - 1))
    assert list(map(float, rows["controller"])) == [0.5, 0.5]
    apart = [row[0] for row in tables["table-utilisation-copies"]]
    assert apart[:2] == [f"array[{COPIES - 1}]", f"array[{COPIES - 2}]"]
    assert len(apart) == 300
    assert f"{COPIES - 300} rows more stand in utilisation.csv." in page


def test_the_ledger_adds_up_the_copies_of_an_action(page: str) -> None:
    tables = cells(page)
    rows = {row[2]: row for row in tables["table-ledger"]}
    whole = rows[f"array ({COPIES} copies)"]
    assert int(float(whole[4])) == 3 * COPIES
    assert float(whole[6]) == pytest.approx(1e-9 * COPIES * (COPIES + 1) / 2)
    assert rows["controller"][2:4] == ["controller", "set_pulses"]
    assert tables["table-ledger-copies"][0][2] == f"array[{COPIES - 1}]"


def test_bars_are_of_components_not_of_copies(page: str) -> None:
    assert "array[1]" not in "".join(re.findall(r'<svg class="chart.*?</svg>', page, re.DOTALL))


def test_the_group_is_drawn_once_with_its_count_mean_and_largest_share(page: str) -> None:
    svg = re.search(r'<svg[^>]*class="graph".*?</svg>', page, re.DOTALL)
    assert svg is not None
    tree = ET.fromstring(svg[0])
    nodes = {node.get("data-node"): node for node in tree.iter(f"{SVG}g") if node.get("data-node")}
    assert sorted(name for name in nodes if name in ("tile", "array")) == ["array", "tile"]
    assert f"\N{MULTIPLICATION SIGN} {COPIES}" in [text.text for text in nodes["tile"].iter(f"{SVG}text")]
    for name in ("tile", "array"):
        own = {rect.get("class"): rect for rect in nodes[name].findall(f"{SVG}rect")}
        room = float(own["track"].get("width", 0))
        assert float(own["busy"].get("width", 0)) == pytest.approx(0.1995 * room, abs=0.1)
        mark = float(own["most"].get("x", 0)) + 1 - float(own["track"].get("x", 0))
        assert mark == pytest.approx(0.399 * room, abs=0.2)


def test_energies_of_copies_are_summed_in_the_drawing(page: str) -> None:
    facts = {name: dict(told) for name, told in data(page)["graphs"][0].items()}
    whole = 1e-9 * COPIES * (COPIES + 1) / 2
    assert facts["array"]["energy"] == facts["tile"]["energy"] == f"{whole * 1e6:.1f}\N{NO-BREAK SPACE}µJ"
    assert facts["tile"]["count"] == f"x {COPIES}"
    assert facts["array"]["busy, at most"].endswith(f"(array[{COPIES - 1}])")
    assert re.search(r'<g class="energy"><text class="caption"[^>]*>80.2', page)


def test_maps_are_of_the_arrays_that_were_pulsed_most(page: str) -> None:
    shown = re.findall(r"<figcaption>(array\[\d+\])</figcaption>", page)
    assert shown == [f"array[{index}]" for index in range(COPIES - 12, COPIES)]
    assert f"arrays.npz holds {COPIES - 12} more" in page
