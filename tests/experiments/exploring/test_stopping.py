"""Runs that are stopped on their way: the rule, worked out by hand, and that it looks at nothing else."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from chipsim.experiments.exploring import outcome, stopping
from chipsim.experiments.exploring.stopping import CURVE, STOPPED, Bar, Curve, Judge, Reading, Rival
from chipsim.experiments.exploring.study import Objective
from chipsim.experiments.exploring.work import Task, files_of, perform
from chipsim.experiments.run import Request, prepare
from tests.experiments.exploring.test_explore import BITS, COUNT, explored
from tests.experiments.exploring.toys import curve, study

ACCURACY = Objective(maximise="train.accuracy.last")
ENERGY = Objective(minimise="total.energy_J")
TO_TARGET = Objective(minimise="train.to_target.energy_J")
AREA = Objective(minimise="area_m2")


def stop_of(run: Curve, rival: Curve, *objectives: Objective) -> int | None:
    """The image at which a run is stopped for falling behind of another."""
    judge = Judge(Bar(objectives, (Rival.of(7, rival, objectives),)), run.area_m2)
    return next((r.image for r in run.readings if judge.add(r) is not None), None)


def learning(accuracies: Sequence[float], energy: float, target: float = 0.9) -> Curve:
    """A stage of ten parts of 100 images, with an accuracy at the beginning and after each."""
    last = len(accuracies) - 1
    readings = (
        Reading("train", 1000, 100 * k, target, accuracy, {"energy_J": energy * k / last})
        for k, accuracy in enumerate(accuracies)
    )
    return Curve(1e-8, tuple(readings))


def test_a_run_that_is_worse_in_everything_stops_at_its_third_evaluation() -> None:
    assert stop_of(curve(0.8, 2.0), curve(0.9, 1.0), ACCURACY, ENERGY) == 2000


@pytest.mark.parametrize(("accuracy", "energy"), [(0.86, 2.0), (0.9, 2.0), (0.8, 1.0), (0.8, 0.9)])
def test_a_run_goes_on_that_is_not_clearly_worse_or_costs_no_more(accuracy: float, energy: float) -> None:
    assert stop_of(curve(accuracy, energy), curve(0.9, 1.0), ACCURACY, ENERGY) is None


def test_accuracy_so_far_is_the_mean_of_three_evaluations() -> None:
    """At 400 images the means are (0.9 + 0.9 + 0.3) / 3 = 0.7 and 0.9; one bad evaluation, 20 points behind.

    At 300 they are equal. Two points behind, (0.9 + 0.9 + 0.84) / 3 = 0.88, is not enough.
    """
    steady = learning([0.9] * 11, 1.0)
    dropped = learning([0.9] * 4 + [0.3] + [0.9] * 6, 2.0)
    assert stop_of(dropped, steady, ACCURACY, ENERGY) == 400
    assert stop_of(learning([0.9] * 4 + [0.84] + [0.9] * 6, 2.0), steady, ACCURACY, ENERGY) is None


def test_nothing_is_judged_in_the_first_tenth_of_a_stage_or_at_its_end() -> None:
    """Of 1,000 images, evaluated every 20: the first tenth ends with 100. At the end nothing is left."""

    def of(last: float, spent: float) -> Curve:
        every = range(0, 1001, 20)
        final = [0.9 if k < 960 else last for k in every]
        return Curve(
            1e-8,
            tuple(
                Reading("train", 1000, k, None, a, {"energy_J": spent * k})
                for k, a in zip(every, final, strict=True)
            ),
        )

    worse = Curve(1e-8, tuple(Reading(**{**r.__dict__, "accuracy": 0.1}) for r in of(0.9, 2.0).readings))
    assert stop_of(worse, of(0.9, 1.0), ACCURACY, ENERGY) == 100
    late = learning([0.9] * 10 + [0.0], 2.0)
    assert stop_of(late, learning([0.9] * 11, 1.0), ACCURACY, ENERGY) is None


def test_a_run_that_has_not_arrived_stops_when_it_has_spent_more_than_another_took() -> None:
    """The rival arrives with its third evaluation, at 200 images and 0.2 J, and spends 1 J in all.

    The other spends 0.08 J in a part of 100 images: 0.16 J at 200, 0.24 J at 300.
    """
    quick = learning([0.95] * 11, 1.0)
    assert stop_of(learning([0.1] * 11, 0.8), quick, TO_TARGET) == 300
    assert stop_of(learning([0.1] * 11, 0.19), quick, TO_TARGET) is None


def test_a_run_that_has_arrived_is_compared_with_what_another_takes_in_the_end() -> None:
    """At 500 images, 0.75 J, the run arrives; its rival, 0.5 J there, arrives with 0.8 J at 800, or never."""
    run = learning([0.1, 0.1, 0.1, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9], 1.5)
    slow = learning([0.1] * 6 + [0.9] * 5, 1.0)
    assert stop_of(run, slow, TO_TARGET, ACCURACY) is None
    assert stop_of(learning([0.1] * 11, 1.5), slow, TO_TARGET) == 200


def test_area_is_no_reason_to_stop_and_an_equal_one_no_reason_to_go_on() -> None:
    better, worse = curve(0.9, 1.0), curve(0.8, 2.0)
    assert stop_of(worse, better, AREA) is None
    assert stop_of(worse, better, ACCURACY, ENERGY, AREA) == 2000
    assert stop_of(curve(0.8, 2.0, area=0.9e-8), better, ACCURACY, ENERGY, AREA) is None


def test_runs_are_compared_at_the_same_image_or_not_at_all() -> None:
    assert stop_of(curve(0.8, 2.0, images=10_000), curve(0.9, 1.0, images=9_999), ACCURACY, ENERGY) is None


@pytest.mark.parametrize("figure", ["train.linear_accuracy", "total.assumed_share"])
def test_a_study_of_what_cannot_be_judged_on_the_way_stops_nothing(figure: str) -> None:
    assert stop_of(curve(0.8, 2.0), curve(0.9, 1.0), ACCURACY, Objective(maximise=figure)) is None


TWO = f"axes: {{{COUNT}: [1, 4], {BITS}: [2, 3, 4]}}\nseeds: 2\nstop: dominated\ngeneration: 3\n"


def test_a_stopped_run_is_a_row_that_says_when_and_for_which_point(tmp_path: Path) -> None:
    """Of four converters 2 bits (accuracy 3/4) are behind 3 bits of one, 7/8; so are 3 bits, behind 15/16."""
    rows, spent = explored(TWO, tmp_path)
    assert [row.status for row in rows] == ["done"] * 3 + ["stopped", "stopped", "done"]
    ending = "of 10,000 images of stage 'train': so far worse in everything than point"
    for row, point in ((rows[3], 1), (rows[4], 2)):
        assert row.reason == f"its first seed was stopped after 2,000 {ending} {point}"
        assert row.seeds == (0,)
    assert (spent.simulated, spent.stopped, spent.left_out) == (4 * 2 + 2, 2, 2)
    assert spent.images == 2 * 8_000 + 2 * 10_000
    assert str(spent).endswith("2 stopped on the way, 2 left out, 36,000 images saved")


def test_studies_that_share_a_record_get_what_each_gets_by_itself(tmp_path: Path) -> None:
    """The second study has no rivals, so it runs whole what the first stopped; the first stops it again."""
    four = f"axes: {{{COUNT}: [4], {BITS}: [2, 3, 4]}}\nseeds: 2\n"

    def told(text: str, folder: Path) -> tuple[str, int]:
        rows, spent = explored(text, folder)
        return json.dumps(outcome.told(study(text), rows, "")), spent.simulated

    alone, _ = told(four, tmp_path / "alone")
    first, runs = told(TWO, tmp_path / "shared")
    again, whole = told(four, tmp_path / "shared")
    assert again == alone
    assert (runs, whole) == (4 * 2 + 2, 2 * 2)
    assert told(TWO, tmp_path / "shared") == (first, 0)
    assert told(four + "stop: dominated\n", tmp_path / "shared") == (
        told(four + "stop: dominated\n", tmp_path / "other")[0],
        0,
    )


def test_a_whole_run_is_not_lost_to_one_that_was_stopped_meanwhile(tmp_path: Path) -> None:
    explored(TWO, tmp_path)
    kept = {path.parent: path.read_bytes() for path in tmp_path.glob(f"*/{STOPPED}")}
    assert len(kept) == 2
    explored(TWO.replace("stop: dominated", "stop: never"), tmp_path)
    assert not list(tmp_path.glob(f"*/{STOPPED}"))


def test_a_simulated_run_is_stopped_with_the_beginning_of_its_curve() -> None:
    settings = ("stages.train.images=1000", "evaluate.every=100 images", "data.test=50")
    job = prepare(Request("reram-8x4", "reduced-digits-scratch", settings))
    whole = perform(Task("key", files_of(job), 0))
    found = Curve.read(whole[CURVE])
    record = json.loads(whole["run.json"])
    assert found.readings[-1].spent["energy_J"] == record["stages"][0]["energy_J"]
    assert found.readings[-1].spent["time_s"] == record["stages"][0]["time_s"]
    assert found.readings[-1].spent["pulses"] == record["total"]["pulses"]
    assert (found.area_m2, found.done) == (record["area_m2"], 1000)

    cheaper = tuple(
        Reading(**{**r.__dict__, "accuracy": 1.0, "spent": {"energy_J": 0.5 * r.spent["energy_J"]}})
        for r in found.readings
    )
    objectives = (ACCURACY, ENERGY)
    bar = Bar(objectives, (Rival.of(3, Curve(1e-9, cheaper), objectives),))
    part = perform(Task("key", files_of(job), 0, bar=bar))
    assert set(part) == {CURVE, STOPPED}
    assert json.loads(part[STOPPED])["image"] == 200
    assert Curve.read(part[CURVE]).readings == found.readings[:3]
    assert stopping.judged(bar, whole) == part
    assert stopping.judged(bar, part) == part
    assert stopping.judged(None, part) is None
