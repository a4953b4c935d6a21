"""A traced run is the run itself, and its trace holds it: times, energy, and what waits."""

from __future__ import annotations

import csv
import gzip
import itertools
import json
import math
from collections import Counter, defaultdict
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from chipsim.errors import UsageError
from chipsim.experiments import ensemble
from chipsim.experiments.run import Job, Request, check_window, prepare, traced
from chipsim.simulation.trace import Recorder, Span, Window

FILES = Path(__file__).parents[1] / "architectures"
PAPER = ("reram-8x4", "reduced-digits-scratch")
TILED = (str(FILES / "tiled-mesh.yaml"), str(FILES / "two-layer-digits.yaml"))
SHORT = (
    "stages.train.images=40", "evaluate.every=20 images", "data.train=100", "data.test=20",
    "stages.train.rule.threshold=0.5",
)  # fmt: skip
EVERYTHING = Window(0, 10**9)
CASES = {
    "bursts": (PAPER, 1), "pipelined": (PAPER, 4), "tiles": (TILED, 1), "pipelined tiles": (TILED, 6),
}  # fmt: skip


def job(files: tuple[str, str], *settings: str) -> Job:
    return prepare(Request(*files, (*SHORT, *settings)))


def written(a_job: Job, folder: Path, window: Window | None) -> Path:
    """The folder of a run of seed 0; without a page, which takes longer than such a run."""
    plan = ensemble.Plan(a_job, folder, (0,), (), window)
    ensemble.run(plan, 1, lambda *_: None)
    return plan.of(0)


class Traced:
    """A run with all of its images traced, beside the same one without a trace."""

    def __init__(self, case: str, folder: Path) -> None:
        files, depth = CASES[case]
        self.job = job(files, f"components.controller.depth={depth}")
        self.depth = depth
        self.folder, self.untraced = (written(self.job, folder / str(w), w) for w in (EVERYTHING, None))
        self.record = ensemble.read_record(self.folder)

    def table(self, name: str) -> list[dict[str, str]]:
        with (self.folder / name).open(newline="", encoding="utf-8") as stream:
            return list(csv.DictReader(stream))

    @cached_property
    def trace(self) -> dict[str, Any]:
        with gzip.open(self.folder / "trace.json.gz", "rt", encoding="utf-8") as stream:
            return dict(json.load(stream))

    def events(self, *phases: str) -> list[dict[str, Any]]:
        return [event for event in self.trace["traceEvents"] if event["ph"] in phases]

    def counters(self) -> dict[str, list[tuple[int, float]]]:
        """From the name of a counter to its (time [ps], value)."""
        found: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for event in self.events("C"):
            ((_, value),) = event["args"].items()
            found[event["name"]].append((ps(event["ts"]), value))
        return found


@pytest.fixture(scope="module", params=CASES)
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Traced:
    return Traced(request.param, tmp_path_factory.mktemp("traced"))


def ps(microseconds: float) -> int:
    """A time of the trace as the viewer keeps it, in whole nanoseconds: a picosecond each."""
    return round(microseconds * 1000)


def integral(steps: list[tuple[int, float]]) -> float:
    """Area under a counter, value x ps."""
    return math.fsum(value * (later - now) for (now, value), (later, _) in itertools.pairwise(steps))


def test_tracing_changes_no_file_of_a_run(run: Traced) -> None:
    apart = {"provenance.json", "report.html", "trace.json.gz", "events.csv"}
    files = [
        {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        for folder in (run.folder, run.untraced)
    ]
    with_trace, without = ({k: v for k, v in found.items() if k.name not in apart} for found in files)
    assert with_trace == without


def test_equal_runs_give_equal_bytes_of_both_files(tmp_path: Path) -> None:
    one, other = (written(job(PAPER), tmp_path / name, Window(0, 20)) for name in ("one", "other"))
    for name in ("trace.json.gz", "events.csv"):
        assert (one / name).read_bytes() == (other / name).read_bytes()


def test_spans_of_a_track_follow_one_another_and_lie_within_the_run(run: Traced) -> None:
    tracks: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for event in run.events("X"):
        begin = ps(event["ts"])
        tracks[event["tid"]].append((begin, begin + ps(event["dur"])))
    end = round(run.record["total"]["time_s"] * 1e12)
    for spans in tracks.values():
        assert all(before[1] <= after[0] for before, after in itertools.pairwise(spans))
        assert spans[0][0] >= 0
        assert spans[-1][1] <= end


def test_events_come_in_the_order_of_time_and_every_track_has_a_name(run: Traced) -> None:
    times = [event["ts"] for event in run.trace["traceEvents"] if event["ph"] != "M"]
    assert times == sorted(times)
    named = {
        event["tid"]: event["args"]["name"] for event in run.events("M") if event["name"] == "thread_name"
    }
    assert {event["tid"] for event in run.events("X", "s", "t", "f")} == set(named)
    components = set(run.job.plan.architecture.components)
    assert {name.partition(" (")[0] for name in named.values()} <= components
    titles = [event["args"]["name"] for event in run.events("M") if event["name"] == "process_name"]
    assert all("1 ns shown is 1 ps simulated" in title for title in titles)


def test_arrows_lead_from_span_to_span_of_a_transaction(run: Traced) -> None:
    spans = {(event["tid"], event["ts"]) for event in run.events("X")}
    ways: dict[int, list[str]] = defaultdict(list)
    for event in run.events("s", "t", "f"):
        assert (event["tid"], event["ts"]) in spans
        ways[event["id"]].append(event["ph"])
    visits = Counter(event["args"]["transaction"] for event in run.events("X"))
    assert ways == {number: ["s", *"t" * (count - 2), "f"] for number, count in visits.items() if count > 1}


def test_the_energy_of_all_spans_is_that_of_the_run_without_its_leakage(run: Traced) -> None:
    total = run.record["total"]
    dynamic = total["energy_J"] - total["energy_J_by_operation"]["leakage"]
    assert math.fsum(e["args"]["energy_J"] for e in run.events("X")) == pytest.approx(dynamic, rel=1e-12)
    assert math.fsum(float(row["energy_J"]) for row in run.table("events.csv")) == pytest.approx(
        dynamic, rel=1e-12
    )


def test_power_over_time_is_the_energy_in_all_and_of_each_component(run: Traced) -> None:
    spent: dict[str, list[float]] = defaultdict(list)
    for row in run.table("events.csv"):
        spent[row["component"]].append(float(row["energy_J"]))
    counters = run.counters()
    everything = math.fsum(itertools.chain(*spent.values()))
    assert integral(counters["power"]) * 1e-12 == pytest.approx(everything, rel=1e-12)
    for name, energies in spent.items():
        if any(energies):
            drawn = integral(counters[f"power of {name}"]) * 1e-12
            assert drawn == pytest.approx(math.fsum(energies), rel=1e-12)


def test_counters_come_back_to_nothing(run: Traced) -> None:
    assert {steps[-1][1] for steps in run.counters().values()} == {0.0}


def test_mean_queues_are_the_time_averages_of_what_waits(run: Traced) -> None:
    """Little's law as an exact sum: waiting, summed over transactions, is the queue's length over time."""
    counters, time = run.counters(), run.record["total"]["time_s"]
    for row in run.table("utilisation.csv"):
        over_time = integral(counters.get(f"waiting for {row['component']}", []))
        assert round(float(row["waiting_s"]) * 1e12) == over_time
        assert float(row["mean_queue"]) == pytest.approx(over_time / (time * 1e12), rel=1e-12)


def test_busy_time_is_that_of_the_spans_and_own_work_no_more(run: Traced) -> None:
    busy: Counter[str] = Counter()
    for row in run.table("events.csv"):
        busy[row["component"]] += int(row["end_ps"]) - int(row["start_ps"])
    for row in run.table("utilisation.csv"):
        found = round(float(row["busy_s"]) * 1e12)
        assert float(row["served_s"]) <= float(row["busy_s"])
        assert found <= busy[row["component"]]
        if row["component"] != "mesh":  # whose loads overlap
            assert found == busy[row["component"]]
            assert run.depth > 1 or row["served_s"] == row["busy_s"]


def test_bursts_are_one_span_and_images_that_overlap_are_one_each(run: Traced) -> None:
    sizes = Counter(e["args"]["images"] for e in run.events("X") if e["cat"] == "forward")
    assert set(sizes) == ({10} if run.depth == 1 else {1})


def test_the_table_and_the_trace_tell_the_same(run: Traced) -> None:
    rows = Counter((int(r["start_ps"]), int(r["end_ps"]), r["operation"]) for r in run.table("events.csv"))
    spans = Counter((ps(e["ts"]), ps(e["ts"]) + ps(e["dur"]), e["cat"]) for e in run.events("X"))
    assert rows == spans


# Windows


def heard(window: Window) -> list[Span]:
    _, trace = traced(job(PAPER, "components.controller.depth=4"), 0, window)
    assert trace is not None
    return list(trace)


def test_a_window_holds_the_visits_of_its_images_and_windows_add_up() -> None:
    whole = heard(EVERYTHING)
    parts = [heard(Window(0, 7)), heard(Window(7, 8)), heard(Window(8, 40))]
    assert {span.first for span in parts[1] if span.images} == {7}
    assert sorted(span[:10] for part in parts for span in part) == sorted(span[:10] for span in whole)


def test_what_has_no_images_belongs_to_the_image_that_led_to_it() -> None:
    transfers = [span for span in heard(Window(9, 10)) if not span.images]
    assert {span.operation for span in transfers} >= {"transfer-read", "integrate"}
    assert {span.first for span in transfers} == {10}
    assert "prepare" in {span.operation for span in heard(Window(0, 1))}


def test_a_burst_that_reaches_into_the_window_is_kept_whole() -> None:
    _, trace = traced(job(PAPER), 0, Window(12, 13))
    assert trace is not None
    assert {(span.first, span.images) for span in trace} == {(10, 10)}


def test_a_window_beyond_the_images_is_refused() -> None:
    short = job(PAPER)
    check_window(short, Window(39, 50))
    with pytest.raises(UsageError, match=r"no stage has an image 40; the longest has images 0:40"):
        check_window(short, Window(40, 50))


def test_a_trace_that_is_too_long_keeps_its_begin_and_says_so() -> None:
    whole = heard(EVERYTHING)
    result, trace = traced(job(PAPER, "components.controller.depth=4"), 0, EVERYTHING, most=50)
    assert trace is not None
    assert list(trace) == whole[:50]
    (warning,) = (w["message"] for w in result.warnings if w["code"] == "W030")
    assert f"holds the first 50 of {len(whole)} spans" in warning
    assert "stage 'train'; trace fewer images, as with --trace 0:" in warning


def test_a_recorder_that_had_room_left_nothing_out() -> None:
    recorder = Recorder(Window(0, 2), most=1)
    recorder(Span(0, 1, "adc", "forward", "dense1", 0, 1))
    recorder(Span(1, 2, "adc", "forward", "dense1", 5, 1))
    assert (len(recorder), recorder.left_out, recorder.stopped) == (1, 0, None)


# Seeds


def test_of_many_seeds_the_first_is_traced_also_where_it_is_there_already(tmp_path: Path) -> None:
    plan = ensemble.Plan(job(PAPER), tmp_path / "runs", (3, 4))
    ensemble.run(plan, 1, lambda *_: None)
    before = {seed: (plan.of(seed) / "run.json").read_bytes() for seed in plan.seeds}
    asked = ensemble.Plan(plan.job, plan.folder, plan.seeds, (), Window(0, 5))
    ensemble.run(asked, 1, lambda *_: None)
    assert [path.parent.name for path in plan.folder.rglob("trace.json.gz")] == ["seed-3"]
    assert {seed: (plan.of(seed) / "run.json").read_bytes() for seed in plan.seeds} == before
