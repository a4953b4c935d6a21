"""explore: a study from the command line, its tables, its page, and the files of a point."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

import chipsim as cs
from tests.cli.commands import ok, say, spawn

STUDY = """format: chipsim-study/1
name: small
architecture: reram-8x4
workload: reduced-digits-scratch
settings: {stages.train.images: 100}
axes: {components.adc.bits: [5, 9], components.drivers.bit_length: [3, 7]}
objectives: [{maximise: train.accuracy.last}, {minimise: total.energy_J}]
"""


LOADED = """format: chipsim-workload/1
name: loaded
data: {set: digits, classes: [0, 1], train: 100, test: 50, project: {to: 8}}
network: {layers: [{type: dense, in: 8, out: 2}], loss: {type: softmax-cross-entropy}}
stages:
  - {name: load, kind: train, start: {weights: w.safetensors}, images: 0, rule: {type: digital}}
  - {name: program, kind: program, to: C, method: {type: noise, spread: 2.5 %}}
  - {name: train, kind: train, start: keep, images: 20, rule: {type: ttv2}}
evaluate: {every: 10 images}
"""


@pytest.fixture(scope="module")
def explored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with small.yaml, explored into out/."""
    folder = tmp_path_factory.mktemp("explored")
    (folder / "small.yaml").write_text(STUDY, "utf-8")
    ok("explore", str(folder / "small.yaml"), "-o", str(folder / "out"), "--workers", "1")
    return folder


def test_explore_leaves_its_tables_and_its_page(explored: Path) -> None:
    assert {path.name for path in (explored / "out").iterdir()} == {
        "study.json", "points.csv", "front.csv", "report.html", "points",
    }  # fmt: skip
    columns = (explored / "out" / "points.csv").read_text("utf-8").splitlines()[0].split(",")
    assert {"total.energy_J", "total.energy_J.low", "train.pulses.set", "area_m2"} <= set(columns)
    assert not [column for column in columns if "by_component" in column]
    page = (explored / "out" / "report.html").read_text("utf-8")
    assert "default-src &#39;none&#39;" in page
    assert not re.search(r'(src|href)="(?!#)|style="', page)
    assert page.count('<svg class="chart"') == 1 + 1 + 4
    assert f"chipsim explore {explored / 'small.yaml'} -o {explored / 'out'} --pick" in page


def test_the_front_is_printed_again_without_running(explored: Path) -> None:
    words = ("explore", str(explored / "small.yaml"), "-o", str(explored / "out"))
    out = ok(*words, "--front").out
    whole = json.loads(ok(*words, "--front", "--json").out)
    assert out.startswith(f"front of small, {len(whole['front'])} of 4 points:")
    assert [line.split()[0] for line in out.splitlines()[2:]] == list(map(str, whole["front"]))
    assert len(list((explored / "out" / "points").iterdir())) == 4


def test_the_files_of_a_picked_point_run_to_the_run_of_the_study(explored: Path) -> None:
    words = ("explore", str(explored / "small.yaml"), "-o", str(explored / "out"))
    files = json.loads(ok(*words, "--pick", "2", "--to", str(explored / "picked"), "--json").out)["files"]
    run = json.loads(ok("run", *files, "-o", str(explored / "run"), "--json").out)
    point = json.loads(ok(*words, "--front", "--json").out)["points"][2]
    assert run["total"]["energy_J"] == point["figures"]["total.energy_J"]["mean"]
    assert (explored / "out" / "points" / run["run_id"]).is_dir()


def test_a_picked_point_has_the_weights_that_its_workload_begins_with(tmp_path: Path) -> None:
    tensors = {"dense1.weight": np.full((2, 8), 0.25, dtype=np.float32)}
    save_file(tensors, tmp_path / "w.safetensors")
    (tmp_path / "work.yaml").write_text(LOADED, "utf-8")
    study = STUDY.replace("reram-8x4", "reram-8x4-host").replace("reduced-digits-scratch", "work.yaml")
    study = study.replace("settings: {stages.train.images: 100}\n", "").replace(
        "components.drivers.bit_length: [3, 7]", "stages.train.images: [10]"
    )
    (tmp_path / "loaded.yaml").write_text(study, "utf-8")
    words = ("explore", str(tmp_path / "loaded.yaml"), "-o", str(tmp_path / "out"))
    ok(*words, "--workers", "1")
    ok(*words, "--pick", "1", "--to", str(tmp_path / "picked"))
    assert (tmp_path / "picked" / "w.safetensors").read_bytes() == (tmp_path / "w.safetensors").read_bytes()
    files = [str(tmp_path / "picked" / f"{kind}.yaml") for kind in ("architecture", "workload")]
    run = json.loads(ok("run", *files, "-o", str(tmp_path / "run"), "--json").out)
    point = json.loads(ok(*words, "--front", "--json").out)["points"][1]
    assert run["total"]["energy_J"] == point["figures"]["total.energy_J"]["mean"]


def test_a_slip_in_what_a_study_sets_is_told_at_its_place(tmp_path: Path) -> None:
    (tmp_path / "slip.yaml").write_text(
        STUDY.replace("stages.train.images: 100", "stages.train.imags: 100"), "utf-8"
    )
    said = say("check", str(tmp_path / "slip.yaml"))
    assert said.code == 3
    assert "slip.yaml:5:" in said.err
    assert "did you mean 'images'?" in said.err


def test_the_function_gives_what_the_verb_writes(explored: Path) -> None:
    whole = cs.explore(explored / "small.yaml", output=explored / "out")
    assert whole == json.loads((explored / "out" / "study.json").read_text("utf-8"))


def test_a_terminal_shows_the_front_while_the_study_runs_and_when_it_will_be_done(tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(STUDY, "utf-8")
    above, below = pty.openpty()
    process = spawn("explore", "small.yaml", "--workers", "1", cwd=tmp_path, stderr=below)
    os.close(below)
    shown = b""
    try:
        while chunk := os.read(above, 65536):
            shown += chunk
    except OSError:  # the terminal's other end is closed: Linux says so by an error
        pass
    os.close(above)
    assert process.wait(60) == 0
    process.communicate()
    text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown.decode())
    assert "0/4 runs" in text
    assert re.search(
        r"[1-4]/4 runs, left \d:\d\d:\d\d\s+front so far:\s+point  bits  bit_length  max train", text
    )
    assert "4 runs simulated, 0 priced again, 0 found" in text


def test_a_point_that_is_not_there_is_told(explored: Path) -> None:
    words = ("explore", str(explored / "small.yaml"), "-o", str(explored / "out"), "--pick", "7")
    said = say(*words)
    assert said.code == 2
    assert said.faults == ["error[E100]: the study has no point 7; choose one of 0, 1, 2, 3"]


def test_another_study_does_not_take_the_place_of_one(explored: Path) -> None:
    (explored / "other.yaml").write_text(STUDY.replace("[5, 9]", "[5, 8]"), "utf-8")
    said = say("explore", str(explored / "other.yaml"), "-o", str(explored / "out"))
    assert said.code == 1
    assert "holds another study, or this one with other files" in said.faults[0]


def test_an_interrupted_study_says_what_is_kept_and_how_to_go_on(tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(STUDY.replace("images: 100", "images: 5000"), "utf-8")
    words = ["-m", "chipsim", "explore", "small.yaml", "--workers", "2"]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    process = subprocess.Popen(
        [sys.executable, *words], cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True
    )
    end = time.monotonic() + 60
    while not list((tmp_path / "runs" / "points").glob("[!.]*")) and time.monotonic() < end:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert re.search(r"interrupted: \d finished runs? (is|are) kept in runs/points; to go on: ", said)
