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
MAX_COLUMNS = 64
SHOWN = 20
"""Faults of one file that are reported at most."""

Cell = tuple[int, str]
"""A value's place in its line, counted from 1, and its text."""


@dataclass(frozen=True)
class Column:
    """A column of a table: its name, what its values must be, in words and as a test of many, its default.

    A column without a default must be there; `text` says that its values are labels, which are not read.
    """

    name: str
    wanted: str = "a number"
    allowed: Callable[[NDArray[np.float64]], NDArray[np.bool_]] = np.isfinite
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
    if header.text.count(",") >= MAX_COLUMNS:
        message = f"the first line names more than {MAX_COLUMNS} columns"
        raise InputError(Fault(message, Place(str(path), header.number, 1), "E021"))
    reader = _Reader(str(path), tuple(columns), header)
    reader.raise_if_any(reader.faults()[:SHOWN])
    rows: list[_Line] = list(islice(lines, MAX_ROWS + 1))
    if len(rows) > MAX_ROWS:
        raise InputError(Fault(f"the table has more than {MAX_ROWS} rows", Place(str(path)), "E021"))
    if not rows:
        message = "the table has no rows below its line of column names"
        raise InputError(Fault(message, Place(str(path)), "E005"))
    table = np.array([reader.numbers(line) for line in rows], dtype=np.float64)
    wrong = np.nonzero(~reader.allowed(table))[0]
    faults = [fault for index in wrong[:SHOWN] for fault in reader.faults_of(rows[index])]
    reader.raise_if_any(faults[:SHOWN])
    found = {name: np.ascontiguousarray(table[:, index]) for index, name in enumerate(reader.read_names)}
    missing = {
        column.name: np.full(len(rows), column.default)
        for column in columns
        if column.name not in found and column.default is not None
    }
    return Table(found | missing, content)


def _content(path: Path) -> bytes:
    try:
        if path.exists() and not path.is_file():
            kind = "a folder, not a file" if path.is_dir() else "not a regular file"
            raise InputError(Fault(f"this is {kind}", Place(str(path)), "E002"))
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
        read = [(place, c.name) for place, c in enumerate(self._columns) if c is not None and not c.text]
        self._places = [place for place, _ in read]
        self.read_names = [name for _, name in read]

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

    def numbers(self, line: _Line) -> list[float]:
        """The numbers of a row, in the order of `read_names`; NaN where the row or a value is wrong."""
        pieces = line.text.split(",")
        if len(pieces) == len(self._columns):
            try:
                return [float(pieces[index]) for index in self._places]
            except ValueError:
                pass
        return [math.nan] * len(self._places)

    def allowed(self, table: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which rows of numbers hold nothing but what their columns allow."""
        fine = np.isfinite(table)
        for index, name in enumerate(self.read_names):
            fine[:, index] &= self._known[name].allowed(table[:, index])
        return np.asarray(fine.all(axis=1))

    def faults_of(self, line: _Line) -> Iterator[Fault]:
        """What is wrong with a row, value by value."""
        cells = list(line.cells())
        if len(cells) != len(self._columns):
            named = f"line {self._header.number} names {len(self._columns)} columns"
            message = f"the row has {len(cells)} values, but {named}"
            yield self._fault(line, (1, line.text), message, "E013")
            return
        for place, name in zip(self._places, self.read_names, strict=True):
            value, wanted = _number(cells[place][1]), self._known[name].wanted
            if not (math.isfinite(value) and self._known[name].allowed(np.array([value]))[0]):
                shown = f"'{cells[place][1][:40]}'" if cells[place][1] else "nothing"
                expected, code = (wanted, "E014") if math.isfinite(value) else ("a number", "E013")
                message = f"{name}: expected {expected}, got {shown}"
                yield self._fault(line, cells[place], message, code)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
