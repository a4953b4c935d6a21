"""Files in IDX form (LeCun2010): their reader, and data sets that are nothing but a folder of four of them.

IDX: two zero bytes, the type of the items (8: unsigned bytes), the number of dimensions, each dimension as a
big-endian 32-bit number, then the items, last dimension fastest.

A folder of any name, where data sets are looked for, is a data set of that name if it holds images and labels
for training and testing, packed or not, named as MNIST's are: `train-images-idx3-ubyte`,
`train-labels-idx1-ubyte`, `t10k-images-idx3-ubyte` and `t10k-labels-idx1-ubyte`, with or without words before
(`emnist-letters-train-...`), `test` for `t10k`. Its classes are the numbers from 0 to its largest label.
"""

from __future__ import annotations

import functools
import hashlib
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from chipsim.inputs.documents import is_name
from chipsim.workloads.content import Content, damaged
from chipsim.workloads.declaration import DataFile, DataSet, Pixels, Rows, Split
from chipsim.workloads.places import folders

__all__ = ["IdxFolder", "found", "names", "read"]

MOST = 1 << 31
"""Items of a file of a folder, at most."""
_BLOCK_BYTES = 1 << 20
_UNSIGNED_BYTES = 8
_HEADER = 4  # bytes of the type, and of each dimension
_FULL_SCALE = 255
_PARTS: Mapping[str, tuple[str, ...]] = {"train": ("train",), "test": ("t10k", "test")}
_DIMENSIONS: Mapping[str, int] = {"images": 3, "labels": 1}


@dataclass(frozen=True)
class IdxFolder:
    """A data set that a folder is: see `declaration.Source`."""

    DATASET: DataSet
    shapes: Mapping[str, tuple[int, ...]]
    """Of the items of each file, by name, the images or labels themselves first."""
    roles: Mapping[tuple[str, str], str]
    """The file of a part's images or labels."""

    def labels(self, paths: Mapping[str, Path], split: str) -> NDArray[np.int64]:
        """The class of each image of a part, `(images,)`."""
        return self._read(paths, split, "labels", None).astype(np.int64)

    def pixels(self, paths: Mapping[str, Path], split: str, rows: Rows) -> Pixels:
        """The images of these rows (ascending) of a part, `(rows, features)`."""
        return self._read(paths, split, "images", rows).reshape(len(rows), self.DATASET.features)

    def _read(self, paths: Mapping[str, Path], split: str, what: str, rows: Rows | None) -> Pixels:
        name = self.roles[split, what]
        return read(paths[name], self.shapes[name], rows, self.DATASET.file(name).content)


def found(name: str) -> IdxFolder | None:
    """The data set that a folder of this name is, None where there is no such folder.

    *Raises*: `DataError` where the folder's files are damaged or do not belong together.
    """
    for folder in folders(name) if is_name(name) else ():
        roles = dict(_roles(folder))
        if len(roles) == 2 * len(_PARTS):
            paths = tuple(sorted(roles.items()))
            stamps = tuple((path.stat().st_size, path.stat().st_mtime_ns) for _, path in paths)
            return _source(name, paths, stamps)
    return None


def lacking(name: str) -> str:
    """What a folder of this name lacks to be a data set, as a sentence; empty where there is none."""
    for folder in folders(name) if is_name(name) else ():
        if folder.is_dir():
            there = dict(_roles(folder))
            every = ((part, what) for part in _PARTS for what in _DIMENSIONS)
            missing = [f"{what} for {part}ing" for part, what in every if (part, what) not in there]
            form = "as 'train-images-idx3-ubyte', 't10k-labels-idx1-ubyte' and so on"
            return f"'{folder}' is no data set: it lacks {', '.join(missing)}, in files named {form}"
    return ""


def names() -> tuple[str, ...]:
    """The names of folders that hold four such files, where data sets are looked for; nothing is read."""
    below = (folder for parent in folders("") if parent.is_dir() for folder in sorted(parent.iterdir()))
    return tuple(
        folder.name
        for folder in below
        if is_name(folder.name) and len(dict(_roles(folder))) == 2 * len(_PARTS)
    )


def _roles(folder: Path) -> Iterator[tuple[tuple[str, str], Path]]:
    for part, words in _PARTS.items():
        for what, kind in (("images", "idx3"), ("labels", "idx1")):
            patterns = (f"*{word}-{what}?{kind}-ubyte{end}" for word in words for end in ("", ".gz"))
            files = (path for pattern in patterns for path in sorted(folder.glob(pattern)))
            if (file := next(files, None)) is not None:
                yield (part, what), file


@functools.lru_cache(maxsize=8)
def _source(
    name: str, paths: tuple[tuple[tuple[str, str], Path], ...], _stamps: tuple[tuple[int, int], ...]
) -> IdxFolder:
    """The data set of four files, as they were when they had these sizes and dates."""
    roles = dict(paths)
    shapes = {path.name: _shape(path, _DIMENSIONS[what]) for (_, what), path in roles.items()}
    labels = {part: read(roles[part, "labels"], shapes[roles[part, "labels"].name]) for part in _PARTS}
    classes = 1 + max(int(values.max()) for values in labels.values())
    for part in _PARTS:
        _check(roles[part, "images"], shapes[roles[part, "images"].name], len(labels[part]))
    image, other = (shapes[roles[part, "images"].name][1:] for part in _PARTS)
    if image != other:
        raise damaged(
            roles["test", "images"], f"its images are {_times(other)}, those of training {_times(image)}"
        )
    counts = {part: np.bincount(values, minlength=classes).tolist() for part, values in labels.items()}
    declared = DataSet(
        name=name,
        title=f"{name}, a folder of IDX files",
        shape=image,
        classes=tuple(str(number) for number in range(classes)),
        full_scale=_FULL_SCALE,
        splits=tuple(Split(part, tuple(counts[part])) for part in _PARTS),
        files=tuple(_file(path, shapes[path.name]) for path in roles.values()),
        citation="",
        licence="as its files say",
    )
    return IdxFolder(declared, shapes, {role: path.name for role, path in roles.items()})


def _file(path: Path, shape: tuple[int, ...]) -> DataFile:
    digest, size = hashlib.sha256(), 0
    with Content.of(path) as content:
        while block := content.some(_BLOCK_BYTES):
            digest.update(block)
            size += len(block)
    short = _HEADER * (1 + len(shape)) + math.prod(shape) - size
    if short > 0:
        raise damaged(path, f"it ends {short} bytes too early")
    if short < 0:
        raise damaged(path, "it goes on after its last item")
    return DataFile(path.name, path.stat().st_size, "", digest.hexdigest())


def _check(path: Path, shape: tuple[int, ...], labels: int) -> None:
    if shape[0] != labels:
        raise damaged(path, f"it holds {shape[0]} images where there are {labels} labels")


def read(path: Path, shape: tuple[int, ...], rows: Rows | None = None, sha256: str = "") -> Pixels:
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
        dimensions = _header(path, content)
        if len(dimensions) != len(shape):
            raise damaged(path, f"it has {len(dimensions)} dimensions instead of {len(shape)}")
        if dimensions != shape:
            raise damaged(path, f"it holds {_times(dimensions)} items instead of {_times(shape)}")
        for first in range(0, count, step):
            last = min(first + step, count)
            block = np.frombuffer(content.read((last - first) * size), dtype=np.uint8).reshape(-1, *item)
            low, high = np.searchsorted(wanted, (first, last))
            chosen[low:high] = block[wanted[low:high] - first]
        content.finish(sha256)
    return chosen


def _shape(path: Path, dimensions: int) -> tuple[int, ...]:
    with Content.of(path) as content:
        shape = _header(path, content)
    if len(shape) != dimensions:
        raise damaged(path, f"it has {len(shape)} dimensions instead of {dimensions}")
    if not 0 < math.prod(shape) <= MOST:
        bound = f"more than {MOST}" if math.prod(shape) else "which is none"
        raise damaged(path, f"it says that it holds {_times(shape)} items, {bound}")
    return shape


def _header(path: Path, content: Content) -> tuple[int, ...]:
    zero, kind, dimensions = np.frombuffer(content.read(4), dtype=">u2,u1,u1")[0].tolist()
    if zero != 0:
        raise damaged(path, "it does not begin as an IDX file does, with two zero bytes")
    if kind != _UNSIGNED_BYTES:
        raise damaged(path, f"its items are of IDX type {kind}, not unsigned bytes (8)")
    return tuple(np.frombuffer(content.read(4 * dimensions), dtype=">u4").tolist())


def _times(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))
