"""Tables by component that stay readable on a chip of many copies: one row for all, and each copy below.

A component that stands on the chip once has its row as ever. Copies are told each for itself in a second
table that opens on demand, those first that were busiest or cost most, up to `MOST` rows.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from chipsim.architecture import groups
from chipsim.reports import chip
from chipsim.reports.comparison import Cohort, Page, mean
from chipsim.reports.quantities import NOTHING, percent
from chipsim.reports.rendering import render
from chipsim.reports.rundir import LedgerEntry, Utilisation
from chipsim.reports.tables import Cell, Column, Table, figure, group_cell, group_column, word

MOST = 300
"""Rows of a table of copies."""

T = TypeVar("T")
Row = tuple[Cell, ...]


def utilisation(page: Page, absent: Sequence[str], note: str) -> str:
    """How every component spent the simulated time."""
    columns = (
        *group_column(page),
        Column("component", numeric=False),
        Column("busy share", note="busy time over the time of the run; of several copies the mean"),
        Column("busiest", note="busy share of the copy that was busiest"),
        Column("busy"),
        Column("waiting", note="time that work spent waiting for it"),
        Column("mean queue", note="transactions waiting, averaged over time"),
        Column("own work", note="busy time without being held up by what comes behind"),
    )
    together = [row for group in page.cohorts for row in _used_together(group, page.several)]
    apart = [row for group in page.cohorts for row in _used_apart(group, page.several)]
    if not apart:
        columns = tuple(column for column in columns if column.label != "busiest")
        together = [(*row[:-5], *row[-4:]) for row in together]
    alone = tuple(column for column in columns if column.label != "busiest")
    return _rendered("utilisation", (columns, together), (alone, apart), absent, "utilisation.csv", note=note)


def ledger(page: Page, absent: Sequence[str], note: str) -> str:
    """Every counted action with its price, energy and source."""
    columns = (
        *group_column(page),
        *(Column(name, numeric=False) for name in ("stage", "operation", "component", "action")),
        Column("count"),
        Column("price", note="energy of one counted unit"),
        Column("energy"),
        Column("source", numeric=False),
    )
    together = [row for group in page.cohorts for row in _counted_together(group, page.several)]
    apart = [row for group in page.cohorts for row in _counted_apart(group, page.several)]
    return _rendered(
        "ledger", (columns, together), (columns, apart), absent, "energy.csv", "Find in the ledger", note
    )


def _rendered(
    name: str,
    whole: tuple[tuple[Column, ...], list[Row]],
    apart: tuple[tuple[Column, ...], list[Row]],
    absent: Sequence[str],
    file: str,
    search: str = "",
    note: str = "",
) -> str:
    rows = apart[1]
    left = f"{len(rows) - MOST} rows more stand in {file}." if len(rows) > MOST else ""
    return render(
        "table.html", table=Table(name, *whole), copies=Table(f"{name}-copies", apart[0], rows[:MOST]),
        left=left, absent=absent, search=search, note=note,
    )  # fmt: skip


def _together(items: Iterable[T], key: Callable[[T], Any]) -> dict[Any, list[T]]:
    found: dict[Any, list[T]] = {}
    for item in items:
        found.setdefault(key(item), []).append(item)
    return found


def _labelled(name: str, copies: int) -> Cell:
    return word(name if copies == 1 else f"{name} ({copies} copies)")


def _used_together(group: Cohort, several: bool) -> list[Row]:
    rows, shares = _used(group), chip.busy(group)
    found = []
    for name, copies in _together(shares, groups.base).items():
        busiest = max(shares[copy] for copy in copies)
        middle = mean([shares[copy] for copy in copies])
        cells = _spent_time([row for copy in copies for row in rows[copy]])
        found.append(
            (
                *group_cell(group, several), _labelled(name, len(copies)), _metered(middle),
                Cell(percent(busiest), busiest), *cells,
            )
        )  # fmt: skip
    return found


def _used_apart(group: Cohort, several: bool) -> list[Row]:
    rows, shares = _used(group), chip.busy(group)
    copies = sorted((copy for copy in shares if groups.index_of(copy)), key=lambda copy: -shares[copy])
    return [
        (*group_cell(group, several), word(copy), _metered(shares[copy]), *_spent_time(rows[copy]))
        for copy in copies
    ]


def _used(group: Cohort) -> Mapping[str, list[Utilisation]]:
    return _together((row for run in group.runs for row in run.utilisation), lambda row: row.component)


def _metered(share: float) -> Cell:
    return Cell(percent(share), share, bar=min(max(share, 0.0), 1.0))


def _spent_time(found: list[Utilisation]) -> Row:
    """Busy, waiting, queue and own work, each the mean over copies and runs."""
    queues = [row.mean_queue for row in found if row.mean_queue is not None]
    busy, waiting = mean([row.busy_s for row in found]), mean([row.waiting_s for row in found])
    own = [row.served_s for row in found if row.served_s is not None]
    work = figure(mean(own) if own else None, "s")
    return figure(busy, "s"), figure(waiting, "s"), _queue(queues), work


def _queue(lengths: list[float]) -> Cell:
    if not lengths:
        return Cell(NOTHING, None)
    value = mean(lengths)
    return Cell("below 0.001" if 0 < value < 0.001 else f"{value:.3f}", value)


def _counted_together(group: Cohort, several: bool) -> list[Row]:
    found = []
    for rows in _together(group.first.ledger, _of_file).values():
        (stage, operation, component, action), first = rows[0].key, rows[0]
        whole = LedgerEntry(
            (stage, operation, groups.base(component), action),
            sum(row.count for row in rows),
            first.price if len({row.price for row in rows}) == 1 else None,
            _added([row.energy for row in rows]),
            first.source,
        )
        copies = len({row.key[2] for row in rows})
        found.append((*group_cell(group, several), *_ledger_cells(whole, copies)))
    return found


def _of_file(row: LedgerEntry) -> tuple[str, str, str, str]:
    stage, operation, component, action = row.key
    return stage, operation, groups.base(component), action


def _added(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return math.fsum(known) if known else None


def _counted_apart(group: Cohort, several: bool) -> list[Row]:
    copies = [row for row in group.first.ledger if groups.index_of(row.key[2])]
    copies.sort(key=lambda row: -(row.energy or 0.0))
    return [(*group_cell(group, several), *_ledger_cells(row, 1)) for row in copies]


def _ledger_cells(row: LedgerEntry, copies: int) -> Row:
    stage, operation, component, action = row.key
    names = word(stage), word(operation), _labelled(component, copies), word(action)
    prices = figure(row.price, "J"), figure(row.energy, "J")
    return (*names, figure(row.count, "1"), *prices, word(row.source))
