"""Philox against its published answers, and the distributions made of its words."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chipsim.numerics.draws import below, normal, normal_quantile, normal_table, stream, uniform, words

ONES = np.uint64(0xFFFFFFFFFFFFFFFF)
NORMAL = NormalDist()


def test_words_are_the_published_answers() -> None:
    """Known-answer vectors of philox4x32-10, as distributed with Salmon2011's library."""
    assert [int(w) for w in words(np.uint64(0), 0, 0)] == [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]
    assert [int(w) for w in words(ONES, ONES, ONES)] == [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]


def test_streams_differ_by_seed_and_by_every_name() -> None:
    keys = {
        int(stream(seed, *names))
        for seed in range(3)
        for names in ((), ("a",), ("b",), ("a", "b"), ("ab",), ("a", 1))
    }
    assert len(keys) == 18


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**63), st.integers(0, 2**63), st.integers(0, 2**63))
def test_a_draw_depends_on_its_name_and_index_alone(key: int, i: int, j: int) -> None:
    first = uniform(np.uint64(key), np.uint64(i), np.uint64(j))
    normal(np.uint64(key), np.uint64(j), np.uint64(i))
    assert uniform(np.uint64(key), np.uint64(i), np.uint64(j)) == first
    assert 0.0 < first < 1.0


def test_uniform_and_normal_numbers_have_their_moments() -> None:
    key = stream(1, "moments")
    count = 40_000
    flat = np.array([uniform(key, 0, j) for j in range(count)])
    bell = np.array([normal(key, 1, j) for j in range(count)])
    assert flat.mean() == pytest.approx(0.5, abs=4.5 * (1 / 12 / count) ** 0.5)
    assert flat.var() == pytest.approx(1 / 12, abs=4.5 * (1 / 180 / count) ** 0.5)
    assert bell.mean() == pytest.approx(0, abs=4.5 / count**0.5)
    assert bell.var() == pytest.approx(1, abs=4.5 * (2 / count) ** 0.5)
    assert (bell**4).mean() == pytest.approx(3, abs=4.5 * (96 / count) ** 0.5)


@pytest.mark.parametrize("p", [1e-300, 1e-20, 1e-6, 0.001, 0.075, 0.25, 0.5, 0.6, 0.925, 0.999, 1 - 1e-12])
def test_normal_quantile_inverts_the_normal_distribution(p: float) -> None:
    z = normal_quantile(p)
    share = 0.5 * math.erfc(-z / math.sqrt(2))
    assert share == pytest.approx(p, rel=1e-11)


def test_normal_table_holds_the_quantiles_of_equal_shares() -> None:
    table = normal_table()
    for index in (0, 1, 1000, 32768, 65535):
        assert table[index] == np.float32(NORMAL.inv_cdf((index + 0.5) / table.size))
    assert table.astype(np.float64).var() == pytest.approx(1, abs=3e-4)


@pytest.mark.parametrize("n", [1, 2, 7, 1000, 2**32 - 1])
def test_whole_numbers_lie_below_n_and_reach_every_value(n: int) -> None:
    key = stream(3, "below")
    drawn = [int(below(key, 0, j, n)) for j in range(3000)]
    assert min(drawn) >= 0
    assert max(drawn) < n
    if n <= 7:
        counts = np.bincount(drawn, minlength=n)
        error = (3000 / n * (1 - 1 / n)) ** 0.5
        assert np.all(abs(counts - 3000 / n) <= 4.5 * error)
