"""Architecture and workload files as Python holds them: loaded, varied, and paired for a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from chipsim.errors import Fault, InputError, suggestion
from chipsim.experiments.run import Request
from chipsim.inputs import documents, registry

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
        return replace(self, settings=self.settings + settings(values))


Given = File | str | Path
"""A file that was loaded, or its name or path."""


def settings(values: Mapping[str, object]) -> tuple[str, ...]:
    """Values at paths as `--set` takes them."""
    return tuple(f"{path}={value}" for path, value in values.items())


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


def request(architecture: Given, workload: Given) -> Request:
    """What a run of one on the other asks for. Raises `InputError` where they are not these two."""
    chip, work = (given if isinstance(given, File) else load(given) for given in (architecture, workload))
    if (chip.kind, work.kind) != ("architecture", "workload"):
        text = f"'{chip.name}' is of the kind {chip.kind} and '{work.name}' of the kind {work.kind}"
        raise InputError(Fault(f"{text}; give an architecture first, then a workload", code="E025"))
    return Request(chip.name, work.name, chip.settings + work.settings)


def named(given: Given) -> tuple[str, tuple[str, ...]]:
    """The name or path of a file, and what is set differently in it."""
    return (given.name, given.settings) if isinstance(given, File) else (str(given), ())
