"""What verbs print: their results, as text or JSON, warnings, and progress on a terminal."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from chipsim.reports.shown import Shown


def command_line() -> tuple[str, ...]:
    """The words of the command that was given."""
    return ("chipsim", *sys.argv[1:])


def show(value: Shown, as_json: bool) -> None:
    """Print what a verb gives, as text or as one JSON object."""
    if as_json:
        print_json(value.as_dict())
    else:
        click.echo(value.text())


def print_json(value: Any) -> None:
    """Print plain values as one JSON object."""
    click.echo(json.dumps(value, indent=2, allow_nan=False, ensure_ascii=False))


def warn(context: click.Context, warnings: Sequence[Mapping[str, str]]) -> None:
    """Say warnings, unless the user wants to hear none."""
    if not context.obj["quiet"]:
        for warning in warnings:
            click.echo(f"warning[{warning['code']}]: {warning['message']}", err=True)


@contextmanager
def bar(context: click.Context, total: int, unit: str) -> Iterator[Callable[[int, str], None]]:
    """A function told how much is done and what to say beside it; silent off a terminal."""
    if context.obj["quiet"] or not sys.stderr.isatty():
        yield lambda done, text: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        BarColumn(30), MofNCompleteColumn(), TextColumn(unit), TextColumn("{task.fields[rate]}"),
        TextColumn("left"), TimeRemainingColumn(), TextColumn("{task.fields[text]}"),
    )  # fmt: skip
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(
            "", total=total, text="starting; kernels are compiled once a version", rate=""
        )
        began = time.monotonic()

        def show(done: int, text: str) -> None:
            rate = done / max(time.monotonic() - began, 1e-9)
            progress.update(task, completed=done, text=text, rate=f"{rate:,.0f}/s")

        yield show


def latest(record: Mapping[str, Any]) -> str:
    """What to say beside the progress of a run that has just ended."""
    stage = record["stages"][-1]
    return f"{record['workload']} seed {record['seed']}: {stage['accuracy']['last']:.1%}"
