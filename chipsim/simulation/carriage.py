"""What travels over carriers: the words of a transaction, and the steps that carry them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from chipsim.accounting.work import Work
from chipsim.architecture.wires import Carried
from chipsim.circuits.carrier import Load
from chipsim.simulation.node import Step, Transaction

Legs = Sequence[Sequence[Carried]]


def between(
    circuits: Mapping[str, Any], route: tuple[str, ...], legs: Legs, steps: tuple[Step, ...],
    load: Load | None, arriving: bool,
) -> tuple[Step, ...]:  # fmt: skip
    """The steps of a route with those of the carriers ahead of each of its stops.

    With `arriving`, the steps end before the last stop, and its carriers come at the end; else those behind
    it do. What sets out is `load`, or the transaction's values; all that follows is its values.
    """
    found: list[Step] = []
    stop = -1
    for step in steps:
        while stop < 0 or (step.node != route[stop] and stop + 1 < len(route)):
            stop += 1
            found += carrying(circuits, (legs[stop],), load if stop == 0 else None)
        found.append(step)
    return (*found, *carrying(circuits, (legs[stop + 1],) if arriving else legs[-1:]))


def carrying(circuits: Mapping[str, Any], legs: Legs, load: Load | None = None) -> tuple[Step, ...]:
    """The steps of carriers; they carry a load, or the values that a transaction has."""
    return tuple(_step(circuits[leg.carrier], leg, load) for ahead in legs for leg in ahead)


def _step(circuit: Any, leg: Carried, load: Load | None) -> Step:
    keeps = _keeps(load) if hasattr(circuit, "capacity") else None
    return Step(leg.carrier, _carry(circuit, leg, load), passing=leg.ride.channels, keeps=keeps)


def _keeps(load: Load | None) -> Callable[[Any], int]:
    """The words of one image that stay in a buffer."""

    def words(value: Any) -> int:
        return (load if load is not None else _of(value)).words

    return words


def _carry(circuit: Any, leg: Carried, load: Load | None) -> Callable[[Transaction], Work]:
    def compute(transaction: Transaction) -> Work:
        brought = load if load is not None else _of(transaction.value)
        work: Work = circuit.carry(brought, leg.ride) if brought.words else Work(0, {})
        return work

    return compute


def _of(value: Any) -> Load:
    """The words of values: vectors `(vectors, words)`, errors once they are scored, or what is a load."""
    if isinstance(value, Load):
        return value
    if isinstance(value, np.ndarray):
        return Load(*value.shape) if value.ndim == 2 else Load(1, value.size)
    error = getattr(value, "error", None)
    return Load(*error.shape) if error is not None else Load(0, 0)
