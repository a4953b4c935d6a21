"""How two ensembles of the same seeds compare in what it took to reach the target."""

from __future__ import annotations

import functools
import math
import random
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

DRAWS = 4000
"""Bootstrap draws of the seeds."""


class Ratio(NamedTuple):
    """A ratio of medians, with its 90 % bootstrap interval; infinite or NaN where a side never arrives."""

    value: float
    low: float
    high: float


def images_to_target(records: Sequence[Mapping[str, Any]], stage: str) -> list[float]:
    """Images until the target for each record; infinite where it was not reached within the run."""
    return [_of(record, stage, "images") for record in records]


def medians(records: Sequence[Mapping[str, Any]], stage: str) -> dict[str, float]:
    """Median over the records of everything that it took to reach the target; infinite: most never did."""
    names = ("images", "time_s", "energy_J", "pulses")
    return {name: statistics.median(_of(record, stage, name) for record in records) for name in names}


def _of(record: Mapping[str, Any], stage: str, name: str) -> float:
    (found,) = [item for item in record["stages"] if item["name"] == stage]
    return float(found["to_target"][name]) if found["to_target"] else math.inf


def ratio(slow: Sequence[float], fast: Sequence[float]) -> Ratio:
    """Ratio of the medians of `slow` and `fast`, paired by seed, with its bootstrap interval.

    Seeds are drawn with replacement, both sides of a seed together. A run that never arrived counts as
    longer than any that did.
    """

    drawn = np.array(_drawn(len(slow)))
    above, below = (_medians(np.asarray(side, float)[drawn]) for side in (slow, fast))
    return Ratio(_divide(slow, fast), *_middle(map(_over, above.tolist(), below.tolist())))


def _medians(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Median of each row, `(rows,)`; as `statistics.median` has it, infinite values included."""
    ordered, half = np.sort(values, axis=1), values.shape[1] // 2
    odd = values.shape[1] % 2
    found: NDArray[np.float64] = ordered[:, half] if odd else (ordered[:, half - 1] + ordered[:, half]) / 2
    return found


def interval(figure: Callable[[Sequence[int]], float], count: int) -> tuple[float, float]:
    """The 90 % bootstrap interval of a figure of `count` seeds, given as a function of those drawn.

    Seeds are drawn with replacement, always the same draws; those for which the figure is NaN are left out.
    """
    return _middle(map(figure, _drawn(count)))


def _middle(drawn: Iterable[float]) -> tuple[float, float]:
    values = sorted(value for value in drawn if not math.isnan(value)) or [math.nan]
    last = len(values) - 1
    return values[round(0.05 * last)], values[round(0.95 * last)]


@functools.lru_cache(maxsize=8)
def _drawn(count: int) -> tuple[tuple[int, ...], ...]:
    draws = random.Random(0)
    return tuple(tuple(draws.randrange(count) for _ in range(count)) for _ in range(DRAWS))


def _divide(slow: Sequence[float], fast: Sequence[float]) -> float:
    return _over(statistics.median(slow), statistics.median(fast))


def _over(above: float, below: float) -> float:
    if math.isinf(above) and math.isinf(below):
        return math.nan
    return above / below if below else math.inf
