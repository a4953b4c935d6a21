"""Tables of numbers from a CSV file: one row a thing, one header line, every fault at its line and column.

Values are separated by commas and are plain decimal numbers; nothing is quoted. Empty lines and lines that
begin with # are skipped. Columns come in any order; a column that is not known is a fault.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from chipsim.errors import Fault, InputError, Place, nearest, suggestion

__all__ = ["MAX_BYTES", "MAX_ROWS", "Column", "Table", "read"]

MAX_BYTES = 64_000_000
"""Longest file [bytes]."""
MAX_ROWS = 1_000_000
SHOWN = 20
"""Faults of one file that are reported at most."""

Cell = tuple[int, str]
"""A value's place in its line, counted from 1, and its text."""


@dataclass(frozen=True)
class Column:
    """A column of a table: its name, what its values must be, in words and as a test, and its default.

    A column without a default must be there; `text` says that its values are labels, which are not read.
    """

    name: str
    wanted: str = "a number"
    allowed: Callable[[float], bool] = lambda value: True
    default: float | None = None
    text: bool = False


@dataclass(frozen=True)
class Table:
    """The numbers of a file by column, each `(rows,)`, and the file's content."""

    columns: Mapping[str, NDArray[np.float64]]
    content: bytes

    @property
    def sha256(self) -> str:
        """Checksum of the content."""
        return hashlib.sha256(self.content).hexdigest()

    def __len__(self) -> int:
        """How many rows there are."""
        return len(next(iter(self.columns.values())))


def read(path: Path, columns: Sequence[Column]) -> Table:
    """The table in a file.

    A column that is not there holds its default, NaN if that is NaN. Raises `InputError` with the faults
    of the file, at most 20 of them.
    """
    content = _content(path)
    lines = _lines(content, str(path))
    header = next(lines, None)
    if header is None:
        raise InputError(
            Fault("the file is empty; it must begin with a line of column names", Place(str(path)), "E005")
        )
    reader = _Reader(str(path), tuple(columns), header)
    reader.raise_if_any(reader.faults())
    rows: list[list[float]] = []
    faults: list[Fault] = []
    for line in lines:
        values = reader.row(line, faults)
        rows.append(values)
        if len(faults) >= SHOWN or len(rows) > MAX_ROWS:
            break
    if len(rows) > MAX_ROWS:
        faults.append(Fault(f"the table has more than {MAX_ROWS} rows", Place(str(path)), "E021"))
    if not rows:
        faults.append(Fault("the table has no rows below its line of column names", Place(str(path)), "E005"))
    reader.raise_if_any(faults[:SHOWN])
    table = np.array(rows, dtype=np.float64)
    found = {name: np.ascontiguousarray(table[:, index]) for index, name in enumerate(reader.read_names)}
    missing = {
        column.name: np.full(len(rows), column.default)
        for column in columns
        if column.name not in found and column.default is not None
    }
    return Table(found | missing, content)


def _content(path: Path) -> bytes:
    try:
        if path.is_dir():
            raise InputError(Fault("this is a folder, not a file", Place(str(path)), "E002"))
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise InputError(Fault("there is no such file", Place(str(path)), "E001")) from None
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        raise InputError(Fault(f"this file cannot be read: {reason}", Place(str(path)), "E002")) from None
    if len(content) > MAX_BYTES:
        message = f"the file has more than {MAX_BYTES} bytes, the most that a table may have"
        raise InputError(Fault(message, Place(str(path)), "E004"))
    return content


@dataclass(frozen=True)
class _Line:
    number: int
    text: str

    def cells(self) -> Iterator[Cell]:
        start = 0
        for piece in self.text.split(","):
            yield start + len(piece) - len(piece.lstrip()) + 1, piece.strip()
            start += len(piece) + 1


def _lines(content: bytes, name: str) -> Iterator[_Line]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        message = f"this is not UTF-8 text: byte 0x{content[error.start]:02x} cannot stand here"
        raise InputError(Fault(message, Place(name, line, 1), "E003")) from None
    for number, row in enumerate(text.splitlines(), 1):
        if row.strip() and not row.lstrip().startswith("#"):
            yield _Line(number, row)


class _Reader:
    """Reads the rows of a table whose header line is known."""

    def __init__(self, name: str, columns: tuple[Column, ...], header: _Line) -> None:
        self._name, self._header = name, header
        self._known = {column.name: column for column in columns}
        self._given = list(header.cells())
        self._columns = [self._known.get(title) for _, title in self._given]
        self.read_names = [c.name for c in self._columns if c is not None and not c.text]

    def _fault(self, line: _Line, cell: Cell, message: str, code: str) -> Fault:
        place = Place(self._name, line.number, cell[0], line.text[:200], max(len(cell[1]), 1))
        return Fault(message, place, code)

    @staticmethod
    def raise_if_any(faults: Sequence[Fault]) -> None:
        if faults:
            raise InputError(*faults)

    def faults(self) -> list[Fault]:
        """What is wrong with the header line."""
        titles = [title for _, title in self._given]
        found = []
        for index, cell in enumerate(self._given):
            title = cell[1]
            if title not in self._known:
                message = f"unknown column '{title[:64]}'{suggestion(title, self._known)}"
                found.append(self._fault(self._header, cell, message, "E012"))
            elif title in titles[:index]:
                found.append(self._fault(self._header, cell, f"column '{title}' stands twice", "E010"))
        meant = {nearest(title, self._known) for title in titles if title not in self._known}
        for column in self._known.values():
            needed = column.default is None and not column.text
            if needed and column.name not in {*titles, *meant}:
                message = f"missing column '{column.name}'"
                found.append(self._fault(self._header, (1, self._header.text), message, "E011"))
        return found

    def row(self, line: _Line, faults: list[Fault]) -> list[float]:
        """The numbers of a row, in the order of `read_names`; what is wrong with it is added to `faults`."""
        cells = list(islice(line.cells(), len(self._columns) + 1))
        if len(cells) != len(self._columns):
            count = line.text.count(",") + 1
            named = f"line {self._header.number} names {len(self._columns)} columns"
            message = f"the row has {count} values, but {named}"
            faults.append(self._fault(line, (1, line.text), message, "E013"))
            return [math.nan] * len(self.read_names)
        return [
            self._number(line, cell, column, faults)
            for cell, column in zip(cells, self._columns, strict=True)
            if column is not None and not column.text
        ]

    def _number(self, line: _Line, cell: Cell, column: Column, faults: list[Fault]) -> float:
        try:
            value = math.nan if "_" in cell[1] else float(cell[1])
        except ValueError:
            value = math.nan
        if math.isfinite(value) and column.allowed(value):
            return value
        shown = f"'{cell[1][:40]}'" if cell[1] else "nothing"
        wanted, code = (column.wanted, "E014") if math.isfinite(value) else ("a number", "E013")
        faults.append(self._fault(line, cell, f"{column.name}: expected {wanted}, got {shown}", code))
        return math.nan
