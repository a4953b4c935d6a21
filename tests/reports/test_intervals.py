"""The interval of a run's time follows the ranges of its durations along the critical path."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chipsim.accounting.scaling import Corner
from chipsim.accounting.uncertainty import DRAWS, Uncertain
from chipsim.architecture import graph
from chipsim.architecture.durations import known
from chipsim.architecture.plan import Plan
from chipsim.experiments.run import Job, Request, prepare, simulate
from chipsim.inputs import documents
from chipsim.reports import intervals
from chipsim.reports.counted import PER_SECOND, Counted, StageCounts, StageInputs, picoseconds
from chipsim.reports.result import Result
from chipsim.simulation.records import Passage
from tests.architecture import files

FOUR_AND_A_HALF = 4.5  # standard errors: one false alarm in 150,000
FILES = Path(__file__).parents[1] / "architectures"
MANAGED = ("components.dac.noise_management={scale: abs-max}", "components.dac.bound_management={retries: 3}")
GIVEN = (
    "components.dac.integration=100 ns", "components.drivers.pulse_width=90 ns",
    "components.adc.conversion=9 ns", "components.integrator.access=900 ps",
    "components.digital.latency=3 ns",
)  # fmt: skip
"""Every duration of `reram-8x4`, none as `timing` fills it in."""


def job(*settings: str, chip: str = "reram-8x4", work: str = "reduced-digits-scratch") -> Job:
    return prepare(Request(chip, work, ("stages.0.images=60", "evaluate.every=20 images", *settings)))


def plan(*settings: str) -> Plan:
    return job(*settings).plan


def of(plan: Plan, *legs: Passage) -> Uncertain:
    return intervals.times(plan, Counted((), (), sum(leg.time for leg in legs), 0, (), legs))


def leg(operation: str, component: str, time: int = 10**9, served: bool = True) -> Passage:
    return Passage("train", operation, component, served, time)


UPDATE, READ, CONVERT = leg("update", "array"), leg("forward", "array"), leg("forward", "adc")
SCALE, ACTIVATE = leg("forward", "dac"), leg("forward", "digital")


def test_a_time_of_one_leg_has_the_quantiles_of_its_duration() -> None:
    """1 ms of pulses of 100 ns (50 ns to 1 us): from half of it, over all of it, to ten times as long."""
    drawn = of(plan(), UPDATE).draws
    for u, expected in ((0.05, 5e-4 * 2**0.1), (0.25, 5e-4 * 2**0.5), (0.5, 1e-3), (0.75, 1e-3 * 10**0.5),
                        (0.95, 1e-3 * 10**0.9)):  # fmt: skip
        error = FOUR_AND_A_HALF * math.sqrt(u * (1 - u) / DRAWS)
        low, high = np.quantile(drawn, [max(u - error, 0), u + error])
        assert low <= expected <= high


def test_a_range_without_a_lower_end_begins_at_the_typical_duration() -> None:
    """Reads of 128 ns, 521 ns at most."""
    drawn = of(plan(), READ).draws
    assert drawn.min() == pytest.approx(1e-3)
    assert 1e-3 < drawn.max() < 1e-3 * 521 / 128


def test_durations_of_one_source_move_together_and_those_of_two_do_not() -> None:
    found = of(plan(*MANAGED), SCALE, ACTIVATE, UPDATE, CONVERT)
    draws = found.entries
    scaling, digital = draws["dac.noise_management.time"], draws["digital.latency"]
    assert found.sources["dac.noise_management.time"] == found.sources["digital.latency"]
    assert np.allclose(scaling, digital, rtol=1e-12)
    correlation = np.corrcoef(np.log(draws["drivers.pulse_width"]), np.log(draws["adc.conversion"]))[0, 1]
    assert abs(correlation) < FOUR_AND_A_HALF / math.sqrt(DRAWS)


@pytest.mark.parametrize(
    ("passage", "duration"),
    [
        (UPDATE, "drivers.pulse_width"), (READ, "dac.integration"),
        (leg("transfer-read", "array"), "dac.integration"),
        (SCALE, "dac.noise_management.time"), (CONVERT, "adc.conversion"), (ACTIVATE, "digital.latency"),
        (leg("integrate", "integrator"), "integrator.access"),
        (leg("update", "drivers", served=False), "drivers.pulse_width"),
        (leg("forward", "dac", served=False), "dac.integration"),
    ],
)  # fmt: skip
def test_a_leg_follows_the_duration_that_sets_it(passage: Passage, duration: str) -> None:
    assert list(of(plan(*MANAGED), passage).entries) == [duration]


NAMES = ("dac.noise_management.time", "dac.integration", "adc.conversion")


@pytest.mark.parametrize(
    ("component", "management", "expected"),
    [
        ("adc", MANAGED[:1], (0.0, 0.0, 20.0)),
        # 3 parts of its own scaling and 7 of the array that it is held with
        ("dac", MANAGED[:1], (6.0, 14.0, 0.0)),
        # held over the 10 parts of the conversion as well
        ("dac", MANAGED, (3.0, 7.0, 10.0)),
    ],
)
def test_waiting_lasts_as_long_as_what_holds_the_component(
    component: str, management: tuple[str, ...], expected: tuple[float, ...]
) -> None:
    chip = plan(*management)
    legs = leg("forward", "dac", 3), leg("forward", "array", 7), leg("forward", "adc", 10)
    waiting = leg("forward", component, 20, served=False)
    set_by = {each.name: time for each, time in intervals.durations(chip, (*legs, waiting)).items() if each}
    without = (3.0, 7.0, 10.0)
    assert [set_by[name] for name in NAMES] == pytest.approx(
        [a + b for a, b in zip(expected, without, strict=True)]
    )


LEGS = st.builds(
    leg,
    st.sampled_from(("forward", "transfer-read")),
    st.sampled_from(("array", "adc", "dac", "digital", "controller")),
    st.integers(1, 10**12), st.booleans(),
)  # fmt: skip


@given(st.lists(LEGS, min_size=1))
def test_what_the_durations_set_is_the_whole_path(legs: list[Passage]) -> None:
    whole = sum(each.time for each in legs)
    assert sum(intervals.durations(CHIP, legs).values()) == pytest.approx(whole, rel=1e-12)


CHIP = plan(*MANAGED)


def test_copies_of_a_component_share_its_durations() -> None:
    chip = job(chip="reram-tiled-512", work=str(FILES / "two-layer-digits.yaml")).plan
    arrays = [name for name in chip.architecture.components if ("update", name) in chip.visits]
    arrays = [name for name in arrays if name.startswith("array[")]
    assert len(arrays) > 1
    assert list(of(chip, *(leg("update", array) for array in arrays)).entries) == ["drivers.pulse_width"]


def test_a_component_of_two_durations_takes_each_equally_often() -> None:
    """A mesh of 1 ns a hop and 1 ns a beat: half of its time each."""
    text = files.text(
        {**files.COMPONENTS, "net": "{type: mesh, rows: 1, columns: 2}"},
        ["controller -> net", "net -> dac", *files.LINKS],
    )
    chip = replace(CHIP, architecture=graph.load(documents.parse(text, "chip.yaml")))
    found = intervals.durations(chip, [leg("forward", "net", 8)])
    assert {each.name: time for each, time in found.items() if each} == {"net.cycle": 4.0, "net.hop": 4.0}


def test_durations_that_a_file_gives_have_no_range() -> None:
    found = of(plan(*GIVEN), UPDATE, READ, CONVERT, ACTIVATE)
    assert tuple(found.interval) == (4e-3, 4e-3, 4e-3)
    assert found.causes == ()


def test_a_duration_that_is_written_out_as_the_default_has_its_range() -> None:
    written = plan("components.dac.integration=128 ns")
    assert of(written, READ).interval == of(plan(), READ).interval
    ideal = plan("components.dac.integration=128 ns", "timing=ideal")
    assert list(of(ideal, READ).entries) == [intervals.GIVEN]


# Against runs


def path(result: Result) -> Iterator[Passage]:
    for stage, operation, component, kind, time in result.rows["path"]:
        yield Passage(stage, operation, component, kind == "served", picoseconds(time))


def durations_at(plan: Plan, end: Corner) -> tuple[str, ...]:
    """The settings that put every duration of a chip at an end of its range."""
    timing = plan.architecture.header.timing
    return tuple(
        f"components.{name}.{timed.path}={timed.presets[timing].at(end) * PER_SECOND:.0f} ps"
        for name, parameters in plan.architecture.declared.items()
        for timed in parameters.durations()
    )


def scaled(plan: Plan, result: Result, end: Corner) -> float:
    """The time of a run [ps] with every duration on its path at an end of its range."""
    found = 0.0
    for duration, time in intervals.durations(plan, path(result)).items():
        published = None if duration is None else known(plan, duration)
        assert duration is not None
        assert published is not None
        found += time * published.at(end) / duration.seconds
    return found


SMALL_TILES = ("stages.0.images=20", "components.array.rows=64", "components.array.columns=64")
SEQUENTIAL = [
    ("reram-8x4", "reduced-digits-scratch", ()),
    ("reram-8x4", "reduced-digits-scratch", ("timing=ideal", "components.drivers.pulse_width=5 ns")),
    ("reram-8x4", "reduced-digits-scratch", MANAGED),
    ("digital-host", "reduced-digits-digital", ()),
    ("reram-tiled-512", str(FILES / "two-layer-digits.yaml"), SMALL_TILES),
]


@pytest.mark.parametrize("end", ["optimistic", "conservative"])
@pytest.mark.parametrize(("chip", "work", "settings"), SEQUENTIAL)
def test_the_scaled_path_of_a_sequential_chip_is_the_time_of_a_new_run(
    chip: str, work: str, settings: tuple[str, ...], end: Corner
) -> None:
    before = job(*settings, chip=chip, work=work)
    after = job(*settings, *durations_at(before.plan, end), chip=chip, work=work)
    found = scaled(before.plan, simulate(before, 2), end)
    assert round(found) == picoseconds(simulate(after, 2).time_s)


@pytest.mark.parametrize("end", ["optimistic", "conservative"])
def test_images_that_overlap_take_about_as_long_as_the_scaled_path_of_all(end: Corner) -> None:
    settings = (*SMALL_TILES, "components.controller.depth=3")
    chip, work = "reram-tiled-512", str(FILES / "two-layer-digits.yaml")
    before = job(*settings, chip=chip, work=work)
    after = job(*settings, *durations_at(before.plan, end), chip=chip, work=work)
    ran = simulate(before, 2)
    walked = sum(passage.time for passage in path(ran))
    assert walked > picoseconds(ran.time_s)
    found = scaled(before.plan, ran, end) * picoseconds(ran.time_s) / walked
    assert found == pytest.approx(simulate(after, 2).time_s * PER_SECOND, rel=0.1)
    assert (
        ran.record["uncertainty"]["time_s"]["low"] < ran.time_s < ran.record["uncertainty"]["time_s"]["high"]
    )


@pytest.mark.parametrize("end", ["optimistic", "conservative"])
def test_where_parts_wait_for_each_other_the_scaled_path_is_near_a_new_run(
    end: Corner,
) -> None:
    """Another way may become the critical one, so that this is no equality."""
    chip, work = (str(FILES / f"{name}.yaml") for name in ("shared-converters", "two-layer-digits"))
    before = job(chip=chip, work=work)
    after = job(*durations_at(before.plan, end), chip=chip, work=work)
    ran = simulate(before, 2)
    assert not all(passage.served for passage in path(ran))
    assert scaled(before.plan, ran, end) == pytest.approx(simulate(after, 2).time_s * PER_SECOND, rel=0.02)


def test_the_interval_of_a_run_is_that_of_its_path_and_its_causes_are_durations() -> None:
    ran = job()
    record = simulate(ran, 2).record
    spread = record["uncertainty"]["time_s"]
    assert spread["low"] < record["total"]["time_s"] < spread["high"]
    assert spread["causes"][0]["entry"] == "drivers.pulse_width"
    exact = simulate(job(*GIVEN), 2).record
    assert exact["uncertainty"]["time_s"] == {
        "low": exact["total"]["time_s"], "median": exact["total"]["time_s"], "high": exact["total"]["time_s"],
        "causes": [],
    }  # fmt: skip


def test_leakage_lasts_as_long_as_the_drawn_time() -> None:
    """Of a leakage that the file gives: energy = power x drawn time."""
    chip = plan("costs.adc.leakage=1 uW")
    stage = StageCounts("train", StageInputs("ttv2", 0, {}, 0.0, None), UPDATE.time, UPDATE.time, ())
    counted = Counted((stage,), (), UPDATE.time, 0, (), (UPDATE,))
    drawn = intervals.energies(chip, counted).entries["adc.leakage"]
    assert np.allclose(drawn, 1e-6 * intervals.times(chip, counted).draws, rtol=1e-12)
