"""Tiki-Taka 2 learns on the paper's chip: medians of ten chips, each with a projection of its own."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

import pytest

from chipsim.errors import DataError
from chipsim.experiments.run import Job, Request, prepare, simulate
from chipsim.reports.result import StageRecord
from chipsim.workloads import dataset

SEEDS = range(10)


def _job(data: str, kind: str) -> Job:
    if data == "mnist":
        try:
            dataset.where("mnist")
        except DataError as error:
            pytest.skip(str(error))
    return prepare(Request("reram-8x4", f"reduced-{data}-{kind}"))


def _stages(data: str, kind: str) -> list[dict[str, StageRecord]]:
    job = _job(data, kind)
    return [dict(simulate(job, seed).stages) for seed in SEEDS]


def _median(values: Sequence[float]) -> float:
    return statistics.median(values)


@pytest.mark.parametrize("data", ["digits", "mnist"])
def test_training_from_random_conductances_ends_above_90_percent(data: str) -> None:
    stages = [found["train"] for found in _stages(data, "scratch")]
    assert _median([stage.accuracy.first for stage in stages]) < 0.85
    assert _median([stage.accuracy.last for stage in stages]) > 0.90
    assert _median([stage.accuracy.last / stage.linear_accuracy for stage in stages]) > 0.95
    assert sum(stage.to_target is not None for stage in stages) >= 8


@pytest.mark.parametrize("data", ["digits", "mnist"])
def test_task_2_starts_lower_than_task_1_ended_and_ends_above_90_percent(data: str) -> None:
    stages = _stages(data, "transfer")
    before = _median([found["pretrain"].accuracy.last for found in stages])
    start = _median([found["finetune"].accuracy.first for found in stages])
    end = _median([found["finetune"].accuracy.last for found in stages])
    assert before > 0.90
    assert start < before - 0.02
    assert end > 0.90


def test_both_curves_share_their_hyper_parameters() -> None:
    for data in ("digits", "mnist"):
        rules = [
            rule
            for kind in ("scratch", "transfer")
            for rule in prepare(Request("reram-8x4", f"reduced-{data}-{kind}")).rules.values()
        ]
        assert all(rule == rules[0] for rule in rules)
