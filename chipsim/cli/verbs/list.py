"""`chipsim list`: what there is of each kind of thing that has a name."""

from __future__ import annotations

import click

from chipsim.cli import output as out
from chipsim.cli.options import as_json


@click.command()
@click.argument("kind", metavar="KIND", required=False)
@as_json
def verb(kind: str | None, as_json: bool) -> None:
    """All of a KIND: architectures, workloads, cells, components, rules, models, datasets, costs,
    studies, reproductions.
    """
    from chipsim.experiments import listing

    out.show(listing.named(kind), as_json)
