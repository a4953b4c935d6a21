"""What a reproduction is: a module with a `STUDY`, whose run gives an outcome that can be shown and kept."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from chipsim.errors import Fault, RunError
from chipsim.experiments import folders
from chipsim.inputs import registry


class Outcome(Protocol):
    """What came out: for a reader, as plain values, and as files."""

    def text(self) -> str:
        """The outcome as lines of text."""
        ...

    def as_dict(self) -> Mapping[str, Any]:
        """The outcome as plain values."""
        ...

    def files(self) -> Mapping[str, Callable[[], str]]:
        """Figures and tables, from how their names end (".svg", ".csv", "-seeds.csv") to what makes them."""
        ...


@dataclass(frozen=True)
class Study:
    """A published figure or table, and what makes it again."""

    title: str
    run: Callable[[], Outcome]


def named(name: str) -> Study:
    """The study of a name; raises `registry.UnknownName`."""
    study: Study = registry.module("reproduction", name).STUDY
    return study


def check_free(name: str, folder: Path, force: bool) -> None:
    """Raise `RunError` where a folder holds files of a study already, before that is run in vain."""
    taken = next(iter(sorted(folder.glob(f"{name}[.-]*"))), None)
    if taken is not None and not force:
        text = f"'{taken}' is there already; name another place or add --force"
        raise RunError(Fault(text, code="E091"))


def write(name: str, outcome: Outcome, folder: Path, force: bool = False) -> tuple[Path, ...]:
    """Write NAME.txt, NAME.json and the outcome's own files into a folder; returns their paths.

    Raises `RunError` as `folders.write_files` does.
    """
    files: dict[str, Callable[[], str]] = {
        ".txt": lambda: f"{outcome.text()}\n",
        ".json": lambda: json.dumps(outcome.as_dict(), indent=2, allow_nan=False) + "\n",
        **outcome.files(),
    }
    return folders.write_files(folder, {f"{name}{ending}": made for ending, made in files.items()}, force)
