"""What holds of every run on random small chips, and of writes of random pulses."""

from __future__ import annotations

import math
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from chipsim.accounting import pricing
from chipsim.accounting.ledger import Ledger, LedgerRow
from chipsim.architecture.plan import Plan
from chipsim.learning.rule import Write
from chipsim.simulation.chip import Chip
from chipsim.simulation.controller import Controller
from chipsim.simulation.records import EVALUATION
from tests.simulation import chips
from tests.simulation.random_runs import Case, cases, left, placed, task

few = settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
PER_SECOND = 1e12
CALM = "{preset: reram-om, cycle_to_cycle: 0, write_noise: 0}"
"""Cells on which the same pulses do the same whatever came before: noise goes by a cell's pulses so far."""


# Runs


@few
@given(case=cases())
def test_no_count_time_or_energy_is_negative_or_no_number_whatever_the_batch(case: Case) -> None:
    plan = placed(case)
    for bound in (1, None):
        controller, outcome = chips.train(plan, task(case), together=bound)
        rows = controller.ledger.rows()
        assert all(isinstance(row.count, int) and row.count >= 0 for row in rows)
        times = [e.time for e in outcome.evaluations]
        assert times == sorted(times)
        assert times[0] >= 0
        assert controller.floor.now >= times[-1] == outcome.duration
        assert all(0 <= use.busy <= controller.floor.now and use.waiting >= 0 for use in controller.usage())
        assert all(passage.time >= 0 for passage in controller.critical_path())
        assert all(math.isfinite(e.loss) and 0 <= e.accuracy <= 1 for e in outcome.evaluations)
        for row in chips.prices(plan).price(rows):
            assert math.isfinite(row.energy)
            assert row.energy >= 0


@few
@given(case=cases())
def test_power_integrated_over_time_is_the_energy(case: Case) -> None:
    """Between evaluations it is what was done in the meantime and the leakage of all parts, never below."""
    plan = placed(case)
    controller, outcome = chips.train(plan, task(case, every=1))
    table, parts, prices = plan.architecture.costs, plan.parts(), chips.prices(plan)
    idle = math.fsum(pricing.leakage(table, parts).values())
    integral = [prices.energy(outcome.evaluations[0].ledger.rows()), idle * outcome.evaluations[0].time]
    for before, after in zip(outcome.evaluations, outcome.evaluations[1:], strict=False):
        span = after.time - before.time
        power = prices.energy(after.ledger.since(before.ledger).rows()) * PER_SECOND / span
        assert power >= 0
        integral += [power * span, idle * span]
    integral = [integral[0], *(part / PER_SECOND for part in integral[1:])]
    static = pricing.static(table, parts, "train", outcome.duration)
    energy = math.fsum(row.energy for row in (*prices.price(controller.ledger.only("train").rows()), *static))
    assert math.fsum(integral) == pytest.approx(energy, rel=1e-12, abs=0)


@few
@given(case=cases())
def test_two_stages_from_the_same_state_count_what_each_counts_alone(case: Case) -> None:
    """Both draw all devices anew, each from its own stream, so neither sees what the other left."""
    case = case._replace(cell=CALM)
    plan, stages = placed(case), [task(case, name) for name in ("first", "second")]
    both = Controller(Chip(plan, 0))
    outcomes = [both.run(stage) for stage in stages]
    alone = [chips.train(plan, stage) for stage in stages]
    for stage, together, (controller, outcome) in zip(stages, outcomes, alone, strict=True):
        assert both.ledger.only(stage.name).rows() == controller.ledger.only(stage.name).rows()
        assert together.duration == outcome.duration
        assert [e[:4] for e in together.evaluations] == [e[:4] for e in outcome.evaluations]
    assert both.floor.now == sum(controller.floor.now for controller, _ in alone)
    evaluated = Ledger()
    for controller, _ in alone:
        for row in controller.ledger.only(EVALUATION).rows():
            evaluated.post(row.stage, row.operation, row.component, {row.action: row.count})
    assert both.ledger.only(EVALUATION).rows() == evaluated.rows()
    for use in both.usage():
        mine = [u for controller, _ in alone for u in controller.usage() if u.component == use.component]
        assert (use.busy, use.waiting) == (sum(u.busy for u in mine), sum(u.waiting for u in mine))


@few
@given(case=cases())
def test_evaluation_reaches_no_account_no_clock_and_no_weight_of_training(case: Case) -> None:
    plan, found = placed(case), []
    for every in (1, case.images):
        controller, outcome = chips.train(plan, task(case, every=every))
        trained = {
            key: value
            for key, value in left(controller, outcome).items()
            if key in ("usage", "state", "words")
        }
        found.append((trained, controller.ledger.only("train").rows(), outcome.duration))
    assert found[0] == found[1]


# Writes


class Written(NamedTuple):
    """What pulses on some lines of C came to."""

    counts: dict[tuple[str, str], int]
    time: int
    energy: float


@cache
def _plan(cell: str, phases: int, selector: str) -> Plan:
    components = f"""
  controller: {{type: controller}}
  dac: {{type: dac, bits: 4, lanes: 6}}
  drivers: {{type: pulse-driver, bit_length: 8, phases: {phases}}}
  array: {{type: crossbar, rows: 6, columns: 8, cell: {cell}, selector: {selector}}}
  adc: {{type: adc, bits: 6, count: 1}}
  integrator: {{type: integrator, bits: 12}}
  digital: {{type: digital-unit}}
"""
    links = [
        "controller -> dac -> array -> adc -> digital -> controller",
        "controller -> drivers -> array",
        "adc -> integrator -> drivers",
    ]
    return chips.plan(chips.parse(components, links), chips.network(6, 4), chips.tiki_taka())


def _written(plan: Plan, by: Any, pulses: NDArray[np.int8]) -> Written:
    chip, floor = Chip(plan, 0), chips.floor(plan)
    chip.randomise("dense1", "C")
    lines = tuple(range(pulses.shape[0]))
    chips.together(floor, chips.asked(chip, Write("dense1", "C", lines, by, pulses)))
    rows: tuple[LedgerRow, ...] = floor.ledger.rows()
    counts = {(row.component, row.action): row.count for row in rows}
    return Written(counts, floor.now, chips.prices(plan).energy(rows))


@st.composite
def supersets(
    draw: st.DrawFn, lines: int, across: int, most: int
) -> tuple[NDArray[np.int8], NDArray[np.int8]]:
    """Pulses on cells, and the same with more of them: further cells, or further pulses of the same sign."""
    size = lines * across
    signs = np.array(draw(st.lists(st.sampled_from((-1, 1)), min_size=size, max_size=size)))
    fewer = np.array(draw(st.lists(st.integers(0, most), min_size=size, max_size=size)))
    further = np.array(draw(st.lists(st.integers(0, most), min_size=size, max_size=size)))
    shape = lines, across
    return (signs * fewer).astype(np.int8).reshape(shape), (signs * (fewer + further)).astype(
        np.int8
    ).reshape(shape)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    data=st.data(), by=st.sampled_from(("row", "column")), phases=st.integers(1, 2),
    most=st.integers(1, 3), cell=st.sampled_from(("reram-om", "constant-step", "pcm-pair")),
    selector=st.sampled_from(("gated", "none")),
)  # fmt: skip
def test_more_changed_weights_never_take_fewer_actions_less_time_or_less_energy(
    data: st.DataObject, by: str, phases: int, most: int, cell: str, selector: str
) -> None:
    lines, across = (6, 4) if by == "row" else (4, 6)
    fewer, more = data.draw(supersets(lines, across, most))
    plan = _plan(cell, phases, selector)
    low, high = (_written(plan, by, pulses) for pulses in (fewer, more))
    assert all(high.counts[key] >= count for key, count in low.counts.items())
    assert high.time >= low.time
    assert high.energy >= low.energy
    # closed forms: windows by each line's largest, crossings by the lines' pulses, a pair by SETs alone
    for pulses, found in ((fewer, low), (more, high)):
        up, down = np.maximum(pulses, 0).astype(int), np.maximum(-pulses, 0).astype(int)
        selected, single = int(up.max(axis=1).sum() + down.max(axis=1).sum()), int((up + down).sum())
        rows, columns = (selected, single) if by == "row" else (single, selected)
        devices, sets = (2, single) if cell == "pcm-pair" else (1, int(up.sum()))
        expected = {
            ("drivers", "row_pulses"): rows,
            ("drivers", "col_pulses"): columns,
            ("array", "set_pulses"): sets,
            ("array", "reset_pulses"): single - sets,
            ("array", "line_pulse_cell"): 8 * devices * rows + 6 * columns,
        }
        assert expected.items() <= found.counts.items()
        assert found.time == phases * 100_000 * int(np.maximum(up.max(axis=1), down.max(axis=1)).sum())
