"""As much of JSON Schema 2020-12 as the schemas of this project use; any other keyword is an error.

The draft's own rules (json-schema.org/draft/2020-12): a keyword says nothing of a value of another type.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

SAYS_NOTHING = {"$schema", "$defs", "title", "description", "default", "examples"}
KINDS: Mapping[str, Any] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "integer": lambda value: KINDS["number"](value) and float(value).is_integer(),
}
BOUNDS: Mapping[str, Any] = {
    "minimum": lambda value, limit: value >= limit,
    "maximum": lambda value, limit: value <= limit,
    "exclusiveMinimum": lambda value, limit: value > limit,
    "exclusiveMaximum": lambda value, limit: value < limit,
}
SIZES: Mapping[str, tuple[str, Any]] = {
    "minItems": ("array", lambda size, limit: size >= limit),
    "maxItems": ("array", lambda size, limit: size <= limit),
    "minProperties": ("object", lambda size, limit: size >= limit),
    "maxProperties": ("object", lambda size, limit: size <= limit),
    "minLength": ("string", lambda size, limit: size >= limit),
    "maxLength": ("string", lambda size, limit: size <= limit),
}


def errors(schema: Any, value: Any, root: Mapping[str, Any] | None = None, path: str = "") -> Iterator[str]:
    """What is wrong with a value, each as `path: keyword`."""
    if isinstance(schema, bool):
        yield from () if schema else (f"{path}: false",)
        return
    top = schema if root is None else root
    for keyword, told in schema.items():
        if keyword not in SAYS_NOTHING:
            yield from _errors(keyword, told, schema, value, top, path)


def valid(schema: Any, value: Any, root: Mapping[str, Any] | None = None) -> bool:
    return next(errors(schema, value, root), None) is None


def _errors(
    keyword: str, told: Any, schema: Any, value: Any, root: Mapping[str, Any], path: str
) -> Iterator[str]:
    if keyword in ("then", "else", "additionalProperties", "prefixItems"):
        if keyword == "additionalProperties" and isinstance(value, dict):
            for name in value.keys() - schema.get("properties", {}).keys():
                yield from errors(told, value[name], root, f"{path}.{name}")
        return
    if keyword == "if":
        branch = schema.get("then" if valid(told, value, root) else "else", True)
        yield from errors(branch, value, root, path)
    elif keyword == "$ref":
        yield from errors(root["$defs"][told.removeprefix("#/$defs/")], value, root, path)
    elif keyword == "allOf":
        for inner in told:
            yield from errors(inner, value, root, path)
    elif keyword == "properties":
        for name in told.keys() & value.keys() if isinstance(value, dict) else ():
            yield from errors(told[name], value[name], root, f"{path}.{name}")
    elif keyword == "propertyNames":
        for name in value if isinstance(value, dict) else ():
            yield from errors(told, name, root, f"{path}.{name}")
    elif keyword == "items":
        for index, item in enumerate(value if isinstance(value, list) else ()):
            yield from errors(told, item, root, f"{path}.{index}")
    elif not _holds(keyword, told, value, root):
        yield f"{path}: {keyword}"


def _holds(keyword: str, told: Any, value: Any, root: Mapping[str, Any]) -> bool:
    if keyword == "type":
        return any(KINDS[kind](value) for kind in ([told] if isinstance(told, str) else told))
    if keyword in ("const", "enum"):
        return any(
            type(value) is type(one) and value == one for one in ([told] if keyword == "const" else told)
        )
    if keyword == "required":
        return not isinstance(value, dict) or set(told) <= value.keys()
    if keyword == "pattern":
        return not isinstance(value, str) or re.search(told, value) is not None
    if keyword in ("anyOf", "oneOf"):
        count = sum(valid(inner, value, root) for inner in told)
        return count == 1 if keyword == "oneOf" else count > 0
    if keyword in BOUNDS:
        return not KINDS["number"](value) or bool(BOUNDS[keyword](value, told))
    kind, fits = SIZES[keyword]
    return not KINDS[kind](value) or bool(fits(len(value), told))
