"""The functions that `import chipsim` offers: load two files, vary them, simulate; measure a cell."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

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


def device(
    cell: str | Path, devices: int = DEVICES, pulses: int = PULSES, seed: int = 0, **parameters: object
) -> Measured:
    """Measure a cell, by name or path, with parameters set differently: `device("reram-om", step=0.05)`.

    Raises `InputError` with all faults.
    """
    settings = tuple(f"{name}={value}" for name, value in parameters.items())
    return measure(str(cell), settings, devices, pulses, seed)
