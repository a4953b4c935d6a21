"""A run, or an ensemble of many seeds, with its folder: what the verb `run` does and prints."""

from __future__ import annotations

import functools
import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chipsim.experiments import ensemble, folders, run
from chipsim.experiments.ensemble import Done, Plan
from chipsim.experiments.repricing import price, read
from chipsim.experiments.run import Job
from chipsim.experiments.several import Ensemble
from chipsim.reports import lines
from chipsim.reports.result import Result
from chipsim.reports.shown import Shown
from chipsim.simulation.records import Progress, quiet
from chipsim.simulation.trace import Window


@dataclass(frozen=True, repr=False)
class Run(Shown):
    """What was run and written: the record as `run.json` or `ensemble.json` has it, and where all lies."""

    record: Mapping[str, Any]
    folder: Path
    report: Path
    trace: Path | None = None
    warnings: tuple[Mapping[str, str], ...] = ()
    """Those of the run; of an ensemble, what there is to say of the trace."""

    @property
    def seeds(self) -> tuple[int, ...] | None:
        """The seeds of an ensemble; None for a single run."""
        return tuple(self.record["seeds"]) if "seeds" in self.record else None

    @functools.cached_property
    def result(self) -> Result | Ensemble:
        """The result of the run, or the ensemble of results, read from the folder."""
        if self.seeds is None:
            return price(read(self.folder))
        return Ensemble(tuple(price(read(self.folder / f"seed-{seed}")) for seed in self.seeds))

    def text(self) -> str:
        """What it came to, and where it lies."""
        told = lines.of_record(self.record) if self.seeds is None else lines.of_summary(self.record)
        places = (f"folder: {self.folder}", f"report: {self.report}")
        trace = () if self.trace is None else (f"trace: {self.trace}",)
        return "\n".join((*told, *places, *trace))

    def as_dict(self) -> Mapping[str, Any]:
        """The record."""
        return self.record


def one(
    job: Job, seed: int, output: Path | None = None, force: bool = False, window: Window | None = None,
    progress: Progress = quiet, command: Sequence[str] = (),
) -> Run:  # fmt: skip
    """Run one seed and write its folder, a new one where none is given.

    Raises `RunError`, before anything is run, where the folder may not be written.
    """
    folders.check_free(output or folders.fresh(Path(folders.RUNS), job.workload.name), force)
    result, trace = run.traced(job, seed, window, progress, command)
    folder = ensemble.write_run(job, result, output, force, trace)
    traces = None if trace is None else folder / "trace.json.gz"
    return Run(result.record, folder, folder / "report.html", traces, result.warnings)


def begin(
    job: Job, seeds: Sequence[int], output: Path | None = None, force: bool = False,
    window: Window | None = None, command: Sequence[str] = (),
) -> Plan:  # fmt: skip
    """The plan of an ensemble with its folder: a new one, or an unfinished one of the same that goes on."""
    base = None if output else Path(folders.RUNS)
    wanted = Plan(job, output or Path(job.workload.name), tuple(seeds), tuple(command), window)
    return ensemble.find_or_begin(wanted, base, force)


def many(plan: Plan, workers: int, done: Done) -> Run:
    """Run the seeds of a plan that are missing, and write their summary and page."""
    from chipsim.reports import html

    summary = ensemble.run(plan, workers, done)
    name = plan.job.workload.name
    group = html.Group(name, tuple(plan.of(seed) for seed in plan.seeds))
    title = f"{name} on {plan.job.architecture.name}, {len(plan.seeds)} seeds"
    page = html.write([group], plan.folder / "report.html", title, command=shlex.join(plan.command))
    first = plan.of(plan.seeds[0])
    found = json.loads((first / "warnings.json").read_text("utf-8"))
    cut = tuple(warning for warning in found if warning["code"] == "W030")
    trace = None if plan.traced is None else first / "trace.json.gz"
    return Run(summary, plan.folder, page, trace, cut)
