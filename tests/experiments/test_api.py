"""What `import chipsim` offers: load, vary, simulate, and the result's tables and page."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import chipsim as cs
from chipsim.experiments.run import Request, prepare
from chipsim.inputs.documents import parse
from tests.cli.commands import ok

SHORT = {"stages.train.images": 200}


@pytest.fixture(scope="module")
def result() -> cs.Result:
    return cs.simulate(cs.load("reram-8x4"), cs.load("reduced-digits-scratch").with_(**SHORT), seed=0)


def test_a_shipped_file_is_loaded_by_name_and_another_by_path(tmp_path: Path) -> None:
    assert cs.load("reram-8x4").kind == "architecture"
    assert cs.load("reduced-digits-scratch").kind == "workload"
    (tmp_path / "mine.yaml").write_text("format: chipsim-workload/1\n")
    assert cs.load(tmp_path / "mine.yaml").kind == "workload"


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(cs.ChipsimError) as caught:
        cs.load("reram-8x5")
    assert str(caught.value) == "error[E030]: no shipped file or path 'reram-8x5'; did you mean 'reram-8x4'?"


def test_a_file_that_is_neither_is_refused_at_its_format(tmp_path: Path) -> None:
    (tmp_path / "cell.yaml").write_text("# a cell\nformat: chipsim-cell/1\n")
    with pytest.raises(cs.ChipsimError) as caught:
        cs.load(tmp_path / "cell.yaml")
    (fault,) = caught.value.faults
    assert (fault.code, fault.message) == ("E025", "the file is neither an architecture nor a workload")
    assert fault.place is not None
    assert (fault.place.line, fault.place.column) == (2, 9)


def test_with_leaves_the_file_that_it_varies_alone() -> None:
    chip = cs.load("reram-8x4")
    six = chip.with_(**{"components.adc.bits": 6})
    assert chip.settings == ()
    assert six.settings == ("components.adc.bits=6",)
    job = prepare(Request(six.name, "reduced-digits-scratch", six.settings))
    assert parse(job.resolved["architecture"], "chip.yaml").data["components"]["adc"]["bits"] == 6


def test_a_wrong_setting_is_told_like_on_the_command_line() -> None:
    chip = cs.load("reram-8x4").with_(**{"components.adc.bit": 6})
    with pytest.raises(cs.ChipsimError, match="unknown key 'bit'; did you mean 'bits'"):
        cs.simulate(chip, cs.load("reduced-digits-scratch"))


def test_the_result_says_what_its_record_says(result: cs.Result) -> None:
    (stage,) = result.record["stages"]
    assert result.stages["train"].accuracy.last == stage["accuracy"]["last"]
    assert result.stages["train"].pulses.by_matrix == stage["pulses"]["by_matrix"]
    assert result.energy_J == result.record["total"]["energy_J"]
    assert result.time_s == result.record["total"]["time_s"]


def test_the_same_seed_gives_an_equal_record(result: cs.Result) -> None:
    again = cs.simulate(cs.load("reram-8x4"), cs.load("reduced-digits-scratch").with_(**SHORT), seed=0)
    assert again.record == result.record


def test_tables_are_those_of_the_files(result: cs.Result) -> None:
    assert list(result.accuracy.columns) == ["stage", "image", "time_s", "accuracy", "loss"]
    assert list(result.accuracy["image"]) == [0, 100, 200]
    assert list(result.ledger.columns) == ["stage", "operation", "component", "action", "count"]
    energy = result.energy[result.energy["stage"] == "train"]["energy_J"]
    assert energy.sum() == pytest.approx(result.energy_J, rel=1e-12)
    assert "adc" in set(result.utilisation["component"])


def test_a_result_cannot_be_changed(result: cs.Result) -> None:
    with pytest.raises(AttributeError):
        result.record = {}  # type: ignore[misc]
    with pytest.raises(TypeError):
        result.stages["train"] = None  # type: ignore[index]


def test_a_result_writes_its_page_anywhere(result: cs.Result, tmp_path: Path) -> None:
    page = result.report(tmp_path / "page.html")
    assert page == tmp_path / "page.html"
    assert "reduced-digits-scratch on reram-8x4" in page.read_text()
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]


def test_a_cell_is_measured_as_on_the_command_line(tmp_path: Path) -> None:
    found = cs.device("reram-om", devices=50, pulses=3, step=0.05)
    said = ok("device", "reram-om", "--devices", 50, "--pulses", 3, "-s", "step=0.05", "--json")
    assert found.record == json.loads(said.out)
    assert found.record["spread"]["step_up"]["p50"] == pytest.approx(0.05, rel=0.4)
    assert [path.name for path in found.write(tmp_path / "om.svg")] == ["om.svg"]
    with pytest.raises(cs.ChipsimError, match="unknown key 'stepp'; did you mean 'step'"):
        cs.device("reram-om", stepp=0.05)
