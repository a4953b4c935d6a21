"""What anything that chipsim names is: a figure, an action and its price, a parameter, a code, a source."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from pydantic.fields import FieldInfo

from chipsim.accounting import table
from chipsim.accounting.actions import ACTIONS
from chipsim.accounting.scaling import AREAS, CORNERS, RULES, TECHNOLOGY
from chipsim.accounting.table import Entry, Figure, PartCost, Scaled
from chipsim.devices import cells
from chipsim.errors import CODES, Fault, UsageError, suggestion
from chipsim.inputs import citations, registry, units
from chipsim.inputs.schema import Model
from chipsim.reports.glossary import FIGURES
from chipsim.reports.shown import Shown


class Explained(NamedTuple):
    """One meaning of a name: what kind of thing it is, and facts about it by label."""

    name: str
    kind: str
    facts: Mapping[str, str]


@dataclass(frozen=True, repr=False)
class Meanings(Shown):
    """Every meaning of a name."""

    meanings: tuple[Explained, ...]

    def text(self) -> str:
        """Each meaning with its facts, a line each."""
        return "\n".join(line for meaning in self.meanings for line in _lines(meaning))

    def as_dict(self) -> dict[str, Any]:
        """The meanings as plain values."""
        return {"explained": [as_dict(meaning) for meaning in self.meanings]}


def _lines(meaning: Explained) -> Iterator[str]:
    yield f"{meaning.name}: {meaning.kind}"
    for label, text in meaning.facts.items():
        yield textwrap.fill(f"{label}: {text}", 100, initial_indent="  ", subsequent_indent="    ")


def explain(thing: str) -> tuple[Explained, ...]:
    """Every meaning of a name, such as `adc_conv`, `adc.bits`, `E012`, `to_target`, `reram-om` or `Gong2022`.

    Raises `UsageError` with the nearest name where it has none.
    """
    found = tuple(meaning for look in _LOOK_UPS for meaning in look(thing))
    if not found:
        text = f"'{thing}' is no name that chipsim knows{suggestion(thing, dict.fromkeys(_names(thing)))}"
        raise UsageError(Fault(text, code="E100"))
    return found


def _code(thing: str) -> Iterator[Explained]:
    if (code := thing.upper()) in CODES:
        kind = "error" if code.startswith("E") else "warning"
        yield Explained(code, kind, {"means": CODES[code]})


def _figure(thing: str) -> Iterator[Explained]:
    if thing in FIGURES:
        unit, definition = FIGURES[thing]
        yield Explained(thing, "figure of run.json", {"is": definition, "unit": unit})


def _action(thing: str) -> Iterator[Explained]:
    if thing in ACTIONS:
        doers = ", ".join(kind for kind, actions in _done_by().items() if thing in actions)
        yield Explained(thing, "action of the ledger", {"is": ACTIONS[thing], "done by": doers or "any"})


def _done_by() -> dict[str, set[str]]:
    """The actions of each component type."""
    forms = {kind: registry.module("component", kind).Parameters for kind in registry.names("component")}
    return {kind: set().union(*form.actions.values()) for kind, form in forms.items()}


def _price(thing: str) -> Iterator[Explained]:
    for name in registry.names("costs"):
        path = registry.file("costs", name)
        file, document = table.opened(path)
        own = {
            kind for kind in ("actions", "components") if document.key_place((kind, thing)).file == str(path)
        }
        action = file.actions.get(thing) if "actions" in own else None
        part = file.components.get(thing) if "components" in own else None
        if action is not None:
            facts = {"formula": _first_line(RULES[action.rule].__doc__)}
            for field in table.FIGURES:
                if (figure := getattr(action, field)) is not None:
                    facts |= _cited(field, figure, _DIMENSIONS[field])
            facts |= _led_on(action)
            yield Explained(thing, f"price in cost table '{name}'", facts)
        if part is not None:
            formula = " x ".join((*part.units, "area or leakage of a unit"))
            if part.rule != "flat":
                formula += (
                    f"; of the area x {_first_line(AREAS[part.rule].__doc__)} at_bits is {part.at_bits}"
                )
            facts = {"formula": formula, **_cited("area", part.area, "area")}
            facts |= _cited("leakage", part.leakage, "power")
            facts |= _led_on(part)
            yield Explained(thing, f"component in cost table '{name}'", facts)


def _rule_of_prices(thing: str) -> Iterator[Explained]:
    for rules, kind in (
        (RULES, "rule of a price"),
        (AREAS, "rule of an area"),
        (TECHNOLOGY, "rule from node to node"),
    ):
        if thing in rules:
            yield Explained(thing, kind, {"is": " ".join((rules[thing].__doc__ or "").split())})


def _led_on(entry: Entry) -> dict[str, str]:
    """The entries that hold in the place of one, or beside it."""
    facts = {}
    if entry.by_cell:
        facts["by cell"] = ", ".join(f"{other} for {cell}" for cell, other in entry.by_cell.items())
    if (beyond := entry.beyond) is not None:
        facts["beyond"] = f"{beyond.entry} where {' x '.join(beyond.product)} exceeds {beyond.limit}"
    if isinstance(entry, PartCost) and entry.plus:
        facts["plus"] = entry.plus
    return facts


_DIMENSIONS = {
    "energy": "energy",
    "voltage": "voltage",
    "capacitance": "capacitance",
    "conductance": "conductance",
}


def _cited(field: str, figure: Figure[float], dimension: str) -> dict[str, str]:
    """Value, range, status and source of a figure."""
    values = [units.format(float(f"{figure.at(corner):.4g}"), dimension) for corner in CORNERS]
    sources = "; ".join(citations.text(key) for key in figure.source) or "no publication"
    facts = {field: f"{values[0]} ({values[1]} to {values[2]}), {figure.status}"}
    if brought := dict.fromkeys(_brought(scaled, dimension) for scaled in figure.scaled()):
        facts[f"{field}, brought to the node"] = "; ".join(brought)
    return {**facts, f"{field}, source": f"{sources}. {figure.where}".strip()}


def _brought(scaled: Scaled[float], dimension: str) -> str:
    at = ", ".join(f"{units.format(value, dimension)} at {node}" for node, value in scaled.at.items())
    return f"{at} by {scaled.rule} ({_first_line(TECHNOLOGY[scaled.rule].__doc__).rstrip('.')})"


def _kind(thing: str) -> Iterator[Explained]:
    for kind in registry.KINDS:
        if thing in registry.names(kind):
            yield Explained(thing, kind, _THINGS.get(kind, _described)(kind, thing))


def _described(kind: str, name: str) -> dict[str, str]:
    from chipsim.experiments import checking

    return {"is": checking.described_as(kind, name)}


def _with_parameters(kind: str, name: str) -> dict[str, str]:
    return {**_described(kind, name), "parameters": ", ".join(_form(kind, name).model_fields)}


def _cell(kind: str, name: str) -> dict[str, str]:
    preset, _ = cells.preset(registry.file("cell", name))
    return {"is": preset.description, "model": preset.model, "parameters": ", ".join(preset.parameters)}


_THINGS: Mapping[str, Callable[[str, str], dict[str, str]]] = {
    "component": _with_parameters, "rule": _with_parameters, "model": _with_parameters, "cell": _cell,
}  # fmt: skip


def _form(kind: str, name: str) -> type[Model]:
    """The schema of a component, rule or device model."""
    form: type[Model] = getattr(registry.module(kind, name), registry.KINDS[kind].marker)  # type: ignore[union-attr]
    return form


def _parameter(thing: str) -> Iterator[Explained]:
    """`adc.bits`, `ttv2.threshold`, `soft-bounds.step`, `reram-om.step`."""
    owner, separator, name = thing.rpartition(".")
    if not separator:
        return
    for kind in ("component", "rule", "model"):
        if owner in registry.names(kind) and (field := _form(kind, owner).model_fields.get(name)) is not None:
            yield Explained(thing, f"parameter of {kind} '{owner}'", _field(_form(kind, owner), name, field))
    if owner in registry.names("cell"):
        preset, _ = cells.preset(registry.file("cell", owner))
        if (given := preset.parameters.get(name)) is not None:
            known = citations.keys()
            source = citations.text(given.source) if given.source in known else given.source
            form = _form("model", preset.model)
            facts = {"default": str(given.value), "source": f"{source}. {given.where}"}
            yield Explained(
                thing,
                f"parameter of cell '{owner}'",
                {**_field(form, name, form.model_fields[name]), **facts},
            )


def _field(form: type[Model], name: str, field: FieldInfo) -> dict[str, str]:
    limits = ", ".join(_limits(field))
    facts = {"is": field.description or "", "limits": limits}
    if field.is_required():
        facts["default"] = "none; it must be given"
    elif (timing := getattr(form, "timing", {}).get(name)) is not None:
        alike = len({duration.model_dump_json() for duration in timing.values()}) == 1
        for preset, duration in timing.items():
            facts |= _cited("default" if alike else f"default, {preset}", duration, "time")
    else:
        facts["default"] = str(field.default)
    return {label: text for label, text in facts.items() if text}


_LIMITS = {"gt": "above", "ge": "at least", "lt": "below", "le": "at most"}


def _limits(field: FieldInfo) -> Iterator[str]:
    for limit in field.metadata:
        for sign, words in _LIMITS.items():
            if (bound := getattr(limit, sign, None)) is not None:
                yield f"{words} {bound:g}"


def _key(thing: str) -> Iterator[Explained]:
    """`packing`, `copies`, `evaluate`: keys of the files themselves; and a bare parameter of components."""
    for name, form in _forms().items():
        if (field := form.model_fields.get(thing)) is not None:
            yield Explained(thing, f"key of {name}", _field(form, thing, field))
    for owner in registry.names("component"):
        if (field := _form("component", owner).model_fields.get(thing)) is not None and thing != "type":
            facts = _field(_form("component", owner), thing, field)
            yield Explained(f"{owner}.{thing}", f"parameter of component '{owner}'", facts)


def _forms() -> Mapping[str, type[Model]]:
    from chipsim.architecture.graph import Header
    from chipsim.architecture.groups import Group
    from chipsim.workloads.stages import Workload

    return {"an architecture": Header, "a group": Group, "a workload": Workload}


def _source(thing: str) -> Iterator[Explained]:
    known = citations.keys()
    if thing in known:
        yield Explained(thing, "source", {"is": citations.text(thing)})


_LOOK_UPS = (_code, _figure, _action, _price, _rule_of_prices, _kind, _parameter, _key, _source)


def _names(thing: str) -> Iterator[str]:
    """Names that a thing could have been meant as; parameters only of an owner that there is."""
    yield from (*FIGURES, *ACTIONS, *RULES, *AREAS, *TECHNOLOGY, *CODES, *citations.keys())
    for form in _forms().values():
        yield from form.model_fields
    owner = thing.rpartition(".")[0]
    for kind in registry.KINDS:
        for name in registry.names(kind):
            yield name
            if name == owner and kind in ("component", "rule", "model"):
                yield from (f"{name}.{field}" for field in _form(kind, name).model_fields)
            elif name == owner and kind == "cell":
                yield from (
                    f"{name}.{field}" for field in cells.preset(registry.file("cell", name))[0].parameters
                )


def _first_line(text: str | None) -> str:
    return (text or "").strip().split("\n")[0]


def as_dict(found: Explained) -> dict[str, Any]:
    """A meaning as plain values."""
    return {"name": found.name, "kind": found.kind, **found.facts}
