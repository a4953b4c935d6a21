"""The interval of a total follows the ranges of its prices, and its causes add up to all of it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chipsim.accounting.uncertainty import DRAWS, Range, Uncertain, compare, drawn

FIGURES = st.floats(1e-15, 1e-3)
RANGES = st.dictionaries(
    st.sampled_from("abcdef"),
    st.builds(
        lambda low, up, down, source: Range(low, low * up, low * up * down, source),
        FIGURES, st.floats(1, 100), st.floats(1, 100), st.sampled_from(("one", "two", "three")),
    ),
    min_size=1,
)  # fmt: skip
FOUR_AND_A_HALF = 4.5  # standard errors: one false alarm in 150,000


def of(**spans: tuple[float, float, float, str]) -> Uncertain:
    return drawn({name: Range(*span) for name, span in spans.items()})


def test_a_single_price_has_the_quantiles_of_its_range() -> None:
    """Log-uniform in each half: the 5th percentile is low x (typical / low)^0.1, and so on up."""
    total = of(adc=(1.0, 4.0, 400.0, "a")).draws
    for u, expected in ((0.05, 4.0**0.1), (0.25, 2.0), (0.5, 4.0), (0.75, 40.0), (0.95, 4.0 * 100.0**0.9)):
        error = math.sqrt(u * (1 - u) / DRAWS)
        low, high = np.quantile(total, [max(u - FOUR_AND_A_HALF * error, 0), u + FOUR_AND_A_HALF * error])
        assert low <= expected <= high


@given(RANGES)
def test_every_draw_lies_between_the_sums_of_the_ends(spans: dict[str, Range]) -> None:
    found = drawn(spans)
    low, high = (sum(getattr(span, end) for span in spans.values()) for end in ("optimistic", "conservative"))
    assert np.all(found.draws >= low * (1 - 1e-9))
    assert np.all(found.draws <= high * (1 + 1e-9))
    assert found.interval.low <= found.interval.median <= found.interval.high


@given(RANGES)
def test_the_causes_of_a_spread_add_up_to_all_of_it(spans: dict[str, Range]) -> None:
    causes = drawn(spans).causes
    assert not causes or sum(cause.share for cause in causes) == pytest.approx(1.0)
    assert [abs(cause.share) for cause in causes] == sorted((abs(c.share) for c in causes), reverse=True)


def test_prices_of_one_source_move_together_and_those_of_two_do_not() -> None:
    together = of(a=(1.0, 2.0, 4.0, "x"), b=(10.0, 20.0, 40.0, "x"))
    apart = of(a=(1.0, 2.0, 4.0, "x"), b=(10.0, 20.0, 40.0, "y"))
    assert np.allclose(together.entries["b"], 10 * together.entries["a"])
    correlation = np.corrcoef(apart.entries["a"], apart.entries["b"])[0, 1]
    assert abs(correlation) < FOUR_AND_A_HALF / math.sqrt(DRAWS)


def test_a_total_of_known_prices_is_certain() -> None:
    sure = of(a=(2.0, 2.0, 2.0, "x"), b=(3.0, 3.0, 3.0, "y"))
    assert tuple(sure.interval) == (5.0, 5.0, 5.0)
    assert sure.causes == ()


def test_a_price_that_may_be_nothing_is_drawn_too() -> None:
    draws = of(a=(0.0, 0.0, 2.0, "x")).draws
    assert np.all(draws[draws > 0] <= 2.0)
    assert np.mean(draws == 0.0) == pytest.approx(0.5, abs=FOUR_AND_A_HALF * 0.5 / math.sqrt(DRAWS))


def test_of_two_runs_that_pay_one_price_the_one_with_fewer_actions_always_wins() -> None:
    """However wide the range is: both pay the same."""
    fewer, more = of(adc=(1.0, 10.0, 100.0, "x")), of(adc=(1.1, 11.0, 110.0, "x"))
    assert compare(fewer, more).share == 1.0
    assert compare(more, fewer).share == 0.0
    assert compare(fewer, fewer).share == 0.5


def test_a_verdict_names_the_price_that_it_hangs_on() -> None:
    one = of(adc=(1.0, 10.0, 100.0, "x"), h=(1.0, 1.1, 1.2, "z"))
    other = of(dac=(1.0, 10.0, 100.0, "y"), h=(1.0, 1.1, 1.2, "z"))
    verdict = compare(one, other)
    assert 0.3 < verdict.share < 0.7
    assert {cause.entry for cause in verdict.causes[:2]} == {"adc", "dac"}
    assert next(cause.share for cause in verdict.causes if cause.entry == "h") == pytest.approx(0.0, abs=1e-9)
