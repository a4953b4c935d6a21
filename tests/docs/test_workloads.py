"""The page on workloads: its file runs, with weights that another program has written."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from chipsim.inputs import documents
from chipsim.workloads import stages, weights
from chipsim.workloads.stages import Stage
from tests.cli.commands import ROOT, ok, say

PAGE = (ROOT / "docs" / "workloads.md").read_text("utf-8")
(WORK,) = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.M | re.S)


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """The page's file, on the embedded digits, beside the file of weights that it names."""
    text = WORK.replace("set: mnist", "set: digits, test: 100").replace("in: 784", "in: 64")
    text = text.replace("train: 781", "train: 100").replace("images: 7810", "images: 20").replace("256", "16")
    path = tmp_path / "work.yaml"
    path.write_text(text.replace("781 images", "20 images"), "utf-8")
    drawn = np.random.default_rng(0)
    tensors = {"fc1.weight": drawn.normal(size=(16, 64)), "fc2.weight": drawn.normal(size=(10, 16))}
    save_file(
        {name: values.astype(np.float32) for name, values in tensors.items()}, tmp_path / "net.safetensors"
    )
    return path


def test_the_pages_workload_is_one_and_has_what_it_says() -> None:
    found = stages.load(documents.parse(WORK, "work.yaml"))
    first = found.stages[0]
    assert isinstance(first, Stage)
    assert first.start == weights.Weights(weights="net.safetensors")


def test_it_runs_and_its_weights_are_exported(work: Path, tmp_path: Path) -> None:
    chip = "reram-tiled-512-host"
    assert "without faults" in ok("check", chip, work).out
    ok("run", chip, work, "-o", tmp_path / "run")
    kept = {path.name for path in (tmp_path / "run" / "inputs").iterdir()}
    assert kept >= {"net.safetensors", "workload.yaml"}
    said = ok("export", tmp_path / "run")
    assert said.out == f"weights: {tmp_path / 'run' / 'weights.safetensors'}\n"
    assert (tmp_path / "run" / "weights.safetensors").stat().st_size > 4 * (64 * 16 + 16 * 10)


def test_an_export_is_not_written_over_and_knows_its_formats(work: Path, tmp_path: Path) -> None:
    ok("run", "reram-tiled-512-host", work, "-o", tmp_path / "run")
    ok("export", tmp_path / "run", "-o", tmp_path / "w.safetensors")
    again = say("export", tmp_path / "run", "-o", tmp_path / "w.safetensors")
    assert (again.code, "is there already" in again.err) == (1, True)
    other = say("export", tmp_path / "run", "--to", "safetensor")
    assert (other.code, "did you mean 'safetensors'?" in other.err) == (2, True)
