"""Choppers (Rasch2024): signs that a Tiki-Taka rule's gradients are written to A with, and read again.

Each driven line of A has a sign. What is pulsed on to the line's cells and what is read from them is
multiplied by it, so that the gradient arrives at H with its own sign, while whatever else is in A (an error
of the reference, say) arrives with alternating ones. After a read of its line the sign flips with a
probability, or after every so many of them. Signs are a function of the layer's stream and of how often a
line has been read; nothing has to be remembered.
"""

from __future__ import annotations

import functools
from math import ceil
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from chipsim.learning.rule import LayerShape
from chipsim.learning.transfer import BufferedRule
from chipsim.numerics.draws import uniform
from chipsim.numerics.kernel import kernel

BLOCK = 1024
"""Reads of a line whose signs are drawn together."""


class ChoppedRule(BufferedRule):
    """Hyper-parameters of a buffered rule with choppers."""

    chop: Literal["random", "regular"] = Field(
        default="random", description="whether signs flip by chance or with a fixed period"
    )
    chop_probability: float = Field(
        default=0.1, ge=0, le=1, description="of a flip after each read; regular: one over the period"
    )

    @property
    def chop_period(self) -> int:
        """Reads of a line between two flips, where they are regular."""
        return max(2, ceil(1.0 / self.chop_probability)) if self.chop_probability else 2**62

    def signs(self, layer: LayerShape, transfer: int) -> NDArray[np.float64]:
        """The chopper of each line before a transfer, `(lines,)`."""
        reads = self.reads(layer, transfer)
        if self.chop == "regular":
            return np.where(reads // self.chop_period % 2 == 0, 1.0, -1.0)
        return random_signs(layer.key, self.chop_probability, reads)

    def has_flipped(self, layer: LayerShape, transfer: int) -> NDArray[np.bool_]:
        """Whether each line's chopper has flipped before its present read, `(lines,)`."""
        reads = self.reads(layer, transfer)
        if self.chop == "regular":
            return reads > self.chop_period
        return random_flips(layer.key, self.chop_probability, reads)

    def flipped(self, layer: LayerShape, transfer: int) -> NDArray[np.bool_]:
        """Whether each line's chopper flipped after its last read, `(lines,)`."""
        reads = self.reads(layer, transfer)
        if self.chop == "regular":
            flipped: NDArray[np.bool_] = (reads > 0) & (reads % self.chop_period == 0)
            return flipped
        before = random_signs(layer.key, self.chop_probability, np.maximum(reads - 1, 0))
        return before * random_signs(layer.key, self.chop_probability, reads) < 0.0


def random_signs(key: int, probability: float, reads: NDArray[np.int64]) -> NDArray[np.float64]:
    """Signs of lines that have been read so often and may have flipped after each read, `(lines,)`."""
    signs = np.empty(reads.size)
    blocks = reads // BLOCK
    for block in np.unique(blocks):
        chosen = np.flatnonzero(blocks == block)
        signs[chosen] = _block(key, probability, reads.size, int(block))[chosen, reads[chosen] % BLOCK]
    return signs


def random_flips(key: int, probability: float, reads: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether lines that have been read so often had flipped before their last read, `(lines,)`."""
    ever = np.zeros(reads.size, dtype=np.bool_)
    for block in range(int(reads.max(initial=0)) // BLOCK + 1):
        before = np.arange(block * BLOCK, (block + 1) * BLOCK)[None] < reads[:, None]
        ever |= ((_block(key, probability, reads.size, block)[:, :BLOCK] < 0) & before).any(axis=1)
        if ever.all():
            break
    return ever


@functools.lru_cache(maxsize=256)
def _block(key: int, probability: float, lines: int, block: int) -> NDArray[np.int8]:
    """Signs `(lines, BLOCK + 1)` before each read of a block, and after the last."""
    begin = _block(key, probability, lines, block - 1)[:, -1] if block else np.ones(lines, dtype=np.int8)
    signs = np.empty((lines, BLOCK + 1), dtype=np.int8)
    signs[:, 0] = begin
    _flip(signs, np.uint64(key), probability, block * BLOCK)
    return signs


@kernel
def _flip(signs: Any, key: Any, probability: Any, first: Any) -> None:
    for line in range(signs.shape[0]):
        for read in range(signs.shape[1] - 1):
            flips = uniform(key, line, first + read) < probability
            signs[line, read + 1] = -signs[line, read] if flips else signs[line, read]
