"""Philox against its published answers, and the distributions made of its words.

Statistics are held to 4.5 standard errors: about 130 comparisons in this file, so that a false alarm has a
probability of 1e-3 in all. Every draw is keyed, so that a test that passes once always does.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from chipsim.numerics.draws import (
    below,
    hashed,
    mixed,
    normal,
    normal_quantile,
    normal_table,
    splits,
    stream,
    uniform,
    words,
)
from chipsim.numerics.kernel import kernel

WORD = 2**32
ERRORS = 4.5
COUNT = 40_000
WHOLE = st.integers(0, 2**64 - 1)


@pytest.mark.parametrize(
    ("key", "i", "j", "answer"),
    [
        (0, 0, 0, "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        (2**64 - 1, 2**64 - 1, 2**64 - 1, "408f276d 41c83b0e a20bc7c6 6d5451fd"),
        (
            0x299F31D0_A4093822, 0x85A308D3_243F6A88, 0x03707344_13198A2E,
            "d16cfe09 94fdcceb 5001e420 24126ea1",
        ),
    ],
)  # fmt: skip
def test_words_are_the_published_answers(key: int, i: int, j: int, answer: str) -> None:
    """Known-answer vectors of philox4x32-10 (zeros, ones, digits of pi) of Salmon2011's library."""
    found = words(np.uint64(key), np.uint64(i), np.uint64(j))
    assert " ".join(f"{int(word):08x}" for word in found) == answer


def test_streams_differ_by_seed_and_by_every_name() -> None:
    purposes: tuple[tuple[str | int, ...], ...] = ((), ("a",), ("b",), ("a", "b"), ("ab",), ("a", 1))
    keys = {int(stream(seed, *names)) for seed in range(3) for names in purposes}
    assert len(keys) == 18
    assert stream(3, "a") == stream(3, "a")


@settings(max_examples=100, deadline=None)
@given(WHOLE, st.lists(st.tuples(WHOLE, WHOLE), min_size=2, max_size=5), st.randoms())
def test_a_draw_depends_on_its_name_and_index_alone(
    key: int, indices: list[tuple[int, int]], order: Any
) -> None:
    def draw(index: tuple[int, int]) -> tuple[float, float]:
        i, j = np.uint64(index[0]), np.uint64(index[1])
        return uniform(np.uint64(key), i, j), normal(np.uint64(key), i, j)

    once = {index: draw(index) for index in indices}
    order.shuffle(indices)
    assert {index: draw(index) for index in indices} == once
    assert all(0.0 < share < 1.0 for share, _ in once.values())


def counter_of(key: int, answer: list[int]) -> tuple[int, int]:
    """The counter at which Philox gives an answer: its ten rounds run backwards."""
    first, second = 0xD2511F53, 0xCD9E8D57
    keys = [((key + n * 0x9E3779B9) % WORD, ((key >> 32) + n * 0xBB67AE85) % WORD) for n in range(10)]
    c = answer
    for k0, k1 in reversed(keys):
        c0, c2 = c[3] * pow(first, -1, WORD) % WORD, c[1] * pow(second, -1, WORD) % WORD
        c = [c0, c[0] ^ (c2 * second >> 32) ^ k0, c2, c[2] ^ (c0 * first >> 32) ^ k1]
    return c[0] | c[1] << 32, c[2] | c[3] << 32


@pytest.mark.parametrize(("words_", "share"), [(0, 2.0**-54), (WORD - 1, 1 - 2.0**-53)])
def test_the_smallest_and_the_largest_number_lie_inside_the_interval(words_: int, share: float) -> None:
    """All 53 bits 0, and all of them 1; met once in 10^16 draws, so their counter is computed."""
    i, j = (np.uint64(half) for half in counter_of(0, [words_] * 4))
    assert [int(word) for word in words(np.uint64(0), i, j)] == [words_] * 4
    assert uniform(np.uint64(0), i, j) == share
    assert math.isfinite(normal(np.uint64(0), i, j))


def drawn(function: Any, key: np.uint64, i: int) -> NDArray[np.float64]:
    return np.array([function(key, i, j) for j in range(COUNT)])


def test_uniform_and_normal_numbers_have_their_moments() -> None:
    key = stream(1, "moments")
    flat, bell = drawn(uniform, key, 0), drawn(normal, key, 1)
    assert flat.mean() == pytest.approx(0.5, abs=ERRORS * (1 / 12 / COUNT) ** 0.5)
    assert flat.var() == pytest.approx(1 / 12, abs=ERRORS * (1 / 180 / COUNT) ** 0.5)
    for power, (moment, variance) in enumerate(((0, 1), (1, 2), (0, 15), (3, 96)), start=1):
        error = (variance / COUNT) ** 0.5
        assert (bell**power).mean() == pytest.approx(moment, abs=ERRORS * error), power


def test_uniform_numbers_fill_equal_shares_alike() -> None:
    """Chi-squared of 256 classes has mean 255 and variance 510."""
    counts = np.bincount((drawn(uniform, stream(2, "shares"), 0) * 256).astype(int), minlength=256)
    expected = COUNT / 256
    chi = float(((counts - expected) ** 2 / expected).sum())
    assert chi == pytest.approx(255, abs=ERRORS * 510**0.5)


def test_neighbouring_counters_and_streams_are_uncorrelated() -> None:
    key = stream(1, "neighbours")
    here = drawn(normal, key, 7)
    others = {
        "next draw": np.roll(here, 1),
        "next cell": drawn(normal, key, 8),
        "next key": drawn(normal, key + np.uint64(1), 7),
        "other name": drawn(normal, stream(1, "neighbour"), 7),
    }
    for what, there in others.items():
        assert (here * there).mean() == pytest.approx(0, abs=ERRORS / COUNT**0.5), what


@pytest.mark.parametrize(
    ("p", "z"),
    [(0.25, -0.6744897501960817), (0.001, -3.090232306167814), (1e-20, -9.262340089798408),
     (0.5, 0.0), (0.975, 1.959963984540054)],
)  # fmt: skip
def test_normal_quantiles_are_the_published_ones(p: float, z: float) -> None:
    """The first three are the check values of Wichura1988."""
    assert normal_quantile(p) == pytest.approx(z, rel=1e-15)


@pytest.mark.parametrize("p", [1e-300, 1e-20, 1e-6, 0.001, 0.075, 0.25, 0.5, 0.6, 0.925, 0.999, 1 - 1e-12])
def test_normal_quantile_inverts_the_normal_distribution(p: float) -> None:
    z = normal_quantile(p)
    share = 0.5 * math.erfc(-z / math.sqrt(2))
    assert share == pytest.approx(p, rel=1e-11)


@settings(max_examples=100, deadline=None)
@given(st.floats(0.01, 0.49))
def test_normal_quantiles_are_antisymmetric(q: float) -> None:
    """At 1/2 + q and 1/2 - q, which 1 - p would not hit exactly."""
    low, high = 0.5 - q, 0.5 + q
    if high - 0.5 == 0.5 - low:
        assert normal_quantile(high) == pytest.approx(-normal_quantile(low), rel=1e-13)


def test_normal_table_holds_the_quantiles_of_equal_shares() -> None:
    table = normal_table()
    for index in (0, 1, 1000, 32768, 65535):
        assert table[index] == np.float32(NormalDist().inv_cdf((index + 0.5) / table.size))
    assert np.all(np.diff(table) > 0)
    assert np.array_equal(table, -table[::-1])
    assert table.astype(np.float64).var() == pytest.approx(1, abs=3e-4)


@pytest.mark.parametrize("n", [1, 2, 7, 1000, 2**32 - 1])
def test_whole_numbers_lie_below_n_and_reach_every_value(n: int) -> None:
    key = stream(3, "below")
    numbers = [int(below(key, 0, j, n)) for j in range(3000)]
    assert min(numbers) >= 0
    assert max(numbers) < n
    if n <= 7:
        counts = np.bincount(numbers, minlength=n)
        error = (3000 / n * (1 - 1 / n)) ** 0.5
        assert np.all(abs(counts - 3000 / n) <= ERRORS * error)


# Hashed counters


@kernel
def _fill_hashed(halves: Any, key: Any) -> None:
    for item in range(halves.shape[0]):
        seed, increment = splits(key, item)
        for j in range(halves.shape[1]):
            halves[item, j] = hashed(seed, increment, j) >> np.uint32(16)


def hashed_halves(items: int, count: int, name: str) -> NDArray[np.int64]:
    """The upper 16 bits of words `(items, count)` of hashed counters, which index the normal table."""
    halves = np.empty((items, count), dtype=np.int64)
    _fill_hashed(halves, stream(0, name, "hashed"))
    return halves


def test_the_mix_is_the_published_finaliser() -> None:
    """Worked out here with whole numbers of Python from Appleby2011; 0 stays 0."""
    for word in (0, 1, 2, 0xDEADBEEF, WORD - 1):
        h = (word ^ word >> 16) * 0x85EBCA6B % WORD
        h = (h ^ h >> 13) * 0xC2B2AE35 % WORD
        assert mixed(np.uint32(word)) == h ^ h >> 16


@pytest.mark.parametrize("shape", [(1, 1_000_000), (1_000_000, 1), (1000, 1000)])
def test_hashed_halves_are_uniform_within_a_counter_across_counters_and_together(
    shape: tuple[int, int],
) -> None:
    """Chi-square of 65,536 classes with 65,535 degrees of freedom, taken as normal."""
    halves = hashed_halves(*shape, "uniform").ravel()
    expected = halves.size / 65536
    chi = ((np.bincount(halves, minlength=65536) - expected) ** 2 / expected).sum()
    assert abs(chi - 65535) < ERRORS * math.sqrt(2 * 65535)


def test_hashed_normal_draws_have_the_moments_of_the_normal_distribution() -> None:
    """Mean, variance, skewness and kurtosis; the table itself lacks 2e-4 of variance and 4e-3 of kurtosis."""
    z = normal_table()[hashed_halves(1000, 1000, "moments")].astype(np.float64)
    root = math.sqrt(z.size)
    assert abs(z.mean()) < ERRORS / root
    assert abs(z.var() - 1) < ERRORS * math.sqrt(2) / root + 2e-4
    assert abs((z**3).mean()) < ERRORS * math.sqrt(15) / root
    assert abs((z**4).mean() - 3) < ERRORS * math.sqrt(96) / root + 4e-3


@pytest.mark.parametrize("lag", [1, 2, 3, 8, 64, 512])
def test_hashed_draws_of_neighbours_and_of_successive_pulses_are_not_correlated(lag: int) -> None:
    z = normal_table()[hashed_halves(1024, 1024, "correlation")].astype(np.float64)
    for one, other in ((z[lag:], z[:-lag]), (z[:, lag:], z[:, :-lag]), (z[lag:, lag:], z[:-lag, :-lag])):
        assert abs((one * other).mean()) < ERRORS / math.sqrt(one.size)
        assert abs(((one**2 - 1) * (other**2 - 1)).mean()) < ERRORS * 2 / math.sqrt(one.size)


def test_sums_over_the_pulses_of_a_counter_spread_as_independent_draws_do() -> None:
    """Each counter's sum of n draws has variance n: no counter repeats itself or leans to one side."""
    z = normal_table()[hashed_halves(10_000, 100, "sums")].astype(np.float64)
    for axis, n, count in ((1, 100, 10_000), (0, 10_000, 100)):
        sums = z.sum(axis=axis)
        assert abs(sums.mean()) < ERRORS * math.sqrt(n / count)
        assert abs(sums.var() / n - 1) < ERRORS * math.sqrt(2 / count) + 2e-4


def test_one_bit_of_item_or_number_changes_half_of_the_bits() -> None:
    """Avalanche of the 16 bits that are used, to 4.5 standard errors of 32,000 bits each."""
    key, base = stream(0, "avalanche"), 2000
    for bit in range(11):
        flips = [0, 0]
        for item in range(base):
            whole = int(hashed(*splits(key, item), item)) >> 16
            for which, (i, j) in enumerate(((item ^ 1 << bit, item), (item, item ^ 1 << bit))):
                flips[which] += (whole ^ int(hashed(*splits(key, i), j)) >> 16).bit_count()
        for flipped in flips:
            assert abs(flipped / (16 * base) - 0.5) < ERRORS * 0.5 / math.sqrt(16 * base)
