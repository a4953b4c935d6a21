"""`chipsim schema`: JSON Schema of a kind of file."""

from __future__ import annotations

import click

from chipsim.cli.options import as_json, options


@click.command()
@click.argument("kind", metavar="KIND")
@options(as_json)
def verb(kind: str, as_json: bool) -> None:
    """JSON Schema of a KIND of file, for editors: architecture, workload, study, costs or cell.

    A file names its schema in its first line: '# yaml-language-server: $schema=PATH'.
    """
    from chipsim.experiments import schemas

    click.echo(schemas.text(kind), nl=False)  # an object of JSON, asked for by --json or not
