"""Every shipped rule runs on a chip as on the command line, or one sentence says what the chip lacks."""

from __future__ import annotations

import statistics
from typing import Any

import numpy as np
import pytest

from chipsim.errors import FitError
from chipsim.experiments.run import Request, prepare, simulate
from chipsim.inputs import registry
from chipsim.reports.result import Result
from chipsim.simulation.chip import Chip

CHIPS = {"mixed-precision": "reram-8x4-mixed-precision"}
RULES = [name for name in registry.names("rule") if name not in ("digital", "hardware-aware")]
"""Those that pulse cells; `tests/learning` has the others on a digital array."""
IMAGES = 2000


def run(rule: str, *settings: str, seed: int = 0) -> Result:
    given = (f"stages.train.rule={{type: {rule}}}", f"stages.train.images={IMAGES}", *settings)
    request = Request(CHIPS.get(rule, "reram-8x4"), "reduced-digits-scratch", given)
    return simulate(prepare(request), seed)


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_learns_with_its_default_hyper_parameters(rule: str) -> None:
    """Median of three chips, each with a projection of its own, against a linear classifier's accuracy."""
    stages = [run(rule, seed=seed).stages["train"] for seed in range(3)]
    shares = [stage.accuracy.best / stage.linear_accuracy for stage in stages]
    assert statistics.median(stage.accuracy.first for stage in stages) < 0.85
    assert statistics.median(shares) > 0.95


def test_what_agad_remembers_is_counted_and_timed() -> None:
    """All of A every ten images: 16 words of H, P and R; an access for each reading, and two for P."""
    counts = run("agad", "stages.train.rule.scale=fixed").ledger
    words = counts[counts.action == "h_rmw"].set_index("operation")["count"]
    transfers = IMAGES // 10
    assert words["integrate"] == 16 * transfers
    assert words["recall"] == 2 * 16 * transfers
    assert words["keep"] == 16 * (transfers + (transfers - 1) // 10)
    assert words["prepare"] == 3 * 16


def test_the_chips_of_a_rule_with_choppers_have_choppers_of_their_own() -> None:
    one, other = (run("c-ttv2", "stages.train.images=200", seed=seed) for seed in (0, 1))
    again = run("c-ttv2", "stages.train.images=200", seed=0)
    assert one.accuracy.equals(again.accuracy)
    assert one.ledger.equals(again.ledger)
    assert not one.ledger.equals(other.ledger)


@pytest.mark.parametrize(
    ("rule", "options"),
    [
        ("agad", "bit_length_management: true"),
        ("c-ttv2", "scale: auto, threshold_unit: period, threshold: 100"),
        ("ttv1", "update_management: true, read: line, transfer_every: 3"),
        ("ttv1", "gamma: 0.3"),
        ("mixed-precision", "transfer_every: 10"),
    ],
)
def test_images_one_by_one_leave_the_same_ledger_time_and_devices(rule: str, options: str) -> None:
    given = (f"stages.train.rule={{type: {rule}, {options}}}", "stages.train.images=300")
    job = prepare(Request(CHIPS.get(rule, "reram-8x4"), "reduced-digits-scratch", given))
    whole, apart = simulate(job, 3), simulate(job, 3, together=1)
    assert whole.rows["ledger"] == apart.rows["ledger"]
    assert whole.rows["accuracy"] == apart.rows["accuracy"]
    assert all(np.array_equal(values, apart.arrays[name]) for name, values in whole.arrays.items())


@pytest.mark.parametrize(
    ("rule", "links", "missing"),
    [
        (
            "mixed-precision", "[controller -> dac -> array -> adc -> digital -> controller,"
            " controller -> drivers -> array, controller -> digital, adc -> integrator -> drivers]",
            "operation 'accumulate' of layer 'dense1' has no route: 'digital' leads to no integrator; "
            "add the link 'digital -> integrator'",
        ),
        (
            "agad", "[controller -> dac -> array -> adc -> digital -> controller,"
            " controller -> drivers -> array, digital -> integrator -> drivers]",
            "'adc' leads to no integrator; add the link 'adc -> integrator'",
        ),
    ],
)  # fmt: skip
def test_a_chip_that_lacks_a_link_is_told_which(rule: str, links: str, missing: str) -> None:
    settings = (f"stages.train.rule={{type: {rule}}}", f"links={links}")
    with pytest.raises(FitError) as error:
        prepare(Request("reram-8x4", "reduced-digits-scratch", settings))
    assert missing in str(error.value)


def test_with_gamma_passes_read_both_arrays_and_add_what_they_give() -> None:
    """An evaluation of one image reads C, then A, and multiplies and adds each output once more."""
    rule = "stages.train.rule={type: ttv1, gamma: 0.5}"
    job = prepare(Request("reram-8x4", "reduced-digits-scratch", (rule,)))
    chip = Chip(job.plan, 0)
    x, labels = np.linspace(-1, 1, 8)[None], np.zeros(1, dtype=np.int64)
    counts: dict[str, int] = {}

    def outputs(weights: Any) -> Any:
        route = chip.forward("dense1", weights, False)
        (transaction,) = route.transactions("forward", "dense1", x, 0, labels)
        for step in transaction.route:
            for action, count in step.compute(transaction).actions.items():
                counts[action] = counts.get(action, 0) + count
        return transaction.value

    slow, fast = outputs("C"), outputs("A")
    counts.clear()
    assert np.array_equal(outputs(job.rules["train"].read_through()), slow + 0.5 * fast)
    assert (counts["dac_conv"], counts["adc_conv"], counts["cell_reads"]) == (16, 4, 32)
    assert (counts["mul8"], counts["dig_add16"], counts["act_fn"]) == (2, 4, 2)


def test_tiki_taka_1_needs_no_integrator() -> None:
    plan = prepare(Request("reram-8x4", "reduced-digits-scratch", ("stages.train.rule={type: ttv1}",))).plan
    assert plan.routes["transfer-read", "dense1", "A"] == ("dac", "array", "adc")
    assert plan.routes["transfer-write", "dense1", "C"] == ("drivers", "array")
    assert plan.idle() == ("integrator",)
