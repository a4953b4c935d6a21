"""Stochastic-pulse gradient descent that leaves small errors alone, to save pulses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from chipsim.learning.rule import (
    Chunk,
    Conversation,
    Declaration,
    LayerShape,
    LearningRule,
    Update,
    passes,
)


class Rule(LearningRule):
    """Hyper-parameters, and the one matrix that each layer needs."""

    type: Literal["thrifty-sgd"]
    learning_rate: float = Field(default=0.1, gt=0, le=1e3, description="of the pulses [weight]")
    margin: float = Field(default=0.05, ge=0, le=1, description="errors below it make no pulse")

    matrices: ClassVar[tuple[str, ...]] = ("W",)
    weights: ClassVar[str] = "W"

    def declarations(self) -> tuple[Declaration, ...]:
        """Every image reads W in its passes and may change it: images go one at a time."""
        return (*passes("W"), Declaration("update", reads=frozenset(), changes=frozenset({"W"})))

    def operations(self) -> Mapping[str, str]:
        """What needs a way through the chip, beside the passes."""
        return {"update": "W"}

    def start(self, layers: Sequence[LayerShape]) -> Conversation:
        """Nothing is to be done before the first image."""
        yield from ()

    def step(self, layers: Sequence[LayerShape], chunk: Chunk) -> Conversation:
        """One group of operations, which do not depend on each other: an update of each layer."""
        yield tuple(
            Update(
                layer.name,
                "W",
                x,
                np.where(np.abs(error) < self.margin, 0.0, error),
                rate=self.learning_rate,
                bit_length=None,
                first=chunk.first,
            )
            for layer, x, error in zip(layers, chunk.x, chunk.error, strict=True)
        )
