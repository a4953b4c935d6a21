"""`chipsim explain`: what a name means."""

from __future__ import annotations

import click

from chipsim.cli import output as out
from chipsim.cli.options import as_json, options


@click.command()
@click.argument("thing", metavar="THING")
@options(as_json)
def verb(thing: str, as_json: bool) -> None:
    """What a figure, action, price, parameter, error code, component, cell, rule or source is.

    As in 'explain to_target', 'explain adc_conv', 'explain adc.bits', 'explain reram-om.step'.
    """
    from chipsim.experiments import explaining

    out.show(explaining.Meanings(explaining.explain(thing)), as_json)
