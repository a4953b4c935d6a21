"""The rule contract: a declaration, and a conversation without a clock.

A rule declares what its operations read and change and how often each comes; from that alone follows
how many images may run together. Its conversation yields groups of operations that are independent of
each other and is handed their results. It never sees a chip: on one, the controller schedules what it
asks for; in a test, an ideal array answers.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from chipsim.inputs.schema import Model

Side = Literal["row", "column"]


class LayerShape(NamedTuple):
    """A weight matrix as a rule sees it: its layer and the lines it has."""

    name: str
    rows: int
    columns: int

    def lines(self, by: Side) -> int:
        """How many lines there are to drive one at a time."""
        return self.rows if by == "row" else self.columns


class Declaration(NamedTuple):
    """One kind of operation: what it reads, what it changes, and every how many images it comes.

    Names are stores of a layer: its matrices, and `H`.
    """

    operation: str
    reads: frozenset[str]
    changes: frozenset[str]
    every: int = 1


@dataclass(frozen=True)
class Operation:
    """What a rule asks for. `kind` names it in the ledger."""

    kind: ClassVar[str]
    layer: str
    matrix: str

    @property
    def reads(self) -> frozenset[str]:
        """Stores that it reads."""
        return frozenset()

    @property
    def changes(self) -> frozenset[str]:
        """Stores that it changes."""
        return frozenset({self.matrix})

    @property
    def span(self) -> tuple[int, int]:
        """First image of the stage that it belongs to, and how many; (0, 0) where it has none."""
        return 0, 0


@dataclass(frozen=True)
class Prepare(Operation):
    """Pulse a matrix up and down in turn, `pairs` times, towards its symmetry points."""

    kind: ClassVar[str] = "prepare"
    pairs: int


@dataclass(frozen=True)
class Clear(Operation):
    """Set the integrator words of a layer, or a digital matrix, to zero."""

    kind: ClassVar[str] = "prepare"


@dataclass(frozen=True)
class Update(Operation):
    """Change a matrix by -rate x d for each image: in the mean by stochastic pulses, exactly if digital."""

    kind: ClassVar[str] = "update"
    x: NDArray[np.float64] = field(repr=False)
    error: NDArray[np.float64] = field(repr=False)
    rate: float
    bit_length: int | None
    first: int
    """Index of the first image of the chunk in the stage."""

    @property
    def span(self) -> tuple[int, int]:
        """The images whose errors it carries."""
        return self.first, self.x.shape[0]


@dataclass(frozen=True)
class Read(Operation):
    """Read lines of a matrix one at a time; the result is `(lines, sensed)` [weight]."""

    kind: ClassVar[str] = "transfer-read"
    lines: tuple[int, ...]
    by: Side

    @property
    def reads(self) -> frozenset[str]:
        """The matrix that is read."""
        return frozenset({self.matrix})

    @property
    def changes(self) -> frozenset[str]:
        """Nothing."""
        return frozenset()


@dataclass(frozen=True)
class Integrate(Operation):
    """Add values of lines to the words of a layer; the result is the sign of each crossing."""

    kind: ClassVar[str] = "integrate"
    lines: tuple[int, ...]
    by: Side
    values: NDArray[np.float64] = field(repr=False)
    threshold: float
    keep: bool


@dataclass(frozen=True)
class Write(Operation):
    """One pulse on each cell of the lines whose sign is not 0; signs are `(lines, other lines)`."""

    kind: ClassVar[str] = "transfer-write"
    lines: tuple[int, ...]
    by: Side
    signs: NDArray[np.int8] = field(repr=False)


@dataclass(frozen=True)
class Move(Operation):
    """Add a velocity, a digital matrix, to digital weights, and keep a share of the velocity."""

    kind: ClassVar[str] = "move"
    velocity: str
    kept: float

    @property
    def reads(self) -> frozenset[str]:
        """The velocity and the weights."""
        return frozenset({self.matrix, self.velocity})

    @property
    def changes(self) -> frozenset[str]:
        """The weights and the velocity."""
        return frozenset({self.matrix, self.velocity})


Conversation = Generator[tuple[Operation, ...], tuple[Any, ...], None]


class Chunk(NamedTuple):
    """Some images that ran together: per layer its inputs and the errors at its outputs."""

    first: int
    """Index of the first image in the stage."""
    images: int
    x: Sequence[NDArray[np.float64]]
    error: Sequence[NDArray[np.float64]]


class LearningRule(Model):
    """Base of every rule: a frozen set of hyper-parameters, in a module's class named `Rule`."""

    type: str
    """Each rule fixes its own."""

    matrices: ClassVar[tuple[str, ...]]
    """Matrices that each layer needs, in the order in which they are placed."""
    weights: ClassVar[str]
    """The matrix that forward and backward passes read."""
    digital: ClassVar[frozenset[str]] = frozenset()
    """Those of the matrices that are floating-point numbers: they lie on a digital array, all others on
    crossbars."""
    integrates: ClassVar[bool] = False
    """Whether each layer needs integrator words."""

    def declarations(self) -> tuple[Declaration, ...]:
        """What the rule's operations read and change, and how often each comes."""
        raise NotImplementedError

    def operations(self) -> Mapping[str, str]:
        """Kinds of operation that the rule may ask for beside the passes, each with its matrix.

        A read that drives columns is `transfer-read-transposed`; `integrate` goes with the matrix whose
        readings are integrated.
        """
        raise NotImplementedError

    def longest_train(self) -> int | None:
        """Slots that the rule wants the drivers to be able to do; None: whatever they do."""
        return None

    def largest_word(self) -> float | None:
        """Value [weight] that integrator words must be able to hold; None: no words are used."""
        return None

    def start(self, layers: Sequence[LayerShape]) -> Conversation:
        """What is to be done before the first image of a stage."""
        raise NotImplementedError

    def step(self, layers: Sequence[LayerShape], chunk: Chunk) -> Conversation:
        """What is to be done after the passes of a chunk."""
        raise NotImplementedError


def passes(weights: str) -> tuple[Declaration, ...]:
    """The declarations of the forward and the backward pass."""
    read = frozenset({weights})
    return (Declaration("forward", read, frozenset()), Declaration("backward", read, frozenset()))


def images_together(declarations: Iterable[Declaration], done: int, left: int) -> int:
    """How many images may run together after `done` images of a stage, with `left` to go.

    Nothing that an operation of every image reads may be changed while they run. An operation that
    comes every image and changes what another reads forces one image at a time; one that comes less
    often is a barrier that a chunk may end at and not pass.
    """
    declared = tuple(declarations)
    read = frozenset().union(*(d.reads for d in declared if d.every == 1))
    together = left
    for declaration in declared:
        if declaration.every == 1 and declaration.changes & read:
            return min(1, left)
        if declaration.every > 1:
            together = min(together, declaration.every - done % declaration.every)
    return together


def with_time(
    declarations: Iterable[Declaration], ageing: frozenset[str], upkeep: Iterable[Declaration] = ()
) -> tuple[Declaration, ...]:
    """Declarations on a chip where time changes some stores, and looks after some every so many images.

    A pulse on a device that ages begins at what time has left of it, so whatever changes such a store reads
    it as well; and time goes on with every image.
    """
    passing = (Declaration("ageing", frozenset(), ageing),) if ageing else ()
    own = (d._replace(reads=d.reads | (d.changes & ageing)) for d in declarations)
    return (*own, *passing, *upkeep)


def independent(operations: Sequence[Operation]) -> bool:
    """Whether the operations of a group touch nothing that another of them changes."""
    for index, one in enumerate(operations):
        for other in operations[index + 1 :]:
            if one.layer == other.layer and (
                one.changes & (other.reads | other.changes) or other.changes & one.reads
            ):
                return False
    return True
