"""Figure 10A: three layers on MNIST, one pair of rows swapped."""

from __future__ import annotations

from chipsim.experiments.reproductions import swapped
from chipsim.experiments.reproductions.figure import study
from chipsim.experiments.reproductions.swapped import Published

PUBLISHED = (
    Published(None, (13.57, 12.3), "13.57 % (text), 12.3 % (caption)"),
    Published(2.5, (4.5,), "4.5 %"),
    Published(10.0, (10.61,), "10.61 %"),
)
"""Test error at the end [%], Athena2024, section 4 and the caption of figure 10."""

FIGURE = swapped.figure("fig10a", 1, PUBLISHED)
STUDY = study(FIGURE)
