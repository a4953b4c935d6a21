"""Weights leave a finished run and come back in another: what the network computes stays the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load as load_tensors
from safetensors.numpy import save_file

from chipsim.errors import ChipsimError, DataError, InputError
from chipsim.experiments import ensemble, exporting
from chipsim.experiments.run import Job, Request, prepare, simulate
from chipsim.reports.result import Result

HOST = "reram-8x4-host"
TEXT = """format: chipsim-workload/1
name: small
data: {{set: digits, classes: [0, 1, 2], train: 200, test: 100, project: {{to: 8}}}}
network:
  layers:
    - {{type: dense, name: fc1, in: 8, out: 3, bias: true, gain: 2, activation: tanh}}
    - {{type: dense, name: fc2, in: 3, out: 3}}
  loss: {{type: softmax-cross-entropy}}
stages:
{stages}
evaluate: {{every: 100 images}}
"""
LEARN = (
    "  - {name: learn, kind: train, start: random, images: 300, rule: {type: digital, learning_rate: 0.1}}"
)
LOOK = "  - {name: look, kind: train, start: {weights: w.safetensors}, images: 0, rule: {type: digital}}"
PROGRAM = (
    "  - {name: program, kind: program, to: C, rms: 30 %, compensate: true, "
    "method: {type: noise, spread: 0 %}}"
)
PLAIN = PROGRAM.replace("name: program", "name: plain").replace("compensate: true, ", "from: D, ")
WIDE = ("components.array.rows=9", "components.array.columns=12", "components.dac.lanes=9")
EXACT = tuple(
    f"components.array.cell.{name}={value}"
    for name, value in (("upper_bound", 9), ("lower_bound", -9), ("upper_bound_spread", 0),
                        ("lower_bound_spread", 0), ("write_noise", 0), ("reference_spread", 0))
)  # fmt: skip
"""Cells that hold any weight that is programmed."""


def run(folder: Path, *stages: str, settings: tuple[str, ...] = WIDE, chip: str = HOST) -> tuple[Job, Result]:
    (folder / "work.yaml").write_text(TEXT.format(stages="\n".join(stages)), "utf-8")
    job = prepare(Request(chip, str(folder / "work.yaml"), settings))
    return job, simulate(job, 3)


@pytest.fixture(scope="module")
def learnt(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """A folder with a network that was trained on the host, in a run's folder and exported."""
    folder = tmp_path_factory.mktemp("learnt")
    job, result = run(folder, LEARN)
    ensemble.write_run(job, result, folder / "run")
    (folder / "w.safetensors").write_bytes(exporting.safetensors(folder / "run"))
    return folder, result


def test_exported_weights_come_back_and_do_what_they_did(learnt: tuple[Path, Result]) -> None:
    folder, before = learnt
    _, after = run(folder, LOOK)
    assert after.stages["look"].accuracy.first == before.stages["learn"].accuracy.last
    losses = [result.rows["accuracy"][-1][4] for result in (before, after)]
    assert losses[1] == pytest.approx(losses[0], rel=1e-6)  # weights of 32 bits


def test_a_layers_gain_is_in_the_exported_numbers(learnt: tuple[Path, Result]) -> None:
    folder, result = learnt
    tensors = load_tensors((folder / "w.safetensors").read_bytes())
    stored = result.arrays["host/learn/after/fc1.D"]
    assert np.allclose(tensors["fc1.weight"], 2 * stored[:8].T)
    assert np.allclose(tensors["fc1.bias"], 2 * stored[8])


def test_programmed_weights_are_exported_as_the_network_sees_them(learnt: tuple[Path, Result]) -> None:
    folder, _ = learnt
    job, result = run(folder, LOOK, PROGRAM, settings=(*WIDE, *EXACT))
    ensemble.write_run(job, result, folder / "programmed")
    given = load_tensors((folder / "w.safetensors").read_bytes())
    found = load_tensors(exporting.safetensors(folder / "programmed"))
    assert given.keys() == found.keys()
    for name, values in given.items():
        assert np.allclose(found[name], values, atol=1e-5)


def test_a_later_program_without_compensation_takes_the_layers_gains_back(
    learnt: tuple[Path, Result], tmp_path: Path
) -> None:
    folder, _ = learnt
    job, result = run(folder, LOOK, PROGRAM, PLAIN, settings=(*WIDE, *EXACT))
    ensemble.write_run(job, result, tmp_path / "run")
    programming = result.stages["plain"].programming
    assert programming is not None
    given = load_tensors((folder / "w.safetensors").read_bytes())
    found = load_tensors(exporting.safetensors(tmp_path / "run"))
    for name, values in given.items():
        assert np.allclose(found[name], programming.factors[name.split(".")[0]] * values, atol=1e-5)


def test_weights_that_lie_on_two_matrices_are_exported_as_their_weighted_sum(tmp_path: Path) -> None:
    """Tiki-Taka 1 with gamma reads C + gamma A; the first layer's gain of 2 is multiplied in."""
    gamma = 0.25
    learn = (
        f"  - {{name: learn, kind: train, start: random, images: 50, rule: {{type: ttv1, gamma: {gamma}}}}}"
    )
    job, result = run(tmp_path, learn, settings=(), chip="reram-tiled-128")
    ensemble.write_run(job, result, tmp_path / "run")
    found = load_tensors(exporting.safetensors(tmp_path / "run"))
    places = {matrix: job.plan.places["fc1", matrix] for matrix in ("A", "C")}
    parts = {
        matrix: place.region.of(result.arrays[f"{place.array}/learn/after/weights"]).astype(np.float64)
        for matrix, place in places.items()
    }
    assert np.abs(parts["A"]).max() > 0
    assert np.allclose(found["fc1.weight"], 2 * (parts["C"] + gamma * parts["A"])[:8].T, atol=1e-6)


def test_a_run_can_be_read_again_with_the_weights_it_began_with(
    learnt: tuple[Path, Result], tmp_path: Path
) -> None:
    folder, _ = learnt
    job, result = run(folder, LOOK)
    ensemble.write_run(job, result, tmp_path / "run")
    again = prepare(
        Request(
            *(str(tmp_path / "run" / "resolved" / f"{kind}.yaml") for kind in ("architecture", "workload"))
        )
    )
    assert again.digest == job.digest
    (tmp_path / "run" / "resolved" / "w.safetensors").write_bytes(b"other")
    with pytest.raises(InputError) as caught:
        prepare(again.request)
    assert "has not the checksum that is given" in caught.value.faults[0].message


def test_weights_named_by_an_absolute_path_lie_in_the_runs_folder_too(
    learnt: tuple[Path, Result], tmp_path: Path
) -> None:
    folder, _ = learnt
    job, result = run(folder, LOOK.replace("w.safetensors", str(folder / "w.safetensors")))
    ensemble.write_run(job, result, tmp_path / "run")
    assert (tmp_path / "run" / "resolved" / "w.safetensors").is_file()
    assert exporting.safetensors(tmp_path / "run") == (folder / "w.safetensors").read_bytes()


def test_other_weights_are_another_run(learnt: tuple[Path, Result], tmp_path: Path) -> None:
    folder, _ = learnt
    job, _ = run(folder, LOOK)
    tensors = load_tensors((folder / "w.safetensors").read_bytes())
    save_file(
        {name: values + np.float32(0.01) for name, values in tensors.items()}, tmp_path / "w.safetensors"
    )
    assert run(tmp_path, LOOK)[0].digest != job.digest


def test_two_files_of_weights_of_one_name_are_refused(learnt: tuple[Path, Result], tmp_path: Path) -> None:
    """A run keeps a copy of each under its name, in one folder."""
    folder, _ = learnt
    tensors = load_tensors((folder / "w.safetensors").read_bytes())
    save_file({name: 2 * values for name, values in tensors.items()}, tmp_path / "w.safetensors")
    again = LOOK.replace("name: look", "name: again")
    other = f"stages.again.start={{weights: {tmp_path / 'w.safetensors'}}}"
    with pytest.raises(InputError) as caught:
        run(folder, LOOK, again, settings=(*WIDE, other))
    (fault,) = caught.value.faults
    assert fault.message == "stage 'again': another file of weights is 'w.safetensors' too; rename one"


def test_weights_are_loaded_into_digital_matrices_only(learnt: tuple[Path, Result]) -> None:
    folder, _ = learnt
    with pytest.raises(ChipsimError) as caught:
        run(folder, LOOK.replace("{type: digital}", "{type: ttv2}"))
    (fault,) = caught.value.faults
    assert (fault.code, fault.place and fault.place.line) == ("E020", 10)
    assert "load them in a stage with rule 'digital' and 'images: 0'" in fault.message


def test_a_folder_without_whole_arrays_cannot_be_exported(
    learnt: tuple[Path, Result], tmp_path: Path
) -> None:
    folder, _ = learnt
    job, result = run(folder, LOOK)
    ensemble.write_run(job, result, tmp_path / "run")
    arrays = tmp_path / "run" / "arrays.npz"
    arrays.write_bytes(arrays.read_bytes()[:-30])
    with pytest.raises(DataError, match=r"arrays\.npz: it is damaged or cannot be read"):
        exporting.safetensors(tmp_path / "run")
    arrays.unlink()
    with pytest.raises(DataError, match=r"holds no arrays\.npz"):
        exporting.safetensors(tmp_path / "run")
    with pytest.raises(DataError, match="not a run's directory"):
        exporting.safetensors(tmp_path)
