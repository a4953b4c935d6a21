"""What docs/cells.md says of the cells is so, and its example runs."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from chipsim.architecture import graph
from chipsim.devices import cells
from chipsim.devices.device import DeviceModel, Region
from chipsim.inputs import documents, registry

PAGE = (Path(__file__).parents[2] / "docs" / "cells.md").read_text("utf-8")
TABLES = re.findall(r"^\| parameter \|.*(?:\n\|.*)+", PAGE, re.M)
CODE = r"(?<!`)`([^`\n]+)`(?!`)"


def model(name: str) -> DeviceModel:
    return cells.load(documents.parse(f"cell: {name}\n", "test.yaml"), ("cell",), "test")


def stated() -> list[tuple[str, str, str]]:
    """Cell, parameter and value of every number in the page's tables of parameters."""
    found = []
    for table in TABLES:
        head, _, *rows = ([cell.strip() for cell in row.split("|")[1:-1]] for row in table.splitlines())
        for row in rows:
            parameters = re.findall(CODE, row[0])
            for title, cell in zip(head[2:], row[2:], strict=True):
                values = [value.strip() for value in cell.split(",")]
                if len(values) == len(parameters):
                    name = re.findall(CODE, title)[0]
                    found += [(name, *pair) for pair in zip(parameters, values, strict=True)]
    return found


def test_the_page_states_numbers_of_most_cells() -> None:
    assert len(stated()) > 60
    assert {cell for cell, _, _ in stated()} >= {
        "reram-om",
        "reram-hfo2",
        "constant-step",
        "ag-a-si",
        "ideal",
    }


@pytest.mark.parametrize(("cell", "parameter", "value"), stated())
def test_a_number_of_the_page_is_that_of_the_parameter_set(cell: str, parameter: str, value: str) -> None:
    found = getattr(model(cell), parameter)
    assert found == (value if isinstance(found, str) else pytest.approx(float(value)))


@pytest.mark.parametrize(
    "name", ["soft-bounds", "constant-step", "nonlinear-pulse", "device-table", "ideal"]
)  # fmt: skip
def test_every_parameter_and_every_cell_stands_on_the_page(name: str) -> None:
    words = set(re.findall(CODE, PAGE))
    assert set(registry.module("model", name).CellModel.model_fields) <= words
    shipped = {
        cell for cell in registry.names("cell")
        if documents.read(registry.file("cell", cell)).data["model"] == name
    }  # fmt: skip
    assert shipped <= words


def test_the_example_of_a_users_own_devices_is_read(tmp_path: Path) -> None:
    (csv,) = re.findall(r"```csv\n(.*?)```", PAGE, re.S)
    (chip,) = (text for text in re.findall(r"```yaml\n(.*?)```", PAGE, re.S) if "name: lab-8x4" in text)
    (tmp_path / "devices.csv").write_text(csv)
    (tmp_path / "lab-8x4.yaml").write_text(chip)
    found = graph.load(documents.read(tmp_path / "lab-8x4.yaml")).cells["array"]
    array = found.build(8, 4, 0, "array")
    assert set(np.unique(array.upper)) <= {np.float32(value) for value in (1.10, 0.95, 1.32)}
    array.place(Region(0, 0, 8, 4), -array.reference)
    assert np.allclose(array.conductances, 20e-6)


def test_the_calm_device_of_the_page_is_calm() -> None:
    (text,) = re.findall(r"```yaml\n(cell: \{preset: constant-step.*?)```", PAGE, re.S)
    array = cells.load(documents.parse(text, "test.yaml"), ("cell",), "test").build(4, 4, 0, "array")
    assert (np.ptp(array.numbers.reshape(16, -1), axis=0) == 0).all()
    assert array.numbers[0, 0, 4] == 0
