"""The command `chipsim`: its options, and its verbs, each imported when it is first asked for."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any, NoReturn

import click

from chipsim.cli import verbs
from chipsim.errors import suggestion


class Found(Mapping[str, click.Command]):
    """Verbs by name: the modules of `chipsim.cli.verbs`, each of which defines its command as `verb`."""

    def __init__(self) -> None:
        self._names = tuple(sorted(module.name for module in pkgutil.iter_modules(verbs.__path__)))

    def __getitem__(self, name: str) -> click.Command:
        if name not in self._names:
            raise KeyError(name)
        command: click.Command = import_module(f"{verbs.__name__}.{name}").verb
        return command

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


class Verbs(click.Group):
    """A group that shows its help without a verb, and answers a wrong one with the nearest right one."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the words of a command line; without any, show the help and end well."""
        if not args:
            click.echo(ctx.get_help(), color=ctx.color)
            ctx.exit()
        return super().parse_args(ctx, args)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """The command of a word; raises `click.UsageError` with the nearest."""
        if args and self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            near = suggestion(args[0], self.list_commands(ctx))
            raise click.UsageError(f"there is no verb '{args[0]}'{near}", ctx)
        return super().resolve_command(ctx, args)


def _say_version(context: click.Context) -> NoReturn:
    from chipsim.experiments.run import chipsim_version

    click.echo(f"chipsim {chipsim_version()}")
    context.exit()


@click.group(
    cls=Verbs, commands=Found(),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)  # fmt: skip
@click.option("-q", "--quiet", is_flag=True, help="No progress, no warnings.")
@click.option("-v", "--verbose", is_flag=True, help="Say which files are used and where each matrix lies.")
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, help="Show the version and exit.",
    callback=lambda context, option, wanted: _say_version(context) if wanted else None,
)  # fmt: skip
@click.pass_context
def commands(context: click.Context, quiet: bool, verbose: bool) -> None:
    """Simulate analog in-memory training chips: accuracy, latency, energy, area and pulse counts
    from one run of discrete events.

    Begin with 'chipsim demo', then 'chipsim run reram-8x4 reduced-digits-transfer'.
    """
    context.obj = {"quiet": quiet, "verbose": verbose}
