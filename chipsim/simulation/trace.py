"""The event log: who held what from when to when, and whoever listens to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

Done = tuple[str, Mapping[str, int]]
"""The actions that a component has done, under the operation that the ledger has them under."""

MOST = 100_000
"""Visits that a `Recorder` keeps: some 100 MB of memory."""


class Span(NamedTuple):
    """One visit of a transaction to a component, in picoseconds of simulated time.

    It holds the component from `start` to `end`, also while what follows holds it up. `first` is the
    first of its images; where it has none, how many the stage had done.
    """

    start: int
    end: int
    component: str
    operation: str
    layer: str
    first: int
    images: int
    waiting: int = 0
    """From its arrival until its turn came."""
    stage: str = ""
    transaction: int = 0
    """Which one it is of those that were heard of, counted from 0."""
    done: tuple[Done, ...] = ()


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


class Window(NamedTuple):
    """Images of every stage, counted from 0: from `first` up to `end`, which is not one of them."""

    first: int
    end: int

    def __str__(self) -> str:
        return f"{self.first}:{self.end}"

    def holds(self, span: Span) -> bool:
        """Whether a visit is for any of the images.

        What has no images of its own belongs to the last image done; to the first, before any is done.
        """
        if span.images:
            return span.first < self.end and span.first + span.images > self.first
        return self.first <= max(span.first - 1, 0) < self.end


class Recorder(Log):
    """A listener that keeps visits for some images, and at most so many of them.

    `left_out` counts those for which there was no room, `stopped` is the first of them.
    """

    def __init__(self, window: Window, most: int = MOST) -> None:
        super().__init__()
        self.window = window
        self.most = most
        self.left_out = 0
        self.stopped: Span | None = None

    def __call__(self, span: Span) -> None:
        """Keep a visit that is for one of the images, if there is room."""
        if not self.window.holds(span):
            return
        if len(self) < self.most:
            self.append(span)
            return
        self.stopped = self.stopped or span
        self.left_out += 1
