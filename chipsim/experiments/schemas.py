"""JSON Schema (draft 2020-12) of the five kinds of file, built from the models that read them.

For editors: what is known here by name (component types, learning rules, cells, device models, data sets) is
offered and checked as such, and quantities are text with their unit. A file that extends another is checked
for what it gives, each entry by its type where it names one. What spans several values, links, routes and
mappings among them, only `chipsim check` can tell.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from chipsim.accounting import costs, scaling, table
from chipsim.architecture import graph
from chipsim.devices import cells
from chipsim.errors import Fault, UsageError, suggestion
from chipsim.experiments.exploring import axes, study
from chipsim.inputs import extending, registry
from chipsim.inputs.schema import Model
from chipsim.learning.programming import METHODS
from chipsim.workloads import stages

Schema = dict[str, Any]

DRAFT = "https://json-schema.org/draft/2020-12/schema"
KINDS = ("architecture", "workload", "study", "costs", "cell")
"""Kinds of file that have a schema."""

FILES: Mapping[str, str] = {kind: f"{kind}.schema.json" for kind in KINDS}
"""What the file of each schema is called."""

_PATH = r"\.ya?ml$"


def of(kind: str) -> Schema:
    """The schema of a kind of file. Raises `UsageError` for a kind that has none."""
    if kind not in KINDS:
        raise UsageError(Fault(f"there is no schema of '{kind}'{suggestion(kind, KINDS)}", code="E100"))
    definitions = _Definitions()
    top = _TOPS[kind](definitions)
    whole = {"$schema": DRAFT, "title": f"chipsim {kind} file", **top}
    if kind in extending.FORMS:
        whole = _extendable(whole, definitions, kind)
    return {**whole, "$defs": dict(sorted(definitions.found.items()))}


def text(kind: str) -> str:
    """The schema as the text of a file. Raises like `of`."""
    return json.dumps(of(kind), indent=1, ensure_ascii=False) + "\n"


class _Definitions:
    """Schemas that others refer to, by name."""

    def __init__(self) -> None:
        self.found: dict[str, Schema] = {}

    def add(self, name: str, schema: Schema) -> Schema:
        """Keep a schema under a name; returns the reference to it."""
        self.found[name] = schema
        return {"$ref": f"#/$defs/{name}"}

    def model(self, name: str, model: type[Model]) -> Schema:
        """Keep the schema of a model and of what lies in it; returns the reference to it."""
        return self.add(name, self.form(name, model))

    def form(self, name: str, model: type[Model]) -> Schema:
        """The schema of a model; what lies in it is kept under names that begin with `name`."""
        found = model.model_json_schema(by_alias=True)
        inner = found.pop("$defs", {})
        names = _short(name, inner)
        for old, schema in inner.items():
            self.found[names[old]] = _cleaned(schema, names)
        return _cleaned(found, names)


def _short(name: str, inner: Mapping[str, Schema]) -> dict[str, str]:
    """Names for the schemas within one: their titles, numbered where two are alike."""
    names: dict[str, str] = {}
    for old, schema in inner.items():
        title = re.split(r"\W", str(schema.get("title", old)))[0]
        same = sum(taken.partition("-")[0] == f"{name}.{title}" for taken in names.values())
        names[old] = f"{name}.{title}" + (f"-{same + 1}" if same else "")
    return names


_LIMITS = {"gt": "above", "ge": "at least", "lt": "below", "le": "at most"}


def _cleaned(schema: Schema, names: Mapping[str, str]) -> Schema:
    """A schema of Pydantic's as this module gives it: own names, no titles, limits of quantities in words."""
    kept = {key: value for key, value in schema.items() if key not in ("title", "discriminator", *_LIMITS)}
    if limits := [f"{words} {schema[key]:g}" for key, words in _LIMITS.items() if key in schema]:
        kept["description"] = ", ".join((kept.get("description", ""), *limits)).removeprefix(", ")
    if "pattern" in kept and not isinstance(kept.get("default", ""), str):
        del kept["default"]  # in SI, where a file would write text
    if "description" in kept:
        kept["description"] = " ".join(kept["description"].split())
    if "$ref" in kept:
        kept["$ref"] = f"#/$defs/{names[kept['$ref'].rpartition('/')[2]]}"
    return {key: _each(key, value, lambda inner: _cleaned(inner, names)) for key, value in kept.items()}


_BY_NAME = ("properties", "patternProperties")
_ONE = ("items", "additionalProperties", "propertyNames", "if", "then", "else", "not")
_SEVERAL = ("anyOf", "oneOf", "allOf", "prefixItems")


def _each(key: str, value: Any, change: Callable[[Schema], Schema]) -> Any:
    """The value of a schema's key with every schema in it changed."""
    if key in _BY_NAME:
        return {name: change(inner) for name, inner in value.items()}
    if key in _ONE and isinstance(value, dict):
        return change(value)
    return [change(inner) for inner in value] if key in _SEVERAL else value


def _chosen(key: str, forms: Mapping[str, Schema], description: str) -> Schema:
    """A mapping whose value at `key` says which of several forms it has."""
    return {
        "type": "object",
        "properties": {key: {"enum": list(forms), "description": description}},
        "required": [key],
        "allOf": [
            {"if": {"properties": {key: {"const": name}}, "required": [key]}, "then": form}
            for name, form in forms.items()
        ],
    }


def _named(kind: str, description: str) -> Schema:
    """A name that is registered for a kind, or the path of a file."""
    return {
        "anyOf": [{"enum": list(registry.names(kind))}, {"type": "string", "pattern": _PATH}],
        "description": description,
    }


# Architectures


def _architecture(definitions: _Definitions) -> Schema:
    top = definitions.form("architecture", graph.Header)
    definitions.add("cell", _cell_choice(definitions))
    forms = {
        name: definitions.add(f"component-{name}", _component(definitions, name))
        for name in registry.names("component")
    }
    definitions.add("component", _chosen("type", forms, "component type"))
    top["properties"]["components"]["additionalProperties"] = {"$ref": "#/$defs/component"}
    top["properties"]["costs"] = definitions.add("costs", _section(definitions))
    top["properties"]["links"]["items"] |= {
        "pattern": "->", "examples": ["controller -> dac -> array", "array.rows -> adc"],
    }  # fmt: skip
    return top


def _component(definitions: _Definitions, name: str) -> Schema:
    form = definitions.form(f"component-{name}", registry.module("component", name).Parameters)
    if "cell" in form["properties"]:
        form["properties"]["cell"] = {"$ref": "#/$defs/cell"}
    return form


def _cell_choice(definitions: _Definitions) -> Schema:
    """A cell by its name, or with parameters that differ from its set's."""
    forms = {}
    for name in registry.names("cell"):
        preset, _ = cells.preset(registry.file("cell", name))
        model = _model(definitions, preset.model)
        given = {**model["properties"], "preset": {"const": name}}
        forms[name] = definitions.add(f"cell-{name}", {**model, "properties": given, "required": ["preset"]})
        definitions.found[f"cell-{name}"]["description"] = preset.description
    mapping = _chosen("preset", forms, "parameter set")
    mapping["properties"]["preset"] = _named("cell", "parameter set, or the path of a cell file")
    return {"anyOf": [_named("cell", "a cell by name, or the path of a cell file"), mapping]}


def _model(definitions: _Definitions, name: str) -> Schema:
    return definitions.form(f"model-{name}", registry.module("model", name).CellModel)


def _section(definitions: _Definitions) -> Schema:
    """The `costs` of an architecture: a table, a corner, and entries given anew."""
    entry: Schema = {"type": "object", "properties": {}, "additionalProperties": False}
    for form in costs.FORMS:
        entry["properties"] |= definitions.form("entry", form)["properties"]
    return {
        "type": "object",
        "description": "cost table, corner, and entries given anew",
        "properties": {
            "table": _named("costs", "cost table, or the path of one beside the file"),
            "corner": {"enum": list(scaling.CORNERS), "default": "typical"},
            "overhead_factor": {"type": "number", "exclusiveMinimum": 0},
        },
        "required": ["table"],
        "additionalProperties": definitions.add("entry", entry),
    }


# Workloads, cost tables and cells


def _workload(definitions: _Definitions) -> Schema:
    top = definitions.form("workload", stages.Workload)
    rules = {
        name: definitions.model(f"rule-{name}", registry.module("rule", name).Rule)
        for name in registry.names("rule")
    }
    methods = {name: definitions.model(f"method-{name}", form) for name, form in METHODS.items()}
    found = definitions.found
    found["workload.Stage"]["properties"]["rule"] = definitions.add(
        "rule", _chosen("type", rules, "learning rule")
    )
    found["workload.ProgramStage"]["properties"]["method"] = definitions.add(
        "method", _chosen("type", methods, "how weights are programmed")
    )
    found["workload.DataSpec"]["properties"]["set"]["enum"] = list(registry.names("dataset"))
    kinds = {"train": "#/$defs/workload.Stage", "program": "#/$defs/workload.ProgramStage"}
    top["properties"]["stages"]["items"] = definitions.add(
        "stage", _chosen("kind", {kind: {"$ref": ref} for kind, ref in kinds.items()}, "what the stage does")
    )
    return top


def _costs(definitions: _Definitions) -> Schema:
    return definitions.form("table", table.TableFile)


def _cell(definitions: _Definitions) -> Schema:
    top = definitions.form("cell", cells.Preset)
    forms = {
        name: definitions.add(f"cell-of-{name}", _sourced(definitions, name))
        for name in registry.names("model")
    }
    chosen = _chosen("model", forms, "device model")
    top["properties"]["model"] = chosen["properties"]["model"]
    return {**top, "allOf": chosen["allOf"]}


def _sourced(definitions: _Definitions, name: str) -> Schema:
    """A cell file of a device model: each of its parameters with the source."""
    model = _model(definitions, name)
    source = definitions.form("cell", cells.Preset)["properties"]["parameters"]["additionalProperties"]
    whole = definitions.found[source["$ref"].rpartition("/")[2]]
    given = {
        parameter: {**whole, "properties": {**whole["properties"], "value": schema}}
        for parameter, schema in model["properties"].items()
    }
    parameters = {"properties": given, "required": model.get("required", []), "additionalProperties": False}
    return {"description": model.get("description", ""), "properties": {"parameters": parameters}}


def _study(definitions: _Definitions) -> Schema:
    top = definitions.form("study", study.StudyFile)
    forms = [definitions.model("study-range", axes.Range), definitions.model("study-values", axes.Values)]
    choices = {"type": "array", "minItems": 1, "description": "choices"}
    top["properties"]["axes"]["additionalProperties"] = {"anyOf": [choices, *forms]}
    for kind in ("architecture", "workload"):
        described = top["properties"][kind]["description"]
        top["properties"][kind] = _named(kind, described)
    top["properties"]["constraints"]["items"] |= {
        "pattern": rf"^\s*{study.NO_WARNINGS}\s*$|<|>", "examples": ["area_m2 < 1e-6", study.NO_WARNINGS],
    }  # fmt: skip
    return top


_TOPS: Mapping[str, Callable[[_Definitions], Schema]] = {
    "architecture": _architecture,
    "workload": _workload,
    "study": _study,
    "costs": _costs,
    "cell": _cell,
}


# Files that extend others


def _extendable(whole: Schema, definitions: _Definitions, kind: str) -> Schema:
    """The schema of a file that may extend another: then all but its head may be left out or be null."""
    form = extending.FORMS[kind]
    extends = {
        "type": "string",
        "description": f"a shipped {form.label}, or the path of one in this folder: this file gives only "
        "what differs, lists whole, and null for what falls away",
        "examples": list(registry.names(kind)),
    }
    head = {key: whole["properties"][key] for key in ("format", "name")}
    differences = _partial({"properties": whole["properties"]}, definitions, form.depth)["properties"] | head
    checks = {key: whole.pop(key) for key in ("properties", "required")}
    return {
        **whole,
        "properties": {extending.KEY: extends, **{key: {} for key in checks["properties"]}, **head},
        "required": list(head),
        "if": {"required": [extending.KEY]},
        "then": {"properties": differences},
        "else": checks,
    }


def _partial(schema: Schema, definitions: _Definitions, depth: int) -> Schema:
    """A schema of what is joined with a base down to some levels: nothing must be there, null takes away."""
    if not depth:
        return schema
    if "$ref" in schema:
        return {"$ref": _partial_reference(schema["$ref"], definitions, depth)}
    changed = {key: value for key, value in schema.items() if key not in ("required", "minProperties")}
    if "anyOf" in schema:
        changed["anyOf"] = [_partial(inner, definitions, depth) for inner in schema["anyOf"]]
    if "allOf" in schema:
        changed["allOf"] = [
            {**inner, "then": _partial(inner["then"], definitions, depth)} for inner in schema["allOf"]
        ]
    if "properties" in schema:
        changed["properties"] = {
            name: _or_null(_partial(inner, definitions, depth - 1))
            for name, inner in schema["properties"].items()
        }
    if isinstance(inner := schema.get("additionalProperties"), dict):
        changed["additionalProperties"] = _or_null(_partial(inner, definitions, depth - 1))
    return changed


def _partial_reference(reference: str, definitions: _Definitions, depth: int) -> str:
    name = reference.rpartition("/")[2]
    partial = f"{name}.partial"
    if partial not in definitions.found:
        definitions.found[partial] = {}  # a form within itself ends here
        definitions.found[partial] = _partial(definitions.found[name], definitions, depth)
    return f"#/$defs/{partial}"


def _or_null(schema: Schema) -> Schema:
    if {"type": "null"} in schema.get("anyOf", ()):
        return schema
    beside = {key: schema[key] for key in ("description",) if key in schema}
    return {**beside, "if": {"type": "null"}, "else": schema}  # and so a fault is told where it stands
