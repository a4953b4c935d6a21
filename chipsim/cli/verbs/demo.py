"""`chipsim demo`: the paper's chip, transfer against scratch."""

from __future__ import annotations

from pathlib import Path

import click

from chipsim.cli import output as out
from chipsim.cli.interrupts import keeping
from chipsim.cli.options import (
    as_json,
    first_seed,
    force_option,
    options,
    output_option,
    settings,
    workers_option,
)


@click.command()
@options(
    click.option(
        "--data", "set_name", type=click.Choice(["digits", "mnist"]), default="digits", show_default=True,
        help="Images: embedded, or MNIST's.",
    ),
    click.option(
        "--seeds", type=click.IntRange(1, 10_000), default=10, show_default=True, help="Chips to train."
    ),
    first_seed, workers_option, settings,
    output_option, force_option, as_json,
)  # fmt: skip
@click.pass_context
def verb(
    context: click.Context, set_name: str, seeds: int, seed: int, workers: int | None,
    settings: tuple[str, ...], output: Path | None, force: bool, as_json: bool,
) -> None:  # fmt: skip
    """The paper's chip on digits 0 and 1: transfer learning against training from scratch."""
    from chipsim.experiments import demo as demonstration
    from chipsim.experiments import folders, processes

    numbers = range(seed, seed + seeds)
    folder = output or demonstration.find_folder(Path(folders.RUNS), set_name, numbers, settings)
    with out.bar(context, 2 * seeds, "runs") as show, keeping(folder):
        answer = demonstration.run(
            folder, set_name, numbers, processes.cores(workers, 2 * seeds),
            lambda done, _, record: show(done, out.latest(record)), settings, out.command_line(), force,
        )  # fmt: skip
    out.show(answer, as_json)
