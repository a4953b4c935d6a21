"""The functions that `import chipsim` offers: load files, vary them, simulate; explore; measure a cell."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from chipsim.errors import Fault, InputError, suggestion
from chipsim.experiments.device import DEVICES, PULSES, Measured, measure
from chipsim.experiments.run import Request, prepare
from chipsim.experiments.run import simulate as _simulate
from chipsim.inputs import documents, registry
from chipsim.reports.result import Result

Kind = Literal["architecture", "workload"]
KINDS: tuple[Kind, ...] = ("architecture", "workload")


@dataclass(frozen=True)
class File:
    """An architecture or workload file, with what is set differently in it."""

    kind: Kind
    name: str
    settings: tuple[str, ...] = ()

    def with_(self, **values: object) -> File:
        """The file with other values at paths: `with_(**{"components.adc.bits": 6})`."""
        return replace(
            self, settings=self.settings + tuple(f"{path}={value}" for path, value in values.items())
        )


def load(name: str | Path) -> File:
    """A shipped architecture or workload by name, or a file by path.

    Raises `InputError` where there is none, or where the file says of itself that it is something else.
    """
    text = str(name)
    for kind in KINDS:
        if text in registry.names(kind):
            return File(kind, text)
    path = Path(name)
    if not path.exists():
        known = (*registry.names("architecture"), *registry.names("workload"))
        raise InputError(Fault(f"no shipped file or path '{text}'{suggestion(text, known)}", code="E030"))
    document = documents.read(path)
    form = str(document.data.get("format", ""))
    for kind in KINDS:
        if form.startswith(f"chipsim-{kind}/"):
            return File(kind, text)
    raise InputError(
        document.fault("the file is neither an architecture nor a workload", ("format",), "E025")
    )


def simulate(architecture: File | str | Path, workload: File | str | Path, seed: int = 0) -> Result:
    """Run a workload on an architecture, each loaded or by name or path.

    Raises like the command line: `ChipsimError` with all faults.
    """
    chip, work = (given if isinstance(given, File) else load(given) for given in (architecture, workload))
    if (chip.kind, work.kind) != ("architecture", "workload"):
        text = f"'{chip.name}' is of the kind {chip.kind} and '{work.name}' of the kind {work.kind}"
        raise InputError(Fault(f"{text}; give an architecture first, then a workload", code="E025"))
    request = Request(chip.name, work.name, chip.settings + work.settings)
    return _simulate(
        prepare(request), seed, command=("chipsim", "run", chip.name, work.name, "--seed", str(seed))
    )


def explore(
    study: str | Path, output: str | Path | None = None, record: str | Path | None = None, workers: int = 1,
    scheduler: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Explore a study, by name or path, like the verb; returns what its `study.json` holds.

    In a script, call it below `if __name__ == "__main__"` when there is more than one worker. Raises
    `ChipsimError` like the command line.
    """
    from chipsim.experiments.exploring import doing, outcome
    from chipsim.experiments.exploring import study as studies

    asked = studies.load(str(study))
    folder, kept = (None if path is None else Path(path) for path in (output, record))
    places = outcome.Places.of(asked, folder, kept)
    outcome.check_free(asked, places.folder, force=False)
    return doing.do(asked, places, workers, scheduler, outcome.command(str(study), folder))[0]


def device(
    cell: str | Path, devices: int = DEVICES, pulses: int = PULSES, seed: int = 0, **parameters: object
) -> Measured:
    """Measure a cell, by name or path, with parameters set differently: `device("reram-om", step=0.05)`.

    Raises `InputError` with all faults.
    """
    settings = tuple(f"{name}={value}" for name, value in parameters.items())
    return measure(str(cell), settings, devices, pulses, seed)
