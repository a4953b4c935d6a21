"""Tables as text, and as pandas holds them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from chipsim.errors import Fault, UsageError

if TYPE_CHECKING:
    from pandas import DataFrame


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A table as CSV; floats in the shortest form that reads back to the same bits."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()


def frame(
    rows: Iterable[Sequence[Any]], columns: Sequence[str], index: Sequence[str] | None = None
) -> DataFrame:
    """A table as pandas holds it.

    Raises `UsageError`, which says how to install pandas, where it is missing.
    """
    try:
        from pandas import DataFrame
    except ImportError:
        text = "tables need pandas, which is not installed; pip install pandas"
        raise UsageError(Fault(text, code="E100")) from None
    return DataFrame(list(rows), columns=list(columns), index=None if index is None else list(index))


def lined(rows: Sequence[Sequence[str]]) -> str:
    """Rows of text in columns, the first to the left and the others to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            text.rjust(width) if column else text.ljust(width)
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )
