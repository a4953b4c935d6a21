"""Tiki-Taka version 2 (Gokmen2021, algorithm 1), in the open-loop form of Athena2024.

Three stores for each layer: a fast array A, a digital integrator H, a slow array C that holds the
weights; what happens between them stands at `learning/transfer.py`.
"""

from __future__ import annotations

from typing import Literal

from chipsim.learning.transfer import BufferedRule


class Rule(BufferedRule):
    """Hyper-parameters of Tiki-Taka version 2."""

    type: Literal["ttv2"]
