# ruff: noqa: E501 - a text and what is said about it stand on one line
import time
from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, ValidationError, model_validator

from chipsim.errors import Fault, FitError, InputError, Place
from chipsim.inputs.documents import dump, parse
from chipsim.inputs.schema import Faults, Model, Name, fill, resolved
from chipsim.inputs.units import Seconds, Share, Volts


class Adc(Model):
    type: Literal["adc"]
    bits: int = Field(ge=1, le=16)
    conversion: Annotated[Seconds, Field(gt=0)] | None = None


class Bus(Model):
    type: Literal["bus"]
    width: int


class Layer(Model):
    inputs: int = Field(alias="in", ge=1)
    classes: tuple[int, int] = (0, 1)


class Chip(Model):
    name: Name
    parts: dict[Name, Annotated[Adc | Bus, Field(discriminator="type")]] = Field(default_factory=dict)
    layers: tuple[Layer, ...] = Field(default=(), max_length=2)
    count: Annotated[int, Field(ge=1)] | Literal["as needed"] = 1
    reference: Literal["ideal", "column", "pair"] = "ideal"
    target: Share = 0.9
    voltage: Volts = 0.2
    delay: Seconds | Literal["measured"] = "measured"
    level: Literal[1, 2] = 1
    flag: bool = False
    low: float = 0.0
    high: float = 1.0

    @model_validator(mode="after")
    def _ordered(self) -> "Chip":
        if self.low > self.high:
            raise ValueError("low lies above high; exchange them")
        return self


GOOD = """\
name: tiny
parts:
  adc: {type: adc, bits: 9, conversion: 10 ns}
  bus: {type: bus, width: 64}
layers: [{in: 8}, {in: 4, classes: [2, 3]}]
count: as needed
target: 97 %
voltage: 100 mV
delay: 5 ns
"""


def complaints(text, label=""):
    """Return the headlines of all faults of a chip's text."""
    with pytest.raises(InputError) as caught:
        fill(Chip, parse(text, "chip.yaml"), label=label)
    return [fault.headline() for fault in caught.value.faults]


# filling


def test_a_good_file_fills_a_frozen_model_with_si_values():
    chip = fill(Chip, parse(GOOD, "chip.yaml"))
    assert chip.parts["adc"] == Adc(type="adc", bits=9, conversion=1e-08)
    assert chip.layers[1].classes == (2, 3)
    assert (chip.count, chip.target, chip.voltage, chip.delay) == ("as needed", 0.97, 0.1, 5e-09)
    with pytest.raises(ValidationError):
        chip.name = "other"


def test_a_part_of_a_file_is_filled_by_its_path():
    adc = fill(Adc, parse(GOOD, "chip.yaml"), ("parts", "adc"), "component 'adc'")
    assert adc.bits == 9


def test_a_model_goes_back_to_text_that_fills_the_same_model():
    chip = fill(Chip, parse(GOOD, "chip.yaml"))
    assert resolved(chip)["parts"]["adc"] == {"type": "adc", "bits": 9, "conversion": "10 ns"}
    assert fill(Chip, parse(dump(resolved(chip)), "again.yaml")) == chip


@given(
    conversion=st.floats(min_value=1e-30, max_value=1e30),
    voltage=st.floats(-1e30, 1e30),
    target=st.floats(0, 1),
)
def test_any_quantity_survives_being_written_and_read(conversion, voltage, target):
    adc = Adc(type="adc", bits=8, conversion=conversion)
    chip = Chip(name="x", parts={"adc": adc}, voltage=voltage, target=target)
    assert fill(Chip, parse(dump(resolved(chip)), "again.yaml")) == chip


# faults


@pytest.mark.parametrize(
    ("line", "headline"),
    [
        ("nme: x", "chip.yaml:2:1: error[E012]: unknown key 'nme'; did you mean 'name'?"),
        ("parts: {a: {type: adc, bits: 8.5}}", "chip.yaml:2:30: error[E013]: parts.a.bits: expected a whole number, got 8.5"),
        ("parts: {a: {type: adc, bits: '8'}}", "chip.yaml:2:30: error[E013]: parts.a.bits: expected a whole number, got '8'"),
        ("parts: {a: {type: adc, bits: true}}", "chip.yaml:2:30: error[E013]: parts.a.bits: expected a whole number, got true"),
        ("parts: {a: {type: adc, bits: }}", "chip.yaml:2:30: error[E013]: parts.a.bits: expected a whole number, got nothing"),
        ("parts: {a: {type: adc, bits: 99}}", "chip.yaml:2:30: error[E014]: parts.a.bits: expected at most 16, got 99"),
        ("parts: {a: {type: adc}}", "chip.yaml:2:9: error[E011]: parts.a: missing key 'bits'"),
        ("parts: {a: {bits: 8}}", "chip.yaml:2:9: error[E011]: parts.a: missing key 'type'"),
        ("parts: {a: {type: acd, bits: 8}}", "chip.yaml:2:19: error[E015]: parts.a.type: unknown value 'acd'; did you mean 'adc'?"),
        ("parts: {a: {type: adc, bitz: 8}}", "chip.yaml:2:24: error[E012]: parts.a: unknown key 'bitz'; did you mean 'bits'?"),
        ("parts: {a: 5}", "chip.yaml:2:12: error[E013]: parts.a: expected keys and values, got 5"),
        ("parts: [a]", "chip.yaml:2:8: error[E013]: parts: expected keys and values, got a list"),
        ("parts: {a: {type: adc, bits: 8, conversion: 10}}", "chip.yaml:2:45: error[E016]: parts.a.conversion: 10 is missing its unit; write 10 ns"),
        ("parts: {a: {type: adc, bits: 8, conversion: 10 V}}", "chip.yaml:2:45: error[E017]: parts.a.conversion: expected a time such as '10 ns', got '10 V', which is a voltage"),
        ("parts: {a: {type: adc, bits: 8, conversion: 0 s}}", "chip.yaml:2:45: error[E014]: parts.a.conversion: expected more than 0 s, got '0 s'"),
        ("parts: {a: {type: adc, bits: 8, conversion: [1]}}", "chip.yaml:2:45: error[E013]: parts.a.conversion: expected a time such as '100 ns', got a list"),
        ("layers: 3", "chip.yaml:2:9: error[E013]: layers: expected a list, got 3"),
        ("layers: [{in: 1}, {in: 1}, {in: 1}]", "chip.yaml:2:9: error[E014]: layers: expected at most 2 items, got 3"),
        ("layers: [{in: 1, classes: [1]}]", "chip.yaml:2:27: error[E014]: layers.0.classes: item 2 is missing"),
        ("layers: [{in: 0}]", "chip.yaml:2:15: error[E014]: layers.0.in: expected at least 1, got 0"),
        ("count: eight", "chip.yaml:2:8: error[E013]: count: expected a whole number or 'as needed', got 'eight'"),
        ("count: 0", "chip.yaml:2:8: error[E014]: count: expected at least 1 or 'as needed', got 0"),
        ("reference: colum", "chip.yaml:2:12: error[E015]: reference: unknown value 'colum'; did you mean 'column'?"),
        ("reference: 4", "chip.yaml:2:12: error[E013]: reference: expected one of ideal, column, pair, got 4"),
        ("target: 150 %", "chip.yaml:2:9: error[E014]: target: expected at most 100 %, got '150 %'"),
        ("target: 97", "chip.yaml:2:9: error[E014]: target: expected at most 1, got 97"),
        ("delay: mesured", "chip.yaml:2:8: error[E013]: delay: expected a time such as '100 ns' or 'measured', got 'mesured'"),
        ("level: 3", "chip.yaml:2:8: error[E013]: level: expected 1 or 2, got 3"),
        ("flag: yes", "chip.yaml:2:7: error[E013]: flag: expected true or false, got 'yes'"),
        ("low: 2", "chip.yaml:1:1: error[E020]: low lies above high; exchange them"),
        ("zebra: 2", "chip.yaml:2:1: error[E012]: unknown key 'zebra'; choose one of name, parts, layers, count, reference, target, voltage, delay, level, flag, low, high"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_one_sentence_at_its_place(line, headline):
    assert complaints(f"name: x\n{line}\n") == [headline]


def test_all_faults_come_at_once_in_the_order_of_lines():
    found = complaints("name: x\ncount: 0\nparts: {a: {type: adc, bits: 0}, b: {type: bs}}\nzebra: 1\n")
    assert [fault.split(": ")[0] for fault in found] == [
        "chip.yaml:2:8",
        "chip.yaml:3:30",
        "chip.yaml:3:44",
        "chip.yaml:4:1",
    ]


def test_a_misspelt_key_is_not_also_called_missing():
    assert complaints("nam: x\n") == ["chip.yaml:1:1: error[E012]: unknown key 'nam'; did you mean 'name'?"]


def test_a_wrong_name_is_shown_at_the_key():
    assert complaints("name: x\nparts: {'a b': {type: bus, width: 1}}\n") == [
        "chip.yaml:2:9: error[E018]: parts: 'a b' is not a name; use letters, digits and -_. only, "
        "at most 64 of them, and begin with a letter or digit"
    ]


def test_a_label_stands_before_the_path():
    assert complaints("name: x\ncount: 0\n", "chip 'x'") == [
        "chip.yaml:2:8: error[E014]: chip 'x': count: expected at least 1 or 'as needed', got 0"
    ]


def test_list_items_with_a_name_are_called_by_it():
    class Stage(Model):
        name: str
        images: int

    class Work(Model):
        stages: tuple[Stage, ...]

    document = parse("stages:\n  - {name: finetune, images: x}\n", "w.yaml")
    with pytest.raises(InputError, match=r"stages\.finetune\.images: expected a whole number, got 'x'"):
        fill(Work, document)


def test_one_rule_under_two_aliases_is_faulted_at_its_text():
    class Work(Model):
        one: Adc
        two: Adc

    with pytest.raises(InputError) as caught:
        fill(Work, parse("one: &a {type: adc, bits: x}\ntwo: *a\n", "w.yaml"))
    assert [fault.headline() for fault in caught.value.faults] == [
        "w.yaml:1:27: error[E013]: one.bits: expected a whole number, got 'x'",
        "w.yaml:1:27: error[E013]: two.bits: expected a whole number, got 'x'",
    ]


def test_a_part_that_the_file_does_not_have_is_missing():
    with pytest.raises(InputError) as caught:
        fill(Adc, parse(GOOD, "chip.yaml"), ("parts", "dac"), "component 'dac'")
    assert (
        caught.value.faults[0].headline() == "chip.yaml:2:1: error[E011]: component 'dac': missing key 'dac'"
    )


def test_a_fault_of_an_override_is_placed_in_the_override():
    document = parse(GOOD, "chip.yaml").with_value("parts.adc.bits", "99")
    with pytest.raises(InputError) as caught:
        fill(Chip, document)
    assert str(caught.value) == (
        "--set:1:16: error[E014]: parts.adc.bits: expected at most 16, got 99\n"
        "   1 | parts.adc.bits=99\n"
        "     |                ^^"
    )


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-5, 5) | st.floats(-5, 5) | st.text("ab %ns.", max_size=5),
        lambda below: (
            st.lists(below, max_size=3)
            | st.dictionaries(
                st.sampled_from(["name", "parts", "type", "bits", "in", "x"]), below, max_size=3
            )
        ),
        max_leaves=10,
    ),
    st.sampled_from(["parts", "layers", "count", "reference", "target", "delay", "name"]),
)
def test_any_value_fills_or_is_faulted_in_one_line_sentences(value, key):
    document = parse(dump({"name": "x", key: value}), "chip.yaml")
    faults = faults_of(document)
    assert all(fault.place and fault.place.line > 0 for fault in faults)
    assert all(fault.message[:1].islower() or fault.message[:1] in "'-0123456789" for fault in faults)


def faults_of(document):
    try:
        fill(Chip, document)
    except InputError as error:
        return error.faults
    return ()


# models


def test_lists_in_a_model_are_tuples():
    with pytest.raises(
        TypeError, match=r"Wrong\.items: write tuple\[\.\.\., \.\.\.\] in place of list\[\.\.\.\]"
    ):

        class Wrong(Model):
            items: list[int]


def test_a_model_refuses_what_is_not_a_number_from_python_too():
    with pytest.raises(ValidationError):
        Chip(name="x", low=float("nan"))


# gathering


def test_faults_of_several_parts_are_raised_once_in_the_order_of_lines():
    document = parse("b: {type: adc}\na: {type: adc, bits: 0}\n", "w.yaml")
    faults = Faults()
    for name in ("a", "b", "a"):
        with faults.gather():
            fill(Adc, document, (name,), f"component '{name}'")
    with pytest.raises(InputError) as caught:
        faults.raise_if_any()
    assert [fault.headline() for fault in caught.value.faults] == [
        "w.yaml:1:1: error[E011]: component 'b': missing key 'bits'",
        "w.yaml:2:22: error[E014]: component 'a': bits: expected at least 1, got 0",
    ]


def test_warnings_alone_raise_nothing():
    faults = Faults()
    faults.add(Fault("seldom", Place("a.yaml", 1, 1), "W000", "warning"))
    faults.raise_if_any()
    assert len(faults.found) == 1


def test_errors_that_are_no_fault_of_the_input_pass_through():
    faults = Faults()
    with pytest.raises(FitError), faults.gather():
        raise FitError("too small")
    faults.add(FitError("too small"))
    assert faults.found[0].message == "too small"


def test_a_file_of_sixty_lines_is_parsed_and_filled_in_ten_milliseconds():
    lines = "".join(f"  part{n}: {{type: adc, bits: 9, conversion: 10 ns}}\n" for n in range(58))
    text = f"name: x\nparts:\n{lines}"
    times = []
    for _ in range(5):
        started = time.perf_counter()
        fill(Chip, parse(text, "chip.yaml"))
        times.append(time.perf_counter() - started)
    assert min(times) < 0.010
