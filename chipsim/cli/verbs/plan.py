"""`chipsim plan`: how a workload lies on a chip, by counts alone."""

from __future__ import annotations

import click

from chipsim.cli import output as out
from chipsim.cli.options import Share, as_json, options, settings


@click.command()
@click.argument("architecture", metavar="ARCH")
@click.argument("workload", metavar="WORKLOAD")
@options(
    *(
        click.option(f"--{name}", type=Share(min=0.0, max=1.0), default=None, help=text)
        for name, text in (
            ("inputs", "Mean magnitude of the inputs, as a share of full scale."),
            ("hidden", "That of the inputs of later layers."),
            ("errors", "That of errors."),
            ("written", "Share of the words added to that cross their threshold."),
        )
    ),
    settings, as_json,
)  # fmt: skip
def verb(
    architecture: str, workload: str, settings: tuple[str, ...], as_json: bool, **means: float | None
) -> None:
    """How a workload lies on a chip, and what an image takes by counts alone, without simulating.

    Times are exact where they do not hang on data; energies rest on means of the data, which are printed.
    """
    from chipsim.architecture.hollow import TYPICAL
    from chipsim.experiments import planning
    from chipsim.experiments.run import Request

    assumed = TYPICAL._replace(**{name: mean for name, mean in means.items() if mean is not None})
    found = planning.plan(Request(architecture, workload, settings), assumed)
    out.show(planning.Planned(found), as_json)
