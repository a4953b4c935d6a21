"""Hardware-aware digital training: floating-point gradient descent that knows what the devices will do.

The weights D and their velocity V lie on a digital array as with the rule `digital`, and V gathers the mean
gradient of a mini-batch in the same way. What differs is what the devices contribute:

`response: soft-bounds`   V moves D as pulses would move a device with soft bounds b and -b (the form of
                          Fusi2007, in the mean and without a device's own deviations; `devices.soft_bounds`):

                              D <- D + V - abs(V) D / b,   cut to -b..b

                          so that steps towards a bound shrink, and no weight leaves what a device can hold.
                          `linear` moves D by V, as `digital` does.
`noise`                   passes read D + N with N normal of deviation noise x R, drawn anew after every
                          mini-batch (R = 2, from -1 to 1, as in `learning.programming`): the error that
                          programming will make is there while the weights are learnt (Joshi2020). Before the
                          end of the first mini-batch N is zero; evaluations see the noise of the moment.

Athena2024 pre-trains with the soft-bounds device model in the training loop and names injected noise as an
alternative. What it does not give, and what is assumed here: that the response is that of a nominal device
(b = 1, the unit of weight), and that updates are whole mini-batches and not single pulses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from chipsim.circuits.noise import disturbed
from chipsim.inputs.units import Share
from chipsim.learning import digital
from chipsim.learning.programming import WEIGHT_RANGE
from chipsim.learning.rule import (
    Chunk,
    Clear,
    Conversation,
    Declaration,
    Fill,
    LayerShape,
    Move,
    passes,
)

__all__ = ["Rule"]


class Rule(digital.Rule):
    """Hyper-parameters of hardware-aware training."""

    type: Literal["hardware-aware"]  # type: ignore[assignment]
    response: Literal["soft-bounds", "linear"] = Field(
        default="soft-bounds",
        description="how a step moves a weight: as pulses would, or by itself",
    )
    bound: float = Field(default=1.0, gt=0, le=100, description="soft bound of the response [weight]")
    noise: Share = Field(default=0.0, description="deviation of the weights in passes, of their range")

    matrices: ClassVar[tuple[str, ...]] = ("D", "V", "N")
    digital: ClassVar[frozenset[str]] = frozenset(matrices)

    def unused(self) -> Mapping[str, str]:
        """The bound that a linear response has none of."""
        return {"bound": "beside 'response: linear'"} if self.response == "linear" else {}

    def read_through(self) -> Mapping[str, float]:
        """The weights, and their noise where there is any."""
        return {"D": 1.0, "N": 1.0} if self.noise else {"D": 1.0}

    def declarations(self) -> tuple[Declaration, ...]:
        """As without devices; the noise is drawn anew after every mini-batch."""
        others = (d for d in super().declarations() if d.operation not in ("forward", "backward"))
        drawn = (Declaration("fill", frozenset(), frozenset({"N"}), self.batch),) if self.noise else ()
        return (*passes(*self.read_through()), *others, *drawn)

    def operations(self) -> Mapping[str, str]:
        """What the rule may ask for beside the passes."""
        return {**super().operations(), **({"fill": "N"} if self.noise else {})}

    def start(self, layers: Sequence[LayerShape]) -> Conversation:
        """V and N to zero."""
        yield tuple(Clear(layer.name, store) for layer in layers for store in ("V", "N"))

    def step(self, layers: Sequence[LayerShape], chunk: Chunk) -> Conversation:
        """Gradients into V; at the end of a mini-batch V into D, and new noise."""
        yield from super().step(layers, chunk)
        done = chunk.first + chunk.images
        if self.noise and done % self.batch == 0:
            yield tuple(Fill(layer.name, "N", self._noise(layer, done)) for layer in layers)

    def move(self, layer: LayerShape) -> Move:
        """V into D by the response of the devices."""
        bound = self.bound if self.response == "soft-bounds" else None
        return Move(layer.name, "D", "V", self.momentum, bound)

    def _noise(self, layer: LayerShape, done: int) -> NDArray[np.float64]:
        """Noise `(rows, columns)` [weight] of the weights after so many images."""
        rows = layer.rows
        draws = done // self.batch * rows + np.arange(rows)
        deviations = np.full(rows, self.noise * WEIGHT_RANGE)
        return disturbed(np.zeros((rows, layer.columns)), deviations, np.uint64(layer.key), draws, 0)
