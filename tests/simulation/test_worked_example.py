"""The 8x4 array worked by hand: counts and time exact, pulses within their spread, energy to the digit.

The example stands in the component library's README, section 5; its figures in a file of reference. It is
driven as it says: inputs 0.5 on all rows, errors 0.25 on both columns, firing probabilities equal to them
(rate = granularity x slots), a column of A read into H after ten images, two of its cells pulsed on C.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chipsim.accounting.ledger import LedgerRow
from chipsim.accounting.pricing import Prices
from chipsim.architecture.plan import Plan
from chipsim.learning.rule import Integrate, Operation, Read, Update, Write
from chipsim.simulation.controller import Controller
from chipsim.simulation.records import StageOutcome
from tests.simulation import chips

REFERENCE = json.loads((Path(__file__).parents[1] / "reference/worked_example_8x4.json").read_text())
IMAGES = 200
SLOTS = 31
EVERY = 10
ASKS = {
    "update": "A", "transfer-read-transposed": "A", "integrate": "A", "transfer-write": "C",
}  # fmt: skip
IDEAL = {
    "components__dac__integration": "40 ns",
    "components__adc__conversion": "0 ns",
    "components__drivers__pulse_width": "5 ns",
}


@cache
def _plan(timing: str) -> Plan:
    architecture = chips.load("worked-example-8x4", **(IDEAL if timing == "ideal" else {}))
    rule = chips.Scripted(script=_script(0.0), asks=ASKS)
    return chips.plan(architecture, chips.network(8, 2), rule)


def _script(rate: float) -> Any:
    def script(image: int) -> Iterator[tuple[Operation, ...]]:
        x, error = np.full((1, 8), 0.5), np.full((1, 2), 0.25)
        yield (Update("dense1", "A", x, error, rate, None, image),)
        if (image + 1) % EVERY:
            return
        column = (image // EVERY % 2,)
        signs = np.zeros((1, 8), dtype=np.int8)
        signs[0, :2] = 1
        yield (Read("dense1", "A", column, "column"),)
        yield (Integrate("dense1", "H", column, "column", np.zeros((1, 8)), 10.0, True),)
        yield (Write("dense1", "C", column, "column", signs),)

    return script


@cache
def _run(timing: str = "measured") -> tuple[Controller, StageOutcome]:
    plan = _plan(timing)
    controller = Controller(chips.Chip(plan, seed=0))
    controller.chip.circuits["integrator"].clear("dense1.H", 8, 2)
    granularity = controller.chip.seats["dense1", "A"].crossbar.cells.model.granularity
    rule = chips.Scripted(script=_script(granularity * SLOTS), asks=ASKS)
    data = chips.constant(np.full(8, 0.5), 2)
    return controller, controller.run(chips.task(rule, data, IMAGES, every=1))


def _count(action: str, *operations: str) -> int:
    ledger = _run()[0].ledger
    return sum(ledger.total(action, stage="train", operation=operation) for operation in operations)


# Counts


@pytest.mark.parametrize(
    "action", ["dac_conv", "line_read_cell", "cell_reads", "adc_conv", "act_fn", "dig_add16"]
)
def test_a_forward_pass_counts_what_the_example_says(action: str) -> None:
    assert _count(action, "forward") == IMAGES * REFERENCE["counts"]["forward"][action]


@pytest.mark.parametrize("action", ["dac_conv", "line_read_cell", "cell_reads", "adc_conv", "h_rmw"])
def test_a_transfer_of_one_column_counts_what_the_example_says(action: str) -> None:
    expected = IMAGES // EVERY * REFERENCE["counts"]["transfer"][action]
    assert _count(action, "transfer-read", "integrate") == expected


def test_duty_of_cells_read_is_in_whole_codes() -> None:
    codes = 2**7
    assert _count("read_duty", "forward") == IMAGES * REFERENCE["counts"]["forward"]["cell_read_fs"] * codes
    transfers = IMAGES // EVERY
    assert (
        _count("read_duty", "transfer-read")
        == transfers * REFERENCE["counts"]["transfer"]["cell_read_fs"] * codes
    )


def test_a_transfer_pulses_the_two_cells_of_c_that_crossed() -> None:
    assert (
        _count("set_pulses", "transfer-write") == IMAGES // EVERY * REFERENCE["counts"]["transfer"]["pulse"]
    )
    assert _count("reset_pulses", "transfer-write") == 0


def test_an_update_draws_one_bit_for_each_line_and_slot() -> None:
    assert _count("bit_gen", "update") == IMAGES * REFERENCE["counts"]["update"]["bit_gen"]


# Pulses: sums over independent images, close to normal. Four standard errors: a false alarm in 16,000 seeds.


def _per_image(*actions: str) -> np.ndarray[Any, np.dtype[np.int64]]:
    totals = [
        sum(e.ledger.total(action, operation="update") for action in actions) for e in _run()[1].evaluations
    ]
    return np.diff(np.array(totals))


def _spread_of_coincidences(slots: int, rows: int, p: float, columns: int, q: float) -> float:
    """Standard deviation of R C summed over slots, R and C the binomial numbers of active lines."""
    squares = [n * s * (1 - s) + (n * s) ** 2 for n, s in ((rows, p), (columns, q))]
    return math.sqrt(slots * (squares[0] * squares[1] - (rows * p * columns * q) ** 2))


def test_coincidences_come_as_often_and_vary_as_much_as_shared_trains_make_them() -> None:
    pulses = _per_image("set_pulses", "reset_pulses")
    mean, spread = SLOTS * 8 * 0.5 * 2 * 0.25, _spread_of_coincidences(SLOTS, 8, 0.5, 2, 0.25)
    assert mean == REFERENCE["counts"]["update"]["pulse"] == 62
    assert spread == pytest.approx(14.99, abs=0.005)
    assert pulses.size == IMAGES
    assert abs(pulses.mean() - mean) < 4 * spread / math.sqrt(IMAGES)
    # A standard deviation's relative error is 1 / sqrt(2 n) = 5 %; independent cells would give half of it.
    assert abs(pulses.std(ddof=1) / spread - 1) < 4 / math.sqrt(2 * IMAGES)


@pytest.mark.parametrize(("action", "lines", "share"), [("row_pulses", 8, 0.5), ("col_pulses", 2, 0.25)])
def test_lines_fire_as_often_as_their_values_say(action: str, lines: int, share: float) -> None:
    trials = SLOTS * lines * IMAGES
    assert trials * share == IMAGES * REFERENCE["counts"]["update"][action]
    assert abs(_count(action, "update") - trials * share) < 4 * math.sqrt(trials * share * (1 - share))


def test_crossings_on_pulsed_lines_follow_from_the_pulses() -> None:
    crossings = 2 * _count("row_pulses", "update") + 8 * _count("col_pulses", "update")
    assert _count("line_pulse_cell", "update") == crossings


# Time


@pytest.mark.parametrize("timing", ["measured", "ideal"])
def test_time_is_exact(timing: str) -> None:
    expected = {name: round(value * 1e12) for name, value in REFERENCE["latency_s"][timing].items()}
    transfers = IMAGES // EVERY
    duration = _run(timing)[1].duration
    assert duration == IMAGES * (expected["forward"] + expected["update"]) + transfers * expected["transfer"]
    assert duration == IMAGES * expected["per_image"]


# Energy

LISTED = {
    "dac_conv": "dac_conv", "cell_read": "cell_read_fs", "adc_conv": "adc_conv", "bit_gen": "bit_gen",
    "line_read_cell": "line_read_cell", "line_pulse_cell": "line_pulse_cell", "set_pulse": "pulse",
    "reset_pulse": "pulse", "h_rmw": "h_rmw", "dig_add16": "dig_add16", "mul8": "mul8", "act_fn": "act_fn",
}  # fmt: skip
OPERATIONS = {
    "forward": ("forward",), "update": ("update",),
    "transfer": ("transfer-read", "integrate", "transfer-write"),
}  # fmt: skip


def _energies(timing: str, prices: Mapping[str, float]) -> dict[str, float]:
    """Energy of the example's operations [J], of the whole stage; lines of the write to C are not in it."""
    plan = _plan(timing)
    given = {f"costs__{entry}__energy": f"{value!r} J" for entry, value in prices.items()}
    table = chips.load("worked-example-8x4", **given).costs
    types = {name: p.type for name, p in plan.architecture.components.items()}
    rows = [row for row in _run(timing)[0].ledger.rows() if row.stage == "train" and not _beyond(row)]
    priced = Prices(table, types, plan.facts).price(rows)
    return {
        name: math.fsum(
            row.energy for row in priced if row.operation in operations and row.energy is not None
        )
        for name, operations in OPERATIONS.items()
    }


def _beyond(row: LedgerRow) -> bool:
    return row.operation == "transfer-write" and row.action == "line_pulse_cell"


def _drawn_beyond_the_mean(timing: str, prices: Mapping[str, float]) -> float:
    """Energy of what the trains drew more than their mean [J]: it is not the example's."""
    ledger = _run(timing)[0].ledger
    expected = REFERENCE["counts"]["update"]
    pulses = sum(ledger.total(a, operation="update") for a in ("set_pulses", "reset_pulses"))
    lines = ledger.total("line_pulse_cell", operation="update")
    return (
        prices["reset_pulse"] * (pulses - IMAGES * expected["pulse"])
        + prices["line_pulse_cell"] * (lines - IMAGES * expected["line_pulse_cell"])
    )  # fmt: skip


@pytest.mark.parametrize(("timing", "width"), [("measured", "t_pulse_100ns"), ("ideal", "t_pulse_5ns")])
def test_energy_at_the_listed_prices_is_the_examples_to_six_digits(timing: str, width: str) -> None:
    prices = {entry: REFERENCE["prices"][width][name] for entry, name in LISTED.items()}
    found, expected = _energies(timing, prices), REFERENCE["energy_J"][width]
    found["update"] -= _drawn_beyond_the_mean(timing, prices)
    assert found["forward"] / IMAGES == pytest.approx(expected["forward"], rel=5e-6, abs=0)
    assert found["update"] / IMAGES == pytest.approx(expected["update"], rel=5e-6, abs=0)
    assert found["transfer"] / (IMAGES // EVERY) == pytest.approx(expected["transfer"], rel=5e-6, abs=0)
    assert math.fsum(found.values()) / IMAGES == pytest.approx(
        expected["per_image_amortised"], rel=5e-6, abs=0
    )


@pytest.mark.parametrize(("timing", "width"), [("measured", "t_pulse_100ns"), ("ideal", "t_pulse_5ns")])
def test_energy_from_voltages_and_conductances_agrees_to_a_tenth_of_a_percent(
    timing: str, width: str
) -> None:
    prices = {entry: REFERENCE["prices"][width][name] for entry, name in LISTED.items()}
    found, listed = _energies(timing, {}), _energies(timing, prices)
    for operation in OPERATIONS:
        assert found[operation] == pytest.approx(listed[operation], rel=1e-3, abs=0)
