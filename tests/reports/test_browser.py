"""The page in a real browser: opened from its file, it asks for nothing and shows run.json's numbers."""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chipsim.reports import html
from chipsim.reports.html import Group
from tests.reports.fake_run import make_ensemble, make_run

pytestmark = pytest.mark.browser

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
ANSWER = "Transfer needs 0.42 times the images.\nThat takes 14.5 ms and 1.10 µJ."


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    path = os.environ.get("CHIPSIM_BROWSER") or next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.skip("no Chromium is installed")
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, list[Group]]]:
    folder = tmp_path_factory.mktemp("pages")
    transfer = make_ensemble(folder / "transfer", 3)
    scratch = make_ensemble(folder / "scratch", 3, stages=(("train", 0.5, 2600.0),))
    groups = {
        "run": [Group("transfer", (make_run(folder / "run"),))],
        "ensemble": [Group("transfer", transfer)],
        "two": [Group("transfer", transfer), Group("scratch", scratch)],
    }
    return {
        name: (html.write(found, folder / f"{name}.html", name, ANSWER if name == "two" else ""), found)
        for name, found in groups.items()
    }


class Opened:
    """A page with what it complained of and asked for."""

    def __init__(self, browser: Any, path: Path, **context: Any) -> None:
        self.page = browser.new_page(**context)
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(path.as_uri())

    def values(self, table: str, column: int) -> list[str]:
        found: list[str] = self.page.eval_on_selector_all(
            f"#table-{table} tbody tr", f"rows => rows.map(row => row.cells[{column}].dataset.value)"
        )
        return found


@pytest.mark.parametrize("name", ["run", "ensemble", "two"])
def test_a_page_opens_without_complaint_or_any_request_but_its_own(browser, pages, name) -> None:
    path, _ = pages[name]
    opened = Opened(browser, path)
    opened.page.locator("[data-node]").first.hover()
    assert opened.complaints == []
    assert opened.requests == [path.as_uri()]


@pytest.mark.parametrize("name", ["run", "ensemble", "two"])
def test_every_figure_shows_something(browser, pages, name) -> None:
    opened = Opened(browser, pages[name][0])
    figures = opened.page.locator("svg.chart, svg.map, svg.graph")
    assert figures.count() >= 7
    for at in range(figures.count()):
        box = figures.nth(at).bounding_box()
        assert box["width"] > 100
        assert box["height"] > 60
        inked = figures.nth(at).evaluate(
            "svg => [...svg.querySelectorAll('path, rect')].filter(part => {"
            " const style = getComputedStyle(part), box = part.getBoundingClientRect();"
            " return (style.fill !== 'none' || style.stroke !== 'none') && box.width + box.height > 0"
            "}).length"
        )
        assert inked >= 4


def test_colours_of_a_chart_come_from_the_theme(browser, pages) -> None:
    seen = {}
    for scheme in ("light", "dark"):
        opened = Opened(browser, pages["run"][0], color_scheme=scheme)
        line = opened.page.locator("#accuracy .series-1-stroke").first
        seen[scheme] = line.evaluate("part => getComputedStyle(part).stroke")
    assert seen["light"] != seen["dark"]
    assert "rgb(0, 0, 0)" not in seen.values()


def test_the_numbers_of_the_page_are_those_of_run_json(browser, pages) -> None:
    path, (group,) = pages["run"]
    figures = json.loads((group.runs[0] / "run.json").read_text())
    opened = Opened(browser, path)
    block = opened.page.evaluate("JSON.parse(document.getElementById('data').textContent)")
    assert block["groups"][0]["runs"][0] == figures
    stages = figures["stages"]
    assert list(map(float, opened.values("stages", 3))) == [stage["accuracy"]["last"] for stage in stages]
    assert list(map(float, opened.values("efforts", 1))) == [stage["to_target"]["images"] for stage in stages]
    assert list(map(float, opened.values("efforts", 7))) == [stage["energy_J"] for stage in stages]
    cards = opened.page.eval_on_selector_all(
        ".card .value", "all => all.map(one => Number(one.dataset.value))"
    )
    last = stages[-1]
    target = [last["to_target"][key] for key in ("images", "time_s", "energy_J", "pulses")]
    assert cards == [last["accuracy"]["last"], *target, figures["area_m2"]]


def test_what_a_total_hangs_on_is_ranked_in_a_table_and_a_chart(browser, pages) -> None:
    path, (group,) = pages["run"]
    spreads = json.loads((group.runs[0] / "run.json").read_text())["uncertainty"]
    opened = Opened(browser, path)
    causes = [cause for spread in spreads.values() for cause in spread["causes"]]
    assert opened.values("causes", 1) == [cause["entry"] for cause in causes]
    assert list(map(float, opened.values("causes", 2))) == [cause["share"] for cause in causes]
    charts = opened.page.locator("#uncertainty svg.chart")
    assert charts.count() == len(spreads)
    for chart, spread in zip(charts.all(), spreads.values(), strict=True):
        told = chart.locator("text").all_text_contents()
        assert all(cause["entry"] in " ".join(told) for cause in spread["causes"])


def test_a_column_sorts_down_then_up_and_empty_cells_stay_last(browser, pages) -> None:
    opened = Opened(browser, pages["run"][0])
    before = opened.values("ledger", 6)
    head = opened.page.locator("#table-ledger th", has_text="energy")
    head.locator("button").click()
    there = sorted((float(value) for value in before if value), reverse=True)
    empty = [""] * before.count("")
    assert [v and float(v) for v in opened.values("ledger", 6)] == [*there, *empty]
    assert head.get_attribute("aria-sort") == "descending"
    head.locator("button").click()
    assert [v and float(v) for v in opened.values("ledger", 6)] == [*there[::-1], *empty]


def test_words_sought_in_the_ledger_leave_the_rows_that_hold_them_all(browser, pages) -> None:
    opened = Opened(browser, pages["run"][0])
    opened.page.locator("input[type=search]").fill("finetune adc_conv")
    rows = opened.page.locator("#table-ledger tbody tr:visible")
    texts = rows.all_inner_texts()
    assert texts
    assert all("finetune" in text and "adc_conv" in text for text in texts)


@pytest.mark.parametrize(("scheme", "other"), [("light", "dark"), ("dark", "light")])
def test_the_theme_follows_the_system_until_the_toggle_is_used(browser, pages, scheme, other) -> None:
    opened = Opened(browser, pages["run"][0], color_scheme=scheme)
    paper = "getComputedStyle(document.documentElement).backgroundColor"
    colours = {"light": "rgb(246, 247, 249)", "dark": "rgb(18, 22, 27)"}
    assert opened.page.evaluate(paper) == colours[scheme]
    opened.page.locator("#theme").click()
    assert opened.page.evaluate(paper) == colours[other]
    opened.page.locator("#theme").click()
    assert opened.page.evaluate(paper) == colours[scheme]
    assert opened.complaints == []


def test_pointing_at_a_component_tells_its_parameters_busy_share_and_energy(browser, pages) -> None:
    opened = Opened(browser, pages["run"][0])
    opened.page.locator("[data-node=array]").hover()
    told = opened.page.locator(".told").inner_text()
    for expected in ("array", "crossbar", "rows", "8", "reram-om", "busy", "97.4", "energy"):
        assert expected in told
    lit = opened.page.locator("[data-from].lit")
    assert lit.count() == 3


def test_a_component_reached_by_keyboard_tells_the_same(browser, pages) -> None:
    opened = Opened(browser, pages["run"][0])
    opened.page.locator("[data-node=adc]").focus()
    assert opened.page.locator(".told h3").inner_text() == "adc"


def test_two_groups_lead_with_the_answer(browser, pages) -> None:
    opened = Opened(browser, pages["two"][0])
    answer = opened.page.locator("#answer")
    assert answer.locator("p").all_inner_texts() == ANSWER.splitlines()
    assert answer.bounding_box()["y"] < opened.page.locator("section").first.bounding_box()["y"]


@pytest.mark.parametrize("name", ["run", "ensemble", "two"])
def test_a_narrow_screen_scrolls_down_only(browser, pages, name) -> None:
    opened = Opened(browser, pages[name][0], viewport={"width": 375, "height": 800})
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= 375
