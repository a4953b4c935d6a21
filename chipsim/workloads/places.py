"""Where data sets are looked for: the folder that `CHIPSIM_DATA` names, then the user's cache."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

__all__ = ["VARIABLE", "asked_folder", "cache_folder", "folders"]

VARIABLE = "CHIPSIM_DATA"


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


def asked_folder() -> Path | None:
    """Return the folder that `CHIPSIM_DATA` names, whether or not it exists; None where it names none."""
    asked = os.environ.get(VARIABLE)
    return Path(asked).expanduser() if asked else None


def folders(name: str) -> Iterator[Path]:
    """Yield the folders of this name where data sets are looked for, whether or not they exist."""
    asked = asked_folder()
    if asked is not None:
        yield asked / name
    yield cache_folder() / name
