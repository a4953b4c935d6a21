"""The section on how sure totals are: their intervals, and prices and durations by how much they cause."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from markupsafe import Markup

from chipsim.reports import charts
from chipsim.reports.comparison import Cohort, Page, at, mean_table, of_run
from chipsim.reports.rendering import Figure, Key, render
from chipsim.reports.rundir import Run
from chipsim.reports.tables import (
    Cell,
    Column,
    Table,
    figure,
    group_cell,
    group_column,
    summary,
    word,
)

TOTALS = (
    ("energy", "total.energy_J", "uncertainty.energy_J", "J"),
    ("time", "total.time_s", "uncertainty.time_s", "s"),
    ("area", "area_m2", "uncertainty.area_m2", "m²"),
)
"""What has an interval: its name, where `run.json` has it and its spread, and its unit."""


def section(page: Page) -> str:
    """Intervals of energy, time and area, and what causes them."""
    figures = [_figure(page, name, spread) for name, _, spread, _ in TOTALS]
    keys = [Key(group.role, "bar", group.label) for group in page.cohorts] if page.several else []
    tables = [table for table in (_intervals(page), _causes(page)) if table.rows]
    return render("spreads.html", figures=figures, keys=keys, tables=tables)


def _figure(page: Page, name: str, spread: str) -> Figure:
    title = f"Spread of the {name}: share of the variance"
    groups = [charts.Bars(group.role, ((_shares(group, spread), 1.0),)) for group in page.cohorts]
    if any(values for group in groups for values, _ in group.parts):
        return Figure(title, Markup(charts.bars(groups, f"spread-{name}", title, "%")))
    known = any(at(run.figures, spread) is not None for group in page.cohorts for run in group.runs)
    missing = f"Nothing that the {name} rests on has a range." if known else f"run.json holds no {spread}."
    return Figure(title, Markup(""), "", missing)


def _intervals(page: Page) -> Table:
    """Each total as the run has it, and its percentiles."""
    rows = [
        (*group_cell(group, page.several), word(name), *cells)
        for group in page.cohorts
        for name, total, spread, unit in TOTALS
        if at(group.first.figures, spread) is not None
        for cells in [
            [summary(of_run(group, path), unit)
             for path in (total, *(f"{spread}.{end}" for end in ("low", "median", "high")))]
        ]
    ]  # fmt: skip
    columns = (
        *group_column(page),
        Column("total", numeric=False),
        Column("as run", note="under the prices and durations of the run's files"),
        Column("5 %", note="one draw in twenty is lower"),
        Column("median"),
        Column("95 %", note="one draw in twenty is higher"),
    )
    return Table("intervals", columns, rows)


def _causes(page: Page) -> Table:
    """Prices and durations by total, largest share first."""
    rows = [
        (
            *group_cell(group, page.several),
            word(name),
            word(entry),
            _share(share),
            word(_source(group, spread, entry)),
        )
        for group in page.cohorts
        for name, _, spread, _ in TOTALS
        for entry, share in sorted(_shares(group, spread).items(), key=lambda item: -abs(item[1]))
    ]
    columns = (
        *group_column(page),
        Column("spread of", numeric=False),
        Column("price or duration", numeric=False),
        Column("share", note="of the variance"),
        Column("source", numeric=False),
    )
    return Table("causes", columns, rows)


def _share(share: float) -> Cell:
    return figure(share, "%")._replace(bar=min(max(share, 0.0), 1.0))


def _shares(group: Cohort, spread: str) -> Mapping[str, float]:
    """Share of the variance by entry, the mean over a group's runs."""
    return mean_table(group, lambda run: {cause["entry"]: cause["share"] for cause in _told(run, spread)})


def _source(group: Cohort, spread: str, entry: str) -> str:
    causes = (cause for run in group.runs for cause in _told(run, spread) if cause["entry"] == entry)
    return str(next(causes)["source"])


def _told(run: Run, spread: str) -> Iterator[Mapping[str, Any]]:
    found = at(run.figures, f"{spread}.causes")
    for cause in found if isinstance(found, list) else ():
        if isinstance(cause, Mapping) and {"entry", "share", "source"} <= set(cause):
            yield {**cause, "entry": str(cause["entry"])}
