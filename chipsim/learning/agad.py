"""Analog gradient accumulation with dynamic reference, AGAD (Rasch2024).

As in chopped Tiki-Taka 2, gradients change sign on A with the chopper c of their line. What reaches H is the
reading w of A against a reference of the same cell that is found on the way, so that no symmetry point need
be known:

    H <- H + gain c (w - R),        P <- P + b (w - P),        R <- P when c flips

P is a running mean of readings whose memory is short against a chopper period of N reads,
b = min(1, tail / N) (Rasch2021, class DynamicTransferCompound, option tail_weightening); R is what P was at
the end of the period before, when gradients pulled the other way. Nothing is written to C before the first
reference has been found and each line has been read once against it: N + 1 reads of each line.

P and R are words in the integrator's memory. A reading takes an access for P's words and one for R's, P's new
words another, and R's where they change; each counts and takes time like an access to H. What is multiplied
and added between them is not counted apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from pydantic import Field

from chipsim.learning.choppers import ChoppedRule
from chipsim.learning.rule import Declaration, Keep, LayerShape, Recall
from chipsim.learning.transfer import Asking, Lines, Vectors

RANGE = 4.0
"""Full scale of the words for P and R [weight]: twice what a cell with a nominal bound of 1 may read."""


class Rule(ChoppedRule):
    """Hyper-parameters of analog gradient accumulation with dynamic reference."""

    type: Literal["agad"]
    chop: Literal["random", "regular"] = Field(
        default="regular", description="whether signs flip by chance or with a fixed period"
    )
    tail: float = Field(default=5.0, gt=0, le=1e6, description="weight of a period's last readings")

    def memory(self) -> tuple[str, ...]:
        """H, the running mean P and the reference R."""
        return (*super().memory(), "P", "R")

    def operations(self) -> Mapping[str, str]:
        """P and R go with the readings of A."""
        return {**super().operations(), "recall": "A", "keep": "A"}

    def declarations(self) -> tuple[Declaration, ...]:
        """P and R change with each transfer."""
        remembered = frozenset({"P", "R"})
        declared = {d.operation: d for d in super().declarations()}
        every = self.transfer_every
        recall = declared.pop("recall", Declaration("recall", frozenset(), frozenset(), every))
        keep = declared.pop("keep", Declaration("keep", frozenset(), frozenset(), every))
        return (
            *declared.values(),
            recall._replace(reads=recall.reads | remembered),
            keep._replace(changes=keep.changes | remembered),
        )

    def signals(
        self, layers: Sequence[LayerShape], lines: Sequence[Lines], transfer: int, readings: Vectors
    ) -> Asking:
        """Readings against their reference, with the sign of their chopper; P and R follow."""
        recalled = yield tuple(
            Recall(layer.name, store, chosen, self.read_by, RANGE)
            for store in ("P", "R")
            for layer, chosen in zip(layers, lines, strict=True)
        )
        means, references = recalled[: len(layers)], recalled[len(layers) :]
        share = min(1.0, self.tail / self.chop_period)
        keeps, signals = [], []
        for layer, chosen, reading, mean, old in zip(layers, lines, readings, means, references, strict=True):
            flipped = self.flipped(layer, transfer)[list(chosen)]
            reference = np.where(flipped[:, None], mean, old)
            if np.any(flipped):
                keeps.append(Keep(layer.name, "R", chosen, self.read_by, reference, RANGE))
            followed = mean + share * (reading - mean)
            keeps.append(Keep(layer.name, "P", chosen, self.read_by, followed, RANGE))
            signs = self.signs(layer, transfer)[list(chosen), None]
            signals.append(signs * (reading - reference))
        yield tuple(keeps)
        return signals

    def writes(self, layer: LayerShape, transfer: int) -> bool:
        """Not before each line has been read once against its first reference."""
        return bool(self.has_flipped(layer, transfer).all())
