"""From the command line: traces, the sum without contention, the bottleneck, and ways that overlap."""

from __future__ import annotations

import functools
import gzip
import json
from pathlib import Path

import pytest

from chipsim.experiments import run as runs
from tests.cli.commands import SCRATCH, Said, ok, say, table

SHORT = ("-s", "stages.train.images=40", "-s", "data.train=100", "-s", "data.test=20", "-s",
         "evaluate.every=20 images")  # fmt: skip
DIGITAL = ("digital-host", "reduced-digits-digital")
PIPELINED = ("-s", "components.controller.depth=4")


def start(folder: Path, *words: object) -> Said:
    return ok("run", *SCRATCH, *SHORT, *words, "-o", folder)


@pytest.fixture(scope="module")
def pipelined(tmp_path_factory: pytest.TempPathFactory) -> tuple[Said, Path]:
    folder = tmp_path_factory.mktemp("pipelined") / "run"
    return start(folder, *PIPELINED, "--trace", "5:9"), folder


# Traces


def test_a_trace_and_a_table_of_events_lie_in_the_runs_folder(pipelined: tuple[Said, Path]) -> None:
    said, folder = pipelined
    assert f"trace: {folder / 'trace.json.gz'}" in said.out.splitlines()
    with gzip.open(folder / "trace.json.gz", "rt", encoding="utf-8") as stream:
        trace = json.load(stream)
    assert trace["otherData"]["images"] == "5:9"
    rows = table(folder / "events.csv")
    assert {int(row["first"]) for row in rows if row["operation"] == "forward"} == {5, 6, 7, 8}
    assert len(rows) == sum(event["ph"] == "X" for event in trace["traceEvents"])


def test_trace_alone_traces_the_first_images_and_changes_no_result(
    pipelined: tuple[Said, Path], tmp_path: Path
) -> None:
    said = ok("run", *SCRATCH, *SHORT, *PIPELINED, "-o", tmp_path / "run", "--json", "--trace")
    assert said.out == (pipelined[1] / "run.json").read_text("utf-8")
    images = {int(r["first"]) for r in table(tmp_path / "run" / "events.csv") if r["operation"] == "forward"}
    assert images == set(range(20))


def test_without_trace_there_is_none(tmp_path: Path) -> None:
    said = start(tmp_path / "run")
    assert not any(line.startswith("trace") for line in said.out.splitlines())
    assert not {"trace.json.gz", "events.csv"} & {path.name for path in (tmp_path / "run").iterdir()}


@pytest.mark.parametrize("window", ["5", "5:5", "9:5", "a:b", ":5", "5:", "1.5:3", "reram-8x4"])
def test_what_is_not_a_range_of_images_is_refused(window: str, tmp_path: Path) -> None:
    said = say("run", *SCRATCH, "--trace", window, "-o", tmp_path / "run")
    assert said.code == 2
    assert f"'{window}' is not A:B, images A up to B, as in 0:20" in said.err
    assert not (tmp_path / "run").exists()


def test_images_that_no_stage_has_are_refused(tmp_path: Path) -> None:
    said = say("run", *SCRATCH, *SHORT, "--trace", "40:50", "-o", tmp_path / "run")
    assert said.code == 2
    assert "no stage has an image 40; the longest has images 0:40" in said.err


@pytest.mark.parametrize(("strict", "code"), [((), 0), (("--strict",), 1)])
def test_a_trace_cut_short_is_a_warning_that_names_the_range_to_ask_for(
    strict: tuple[str, ...], code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a chip that has nothing else to warn of; the run is kept."""
    monkeypatch.setattr(runs, "traced", functools.partial(runs.traced, most=5))
    folder = tmp_path / "run"
    said = say("run", *DIGITAL, "-s", "stages.train.images=20", "--trace", *strict, "-o", folder)
    assert said.code == code
    assert "warning[W030]: the trace holds the first 5 of" in said.err
    assert len(said.faults) == code
    assert len(table(folder / "events.csv")) == 5
    assert (folder / "run.json").is_file()


def test_of_many_seeds_the_first_is_traced_on_whatever_worker(tmp_path: Path) -> None:
    said = start(tmp_path / "runs", "--seed", "7", "--seeds", "2", "--workers", "2", "--trace", "0:5")
    assert "of the 2 seeds, the first (7) is traced" in said.err
    traces = [path.parent.name for path in (tmp_path / "runs").rglob("trace.json.gz")]
    assert traces == ["seed-7"]
    assert f"trace: {tmp_path / 'runs' / 'seed-7' / 'trace.json.gz'}" in said.out.splitlines()


# What waits, and what holds the run back


def test_the_terminal_says_what_overlap_gains_and_what_is_the_bottleneck(
    pipelined: tuple[Said, Path], tmp_path: Path
) -> None:
    lines = pipelined[0].out.splitlines()
    (alone,) = (line for line in lines if "one after another without a wait it would be" in line)
    assert "overlap gains" in alone
    (held,) = (line for line in lines if line.startswith("  bottleneck: array, "))
    assert "% of the time; a second one would gain at most" in held
    lines = start(tmp_path / "run").out.splitlines()
    assert any("waiting costs 0 s" in line for line in lines)
    assert any("% of the critical path; a second one would gain at most 0 s" in line for line in lines)


def test_the_page_says_it_too(pipelined: tuple[Said, Path]) -> None:
    text = (pipelined[1] / "report.html").read_text("utf-8")
    assert "one after another without a wait it would be" in text
    assert "bottleneck is array with" in text
    assert "a second one would gain at most" in text


def test_why_latency_says_that_images_overlap_and_gives_their_mean_way(pipelined: tuple[Said, Path]) -> None:
    first, second, *lines = ok("why", pipelined[1], "latency").out.splitlines()
    assert "in all, evaluation apart; images overlap (depth 4), and their ways add up to" in first
    assert second.startswith("the mean way of 40 images is ")
    assert any("order: controller waiting" in line for line in lines)
    found = json.loads(ok("why", pipelined[1], "latency", "--json").out)
    assert found["overlap"]["images"] == 40
    assert found["overlap"]["ratio"] > 1


def test_why_latency_of_images_one_by_one_is_as_ever(tmp_path: Path) -> None:
    start(tmp_path / "run")
    first, *_ = ok("why", tmp_path / "run", "latency").out.splitlines()
    assert first.endswith("in all, evaluation apart:")
    assert set(json.loads(ok("why", tmp_path / "run", "latency", "--json").out)) == {"latency"}
