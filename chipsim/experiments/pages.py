"""The page of a folder, rebuilt from the files in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from chipsim.errors import Fault, RunError


def rebuild(folder: Path) -> Path:
    """Write `report.html` anew for a run, an ensemble or a demo.

    Raises `RunError` where the folder is none of them.
    """
    from chipsim.reports import html

    if (folder / "demo.json").is_file():
        answer = _read(folder / "demo.json")
        sides = [path.parent for path in sorted(folder.glob("*/ensemble.json"))]
        groups = [html.Group(side.name, _seeds(side)) for side in sides]
        title = str(answer.get("title", folder.name))
        return html.write(groups, folder / "report.html", title, str(answer["answer"]), _command(groups))
    if (folder / "ensemble.json").is_file():
        summary = _read(folder / "ensemble.json")
        groups = [html.Group(str(summary["workload"]), _seeds(folder))]
        title = f"{summary['workload']} on {summary['architecture']}, {len(summary['seeds'])} seeds"
        return html.write(groups, folder / "report.html", title, command=_command(groups))
    if (folder / "run.json").is_file():
        return of_run(folder, folder / "report.html")
    if folder.is_dir():
        text = f"'{folder}' is not the folder of a finished run"
        raise RunError(Fault(f"{text}; it has no run.json, ensemble.json or demo.json", code="E093"))
    raise RunError(Fault(f"there is no folder '{folder}'", code="E001"))


def of_run(folder: Path, page: Path) -> Path:
    """Write the page of one run's folder."""
    from chipsim.reports import html

    record = _read(folder / "run.json")
    groups = [html.Group(str(record["workload"]), (folder,))]
    return html.write(
        groups, page, f"{record['workload']} on {record['architecture']}", command=_command(groups)
    )


def _seeds(folder: Path) -> tuple[Path, ...]:
    return tuple(folder / f"seed-{seed}" for seed in _read(folder / "ensemble.json")["seeds"])


def _command(groups: Any) -> str:
    try:
        return str(_read(groups[0].runs[0] / "provenance.json")["command"])
    except (RunError, KeyError):
        return ""


def _read(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError) as error:
        raise RunError(Fault(f"'{path}' cannot be read: {error}", code="E093")) from None
