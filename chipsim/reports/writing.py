"""The files of a run: its record, its tables and the arrays of its devices, written into a folder."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from chipsim.reports.tabular import csv_text

if TYPE_CHECKING:
    from chipsim.reports.result import Result

COLUMNS: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "accuracy": ("stage", "image", "time_s", "accuracy", "loss"),
    "ledger": ("stage", "operation", "component", "action", "count"),
    "progress": ("stage", "image", "time_s", "operation", "component", "action", "count"),
    "energy": ("stage", "operation", "component", "action", "count", "price_J", "energy_J", "source"),
    "path": ("stage", "operation", "component", "kind", "time_s"),
    "utilisation": ("component", "busy_s", "waiting_s", "utilisation", "mean_queue", "served_s"),
})  # fmt: skip


def write(result: Result, folder: Path, arrays: bool = True) -> None:
    """Write the files of a run into a folder that exists; those of its devices only where they are wanted."""
    _write_json(folder / "run.json", result.record)
    for name, columns in COLUMNS.items():
        write_csv(folder / f"{name}.csv", columns, result.rows[name])
    if arrays:
        with (folder / "arrays.npz").open("wb") as stream:
            _save_arrays(stream, result.arrays)
    _write_json(folder / "warnings.json", list(result.warnings))
    _write_json(folder / "provenance.json", result.provenance)
    (folder / "resolved").mkdir(exist_ok=True)
    for name, text in result.resolved.items():
        (folder / "resolved" / f"{name}.yaml").write_text(text, "utf-8")
    for name, content in result.attached.items():
        path = folder / "resolved" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _save_arrays(stream: Any, arrays: Mapping[str, NDArray[Any]]) -> None:
    """An archive as `np.savez` writes it, with one fixed date, so that equal arrays give equal bytes."""
    import zipfile

    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in arrays.items():
            with archive.open(zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0)), "w") as member:
                np.lib.format.write_array(member, np.ascontiguousarray(array), allow_pickle=False)


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=2, allow_nan=False, ensure_ascii=False) + "\n", "utf-8")


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a table, as `csv_text` gives it."""
    path.write_text(csv_text(columns, rows), "utf-8", newline="")
