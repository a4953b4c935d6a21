"""The data sets that there are, and where each lies on this machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from chipsim.inputs import registry
from chipsim.reports.shown import Shown
from chipsim.workloads import dataset, idx
from chipsim.workloads.dataset import Location


@dataclass(frozen=True, repr=False)
class Listed(Shown):
    """Data sets by name: the title of each, and its folder where it is at hand."""

    sets: Mapping[str, tuple[str, Path | None]]

    def text(self) -> str:
        """A line for each."""
        return "\n".join(f"{name}: {title} ({self._place(name)})" for name, (title, _) in self.sets.items())

    def _place(self, name: str) -> str:
        return str(self.sets[name][1] or f"not here; 'chipsim data get {name}' downloads it")

    def as_dict(self) -> dict[str, Any]:
        """Title and folder by name."""
        return {
            name: {"title": title, "where": None if where is None else str(where)}
            for name, (title, where) in self.sets.items()
        }


@dataclass(frozen=True, repr=False)
class Located(Shown):
    """Where one data set lies."""

    name: str
    location: Location

    def text(self) -> str:
        """Its name and folder."""
        return f"{self.name}: {self.location.folder}"

    def as_dict(self) -> dict[str, Any]:
        """Its name, what kind of place its folder is, and the folder."""
        return {"name": self.name, "kind": self.location.kind, "where": str(self.location.folder)}


def listed() -> Listed:
    """All data sets."""
    found = {}
    for name in registry.names("dataset"):
        declared = dataset.named(name).DATASET
        location = dataset.find(declared)
        found[name] = (str(declared.title), location.folder if location else None)
    for name in idx.names():
        if name not in found:
            found[name] = ("a folder of IDX files", next(f for f in dataset.folders(name) if f.is_dir()))
    return Listed(found)


Action = Literal["where", "get", "verify"]
ACTIONS: Mapping[Action, Callable[[str], Location]] = {
    "where": dataset.where, "get": dataset.get, "verify": dataset.verify,
}  # fmt: skip
"""What can be asked of a data set: its folder, to download it, to compare its files with their checksums."""


def located(name: str, action: Action = "where") -> Located:
    """Where a data set lies, after it was found, downloaded or verified. Raises `DataError` like these."""
    return Located(name, ACTIONS[action](name))
