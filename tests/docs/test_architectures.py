"""The page on architecture files: every file on it is without faults, every command says what is there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from chipsim.circuits.component import ComponentParameters, Ports
from chipsim.inputs import documents, registry
from tests.cli.commands import ROOT, ok

PAGE = (ROOT / "docs" / "architectures.md").read_text("utf-8")
BLOCKS = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.M | re.S)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The files of the page, each under its own name."""
    for block in BLOCKS:
        name = documents.parse(block, "page").data["name"]
        (tmp_path / f"{name}.yaml").write_text(block, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_file_is_without_faults(folder: Path) -> None:
    files = sorted(path.name for path in folder.iterdir())
    assert len(files) == len(BLOCKS) == 4
    for name in files:
        ok("check", name)


@pytest.mark.parametrize("chip", ["fewer-bits", "four-tiles", "apart"])
def test_every_chip_can_run_the_workload(folder: Path, chip: str) -> None:
    ok("check", f"{chip}.yaml", "fewer-images.yaml")


def test_every_command_says_what_stands_there(folder: Path) -> None:
    shown = re.findall(r"^```console\n\$ chipsim ([^\n]*)\n(.*?)^```", PAGE, re.M | re.S)
    assert shown
    for command, said in shown:
        assert ok(*shlex.split(command)).out.startswith(said)


def _ports(ports: Ports) -> str:
    told = {name: " or ".join(sorted(kinds)) for name, kinds in ports.items()}
    return ", ".join(f"{name}: {kinds}" if name else kinds for name, kinds in told.items())


@pytest.mark.parametrize("name", registry.names("component"))
def test_the_table_of_types_is_that_of_the_components(name: str) -> None:
    form: type[ComponentParameters] = registry.module("component", name).Parameters
    assert f"| `{name}` | {form.role} | {_ports(form.accepts)} | {_ports(form.emits)} |" in PAGE
