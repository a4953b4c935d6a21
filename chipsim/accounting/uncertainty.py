"""How sure a total is: the interval that the ranges of prices imply, and which price causes how much of it.

Each price is published as a range from an optimistic to a conservative figure with a typical one between. It
is drawn at a quantile u of that range: from the optimistic figure at u = 0 over the typical one at 1/2 to the
conservative one at 1, geometrically in each half (linearly where a figure is 0). So the typical figure is the
median, and a factor of ten up is as likely as the range says, whatever its other half is. Prices that rest on
the same sources share their u: who measures one thing too high measures its sisters too high as well.
Durations are drawn as prices are.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from chipsim.accounting.pricing import PricedRow, total
from chipsim.accounting.scaling import Corner
from chipsim.numerics.draws import stream, uniform
from chipsim.numerics.kernel import kernel

DRAWS = 4096
"""Draws of every price: a share of them is known to 1.6 % (two standard errors at one half)."""
_ROUNDING = 1e-12  # relative: a spread below it is none
_SEED = 0  # of the draws of prices: the same for all runs, so that two runs are compared price by price

Draws = NDArray[np.float64]


class Range(NamedTuple):
    """What is paid for one entry of a cost table at the ends and the middle of its range, and its sources."""

    optimistic: float
    typical: float
    conservative: float
    source: str


class Interval(NamedTuple):
    """5th, 50th and 95th percentile."""

    low: float
    median: float
    high: float


class Cause(NamedTuple):
    """An entry of a cost table and the share of a spread's variance that comes with it."""

    entry: str
    share: float
    source: str


class Verdict(NamedTuple):
    """In what share of the draws the first total is the smaller one, and the prices that this hangs on."""

    share: float
    causes: tuple[Cause, ...]


@dataclass(frozen=True)
class Uncertain:
    """A total as its draws: `DRAWS` numbers for each entry of the table, by name."""

    entries: Mapping[str, Draws]
    sources: Mapping[str, str]

    @property
    def draws(self) -> Draws:
        """The total in each draw."""
        return _summed(self.entries)

    def times(self, names: Collection[str], factor: Draws) -> Uncertain:
        """The same with some entries multiplied by a factor, draw by draw."""
        scaled = {name: draws * factor if name in names else draws for name, draws in self.entries.items()}
        return Uncertain(scaled, self.sources)

    @property
    def interval(self) -> Interval:
        """The range that nine draws in ten fall in, and the median."""
        low, median, high = np.quantile(self.draws, [0.05, 0.5, 0.95])
        return Interval(float(low), float(median), float(high))

    @property
    def causes(self) -> tuple[Cause, ...]:
        """Every entry's share of the variance (its covariance with the total), largest first."""
        return _causes(self.entries, self.sources)


def ranges(priced: Mapping[Corner, Iterable[PricedRow]]) -> dict[str, Range]:
    """What each entry of a table comes to over the rows of a run, priced at the three corners."""
    sums: dict[str, dict[Corner, list[float]]] = {}
    sources: dict[str, str] = {}
    for corner, rows in priced.items():
        for row in rows:
            sums.setdefault(row.entry, {}).setdefault(corner, []).append(row.energy)
            sources[row.entry] = row.source
    return {
        entry: Range(total(by["optimistic"]), total(by["typical"]), total(by["conservative"]), sources[entry])
        for entry, by in sorted(sums.items())
    }


def drawn(found: Mapping[str, Range]) -> Uncertain:
    """Draw every entry over its range."""
    entries = {entry: _over(span, _quantiles(span.source)) for entry, span in found.items()}
    return Uncertain(entries, {entry: span.source for entry, span in found.items()})


def compare(one: Uncertain, other: Uncertain) -> Verdict:
    """Whether one total is below another when both pay the same prices, draw by draw."""
    names = sorted({*one.entries, *other.entries})
    nothing = np.zeros(DRAWS)
    apart = {name: one.entries.get(name, nothing) - other.entries.get(name, nothing) for name in names}
    difference = _summed(apart)
    below = float(np.mean(difference < 0.0) + 0.5 * np.mean(difference == 0.0))
    return Verdict(below, _causes(apart, {**other.sources, **one.sources}))


def _summed(entries: Mapping[str, Draws]) -> Draws:
    return np.sum(list(entries.values()), axis=0) if entries else np.zeros(DRAWS)


def _causes(entries: Mapping[str, Draws], sources: Mapping[str, str]) -> tuple[Cause, ...]:
    apart = {name: draws - draws.mean() for name, draws in entries.items()}
    whole = _summed(apart)
    variance = float(np.mean(whole**2))
    if math.sqrt(variance) <= _ROUNDING * max(float(np.abs(draws).max()) for draws in entries.values()):
        return ()
    shares = ((float(np.mean(whole * draws)) / variance, name) for name, draws in apart.items())
    ranked = sorted(shares, key=lambda item: (-abs(item[0]), item[1]))
    return tuple(Cause(name, share, sources[name]) for share, name in ranked)


def _over(span: Range, u: Draws) -> Draws:
    low = _between(span.optimistic, span.typical, 2.0 * u)
    high = _between(span.typical, span.conservative, 2.0 * u - 1.0)
    return np.where(u < 0.5, low, high)


def _between(start: float, end: float, share: Draws) -> Draws:
    if start <= 0.0:
        return start + (end - start) * share
    grown: Draws = start * np.exp(math.log(end / start) * share)
    return grown


def _quantiles(source: str) -> Draws:
    u = np.empty(DRAWS)
    _fill(u, stream(_SEED, "price", source))
    return u


@kernel
def _fill(u: Draws, key: np.uint64) -> None:
    for index in range(u.size):
        u[index] = uniform(key, index, 0)
