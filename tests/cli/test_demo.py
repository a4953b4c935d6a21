"""The demonstration: what it prints, what it writes, and that its numbers are those of its runs."""

from __future__ import annotations

import json
import math
import re
import statistics
from pathlib import Path
from typing import Any

import pytest

from tests.cli.commands import Said, listing, ok, say

SEEDS = 3
SIDES = {"scratch": "train", "transfer": "finetune"}
FIGURES = ("images", "time_s", "energy_J", "pulses")


class Demo:
    """A demonstration that was printed and written."""

    def __init__(self, said: Said, folder: Path) -> None:
        self.said, self.folder = said, folder
        self.answer: dict[str, Any] = json.loads((folder / "demo.json").read_text())

    def to_target(self, side: str, name: str) -> list[float]:
        """What each seed took to reach the target on Task 2; infinite if it never did."""
        found = []
        for seed in range(SEEDS):
            record = json.loads((self.folder / side / f"seed-{seed}" / "run.json").read_text())
            (stage,) = [stage for stage in record["stages"] if stage["name"] == SIDES[side]]
            found.append(stage["to_target"][name] if stage["to_target"] else math.inf)
        return found

    def median(self, side: str, name: str) -> float:
        return statistics.median(self.to_target(side, name))


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    folder = tmp_path_factory.mktemp("demo") / "out"
    return Demo(ok("demo", "--seeds", SEEDS, "--workers", 1, "-o", folder), folder)


def test_it_prints_two_sentences_and_where_the_report_lies(demo: Demo) -> None:
    speed, cost, empty, report = demo.said.out.splitlines()
    assert demo.said.err == ""
    assert speed.startswith("After pre-training on Task 1 the array reached the target on Task 2 ")
    assert cost.startswith("To get there it took ")
    assert speed.endswith(".")
    assert cost.endswith(".")
    assert empty == ""
    assert report == f"report: {demo.folder / 'report.html'}"
    assert (demo.folder / "report.html").is_file()


def test_the_sentences_hold_the_numbers_of_the_runs(demo: Demo) -> None:
    speed, cost, *_ = demo.said.out.splitlines()
    scratch, transfer = (demo.median(side, "images") for side in SIDES)
    assert all(map(math.isfinite, (scratch, transfer)))
    assert f"(ratio {scratch / transfer:.2f}, 90 % interval " in speed
    assert f": {transfer:.0f} images against {scratch:.0f} images from random conductances " in speed
    arrived = [sum(map(math.isfinite, demo.to_target(side, "images"))) for side in ("transfer", "scratch")]
    assert f"the target was reached by {arrived[0]} and {arrived[1]} of them" in speed
    numbers = re.findall(r"([\d.]+) (ms|us), ([\d.]+) (nJ|uJ) and (\d+) pulses", cost)
    scale = {"ms": 1e-3, "us": 1e-6, "nJ": 1e-9, "uJ": 1e-6}
    for side, (time, second, energy, joule, pulses) in zip(("transfer", "scratch"), numbers, strict=True):
        assert float(time) * scale[second] == pytest.approx(demo.median(side, "time_s"), rel=5e-3)
        assert float(energy) * scale[joule] == pytest.approx(demo.median(side, "energy_J"), rel=5e-3)
        assert int(pulses) == round(demo.median(side, "pulses"))


def test_the_answer_file_holds_the_same(demo: Demo) -> None:
    answer = demo.answer
    assert (answer["format"], answer["seeds"]) == ("chipsim-demo/1", list(range(SEEDS)))
    assert answer["answer"] == "\n".join(demo.said.out.splitlines()[:2])
    for side in SIDES:
        assert answer["to_target"][side] == {name: demo.median(side, name) for name in FIGURES}
    ratio = answer["ratio_of_images"]
    assert ratio["value"] == demo.median("scratch", "images") / demo.median("transfer", "images")
    low, high = ratio["ci90"]
    assert low <= ratio["value"] <= high


def test_it_writes_an_ensemble_for_each_side(demo: Demo) -> None:
    top = {name for name in listing(demo.folder) if "/" not in name}
    assert top == {"demo.json", "report.html", *SIDES}
    for side in SIDES:
        summary = json.loads((demo.folder / side / "ensemble.json").read_text())
        assert summary["seeds"] == list(range(SEEDS))
        assert summary["workload"] == f"reduced-digits-{side}"


def test_given_again_it_answers_from_what_is_there(demo: Demo) -> None:
    before = {
        name: (demo.folder / name).stat().st_mtime_ns for name in listing(demo.folder) if "seed-" in name
    }
    said = ok("demo", "--seeds", SEEDS, "--workers", 1, "-o", demo.folder, "--json")
    assert json.loads(said.out) == demo.answer
    assert {name: (demo.folder / name).stat().st_mtime_ns for name in before} == before


def test_the_page_is_rebuilt_from_its_files(demo: Demo) -> None:
    page = demo.folder / "report.html"
    before = page.read_text()
    page.unlink()
    ok("report", demo.folder)
    after = page.read_text()
    for sentence in demo.answer["answer"].splitlines():
        assert sentence.split("(")[0].strip() in after
    assert after == before


def test_it_does_not_write_into_a_folder_of_something_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "report.html").write_text("mine")
    said = say("demo", "--seeds", 2, "-o", "thesis")
    assert said.code == 1
    assert said.err == "error[E091]: 'thesis' is there already; name another folder or add --force\n"
    said = say("demo", "--seeds", 2, "-o", "thesis", "--force")
    assert said.code == 1
    assert said.err == "error[E091]: 'thesis' is not a folder of runs, so --force does not remove it\n"
    assert listing(tmp_path) == ["thesis", "thesis/report.html"]
    assert (tmp_path / "thesis" / "report.html").read_text() == "mine"


def test_force_replaces_another_demonstration(tmp_path: Path) -> None:
    few = ("--workers", 1, "-s", "stages.0.images=200", "-s", "evaluate.target=40 %", "-o", tmp_path / "out")
    ok("demo", "--seeds", 2, *few)
    said = say("demo", "--seeds", 1, *few)
    assert said.code == 1
    ok("demo", "--seeds", 1, *few, "--force")
    assert json.loads((tmp_path / "out" / "demo.json").read_text())["seeds"] == [0]
    assert not (tmp_path / "out" / "scratch" / "seed-1").exists()


def test_a_demonstration_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    words = ("demo", "--seeds", 1, "--workers", 1, "-s", "stages.0.images=100")
    said = say(*words, "-s", "costs.cell_read.voltage=1e200 V")
    assert said.code == 5
    said = say(*words, "-s", "costs.cell_read.voltage=1e200 V", "-o", "out")
    assert said.code == 5
    assert listing(tmp_path) == []
