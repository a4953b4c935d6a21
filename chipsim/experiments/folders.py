"""Folders of runs: written aside and renamed when complete, never over an earlier one unasked."""

from __future__ import annotations

import errno
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from chipsim.errors import Fault, RunError

RUNS = "runs"


def fresh(base: Path, stem: str) -> Path:
    """The first of `stem-1`, `stem-2`, ... that is not there yet."""
    number = 1
    while (base / f"{stem}-{number}").exists():
        number += 1
    return base / f"{stem}-{number}"


def check_free(folder: Path, force: bool) -> None:
    """Raise `RunError` where `folder` may not be written over, or cannot be written at all."""
    if _there(folder):
        if not force:
            raise _taken(folder)
        if not (folder.is_dir() and _is_ours(folder)):
            text = f"'{folder}' is not a folder of runs, so --force does not remove it"
            raise RunError(Fault(text, code="E091"))
    above = next(path for path in folder.absolute().parents if _there(path))
    if not above.is_dir():
        raise _unwritable(folder, f"'{above}' is not a folder")
    if not os.access(above, os.W_OK | os.X_OK):
        raise _unwritable(folder, f"'{above}' is not writable by this user")


def _there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return False


def _taken(folder: Path) -> RunError:
    return RunError(Fault(f"'{folder}' is there already; name another folder or add --force", code="E091"))


def _unwritable(folder: Path, why: str) -> RunError:
    return RunError(Fault(f"'{folder}' cannot be written: {why}", code="E092"))


def _is_ours(folder: Path) -> bool:
    names = {path.name for path in folder.iterdir()}
    marks = names & {"run.json", "ensemble.json", "request.json", "demo.json"}
    return not names or bool(marks) or any(folder.glob("*/request.json"))


def publish(folder: Path, fill: Callable[[Path], None], force: bool = False) -> None:
    """Let `fill` write into a folder aside, then rename it to `folder`.

    What came to be there in the meantime is replaced with `force` only. Raises `RunError` where the folder
    cannot be written. If `fill` fails, nothing is left behind.
    """
    with _aside(folder) as aside:
        fill(aside)
        if force and folder.exists():
            shutil.rmtree(folder)
        aside.rename(folder)


def publish_numbered(base: Path, stem: str, fill: Callable[[Path], None]) -> Path:
    """Publish to the first free of `stem-1`, `stem-2`, ...; returns the folder. Raises like `publish`."""
    with _aside(base / stem) as aside:
        fill(aside)
        while True:
            folder = fresh(base, stem)
            with suppress(FileExistsError):
                _rename(aside, folder)
                return folder


def _rename(aside: Path, folder: Path) -> None:
    try:
        aside.rename(folder)
    except OSError as error:
        if error.errno == errno.ENOTEMPTY:
            raise FileExistsError(*error.args) from None
        raise


@contextmanager
def _aside(folder: Path) -> Iterator[Path]:
    """A new folder beside `folder`, named after this process; gone at the end unless it was renamed.

    So are the folders above it that were made for it. Raises `RunError` for what the system refuses.
    """
    missing = [path for path in folder.parents if not _there(path)]
    aside = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-{os.getpid()}-", dir=folder.parent))
        aside.chmod(0o755)
        yield aside
    except OSError as error:
        taken = error.errno in (errno.EEXIST, errno.ENOTEMPTY) and folder.is_dir()
        raise (_taken(folder) if taken else _unwritable(folder, _reason(error))) from None
    finally:
        if aside is not None:
            shutil.rmtree(aside, ignore_errors=True)
        with suppress(OSError):
            for path in missing:
                path.rmdir()


def _reason(error: OSError) -> str:
    return (error.strerror or "unknown reason").lower()


_ASIDE = re.compile(r"\.seed-\d+-(?P<process>\d+)-\w+")


def sweep(folder: Path) -> None:
    """Remove what seeds of processes that were killed have left aside in an ensemble's folder."""
    for path in folder.glob(".seed-*"):
        found = _ASIDE.fullmatch(path.name)
        if found and not _is_running(int(found["process"])):
            shutil.rmtree(path, ignore_errors=True)


def sweep_all(folder: Path) -> None:
    """Remove what processes that were killed have left aside in a folder of anything published."""
    for path in folder.glob(".*-*-*"):
        found = _ANY_ASIDE.fullmatch(path.name)
        if found and not _is_running(int(found["process"])):
            shutil.rmtree(path, ignore_errors=True)


_ANY_ASIDE = re.compile(r"\..+-(?P<process>\d+)-\w+")


def _is_running(process: int) -> bool:
    if os.name == "nt":
        return True  # cannot be asked without ending it
    try:
        os.kill(process, 0)
        state = Path(f"/proc/{process}/stat").read_text("utf-8").rpartition(")")[2].split()[0]
    except ProcessLookupError:
        return False
    except OSError:
        return True  # another user's, or a system that does not say more
    return state not in "ZX"  # ended, but nobody has asked how: usual in containers


def discard(folder: Path) -> None:
    """Remove an ensemble's folder in which no seed has ended, and what is empty above it up to `RUNS`."""
    if any(folder.glob("seed-*")):
        return
    shutil.rmtree(folder, ignore_errors=True)
    for path in folder.parents if RUNS in (above.name for above in folder.parents) else ():
        with suppress(OSError):
            path.rmdir()
        if path.name == RUNS:
            return


def write_text(path: Path, text: str) -> None:
    """Write a small file aside and rename it, so that a reader never sees half of it."""
    write_bytes(path, text.encode())


def write_bytes(path: Path, content: bytes) -> None:
    """The same for what is no text."""
    aside = path.with_name(f".{path.name}-{os.getpid()}")
    aside.write_bytes(content)
    aside.replace(path)


def write_files(
    folder: Path, files: Mapping[str, Callable[[], str | bytes]], force: bool = False
) -> tuple[Path, ...]:
    """Write files, each with what makes its text, into a folder that may hold others; returns their paths.

    Raises `RunError` where one of them is there already, without `force`, or where the system refuses.
    """
    paths = tuple(folder / name for name in files)
    taken = next((path for path in paths if path.exists()), None)
    if taken is not None and not force:
        text = f"'{taken}' is there already; name another place or add --force"
        raise RunError(Fault(text, code="E091"))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, content_of in zip(paths, files.values(), strict=True):
            made = content_of()
            write_bytes(path, made if isinstance(made, bytes) else made.encode())
    except OSError as error:
        raise _unwritable(folder, _reason(error)) from None
    return paths
