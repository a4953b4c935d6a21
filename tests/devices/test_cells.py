"""From what a file says of a cell to its model: by name, by a path beside the file, with changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from chipsim.devices import cells
from chipsim.devices.soft_bounds import CellModel
from chipsim.errors import InputError
from chipsim.inputs import documents, registry

OM = registry.file("cell", "reram-om").read_text("utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "mine.yaml").write_text(OM.replace("value: 0.0949", "value: 0.05"))
    return tmp_path / "project"


def load(folder: Path, text: str) -> CellModel:
    document = documents.parse(f"cell: {text}\n", str(folder / "chip.yaml"))
    found = cells.load(document, ("cell",), "component 'array'")
    assert isinstance(found, CellModel)
    return found


def fault(folder: Path, text: str) -> str:
    with pytest.raises(InputError) as caught:
        load(folder, text)
    (found,) = caught.value.faults
    return str(found).splitlines()[0].removeprefix(f"{folder}/")


@pytest.mark.parametrize(
    "text", ["mine.yaml", "{preset: mine.yaml}", "{preset: ./mine.yaml, write_noise: 0}"]
)
def test_a_cell_file_is_found_beside_the_file_that_names_it(folder: Path, text: str) -> None:
    assert load(folder, text).step == 0.05


def test_a_cell_file_elsewhere_is_refused_where_it_is_named(folder: Path) -> None:
    (folder.parent / "other.yaml").write_text(OM)
    assert fault(folder, "{preset: ../other.yaml}") == (
        "chip.yaml:1:16: error[E032]: component 'array': path '../other.yaml' leads out of the folder of "
        "the file that names it; put a copy in that folder"
    )


def test_a_model_that_is_not_known_is_a_fault_of_the_cell_file(folder: Path) -> None:
    (folder / "mine.yaml").write_text(OM.replace("model: soft-bounds", "model: soft-bonds"))
    assert fault(folder, "mine.yaml") == (
        "mine.yaml:7:8: error[E030]: unknown device model 'soft-bonds'; did you mean 'soft-bounds'?"
    )


def test_settings_go_over_what_the_file_gives() -> None:
    found = cells.named("reram-om", ("step=0.2", "g_mid=50 uS"))
    assert found.preset.name == "reram-om"
    assert found.model == load(Path(), "{preset: reram-om, step: 0.2, g_mid: 50 uS}")
