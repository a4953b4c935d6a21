"""YAML text to nodes that know where they stand, within limits and with all faults found together.

The parser's events are taken one by one, so that a text is refused before anything large is built from it.
What a plain scalar means follows YAML 1.2 (core schema).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any, NamedTuple, NoReturn, TypeAlias

import yaml

from chipsim.errors import Fault, InputError, Place, suggestion

__all__ = [
    "BREAK",
    "MAX_DEPTH",
    "MAX_NODES",
    "NOT_FINITE",
    "NUMBER",
    "UNPRINTABLE",
    "WHOLE",
    "Node",
    "Scalar",
    "Source",
    "Spot",
    "compose",
]

MAX_DEPTH = 64
"""Deepest nesting of keys and lists."""
MAX_NODES = 100_000
"""Most keys and values, counted after aliases: 400 bytes of aliases can stand for a billion."""


BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_PROPERTIES = re.compile(r"(?:[&!]\S*\s+)+")
_TAG = re.compile(r"![^\s,\]}]*")

_CONSTANTS: Mapping[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
WHOLE = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
NUMBER = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_LARGEST = 2**63 - 1

Scalar: TypeAlias = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Source:
    """A text and its lines; `shift` moves columns, for a value that stands behind its path."""

    name: str
    lines: tuple[str, ...]
    shift: int = 0

    def line(self, index: int) -> str:
        """Return a line by its index from 0; lines after the last are empty."""
        return self.lines[index] if index < len(self.lines) else ""


class Spot(NamedTuple):
    """Where something stands in a source: line and column from 0, columns not shifted."""

    source: Source
    line: int
    column: int
    width: int = 1

    def place(self) -> Place:
        """Return the place, counted from 1, with its line as excerpt."""
        column = self.column + self.source.shift
        excerpt = self.source.line(self.line)
        return Place(self.source.name, self.line + 1, column + 1, excerpt, max(1, self.width))

    def text(self) -> str:
        """Return the line from the spot on."""
        return self.source.line(self.line)[self.column + self.source.shift :]


class Node(NamedTuple):
    """A value with its spot; `size` counts the values in it and `depth` their nesting, aliases included."""

    spot: Spot
    value: Scalar | list[Node] | dict[str, tuple[Spot, Node]]
    size: int = 1
    depth: int = 1


def compose(text: str, source: Source) -> Node | None:
    """Return the node of a text's only document, or None if it has none.

    Raises `InputError` with all faults that were found before reading ended or had to stop.
    """
    return _Composer(source).single(text)


class _StopError(Exception):
    """Reading cannot go on; the faults found so far are raised."""


_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Composer:
    """Builds nodes from the parser's events, gathers faults, and stops at the limits."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._faults: list[Fault] = []
        self._anchors: dict[str, Node | None] = {}
        self._count = 0

    def single(self, text: str) -> Node | None:
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

    def _document(self, events: Iterator[Any]) -> Node | None:
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

    def _note(self, message: str, spot: Spot, code: str) -> None:
        self._faults.append(Fault(message, spot.place(), code))

    def _spot(self, start: Any, end: Any) -> Spot:
        line, column = start.start_mark.line, start.start_mark.column
        text = self._source.line(line)
        if getattr(start, "anchor", None) and not isinstance(start, yaml.AliasEvent):
            skipped = _PROPERTIES.match(text, column + self._source.shift)
            column = skipped.end() - self._source.shift if skipped else column
        same = end.end_mark.line == line
        stop = end.end_mark.column if same else len(text.rstrip()) - self._source.shift
        return Spot(self._source, line, column, max(1, stop - column))

    def _node(self, event: Any, events: Iterator[Any], level: int) -> Node:
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

    def _content(self, event: Any, events: Iterator[Any], level: int) -> Node:
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
        spot = Spot(self._source, event.start_mark.line, event.start_mark.column)
        match = _TAG.search(spot.text())
        shown = match.group() if match else event.tag
        at = spot._replace(column=spot.column + (match.start() if match else 0), width=len(shown))
        self._note(f"tag '{shown}' is not allowed; write the plain value", at, "E009")

    def _alias(self, event: Any, level: int) -> Node:
        spot = self._spot(event, event)
        if event.anchor not in self._anchors:
            known = (f"*{name}" for name in self._anchors)
            message = f"alias '*{event.anchor}' has no anchor above it{suggestion('*' + event.anchor, known)}"
            self._note(message, spot, "E022")
            return Node(spot, None)
        node = self._anchors[event.anchor]
        if node is None:
            self._note(f"alias '*{event.anchor}' stands inside its own anchor", spot, "E022")
            return Node(spot, None)
        self._check_count(node.size - 1, event)
        if level + node.depth - 1 > MAX_DEPTH:
            self._stop(f"values are nested more than {MAX_DEPTH} deep", event, "E021")
        return node._replace(spot=spot)

    def _scalar(self, event: Any) -> Node:
        spot = self._spot(event, event)
        plain = event.implicit[0] and event.tag is None
        return Node(spot, self._resolved(event.value, spot) if plain else event.value)

    def _resolved(self, text: str, spot: Spot) -> Scalar:
        if text in _CONSTANTS:
            return _CONSTANTS[text]
        if WHOLE.fullmatch(text):
            return self._whole(text, spot)
        if NUMBER.fullmatch(text) or NOT_FINITE.fullmatch(text):
            return self._number(text, spot)
        return str(text)

    def _whole(self, text: str, spot: Spot) -> int:
        value = int(text, 0 if text[:2] in ("0o", "0x") else 10) if len(text) < 99 else _LARGEST + 1
        if abs(value) > _LARGEST:
            self._note(f"a whole number may be at most {_LARGEST}", spot, "E014")
        return value

    def _number(self, text: str, spot: Spot) -> float:
        value = float("inf") if NOT_FINITE.fullmatch(text) else float(text)
        if not isfinite(value):
            shown = text if len(text) < 40 else f"{text[:36]}..."
            self._note(f"'{shown}' is not a finite number", spot, "E019")
        return value

    def _sequence(self, start: Any, events: Iterator[Any], level: int) -> Node:
        items = []
        for event in events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            items.append(self._node(event, events, level + 1))
        return self._collection(start, event, items, items)

    def _mapping(self, start: Any, events: Iterator[Any], level: int) -> Node:
        pairs: dict[str, tuple[Spot, Node]] = {}
        nodes = []
        for event in events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            key = self._node(event, events, level + 1)
            value = self._node(next(events), events, level + 1)
            self._pair(pairs, key, value, event)
            nodes += [key, value]
        return self._collection(start, event, pairs, nodes)

    def _collection(self, start: Any, end: Any, value: Any, nodes: list[Node]) -> Node:
        size = 1 + sum(node.size for node in nodes)
        depth = 1 + max((node.depth for node in nodes), default=0)
        return Node(self._spot(start, end), value, size, depth)

    def _pair(self, pairs: dict[str, tuple[Spot, Node]], key: Node, value: Node, event: Any) -> None:
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


def _key_text(key: Node, event: Any) -> str:
    if isinstance(event, yaml.AliasEvent):
        return f"'*{event.anchor}'"
    return f"'{event.value}'" if isinstance(event, yaml.ScalarEvent) else "of keys and values or a list"


_UNCLOSED: Mapping[str, str] = {
    "while parsing a flow sequence": "this '[' is not closed; ',' or ']' is missing",
    "while parsing a flow mapping": "this '{' is not closed; ',' or '}' is missing",
    "while scanning a quoted scalar": "this quote is not closed",
}


def _syntax_fault(error: yaml.MarkedYAMLError, source: Source) -> Fault:
    problem, context = error.problem or "", error.context or ""
    if "nesting depth" in problem:
        return _syntax_at(error, source, f"values are nested more than {MAX_DEPTH} deep", "E021")
    unclosed = _UNCLOSED.get(context)
    if unclosed and error.context_mark and ("did not find" in problem or "end of stream" in problem):
        mark = error.context_mark
        return Fault(unclosed, Spot(source, mark.line, mark.column).place(), "E008")
    return _syntax_at(error, source, _syntax_message(error, source), "E008")


def _syntax_at(error: yaml.MarkedYAMLError, source: Source, message: str, code: str) -> Fault:
    mark = error.problem_mark or error.context_mark
    if mark is None:
        return Fault(message, Place(source.name), code)
    return Fault(message, Spot(source, mark.line, mark.column).place(), code)


def _syntax_message(error: yaml.MarkedYAMLError, source: Source) -> str:
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
