"""Studies that are killed, and studies on a cluster whose parts are killed: nothing is lost or done twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

from chipsim.errors import RunError
from chipsim.experiments.exploring import explore, outcome, pools
from chipsim.experiments.exploring.record import Record
from tests.experiments.exploring import toys
from tests.experiments.exploring.toys import HEAD, study

ROOT = Path(__file__).parents[3]
SPACE = "axes: {components.adc.bits: {from: 2, to: 4}, components.adc.count: {from: 1, to: 32}}\n"
TEXT = SPACE + "method: nsga2\npoints: 40\ngeneration: 10\nseeds: 2\nstop: dominated\n"
ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT)}

needs_dask = pytest.mark.skipif(find_spec("distributed") is None, reason="Dask is not installed")
PATIENCE_S = 60.0


def expected(folder: Path) -> bytes:
    """The `study.json` of the study when nothing happens to it."""
    asked = study(TEXT)
    with pools.opened(1) as pool:
        rows, _ = explore.explore(asked, Record(folder / "calm"), pool, evaluate=toys.evaluate)
    assert any("stopped after" in row.reason for row in rows)
    outcome.write(asked, rows, folder / "calm-out", "again")
    return (folder / "calm-out" / "study.json").read_bytes()


def begin(folder: Path, *scheduler: str) -> subprocess.Popen[bytes]:
    (folder / "toy.yaml").write_text(HEAD + TEXT, "utf-8")
    words = ["-m", "tests.experiments.exploring.running", str(folder / "toy.yaml"), str(folder / "record")]
    return subprocess.Popen(
        [sys.executable, *words, str(folder / "out"), *scheduler], cwd=ROOT,
        env=ENVIRONMENT | {toys.CALLS: str(folder)},
    )  # fmt: skip


def kept(folder: Path) -> set[str]:
    return {path.parent.name for path in (folder / "record").glob("[!.]*/checksums.json")}


def wait_for(count: int, folder: Path, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + PATIENCE_S
    while len(kept(folder)) < count:
        assert process.poll() is None, "the study ended too early for this test"
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_study_that_is_killed_goes_on_to_the_same_front(tmp_path: Path) -> None:
    process = begin(tmp_path)
    wait_for(12, tmp_path, process)
    process.kill()
    process.wait()
    found = kept(tmp_path)
    assert not (tmp_path / "out" / "study.json").exists()
    asked = study(TEXT)
    with pools.opened(1) as pool:
        rows, spent = explore.explore(asked, Record(tmp_path / "record"), pool, evaluate=toys.evaluate)
    assert spent.found >= len(found)
    assert spent.simulated == len(kept(tmp_path)) - len(found)
    outcome.write(asked, rows, tmp_path / "out", "again")
    assert (tmp_path / "out" / "study.json").read_bytes() == expected(tmp_path)


# A cluster


@contextmanager
def running(*words: str, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A part of a Dask cluster in a process of its own."""
    environment = ENVIRONMENT | {"CHIPSIM_THREADS": "1"}
    with (folder / "log").open("ab") as log:
        part = subprocess.Popen(
            [sys.executable, "-m", *words], cwd=folder, env=environment, stdout=log, stderr=log
        )
    try:
        yield part
    finally:
        part.kill()
        part.wait()


def scheduler(folder: Path, port: int = 0) -> tuple[str, ...]:
    where = ("--host", "127.0.0.1", "--port", str(port), "--no-dashboard", "--no-jupyter")
    return ("distributed.cli.dask_scheduler", *where, "--scheduler-file", str(folder / "scheduler.json"))


def worker(folder: Path) -> tuple[str, ...]:
    plain = ("--no-nanny", "--nthreads", "1", "--no-dashboard", "--death-timeout", "60")
    return ("distributed.cli.dask_worker", "--scheduler-file", str(folder / "scheduler.json"), *plain)


def address(folder: Path) -> str:
    import json

    end = time.monotonic() + PATIENCE_S
    while True:
        try:
            return str(json.loads((folder / "scheduler.json").read_text("utf-8"))["address"])
        except (OSError, ValueError):
            assert time.monotonic() < end, (folder / "log").read_text("utf-8")
            time.sleep(0.05)


@needs_dask
def test_a_worker_of_a_cluster_is_killed_and_every_point_is_there_once(tmp_path: Path) -> None:
    with (
        running(*scheduler(tmp_path), folder=tmp_path),
        running(*worker(tmp_path), folder=tmp_path),
        running(*worker(tmp_path), folder=tmp_path) as victim,
    ):
        process = begin(tmp_path, address(tmp_path))
        wait_for(5, tmp_path, process)
        victim.send_signal(signal.SIGKILL)
        assert process.wait(PATIENCE_S) == 0
    assert (tmp_path / "out" / "study.json").read_bytes() == expected(tmp_path)
    assert kept(tmp_path) == {path.parent.name for path in (tmp_path / "calm").glob("*/checksums.json")}


@needs_dask
@pytest.mark.slow
def test_a_scheduler_is_killed_and_started_again_and_the_study_goes_on(tmp_path: Path) -> None:
    with running(*scheduler(tmp_path), folder=tmp_path) as first, running(*worker(tmp_path), folder=tmp_path):
        where = address(tmp_path)
        process = begin(tmp_path, where)
        wait_for(5, tmp_path, process)
        first.kill()
        first.wait()
        time.sleep(1.0)
        with (
            running(*scheduler(tmp_path, int(where.rpartition(":")[2])), folder=tmp_path),
            running(*worker(tmp_path), folder=tmp_path),
        ):
            assert process.wait(2 * PATIENCE_S) == 0
    assert (tmp_path / "out" / "study.json").read_bytes() == expected(tmp_path)


@needs_dask
def test_an_address_without_a_scheduler_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pools, "CONNECT_S", 0.1)
    with (
        pytest.raises(RunError, match=r"no Dask scheduler answers at 'tcp://127\.0\.0\.1:9'"),
        pools.opened(1, "tcp://127.0.0.1:9"),
    ):
        pass


def test_every_run_of_a_study_is_done_once_whatever_the_order(tmp_path: Path) -> None:
    process = begin(tmp_path)
    assert process.wait(PATIENCE_S) == 0
    calls = Counter(path.name.split("-")[0] for path in tmp_path.glob("*-*-*"))
    assert set(calls) == kept(tmp_path)
    assert set(calls.values()) == {1}
    assert (tmp_path / "out" / "study.json").read_bytes() == expected(tmp_path)
