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
import tempfile
from collections.abc import Callable, Iterator
from http.client import HTTPException
from pathlib import Path
from typing import IO, Any, Literal, cast

import numpy as np
from numpy.typing import NDArray

from chipsim.errors import DataError, Fault, InputError
from chipsim.inputs import registry
from chipsim.workloads import idx
from chipsim.workloads.content import BLOCK, Content, reason
from chipsim.workloads.declaration import DataFile, DataSet, Images, Location, Pixels, Rows, Source, Split
from chipsim.workloads.places import VARIABLE, asked_folder, cache_folder, folders

__all__ = [
    "DataFile",
    "DataSet",
    "Images",
    "Location",
    "Pixels",
    "Progress",
    "Rows",
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

_TIMEOUT = 30.0  # seconds without a byte after which a server is given up
_LOOPBACK = (("http", "127.0.0.1"), ("http", "localhost"), ("http", "::1"))

Progress = Callable[[str, int, int], None]
"""Told the file's name, the bytes that have arrived and the bytes there are."""


def named(name: str) -> Source:
    """Return the data set of this name: here, behind an entry point, or a folder of IDX files where data lie.

    *Raises*: `InputError` if there is none, with the nearest name; `DataError` for such a folder whose files
    are damaged.
    """
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
    asked = asked_folder()
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


def _cached(data: DataSet) -> Path:
    return cache_folder() / data.name


def _candidates(data: DataSet) -> Iterator[tuple[Literal["CHIPSIM_DATA", "cache", "package"], Path]]:
    asked = asked_folder()
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
