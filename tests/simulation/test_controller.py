"""Stages: what each begins with and leaves, what evaluation touches, and what a seed fixes."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

from chipsim.architecture.graph import Architecture
from chipsim.architecture.plan import Plan
from chipsim.errors import RunError
from chipsim.learning.rule import Prepare, Update
from chipsim.simulation.chip import Chip
from chipsim.simulation.controller import Controller
from chipsim.simulation.records import EVALUATION, StageTask
from tests.simulation import chips

RULE = chips.tiki_taka(transfer_every=5, symmetry_pairs=3)
DATA = chips.images(8, 2, 20)


def _architecture(cell: str = "reram-om") -> Architecture:
    document = chips.documents.read(chips.SHIPPED / "reram-8x4.yaml")
    return chips.graph.load(document.with_value("components.array.cell", cell))


@cache
def _plan() -> Plan:
    return chips.plan(_architecture(), chips.network(8, 2), RULE)


def _task(name: str, start: str = "random", every: int = 10) -> StageTask:
    return chips.task(RULE, DATA, 20, name=name, start=start, every=every)


def _controller(seed: int = 0, listener: chips.Log | None = None) -> Controller:
    return Controller(Chip(_plan(), seed), listener)


def _state(chip: Chip) -> dict[str, Any]:
    words = {
        name: {layer: values.copy() for layer, values in circuit.words.items()}
        for name, circuit in chip.circuits.items()
        if hasattr(circuit, "words")
    }
    return {**chip.snapshot(), **words}


def _bits(state: dict[str, Any]) -> dict[tuple[str, str], bytes]:
    return {(name, what): values.tobytes() for name, item in state.items() for what, values in item.items()}


# From one stage to the next


def test_a_stage_that_keeps_begins_with_the_weights_that_the_last_one_left() -> None:
    controller = _controller()
    first = controller.run(_task("first"))
    second = controller.run(_task("second", "keep"))
    for what in ("weights", "conductances", "pulses"):
        np.testing.assert_array_equal(second.before["array"][what], first.after["array"][what])
    assert second.evaluations[0].accuracy == first.evaluations[-1].accuracy
    assert second.evaluations[0].loss == first.evaluations[-1].loss


def test_a_stage_from_random_draws_every_device_anew_within_its_bounds() -> None:
    controller = _controller()
    first = controller.run(_task("first"))
    second = controller.run(_task("second"))
    states = [outcome.before["array"]["weights"] for outcome in (first, second)]
    assert not np.any(states[0] == states[1])
    cells = controller.chip.arrays["array"].cells
    for weights in states:
        assert np.all(weights >= cells.lower - cells.reference)
        assert np.all(weights <= cells.upper - cells.reference)


def test_every_stage_pulses_a_towards_its_symmetry_points_and_counts_it() -> None:
    controller = _controller()
    for name, start in (("first", "random"), ("second", "keep")):
        controller.run(_task(name, start))
        for action in ("set_pulses", "reset_pulses"):
            # 3 pairs on 8 x 2 devices
            assert controller.ledger.total(action, stage=name, operation="prepare") == 3 * 16
        assert controller.ledger.total("h_rmw", stage=name, operation="prepare") == 16


def test_preparing_brings_devices_to_their_symmetry_points() -> None:
    """With the OM cell's steps 50 pairs are many time constants; what is left is the reference's error and
    cycle-to-cycle noise, a few tenths of a weight, where a random start spreads over the whole range."""
    chip = Chip(_plan(), 1)
    chip.randomise("dense1", "A", "test")
    before = np.abs(chip.weights("dense1", "A")).mean()
    chips.together(chips.floor(_plan()), chips.asked(chip, Prepare("dense1", "A", 50)))
    after = np.abs(chip.weights("dense1", "A")).mean()
    assert after < 0.5 * before


@pytest.mark.parametrize("cell", ["constant-step", "ideal"])
def test_cells_without_symmetry_points_are_set_to_zero_and_get_no_pulse(cell: str) -> None:
    plan = chips.plan(_architecture(cell), chips.network(8, 2), chips.tiki_taka())
    chip, floor = Chip(plan, 1), chips.floor(plan)
    for matrix in ("A", "C"):
        chip.randomise("dense1", matrix, "test")
    kept = chip.weights("dense1", "C").copy()
    chips.together(floor, chips.asked(chip, Prepare("dense1", "A", 50)))
    assert not chip.weights("dense1", "A").any()
    assert np.array_equal(chip.weights("dense1", "C"), kept)
    assert not chip.arrays["array"].cells.pulses.any()
    assert floor.now == 0
    assert floor.ledger.rows() == ()


def test_devices_that_pulses_lead_nowhere_are_set_to_zero_with_those_they_lead() -> None:
    """Straight curves have no symmetry point; one parameter later every device has one, and is pulsed."""
    for curve, pulses in (("0", 0), ("-2", 100 * 16)):
        cell = f"{{preset: nonlinear-pulse, nonlinearity_up: 0, nonlinearity_down: {curve}}}"
        plan = chips.plan(_architecture(cell), chips.network(8, 2), chips.tiki_taka())
        chip = Chip(plan, 1)
        chips.together(chips.floor(plan), chips.asked(chip, Prepare("dense1", "A", 50)))
        assert chip.arrays["array"].cells.pulses.sum() == pulses


def test_ideal_cells_keep_their_precision_through_a_stage() -> None:
    """Weights before and after a stage are float64, and those of C move in whole steps of a pulse."""
    plan = chips.plan(_architecture("{preset: ideal, step: 0.01}"), chips.network(8, 2), chips.tiki_taka())
    _, outcome = chips.train(plan, _task("first"))
    before, after = (found["array"]["weights"] for found in (outcome.before, outcome.after))
    assert before.dtype == after.dtype == np.float64
    moved = (after - before)[:, 2:] / 0.01
    assert np.abs(moved).max() >= 1
    assert np.allclose(moved, np.rint(moved), atol=1e-9)


def test_a_stage_begins_with_h_at_zero() -> None:
    rule = chips.tiki_taka(transfer_every=5, threshold=30.0, learning_rate=1.0, symmetry_pairs=100)
    controller = Controller(Chip(_plan(), 0))
    controller.run(chips.task(rule, DATA, 20, name="first"))
    words = controller.chip.circuits["integrator"]
    assert np.any(words.value("dense1.H") != 0)
    controller.run(chips.task(rule, DATA, 4, name="second", start="keep"))  # ends before the first transfer
    assert not np.any(words.value("dense1.H"))


def test_pulses_per_device_add_up_to_the_ledgers() -> None:
    controller = _controller()
    outcomes = [controller.run(_task("first")), controller.run(_task("second", "keep"))]
    counted = controller.ledger.total("set_pulses") + controller.ledger.total("reset_pulses")
    assert outcomes[-1].after["array"]["pulses"].sum() == counted


def test_a_stage_measures_at_its_begin_at_every_period_and_at_its_end() -> None:
    outcome = _controller().run(_task("train", every=8))
    assert [e.image for e in outcome.evaluations] == [0, 8, 16, 20]
    assert [e.time for e in outcome.evaluations] == sorted(e.time for e in outcome.evaluations)
    assert outcome.evaluations[-1].time == outcome.duration


def test_each_epoch_presents_every_image_once_in_the_order_asked_for() -> None:
    """Images tell their index by their first element; the rule sees them as inputs."""
    seen: list[float] = []

    def script(image: int) -> Any:
        return ()

    rule = chips.Scripted(script=script, asks={"update": "A"})
    x = np.tile(np.arange(1, 6)[:, np.newaxis] / 8, (1, 8))
    labels = np.zeros(5, dtype=np.int64)
    orders = [np.array(o) for o in ([4, 2, 0, 1, 3], [0, 1, 2, 3, 4], [3, 3, 3, 3, 3])]
    data = chips.StageData(x, labels, x, labels, lambda epoch: orders[epoch])

    class Watching(chips.Scripted):
        def step(self, layers: Any, chunk: Any) -> Any:
            seen.extend((chunk.x[0][:, 0] * 8).tolist())
            yield ()

    chips.train(_plan(), chips.task(Watching(script=script, asks=rule.asks), data, 12))
    assert seen == [5, 3, 1, 2, 4, 1, 2, 3, 4, 5, 4, 4]


# Evaluation


def test_evaluating_more_often_changes_nothing_but_its_own_account() -> None:
    runs = {}
    for every in (1, 20):
        controller = _controller()
        outcome = controller.run(_task("train", every=every))
        runs[every] = controller, outcome
    often, seldom = runs[1], runs[20]
    assert _bits(_state(often[0].chip)) == _bits(_state(seldom[0].chip))
    assert often[1].duration == seldom[1].duration
    assert often[0].ledger.only("train").rows() == seldom[0].ledger.only("train").rows()
    assert often[0].usage() == seldom[0].usage()
    # 21 evaluations against 2, of the same 20 images on 8 lines
    for (controller, _), count in ((often, 21), (seldom, 2)):
        assert controller.ledger.total("dac_conv", stage=EVALUATION) == count * 20 * 8


def test_evaluation_only_reads_and_its_clock_is_its_own() -> None:
    controller = _controller()
    before = controller.beside.now
    outcome = controller.run(_task("train", every=20))
    pulsing = ("set_pulses", "reset_pulses", "bit_gen", "h_rmw", "row_pulses", "col_pulses")
    assert all(controller.ledger.total(action, stage=EVALUATION) == 0 for action in pulsing)
    # two evaluations of 20 images: integration, two lines at one converter, digital unit
    assert controller.beside.now - before == 2 * 20 * (128_000 + 2 * 10_000 + 2_000)
    assert controller.floor.now == outcome.duration


def test_the_ledger_kept_at_an_evaluation_holds_what_the_stage_had_done() -> None:
    controller = _controller()
    first = controller.run(_task("first"))
    second = controller.run(_task("second", "keep"))
    for name, outcome in (("first", first), ("second", second)):
        assert outcome.evaluations[-1].ledger.rows() == controller.ledger.only(name).rows()
        counts = [e.ledger.total("dac_conv", operation="forward") for e in outcome.evaluations]
        assert counts == [0, 80, 160]


# What a seed fixes


def _whole(seed: int, listener: chips.Log | None = None) -> tuple[Any, ...]:
    controller = _controller(seed, listener)
    outcomes = [controller.run(_task("first")), controller.run(_task("second", "keep"))]
    measured = [(e.image, e.time, e.accuracy, e.loss) for outcome in outcomes for e in outcome.evaluations]
    return _bits(_state(controller.chip)), measured, controller.ledger.rows(), controller.usage()


def test_the_same_seed_gives_the_same_bits() -> None:
    assert _whole(3) == _whole(3)


def test_another_seed_gives_another_chip() -> None:
    one, other = _whole(3)[0], _whole(4)[0]
    assert all(one[key] != other[key] for key in one if key[1] in ("weights", "pulses"))


def test_listening_changes_nothing() -> None:
    log = chips.Log()
    assert _whole(3, log) == _whole(3)
    assert log


def test_stages_draw_their_own_trains_and_starts() -> None:
    """The same rule and images in two stages from random: what differs is the stage's name alone."""
    totals = []
    for name in ("first", "second"):
        controller = _controller()
        controller.run(_task(name))
        totals.append(controller.ledger.total("row_pulses", operation="update"))
    assert totals[0] != totals[1]


# What a rule may not do


def test_operations_at_once_must_be_independent() -> None:
    x, error = np.full((1, 8), 0.5), np.full((1, 2), 0.5)
    update = Update("dense1", "A", x, error, 0.1, None, 0)
    rule = chips.Scripted(script=lambda image: [(update, update)], asks={"update": "A"})
    with pytest.raises(RunError) as caught:
        chips.train(_plan(), chips.task(rule, DATA, 1))
    assert caught.value.faults[0].message == (
        "a rule asked for operations at once that are not independent: update, update"
    )
