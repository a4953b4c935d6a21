"""Figure 10 small, on the embedded digits: one pre-training for all curves, the paper's epochs, going on."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from tests.cli.commands import ok

CURVES = ("rows1-scratch", *(f"rows1-noise{noise}" for noise in ("0", "2.5", "5", "7.5", "10")))
SMALL = ("--data", "digits", "--seeds", 1, "--images", 400, "--workers", 1)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with figure 10A."""
    folder = tmp_path_factory.mktemp("rows") / "out"
    ok("reproduce", "fig10a", *SMALL, "-o", folder)
    return folder


def errors(made: Path) -> dict[str, dict[float, float]]:
    found: dict[str, dict[float, float]] = {}
    with (made / "fig10a.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found.setdefault(row["curve"], {})[float(row["epoch"])] = float(row["error_percent_0"])
    return found


def record(made: Path, curve: str) -> dict[str, dict[str, float]]:
    text = (made / "curves" / curve / "seed-0" / "run.json").read_text("utf-8")
    return {stage["name"]: stage["accuracy"] for stage in json.loads(text)["stages"]}


def test_epochs_are_the_papers(made: Path) -> None:
    """0: digital on swapped rows; 1: on the array; 2: with noise, or random; then one every 200 images."""
    found = errors(made)
    assert tuple(found) == CURVES
    assert list(found["rows1-scratch"]) == [2, 3, 4]
    for curve in CURVES[1:]:
        stages, of = record(made, curve), found[curve]
        assert list(of) == [0, 1, 2, 3, 4]
        ends = [stages[name]["last"] for name in ("moved", "convert", "program", "finetune")]
        assert [of[0], of[1], of[2], of[4]] == pytest.approx([100 * (1 - accuracy) for accuracy in ends])
        assert stages["finetune"]["first"] == stages["program"]["last"]


def test_all_curves_begin_with_the_same_network(made: Path) -> None:
    found = errors(made)
    assert len({found[curve][0] for curve in CURVES[1:]}) == 1
    assert len({found[curve][1] for curve in CURVES[1:]}) == 1
    trained = record(made, "fc-pretrain")["pretrain"]["last"]
    assert all(record(made, curve)["pretrain"]["last"] == trained for curve in CURVES[1:])


def test_transfer_begins_below_scratch(made: Path) -> None:
    found = errors(made)
    assert all(found[curve][2] < found[CURVES[0]][2] - 10 for curve in CURVES[1:])


def test_the_figure_stands_beside_its_tables_and_says_what_the_chips_took(made: Path) -> None:
    text, drawing = ((made / f"fig10a.{kind}").read_text("utf-8") for kind in ("txt", "svg"))
    assert "embedded digits (UCI, 8 x 8), 1 chip" in text
    assert "13.57 % (text), 12.3 % (caption)" in text
    (noise,) = (line for line in text.splitlines() if line.startswith("| noise of 10 % in place of 2.5 % "))
    assert "| +6.11 points " in noise  # 10.61 % less 4.5 %
    for head in ("tiles", "area", "time", "energy", "pulses", "wear A", "wear C"):
        assert f"| {head} " in text
    assert "paper, 10 % noise" in drawing


def test_it_goes_on_where_it_stopped(made: Path) -> None:
    before = {curve: (made / "curves" / curve / "seed-0" / "run.json").stat().st_mtime_ns for curve in CURVES}
    (made / "curves" / "rows1-noise5" / "seed-0" / "run.json").unlink()
    text = (made / "fig10a.csv").read_text("utf-8")
    for file in made.glob("fig10a.*"):
        file.unlink()
    ok("reproduce", "fig10a", *SMALL, "-o", made)
    again = {curve: (made / "curves" / curve / "seed-0" / "run.json").stat().st_mtime_ns for curve in CURVES}
    assert {curve for curve in CURVES if again[curve] != before[curve]} == {"rows1-noise5"}
    assert (made / "fig10a.csv").read_text("utf-8") == text
