"""All faults of any files, and what there is to name in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chipsim.accounting import table
from chipsim.architecture import graph
from chipsim.architecture.graph import Architecture
from chipsim.devices import cells
from chipsim.errors import Fault, FitError, InputError, UsageError, suggestion
from chipsim.experiments.exploring import study
from chipsim.experiments.run import Request, apply_settings, locate, prepare, read
from chipsim.inputs import documents, extending, registry
from chipsim.inputs.documents import Document
from chipsim.inputs.schema import Faults, fill
from chipsim.learning import loading
from chipsim.reports.result import plan_warnings
from chipsim.reports.shown import Shown
from chipsim.workloads import dataset, stages


@dataclass(frozen=True, repr=False)
class Checked(Shown):
    """Files without faults, each with its kind, and what a run of the pair among them warns of beforehand."""

    files: tuple[tuple[str, str], ...]
    warnings: tuple[Mapping[str, str], ...] = ()

    def text(self) -> str:
        """A line for each file."""
        return "\n".join(f"{name}: {kind} without faults" for name, kind in self.files)

    def as_dict(self) -> dict[str, Any]:
        """The files, and the warnings."""
        listed = [{"file": name, "kind": kind} for name, kind in self.files]
        return {"checked": listed, "warnings": list(self.warnings)}


def check(files: Sequence[str], settings: tuple[str, ...] = ()) -> Checked:
    """Check files, each by its own format line.

    One architecture and one workload among them are also mapped on each other. Raises `InputError` with
    the faults of all files at once, `FitError` where there are none but the mapping fails.
    """
    faults, found = Faults(), []
    for name in files:
        with faults.gather():
            document = documents.read(_locate(name))
            kind = _kind(document)
            found.append(
                (name, kind, extending.whole(document, kind) if kind in extending.FORMS else document)
            )
    kinds = [kind for _, kind, _ in found]
    pair = {kind: name for name, kind, _ in found if kind in PAIR and kinds.count(kind) == 1}
    if settings and set(pair) != set(PAIR):
        raise UsageError(Fault("--set needs one architecture and one workload to check", code="E100"))
    for name, kind, document in found:
        if not (len(pair) == len(PAIR) and name == pair.get(kind)):
            with faults.gather():
                _CHECKS[kind](document)
    warnings: tuple[Mapping[str, str], ...] = ()
    if len(pair) == len(PAIR):
        warnings = _check_pair(faults, Request(pair["architecture"], pair["workload"], settings))
    faults.raise_if_any()
    return Checked(tuple((name, kind) for name, kind, _ in found), warnings)


PAIR = ("architecture", "workload")
"""Kinds of which one each is mapped on the other."""


def _check_pair(faults: Faults, request: Request) -> tuple[Mapping[str, str], ...]:
    try:
        with faults.gather():
            return plan_warnings(prepare(request).plan)
    except FitError as error:
        if not faults.found:
            raise
        faults.add(error)
    return ()


def architecture(name: str, settings: tuple[str, ...] = ()) -> Architecture:
    """An architecture by name or path, with values set differently."""
    found = {"architecture": read("architecture", locate("architecture", name))}
    apply_settings(found, settings)
    return graph.load(found["architecture"])


def shown(name: str, workload: str | None, settings: tuple[str, ...] = ()) -> dict[str, Any]:
    """An architecture with everything filled in; with a workload also how many of each group it needs."""
    if workload is None:
        return architecture(name, settings).resolved()
    chip = prepare(Request(name, workload, settings)).plan.architecture
    file = chip.resolved()
    for group, values in (file.get("groups") or {}).items():
        values["count"] = chip.counts[group]
    return file


def described(kind: str) -> dict[str, str]:
    """The names of a kind, each with what it is in a few words."""
    return {name: _described_or_fault(kind, name) for name in registry.names(kind)}


def _described_or_fault(kind: str, name: str) -> str:
    """What a thing is, or why it cannot be used: one broken package hides nothing of the others."""
    try:
        return described_as(kind, name)
    except InputError as error:
        return f"(not usable: {error.faults[0].message})"


def described_as(kind: str, name: str) -> str:
    """What a thing is, in the few words that its file says of it."""
    if kind == "dataset":
        return str(dataset.named(name).DATASET.title)
    if isinstance(registry.KINDS[kind], registry.FileKind):
        data = documents.read(registry.file(kind, name)).data
        return str(data.get("description") or data.get("technology", ""))
    return (registry.module(kind, name).__doc__ or "").strip().split("\n")[0]


_FILES = ("architecture", "workload", "cell", "costs", "study")
"""Kinds of files that go by a name."""


def _locate(name: str) -> Path:
    for kind in _FILES:
        if name in registry.names(kind):
            return registry.file(kind, name)
    if not Path(name).exists() and not name.endswith((".yaml", ".yml")):
        known = [other for kind in _FILES for other in registry.names(kind)]
        raise InputError(Fault(f"no shipped file or path '{name}'{suggestion(name, known)}", code="E030"))
    return Path(name)


def _kind(document: Document) -> str:
    form = document.data.get("format")
    for kind in _CHECKS:
        if isinstance(form, str) and form.startswith(f"chipsim-{kind}/"):
            return kind
    known = [f"chipsim-{kind}/1" for kind in _CHECKS]
    if form is None:
        raise InputError(document.fault(f"missing key 'format'{suggestion('', known)}", (), "E025"))
    raise InputError(
        document.fault(f"format: unknown '{form}'{suggestion(str(form), known)}", ("format",), "E025")
    )


def _check_workload(document: Document) -> None:
    faults, workload = Faults(), None
    with faults.gather():
        workload = stages.load(document)
    with faults.gather():
        loading.check(document)
    faults.raise_if_any()
    assert workload is not None, "a fault was raised"
    loading.programs(document, workload, loading.rules(document, workload))


def _check_cell(document: Document) -> object:
    return cells.of(fill(cells.Preset, document), document)


def _check_costs(document: Document) -> object:
    return table.read(Path(document.name))


_CHECKS: dict[str, Callable[[Document], object]] = {
    "architecture": graph.load,
    "workload": _check_workload,
    "cell": _check_cell,
    "costs": _check_costs,
    "study": study.check,
}
