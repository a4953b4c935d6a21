"""Pages of real runs in a real browser: no complaint, no request, and the numbers of run.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.commands import ok
from tests.reports import test_browser

pytestmark = pytest.mark.browser
browser = test_browser.browser
Opened = test_browser.Opened
EXPLORED = """format: chipsim-study/1
name: explored
architecture: reram-8x4
workload: reduced-digits-scratch
settings: {stages.train.images: 300}
axes: {components.adc.bits: [5, 9], components.drivers.bit_length: [3, 7]}
objectives: [{maximise: train.accuracy.last}, {minimise: total.energy_J}]
seeds: 2
"""
LEAST = ("-s", "stages.0.images=1000", "-s", "evaluate.target=40 %")


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    ok("run", "reram-8x4", "reduced-digits-transfer", *LEAST, "-o", folder / "run")
    ok(
        "run",
        "reram-8x4",
        "reduced-digits-scratch",
        *LEAST,
        "--seeds",
        2,
        "--workers",
        1,
        "-o",
        folder / "study",
    )
    ok("demo", "--seeds", 2, "--workers", 1, *LEAST, "-o", folder / "demo")
    (folder / "study.yaml").write_text(EXPLORED, "utf-8")
    ok("explore", folder / "study.yaml", "--workers", 1, "-o", folder / "explored")
    return {name: folder / name for name in ("run", "study", "demo", "explored")}


@pytest.mark.parametrize("name", ["run", "study", "demo"])
def test_the_page_opens_without_complaint_or_any_request_but_its_own(
    browser: Any, pages: dict[str, Path], name: str
) -> None:
    page = pages[name] / "report.html"
    opened = Opened(browser, page)
    opened.page.locator("[data-node]").first.hover()
    assert opened.complaints == []
    assert opened.requests == [page.as_uri()]
    figures = opened.page.locator("svg.chart, svg.map, svg.graph")
    assert figures.count() >= 5
    for at in range(figures.count()):
        box = figures.nth(at).bounding_box()
        assert box["width"] > 100
        assert box["height"] > 60


@pytest.mark.parametrize(
    ("name", "runs"),
    [
        ("run", [["."]]),
        ("study", [["seed-0", "seed-1"]]),
        ("demo", [["scratch/seed-0", "scratch/seed-1"], ["transfer/seed-0", "transfer/seed-1"]]),
    ],
)
def test_the_numbers_on_the_page_are_those_of_run_json(
    browser: Any, pages: dict[str, Path], name: str, runs: list[list[str]]
) -> None:
    opened = Opened(browser, pages[name] / "report.html")
    block = opened.page.evaluate("JSON.parse(document.getElementById('data').textContent)")
    shown = [group["runs"] for group in block["groups"]]
    there = [[json.loads((pages[name] / run / "run.json").read_text()) for run in group] for group in runs]
    assert shown == there


def test_the_tables_of_a_run_show_its_stages(browser: Any, pages: dict[str, Path]) -> None:
    record = json.loads((pages["run"] / "run.json").read_text())
    opened = Opened(browser, pages["run"] / "report.html")
    last = [stage["accuracy"]["last"] for stage in record["stages"]]
    assert list(map(float, opened.values("stages", 3))) == last
    energy = [stage["energy_J"] for stage in record["stages"]]
    assert list(map(float, opened.values("efforts", 7))) == energy


def test_the_demonstration_leads_with_its_answer(browser: Any, pages: dict[str, Path]) -> None:
    answer = json.loads((pages["demo"] / "demo.json").read_text())["answer"]
    opened = Opened(browser, pages["demo"] / "report.html")
    assert opened.page.locator("#answer p").all_inner_texts() == answer.splitlines()


def test_the_page_of_a_study_shows_its_points_without_complaint_or_request(
    browser: Any, pages: dict[str, Path]
) -> None:
    page = pages["explored"] / "report.html"
    study = json.loads((pages["explored"] / "study.json").read_text("utf-8"))
    opened = Opened(browser, page)
    assert opened.complaints == []
    assert opened.requests == [page.as_uri()]
    figures = opened.page.locator("svg.chart")
    assert figures.count() == 1 + 1 + 2 * 2  # front, coordinates, each axis against each objective
    for at in range(figures.count()):
        box = figures.nth(at).bounding_box()
        assert box["width"] > 100
        assert box["height"] > 60
    assert opened.page.evaluate("JSON.parse(document.getElementById('data').textContent).study") == study
    assert list(map(int, opened.values("points", 0))) == [point["point"] for point in study["points"]]
    energies = [point["figures"]["total.energy_J"]["mean"] for point in study["points"]]
    assert list(map(float, opened.values("points", 5))) == energies
    assert list(map(int, opened.values("front", 0))) == study["front"]
    assert opened.page.locator("#answer p").all_inner_texts() == [
        f"{len(study['front'])} of 4 points are on the front."
    ]
