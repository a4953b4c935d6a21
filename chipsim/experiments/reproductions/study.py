"""What a reproduction is: a module with a `STUDY`, whose run gives an outcome that can be shown and kept."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, Protocol

from chipsim.errors import DataError, Fault, RunError
from chipsim.experiments import folders
from chipsim.experiments.ensemble import Done
from chipsim.inputs import registry
from chipsim.workloads import dataset

DataName = Literal["mnist", "digits"]
CURVES = "curves"
"""Folder, in that of a study that simulates, of the chips of each curve."""


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


@dataclass(frozen=True)
class Given:
    """What a user may say of a study that simulates."""

    folder: Path
    """Where runs, figures and tables go; runs that are there are not run again."""
    data: DataName
    seeds: int | None = None
    """Chips of each curve; None: as many as the study wants."""
    first_seed: int = 0
    images: int | None = None
    """Images of each stage that trains; None: as the workload says."""
    workers: int = 1
    force: bool = False
    command: tuple[str, ...] = ("chipsim", "reproduce")

    def numbers(self, wanted: int) -> tuple[int, ...]:
        """The seeds of a curve that wants so many."""
        return tuple(range(self.first_seed, self.first_seed + (self.seeds or wanted)))

    def kept(self) -> Given:
        """The same without replacing what is there."""
        return replace(self, force=False)


def nothing_done(done: int, total: int, record: Mapping[str, Any]) -> None:
    """A `Done` that says nothing."""


@dataclass(frozen=True)
class Simulation:
    """A study whose chips are simulated, and which writes into the folder that they lie in."""

    title: str
    run: Callable[[Given, Done], Outcome]
    runs: Callable[[Given], int]
    """How many runs it takes."""


def data_at_hand() -> DataName:
    """MNIST where its files are on this machine, else the embedded digits."""
    try:
        dataset.where("mnist")
    except DataError:
        return "digits"
    return "mnist"


def named(name: str) -> Study | Simulation:
    """The study of a name; raises `registry.UnknownName`."""
    study: Study | Simulation = registry.module("reproduction", name).STUDY
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
