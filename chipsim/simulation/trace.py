"""The event log: who held what from when to when, and whoever listens to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple


class Span(NamedTuple):
    """One visit of a transaction to a component, in picoseconds of simulated time."""

    start: int
    end: int
    component: str
    operation: str
    layer: str
    first: int
    images: int


Listener = Callable[[Span], None]


class Log(list[Span]):
    """A listener that keeps what it hears, in the order in which visits ended."""

    def __call__(self, span: Span) -> None:
        """Keep a span."""
        self.append(span)

    def lines(self) -> list[str]:
        """The log as text, a line a visit: start, end [ns], component, operation, layer, images."""
        return [
            f"{s.start / 1000:.3f} {s.end / 1000:.3f} {s.component} {s.operation} {s.layer}"
            + (f" {s.first}+{s.images}" if s.images else "")
            for s in self
        ]
