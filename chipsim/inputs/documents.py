"""YAML in which every value knows its file, line and column.

Files are read by the rules of YAML 1.2 (core schema): `1e-9` is a number, `on`, `yes` and `12:30` are text.
Tags, merge keys, several documents, keys that are not text, repeated keys and numbers that are not finite are
refused. Size, depth and the number of values are bounded before anything large is built. All faults of a file
that can be found together are raised together.
"""

from __future__ import annotations

import functools
import re
import stat
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple, NoReturn, TypeAlias, cast

import yaml

from chipsim.errors import Fault, InputError, Place, listing, suggestion
from chipsim.inputs.nodes import (
    BREAK,
    MAX_DEPTH,
    MAX_NODES,
    NOT_FINITE,
    NUMBER,
    UNPRINTABLE,
    WHOLE,
    Node,
    Source,
    Spot,
    compose,
)

__all__ = ["MAX_BYTES", "MAX_DEPTH", "MAX_NODES", "Document", "Where", "dump", "is_name", "parse", "read"]

MAX_BYTES = 256_000
"""Longest text of an input file [bytes]; 2 MB of plain keys took 13 s in another reader."""
Where: TypeAlias = tuple[str | int, ...]
"""The way from the top to a value: keys, and indices of list items."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
SET = "--set"
"""The file that a value set on the command line is said to stand in."""


def is_name(text: str) -> bool:
    """Return whether a text may be a name: at most 64 of ASCII letters, digits and -_. characters."""
    return _NAME.fullmatch(text) is not None


@dataclass(frozen=True)
class Document:
    """The values of one input file, and where each of them stands.

    `data` holds plain values: dict, list, str, int, float, bool and None; values under an alias
    stand there each for itself. Treat it as read-only: documents made from this one share what they do not
    change.
    """

    name: str
    data: dict[str, Any]
    _values: Mapping[Where, Spot] = field(repr=False, compare=False)
    _keys: Mapping[Where, Spot] = field(repr=False, compare=False)
    below: tuple[str, ...] = field(default=(), compare=False)
    """The documents that this one has been laid over, the uppermost first."""

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

    def folder(self, path: Where) -> Path:
        """Return the folder that a file named by the value at `path` is looked for in.

        It is that of the file in which the value stands; for one that was set (`--set`), the working folder.
        """
        return Path() if self.is_set(path) else Path(self.place(path).file).parent

    def is_set(self, path: Where) -> bool:
        """Whether the value at `path` was set (`--set`) and stands in no file."""
        return self.place(path).file == SET

    def value(self, path: Where) -> Any:
        """Return the value at `path`. Raises `KeyError` or `IndexError` where there is none."""
        here: Any = self.data
        for step in path:
            here = here[step]
        return here

    def part(self, path: Where, leaf: str = "") -> Document:
        """Return what stands at `path`, a mapping, as a document of its own; places are kept.

        With `leaf`, that key of each item stands for the item: `{step: {value: 1}}` becomes `{step: 1}`.
        """
        whole, size = self.value(path), len(path)
        inner = (leaf,) if leaf else ()
        data = {key: item[leaf] if leaf else item for key, item in whole.items()}
        keys = {where[size:]: spot for where, spot in self._keys.items() if where[:size] == path}
        values = {}
        for where, spot in self._values.items():
            rest = where[size:]
            if where[:size] == path and (len(rest) < 2 or not leaf or rest[1:2] == inner):
                values[rest[:1] + rest[1 + len(inner) :]] = spot
        return replace(self, data=data, _values=values, _keys=keys)

    def without(self, *path: str | int) -> Document:
        """Return the document without the value at a path of keys; its place is kept for messages."""
        return replace(self, data=_without(self.data, path))

    def has(self, path_text: str) -> bool:
        """Return whether a path such as "components.adc.bits" or "stages.finetune.images" exists."""
        found = _find(self.data, path_text.split("."))
        return not found.missing

    def at(self, path_text: str) -> Any:
        """Return the value at a path such as "components.adc.bits", or of the last part of it that exists."""
        return _find(self.data, path_text.split(".")).value

    def with_value(self, path_text: str, value_text: str, fresh: Collection[str] = ("costs",)) -> Document:
        """Return the document with one value set, as `--set PATH=VALUE` does.

        The value is read as YAML on one line. List items go by index or by their `name`. The last key may be
        new; the keys before it must exist, except under the top keys that `fresh` names. Raises `InputError`
        at the place "--set".
        """
        source = Source(SET, (f"{path_text}={value_text}",), len(path_text) + 1)
        spot = Spot(source, 0, -source.shift, len(path_text))
        if not all(path_text.split(".")) or BREAK.search(value_text) or UNPRINTABLE.search(value_text):
            raise InputError(
                Fault(f"'{path_text}' is not set to one value; write {SET} PATH=VALUE", spot.place(), "E024")
            )
        path = self._settable(path_text, spot, fresh)
        node = compose(value_text, source) or Node(Spot(source, 0, 0), None)
        return self._changed(path, spot, node)

    def _settable(self, path_text: str, spot: Spot, fresh: Collection[str]) -> Where:
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

    def _changed(self, path: Where, spot: Spot, node: Node) -> Document:
        size = len(path)
        values = {where: at for where, at in self._values.items() if where[:size] != path}
        keys = {where: at for where, at in self._keys.items() if where[:size] != path}
        for end in range(1, size):
            values.setdefault(path[:end], spot)
            keys.setdefault(path[:end], spot)
        keys[path] = spot
        plain = _plain(node, path, values, keys)
        return replace(self, data=_with(self.data, path, plain), _values=values, _keys=keys)

    def over(self, base: Document, depth: int = MAX_DEPTH) -> Document:
        """Return `base` with this document's values laid over it, as `extends` does.

        Mappings are joined key by key, down to `depth` levels; everything else, lists too, is replaced whole.
        Each value keeps the place where it was written.
        """
        replaced = frozenset(_replaced(base.data, self.data, (), depth))
        values = {where: at for where, at in base._values.items() if not _below(where, replaced)}
        keys = {where: at for where, at in base._keys.items() if not _below(where, replaced)}
        data = _joined(base.data, self.data, depth)
        below = (*self.below, base.name, *base.below)
        return Document(self.name, data, values | dict(self._values), keys | dict(self._keys), below)

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


def _step(value: Any, word: str) -> Any:
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
    step: Any = path[0]
    copy: Any = list(value) if isinstance(value, list) else dict(value or {})
    below = copy[step] if isinstance(copy, list) else copy.get(step)
    copy[step] = _with(below, path[1:], new)
    return copy


def _without(value: dict[str, Any], path: Sequence[str | int]) -> dict[str, Any]:
    """Return a mapping without what lies at a path; only what lies on the path is copied."""
    key, *rest = path
    if rest:
        return {**value, str(key): _without(value[str(key)], rest)}
    return {name: item for name, item in value.items() if name != key}


def _joined(base: dict[str, Any], top: dict[str, Any], depth: int) -> dict[str, Any]:
    joined = dict(base)
    for key, value in top.items():
        below = base.get(key)
        both = depth > 1 and isinstance(value, dict) and isinstance(below, dict)
        joined[key] = _joined(cast("dict[str, Any]", below), value, depth - 1) if both else value
    return joined


def _replaced(base: dict[str, Any], top: dict[str, Any], path: Where, depth: int) -> Iterator[Where]:
    """Yield the paths at which `top` replaces a value of `base` whole."""
    for key in top.keys() & base.keys():
        if depth > 1 and isinstance(top[key], dict) and isinstance(base[key], dict):
            yield from _replaced(base[key], top[key], (*path, key), depth - 1)
        else:
            yield (*path, key)


def _below(where: Where, roots: frozenset[Where]) -> bool:
    return any(where[:end] in roots for end in range(1, len(where) + 1))


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


@functools.lru_cache(maxsize=64)
def parse(text: str, name: str) -> Document:
    """Return the document in a text; `name` stands for the file in messages.

    One text under one name is read once: many points of a study share their cost table and their base files.

    Raises `InputError` holding all faults that were found together.
    """
    size = len(text.encode("utf-8", "surrogatepass")) if len(text) <= MAX_BYTES else len(text)
    if size > MAX_BYTES:
        _refuse_size(size, name)
    source = Source(name, tuple(BREAK.split(text)))
    _check_printable(text, source)
    node = compose(text, source)
    if node is None or node.value is None:
        _refuse("the file is empty; it must hold keys and values", Place(name), "E005")
    if not isinstance(node.value, dict):
        kind = "a list" if isinstance(node.value, list) else "a single value"
        _refuse(f"the file holds {kind}; it must hold keys and values", node.spot.place(), "E007")
    values: dict[Where, Spot] = {}
    keys: dict[Where, Spot] = {}
    data = _plain(node, (), values, keys)
    return Document(name, cast("dict[str, Any]", data), values, keys)


def _check_printable(text: str, source: Source) -> None:
    match = UNPRINTABLE.search(text)
    if match is None:
        return
    before = BREAK.split(text[: match.start()])
    spot = Spot(source, len(before) - 1, len(before[-1]))
    message = f"this is not plain text: it holds the control character U+{ord(match.group()):04X}"
    _refuse(message, spot.place(), "E003")


def _plain(node: Node, path: Where, values: dict[Where, Spot], keys: dict[Where, Spot]) -> Any:
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


_SafeDumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class _Dumper(_SafeDumper):  # type: ignore[misc]
    """Quotes what YAML 1.1 or 1.2 would take for something else than text, and writes no aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


_Dumper.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(f"^(?:{NUMBER.pattern}|{NOT_FINITE.pattern})$"),
    list("-+.0123456789"),
)
_Dumper.add_implicit_resolver(
    "tag:yaml.org,2002:int", re.compile(f"^(?:{WHOLE.pattern})$"), list("-+0123456789")
)


def dump(data: Mapping[str, Any]) -> str:
    """Return plain values as YAML text in their own order; equal values give equal text."""
    return yaml.dump(dict(data), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
