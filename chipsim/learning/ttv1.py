"""Tiki-Taka, version 1 (Gokmen2020): a fast array A whose readings are pulsed on to C.

With input x and error d of every image, A <- A - rate x d in the mean, about the symmetry points of its
devices. Every `transfer_every` images A is read, all of it or one line u, and the reading is the error of an
update of the array C that holds the weights: C <- C + transfer_rate u (A u) in the mean, by stochastic trains
like A's own. Passes read C + gamma A: C alone, or both one after another, added by the digital unit.

By default A takes the pulses that it takes with Tiki-Taka 2's defaults, and C moves as far in the mean: its
step of about 0.1 for every 10 that are read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from chipsim.learning.rule import Chunk, Conversation, LayerShape, Transfer
from chipsim.learning.transfer import TransferRule


class Rule(TransferRule):
    """Hyper-parameters of Tiki-Taka version 1."""

    type: Literal["ttv1"]
    learning_rate: float = Field(default=0.3, gt=0, le=1e3, description="of A's pulses [weight]")
    transfer_rate: float = Field(default=0.01, gt=0, le=1e3, description="from a reading of A to C")
    gamma: float = Field(default=0.0, ge=0, le=1e3, description="share of A in what passes read")

    def read_through(self) -> Mapping[str, float]:
        """C, and with a gamma A too."""
        return {"C": 1.0, "A": self.gamma} if self.gamma else {"C": 1.0}

    def step(self, layers: Sequence[LayerShape], chunk: Chunk) -> Conversation:
        """Pulses on A for each image; at the end of a transfer period from A to C."""
        rates = [self.learning_rate] * len(layers)
        yield self.updates(layers, "A", chunk.x, chunk.error, rates, chunk.first)
        transfer = self.transfer(chunk)
        if transfer is None:
            return
        lines = [self.lines(layer, transfer) for layer in layers]
        readings = yield from self.read_lines(layers, lines)
        rate = self.transfer_rate * self.share_of(transfer)
        yield tuple(
            self._moved(layer, chosen, reading, rate, transfer)
            for layer, chosen, reading in zip(layers, lines, readings, strict=True)
        )

    def _moved(
        self,
        layer: LayerShape,
        chosen: tuple[int, ...],
        reading: NDArray[np.float64],
        rate: float,
        transfer: int,
    ) -> Transfer:
        driven = np.zeros((len(chosen), layer.lines(self.read_by)))
        driven[np.arange(len(chosen)), list(chosen)] = 1.0
        x, error = (driven, -reading) if self.read_by == "row" else (-reading, driven)
        first = transfer * len(chosen)
        return Transfer(layer.name, "C", x, error, rate, self.bit_length, first, self.management)
