"""`chipsim price`: a finished run under other costs."""

from __future__ import annotations

from pathlib import Path

import click

from chipsim.cli import output as out
from chipsim.cli.options import as_json, force_option, options


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@options(
    click.option("--costs", metavar="TABLE", help="A cost table, by name or path [default: the run's own]."),
    click.option("--corner", help="typical, optimistic or conservative."),
    click.option(
        "-s", "--set", "settings", multiple=True, metavar="costs.PATH=VALUE",
        help="Another price, as in 'costs.adc_conv.energy=2 pJ'; repeatable.",
    ),
    click.option("-o", "--output", type=click.Path(path_type=Path), help="Folder for the run so priced."),
    force_option, as_json,
)  # fmt: skip
def verb(
    folder: Path, costs: str | None, corner: str | None, settings: tuple[str, ...], output: Path | None,
    force: bool, as_json: bool,
) -> None:  # fmt: skip
    """Price a finished run again under other costs, without simulating.

    A price is all that may change: what the chip did, and how long it took, stays as it was.
    """
    from chipsim.experiments import ensemble, folders, repricing
    from chipsim.reports import lines

    run = repricing.read(folder, repricing.settings_of(costs, corner, settings))
    if output is not None:
        folders.check_free(output, force)
    result = repricing.price(run, out.command_line())
    written = None if output is None else ensemble.write_run(run.job, result, output, force)
    if as_json:
        out.print_json(result.record)
        return
    for line in lines.of_prices(ensemble.read_record(folder), result.record):
        click.echo(line)
    if written is not None:
        click.echo(f"folder: {written}\nreport: {written / 'report.html'}")
