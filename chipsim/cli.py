"""The verbs of the command line: the only place that prints and sets exit codes.

Results go to stdout; progress, warnings and errors to stderr. Nothing heavy is imported before a verb
needs it.
"""

from __future__ import annotations

import json
import math
import os
import shlex
import signal
import sys
import tempfile
import textwrap
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any, Literal, NoReturn

import click

from chipsim.errors import ChipsimError, Fault, FitError, Need, RunError, UsageError, suggestion

INTERRUPTED = 130
BUG = 70

KINDS = {
    "architectures": "architecture", "workloads": "workload", "cells": "cell", "components": "component",
    "rules": "rule", "models": "model", "datasets": "dataset", "costs": "costs",
    "studies": "study", "reproductions": "reproduction",
}  # fmt: skip
"""What `list` can list, and its name in the registry."""


class Interrupted(Exception):  # noqa: N818 - an end, not an error
    """The user stopped the verb; the text says what was kept and how to go on."""


# Ends: whatever happens becomes one exit code


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _Interrupts())
    sys.exit(run_verb(given))


class _Stop(KeyboardInterrupt):
    """An interrupt; of a class of its own, as Python dies of the plain one if an `exec` has seen it pass."""


class _Interrupts:
    """Hears interrupts and remembers it: compiled code may turn one into an error that does not tell."""

    def __init__(self) -> None:
        self.heard = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        self.heard = True
        raise _Stop


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
    except (Interrupted, KeyboardInterrupt, click.Abort) as end:
        return _say_interrupted(str(end), "--json" in given)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # the last resort: a bug becomes a report, not a traceback
        if _is_interrupt(error):
            return _say_interrupted("", "--json" in given)
        return _say_bug(given)


def _is_interrupt(error: BaseException | None) -> bool:
    """Whether an interrupt is behind an error: a kernel makes a `SystemError` of it, Pydantic a text."""
    listener = signal.getsignal(signal.SIGINT)
    if isinstance(listener, _Interrupts) and listener.heard:
        return True
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None


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


# Options that several verbs share


class _Share(click.FloatRange):
    """A number from 0 to 1; not-a-number lies outside of every range."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        share = float(super().convert(value, param, ctx))
        if math.isnan(share):
            self.fail(f"{value} is no number from 0 to 1.", param, ctx)
        return share


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


def _options(*options: Callable[[Any], Any]) -> Callable[[Any], Any]:
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


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
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


def _say_version(context: click.Context) -> NoReturn:
    from chipsim.experiments.run import chipsim_version

    click.echo(f"chipsim {chipsim_version()}")
    context.exit()


def _cores(workers: int | None, tasks: int) -> int:
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(workers or available, tasks))


def _command() -> tuple[str, ...]:
    return ("chipsim", *sys.argv[1:])


def _print_json(value: Any) -> None:
    click.echo(json.dumps(value, indent=2, allow_nan=False, ensure_ascii=False))


def _warn(context: click.Context, warnings: Sequence[Mapping[str, str]]) -> None:
    if not context.obj["quiet"]:
        for warning in warnings:
            click.echo(f"warning[{warning['code']}]: {warning['message']}", err=True)


# Progress, on a terminal only


@contextmanager
def _bar(context: click.Context, total: int, unit: str) -> Iterator[Callable[[int, str], None]]:
    """A function told how much is done and what to say beside it; silent off a terminal."""
    if context.obj["quiet"] or not sys.stderr.isatty():
        yield lambda done, text: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        BarColumn(30), MofNCompleteColumn(), TextColumn(unit), TextColumn("{task.fields[rate]}"),
        TextColumn("left"), TimeRemainingColumn(), TextColumn("{task.fields[text]}"),
    )  # fmt: skip
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(
            "", total=total, text="starting; kernels are compiled once a version", rate=""
        )
        began = time.monotonic()

        def show(done: int, text: str) -> None:
            rate = done / max(time.monotonic() - began, 1e-9)
            progress.update(task, completed=done, text=text, rate=f"{rate:,.0f}/s")

        yield show


# demo and run


@commands.command()
@_options(
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
def demo(
    context: click.Context, set_name: str, seeds: int, seed: int, workers: int | None,
    settings: tuple[str, ...], output: Path | None, force: bool, as_json: bool,
) -> None:  # fmt: skip
    """The paper's chip on digits 0 and 1: transfer learning against training from scratch."""
    from chipsim.experiments import demo as demonstration
    from chipsim.experiments import folders

    numbers = range(seed, seed + seeds)
    folder = output or demonstration.find_folder(Path(folders.RUNS), set_name, numbers, settings)
    with _bar(context, 2 * seeds, "runs") as show, _keeping(folder):
        answer = demonstration.run(
            folder, set_name, numbers, _cores(workers, 2 * seeds),
            lambda done, _, record: show(done, _latest(record)), settings, _command(), force,
        )  # fmt: skip
    if as_json:
        _print_json(answer.as_dict())
        return
    click.echo(answer.sentences)
    click.echo(f"\nreport: {answer.report}")


def _latest(record: Mapping[str, Any]) -> str:
    stage = record["stages"][-1]
    return f"{record['workload']} seed {record['seed']}: {stage['accuracy']['last']:.1%}"


SEEDS = ("seed-*/run.json", "[!.]*/seed-*/run.json")
"""What finished seeds leave: those of an ensemble, and those of a demonstration's sides."""


@contextmanager
def _keeping(folder: Path, marks: Sequence[str] = SEEDS) -> Iterator[None]:
    """Say of an end from outside what is kept: finished runs, each with a file like one of `marks`."""
    try:
        yield
    except (Exception, KeyboardInterrupt) as error:
        if _is_interrupt(error):
            kept = sum(len(list(folder.glob(pattern))) for pattern in marks)
            words = f"{kept} finished runs are" if kept != 1 else "1 finished run is"
            raise Interrupted(f"{words} kept in {folder}; to go on: {shlex.join(_command())}") from None
        if type(error).__name__ == "BrokenProcessPool":
            raise RunError(
                Fault("a worker process was ended from outside, perhaps for want of memory; what was "
                      f"finished is kept in {folder}: run the same command again", code="E090")
            ) from None  # fmt: skip
        raise


@commands.command()
@click.argument("architecture", metavar="ARCH")
@click.argument("workload", metavar="WORKLOAD")
@_options(
    output_option, force_option,
    first_seed,
    click.option("--seeds", type=click.IntRange(1, 1_000_000), default=None, help="Run this many seeds."),
    workers_option, settings,
    click.option(
        "--trace", is_flag=False, flag_value="0:20", metavar="[A:B]",
        help="Write events.csv, and trace.json.gz for Perfetto: images A up to B of each stage, counted "
        "from 0. [alone: 0:20]",
    ),
    click.option("--strict", is_flag=True, help="Warnings are errors."),
    as_json,
)  # fmt: skip
@click.pass_context
def run(
    context: click.Context, architecture: str, workload: str, output: Path | None, force: bool, seed: int,
    seeds: int | None, workers: int | None, settings: tuple[str, ...], trace: str | None, strict: bool,
    as_json: bool,
) -> None:  # fmt: skip
    """Simulate WORKLOAD on ARCH (each a path or the name of a shipped file)."""
    from chipsim.experiments.run import Request, check_window, prepare
    from chipsim.reports.result import plan_warnings

    window = None if trace is None else _window(trace)
    job = prepare(Request(architecture, workload, settings))
    if window is not None:
        check_window(job, window)
    if context.obj["verbose"]:
        for kind, path in job.sources.items():
            click.echo(f"{kind}: {path}", err=True)
        for (layer, matrix), place in job.plan.places.items():
            click.echo(f"{layer}.{matrix}: {place.array}, {place.region}", err=True)
    warnings = plan_warnings(job.plan)
    if strict and warnings:
        raise RunError(*(Fault(warning["message"], code=warning["code"]) for warning in warnings))
    _warn(context, warnings)
    job.selection  # noqa: B018 - data that is not there is found before anything is written
    if seeds is None:
        found = _run_one(context, job, output, force, seed, window, as_json, len(warnings))
    else:
        found = _run_many(context, job, output, force, range(seed, seed + seeds), workers, window, as_json)
    if strict and (cut := [warning for warning in found if warning["code"] == "W030"]):
        raise RunError(*(Fault(warning["message"], code=warning["code"]) for warning in cut))


def _window(text: str) -> Any:
    from chipsim.simulation.trace import Window

    first, colon, end = text.partition(":")
    if not (colon and first.isdecimal() and end.isdecimal() and int(first) < int(end)):
        raise UsageError(
            Fault(f"'--trace {text}': '{text}' is not A:B, images A up to B, as in 0:20; --trace alone "
                  "stands behind ARCH and WORKLOAD", code="E100")
        )  # fmt: skip
    return Window(int(first), int(end))


def _run_one(
    context: click.Context, job: Any, output: Path | None, force: bool, seed: int, window: Any, as_json: bool,
    warned: int,
) -> Sequence[Mapping[str, str]]:  # fmt: skip
    """Run and write one seed; returns its warnings, of which the first `warned` have been said."""
    from chipsim.experiments import ensemble, folders
    from chipsim.experiments.run import traced

    folders.check_free(output or folders.fresh(Path(folders.RUNS), job.workload.name), force)
    before = {
        stage.name: sum(s.images for s in job.workload.stages[:k])
        for k, stage in enumerate(job.workload.stages)
    }
    with _bar(context, sum(stage.images for stage in job.workload.stages), "images") as show:
        result, trace = traced(
            job, seed, window,
            lambda stage, done, _, accuracy: show(before[stage] + done, f"{stage}: {accuracy:.1%}"),
            _command(),
        )  # fmt: skip
    folder = ensemble.write_run(job, result, output, force, trace)
    _warn(context, result.warnings[warned:])
    if as_json:
        click.echo((folder / "run.json").read_text("utf-8"), nl=False)
        return result.warnings
    _print_record(result.record)
    click.echo(f"folder: {folder}\nreport: {folder / 'report.html'}")
    if trace is not None:
        click.echo(f"trace: {folder / 'trace.json.gz'}")
    return result.warnings


def _run_many(
    context: click.Context, job: Any, output: Path | None, force: bool, seeds: range, workers: int | None,
    window: Any, as_json: bool,
) -> Sequence[Mapping[str, str]]:  # fmt: skip
    """Run and write many seeds; returns what there is to say of the trace."""
    from chipsim.experiments import ensemble, folders
    from chipsim.reports import html

    base = None if output else Path(folders.RUNS)
    name = output or Path(job.workload.name)
    wanted = ensemble.Plan(job, name, tuple(seeds), _command(), window)
    if window is not None and not context.obj["quiet"]:
        click.echo(f"--trace: of the {len(seeds)} seeds, the first ({seeds[0]}) is traced", err=True)
    plan = ensemble.find_or_begin(wanted, base, force)
    with _bar(context, len(seeds), "seeds") as show, _keeping(plan.folder):
        summary = ensemble.run(
            plan, _cores(workers, len(seeds)), lambda done, _, record: show(done, _latest(record))
        )
        group = html.Group(job.workload.name, tuple(plan.of(seed) for seed in plan.seeds))
        title = f"{job.workload.name} on {job.architecture.name}, {len(seeds)} seeds"
        page = html.write([group], plan.folder / "report.html", title, command=shlex.join(_command()))
    first = plan.of(plan.seeds[0])
    found: Sequence[Mapping[str, str]] = json.loads((first / "warnings.json").read_text("utf-8"))
    cut = [warning for warning in found if warning["code"] == "W030"]
    _warn(context, cut)
    if as_json:
        click.echo((plan.folder / "ensemble.json").read_text("utf-8"), nl=False)
        return cut
    _print_summary(summary)
    click.echo(f"folder: {plan.folder}\nreport: {page}")
    if window is not None:
        click.echo(f"trace: {first / 'trace.json.gz'}")
    return cut


def _print_record(record: Mapping[str, Any]) -> None:
    for stage in record["stages"]:
        accuracy = stage["accuracy"]
        click.echo(
            f"{stage['name']}: accuracy {accuracy['first']:.1%} -> {accuracy['last']:.1%} "
            f"(best {accuracy['best']:.1%}; a linear classifier {stage['linear_accuracy']:.1%})"
        )
        pulses = stage["pulses"]["set"] + stage["pulses"]["reset"]
        costs = _costs(stage["time_s"], stage["energy_J"], pulses)
        if (found := stage.get("programming")) is not None:
            click.echo(
                f"  {stage['rule']}, {found['cells']} cells: {costs}\n"
                f"  {found['share_beyond_tolerance']:.1%} of the cells beyond the tolerance of "
                f"{found['tolerance']:.3g}, worst error {found['worst_error']:.3g}"
            )
        else:
            click.echo(f"  {stage['images']} images: {costs}")
        if stage["target"] is not None:
            click.echo(f"  to {stage['target']:.1%}: {_to_target(stage['to_target'])}")
    total = record["total"]
    costs = _costs(total["time_s"], total["energy_J"], total["pulses"])
    click.echo(f"in all: {costs}; area {_area(record['area_m2'])}")
    _print_contention(record)
    click.echo(f"  {total['assumed_share']:.1%} of the energy rests on assumed prices")
    _print_spread(record)


def _print_contention(record: Mapping[str, Any]) -> None:
    """What waiting costs or overlap gains, and the component that holds the run back."""
    total, held = record["total"], record["bottleneck"]
    difference = round(total["time_s"] - total["uncontended_s"], 12)
    what = "overlap gains" if difference < 0 else "waiting costs"
    click.echo(
        f"  one after another without a wait it would be {_written(total['uncontended_s'], 'time')}: "
        f"{what} {_written(abs(difference), 'time')}"
    )
    if held is not None:
        share = f"{held['share']:.1%} of the {'critical path' if held['by'] == 'critical path' else 'time'}"
        each = "a second one" if held["copies"] == 1 else f"a second one for each of the {held['copies']}"
        click.echo(
            f"  bottleneck: {held['component']}, {share}; {each} would gain at most "
            f"{_written(held['gain_at_most_s'], 'time')}"
        )


def _to_target(found: Mapping[str, Any] | None) -> str:
    if found is None:
        return "not within the run"
    return f"{found['images']} images, {_costs(found['time_s'], found['energy_J'], found['pulses'])}"


def _costs(time_s: float, energy: float, pulses: float) -> str:
    return f"{_written(time_s, 'time')}, {_written(energy, 'energy')}, {pulses:.0f} pulses"


def _area(value: float) -> str:
    return _written(value, "area")


def _written(value: float, dimension: str) -> str:
    from chipsim.inputs.units import format as written

    return written(float(f"{value:.4g}"), dimension)


def _print_summary(summary: Mapping[str, Any]) -> None:
    count = len(summary["seeds"])
    click.echo(f"{summary['workload']} on {summary['architecture']}, {count} seeds: mean (95 % interval)")
    for path, figure in summary["figures"].items():
        if path.endswith(
            (".accuracy.last", ".accuracy.first", ".to_target.images", ".time_s", ".energy_J")
        ) and ("by_" not in path):
            click.echo(f"  {path}: {_interval(path, figure)}")


def _interval(path: str, figure: Mapping[str, Any]) -> str:
    values = figure["values"]
    if figure["mean"] is None:
        known = sorted(value for value in values if value is not None)
        middle = len(values) // 2
        median = f", median {_of_path(path, known[middle])}" if middle < len(known) else ""
        return f"reached by {len(known)} of {len(values)} seeds{median}"
    mean = _of_path(path, figure["mean"])
    if figure["ci95"] is None:
        return mean
    low, high = (_of_path(path, end) for end in figure["ci95"])
    return f"{mean} ({low} to {high})"


def _of_path(path: str, value: float) -> str:
    """A figure as a reader sees it: by the unit in its key, an accuracy in per cent."""
    for ending, dimension in (("_s", "time"), ("_J", "energy"), ("_m2", "area")):
        if path.endswith(ending):
            return _written(value, dimension)
    return f"{value:.1%}" if ".accuracy" in path else f"{value:.6g}"


# check, show, list, report, data


@commands.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@_options(settings, as_json)
@click.pass_context
def check(context: click.Context, files: tuple[str, ...], settings: tuple[str, ...], as_json: bool) -> None:
    """All faults of files, with line and column; an architecture and a workload are also mapped.

    Of such a pair it says too what a run would warn of beforehand.
    """
    from chipsim.experiments import checking

    checked = checking.check(files, settings)
    if as_json:
        listed = [{"file": name, "kind": kind} for name, kind in checked.files]
        _print_json({"checked": listed, "warnings": list(checked.warnings)})
        return
    _warn(context, checked.warnings)
    for name, kind in checked.files:
        click.echo(f"{name}: {kind} without faults")


@commands.command()
@click.argument("architecture", metavar="ARCH")
@click.argument("workload", metavar="WORKLOAD")
@_options(
    *(
        click.option(f"--{name}", type=_Share(min=0.0, max=1.0), default=None, help=text)
        for name, text in (
            ("inputs", "Mean magnitude of the inputs, as a share of full scale."),
            ("hidden", "That of the inputs of later layers."),
            ("errors", "That of errors."),
            ("written", "Share of the words added to that cross their threshold."),
        )
    ),
    settings, as_json,
)  # fmt: skip
def plan(
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
    if as_json:
        _print_json(found)
        return
    for line in planning.lines(found):
        click.echo(line)


@commands.command()
@click.argument("architecture", metavar="ARCH")
@click.argument("workload", metavar="[WORKLOAD]", required=False)
@_options(
    click.option(
        "--as", "form", type=click.Choice(["table", "svg", "dot", "mermaid", "yaml"]), default="table",
        show_default=True, help="Form of the drawing; yaml is the resolved file.",
    ),
    settings, as_json,
)  # fmt: skip
def show(
    architecture: str, workload: str | None, form: str, settings: tuple[str, ...], as_json: bool
) -> None:
    """The graph of an architecture, or its file with everything filled in.

    A group of components is drawn once, with its count; of groups that stand there as needed, WORKLOAD says
    how many that is.
    """
    from chipsim.experiments import checking
    from chipsim.inputs import documents
    from chipsim.reports import drawing, nodes, outlines

    resolved = checking.shown(architecture, workload, settings)
    if as_json:
        _print_json(resolved)
        return
    if form == "yaml":
        click.echo(documents.dump(resolved), nl=False)
        return
    forms: dict[str, Callable[..., str]] = {
        "table": outlines.table, "svg": drawing.svg, "dot": outlines.dot, "mermaid": outlines.mermaid,
    }  # fmt: skip
    links = nodes.pairs(resolved["links"])
    click.echo(forms[form](resolved["components"], links, resolved.get("groups", {})))


@commands.command()
@click.argument("cell", metavar="CELL")
@_options(
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
def device(
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
        _print_json(measured.record | ({"files": list(map(str, written))} if written else {}))
        return
    click.echo(measured.table)
    if not written and not context.obj["quiet"]:
        click.echo(f"for the figure: chipsim device {cell} -o {measured.cell.preset.name}.svg", err=True)
    for path in written:
        click.echo(f"{'figure' if path.suffix == '.svg' else 'table'}: {path}")


@commands.command(name="list")
@click.argument("kind", metavar="KIND", required=False)
@as_json
def list_(kind: str | None, as_json: bool) -> None:
    """All of a KIND: architectures, workloads, cells, components, rules, models, datasets, costs,
    studies, reproductions.
    """
    from chipsim.experiments import checking

    if kind is not None and kind not in KINDS:
        raise UsageError(Fault(f"there is no kind '{kind}' to list{suggestion(kind, KINDS)}", code="E100"))
    kinds = [kind] if kind else list(KINDS)
    found = {name: checking.described(KINDS[name]) for name in kinds}
    if as_json:
        _print_json(found)
        return
    for name, things in found.items():
        if kind is None:
            click.echo(f"{name}:")
        width = max((len(thing) for thing in things), default=0)
        for thing, words in things.items():
            click.echo(f"{'' if kind else '  '}{thing:{width}}  {words}".rstrip())


@commands.command()
@click.argument("folder", metavar="[DIR]", default=".", type=click.Path(path_type=Path))
@_options(as_json)
def init(folder: Path, as_json: bool) -> None:
    """Commented architecture and workload files to start from, in DIR or here; never over others."""
    from chipsim.experiments import starting

    written = starting.write(folder)
    if as_json:
        _print_json({"files": list(map(str, written))})
        return
    for path in written:
        click.echo(path)
    files = shlex.join(str(path) for path in written if path.suffix == ".yaml")
    click.echo(f"to go on: chipsim check {files}, then chipsim run {files}")


@commands.command()
@click.argument("kind", metavar="KIND")
@_options(as_json)
def schema(kind: str, as_json: bool) -> None:
    """JSON Schema of a KIND of file, for editors: architecture, workload, study, costs or cell.

    A file names its schema in its first line: '# yaml-language-server: $schema=PATH'.
    """
    from chipsim.experiments import schemas

    click.echo(schemas.text(kind), nl=False)  # an object of JSON, asked for by --json or not


@commands.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@_options(
    click.option("--costs", metavar="TABLE", help="A cost table, by name or path [default: the run's own]."),
    click.option("--corner", help="typical, optimistic or conservative."),
    click.option(
        "-s", "--set", "settings", multiple=True, metavar="costs.PATH=VALUE",
        help="Another price, as in 'costs.adc_conv.energy=2 pJ'; repeatable.",
    ),
    click.option("-o", "--output", type=click.Path(path_type=Path), help="Folder for the run so priced."),
    force_option, as_json,
)  # fmt: skip
def price(
    folder: Path, costs: str | None, corner: str | None, settings: tuple[str, ...], output: Path | None,
    force: bool, as_json: bool,
) -> None:  # fmt: skip
    """Price a finished run again under other costs, without simulating.

    A price is all that may change: what the chip did, and how long it took, stays as it was.
    """
    from chipsim.experiments import ensemble, folders, repricing

    run = repricing.read(folder, repricing.settings_of(costs, corner, settings))
    if output is not None:
        folders.check_free(output, force)
    result = repricing.price(run, _command())
    written = None if output is None else ensemble.write_run(run.job, result, output, force)
    if as_json:
        _print_json(result.record)
        return
    before = ensemble.read_record(folder)
    _print_repriced(before, result.record)
    if written is not None:
        click.echo(f"folder: {written}\nreport: {written / 'report.html'}")


def _print_repriced(before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    for record, word in ((before, "was"), (after, "is")):
        costs = record["costs"]
        click.echo(
            f"{word:>3}: {_written(record['total']['energy_J'], 'energy')} and {_area(record['area_m2'])} "
            f"under {costs['table']}, {costs['corner']}"
        )
    _print_spread(after)


def _print_spread(record: Mapping[str, Any]) -> None:
    """What the ranges of prices and durations make of the totals, and which of them that comes from."""
    for name, figure, drawn, how in (
        ("energy", "energy_J", "prices", "90 %, whatever the corner"),
        ("time", "time_s", "durations", "90 %"),
        ("area", "area_m2", "prices", "90 %, whatever the corner"),
    ):
        spread = record["uncertainty"][figure]
        if not spread["causes"]:
            click.echo(f"  {name}: none of its {drawn} has a range")
            continue
        ends = " to ".join(_written(spread[end], name) for end in ("low", "high"))
        causes = ", ".join(f"{cause['entry']} {cause['share']:.0%}" for cause in spread["causes"][:3])
        whole = f"  {name}, over the ranges of the {drawn} ({how}): {ends}"
        click.echo(f"{whole}; spread from {causes}")


@commands.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.argument("figure", metavar="FIGURE", type=click.Choice(["energy", "latency"]))
@_options(as_json)
def why(folder: Path, figure: str, as_json: bool) -> None:
    """From a run's total energy down to count x price, or its latency along the critical path.

    FIGURE is energy or latency. Each line names the file and line at which the price or duration stands.
    """
    from chipsim.experiments import why as reasons

    if figure == "energy":
        lines = reasons.energy(folder)
        _print_json({figure: [line._asdict() for line in lines]}) if as_json else _print_energy(lines)
        return
    found = reasons.ways(folder)
    if as_json:
        overlap = {} if found.overlap is None else {"overlap": found.overlap._asdict()}
        _print_json({figure: [line._asdict() for line in found.lines]} | overlap)
        return
    _print_latency(found)


def _print_latency(found: Any) -> None:
    whole = _written(sum(line.time_s for line in found.lines), "time")
    if (overlap := found.overlap) is None:
        click.echo(f"{whole} in all, evaluation apart:")
    else:
        click.echo(
            f"{_written(overlap.time_s, 'time')} in all, evaluation apart; images overlap (depth "
            f"{overlap.depth}), and their ways add up to {whole}, {overlap.ratio:.4g} times that"
        )
        if overlap.way_s is not None:
            click.echo(
                f"the mean way of {overlap.images} images is {_written(overlap.way_s, 'time')}, from the "
                "wait for a place to the end of its learning step:"
            )
    for line in found.lines:
        durations = ", ".join(f"{name} {value}" for name, value in line.durations.items())
        click.echo(
            f"{line.share:7.2%} {_written(line.time_s, 'time'):>9}  {line.operation}: {line.component} "
            f"{line.kind}{f'; {durations}' if durations else ''}"
        )


def _print_energy(lines: Sequence[Any]) -> None:
    click.echo(f"{_written(sum(line.energy_J for line in lines), 'energy')} in all, evaluation apart:")
    for line in lines:
        click.echo(
            f"{line.share:7.2%} {_written(line.energy_J, 'energy'):>9}  {line.operation}: "
            f"{line.component}.{line.action}, {line.count} x {_written(line.price_J, 'energy')}"
        )
        click.echo(f"{'':19}{line.formula}; {line.source} ({line.status}; {line.place})")


@commands.command()
@click.argument("folders", metavar="DIR DIR...", nargs=-1, required=True, type=click.Path(path_type=Path))
@_options(as_json)
def compare(folders: tuple[Path, ...], as_json: bool) -> None:
    """Runs or studies side by side: figures, how sure the differences are, and what differed in the files.

    Each is compared with the first. Sides with the same seeds are compared seed by seed.
    """
    from chipsim.experiments import comparing

    if len(folders) < 2:
        raise UsageError(Fault("give two folders or more to compare", code="E100"))
    first, *others = map(comparing.read, folders)
    found = [comparing.compare(first, other) for other in others]
    if as_json:
        _print_json({"comparisons": [comparison.as_dict() for comparison in found]})
        return
    for comparison in found:
        _print_comparison(comparison)


def _print_comparison(found: Any) -> None:
    click.echo(f"{found.second.label}\n  against {found.first.label}")
    width = max(len(line.figure) for line in found.lines)
    for line in found.lines:
        values = "  ".join(f"{_mean(side, line.figure):>22}" for side in (line.first, line.second))
        click.echo(f"  {line.figure:{width}}  {values}  {_verdict(line.difference)}")
    for name, verdict, drawn in (
        ("energy", found.energy, "prices"), ("time", found.time, "durations")
    ):  # fmt: skip
        click.echo(f"  {name}: {_drawn(verdict, drawn)}")
    click.echo("  what differed in the files:" if found.changed else "  the files are the same")
    for change in found.changed:
        click.echo(f"    {change.file}: {change.path}: {change.first} -> {change.second}")


def _drawn(verdict: Any, drawn: str) -> str:
    """In what share of the draws which side is lower, and what that hangs on."""
    lower, sure = ("first", verdict.share) if verdict.share >= 0.5 else ("second", 1 - verdict.share)
    felt = [cause for cause in verdict.causes if abs(cause.share) >= 0.005]
    causes = ", ".join(f"{cause.entry} {cause.share:.0%}" for cause in felt[:3])
    if causes:
        return f"lower in the {lower} in {sure:.1%} of the draws of all {drawn}; it hangs on {causes}"
    return f"the same under any {drawn}" if sure == 0.5 else f"lower in the {lower} under any {drawn}"


def _mean(values: Sequence[float | None], figure: str) -> str:
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        return f"{len(known)} of {len(values)} got there"
    return _of_path(figure, sum(known) / len(known))


def _verdict(found: Any) -> str:
    if found.value is None:
        return ""
    if found.value == 0.0 and found.low in (None, 0.0):
        return "equal"
    if found.low is None:
        return f"{found.value:+.1%}"
    told = "" if found.told else ", not told apart"
    return f"{found.value:+.1%} ({found.low:+.1%} to {found.high:+.1%}){told}"


@commands.command()
@click.argument("thing", metavar="THING")
@_options(as_json)
def explain(thing: str, as_json: bool) -> None:
    """What a figure, action, price, parameter, error code, component, cell, rule or source is.

    As in 'explain to_target', 'explain adc_conv', 'explain adc.bits', 'explain reram-om.step'.
    """
    from chipsim.experiments import explaining

    found = explaining.explain(thing)
    if as_json:
        _print_json({"explained": [explaining.as_dict(meaning) for meaning in found]})
        return
    for meaning in found:
        click.echo(f"{meaning.name}: {meaning.kind}")
        for label, text in meaning.facts.items():
            click.echo(textwrap.fill(f"{label}: {text}", 100, initial_indent="  ", subsequent_indent="    "))


@commands.command()
@click.argument("figure", metavar="[FIGURE]", required=False)
@_options(
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
def reproduce(
    context: click.Context, figure: str | None, set_name: Literal["mnist", "digits"] | None,
    seeds: int | None, seed: int, images: int | None, workers: int | None, output: Path | None, force: bool,
    as_json: bool,
) -> None:  # fmt: skip
    """A published FIGURE made again, beside what was published; without one, what there is.

    Chips that lie in the folder are not run again, so an interrupted reproduction goes on, and figures share
    what they have in common.
    """
    from chipsim.experiments import folders
    from chipsim.experiments.reproductions import study
    from chipsim.inputs import registry

    if figure is None:
        titles = {name: study.named(name).title for name in registry.names("reproduction")}
        if as_json:
            _print_json(titles)
        for name, title in () if as_json else titles.items():
            click.echo(f"{name}  {title}")
        return
    try:
        chosen = study.named(figure)
    except registry.UnknownName as unknown:
        raise UsageError(Fault(str(unknown), code="E100")) from None
    if isinstance(chosen, study.Study):
        _refuse_unused(context, figure)
        _make(figure, chosen, output, force, as_json)
        return
    data = set_name or study.data_at_hand()
    folder = output or Path(folders.RUNS) / f"reproduce-{data}"
    given = study.Given(folder, data, seeds, seed, images, force=force, command=_command())
    total = chosen.runs(given)
    with _bar(context, total, "runs") as show, _keeping(folder / study.CURVES):
        outcome = chosen.run(
            replace(given, workers=_cores(workers, total)),
            lambda done, _, record: show(done, _latest(record)),
        )
    if as_json:
        _print_json(outcome.as_dict())
    else:
        click.echo(outcome.text())
        click.echo(f"\nfolder: {folder}")


def _make(figure: str, chosen: Any, output: Path | None, force: bool, as_json: bool) -> None:
    """Run a study that simulates no chips of its own, and write its files where a folder is given."""
    from chipsim.experiments.reproductions import study

    if output is not None:
        study.check_free(figure, output, force)
    outcome = chosen.run()
    written = study.write(figure, outcome, output, force) if output is not None else ()
    if as_json:
        _print_json({**outcome.as_dict(), **({"files": list(map(str, written))} if written else {})})
        return
    click.echo(outcome.text())
    for path in written:
        click.echo(f"file: {path}")


def _refuse_unused(context: click.Context, figure: str) -> None:
    """Raise `UsageError` for options that only a study that simulates chips would use."""
    for parameter in context.command.params:
        if parameter.name is None or parameter.name in ("figure", "output", "force", "as_json"):
            continue
        if context.get_parameter_source(parameter.name) is click.core.ParameterSource.COMMANDLINE:
            text = f"'{figure}' runs no chips of its own, so {parameter.opts[-1]} has no use; leave it out"
            raise UsageError(Fault(text, code="E100"))


@commands.command()
@click.argument("study", metavar="STUDY")
@_options(
    click.option(
        "-o", "--output", type=click.Path(path_type=Path), metavar="DIR",
        help="Folder of the study's tables and page. [default: runs/NAME]",
    ),
    click.option(
        "--record", type=click.Path(path_type=Path), metavar="DIR",
        help="Folder of finished runs; studies may share it. [default: points/ in DIR, or in runs/]",
    ),
    click.option(
        "--workers", type=click.IntRange(1, 1024), default=None, help="Processes. [default: all cores]"
    ),
    click.option(
        "--scheduler", metavar="ADDRESS", help="A Dask scheduler, whose workers do the runs instead."
    ),
    click.option("--front", is_flag=True, help="Print the front of a study that has been explored."),
    click.option(
        "--pick", type=click.IntRange(0), metavar="POINT", help="Write the files of a point, ready to run."
    ),
    click.option(
        "--to", type=click.Path(path_type=Path), metavar="DIR",
        help="Folder for the files of --pick. [default: NAME-point-POINT]",
    ),
    click.option("--force", is_flag=True, help="Write over another study's tables, or files that are there."),
    as_json,
)  # fmt: skip
@click.pass_context
def explore(
    context: click.Context, study: str, output: Path | None, record: Path | None, workers: int | None,
    scheduler: str | None, front: bool, pick: int | None, to: Path | None, force: bool, as_json: bool,
) -> None:  # fmt: skip
    """Search the design space of STUDY (a path or the name of a shipped study).

    Runs that are in the record are not run again, so a study that was interrupted goes on, on any number of
    workers, to the same front. POINT is a number in its table.
    """
    from chipsim.experiments.exploring import outcome
    from chipsim.experiments.exploring import study as studies

    asked = studies.load(study)
    places = outcome.Places.of(asked, output, record)
    if pick is not None:
        _pick(outcome.pick(asked, places.folder, pick, to, force), as_json)
        return
    whole: Mapping[str, Any]
    if front:
        whole = outcome.read(places.folder)
    else:
        outcome.check_free(asked, places.folder, force)
        whole = _explore(context, asked, places, workers, scheduler, outcome.command(study, output))
    if as_json:
        _print_json(whole)
        return
    _print_front(whole)
    if not front:
        click.echo(f"folder: {places.folder}\nreport: {places.folder / 'report.html'}")


def _pick(written: Sequence[Path], as_json: bool) -> None:
    if as_json:
        _print_json({"files": list(map(str, written))})
        return
    for path in written:
        click.echo(path)
    click.echo(f"to run it: {shlex.join(['chipsim', 'run', *map(str, written[:2])])}")


def _explore(
    context: click.Context, study: Any, places: Any, workers: int | None, scheduler: str | None, command: str
) -> Mapping[str, Any]:
    from chipsim.experiments.exploring import doing

    whole: Mapping[str, Any]
    with _front_live(context, study) as watch, _keeping(places.record, ("[!.]*/checksums.json",)):
        whole, spent = doing.do(study, places, _cores(workers, 1024), scheduler, command, watch)
    if not context.obj["quiet"]:
        click.echo(
            f"{spent.simulated} runs simulated, {spent.priced} priced again, {spent.found} found", err=True
        )
    return whole


def _print_front(whole: Mapping[str, Any]) -> None:
    from chipsim.reports import fronts

    click.echo(f"front of {whole['study']}, {len(whole['front'])} of {len(whole['points'])} points:")
    click.echo(fronts.lines(whole))
    rest: dict[str, list[Mapping[str, Any]]] = {}
    for point in whole["points"]:
        rest.setdefault(point["status"], []).append(point)
    for status, words in (("breaks", "break a constraint"), ("stopped", "stopped"), ("failed", "failed")):
        if found := rest.get(status):
            click.echo(f"{len(found)} {words}, as point {found[0]['point']}: {found[0]['reason']}")


@contextmanager
def _front_live(context: click.Context, study: Any) -> Iterator[Callable[[Any], None]]:
    """A function told how far a study is: on a terminal, its progress and front as they are."""
    if context.obj["quiet"] or not sys.stderr.isatty():
        yield lambda state: None
        return
    from rich.console import Console, Group
    from rich.live import Live
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
    from rich.text import Text

    from chipsim.experiments.exploring import outcome
    from chipsim.reports import fronts

    progress = Progress(BarColumn(30), MofNCompleteColumn(), TextColumn("runs, left"), TimeRemainingColumn())
    task = progress.add_task("", total=None)
    with Live(progress, console=Console(stderr=True), transient=True, refresh_per_second=4) as live:

        def show(state: Any) -> None:
            progress.update(task, completed=state.runs, total=state.of)
            text = fronts.lines(outcome.told(study, state.front, ""), fronts.SHOWN)
            live.update(Group(progress, Text(f"front so far:\n{text}")))

        yield show


@commands.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@_options(click.option("--open", "open_", is_flag=True, help="Open the page in a browser."), as_json)
def report(folder: Path, open_: bool, as_json: bool) -> None:
    """Rebuild the page of a run, an ensemble or a demo from its files."""
    from chipsim.experiments import pages

    page = pages.rebuild(folder)
    if as_json:
        _print_json({"report": str(page)})
    else:
        click.echo(f"report: {page}")
    if open_:
        click.launch(str(page))


@commands.group(cls=Verbs)
def data() -> None:
    """Data sets: what there is and where; nothing is downloaded unasked."""


@data.command(name="list")
@as_json
def data_list(as_json: bool) -> None:
    """All data sets, and where each lies on this machine."""
    from chipsim.inputs import registry
    from chipsim.workloads import dataset

    found = {}
    for name in registry.names("dataset"):
        declared = dataset.named(name).DATASET
        location = dataset.find(declared)
        found[name] = {"title": declared.title, "where": str(location.folder) if location else None}
    if as_json:
        _print_json(found)
        return
    for name, entry in found.items():
        place = entry["where"] or f"not here; 'chipsim data get {name}' downloads it"
        click.echo(f"{name}: {entry['title']} ({place})")


def _data_verb(name: str, action: str, words: str) -> None:
    @data.command(name=name, help=words)
    @click.argument("set_name", metavar="NAME")
    @as_json
    def verb(set_name: str, as_json: bool) -> None:
        from chipsim.workloads import dataset

        location = getattr(dataset, action)(set_name)
        if as_json:
            _print_json({"name": set_name, "kind": location.kind, "where": str(location.folder)})
        else:
            click.echo(f"{set_name}: {location.folder}")


_data_verb("where", "where", "The folder of a data set.")
_data_verb("get", "get", "Download a data set into the cache, with its checksums.")
_data_verb("verify", "verify", "Check a data set's files against their checksums.")
