"""From the rules and the methods of programming that a workload's stages name to frozen ones, filled in."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from chipsim.errors import InputError, suggestion
from chipsim.inputs import registry
from chipsim.inputs.documents import Document
from chipsim.inputs.schema import Faults, check_used, fill
from chipsim.learning.programming import METHODS, Method, Programming
from chipsim.learning.rule import LearningRule
from chipsim.workloads import weights as files
from chipsim.workloads.stages import ProgramStage, Workload
from chipsim.workloads.weights import Loaded


def rules(document: Document, workload: Workload) -> Mapping[str, LearningRule]:
    """The rule of each stage that trains, by the stage's name. Raises `InputError` with all faults."""
    faults, found = Faults(), {}
    for index, stage in enumerate(workload.stages):
        if isinstance(stage, ProgramStage):
            continue
        with faults.gather():
            found[stage.name] = _rule(document, index, stage.name)
    faults.raise_if_any()
    return MappingProxyType(found)


def programs(
    document: Document, workload: Workload, rules: Mapping[str, LearningRule]
) -> Mapping[str, Programming]:
    """What each stage of kind `program` does, by the stage's name, given the rules of the others.

    Raises `InputError` with all faults, also where a stage keeps weights that its rule does not hold.
    """
    faults, found = Faults(), {}
    held = ""
    for index, stage in enumerate(workload.stages):
        if isinstance(stage, ProgramStage):
            with faults.gather():
                found[stage.name] = _program(document, workload, index, rules, held)
                held = found[stage.name].target
            continue
        rule = rules[stage.name]
        if stage.start == "keep" and held and rule.weights != held:
            programmed = isinstance(workload.stages[index - 1], ProgramStage)
            faults.add(_kept_elsewhere(document, index, stage.name, rule, held, rules, programmed))
        held = rule.weights
    faults.raise_if_any()
    return MappingProxyType(found)


def _kept_elsewhere(
    document: Document, index: int, stage: str, rule: LearningRule, held: str,
    rules: Mapping[str, LearningRule], programmed: bool,
) -> InputError:  # fmt: skip
    between = held in _digital(rules) and rule.weights not in rule.digital
    mend = "put a stage of kind 'program' between them, or write" if between else "write"
    if programmed:
        mend = f"write 'to: {rule.weights}' in that stage, or"
    text = (
        f"stage '{stage}' keeps weights, but its rule '{rule.type}' holds them in matrix '{rule.weights}' "
        f"and the stage before left them in '{held}'; {mend} 'start: random'"
    )
    return _fault(document, text, ("stages", index, "start"), "E020")


def _digital(rules: Mapping[str, LearningRule]) -> frozenset[str]:
    return frozenset().union(*(rule.digital for rule in rules.values()))


def _program(
    document: Document, workload: Workload, index: int, rules: Mapping[str, LearningRule], held: str
) -> Programming:
    stage = workload.stages[index]
    assert isinstance(stage, ProgramStage)
    method = _method(document, index, stage.name)
    after = next((rules[s.name].weights for s in workload.stages[index + 1 :] if s.name in rules), None)
    source, target = stage.source or held, stage.target or after
    before = [rules[s.name] for s in workload.stages[:index] if s.name in rules]
    sources = [rule.weights for rule in before if rule.weights in rule.digital]
    label, place = f"stage '{stage.name}'", ("stages", index)
    if source not in sources:
        text = f"{label}: matrix '{source}' holds no weights of a digital stage before this one"
        choice = (
            f"; write 'from: {sources[-1]}'" if sources else "; put a stage with rule 'digital' before it"
        )
        raise _fault(document, text + choice, (*place, "from") if stage.source else place, "E020")
    if target is None:
        text = f"{label}: no stage after it trains weights; name the matrix to program, as in 'to: C'"
        raise _fault(document, text, place, "E011")
    if target in _digital(rules):
        text = f"{label}: matrix '{target}' lies on a digital array; programs write to crossbars"
        raise _fault(document, text, (*place, "to") if stage.target else place, "E020")
    return Programming(source, target, method, stage.scale, stage.fill, stage.rms, stage.compensate)


def weights(
    document: Document, workload: Workload, rules: Mapping[str, LearningRule]
) -> Mapping[str, Loaded]:
    """The weights from files that stages begin with, by the stage's name.

    Raises `InputError` with all faults.
    """
    faults, found = Faults(), dict[str, Loaded]()
    for index, stage in enumerate(workload.stages):
        if isinstance(stage, ProgramStage) or isinstance(stage.start, str):
            continue
        rule, place = rules[stage.name], ("stages", index, "start")
        if rule.weights not in rule.digital:
            text = (
                f"stage '{stage.name}': its rule '{rule.type}' holds the weights on a crossbar; load them "
                "in a stage with rule 'digital' and 'images: 0', and put a stage of kind 'program' between"
            )
            faults.add(document.fault(text, place, "E020"))
            continue
        with faults.gather():
            loaded = files.load(document, place, stage.start, workload.network)
            if any(e.name == loaded.name and e.sha256 != loaded.sha256 for e in found.values()):
                text = f"stage '{stage.name}': another file of weights is '{loaded.name}' too; rename one"
                raise _fault(document, text, (*place, "weights"), "E020")
            found[stage.name] = loaded
    faults.raise_if_any()
    return MappingProxyType(found)


def _method(document: Document, index: int, stage: str) -> Method:
    path = ("stages", index, "method")
    label = f"stage '{stage}': method"
    named = document.value(path).get("type")
    if not isinstance(named, str):
        raise _fault(document, f"{label}: missing key 'type'", path, "E011")
    if named not in METHODS:
        text = f"{label}: unknown method '{named}'{suggestion(named, METHODS)}"
        raise _fault(document, text, (*path, "type"), "E030")
    return fill(METHODS[named], document, path, label=f"{label} '{named}'")


def check(document: Document) -> None:
    """Raise `InputError` with all faults of the rules and methods of a workload that may be wrong elsewhere.

    What several stages share by an alias is looked at once.
    """
    faults, seen = Faults(), set()
    stages = document.data.get("stages")
    for index, stage in enumerate(stages if isinstance(stages, list) else ()):
        for key, load in (("rule", _rule), ("method", _method)):
            place = document.place(("stages", index, key, "type"))
            if isinstance(stage, dict) and isinstance(stage.get(key), dict) and place not in seen:
                seen.add(place)
                with faults.gather():
                    load(document, index, str(stage.get("name", index)))
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
    rule = fill(model, document, path, label=f"{label} '{named}'")
    check_used(rule, document, path, f"{label} '{named}'")
    return rule


def _fault(document: Document, message: str, path: tuple[str | int, ...], code: str) -> InputError:
    return InputError(document.fault(message, path, code))
