"""How fast chips converge: on curves whose answer is known in closed form."""

from __future__ import annotations

import math
import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chipsim.experiments.convergence import SHARES, Trace, Versus

END = 10_000


def curve(begin: float, end: float, scale: float, step: int = 100, last: int = END) -> Trace:
    """Accuracy that goes from `begin` to `end` with a time constant of `scale` images."""
    images = tuple(range(0, last + 1, step))
    return Trace(images, tuple(end - (end - begin) * math.exp(-image / scale) for image in images))


def first_image(begin: float, end: float, scale: float, target: float, step: int) -> int:
    """Of the first three evaluations in a row whose mean reaches the target, the last: from the formula.

    The mean of three evaluations of an exponential is the exponential of the last times the mean of
    1, e^(step / scale) and e^(2 step / scale).
    """
    factor = (1 + math.exp(step / scale) + math.exp(2 * step / scale)) / 3
    images = scale * math.log((end - begin) * factor / (end - target))
    return max(2 * step, step * math.ceil(images / step - 1e-9))


@given(
    scale=st.floats(150, 2000), share=st.sampled_from(SHARES), step=st.sampled_from([100, 500]),
    begin=st.floats(0.2, 0.6), end=st.floats(0.85, 1.0),
)  # fmt: skip
def test_images_to_a_target_on_an_exponential_are_those_of_its_formula(
    scale: float, share: float, step: int, begin: float, end: float
) -> None:
    found = curve(begin, end, scale).every(step).images_to(share * end)
    assert found == first_image(begin, end, scale, share * end, step)


def test_the_final_accuracy_is_the_mean_over_the_last_tenth_of_the_images() -> None:
    trace = Trace(
        tuple(range(0, END + 1, 100)), tuple(0.5 if i <= 9000 else 0.9 for i in range(0, END + 1, 100))
    )
    assert trace.final == pytest.approx(0.9)
    rising = Trace((0, 500, 900, 950, 1000), (0.0, 0.5, 0.6, 0.8, 0.9))
    assert rising.final == pytest.approx(0.85)


def test_at_steps_of_500_no_run_takes_less_than_1000_images() -> None:
    flat = Trace(tuple(range(0, END + 1, 100)), (1.0,) * 101)
    assert (flat.images_to(0.9), flat.every(500).images_to(0.9)) == (200, 1000)


def test_a_run_that_never_reaches_the_target_took_longer_than_any() -> None:
    scratch = [curve(0.5, 0.9, 500)] * 5
    other = [curve(0.8, 0.9, 500)] * 2 + [curve(0.5, 0.6, 500)] * 3
    images = Versus(scratch, other).images()[1]
    assert list(map(math.isinf, images)) == [False, False, True, True, True]
    assert Versus(scratch, other).ratio().value == 0.0


def test_the_target_is_a_share_of_what_scratch_reaches_with_the_same_seed() -> None:
    scratch = [curve(0.5, end, 300) for end in (0.8, 0.9, 1.0)]
    targets = Versus(scratch, scratch).targets(0.95)
    assert targets == pytest.approx([0.76, 0.855, 0.95], rel=1e-6)


def test_twice_as_slow_a_scratch_gives_the_ratio_of_the_formulas_in_every_seed() -> None:
    scratch, other = curve(0.5, 0.9, 800), curve(0.5, 0.9, 400)
    found = Versus([scratch] * 9, [other] * 9)
    target = 0.98 * scratch.final
    images = [first_image(0.5, 0.9, scale, target, 100) for scale in (800, 400)]
    expected = images[0] / images[1]
    assert found.ratio() == (expected, expected, expected)
    assert found.single() == [expected] * 9


def test_an_absolute_target_is_the_same_for_all_seeds() -> None:
    scratch, other = [curve(0.5, 0.93, 500)] * 3, [curve(0.5, 0.97, 500)] * 3
    assert math.isinf(Versus(scratch, other).ratio_at(0.94).value)


def test_seeds_in_which_neither_arrives_have_no_ratio_of_their_own() -> None:
    never, soon = curve(0.3, 0.5, 500), curve(0.5, 0.9, 500)
    assert Versus([soon, never], [never, never]).single(share=0.9) == [0.0, 1.0]


@given(scale=st.floats(100, 3000), begin=st.floats(0.2, 0.8), end=st.floats(0.85, 1.0))
def test_the_shortfall_of_an_exponential_is_its_integral(scale: float, begin: float, end: float) -> None:
    """Trapezoids lie above a convex curve's integral by at most step^2 / 12 times its change of slope."""
    integral = (end - begin) * scale * (1 - math.exp(-END / scale))
    most = 100**2 / 12 * (end - begin) / scale
    assert -1e-9 <= curve(begin, end, scale).shortfall(end) - integral <= most + 1e-9


def test_a_thousand_images_ten_points_below_are_a_shortfall_of_a_hundred_and_above_counts_back() -> None:
    images = (0, 1000, 1000, 2000)
    assert Trace(images, (0.8, 0.8, 0.9, 0.9)).shortfall(0.9) == pytest.approx(100)
    assert Trace(images, (0.9, 0.9, 1.0, 1.0)).shortfall(0.9) == pytest.approx(-100)


def test_what_is_saved_has_the_interval_of_its_seeds() -> None:
    """Differences of 1 and 3 with equal chance: draws of two give means of 1, 2, 2 and 3."""
    level = Trace((0, 1000), (0.9, 0.9))
    worse = [Trace((0, 1000), (0.9 - d, 0.9)) for d in (0.002, 0.006)]
    saved = Versus(worse, [level] * 2).saved()
    assert saved.value == pytest.approx(2.0)
    assert (saved.low, saved.high) == (pytest.approx(1.0), pytest.approx(3.0))


def test_coarser_steps_are_taken_from_the_same_curve() -> None:
    fine = curve(0.5, 0.9, 700)
    coarse = fine.every(500)
    assert coarse.images == tuple(range(0, END + 1, 500))
    assert coarse.accuracy == fine.accuracy[::5]
    assert np.all(np.diff(coarse.accuracy) > 0)
    assert statistics.fmean(coarse.accuracy) < fine.final
