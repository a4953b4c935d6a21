"""The weights that a finished run ended with, in the files of other programs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chipsim.errors import Fault, RunError, UsageError, suggestion
from chipsim.experiments import folders, repricing
from chipsim.experiments.ensemble import read_record
from chipsim.experiments.run import Job
from chipsim.workloads import weights
from chipsim.workloads.stages import ProgramStage

Arrays = Mapping[str, NDArray[Any]]


def safetensors(folder: Path) -> bytes:
    """The weights of a run's last stage as a safetensors file, named and laid out as in PyTorch.

    A layer's digital gain is multiplied into its weights, so that activation(W x + b) is what the layer
    computes without its converters and noise. Raises `DataError` where the folder holds no run, or no arrays
    that can be read.
    """
    run = repricing.read(folder)
    job, stage = run.job, run.job.workload.stages[-1]
    through = _read_through(job, stage.name)
    ends = ("weights", *(f".{matrix}" for matrix in through))
    arrays = repricing.arrays(
        folder, "in which a run's weights are kept",
        lambda name: f"/{stage.name}/after/" in name and name.endswith(ends),
    )  # fmt: skip
    gains = _gains(job, folder, next(iter(through)))
    layers = {
        layer: gains[layer]
        * np.sum([f * _weights(job, arrays, stage.name, layer, m) for m, f in through.items()], axis=0)
        for layer in job.plan.layers
    }
    return weights.content(layers, job.workload.network)


FORMATS: Mapping[str, Callable[[Path], bytes]] = MappingProxyType({"safetensors": safetensors})
"""What a run can be exported to."""


def write(folder: Path, form: str = "safetensors", output: Path | None = None, force: bool = False) -> Path:
    """Write the weights of a run into a file, `weights.FORMAT` in its folder unless named; returns its path.

    Raises `UsageError` for a format that there is not, `RunError` where the file is there and `force` is not
    given, or cannot be written.
    """
    if form not in FORMATS:
        text = f"there is no format '{form}' to export to{suggestion(form, FORMATS)}"
        raise UsageError(Fault(text, code="E100"))
    path = output or folder / f"weights.{form}"
    if path.is_dir():
        text = f"'{path}' is a folder; name a file, as in '{path / f'weights.{form}'}'"
        raise RunError(Fault(text, code="E092"))
    if path.exists() and not force:
        raise RunError(Fault(f"'{path}' is there already; name another file or add --force", code="E091"))
    content = FORMATS[form](folder)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        folders.write_bytes(path, content)
    except OSError as error:
        raise RunError(Fault(f"'{path}' cannot be written: {error.strerror}", code="E092")) from None
    return path


def _read_through(job: Job, stage: str) -> Mapping[str, float]:
    """The matrices that make up the weights at the end of a stage, each with its factor; noise is none."""
    if (program := job.plan.programs.get(stage)) is not None:
        return {program.target: 1.0}
    rule = job.rules[stage]
    shares = {rule.weights: 1.0} if rule.digital else dict(rule.read_through())
    return {rule.weights: shares.pop(rule.weights), **shares}


def _gains(job: Job, folder: Path, matrix: str) -> dict[str, float]:
    """The digital factor on each layer's sums at the end of a run."""
    gains = {name: layer.gain for name, layer in job.plan.layers.items()}
    for record, stage in zip(read_record(folder)["stages"], job.workload.stages, strict=True):
        if isinstance(stage, ProgramStage):
            if job.plan.programs[stage.name].target == matrix:
                factors = record["programming"]["factors"] if stage.compensate else dict.fromkeys(gains, 1.0)
                gains = {name: layer.gain / factors[name] for name, layer in job.plan.layers.items()}
        elif stage.start != "keep" and matrix in job.rules[stage.name].matrices:
            gains = {name: layer.gain for name, layer in job.plan.layers.items()}
    return gains


def _weights(job: Job, arrays: Arrays, stage: str, layer: str, matrix: str) -> NDArray[np.float64]:
    """The matrix `(rows, columns)` of a layer at the end of a stage, put together from its blocks."""
    plan, spec = job.plan, job.plan.layers[layer]
    whole = np.empty((spec.rows, spec.outputs))
    for name in plan.spread[layer, matrix]:
        block, place = plan.blocks[name], plan.places[name, matrix]
        digital = plan.digital((name, matrix))
        kept = arrays[f"{place.array}/{stage}/after/{f'{name}.{matrix}' if digital else 'weights'}"]
        rows = slice(block.row, block.row + block.rows)
        columns = slice(block.column, block.column + block.columns)
        whole[rows, columns] = kept if digital else place.region.of(kept)
    return whole
