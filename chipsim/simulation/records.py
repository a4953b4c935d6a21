"""The records of a stage: what the controller is asked for, and what it says and leaves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from chipsim.accounting.ledger import Ledger
from chipsim.learning.programming import Programming
from chipsim.learning.rule import LearningRule

EVALUATION = "evaluation"
"""The account of evaluations, apart from every stage's."""


class Evaluation(NamedTuple):
    """One measurement of the network as it stands."""

    image: int
    time: int
    """Simulated time since the stage began [ps]."""
    accuracy: float
    loss: float
    ledger: Ledger
    """What the stage had done until then."""


@dataclass(frozen=True)
class StageData:
    """The inputs of one stage: training images in the order of the set, test images, and the order.

    `train_x`, `test_x` are `(images, features)`; `order(epoch)` is a permutation of the training images.
    """

    train_x: NDArray[np.floating[Any]]
    train_y: NDArray[np.int64]
    test_x: NDArray[np.floating[Any]]
    test_y: NDArray[np.int64]
    order: Callable[[int], NDArray[np.int64]]


@dataclass(frozen=True)
class StageTask:
    """What a stage asks of the chip."""

    name: str
    start: str
    images: int
    evaluate_every: int
    rule: LearningRule
    data: StageData
    weights: Mapping[str, NDArray[np.float64]] | None = None
    """Weights `(rows, columns)` of each layer to begin with, where they are given."""


@dataclass(frozen=True)
class ProgramTask:
    """What a stage of kind `program` asks of the chip; its data are for the evaluations before and after."""

    name: str
    program: Programming
    data: StageData


class Misses(NamedTuple):
    """How far programmed cells are from their targets, as a read sees them without its converter."""

    cells: int
    beyond: int
    """Cells further away than the tolerance; after a verification those that it gave up."""
    tolerance: float
    """Error that counts as none [weight]."""
    worst_error: float
    """Largest error [weight]."""
    rms_error: float
    """Root of the mean square of the errors [weight]."""
    factors: Mapping[str, float]
    """By which the weights of each layer were multiplied."""


@dataclass(frozen=True)
class StageOutcome:
    """What a stage left: its measurements, its time [ps], and the arrays before and after it."""

    name: str
    evaluations: tuple[Evaluation, ...]
    duration: int
    before: Mapping[str, Mapping[str, NDArray[Any]]]
    after: Mapping[str, Mapping[str, NDArray[Any]]]
    misses: Misses | None = None
    """What a program stage could not program."""


class Usage(NamedTuple):
    """How a component was used over a run, in picoseconds; one of several units, the mean of them."""

    component: str
    busy: int
    """While it held something."""
    waiting: int
    """For which transactions waited for it, summed."""
    served: int
    """Its own work alone: busy without being held up on the way out or by what it drives."""


class Passage(NamedTuple):
    """Time [ps] that a stage spent in an operation being served by a component, or waiting for it."""

    stage: str
    operation: str
    component: str
    served: bool
    time: int


Progress = Callable[[str, int, int, float], None]
"""Told stage, images done, images of the stage, and accuracy."""


def quiet(stage: str, done: int, images: int, accuracy: float) -> None:
    """A `Progress` that says nothing."""


Watch = Callable[[Evaluation], None]
"""Told each evaluation of a stage as it is made; what it raises ends the run."""


def unwatched(evaluation: Evaluation) -> None:
    """A `Watch` that does nothing."""
