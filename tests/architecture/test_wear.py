"""What a run wears out and what it lets fade: every figure is worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from chipsim.architecture import wear
from chipsim.architecture.plan import Plan
from chipsim.architecture.wear import Wear, Worn
from tests.architecture import files

ARRAY = "{type: crossbar, rows: 8, columns: 4, cell: {preset: %s}}"
Counts = NDArray[np.int64]


def plan(cell: str) -> Plan:
    return files.plan(files.load(files.COMPONENTS | {"array": ARRAY % cell}))


def stage(name: str, seconds: float, before: Counts, after: Counts) -> Wear:
    return Wear(name, seconds, {"array": before}, {"array": after})


def counts(most: int = 0, at: tuple[int, int] = (0, 0), each: int = 0) -> Counts:
    found = np.full((8, 4), each, dtype=np.int64)
    found[at] = most
    return found


def told(plan: Plan, *stages: Wear) -> dict[str, str]:
    return {found.code: found.message for found in wear.findings(plan, stages)}


TWO = (
    stage("pretrain", 1e-3, counts(), counts(9_000, (3, 1))),
    stage("finetune", 1e-3, counts(9_000, (3, 1)), counts(12_000, (3, 1))),
)


def test_the_most_pulsed_device_is_named_with_what_the_last_stage_took_of_it() -> None:
    found = wear.worn(plan("reram-om, endurance: 100000"), TWO)
    assert found == (Worn("array", 3, 1, 12_000, "finetune", 3_000, 100_000, 33),)


def test_an_array_without_a_figure_of_endurance_survives_nobody_knows_how_often() -> None:
    (found,) = wear.worn(plan("capacitor-3t1c"), TWO)
    assert (found.pulses, found.endurance, found.stages_survived) == (12_000, None, None)
    assert "W026" not in told(plan("capacitor-3t1c"), *TWO)


def test_a_hundredth_of_the_endurance_is_worth_a_warning() -> None:
    """12,000 of 1,000,000 are 0.012; 1,000,000 / 3,000 = 333 stages like the last one."""
    assert told(plan("reram-om"), *TWO)["W026"] == (
        "the device at row 3, column 1 took 12,000 pulses, 0.012 of the 1,000,000 that it survives "
        "(endurance); stage 'finetune' takes up to 3,000 of one device, so that the array survives 333 "
        "like it"
    )
    assert "W026" not in told(plan("reram-om, endurance: 1200000"), *TWO)


def test_a_stage_without_pulses_wears_nothing() -> None:
    still = stage("still", 1.0, counts(), counts())
    (found,) = wear.worn(plan("reram-om"), [still])
    assert (found.pulses, found.stages_survived) == (0, None)
    assert told(plan("reram-om"), still) == {}


@pytest.mark.parametrize("pulses", [1, 10, 1000])
def test_a_leaking_cell_is_told_by_what_it_loses_between_two_writes(pulses: int) -> None:
    """20 ms and n pulses a device: exp(-20 ms / (n x 10 ms)) is left."""
    run = stage("train", 20e-3, counts(), counts(pulses, each=pulses))
    message = told(plan("capacitor-3t1c, leak_time: 10 ms"), run).get("W027")
    lost = 1 - math.exp(-2 / pulses)
    assert (message is not None) == (lost > 0.1)
    if message:
        assert message.endswith(f"loses {lost:.0%} of its state in between")


def test_a_cell_that_is_not_written_keeps_its_state_for_the_whole_stage() -> None:
    run = stage("train", 20e-3, counts(), counts())
    assert told(plan("capacitor-3t1c, leak_time: 10 ms"), run)["W027"] == (
        "a device of 'dense1.A' in stage 'train' is written every 20 ms in the mean and loses 86% of its "
        "state in between"
    )
    assert told(plan("capacitor-3t1c, leak_time: null"), run) == {}
    assert told(plan("reram-om"), run) == {}


@pytest.mark.parametrize(
    ("cell", "seconds", "kept"),
    [
        ("capacitor-3t1c, leak_time: 10 ms", 5e-3, math.exp(-0.5)),
        ("reram-om, relaxation: 0.02, relaxation_time: 1 us", 1e-3, 1 - 0.02 * math.log(1001)),
        ("reram-om", 1e6, 1.0),
        ("pcm-pair", 1e-7, 1.0),  # drift sets in at 1 us
        ("pcm-pair", 1e-2, 1e4**-0.06),
    ],
)
def test_what_a_mean_device_keeps_is_its_law_in_closed_form(cell: str, seconds: float, kept: float) -> None:
    model = files.load(files.COMPONENTS | {"array": ARRAY % cell}).cells["array"]
    assert model.kept(seconds) == pytest.approx(kept, rel=1e-12)
