"""Files that extend others of their kind and give only what differs: `extends: reram-8x4`.

A file names a shipped one, or the path of one in its own folder, which may extend another in its turn.
Mappings are joined key by key, everything else (lists, such as links and stages, too) is replaced whole, and
an entry that falls away is given as `null`. Every value keeps the place where it was written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from chipsim.errors import Fault, InputError
from chipsim.inputs import documents, registry
from chipsim.inputs.documents import MAX_DEPTH, Document, Where

KEY = "extends"


class Form(NamedTuple):
    """A kind of file that may extend another: what messages call it, and how far the two are joined.

    Below `depth` levels of keys a value is replaced whole. What `fixed` says of a key that both give
    differently is a fault: the two cannot be joined.
    """

    label: str
    depth: int = MAX_DEPTH
    fixed: Mapping[str, str] = MappingProxyType({})


FORMS: Mapping[str, Form] = MappingProxyType(
    {
        "architecture": Form("architecture"),
        "workload": Form("workload"),
        "costs": Form("cost table", 3, {"technology": "its prices hold there only"}),
    }
)
"""By kind. Cost tables are joined down to the fields of their entries."""


def whole(document: Document, kind: str) -> Document:
    """The document laid over those that it extends, without its key `extends`.

    Raises `InputError` where there is no such file, one extends itself in the end, or the two do not go
    together; every fault stands at the file that is wrong.
    """
    return _whole(document, kind, ())


def _whole(document: Document, kind: str, above: tuple[Path, ...]) -> Document:
    named, form = document.data.get(KEY), FORMS[kind]
    if KEY not in document.data:
        return document
    if not isinstance(named, str):
        raise _refused(document, form, f"expected the name or path of {_article(form.label)}", "E013")
    if missing := [key for key in ("format", "name") if key not in document.data]:
        raise InputError(document.fault(f"{form.label}: missing key '{missing[0]}'", (), "E011"))
    path = _located(document, kind, named)
    chain = (*above, Path(document.name).resolve())
    if path.resolve() in chain:
        text = f"'{named}' extends this {form.label.split()[-1]} in its turn; let one of them stand alone"
        raise _refused(document, form, text, "E027")
    below = _read(document, form, path, named)
    _check_format(document, below, form, named)
    below = _whole(below, kind, chain)
    _check_fixed(document, below, form, named)
    joined = document.over(below, form.depth)
    for fallen in tuple(_fallen(document.data, below.data, (), form.depth)):
        joined = joined.without(*fallen)
    return joined.without(KEY)


def _located(document: Document, kind: str, named: str) -> Path:
    try:
        return registry.file(kind, named, within=Path(document.name).parent)
    except (registry.UnknownName, InputError) as error:
        fault = error.faults[0] if isinstance(error, InputError) else Fault(str(error), code=error.code)
        raise _refused(document, FORMS[kind], fault.message, fault.code) from None


def _read(document: Document, form: Form, path: Path, named: str) -> Document:
    try:
        return documents.read(path)
    except InputError as error:
        fault = error.faults[0]
        if fault.place is None or not fault.place.line:  # of the file as a whole: said where it is named
            raise _refused(document, form, f"'{named}': {fault.message}", fault.code) from None
        raise


def _check_format(document: Document, below: Document, form: Form, named: str) -> None:
    own, other = (str(each.data.get("format")) for each in (document, below))
    if own != other:
        text = f"'{named}' is of the format '{other}', and this {form.label.split()[-1]} of '{own}'"
        raise _refused(document, form, text, "E025")


def _check_fixed(document: Document, below: Document, form: Form, named: str) -> None:
    for key, why in form.fixed.items():
        given = below.data.get(key)
        if document.data.get(key, given) != given:
            text = f"{form.label}: {key}: '{named}' is of {given}, and {why}; write that"
            raise InputError(document.fault(text, (key,), "E064"))


def _fallen(top: Mapping[str, Any], base: Mapping[str, Any], path: Where, depth: int) -> Iterator[Where]:
    """The paths at which the upper of two files gives `null` for what the lower one has."""
    for key in top.keys() & base.keys():
        if top[key] is None:
            yield (*path, key)
        elif depth > 1 and isinstance(top[key], dict) and isinstance(base[key], dict):
            yield from _fallen(top[key], base[key], (*path, key), depth - 1)


def _refused(document: Document, form: Form, text: str, code: str) -> InputError:
    return InputError(document.fault(f"{form.label}: {KEY}: {text}", (KEY,), code))


def _article(noun: str) -> str:
    return f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"
