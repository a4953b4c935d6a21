"""Records of runs and ensembles as tables of HTML, as a notebook shows them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from chipsim.reports import lines


def table(caption: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table as HTML; the first cell of a row is its head."""
    heads = "".join(f"<th>{escape(name)}</th>" for name in columns)
    body = "".join(map(_row, rows))
    return (
        f"<table><caption>{escape(caption)}</caption><thead><tr>{heads}</tr></thead>"
        f"<tbody>{body}</tbody></table>"
    )


def _row(cells: Sequence[str]) -> str:
    first, *others = map(escape, cells)
    return f"<tr><th>{first}</th>{''.join(f'<td>{cell}</td>' for cell in others)}</tr>"


def of_record(record: Mapping[str, Any]) -> str:
    """The stages of a run and their totals."""
    caption = f"{record['workload']} on {record['architecture']}, seed {record['seed']}"
    columns = ("stage", "accuracy", "time", "energy", "pulses", "to target")
    return table(caption, columns, (*map(_stage, record["stages"]), _total(record["total"])))


def _stage(stage: Mapping[str, Any]) -> tuple[str, ...]:
    accuracy, pulses = stage["accuracy"], stage["pulses"]
    target = "" if stage["target"] is None else lines.of_target(stage["to_target"])
    costs = lines.of_costs(stage["time_s"], stage["energy_J"], pulses["set"] + pulses["reset"])
    return stage["name"], f"{accuracy['first']:.1%} -> {accuracy['last']:.1%}", *costs, target


def _total(total: Mapping[str, Any]) -> tuple[str, ...]:
    return "in all", "", *lines.of_costs(total["time_s"], total["energy_J"], total["pulses"]), ""


def of_summary(summary: Mapping[str, Any]) -> str:
    """The figures of an ensemble that are looked at first."""
    caption = f"{summary['workload']} on {summary['architecture']}, {len(summary['seeds'])} seeds"
    figures = summary["figures"]
    rows = ((path, lines.of_figure(path, figures[path])) for path in lines.first(figures))
    return table(caption, ("figure", "mean (95 % interval)"), rows)
