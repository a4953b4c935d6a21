"""`chipsim explore`: search a design space."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chipsim.cli import output as out
from chipsim.cli.interrupts import keeping
from chipsim.cli.options import as_json, options

if TYPE_CHECKING:
    from chipsim.experiments.exploring.explore import State, Watch
    from chipsim.experiments.exploring.outcome import Places
    from chipsim.experiments.exploring.study import Study


@click.command()
@click.argument("study", metavar="STUDY")
@options(
    click.option(
        "-o", "--output", type=click.Path(path_type=Path), metavar="DIR",
        help="Folder of the study's tables and page. [default: runs/NAME]",
    ),
    click.option(
        "--record", type=click.Path(path_type=Path), metavar="DIR",
        help="Folder of finished runs; studies may share it. [default: points/ in DIR, or in runs/]",
    ),
    click.option(
        "--workers", type=click.IntRange(1, 1024), default=None, help="Processes. [default: all cores]"
    ),
    click.option(
        "--scheduler", metavar="ADDRESS", help="A Dask scheduler, whose workers do the runs instead."
    ),
    click.option("--front", is_flag=True, help="Print the front of a study that has been explored."),
    click.option(
        "--pick", type=click.IntRange(0), metavar="POINT", help="Write the files of a point, ready to run."
    ),
    click.option(
        "--to", type=click.Path(path_type=Path), metavar="DIR",
        help="Folder for the files of --pick. [default: NAME-point-POINT]",
    ),
    click.option("--force", is_flag=True, help="Write over another study's tables, or files that are there."),
    as_json,
)  # fmt: skip
@click.pass_context
def verb(
    context: click.Context, study: str, output: Path | None, record: Path | None, workers: int | None,
    scheduler: str | None, front: bool, pick: int | None, to: Path | None, force: bool, as_json: bool,
) -> None:  # fmt: skip
    """Search the design space of STUDY (a path or the name of a shipped study).

    Runs that are in the record are not run again, so a study that was interrupted goes on, on any number of
    workers, to the same front. POINT is a number in its table.
    """
    from chipsim.experiments.exploring import outcome
    from chipsim.experiments.exploring import study as studies

    asked = studies.load(study)
    places = outcome.Places.of(asked, output, record)
    if pick is not None:
        _pick(outcome.pick(asked, places.folder, pick, to, force), as_json)
        return
    whole: Mapping[str, Any]
    if front:
        whole = outcome.read(places.folder)
    else:
        outcome.check_free(asked, places.folder, force)
        whole = _explore(context, asked, places, workers, scheduler, outcome.command(study, output))
    if as_json:
        out.print_json(whole)
        return
    _print_front(whole)
    if not front:
        click.echo(f"folder: {places.folder}\nreport: {places.folder / 'report.html'}")


def _pick(written: Sequence[Path], as_json: bool) -> None:
    if as_json:
        out.print_json({"files": list(map(str, written))})
        return
    for path in written:
        click.echo(path)
    click.echo(f"to run it: {shlex.join(['chipsim', 'run', *map(str, written[:2])])}")


def _explore(
    context: click.Context, study: Study, places: Places, workers: int | None, scheduler: str | None,
    command: str,
) -> Mapping[str, Any]:  # fmt: skip
    from chipsim.experiments import processes
    from chipsim.experiments.exploring import doing

    whole: Mapping[str, Any]
    with _front_live(context, study) as watch, keeping(places.record, ("[!.]*/checksums.json",)):
        whole, spent = doing.do(study, places, processes.cores(workers, 1024), scheduler, command, watch)
    if not context.obj["quiet"]:
        click.echo(spent, err=True)
    return whole


def _print_front(whole: Mapping[str, Any]) -> None:
    from chipsim.reports import fronts

    click.echo(f"front of {whole['study']}, {len(whole['front'])} of {len(whole['points'])} points:")
    click.echo(fronts.lines(whole))
    rest: dict[str, list[Mapping[str, Any]]] = {}
    for point in whole["points"]:
        rest.setdefault(point["status"], []).append(point)
    for status, words in (("breaks", "break a constraint"), ("stopped", "stopped"), ("failed", "failed")):
        if found := rest.get(status):
            click.echo(f"{len(found)} {words}, as point {found[0]['point']}: {found[0]['reason']}")


@contextmanager
def _front_live(context: click.Context, study: Study) -> Iterator[Watch]:
    """A function told how far a study is: on a terminal, its progress and front as they are."""
    if context.obj["quiet"] or not sys.stderr.isatty():
        yield lambda state: None
        return
    from rich.console import Console, Group
    from rich.live import Live
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
    from rich.text import Text

    from chipsim.experiments.exploring import outcome
    from chipsim.reports import fronts

    columns = BarColumn(30), MofNCompleteColumn(), TextColumn("runs, left"), TimeRemainingColumn()
    progress = Progress(*columns, speed_estimate_period=3600)  # seconds: a run may take minutes
    task = progress.add_task("", total=None)
    with Live(progress, console=Console(stderr=True), transient=True, refresh_per_second=4) as live:

        def show(state: State) -> None:
            progress.update(task, completed=state.runs, total=state.of)
            text = fronts.lines(outcome.told(study, state.front, ""), fronts.SHOWN)
            live.update(Group(progress, Text(f"front so far:\n{text}" if state.runs else "")))

        yield show
