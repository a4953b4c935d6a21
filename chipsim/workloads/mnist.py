"""MNIST: 70,000 handwritten digits of 28 x 28 pixels (LeCun2010), and the reader of its IDX format.

The four files are taken as published, packed or unpacked, under any of their usual names. IDX (LeCun2010):
two zero bytes, the type of the items (8: unsigned bytes), the number of dimensions, each dimension as a
big-endian 32-bit number, then the items, last dimension fastest.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from chipsim.workloads.dataset import Content, DataFile, DataSet, Pixels, Rows, Split, damaged

__all__ = ["DATASET", "labels", "pixels", "read_idx"]

_MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist",
    "https://storage.googleapis.com/cvdf-datasets/mnist",
)
_BLOCK_BYTES = 1 << 20
_UNSIGNED_BYTES = 8


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
    return read_idx(paths[file.name], (DATASET.split(split).size,), sha256=file.content).astype(np.int64)


def pixels(paths: Mapping[str, Path], split: str, rows: Rows) -> Pixels:
    """Return the images of these rows (ascending) of `train` or `test`, `(rows, 784)`.

    *Raises*: `DataError` if the file is damaged or holds other data than published.
    """
    file = DATASET.file(f"{_FILES[split]}-images-idx3-ubyte.gz")
    shape = (DATASET.split(split).size, *DATASET.shape)
    return read_idx(paths[file.name], shape, rows, file.content).reshape(len(rows), DATASET.features)


def read_idx(path: Path, shape: tuple[int, ...], rows: Rows | None = None, sha256: str = "") -> Pixels:
    """Return items of an IDX file of unsigned bytes: all, or those of `rows` (ascending) of dimension one.

    The file is read to its end in blocks, packed or not, whatever `rows` asks for: its size and checksum are
    checked, while only the wanted items and one block are held.
    *Raises*: `DataError` if it is not an IDX file of this `shape`, is torn, goes on, or has another checksum.
    """
    count, item = shape[0], shape[1:]
    wanted = np.arange(count) if rows is None else rows
    chosen = np.empty((len(wanted), *item), dtype=np.uint8)
    size = int(np.prod(item))
    step = max(1, _BLOCK_BYTES // size)
    with Content.of(path) as content:
        _check_header(path, content, shape)
        for first in range(0, count, step):
            last = min(first + step, count)
            block = np.frombuffer(content.read((last - first) * size), dtype=np.uint8).reshape(-1, *item)
            low, high = np.searchsorted(wanted, (first, last))
            chosen[low:high] = block[wanted[low:high] - first]
        content.finish(sha256)
    return chosen


def _check_header(path: Path, content: Content, shape: tuple[int, ...]) -> None:
    zero, kind, dimensions = np.frombuffer(content.read(4), dtype=">u2,u1,u1")[0].tolist()
    if zero != 0:
        raise damaged(path, "it does not begin as an IDX file does, with two zero bytes")
    if kind != _UNSIGNED_BYTES:
        raise damaged(path, f"its items are of IDX type {kind}, not unsigned bytes (8)")
    if dimensions != len(shape):
        raise damaged(path, f"it has {dimensions} dimensions instead of {len(shape)}")
    found = tuple(np.frombuffer(content.read(4 * dimensions), dtype=">u4").tolist())
    if found != shape:
        raise damaged(path, f"it holds {_times(found)} items instead of {_times(shape)}")


def _times(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))
