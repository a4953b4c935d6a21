"""What Tiki-Taka rules have in common: pulses on a fast array A, its readings, and what follows from them.

With input x and error d of every image A takes stochastic pulses, A <- A - rate x d in the mean, about the
symmetry points of its devices. Every `transfer_every` images A is read, all of it or one line. `TransferRule`
ends there. With a `BufferedRule` the reading goes to a digital integrator,

    H <- H + gain A                                               (Gokmen2021, algorithm 1)

and where |H| reaches the threshold T, the array C that holds the weights takes a single pulse in H's
direction, and H loses T (`remainder: keep`) or all that it has, but for a share of `momentum`. No value is
verified after a pulse.

Two settings tie these numbers to the devices (Rasch2024, methods; in the form that Rasch2021 documents for
class ChoppedTransferCompound):

- `scale: auto` keeps the number of A's pulses about the same while gradients shrink. With running means X and
  D of an image's largest input and error, m <- m + (1 - scale_memory) (new - m), A takes pulses for x / X and
  d / D at a rate of `learning_rate` times what a full train can do, L steps of A.
- `threshold_unit: period` makes T = threshold x step of A / images between two reads of the same line: in
  steps of A, the more images there are to a reading, the less of it is needed.

X and D are words in the integrator's memory and are read and written with every image, so that images run one
at a time.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from chipsim.learning.pulsed import PulsedRule
from chipsim.learning.rule import (
    Chunk,
    Clear,
    Conversation,
    Declaration,
    Integrate,
    Keep,
    LayerShape,
    Operation,
    Prepare,
    Read,
    Recall,
    Side,
    Write,
    passes,
)

Vectors = list[NDArray[np.float64]]
Lines = tuple[int, ...]
Asking = Generator[tuple[Operation, ...], tuple[Any, ...], Any]

LARGEST = 1.0
"""Full scale of the words for X and D, means of |x| and |d|: a line at full drive; larger ones are cut."""


class TransferRule(PulsedRule):
    """Hyper-parameters of a rule that pulses A with every image and reads it now and then."""

    transfer_every: int = Field(default=10, ge=1, le=1_000_000, description="images between reads of A")
    read: Literal["all", "line"] = Field(default="all", description="how much of A is read each time")
    read_by: Side = Field(default="row", description="the side whose lines are driven one at a time")
    symmetry_pairs: int = Field(
        default=100, ge=0, le=1_000_000, description="up and down pulses on A before the first image"
    )

    matrices: ClassVar[tuple[str, ...]] = ("A", "C")
    weights: ClassVar[str] = "C"

    def operations(self) -> Mapping[str, str]:
        """What the rule may ask for, with the side that a read drives."""
        read = "transfer-read" if self.read_by == "row" else "transfer-read-transposed"
        return {"prepare": "A", "update": "A", read: "A", "transfer-write": "C"}

    def declarations(self) -> tuple[Declaration, ...]:
        """A changes with every image; every `transfer_every` images it is read and C changes."""
        a, c = frozenset({"A"}), frozenset({"C"})
        return (
            *passes(*self.read_through()),
            Declaration("update", frozenset(), a),
            Declaration("transfer-read", a, frozenset(), self.transfer_every),
            Declaration("transfer-write", frozenset(), c, self.transfer_every),
        )

    def start(self, layers: Sequence[LayerShape]) -> Conversation:
        """A to its symmetry points, what is remembered to zero."""
        yield (
            *(Prepare(layer.name, "A", self.symmetry_pairs) for layer in layers if self.symmetry_pairs),
            *(self._clear(layer, store) for layer in layers for store in self.memory()),
        )

    def _clear(self, layer: LayerShape, store: str) -> Clear:
        return Clear(layer.name, store)

    def transfer(self, chunk: Chunk) -> int | None:
        """Index of the transfer that is due after a chunk, from 0; None where none is."""
        done = chunk.first + chunk.images
        return None if done % self.transfer_every else done // self.transfer_every - 1

    def share_of(self, transfer: int) -> float:
        """The share of the learning rate that holds for a transfer: that of the first image of its period."""
        return self.share(transfer * self.transfer_every)

    def lines(self, layer: LayerShape, transfer: int) -> Lines:
        """Lines of A that a transfer reads: all of them, or one after another in turn."""
        count = layer.lines(self.read_by)
        return tuple(range(count)) if self.read == "all" else (transfer % count,)

    def reads(self, layer: LayerShape, transfer: int) -> NDArray[np.int64]:
        """How often each line has been read before a transfer, `(lines,)`."""
        count = layer.lines(self.read_by)
        if self.read == "all":
            return np.full(count, transfer, dtype=np.int64)
        return (transfer - np.arange(count, dtype=np.int64) + count - 1) // count

    def period(self, layer: LayerShape) -> int:
        """Images between two reads of the same line."""
        return self.transfer_every * (1 if self.read == "all" else layer.lines(self.read_by))

    def read_lines(self, layers: Sequence[LayerShape], lines: Sequence[Lines]) -> Asking:
        """Read lines of A of each layer; the result is their readings, `(lines, other lines)` each."""
        readings = yield tuple(
            Read(layer.name, "A", chosen, self.read_by) for layer, chosen in zip(layers, lines, strict=True)
        )
        return readings


class BufferedRule(TransferRule):
    """Hyper-parameters of a rule that gathers readings of A in H and pulses C from there."""

    learning_rate: float = Field(
        default=0.3, gt=0, le=1e3, description="of A's pulses [weight]; auto scale: in full trains"
    )
    gain: float = Field(default=1.0, gt=0, le=1e6, description="from a reading of A to H")
    threshold: float = Field(default=10.0, gt=0, le=1e6, description="of |H| at which C is pulsed")
    threshold_unit: Literal["weight", "step", "period"] = Field(
        default="weight",
        description="of the threshold: weight, nominal steps of C, or steps of A times images in a period",
    )
    remainder: Literal["keep", "forget"] = Field(default="keep", description="what H does after a crossing")
    momentum: float = Field(default=0.0, ge=0, lt=1, description="share of what H would lose that stays")
    scale: Literal["fixed", "auto"] = Field(
        default="fixed", description="whether A's pulses follow the recent size of inputs and errors"
    )
    scale_memory: float = Field(
        default=0.99, ge=0, lt=1, description="weight of the past in the running means of auto scale"
    )

    def unused(self) -> Mapping[str, str]:
        """The memory of running means that a fixed scale has none of."""
        return {} if self.scale == "auto" else {"scale_memory": "beside 'scale: fixed'"}

    def memory(self) -> tuple[str, ...]:
        """H, and with auto scale the two running means."""
        return ("H", "scale") if self.scale == "auto" else ("H",)

    def operations(self) -> Mapping[str, str]:
        """The readings of A are integrated."""
        scaling = {"recall": "A", "keep": "A"} if self.scale == "auto" else {}
        return {**super().operations(), "integrate": "A", **scaling}

    def declarations(self) -> tuple[Declaration, ...]:
        """H changes with each transfer, and C by what it says; running means with every image."""
        h, scale = frozenset({"H"}), frozenset({"scale"})
        others = (d for d in super().declarations() if d.operation != "transfer-write")
        scaling = (Declaration("recall", scale, frozenset()), Declaration("keep", frozenset(), scale))
        return (
            *others,
            Declaration("integrate", h, h, self.transfer_every),
            Declaration("transfer-write", h, frozenset({"C"}), self.transfer_every),
            *(scaling if self.scale == "auto" else ()),
        )

    def largest_word(self, layer: LayerShape) -> float | None:
        """The threshold: a word that could not reach it would never cross."""
        return self.crossing(layer)

    def crossing(self, layer: LayerShape) -> float:
        """The threshold T of a layer [weight]."""
        if self.threshold_unit == "weight":
            return self.threshold
        if self.threshold_unit == "step":
            return self.threshold * layer.sites["C"].step
        return self.threshold * layer.sites["A"].step / self.period(layer)

    def step(self, layers: Sequence[LayerShape], chunk: Chunk) -> Conversation:
        """Pulses on A for each image; at the end of a transfer period A to H, and H to C."""
        x, error = list(chunk.x), list(chunk.error)
        rates = [self.learning_rate] * len(layers)
        if self.scale == "auto":
            x, error, rates = yield from self._scaled(layers, x, error)
        begun = chunk.first // self.transfer_every
        driven = x if self.read_by == "row" else error
        for index, layer in enumerate(layers):
            driven[index] = driven[index] * self.signs(layer, begun)
        yield self.updates(layers, "A", x, error, rates, chunk.first)
        transfer = self.transfer(chunk)
        if transfer is not None:
            yield from self._transfer(layers, transfer, self.gain * self.share_of(transfer))

    def signs(self, layer: LayerShape, transfer: int) -> NDArray[np.float64]:
        """The sign with which each line's gradient is pulsed on to A before a transfer, `(lines,)`."""
        return np.ones(layer.lines(self.read_by))

    def signals(
        self, layers: Sequence[LayerShape], lines: Sequence[Lines], transfer: int, readings: Vectors
    ) -> Asking:
        """What of the readings is added to H, `(lines, other lines)` for each layer."""
        yield from ()
        return [
            reading * self.signs(layer, transfer)[list(chosen), None]
            for layer, chosen, reading in zip(layers, lines, readings, strict=True)
        ]

    def writes(self, layer: LayerShape, transfer: int) -> bool:
        """Whether crossings of H at a transfer are written to C."""
        return True

    def _transfer(self, layers: Sequence[LayerShape], transfer: int, gain: float) -> Conversation:
        lines = [self.lines(layer, transfer) for layer in layers]
        readings = yield from self.read_lines(layers, lines)
        signals = yield from self.signals(layers, lines, transfer, readings)
        crossings = yield tuple(
            Integrate(
                layer.name, "H", chosen, self.read_by, gain * signal, self.crossing(layer),
                self.remainder == "keep", self.momentum,
            )
            for layer, chosen, signal in zip(layers, lines, signals, strict=True)
        )  # fmt: skip
        writes = tuple(
            Write(layer.name, "C", chosen, self.read_by, pulses)
            for layer, chosen, pulses in zip(layers, lines, crossings, strict=True)
            if np.any(pulses) and self.writes(layer, transfer)
        )
        if writes:
            yield writes

    def _clear(self, layer: LayerShape, store: str) -> Clear:
        return Clear(layer.name, store, (1, 2) if store == "scale" else None)

    def _scaled(self, layers: Sequence[LayerShape], x: Vectors, error: Vectors) -> Asking:
        """Inputs and errors of one image in units of their running means, and the rates that go with them."""
        recalled = yield tuple(Recall(layer.name, "scale", (0,), "row", LARGEST) for layer in layers)
        means = [
            self._followed(words, np.array([[np.abs(a).max(), np.abs(d).max()]]))
            for words, a, d in zip(recalled, x, error, strict=True)
        ]
        yield tuple(
            Keep(layer.name, "scale", (0,), "row", words, LARGEST)
            for layer, words in zip(layers, means, strict=True)
        )
        sizes = [np.where(words[0] > 0.0, words[0], 1.0) for words in means]
        rates = [self.learning_rate * self._train(layer) * layer.sites["A"].step for layer in layers]
        scaled = [
            [values / size[side] for values, size in zip(vectors, sizes, strict=True)]
            for side, vectors in enumerate((x, error))
        ]
        return *scaled, rates

    def _train(self, layer: LayerShape) -> int:
        slots = layer.sites["A"].slots
        return slots if self.bit_length is None else min(self.bit_length, slots)

    def _followed(self, mean: NDArray[np.float64], new: NDArray[np.float64]) -> NDArray[np.float64]:
        """Running means after a new value; the first one is taken as it is, and zeros are passed over."""
        moved = np.where(mean > 0.0, mean + (1.0 - self.scale_memory) * (new - mean), new)
        return np.where(new > 0.0, moved, mean)
