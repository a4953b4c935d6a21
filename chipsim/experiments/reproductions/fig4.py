"""Figure 4: hardware-aware pre-training, programmed onto the array and fine-tuned, against scratch."""

from __future__ import annotations

from collections.abc import Callable

from chipsim.experiments.reproductions.converging import Panel, behind, faster, figure
from chipsim.experiments.reproductions.curves import AWARE, CLIPPED, NOISY, SCRATCH, Curve, same_task
from chipsim.experiments.reproductions.figure import study

PAPER = "about 3 times faster"


def _panel(title: str, of: Callable[[Curve], Curve]) -> Panel:
    scratch, aware, noisy, clipped = map(of, (SCRATCH, AWARE, NOISY, CLIPPED))
    claims = (faster(aware, PAPER), faster(noisy, PAPER), behind(clipped, aware, "behind (figure 3)"))
    return Panel(title, scratch, (aware, noisy, clipped), claims)


FIGURE = figure(
    "fig4",
    "Hardware-aware pre-training against scratch (Athena2024, figure 4)",
    (_panel("same task", same_task), _panel("Task 2, N = 3", lambda curve: curve)),
)
STUDY = study(FIGURE)
