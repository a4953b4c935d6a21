"""A published figure made again: what the verb `reproduce` does and prints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from chipsim.errors import Fault, UsageError
from chipsim.experiments import folders
from chipsim.experiments.ensemble import Done
from chipsim.experiments.reproductions import study
from chipsim.experiments.reproductions.study import DataName, Given, Outcome, Simulation, Study
from chipsim.inputs import registry
from chipsim.reports.shown import Shown


@dataclass(frozen=True, repr=False)
class Titles(Shown):
    """What can be reproduced: the title of each by name."""

    titles: Mapping[str, str]

    def text(self) -> str:
        """A line for each."""
        return "\n".join(f"{name}  {title}" for name, title in self.titles.items())

    def as_dict(self) -> Mapping[str, str]:
        """The titles by name."""
        return self.titles


@dataclass(frozen=True, repr=False)
class Reproduced(Shown):
    """A published figure made again, and where its files lie, if any were written."""

    outcome: Outcome
    folder: Path | None = None
    """Of one that simulates: where its chips, figures and tables lie."""
    files: tuple[Path, ...] = field(default=())
    """Of another: what was written."""

    def text(self) -> str:
        """The outcome, and where its files lie."""
        places = () if self.folder is None else ("", f"folder: {self.folder}")
        return "\n".join((self.outcome.text(), *places, *(f"file: {path}" for path in self.files)))

    def as_dict(self) -> dict[str, Any]:
        """The outcome as plain values."""
        files = {"files": list(map(str, self.files))} if self.files else {}
        return {**self.outcome.as_dict(), **files}


def titles() -> Titles:
    """What can be reproduced."""
    return Titles({name: study.named(name).title for name in registry.names("reproduction")})


def named(figure: str) -> Study | Simulation:
    """The study of a name. Raises `UsageError` with the nearest."""
    try:
        return study.named(figure)
    except registry.UnknownName as unknown:
        raise UsageError(Fault(str(unknown), code="E100")) from None


def given(
    data: DataName | None, seeds: int | None, first_seed: int, images: int | None, output: Path | None,
    force: bool, command: tuple[str, ...],
) -> Given:  # fmt: skip
    """What a user says of a study that simulates, with the data that are at hand and a folder."""
    chosen = data or study.data_at_hand()
    folder = output or Path(folders.RUNS) / f"reproduce-{chosen}"
    return Given(folder, chosen, seeds, first_seed, images, force=force, command=command)


def simulate(chosen: Simulation, asked: Given, workers: int, done: Done) -> Reproduced:
    """Run a study that simulates chips, and write its files."""
    return Reproduced(chosen.run(replace(asked, workers=workers), done), asked.folder)


def make(figure: str, chosen: Study, output: Path | None = None, force: bool = False) -> Reproduced:
    """Run a study that simulates no chips of its own, and write its files where a folder is given.

    Raises `RunError` where files of it are there already, without `force`.
    """
    if output is None:
        return Reproduced(chosen.run())
    study.check_free(figure, output, force)
    outcome = chosen.run()
    return Reproduced(outcome, files=study.write(figure, outcome, output, force))
