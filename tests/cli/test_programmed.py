"""Floating-point training and programming from the command line: what a run says of them and writes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chipsim.experiments import repricing
from tests.cli.commands import ok, say, table

HOST = ("reram-8x4-host", "reduced-digits-programmed")
SHORT = ("-s", "stages.pretrain.images=500", "-s", "stages.finetune.images=300")
VERIFY = ("-s", "stages.program.method={type: write-verify, tolerance: 5 %, max_pulses: 5}")


def record(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "run.json").read_text()))


@pytest.fixture(scope="module")
def verified(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """A short run with write-verify: what it said, and its folder."""
    folder = tmp_path_factory.mktemp("verified") / "run"
    return ok("run", *HOST, *SHORT, *VERIFY, "-o", folder).out, folder


def test_floating_point_training_reaches_its_target_without_a_pulse(tmp_path: Path) -> None:
    ok("run", "digital-host", "reduced-digits-digital", "-o", tmp_path / "run")
    (stage,) = record(tmp_path / "run")["stages"]
    assert stage["to_target"]["images"] <= 2000
    assert stage["accuracy"]["last"] >= stage["target"]
    assert stage["pulses"] == {"set": 0, "reset": 0, "by_component": {}, "by_matrix": {}}
    assert stage["energy_J_by_component"]["host"] > 0
    assert not {"dac_conv", "adc_conv", "cell_reads"} & set(stage["counts"])


def test_a_program_stage_tells_its_pulses_time_and_what_it_could_not_program(
    verified: tuple[str, Path],
) -> None:
    said, folder = verified
    pretrain, program, finetune = record(folder)["stages"]
    assert (program["kind"], program["rule"], program["images"]) == ("program", "write-verify", 0)
    found = program["programming"]
    assert (found["cells"], found["tolerance"]) == (16, 0.1)
    assert 0 < found["share_beyond_tolerance"] < 1
    assert found["worst_error"] > found["tolerance"]
    assert program["pulses"]["by_matrix"]["C"] == program["pulses"]["set"] + program["pulses"]["reset"] > 0
    assert program["time_s"] > 0
    assert {"program", "verify-read"} <= set(program["energy_J_by_operation"])
    assert (pretrain["programming"], finetune["programming"]) == (None, None)
    line = (
        f"  {found['share_beyond_tolerance']:.1%} of the cells beyond the tolerance of 0.1, "
        f"worst error {found['worst_error']:.3g}"
    )
    assert line in said.splitlines()


def test_programming_carries_the_task_over_and_training_goes_on_from_there(tmp_path: Path) -> None:
    ok("run", *HOST, *SHORT, "-o", tmp_path / "run")
    pretrain, program, finetune = record(tmp_path / "run")["stages"]
    assert pretrain["accuracy"]["last"] > 0.9
    assert program["accuracy"]["last"] > program["accuracy"]["first"]
    assert program["accuracy"]["last"] > 0.8
    rows = [row for row in table(tmp_path / "run" / "accuracy.csv") if row["stage"] == "program"]
    assert [row["image"] for row in rows] == ["0", "0"]
    arrays = np.load(tmp_path / "run" / "arrays.npz")
    left, taken = (arrays[f"array/{at}/weights"] for at in ("program/after", "finetune/before"))
    assert np.array_equal(left, taken)
    assert finetune["pulses"]["by_matrix"]["A"] > 0


def test_the_report_shows_the_programming_and_no_curve_of_it(verified: tuple[str, Path]) -> None:
    page = (verified[1] / "report.html").read_text()
    assert "programmed by" in page
    assert "Stage finetune" in page
    assert "Stage program" not in page


def test_the_resolved_files_give_the_same_run_again(verified: tuple[str, Path], tmp_path: Path) -> None:
    inputs = verified[1] / "resolved"
    ok("run", inputs / "architecture.yaml", inputs / "workload.yaml", "-o", tmp_path / "again")
    first, again = record(verified[1]), record(tmp_path / "again")
    assert first["stages"] == again["stages"]


def test_a_programmed_run_is_priced_anew_from_its_files(verified: tuple[str, Path]) -> None:
    again = repricing.price(repricing.read(verified[1]))
    assert again.record == record(verified[1])
    assert len(again.rows["progress"]) == len(table(verified[1] / "progress.csv"))


def test_seeds_of_a_programmed_workload_are_summed_up(tmp_path: Path) -> None:
    ok("run", *HOST, *SHORT, *VERIFY, "--seeds", 2, "--workers", 1, "-o", tmp_path / "many")
    figures = json.loads((tmp_path / "many" / "ensemble.json").read_text())["figures"]
    assert len(figures["program.programming.share_beyond_tolerance"]["values"]) == 2
    assert not [path for path in figures if path.startswith(("program.to_target", "pretrain.programming"))]


def test_noise_is_said_to_be_without_its_pulses(tmp_path: Path) -> None:
    said = ok("run", *HOST, *SHORT, "-o", tmp_path / "run")
    assert "stage 'program' sets weights with noise; the pulses that programming them takes" in said.err


def test_a_chip_without_a_host_cannot_pre_train(tmp_path: Path) -> None:
    said = say("check", "reram-8x4", "reduced-digits-programmed")
    assert said.code == 4
    assert said.faults[0].endswith(
        "error[E053]: stage 'pretrain': rule 'digital' needs a component of type digital-array; "
        "add one with capacity: 32"
    )


def test_checking_a_workload_alone_finds_what_is_wrong_between_its_stages(tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "workloads" / "reduced-digits-programmed.yaml").read_text()
    lines = [line for line in text.splitlines() if "kind: program" not in line]
    (tmp_path / "work.yaml").write_text("\n".join(lines) + "\n")
    said = say("check", tmp_path / "work.yaml")
    assert said.code == 3
    assert "put a stage of kind 'program' between them, or write 'start: random'" in said.faults[0]
