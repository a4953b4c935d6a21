"""The rule contract: a declaration, and a conversation without a clock.

A rule declares what its operations read and change and how often each comes; from that alone follows
how many images may run together. Its conversation yields groups of operations that are independent of
each other and is handed their results. It never sees a chip: on one, the controller schedules what it
asks for; in a test, an ideal array answers.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from chipsim.circuits.pulse_driver import Management
from chipsim.inputs.schema import Model

Side = Literal["row", "column"]


class Site(NamedTuple):
    """What a rule may know of the place where a matrix lies."""

    step: float
    """Nominal step of its devices [weight]."""
    slots: int
    """Longest train of its drivers; 1 where nothing pulses it."""


class LayerShape(NamedTuple):
    """Weights as a rule sees them: the lines that they have, and what the hardware gives them.

    They are a layer's, or a block of a layer's that is cut to fit on arrays: `row` and `column` are its
    first.
    """

    name: str
    rows: int
    columns: int
    sites: Mapping[str, Site] = MappingProxyType({})
    """By matrix."""
    key: int = 0
    """Key of the stream from which the rule may draw for this layer and stage."""
    layer: str = ""
    row: int = 0
    column: int = 0

    def lines(self, by: Side) -> int:
        """How many lines there are to drive one at a time."""
        return self.rows if by == "row" else self.columns


class Declaration(NamedTuple):
    """One kind of operation: what it reads, what it changes, and every how many images it comes.

    Names are stores of a layer: its matrices, and those of its memory, such as `H`.
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
    """Set a store to zero: a digital matrix, or words in a layer's memory, one a weight or of a `shape`."""

    kind: ClassVar[str] = "prepare"
    shape: tuple[int, int] | None = None


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
    management: Management = Management()  # noqa: RUF009 - a constant

    @property
    def span(self) -> tuple[int, int]:
        """The images whose errors it carries."""
        return self.first, self.x.shape[0]


@dataclass(frozen=True)
class Transfer(Update):
    """Stochastic pulses that carry readings on: vectors in the place of images, `first` counts them."""

    kind: ClassVar[str] = "transfer-write"

    @property
    def span(self) -> tuple[int, int]:
        """No images of its own."""
        return 0, 0


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
    """Add values of lines to the words of a layer; the result is how often each crosses, with its sign.

    A word crosses as many times as its magnitude holds the threshold, at most `most` times. What the
    crossings stand for leaves it (`keep`) or all of it does, but for a share of `momentum`.
    """

    kind: ClassVar[str] = "integrate"
    lines: tuple[int, ...]
    by: Side
    values: NDArray[np.float64] = field(repr=False)
    threshold: float
    keep: bool
    momentum: float = 0.0
    most: int = 1
    full_scale: float | None = None
    """Value that words reach at most; None: the integrator's own range."""


@dataclass(frozen=True)
class Accumulate(Operation):
    """Add the digital product -rate x d of each image to a store of a layer's memory."""

    kind: ClassVar[str] = "accumulate"
    x: NDArray[np.float64] = field(repr=False)
    error: NDArray[np.float64] = field(repr=False)
    rate: float
    first: int
    full_scale: float | None = None

    @property
    def span(self) -> tuple[int, int]:
        """The images whose errors it adds."""
        return self.first, self.x.shape[0]


@dataclass(frozen=True)
class Recall(Operation):
    """Read words of a store of a layer's memory; the result is `(lines, words of a line)`."""

    kind: ClassVar[str] = "recall"
    lines: tuple[int, ...]
    by: Side
    full_scale: float | None = None

    @property
    def reads(self) -> frozenset[str]:
        """The store."""
        return frozenset({self.matrix})

    @property
    def changes(self) -> frozenset[str]:
        """Nothing."""
        return frozenset()


@dataclass(frozen=True)
class Keep(Operation):
    """Write values `(lines, words of a line)` to words of a store of a layer's memory."""

    kind: ClassVar[str] = "keep"
    lines: tuple[int, ...]
    by: Side
    values: NDArray[np.float64] = field(repr=False)
    full_scale: float | None = None


@dataclass(frozen=True)
class Write(Operation):
    """Pulses on the cells of lines, up where positive, `(lines, other lines)`."""

    kind: ClassVar[str] = "transfer-write"
    lines: tuple[int, ...]
    by: Side
    pulses: NDArray[np.integer[Any]] = field(repr=False)


@dataclass(frozen=True)
class Move(Operation):
    """Add a velocity, a digital matrix, to digital weights, and keep a share of the velocity.

    With a `bound` [weight] a weight w moves as a device with soft bounds would, by v - |v| w / bound, and is
    cut to -bound..bound.
    """

    kind: ClassVar[str] = "move"
    velocity: str
    kept: float
    bound: float | None = None

    @property
    def reads(self) -> frozenset[str]:
        """The velocity and the weights."""
        return frozenset({self.matrix, self.velocity})

    @property
    def changes(self) -> frozenset[str]:
        """The weights and the velocity."""
        return frozenset({self.matrix, self.velocity})


@dataclass(frozen=True)
class Fill(Operation):
    """Write values `(rows, columns)` to all words of a digital matrix."""

    kind: ClassVar[str] = "fill"
    values: NDArray[np.float64] = field(repr=False)


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
    """The matrix that holds the weights."""
    digital: ClassVar[frozenset[str]] = frozenset()
    """Those of the matrices that are floating-point numbers: they lie on a digital array, all others on
    crossbars."""

    def declarations(self) -> tuple[Declaration, ...]:
        """What the rule's operations read and change, and how often each comes."""
        raise NotImplementedError

    def operations(self) -> Mapping[str, str]:
        """Kinds of operation that the rule may ask for beside the passes, each with its matrix.

        A read that drives columns is `transfer-read-transposed`; `integrate`, `recall` and `keep` go with
        the matrix whose readings they work on, `accumulate` with the one that it is pulsed on to.
        """
        raise NotImplementedError

    def read_through(self) -> Mapping[str, float]:
        """Matrices that passes read, each with the digital factor on its sums; by default the weights."""
        return {self.weights: 1.0}

    def memory(self) -> tuple[str, ...]:
        """Digital stores that each layer needs beside its matrices, by default a word for each weight."""
        return ()

    def uneven(self) -> frozenset[str]:
        """Kinds of operations of which an image's data decide how long they take; by default none."""
        return frozenset()

    def longest_train(self) -> int | None:
        """Slots that the rule wants the drivers to be able to do; None: whatever they do."""
        return None

    def largest_word(self, layer: LayerShape) -> float | None:
        """Value [weight] that the integrator's own words must be able to hold; None: none in its range."""
        return None

    def start(self, layers: Sequence[LayerShape]) -> Conversation:
        """What is to be done before the first image of a stage."""
        raise NotImplementedError

    def step(self, layers: Sequence[LayerShape], chunk: Chunk) -> Conversation:
        """What is to be done after the passes of a chunk."""
        raise NotImplementedError


def passes(*weights: str) -> tuple[Declaration, ...]:
    """The declarations of the forward and the backward pass, through one matrix or the sum of several."""
    read = frozenset(weights)
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


MEETING = frozenset({"meeting"})
"""What operations that wait for each other have in common."""


def with_time(
    declarations: Iterable[Declaration], ageing: frozenset[str], upkeep: Iterable[Declaration] = (),
    waiting: frozenset[str] = frozenset(),
) -> tuple[Declaration, ...]:  # fmt: skip
    """Declarations on a chip where time changes some stores, and looks after some every so many images.

    A pulse on a device that ages begins at what time has left of it, so whatever changes such a store reads
    it as well; and time goes on with every image. Operations that are `waiting` wait for the slowest of
    several with every image, so that the next image cannot be told from theirs: a sum of maxima is not a
    maximum of sums.
    """
    passing = (Declaration("ageing", frozenset(), ageing),) if ageing else ()
    own = (d._replace(reads=d.reads | (d.changes & ageing)) for d in declarations)
    meeting = (Declaration(kind, MEETING, MEETING) for kind in sorted(waiting))
    return (*own, *passing, *upkeep, *meeting)


def independent(operations: Sequence[Operation]) -> bool:
    """Whether the operations of a group touch nothing that another of them changes."""
    for index, one in enumerate(operations):
        for other in operations[index + 1 :]:
            if one.layer == other.layer and (
                one.changes & (other.reads | other.changes) or other.changes & one.reads
            ):
                return False
    return True
