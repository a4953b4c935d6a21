"""Folders of runs: written aside and renamed when complete, never over an earlier one unasked."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
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
    """Raise `RunError` where something is at `folder` that may not be written over."""
    if folder.exists() and not force:
        raise RunError(Fault(f"'{folder}' is there already; name another folder or add --force", code="E091"))
    if folder.exists() and not (folder.is_dir() and _is_ours(folder)):
        raise RunError(
            Fault(f"'{folder}' is not a folder of runs, so --force does not remove it", code="E091")
        )


def _is_ours(folder: Path) -> bool:
    names = {path.name for path in folder.iterdir()}
    return not names or bool(names & {"run.json", "ensemble.json", "request.json", "demo.json"})


def publish(folder: Path, fill: Callable[[Path], None]) -> None:
    """Let `fill` write into a folder aside, then rename it to `folder`; replaces what was there.

    Raises `RunError` where the folder cannot be written. If `fill` fails, nothing is left behind.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:
        raise RunError(Fault(f"'{folder.parent}' cannot be written: {error.strerror}", code="E092")) from None
    try:
        fill(aside)
        aside.chmod(0o755)
        if folder.exists():
            shutil.rmtree(folder)
        os.rename(aside, folder)
    except OSError as error:
        shutil.rmtree(aside, ignore_errors=True)
        raise RunError(Fault(f"'{folder}' cannot be written: {error.strerror}", code="E092")) from None
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise


def write_text(path: Path, text: str) -> None:
    """Write a small file aside and rename it, so that a reader never sees half of it."""
    aside = path.with_name(f".{path.name}-{os.getpid()}")
    aside.write_text(text, "utf-8")
    os.replace(aside, path)
