"""Activations, loss and error, one vector at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from chipsim.accounting.work import Work
from chipsim.circuits.component import TWO_CYCLES, ComponentParameters, Timing, picoseconds
from chipsim.inputs.units import Seconds
from chipsim.numerics.elementary import exp, log
from chipsim.numerics.kernel import kernel

ACTIVATIONS = {"identity": 0, "relu": 1, "tanh": 2, "sigmoid": 3}


class Parameters(ComponentParameters):
    """The digital part beside the arrays."""

    type: Literal["digital-unit"]
    role: ClassVar[str] = "digital-unit"
    actions: ClassVar[Mapping[str, tuple[str, ...]]] = {"": ("act_fn", "dig_add16", "mul8")}
    units: int = Field(
        default=1, ge=1, le=1024, description="units, each of which works on a transaction of its own"
    )
    latency: Seconds | None = Field(default=None, ge=0, le=1, description="time of one vector")

    timing: ClassVar[Timing] = {"latency": {"measured": TWO_CYCLES, "ideal": TWO_CYCLES}}


class Scored(NamedTuple):
    """What the loss makes of some outputs."""

    error: NDArray[np.float64]
    """Probability less target `(images, classes)`: the loss's slope in the scaled outputs."""
    loss: float
    """Sum over the images of the cross entropy [nat]."""
    correct: int


class DigitalUnit:
    """The digital part at work. Each vector that passes takes the unit's latency once."""

    def __init__(self, parameters: Parameters) -> None:
        assert parameters.latency is not None
        self._latency = picoseconds(parameters.latency)

    def activate(
        self, sums: NDArray[np.float64], activation: str, gain: float
    ) -> tuple[NDArray[np.float64], Work]:
        """Outputs of a layer: the activation of `gain` times the sums `(images, lines)`."""
        values = _activate(sums, gain, ACTIVATIONS[activation])
        return values, self.work(sums.shape[0], {"act_fn": sums.size, "dig_add16": sums.size})

    def slope(
        self, sums: NDArray[np.float64], outputs: NDArray[np.float64], activation: str, gain: float
    ) -> tuple[NDArray[np.float64], Work]:
        """Error at a layer: `gain` times the sums from behind, times the activation's slope there."""
        values = _slope(sums, outputs, gain, ACTIVATIONS[activation])
        return values, self.work(sums.shape[0], {"mul8": sums.size, "dig_add16": sums.size})

    def score(
        self, outputs: NDArray[np.float64], labels: NDArray[np.int64], scale: float
    ) -> tuple[Scored, Mapping[str, int]]:
        """Softmax cross entropy of `scale` times the outputs `(images, classes)`, and its actions.

        It is part of the pass that gave the outputs, and takes no time of its own.
        """
        error, loss, correct = _softmax_cross_entropy(outputs, labels, scale)
        return Scored(error, loss, correct), {"mul8": outputs.size, "dig_add16": outputs.size}

    def add(self, sums: NDArray[np.float64]) -> Work:
        """The work of adding sums `(images, lines)` to others that have come before."""
        return self.work(sums.shape[0], {"dig_add16": sums.size})

    def combine(
        self, sums: Sequence[NDArray[np.float64]], factors: Sequence[float]
    ) -> tuple[NDArray[np.float64], Work]:
        """The weighted total of sums `(images, lines)` of several matrices; each further one is added."""
        total = factors[0] * sums[0]
        for values, factor in zip(sums[1:], factors[1:], strict=True):
            total = total + factor * values
        further = (len(sums) - 1) * sums[0].size
        return total, self.work((len(sums) - 1) * sums[0].shape[0], {"mul8": further, "dig_add16": further})

    def products(self, images: int, rows: int, columns: int) -> Work:
        """The work of the outer products of some images: a vector of `rows` for each column."""
        return self.work(images * columns, {"mul8": images * rows * columns})

    def work(self, vectors: int, actions: Mapping[str, int]) -> Work:
        """The work of some actions while so many vectors pass."""
        return Work(vectors * self._latency, actions)


Circuit = DigitalUnit


@kernel
def _activate(sums: Any, gain: Any, kind: Any) -> Any:
    values = np.empty(sums.shape, dtype=np.float64)
    for i in range(sums.shape[0]):
        for j in range(sums.shape[1]):
            y = gain * sums[i, j]
            if kind == 1:
                y = max(y, 0.0)
            elif kind == 2:
                y = 1.0 - 2.0 / (exp(2.0 * y) + 1.0)
            elif kind == 3:
                y = 1.0 / (1.0 + exp(-y))
            values[i, j] = y
    return values


@kernel
def _slope(sums: Any, outputs: Any, gain: Any, kind: Any) -> Any:
    values = np.empty(sums.shape, dtype=np.float64)
    for i in range(sums.shape[0]):
        for j in range(sums.shape[1]):
            z = outputs[i, j]
            slope = 1.0
            if kind == 1:
                slope = 1.0 if z > 0.0 else 0.0
            elif kind == 2:
                slope = 1.0 - z * z
            elif kind == 3:
                slope = z * (1.0 - z)
            values[i, j] = gain * sums[i, j] * slope
    return values


@kernel
def _softmax_cross_entropy(outputs: Any, labels: Any, scale: Any) -> Any:
    images, classes = outputs.shape
    error = np.empty((images, classes), dtype=np.float64)
    loss = 0.0
    correct = 0
    for i in range(images):
        best = 0
        for j in range(1, classes):
            if outputs[i, j] > outputs[i, best]:
                best = j
        total = 0.0
        for j in range(classes):
            error[i, j] = exp(scale * (outputs[i, j] - outputs[i, best]))
            total += error[i, j]
        label = labels[i]
        for j in range(classes):
            error[i, j] /= total
        loss -= log(max(error[i, label], 1e-300))
        error[i, label] -= 1.0
        if best == label:
            correct += 1
    return error, loss, correct
