"""Wrong input: one sentence for each fault, with place and nearest choice, and nothing written."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import NamedTuple

import pytest

from chipsim import cli, errors
from chipsim.errors import CODES
from tests.cli.commands import CHIP, SHORT, TRANSFER, listing, say


def place(file: str, text: str, token: str) -> str:
    """Where a word stands in a text, as messages say it."""
    at = text.index(token)
    return f"{file}:{text.count(chr(10), 0, at) + 1}:{at - text.rfind(chr(10), 0, at)}"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


class Wrong(NamedTuple):
    """An edit of one of the two shipped files, and what must be said of it."""

    file: str
    old: str
    new: str
    token: str
    """What the fault's place must point at."""
    code: str
    sentence: str
    exit_code: int = 3


ADC = next(line for line in CHIP.splitlines(keepends=True) if line.startswith("  adc:"))
DENSE = "{type: dense, in: 8, out: 2, bias: false}"

WRONG = {
    "typo in a component's key": Wrong(
        "chip", "columns: 4", "colums: 4", "colums", "E012",
        "component 'array': unknown key 'colums'; did you mean 'columns'?",
    ),
    "typo in a key of the architecture": Wrong(
        "chip", "technology:", "tecnology:", "tecnology", "E012",
        "unknown key 'tecnology'; did you mean 'technology'?",
    ),
    "typo in a key of the workload": Wrong(
        "work", "classes:", "clases:", "clases", "E012", "data: unknown key 'clases'; did you mean 'classes'?"
    ),
    "typo in a key of a rule": Wrong(
        "work", "learning_rate", "learnin_rate", "learnin_rate", "E012",
        "stage 'pretrain': rule 'ttv2': unknown key 'learnin_rate'; did you mean 'learning_rate'?",
    ),
    "typo in an entry of the costs": Wrong(
        "chip", "corner: typical", "adc_con: {energy: 2 pJ}", "adc_con:", "E062",
        "costs: cost table 'analog-14nm' has no entry 'adc_con'; did you mean 'adc_conv'?",
    ),
    "typo in a key of a cost entry": Wrong(
        "chip", "corner: typical", "adc_conv: {enrgy: 2 pJ}", "enrgy", "E012",
        "costs: entry 'adc_conv': unknown key 'enrgy'; did you mean 'energy'?",
    ),
    "wrong unit": Wrong(
        "chip", "100 ns", "100 mV", "100 mV", "E017",
        "component 'drivers': pulse_width: expected a time such as '100 ns', got '100 "
        "mV', which is a voltage",
    ),
    "missing unit": Wrong(
        "chip", "100 ns", "100", "100,", "E016",
        "component 'drivers': pulse_width: 100 is missing its unit; write 100 ns",
    ),
    "unknown unit": Wrong(
        "chip", "100 ns", "100 lightyears", "100 light", "E017",
        "component 'drivers': pulse_width: unknown unit 'lightyears' in '100 lightyears'; "
        "a time is written in as, fs, ps, ns, us, ms, s, ks, Ms, Gs, Ts",
    ),
    "unknown cell": Wrong(
        "chip", "cell: reram-om", "cell: reram-on", "reram-on", "E030",
        "component 'array': unknown cell 'reram-on'; did you mean 'reram-om'?",
    ),
    "typo in a parameter of a cell": Wrong(
        "chip", "cell: reram-om", "cell: {preset: reram-om, stp: 0.1}", "stp", "E012",
        "component 'array': cell 'reram-om': unknown key 'stp'; did you mean 'step'?",
    ),
    "unknown component type": Wrong(
        "chip", "type: integrator", "type: integrater", "integrater", "E030",
        "component 'integrator': unknown component type 'integrater'; did you mean 'integrator'?",
    ),
    "unknown rule": Wrong(
        "work", "type: ttv2", "type: ttv3", "ttv3", "E030",
        "stage 'pretrain': rule: unknown learning rule 'ttv3'; did you mean 'ttv2'?",
    ),
    "unknown data set": Wrong(
        "work", "set: digits", "set: digit", "digit\n", "E030",
        "data: unknown data set 'digit'; did you mean 'digits'?",
    ),
    "unknown cost table": Wrong(
        "chip", "table: analog-14nm", "table: analog-14mn", "analog-14mn", "E030",
        "costs: unknown cost table 'analog-14mn'; did you mean 'analog-14nm'?",
    ),
    "unknown corner": Wrong(
        "chip", "corner: typical", "corner: typicl", "typicl", "E063",
        "costs: unknown corner 'typicl'; did you mean 'typical'?",
    ),
    "link that names nothing": Wrong(
        "chip", "drivers -> array", "drivers -> aray", "controller -> drivers", "E040",
        "link 'drivers -> aray': 'aray' is no component; did you mean 'array'?",
    ),
    "link that is none": Wrong(
        "chip", "controller -> drivers -> array", "controller drivers", "controller drivers", "E044",
        "'controller drivers' is not a link; write 'a -> b'",
    ),
    "currents into a digital unit": Wrong(
        "chip", ADC, "", "", "E041",
        "link 'array -> digital': 'array.columns' gives currents of lines, "
        "but 'digital' takes digital words; put an adc between them",
    ),
    "missing link": Wrong(
        "chip", "  - adc -> integrator", "  - integrator", "links", "E043",
        "operations 'transfer-read' and 'integrate' of layer 'dense1' have no route: "
        "'adc' leads to no integrator; add the link 'adc -> integrator'", 4,
    ),
    "missing drive": Wrong(
        "chip", "drivers -> array", "drivers", "links", "E043",
        "operations 'prepare', 'transfer-write' and 'update' of layer 'dense1' have no route: "
        "no pulse-driver drives 'array'; add the link 'drivers -> array'", 4,
    ),
    "missing ADC": Wrong(
        "chip", "array -> adc -> digital -> controller", "array", "links", "E043",
        "operations 'forward', 'transfer-read' and 'integrate' of layer 'dense1' have no route: "
        "'array.columns' leads to no adc; add a component of type adc and the link 'array.columns -> adc'", 4,
    ),
    "array too small": Wrong(
        "chip", "columns: 4", "columns: 2", "array:", "E050",
        "matrix 'dense1.C' needs 8 rows x 2 columns, but 'array' has 8 x 0 free; "
        "it fits if 'array' has rows: 8, columns: 4", 4,
    ),
    "key given twice": Wrong(
        "chip", "bits: 9", "bits: 9, bits: 8", "bits: 8", "E010",
        "key 'bits' stands twice; "
        f"it is first given in line {CHIP[: CHIP.index('bits: 9')].count(chr(10)) + 1}",
    ),
    "tag": Wrong(
        "chip", "bits: 9", "bits: !!python/object/apply:os.system [ls]", "!!python", "E009",
        "tag '!!python/object/apply:os.system' is not allowed; write the plain value",
    ),
    "too many rows": Wrong(
        "chip", "rows: 8", "rows: 1000000000", "1000000000", "E014",
        "component 'array': rows: expected at most 65536, got 1000000000",
    ),
    "no images": Wrong(
        "work", "images: 10000", "images: 0", "0, rule", "E014",
        "stages.pretrain.images: expected at least 1, got 0"
    ),
    "NaN": Wrong(
        "work", "learning_rate: 0.3", "learning_rate: .nan", ".nan", "E019", "'.nan' is not a finite number"
    ),
    "infinity": Wrong("chip", "100 ns", ".inf", ".inf", "E019", "'.inf' is not a finite number"),
    "format of another version": Wrong(
        "chip", "chipsim-architecture/1", "chipsim-architecture/2", "chipsim-architecture/2", "E015",
        "format: unknown value 'chipsim-architecture/2'; did you mean 'chipsim-architecture/1'?",
    ),
    "more images than there are": Wrong(
        "work", "train: 260", "train: 2600", "2600", "E073",
        "data: data set 'digits' holds 360 images of the classes 0, 1, not 2600 for "
        "training and 100 for testing",
    ),
    "class that is not there": Wrong(
        "work", "classes: [0, 1]", "classes: [0, 11]", "11]", "E073",
        "data: data set 'digits' has no class 11; its classes are 0 to 9",
    ),
    "outputs that are not the classes": Wrong(
        "work", DENSE, DENSE.replace("out: 2", "out: 3"), "3, bias", "E054",
        "network: the last layer has 3 outputs for 2 classes; write 'out: 2'",
    ),
}  # fmt: skip


def _edited(wrong: Wrong) -> dict[str, str]:
    files = {"chip": CHIP, "work": TRANSFER}
    assert wrong.old in files[wrong.file]
    text = files[wrong.file].replace(wrong.old, wrong.new, 1)
    if wrong.sentence.startswith("link 'array -> digital'"):
        text = text.replace("-> adc -> digital", "-> digital").replace("  - adc -> ", "  - ")
    if "add a component of type adc" in wrong.sentence:
        text = text.replace(ADC, "").replace(
            "  - adc -> integrator", "  - digital -> controller\n  - integrator"
        )
    return files | {wrong.file: text}


@pytest.mark.parametrize("name", WRONG)
def test_a_fault_is_one_sentence_with_its_place_and_writes_nothing(name: str, here: Path) -> None:
    wrong = WRONG[name]
    files = _edited(wrong)
    for file, text in files.items():
        Path(f"{file}.yaml").write_text(text)
    before = listing(here)
    said = say("-q", "run", "chip.yaml", "work.yaml")
    token = wrong.token or "controller -> dac"
    expected = place(f"{wrong.file}.yaml", files[wrong.file], token)
    assert said.faults == [f"{expected}: error[{wrong.code}]: {wrong.sentence}"]
    assert (said.code, said.out) == (wrong.exit_code, "")
    assert listing(here) == before
    assert wrong.code in CODES


@pytest.mark.parametrize("name", WRONG)
def test_check_finds_the_same_faults_as_run(name: str, here: Path) -> None:
    for file, text in _edited(WRONG[name]).items():
        Path(f"{file}.yaml").write_text(text)
    run, check = (say("-q", verb, "chip.yaml", "work.yaml") for verb in ("run", "check"))
    assert (check.code, check.faults) == (run.code, run.faults)


def test_the_excerpt_shows_the_line_and_underlines_the_word(here: Path) -> None:
    Path("chip.yaml").write_text(CHIP.replace("columns: 4", "colums: 4"))
    said = say("run", "chip.yaml", "reduced-digits-scratch")
    head, excerpt, carets = said.err.splitlines()
    line = head.split(":")[1]
    assert excerpt.startswith(f"{line:>4} |   array:")
    assert excerpt[carets.index("^") : carets.rindex("^") + 1] == "colums"


def test_an_array_too_small_for_both_matrices_is_told_for_each() -> None:
    said = say("-q", "run", "reram-8x4", "reduced-digits-scratch", "-s", "components.array.rows=4")
    assert said.code == 4
    assert [fault.partition("matrix ")[2].partition(" needs")[0] for fault in said.faults] == [
        "'dense1.A'", "'dense1.C'",
    ]  # fmt: skip


# Names


NAMES = {
    ("reram-8x5", "reduced-digits-scratch"): "unknown architecture 'reram-8x5'; the only choice is reram-8x4",
    ("reram-8x4", "reduced-digits-scrach"): (
        "unknown workload 'reduced-digits-scrach'; did you mean 'reduced-digits-scratch'?"
    ),
}


@pytest.mark.parametrize("names", NAMES)
def test_an_unknown_name_is_answered_with_the_nearest(names: tuple[str, str], here: Path) -> None:
    said = say("run", *names)
    assert said.code == 3
    choice = NAMES[names].replace("; the only choice is reram-8x4", "; did you mean 'reram-8x4'?")
    assert said.err == f"error[E030]: {choice}\n"
    assert listing(here) == []


def test_a_path_that_is_not_there_is_answered_with_a_file_beside_it(here: Path) -> None:
    Path("chip.yaml").write_text(CHIP)
    said = say("run", "chi.yaml", "reduced-digits-scratch")
    assert said.err == "chi.yaml: error[E001]: there is no such file; did you mean 'chip.yaml'?\n"
    assert said.code == 3


def test_files_in_the_wrong_order_are_told_apart() -> None:
    said = say("run", "workloads.yaml", "architectures.yaml")
    assert said.code == 3
    Path("chip.yaml").write_text(CHIP)
    Path("work.yaml").write_text(TRANSFER)
    said = say("run", "work.yaml", "chip.yaml")
    assert said.code == 3
    assert said.faults == [
        f"{place('chip.yaml', CHIP, 'chipsim-arch')}: error[E025]: the file is of the format "
        "'chipsim-architecture/1', but stands where the workload is given",
        f"{place('work.yaml', TRANSFER, 'chipsim-work')}: error[E025]: the file is of the format "
        "'chipsim-workload/1', but stands where the architecture is given",
    ]


# Several faults


def test_all_faults_of_both_files_are_told_at_once(here: Path) -> None:
    chip = CHIP.replace("columns: 4", "colums: 4").replace("100 ns", "100")
    work = TRANSFER.replace("classes:", "clases:").replace("learning_rate", "learnin_rate")
    Path("chip.yaml").write_text(chip)
    Path("work.yaml").write_text(work)
    expected = [
        f"{place('chip.yaml', chip, '100,')}: error[E016]: component 'drivers': pulse_width: "
        "100 is missing its unit; write 100 ns",
        f"{place('chip.yaml', chip, 'colums')}: error[E012]: component 'array': "
        "unknown key 'colums'; did you mean 'columns'?",
        f"{place('work.yaml', work, 'clases')}: error[E012]: data: unknown key 'clases'; "
        f"did you mean 'classes'?",
        f"{place('work.yaml', work, 'learnin_rate')}: error[E012]: stage 'pretrain': rule 'ttv2': "
        "unknown key 'learnin_rate'; did you mean 'learning_rate'?",
    ]
    for verb in ("run", "check"):
        said = say(verb, "chip.yaml", "work.yaml")
        assert said.faults == expected
        assert said.code == 3
    assert listing(here) == ["chip.yaml", "work.yaml"]


def test_check_tells_the_faults_of_any_number_of_files(here: Path) -> None:
    chip = CHIP.replace("columns: 4", "colums: 4")
    Path("chip.yaml").write_text(chip)
    Path("empty.yaml").write_text("")
    said = say("check", "chip.yaml", "empty.yaml", "nowhere", "reram-om", "reduced-digits-scratch")
    assert said.code == 3
    assert [fault.partition("error[")[2][:4] for fault in said.faults] == ["E030", "E012", "E005"]


def test_check_maps_the_pair_among_several_files() -> None:
    Path("chip.yaml").write_text(CHIP.replace("columns: 4", "columns: 2"))
    said = say("check", "chip.yaml", "reduced-digits-scratch", "reram-om", "analog-14nm")
    assert said.code == 4
    assert "matrix 'dense1.C' needs 8 rows x 2 columns" in said.err


# Files that are none


BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
FILES: dict[str, tuple[bytes, str]] = {
    "empty": (b"", r"error\[E005\]: the file is empty; it must hold keys and values"),
    "comments": (b"# nothing\n", r"error\[E005\]: the file is empty; it must hold keys and values"),
    "binary": (
        b"\x89PNG\r\n\x1a\n\x00\x00",
        r"1:1: error\[E003\]: this is not UTF-8 text: byte 0x89 cannot stand here",
    ),
    "control characters": (
        b"a: 1\nb: \x00\n",
        r"2:4: error\[E003\]: this is not plain text: it holds the control character U\+0000"
    ),
    "alias bomb": (
        BOMB.encode(), r"\d+:\d+: error\[E021\]: the file holds more than 100000 values, aliases counted"
    ),
    "deep": (b"a: " + b"[" * 500 + b"]" * 500, r"1:\d+: error\[E021\]: values are nested more than 64 deep"),
    "large": (
        b"# " + b"x" * 300_000,
        r"error\[E004\]: the file has 300002 bytes; an input file may have at most 256000",
    ),
    "list": (b"- a\n- b\n", r"1:1: error\[E007\]: the file holds a list; it must hold keys and values"),
    "not closed": (b"a: {b: 1\n", r"\d+:\d+: error\[E008\]: this '\{' is not closed; ',' or '\}' is missing"),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_cannot_be_one_is_refused_at_once(name: str, here: Path) -> None:
    content, pattern = FILES[name]
    Path("chip.yaml").write_bytes(content)
    began = time.monotonic()
    said = say("run", "chip.yaml", "reduced-digits-scratch")
    assert said.code == 3
    (fault,) = said.faults
    assert re.fullmatch(rf"chip\.yaml: ?{pattern}|chip\.yaml:{pattern}", fault)
    assert time.monotonic() - began < 5
    assert listing(here) == ["chip.yaml"]


def test_a_folder_is_no_file(here: Path) -> None:
    (here / "chips").mkdir()
    Path("chips/chip.yaml").write_text(CHIP)
    said = say("run", "./chips", "reduced-digits-scratch")
    assert said.err == "chips: error[E002]: this is a folder, not a file; it holds chip.yaml\n"
    assert said.code == 3


# Sizes that no machine could bear


ABSURD = {
    "components.array.columns=1000000000": "E014",
    "components.adc.count=1000000000": "E014",
    "components.drivers.bit_length=1000000000": "E014",
    "components.drivers.pulse_width=1000000000 s": "E014",
    "data.project.to=1000000000": "E014",
    "network.layers.0.in=1000000000": "E014",
    "stages.train.images=1000000000000": "E014",
    "stages.train.rule.transfer_every=1000000000000": "E014",
    "stages.train.rule.symmetry_pairs=1000000000000": "E014",
    "stages.train.rule.learning_rate=1e300": "E014",
}


@pytest.mark.parametrize("setting", ABSURD)
def test_an_absurd_size_is_refused_before_anything_is_built(setting: str, here: Path) -> None:
    began = time.monotonic()
    said = say("run", "reram-8x4", "reduced-digits-scratch", "-s", setting)
    assert said.code == 3
    (fault,) = said.faults
    path, value = setting.split("=")
    assert fault.startswith(f"--set:1:{len(path) + 2}: error[{ABSURD[setting]}]: ")
    assert "expected at most" in fault
    assert value.split()[0].removesuffix("000") in fault or "1e+300" in fault
    assert time.monotonic() - began < 5
    assert listing(here) == []


def test_arrays_of_too_many_cells_are_refused() -> None:
    said = say("run", "reram-8x4", "reduced-digits-scratch",
               "-s", "components.array.rows=65536", "-s", "components.array.columns=65536")  # fmt: skip
    assert said.code in (3, 4)
    (fault,) = said.faults
    assert "E056" in fault


# Values set on the command line


SETTINGS = {
    "components.adc.bits": "error[E024]: 'components.adc.bits' is not a setting; write PATH=VALUE",
    "components.adc.bit=6": (
        "--set:1:1: error[E012]: component 'adc': unknown key 'bit'; did you mean 'bits'?"
    ),
    "components.adc.bits=six": (
        "--set:1:21: error[E013]: component 'adc': bits: expected a whole number, got 'six'"
    ),
    "components.adc.bits=99": "--set:1:21: error[E014]: component 'adc': bits: expected at most 24, got 99",
    "components.integrater.bits=6": (
        "--set:1:1: error[E024]: 'components' has no 'integrater'; did you mean 'integrator'?"
    ),
    "costs.adc_con.energy=2 pJ": (
        "--set:1:1: error[E062]: costs: cost table 'analog-14nm' has no entry 'adc_con'; "
        "did you mean 'adc_conv'?"
    ),
    "costs.adc_conv.energy=2": (
        "--set:1:23: error[E016]: costs: entry 'adc_conv': energy: 2 is missing its unit; write 2 pJ"
    ),
    "costs.adc_conv.energy=2 ns": (
        "--set:1:23: error[E017]: costs: entry 'adc_conv': energy: expected an energy such as '2 pJ', "
        "got '2 ns', which is a time"
    ),
    "costs.adc_conv.energy=-2 pJ": (
        "--set:1:23: error[E014]: costs: entry 'adc_conv': energy: expected at least 0 J, got '-2 pJ'"
    ),
    "costs.corner=best": (
        "--set:1:14: error[E063]: costs: unknown corner 'best'; "
        "choose one of typical, optimistic, conservative"
    ),
    "stages.trian.images=200": "--set:1:1: error[E024]: 'stages' has no 'trian'; did you mean 'train'?",
    "stages.train.image=200": (
        "--set:1:1: error[E012]: stages.train: unknown key 'image'; did you mean 'images'?"
    ),
    "stages.train.images=2e2": (
        "--set:1:21: error[E013]: stages.train.images: expected a whole number, got 200.0"
    ),
    "stages.train.rule.threshold=0": (
        "--set:1:29: error[E014]: stage 'train': rule 'ttv2': threshold: expected more than 0, got 0"
    ),
    "stage.train.images=200": (
        "--set:1:1: error[E024]: there is no key 'stage' to set; did you mean 'stages'?"
    ),
    "component.adc.bits=6": (
        "--set:1:1: error[E024]: there is no key 'component' to set; did you mean 'components'?"
    ),
    "components.adc={type: adc, bits: 9": (
        "--set:1:16: error[E008]: this '{' is not closed; ',' or '}' is missing"
    ),
    "name=../../x": (
        "--set:1:6: error[E018]: name: '../../x' is not a name; use letters, digits and -_. only, "
        "at most 64 of them, and begin with a letter or digit"
    ),
}


@pytest.mark.parametrize("setting", SETTINGS)
def test_a_wrong_setting_is_one_sentence(setting: str, here: Path) -> None:
    said = say("run", "reram-8x4", "reduced-digits-scratch", *SHORT, "-s", setting)
    assert said.faults == [SETTINGS[setting]]
    assert (said.code, said.out) == (3, "")
    assert listing(here) == []


def test_all_wrong_settings_are_told_at_once() -> None:
    said = say("run", "reram-8x4", "reduced-digits-scratch", "-s", "components.adc.bits=six",
               "-s", "stages.train.images=0")  # fmt: skip
    assert [fault.partition("error[")[2][:4] for fault in said.faults] == ["E013", "E014"]


# Data that are not there


@pytest.fixture
def no_data(here: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    for name in ("data", "cache"):
        (here / name).mkdir()
    monkeypatch.setenv("CHIPSIM_DATA", str(here / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(here / "cache"))
    cache = here / "cache" / "chipsim" / "data" / "mnist"
    return (
        "error[E070]: data set 'mnist' was not found: "
        f"looked in CHIPSIM_DATA ({here / 'data'}) and the cache ({cache}); "
        "run 'chipsim data get mnist' or set CHIPSIM_DATA to the folder that holds it"
    )


@pytest.mark.parametrize(
    "words",
    [
        ("run", "reram-8x4", "reduced-mnist-scratch"),
        ("run", "reram-8x4", "reduced-mnist-scratch", "--seeds", 2),
        ("demo", "--data", "mnist"),
        ("data", "where", "mnist"),
        ("data", "verify", "mnist"),
    ],
    ids=lambda words: " ".join(map(str, words)),
)
def test_data_that_are_not_there_are_told_with_the_command_that_gets_them(
    words: tuple[object, ...], no_data: str, here: Path
) -> None:
    said = say("-q", *words)
    assert (said.code, said.out) == (6, "")
    assert said.faults == [no_data]
    assert listing(here) == ["cache", "data"]


# Words of the command line


USAGE = {
    "rum": "there is no verb 'rum'; did you mean 'run'?",
    "frobnicate": (
        f"there is no verb 'frobnicate'; choose one of {errors.listing(sorted(cli.commands.commands))}; "
        "see 'chipsim --help'"
    ),
    "run a b --sed 1": "there is no option '--sed'; did you mean '--seed'?",
    "run a b --seed x": (
        "invalid value for '--seed': 'x' is not a valid whole number; see 'chipsim run --help'"
    ),
    "run a b --seeds 0": (
        "invalid value for '--seeds': 0 is not in the range 1<=x<=1000000; see 'chipsim run --help'"
    ),
    "plan a b --inputs nan": (
        "invalid value for '--inputs': nan is no number from 0 to 1; see 'chipsim plan --help'"
    ),
    "run a": "missing argument 'WORKLOAD'; see 'chipsim run --help'",
    "run a b c": "got unexpected extra argument (c); see 'chipsim run --help'",
    "show reram-8x4 --as pdf": (
        "invalid value for '--as': 'pdf' is not one of 'table', 'svg', 'dot', 'mermaid', 'yaml'; "
        "see 'chipsim show --help'"
    ),
    "list cels": "there is no kind 'cels' to list; did you mean 'cells'?",
    "data lst": "there is no verb 'lst'; did you mean 'list'?",
    "check reram-8x4 -s components.adc.bits=6": "--set needs one architecture and one workload to check",
}


@pytest.mark.parametrize("line", USAGE)
def test_a_wrong_word_is_one_sentence_with_exit_code_2(line: str, here: Path) -> None:
    said = say(*line.split())
    assert (said.code, said.out, said.err) == (2, "", f"error[E100]: {USAGE[line]}\n")
    assert listing(here) == []


@pytest.mark.parametrize(
    ("line", "code"),
    [("rum --json", 2), ("run reram-8x4 nothing --json", 3), ("report nowhere --json", 1),
     ("data where mnit --json", 3), ("show nothing --json", 3), ("check nothing --json", 3),
     ("list nothing --json", 2), ("demo --seeds 0 --json", 2)],
)  # fmt: skip
def test_with_json_an_error_is_one_object(line: str, code: int) -> None:
    said = say(*line.split())
    assert said.err == ""
    error = json.loads(said.out)["error"]
    assert (said.code, error["exit_code"]) == (code, code)
    assert [set(fault) for fault in error["faults"]] == [
        {"severity", "code", "message", "file", "line", "column"}
    ]
    assert error["faults"][0]["code"] in CODES


def test_with_json_a_fault_has_its_place(here: Path) -> None:
    text = CHIP.replace("columns: 4", "colums: 4")
    Path("chip.yaml").write_text(text)
    said = say("run", "chip.yaml", "reduced-digits-scratch", "--json")
    (fault,) = json.loads(said.out)["error"]["faults"]
    assert f"{fault['file']}:{fault['line']}:{fault['column']}" == place("chip.yaml", text, "colums")
