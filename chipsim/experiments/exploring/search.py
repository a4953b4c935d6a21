"""Searches: which points of a study's space to try, asked for by generations and told how they came out.

A search is a deterministic function of the study and of what it was told, in order: asked and told again from
the beginning it proposes the same points, and so a study goes on where it stopped.
"""

from __future__ import annotations

import itertools
import json
import math
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from chipsim.errors import Fault, UsageError
from chipsim.experiments.exploring.axes import Axis
from chipsim.experiments.exploring.study import Study
from chipsim.numerics import draws

POINTS = 100
"""Points of a search that is not given how many."""


@dataclass(frozen=True)
class Point:
    """A point of the space, as the JSON text of the values of the axes that hold there."""

    text: str

    @property
    def values(self) -> dict[str, Any]:
        """The values by the axes' names, in their order."""
        return dict(json.loads(self.text))

    def settings(self, axes: Sequence[Axis], prices: bool = True) -> tuple[str, ...]:
        """What it sets; without `prices`, what a simulation has to know of it."""
        by_name = {axis.name: axis for axis in axes}
        return tuple(
            setting
            for name, value in self.values.items()
            if prices or not by_name[name].only_prices
            for setting in by_name[name].settings(value)
        )


def at(axes: Sequence[Axis], coordinates: Sequence[float]) -> Point:
    """The point at a coordinate of every axis; axes whose condition does not hold there drop out."""
    values: dict[str, Any] = {}
    for axis, coordinate in zip(axes, coordinates, strict=True):
        if axis.holds(values):
            values[axis.name] = axis.value(coordinate)
    return Point(json.dumps(values))


@dataclass(frozen=True)
class Told:
    """How a point came out: values of the objectives, None where not reached, and constraints not kept.

    One that failed has no values at all.
    """

    values: tuple[float | None, ...]
    broken: int


class Search(Protocol):
    """Proposes points."""

    adaptive: bool
    """Whether what it is told changes what it proposes."""
    total: int
    """How many points it will have proposed at most."""

    def ask(self, count: int) -> list[Point]:
        """The next points, at most so many; none at the end."""

    def tell(self, outcomes: Sequence[Told]) -> None:
        """How the points that were asked for last came out, in their order."""


def of(study: Study) -> Search:
    """The search that a study names. Raises `UsageError` where what it takes is not installed."""
    file = study.file
    if file.method in ("nsga2", "tpe"):
        return _Optuna(study)
    if file.method == "grid":
        return _Listed(list(_grid(study.axes))[: file.points])
    count = file.points or POINTS
    shares = _random if file.method == "random" else _latin
    return _Listed(list(dict.fromkeys(at(study.axes, c) for c in shares(study.axes, count, file.seed))))


class _Listed:
    """Points that are known beforehand."""

    adaptive = False

    def __init__(self, points: Sequence[Point]) -> None:
        self._points = iter(points)
        self.total = len(points)

    def ask(self, count: int) -> list[Point]:
        """The next points."""
        return list(itertools.islice(self._points, count))

    def tell(self, outcomes: Sequence[Told]) -> None:
        """Nothing changes."""


def _grid(axes: Sequence[Axis]) -> Iterator[Point]:
    """Every combination of values once, the last axis fastest."""
    coordinates = itertools.product(*(range(len(axis.levels)) for axis in axes))
    return iter(dict.fromkeys(at(axes, each) for each in coordinates))


def _random(axes: Sequence[Axis], count: int, seed: int) -> Iterator[list[float]]:
    """Independent draws, uniform along every axis."""
    for index in range(count):
        yield [axis.coordinate(draws.uniform(draws.stream(seed, axis.name), index, 0)) for axis in axes]


def _latin(axes: Sequence[Axis], count: int, seed: int) -> Iterator[list[float]]:
    """A Latin hypercube: along every axis one draw in each of as many equal strata as there are points.

    Source: McKay1979.
    """
    columns = []
    for axis in axes:
        key = draws.stream(seed, axis.name)
        order = [k for _, k in sorted((draws.uniform(key, k, 1), k) for k in range(count))]
        columns.append([(order[k] + draws.uniform(key, k, 0)) / count for k in range(count)])
    for index in range(count):
        yield [axis.coordinate(column[index]) for axis, column in zip(axes, columns, strict=True)]


FAILED = 1000.0
"""Violation that stands for a point that failed: more than any number of constraints."""


class _Optuna:
    """NSGA-II or TPE of Optuna, by ask and tell: it sees coordinates, and is told in the order of asking.

    A point that failed or missed something is told as one that breaks constraints, so that the search learns
    to keep away from there.
    """

    adaptive = True

    def __init__(self, study: Study) -> None:
        try:
            import optuna
        except ImportError:
            text = f"method '{study.file.method}' needs Optuna, which is not installed"
            text += "; pip install 'chipsim[explore]'"
            raise UsageError(Fault(text, code="E100")) from None
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._axes = study.axes
        self.total = study.file.points or POINTS
        self._left = self.total
        self._trials: list[Any] = []
        self._spaces = {axis.name: _distribution(optuna, axis) for axis in study.axes}
        signs: list[Any] = [
            "minimize" if objective.sign > 0 else "maximize" for objective in study.file.objectives
        ]
        with warnings.catch_warnings():
            for kind in (optuna.exceptions.ExperimentalWarning, FutureWarning):
                warnings.simplefilter("ignore", kind)
            self._study = optuna.create_study(directions=signs, sampler=_sampler(optuna, study))

    def ask(self, count: int) -> list[Point]:
        """The next points."""
        count = min(count, self._left)
        self._left -= count
        self._trials = [self._study.ask(self._spaces) for _ in range(count)]
        return [at(self._axes, [_share(axis, trial) for axis in self._axes]) for trial in self._trials]

    def tell(self, outcomes: Sequence[Told]) -> None:
        """Tell Optuna, in the order in which it proposed them."""
        for trial, told in zip(self._trials, outcomes, strict=True):
            missed = sum(value is None for value in told.values)
            violation = FAILED if not told.values else float(missed + told.broken)
            trial.set_user_attr("violation", violation)
            values = told.values or (None,) * len(self._study.directions)
            self._study.tell(trial, [0.0 if value is None else value for value in values])


def _share(axis: Axis, trial: Any) -> float:
    return float(trial.params[axis.name])


def _distribution(optuna: Any, axis: Axis) -> Any:
    if axis.between:
        return optuna.distributions.FloatDistribution(0.0, 1.0)
    if axis.ordered:
        return optuna.distributions.IntDistribution(0, len(axis.levels) - 1)
    return optuna.distributions.CategoricalDistribution(range(len(axis.levels)))


def _violations(trial: Any) -> tuple[float]:
    return (float(trial.user_attrs["violation"]),)


def _sampler(optuna: Any, study: Study) -> Any:
    file = study.file
    if file.method == "nsga2":
        size = max(2, file.generation)
        return optuna.samplers.NSGAIISampler(
            population_size=size, seed=file.seed, constraints_func=_violations
        )
    startup = min(math.ceil(0.2 * (file.points or POINTS)), 10 * len(study.axes))
    return optuna.samplers.TPESampler(
        seed=file.seed, n_startup_trials=max(1, startup), multivariate=True, constraints_func=_violations
    )
