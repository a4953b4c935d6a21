"""Matrices that lie on digital arrays, and the steps of the operations on them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chipsim.accounting.work import Work
from chipsim.circuits.digital_array import DigitalArray
from chipsim.learning.programming import Fetch
from chipsim.learning.rule import Clear, Fill, Move, Operation, Side, Update
from chipsim.simulation.node import Step, Transaction


@dataclass(frozen=True)
class Words:
    """A matrix on a digital array: the component, its circuit, and the name of the matrix there."""

    array: str
    circuit: DigitalArray
    name: str

    @property
    def values(self) -> NDArray[np.float64]:
        """The matrix itself, `(rows, columns)`."""
        return self.circuit.matrices[self.name]

    def product(self, by: Side) -> tuple[Step, ...]:
        """Vectors through the matrix, driven by rows or, transposed, by columns."""

        def multiply(transaction: Transaction) -> Work:
            transaction.value, work = self.circuit.product(self.name, transaction.value, by)
            return work

        return (Step(self.array, multiply),)

    def route(self, operation: Operation) -> tuple[Step, ...]:
        """The route of an operation on the matrix."""

        def act(transaction: Transaction) -> Work:
            return _ACTS[type(operation)](self, operation, transaction)

        return (Step(self.array, act),)

    def _update(self, operation: Update, _: Transaction) -> Work:
        return self.circuit.update(self.name, operation.x, operation.error, operation.rate)

    def _move(self, operation: Move, _: Transaction) -> Work:
        velocity = f"{operation.layer}.{operation.velocity}"
        return self.circuit.move(self.name, velocity, operation.kept, operation.bound)

    def _fill(self, operation: Fill, _: Transaction) -> Work:
        return self.circuit.fill(self.name, operation.values)

    def _clear(self, _operation: Clear, _: Transaction) -> Work:
        return self.circuit.clear(self.name)

    def _fetch(self, _operation: Fetch, transaction: Transaction) -> Work:
        transaction.value, work = self.circuit.read(self.name)
        return work


_ACTS: dict[type[Operation], Callable[[Words, Any, Transaction], Work]] = {
    Update: Words._update, Move: Words._move, Clear: Words._clear, Fetch: Words._fetch,
    Fill: Words._fill,
}  # fmt: skip
