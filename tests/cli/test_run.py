"""Whole runs: the files that a run leaves, what stands in them, and that it is the same every time."""

from __future__ import annotations

import json
import math
import os
import pty
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chipsim.architecture import graph
from chipsim.inputs import documents
from chipsim.workloads import stages
from tests.cli.commands import CHIP, SCRATCH, SHORT, TRANSFER, WARNING, Said, listing, ok, say, spawn, table

FILES = {
    "accuracy.csv", "arrays.npz", "energy.csv", "ledger.csv", "path.csv", "progress.csv", "utilisation.csv",
    "run.json", "warnings.json", "provenance.json", "report.html",
    "inputs", "inputs/architecture.yaml", "inputs/workload.yaml",
    "resolved", "resolved/architecture.yaml", "resolved/costs.yaml", "resolved/workload.yaml",
}  # fmt: skip
MATRIX = {"prepare": "A", "update": "A", "transfer-write": "C"}
"""The matrix that an operation of TTv2 pulses."""
Rows = list[dict[str, str]]


class Run:
    """A run that was printed and written, read back from its files."""

    def __init__(self, said: Said, folder: Path) -> None:
        self.said, self.folder = said, folder
        self.record = json.loads((folder / "run.json").read_text())
        names = ("accuracy", "ledger", "progress", "energy", "utilisation")
        self.tables = {name: table(folder / f"{name}.csv") for name in names}

    def of(self, name: str, stage: str) -> Rows:
        return [row for row in self.tables[name] if row["stage"] == stage]

    def bytes(self, name: str) -> bytes:
        return (self.folder / name).read_bytes()


def start(folder: Path, *words: object) -> Run:
    return Run(ok("run", *words, "-o", folder), folder)


@pytest.fixture(scope="module")
def transfer(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The whole run of the README: long enough to reach its targets."""
    return start(tmp_path_factory.mktemp("whole") / "run", "reram-8x4", "reduced-digits-transfer")


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return start(tmp_path_factory.mktemp("short") / "run", *SCRATCH, *SHORT)


def energies(rows: Iterable[Mapping[str, str]]) -> float:
    return math.fsum(float(row["energy_J"]) for row in rows)


def grouped(rows: Rows, key: str) -> dict[str, float]:
    groups: dict[str, Rows] = defaultdict(list)
    for row in rows:
        groups[row[key]].append(row)
    return {name: energies(found) for name, found in groups.items()}


def counts(rows: Iterable[Mapping[str, str]], *keys: str) -> dict[tuple[str, ...], int]:
    found: Counter[tuple[str, ...]] = Counter()
    for row in rows:
        found[tuple(row[key] for key in keys)] += int(row["count"])
    return dict(found)


def fired(rows: Iterable[dict[str, str]]) -> Rows:
    return [row for row in rows if row["action"] in ("set_pulses", "reset_pulses")]


# What is written


def test_a_run_writes_the_files_of_the_interface_and_no_others(transfer: Run) -> None:
    assert set(listing(transfer.folder)) == FILES


def test_results_go_to_stdout_and_warnings_to_stderr(transfer: Run) -> None:
    assert transfer.said.err == WARNING
    assert transfer.said.out.splitlines()[-2:] == [
        f"folder: {transfer.folder}",
        f"report: {transfer.folder / 'report.html'}",
    ]


def test_the_inputs_are_kept_as_given_and_the_resolved_files_say_the_same_in_full(transfer: Run) -> None:
    assert transfer.bytes("inputs/architecture.yaml").decode() == CHIP
    assert transfer.bytes("inputs/workload.yaml").decode() == TRANSFER
    given = graph.load(documents.parse(CHIP, "chip.yaml"))
    full = graph.load(documents.read(transfer.folder / "resolved" / "architecture.yaml"))
    assert full.resolved() == given.resolved()
    work = stages.load(documents.read(transfer.folder / "resolved" / "workload.yaml"))
    assert [stage.name for stage in work.stages] == ["pretrain", "finetune"]
    assert work.evaluate == stages.load(documents.parse(TRANSFER, "work.yaml")).evaluate


def test_a_run_from_its_resolved_files_is_the_same_run(short: Run, tmp_path: Path) -> None:
    files = [short.folder / "resolved" / f"{kind}.yaml" for kind in ("architecture", "workload")]
    again = start(tmp_path / "again", *files)
    assert again.bytes("run.json") == short.bytes("run.json")


def test_clock_host_and_versions_stand_in_the_provenance_only(transfer: Run) -> None:
    provenance = json.loads(transfer.bytes("provenance.json"))
    assert set(provenance) == {
        "chipsim", "python", "libraries", "host", "started", "wall_s", "command", "settings", "inputs",
    }  # fmt: skip
    assert provenance["started"] not in transfer.bytes("run.json").decode()
    warned = [f"warning[{w['code']}]: {w['message']}\n" for w in json.loads(transfer.bytes("warnings.json"))]
    assert "".join(warned) == WARNING


# What the record means


def test_the_record_has_the_keys_that_scripts_use(transfer: Run) -> None:
    record = transfer.record
    assert {
        "format", "run_id", "chipsim", "seed", "architecture", "workload", "stages", "total", "evaluation",
        "area_m2", "area_m2_by_component",
    } <= set(record)  # fmt: skip
    assert (record["format"], record["seed"]) == ("chipsim-run/1", 0)
    assert (record["architecture"], record["workload"]) == ("reram-8x4", "reduced-digits-transfer")
    for stage in record["stages"]:
        assert {
            "name", "rule", "images", "accuracy", "linear_accuracy", "target", "time_s", "energy_J",
            "energy_J_by_component", "energy_J_by_operation", "pulses", "counts", "to_target",
        } <= set(stage)  # fmt: skip
        assert (stage["rule"], stage["images"]) == ("ttv2", 10000)
    assert {"time_s", "energy_J", "pulses"} <= set(record["total"])
    assert {"time_s", "energy_J"} <= set(record["evaluation"])


def test_every_total_of_energy_is_the_exact_sum_of_the_same_leaf_rows(transfer: Run) -> None:
    training: Rows = []
    for stage in transfer.record["stages"]:
        rows = transfer.of("energy", stage["name"])
        training += rows
        assert stage["energy_J"] == energies(rows)
        for key in ("component", "operation"):
            shares = stage[f"energy_J_by_{key}"]
            assert shares == grouped(rows, key)
            assert math.fsum(shares.values()) == pytest.approx(stage["energy_J"], rel=1e-12)
    total = transfer.record["total"]
    assert total["energy_J"] == energies(training)
    assert total["energy_J_by_component"] == grouped(training, "component")
    assert total["energy_J_by_operation"] == grouped(training, "operation")


def test_evaluation_is_an_account_of_its_own(transfer: Run) -> None:
    rows = transfer.of("energy", "evaluation")
    assert transfer.record["evaluation"]["energy_J"] == energies(rows) > 0
    assert transfer.record["evaluation"]["time_s"] > 0
    assert {row["stage"] for row in transfer.tables["energy"]} == {"pretrain", "finetune", "evaluation"}
    assert "evaluation" not in {row["stage"] for row in transfer.tables["progress"]}


def test_every_energy_is_a_count_times_a_price_with_a_source(transfer: Run) -> None:
    for row in transfer.tables["energy"]:
        expected = int(row["count"]) * float(row["price_J"])
        assert float(row["energy_J"]) == pytest.approx(expected, rel=1e-15)
        assert row["source"]


def test_priced_counts_are_those_of_the_ledger(transfer: Run) -> None:
    keys = ("stage", "operation", "component", "action")
    ledger = counts(transfer.tables["ledger"], *keys)
    priced = counts((row for row in transfer.tables["energy"] if row["action"] != "static"), *keys)
    assert priced
    assert priced.items() <= ledger.items()


def test_leakage_counts_the_picoseconds_of_each_stage(transfer: Run) -> None:
    for stage in transfer.record["stages"]:
        static = [row for row in transfer.of("energy", stage["name"]) if row["action"] == "static"]
        assert {row["operation"] for row in static} == {"leakage"}
        assert {int(row["count"]) for row in static} == {round(stage["time_s"] * 1e12)}


def test_counts_of_a_stage_are_those_of_its_ledger(transfer: Run) -> None:
    for stage in transfer.record["stages"]:
        expected = counts(transfer.of("ledger", stage["name"]), "action")
        assert stage["counts"] == {action: count for (action,), count in expected.items()}


def test_pulses_are_told_by_direction_component_and_matrix(transfer: Run) -> None:
    for stage in transfer.record["stages"]:
        rows, pulses = fired(transfer.of("ledger", stage["name"])), stage["pulses"]
        by_action = counts(rows, "action")
        assert pulses["set"] == by_action["set_pulses",]
        assert pulses["reset"] == by_action["reset_pulses",]
        assert pulses["by_component"] == {"array": pulses["set"] + pulses["reset"]}
        by_matrix: Counter[str] = Counter()
        for row in rows:
            by_matrix[MATRIX[row["operation"]]] += int(row["count"])
        assert pulses["by_matrix"] == dict(by_matrix)
        assert set(by_matrix) == {"A", "C"}
    total = sum(stage["pulses"]["set"] + stage["pulses"]["reset"] for stage in transfer.record["stages"])
    assert transfer.record["total"]["pulses"] == total


def test_progress_ends_with_the_ledger_of_the_stage(transfer: Run) -> None:
    keys = ("operation", "component", "action")
    for stage in transfer.record["stages"]:
        rows = transfer.of("progress", stage["name"])
        last = [row for row in rows if int(row["image"]) == stage["images"]]
        assert counts(last, *keys) == counts(transfer.of("ledger", stage["name"]), *keys)
        assert {float(row["time_s"]) for row in last} == {stage["time_s"]}


def test_progress_never_falls(transfer: Run) -> None:
    for stage in transfer.record["stages"]:
        before: dict[tuple[str, ...], int] = {}
        for row in transfer.of("progress", stage["name"]):
            key = (row["operation"], row["component"], row["action"])
            assert int(row["count"]) >= before.get(key, 0)
            before[key] = int(row["count"])


def test_accuracy_is_measured_before_the_first_image_every_100_and_after_the_last(transfer: Run) -> None:
    for stage in transfer.record["stages"]:
        rows = transfer.of("accuracy", stage["name"])
        assert [int(row["image"]) for row in rows] == list(range(0, 10001, 100))
        values = [float(row["accuracy"]) for row in rows]
        assert stage["accuracy"] == {"first": values[0], "last": values[-1], "best": max(values)}
        times = [float(row["time_s"]) for row in rows]
        assert times == sorted(times)
        assert (times[0], times[-1]) == (pytest.approx(0, abs=1e-3), stage["time_s"])


def _arrival(values: list[float], target: float) -> int | None:
    """Of the first three evaluations in a row whose mean reaches the target, the last; in exact numbers."""
    for last in range(2, len(values)):
        mean = sum(map(Fraction, values[last - 2 : last + 1])) / 3
        if float(mean) >= target:
            return last
    return None


def test_to_target_follows_from_accuracy_progress_and_prices(transfer: Run) -> None:
    reached = 0
    for stage in transfer.record["stages"]:
        assert stage["target"] == pytest.approx(0.97 * stage["linear_accuracy"], rel=1e-12)
        accuracy = transfer.of("accuracy", stage["name"])
        at = _arrival([float(row["accuracy"]) for row in accuracy], stage["target"])
        if at is None:
            assert stage["to_target"] is None
            continue
        reached += 1
        image = accuracy[at]["image"]
        rows = [row for row in transfer.of("progress", stage["name"]) if row["image"] == image]
        keys = ("operation", "component", "action")
        prices = {
            tuple(row[key] for key in keys): float(row["price_J"])
            for row in transfer.of("energy", stage["name"])
        }
        time_s = float(accuracy[at]["time_s"])
        moving = [count * prices[key] for key, count in counts(rows, *keys).items() if key in prices]
        leaking = [time_s * 1e12 * price for key, price in prices.items() if key[2] == "static"]
        found = stage["to_target"]
        assert found["accuracy"] == stage["target"]
        assert (found["images"], found["time_s"]) == (int(image), time_s)
        assert found["energy_J"] == pytest.approx(math.fsum(moving + leaking), rel=1e-12)
        assert found["pulses"] == sum(int(row["count"]) for row in fired(rows))
        cells = 8 * 2  # of each matrix
        assert cells * math.fsum(found["wear"].values()) == pytest.approx(found["pulses"], rel=1e-12)
        assert set(found["wear"]) == {"A", "C"}
    assert reached > 0


def test_a_target_that_is_not_reached_is_null(short: Run) -> None:
    (stage,) = short.record["stages"]
    assert stage["to_target"] is None
    assert "to 97.0%: not within the run" in short.said.out


def test_time_and_area_add_up(transfer: Run) -> None:
    record = transfer.record
    times = [stage["time_s"] for stage in record["stages"]]
    assert record["total"]["time_s"] == pytest.approx(math.fsum(times), rel=1e-12)
    assert record["area_m2"] == math.fsum(record["area_m2_by_component"].values())


def test_utilisation_is_busy_time_over_the_training_clock(transfer: Run) -> None:
    total = transfer.record["total"]["time_s"]
    for row in transfer.tables["utilisation"]:
        assert float(row["utilisation"]) == pytest.approx(float(row["busy_s"]) / total, rel=1e-12)
        assert float(row["mean_queue"]) == pytest.approx(float(row["waiting_s"]) / total, rel=1e-12)
        assert 0 <= float(row["utilisation"]) <= 1


def test_arrays_hold_every_device_before_and_after_and_all_pulses(transfer: Run) -> None:
    with np.load(transfer.folder / "arrays.npz") as arrays:
        names = {"weights", "conductances", "pulses"}
        stages = [stage["name"] for stage in transfer.record["stages"]]
        keys = {f"array/{s}/{when}/{n}" for s in stages for when in ("before", "after") for n in names}
        assert set(arrays) == keys
        assert {arrays[key].shape for key in keys} == {(8, 4)}
        for stage in transfer.record["stages"]:
            spent = (
                arrays[f"array/{stage['name']}/after/pulses"] - arrays[f"array/{stage['name']}/before/pulses"]
            )
            by_matrix = stage["pulses"]["by_matrix"]
            assert spent.sum() == stage["pulses"]["set"] + stage["pulses"]["reset"]
            for place in transfer.record["placement"]:
                matrix = place["matrix"].removeprefix("dense1.")
                region = spent[slice(*place["rows"]), slice(*place["columns"])]
                assert region.sum() == by_matrix[matrix]
        for name in names:
            assert np.array_equal(
                arrays[f"array/pretrain/after/{name}"], arrays[f"array/finetune/before/{name}"]
            )


# What is printed


def test_json_is_the_record_to_the_byte(short: Run, tmp_path: Path) -> None:
    said = ok("run", *SCRATCH, *SHORT, "--json", "-o", tmp_path / "run")
    assert said.out == (tmp_path / "run" / "run.json").read_text()
    assert said.out.encode() == short.bytes("run.json")


def test_json_of_seeds_is_the_ensemble_to_the_byte(tmp_path: Path) -> None:
    said = ok("run", *SCRATCH, *SHORT, "--seeds", 2, "--workers", 1, "--json", "-o", tmp_path / "study")
    assert said.out == (tmp_path / "study" / "ensemble.json").read_text()
    assert json.loads(said.out)["seeds"] == [0, 1]


def test_quiet_leaves_the_results_alone(tmp_path: Path) -> None:
    said = ok("-q", "run", *SCRATCH, *SHORT, "-o", tmp_path / "run")
    assert said.err == ""
    assert said.out.startswith("train: accuracy ")


def test_strict_makes_an_error_of_a_warning_and_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = say("run", *SCRATCH, *SHORT, "--strict")
    assert (said.code, said.out) == (1, "")
    assert said.err == WARNING.replace("warning[", "error[")
    assert listing(tmp_path) == []


def test_progress_shows_rate_and_accuracy_on_a_terminal_only(tmp_path: Path) -> None:
    above, below = pty.openpty()
    words = ("run", *SCRATCH, "-s", "stages.train.images=4000", "-o", "run")
    process = spawn(*words, cwd=tmp_path, stderr=below)
    os.close(below)
    shown = b""
    try:
        while chunk := os.read(above, 65536):
            shown += chunk
    except OSError:  # the terminal's other end is closed: Linux says so by an error
        pass
    os.close(above)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    text = shown.decode()
    assert "4000/4000" in text
    assert "train: " in text
    assert "/s" in text
    assert "images" not in out.splitlines()[0]


# The same, every time


def test_the_same_seed_gives_the_same_bytes(short: Run, tmp_path: Path) -> None:
    again = start(tmp_path / "again", *SCRATCH, *SHORT)
    for name in sorted(FILES - {"provenance.json", "report.html", "inputs", "resolved"}):
        assert again.bytes(name) == short.bytes(name), name


def test_seeds_on_several_workers_give_the_bytes_of_single_runs(short: Run, tmp_path: Path) -> None:
    ok("run", *SCRATCH, *SHORT, "--seeds", 2, "--workers", 2, "-o", tmp_path / "study")
    other = start(tmp_path / "other", *SCRATCH, *SHORT, "--seed", 1)
    for number, alone in enumerate((short, other)):
        seed = tmp_path / "study" / f"seed-{number}"
        for name in ("run.json", "arrays.npz", "ledger.csv", "accuracy.csv"):
            assert (seed / name).read_bytes() == alone.bytes(name)


def test_another_seed_is_another_chip(short: Run, tmp_path: Path) -> None:
    other = start(tmp_path / "other", *SCRATCH, *SHORT, "--seed", 7)
    assert other.record["run_id"] != short.record["run_id"]
    with np.load(short.folder / "arrays.npz") as one, np.load(other.folder / "arrays.npz") as two:
        for name in ("weights", "conductances"):
            assert not np.array_equal(one[f"array/train/before/{name}"], two[f"array/train/before/{name}"])


def test_seeds_begin_with_the_one_that_is_named(tmp_path: Path) -> None:
    ok("run", *SCRATCH, *SHORT, "--seed", 5, "--seeds", 2, "--workers", 1, "-o", tmp_path / "study")
    top = {name for name in listing(tmp_path / "study") if "/" not in name}
    assert top == {"seed-5", "seed-6", "ensemble.json", "request.json", "report.html"}
    assert set(listing(tmp_path / "study" / "seed-5")) == FILES - {"report.html"}


def test_an_ensemble_holds_the_values_of_its_runs(tmp_path: Path) -> None:
    ok("run", *SCRATCH, *SHORT, "--seeds", 3, "--workers", 1, "-o", tmp_path / "study")
    figures = json.loads((tmp_path / "study" / "ensemble.json").read_text())["figures"]
    records = [json.loads((tmp_path / "study" / f"seed-{n}" / "run.json").read_text()) for n in range(3)]
    energy = [record["total"]["energy_J"] for record in records]
    assert figures["total.energy_J"]["values"] == energy
    assert figures["total.energy_J"]["mean"] == pytest.approx(sum(energy) / 3, rel=1e-12)
    assert figures["train.to_target.images"] == {
        "mean": None, "std": None, "ci95": None, "values": [None, None, None],
    }  # fmt: skip


# Values set from the command line


def _apart(run: Run, action: str) -> tuple[Rows, Rows]:
    rows = run.tables["energy"]
    return [row for row in rows if row["action"] == action], [row for row in rows if row["action"] != action]


def test_a_price_changes_its_own_energies_in_proportion_and_nothing_else(tmp_path: Path) -> None:
    two = start(tmp_path / "two", *SCRATCH, *SHORT, "-s", "costs.adc_conv.energy=2 pJ")
    four = start(tmp_path / "four", *SCRATCH, *SHORT, "-s", "costs.adc_conv.energy=4 pJ")
    for name in ("ledger.csv", "accuracy.csv", "progress.csv", "path.csv", "utilisation.csv", "arrays.npz"):
        assert two.bytes(name) == four.bytes(name)
    (low, others), (high, same) = _apart(two, "adc_conv"), _apart(four, "adc_conv")
    assert others == same
    assert {float(row["price_J"]) for row in low} == {2e-12}
    assert [2 * float(row["energy_J"]) for row in low] == [float(row["energy_J"]) for row in high]
    keep = ("time_s", "pulses", "counts", "accuracy", "images", "target", "linear_accuracy")
    for one, other in zip(two.record["stages"], four.record["stages"], strict=True):
        assert {key: one[key] for key in keep} == {key: other[key] for key in keep}
    assert two.record["area_m2"] == four.record["area_m2"]
    assert two.record["run_id"] != four.record["run_id"]


def test_a_parameter_of_a_component_is_set_like_in_its_file(short: Run, tmp_path: Path) -> None:
    by_flag = start(tmp_path / "flag", *SCRATCH, *SHORT, "-s", "components.adc.bits=6")
    (tmp_path / "chip.yaml").write_text(CHIP.replace("type: adc, bits: 9", "type: adc, bits: 6"))
    by_file = start(tmp_path / "file", tmp_path / "chip.yaml", SCRATCH[1], *SHORT)
    assert by_flag.bytes("run.json") == by_file.bytes("run.json") != short.bytes("run.json")
    # the table's price of a conversion doubles with every bit, and the counts of a read do not depend on it
    prices = {float(row["price_J"]) for row in _apart(by_flag, "adc_conv")[0]}
    nine = {float(row["price_J"]) for row in _apart(short, "adc_conv")[0]}
    assert len(prices) == len(nine) == 1
    assert min(prices) == pytest.approx(min(nine) / 8, rel=1e-12)


def test_a_stage_is_set_by_its_name_or_its_place(short: Run, tmp_path: Path) -> None:
    by_index = start(tmp_path / "index", *SCRATCH, "-s", "stages.0.images=200")
    assert by_index.bytes("run.json") == short.bytes("run.json")
    assert short.record["stages"][0]["images"] == 200


# Folders


def test_runs_are_numbered_in_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for number in (1, 2):
        said = ok("run", *SCRATCH, *SHORT)
        assert f"folder: runs/reduced-digits-scratch-{number}\n" in said.out
    assert set(listing(tmp_path / "runs" / "reduced-digits-scratch-2")) == FILES
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == [
        "reduced-digits-scratch-1", "reduced-digits-scratch-2",
    ]  # fmt: skip


@pytest.mark.parametrize("more", [(), ("--seeds", 2)], ids=["one run", "seeds"])
def test_an_earlier_run_is_never_written_over_unasked(
    short: Run, more: tuple[object, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "run.json").write_text("{}")
    said = say("run", *SCRATCH, *SHORT, *more, "-o", "mine")
    assert said.code == 1
    assert said.faults == ["error[E091]: 'mine' is there already; name another folder or add --force"]
    assert listing(tmp_path) == ["mine", "mine/run.json"]
    assert (tmp_path / "mine" / "run.json").read_text() == "{}"


def test_force_replaces_an_earlier_run_whole(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    for name in ("run.json", "left-over"):
        (tmp_path / "run" / name).write_text("{}")
    start(tmp_path / "run", *SCRATCH, *SHORT, "--force")
    assert set(listing(tmp_path / "run")) == FILES


@pytest.mark.parametrize("more", [(), ("--seeds", 2)], ids=["one run", "seeds"])
def test_force_does_not_remove_what_is_no_run(
    more: tuple[object, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter").write_text("1")
    said = say("run", *SCRATCH, *SHORT, *more, "--force", "-o", "thesis")
    assert said.code == 1
    assert said.faults == ["error[E091]: 'thesis' is not a folder of runs, so --force does not remove it"]
    assert listing(tmp_path) == ["thesis", "thesis/chapter"]


@pytest.mark.parametrize("more", [(), ("--seeds", 2)], ids=["one run", "seeds"])
def test_a_folder_that_cannot_be_written_is_found_before_the_run(
    more: tuple[object, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")
    began = time.monotonic()
    said = say("run", *SCRATCH, *more, "-o", "file/run")
    assert said.code == 1
    assert said.faults == [
        f"error[E092]: 'file/run' cannot be written: '{tmp_path / 'file'}' is not a folder"
    ]
    assert listing(tmp_path) == ["file"]
    assert time.monotonic() - began < 2


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="this user may write everywhere")
def test_a_folder_without_permission_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shut").mkdir(mode=0o500)
    said = say("run", *SCRATCH, *SHORT, "-o", "shut/run")
    assert said.code == 1
    shut = tmp_path / "shut"
    assert said.faults == [
        f"error[E092]: 'shut/run' cannot be written: '{shut}' is not writable by this user"
    ]


@pytest.mark.parametrize("more", [(), ("--seeds", 2, "--workers", 1)], ids=["one run", "seeds"])
def test_a_run_that_fails_leaves_nothing_behind(
    more: tuple[object, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = say("run", *SCRATCH, *SHORT, "-s", "costs.cell_read.voltage=1e200 V", *more)
    assert said.code == 5
    assert said.faults == [
        "error[E081]: an energy or an area is too large to be written as a number; "
        "give lower figures under 'costs'"
    ]
    assert listing(tmp_path) == []


def test_a_bug_becomes_a_report_and_leaves_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("out of paper")

    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("chipsim.experiments.pages.of_run", broken)
    said = say("-q", "run", *SCRATCH, *SHORT)
    assert said.code == 70
    (report,) = tmp_path.glob("chipsim-bug-*.txt")
    assert said.err == f"error[E110]: this is a bug of chipsim; a report for us lies in {report}\n"
    assert "out of paper" in report.read_text()
    assert listing(tmp_path / "here") == []


def test_a_run_keeps_the_table_of_its_devices_and_can_be_repeated_from_its_inputs(tmp_path: Path) -> None:
    lab = tmp_path / "lab"
    (lab / "data").mkdir(parents=True)
    (lab / "data" / "devices.csv").write_text(
        "step_up,step_down,upper_bound,lower_bound,cycle_to_cycle\n0.05,0.06,1.1,-0.9,0.3\n"
    )
    cell = "cell: {preset: device-table, file: data/devices.csv}"
    (lab / "chip.yaml").write_text(CHIP.replace("cell: reram-om", cell))
    ok("run", lab / "chip.yaml", SCRATCH[1], *SHORT, "-o", tmp_path / "first")
    inputs = tmp_path / "first" / "inputs"
    assert (inputs / "data" / "devices.csv").read_bytes() == (lab / "data" / "devices.csv").read_bytes()
    files = (inputs / "architecture.yaml", inputs / "workload.yaml")
    ok("run", *files, *SHORT, "-o", tmp_path / "second")
    ok("price", tmp_path / "first")
    assert (tmp_path / "first" / "run.json").read_bytes() == (tmp_path / "second" / "run.json").read_bytes()
    ok("check", lab / "chip.yaml")
    (lab / "data" / "devices.csv").write_text("step_up,step_down\n1,2\n")
    said = say("check", lab / "chip.yaml")
    assert said.code == 3
    assert [line.partition("error")[2] for line in said.faults] == [
        f"[E011]: missing column '{name}'" for name in ("upper_bound", "lower_bound", "cycle_to_cycle")
    ]


@pytest.mark.parametrize("cell", ["constant-step", "ideal", "nonlinear-pulse", "ag-a-si", "device-table"])
def test_every_cell_goes_through_a_run(cell: str, tmp_path: Path) -> None:
    ok("run", *SCRATCH, *SHORT, "-s", f"components.array.cell={cell}", "-o", tmp_path / cell)
    (stage,) = json.loads((tmp_path / cell / "run.json").read_text())["stages"]
    assert stage["pulses"]["by_matrix"]["A"] > 0
