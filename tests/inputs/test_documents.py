# ruff: noqa: E501 - a text and what is said about it stand on one line
import os
import subprocess
import sys
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chipsim.errors import InputError
from chipsim.inputs import documents
from chipsim.inputs.documents import MAX_BYTES, dump, is_name, parse, read

CHIP = """\
format: chipsim-architecture/1
costs: {table: analog-14nm, corner: typical}
components:
  dac: {type: dac, bits: 7, lanes: 8}  # magnitude bits
  adc:
    type: adc
    bits: 9
links:
  - controller -> dac
stages:
  - {name: pretrain, rule: &rule {type: ttv2, every: 10}}
  - {name: finetune, rule: *rule}
"""

NAMES = st.text("abcdefghijklmnopqrstuvwxyz-_0123456789", min_size=1, max_size=8)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63) + 1, 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=20)
    | st.sampled_from(
        ["on", "yes", "no", "12:30", "1e-9", ".5", "0x1f", "0o17", ".inf", "~", "null", "<<", "- a", "#"]
    )
)
VALUES = st.recursive(
    SCALARS,
    lambda below: st.lists(below, max_size=3) | st.dictionaries(NAMES, below, max_size=3),
    max_leaves=12,
)


def complaint(text):
    """Return the headlines of all faults of a text."""
    with pytest.raises(InputError) as caught:
        parse(text, "chip.yaml")
    return [fault.headline() for fault in caught.value.faults]


def outcome(call):
    """Return what a call returns, and the faults that it raises instead."""
    try:
        return call(), ()
    except InputError as error:
        return None, error.faults


# values


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-9", 1e-9),
        ("+.5", 0.5),
        ("3.", 3.0),
        ("0x1F", 31),
        ("0o17", 15),
        ("-12", -12),
        ("true", True),
        ("~", None),
        ("", None),
        ("on", "on"),
        ("yes", "yes"),
        ("n", "n"),
        ("12:30", "12:30"),
        ("1_000", "1_000"),
        ("2024-01-31", "2024-01-31"),
        ("100 ns", "100 ns"),
        ("97 % of linear", "97 % of linear"),
        ("'7'", "7"),
        ('"1e-9"', "1e-9"),
        ("|\n  text", "text"),
    ],
)
def test_plain_values_follow_yaml_1_2(text, value):
    found = parse(f"a: {text}", "a.yaml").data["a"]
    assert (found, type(found)) == (value, type(value))


def test_an_alias_stands_for_the_values_of_its_anchor():
    data = parse(CHIP, "chip.yaml").data
    assert data["stages"][1]["rule"] == {"type": "ttv2", "every": 10}
    assert data["stages"][1]["rule"] is not data["stages"][0]["rule"]


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(NAMES, VALUES, min_size=1, max_size=4))
def test_dumped_values_are_read_back_the_same(data):
    data = {key: value for key, value in data.items() if key not in ("null", "true", "false")} or {"a": 1}
    document = parse(dump({f"k{key}": value for key, value in data.items()}), "a.yaml")
    assert document.dump() == dump(document.data)
    assert list(document.data.values()) == list(data.values())


@settings(max_examples=300)
@given(st.text(alphabet=st.sampled_from("ab1.:-,[]{}#&*!|>'\"%@`? \n\t~<=\x00é"), max_size=60))
def test_any_text_is_a_document_or_an_input_error_with_printable_headlines(text):
    document, faults = outcome(lambda: parse(text, "a.yaml"))
    assert document is None or isinstance(document.data, dict)
    assert all(fault.headline().isprintable() for fault in faults)
    assert all(fault.place is not None for fault in faults)
    assert document is not None or faults


# places


@pytest.mark.parametrize(
    ("path", "line", "meant"),
    [
        (("components", "dac", "bits"), 4, "7"),
        (("components", "dac"), 4, "{type: dac, bits: 7, lanes: 8}"),
        (("components", "adc", "bits"), 7, "9"),
        (("links", 0), 9, "controller -> dac"),
        (("stages", 1, "rule"), 12, "*rule"),
        (("stages", 1, "rule", "every"), 11, "10"),
        (("stages", 0, "rule"), 11, "{type: ttv2, every: 10}"),
    ],
)
def test_a_value_knows_its_line_column_and_width(path, line, meant):
    column = CHIP.splitlines()[line - 1].index(meant) + 1
    place = parse(CHIP, "chip.yaml").place(path)
    assert (place.file, place.line, place.column) == ("chip.yaml", line, column)
    assert place.excerpt[column - 1 : column - 1 + place.width] == meant


def test_a_key_knows_its_place():
    place = parse(CHIP, "chip.yaml").key_place(("components", "adc", "bits"))
    assert (place.line, place.column, place.width) == (7, 5, 4)


def test_what_is_absent_has_the_place_of_what_is_around_it():
    document = parse(CHIP, "chip.yaml")
    assert document.place(("components", "dac", "conversion")) == document.place(("components", "dac"))
    assert document.key_place(("components", "dac", "conversion")) == document.key_place(
        ("components", "dac")
    )
    assert document.place(("nothing",)).line == 1


@given(st.integers(0, 20), st.text("ab \N{GREEK SMALL LETTER MU}\N{GRINNING FACE}", max_size=10))
def test_columns_count_characters_not_bytes(indent, comment):
    text = f"# {comment}\na:\n{' ' * (indent + 1)}'{comment}': 5\n"
    place = parse(text, "a.yaml").place(("a", comment))
    assert place.excerpt[place.column - 1] == "5"


# what a file may not hold


@pytest.mark.parametrize(
    ("text", "headline"),
    [
        ("", "chip.yaml: error[E005]: the file is empty; it must hold keys and values"),
        ("# only a comment\n", "chip.yaml: error[E005]: the file is empty; it must hold keys and values"),
        ("- a\n", "chip.yaml:1:1: error[E007]: the file holds a list; it must hold keys and values"),
        ("text\n", "chip.yaml:1:1: error[E007]: the file holds a single value; it must hold keys and values"),
        ("a: 1\n---\nb: 2\n", "chip.yaml:2:1: error[E006]: the file holds more than one document; remove this '---'"),
        ("a: 1\na: 2\n", "chip.yaml:2:1: error[E010]: key 'a' stands twice; it is first given in line 1"),
        ("a: !!python/name:os.system x\n", "chip.yaml:1:4: error[E009]: tag '!!python/name:os.system' is not allowed; write the plain value"),
        ("a: &b !x 1\n", "chip.yaml:1:7: error[E009]: tag '!x' is not allowed; write the plain value"),
        ("a: {<<: {b: 1}}\n", "chip.yaml:1:5: error[E009]: merge keys ('<<') are not read; write the keys out"),
        ("a: .nan\n", "chip.yaml:1:4: error[E019]: '.nan' is not a finite number"),
        ("a: -.inf\n", "chip.yaml:1:4: error[E019]: '-.inf' is not a finite number"),
        ("a: 1e999\n", "chip.yaml:1:4: error[E019]: '1e999' is not a finite number"),
        ("a: 9223372036854775808\n", "chip.yaml:1:4: error[E014]: a whole number may be at most 9223372036854775807"),
        ("1: a\n", "chip.yaml:1:1: error[E023]: key '1' is not plain text; put it in quotes or use a name"),
        ("? [a]\n: b\n", "chip.yaml:1:3: error[E023]: key of keys and values or a list is not plain text; put it in quotes or use a name"),
        ("a: &one 1\nb: *on\n", "chip.yaml:2:4: error[E022]: alias '*on' has no anchor above it; did you mean '*one'?"),
        ("a: &b [*b]\n", "chip.yaml:1:8: error[E022]: alias '*b' stands inside its own anchor"),
        ("a: \x07\n", "chip.yaml:1:4: error[E003]: this is not plain text: it holds the control character U+0007"),
    ],
)  # fmt: skip
def test_what_a_file_may_not_hold_is_one_sentence_at_its_place(text, headline):
    assert complaint(text) == [headline]


@pytest.mark.parametrize(
    ("text", "headline"),
    [
        ("a: [1, 2\nb: 3\n", "chip.yaml:1:4: error[E008]: this '[' is not closed; ',' or ']' is missing"),
        ("a: {b: 1\n", "chip.yaml:1:4: error[E008]: this '{' is not closed; ',' or '}' is missing"),
        ("a: 'text\n", "chip.yaml:1:4: error[E008]: this quote is not closed"),
        ("a:\n\tb: 1\n", "chip.yaml:2:1: error[E008]: a tab indents this line; YAML is indented by spaces"),
        ("a: @b\n", "chip.yaml:1:4: error[E008]: a value may not begin with '@'; put it in quotes"),
        ("a: b: c\n", "chip.yaml:1:5: error[E008]: a second ': ' stands in this line; put text that holds ': ' in quotes"),
        ("a: 1\n b: 2\n", "chip.yaml:2:3: error[E008]: a key cannot stand here; check the indentation, and the line above for a missing ': '"),
        ("a:\n  b: 1\n c: 2\n", "chip.yaml:3:2: error[E008]: this line does not fit to the lines above; check its indentation"),
        ("- a\nb: 1\n", "chip.yaml:2:1: error[E008]: the list that begins in line 1 goes on here without '- '"),
        (" a: 1\nb: 2\n", "chip.yaml:2:1: error[E008]: this line does not belong to the keys above; check its indentation"),
    ],
)  # fmt: skip
def test_broken_yaml_is_explained_where_it_breaks(text, headline):
    assert complaint(text) == [headline]


def test_all_faults_of_a_file_come_at_once_also_before_a_syntax_error():
    faults = complaint("a: 1\na: 2\nb: !x 3\nc: .inf\nd: [\n")
    assert [fault.split(" ")[1] for fault in faults] == [
        "error[E010]:",
        "error[E009]:",
        "error[E019]:",
        "error[E008]:",
    ]


# absurd sizes


def test_a_text_over_the_limit_is_not_parsed():
    expected = f"the file has {MAX_BYTES + 2} bytes; an input file may have at most {MAX_BYTES}"
    assert complaint("a: " + "x" * (MAX_BYTES - 1)) == [f"chip.yaml: error[E004]: {expected}"]


def test_the_limit_counts_bytes():
    assert "error[E004]" in complaint("a: " + "é" * (MAX_BYTES // 2))[0]
    assert parse("a: " + "é" * (MAX_BYTES // 2 - 2), "a.yaml").data["a"][0] == "é"


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? "])
@pytest.mark.parametrize("depth", [70, 5_000, 60_000])
def test_deep_nesting_is_refused(opening, depth):
    text = (opening * depth)[:MAX_BYTES]
    started = time.perf_counter()
    faults = complaint(text)
    assert time.perf_counter() - started < 1
    assert [fault.split(": ", 2)[1:] for fault in faults] == [
        ["error[E021]", "values are nested more than 64 deep"]
    ]


def test_nesting_through_aliases_counts():
    lines = ["a0: &a0 [1]"] + [f"a{index}: &a{index} [*a{index - 1}]" for index in range(1, 80)]
    assert complaint("\n".join(lines))[0].endswith("error[E021]: values are nested more than 64 deep")


def test_an_alias_bomb_is_refused_before_it_is_built():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    started = time.perf_counter()
    faults = complaint("\n".join(lines))
    assert time.perf_counter() - started < 1
    assert len(faults) == 1
    assert faults[0].endswith("error[E021]: the file holds more than 100000 values, aliases counted")


def test_a_large_number_of_keys_within_the_limits_is_read_in_a_second():
    text = "\n".join(f"k{index}: {index % 10}" for index in range(25_000))
    started = time.perf_counter()
    assert len(parse(text, "a.yaml").data) == 25_000
    assert time.perf_counter() - started < 3


# files


def refusal(path):
    with pytest.raises(InputError) as caught:
        read(path)
    assert len(caught.value.faults) == 1
    return caught.value.faults[0].headline()


def test_a_file_is_read_with_or_without_a_byte_order_mark(tmp_path):
    path = tmp_path / "chip.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + CHIP.encode())
    assert read(path).data == parse(CHIP, "x").data
    assert read(path).place(("costs",)).file == str(path)


def test_windows_line_ends_are_line_ends(tmp_path):
    path = tmp_path / "chip.yaml"
    path.write_bytes(CHIP.replace("\n", "\r\n").encode())
    place = read(path).place(("components", "adc", "bits"))
    assert (place.line, place.excerpt) == (7, "    bits: 9")


def test_a_missing_file_is_answered_with_the_nearest_one(tmp_path):
    (tmp_path / "chip.yaml").write_text("a: 1")
    (tmp_path / "work.yaml").write_text("a: 1")
    path = tmp_path / "chp.yaml"
    assert refusal(path) == f"{path}: error[E001]: there is no such file; did you mean 'chip.yaml'?"
    below = tmp_path / "chip.yaml" / "x.yaml"
    assert refusal(below) == f"{below}: error[E001]: there is no such file"


def test_a_folder_is_not_a_file(tmp_path):
    assert refusal(tmp_path) == f"{tmp_path}: error[E002]: this is a folder, not a file"
    (tmp_path / "chip.yaml").write_text("a: 1")
    assert refusal(tmp_path) == f"{tmp_path}: error[E002]: this is a folder, not a file; it holds chip.yaml"


def test_a_device_is_not_read(tmp_path):
    path = tmp_path / "pipe.yaml"
    os.mkfifo(path)
    assert refusal(path) == f"{path}: error[E002]: this is not a regular file"


def test_an_unreadable_file_is_said_to_be_so(tmp_path, monkeypatch):
    path = tmp_path / "chip.yaml"
    path.write_text("a: 1")
    path.chmod(0)
    if os.access(path, os.R_OK):
        monkeypatch.setattr(
            type(path), "open", lambda *_: (_ for _ in ()).throw(PermissionError(13, "Permission denied"))
        )
    assert refusal(path) == f"{path}: error[E002]: this file cannot be read: permission denied"


def test_an_impossible_file_name_is_no_traceback(tmp_path):
    assert "error[E001]" in refusal(tmp_path / "a\0b.yaml")
    assert "error[E002]: this file cannot be read: file name too long" in refusal(tmp_path / ("x" * 5000))


def test_a_file_over_the_limit_is_not_opened(tmp_path):
    path = tmp_path / "big.yaml"
    path.write_bytes(b"a" * (MAX_BYTES + 1))
    expected = f"the file has {MAX_BYTES + 1} bytes; an input file may have at most {MAX_BYTES}"
    assert refusal(path) == f"{path}: error[E004]: {expected}"


def test_a_binary_file_is_said_to_be_no_text(tmp_path):
    path = tmp_path / "image.yaml"
    path.write_bytes(b"a: 1\n\x89PNG\r\n\x1a\n")
    assert refusal(path) == f"{path}:2:1: error[E003]: this is not UTF-8 text: byte 0x89 cannot stand here"
    path.write_bytes(b"\xff\xfea\0:\0")
    assert refusal(path) == f"{path}: error[E003]: the file is UTF-16 text; save it as UTF-8"
    path.write_bytes(b"\0\0\0")
    assert "error[E003]: this is not plain text: it holds the control character U+0000" in refusal(path)


@given(raw=st.binary(max_size=100))
def test_any_bytes_are_a_document_or_an_input_error(tmp_path_factory, raw):
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_bytes(raw)
    document, faults = outcome(lambda: read(path))
    assert (document is None) == bool(faults)


# overrides


def with_value(path, value):
    return parse(CHIP, "chip.yaml").with_value(path, value)


@pytest.mark.parametrize(
    ("path", "value", "where", "expected"),
    [
        ("components.adc.bits", "6", ("components", "adc", "bits"), 6),
        ("components.adc.conversion", "10 ns", ("components", "adc", "conversion"), "10 ns"),
        ("stages.finetune.rule.every", "5", ("stages", 1, "rule", "every"), 5),
        ("stages.0.rule", "{type: sgd}", ("stages", 0, "rule"), {"type": "sgd"}),
        ("costs.adc_conv.energy", "2 pJ", ("costs", "adc_conv", "energy"), "2 pJ"),
        ("links", "[a -> b, b -> c]", ("links",), ["a -> b", "b -> c"]),
        ("components.dac", "", ("components", "dac"), None),
    ],
)
def test_a_value_is_set_by_its_path(path, value, where, expected):
    document = with_value(path, value)
    assert document.value(where) == expected
    assert document.place(where).file == "--set"
    assert document.place(where).line == 1


def test_setting_a_value_leaves_the_document_and_the_other_alias_as_they_were():
    before = parse(CHIP, "chip.yaml")
    after = before.with_value("stages.finetune.rule.every", "5")
    assert before == parse(CHIP, "chip.yaml")
    assert after.value(("stages", 0, "rule", "every")) == 10
    assert after.place(("stages", 0, "rule", "every")).file == "chip.yaml"


def test_a_set_value_knows_its_column_behind_the_path():
    place = with_value("components.dac", "{bits: 6}").place(("components", "dac", "bits"))
    assert place.drawing() == "   1 | components.dac={bits: 6}\n     |                       ^"


def test_the_parts_of_a_replaced_value_are_forgotten():
    document = with_value("components.dac", "{bits: 6}")
    assert document.place(("components", "dac", "lanes")) == document.place(("components", "dac"))


@pytest.mark.parametrize(
    ("path", "value", "headline"),
    [
        ("components.adcc.bits", "6", "--set:1:1: error[E024]: 'components' has no 'adcc'; did you mean 'adc'?"),
        ("stages.fintune.rule", "6", "--set:1:1: error[E024]: 'stages' has no 'fintune'; did you mean 'finetune'?"),
        ("links.7", "a -> b", "--set:1:1: error[E024]: 'links' has no '7'; the only choice is 0"),
        ("components.dac.bits.x", "6", "--set:1:1: error[E024]: 'components.dac.bits' is 7, so it has no 'x'"),
        ("nothing.below", "6", "--set:1:1: error[E024]: 'the file' has no 'nothing'; choose one of format, costs, components, links, stages"),
        ("a..b", "6", "--set:1:1: error[E024]: 'a..b' is not set to one value; write --set PATH=VALUE"),
        ("a", "6\nb: 7", "--set:1:1: error[E024]: 'a' is not set to one value; write --set PATH=VALUE"),
        ("costs.corner", "[a", "--set:1:14: error[E008]: this '[' is not closed; ',' or ']' is missing"),
        ("costs.corner", ".nan", "--set:1:14: error[E019]: '.nan' is not a finite number"),
        ("costs.corner", "!!int 1", "--set:1:14: error[E009]: tag '!!int' is not allowed; write the plain value"),
    ],
)  # fmt: skip
def test_a_wrong_override_is_answered_with_the_nearest_place(path, value, headline):
    with pytest.raises(InputError) as caught:
        with_value(path, value)
    assert [fault.headline() for fault in caught.value.faults] == [headline]


def test_a_document_knows_which_paths_it_has():
    document = parse(CHIP, "chip.yaml")
    assert document.has("components.dac.bits")
    assert document.has("stages.finetune")
    assert not document.has("components.dac.conversion")
    assert not document.has("stages.2")


def test_a_name_with_dots_is_found_as_a_key():
    document = parse("components: {v1.2: {bits: 1}}", "a.yaml").with_value("components.v1.2.bits", "3")
    assert document.data == {"components": {"v1.2": {"bits": 3}}}


# one document over another


def test_a_document_is_laid_over_the_one_that_it_extends():
    base = parse(CHIP, "chip.yaml")
    top = parse("components:\n  adc: {bits: 6}\nlinks: []\ncosts: none\n", "variant.yaml")
    both = top.over(base)
    assert both.value(("components", "adc")) == {"type": "adc", "bits": 6}
    assert both.value(("components", "dac")) == base.value(("components", "dac"))
    assert both.data["links"] == []
    assert both.place(("components", "adc", "bits")).file == "variant.yaml"
    assert both.place(("components", "adc", "type")).file == "chip.yaml"
    assert both.place(("links", 0)).file == "variant.yaml"
    assert both.key_place(("costs", "table")).file == "variant.yaml"


@given(st.dictionaries(NAMES, VALUES, max_size=3), st.dictionaries(NAMES, VALUES, max_size=3))
def test_every_value_of_the_upper_document_wins(below, above):
    base = parse(dump({"k": below}), "base.yaml")
    top = parse(dump({"k": above}), "top.yaml")
    both = top.over(base)
    assert set(both.value(("k",))) == set(base.value(("k",)) or {}) | set(top.value(("k",)) or {})
    assert top.over(both) == both


# names and cost


@pytest.mark.parametrize("name", ["a", "reram-8x4", "v1.2_b", "8x4", "x" * 64])
def test_names_are_ascii_letters_digits_and_marks(name):
    assert is_name(name)


@pytest.mark.parametrize("name", ["", "a b", "é", "../etc", ".hidden", "-flag", "x" * 65, "a\n", "a/b"])
def test_other_texts_are_no_names(name):
    assert not is_name(name)


def test_a_file_of_sixty_lines_is_parsed_in_ten_milliseconds():
    text = "components:\n" + "".join(
        f"  part{n}: {{type: adc, bits: 9, conversion: 10 ns}}\n" for n in range(59)
    )
    best = min(timed(lambda: parse(text, "a.yaml")) for _ in range(5))
    assert best < 0.010


def timed(call):
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def test_reading_documents_imports_no_model_library():
    code = "import sys, chipsim.inputs.documents; print('pydantic' in sys.modules, 'numpy' in sys.modules)"
    folder = os.path.dirname(os.path.dirname(os.path.dirname(documents.__file__)))  # noqa: PTH120
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=folder, check=True
    )
    assert done.stdout.split() == ["False", "False"]
