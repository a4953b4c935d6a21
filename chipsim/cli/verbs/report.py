"""`chipsim report`: the page of a folder, rebuilt."""

from __future__ import annotations

from pathlib import Path

import click

from chipsim.cli import output as out
from chipsim.cli.options import as_json, options


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@options(click.option("--open", "open_", is_flag=True, help="Open the page in a browser."), as_json)
def verb(folder: Path, open_: bool, as_json: bool) -> None:
    """Rebuild the page of a run, an ensemble or a demo from its files."""
    from chipsim.experiments import pages

    page = pages.rebuild(folder)
    if as_json:
        out.print_json({"report": str(page)})
    else:
        click.echo(f"report: {page}")
    if open_:
        click.launch(str(page))
