"""Figures of a record, their summary over seeds, and ensembles that go on."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chipsim.errors import PhysicsError, RunError
from chipsim.experiments import ensemble, folders
from chipsim.experiments.ensemble import Plan, figures, student_t, summarise
from chipsim.experiments.run import Job, Request, prepare

TO_TARGET = {"accuracy": 0.9, "images": 300, "time_s": 2e-3, "energy_J": 5e-8, "pulses": 70}


def record(energy: float, to_target: dict[str, float] | None = None) -> dict[str, Any]:
    return {
        "architecture": "chip", "workload": "work",
        "stages": [
            {
                "name": "train", "rule": "ttv2", "images": 1000, "target": 0.9,
                "accuracy": {"first": 0.5, "last": 0.75},
                "energy_J_by_component": {"array": energy},
                "to_target": to_target,
            }
        ],
        "total": {"energy_J": energy, "pulses": 100},
        "evaluation": {"time_s": 0.25},
        "area_m2": 1e-9,
    }  # fmt: skip


# Figures


def test_figures_are_the_numbers_of_a_record_by_path_with_stages_by_name() -> None:
    assert figures(record(2.0, TO_TARGET)) == {
        "train.images": 1000, "train.target": 0.9,
        "train.accuracy.first": 0.5, "train.accuracy.last": 0.75,
        "train.energy_J_by_component.array": 2.0,
        "train.to_target.accuracy": 0.9, "train.to_target.images": 300, "train.to_target.time_s": 2e-3,
        "train.to_target.energy_J": 5e-8, "train.to_target.pulses": 70,
        "total.energy_J": 2.0, "total.pulses": 100, "evaluation.time_s": 0.25, "area_m2": 1e-9,
    }  # fmt: skip


def test_a_target_that_was_not_reached_leaves_its_figures_null_not_absent() -> None:
    with_it, without = figures(record(2.0, TO_TARGET)), figures(record(2.0))
    assert set(with_it) == set(without)
    assert {path for path, value in without.items() if value is None} == {
        f"train.to_target.{name}" for name in TO_TARGET
    }


def test_wear_to_a_target_is_a_figure_of_each_matrix_also_where_it_was_not_reached() -> None:
    reached, missed = record(2.0, {**TO_TARGET, "wear": {"A": 4.0, "C": 0.5}}), record(2.0)
    for each in (reached, missed):
        each["stages"][0]["pulses"] = {"set": 40, "reset": 30, "by_matrix": {"A": 64, "C": 6}}
    assert figures(reached)["train.to_target.wear.C"] == 0.5
    found = figures(missed)
    assert found["train.to_target.wear.A"] is found["train.to_target.wear.C"] is None


# Summaries


def test_mean_deviation_and_interval_of_three_are_the_hand_worked_ones() -> None:
    # of 1, 2 and 3: mean 2, s = sqrt((1 + 0 + 1) / 2) = 1, half-width 4.303 / sqrt(3)
    found = summarise(range(3), [record(1.0), record(2.0), record(3.0)])
    assert found["seeds"] == [0, 1, 2]
    figure = found["figures"]["total.energy_J"]
    half = 4.303 / math.sqrt(3)
    assert figure == {"mean": 2.0, "std": 1.0, "ci95": [2 - half, 2 + half], "values": [1.0, 2.0, 3.0]}


def test_one_seed_has_a_mean_and_no_spread() -> None:
    figure = summarise([4], [record(1.5)])["figures"]["total.energy_J"]
    assert figure == {"mean": 1.5, "std": None, "ci95": None, "values": [1.5]}


def test_one_seed_that_did_not_arrive_takes_the_mean_away_but_not_the_values() -> None:
    found = summarise(range(2), [record(1.0, TO_TARGET), record(1.0)])["figures"]
    assert found["train.to_target.images"] == {
        "mean": None, "std": None, "ci95": None, "values": [300, None],
    }  # fmt: skip
    assert found["train.images"]["mean"] == 1000


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=12))
def test_the_interval_is_centred_on_the_mean_and_follows_a_shift(values: list[float]) -> None:
    one = summarise(range(len(values)), [record(value) for value in values])["figures"]["total.energy_J"]
    low, high = one["ci95"]
    assert low <= one["mean"] <= high
    assert (low + high) / 2 == pytest.approx(one["mean"], abs=1e-6)
    assert min(values) - 1e-6 <= one["mean"] <= max(values) + 1e-6


# Student's distribution


def _within(point: float, freedom: int) -> float:
    """Probability of Student's t between -point and point, by Simpson's rule on its density."""
    steps, log = 20_000, math.lgamma
    scale = math.exp(log((freedom + 1) / 2) - log(freedom / 2)) / math.sqrt(freedom * math.pi)
    width = point / steps
    density = [scale * (1 + (k * width) ** 2 / freedom) ** (-(freedom + 1) / 2) for k in range(steps + 1)]
    odd, even = math.fsum(density[1:-1:2]), math.fsum(density[2:-1:2])
    return 2 * width / 3 * (density[0] + 4 * odd + 2 * even + density[-1])


def test_one_and_two_degrees_of_freedom_have_closed_forms() -> None:
    assert student_t(1) == pytest.approx(math.tan(math.pi * 0.475), abs=5e-4)
    assert student_t(2) == pytest.approx(0.95 * math.sqrt(2 / (1 - 0.95**2)), abs=5e-4)


@pytest.mark.parametrize("freedom", [*range(1, 41), 60, 120, 1000])
def test_the_point_leaves_five_percent_outside(freedom: int) -> None:
    # a point known to 1e-3 moves the probability by less than twice the density at the normal's point
    assert _within(student_t(freedom), freedom) == pytest.approx(0.95, abs=1.5e-4)


def test_the_points_fall_towards_those_of_the_normal_distribution() -> None:
    points = [student_t(freedom) for freedom in range(1, 200)]
    assert points == sorted(points, reverse=True)
    assert student_t(10**6) == pytest.approx(1.959964, abs=1e-5)


# Ensembles


@pytest.fixture(scope="module")
def job() -> Job:
    return prepare(Request("reram-8x4", "reduced-digits-scratch", ("stages.train.images=100",)))


def _run(plan: Plan) -> dict[str, Any]:
    return ensemble.run(ensemble.find_or_begin(plan, None, False), 1, lambda done, total, record: None)


def test_done_is_told_of_every_seed_and_of_those_that_were_there(job: Job, tmp_path: Path) -> None:
    told: list[tuple[int, int, int]] = []
    plan = ensemble.find_or_begin(Plan(job, tmp_path / "study", (0, 1)), None, False)
    ensemble.run(plan, 1, lambda done, total, record: told.append((done, total, record["seed"])))
    assert told == [(1, 2, 0), (2, 2, 1)]
    (tmp_path / "study" / "seed-0" / "run.json").unlink()
    ensemble.run(plan, 1, lambda done, total, record: told.append((done, total, record["seed"])))
    assert told[2:] == [(2, 2, 0)]


def test_a_damaged_record_is_one_sentence(job: Job, tmp_path: Path) -> None:
    plan = Plan(job, tmp_path / "study", (0,))
    _run(plan)
    (tmp_path / "study" / "seed-0" / "run.json").write_text("{")
    with pytest.raises(RunError, match=r"seed-0' holds no readable run\.json: ") as caught:
        _run(plan)
    assert caught.value.faults[0].code == "E093"
    assert (tmp_path / "study" / "seed-0").is_dir()


def test_a_seed_that_fails_keeps_those_that_have_ended(
    job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = ensemble.traced

    def fails_for_1(job: Job, seed: int, *words: Any, **more: Any) -> Any:
        if seed == 1:
            raise PhysicsError("the chip is on fire")
        return real(job, seed, *words, **more)

    monkeypatch.setattr(ensemble, "traced", fails_for_1)
    plan = Plan(job, tmp_path / "study", (0, 1, 2))
    with pytest.raises(PhysicsError, match="the chip is on fire"):
        _run(plan)
    assert plan.missing() == (1, 2)
    monkeypatch.undo()
    assert _run(plan)["seeds"] == [0, 1, 2]


def test_a_label_is_the_same_for_the_same_request_only(job: Job, tmp_path: Path) -> None:
    plan = Plan(job, tmp_path / "one", (0,))
    assert Plan(job, tmp_path / "two", (0,)).label == plan.label
    assert Plan(job, tmp_path / "one", (0, 1)).label != plan.label
    other = prepare(Request("reram-8x4", "reduced-digits-scratch", ("stages.train.images=101",)))
    assert Plan(other, tmp_path / "one", (0,)).label != plan.label
    assert not ensemble.begun(plan)
    ensemble.find_or_begin(plan, None, False)
    assert ensemble.begun(plan)
    assert json.loads((tmp_path / "one" / "request.json").read_text()) == plan.label


def test_what_a_dead_process_left_aside_is_swept_and_a_living_one_is_left_alone(tmp_path: Path) -> None:
    import os
    import subprocess
    import sys

    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    for name in (f".seed-0-{dead.pid}-abcd1234", f".seed-1-{os.getpid()}-abcd1234", "seed-2", ".seed-mine"):
        (tmp_path / name).mkdir()
    folders.sweep(tmp_path)
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {f".seed-1-{os.getpid()}-abcd1234", "seed-2", ".seed-mine"}
