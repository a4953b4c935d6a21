"""Axes of a study: what may vary, by a path in either file, and the values that it may take.

An axis is a list of choices, or a range in steps or without, linear or logarithmic; it may hold only while
another axis has a certain value. A search sees a *coordinate* of each: the index of a value, or for a range
without steps a number from 0 to 1.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import Field

from chipsim.errors import Fault, InputError, suggestion
from chipsim.inputs import units
from chipsim.inputs.documents import Document, Where
from chipsim.inputs.schema import Faults, Model, fill

MOST = 100_000
"""Most values of one axis."""
DIGITS = 6
"""Significant digits of a value between the ends of a range."""


class Values(Model):
    """An axis of choices that holds under a condition."""

    values: tuple[Any, ...] = Field(min_length=1, description="choices")
    when: Mapping[str, Any] = Field(
        default_factory=dict, description="holds while these other axes have this value, or one of a list"
    )


class Range(Model):
    """An axis from one number or quantity to another."""

    from_: int | float | str = Field(alias="from", description="first value, with its unit if it has one")
    to: int | float | str = Field(description="last value")
    steps: int | None = Field(
        default=None, ge=2, le=10_000,
        description="how many values, the ends included; by default every whole number, or any number",
    )  # fmt: skip
    scale: Literal["linear", "log"] = "linear"
    when: Mapping[str, Any] = Field(
        default_factory=dict, description="holds while these other axes have this value, or one of a list"
    )


@dataclass(frozen=True)
class Continuum:
    """The numbers between two, of a dimension of `units` or plain ("")."""

    low: float
    high: float
    log: bool
    dimension: str = ""

    def at(self, share: float) -> Any:
        """The value at a share of the way, as a file would hold it."""
        if share <= 0.0 or share >= 1.0:
            number = self.low if share <= 0.0 else self.high
        elif self.log:
            number = self.low * (self.high / self.low) ** share
        else:
            number = self.low + (self.high - self.low) * share
        return self.written(number if share in (0.0, 1.0) else float(f"{number:.{DIGITS}g}"))

    def written(self, number: float) -> Any:
        """A number as a file would hold it."""
        return units.format(number, self.dimension) if self.dimension else number


@dataclass(frozen=True)
class Axis:
    """One axis: the paths that it sets, and its values, listed in `levels` or anywhere in `between`."""

    name: str
    paths: tuple[str, ...]
    levels: tuple[Any, ...] = ()
    between: Continuum | None = None
    when: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)

    @property
    def ordered(self) -> bool:
        """Whether its values lie on a scale."""
        return self.between is not None or all(number(level) is not None for level in self.levels)

    @property
    def only_prices(self) -> bool:
        """Whether it changes nothing but prices."""
        return all(path.startswith("costs.") for path in self.paths)

    def value(self, coordinate: float) -> Any:
        """The value at a coordinate: an index of `levels`, or a share of the way `between`."""
        return self.between.at(coordinate) if self.between else self.levels[int(coordinate)]

    def coordinate(self, share: float) -> float:
        """The coordinate at a share in 0..1, below 1."""
        return share if self.between else min(int(share * len(self.levels)), len(self.levels) - 1)

    def settings(self, value: Any) -> tuple[str, ...]:
        """What a value sets, as `--set` writes it."""
        return tuple(f"{path}={json.dumps(value)}" for path in self.paths)

    def holds(self, values: Mapping[str, Any]) -> bool:
        """Whether it holds beside the values of other axes."""
        return all(values.get(name) in allowed for name, allowed in self.when.items())


def number(value: Any) -> float | None:
    """A value of an axis as a number, in SI where it is a quantity; None where it is none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value)
    dimension = units.dimension_of(value) if isinstance(value, str) else None
    return units.parse(value, dimension) if dimension else None


def read(document: Document) -> tuple[Axis, ...]:
    """The axes of a study's document. Raises `InputError` with all faults."""
    faults, found = Faults(), []
    for name in document.data["axes"]:
        with faults.gather():
            found.append(_axis(document, name))
    faults.raise_if_any()
    for axis in found:
        with faults.gather():
            _check_condition(document, axis, found)
    faults.raise_if_any()
    return tuple(_after_conditions(found))


def _axis(document: Document, name: str) -> Axis:
    where: Where = ("axes", name)
    given = document.data["axes"][name]
    paths = tuple(part.strip() for part in name.split(","))
    label = f"axis '{name}'"
    if isinstance(given, list):
        return Axis(name, paths, _levels(document, where, label))
    if not isinstance(given, dict):
        text = f"{label}: expected a list of values, or a range such as {{from: 1, to: 31, steps: 6}}"
        raise InputError(document.fault(text, where, "E013"))
    if "values" in given:
        when = _conditions(fill(Values, document, where, label).when)
        return Axis(name, paths, _levels(document, (*where, "values"), label), when=when)
    spread = fill(Range, document, where, label)
    levels, between = _spread(document, where, label, spread)
    return Axis(name, paths, levels, between, _conditions(spread.when))


def _levels(document: Document, where: Where, label: str) -> tuple[Any, ...]:
    values = document.value(where)
    if not values:
        raise InputError(document.fault(f"{label}: expected at least 1 value, got 0", where, "E014"))
    for index, value in enumerate(values):
        if value in values[:index]:
            raise InputError(
                document.fault(f"{label}: {json.dumps(value)} stands twice", (*where, index), "E010")
            )
    return tuple(values)


def _conditions(given: Mapping[str, Any]) -> dict[str, tuple[Any, ...]]:
    return {name: value if isinstance(value, tuple) else (value,) for name, value in given.items()}


def _spread(
    document: Document, where: Where, label: str, given: Range
) -> tuple[tuple[Any, ...], Continuum | None]:
    low, high = (_end(document, (*where, key), label) for key in ("from", "to"))
    if low[1] != high[1]:
        text = f"{label}: 'from' and 'to' measure different things; give both in the same unit"
        raise InputError(document.fault(text, (*where, "to"), "E017"))
    if high[0] <= low[0]:
        text = f"{label}: 'to' must be more than 'from'"
        raise InputError(document.fault(text, (*where, "to"), "E020"))
    if given.scale == "log" and low[0] <= 0:
        text = f"{label}: a log scale needs ends above 0"
        raise InputError(document.fault(text, (*where, "from"), "E020"))
    between = Continuum(low[0], high[0], given.scale == "log", low[1])
    if not isinstance(given.from_, int) or not isinstance(given.to, int):
        if given.steps is None:
            return (), between
        return tuple(between.at(k / (given.steps - 1)) for k in range(given.steps)), None
    if given.steps is None:
        if given.to - given.from_ >= MOST:
            text = f"{label}: more than {MOST} values; give 'steps'"
            raise InputError(document.fault(text, where, "E014"))
        return tuple(range(given.from_, given.to + 1)), None
    rounded = (math.floor(between.at(k / (given.steps - 1)) + 0.5) for k in range(given.steps))
    return tuple(dict.fromkeys(rounded)), None


def _end(document: Document, where: Where, label: str) -> tuple[float, str]:
    value = document.value(where)
    if isinstance(value, str):
        dimension = units.dimension_of(value)
        if dimension is None:
            text = f"{label}: expected a number or a quantity such as '100 ns', got '{value}'"
            raise InputError(document.fault(text, where, "E013"))
        return units.parse(value, dimension), dimension
    return float(value), ""


def _check_condition(document: Document, axis: Axis, every: list[Axis]) -> None:
    others = {other.name: other for other in every if other is not axis}
    for name, allowed in axis.when.items():
        where: Where = ("axes", axis.name, "when", name)
        if name not in others:
            text = f"axis '{axis.name}': when: there is no axis '{name}'{suggestion(name, others)}"
            raise InputError(document.fault(text, where, "E024", key=True))
        strange = [value for value in allowed if value not in others[name].levels]
        if strange:
            known = suggestion(str(strange[0]), [str(level) for level in others[name].levels])
            text = f"axis '{axis.name}': when: axis '{name}' has no value {json.dumps(strange[0])}{known}"
            raise InputError(document.fault(text, where, "E015"))


def _after_conditions(every: list[Axis]) -> list[Axis]:
    """The axes in their order, each after those that it hangs on; raises where they hang on one another."""
    placed: list[Axis] = []
    left = list(every)
    while left:
        known = {axis.name for axis in placed}
        ready = next((axis for axis in left if set(axis.when) <= known), None)
        if ready is None:
            text = f"axes {', '.join(axis.name for axis in left)}: their conditions lead in a circle"
            raise InputError(Fault(text, code="E020"))
        placed.append(ready)
        left.remove(ready)
    return placed
