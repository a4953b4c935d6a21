"""What waiting costs and overlap gains, the bottleneck, and what a second unit of it really gains."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from chipsim.experiments import ensemble, repricing, why
from chipsim.experiments.run import Request, prepare, simulate
from chipsim.reports.result import Result

FILES = Path(__file__).parents[1] / "architectures"
PAPER = ("reram-8x4", "reduced-digits-scratch")
TWO_LAYERS = (str(FILES / "two-layer.yaml"), str(FILES / "two-layer-digits.yaml"))
TILED = (str(FILES / "tiled-mesh.yaml"), str(FILES / "two-layer-digits.yaml"))
IMAGES = 40
SHORT = (
    f"stages.train.images={IMAGES}", f"evaluate.every={IMAGES} images", "data.train=100", "data.test=20",
    "stages.train.rule.threshold=0.5", "stages.train.rule.transfer_every=10",
)  # fmt: skip
SGD = ("stages.train.rule={type: sgd, learning_rate: 0.3}",)
SLOW_ADC = ("components.adc.conversion=10 us", "components.drivers.pulse_width=1 ns")


def depth(images: int) -> str:
    return f"components.controller.depth={images}"


def ran(files: tuple[str, str], *settings: str) -> Result:
    return simulate(prepare(Request(*files, (*SHORT, *settings))))


def held(result: Result) -> dict[str, Any]:
    return dict(result.record["bottleneck"])


def gained(files: tuple[str, str], second: str, *settings: str) -> tuple[float, float, float]:
    """The bound on a run's gain, the gain of a second unit by running again, and the time without it."""
    one, two = ran(files, *settings), ran(files, *settings, second)
    return held(one)["gain_at_most_s"], round(one.time_s - two.time_s, 12), one.time_s


# The sum without contention


@pytest.mark.parametrize("images", [1, 3])
def test_an_images_uncontended_time_is_that_of_its_steps_however_many_overlap(images: int) -> None:
    """SGD on the paper's chip: 128 ns read, twice 10 ns converted, 2 ns activated, 2 x 31 x 100 ns pulsed."""
    result = ran(PAPER, *SGD, depth(images))
    steps = IMAGES * (128 + 2 * 10 + 2 + 2 * 31 * 100) * 1e-9
    total = result.record["total"]
    assert total["uncontended_s"] == pytest.approx(steps, rel=1e-12)
    assert result.stages["train"].uncontended_s == total["uncontended_s"]
    assert total["time_s"] == total["uncontended_s"] if images == 1 else total["time_s"] < steps


def test_where_images_go_one_by_one_the_difference_is_what_the_critical_path_waits() -> None:
    result = ran(TILED)
    waited = [time for *_, kind, time in result.rows["path"] if kind == "waiting"]
    total = result.record["total"]
    assert total["time_s"] - total["uncontended_s"] == pytest.approx(math.fsum(waited), abs=1e-13)
    assert sum(waited) > 0


def test_the_totals_are_the_sums_of_the_stages() -> None:
    result = simulate(prepare(Request("reram-8x4", "reduced-digits-transfer", (
        "stages.pretrain.images=30", "stages.finetune.images=20", "evaluate.every=10 images", depth(2),
    ))))  # fmt: skip
    total = result.record["total"]
    stages = result.stages.values()
    assert total["uncontended_s"] == pytest.approx(math.fsum(s.uncontended_s for s in stages), rel=1e-12)
    assert all(stage.uncontended_s > 0 for stage in stages)


@pytest.mark.parametrize("images", [1, 4])
def test_contention_and_bottleneck_are_the_same_when_read_from_files(images: int, tmp_path: Path) -> None:
    job = prepare(Request(*PAPER, (*SHORT, depth(images))))
    plan = ensemble.Plan(job, tmp_path, (0,))
    ensemble.run(plan, 1, lambda *_: None)
    again = repricing.price(repricing.read(plan.of(0)))
    assert dict(again.record) == ensemble.read_record(plan.of(0))


# The bottleneck


def test_one_by_one_it_is_what_has_most_of_the_critical_path() -> None:
    result = ran(PAPER, *SGD)
    found = held(result)
    image = 128 + 2 * 10 + 2 + 2 * 31 * 100
    assert (found["component"], found["copies"], found["by"]) == ("array", 1, "critical path")
    assert found["share"] == pytest.approx((128 + 2 * 31 * 100) / image, rel=1e-12)
    assert found["utilisation"] == pytest.approx(found["share"], rel=1e-12)
    assert found["gain_at_most_s"] == 0  # nothing waits for it


def test_one_by_one_twice_the_converters_gain_half_of_their_time_and_no_more() -> None:
    """Two columns take turns at one converter, and none at two: the bound is met."""
    bound, gain, time = gained(PAPER, "components.adc.count=2", *SGD, *SLOW_ADC)
    assert bound == pytest.approx(IMAGES * 10e-6, rel=1e-12)
    assert gain == pytest.approx(bound, rel=1e-12)
    assert gain < time


def test_one_by_one_converters_for_every_line_gain_nothing_from_as_many_again() -> None:
    bound, gain, _ = gained(PAPER, "components.adc.count=4", "components.adc.count=2", *SGD, *SLOW_ADC)
    assert (bound, gain) == (0, 0)


def test_lines_that_do_not_share_evenly_gain_less_than_the_bound() -> None:
    """16 columns take 3 turns at 7 converters and still 2 at 14: a third is saved, not a half."""
    slow = (
        "components.adc1.count=7",
        "components.adc1.conversion=10 us",
        "components.drivers1.pulse_width=1 ns",
    )
    bound, gain, _ = gained(TWO_LAYERS, "components.adc1.count=14", *slow)
    assert gain == pytest.approx(bound * 2 / 3, rel=0.01)


@pytest.mark.parametrize("images", [2, 4, 8])
def test_a_converter_bound_pipeline_gains_what_the_bound_says_or_a_little_less(images: int) -> None:
    settings = (*SGD, *SLOW_ADC, depth(images))
    found = held(ran(PAPER, *settings))
    assert (found["component"], found["by"]) == ("adc", "work")
    assert found["share"] > 0.95
    bound, gain, _ = gained(PAPER, "components.adc.count=2", *settings)
    assert 0.9 * bound < gain <= bound


def test_a_pipeline_that_learns_in_order_gains_no_more_than_what_is_not_learning() -> None:
    """Updates of 6.2 us an image follow one another: all else is 0.15 us, whatever unit is added."""
    result = ran(PAPER, *SGD, depth(4))
    assert held(result)["component"] == "array"
    assert held(result)["gain_at_most_s"] <= result.time_s - IMAGES * 6.2e-6 + 1e-13


def test_no_time_is_shorter_than_the_work_of_any_component() -> None:
    for images in (1, 2, 6):
        result = ran(TILED, depth(images))
        assert max(row[-1] for row in result.rows["utilisation"]) <= result.time_s


@pytest.mark.parametrize("images", [1, 6])
def test_copies_are_one_kind_and_the_busiest_is_named(images: int) -> None:
    settings = ("components.adc.conversion=1 us", depth(images))
    result = ran(TILED, *settings)
    found = held(result)
    work = {row[0]: row[-1] for row in result.rows["utilisation"] if row[0].startswith("adc")}
    assert found["copies"] == len(work) > 1
    assert work[found["component"]] == max(work.values())
    bound, gain, _ = gained(TILED, "components.adc.count=2", *settings)
    assert 0 < gain <= bound


# why latency


def test_ways_of_images_that_overlap_add_up_to_more_than_the_time(tmp_path: Path) -> None:
    job = prepare(Request(*PAPER, (*SHORT, *SGD, depth(4))))
    plan = ensemble.Plan(job, tmp_path, (0,))
    ensemble.run(plan, 1, lambda *_: None)
    time = ensemble.read_record(plan.of(0))["total"]["time_s"]
    lines, overlap = why.ways(plan.of(0))
    assert overlap is not None
    whole = math.fsum(line.time_s for line in lines)
    assert (overlap.depth, overlap.images, overlap.time_s) == (4, IMAGES, time)
    assert overlap.ratio == pytest.approx(whole / time, rel=1e-12)
    assert overlap.way_s == pytest.approx(whole / IMAGES, rel=1e-12)
    assert overlap.ratio > 3


def test_images_one_by_one_have_one_way_that_is_the_time(tmp_path: Path) -> None:
    plan = ensemble.Plan(prepare(Request(*PAPER, (*SHORT, *SGD))), tmp_path, (0,))
    ensemble.run(plan, 1, lambda *_: None)
    lines, overlap = why.ways(plan.of(0))
    assert overlap is None
    time = ensemble.read_record(plan.of(0))["total"]["time_s"]
    assert math.fsum(line.time_s for line in lines) == pytest.approx(time, rel=1e-12)
