"""A chip with two kinds of cells under one cost table, from its files to its energy."""

from __future__ import annotations

from pathlib import Path

import pytest

import chipsim as cs
from chipsim.reports.result import Result

CHIP = Path(__file__).parents[1] / "architectures" / "hybrid-8x4.yaml"


@pytest.fixture(scope="module")
def result() -> Result:
    work = cs.load("reduced-digits-scratch").with_(
        **{"stages.train.images": 300, "stages.train.rule.symmetry_pairs": 0, "evaluate.every": "100 images"}
    )
    return cs.simulate(cs.load(str(CHIP)), work, seed=0)


@pytest.mark.parametrize(("array", "price"), [("slow", 60e-12), ("fast", 40e-15)])
def test_the_pulses_of_each_array_cost_what_its_cell_takes(result: Result, array: str, price: float) -> None:
    counts, energy = (table[table["component"] == array] for table in (result.ledger, result.energy))
    for action in ("set_pulses", "reset_pulses"):
        priced = energy[energy["action"] == action]
        assert priced["count"].sum() == counts[counts["action"] == action]["count"].sum()
        assert priced["energy_J"].sum() == pytest.approx(price * priced["count"].sum(), rel=1e-12, abs=0)
    assert (
        energy["action"].str.endswith("conductance").sum() == (energy["action"] == "read_conductance").sum()
    )
    assert energy[energy["action"] == "set_pulses"]["count"].sum() > 0


def test_the_array_of_capacitors_leaks_and_the_other_does_not(result: Result) -> None:
    static = result.energy[result.energy["action"] == "static"].groupby("component")["energy_J"].sum()
    assert static["fast"] > 0
    assert static["slow"] == 0
