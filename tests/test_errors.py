import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chipsim import errors
from chipsim.errors import (
    CODES,
    ChipsimError,
    DataError,
    Fault,
    FitError,
    InputError,
    PhysicsError,
    Place,
    RunError,
    UsageError,
    nearest,
    suggestion,
)

PACKAGE = Path(errors.__file__).parent


def test_a_fault_reads_as_file_line_column_code_and_sentence_above_its_excerpt():
    place = Place("chip.yaml", 5, 5, "    colums: 4", 6)
    fault = Fault("component 'array': unknown key 'colums'; did you mean 'columns'?", place, "E012")
    assert str(fault) == (
        "chip.yaml:5:5: error[E012]: component 'array': unknown key 'colums'; did you mean 'columns'?\n"
        "   5 |     colums: 4\n"
        "     |     ^^^^^^"
    )


def test_a_fault_of_a_whole_file_names_the_file_alone():
    fault = Fault("there is no such file", Place("chip.yaml"), "E001")
    assert str(fault) == "chip.yaml: error[E001]: there is no such file"


def test_a_fault_without_a_place_is_one_line():
    assert str(Fault("the chip stands still", code="E080")) == "error[E080]: the chip stands still"


def test_a_warning_says_that_it_is_one():
    fault = Fault("component 'bus' takes no part", Place("a.yaml", 2, 1), "W003", "warning")
    assert fault.headline() == "a.yaml:2:1: warning[W003]: component 'bus' takes no part"


def test_an_excerpt_shows_no_control_characters():
    place = Place("a.yaml", 1, 4, "a: \x1b[31mred\tx")
    assert place.drawing() == "   1 | a: \N{REPLACEMENT CHARACTER}[31mred x\n     |    ^"


def test_a_long_line_is_cut_around_the_column():
    place = Place("a.yaml", 1, 501, "x" * 500 + "HERE" + "y" * 500, 4)
    text, carets = place.drawing().splitlines()
    column = carets.index("^")
    assert len(text) < 120
    assert text[column : column + 4] == "HERE"
    assert carets.endswith("^^^^")


@given(
    line=st.integers(1, 99_999),
    column=st.integers(1, 400),
    excerpt=st.text(max_size=300),
    width=st.integers(0, 300),
)
def test_any_excerpt_is_drawn_in_two_printable_lines_with_a_caret(line, column, excerpt, width):
    drawing = Place("a.yaml", line, column, excerpt, width).drawing()
    assert drawing == "" or drawing.split("\n")[1].lstrip(" |").strip("^") == ""
    assert all(part.isprintable() for part in drawing.split("\n"))
    assert not drawing or "^" in drawing


@pytest.mark.parametrize(
    ("kind", "code"),
    [(RunError, 1), (UsageError, 2), (InputError, 3), (FitError, 4), (PhysicsError, 5), (DataError, 6)],
)
def test_each_error_has_the_exit_code_of_the_interface(kind, code):
    assert kind.exit_code == code
    assert issubclass(kind, ChipsimError)
    assert kind("sentence").faults[0].code in CODES


def test_an_error_carries_all_its_faults_and_prints_them_in_order():
    error = InputError(Fault("first", code="E011"), "second")
    assert [fault.message for fault in error.faults] == ["first", "second"]
    assert str(error) == "error[E011]: first\nerror[E000]: second"


def test_a_fault_is_given_to_json_as_plain_values():
    fault = Fault("wrong", Place("a.yaml", 3, 4, "text"), "E013")
    assert fault.as_dict() == {
        "severity": "error",
        "code": "E013",
        "message": "wrong",
        "file": "a.yaml",
        "line": 3,
        "column": 4,
    }
    assert Fault("wrong").as_dict()["file"] is None


def test_the_nearest_word_disregards_case_and_underscores():
    assert nearest("colums", ["rows", "columns"]) == "columns"
    assert nearest("Pulse_Driver", ["pulse-driver", "dac"]) == "pulse-driver"
    assert nearest("xyz", ["rows", "columns"]) is None


def test_a_suggestion_names_the_nearest_choice_or_else_all_of_them():
    assert suggestion("colums", ["rows", "columns"]) == "; did you mean 'columns'?"
    assert suggestion("xyz", ["rows", "columns"]) == "; choose one of rows, columns"
    assert suggestion("xyz", ["rows"]) == "; the only choice is rows"
    assert suggestion("xyz", []) == ""


def test_a_suggestion_from_many_choices_says_how_many_more_there_are():
    names = [f"name-{index:02d}" for index in range(20)]
    assert suggestion("?", names) == f"; choose one of {', '.join(names[:12])} and 8 more"


@given(st.text(max_size=200), st.lists(st.text(max_size=20), max_size=10))
def test_the_nearest_word_is_one_of_the_choices_whatever_their_order(word, choices):
    found = nearest(word, choices)
    assert found is None or found in choices
    assert found == nearest(word, reversed(choices))


def test_every_code_used_in_the_package_is_in_the_catalogue():
    used = {
        code
        for path in PACKAGE.rglob("*.py")
        for code in re.findall(r"[\"']([EW][0-9]{3})[\"']", path.read_text("utf-8"))
    }
    assert "E012" in used
    assert used <= set(CODES)


def test_every_code_is_explained_by_one_sentence():
    assert all(re.fullmatch(r"[A-Z][^\n]*[^.\s]\.", sentence) for sentence in CODES.values())
