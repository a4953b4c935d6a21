"""The figures of the paper, small: a few chips, few images, embedded digits; directions, files and going on.

Everything is fixed by the seeds, so nothing here can fail by chance; that the directions hold for other seeds
too is what the figures themselves show, with intervals.
"""

from __future__ import annotations

import csv
import itertools
import json
import math
import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chipsim.experiments import convergence
from chipsim.experiments.convergence import Versus
from chipsim.experiments.reproductions import all as everything
from chipsim.experiments.reproductions import beyond, curves, figure, study
from chipsim.experiments.reproductions.curves import (
    ANALOG,
    AWARE,
    CLIPPED,
    EXCHANGE,
    NOISY,
    SCALED,
    SCRATCH,
    Curve,
    same_task,
)
from chipsim.experiments.run import prepare
from chipsim.inputs import registry
from tests.cli.commands import ok, say

CHIPS, IMAGES = 2, 1500
FIGURES = ("fig3", "fig4", "fig7", "fig8", "fig9")
SMALL = ("--data", "digits", "--seeds", CHIPS, "--images", IMAGES, "--workers", 1)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all figures."""
    folder = tmp_path_factory.mktemp("figures") / "out"
    said = ok("reproduce", "all", *SMALL, "-o", folder)
    assert said.out.endswith(f"folder: {folder}\n")
    return folder


def versus(made: Path, curve: Curve, scratch: Curve = SCRATCH) -> Versus:
    """A curve against scratch, from the chips' own files."""
    sides = (
        [convergence.read(made / "curves" / c.name / f"seed-{seed}", c.stage) for seed in range(CHIPS)]
        for c in (scratch, curve)
    )
    return Versus(*sides)


@pytest.mark.parametrize("curve", [ANALOG, CLIPPED, SCALED, AWARE, NOISY])
def test_pre_trained_chips_start_above_scratch_and_fall_less_short_of_its_level(
    made: Path, curve: Curve
) -> None:
    found = versus(made, curve)
    first = [statistics.fmean(trace.accuracy[0] for trace in side) for side in (found.scratch, found.other)]
    assert first[1] > first[0]
    assert found.saved().value > 0


@pytest.mark.parametrize("curve", [CLIPPED, SCALED, AWARE, NOISY])
def test_on_the_same_task_they_start_higher_still(made: Path, curve: Curve) -> None:
    same, other = versus(made, same_task(curve), same_task(SCRATCH)), versus(made, curve)
    assert statistics.fmean(t.accuracy[0] for t in same.other) > statistics.fmean(
        t.accuracy[0] for t in other.other
    )


def rows(made: Path, name: str) -> list[dict[str, str]]:
    with (made / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_accuracy_before_fine_tuning_falls_from_task_1s_towards_chance(made: Path) -> None:
    by: dict[int, list[float]] = {}
    for row in rows(made, "fig7"):
        by.setdefault(int(row["changed"]), []).append(float(row["accuracy"]))
    means = [statistics.fmean(by[n]) for n in range(9)]
    assert [len(by[n]) for n in range(9)] == [CHIPS, *(3 * CHIPS,) * 8]
    assert means[0] > statistics.fmean(means[1:4]) > statistics.fmean(means[6:]) + 0.05


def test_task_2_before_fine_tuning_is_worse_than_task_1(made: Path) -> None:
    found = rows(made, "fig8")
    assert statistics.fmean(float(row["task_1"]) - float(row["task_2_before"]) for row in found) > 0.05


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_says_what_it_ran_on_and_stands_beside_its_tables_and_data(made: Path, name: str) -> None:
    text, drawing, record = (
        (made / f"{name}.{kind}").read_text(encoding="utf-8") for kind in ("txt", "svg", "json")
    )
    assert f"embedded digits (UCI, 8 x 8), {CHIPS} chips" in text
    assert f"embedded digits (UCI, 8 x 8), {CHIPS} chips" in drawing
    found = json.loads(record)
    assert (found["figure"], found["data"], found["seeds"]) == (name, "digits", list(range(CHIPS)))
    assert all(f"`{command}`" in text for command in found["runs"])


def test_the_ratio_in_the_table_is_that_of_the_chips(made: Path) -> None:
    record = json.loads((made / "fig9.json").read_text(encoding="utf-8"))
    (shown,) = (
        row["chipsim"]
        for row in record["claims"]
        if row["what"].endswith("images to target: scratch's / its")
    )
    value, low, high = (
        f"{value:.2f}" if math.isfinite(value) else "beyond the run" for value in versus(made, ANALOG).ratio()
    )
    assert shown == f"{value} ({low} to {high})"


def test_what_was_spent_is_what_a_run_with_that_target_reports(made: Path) -> None:
    given = study.Given(made, "digits", CHIPS, images=IMAGES)
    compared = 0
    for curve, seed in itertools.product((ANALOG, AWARE), range(CHIPS)):
        folder = made / "curves" / curve.name / f"seed-{seed}"
        record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        stage: dict[str, Any] = next(s for s in record["stages"] if s["name"] == "finetune")
        found = convergence.spent(prepare(curve.request(given)), folder, "finetune", stage["target"])
        assert (found is None) == (stage["to_target"] is None)
        if found is not None:
            expected = {name: stage["to_target"][name] for name in ("images", "time_s", "energy_J", "pulses")}
            assert {name: getattr(found, name) for name in expected} == expected
            assert 16 * sum(found.wear.values()) == pytest.approx(found.pulses)
            compared += 1
    assert compared


def test_given_again_nothing_is_run_and_everything_is_as_it_was(made: Path) -> None:
    def stamps() -> Iterator[tuple[Path, int]]:
        return ((p, p.stat().st_mtime_ns) for p in sorted(made.glob("curves/*/seed-*/run.json")))

    before, text = list(stamps()), (made / "fig9.txt").read_text(encoding="utf-8")
    said = ok("reproduce", "fig9", *SMALL, "-o", made)
    assert list(stamps()) == before
    assert (made / "fig9.txt").read_text(encoding="utf-8") == text
    assert "about 3.5 times sooner" in said.out


CURVES = {curve.name: curve for each in (*everything.FIGURES, beyond.FIGURE) for curve in each.curves}


def test_no_two_curves_run_the_same_and_all_name_shipped_files() -> None:
    given = study.Given(Path(), "mnist")
    requests = {curve.request(given) for curve in CURVES.values()}
    assert len(requests) == len(CURVES)
    assert {request.workload for request in requests} <= set(registry.names("workload"))
    assert {request.architecture for request in requests} <= set(registry.names("architecture"))


def test_a_sweep_beyond_the_paper_leaves_its_table_by_itself(made: Path) -> None:
    (sweep,) = (each for each in beyond.FIGURES if each.name == "beyond-start")
    given = study.Given(made, "digits", CHIPS, images=IMAGES)
    report = figure.run(sweep, given, study.nothing_done)
    assert {path.suffix for path in made.glob("beyond-start.*")} == {".txt", ".svg", ".csv", ".json"}
    (table,) = report.tables
    assert [row[2] for row in table.rows] == ["hardware-aware, soft bounds", "analog pre-training"]


@pytest.mark.slow
def test_everything_beyond_the_paper_runs_small(tmp_path: Path) -> None:
    words = ("--data", "digits", "--seeds", 1, "--images", 200, "--workers", 1)
    said = ok("reproduce", "beyond", *words, "-o", tmp_path / "out")
    assert "What makes transfer learning pay on this array" in said.out
    assert "least energy to scratch's target over the bit length" in said.out
    tables = {path.stem for path in (tmp_path / "out").glob("beyond-*.txt")}
    assert tables == {f"beyond-{sweep.name}" for sweep in beyond.SWEEPS}


@pytest.mark.slow
def test_every_curve_of_every_figure_is_accepted(tmp_path: Path) -> None:
    assert set(curves.plans(dict.fromkeys(CURVES.values(), 1), study.Given(tmp_path, "digits"))) == set(
        CURVES
    )


def test_learning_on_the_array_has_the_same_hyper_parameters_in_all_curves() -> None:
    found = set()
    for data in ("digits", "mnist"):
        for curve in (SCRATCH, ANALOG, CLIPPED, SCALED, AWARE, NOISY, EXCHANGE):
            job = prepare(curve.request(study.Given(Path(), data)))
            rules = [rule for stage, rule in job.rules.items() if rule.type == "ttv2" and stage[0] != "n"]
            found |= {rule.model_dump_json() for rule in rules}
    (only,) = found
    settings = json.loads(only)
    assert (settings["learning_rate"], settings["threshold"]) == (0.3, 10.0)


def test_a_figure_that_simulates_nothing_refuses_what_it_would_not_use() -> None:
    said = say("reproduce", "costs", "--seeds", 3)
    assert said.code == 2
    assert said.faults == [
        "error[E100]: 'costs' runs no chips of its own, so --seeds has no use; leave it out"
    ]
