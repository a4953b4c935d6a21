"""Figure 10B: three layers on MNIST, two pairs of rows swapped."""

from __future__ import annotations

from chipsim.experiments.reproductions import swapped
from chipsim.experiments.reproductions.figure import study
from chipsim.experiments.reproductions.swapped import Published

PUBLISHED = (Published(None, (12.32,), "12.32 %"), Published(10.0, (8.82,), "8.82 %"))
"""Test error at the end [%], Athena2024, section 4 and the caption of figure 10."""

FIGURE = swapped.figure("fig10b", 2, PUBLISHED)
STUDY = study(FIGURE)
