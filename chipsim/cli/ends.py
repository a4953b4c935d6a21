"""Ends: whatever happens to a verb becomes one exit code, and a sentence."""

from __future__ import annotations

import json
import os
import shlex
import sys
import tempfile
import traceback
from collections.abc import Sequence
from typing import Any, NoReturn

import click

from chipsim.cli import interrupts
from chipsim.cli.group import commands
from chipsim.errors import ChipsimError, Fault, FitError, Need, UsageError, suggestion

INTERRUPTED = 130
BUG = 70


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    interrupts.listen()
    sys.exit(run_verb(given))


def run_verb(given: list[str]) -> int:
    """Run one command line; returns its exit code."""
    try:
        commands.main(given, prog_name="chipsim", standalone_mode=False)
        return 0
    except click.exceptions.Exit as end:
        return int(end.exit_code)
    except click.ClickException as error:
        return _say_faults(_as_usage_error(error), "--json" in given)
    except ChipsimError as error:
        return _say_faults(error, "--json" in given)
    except (interrupts.Interrupted, KeyboardInterrupt, click.Abort) as end:
        return _say_interrupted(str(end), "--json" in given)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # the last resort: a bug becomes a report, not a traceback
        if interrupts.is_interrupt(error):
            return _say_interrupted("", "--json" in given)
        return _say_bug(given)


def _say_interrupted(kept: str, as_json: bool) -> int:
    text = kept or "nothing was written; run the same command again"
    return _say(f"interrupted: {text}", [Fault(text, code="E095")], INTERRUPTED, as_json)


def _as_usage_error(error: click.ClickException) -> UsageError:
    """Click's complaint as one sentence of ours, with the nearest choice or where to read on."""
    message = error.format_message().rstrip(".").replace("\n", " ")
    context = getattr(error, "ctx", None)
    if isinstance(error, click.NoSuchOption) and context is not None:
        every = [name for option in context.command.get_params(context) for name in option.opts]
        known = [name for name in every if name.startswith("--")]
        message = f"there is no option '{error.option_name}'{suggestion(error.option_name, known)}"
    elif isinstance(error, click.BadParameter) and "is not in the range" not in message:
        message = message.replace(" integer range", " whole number")
    hint = f"; see '{context.command_path} --help'" if context and not message.endswith("?") else ""
    return UsageError(Fault(message[:1].lower() + message[1:] + hint, code="E100"))


def _say_faults(error: ChipsimError, as_json: bool) -> int:
    needs = error.needs if isinstance(error, FitError) else ()
    return _say(str(error), error.faults, error.exit_code, as_json, needs)


def _say(
    text: str, faults: Sequence[Fault], exit_code: int, as_json: bool, needs: Sequence[Need] = ()
) -> int:
    if as_json:
        said: dict[str, Any] = {"exit_code": exit_code, "faults": [fault.as_dict() for fault in faults]}
        if needs:
            said["needs"] = [need._asdict() for need in needs]
        click.echo(json.dumps({"error": said}, indent=2))
        return exit_code
    click.echo(text, err=True)
    if needs:
        click.echo(f"  {'':<20}{'needed':>14}{'available':>14}", err=True)
    for need in needs:
        remedy = "" if need.met else f"  {need.remedy}"
        click.echo(f"  {need.what:<20}{need.needed:>14}{need.available:>14}{remedy}", err=True)
    return exit_code


def _say_bug(given: list[str]) -> int:
    with tempfile.NamedTemporaryFile("w", prefix="chipsim-bug-", suffix=".txt", delete=False) as report:
        report.write(f"chipsim {shlex.join(given)}\n\n{traceback.format_exc()}")
    fault = Fault(f"this is a bug of chipsim; a report for us lies in {report.name}", code="E110")
    return _say(str(fault), [fault], BUG, "--json" in given)
