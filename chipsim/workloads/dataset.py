"""The contract of a data set: what it is, where its files lie, how they are fetched and how they are checked.

A data set is one module of this room, or behind an entry point, that defines three names (see `Source`):
`DATASET` says what the set is; `labels` and `pixels` read it. Everything else is common and stands here.

Files are looked for in the folder that `CHIPSIM_DATA` names, then in the user's cache, then in the package.
Nothing is downloaded unless `get` is called. Bytes that are read are compared with the published checksum
on the way, whether the file lies there packed or unpacked, so that a run can never take one set for another.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import IO, Any, Literal, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from chipsim.errors import DataError, Fault, InputError
from chipsim.inputs import registry
from chipsim.workloads.content import BLOCK, Content, reason

__all__ = [
    "DataFile",
    "DataSet",
    "Images",
    "Location",
    "Progress",
    "Source",
    "Split",
    "cache_folder",
    "find",
    "folders",
    "get",
    "labels",
    "load",
    "missing",
    "named",
    "verify",
    "where",
]

VARIABLE = "CHIPSIM_DATA"
_TIMEOUT = 30.0  # seconds without a byte after which a server is given up
_LOOPBACK = (("http", "127.0.0.1"), ("http", "localhost"), ("http", "::1"))

Progress = Callable[[str, int, int], None]
"""Told the file's name, the bytes that have arrived and the bytes there are."""

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


def named(name: str) -> Source:
    """Return the data set of this name: here, behind an entry point, or a folder of IDX files where data lie.

    *Raises*: `InputError` if there is none, with the nearest name; `DataError` for such a folder whose files
    are damaged.
    """
    from chipsim.workloads import idx

    try:
        return cast(Source, registry.module("dataset", name))
    except registry.UnknownName as error:
        if (folder := idx.found(name)) is not None:
            return cast(Source, folder)
        near = registry.UnknownName(error.kind, error.name, tuple(sorted({*error.choices, *idx.names()})))
        raise InputError(Fault(idx.lacking(name) or str(near), code="E030")) from error


def labels(name: str, split: str) -> NDArray[np.int64]:
    """Return the class of each image of a part of a data set, `(images,)`.

    *Raises*: `DataError` if files are missing or damaged.
    """
    source = named(name)
    return source.labels(where(source.DATASET).paths, split)


def load(name: str, split: str, rows: Rows | None = None) -> Images:
    """Return images of a part of a data set: those of `rows` (ascending), or all.

    *Raises*: `DataError` if files are missing or damaged.
    """
    source = named(name)
    paths = where(source.DATASET).paths
    every = source.labels(paths, split)
    wanted = np.arange(len(every)) if rows is None else rows
    return Images(source.pixels(paths, split, wanted), every[wanted], source.DATASET.full_scale)


# Where the files lie


def cache_folder() -> Path:
    """Return the folder in which downloaded data sets are kept, whether or not it exists."""
    if xdg := os.environ.get("XDG_CACHE_HOME"):
        return Path(xdg) / "chipsim" / "data"
    if sys.platform == "win32" and (local := os.environ.get("LOCALAPPDATA")):
        return Path(local) / "chipsim" / "data"
    return _home() / ("Library/Caches" if sys.platform == "darwin" else ".cache") / "chipsim" / "data"


def _home() -> Path:
    try:
        return Path.home()
    except RuntimeError:  # a user without an entry and without HOME, as in some containers
        return Path(tempfile.gettempdir())


def where(data: DataSet | str) -> Location:
    """Return where the files of a data set lie.

    *Raises*: `DataError` if they are nowhere: where was looked, and how to get them.
    """
    declared = _declared(data)
    location = find(declared)
    if location is None:
        raise missing(declared)
    return location


def find(data: DataSet) -> Location | None:
    """Return where the files of a data set lie, or None if no folder holds all of them."""
    for kind, folder in _candidates(data):
        paths = _paths(data, folder)
        if len(paths) == len(data.files):
            return Location(data, kind, folder, paths)
    return None


def missing(data: DataSet) -> DataError:
    """Return the error that says where the files were looked for, and how to get them."""
    asked = _asked_folder()
    looked = [f"the cache ({_cached(data)})"]
    if asked is not None:
        looked.insert(0, f"{VARIABLE} ({asked}{'' if asked.is_dir() else ', which is no folder'})")
    partly = "".join(f"; {folder} lacks {', '.join(names)}" for folder, names in _partial(data))
    command = f"run 'chipsim data get {data.name}' or set" if _urls(data) else "set"
    sentence = (
        f"data set '{data.name}' was not found: looked in {' and '.join(looked)}{partly}; "
        f"{command} {VARIABLE} to the folder that holds it"
    )
    return DataError(Fault(sentence, code="E070"))


def _declared(data: DataSet | str) -> DataSet:
    return named(data).DATASET if isinstance(data, str) else data


def _asked_folder() -> Path | None:
    asked = os.environ.get(VARIABLE)
    return Path(asked).expanduser() if asked else None


def _cached(data: DataSet) -> Path:
    return cache_folder() / data.name


def folders(name: str) -> Iterator[Path]:
    """Yield the folders of this name where data sets are looked for, whether or not they exist."""
    asked = _asked_folder()
    if asked is not None:
        yield asked / name
    yield cache_folder() / name


def _candidates(data: DataSet) -> Iterator[tuple[Literal["CHIPSIM_DATA", "cache", "package"], Path]]:
    asked = _asked_folder()
    if asked is not None:
        for below in (data.name, *data.folders, ""):
            yield "CHIPSIM_DATA", asked / below
    yield "cache", _cached(data)
    if data.sample is not None:
        yield "package", data.sample


def _paths(data: DataSet, folder: Path) -> dict[str, Path]:
    found = {}
    for file in data.files:
        for name in (file.name, *file.aliases):
            if (folder / name).is_file():
                found[file.name] = folder / name
                break
    return found


def _partial(data: DataSet) -> Iterator[tuple[Path, list[str]]]:
    for _, folder in _candidates(data):
        lacking = [file.name for file in data.files if file.name not in _paths(data, folder)]
        if len(lacking) < len(data.files):
            yield folder, lacking


def _urls(data: DataSet) -> bool:
    return all(file.urls for file in data.files)


# What the files hold


def verify(data: DataSet | str) -> Location:
    """Return where a data set lies once all of each file has been compared with its published checksum.

    *Raises*: `DataError` with every file that is damaged or holds other data.
    """
    location = where(data)
    faults = [fault for file in location.data.files for fault in _faults(location.paths[file.name], file)]
    if faults:
        raise DataError(*faults)
    return location


def _faults(path: Path, file: DataFile) -> tuple[Fault, ...]:
    try:
        with Content.of(path) as content:
            content.skip()
            content.finish(file.content)
    except DataError as error:
        return error.faults
    return ()


# Fetching


def get(data: DataSet | str, progress: Progress | None = None) -> Location:
    """Download what is missing of a data set into the cache, and return where it lies.

    Files that are there are compared with their checksums; damaged ones are replaced in the cache. A file is
    written aside and takes its name only when it is whole and right: an interrupted call leaves no torn file.
    *Raises*: `DataError` if no server has it, what came is not what was published, or a folder that
    `CHIPSIM_DATA` names holds damaged files (those are the user's own, and left alone).
    """
    declared = _declared(data)
    location = find(declared)
    if location is None or location.kind == "cache":
        _fill(declared, progress)
    return verify(declared)


def _fill(data: DataSet, progress: Progress | None) -> None:
    folder = _cached(data)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(Fault(f"cannot make the folder '{folder}': {reason(error)}", code="E074")) from error
    present = _paths(data, folder)
    for file in data.files:
        path = present.get(file.name)
        if path is None or _faults(path, file):
            _fetch(data, file, folder / file.name, progress)


def _fetch(data: DataSet, file: DataFile, path: Path, progress: Progress | None) -> None:
    reasons = []
    for url in file.urls:
        try:
            return _download(url, file, path, progress)
        except (OSError, ValueError, HTTPException) as error:
            reasons.append(f"{url}: {reason(error)}")
    what = "; ".join(reasons) or "no address is known for it"
    raise DataError(Fault(f"cannot download '{file.name}' of data set '{data.name}': {what}", code="E074"))


def _download(url: str, file: DataFile, path: Path, progress: Progress | None) -> None:
    with _opened(url) as response:
        handle, aside = tempfile.mkstemp(prefix=f".{file.name}-", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as target:
                _copy(response, target, file, progress)
                target.flush()
                os.fsync(target.fileno())
            Path(aside).chmod(0o644)
            Path(aside).replace(path)
        finally:
            Path(aside).unlink(missing_ok=True)


def _copy(response: IO[bytes], target: IO[bytes], file: DataFile, progress: Progress | None) -> None:
    digest = hashlib.sha256()
    done = 0
    while block := response.read(BLOCK):
        done += len(block)
        if done > file.size:
            raise ValueError(f"more than the published {file.size} bytes came")
        digest.update(block)
        target.write(block)
        if progress is not None:
            progress(file.name, done, file.size)
    if done < file.size:
        raise ValueError(f"only {done} of {file.size} bytes came")
    if digest.hexdigest() != file.sha256:
        raise ValueError(f"the SHA-256 of what came is {digest.hexdigest()}, not {file.sha256}")


def _opened(url: str) -> IO[bytes]:
    from urllib.request import HTTPRedirectHandler, Request, build_opener

    class Careful(HTTPRedirectHandler):
        def redirect_request(self, *args: Any) -> Request | None:
            _refuse_insecure(args[-1])
            return super().redirect_request(*args)

    _refuse_insecure(url)
    return cast("IO[bytes]", build_opener(Careful).open(url, timeout=_TIMEOUT))


def _refuse_insecure(url: str) -> None:
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    if parts.scheme != "https" and (parts.scheme, parts.hostname) not in _LOOPBACK:
        raise ValueError(f"'{url}' is not an https address")
