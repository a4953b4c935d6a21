"""Figure 3: floating-point pre-training, programmed onto the array and fine-tuned, against scratch."""

from __future__ import annotations

from chipsim.experiments.reproductions.converging import Panel, figure, no_faster
from chipsim.experiments.reproductions.curves import CLIPPED, SCALED, SCRATCH, same_task
from chipsim.experiments.reproductions.figure import study

PAPER = "no benefit"
_SAME = tuple(map(same_task, (CLIPPED, SCALED)))

FIGURE = figure(
    "fig3",
    "Floating-point pre-training against scratch (Athena2024, figure 3)",
    (
        Panel("same task", same_task(SCRATCH), _SAME, tuple(no_faster(curve, PAPER) for curve in _SAME)),
        Panel(
            "Task 2, N = 3",
            SCRATCH,
            (CLIPPED, SCALED),
            tuple(no_faster(curve, PAPER) for curve in (CLIPPED, SCALED)),
        ),
    ),
)
STUDY = study(FIGURE)
