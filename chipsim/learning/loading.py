"""From the rules that a workload's stages name to frozen rules with all of their hyper-parameters."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from chipsim.errors import InputError
from chipsim.inputs import registry
from chipsim.inputs.documents import Document
from chipsim.inputs.schema import Faults, fill
from chipsim.learning.rule import LearningRule
from chipsim.workloads.stages import Workload


def rules(document: Document, workload: Workload) -> Mapping[str, LearningRule]:
    """The rule of each stage, by the stage's name. Raises `InputError` with all faults."""
    faults, found = Faults(), {}
    for index, stage in enumerate(workload.stages):
        with faults.gather():
            found[stage.name] = _rule(document, index, stage.name)
    faults.raise_if_any()
    return MappingProxyType(found)


def check(document: Document) -> None:
    """Raise `InputError` with all faults of the rules of a workload that may be wrong elsewhere.

    A rule that several stages share by an alias is looked at once.
    """
    faults, seen = Faults(), set()
    stages = document.data.get("stages")
    for index, stage in enumerate(stages if isinstance(stages, list) else ()):
        place = document.place(("stages", index, "rule", "type"))
        if isinstance(stage, dict) and isinstance(stage.get("rule"), dict) and place not in seen:
            seen.add(place)
            with faults.gather():
                _rule(document, index, str(stage.get("name", index)))
    faults.raise_if_any()


def _rule(document: Document, index: int, stage: str) -> LearningRule:
    path = ("stages", index, "rule")
    label = f"stage '{stage}': rule"
    named = document.value(path).get("type")
    if not isinstance(named, str):
        raise _fault(document, f"{label}: missing key 'type'", path, "E011")
    try:
        model: type[LearningRule] = registry.module("rule", named).Rule
    except registry.UnknownName as error:
        raise _fault(document, f"{label}: {error}", (*path, "type"), error.code) from None
    return fill(model, document, path, label=f"{label} '{named}'")


def _fault(document: Document, message: str, path: tuple[str | int, ...], code: str) -> InputError:
    return InputError(document.fault(message, path, code))
