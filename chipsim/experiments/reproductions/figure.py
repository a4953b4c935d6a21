"""A figure of Athena2024 as a declaration: its curves, its claims, its drawing; and how one is made.

A module per figure declares a `Figure`. What is made of it lies in the folder of its chips: text with tables
(paper against chipsim first), the drawing, the data behind it as CSV, and all that is said as JSON.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from chipsim.experiments.ensemble import Done
from chipsim.experiments.reproductions import curves
from chipsim.experiments.reproductions.curves import Chips, Curve
from chipsim.experiments.reproductions.study import DataName, Given, Simulation, write
from chipsim.reports.tabular import csv_text

CHIPS = 40
"""Chips of a curve, where the user does not say."""

LABELS: Mapping[DataName, str] = {"mnist": "MNIST", "digits": "embedded digits (UCI, 8 x 8)"}
"""How figures name what they ran on."""


class Row(NamedTuple):
    """A claim of the paper beside what came out here."""

    what: str
    paper: str
    chipsim: str
    verdict: str


class Table(NamedTuple):
    """A table of text; the first column is a name."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]


class Data(NamedTuple):
    """The data behind a drawing, as a CSV file."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]


class Made(NamedTuple):
    """What a figure's own module makes of its chips."""

    rows: Sequence[Row]
    tables: Sequence[Table]
    svg: str
    data: Data


Chosen = Mapping[str, Chips]
"""Finished chips by the name of their curve."""


@dataclass(frozen=True)
class Figure:
    """A figure: what the paper shows, the curves that are run for it, and what is made of their chips."""

    name: str
    title: str
    curves: tuple[Curve, ...]
    make: Callable[[Chosen, str], Made]
    """From the chips and a title that says what they ran on."""
    chips: int = CHIPS

    @property
    def earlier(self) -> frozenset[Curve]:
        """Curves whose first chip others begin with."""
        return frozenset(curve.after for curve in self.curves if curve.after is not None)

    @property
    def wanted(self) -> Mapping[Curve, int]:
        """How many chips of each curve it wants."""
        return dict.fromkeys(self.curves, self.chips)


@dataclass(frozen=True)
class Report:
    """What came of a figure."""

    figure: Figure
    data: DataName
    seeds: tuple[int, ...]
    made: Made
    commands: tuple[str, ...]

    @property
    def heading(self) -> str:
        """The figure, what it ran on and how often."""
        last = f" to {self.seeds[-1]}" if len(self.seeds) > 1 else ""
        return (
            f"{self.figure.title}; {LABELS[self.data]}, {len(self.seeds)} chips (seeds {self.seeds[0]}{last})"
        )

    @property
    def tables(self) -> tuple[Table, ...]:
        """All tables, paper against chipsim first."""
        claims = Table("", ("", "paper", "chipsim", "verdict"), self.made.rows)
        return (claims, *self.made.tables) if self.made.rows else tuple(self.made.tables)

    def text(self) -> str:
        """The tables, paper against chipsim first, and the command that runs the first chip of each curve."""
        runs = "\n".join(f"- `{command}`" for command in self.commands)
        shown = map(written, self.tables)
        return "\n\n".join((self.heading, *shown, f"The first chip of each curve:\n\n{runs}"))

    def as_dict(self) -> Mapping[str, Any]:
        """Everything as plain values."""
        return {
            "format": "chipsim-figure/1",
            "figure": self.figure.name,
            "title": self.figure.title,
            "data": self.data,
            "seeds": list(self.seeds),
            "claims": [row._asdict() for row in self.made.rows],
            "tables": [
                {"title": table.title, "head": list(table.head), "rows": [list(row) for row in table.rows]}
                for table in self.made.tables
            ],
            "runs": list(self.commands),
        }

    def files(self) -> Mapping[str, Callable[[], str]]:
        """The drawing, and every chip as a table."""
        data = self.made.data
        return {".svg": lambda: self.made.svg, ".csv": lambda: csv_text(data.columns, data.rows)}


def written(table: Table) -> str:
    """A table in Markdown, its columns padded so that it reads as plain text too."""
    rows = [table.head, *table.rows]
    widths = [max(3, *(len(row[column]) for row in rows)) for column in range(len(table.head))]
    lines = [
        "| " + " | ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    lines.insert(1, "| " + " | ".join("-" * width for width in widths) + " |")
    return "\n".join(([f"**{table.title}**", ""] if table.title else []) + lines)


def run(figure: Figure, given: Given, done: Done) -> Report:
    """Run what is missing of a figure's curves, and make the figure of them."""
    chips = curves.run(figure.wanted, given, done)
    seeds = given.numbers(figure.chips)
    title = f"{figure.title}\n{LABELS[given.data]}, {len(seeds)} chips"
    before = (command for curve in sorted(figure.earlier, key=str) for command in curve.commands(given))
    commands = (*before, *(curve.command(given) for curve in figure.curves))
    report = Report(figure, given.data, seeds, figure.make(chips, title), commands)
    write(figure.name, report, given.folder, force=True)
    return report


def study(figure: Figure) -> Simulation:
    """The study that makes a figure."""
    return Simulation(
        figure.title,
        lambda given, done: run(figure, given, done),
        lambda given: len(figure.earlier) + len(figure.curves) * len(given.numbers(figure.chips)),
    )


def percent(value: float) -> str:
    """A share of one as a percentage."""
    return f"{100 * value:.1f} %"


def number(value: float, digits: int = 2) -> str:
    """A number, or that there is none."""
    if math.isnan(value):
        return "neither arrives"
    return f"{value:,.{digits}f}" if math.isfinite(value) else "beyond the run"
