"""Every total in the record of a random run is a sum of the same leaf rows."""

from __future__ import annotations

import math

import pytest
from hypothesis import HealthCheck, given, settings

from chipsim.reports import counted
from chipsim.reports import result as results
from chipsim.reports.result import Result
from chipsim.simulation.chip import Chip
from chipsim.simulation.controller import Controller
from chipsim.simulation.records import EVALUATION
from tests.simulation.random_runs import Case, cases, placed, task

few = settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
STAGES = ("first", "second")


def of(case: Case) -> Result:
    """Two stages of a case, priced."""
    plan, given_ = placed(case), []
    controller, outcomes = Controller(Chip(plan, 0)), []
    for name in STAGES:
        stage = task(case, name)
        outcomes.append(controller.run(stage))
        given_.append(counted.StageInputs("ttv2", case.images, stage.rule.operations(), 1.0, None))
    identity = results.Identity("none", 0, "chip", "work", "0")
    return results.price(plan, counted.of_run(controller, outcomes, given_), {}, identity, {}, {})


def _exactly(found: float, leaves: list[float]) -> bool:
    return found == math.fsum(leaves)


@few
@given(case=cases())
def test_energies_of_a_record_are_the_correctly_rounded_sums_of_its_leaf_rows(case: Case) -> None:
    result = of(case)
    energy = result.table("energy")
    assert (energy["energy_J"] == energy["count"] * energy["price_J"]).all()
    trained = energy[energy["stage"] != EVALUATION]
    accounts = [("total", result.record["total"], trained)]
    accounts += [(s["name"], s, trained[trained["stage"] == s["name"]]) for s in result.record["stages"]]
    for name, record, leaves in accounts:
        assert _exactly(record["energy_J"], list(leaves["energy_J"])), name
        for field in ("component", "operation"):
            by = record[f"energy_J_by_{field}"]
            assert set(by) == set(leaves[field])
            assert all(_exactly(by[key], list(leaves[leaves[field] == key]["energy_J"])) for key in by)
            assert math.fsum(by.values()) == pytest.approx(record["energy_J"], rel=1e-12, abs=0)
    stages = [stage["energy_J"] for stage in result.record["stages"]]
    assert math.fsum(stages) == pytest.approx(result.energy_J, rel=1e-12, abs=0)
    evaluated = energy[energy["stage"] == EVALUATION]["energy_J"]
    assert _exactly(result.record["evaluation"]["energy_J"], list(evaluated))


@few
@given(case=cases())
def test_counts_of_a_record_are_the_sums_of_its_leaf_rows(case: Case) -> None:
    result = of(case)
    ledger, progress = result.table("ledger"), result.table("progress")
    for name, stage in result.stages.items():
        mine = ledger[ledger["stage"] == name]
        assert dict(stage.counts) == mine.groupby("action")["count"].sum().to_dict()
        fired = mine[mine["action"].isin(["set_pulses", "reset_pulses"])]
        assert stage.pulses.set + stage.pulses.reset == fired["count"].sum()
        for parts in (stage.pulses.by_component, stage.pulses.by_matrix):
            assert sum(parts.values()) == fired["count"].sum()
        last = progress[(progress["stage"] == name) & (progress["image"] == case.images)]
        keys = ["operation", "component", "action", "count"]
        assert last[keys].values.tolist() == mine[keys].values.tolist()
    assert result.record["total"]["pulses"] == sum(
        s.pulses.set + s.pulses.reset for s in result.stages.values()
    )


@few
@given(case=cases())
def test_times_of_a_record_are_those_of_its_stages(case: Case) -> None:
    """In whole picoseconds, as the clock counts; seconds are rounded."""
    result = of(case)
    whole = round(result.time_s * 1e12)
    assert whole == sum(round(stage.time_s * 1e12) for stage in result.stages.values())
    path, energy = result.table("path"), result.table("energy")
    assert round(path["time_s"].sum() * 1e12) == whole
    static = energy[(energy["action"] == "static") & (energy["stage"] != EVALUATION)]
    assert set(static.groupby("component")["count"].sum()) == {whole}
