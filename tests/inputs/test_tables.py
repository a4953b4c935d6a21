"""Tables of numbers: what is read, and every fault at its line and column."""

from __future__ import annotations

import hashlib
import math
from pathlib import Path

import numpy as np
import pytest

from chipsim.errors import InputError
from chipsim.inputs import tables
from chipsim.inputs.tables import Column

COLUMNS = (
    Column("up", "at least 0", lambda value: value >= 0),
    Column("down", "less than 0", lambda value: value < 0),
    Column("offset", default=math.nan),
    Column("label", text=True),
)


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "table.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def faults(folder: Path, text: str | bytes) -> list[str]:
    with pytest.raises(InputError) as caught:
        tables.read(written(folder, text), COLUMNS)
    return [fault.headline().removeprefix(str(folder)) for fault in caught.value.faults]


def test_columns_come_in_any_order_between_comments_and_labels(tmp_path: Path) -> None:
    text = "# a lab's table\r\n down, label ,up\r\n\r\n-1,first,2\r\n# later\r\n -0.5 ,x y, 1e-3\r\n"
    found = tables.read(written(tmp_path, b"\xef\xbb\xbf" + text.encode()), COLUMNS)
    assert len(found) == 2
    assert found.columns["up"].tolist() == [2, 1e-3]
    assert found.columns["down"].tolist() == [-1, -0.5]
    assert np.isnan(found.columns["offset"]).all()
    assert set(found.columns) == {"up", "down", "offset"}
    assert found.sha256 == hashlib.sha256(found.content).hexdigest()


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("up,down\n1,2\n", ["/table.csv:2:3: error[E014]: down: expected less than 0, got '2'"]),
        ("up,down\n1, x\n", ["/table.csv:2:4: error[E013]: down: expected a number, got 'x'"]),
        ("up,down\n,-1\n", ["/table.csv:2:1: error[E013]: up: expected a number, got nothing"]),
        ("up,down\ninf,-1\n", ["/table.csv:2:1: error[E013]: up: expected a number, got 'inf'"]),
        (
            "up,down\n1,-1\n1,-1,3\n1\n-1,-1\n",
            [
                "/table.csv:3:1: error[E013]: the row has 3 values, but line 1 names 2 columns",
                "/table.csv:4:1: error[E013]: the row has 1 values, but line 1 names 2 columns",
                "/table.csv:5:1: error[E014]: up: expected at least 0, got '-1'",
            ],
        ),
        ("up\n1\n", ["/table.csv:1:1: error[E011]: missing column 'down'"]),
        (
            "up,donw\n1,-1\n",
            ["/table.csv:1:4: error[E012]: unknown column 'donw'; did you mean 'down'?"],
        ),
        ("up,up,down\n1,1,-1\n", ["/table.csv:1:4: error[E010]: column 'up' stands twice"]),
        ("", ["/table.csv: error[E005]: the file is empty; it must begin with a line of column names"]),
        ("," * 70, ["/table.csv:1:1: error[E021]: the first line names more than 64 columns"]),
        ("up,down\n", ["/table.csv: error[E005]: the table has no rows below its line of column names"]),
        (
            b"up,down\n1,\xff\n",
            ["/table.csv:2:1: error[E003]: this is not UTF-8 text: byte 0xff cannot stand here"],
        ),
    ],
)  # fmt: skip
def test_each_fault_is_one_sentence_at_its_place(
    tmp_path: Path, text: str | bytes, wanted: list[str]
) -> None:
    assert faults(tmp_path, text) == wanted


def test_faults_of_a_long_table_end_after_twenty(tmp_path: Path) -> None:
    assert len(faults(tmp_path, "up,down\n" + "x,y\n" * 50)) == 20


def test_a_table_has_a_largest_number_of_rows_and_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "MAX_ROWS", 3)
    assert len(tables.read(written(tmp_path, "up,down\n" + "1,-1\n" * 3), COLUMNS)) == 3
    assert faults(tmp_path, "up,down\n" + "1,-1\n" * 4) == [
        "/table.csv: error[E021]: the table has more than 3 rows"
    ]
    monkeypatch.setattr(tables, "MAX_BYTES", 10)
    assert faults(tmp_path, "up,down\n1,-1\n") == [
        "/table.csv: error[E004]: the file has more than 10 bytes, the most that a table may have"
    ]


def test_what_is_no_file_is_said(tmp_path: Path) -> None:
    for path, sentence in (
        (tmp_path / "none.csv", "there is no such file"),
        (tmp_path, "this is a folder, not a file"),
    ):
        with pytest.raises(InputError) as caught:
            tables.read(path, COLUMNS)
        assert [fault.message for fault in caught.value.faults] == [sentence]
