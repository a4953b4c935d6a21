"""Stopped and given again: a study or demonstration that was interrupted or killed loses no finished seed."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.commands import ROOT, SCRATCH, listing, ok, say, spawn

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs the signals of POSIX")

STUDY = ("run", *SCRATCH, "-s", "stages.train.images=4000", "--seeds", 4)
DEMO = ("demo", "-s", "stages.0.images=2000", "--seeds", 2)
PATIENCE = 60.0


def complete(folder: Path) -> list[Path]:
    """Records of seeds below a folder in which others are at work: what comes and goes is passed over."""
    found = [Path(here) for here, _, names in os.walk(folder) if "run.json" in names]
    return [here / "run.json" for here in found if here.name.startswith("seed-")]


def until_one_has_ended(process: subprocess.Popen[str], folder: Path) -> None:
    """Wait until a seed is complete, with more to come."""
    end = time.monotonic() + PATIENCE
    while not complete(folder):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end, "no seed ended"
        time.sleep(0.01)


def stopped(
    cwd: Path, number: signal.Signals, *words: object, all_of_it: bool = True
) -> tuple[int, str, str]:
    """Start a command, send it a signal once a seed has ended, and return how it ended.

    The pipes close only when no process of its own is left: a worker that lived on would be found here.
    """
    process = spawn(*words, cwd=cwd)
    until_one_has_ended(process, cwd)
    os.killpg(process.pid, number) if all_of_it else process.send_signal(number)
    try:
        out, err = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    return process.returncode, out, err


def finished(folder: Path) -> dict[Path, tuple[int, bytes]]:
    """The seeds that are complete: when each was written, and what it holds."""
    return {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in complete(folder)}


def hidden(folder: Path) -> list[str]:
    return [name for name in listing(folder) if Path(name).name.startswith(".")]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same study, undisturbed."""
    folder = tmp_path_factory.mktemp("whole") / "study"
    ok(*STUDY, "--workers", 1, "-o", folder)
    return folder


@pytest.mark.parametrize("workers", [1, 2])
def test_a_killed_study_goes_on_with_the_seeds_that_are_missing(
    workers: int, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = (*STUDY, "--workers", workers, "-o", "study")
    code, out, _ = stopped(tmp_path, signal.SIGKILL, *words, all_of_it=False)
    assert (code, out) == (-signal.SIGKILL, "")
    before = finished(tmp_path)
    assert 1 <= len(before) < 4
    assert not (tmp_path / "study" / "ensemble.json").exists()

    monkeypatch.chdir(tmp_path)
    ok(*STUDY, "--workers", 1, "-o", "study")
    after = finished(tmp_path)
    assert len(after) == 4
    assert before.items() <= after.items()
    for name in ("ensemble.json", *(f"seed-{seed}/run.json" for seed in range(4))):
        assert (tmp_path / "study" / name).read_bytes() == (whole / name).read_bytes()
    assert hidden(tmp_path) == []


@pytest.mark.parametrize("workers", [1, 2])
def test_an_interrupted_study_says_how_to_go_on_and_does(
    workers: int, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("-q", *STUDY, "--workers", workers)
    code, out, err = stopped(tmp_path, signal.SIGINT, *words)
    assert (code, out) == (130, "")
    kept = finished(tmp_path)
    runs = "1 finished run is" if len(kept) == 1 else f"{len(kept)} finished runs are"
    folder = "runs/reduced-digits-scratch-1"
    command = shlex.join(["chipsim", *map(str, words)])
    # click ends the line of the terminal's ^C before we speak
    assert err.strip().splitlines()[-1] == f"interrupted: {runs} kept in {folder}; to go on: {command}"
    assert "Traceback" not in err
    assert hidden(tmp_path) == []

    monkeypatch.chdir(tmp_path)
    ok(*shlex.split(err.strip().rpartition("to go on: chipsim ")[2]))
    assert kept.items() <= finished(tmp_path).items()
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["reduced-digits-scratch-1"]
    assert (tmp_path / folder / "ensemble.json").read_bytes() == (whole / "ensemble.json").read_bytes()


def test_a_finished_study_in_a_named_folder_is_told_again_not_run_again(whole: Path, tmp_path: Path) -> None:
    before = finished(whole)
    said = ok(*STUDY, "--workers", 1, "--json", "-o", whole)
    assert said.out == (whole / "ensemble.json").read_text()
    assert finished(whole) == before


def test_another_request_does_not_go_on_in_the_folder(whole: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    ok("run", *SCRATCH, "-s", "stages.train.images=200", "--seeds", 2, "--workers", 1)
    ok("run", *SCRATCH, "-s", "stages.train.images=300", "--seeds", 2, "--workers", 1)
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == [
        "reduced-digits-scratch-1", "reduced-digits-scratch-2",
    ]  # fmt: skip


def test_an_interrupted_single_run_writes_nothing(tmp_path: Path) -> None:
    process = spawn("-q", "run", *SCRATCH, "-s", "stages.train.images=1000000", cwd=tmp_path)
    time.sleep(2.5)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out) == (130, "")
    assert err.strip() == "interrupted: nothing was written; run the same command again"
    assert listing(tmp_path) == []


def test_an_interrupt_that_a_compiled_kernel_turned_into_another_error_is_still_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt as error:
            raise SystemError("returned a result with an exception set") from error

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("chipsim.experiments.ensemble.traced", interrupted)  # imports it unpatched first
    monkeypatch.setattr("chipsim.experiments.run.simulate", interrupted)
    said = say("-q", "run", *SCRATCH)
    assert said.code == 130
    assert said.err == "interrupted: nothing was written; run the same command again\n"
    said = say("-q", "run", *SCRATCH, "--seeds", 2, "--workers", 1)
    assert said.code == 130
    assert said.err.startswith("interrupted: 0 finished runs are kept in runs/reduced-digits-scratch-1; ")


INTERRUPT = "os.kill(os.getpid(), signal.SIGINT); time.sleep(9)"


@pytest.mark.parametrize(
    "body",
    [
        f"exec({INTERRUPT!r})",
        f"""
    try:
        {INTERRUPT}
    except KeyboardInterrupt as error:
        text = repr(error)
    raise ValueError(text)""",
    ],
    ids=["seen by an exec", "turned into a text"],
)
def test_an_interrupt_ends_with_130_whatever_it_has_passed_through(body: str, tmp_path: Path) -> None:
    script = f"""
import os, signal, time
from chipsim import cli
from chipsim.experiments import run
def prepare(*_):
    {body.strip()}
run.prepare = prepare
cli.main(["run", "reram-8x4", "reduced-digits-scratch"])
"""
    ended = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=False, timeout=PATIENCE,
    )  # fmt: skip
    assert (ended.returncode, ended.stdout) == (130, "")
    assert ended.stderr.strip() == "interrupted: nothing was written; run the same command again"


def test_an_interrupt_with_json_is_one_object(tmp_path: Path) -> None:
    process = spawn("run", *SCRATCH, "-s", "stages.train.images=1000000", "--json", cwd=tmp_path)
    time.sleep(2.5)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=PATIENCE)
    error = json.loads(out)["error"]
    assert (process.returncode, error["exit_code"]) == (130, 130)
    assert error["faults"][0]["code"] == "E095"


def test_an_interrupted_demonstration_goes_on_and_answers_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("stopped", "whole"):
        (tmp_path / name).mkdir()
    code, out, err = stopped(tmp_path / "stopped", signal.SIGINT, *DEMO, "--workers", 2)
    assert (code, out) == (130, "")
    assert f"kept in runs/demo-1; to go on: chipsim {shlex.join(map(str, DEMO))}" in err
    before = finished(tmp_path / "stopped")

    monkeypatch.chdir(tmp_path / "stopped")
    ok(*DEMO, "--workers", 1)
    assert before.items() <= finished(tmp_path / "stopped").items()
    assert [path.name for path in Path("runs").iterdir()] == ["demo-1"]
    monkeypatch.chdir(tmp_path / "whole")
    ok(*DEMO, "--workers", 1)
    for name in ("demo.json", "scratch/ensemble.json", "transfer/ensemble.json"):
        one, other = (tmp_path / side / "runs" / "demo-1" / name for side in ("stopped", "whole"))
        assert one.read_bytes() == other.read_bytes()


def test_a_study_in_a_named_folder_takes_further_seeds(tmp_path: Path) -> None:
    """Those that are there are not run again, and the summary is of all that were asked for."""
    short = ("run", *SCRATCH, "-s", "stages.train.images=200", "--workers", 1, "-o", tmp_path / "study")
    ok(*short, "--seeds", 2)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "study").glob("seed-*/run.json")}
    ok(*short, "--seeds", 3)
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert json.loads((tmp_path / "study" / "ensemble.json").read_text("utf-8"))["seeds"] == [0, 1, 2]
