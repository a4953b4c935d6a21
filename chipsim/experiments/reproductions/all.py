"""The figures of Athena2024 together: their curves are run once, whatever shows them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from chipsim.experiments.ensemble import Done
from chipsim.experiments.reproductions import curves, fig3, fig4, fig7, fig8, fig9, figure
from chipsim.experiments.reproductions.curves import Curve
from chipsim.experiments.reproductions.figure import Report, written
from chipsim.experiments.reproductions.study import Given, Simulation, nothing_done, write

FIGURES = tuple(module.FIGURE for module in (fig3, fig4, fig7, fig8, fig9))


@dataclass(frozen=True)
class Reports:
    """What came of all figures."""

    reports: tuple[Report, ...]

    def text(self) -> str:
        """Paper against chipsim for each figure."""
        return "\n\n".join(f"{report.heading}\n\n{written(report.tables[0])}" for report in self.reports)

    def as_dict(self) -> Mapping[str, Any]:
        """The figures by name."""
        return {report.figure.name: report.as_dict() for report in self.reports}

    def files(self) -> Mapping[str, Callable[[], str]]:
        """None of its own: each figure has written its own."""
        return {}


def _wanted() -> Mapping[Curve, int]:
    """All curves, each with as many chips as the figure that wants most of them."""
    most: dict[Curve, int] = {}
    for each in FIGURES:
        most |= {curve: max(chips, most.get(curve, 0)) for curve, chips in each.wanted.items()}
    return most


def run(given: Given, done: Done) -> Reports:
    """Run what is missing of all curves, then make each figure."""
    curves.run(_wanted(), given, done)
    there = given.kept()
    reports = Reports(tuple(figure.run(each, there, nothing_done) for each in FIGURES))
    write("all", reports, given.folder, force=True)
    return reports


STUDY = Simulation(
    "figures 3, 4, 7, 8 and 9 of Athena2024, from chips that they share",
    run,
    lambda given: sum(len(given.numbers(chips)) for chips in _wanted().values()),
)
