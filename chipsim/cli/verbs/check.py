"""`chipsim check`: all faults of files."""

from __future__ import annotations

import click

from chipsim.cli import output as out
from chipsim.cli.options import as_json, options, settings


@click.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@options(settings, as_json)
@click.pass_context
def verb(context: click.Context, files: tuple[str, ...], settings: tuple[str, ...], as_json: bool) -> None:
    """All faults of files, with line and column; an architecture and a workload are also mapped.

    Of such a pair it says too what a run would warn of beforehand.
    """
    from chipsim.experiments import checking

    checked = checking.check(files, settings)
    if not as_json:
        out.warn(context, checked.warnings)
    out.show(checked, as_json)
