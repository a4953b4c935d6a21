"""Options that several verbs share, and the types of their values."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click


class Share(click.FloatRange):
    """A number from 0 to 1; not-a-number lies outside of every range."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number that a text stands for."""
        share = float(super().convert(value, param, ctx))
        if math.isnan(share):
            self.fail(f"{value} is no number from 0 to 1.", param, ctx)
        return share


def options(*options: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Several options as one decorator, in the order in which the help lists them."""

    def decorate(function: Any) -> Any:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
settings = click.option(
    "-s", "--set", "settings", multiple=True, metavar="PATH=VALUE",
    help="Set a value of either file, as in components.adc.bits=6; repeatable.",
)  # fmt: skip
output_option = click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="Folder [default: a new one in runs/]."
)
force_option = click.option("--force", is_flag=True, help="Replace an earlier run in that folder.")
first_seed = click.option(
    "--seed", type=click.IntRange(0, 2**63 - 1), default=0, show_default=True, help="First seed."
)
workers_option = click.option(
    "--workers",
    type=click.IntRange(1, 1024),
    default=None,
    help="Processes for the seeds. [default: all cores]",
)
