"""Reads on the chip: managed, noisy and exact ones; what each adds to values, time and counts."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from chipsim.architecture.plan import Plan
from chipsim.errors import FitError
from chipsim.learning import sgd
from chipsim.learning.rule import Read, Update
from chipsim.numerics.draws import stream
from chipsim.simulation.chip import Chip
from chipsim.simulation.controller import Controller
from chipsim.simulation.node import Transaction
from chipsim.simulation.records import EVALUATION
from tests.simulation import chips
from tests.simulation.test_bursts import left

CHIP = """
  controller: {type: controller}
  dac: {DAC}
  drivers: {type: pulse-driver, bit_length: 10}
  array: {type: crossbar, rows: 4, columns: 4, cell: CELL, ARRAY}
  adc: {ADC}
  integrator: {type: integrator, bits: 16}
  digital: {type: digital-unit}
"""
LINKS = (
    "controller -> dac -> array -> adc -> digital -> controller",
    "controller -> drivers -> array",
    "adc -> integrator -> drivers",
)
EXACT = {"dac": "type: ideal-dac, bits: 7", "adc": "type: ideal-adc, bits: 9, count: 1"}
QUIET = "{preset: reram-om, write_noise: 0}"


@cache
def plan(
    dac: str = "type: dac, bits: 7", adc: str = "type: adc, bits: 9, count: 1", array: str = "read_noise: 0",
    cell: str = QUIET, rule: str = "ttv2",
) -> Plan:  # fmt: skip
    """A layer of 4 -> 2 on one array, with TTv2's or SGD's matrices."""
    text = CHIP.replace("DAC", f"{dac}, lanes: 4").replace("ADC", adc).replace("ARRAY", array)
    architecture = chips.parse(text.replace("CELL", cell), LINKS)
    chosen = chips.tiki_taka(transfer_every=2) if rule == "ttv2" else sgd.Rule(type="sgd")
    return chips.plan(architecture, chips.network(4, 2), chosen)


def drawn(a_plan: Plan, weights: Any = None, seed: int = 0) -> Chip:
    """A chip with given weights in its C, or its random ones."""
    chip = Chip(a_plan, seed)
    chip.randomise("dense1", "C")
    if weights is not None:
        seat = chip.seats["dense1", "C"]
        seat.crossbar.cells.place(seat.region, np.asarray(weights, dtype=np.float64))
    return chip


def passed(chip: Chip, x: Any, log: chips.Log | None = None, account: str = "test") -> Transaction:
    """Inputs through the array and the digital unit, whose activation is the identity."""
    floor = chips.floor(chip.plan, log)
    values = np.asarray(x, dtype=np.float64)
    route = chip.forward("dense1", "C", False, account)
    (transaction,) = route.transactions("forward", "dense1", values, 0, None)
    chips.together(floor, transaction)
    transaction.request = floor
    return transaction


def counts(transaction: Transaction) -> dict[tuple[str, str], int]:
    return {(row.component, row.action): row.count for row in transaction.request.ledger.rows()}


# Exact converters


def test_exact_converters_read_the_product_with_the_apparent_weights() -> None:
    chip = drawn(plan(**EXACT))
    weights, _ = chip.seats["dense1", "C"].crossbar.cells.apparent(chip.seats["dense1", "C"].region)
    x = np.random.default_rng(0).normal(0, 3, (6, 4))
    np.testing.assert_allclose(passed(chip, x).value, x @ weights, rtol=1e-13, atol=1e-13)


def test_exact_reads_take_the_time_and_are_priced_like_others() -> None:
    x = np.full((3, 4), 0.5)
    exact, plain = (passed(drawn(plan(**kind)), x) for kind in (EXACT, {}))
    assert counts(exact) == counts(plain)
    assert exact.request.now == plain.request.now
    assert counts(exact)["array", "read_duty"] == 3 * 4 * 2 * 64


def test_exact_duty_counts_a_part_of_a_slot_as_a_whole_one() -> None:
    small = passed(drawn(plan(**EXACT)), [[1e-9, -0.3, 0.0, 2.0]])
    # 1, ceil(38.4), 0 and 256 slots of 128 on two lines
    assert counts(small)["array", "read_duty"] == 2 * (1 + 39 + 256)
    assert counts(small)["array", "line_read_cell"] == 3 * 4


def test_a_transfer_read_by_exact_converters_gives_the_weights() -> None:
    chip = drawn(plan(**EXACT))
    chip.randomise("dense1", "A")
    transaction = chips.asked(chip, Read("dense1", "A", (0, 3), "row"))
    chips.together(chips.floor(chip.plan), transaction)
    seat = chip.seats["dense1", "A"]
    assert np.array_equal(transaction.value, seat.crossbar.cells.apparent(seat.region)[0][[0, 3]])


# Ranges


def test_inputs_beyond_the_range_saturate_and_readings_are_in_units_of_inputs() -> None:
    chip = drawn(plan(dac="type: dac, bits: 7, range: 2", adc=EXACT["adc"]), np.full((4, 2), 0.1))
    weights = chip.weights("dense1", "C").astype(np.float64)
    values = passed(chip, [[2.0, -1.0, 0.5, 9.0]]).value
    np.testing.assert_allclose(values, np.array([[2.0, -1.0, 0.5, 2.0]]) @ weights, rtol=1e-6)


# Noise management


def test_noise_management_scales_each_vector_to_the_whole_range() -> None:
    """Inputs 1000 times smaller are read as well; the error is that of the DAC and ADC steps, scaled."""
    managed = "type: dac, bits: 7, noise_management: {scale: abs-max}"
    x = np.random.default_rng(1).uniform(-1, 1, (8, 4))
    x /= np.abs(x).max(axis=1, keepdims=True)
    values = [passed(drawn(plan(dac=managed)), size * x).value for size in (1.0, 1024.0, 2.0**-10)]
    assert np.array_equal(values[0] * 1024, values[1])
    assert np.array_equal(values[0] / 1024, values[2])
    assert np.array_equal(values[0], passed(drawn(plan()), x).value)


def test_a_vector_of_zeros_reads_zero_under_noise_management() -> None:
    managed = "type: dac, bits: 7, noise_management: {scale: abs-max}"
    noisy = "type: adc, bits: 9, count: 1, output_noise: 0.5"
    values = passed(drawn(plan(dac=managed, adc=noisy)), [[0.0] * 4, [0.5] * 4]).value
    assert not values[0].any()
    assert values[1].all()


def test_the_work_of_scaling_is_counted_and_timed() -> None:
    managed = "type: dac, bits: 7, noise_management: {scale: abs-max, time: 3 ns}"
    x = np.full((5, 4), 0.3)
    with_, without = passed(drawn(plan(dac=managed)), x), passed(drawn(plan()), x)
    more = {key: n - counts(without).get(key, 0) for key, n in counts(with_).items()}
    assert {key: n for key, n in more.items() if n and key[1] not in ("read_duty", "read_conductance")} == {
        ("dac", "dig_add16"): 20, ("dac", "mul8"): 20, ("adc", "mul8"): 10,
    }  # fmt: skip
    assert with_.request.now - without.request.now == 5 * 3000


def test_output_noise_counts_against_the_largest_input() -> None:
    """Undone after the converter, noise of deviation s becomes s max|x|."""
    managed = "type: dac, bits: 7, noise_management: {scale: abs-max}"
    noisy = "type: adc, bits: 16, count: 1, output_noise: 0.05"
    x = np.full((4000, 4), 1 / 64)
    deviations = [
        passed(drawn(plan(dac=dac, adc=noisy)), x).value.std(axis=0)
        for dac in (managed, "type: dac, bits: 7")
    ]
    # 4.5 standard errors of a deviation from n draws, 1 / sqrt(2 n)
    np.testing.assert_allclose(deviations[0], 0.05 / 64, rtol=4.5 / 8000**0.5)
    np.testing.assert_allclose(deviations[1], 0.05, rtol=4.5 / 8000**0.5)


# Bound management

SMALL = "type: adc, bits: 9, count: 1, range: 0.5"


def bounded(retries: int) -> str:
    return f"type: dac, bits: 7, bound_management: {{retries: {retries}}}"


ROWS_OF_X = [[1.0, 1, 1, 1], [0.25, 0.25, 0, 0], [1, 0.5, 0, 0]]


def test_a_saturated_read_is_repeated_at_half_the_inputs_until_it_is_not() -> None:
    """Weights 0.4: sums 1.6, 0.2 and 0.6 at a range of 0.5 need 2, 0 and 1 retries; all events by hand."""
    log = chips.Log()
    chip = drawn(plan(dac=bounded(10), adc=SMALL), np.full((4, 2), 0.4))
    weights = chip.weights("dense1", "C").astype(np.float64)
    assert np.allclose(weights, 0.4, atol=1e-6)
    read = passed(chip, ROWS_OF_X, log)
    step = 0.5 / 255
    np.testing.assert_allclose(read.value[:, 0], [1.6, 0.2, 0.6], atol=4 * step)
    assert np.abs(read.value[1] - 0.2).max() <= step / 2 + 1e-6
    # three vectors, then two, then one: 128 ns each at the array and 2 conversions of 10 ns each
    assert chips.spans(log, "array") == [("dense1", 0, 384), ("dense1", 444, 700), ("dense1", 740, 868)]
    assert chips.spans(log, "adc") == [("dense1", 384, 444), ("dense1", 700, 740), ("dense1", 868, 888)]
    # the bank keeps its inputs until the last conversion
    assert chips.spans(log, "dac") == [("dense1", 0, 888)]
    assert chips.spans(log, "digital") == [("dense1", 888, 894)]


def test_every_retry_counts_its_conversions_and_cells() -> None:
    chip = drawn(plan(dac=bounded(10), adc=SMALL), np.full((4, 2), 0.4))
    found = counts(passed(chip, ROWS_OF_X))
    assert found["dac", "dac_conv"] == 6 * 4
    assert found["adc", "adc_conv"] == 6 * 2
    assert found["array", "cell_reads"] == 6 * 8
    # codes of all turns: 4 x (128 + 64 + 32), 2 x 32, and 128 + 64 + 64 + 32, each on two lines
    assert found["array", "read_duty"] == 2 * (4 * 224 + 64 + 288)
    assert found["digital", "act_fn"] == 3 * 2


def test_bound_management_gives_up_after_its_retries() -> None:
    chip = drawn(plan(dac=bounded(1), adc=SMALL), np.full((4, 2), 0.4))
    read = passed(chip, ROWS_OF_X)
    np.testing.assert_allclose(read.value[:, 0], [1.0, 0.2, 0.6], atol=0.005)
    assert counts(read)["adc", "adc_conv"] == 5 * 2


def test_without_saturation_bound_management_changes_no_value_and_no_time() -> None:
    x = np.random.default_rng(2).uniform(-0.2, 0.2, (5, 4))
    one, other = (passed(drawn(plan(dac=dac)), x) for dac in (bounded(9), "type: dac, bits: 7"))
    assert np.array_equal(one.value, other.value)
    assert counts(one) == counts(other)
    assert one.request.now == other.request.now


def test_both_managements_together_scale_up_first_and_then_down() -> None:
    both = f"{bounded(10)}, noise_management: {{scale: abs-max}}"
    chip = drawn(plan(dac=both, adc=SMALL), np.full((4, 2), 0.4))
    read = passed(chip, [[0.01] * 4, [40.0] * 4])
    np.testing.assert_allclose(read.value[:, 0], [0.016, 64.0], rtol=0.01)
    assert counts(read)["adc", "adc_conv"] == 6 * 2


def test_an_update_waits_for_a_bank_that_reads_again_but_not_for_its_conversions() -> None:
    """The array is free between a read and its repetition; whoever waits for it then goes first."""
    log = chips.Log()
    chip = drawn(plan(dac=bounded(10), adc=SMALL), np.full((4, 2), 0.4))
    x, error = np.zeros((1, 4)), np.zeros((1, 2))
    update = chips.asked(chip, Update("dense1", "A", x, error, 0.1, 1, 0))
    route = chip.forward("dense1", "C", False)
    (read,) = route.transactions("forward", "dense1", np.array([[1.0, 0.5, 0, 0]]), 0, None)
    chips.together(chips.floor(chip.plan, log), read, update)
    # one slot of two phases, 200 ns, between the first read and the second
    assert chips.spans(log, "array") == [("dense1", 0, 128), ("dense1", 128, 328), ("dense1", 328, 456)]
    assert chips.spans(log, "dac") == [("dense1", 0, 476)]


# Noise


def test_output_noise_has_the_deviation_that_is_asked_for() -> None:
    noisy = "type: adc, bits: 20, count: 1, output_noise: 0.1"
    chip = drawn(plan(adc=noisy))
    x = np.full((5000, 4), 0.25)
    values = passed(chip, x).value
    clean = passed(drawn(plan(adc="type: adc, bits: 20, count: 1")), x[:1]).value
    errors = values - clean
    # 4.5 standard errors: a false alarm in 1e5 seeds
    assert np.abs(errors.mean(axis=0)).max() <= 4.5 * 0.1 / 5000**0.5
    np.testing.assert_allclose(errors.std(axis=0), 0.1, rtol=4.5 / 10000**0.5)
    correlation = np.corrcoef(errors.T)[0, 1]
    assert abs(correlation) <= 4.5 / 5000**0.5


@pytest.mark.parametrize("converters", ["real", "exact"])
def test_read_noise_adds_up_to_the_root_of_the_sum_of_squared_inputs(converters: str) -> None:
    """sigma sqrt(sum x^2), to 4.5 standard errors."""
    kind: dict[str, str] = EXACT if converters == "exact" else {"adc": "type: adc, bits: 20, count: 1"}
    x = np.array([0.5, -0.25, 1.0, 0.0])
    values = passed(drawn(plan(**kind, array="read_noise: 0.03")), np.tile(x, (5000, 1))).value
    clean = passed(drawn(plan(**kind)), x[None]).value
    expected = 0.03 * np.sqrt((x**2).sum())
    assert np.abs((values - clean).mean(axis=0)).max() <= 4.5 * expected / 5000**0.5
    np.testing.assert_allclose((values - clean).std(axis=0), expected, rtol=4.5 / 10000**0.5)


def test_a_line_that_is_not_driven_has_no_read_noise() -> None:
    assert not passed(drawn(plan(**EXACT, array="read_noise: 0.5")), np.zeros((3, 4))).value.any()


NOISY = {"adc": "type: adc, bits: 12, count: 1, output_noise: 0.1", "array": "read_noise: 0.05"}


def test_noise_depends_on_image_layer_and_stage_and_not_on_the_batch() -> None:
    chip = drawn(plan(**NOISY))
    x = np.full((6, 4), 0.5)
    whole = passed(chip, x).value
    assert np.unique(whole).size == whole.size
    assert np.array_equal(whole, passed(chip, x).value)
    assert not np.any(whole == passed(chip, x, account="other").value)


def test_transfer_reads_of_the_same_cells_differ_from_one_to_the_next() -> None:
    """Nothing else asks A for anything: two reads after an image, and those after the next, all differ."""

    def script(image: int) -> Any:
        for _ in range(2):
            (values,) = yield (Read("dense1", "A", (0, 1), "row"),)
            seen.append(values)

    seen: list[NDArray[np.float64]] = []
    rule = chips.Scripted(script=script, asks={"transfer-read": "A"})
    architecture = plan(**NOISY).architecture
    runs = []
    for bound in (None, 1):
        seen.clear()
        a_plan = chips.plan(architecture, chips.network(4, 2), rule)
        chips.train(a_plan, chips.task(rule, chips.images(4, 2, 5), 3), together=bound)
        runs.append(np.array(seen))
    assert np.array_equal(runs[0], runs[1])
    assert runs[0].shape == (6, 2, 2)
    assert np.unique(runs[0]).size == runs[0].size


def test_each_evaluation_draws_noise_of_its_own() -> None:
    """No device changes between them; the loss does."""
    rule = chips.Scripted(script=lambda image: (() for _ in range(1)), asks={})
    a_plan = chips.plan(plan(**NOISY).architecture, chips.network(4, 2), rule)
    _, outcome = chips.train(a_plan, chips.task(rule, chips.images(4, 2, 5), 6, every=2))
    losses = [evaluation.loss for evaluation in outcome.evaluations]
    assert len(set(losses)) == 4
    _, again = chips.train(a_plan, chips.task(rule, chips.images(4, 2, 5), 6, every=3))
    assert [again.evaluations[0].loss, again.evaluations[-1].loss] == [losses[0], losses[-1]]


def test_noise_streams_of_training_and_evaluation_differ() -> None:
    assert stream(0, "adc", "output noise", "a") != stream(0, "adc", "output noise", f"{EVALUATION} of a")


# Bursts


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    noise=st.booleans(), retries=st.sampled_from((0, 1, 4)), output=st.sampled_from((0.0, 0.2)),
    cells=st.sampled_from((0.0, 0.05)), range_=st.sampled_from((0.3, 1.0)),
    bias=st.booleans(), exact=st.booleans(), images=st.integers(1, 15), every=st.integers(1, 5),
)  # fmt: skip
def test_managed_and_noisy_images_together_and_one_by_one_leave_the_same_bits(
    noise: bool, retries: int, output: float, cells: float, range_: float, bias: bool, exact: bool,
    images: int, every: int,
) -> None:  # fmt: skip
    dac = ("type: ideal-dac" if exact else "type: dac") + ", bits: 5, lanes: 6"
    dac += ", noise_management: {scale: abs-max}" if noise else ""
    dac += f", bound_management: {{retries: {retries}}}" if retries else ""
    adc = f"type: adc, bits: 6, count: 2, range: {range_}, output_noise: {output}"
    text = CHIP.replace("DAC", dac).replace("ADC", adc).replace("CELL", "reram-om")
    text = text.replace("rows: 4, columns: 4", "rows: 6, columns: 12")
    text = text.replace("ARRAY", f"read_noise: {cells}, row_resistance: 2 Ohm")
    links = (*LINKS, "dac -> array.columns", "array.rows -> adc")
    rule = chips.tiki_taka(transfer_every=5, threshold=0.1)
    a_plan = chips.plan(chips.parse(text, links), chips.network(4, 3, 2, bias=bias), rule)
    data = chips.images(4, 2, 9)
    runs = [
        left(*chips.train(a_plan, chips.task(rule, data, images, every=min(every, images)), together=bound))
        for bound in (None, 1, 3)
    ]
    assert runs[1:] == runs[:1] * 2


# Prices, faults and the reference's preset


def test_every_action_of_a_managed_read_is_priced() -> None:
    both = f"{bounded(3)}, noise_management: {{scale: abs-max}}"
    a_plan = plan(dac=both, adc=SMALL)
    controller = Controller(Chip(a_plan, 0))
    rule = chips.tiki_taka(transfer_every=2)
    controller.run(chips.task(rule, chips.images(4, 2, 5), 4))
    prices = chips.prices(a_plan)
    for row in controller.ledger.rows():
        rate = prices.rate(row.component, row.operation, row.action)
        assert rate is None or rate.price > 0
    assert prices.rate("dac", "forward", "mul8") == prices.rate("digital", "forward", "mul8")


def test_wires_that_a_first_order_says_nothing_of_are_refused() -> None:
    with pytest.raises(FitError) as caught:
        plan(array="row_resistance: 2 kOhm, column_resistance: 1 kOhm")
    assert "component 'array': its wires would take" in str(caught.value)


def test_wires_of_cells_that_are_pairs_are_refused() -> None:
    with pytest.raises(FitError, match="IR drop is of cells of one device, and its cells have 2"):
        plan(cell="pcm-pair", array="row_resistance: 1 Ohm, column_resistance: 1 Ohm")


@cache
def preset() -> Plan:
    rule = chips.tiki_taka(transfer_every=2)
    return chips.plan(chips.load("aihwkit-preset-io"), chips.network(64, 2), rule)


def test_the_reference_preset_reads_with_its_resolution_range_and_noise() -> None:
    """Steps of 1/63 and 20/255 and noise 0.1, all times the largest input; against the exact product.

    Rounding is uniform: its variance is a twelfth of the step's square. 4.5 standard errors.
    """
    chip = drawn(preset())
    seat = chip.seats["dense1", "C"]
    weights, _ = seat.crossbar.cells.apparent(seat.region)
    draws = np.random.default_rng(0)
    x = draws.uniform(0, 1, (4000, 64)) * draws.uniform(0.1, 10, (4000, 1))
    largest = np.abs(x).max(axis=1, keepdims=True)
    errors = (passed(chip, x).value - x @ weights) / largest
    expected = 0.1**2 + (20 / 255) ** 2 / 12 + (weights**2).sum(axis=0) / 63**2 / 12
    assert np.abs(errors.mean(axis=0)).max() <= 4.5 * (expected.max() / 4000) ** 0.5
    np.testing.assert_allclose(errors.var(axis=0), expected, rtol=4.5 * (2 / 4000) ** 0.5)


def test_column_reads_of_the_reference_preset_have_the_noise_and_steps_of_its_fixed_scale() -> None:
    chip = drawn(preset())
    chip.randomise("dense1", "A")
    reads = chips.asked(chip, Read("dense1", "A", tuple(range(64)), "row"))
    chips.together(chips.floor(preset()), reads)
    steps = reads.value / (20 / 255)
    assert np.allclose(steps, np.rint(steps), atol=1e-9)
    seat = chip.seats["dense1", "A"]
    errors = reads.value - seat.crossbar.cells.apparent(seat.region)[0]
    expected = 0.1**2 + (20 / 255) ** 2 / 12
    assert errors.var() == pytest.approx(expected, rel=4.5 * (2 / 128) ** 0.5)
