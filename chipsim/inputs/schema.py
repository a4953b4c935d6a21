"""Frozen Pydantic models filled from a document: types, units, ranges, unknown keys.

A part of a file is described by a `Model`; `fill` reads it from a `Document` and turns everything that
Pydantic finds into faults with our own sentences, each with file, line and column. Lists in a model are
tuples (`tuple[Layer, ...]`), so that a filled model is frozen all the way down.

    class Parameters(Model):
        type: Literal["adc"]
        bits: int = Field(ge=1, le=16)
        conversion: Seconds | None = None

    parameters = fill(Parameters, document, ("components", "adc"), "component 'adc'")
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Annotated, Any, NamedTuple, TypeVar, cast

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError, ValidationInfo, model_validator

from chipsim.errors import ChipsimError, Fault, InputError, listing, nearest, suggestion
from chipsim.inputs import units
from chipsim.inputs.documents import Document, Where, is_name

__all__ = ["Faults", "Model", "Name", "check_used", "fill", "resolved"]

M = TypeVar("M", bound="Model")


@dataclass(frozen=True)
class _Filling:
    """What is noted while a model is filled: which models were tried on which mapping."""

    models: dict[int, list[type[BaseModel]]] = field(default_factory=dict)


class Model(BaseModel):
    """A part of an input file: frozen and strict, without unknown keys and without NaN."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Refuse list fields: a filled model is frozen, so its lists are tuples."""
        for name, info in cls.model_fields.items():
            if re.search(r"\b[Ll]ist\[", str(info.annotation)):
                raise TypeError(f"{cls.__name__}.{name}: write tuple[..., ...] in place of list[...]")

    @model_validator(mode="before")
    @classmethod
    def _note_model(cls, data: Any, info: ValidationInfo) -> Any:
        if isinstance(info.context, _Filling):
            info.context.models.setdefault(id(data), []).append(cls)
        return data

    def unused(self) -> Mapping[str, str]:
        """Fields that have no effect beside the values of others, each with the reason."""
        return {}


class _NameError(ValueError):
    code = "E018"


def _checked_name(text: str) -> str:
    if not is_name(text):
        raise _NameError(
            f"'{text[:64]}' is not a name; use letters, digits and -_. only, at most 64 of them, "
            "and begin with a letter or digit"
        )
    return text


Name = Annotated[str, AfterValidator(_checked_name)]
"""The name of a component, a stage or a file: at most 64 of ASCII letters, digits and -_. characters."""


def fill(model: type[M], document: Document, path: Where = (), label: str = "") -> M:
    """Return a model filled from the value at `path` of a document.

    `label` names the part in messages, such as "component 'adc'". Raises `InputError` with all faults that
    were found, each at its place.
    """
    data = _frozen(_given(document, path, label))
    filling = _Filling()
    try:
        return model.model_validate(data, context=filling)
    except ValidationError as error:
        found = [_Finding.of(details, data) for details in error.errors(include_url=False)]
        view = _View(document, path, label, data, filling)
    raise InputError(*view.faults(found))


def check_used(
    model: Model, document: Document, path: Where = (), label: str = "", otherwise: Model | None = None
) -> None:
    """Raise `InputError` for every value at `path` of a document that has no effect, by the model's `unused`.

    One that says what holds without it is let be, so that a file with all defaults filled in stays good:
    the default of the field, or the value that the model `otherwise` has.
    """
    given = document.value(path)
    silent = {name: why for name, why in model.unused().items() if isinstance(given, dict) and name in given}
    plain = {
        name: getattr(otherwise, name) if otherwise else type(model).model_fields[name].default
        for name in silent
    }
    faults = [
        document.fault(
            f"{label}: '{name}' has no effect {why}; leave it out", (*path, name), "E026", key=True
        )
        for name, why in silent.items()
        if getattr(model, name) != plain[name]
    ]
    if faults:
        raise InputError(*faults)


def _given(document: Document, path: Where, label: str) -> Any:
    try:
        return document.value(path)
    except (KeyError, IndexError, TypeError):
        prefix = f"{label}: " if label else ""
        raise InputError(
            document.fault(f"{prefix}missing key '{path[-1]}'", path, "E011", key=True)
        ) from None


def _frozen(value: Any) -> Any:
    """Return a value with tuples for lists; every mapping is an object of its own, aliases too."""
    if isinstance(value, dict):
        return {key: _frozen(item) for key, item in value.items()}
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


def resolved(model: BaseModel) -> dict[str, Any]:
    """Return a model as plain values for a file: quantities as text with units, without what is None."""
    return model.model_dump(mode="json", by_alias=True, exclude_none=True)


class _Finding(NamedTuple):
    """One complaint of Pydantic, at a path of the data; `path` ends in the key that is unknown or missing.

    `key` says that the complaint is about the key at that path, not its value.
    """

    kind: str
    path: Where
    key: bool
    limits: Mapping[str, Any]
    message: str

    @classmethod
    def of(cls, details: Any, data: Any) -> _Finding:
        kind, limits, location = details["type"], details.get("ctx", {}), details["loc"]
        path = _path(location, data, kind in ("missing", "extra_forbidden"))
        if kind in ("union_tag_not_found", "union_tag_invalid"):
            path = (*path, str(limits["discriminator"]).strip("'"))
        return cls(_KINDS.get(kind, kind), path, location[-1:] == ("[key]",), limits, details["msg"])


_KINDS: Mapping[str, str] = {"union_tag_not_found": "missing"}


def _path(location: Iterable[str | int], data: Any, named: bool) -> Where:
    """Return the part of Pydantic's location that lies in the data; union members and the like drop out."""
    steps = tuple(location)
    path: Where = ()
    for index, step in enumerate(steps):
        if isinstance(data, dict) and step in data and not _is_tag(steps[index:], data, named):
            path, data = (*path, step), data[cast(str, step)]
        elif isinstance(data, tuple) and isinstance(step, int) and step < len(data):
            path, data = (*path, step), data[step]
        elif named and index == len(steps) - 1:
            path = (*path, step)
    return path


def _is_tag(steps: Where, data: Mapping[Any, Any], named: bool) -> bool:
    """Return whether a step that is also a key names a member of a union: what follows is beside it."""
    if len(steps) < 2 or isinstance(data[steps[0]], dict | tuple):
        return False
    return steps[1] in data or (named and len(steps) == 2)


@dataclass(frozen=True)
class _View:
    """A part of a document under its label, and what filling it has noted."""

    document: Document
    root: Where
    label: str
    data: Any
    filling: _Filling

    def faults(self, found: Iterable[_Finding]) -> tuple[Fault, ...]:
        grouped: dict[tuple[Where, bool], list[_Finding]] = {}
        for finding in found:
            if not _contradicted(finding, self._value(finding.path)):
                grouped.setdefault((finding.path, finding.key), []).append(finding)
        faults = [self._fault(path, key, findings) for (path, key), findings in grouped.items()]
        return tuple(sorted((fault for fault in faults if fault), key=_position))

    def _fault(self, path: Where, key: bool, found: list[_Finding]) -> Fault | None:
        kinds = {finding.kind for finding in found}
        if kinds == {"extra_forbidden"}:
            return self._unknown(path)
        if kinds == {"missing"}:
            return self._missing(path)
        rest = [finding for finding in found if finding.kind not in ("extra_forbidden", "missing")]
        value = path[-1] if key else self._value(path)
        message, code = _sentence(rest, value)
        prefix = self._prefix(path[:-1] if key else path)
        return self._at(path, f"{prefix}{message}", code, key=key or isinstance(value, dict))

    def _at(self, path: Where, message: str, code: str, *, key: bool = False) -> Fault:
        return self.document.fault(message, self.root + path, code, key=key)

    def _value(self, path: Where) -> Any:
        value = self.data
        for step in path:
            value = _below(value, step)
        return value

    def _prefix(self, path: Where) -> str:
        return "".join(f"{part}: " for part in (self.label, self._dotted(path)) if part)

    def _dotted(self, path: Where) -> str:
        """Return a path as `--set` writes it: list items by their name, or else their index."""
        value, words = self.data, []
        for step in path:
            value = _below(value, step)
            name = value.get("name") if isinstance(step, int) and isinstance(value, dict) else None
            words.append(name if isinstance(name, str) else str(step))
        return ".".join(words)

    def _unknown(self, path: Where) -> Fault:
        key = str(path[-1])
        known = suggestion(key, self._known(path[:-1]))
        return self._at(path, f"{self._prefix(path[:-1])}unknown key '{key}'{known}", "E012", key=True)

    def _missing(self, path: Where) -> Fault | None:
        key = str(path[-1])
        if isinstance(path[-1], int):
            return self._at(path[:-1], f"{self._prefix(path[:-1])}item {path[-1] + 1} is missing", "E014")
        given = self._value(path[:-1])
        known = self._known(path[:-1])
        strangers = set(given) - set(known) if isinstance(given, dict) and known else ()
        if any(nearest(str(stranger), known) == key for stranger in strangers):
            return None
        return self._at(path[:-1], f"{self._prefix(path[:-1])}missing key '{key}'", "E011", key=True)

    def _known(self, path: Where) -> list[str]:
        models = self.filling.models.get(id(self._value(path)), ())
        return list(dict.fromkeys(key for model in models for key in _keys(model)))


def _below(value: Any, step: str | int) -> Any:
    """Return what lies below a value, or None where it has nothing of that key or index."""
    if isinstance(value, dict):
        return value.get(step)
    return value[step] if isinstance(value, tuple) and isinstance(step, int) and step < len(value) else None


def _contradicted(finding: _Finding, value: Any) -> bool:
    """Return whether a list is called too short only because its items were not valid."""
    return (
        finding.kind == "too_short"
        and isinstance(value, tuple | dict)
        and len(value) >= finding.limits["min_length"]
    )


def _keys(model: type[BaseModel]) -> Iterator[str]:
    for name, info in model.model_fields.items():
        yield info.alias or name


def _position(fault: Fault) -> tuple[str, int, int]:
    return (fault.place.file, fault.place.line, fault.place.column) if fault.place else ("", 0, 0)


_EXPECTED: Mapping[str, str] = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "float_type": "a number",
    "string_type": "text",
    "bool_type": "true or false",
    "dict_type": "keys and values",
    "mapping_type": "keys and values",
    "model_type": "keys and values",
    "model_attributes_type": "keys and values",
    "list_type": "a list",
    "tuple_type": "a list",
    "none_required": "nothing",
}
_BOUNDS: Mapping[str, tuple[str, str]] = {
    "greater_than": ("more than", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("less than", "lt"),
    "less_than_equal": ("at most", "le"),
    "multiple_of": ("a multiple of", "multiple_of"),
}
_LENGTHS: Mapping[str, tuple[str, str]] = {
    "too_short": ("at least", "min_length"),
    "too_long": ("at most", "max_length"),
    "string_too_short": ("at least", "min_length"),
    "string_too_long": ("at most", "max_length"),
}


def _sentence(found: list[_Finding], value: Any) -> tuple[str, str]:
    """Return the sentence and the code for what was found at one value; several are joined by "or"."""
    errors = [finding.limits["error"] for finding in found if "error" in finding.limits]
    own = [error for error in errors if not getattr(error, "expected", "")]
    if own:
        error = own[0]
        return str(error), str(getattr(error, "code", "E020"))
    choices = [choice for finding in found for choice in _choices(finding)]
    if choices and all(_choices(finding) for finding in found) and isinstance(value, str):
        return f"unknown value '{_clipped(value)}'{suggestion(value, choices)}", "E015"
    phrases = [phrase for finding in found if (phrase := _phrase(finding, value)) is not None]
    if not phrases:
        return _lowered(found[0].message), "E013"
    expected = " or ".join(dict.fromkeys(phrases))
    return f"expected {expected}, got {_shown(value, found[0])}", _code(found)


def _code(found: list[_Finding]) -> str:
    kinds = {finding.kind for finding in found}
    if "finite_number" in kinds:
        return "E019"
    return "E014" if kinds & (set(_BOUNDS) | set(_LENGTHS)) else "E013"


def _phrase(finding: _Finding, value: Any) -> str | None:
    kind, limits = finding.kind, finding.limits
    if expected := getattr(limits.get("error"), "expected", ""):
        return str(expected)
    if kind in _BOUNDS:
        word, key = _BOUNDS[kind]
        return f"{word} {_bound(limits[key], value)}"
    if kind in _LENGTHS:
        word, key = _LENGTHS[kind]
        return f"{word} {_counted(limits[key], 'character' if kind.startswith('string') else 'item')}"
    if kind == "finite_number":
        return "a finite number"
    if choices := _choices(finding):
        return f"one of {listing(choices)}" if len(choices) > 1 else f"'{choices[0]}'"
    return _EXPECTED.get(kind, limits.get("expected"))


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _choices(finding: _Finding) -> list[str]:
    """Return the allowed texts of a choice, from Pydantic's "'a', 'b' or 'c'"."""
    if finding.kind == "union_tag_invalid":
        return re.findall(r"'([^']*)'", finding.limits["expected_tags"])
    if finding.kind in ("literal_error", "enum"):
        return re.findall(r"'([^']*)'", finding.limits["expected"])
    return []


def _bound(limit: Any, value: Any) -> str:
    """Return a bound in the dimension that the value is written in, such as "0 s"."""
    dimension = units.dimension_of(value) if isinstance(value, str) else None
    if dimension == "ratio":
        return f"{units.format(float(limit) * 100, 'ratio')} %"
    return units.format(float(limit), dimension) if dimension else f"{limit:g}"


def _shown(value: Any, finding: _Finding) -> str:
    if finding.kind in _LENGTHS and isinstance(value, tuple | dict | str):
        return str(len(value))
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f"'{_clipped(value)}'"
    words = {type(None): "nothing", dict: "keys and values", tuple: "a list"}
    return words.get(type(value), _clipped(str(value)))


def _clipped(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:37]}..."


def _lowered(message: str) -> str:
    return message[:1].lower() + message[1:]


class Faults:
    """Gathers the faults of several parts of a file, to raise them all at once.

    faults = Faults()
    for name in names:
        with faults.gather():
            filled[name] = fill(...)
    faults.raise_if_any()
    """

    def __init__(self) -> None:
        self._faults: dict[Fault, None] = {}

    def add(self, *found: Fault | ChipsimError) -> None:
        """Note faults, or all faults of an error; one that is noted already is not repeated."""
        for item in found:
            self._faults |= dict.fromkeys(item.faults if isinstance(item, ChipsimError) else (item,))

    @contextmanager
    def gather(self) -> Iterator[None]:
        """Note the faults of an input error that the body raises, and go on after it."""
        try:
            yield
        except InputError as error:
            self.add(error)

    @property
    def found(self) -> tuple[Fault, ...]:
        """Return what was noted, in the order of files and lines, warnings too."""
        return tuple(sorted(self._faults, key=_position))

    def raise_if_any(self) -> None:
        """Raise `InputError` with everything that was noted, if anything of it is an error."""
        if any(fault.severity == "error" for fault in self._faults):
            raise InputError(*self.found)
