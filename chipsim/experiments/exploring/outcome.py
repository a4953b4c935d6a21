"""What a study leaves in its folder (study.json, points.csv, front.csv), and the files of a chosen point."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chipsim.errors import Fault, RunError, UsageError, suggestion
from chipsim.experiments import folders
from chipsim.experiments.exploring import front as fronts
from chipsim.experiments.exploring.front import Row
from chipsim.experiments.exploring.study import Study
from chipsim.experiments.exploring.work import files_of
from chipsim.experiments.run import chipsim_version, prepare
from chipsim.reports.tabular import csv_text

FILE = "study.json"
RECORD = "points"
"""Folder of the record, beside that of a study, unless another is named."""


@dataclass(frozen=True)
class Places:
    """Folders of a study: what it leaves, and the record of its runs."""

    folder: Path
    record: Path

    @classmethod
    def of(cls, study: Study, output: Path | None, record: Path | None) -> Places:
        """The folders that a user named, or those in the folder of all runs."""
        folder = output or Path(folders.RUNS) / study.file.name
        inside = output / RECORD if output else Path(folders.RUNS) / RECORD
        return cls(folder, record or inside)


def check_free(study: Study, folder: Path, force: bool) -> None:
    """Raise `RunError` where the folder holds another study, or something else, and `force` is not given."""
    if not folder.exists() or force:
        return
    if not (folder / FILE).exists():
        others = [path for path in folder.iterdir() if path.name != RECORD]
        if not others:
            return
        raise RunError(Fault(f"'{folder}' is there already; name another folder or add --force", code="E091"))
    if read(folder)["digest"] != study.digest:
        text = (
            f"'{folder}' holds another study, or this one with other files; name another folder with -o or "
        )
        raise RunError(Fault(f"{text}add --force, which keeps the record of runs", code="E091"))


def read(folder: Path) -> dict[str, Any]:
    """The `study.json` of a folder. Raises `RunError` where there is none."""
    try:
        return dict(json.loads((folder / FILE).read_text("utf-8")))
    except (OSError, ValueError):
        text = f"'{folder}' holds no explored study; run 'chipsim explore STUDY' first"
        raise RunError(Fault(text, code="E093")) from None


def write(study: Study, rows: Sequence[Row], folder: Path, again: str) -> dict[str, Any]:
    """Write the tables of a study; returns what `study.json` holds. `again` is the command to repeat it."""
    whole = told(study, rows, again)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(whole, indent=1, allow_nan=False, ensure_ascii=False) + "\n"
        folders.write_text(folder / "points.csv", _table(study, rows))
        folders.write_text(folder / "front.csv", _table(study, [rows[n] for n in whole["front"]]))
        folders.write_text(folder / FILE, text)
    except OSError as error:
        raise RunError(Fault(f"'{folder}' cannot be written: {error.strerror}", code="E092")) from None
    return whole


def told(study: Study, rows: Sequence[Row], again: str) -> dict[str, Any]:
    """A study and its rows as plain values. Equal studies give equal values, however they were run."""
    file = study.file
    return {
        "format": "chipsim-explored/1",
        "study": file.name,
        "description": file.description,
        "digest": study.digest,
        "chipsim": chipsim_version(),
        "architecture": file.architecture,
        "workload": file.workload,
        "command": again,
        "method": file.method,
        "seeds": list(study.seeds),
        "axes": [{"name": axis.name, "values": list(axis.levels) or None} for axis in study.axes],
        "objectives": [
            {"figure": each.figure, "sense": "minimise" if each.sign > 0 else "maximise"}
            for each in file.objectives
        ],
        "constraints": list(file.constraints),
        "shown": list(study.shown),
        "front": [row.number for row in fronts.front(study, rows)],
        "points": [_row(study, row) for row in rows],
    }


_PARTS = re.compile(r"(^|[._])by_|(^|\.)counts\.")
"""In paths of figures of single components, operations and actions: thousands on a chip of many tiles."""


def _told(study: Study, path: str) -> bool:
    """Whether a study tells a figure: sums, and what it is about."""
    return path in study.shown or _PARTS.search(path) is None


def _row(study: Study, row: Row) -> dict[str, Any]:
    return {
        "point": row.number,
        "status": row.status,
        "reason": row.reason,
        "values": dict(row.values),
        "settings": list(row.settings),
        "seeds": list(row.seeds),
        "figures": {path: _ends(figure) for path, figure in row.figures.items() if _told(study, path)},
        "warnings": list(row.warnings),
    }


def _ends(figure: Mapping[str, Any]) -> dict[str, Any]:
    return {key: figure[key] for key in ("mean", "ci95", "values")}


def _table(study: Study, rows: Sequence[Row]) -> str:
    """Every row with its settings and figures: those the study is about with their intervals, then sums."""
    axes = [axis.name for axis in study.axes]
    every = {path for row in rows for path in row.figures} - set(study.shown)
    others = sorted(path for path in every if _told(study, path))
    columns = ["point", "status", "reason", *axes, "seeds", "warnings"]
    for path in study.shown:
        columns += [path, f"{path}.low", f"{path}.high"]
    return csv_text([*columns, *others], (list(_cells(study, row, axes, others)) for row in rows))


def _cells(study: Study, row: Row, axes: Sequence[str], others: Sequence[str]) -> Iterator[Any]:
    yield from (row.number, row.status, row.reason)
    yield from (_written(row.values[name]) if name in row.values else "" for name in axes)
    yield from (" ".join(map(str, row.seeds)), " ".join(row.warnings))
    for path in study.shown:
        low, high = (row.figures.get(path) or {}).get("ci95") or (None, None)
        yield from (row.mean(path), low, high)
    yield from (row.mean(path) for path in others)


def _written(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, dict | list | bool) else value


def pick(study: Study, folder: Path, number: int, target: Path | None, force: bool) -> tuple[Path, ...]:
    """Write the architecture and workload of a point, ready to run; returns their paths, those two first.

    Raises `UsageError` where the study has no such point, `RunError` where files are there already.
    """
    points = {point["point"]: point for point in read(folder)["points"]}
    if number not in points:
        known = suggestion(str(number), map(str, points))
        raise UsageError(Fault(f"the study has no point {number}{known}", code="E100"))
    job = prepare(study.request(tuple(points[number]["settings"])))
    files = dict(files_of(job))
    files.pop("costs.yaml")  # what the prices come to; a run writes it
    names = ("architecture.yaml", "workload.yaml")
    contents = {name: files.pop(name) for name in names} | files
    target = target or Path(f"{study.file.name}-point-{number}")
    for name in contents:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
    return folders.write_files(target, {name: _given(content) for name, content in contents.items()}, force)


def _given(content: bytes) -> Any:
    return lambda: content


def command(study: str, output: Path | None) -> str:
    """The command that explores a study, whatever does its runs."""
    return shlex.join(["chipsim", "explore", study, *(["-o", str(output)] if output else [])])
