"""What a reproduction is: a module with a `STUDY`, whose run gives an outcome that can be shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from chipsim.inputs import registry


class Outcome(Protocol):
    """What came out: for a reader, and as plain values."""

    def text(self) -> str:
        """The outcome as lines of text."""
        ...

    def as_dict(self) -> Mapping[str, Any]:
        """The outcome as plain values."""
        ...


@dataclass(frozen=True)
class Study:
    """A published figure or table, and what makes it again."""

    title: str
    run: Callable[[], Outcome]


def named(name: str) -> Study:
    """The study of a name; raises `registry.UnknownName`."""
    study: Study = registry.module("reproduction", name).STUDY
    return study
