"""A digital array computes exactly, and says what it did."""

from __future__ import annotations

import numpy as np
import pytest

from chipsim.circuits.digital_array import DigitalArray, Parameters

NS = 1000  # ps


def array(lanes: int = 4, rows: int = 5, columns: int = 3) -> DigitalArray:
    """An array that holds W, drawn at random, and V, all zero."""
    made = DigitalArray(Parameters(type="digital-array", capacity=100, lanes=lanes, cycle=1e-9))
    for name in ("W", "V"):
        made.hold(name, rows, columns)
    made.randomise("W", 0.5, seed=1, stage="train")
    return made


def vectors(*shape: int) -> np.ndarray:
    return np.random.default_rng(3).normal(size=shape)


def test_products_are_those_of_the_matrix_and_its_transpose() -> None:
    made, x, d = array(), vectors(7, 5), vectors(7, 3)
    w = made.matrices["W"]
    assert made.product("W", x, "row")[0] == pytest.approx(x @ w, abs=1e-14)
    assert made.product("W", d, "column")[0] == pytest.approx(d @ w.T, abs=1e-14)


def test_an_update_adds_the_outer_products_of_its_images() -> None:
    made, x, d = array(), vectors(7, 5), vectors(7, 3)
    before = made.matrices["W"].copy()
    made.update("W", x, d, 0.3)
    assert made.matrices["W"] == pytest.approx(before - 0.3 * x.T @ d, abs=1e-14)


def test_images_together_and_one_by_one_agree_to_the_bit_and_in_work() -> None:
    together, apart, x, d = array(), array(), vectors(7, 5), vectors(7, 3)
    whole = together.update("W", x, d, 0.3)
    each = [apart.update("W", x[i : i + 1], d[i : i + 1], 0.3) for i in range(7)]
    assert np.array_equal(together.matrices["W"], apart.matrices["W"])
    assert whole.duration == sum(work.duration for work in each)
    assert whole.actions["fp_mac"] == sum(work.actions["fp_mac"] for work in each)
    y, whole = together.product("W", x, "row")
    assert np.array_equal(y, np.concatenate([apart.product("W", row[None], "row")[0] for row in x]))


def test_moving_adds_the_velocity_and_keeps_a_share_of_it() -> None:
    made = array()
    before = made.matrices["W"].copy()
    made.matrices["V"][:] = 0.25
    made.move("W", "V", 0.5)
    assert np.array_equal(made.matrices["W"], before + 0.25)
    assert np.all(made.matrices["V"] == 0.125)
    made.clear("V")
    assert not made.matrices["V"].any()


def test_moving_within_a_soft_bound_shrinks_steps_towards_it_and_takes_a_second_cycle() -> None:
    """15 words on 4 lanes are 4 cycles; w + v (1 - w / b) up and w + v (1 + w / b) down, cut at b."""
    made = array()
    w = made.matrices["W"]
    before = w.copy()
    made.matrices["V"][:] = np.where(np.arange(3) < 1, 0.25, -0.25)
    work = made.move("W", "V", 0.0, bound=0.5)
    up, down = before + 0.25 * (1 - before / 0.5), before - 0.25 * (1 + before / 0.5)
    assert w == pytest.approx(np.where(np.arange(3) < 1, up, down), abs=1e-15)
    assert (work.duration, work.actions["fp_mac"]) == (2 * 4 * NS, 30)
    made.matrices["V"][:] = -9.0
    made.move("W", "V", 0.0, bound=0.5)
    assert np.all(w == -0.5)


def test_filling_writes_every_word_once() -> None:
    made, values = array(), vectors(5, 3)
    work = made.fill("W", values)
    assert np.array_equal(made.matrices["W"], values)
    assert (work.duration, dict(work.actions)) == (4 * NS, {"word_write": 15})


def test_each_vector_takes_as_many_cycles_as_the_lanes_need() -> None:
    """15 weights on 4 lanes: 4 cycles of 1 ns a vector."""
    made, x, d = array(), vectors(7, 5), vectors(7, 3)
    words = {"fp_mac": 105, "word_read": 105, "word_write": 0}
    assert made.product("W", x, "row")[1] == (7 * 4 * NS, words)
    assert made.product("W", d, "column")[1] == (7 * 4 * NS, words)
    assert made.update("W", x, d, 1.0) == (7 * 4 * NS, {**words, "word_write": 105})
    assert made.move("W", "V", 0.0) == (4 * NS, {"fp_mac": 15, "word_read": 30, "word_write": 30})
    assert made.clear("V") == (4 * NS, {"word_write": 15})
    assert made.read("W")[1] == (4 * NS, {"word_read": 15})


def test_start_weights_are_uniform_within_their_bound_and_drawn_anew_for_each_stage() -> None:
    """Mean 0 and variance bound^2 / 3, to 5 standard errors (false alarm 1e-6)."""
    made = array(rows=100, columns=100)
    w, bound, n = made.matrices["W"], 0.5, 10_000
    assert np.abs(w).max() <= bound
    assert abs(w.mean()) < 5 * bound / (3 * n) ** 0.5
    assert abs(np.mean(w**2) - bound**2 / 3) < 5 * bound**2 * (4 / 45 / n) ** 0.5
    other = array(rows=100, columns=100)
    assert np.array_equal(w, other.matrices["W"])
    other.randomise("W", 0.5, seed=1, stage="again")
    assert not np.array_equal(w, other.matrices["W"])
