"""Tiki-Taka version 2 (Gokmen2021, algorithm 1), in the open-loop form of Athena2024.

Three stores for each layer: a fast array A, a digital integrator H, a slow array C that holds the
weights. With input x and error d of every image, A takes stochastic pulses, A <- A - rate x d in the
mean, about the symmetry points of its devices. Every `transfer_every` images A is read, all of it or
one line, and H <- H + gain A. Where |H| reaches the threshold, C takes a single pulse in H's
direction, and H keeps the remainder (or starts again). No value is verified after a pulse.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from chipsim.learning.rule import (
    Chunk,
    Clear,
    Conversation,
    Declaration,
    Integrate,
    LayerShape,
    LearningRule,
    Prepare,
    Read,
    Side,
    Update,
    Write,
    passes,
)


class Rule(LearningRule):
    """Hyper-parameters of Tiki-Taka version 2."""

    type: Literal["ttv2"]
    learning_rate: float = Field(default=0.3, gt=0, le=1e3, description="of A's pulses [weight]")
    bit_length: int | None = Field(
        default=None, ge=1, le=64, description="slots of a train (default: all that the drivers can do)"
    )
    transfer_every: int = Field(default=10, ge=1, le=1_000_000, description="images between reads of A")
    read: Literal["all", "line"] = Field(default="all", description="how much of A is read each time")
    read_by: Side = Field(default="row", description="the side whose lines are driven one at a time")
    gain: float = Field(default=1.0, gt=0, le=1e6, description="from a reading of A to H")
    threshold: float = Field(default=10.0, gt=0, le=1e6, description="of |H| at which C is pulsed [weight]")
    remainder: Literal["keep", "forget"] = Field(default="keep", description="what H does after a crossing")
    symmetry_pairs: int = Field(
        default=100, ge=0, le=1_000_000, description="up and down pulses on A before the first image"
    )

    matrices: ClassVar[tuple[str, ...]] = ("A", "C")
    weights: ClassVar[str] = "C"
    integrates: ClassVar[bool] = True

    def declarations(self) -> tuple[Declaration, ...]:
        """A changes with every image; A is read, H and C change, every `transfer_every` images."""
        a, c, h = frozenset({"A"}), frozenset({"C"}), frozenset({"H"})
        every = self.transfer_every
        return (
            *passes(self.weights),
            Declaration("update", frozenset(), a),
            Declaration("transfer-read", a, frozenset(), every),
            Declaration("integrate", h, h, every),
            Declaration("transfer-write", h, c, every),
        )

    def operations(self) -> Mapping[str, str]:
        """What the rule may ask for, with the side that a read drives."""
        read = "transfer-read" if self.read_by == "row" else "transfer-read-transposed"
        return {"prepare": "A", "update": "A", read: "A", "integrate": "A", "transfer-write": "C"}

    def longest_train(self) -> int | None:
        """The bit length that the file asks for."""
        return self.bit_length

    def largest_word(self) -> float | None:
        """The threshold: a word that could not reach it would never cross."""
        return self.threshold

    def start(self, layers: Sequence[LayerShape]) -> Conversation:
        """A to its symmetry points, H to zero."""
        yield (
            *(Prepare(layer.name, "A", self.symmetry_pairs) for layer in layers if self.symmetry_pairs),
            *(Clear(layer.name, "H") for layer in layers),
        )

    def step(self, layers: Sequence[LayerShape], chunk: Chunk) -> Conversation:
        """Pulses on A for each image; at the end of a transfer period A to H, and H to C."""
        yield tuple(
            Update(layer.name, "A", x, error, self.learning_rate, self.bit_length, chunk.first)
            for layer, x, error in zip(layers, chunk.x, chunk.error, strict=True)
        )
        done = chunk.first + chunk.images
        if done % self.transfer_every:
            return
        lines = [self._lines(layer, done // self.transfer_every - 1) for layer in layers]
        readings = yield tuple(
            Read(layer.name, "A", chosen, self.read_by) for layer, chosen in zip(layers, lines, strict=True)
        )
        crossings = yield tuple(
            Integrate(
                layer.name, "H", chosen, self.read_by, self.gain * reading, self.threshold,
                self.remainder == "keep",
            )
            for layer, chosen, reading in zip(layers, lines, readings, strict=True)
        )  # fmt: skip
        writes = tuple(
            Write(layer.name, "C", chosen, self.read_by, signs)
            for layer, chosen, signs in zip(layers, lines, crossings, strict=True)
            if np.any(signs)
        )
        if writes:
            yield writes

    def _lines(self, layer: LayerShape, transfer: int) -> tuple[int, ...]:
        count = layer.lines(self.read_by)
        return tuple(range(count)) if self.read == "all" else (transfer % count,)
