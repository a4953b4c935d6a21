"""Weights of a network in a file: those of another program as a stage's start, or those of a finished run.

The file is in the safetensors format. Its tensors are named and laid out as in PyTorch: for each layer of
the network by name `LAYER.weight` `(outputs, inputs)` and, where that has a bias, `LAYER.bias` `(outputs,)`.
A layer computes activation(weight x + bias): a digital gain of the network is part of the file's numbers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, Field
from safetensors import SafetensorError
from safetensors.numpy import load as load_tensors
from safetensors.numpy import save as save_tensors

from chipsim.errors import InputError, suggestion
from chipsim.inputs import registry
from chipsim.inputs.documents import Document, Where
from chipsim.inputs.schema import Model
from chipsim.workloads.network import Dense, Network

__all__ = ["Loaded", "Weights", "content", "load"]

LARGEST = 1 << 30
"""Bytes of a file of weights, at most."""
_SHOWN = 6  # tensors that a fault names


def _named(name: str) -> str:
    if not name.endswith(".safetensors"):
        raise ValueError(
            f"weights are read from a safetensors file; save them as '{Path(name).stem}.safetensors'"
        )
    return name


class Weights(Model):
    """Weights to begin with, from a file."""

    weights: Annotated[str, AfterValidator(_named)] = Field(
        min_length=1, max_length=4096, description="safetensors file of the weights"
    )
    sha256: str | None = Field(
        default=None, pattern=r"^[0-9a-f]{64}$",
        description="checksum of the file; where it is given, the file must have it",
    )  # fmt: skip


@dataclass(frozen=True)
class Loaded:
    """A file of weights that has been read.

    `layers` are matrices `(rows, columns)` by layer, the bias as the last row, before the layer's gain.
    """

    name: str
    sha256: str
    content: bytes
    layers: Mapping[str, NDArray[np.float64]]


def load(document: Document, path: Where, given: Weights, network: Network) -> Loaded:
    """Read the file that the value at `path` names, for a network.

    *Raises*: `InputError` where it is missing or out of place, has another checksum or is no safetensors
    file, or where a layer's tensors are missing or of another shape, or there are others.
    """
    place = (*path, "weights")
    data = _read(document, place, given.weights)
    checksum = hashlib.sha256(data).hexdigest()
    if given.sha256 not in (None, checksum):
        text = f"'{given.weights}' has not the checksum that is given; it has {checksum}"
        raise InputError(document.fault(text, (*path, "sha256"), "E071"))
    try:
        tensors = load_tensors(data)
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        reason = " ".join(str(error).split())[:100]
        text = f"'{given.weights}' is no safetensors file that can be read: {reason}"
        raise InputError(document.fault(text, place, "E072")) from None
    wrong = tuple(_faults(tensors, network))
    if wrong:
        raise InputError(*(document.fault(f"'{given.weights}': {text}", place, "E054") for text in wrong))
    layers = {name: _matrix(tensors, name, layer) for name, layer in network.named()}
    return Loaded(_kept_as(document, place, given.weights), checksum, data, layers)


def _kept_as(document: Document, place: Where, name: str) -> str:
    """The path, below a run's own files, of a copy of the file."""
    if document.is_set(place) or not Path(name).is_absolute():
        return Path(name).name if document.is_set(place) else name
    return Path(name).resolve().relative_to(document.folder(place).resolve()).as_posix()


def content(layers: Mapping[str, NDArray[Any]], network: Network) -> bytes:
    """Return the file that holds the weights `(rows, columns)` of all layers with their gains, in 32 bits."""
    tensors: dict[str, NDArray[Any]] = {}
    for name, layer in network.named():
        values = np.asarray(layers[name], dtype=np.float32)
        tensors[f"{name}.weight"] = np.ascontiguousarray(values[: layer.inputs].T)
        if layer.bias:
            tensors[f"{name}.bias"] = np.ascontiguousarray(values[layer.inputs])
    return save_tensors(tensors)


def _read(document: Document, place: Where, name: str) -> bytes:
    folder = document.folder(place)
    try:
        path = Path(name) if document.is_set(place) else registry.inside(name, folder)
    except InputError as error:
        raise InputError(document.fault(str(error.faults[0].message), place, "E032")) from None
    try:
        if path.stat().st_size > LARGEST:
            text = f"'{name}' has more than {LARGEST} bytes; give the weights of this network alone"
            raise InputError(document.fault(text, place, "E056"))
        return path.read_bytes()
    except FileNotFoundError:
        there = sorted(found.name for found in path.parent.glob("*.safetensors"))
        text = f"there is no file '{name}'{suggestion(path.name, there)}"
        raise InputError(document.fault(text, place, "E001")) from None
    except OSError as error:
        text = f"'{name}' cannot be read: {error.strerror}"
        raise InputError(document.fault(text, place, "E002")) from None


def _faults(tensors: Mapping[str, NDArray[Any]], network: Network) -> Iterator[str]:
    taken, missing = set[str](), False
    for name, layer in network.named():
        wanted: dict[str, tuple[int, ...]] = {f"{name}.weight": (layer.outputs, layer.inputs)}
        if layer.bias:
            wanted[f"{name}.bias"] = (layer.outputs,)
        elif f"{name}.bias" in tensors:
            yield f"it holds '{name}.bias', but layer '{name}' has no bias; write 'bias: true' there"
        for tensor, shape in wanted.items():
            if tensor not in tensors:
                missing = True
                yield f"it has no tensor '{tensor}'{_held(tensors)}; give the layer the file's name for it"
            elif (found := tensors[tensor]).shape != shape:
                yield f"'{tensor}' is {_size(found.shape)} where layer '{name}' takes {_size(shape)}"
            elif found.dtype.kind != "f" or not np.isfinite(found).all():
                yield f"'{tensor}' holds what is no finite floating-point number"
        taken |= {f"{name}.weight", f"{name}.bias"}
    for tensor in () if missing else sorted(tensors.keys() - taken):
        yield f"it holds '{tensor}', which no layer of the network takes; leave it out of the file"


def _held(tensors: Mapping[str, NDArray[Any]]) -> str:
    names = [f"{name} ({_size(values.shape)})" for name, values in sorted(tensors.items())]
    more = ", ..." if len(names) > _SHOWN else ""
    return f"; it has {', '.join(names[:_SHOWN])}{more}" if names else ""


def _size(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape)) or "a single number"


def _matrix(tensors: Mapping[str, NDArray[Any]], name: str, layer: Dense) -> NDArray[np.float64]:
    matrix = tensors[f"{name}.weight"].T.astype(np.float64)
    if layer.bias:
        matrix = np.vstack([matrix, tensors[f"{name}.bias"].astype(np.float64)])
    return np.ascontiguousarray(matrix / layer.gain)
