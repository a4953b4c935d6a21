"""`chipsim run`: one seed, or many."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

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
from chipsim.errors import Fault, RunError, UsageError

if TYPE_CHECKING:
    from chipsim.experiments.run import Job
    from chipsim.experiments.running import Run
    from chipsim.simulation.trace import Window


@click.command()
@click.argument("architecture", metavar="ARCH")
@click.argument("workload", metavar="WORKLOAD")
@options(
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
def verb(
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
    out.warn(context, warnings)
    job.require_data()
    if seeds is None:
        found = _run_one(context, job, output, force, seed, window)
        out.warn(context, found.warnings[len(warnings) :])
    else:
        found = _run_many(context, job, output, force, range(seed, seed + seeds), workers, window)
        out.warn(context, found.warnings)
    out.show(found, as_json)
    if strict and (cut := [warning for warning in found.warnings if warning["code"] == "W030"]):
        raise RunError(*(Fault(warning["message"], code=warning["code"]) for warning in cut))


def _window(text: str) -> Window:
    from chipsim.simulation.trace import Window

    first, colon, end = text.partition(":")
    if not (colon and first.isdecimal() and end.isdecimal() and int(first) < int(end)):
        raise UsageError(
            Fault(f"'--trace {text}': '{text}' is not A:B, images A up to B, as in 0:20; --trace alone "
                  "stands behind ARCH and WORKLOAD", code="E100")
        )  # fmt: skip
    return Window(int(first), int(end))


def _run_one(
    context: click.Context, job: Job, output: Path | None, force: bool, seed: int, window: Window | None
) -> Run:
    from chipsim.experiments import running

    before = {
        stage.name: sum(s.images for s in job.workload.stages[:k])
        for k, stage in enumerate(job.workload.stages)
    }
    with out.bar(context, sum(stage.images for stage in job.workload.stages), "images") as show:
        return running.one(
            job, seed, output, force, window,
            lambda stage, done, _, accuracy: show(before[stage] + done, f"{stage}: {accuracy:.1%}"),
            out.command_line(),
        )  # fmt: skip


def _run_many(
    context: click.Context, job: Job, output: Path | None, force: bool, seeds: range, workers: int | None,
    window: Window | None,
) -> Run:  # fmt: skip
    from chipsim.experiments import processes, running

    if window is not None and not context.obj["quiet"]:
        click.echo(f"--trace: of the {len(seeds)} seeds, the first ({seeds[0]}) is traced", err=True)
    plan = running.begin(job, seeds, output, force, window, out.command_line())
    with out.bar(context, len(seeds), "seeds") as show, keeping(plan.folder):
        return running.many(
            plan, processes.cores(workers, len(seeds)), lambda done, _, record: show(done, out.latest(record))
        )
