import pytest
from hypothesis import given
from hypothesis import strategies as st

from chipsim.reports.quantities import NOTHING, compact, count, percent, quantity, scale, significant

PREFIXES = {"a": 1e-18, "f": 1e-15, "p": 1e-12, "n": 1e-9, "µ": 1e-6, "m": 1e-3, "": 1.0, "k": 1e3, "M": 1e6}


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (6.5e-6, "J", "6.50 µJ"),
        (0.0637, "s", "63.7 ms"),
        (1.1e-9, "m²", "1,100 µm²"),
        (3.4e-13, "m²", "0.340 µm²"),
        (2e-7, "m²", "0.200 mm²"),
        (999.96e-9, "J", "1.00 µJ"),
        (0.0, "J", "0 J"),
        (100e-9, "s", "100 ns"),
    ],
)
def test_a_quantity_has_three_digits_and_its_prefix(value: float, unit: str, text: str) -> None:
    assert quantity(value, unit).replace("\N{NO-BREAK SPACE}", " ") == text


@given(st.floats(min_value=1e-17, max_value=9e8))
def test_a_quantity_reads_back_within_half_a_unit_of_its_third_digit(value: float) -> None:
    number, unit = quantity(value, "J").split("\N{NO-BREAK SPACE}")
    assert float(number) * PREFIXES[unit.removesuffix("J")] == pytest.approx(value, rel=0.00501)
    assert 1 <= float(number) < 1000


@given(st.floats(min_value=1e-15, max_value=1e9))
def test_a_scale_brings_the_largest_value_of_an_axis_between_one_and_a_thousand(largest: float) -> None:
    assert 1 <= float(f"{largest / scale(largest, 's').factor:.2e}") < 1000


def test_what_nobody_counted_is_not_zero() -> None:
    assert (quantity(None, "J"), count(None), percent(None)) == (NOTHING, NOTHING, NOTHING)


def test_counts_are_written_in_full_and_means_of_counts_with_their_digits() -> None:
    assert (count(602105), count(12.345), count(1234567.8)) == ("602,105", "12.35", "1,234,568")


def test_percentages_have_one_decimal() -> None:
    assert percent(0.9549) == "95.5\N{NO-BREAK SPACE}%"


def test_counts_in_a_map_are_short() -> None:
    assert [compact(value) for value in (7, 999, 37600, 1204210)] == ["7", "999", "37.6k", "1.20M"]


def test_significant_digits_are_those_asked_for() -> None:
    assert [significant(x) for x in (0.00123456, 12.3456, 999.9, 123456)] == [
        "0.00123",
        "12.3",
        "1,000",
        "123,000",
    ]
