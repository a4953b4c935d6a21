"""Files to start from: they check, run, name their schemas, and are never written over others."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chipsim.experiments import schemas
from chipsim.inputs import documents
from tests.cli.commands import listing, ok, say
from tests.experiments.json_schema import errors

FILES = [
    "chip.yaml",
    "schemas",
    "schemas/architecture.schema.json",
    "schemas/workload.schema.json",
    "workload.yaml",
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    ok("init", tmp_path / "mine")
    return tmp_path / "mine"


def test_a_chip_a_workload_and_their_schemas_are_written(folder: Path) -> None:
    assert listing(folder) == FILES


def test_the_files_are_without_faults_and_run(folder: Path) -> None:
    chip, work = folder / "chip.yaml", folder / "workload.yaml"
    ok("check", chip, work)
    said = ok("run", chip, work, "-s", "stages.train.images=100", "-o", folder / "run", "--json")
    assert [stage["images"] for stage in json.loads(said.out)["stages"]] == [100]


@pytest.mark.parametrize(("name", "kind"), [("chip", "architecture"), ("workload", "workload")])
def test_the_files_keep_to_the_schemas_that_they_name(folder: Path, name: str, kind: str) -> None:
    path = folder / f"{name}.yaml"
    first = path.read_text("utf-8").splitlines()[0]
    target = folder / first.removeprefix("# yaml-language-server: $schema=")
    schema = json.loads(target.read_text("utf-8"))
    assert schema == schemas.of(kind)
    assert list(errors(schema, documents.read(path).data)) == []


def test_nothing_is_written_over_a_file_that_is_there(tmp_path: Path) -> None:
    (tmp_path / "workload.yaml").write_text("mine\n", encoding="utf-8")
    said = say("init", tmp_path)
    assert said.code == 1
    assert said.faults == [f"error[E091]: '{tmp_path}/workload.yaml' is there already; give another folder"]
    assert listing(tmp_path) == ["workload.yaml"]
    assert (tmp_path / "workload.yaml").read_text("utf-8") == "mine\n"


def test_the_files_go_here_by_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert json.loads(ok("init", "--json").out) == {
        "files": ["chip.yaml", "workload.yaml", *(name for name in FILES if name.endswith(".json"))]
    }
