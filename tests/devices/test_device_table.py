"""Cells from a table: each is one of its rows, drawn by the seed; the file is confined and identified."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from chipsim.devices import cells
from chipsim.devices.device import Cells, DeviceModel, Region
from chipsim.errors import InputError
from chipsim.inputs import documents

HEADER = "device,step_up,step_down,upper_bound,lower_bound,cycle_to_cycle"
ROWS = ("a,0.1,0.08,1.0,-0.5,0.2", "b,0.02,0.03,1.5,-1.0,0.4", "c,0.05,0.05,0.8,-0.7,0", "d,0,0,0.8,-0.7,0")


def model(folder: Path, *lines: str, given: str = "") -> DeviceModel:
    (folder / "data").mkdir(exist_ok=True)
    (folder / "data" / "devices.csv").write_text("\n".join(lines) + "\n")
    (folder / "chip.yaml").write_text(f"cell: {{preset: device-table, file: data/devices.csv{given}}}\n")
    return cells.load(documents.read(folder / "chip.yaml"), ("cell",), "test")


def test_every_device_is_a_row_and_rows_are_drawn_alike(tmp_path: Path) -> None:
    device = model(tmp_path, HEADER, *ROWS).build(100, 100, 0, "array")
    tops = np.array([[1.0, -0.5], [1.5, -1.0], [0.8, -0.7]], dtype=np.float32)
    for row, (top, share) in enumerate(zip(tops, (0.25, 0.25, 0.5), strict=True)):
        own = (device.upper == top[0]) & (device.lower == top[1])
        assert own.mean() == pytest.approx(share, abs=4.5 * math.sqrt(share * (1 - share)) / 100)
        if row == 0:
            assert np.allclose(device.numbers[own], [0.1, 0.08, 1, -2, 1, -0.5, 0.2])


def test_devices_differ_by_seed_and_by_name_alone(tmp_path: Path) -> None:
    table = model(tmp_path, HEADER, *ROWS)
    arrays = [table.build(20, 20, *key).numbers for key in ((0, "a"), (0, "a"), (1, "a"), (0, "b"))]
    assert np.array_equal(arrays[0], arrays[1])
    assert not np.array_equal(arrays[0], arrays[2])
    assert not np.array_equal(arrays[0], arrays[3])


def test_the_physics_is_that_of_soft_bounds(tmp_path: Path) -> None:
    """A noise-free row like a calm preset device: the same states to the bit."""
    table = model(tmp_path, HEADER, "a,0.0949,0.0949,1,-1,0").build(1, 1, 0, "array")
    text = (
        "cell: {preset: reram-om, step_spread: 0, up_down_spread: 0, upper_bound_spread: 0, "
        "cycle_to_cycle: 0, lower_bound_spread: 0, write_noise: 0, reference_spread: 0}\n"
    )
    calm = Cells(cells.load(documents.parse(text, "t.yaml"), ("cell",), "test"), 1, 1, 0, "array")
    for sign in (1, 1, -1, 1, -1, -1, -1):
        for device in (table, calm):
            device.pulse(Region(0, 0, 1, 1), np.full((1, 1, 1), 3 * sign, dtype=np.int16))
        assert np.array_equal(table.state, calm.state)


def test_weight_zero_is_the_symmetry_point_unless_the_table_says_otherwise(tmp_path: Path) -> None:
    """s* = (d+ - d-) / (d+ / b+ - d- / b-); a device without steps is read from state 0."""
    device = model(tmp_path, HEADER, *ROWS).build(30, 30, 0, "array")
    first, stuck = device.upper == np.float32(1.0), device.numbers[..., 0] == 0
    assert np.allclose(device.reference[first], (0.1 - 0.08) / (0.1 / 1.0 + 0.08 / 0.5), atol=1e-6)
    assert not device.reference[stuck].any()
    given = model(tmp_path, f"{HEADER},reference", f"{ROWS[0]},0.3", f"{ROWS[1]},-0.2").build(
        30, 30, 0, "array"
    )
    assert np.array_equal(given.reference, np.where(given.upper == 1.5, -0.2, 0.3).astype(np.float32))


def test_granularity_is_the_median_step_and_scales_the_write_noise(tmp_path: Path) -> None:
    found = model(tmp_path, HEADER, *ROWS, given=", write_noise: 2")
    assert found.granularity == pytest.approx(0.05)
    assert found.write_noise_deviation == pytest.approx(0.1)


def test_a_reference_may_be_subtracted_with_an_error(tmp_path: Path) -> None:
    found = model(tmp_path, HEADER, ROWS[2], given=", reference_spread: 0.05").build(100, 100, 0, "array")
    centre = 0.0
    assert found.reference.mean() != centre
    shift = found.reference.astype(np.float64) - found.symmetry_points
    assert shift.mean() == pytest.approx(0, abs=4.5 * 0.05 / 100)
    assert shift.std() == pytest.approx(0.05, rel=4.5 / math.sqrt(2) / 100)


def test_the_checksum_is_filled_in_and_must_be_met_where_it_is_given(tmp_path: Path) -> None:
    found = model(tmp_path, HEADER, *ROWS)
    assert found.model_dump()["sha256"] == found.model_copy().model_dump()["sha256"]
    checksum = found.model_dump()["sha256"]
    assert model(tmp_path, HEADER, *ROWS, given=f", sha256: {checksum}").model_dump() == found.model_dump()
    assert model(tmp_path, HEADER, *ROWS[:2]).model_dump()["sha256"] != checksum
    with pytest.raises(InputError) as error:
        model(tmp_path, HEADER, *ROWS[:2], given=f", sha256: {checksum}")
    assert error.value.faults[0].message.startswith(
        "file: 'data/devices.csv' has not the checksum that is given"
    )


@pytest.mark.parametrize("path", ["../devices.csv", "data/../../devices.csv", "/etc/devices.csv"])
def test_no_table_outside_the_folder_of_the_file_is_read(tmp_path: Path, path: str) -> None:
    (tmp_path / "chip.yaml").write_text(f"cell: {{preset: device-table, file: {path}}}\n")
    with pytest.raises(InputError) as error:
        cells.load(documents.read(tmp_path / "chip.yaml"), ("cell",), "test")
    (fault,) = error.value.faults
    assert fault.headline() == (
        f"{tmp_path}/chip.yaml:1:36: error[E032]: path '{path}' leads out of the folder of the file that "
        "names it; put a copy in that folder"
    )


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    (tmp_path / "devices.csv").write_text(f"{HEADER}\n{ROWS[0]}\n")
    (inner / "devices.csv").symlink_to(tmp_path / "devices.csv")
    (inner / "chip.yaml").write_text("cell: {preset: device-table, file: devices.csv}\n")
    with pytest.raises(InputError, match="leads out of the folder"):
        cells.load(documents.read(inner / "chip.yaml"), ("cell",), "test")


def test_a_bad_row_is_a_fault_of_the_table(tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        model(tmp_path, HEADER, ROWS[0], "b,0.02,-0.03,1.5,1.0,0.4")
    assert [fault.headline() for fault in error.value.faults] == [
        f"{tmp_path}/data/devices.csv:3:8: error[E014]: step_down: expected at least 0, got '-0.03'",
        f"{tmp_path}/data/devices.csv:3:18: error[E014]: lower_bound: expected less than 0, got '1.0'",
    ]


def test_a_table_of_devices_that_no_pulse_moves_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        model(tmp_path, HEADER, ROWS[3])
    assert [fault.message for fault in error.value.faults] == [
        "file: no device of 'data/devices.csv' has a step"
    ]
