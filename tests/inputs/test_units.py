from decimal import Decimal
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, ValidationError

from chipsim.inputs import units
from chipsim.inputs.units import DIMENSIONS, Seconds, Share, UnitError, Volts

PREFIXED = [name for name, dimension in DIMENSIONS.items() if dimension.prefixed]
POWERS = {"a": -18, "f": -15, "p": -12, "n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12}


@pytest.mark.parametrize(
    ("text", "dimension", "value"),
    [
        ("25 uS", "conductance", 2.5e-05),
        ("100ns", "time", 1e-07),
        ("1.507e-1 pJ", "energy", 1.507e-13),
        ("10 \N{MICRO SIGN}A", "current", 1e-05),
        ("-0.2 V", "voltage", -0.2),
        ("4.7 k\N{GREEK CAPITAL LETTER OMEGA}", "resistance", 4700.0),
        ("1000 um2", "area", 1e-09),
        ("0.0588 um^2", "area", 5.88e-14),
        ("3 mm\N{SUPERSCRIPT TWO}", "area", 3e-06),
        ("5 m", "length", 5.0),
        ("5 mm", "length", 5e-03),
        ("0.5 pJ/bit", "energy per bit", 5e-13),
        ("97 %", "ratio", 0.97),
        ("97%", "ratio", 0.97),
        ("0.97", "ratio", 0.97),
    ],
)
def test_a_quantity_is_the_float_nearest_to_its_decimal_value(text, dimension, value):
    assert units.parse(text, dimension) == value


@given(
    digits=st.decimals(0, 1000, places=4, allow_nan=False),
    prefix=st.sampled_from(sorted(POWERS)),
    dimension=st.sampled_from(PREFIXED),
)
def test_every_prefix_is_its_power_of_ten_and_squared_in_areas(digits, prefix, dimension):
    described = DIMENSIONS[dimension]
    exact = Decimal(f"{digits}") * Decimal(10) ** (POWERS[prefix] * described.power)
    assert units.parse(f"{digits} {prefix}{described.unit}", dimension) == float(exact)


@given(st.floats(allow_nan=False, allow_infinity=False), st.sampled_from(sorted(DIMENSIONS)))
def test_a_value_written_with_its_unit_is_read_back_to_the_bit(value, dimension):
    assert units.parse(units.format(value, dimension), dimension) == value


@pytest.mark.parametrize(
    ("value", "dimension", "text"),
    [
        (2.5e-05, "conductance", "25 uS"),
        (1e-07, "time", "100 ns"),
        (0.2, "voltage", "200 mV"),
        (0.0, "time", "0 s"),
        (-1.5, "voltage", "-1.5 V"),
        (1e-09, "area", "1000 um2"),
        (5.88e-14, "area", "0.0588 um2"),
        (0.97, "ratio", "0.97"),
        (1e-21, "energy", "0.001 aJ"),
    ],
)
def test_a_value_is_written_with_an_engineering_prefix(value, dimension, text):
    assert units.format(value, dimension) == text


@pytest.mark.parametrize(
    ("text", "dimension", "code", "message"),
    [
        ("100", "time", "E016", "100 is missing its unit; write 100 ns"),
        (
            "25 us",
            "conductance",
            "E017",
            "expected a conductance such as '25 uS', got '25 us', which is a time",
        ),
        ("5 m2", "length", "E017", "expected a length such as '5 um', got '5 m2', which is an area"),
        ("5 NS", "time", "E017", "unknown unit 'NS' in '5 NS'; did you mean 'ns'?"),
        ("fast", "time", "E013", "expected a time such as '100 ns', got 'fast'"),
        ("12:30", "time", "E013", "expected a time such as '100 ns', got '12:30'"),
        ("", "energy", "E013", "expected an energy such as '100 pJ', got ''"),
        ("nan s", "time", "E013", "expected a time such as '100 ns', got 'nan s'"),
        ("1e999 s", "time", "E019", "'1e999 s' is too large a number"),
        ("1 000 s", "time", "E013", "expected a time such as '100 ns', got '1 000 s'"),
        (
            "5 parsec",
            "length",
            "E017",
            "unknown unit 'parsec' in '5 parsec'; "
            "a length is written in am, fm, pm, nm, um, mm, m, km, Mm, Gm, Tm",
        ),
        ("much", "ratio", "E013", "expected a ratio such as 0.5 or '50 %', got 'much'"),
    ],
)
def test_a_text_that_is_no_such_quantity_is_refused_with_the_right_form(text, dimension, code, message):
    with pytest.raises(UnitError) as caught:
        units.parse(text, dimension)
    assert str(caught.value) == message
    assert caught.value.code == code


@given(st.text(max_size=90), st.sampled_from(sorted(DIMENSIONS)))
def test_any_text_is_a_finite_value_or_a_unit_error(text, dimension):
    assert abs(value_or_zero(text, dimension)) < float("inf")


def value_or_zero(text, dimension):
    try:
        return units.parse(text, dimension)
    except UnitError:
        return 0.0


def test_the_dimension_of_a_text_is_that_of_its_unit():
    assert units.dimension_of("25 uS") == "conductance"
    assert units.dimension_of("3 %") == "ratio"
    assert units.dimension_of("3") is None
    assert units.dimension_of("three") is None


class Pulse(BaseModel):
    width: Annotated[Seconds, Field(gt=0)]
    height: Volts = 1.5
    duty: Share = 0.5


def test_a_field_takes_text_with_a_unit_and_from_python_a_plain_si_value():
    assert Pulse(width="100 ns", height="-1 V", duty="25 %") == Pulse(width=1e-07, height=-1.0, duty=0.25)
    assert type(Pulse(width="100 ns").width) is float


def test_a_field_from_a_file_needs_its_unit_but_a_share_does_not():
    with pytest.raises(ValidationError, match="100 is missing its unit; write 100 ns"):
        Pulse.model_validate({"width": 100}, context="from a file")
    assert Pulse.model_validate({"width": "1 s", "duty": 0.1}, context="from a file").duty == 0.1


@pytest.mark.parametrize(
    "bad", [{"width": "0 s"}, {"width": "-1 ns"}, {"width": True}, {"width": None}, {"width": []}]
)
def test_a_field_keeps_its_range_and_type(bad):
    with pytest.raises(ValidationError):
        Pulse.model_validate(bad)


def test_quantities_go_back_to_text_with_units_in_json_mode():
    assert Pulse(width=1e-07).model_dump(mode="json") == {"width": "100 ns", "height": "1.5 V", "duty": 0.5}


def test_the_json_schema_says_what_a_quantity_measures():
    described = Pulse.model_json_schema()["properties"]["height"]
    assert described["description"] == "a voltage with its unit [V]"
    assert described["type"] == "string"
