"""Chopped Tiki-Taka version 2 (Rasch2024): Tiki-Taka 2 whose gradients change sign on A now and then.

With a chopper c of each line (`learning/choppers.py`), A <- A - rate c x d in the mean and H <- H + gain c A;
all else is Tiki-Taka 2. An error of A's reference then enters H with alternating signs and largely cancels.
Choppers flip at random with a probability of 0.1 by default, as documented with Rasch2021 for class
ChoppedTransferCompound; the other defaults are Tiki-Taka 2's.
"""

from __future__ import annotations

from typing import Literal

from chipsim.learning.choppers import ChoppedRule


class Rule(ChoppedRule):
    """Hyper-parameters of chopped Tiki-Taka version 2."""

    type: Literal["c-ttv2"]
