"""Programming weights onto devices: closed forms of error, pulses and time."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from chipsim.architecture.placement import compile_plan
from chipsim.architecture.plan import Plan
from chipsim.errors import FitError
from chipsim.learning import digital
from chipsim.learning.programming import METHODS, Programming
from chipsim.simulation.chip import Chip
from chipsim.simulation.controller import Controller
from chipsim.simulation.records import ProgramTask, StageOutcome
from tests.simulation import chips

QUIET = (
    "step_spread: 0.0, up_down_spread: 0.0, upper_bound_spread: 0.0, lower_bound_spread: 0.0, "
    "cycle_to_cycle: 0.0, write_noise: 0.0, reference_spread: 0.0"
)
"""Devices alike and without noise: steps up of 0.0949 (1 - w), down of 0.0949 (1 + w), bounds -1 and 1."""
STEP = 0.0949
ADC_STEP = 1 / 255
"""Of a 9-bit converter when one line is driven."""
DIGITAL = digital.Rule(type="digital")


def plan(
    rows: int = 8, columns: int = 2, cell: str = f"{{preset: reram-om, {QUIET}}}", phases: int = 2,
    without: str = "", array: str = "", **given: object,
) -> Plan:  # fmt: skip
    """A host beside a crossbar, and a program from one to the other."""
    components = f"""
  controller: {{type: controller}}
  dac:        {{type: dac, bits: 7, lanes: {rows}}}
  drivers:    {{type: pulse-driver, bit_length: 31, pulse_width: 100 ns, phases: {phases}}}
  array:      {{type: crossbar, rows: {rows}, columns: {columns}, cell: {cell}{array}}}
  adc:        {{type: adc, bits: 9, count: 1}}
  digital:    {{type: digital-unit}}
  host:       {{type: digital-array, capacity: 10000, lanes: 1}}
"""
    links = ["controller -> dac -> array -> adc -> digital -> controller", "controller -> host -> digital"]
    links += [] if without == "drivers" else ["controller -> drivers -> array"]
    components = "\n".join(line for line in components.split("\n") if not (without and without in line))
    method = dict(given)
    scale = {key: method.pop(key) for key in ("scale", "fill", "rms", "compensate") if key in method}
    form = METHODS[str(method["type"])]
    program = Programming("D", "C", form.model_validate(method), **scale)  # type: ignore[arg-type]
    layers = chips.network(rows, columns)
    return compile_plan(chips.parse(components, links), layers, {"pretrain": DIGITAL}, {"program": program})


def programmed(
    a_plan: Plan, weights: NDArray[np.float64] | None = None, seed: int = 0
) -> tuple[Controller, StageOutcome, NDArray[np.float64]]:
    """Weights of a host put onto devices that begin anywhere; also what reads see of them then."""
    chip = Chip(a_plan, seed)
    own = chip.weights("dense1", "D")
    own[:] = np.random.default_rng(5).uniform(-0.7, 0.7, own.shape) if weights is None else weights
    chip.randomise("dense1", "C")
    controller = Controller(chip)
    data = chips.images(own.shape[0], own.shape[1], 20)
    outcome = controller.program(ProgramTask("program", a_plan.programs["program"], data))
    return controller, outcome, chip.apparent("dense1", "C")


# Scaling


@pytest.mark.parametrize("scale", [{"scale": 2.5}, {"fill": 0.5}, {"rms": 0.25}])
def test_a_factor_on_the_weights_that_is_compensated_leaves_the_layers_outputs_as_they_were(
    scale: dict[str, float],
) -> None:
    a_plan = plan(4, 3, type="noise", spread=0.0, compensate=True, **scale)
    weights = np.random.default_rng(2).uniform(-0.3, 0.3, (4, 3))
    controller, _, seen = programmed(a_plan, weights)
    chip, program = controller.chip, a_plan.programs["program"]
    factor = program.factor(weights)
    assert seen == pytest.approx(factor * weights, abs=1e-6)
    assert chip.gain("dense1", "C") == pytest.approx(1 / factor)
    assert chip.gain("dense1", "C") * seen == pytest.approx(weights, abs=1e-6)
    assert chip.gain("dense1", "D") == 1.0
    chip.randomise("dense1", "C")
    assert chip.gain("dense1", "C") == 1.0


def test_without_compensation_the_gain_stays_as_it_is() -> None:
    controller, *_ = programmed(plan(4, 3, type="noise", spread=0.0, scale=2.5), np.full((4, 3), 0.1))
    assert controller.chip.gain("dense1", "C") == 1.0


# Open loop with noise


def test_noise_spreads_weights_by_its_share_of_the_range() -> None:
    """64 x 64 cells with bounds far away: deviation 5 % of 2, mean 0, to 5 standard errors (1e-6)."""
    wide = QUIET.replace("upper_bound", "upper_bound: 9.0, upper_bound", 1)
    wide = wide.replace("lower_bound_spread", "lower_bound: -9.0, lower_bound_spread", 1)
    a_plan = plan(64, 64, f"{{preset: reram-om, {wide}}}", type="noise", spread=0.05)
    controller, outcome, seen = programmed(a_plan)
    error, n = seen - controller.chip.weights("dense1", "D"), 64 * 64
    assert abs(error.mean()) < 5 * 0.1 / math.sqrt(n)
    assert abs(error.std() - 0.1) < 5 * 0.1 / math.sqrt(2 * n)
    share = math.erfc(1 / math.sqrt(2))  # beyond the default tolerance, which is one deviation
    assert outcome.misses is not None
    assert abs(outcome.misses.beyond / n - share) < 5 * math.sqrt(share * (1 - share) / n)
    assert outcome.misses.worst_error == pytest.approx(np.abs(error).max())
    assert outcome.misses.rms_error == pytest.approx(np.sqrt(np.mean(error**2)))


def test_without_noise_weights_are_what_they_were_and_no_pulse_is_fired() -> None:
    controller, outcome, seen = programmed(plan(type="noise", spread=0.0))
    assert seen == pytest.approx(controller.chip.weights("dense1", "D"), abs=1e-6)
    assert controller.ledger.total("set_pulses") + controller.ledger.total("reset_pulses") == 0
    assert outcome.duration == 16_000  # 16 words from the host, 1 ns each
    assert controller.ledger.total("word_read", operation="program") == 16


def test_devices_cut_what_they_cannot_hold() -> None:
    weights = np.linspace(-2, 2, 16).reshape(8, 2)
    _, outcome, seen = programmed(plan(type="noise", spread=0.0), weights)
    assert seen == pytest.approx(np.clip(weights, -1, 1), abs=1e-6)
    assert outcome.misses is not None
    assert outcome.misses.worst_error == pytest.approx(1.0, abs=1e-6)
    assert outcome.misses.beyond == np.count_nonzero(np.abs(weights) > 1.1)


def test_the_noise_is_of_the_seed_and_the_stage() -> None:
    a_plan = plan(type="noise", spread=0.1)
    first, again, other = (programmed(a_plan, seed=seed)[2] for seed in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize(("given", "factor"), [({"scale": 0.5}, 0.5), ({"fill": 0.6}, 0.3)])
def test_weights_are_scaled_by_a_factor_or_to_a_share_of_the_bound(
    given: dict[str, float], factor: float
) -> None:
    weights = np.linspace(-2, 1, 16).reshape(8, 2)
    _, _, seen = programmed(plan(type="noise", spread=0.0, **given), weights)
    assert seen == pytest.approx(np.clip(factor * weights, -1, 1), abs=1e-6)


def test_the_network_is_measured_before_and_after() -> None:
    """The target is the class of each pattern: a matched filter classifies, random devices hardly do."""
    data = chips.images(8, 2, 20)
    filters = np.stack([data.train_x[data.train_y == label].mean(axis=0) for label in (0, 1)], axis=1)
    _, outcome, _ = programmed(plan(type="noise", spread=0.0, fill=0.9), filters)
    before, after = outcome.evaluations
    assert (before.image, before.time, after.image, after.time) == (0, 0, 0, outcome.duration)
    assert after.accuracy == 1.0
    assert after.loss < before.loss


# Open loop by pulses


def test_pulses_bring_typical_devices_within_half_a_step() -> None:
    """The step on the way to w is 0.0949 (1 + |w|) or a little more; readings are off by half a code."""
    controller, outcome, seen = programmed(plan(type="pulses"))
    wanted = controller.chip.weights("dense1", "D")
    assert np.all(np.abs(seen - wanted) <= STEP * (1 + np.abs(wanted) + 2 * STEP) / 2 + ADC_STEP / 2)
    assert outcome.misses is not None
    assert outcome.misses.beyond == 0


def test_pulses_that_a_device_needs_follow_the_mean_path_of_soft_bounds() -> None:
    """From -1 upwards w_k = 1 - 2 (1 - step)^k, and the k is taken that comes nearest to the target."""
    a_plan = plan(type="pulses")
    chip = Chip(a_plan, 0)
    chip.weights("dense1", "D")[:] = target = np.linspace(-0.8, 0.8, 16).reshape(8, 2)
    seat = chip.seats["dense1", "C"]
    seat.crossbar.cells.place(seat.region, np.full((8, 2), -1.0))
    Controller(chip).program(ProgramTask("program", a_plan.programs["program"], chips.images(8, 2, 20)))
    path = 1 - 2 * (1 - STEP) ** np.arange(60)
    expected = np.abs(path[:, None, None] - target).argmin(axis=0)
    assert np.array_equal(seat.crossbar.cells.pulses, expected)


def test_no_cell_gets_more_pulses_than_allowed() -> None:
    controller, outcome, _ = programmed(plan(type="pulses", max_pulses=2))
    assert controller.chip.arrays["array"].cells.pulses.max() == 2
    assert outcome.misses is not None
    assert outcome.misses.beyond > 0


# Write-verify


def test_every_cell_that_can_reach_its_target_is_within_the_tolerance() -> None:
    """A tolerance of 0.1 is more than half of the largest step, so that no cell can jump over it."""
    controller, outcome, seen = programmed(plan(type="write-verify", tolerance=0.05))
    error = np.abs(seen - controller.chip.weights("dense1", "D"))
    assert error.max() <= 0.1 + ADC_STEP / 2
    assert outcome.misses is not None
    assert (outcome.misses.beyond, outcome.misses.cells, outcome.misses.tolerance) == (0, 16, 0.1)


def test_with_the_noise_of_real_devices_those_given_up_are_reported() -> None:
    a_plan = plan(32, 16, "reram-om", type="write-verify", tolerance=0.02, max_pulses=10)
    controller, outcome, seen = programmed(a_plan)
    error = np.abs(seen - controller.chip.weights("dense1", "D"))
    misses = outcome.misses
    assert misses is not None
    assert 0 < misses.beyond < misses.cells
    beyond = int(np.count_nonzero(error > misses.tolerance + ADC_STEP / 2))
    within = int(np.count_nonzero(error < misses.tolerance - ADC_STEP / 2))
    assert beyond <= misses.beyond <= misses.cells - within
    pulses = controller.chip.arrays["array"].cells.pulses
    assert pulses.max() == 10
    assert np.count_nonzero(pulses == 10) >= misses.beyond


def test_a_target_beyond_the_devices_takes_all_pulses_and_is_reported() -> None:
    weights = np.zeros((8, 2))
    weights[3, 1] = 1.5
    controller, outcome, _ = programmed(plan(type="write-verify", tolerance=0.05, max_pulses=40), weights)
    assert outcome.misses is not None
    assert outcome.misses.beyond == 1
    assert 0.5 <= outcome.misses.worst_error <= 0.5 + 2 * (1 - STEP) ** 40
    assert controller.chip.arrays["array"].cells.pulses[3, 1] == 40


def test_counted_pulses_are_the_pulses_that_the_devices_had() -> None:
    for method in ("pulses", "write-verify"):
        controller, _, _ = programmed(plan(8, 2, "reram-om", type=method))
        ledger, pulses = controller.ledger, controller.chip.arrays["array"].cells.pulses
        sets, resets = (ledger.total(f"{way}_pulses", operation="program") for way in ("set", "reset"))
        assert sets + resets == pulses.sum() > 0
        assert ledger.total("col_pulses", operation="program") == pulses.sum()


@pytest.mark.parametrize("phases", [1, 2])
def test_time_is_pulses_times_width_plus_reads(phases: int) -> None:
    """One column: 100 ns a pulse and phase, 128 ns and a conversion of 10 ns a read, 1 ns a word."""
    controller, outcome, _ = programmed(plan(8, 1, phases=phases, type="write-verify"))
    ledger = controller.ledger
    pulses = int(controller.chip.arrays["array"].cells.pulses.sum())
    reads = ledger.total("dac_conv", operation="verify-read", stage="program")
    assert ledger.total("adc_conv", operation="verify-read", stage="program") == reads
    assert reads >= 8 + np.count_nonzero(controller.chip.arrays["array"].cells.pulses)
    assert outcome.duration == 1000 * (pulses * phases * 100 + reads * (128 + 10) + 8)


def test_a_row_takes_as_many_windows_as_its_cell_with_most_pulses() -> None:
    """A read of 8 rows with 2 conversions each, then for each row the larger count, both phases long."""
    a_plan = plan(type="pulses")
    controller, outcome, _ = programmed(a_plan)
    windows = int(controller.chip.arrays["array"].cells.pulses.max(axis=1).sum())
    assert outcome.duration == 1000 * (windows * 200 + 8 * (128 + 2 * 10) + 16)


def test_rows_whose_cells_are_all_within_the_tolerance_are_not_read_again() -> None:
    controller, _, _ = programmed(plan(8, 1, type="write-verify", tolerance=1.0))
    assert controller.ledger.total("dac_conv", operation="verify-read", stage="program") == 8
    assert controller.chip.arrays["array"].cells.pulses.sum() == 0


# What a chip must have


def test_pulses_need_drivers_and_noise_needs_none() -> None:
    with pytest.raises(FitError, match="operation 'program' of layer 'dense1' has no route: no pulse-driver"):
        plan(without="drivers", type="write-verify")
    programmed(plan(without="drivers", type="noise", spread=0.1))


def test_the_report_is_of_what_a_read_sees_of_stuck_cells() -> None:
    """Half of the cells are stuck at their upper bound: they are beyond, by as much as a read sees."""
    a_plan = plan(
        16,
        8,
        f"{{preset: reram-om, {QUIET}}}",
        array=", stuck: {share: 50 %, at: high}",
        type="noise",
        spread=0.0,
    )
    controller, outcome, seen = programmed(a_plan, np.zeros((16, 8)))
    seat = controller.chip.seats["dense1", "C"]
    sums, _ = seat.crossbar.read(128 * np.eye(16, dtype=np.int32), seat.region, "row", 128)
    assert np.allclose(sums, seen)
    assert outcome.misses is not None
    assert outcome.misses.worst_error == np.abs(seen).max() > 0.3
