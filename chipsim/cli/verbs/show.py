"""`chipsim show`: the graph of an architecture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from chipsim.cli import output as out
from chipsim.cli.options import as_json, options, settings

if TYPE_CHECKING:
    from chipsim.experiments.showing import Form


@click.command()
@click.argument("architecture", metavar="ARCH")
@click.argument("workload", metavar="[WORKLOAD]", required=False)
@options(
    click.option(
        "--as", "form", type=click.Choice(["table", "svg", "dot", "mermaid", "yaml"]), default="table",
        show_default=True, help="Form of the drawing; yaml is the resolved file.",
    ),
    settings, as_json,
)  # fmt: skip
def verb(
    architecture: str, workload: str | None, form: Form, settings: tuple[str, ...], as_json: bool
) -> None:
    """The graph of an architecture, or its file with everything filled in.

    A group of components is drawn once, with its count; of groups that stand there as needed, WORKLOAD says
    how many that is.
    """
    from chipsim.experiments import showing

    drawing = showing.show(architecture, workload, settings)
    if as_json:
        out.show(drawing, as_json)
    else:
        click.echo(drawing.drawn(form), nl=form != "yaml")
