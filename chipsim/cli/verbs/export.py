"""`chipsim export`: the weights of a finished run, for other programs."""

from __future__ import annotations

from pathlib import Path

import click

from chipsim.cli import output as out
from chipsim.cli.options import as_json, options


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@options(
    click.option("--to", "form", default="safetensors", show_default=True, help="Format of the file."),
    click.option(
        "-o", "--output", type=click.Path(path_type=Path), help="The file. [default: weights.FORMAT in DIR]"
    ),
    click.option("--force", is_flag=True, help="Replace a file that is there."),
    as_json,
)
def verb(folder: Path, form: str, output: Path | None, force: bool, as_json: bool) -> None:
    """Write the weights that the run in DIR ended with, named and laid out as in PyTorch.

    A workload begins with such a file by 'start: {weights: FILE}'.
    """
    from chipsim.experiments import exporting

    path = exporting.write(folder, form, output, force)
    if as_json:
        out.print_json({"weights": str(path), "format": form})
        return
    click.echo(f"weights: {path}")
