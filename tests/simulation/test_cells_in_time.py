"""Cells on a chip's clock: what they lose depends on simulated time alone, and upkeep takes its time."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chipsim.architecture import graph
from chipsim.architecture.graph import Architecture
from chipsim.errors import FitError
from chipsim.inputs import documents
from chipsim.learning import sgd
from chipsim.learning.rule import Operation, Read
from chipsim.simulation.controller import Controller
from chipsim.simulation.records import StageOutcome
from tests.simulation import chips

CAPACITOR = "{preset: capacitor-3t1c, leak_time: 10 us, leak_time_spread: 0}"
CALM = (
    "{preset: pcm-pair, step_spread: 0, saturation_spread: 0, cycle_to_cycle: 0, cycle_to_cycle_slope: 0, "
    "reset_spread: 0, drift_exponent: 0, drift_exponent_spread: 0, refresh_every: 2}"
)
RELAXING = "{preset: reram-om, relaxation: 0.05, relaxation_spread: 0.02, relaxation_time: 1 us}"
CELLS = (CAPACITOR, "{preset: pcm-pair, refresh_every: 3}", RELAXING)
NOTHING = chips.Scripted(script=lambda image: iter(()), asks={})


def shipped(cell: str, **given: str) -> Architecture:
    """The shipped chip with another cell, and with values set."""
    document = documents.read(chips.SHIPPED / "reram-8x4.yaml").with_value("components.array.cell", cell)
    for path, value in given.items():
        document = document.with_value(path.replace("__", "."), value)
    return graph.load(document)


@pytest.mark.parametrize(("conversion", "an_image"), [("10 ns", 150), ("1 us", 2130)])
def test_a_slower_converter_makes_a_leaky_cell_lose_more(conversion: str, an_image: int) -> None:
    """An image is 128 ns of integration, two conversions and 2 ns of loss; w(t) = w(0) exp(-t / 10 us)."""
    plan = chips.plan(
        shipped(CAPACITOR, components__adc__conversion=conversion), chips.network(8, 2), NOTHING
    )
    _, outcome = chips.train(plan, chips.task(NOTHING, chips.images(8, 2, 10), 40))
    assert outcome.duration == 40 * an_image * 1000
    before, after = (state["array"]["weights"] for state in (outcome.before, outcome.after))
    assert after == pytest.approx(before * np.exp(-outcome.duration / 10e6), rel=1e-5)


def test_a_read_sees_the_weights_of_the_moment_at_which_it_begins() -> None:
    """The array's visits say when: each reading is the start weight decayed to then, to half a step."""
    readings = []

    def script(image: int) -> Generator[tuple[Operation, ...], tuple[Any, ...], None]:
        (reading,) = yield (Read("dense1", "C", (0, 5), "row"),)
        readings.append(reading)

    rule = chips.Scripted(script=script, asks={"transfer-read": "C"})
    plan = chips.plan(shipped(CAPACITOR, components__adc__bits="16"), chips.network(8, 2), rule)
    log = chips.Log()
    _, outcome = chips.train(plan, chips.task(rule, chips.images(8, 2, 10), 30), listener=log)
    starts = [s.start for s in log if (s.component, s.operation) == ("array", "transfer-read")]
    place = plan.places["dense1", "C"].region
    weights = place.of(outcome.before["array"]["weights"])[[0, 5]]
    assert len(starts) == len(readings) == 30
    for start, reading in zip(starts, readings, strict=True):
        expected = np.clip(weights * np.exp(-start / 10e6), -1, 1)
        assert reading == pytest.approx(expected, abs=0.51 / (2**15 - 1))


def test_time_goes_on_from_stage_to_stage() -> None:
    plan = chips.plan(shipped(CAPACITOR), chips.network(8, 2), NOTHING)
    controller = Controller(chips.Chip(plan, 0))
    data = chips.images(8, 2, 10)
    first = controller.run(chips.task(NOTHING, data, 10, name="first"))
    second = controller.run(chips.task(NOTHING, data, 30, name="second", start="keep"))
    whole = first.duration + second.duration
    before, after = first.before["array"]["weights"], second.after["array"]["weights"]
    assert after == pytest.approx(before * np.exp(-whole / 10e6), rel=1e-5)


def _left(controller: Controller, outcome: StageOutcome) -> dict[str, Any]:
    saved = {name: array.cells.save() for name, array in controller.chip.arrays.items()}
    return {
        "duration": outcome.duration,
        "evaluations": [(e.image, e.time, e.accuracy, e.loss, e.ledger.rows()) for e in outcome.evaluations],
        "ledger": controller.ledger.rows(),
        "usage": controller.usage(),
        "weights": {name: state["weights"].tobytes() for name, state in outcome.after.items()},
        "saved": {(n, what): a.tobytes() for n, arrays in saved.items() for what, a in arrays.items()},
    }  # fmt: skip


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    fast=st.sampled_from(("reram-om", *CELLS)), slow=st.sampled_from(("reram-om", *CELLS)),
    every=st.integers(1, 6), images=st.integers(1, 20), evaluate=st.integers(1, 20),
)  # fmt: skip
def test_images_together_and_one_by_one_leave_the_same_bits(
    fast: str, slow: str, every: int, images: int, evaluate: int
) -> None:
    rule = chips.tiki_taka(transfer_every=every, read_by="column", threshold=0.1)
    plan = chips.plan(_two_arrays(fast, slow), chips.network(8, 2), rule)
    task = chips.task(rule, chips.images(8, 2, 9), images, every=min(evaluate, images))
    runs = [_left(*chips.train(plan, task, together=bound)) for bound in (None, 1, 3)]
    assert runs[1:] == runs[:1] * 2


def _two_arrays(fast: str, slow: str) -> Architecture:
    """The worked example's chip with the links that its arrays need to be looked after."""
    document = documents.read(chips.ARCHITECTURES / "worked-example-8x4.yaml")
    document = document.with_value("components.fast.cell", fast).with_value("components.slow.cell", slow)
    links = [*document.data["links"], "dac -> fast.rows", "fast.columns -> adc"]
    return graph.load(documents.parse(documents.dump(document.data | {"links": links}), "two.yaml"))


@pytest.mark.parametrize(
    ("fast", "slow", "sizes"),
    [
        ("reram-om", "reram-om", {5}),
        (CAPACITOR, "reram-om", {1}),
        ("reram-om", CAPACITOR, {1}),
        (
            "reram-om",
            "{preset: pcm-pair, drift_exponent: 0, drift_exponent_spread: 0, refresh_every: 2}",
            {1, 2},
        ),
    ],
)
def test_images_travel_one_by_one_where_what_they_touch_ages(fast: str, slow: str, sizes: set[int]) -> None:
    """And in bursts elsewhere, to the next transfer (5) or the next look at devices that need it (2)."""
    rule, log = chips.tiki_taka(transfer_every=5, read_by="column"), chips.Log()
    plan = chips.plan(_two_arrays(fast, slow), chips.network(8, 2), rule)
    chips.train(plan, chips.task(rule, chips.images(8, 2, 9), 20), listener=log)
    assert {s.images for s in log if s.operation == "forward"} == sizes


@pytest.mark.parametrize("cell", CELLS)
def test_evaluations_take_no_time_and_change_nothing(cell: str) -> None:
    rule = sgd.Rule(type="sgd", learning_rate=0.05)
    plan = chips.plan(shipped(cell), chips.network(8, 2), rule)
    data = chips.images(8, 2, 9)
    rare, often = (chips.train(plan, chips.task(rule, data, 12, every=every)) for every in (12, 1))
    for what in ("duration", "weights", "saved", "usage"):
        assert _left(*rare)[what] == _left(*often)[what], what
    assert rare[1].evaluations[-1].accuracy == often[1].evaluations[-1].accuracy


# Upkeep


def _worn() -> tuple[Controller, chips.Log, StageOutcome]:
    """Two images without pulses on pairs of which two in row 0 and one in row 3 must be refreshed.

    Without noise n pulses from 0 lead to 1.062 (1 - 0.916^n): 30 to 0.986, 12 to 0.692, 20 to 0.878.
    """
    rule = sgd.Rule(type="sgd", learning_rate=1e-12)
    plan = chips.plan(shipped(CALM), chips.network(8, 2), rule)
    log = chips.Log()
    controller = Controller(chips.Chip(plan, 0), log)
    seat = controller.chip.seats["dense1", "W"]
    counts = np.zeros((2, 8, 2), dtype=np.int16)
    counts[:, 0, 0], counts[:, 0, 1], counts[:, 3, 1] = (30, -12), (12, -30), (20, -20)
    counts[:, 5, 0] = 30, 0
    seat.crossbar.cells.pulse(seat.region, counts)
    data = chips.images(8, 2, 9)
    return controller, log, controller.run(chips.task(rule, data, 2, start="keep"))


def test_a_refresh_is_a_read_of_all_devices_and_pulses_row_by_row() -> None:
    """8 rows of 128 ns; 8 x 4 conversions of 10 ns; then slots of 100 ns.

    The converter saturates at 1 and steps by 1/255: 0.986 - 0.692 is written by ln(1 - 0.294 / 1.062) /
    ln(0.916) = 3.7, so 4 pulses, and nothing has to be written in row 3: 1 + 4 and 1 slots.
    """
    controller, log, _ = _worn()
    own = [s for s in log if s.operation in ("refresh-read", "refresh")]
    begin = own[0].start
    found = {(s.operation, s.component): ((s.start - begin) / 1000, (s.end - begin) / 1000) for s in own}
    assert found == {
        ("refresh-read", "dac"): (0, 1024),
        ("refresh-read", "array"): (0, 1024),
        ("refresh-read", "adc"): (1024, 1344),
        ("refresh", "drivers"): (1344, 1944),
        ("refresh", "array"): (1344, 1944),
    }
    total = controller.ledger.total
    counted = {
        "refresh-read": {"dac_conv": 8, "cell_reads": 32, "line_read_cell": 8 * 8, "adc_conv": 32},
        "refresh": {"reset_pulses": 6, "set_pulses": 8, "row_pulses": 6, "col_pulses": 14},
    }
    for operation, actions in counted.items():
        assert {a: total(a, stage="train", operation=operation) for a in actions} == actions
    assert total("line_pulse_cell", stage="train", operation="refresh") == 6 * 4 * 2 + 14 * 8


def test_a_refresh_keeps_weights_and_wears_both_devices() -> None:
    _, _, outcome = _worn()
    before, after = (state["array"]["weights"][:, :2] for state in (outcome.before, outcome.after))
    moved = np.argwhere(before != after).tolist()
    assert moved == [[0, 0], [0, 1]]
    assert after == pytest.approx(before, abs=0.5 * 0.0892)
    worn = outcome.after["array"]["pulses"] - outcome.before["array"]["pulses"]
    assert worn[:, :2].tolist()[0] == [2 + 4, 2 + 4]
    assert worn[3].tolist() == [0, 2, 0, 0]
    assert worn.sum() == 6 + 8


def test_pairs_take_two_columns_of_area_and_of_driven_lines() -> None:
    rule = sgd.Rule(type="sgd")
    single, pair = (chips.plan(shipped(cell), chips.network(8, 2), rule) for cell in ("reram-om", "pcm-pair"))
    for name, fact in (("array", "columns"), ("drivers", "lines")):
        facts = [next(part.facts[fact] for part in p.parts() if part.name == name) for p in (single, pair)]
        assert facts == {"columns": [4, 8], "lines": [12, 16]}[fact]


def test_a_chip_that_cannot_read_single_devices_does_not_do_for_pairs_that_must_be_refreshed() -> None:
    rule = chips.tiki_taka(read_by="column")
    architecture = chips.load("worked-example-8x4", components__fast__cell="pcm-pair")
    with pytest.raises(FitError) as error:
        chips.plan(architecture, chips.network(8, 2), rule)
    assert [fault.message for fault in error.value.faults] == [
        "operation 'refresh-read' of layer 'dense1' has no route: no dac drives 'fast.rows'; "
        "add the link 'dac -> fast.rows'"
    ]
