"""Tables of the page: cells that carry the exact value beside the text that is read."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from chipsim.reports.comparison import Cohort, Page, Summary
from chipsim.reports.quantities import NOTHING, count, percent, quantity

_SPACE = "\N{NO-BREAK SPACE}"

NEVER = "not within the run"
"""Text of a figure that the run never reached."""


class Cell(NamedTuple):
    """What a cell shows; `value` is what it sorts by (None comes last); `note` is small print below."""

    text: str
    value: float | str | None
    note: str = ""
    role: str = ""
    bar: float | None = None


class Column(NamedTuple):
    """A column's heading; figures stand to the right. `note` explains it when pointed at."""

    label: str
    numeric: bool = True
    note: str = ""


@dataclass(frozen=True)
class Table:
    """A sortable table. `heads` groups columns under common headings as (heading, how many columns)."""

    name: str
    columns: tuple[Column, ...]
    rows: Sequence[tuple[Cell, ...]]
    heads: tuple[tuple[str, int], ...] = ()


def word(text: object, role: str = "") -> Cell:
    """A cell of text; `role` puts the colour of a group before it."""
    return Cell(str(text), str(text), role=role)


def figure(value: float | None, unit: str, note: str = "") -> Cell:
    """A cell of one number; unit ``1`` is a count, ``%`` a share, anything else an SI unit."""
    return Cell(written(value, unit), value, note)


def group_column(page: Page) -> tuple[Column, ...]:
    """The column that names the group, on a page of several."""
    return (Column("group", numeric=False),) if page.several else ()


def group_cell(group: Cohort, several: bool) -> tuple[Cell, ...]:
    """A group's cell in that column."""
    return (word(group.label, group.role),) if several else ()


def summary(found: Summary, unit: str, nothing: str = NOTHING) -> Cell:
    """A cell of a group's figure: value, then interval, extremes or how many runs reached it."""
    text = nothing if found.value is None else written(found.value, unit)
    return Cell(text, found.value, _note(found, unit))


def written(value: float | None, unit: str) -> str:
    """A number as text in its unit (see `figure`)."""
    if unit == "1":
        return count(value)
    return percent(value) if unit == "%" else quantity(value, unit)


def _note(found: Summary, unit: str) -> str:
    if found.reached < found.of:
        return f"{found.reached} of {found.of} seeds" if found.reached and found.of > 1 else ""
    if found.low is None or found.high is None or found.low == found.high:
        return ""
    return _span(written(found.low, unit), written(found.high, unit), found.interval)


def _span(left: str, right: str, interval: bool) -> str:
    """``[1.2, 1.4] ms`` for an interval, ``1.2 to 1.4 ms`` for extremes; an equal unit stands once."""
    (low, _, first), (high, _, second) = left.partition(_SPACE), right.partition(_SPACE)
    if first != second:
        low, high, second = left, right, ""
    span = f"[{low}, {high}]" if interval else f"{low} to {high}"
    return f"{span}{_SPACE}{second}" if second else span
