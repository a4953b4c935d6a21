"""The other verbs: help, check, show, list, report and data; and how little help imports."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import click
import pytest

from chipsim import cli
from chipsim.architecture import graph
from chipsim.architecture.graph import Architecture
from chipsim.inputs import documents, registry
from tests.cli.commands import CHIP, ROOT, SCRATCH, SHORT, listing, ok, say

HEAVY = {
    "numba",
    "llvmlite",
    "pandas",
    "networkx",
    "matplotlib",
    "numpy",
    "pydantic",
    "scipy",
    "rich",
    "yaml",
}


def _verbs(group: click.Group, before: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found = []
    for name, command in group.commands.items():
        found.append((*before, name))
        if isinstance(command, click.Group):
            found += _verbs(command, (*before, name))
    return found


VERBS = _verbs(cli.commands)


@pytest.fixture(scope="module")
def chip() -> Architecture:
    return graph.load(documents.parse(CHIP, "chip.yaml"))


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("short") / "run"
    ok("run", *SCRATCH, *SHORT, "-o", folder)
    return folder


# Help


def test_a_verb_is_listed_once_it_works_whole() -> None:
    verbs = {
        "demo",
        "run",
        "check",
        "show",
        "list",
        "report",
        "data",
        "price",
        "explain",
        "why",
        "compare",
        "reproduce",
    }
    verbs |= {"device", "init", "plan", "schema", "explore", "export"}
    assert set(cli.commands.commands) == verbs


@pytest.mark.parametrize("words", VERBS, ids=" ".join)
@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_every_verb_explains_itself(words: tuple[str, ...], flag: str) -> None:
    said = ok(*words, flag)
    assert said.out.startswith(f"Usage: chipsim {' '.join(words)} ")
    assert said.err == ""
    described = said.out.split("\n\n")[1].strip()
    assert described[0].isupper()
    assert described.endswith(".")


@pytest.mark.parametrize("words", [(), ("--help",), ("data",), ("data", "--help")], ids=" ".join)
def test_without_a_verb_the_help_is_shown(words: tuple[str, ...]) -> None:
    said = ok(*words)
    assert said.out.startswith("Usage: chipsim ")
    assert "Commands:" in said.out
    assert said.err == ""


@pytest.mark.parametrize("words", VERBS, ids=" ".join)
def test_every_verb_that_ends_in_a_result_takes_json(words: tuple[str, ...]) -> None:
    command: click.Command = cli.commands
    for word in words:
        assert isinstance(command, click.Group)
        command = command.commands[word]
    options = {name for option in command.params for name in option.opts}
    assert isinstance(command, click.Group) or "--json" in options


def test_the_version_is_told() -> None:
    assert re.fullmatch(r"chipsim \d+[.+]\S+\n", ok("--version").out)


def test_help_takes_less_than_three_tenths_of_a_second() -> None:
    """Of a processor: what else the machine does is not its fault."""
    times = []
    for _ in range(5):
        before = os.times()
        subprocess.run([sys.executable, "-m", "chipsim", "--help"], cwd=ROOT, check=True, capture_output=True)
        after = os.times()
        spent = [
            getattr(after, part) - getattr(before, part) for part in ("children_user", "children_system")
        ]
        times.append(sum(spent))
    assert min(times) < 0.3


@pytest.mark.parametrize("words", ["['--help']", "['run', '--help']", "['rum']"])
def test_help_imports_nothing_heavy(words: str) -> None:
    code = f"import sys; from chipsim import cli; cli.run_verb({words}); print(*sys.modules, file=sys.stderr)"
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True)
    assert HEAVY & set(ended.stderr.split()) == set()


def test_importing_the_package_imports_nothing_heavy() -> None:
    code = "import sys, chipsim; print(*sys.modules)"
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True)
    assert HEAVY & set(ended.stdout.split()) == set()


# check


def test_check_names_the_kind_of_each_file() -> None:
    said = ok("check", *SCRATCH, "reram-om", "analog-14nm")
    assert said.out == (
        "reram-8x4: architecture without faults\nreduced-digits-scratch: workload without faults\n"
        "reram-om: cell without faults\nanalog-14nm: costs without faults\n"
    )


def test_check_says_the_same_in_json() -> None:
    found = json.loads(ok("check", *SCRATCH, "--json").out)
    assert found["checked"] == [
        {"file": "reram-8x4", "kind": "architecture"},
        {"file": "reduced-digits-scratch", "kind": "workload"},
    ]


def test_check_of_a_pair_says_what_a_run_would_warn_of() -> None:
    found = json.loads(ok("check", *SCRATCH, "--json").out)["warnings"]
    assert [warning["code"] for warning in found] == ["W001", "W020"]
    said = ok("check", *SCRATCH)
    assert said.err == "".join(f"warning[{w['code']}]: {w['message']}\n" for w in found)
    assert ok("check", "reram-8x4").err == ""


@pytest.mark.parametrize("kind", ["architecture", "workload", "cell", "costs"])
def test_every_shipped_file_is_without_faults(kind: str) -> None:
    for name in registry.names(kind):
        ok("check", name)


def test_check_takes_settings() -> None:
    ok("check", *SCRATCH, "-s", "components.adc.bits=6")
    said = say("check", *SCRATCH, "-s", "components.array.columns=2")
    assert said.code == 4


# show


def test_the_table_has_a_line_for_every_component(chip: Architecture) -> None:
    lines = ok("show", "reram-8x4").out.splitlines()
    for name, parameters in chip.components.items():
        (line,) = [line for line in lines if line.startswith(f"{name} ")]
        assert parameters.type in line


def test_the_resolved_file_loads_again_to_an_equal_architecture(chip: Architecture) -> None:
    text = ok("show", "reram-8x4", "--as", "yaml").out
    again = graph.load(documents.parse(text, "again.yaml"))
    assert again.resolved() == chip.resolved()
    assert again.cells == chip.cells
    assert again.links == chip.links
    assert again.costs == chip.costs


def test_the_resolved_file_has_the_defaults_and_what_was_set() -> None:
    text = ok("show", "reram-8x4", "--as", "yaml", "-s", "components.adc.bits=6").out
    components = documents.parse(text, "again.yaml").data["components"]
    assert components["adc"] == {
        "type": "adc", "bits": 6, "count": 1, "conversion": "10 ns", "range": 12.0, "full_scale": "driven",
        "output_noise": 0.0,
    }  # fmt: skip
    assert json.loads(ok("show", "reram-8x4", "--json").out)["components"]["adc"]["bits"] == 9


def test_the_drawing_is_svg_with_every_component(chip: Architecture) -> None:
    drawing = ElementTree.fromstring(ok("show", "reram-8x4", "--as", "svg").out)
    assert drawing.tag.endswith("svg")
    text = " ".join(drawing.itertext())
    assert all(name in text for name in chip.components)


@pytest.mark.parametrize(
    ("form", "start", "arrow"), [("dot", "digraph", "->"), ("mermaid", "flowchart", "-->")]
)
def test_a_graph_as_text_has_every_link(form: str, start: str, arrow: str, chip: Architecture) -> None:
    text = ok("show", "reram-8x4", "--as", form).out
    assert text.startswith(start)
    pairs = {(link.source.component, link.target.component) for link in chip.links}
    assert text.count(arrow) == len(pairs)
    assert all(name in text for name in chip.components)


def test_show_reports_the_faults_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "chip.yaml").write_text(CHIP.replace("columns: 4", "colums: 4"))
    said = say("show", tmp_path / "chip.yaml")
    assert said.code == 3
    assert said.out == ""
    assert "unknown key 'colums'" in said.err


# list


@pytest.mark.parametrize("kind", cli.KINDS)
def test_list_has_a_line_for_each_of_a_kind_and_says_what_it_is(kind: str) -> None:
    lines = ok("list", kind).out.splitlines()
    assert [line.split()[0] for line in lines] == list(registry.names(cli.KINDS[kind]))
    assert all(len(line.split()) > 1 for line in lines)


def test_list_without_a_kind_has_all_of_them() -> None:
    found = json.loads(ok("list", "--json").out)
    assert set(found) == set(cli.KINDS)
    shipped = {path.stem for path in (Path(__file__).parents[2] / "workloads").glob("*.yaml")}
    assert set(found["workloads"]) == shipped >= {"reduced-digits-scratch", "mnist-fc"}
    out = ok("list").out
    assert all(f"{kind}:\n" in out for kind in cli.KINDS)


# report


def test_report_rebuilds_the_page_of_a_run(short: Path) -> None:
    page = short / "report.html"
    before = page.read_bytes()
    page.unlink()
    assert ok("report", short).out == f"report: {page}\n"
    assert page.read_bytes() == before


def test_report_rebuilds_the_page_of_an_ensemble(tmp_path: Path) -> None:
    folder = tmp_path / "study"
    ok("run", *SCRATCH, *SHORT, "--seeds", 2, "--workers", 1, "-o", folder)
    page = folder / "report.html"
    before = page.read_bytes()
    page.unlink()
    assert json.loads(ok("report", folder, "--json").out) == {"report": str(page)}
    assert page.read_bytes() == before
    files = listing(folder)
    ok("report", folder / "seed-1")
    assert sorted([*files, "seed-1/report.html"]) == listing(folder)


def test_report_wants_the_folder_of_a_run(tmp_path: Path) -> None:
    said = say("report", tmp_path)
    assert said.code == 1
    assert said.err == (
        f"error[E093]: '{tmp_path}' is not the folder of a finished run; "
        "it has no run.json, ensemble.json or demo.json\n"
    )
    said = say("report", tmp_path / "nowhere")
    assert (said.code, said.err) == (1, f"error[E001]: there is no folder '{tmp_path / 'nowhere'}'\n")
    assert listing(tmp_path) == []


@pytest.mark.parametrize("name", ["run.json", "accuracy.csv", "arrays.npz", "resolved/architecture.yaml"])
@pytest.mark.parametrize("content", [None, b"", b"\xff\x00{"], ids=["missing", "empty", "damaged"])
def test_report_of_a_damaged_run_is_one_sentence_or_a_page_without_that_part(
    name: str, content: bytes | None, short: Path, tmp_path: Path
) -> None:
    import shutil

    folder = tmp_path / "run"
    shutil.copytree(short, folder)
    (folder / name).unlink()
    if content is not None:
        (folder / name).write_bytes(content)
    said = say("report", folder)
    assert said.code in (0, 1), said
    assert said.code == 0 or len(said.faults) == 1


# data


def test_data_lists_the_sets_and_where_each_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("data", "cache"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("CHIPSIM_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    lines = ok("data", "list").out.splitlines()
    assert [line.split(":")[0] for line in lines] == list(registry.names("dataset"))
    assert lines[1].endswith("(not here; 'chipsim data get mnist' downloads it)")
    found = json.loads(ok("data", "list", "--json").out)
    assert found["mnist"]["where"] is None
    assert Path(found["digits"]["where"]).is_dir()


@pytest.mark.parametrize("verb", ["where", "verify"])
def test_the_embedded_digits_are_found_and_whole(verb: str) -> None:
    said = ok("data", verb, "digits")
    folder = Path(said.out.removeprefix("digits: ").strip())
    assert folder.is_dir()
    assert json.loads(ok("data", verb, "digits", "--json").out)["where"] == str(folder)


def test_an_unknown_data_set_is_answered_with_the_nearest() -> None:
    said = say("data", "where", "mnits")
    assert (said.code, said.err) == (3, "error[E030]: unknown data set 'mnits'; did you mean 'mnist'?\n")
