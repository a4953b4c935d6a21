"""`chipsim init`: files to start from."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from chipsim.cli import output as out
from chipsim.cli.options import as_json, options


@click.command()
@click.argument("folder", metavar="[DIR]", default=".", type=click.Path(path_type=Path))
@options(as_json)
def verb(folder: Path, as_json: bool) -> None:
    """Commented architecture and workload files to start from, in DIR or here; never over others."""
    from chipsim.experiments import starting

    written = starting.write(folder)
    if as_json:
        out.print_json({"files": list(map(str, written))})
        return
    for path in written:
        click.echo(path)
    files = shlex.join(str(path) for path in written if path.suffix == ".yaml")
    click.echo(f"to go on: chipsim check {files}, then chipsim run {files}")
