"""Ratios of medians and their bootstrap intervals, on data whose answer is known."""

from __future__ import annotations

import math
import random
import statistics
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chipsim.experiments.comparison import images_to_target, medians, ratio

NEVER = math.inf


def record(images: int | None, name: str = "train") -> dict[str, Any]:
    """A record in which the target took some images, each 2 us, 3 nJ and 4 pulses, or was never reached."""
    found = None
    if images is not None:
        found = {
            "accuracy": 0.9, "images": images, "time_s": images * 2e-6, "energy_J": images * 3e-9,
            "pulses": images * 4,
        }  # fmt: skip
    other = {"name": "pretrain", "to_target": None}
    return {"stages": [other, {"name": name, "to_target": found}]}


def test_images_to_target_are_infinite_where_it_was_not_reached() -> None:
    assert images_to_target([record(500), record(None), record(700)], "train") == [500, NEVER, 700]


def test_medians_are_those_of_each_figure() -> None:
    found = medians([record(100), record(900), record(300)], "train")
    assert found == {"images": 300, "time_s": 300 * 2e-6, "energy_J": 300 * 3e-9, "pulses": 1200}


def test_a_median_is_finite_as_long_as_most_arrive() -> None:
    assert medians([record(100), record(None), record(300)], "train")["images"] == 300
    assert medians([record(100), record(None), record(None)], "train")["images"] == NEVER
    # between the last that arrived and the first that did not there is no finite middle
    assert medians([record(100), record(None)], "train")["pulses"] == NEVER


@given(
    fast=st.lists(st.integers(1, 10_000), min_size=1, max_size=9),
    factor=st.sampled_from([0.25, 0.5, 1, 2, 8]),
)
def test_a_constant_factor_is_found_with_no_spread(fast: list[int], factor: float) -> None:
    # each bootstrap draw takes both sides of a seed, so its ratio of medians is the factor too
    assert ratio([factor * value for value in fast], fast) == (factor, factor, factor)


def test_two_seeds_give_the_interval_of_their_own_ratios() -> None:
    # draws of two of two: (a, a) with 1/4, (b, b) with 1/4, both with 1/2: the outer 5 % are a's and b's own
    found = ratio([200, 900], [100, 300])
    assert found.value == (200 + 900) / (100 + 300)
    assert (found.low, found.high) == (200 / 100, 900 / 300)


def test_one_seed_has_no_spread() -> None:
    assert ratio([600], [200]) == (3, 3, 3)


def test_a_side_that_never_arrives_makes_the_ratio_unbounded() -> None:
    assert ratio([NEVER, NEVER, NEVER], [100, 200, 300]) == (NEVER, NEVER, NEVER)
    assert ratio([100, 200, 300], [NEVER, NEVER, NEVER]) == (0, 0, 0)


def test_two_sides_that_never_arrive_cannot_be_compared() -> None:
    assert all(map(math.isnan, ratio([NEVER, NEVER], [NEVER, NEVER])))


def test_a_run_that_never_arrives_counts_as_longer_than_all_that_did() -> None:
    found = ratio([300, 500, NEVER, 400, 600], [100] * 5)
    assert found.value == 5
    assert found.high == 6 or math.isinf(found.high)
    assert found.low >= 3


def test_the_interval_holds_the_true_ratio_of_lognormal_runs_and_narrows_with_seeds() -> None:
    # medians of exp(N(log 3000, 0.4)) and exp(N(log 1500, 0.4)): the true ratio is 2. The standard deviation
    # of a log-ratio of medians of n is about sqrt(2) * 1.2533 * 0.4 / sqrt(n); four of them cover 2 with a
    # false alarm below 1e-4.
    draws = random.Random(3)
    widths = []
    for count in (10, 160):
        slow = [math.exp(draws.gauss(math.log(3000), 0.4)) for _ in range(count)]
        fast = [math.exp(draws.gauss(math.log(1500), 0.4)) for _ in range(count)]
        found = ratio(slow, fast)
        assert found.value == statistics.median(slow) / statistics.median(fast)
        assert abs(math.log(found.value / 2)) < 4 * math.sqrt(2 / count) * 1.2533 * 0.4
        assert found.low <= found.value <= found.high
        widths.append(math.log(found.high / found.low))
        expected = 2 * 1.645 * math.sqrt(2 / count) * 1.2533 * 0.4
        assert widths[-1] == pytest.approx(expected, rel=0.6)
    assert widths[1] < widths[0]


def test_the_same_data_give_the_same_interval() -> None:
    draws = random.Random(5)
    slow, fast = ([draws.expovariate(1e-3) for _ in range(11)] for _ in range(2))
    assert ratio(slow, fast) == ratio(list(slow), list(fast))
