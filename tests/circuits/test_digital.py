"""The integrator's words and the digital unit's functions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chipsim.circuits.digital_unit import ACTIVATIONS, DigitalUnit
from chipsim.circuits.digital_unit import Parameters as UnitParameters
from chipsim.circuits.integrator import Integrator, Parameters


def words(bits: int = 16, banks: int = 1) -> Integrator:
    found = Integrator(Parameters(type="integrator", bits=bits, range=32.0, access=1e-9, banks=banks))
    found.clear("layer", 4, 2)
    return found


def add(
    found: Integrator,
    values: list[list[float]],
    lines: tuple[int, ...],
    keep: bool = True,
    by_row: bool = True,
):  # type: ignore[no-untyped-def]
    return found.accumulate("layer", lines, by_row, np.array(values), 1.0, keep)[0].tolist()


def test_a_word_crosses_once_and_keeps_the_remainder() -> None:
    found = words()
    assert add(found, [[0.75, -0.5]], (2,)) == [[0, 0]]
    assert add(found, [[0.5, -0.75]], (2,)) == [[1, -1]]
    assert found.value("layer")[2].tolist() == [0.25, -0.25]
    assert add(found, [[2.5, 0.0]], (2,)) == [[1, 0]]
    assert found.value("layer")[2, 0] == 1.75


def test_a_word_can_forget_the_remainder() -> None:
    found = words()
    assert add(found, [[1.5, 0.2]], (0,), keep=False) == [[1, 0]]
    assert found.value("layer")[0].tolist() == [0.0, pytest.approx(0.2, abs=found.unit)]


def test_columns_can_be_the_lines() -> None:
    found = words()
    assert add(found, [[0.1, 1.2, 0.1, -1.2]], (1,), by_row=False) == [[0, 1, 0, -1]]
    assert found.value("layer")[:, 0].tolist() == [0.0] * 4


@pytest.mark.parametrize("value", [40.0, 1e6, 1e300, float("inf")])
def test_words_saturate_at_their_range(value: float) -> None:
    """The largest word is a step short of the range; a threshold beyond it is never crossed."""
    found = words()
    signs, _ = found.accumulate("layer", (0,), True, np.array([[value, -value]]), 100.0, True)
    assert signs.tolist() == [[0, 0]]
    assert found.value("layer")[0].tolist() == [32 - 2**-10, -32 + 2**-10]
    found.accumulate("layer", (0,), True, np.array([[-1.0, 1.0]]), 100.0, True)
    assert found.value("layer")[0].tolist() == [31 - 2**-10, -31 + 2**-10]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(-0.9, 0.9), min_size=1, max_size=40))
def test_what_is_added_is_in_the_word_or_was_written(values: list[float]) -> None:
    """With the remainder kept: sum of rounded values = word + threshold x (up less down crossings)."""
    found = words()
    crossings = sum(add(found, [[value, 0.0]], (1,))[0][0] for value in values)
    whole = sum(round(value / found.unit) for value in values)
    assert found.value("layer")[1, 0] == pytest.approx(whole * found.unit - crossings, abs=1e-9)
    assert abs(found.value("layer")[1, 0]) < 1.0


def test_a_word_crosses_as_often_as_it_holds_the_threshold_up_to_a_limit() -> None:
    found = words()
    values = np.array([[2.5, -3.75]])
    counts, _ = found.accumulate("layer", (0,), True, values, 1.0, True, 0.0, 2)
    assert counts.tolist() == [[2, -2]]
    assert found.value("layer")[0].tolist() == [0.5, -1.75]


@pytest.mark.parametrize(("keep", "left"), [(True, 0.75), (False, 0.375)])
def test_a_share_of_what_a_crossing_takes_can_stay(keep: bool, left: float) -> None:
    """From 1.5: a quarter of the threshold is not taken, or a quarter of all stays."""
    found = words()
    found.accumulate("layer", (0,), True, np.array([[1.5, 0.0]]), 1.0, keep, 0.25)
    assert found.value("layer")[0, 0] == left


def test_kept_words_are_recalled_rounded_to_steps_of_their_full_scale_and_cut_to_it() -> None:
    found = words(bits=8)
    values = np.array([[0.3, -0.3, 5.0, -5.0]])
    assert found.keep("layer", (1,), False, values, 1.0) == (4000, {"h_rmw": 4})
    recalled, work = found.recall("layer", (1,), False, 1.0)
    assert recalled.tolist() == [[38 / 128, -38 / 128, 127 / 128, -127 / 128]]
    assert work == (4000, {"h_rmw": 4})
    assert not found.value("layer")[:, 0].any()


def test_digital_products_add_up_in_the_words_image_by_image() -> None:
    """Words of 8 bits to 2 have steps of 1/64; products are rounded to one, sums cut at the end."""
    found = words(bits=8)
    x, error = np.array([[1.0, 0.5, -0.5, 0.0], [1.0, 0.0, 0.0, 0.0]]), np.array([[0.5, -1.0], [-8.0, 0.02]])
    assert found.add_products("layer", x, error, 0.25, 2.0) == (16_000, {"h_rmw": 16})
    expected = [[2.0 - 0.125, 0.25], [-0.0625, 0.125], [0.0625, -0.125], [0, 0]]
    assert found.value("layer", 2.0).tolist() == expected
    found.add_products("layer", x[1:], error[1:], 0.25, 2.0)
    assert found.value("layer", 2.0)[0, 0] == 2 - 1 / 64


def test_a_digital_product_takes_a_vector_for_each_column() -> None:
    assert unit().products(3, 4, 2) == (3 * 2 * 2000, {"mul8": 24})


def test_clearing_takes_an_access_for_each_word() -> None:
    found = words()
    add(found, [[0.5, 0.5]], (0,))
    assert found.clear("layer", 4, 2) == (8 * 1000, {"h_rmw": 8})
    assert not found.value("layer").any()
    found.clear("other", 1, 1)
    assert found.value("layer").shape == (4, 2)


def test_time_and_accesses_follow_from_words_and_banks() -> None:
    for banks, turns in ((1, 8), (3, 3), (8, 1)):
        _, work = words(banks=banks).accumulate("layer", (0, 1, 2, 3), True, np.zeros((4, 2)), 1.0, True)
        assert work == (turns * 1000, {"h_rmw": 8})


def unit() -> DigitalUnit:
    return DigitalUnit(UnitParameters(type="digital-unit", latency=2e-9))


SUMS = np.random.default_rng(1).normal(size=(6, 5))
FORMULAS = {
    "identity": lambda y: y,
    "relu": lambda y: np.maximum(y, 0),
    "tanh": np.tanh,
    "sigmoid": lambda y: 1 / (1 + np.exp(-y)),
}


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_activations_and_their_slopes(activation: str) -> None:
    values, work = unit().activate(SUMS, activation, 0.5)
    assert np.allclose(values, FORMULAS[activation](0.5 * SUMS), atol=1e-14)
    assert work == (6 * 2000, {"act_fn": 30, "dig_add16": 30})
    behind = np.ones_like(SUMS)
    slopes, _ = unit().slope(behind, values, activation, 1.0)
    h = 1e-6
    finite = (FORMULAS[activation](0.5 * SUMS + h) - FORMULAS[activation](0.5 * SUMS - h)) / (2 * h)
    assert np.allclose(slopes, finite, atol=1e-6)


def test_loss_and_error_are_those_of_softmax_cross_entropy() -> None:
    labels = np.array([0, 1, 2, 3, 4, 0])
    scored, _ = unit().score(SUMS, labels, 4.0)
    shares = np.exp(4 * SUMS) / np.exp(4 * SUMS).sum(axis=1, keepdims=True)
    picked = shares[np.arange(6), labels]
    assert scored.loss == pytest.approx(-np.log(picked).sum())
    assert np.allclose(scored.error, shares - np.eye(5)[labels], atol=1e-14)
    assert scored.correct == int((SUMS.argmax(axis=1) == labels).sum())


def test_error_is_the_slope_of_the_loss_in_the_scaled_outputs() -> None:
    """Central differences of step h are off by about h^2 and by rounding over h."""
    labels, scale, h = np.array([0, 1, 2, 3, 4, 0]), 4.0, 1e-5
    scored, _ = unit().score(SUMS, labels, scale)
    for i, j in np.ndindex(SUMS.shape):
        nudge = np.zeros_like(SUMS)
        nudge[i, j] = h / scale
        above, below = (
            unit().score(SUMS + nudge, labels, scale)[0],
            unit().score(SUMS - nudge, labels, scale)[0],
        )
        assert scored.error[i, j] == pytest.approx((above.loss - below.loss) / (2 * h), abs=1e-8)


def test_errors_of_an_image_sum_to_nothing_and_ignore_a_common_shift() -> None:
    labels = np.array([0, 1, 2, 3, 4, 0])
    scored, actions = unit().score(SUMS, labels, 4.0)
    assert np.allclose(scored.error.sum(axis=1), 0, atol=1e-14)
    assert np.allclose(unit().score(SUMS + 100.0, labels, 4.0)[0].error, scored.error, atol=1e-11)
    assert actions == {"mul8": 30, "dig_add16": 30}


def test_loss_of_hopeless_outputs_stays_finite() -> None:
    scored, _ = unit().score(np.array([[1e6, -1e6]]), np.array([1]), 4.0)
    assert np.isfinite(scored.loss)
