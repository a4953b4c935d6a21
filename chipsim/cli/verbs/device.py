"""`chipsim device`: a cell on the bench."""

from __future__ import annotations

from pathlib import Path

import click

from chipsim.cli import output as out
from chipsim.cli.options import as_json, options


@click.command()
@click.argument("cell", metavar="CELL")
@options(
    click.option(
        "--devices", type=click.IntRange(1, 1_000_000), default=10_000, show_default=True,
        help="Devices to draw and measure.",
    ),
    click.option(
        "--pulses", type=click.IntRange(1, 10_000), default=200, show_default=True,
        help="Pulses up, and as many down.",
    ),
    click.option(
        "--seed", type=click.IntRange(0, 2**63 - 1), default=0, show_default=True,
        help="Seed of devices and pulses.",
    ),
    click.option(
        "-s", "--set", "settings", multiple=True, metavar="PARAM=VALUE",
        help="Set a parameter of the cell, as in step_spread=0.2; repeatable.",
    ),
    click.option(
        "-o", "--output", type=click.Path(path_type=Path), metavar="DIR|FILE.svg",
        help="Write the figure, and into a folder the tables too.",
    ),
    click.option("--force", is_flag=True, help="Write over files that are there."),
    as_json,
)  # fmt: skip
@click.pass_context
def verb(
    context: click.Context, cell: str, devices: int, pulses: int, seed: int, settings: tuple[str, ...],
    output: Path | None, force: bool, as_json: bool,
) -> None:  # fmt: skip
    """Pulse response, spread, symmetry points, states and noise of CELL (a name or a cell file)."""
    from chipsim.experiments import device as bench

    if output is not None:
        bench.check_output(output)
    measured = bench.measure(cell, settings, devices, pulses, seed)
    written = measured.write(output, force) if output is not None else ()
    if as_json:
        out.print_json(measured.record | ({"files": list(map(str, written))} if written else {}))
        return
    click.echo(measured.table)
    if not written and not context.obj["quiet"]:
        click.echo(f"for the figure: chipsim device {cell} -o {measured.cell.preset.name}.svg", err=True)
    for path in written:
        click.echo(f"{'figure' if path.suffix == '.svg' else 'table'}: {path}")
