import json
import math
import re
import subprocess
import sys
import time
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from chipsim.reports import html
from chipsim.reports.html import Group
from chipsim.reports.sections import SECTIONS
from tests.reports.fake_run import make_ensemble, make_run

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>'\"&{{7*7}}"


class Cells(HTMLParser):
    """Gathers (text, data-value) of all cells by table id."""

    def __init__(self) -> None:
        super().__init__()
        self.tables: dict[str, list[list[str]]] = {}
        self._rows: list[list[str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "table":
            self._rows = self.tables.setdefault(str(found["id"]), [])
        elif tag == "tr":
            self._rows.append([])
        elif tag == "td":
            self._rows[-1].append(found["data-value"] or "")


def cells(page: str) -> dict[str, list[list[str]]]:
    parser = Cells()
    parser.feed(page)
    return {name: [row for row in rows if row] for name, rows in parser.tables.items()}


def data(page: str) -> dict:
    block = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    return json.loads(block[1])


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("one") / "run")


@pytest.fixture(scope="module")
def page(run: Path) -> str:
    return html.build([Group("transfer", (run,))], "One run")


def test_the_page_asks_for_nothing_and_its_policy_allows_nothing_to_ask(page: str) -> None:
    policy = re.findall(r'Content-Security-Policy" content="([^"]*)"', page)[0].replace("&#39;", "'")
    assert re.sub(r"sha256-[\w+/=]+", "HASH", policy) == (
        "default-src 'none'; script-src 'HASH'; style-src 'HASH'; base-uri 'none'; form-action 'none'"
    )
    assert not re.search(r"(src|href)=\"(?!#)", page)
    assert not re.search(r"url\((?!#)|@import|\sstyle=|\son\w+=", page)


def test_the_data_block_holds_run_json_as_it_is(page: str, run: Path) -> None:
    assert data(page)["groups"] == [
        {"label": "transfer", "runs": [json.loads((run / "run.json").read_text())]}
    ]


def test_the_table_of_stages_has_the_numbers_of_run_json(page: str, run: Path) -> None:
    stages = json.loads((run / "run.json").read_text())["stages"]
    found = cells(page)
    for row, stage in zip(found["table-stages"], stages, strict=True):
        accuracy = [stage["accuracy"][key] for key in ("first", "best", "last")]
        assert row[0] == stage["name"]
        assert list(map(float, row[1:])) == [*accuracy, stage["target"], stage["linear_accuracy"]]
    for row, stage in zip(found["table-efforts"], stages, strict=True):
        target = [stage["to_target"][key] for key in ("images", "time_s", "energy_J", "pulses")]
        pulses = stage["pulses"]["set"] + stage["pulses"]["reset"]
        assert list(map(float, row[1:])) == [
            *target,
            stage["images"],
            stage["time_s"],
            stage["energy_J"],
            pulses,
            stage["uncontended_s"],
        ]


def test_the_areas_of_the_components_come_with_their_shares_largest_first(page: str, run: Path) -> None:
    areas = json.loads((run / "run.json").read_text())["area_m2_by_component"]
    rows = cells(page)["table-areas"]
    assert [row[0] for row in rows] == sorted(areas, key=lambda name: (-areas[name], name))
    for name, area, share in rows:
        assert float(area) == areas[name]
        assert float(share) == pytest.approx(areas[name] / math.fsum(areas.values()), rel=1e-12)


def test_a_map_of_pulses_names_the_largest_count_and_its_place(page: str, run: Path) -> None:
    last = json.loads((run / "run.json").read_text())["stages"][-1]["name"]
    with np.load(run / "arrays.npz") as arrays:
        counts = arrays[f"array/{last}/after/pulses"]
    row, column = (int(at[0]) for at in np.nonzero(counts == counts.max()))
    said = f"Most on one device: {int(counts.max()):,} pulses, at row {row}, column {column}."
    assert page.count(said) == 1


def test_the_ledgers_energies_are_those_of_the_stages(page: str, run: Path) -> None:
    stages = json.loads((run / "run.json").read_text())["stages"]
    rows = cells(page)["table-ledger"]
    for stage in stages:
        energies = [float(row[6]) for row in rows if row[0] == stage["name"] and row[6]]
        assert math.fsum(energies) == pytest.approx(stage["energy_J"], rel=1e-12)


def test_intervals_and_causes_are_those_of_run_json(page: str, run: Path) -> None:
    figures = json.loads((run / "run.json").read_text())
    totals = {
        "energy": (figures["total"]["energy_J"], figures["uncertainty"]["energy_J"]),
        "time": (figures["total"]["time_s"], figures["uncertainty"]["time_s"]),
        "area": (figures["area_m2"], figures["uncertainty"]["area_m2"]),
    }
    found = cells(page)
    assert [(row[0], *map(float, row[1:])) for row in found["table-intervals"]] == [
        (name, total, spread["low"], spread["median"], spread["high"])
        for name, (total, spread) in totals.items()
    ]
    assert [(*row[:2], float(row[2]), row[3]) for row in found["table-causes"]] == [
        (name, cause["entry"], cause["share"], cause["source"])
        for name, (_, spread) in totals.items()
        for cause in spread["causes"]
    ]
    for name in totals:
        assert f'aria-label="Spread of the {name}: share of the variance"' in page


def test_a_total_that_rests_on_nothing_with_a_range_says_so(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "run")
    figures = json.loads((folder / "run.json").read_text())
    figures["uncertainty"]["time_s"]["causes"] = []
    del figures["uncertainty"]["area_m2"]
    (folder / "run.json").write_text(json.dumps(figures))
    text = html.build([Group("g", (folder,))], "Sure")
    assert "Nothing that the time rests on has a range." in text
    assert "run.json holds no uncertainty.area_m2." in text
    assert [row[0] for row in cells(text)["table-intervals"]] == ["energy", "time"]


def test_causes_of_several_seeds_are_their_means(tmp_path: Path) -> None:
    runs = make_ensemble(tmp_path / "a", 2)
    figures = json.loads((runs[1] / "run.json").read_text())
    figures["uncertainty"]["time_s"]["causes"] = [{"entry": "adc.conversion", "share": 0.5, "source": "x"}]
    (runs[1] / "run.json").write_text(json.dumps(figures))
    rows = cells(html.build([Group("a", runs)], "Seeds"))["table-causes"]
    assert [(row[1], float(row[2])) for row in rows if row[0] == "time"] == [
        ("drivers.pulse_width", 0.49), ("adc.conversion", 0.25),
    ]  # fmt: skip


def test_a_page_says_how_much_of_the_energy_rests_on_assumed_prices(page: str) -> None:
    assert "12.3\N{NO-BREAK SPACE}% of the energy rests on prices marked as assumed." in page


def test_every_listed_section_is_on_the_page_and_in_its_contents(page: str) -> None:
    assert re.findall(r'<section id="([^"]*)"', page) == [section.anchor for section in SECTIONS]
    assert re.findall(r'<a href="#([^"]*)"', page) == [section.anchor for section in SECTIONS]


def test_equal_directories_give_an_equal_page(page: str, run: Path) -> None:
    assert html.build([Group("transfer", (run,))], "One run") == page


def test_ids_on_a_page_are_unique(tmp_path: Path) -> None:
    runs = make_ensemble(tmp_path / "a", 2), make_ensemble(tmp_path / "b", 2)
    text = html.build([Group("a", runs[0]), Group("b", runs[1])], "Two")
    ids = re.findall(r'\sid="([^"]*)"', text)
    assert len(ids) == len(set(ids))


def test_two_groups_lead_with_the_answer_a_paragraph_a_line(tmp_path: Path) -> None:
    runs = (
        make_ensemble(tmp_path / "a", 2),
        make_ensemble(tmp_path / "b", 2, stages=(("train", 0.5, 2600.0),)),
    )
    groups = [Group("transfer", runs[0]), Group("scratch", runs[1])]
    text = html.build(groups, "Both", answer="First sentence.\nSecond sentence.")
    assert text.index("<p>First sentence.</p><p>Second sentence.</p>") < text.index("<section")
    assert "The last stage of each group" in text


def test_a_target_that_is_never_reached_is_said_and_not_left_out(tmp_path: Path) -> None:
    text = html.build([Group("g", (make_run(tmp_path / "run", reaches=False),))], "Never")
    assert text.count("not within the run") >= 4
    assert cells(text)["table-efforts"][0][1:5] == [""] * 4


@pytest.mark.parametrize(
    "name",
    [
        "accuracy.csv",
        "energy.csv",
        "ledger.csv",
        "utilisation.csv",
        "arrays.npz",
        "warnings.json",
        "provenance.json",
        "resolved/architecture.yaml",
    ],
)
def test_a_section_whose_file_is_missing_says_so(tmp_path: Path, name: str) -> None:
    folder = make_run(tmp_path / "run")
    (folder / name).unlink()
    text = html.build([Group("g", (folder,))], "Missing")
    assert re.search(rf'<p class="missing">[^<]*{re.escape(Path(name).name)}', text)


def test_a_bare_run_json_is_enough_for_a_page(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text('{"format": "chipsim-run/1"}')
    text = html.build([Group("g", (tmp_path,))], "Bare")
    assert "The run has no stages." in text


def test_hostile_text_is_only_text(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "run")
    figures = json.loads((folder / "run.json").read_text())
    figures.update(architecture=HOSTILE, workload=HOSTILE, run_id=HOSTILE)
    for stage in figures["stages"]:
        stage["energy_J_by_component"][HOSTILE] = 1e-6
        stage["name"] = HOSTILE + stage["name"]
    figures["placement"] = [
        {"component": "array", "matrix": HOSTILE, "rows": [0, 8], "columns": [0, 2]},
        7,
        {"component": "array"},
    ]
    (folder / "run.json").write_text(json.dumps(figures))
    (folder / "warnings.json").write_text(json.dumps([{"code": HOSTILE, "message": HOSTILE}, HOSTILE]))
    (folder / "provenance.json").write_text(json.dumps({"command": HOSTILE, HOSTILE: {HOSTILE: HOSTILE}}))
    text = html.build([Group(HOSTILE, (folder,)), Group("b", (folder,))], HOSTILE, answer=HOSTILE)
    assert "alert(1)</script>" not in text
    assert "<img" not in text
    assert "49" not in re.findall(r"<h1>(.*?)</h1>", text)[0]
    assert data(text)["groups"][0]["label"] == HOSTILE
    assert text.count("<script") == 2


def test_a_group_without_runs_is_refused() -> None:
    with pytest.raises(
        ValueError, match="a report needs at least one group, and every group at least one run"
    ):
        html.build([Group("g", ())], "Nothing")


def test_the_page_says_what_overlap_gains_and_what_holds_the_run_back(page: str) -> None:
    assert "overlap gains" in page
    assert "bottleneck is array with 90.0" in page.replace("\N{NO-BREAK SPACE}", " ")
    assert "a second one would gain at most" in page


@pytest.mark.parametrize("bottleneck", [None, {}, "array"])
def test_a_page_of_a_run_without_a_bottleneck_says_nothing_of_one(bottleneck: object, tmp_path: Path) -> None:
    folder = make_run(tmp_path / "run")
    record = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps(record | {"bottleneck": bottleneck}))
    assert "bottleneck is" not in html.build([Group("g", (folder,))], "One")


def test_a_page_is_written_aside_and_renamed(tmp_path: Path, run: Path) -> None:
    path = html.write([Group("g", (run,))], tmp_path / "report.html", "One")
    assert path.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert [item.name for item in tmp_path.iterdir()] == ["report.html"]


def test_the_command_to_repeat_is_the_given_one_or_that_of_the_run(page: str, run: Path) -> None:
    assert "<code>chipsim run reram-8x4 reduced-digits-transfer --seed 0</code>" in page
    given = html.build([Group("g", (run,))], "One", command="chipsim demo")
    assert "<code>chipsim demo</code>" in given


def test_a_report_of_two_groups_of_ten_seeds_takes_less_than_two_seconds(tmp_path: Path) -> None:
    groups = [Group(name, make_ensemble(tmp_path / name, 10)) for name in ("a", "b")]
    html.build(groups, "warm")
    started = time.process_time()
    html.build(groups, "timed")
    assert time.process_time() - started < 2


def test_importing_the_reports_imports_no_plotting() -> None:
    asked = "import sys, chipsim.reports.html as h; print({'matplotlib', 'pandas'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
