"""Figure 9: fine-tuning on Task 2 after pre-training on the array, against scratch, N = 3."""

from __future__ import annotations

from chipsim.experiments.reproductions.converging import Panel, at_accuracy, faster, figure, peak
from chipsim.experiments.reproductions.curves import ANALOG, SCRATCH
from chipsim.experiments.reproductions.figure import study

PAPER = "about 3.5 times sooner"
CEILING = 0.97
"""Accuracy that a projection must allow for to be like the paper's, on which fine-tuning peaked at 98 %."""

FIGURE = figure(
    "fig9",
    "Fine-tuning after pre-training on the array, against scratch (Athena2024, figure 9)",
    (
        Panel(
            "Task 2, N = 3",
            SCRATCH,
            (ANALOG,),
            (faster(ANALOG, PAPER), at_accuracy(ANALOG, 0.94, CEILING, PAPER), peak(ANALOG, "98 %")),
        ),
    ),
)
STUDY = study(FIGURE)
