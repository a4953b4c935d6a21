"""Mixed-precision training (Nandakumar2020): gradients gather in digital words, written in whole steps.

With input x and error d of every image a digital word of each weight gathers the change that is wanted,
X <- X - rate x d. Every `transfer_every` images it is compared with the step e of the devices that hold the
weights: n = trunc(X / e) pulses are fired, at most as many as a train has slots, X <- X - n e, and no device
is read to see what they did. The outer product is digital: a multiplication for each weight and image.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from chipsim.learning.pulsed import PulsedRule
from chipsim.learning.rule import (
    Accumulate,
    Chunk,
    Clear,
    Conversation,
    Declaration,
    Integrate,
    LayerShape,
    Write,
    passes,
)

SPAN = 8.0
"""Full scale of a word of X, in steps of the devices: it holds less than one step after each transfer."""


class Rule(PulsedRule):
    """Hyper-parameters of mixed-precision training."""

    type: Literal["mixed-precision"]
    learning_rate: float = Field(default=0.1, gt=0, le=1e3, description="of the gathered change [weight]")
    transfer_every: int = Field(default=1, ge=1, le=1_000_000, description="images between writes")

    matrices: ClassVar[tuple[str, ...]] = ("W",)
    weights: ClassVar[str] = "W"

    def memory(self) -> tuple[str, ...]:
        """The gathered changes."""
        return ("chi",)

    def declarations(self) -> tuple[Declaration, ...]:
        """What is gathered changes with every image, the weights with every transfer."""
        chi, every = frozenset({"chi"}), self.transfer_every
        return (
            *passes(self.weights),
            Declaration("accumulate", frozenset(), chi),
            Declaration("integrate", chi, chi, every),
            Declaration("transfer-write", chi, frozenset({"W"}), every),
        )

    def operations(self) -> Mapping[str, str]:
        """Digital products, their comparison, and writes."""
        return {"accumulate": "W", "integrate": "W", "transfer-write": "W"}

    def start(self, layers: Sequence[LayerShape]) -> Conversation:
        """Nothing has been gathered."""
        yield tuple(Clear(layer.name, "chi") for layer in layers)

    def step(self, layers: Sequence[LayerShape], chunk: Chunk) -> Conversation:
        """Products of each image; at the end of a transfer period whole steps to the weights."""
        yield tuple(
            Accumulate(
                layer.name, "chi", x, self.scheduled(chunk, error), self.learning_rate, chunk.first,
                SPAN * layer.sites["W"].step,
            )
            for layer, x, error in zip(layers, chunk.x, chunk.error, strict=True)
        )  # fmt: skip
        if (chunk.first + chunk.images) % self.transfer_every:
            return
        counts = yield tuple(self._compared(layer) for layer in layers)
        writes = tuple(
            Write(layer.name, "W", tuple(range(layer.rows)), "row", pulses)
            for layer, pulses in zip(layers, counts, strict=True)
            if np.any(pulses)
        )
        if writes:
            yield writes

    def _compared(self, layer: LayerShape) -> Integrate:
        site = layer.sites["W"]
        most = site.slots if self.bit_length is None else min(self.bit_length, site.slots)
        nothing = np.zeros((layer.rows, layer.columns))
        return Integrate(
            layer.name, "chi", tuple(range(layer.rows)), "row", nothing, site.step, True, 0.0, most,
            SPAN * site.step,
        )  # fmt: skip
