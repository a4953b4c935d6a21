"""MNIST: 70,000 handwritten digits of 28 x 28 pixels (LeCun2010).

The four files are taken as published, packed or unpacked, under any of their usual names.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from chipsim.workloads import idx
from chipsim.workloads.dataset import DataFile, DataSet, Pixels, Rows, Split

__all__ = ["DATASET", "labels", "pixels"]

_MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist",
    "https://storage.googleapis.com/cvdf-datasets/mnist",
)


def _published(name: str, size: int, sha256: str, content: str) -> DataFile:
    dotted = name.replace("-idx", ".idx")
    return DataFile(
        name=f"{name}.gz",
        size=size,
        sha256=sha256,
        content=content,
        urls=tuple(f"{mirror}/{name}.gz" for mirror in _MIRRORS),
        aliases=(name, f"{dotted}.gz", dotted),
    )


DATASET = DataSet(
    name="mnist",
    title="MNIST handwritten digits",
    shape=(28, 28),
    classes=tuple("0123456789"),
    full_scale=255,
    splits=(
        Split("train", (5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949)),
        Split("test", (980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009)),
    ),
    files=(
        _published(
            "train-images-idx3-ubyte",
            9912422,
            "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        ),
        _published(
            "train-labels-idx1-ubyte",
            28881,
            "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        ),
        _published(
            "t10k-images-idx3-ubyte",
            1648877,
            "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        ),
        _published(
            "t10k-labels-idx1-ubyte",
            4542,
            "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        ),
    ),
    citation="LeCun2010",
    licence="CC BY-SA 3.0 (Yann LeCun and Corinna Cortes)",
    folders=("MNIST/raw",),
)

_FILES = {"train": "train", "test": "t10k"}


def labels(paths: Mapping[str, Path], split: str) -> NDArray[np.int64]:
    """Return the digit of each image of `train` or `test`, `(images,)`.

    *Raises*: `DataError` if the file is damaged or holds other data than published.
    """
    file = DATASET.file(f"{_FILES[split]}-labels-idx1-ubyte.gz")
    return idx.read(paths[file.name], (DATASET.split(split).size,), sha256=file.content).astype(np.int64)


def pixels(paths: Mapping[str, Path], split: str, rows: Rows) -> Pixels:
    """Return the images of these rows (ascending) of `train` or `test`, `(rows, 784)`.

    *Raises*: `DataError` if the file is damaged or holds other data than published.
    """
    file = DATASET.file(f"{_FILES[split]}-images-idx3-ubyte.gz")
    shape = (DATASET.split(split).size, *DATASET.shape)
    return idx.read(paths[file.name], shape, rows, file.content).reshape(len(rows), DATASET.features)
