"""The ledger: what was done, by stage, operation, component and action, in whole counts.

Nothing in it is priced. Counts are Python integers, so they neither round nor overflow, and their totals
do not depend on the order in which work was posted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class LedgerRow(NamedTuple):
    """One count of the ledger; rows sort by stage, operation, component and action."""

    stage: str
    operation: str
    component: str
    action: str
    count: int  # type: ignore[assignment]  # the column's name; tuple.count has no use on a row


Key = tuple[str, str, str, str]
"""Stage, operation, component and action: what a count belongs to."""


class Ledger:
    """Gathers the actions of components as whole counts."""

    __slots__ = ("_counts",)

    def __init__(self, counts: Mapping[Key, int] | None = None) -> None:
        self._counts: dict[Key, int] = dict(counts) if counts else {}

    def post(self, stage: str, operation: str, component: str, actions: Mapping[str, int]) -> None:
        """Add the actions that a component did for an operation of a stage.

        A count of 0 leaves a row of 0: the action belongs to the component and did not happen.
        """
        counts = self._counts
        for action, count in actions.items():
            key = (stage, operation, component, action)
            counts[key] = counts.get(key, 0) + count

    def only(self, stage: str) -> Ledger:
        """Copy of one stage's counts as they stand."""
        return Ledger({key: count for key, count in self._counts.items() if key[0] == stage})

    def since(self, earlier: Ledger) -> Ledger:
        """What was posted after an earlier copy of this ledger was taken."""
        before = earlier._counts
        return Ledger({key: count - before.get(key, 0) for key, count in self._counts.items()})

    def rows(self) -> tuple[LedgerRow, ...]:
        """All counts, sorted by stage, operation, component and action."""
        return tuple(LedgerRow(*key, int(count)) for key, count in sorted(self._counts.items()))

    def total(
        self,
        action: str,
        *,
        stage: str | None = None,
        operation: str | None = None,
        component: str | None = None,
    ) -> int:
        """Count of an action over all rows that have the given stage, operation and component."""
        wanted = (stage, operation, component)
        return sum(
            int(count)
            for key, count in self._counts.items()
            if key[3] == action and all(w is None or w == k for w, k in zip(wanted, key, strict=False))
        )
