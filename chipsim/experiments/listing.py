"""What there is of each kind of thing that has a name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from chipsim.errors import Fault, UsageError, suggestion
from chipsim.reports.shown import Shown

KINDS: Mapping[str, str] = {
    "architectures": "architecture", "workloads": "workload", "cells": "cell", "components": "component",
    "rules": "rule", "models": "model", "datasets": "dataset", "costs": "costs",
    "studies": "study", "reproductions": "reproduction",
}  # fmt: skip
"""What can be listed, and its name in the registry."""


@dataclass(frozen=True, repr=False)
class Listed(Shown):
    """The names of some kinds, each with what it is in a few words."""

    kinds: Mapping[str, Mapping[str, str]]

    def text(self) -> str:
        """A line for each name, below its kind where there are several."""
        return "\n".join(line for kind in self.kinds for line in self._lines(kind))

    def _lines(self, kind: str) -> Iterator[str]:
        things, several = self.kinds[kind], len(self.kinds) > 1
        if several:
            yield f"{kind}:"
        width = max((len(thing) for thing in things), default=0)
        for thing, words in things.items():
            yield f"{'  ' if several else ''}{thing:{width}}  {words}".rstrip()

    def as_dict(self) -> Mapping[str, Mapping[str, str]]:
        """The names by kind."""
        return self.kinds


def named(kind: str | None = None) -> Listed:
    """All of a kind, or of every kind. Raises `UsageError` where there is no such kind."""
    from chipsim.experiments import checking

    if kind is not None and kind not in KINDS:
        raise UsageError(Fault(f"there is no kind '{kind}' to list{suggestion(kind, KINDS)}", code="E100"))
    return Listed({name: checking.described(KINDS[name]) for name in ([kind] if kind else KINDS)})
