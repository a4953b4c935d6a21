"""From a name in a file to the module, or the file, of that name; the only place with dynamic imports.

The name in a file is the file's name, `-` written as `_`: `type: pulse-driver` is `circuits/pulse_driver.py`.
A module counts for a kind if it defines the kind's marker, which is looked for in its text, so that listing
names imports nothing. Packages from outside add to a kind by an entry point in its group, named like the
thing: its value is the module or, for a kind of files, the package in which `<name>.yaml` lies. What is
shipped goes before what is added.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import TYPE_CHECKING

from chipsim.errors import Fault, InputError, Place, suggestion
from chipsim.inputs.documents import is_name

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

__all__ = [
    "KINDS",
    "FileKind",
    "ModuleKind",
    "UnknownName",
    "defines",
    "file",
    "inside",
    "module",
    "names",
    "unknown",
]

_PACKAGE = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class ModuleKind:
    """A kind of thing that is a module: its package, its entry-point group and what its modules define.

    `contract` names the modules of the package that describe the kind and are none of it.
    """

    package: str
    group: str
    marker: str
    contract: frozenset[str] = frozenset()

    @property
    def folder(self) -> Path:
        """Return the folder of the kind's shipped modules."""
        return _PACKAGE.parent.joinpath(*self.package.split("."))


@dataclass(frozen=True)
class FileKind:
    """A kind of thing that is a YAML file: the folders of shipped ones and its entry-point group."""

    folders: tuple[Path, ...]
    group: str


def _shipped(folder: str) -> tuple[Path, ...]:
    return (_PACKAGE / "shipped" / folder, _PACKAGE.parent / folder)


KINDS: Mapping[str, ModuleKind | FileKind] = MappingProxyType(
    {
        "component": ModuleKind(
            "chipsim.circuits", "chipsim.components", "Parameters", frozenset({"circuit", "component"})
        ),
        "rule": ModuleKind("chipsim.learning", "chipsim.rules", "Rule", frozenset({"rule"})),
        "model": ModuleKind("chipsim.devices", "chipsim.models", "CellModel", frozenset({"device", "model"})),
        "dataset": ModuleKind("chipsim.workloads", "chipsim.datasets", "DATASET", frozenset({"dataset"})),
        "reproduction": ModuleKind(
            "chipsim.experiments.reproductions", "chipsim.reproductions", "STUDY", frozenset({"study"})
        ),
        "cell": FileKind((_PACKAGE / "devices" / "presets",), "chipsim.cells"),
        "costs": FileKind((_PACKAGE / "accounting" / "tables",), "chipsim.costs"),
        "architecture": FileKind(_shipped("architectures"), "chipsim.architectures"),
        "workload": FileKind(_shipped("workloads"), "chipsim.workloads"),
        "study": FileKind(_shipped("studies"), "chipsim.studies"),
    }
)
"""What can be named in a file, by kind."""

_WORDS: Mapping[str, str] = {
    "component": "component type",
    "rule": "learning rule",
    "model": "device model",
    "dataset": "data set",
    "reproduction": "figure",
    "costs": "cost table",
}


class UnknownName(LookupError):  # noqa: N818 - a result of a look-up, turned into a fault by the caller
    """A name stands for nothing of its kind; the text is the sentence for a fault."""

    code = "E030"

    def __init__(self, kind: str, name: str, choices: tuple[str, ...]) -> None:
        self.kind, self.name, self.choices = kind, name, choices
        super().__init__(_sentence(kind, name, choices))

    def __str__(self) -> str:
        return str(self.args[0])


def _sentence(kind: str, name: str, choices: tuple[str, ...]) -> str:
    shown = name if len(name) <= 64 else f"{name[:61]}..."
    return f"unknown {_WORDS.get(kind, kind)} '{shown}'{suggestion(name, choices)}"


def unknown(kind: str, name: str) -> str:
    """Return the sentence that says that a name is not known for its kind, and which one is near."""
    return _sentence(kind, name, names(kind))


def names(kind: str) -> tuple[str, ...]:
    """Return all names of a kind, sorted; nothing is imported for it."""
    return tuple(sorted({*_own(KINDS[kind]), *_added(KINDS[kind].group)}))


def has_file(kind: str, name: str) -> bool:
    """Return whether a name stands for a file of a kind, without looking at what is installed if it can."""
    described = KINDS[kind]
    if not isinstance(described, FileKind):
        raise TypeError(f"a {kind} is a module, not a file")
    shipped = is_name(name) and any((folder / f"{name}.yaml").is_file() for folder in described.folders)
    return shipped or name in _added(described.group)


def _own(kind: ModuleKind | FileKind) -> Iterator[str]:
    if isinstance(kind, FileKind):
        yield from (path.stem for folder in kind.folders for path in folder.glob("*.yaml"))
        return
    for path in kind.folder.glob("*.py"):
        if path.stem not in kind.contract and defines(path, kind.marker):
            yield path.stem.replace("_", "-")


def defines(path: Path, marker: str) -> bool:
    """Return whether a module's text defines a class or value of that name at its top level."""
    return re.search(rf"^(?:class {marker}\b|{marker}\b[^=\n]*=)", path.read_text("utf-8"), re.M) is not None


def _added(group: str) -> dict[str, EntryPoint]:
    from importlib.metadata import entry_points

    return {entry.name: entry for entry in entry_points(group=group) if is_name(entry.name)}


def module(kind: str, name: str) -> ModuleType:
    """Return the module of a name, imported.

    Raises `UnknownName` where no module of the kind has that name, `InputError` where one from outside cannot
    be imported or does not define the kind's marker.
    """
    described = KINDS[kind]
    if not isinstance(described, ModuleKind):
        raise TypeError(f"a {kind} is a file, not a module")
    if is_name(name):
        if _is_shipped(described, name):
            return import_module(f"{described.package}.{name.replace('-', '_')}")
        if (entry := _added(described.group).get(name)) is not None:
            return _imported(kind, described, entry)
    raise UnknownName(kind, name, names(kind))


def _is_shipped(kind: ModuleKind, name: str) -> bool:
    path = kind.folder / f"{name.replace('-', '_')}.py"
    if "_" in name or "." in name or path.stem in kind.contract:
        return False
    return path.is_file() and defines(path, kind.marker)


def _imported(kind: str, described: ModuleKind, entry: EntryPoint) -> ModuleType:
    what = f"{_WORDS.get(kind, kind)} '{entry.name}', registered as '{entry.value}'"
    try:
        found = import_module(entry.value)
    except Exception as error:
        message = f"{what}, cannot be imported: {type(error).__name__}: {error}"
        raise InputError(Fault(message, code="E031")) from error
    if not hasattr(found, described.marker):
        raise InputError(Fault(f"{what}, does not define '{described.marker}'", code="E031"))
    return found


def file(kind: str, name_or_path: str, within: Path | None = None) -> Path:
    """Return the file of a name, or the path that is given in place of a name.

    A text is a path if it holds a slash, ends in .yaml or .yml, or names a file that exists; a name goes
    first. A path that stands in a file is given that file's folder as `within`: it is taken from there and
    must not lead out of it. Raises `UnknownName` for a name that is not known and `InputError` for a path
    that leads out of its folder. Whether a path exists is left to `documents.read`.
    """
    described = KINDS[kind]
    if not isinstance(described, FileKind):
        raise TypeError(f"a {kind} is a module, not a file")
    if is_name(name_or_path) and (found := _named(described, name_or_path)) is not None:
        return found
    path = Path(name_or_path) if within is None else inside(name_or_path, within)
    if _is_path(name_or_path) or _exists(path):
        return path
    raise UnknownName(kind, name_or_path, names(kind))


def _is_path(text: str) -> bool:
    return "/" in text or "\\" in text or text.endswith((".yaml", ".yml"))


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def inside(text: str, folder: Path) -> Path:
    """Return the path that a file in `folder` names; raises `InputError` where it leads out of the folder."""
    path = folder / text
    try:
        safe = path.resolve().is_relative_to(folder.resolve())
    except (OSError, ValueError):
        safe = False
    if not safe:
        message = (
            f"path '{text[:64]}' leads out of the folder of the file that names it; put a copy in that folder"
        )
        raise InputError(Fault(message, code="E032"))
    return path


def _named(kind: FileKind, name: str) -> Path | None:
    for folder in kind.folders:
        if (path := folder / f"{name}.yaml").is_file():
            return path
    entry = _added(kind.group).get(name)
    return _file_of(entry) if entry is not None else None


def _file_of(entry: EntryPoint) -> Path:
    """The file in the package that an entry point names; a folder without `__init__.py` is one too."""
    try:
        spec = find_spec(entry.value)
    except (ImportError, ValueError):
        spec = None
    what = f"'{entry.name}' is registered as a file in '{entry.value}'"
    if spec is None:
        raise InputError(Fault(f"{what}, which is not installed", Place(entry.value), "E031"))
    name = f"{entry.name}.yaml"
    for folder in spec.submodule_search_locations or ():
        if (path := Path(folder) / name).is_file():
            return path
    message = f"{what}, which is not a package that holds '{name}'"
    raise InputError(Fault(message, Place(entry.value), "E031"))
