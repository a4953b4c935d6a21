"""What a data set is: its files, its parts, its images, and what a module defines to be one.

What modules of data sets and folders of IDX files have in common; what is done with them is in `dataset`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["DataFile", "DataSet", "Images", "Location", "Pixels", "Rows", "Source", "Split"]

Rows = NDArray[np.int64]
Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class DataFile:
    """One file as it is published.

    `size` [bytes] and `sha256` are those of the download, `content` is the SHA-256 of what the file holds
    once unpacked; `aliases` are other names under which people keep it, packed or not.
    """

    name: str
    size: int
    sha256: str
    content: str
    urls: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Split:
    """A part of a data set that is published as such: its name and the images of each class."""

    name: str
    per_class: tuple[int, ...]

    @property
    def size(self) -> int:
        """Images in this part."""
        return sum(self.per_class)

    def of(self, classes: tuple[int, ...]) -> int:
        """Return how many images there are of these classes."""
        return sum(self.per_class[number] for number in classes)


@dataclass(frozen=True)
class DataSet:
    """What a data set is.

    `shape` is that of one image, `full_scale` the pixel value that stands for 1. `splits` are either `train`
    and `test`, or one part of any name that has still to be divided. `citation` is a key of the bibliography.
    `folders` are other folders, below the one that holds data, under which the files are often kept; `sample`
    is the folder of the package that holds them, if it does.
    """

    name: str
    title: str
    shape: tuple[int, ...]
    classes: tuple[str, ...]
    full_scale: int
    splits: tuple[Split, ...]
    files: tuple[DataFile, ...]
    citation: str
    licence: str
    folders: tuple[str, ...] = ()
    sample: Path | None = None

    @property
    def features(self) -> int:
        """Pixels of one image."""
        return int(np.prod(self.shape))

    @property
    def sha256(self) -> str:
        """Checksum of the checksums of what its files hold, in their order."""
        return hashlib.sha256("".join(file.content for file in self.files).encode()).hexdigest()

    def split(self, name: str) -> Split:
        """Return the part of this name.

        *Raises*: `KeyError` if there is none.
        """
        return {split.name: split for split in self.splits}[name]

    def file(self, name: str) -> DataFile:
        """Return the file of this name.

        *Raises*: `KeyError` if there is none.
        """
        return {file.name: file for file in self.files}[name]


@dataclass(frozen=True)
class Images:
    """Images as they are stored: `pixels` `(images, features)` in 0..`full_scale`, `labels` `(images,)`."""

    pixels: Pixels
    labels: NDArray[np.int64]
    full_scale: int

    def __len__(self) -> int:
        return len(self.labels)

    def first(self, count: int | None) -> Images:
        """The first so many, or all."""
        return Images(self.pixels[:count], self.labels[:count], self.full_scale)


@dataclass(frozen=True)
class Location:
    """Where a data set lies: the path of each of its files by the file's published name."""

    data: DataSet
    kind: Literal["CHIPSIM_DATA", "cache", "package"]
    folder: Path
    paths: Mapping[str, Path]


class Source(Protocol):
    """What a module defines to be a data set: `DATASET` and the two functions that read it."""

    DATASET: DataSet

    def labels(self, paths: Mapping[str, Path], split: str) -> NDArray[np.int64]:
        """Return the class of each image of a part, `(images,)`, in the order of the file."""
        ...

    def pixels(self, paths: Mapping[str, Path], split: str, rows: Rows) -> Pixels:
        """Return the images of these rows (ascending) of a part, `(rows, features)`."""
        ...
