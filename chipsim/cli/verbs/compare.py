"""`chipsim compare`: runs or studies side by side."""

from __future__ import annotations

from pathlib import Path

import click

from chipsim.cli import output as out
from chipsim.cli.options import as_json, options


@click.command()
@click.argument("folders", metavar="DIR DIR...", nargs=-1, required=True, type=click.Path(path_type=Path))
@options(as_json)
def verb(folders: tuple[Path, ...], as_json: bool) -> None:
    """Runs or studies side by side: figures, how sure the differences are, and what differed in the files.

    Each is compared with the first. Sides with the same seeds are compared seed by seed.
    """
    from chipsim.experiments import comparing

    out.show(comparing.compare_folders(folders), as_json)
