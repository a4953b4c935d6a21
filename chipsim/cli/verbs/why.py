"""`chipsim why`: from a total down to what made it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from chipsim.cli import output as out
from chipsim.cli.options import as_json, options

if TYPE_CHECKING:
    from chipsim.experiments.why import Question


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.argument("figure", metavar="FIGURE", type=click.Choice(["energy", "latency"]))
@options(as_json)
def verb(folder: Path, figure: Question, as_json: bool) -> None:
    """From a run's total energy down to count x price, or its latency along the critical path.

    FIGURE is energy or latency. Each line names the file and line at which the price or duration stands.
    """
    from chipsim.experiments.why import why

    out.show(why(folder, figure), as_json)
