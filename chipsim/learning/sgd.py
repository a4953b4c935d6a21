"""Plain stochastic-pulse gradient descent on the array that holds the weights (GokmenVlasov2016).

With input x and error d of every image the weights take stochastic pulses, W <- W - rate x d in the mean.
There is no second array and nothing is transferred; what the devices' asymmetry does to the weights is
not corrected. Since every image changes what the next one reads, images run one at a time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

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
    """Hyper-parameters of stochastic-pulse gradient descent."""

    type: Literal["sgd"]
    learning_rate: float = Field(default=0.1, gt=0, le=1e3, description="of the pulses [weight]")
    bit_length: int | None = Field(
        default=None, ge=1, le=64, description="slots of a train (default: all that the drivers can do)"
    )

    matrices: ClassVar[tuple[str, ...]] = ("W",)
    weights: ClassVar[str] = "W"

    def declarations(self) -> tuple[Declaration, ...]:
        """The weights change with every image."""
        return (*passes(self.weights), Declaration("update", frozenset(), frozenset({"W"})))

    def operations(self) -> Mapping[str, str]:
        """Updates alone."""
        return {"update": "W"}

    def longest_train(self) -> int | None:
        """The bit length that the file asks for."""
        return self.bit_length

    def start(self, layers: Sequence[LayerShape]) -> Conversation:
        """Nothing is to be done before the first image."""
        yield from ()

    def step(self, layers: Sequence[LayerShape], chunk: Chunk) -> Conversation:
        """Pulses on the weights of every layer."""
        yield tuple(
            Update(layer.name, "W", x, error, self.learning_rate, self.bit_length, chunk.first)
            for layer, x, error in zip(layers, chunk.x, chunk.error, strict=True)
        )
