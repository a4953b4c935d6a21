"""YAML in which every value knows its file, line and column.

Files are read by the rules of YAML 1.2 (core schema): `1e-9` is a number, `on`, `yes` and `12:30` are text.
Tags, merge keys, several documents, keys that are not text, repeated keys and numbers that are not finite are
refused. Size, depth and the number of values are bounded before anything large is built. All faults of a file
that can be found together are raised together.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from math import isfinite
from pathlib import Path
from typing import Any, NamedTuple, NoReturn, TypeAlias, cast

import yaml

from chipsim.errors import Fault, InputError, Place, listing, suggestion

__all__ = ["MAX_BYTES", "MAX_DEPTH", "MAX_NODES", "Document", "Where", "dump", "is_name", "parse", "read"]

MAX_BYTES = 256_000
"""Longest text of an input file [bytes]; 2 MB of plain keys took 13 s in another reader."""
MAX_DEPTH = 64
"""Deepest nesting of keys and lists."""
MAX_NODES = 100_000
"""Most keys and values, counted after aliases: 400 bytes of aliases can stand for a billion."""

Where: TypeAlias = tuple[str | int, ...]
"""The way from the top to a value: keys, and indices of list items."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_PROPERTIES = re.compile(r"(?:[&!]\S*\s+)+")
_TAG = re.compile(r"![^\s,\]}]*")
_SET = "--set"

_CONSTANTS: Mapping[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_WHOLE = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_NUMBER = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_LARGEST = 2**63 - 1

Scalar: TypeAlias = str | int | float | bool | None


def is_name(text: str) -> bool:
    """Return whether a text may be a name: at most 64 of ASCII letters, digits and -_. characters."""
    return _NAME.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class _Source:
    """A text and its lines; `shift` moves columns, for a value that stands behind its path."""

    name: str
    lines: tuple[str, ...]
    shift: int = 0

    def line(self, index: int) -> str:
        return self.lines[index] if index < len(self.lines) else ""


class _Spot(NamedTuple):
    """Where something stands in a source: line and column from 0, columns not shifted."""

    source: _Source
    line: int
    column: int
    width: int = 1

    def place(self) -> Place:
        column = self.column + self.source.shift
        excerpt = self.source.line(self.line)
        return Place(self.source.name, self.line + 1, column + 1, excerpt, max(1, self.width))

    def text(self) -> str:
        return self.source.line(self.line)[self.column + self.source.shift :]


class _Node(NamedTuple):
    """A value with its spot; `size` counts the values in it and `depth` their nesting, aliases included."""

    spot: _Spot
    value: Scalar | list[_Node] | dict[str, tuple[_Spot, _Node]]
    size: int = 1
    depth: int = 1


@dataclass(frozen=True)
class Document:
    """The values of one input file, and where each of them stands.

    `data` holds plain values: dict, list, str, int, float, bool and None. Values under an alias share one
    object, so treat `data` as read-only.
    """

    name: str
    data: dict[str, Any]
    _values: Mapping[Where, _Spot] = field(repr=False, compare=False)
    _keys: Mapping[Where, _Spot] = field(repr=False, compare=False)

    def place(self, path: Where = ()) -> Place:
        """Return the place of the value at `path`, or of the nearest thing around it that the file holds."""
        for end in range(len(path), 0, -1):
            if (spot := self._values.get(path[:end])) is not None:
                return spot.place()
        return self._top()

    def key_place(self, path: Where) -> Place:
        """Return the place of the key of the value at `path`; of the list item's value if it has no key."""
        for end in range(len(path), 0, -1):
            spot = self._keys.get(path[:end]) or self._values.get(path[:end])
            if spot is not None:
                return spot.place()
        return self._top()

    def _top(self) -> Place:
        spot = self._values.get(())
        return spot.place() if spot else Place(self.name)

    def fault(self, message: str, path: Where = (), code: str = "E000", *, key: bool = False) -> Fault:
        """Return a fault at the value, or with `key` at the key, of `path`."""
        return Fault(message, self.key_place(path) if key else self.place(path), code)

    def value(self, path: Where) -> Any:
        """Return the value at `path`. Raises `KeyError` or `IndexError` where there is none."""
        here: Any = self.data
        for step in path:
            here = here[step]
        return here

    def has(self, path_text: str) -> bool:
        """Return whether a path such as "components.adc.bits" or "stages.finetune.images" exists."""
        found = _find(self.data, path_text.split("."))
        return not found.missing

    def with_value(self, path_text: str, value_text: str, fresh: Collection[str] = ("costs",)) -> Document:
        """Return the document with one value set, as `--set PATH=VALUE` does.

        The value is read as YAML on one line. List items go by index or by their `name`. The last key may be
        new; the keys before it must exist, except under the top keys that `fresh` names. Raises `InputError`
        at the place "--set".
        """
        source = _Source(_SET, (f"{path_text}={value_text}",), len(path_text) + 1)
        spot = _Spot(source, 0, -source.shift, len(path_text))
        if not all(path_text.split(".")) or _BREAK.search(value_text) or _UNPRINTABLE.search(value_text):
            raise InputError(
                Fault(f"'{path_text}' is not set to one value; write {_SET} PATH=VALUE", spot.place(), "E024")
            )
        path = self._settable(path_text, spot, fresh)
        node = _Composer(source).single(value_text) or _Node(_Spot(source, 0, 0), None)
        return self._replaced(path, spot, node)

    def _settable(self, path_text: str, spot: _Spot, fresh: Collection[str]) -> Where:
        found = _find(self.data, path_text.split("."))
        here = ".".join(map(str, found.path)) or "the file"
        if isinstance(found.value, dict | None) and (
            len(found.missing) < 2 or path_text.split(".")[0] in fresh
        ):
            return found.path + found.missing
        if not found.missing:
            return found.path
        wanted = found.missing[0]
        if isinstance(found.value, dict | list):
            message = f"'{here}' has no '{wanted}'{suggestion(wanted, _steps(found.value))}"
        else:
            message = f"'{here}' is {_shown(found.value)}, so it has no '{wanted}'"
        raise InputError(Fault(message, spot.place(), "E024"))

    def _replaced(self, path: Where, spot: _Spot, node: _Node) -> Document:
        size = len(path)
        values = {where: at for where, at in self._values.items() if where[:size] != path}
        keys = {where: at for where, at in self._keys.items() if where[:size] != path}
        for end in range(1, size):
            values.setdefault(path[:end], spot)
            keys.setdefault(path[:end], spot)
        keys[path] = spot
        plain = _plain(node, path, values, keys)
        return replace(self, data=_with(self.data, path, plain), _values=values, _keys=keys)

    def over(self, base: Document) -> Document:
        """Return `base` with this document's values laid over it, as `extends` does.

        Mappings are joined key by key; everything else, lists too, is replaced whole. Each value keeps the
        place where it was written.
        """
        values, keys = dict(base._values), dict(base._keys)
        data = _joined(base.data, self.data, (), values)
        return Document(self.name, data, values | dict(self._values), keys | dict(self._keys))

    def dump(self) -> str:
        """Return the values as YAML text that `parse` reads back to the same values."""
        return dump(self.data)


class _Found(NamedTuple):
    """How far a dotted path leads: the path that exists, its value, and the steps that are missing."""

    path: Where
    value: Any
    missing: tuple[str, ...]


def _find(value: Any, steps: list[str], path: Where = ()) -> _Found:
    if not steps:
        return _Found(path, value, ())
    for count in range(1, len(steps) + 1):
        step = _step(value, ".".join(steps[:count]))
        if step is not None:
            return _find(value[step], steps[count:], (*path, step))
    return _Found(path, value, tuple(steps))


def _step(value: Any, word: str) -> str | int | None:
    if isinstance(value, dict):
        return word if word in value else None
    if not isinstance(value, list):
        return None
    if word.isascii() and word.isdigit() and len(word) < 7 and int(word) < len(value):
        return int(word)
    named = (index for index, item in enumerate(value) if isinstance(item, dict) and item.get("name") == word)
    return next(named, None)


def _steps(value: dict[str, Any] | list[Any]) -> list[str]:
    if isinstance(value, dict):
        return list(value)
    named = [item["name"] for item in value if isinstance(item, dict) and isinstance(item.get("name"), str)]
    return named or [str(index) for index in range(len(value))]


def _with(value: Any, path: Where, new: Any) -> Any:
    """Return a value with `new` at `path`; only what lies on the path is copied."""
    if not path:
        return new
    copy: Any = list(value) if isinstance(value, list) else dict(value or {})
    below = copy[path[0]] if isinstance(copy, list) else copy.get(path[0])
    copy[path[0]] = _with(below, path[1:], new)
    return copy


def _joined(
    base: dict[str, Any], top: dict[str, Any], path: Where, values: dict[Where, _Spot]
) -> dict[str, Any]:
    joined = dict(base)
    for key, value in top.items():
        if isinstance(value, dict) and isinstance(below := base.get(key), dict):
            joined[key] = _joined(below, value, (*path, key), values)
        else:
            _forget(values, (*path, key), base.get(key))
            joined[key] = value
    return joined


def _forget(values: dict[Where, _Spot], path: Where, value: Any) -> None:
    if isinstance(value, dict | list):
        for where in [where for where in values if where[: len(path)] == path]:
            del values[where]


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return f"'{value}'"
    return str(value).lower() if isinstance(value, bool) else str(value)


def read(path: Path) -> Document:
    """Return the document in a file. Raises `InputError` holding all faults that were found together."""
    name = str(path)
    try:
        raw = _bytes(path, name)
    except ValueError:
        _refuse(f"{name!r} is not the name of a file", Place("input"), "E001")
    except OSError as error:
        _refuse(
            f"this file cannot be read: {(error.strerror or 'unknown reason').lower()}", Place(name), "E002"
        )
    return parse(_decoded(raw, name), name)


def _bytes(path: Path, name: str) -> bytes:
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        _refuse(f"there is no such file{_sibling(path)}", Place(name), "E001")
    if stat.S_ISDIR(status.st_mode):
        _refuse(f"this is a folder, not a file{_inside(path)}", Place(name), "E002")
    if not stat.S_ISREG(status.st_mode):
        _refuse("this is not a regular file", Place(name), "E002")
    if status.st_size > MAX_BYTES:
        _refuse_size(status.st_size, name)
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)


def _refuse(message: str, place: Place, code: str) -> NoReturn:
    raise InputError(Fault(message, place, code)) from None


def _refuse_size(size: int, name: str) -> NoReturn:
    message = f"the file has {size} bytes; an input file may have at most {MAX_BYTES}"
    _refuse(message, Place(name), "E004")


def _names_in(folder: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in folder.iterdir() if entry.suffix in (".yaml", ".yml"))
    except OSError:
        return []


def _sibling(path: Path) -> str:
    names = _names_in(path.parent)
    return suggestion(path.name, names) if names else ""


def _inside(path: Path) -> str:
    names = _names_in(path)
    return f"; it holds {listing(names)}" if names else ""


def _decoded(raw: bytes, name: str) -> str:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        _refuse("the file is UTF-16 text; save it as UTF-8", Place(name), "E003")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        message = f"this is not UTF-8 text: byte 0x{raw[error.start]:02x} cannot stand here"
        _refuse(message, Place(name, line, column), "E003")


def parse(text: str, name: str) -> Document:
    """Return the document in a text; `name` stands for the file in messages.

    Raises `InputError` holding all faults that were found together.
    """
    size = len(text.encode("utf-8", "surrogatepass")) if len(text) <= MAX_BYTES else len(text)
    if size > MAX_BYTES:
        _refuse_size(size, name)
    source = _Source(name, tuple(_BREAK.split(text)))
    _check_printable(text, source)
    node = _Composer(source).single(text)
    if node is None or node.value is None:
        _refuse("the file is empty; it must hold keys and values", Place(name), "E005")
    if not isinstance(node.value, dict):
        kind = "a list" if isinstance(node.value, list) else "a single value"
        _refuse(f"the file holds {kind}; it must hold keys and values", node.spot.place(), "E007")
    values: dict[Where, _Spot] = {}
    keys: dict[Where, _Spot] = {}
    data = _plain(node, (), values, keys)
    return Document(name, cast("dict[str, Any]", data), values, keys)


def _check_printable(text: str, source: _Source) -> None:
    match = _UNPRINTABLE.search(text)
    if match is None:
        return
    before = _BREAK.split(text[: match.start()])
    spot = _Spot(source, len(before) - 1, len(before[-1]))
    message = f"this is not plain text: it holds the control character U+{ord(match.group()):04X}"
    _refuse(message, spot.place(), "E003")


def _plain(node: _Node, path: Where, values: dict[Where, _Spot], keys: dict[Where, _Spot]) -> Any:
    """Return a node's plain value, and note where each part of it stands."""
    values[path] = node.spot
    if isinstance(node.value, dict):
        below = {}
        for key, (spot, item) in node.value.items():
            keys[(*path, key)] = spot
            below[key] = _plain(item, (*path, key), values, keys)
        return below
    if isinstance(node.value, list):
        return [_plain(item, (*path, index), values, keys) for index, item in enumerate(node.value)]
    return node.value


class _StopError(Exception):
    """Reading cannot go on; the faults found so far are raised."""


_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Composer:
    """Builds nodes from the parser's events, gathers faults, and stops at the limits."""

    def __init__(self, source: _Source) -> None:
        self._source = source
        self._faults: list[Fault] = []
        self._anchors: dict[str, _Node | None] = {}
        self._count = 0

    def single(self, text: str) -> _Node | None:
        """Return the text's only document, or None if it has none. Raises `InputError` with all faults."""
        node = None
        try:
            node = self._document(yaml.parse(text, Loader=_Loader))
        except _StopError:
            pass
        except yaml.MarkedYAMLError as error:
            self._faults.append(_syntax_fault(error, self._source))
        except yaml.YAMLError as error:
            self._faults.append(Fault(f"this is not YAML: {error}", Place(self._source.name), "E008"))
        if self._faults:
            raise InputError(*self._faults)
        return node

    def _document(self, events: Iterator[Any]) -> _Node | None:
        node = None
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                if node is not None:
                    self._stop("the file holds more than one document; remove this '---'", event, "E006")
                node = self._node(next(events), events, 1)
        return node

    def _stop(self, message: str, event: Any, code: str) -> NoReturn:
        self._note(message, self._spot(event, event), code)
        raise _StopError

    def _note(self, message: str, spot: _Spot, code: str) -> None:
        self._faults.append(Fault(message, spot.place(), code))

    def _spot(self, start: Any, end: Any) -> _Spot:
        line, column = start.start_mark.line, start.start_mark.column
        text = self._source.line(line)
        if getattr(start, "anchor", None) and not isinstance(start, yaml.AliasEvent):
            skipped = _PROPERTIES.match(text, column + self._source.shift)
            column = skipped.end() - self._source.shift if skipped else column
        same = end.end_mark.line == line
        stop = end.end_mark.column if same else len(text.rstrip()) - self._source.shift
        return _Spot(self._source, line, column, max(1, stop - column))

    def _node(self, event: Any, events: Iterator[Any], level: int) -> _Node:
        if level > MAX_DEPTH:
            self._stop(f"values are nested more than {MAX_DEPTH} deep", event, "E021")
        self._check_count(1, event)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, level)
        if event.tag is not None:
            self._tag(event)
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        node = self._content(event, events, level)
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        return node

    def _content(self, event: Any, events: Iterator[Any], level: int) -> _Node:
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(event, events, level)
        return self._mapping(event, events, level)

    def _check_count(self, more: int, event: Any) -> None:
        self._count += more
        if self._count > MAX_NODES:
            self._stop(f"the file holds more than {MAX_NODES} values, aliases counted", event, "E021")

    def _tag(self, event: Any) -> None:
        spot = _Spot(self._source, event.start_mark.line, event.start_mark.column)
        match = _TAG.search(spot.text())
        shown = match.group() if match else event.tag
        at = spot._replace(column=spot.column + (match.start() if match else 0), width=len(shown))
        self._note(f"tag '{shown}' is not allowed; write the plain value", at, "E009")

    def _alias(self, event: Any, level: int) -> _Node:
        spot = self._spot(event, event)
        if event.anchor not in self._anchors:
            known = (f"*{name}" for name in self._anchors)
            message = f"alias '*{event.anchor}' has no anchor above it{suggestion('*' + event.anchor, known)}"
            self._note(message, spot, "E022")
            return _Node(spot, None)
        node = self._anchors[event.anchor]
        if node is None:
            self._note(f"alias '*{event.anchor}' stands inside its own anchor", spot, "E022")
            return _Node(spot, None)
        self._check_count(node.size - 1, event)
        if level + node.depth - 1 > MAX_DEPTH:
            self._stop(f"values are nested more than {MAX_DEPTH} deep", event, "E021")
        return node._replace(spot=spot)

    def _scalar(self, event: Any) -> _Node:
        spot = self._spot(event, event)
        plain = event.implicit[0] and event.tag is None
        return _Node(spot, self._resolved(event.value, spot) if plain else event.value)

    def _resolved(self, text: str, spot: _Spot) -> Scalar:
        if text in _CONSTANTS:
            return _CONSTANTS[text]
        if _WHOLE.fullmatch(text):
            return self._whole(text, spot)
        if _NUMBER.fullmatch(text) or _NOT_FINITE.fullmatch(text):
            return self._number(text, spot)
        return str(text)

    def _whole(self, text: str, spot: _Spot) -> int:
        value = int(text, 0 if text[:2] in ("0o", "0x") else 10) if len(text) < 99 else _LARGEST + 1
        if abs(value) > _LARGEST:
            self._note(f"a whole number may be at most {_LARGEST}", spot, "E014")
        return value

    def _number(self, text: str, spot: _Spot) -> float:
        value = float("inf") if _NOT_FINITE.fullmatch(text) else float(text)
        if not isfinite(value):
            shown = text if len(text) < 40 else f"{text[:36]}..."
            self._note(f"'{shown}' is not a finite number", spot, "E019")
        return value

    def _sequence(self, start: Any, events: Iterator[Any], level: int) -> _Node:
        items = []
        for event in events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            items.append(self._node(event, events, level + 1))
        return self._collection(start, event, items, items)

    def _mapping(self, start: Any, events: Iterator[Any], level: int) -> _Node:
        pairs: dict[str, tuple[_Spot, _Node]] = {}
        nodes = []
        for event in events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            key = self._node(event, events, level + 1)
            value = self._node(next(events), events, level + 1)
            self._pair(pairs, key, value, event)
            nodes += [key, value]
        return self._collection(start, event, pairs, nodes)

    def _collection(self, start: Any, end: Any, value: Any, nodes: list[_Node]) -> _Node:
        size = 1 + sum(node.size for node in nodes)
        depth = 1 + max((node.depth for node in nodes), default=0)
        return _Node(self._spot(start, end), value, size, depth)

    def _pair(self, pairs: dict[str, tuple[_Spot, _Node]], key: _Node, value: _Node, event: Any) -> None:
        name = key.value
        if not isinstance(name, str) or isinstance(event, yaml.AliasEvent):
            shown = _key_text(key, event)
            self._note(f"key {shown} is not plain text; put it in quotes or use a name", key.spot, "E023")
        elif name == "<<":
            self._note("merge keys ('<<') are not read; write the keys out", key.spot, "E009")
        elif name in pairs:
            first = pairs[name][0]
            self._note(
                f"key '{name}' stands twice; it is first given in line {first.line + 1}", key.spot, "E010"
            )
        else:
            pairs[name] = (key.spot, value)


def _key_text(key: _Node, event: Any) -> str:
    if isinstance(event, yaml.AliasEvent):
        return f"'*{event.anchor}'"
    return f"'{event.value}'" if isinstance(event, yaml.ScalarEvent) else "of keys and values or a list"


_UNCLOSED: Mapping[str, str] = {
    "while parsing a flow sequence": "this '[' is not closed; ',' or ']' is missing",
    "while parsing a flow mapping": "this '{' is not closed; ',' or '}' is missing",
    "while scanning a quoted scalar": "this quote is not closed",
}


def _syntax_fault(error: yaml.MarkedYAMLError, source: _Source) -> Fault:
    problem, context = error.problem or "", error.context or ""
    if "nesting depth" in problem:
        return _syntax_at(error, source, f"values are nested more than {MAX_DEPTH} deep", "E021")
    unclosed = _UNCLOSED.get(context)
    if unclosed and error.context_mark and ("did not find" in problem or "end of stream" in problem):
        mark = error.context_mark
        return Fault(unclosed, _Spot(source, mark.line, mark.column).place(), "E008")
    return _syntax_at(error, source, _syntax_message(error, source), "E008")


def _syntax_at(error: yaml.MarkedYAMLError, source: _Source, message: str, code: str) -> Fault:
    mark = error.problem_mark or error.context_mark
    if mark is None:
        return Fault(message, Place(source.name), code)
    return Fault(message, _Spot(source, mark.line, mark.column).place(), code)


def _syntax_message(error: yaml.MarkedYAMLError, source: _Source) -> str:
    """Return the parser's complaint in the words of someone who writes the file."""
    problem, mark = error.problem or "", error.problem_mark
    line = source.line(mark.line) if mark else ""
    here = line[mark.column + source.shift :] if mark else ""
    before = line[: mark.column + source.shift] if mark else ""
    if "cannot start any token" in problem:
        return _bad_start(here, before)
    if "mapping values are not allowed" in problem:
        if ":" in before:
            return "a second ': ' stands in this line; put text that holds ': ' in quotes"
        return "a key cannot stand here; check the indentation, and the line above for a missing ': '"
    if "did not find expected key" in problem:
        return "this line does not fit to the lines above; check its indentation"
    if "'-' indicator" in problem:
        begun = f" that begins in line {error.context_mark.line + 1}" if error.context_mark else ""
        return f"the list{begun} goes on here without '- '"
    if "<document start>" in problem:
        return "this line does not belong to the keys above; check its indentation"
    return f"this is not YAML: {problem or 'the text cannot be read'}"


def _bad_start(here: str, before: str) -> str:
    if here.startswith("\t") and not before.strip():
        return "a tab indents this line; YAML is indented by spaces"
    if here.startswith("\t"):
        return "a tab stands before this value; use a space"
    return f"a value may not begin with '{here[:1]}'; put it in quotes"


class _Dumper(yaml.SafeDumper):
    """Quotes what YAML 1.1 or 1.2 would take for something else than text, and writes no aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


_Dumper.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(f"^(?:{_NUMBER.pattern}|{_NOT_FINITE.pattern})$"),
    list("-+.0123456789"),
)
_Dumper.add_implicit_resolver(
    "tag:yaml.org,2002:int", re.compile(f"^(?:{_WHOLE.pattern})$"), list("-+0123456789")
)


def dump(data: Mapping[str, Any]) -> str:
    """Return plain values as YAML text in their own order; equal values give equal text."""
    return yaml.dump(dict(data), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
