"""Floating-point mini-batch gradient descent with momentum: the reference that analog training is held to.

Two matrices for each layer on a digital array: the weights D and their velocity V. With input x and error d
of every image V <- V - (rate / batch) x d; after `batch` images D <- D + V and V <- momentum V. So a step is

    V <- momentum V - rate g,   D <- D + V

with g the mean of the gradients over the mini-batch: the heavy ball of Polyak1964, with the rate inside the
velocity; momentum 0 is plain gradient descent. `start: random` draws D uniformly within +-1 / sqrt(inputs)
(Glorot2010, equation 1). Images after the last whole mini-batch of a stage do not reach D.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

from pydantic import Field

from chipsim.learning.rule import (
    Chunk,
    Clear,
    Conversation,
    Declaration,
    LayerShape,
    LearningRule,
    Move,
    Update,
    passes,
)
from chipsim.learning.schedule import CosineDecay, Schedule, StepDecay

__all__ = ["CosineDecay", "Rule", "StepDecay"]


class Rule(LearningRule):
    """Hyper-parameters of floating-point gradient descent."""

    type: Literal["digital"]
    learning_rate: float = Field(default=0.1, gt=0, le=1e3, description="of a mini-batch's mean gradient")
    batch: int = Field(default=1, ge=1, le=1_000_000, description="images of a mini-batch")
    momentum: float = Field(default=0.0, ge=0, lt=1, description="share of the velocity that is kept")
    schedule: Schedule = Field(default=None, description="how the rate falls (default: it does not)")

    matrices: ClassVar[tuple[str, ...]] = ("D", "V")
    weights: ClassVar[str] = "D"
    digital: ClassVar[frozenset[str]] = frozenset({"D", "V"})

    def declarations(self) -> tuple[Declaration, ...]:
        """V changes with every image; D moves, and V with it, every `batch` images."""
        both, velocity = frozenset({"D", "V"}), frozenset({"V"})
        return (
            *passes(self.weights),
            Declaration("update", frozenset(), velocity),
            Declaration("move", both, both, self.batch),
        )

    def operations(self) -> Mapping[str, str]:
        """What the rule may ask for beside the passes."""
        return {"prepare": "V", "update": "V", "move": "D"}

    def start(self, layers: Sequence[LayerShape]) -> Conversation:
        """V to zero."""
        yield tuple(Clear(layer.name, "V") for layer in layers)

    def step(self, layers: Sequence[LayerShape], chunk: Chunk) -> Conversation:
        """Gradients into V; at the end of a mini-batch V into D."""
        rate = self.rate(chunk.first) / self.batch
        yield tuple(
            Update(layer.name, "V", x, error, rate, None, chunk.first)
            for layer, x, error in zip(layers, chunk.x, chunk.error, strict=True)
        )
        if (chunk.first + chunk.images) % self.batch == 0:
            yield tuple(self.move(layer) for layer in layers)

    def move(self, layer: LayerShape) -> Move:
        """V into D, and what is kept of it."""
        return Move(layer.name, "D", "V", self.momentum)

    def rate(self, image: int) -> float:
        """The learning rate of the mini-batch that an image belongs to."""
        begun = image - image % self.batch
        return self.learning_rate * (self.schedule.share(begun) if self.schedule else 1.0)
