"""Plain stochastic-pulse gradient descent on the array that holds the weights (GokmenVlasov2016, eq. 1).

With input x and error d of every image the weights take stochastic pulses, W <- W - rate x d in the mean.
There is no second array and nothing is transferred; what the devices' asymmetry does to the weights is
not corrected. Since every image changes what the next one reads, images run one at a time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

from pydantic import Field

from chipsim.learning.pulsed import PulsedRule
from chipsim.learning.rule import Chunk, Conversation, Declaration, LayerShape, passes


class Rule(PulsedRule):
    """Hyper-parameters of stochastic-pulse gradient descent."""

    type: Literal["sgd"]
    learning_rate: float = Field(default=0.1, gt=0, le=1e3, description="of the pulses [weight]")

    matrices: ClassVar[tuple[str, ...]] = ("W",)
    weights: ClassVar[str] = "W"

    def declarations(self) -> tuple[Declaration, ...]:
        """The weights change with every image."""
        return (*passes(self.weights), Declaration("update", frozenset(), frozenset({"W"})))

    def operations(self) -> Mapping[str, str]:
        """Updates alone."""
        return {"update": "W"}

    def start(self, layers: Sequence[LayerShape]) -> Conversation:
        """Nothing is to be done before the first image."""
        yield from ()

    def step(self, layers: Sequence[LayerShape], chunk: Chunk) -> Conversation:
        """Pulses on the weights of every layer."""
        error = [self.scheduled(chunk, values) for values in chunk.error]
        yield self.updates(layers, "W", chunk.x, error, [self.learning_rate] * len(layers), chunk.first)
