"""`chipsim reproduce`: a published figure made again."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from chipsim.cli import output as out
from chipsim.cli.interrupts import keeping
from chipsim.cli.options import as_json, first_seed, options, workers_option
from chipsim.errors import Fault, UsageError


@click.command()
@click.argument("figure", metavar="[FIGURE]", required=False)
@options(
    click.option(
        "--data", "set_name", type=click.Choice(["mnist", "digits"]), default=None,
        help="Images. [default: MNIST's where they are at hand, else the embedded digits]",
    ),
    click.option(
        "--seeds", type=click.IntRange(1, 10_000), default=None,
        help="Chips of each curve. [default: the figure's]",
    ),
    first_seed,
    click.option(
        "--images", type=click.IntRange(100, 10**9), default=None,
        help="Images of each stage that trains. [default: as in the workloads]",
    ),
    workers_option,
    click.option(
        "-o", "--output", type=click.Path(path_type=Path), metavar="DIR",
        help="Folder for text, figures and tables. [default, where chips are run: runs/reproduce-DATA]",
    ),
    click.option("--force", is_flag=True, help="Write over files, and run chips again, that are there."),
    as_json,
)  # fmt: skip
@click.pass_context
def verb(
    context: click.Context, figure: str | None, set_name: Literal["mnist", "digits"] | None,
    seeds: int | None, seed: int, images: int | None, workers: int | None, output: Path | None, force: bool,
    as_json: bool,
) -> None:  # fmt: skip
    """A published FIGURE made again, beside what was published; without one, what there is.

    Chips that lie in the folder are not run again, so an interrupted reproduction goes on, and figures share
    what they have in common.
    """
    from chipsim.experiments import processes, reproducing
    from chipsim.experiments.reproductions import study

    if figure is None:
        out.show(reproducing.titles(), as_json)
        return
    chosen = reproducing.named(figure)
    if isinstance(chosen, study.Study):
        _refuse_unused(context, figure)
        out.show(reproducing.make(figure, chosen, output, force), as_json)
        return
    asked = reproducing.given(set_name, seeds, seed, images, output, force, out.command_line())
    total = chosen.runs(asked)
    with out.bar(context, total, "runs") as show, keeping(asked.folder / study.CURVES):
        found = reproducing.simulate(
            chosen, asked, processes.cores(workers, total),
            lambda done, _, record: show(done, out.latest(record)),
        )  # fmt: skip
    out.show(found, as_json)


def _refuse_unused(context: click.Context, figure: str) -> None:
    """Raise `UsageError` for options that only a study that simulates chips would use."""
    for parameter in context.command.params:
        if parameter.name is None or parameter.name in ("figure", "output", "force", "as_json"):
            continue
        if context.get_parameter_source(parameter.name) is click.core.ParameterSource.COMMANDLINE:
            text = f"'{figure}' runs no chips of its own, so {parameter.opts[-1]} has no use; leave it out"
            raise UsageError(Fault(text, code="E100"))
