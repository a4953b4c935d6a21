"""`chipsim data`: data sets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from chipsim.cli import output as out
from chipsim.cli.group import Verbs
from chipsim.cli.options import as_json

if TYPE_CHECKING:
    from chipsim.experiments.datasets import Action


@click.group(cls=Verbs)
def verb() -> None:
    """Data sets: what there is and where; nothing is downloaded unasked."""


@verb.command(name="list")
@as_json
def list_(as_json: bool) -> None:
    """All data sets, and where each lies on this machine."""
    from chipsim.experiments import datasets

    out.show(datasets.listed(), as_json)


def _one(action: Action, words: str) -> None:
    @verb.command(name=action, help=words)
    @click.argument("set_name", metavar="NAME")
    @as_json
    def located(set_name: str, as_json: bool) -> None:
        from chipsim.experiments import datasets

        out.show(datasets.located(set_name, action), as_json)


_one("where", "The folder of a data set.")
_one("get", "Download a data set into the cache, with its checksums.")
_one("verify", "Check a data set's files against their checksums.")
