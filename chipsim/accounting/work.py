"""Work, the currency in which every circuit pays: how long it took and what was done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Work(NamedTuple):
    """A duration [ps] and the actions done in it, as whole counts by action name.

    A circuit returns it beside its values and knows no clock: whoever holds the circuit spends the
    duration and posts the actions to a ledger.
    """

    duration: int
    actions: Mapping[str, int]
