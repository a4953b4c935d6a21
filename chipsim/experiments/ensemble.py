"""Many seeds of one job: spread over processes, each seed's folder the record that it is done.

A seed whose folder is complete is never run again, so an interrupted ensemble goes on where it
stopped. The workers' number changes neither bits nor order of what is written.
"""

from __future__ import annotations

import functools
import itertools
import json
import math
import shutil
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from chipsim.errors import Fault, RunError
from chipsim.experiments import folders, pages, processes
from chipsim.experiments.run import Job, Request, prepare, traced
from chipsim.reports import perfetto, writing
from chipsim.reports.result import Result
from chipsim.simulation.records import Progress, quiet
from chipsim.simulation.trace import Recorder, Window

Done = Callable[[int, int, Mapping[str, Any]], None]
"""Told how many seeds are there, of how many, and the record of the one that has just ended."""


@dataclass(frozen=True)
class Plan:
    """Where the seeds of a job go."""

    job: Job
    folder: Path
    seeds: tuple[int, ...]
    command: tuple[str, ...] = ()
    traced: Window | None = None
    """Images that the first seed is traced for."""
    arrays: bool = True
    """Keep what every device was before and after each stage; without, a run cannot be priced again."""

    def window(self, seed: int) -> Window | None:
        """The images that a seed is traced for."""
        return self.traced if seed == self.seeds[0] else None

    def of(self, seed: int) -> Path:
        """The folder of one seed."""
        return self.folder / f"seed-{seed}"

    @property
    def label(self) -> dict[str, Any]:
        """What identifies the ensemble, as its `request.json` says."""
        return {"format": "chipsim-request/1", "digest": self.job.digest, "seeds": list(self.seeds)}

    def missing(self) -> tuple[int, ...]:
        """Seeds that have no complete folder yet, and the one that is to be traced."""
        return tuple(s for s in self.seeds if self.window(s) or not _is_complete(self.of(s)))


def write_run(
    job: Job, result: Result, folder: Path | None, force: bool = False, trace: Recorder | None = None
) -> Path:
    """Write one run's folder with its page; returns the folder, a new one in `RUNS` where none is given."""
    fill = functools.partial(_fill, job, result, trace, page=True)
    if folder is None:
        return folders.publish_numbered(Path(folders.RUNS), job.workload.name, fill)
    folders.publish(folder, fill, force)
    return folder


def _write_seed(plan: Plan, result: Result, folder: Path, trace: Recorder | None) -> None:
    """Write one seed's folder; what is complete already, by somebody else's hand, holds the same."""
    if trace is not None or not _is_complete(folder):
        fill = functools.partial(_fill, plan.job, result, trace, page=False, arrays=plan.arrays)
        folders.publish(folder, fill, force=True)


def _is_complete(folder: Path) -> bool:
    return (folder / "run.json").is_file()


def _fill(
    job: Job, result: Result, trace: Recorder | None, folder: Path, page: bool, arrays: bool = True
) -> None:
    inputs = folder / "inputs"
    inputs.mkdir()
    for kind, text in job.given.items():
        (inputs / f"{kind}.yaml").write_bytes(text)
    writing.write(result, folder, arrays)
    if trace is not None:
        perfetto.write(trace, job.plan, folder)
    for name, content in result.attached.items():
        path = inputs / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    if page:
        pages.of_run(folder, folder / "report.html")


def find_or_begin(plan: Plan, base: Path | None, force: bool) -> Plan:
    """The plan with the folder that it goes on in: an unfinished one of the same request, or a new one.

    `base` is the folder of all runs, when the user named none. A named folder of the same job takes further
    seeds. Raises `RunError` where it holds something else.
    """
    folder = plan.folder
    if base is not None:
        folder = next(_unfinished(plan, base), None) or folders.fresh(base, plan.folder.name)
    if not _same_job(folder, plan.label) or (force and _is_summed_up(folder)):
        folders.check_free(folder, force)
        shutil.rmtree(folder, ignore_errors=True)
    folders.sweep(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        folders.write_text(folder / "request.json", json.dumps(plan.label, indent=2) + "\n")
    except OSError as error:
        raise RunError(Fault(f"'{folder}' cannot be written: {error.strerror}", code="E092")) from None
    return replace(plan, folder=folder)


def begun(plan: Plan) -> bool:
    """Whether the plan's folder holds an ensemble of the same request."""
    return _same(plan.folder, plan.label)


def _unfinished(plan: Plan, base: Path) -> Iterator[Path]:
    for folder in sorted(base.glob(f"{plan.folder.name}-*")):
        if not (_is_summed_up(folder) and (folder / "report.html").is_file()) and _same(folder, plan.label):
            yield folder


def _is_summed_up(folder: Path) -> bool:
    return (folder / "ensemble.json").is_file()


def _same(folder: Path, label: Mapping[str, Any]) -> bool:
    return _request(folder) == label


def _same_job(folder: Path, label: Mapping[str, Any]) -> bool:
    return {**_request(folder), "seeds": label["seeds"]} == label


def _request(folder: Path) -> dict[str, Any]:
    """What a folder's `request.json` says; nothing where there is none."""
    try:
        return dict(json.loads((folder / "request.json").read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return {}


def run(plan: Plan, workers: int, done: Done, progress: Progress = quiet) -> dict[str, Any]:
    """Run the seeds that are missing and write `ensemble.json`; returns what it holds.

    `progress` is told of a seed's images only when the seeds run in this process (one worker).
    """
    return run_all([plan], workers, done, progress)[0]


def run_all(
    plans: Sequence[Plan], workers: int, done: Done, progress: Progress = quiet
) -> list[dict[str, Any]]:
    """Run what is missing of several ensembles on the same workers; see `run`."""
    tasks = [(plan, seed) for plan in plans for seed in plan.missing()]
    total = sum(len(plan.seeds) for plan in plans)
    try:
        for count, record in enumerate(_records(tasks, workers, progress), start=total - len(tasks) + 1):
            done(count, total, record)
    except BaseException as error:
        for plan in plans:
            folders.sweep(plan.folder)
            if isinstance(error, Exception):
                folders.discard(plan.folder)
        raise
    return [_write_summary(plan) for plan in plans]


def _write_summary(plan: Plan) -> dict[str, Any]:
    records = [read_record(plan.of(seed)) for seed in plan.seeds]
    whole = summarise(plan.seeds, records)
    text = json.dumps(whole, indent=2, allow_nan=False) + "\n"
    folders.write_text(plan.folder / "ensemble.json", text)
    return whole


def read_record(folder: Path) -> dict[str, Any]:
    """The record of a run's folder. Raises `RunError` where there is none."""
    try:
        record = json.loads((folder / "run.json").read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise RunError(Fault(f"'{folder}' holds no readable run.json: {error}", code="E093")) from None
    return dict(record)


def _records(
    tasks: Sequence[tuple[Plan, int]], workers: int, progress: Progress
) -> Iterator[Mapping[str, Any]]:
    if workers > 1 and len(tasks) > 1:
        calls = [
            functools.partial(_run_one, plan.job.request, plan.job.digest, seed, _without_job(plan))
            for plan, seed in tasks
        ]
        yield from processes.spread(calls, workers)
        return
    for _, of_one in itertools.groupby(tasks, key=lambda task: task[0].folder):
        for plan, seed in of_one:
            yield _run_seed(plan, seed, progress)
        plan.job.forget()


_prepared = functools.lru_cache(maxsize=2)(prepare)
"""The last jobs that a worker process has prepared: it is handed the seeds of one after another."""


def prepared(request: Request, digest: str) -> Job:
    """The job of a request, for a worker. Raises `RunError` where the files are not those of `digest`."""
    job = _prepared(request)
    if job.digest != digest:
        raise RunError(
            Fault("a file has changed while the study ran; run the same command again", code="E090")
        )
    return job


def _without_job(plan: Plan) -> Callable[[Job], Plan]:
    """What a plan says beside its job, which is too large to be sent to a worker."""
    return functools.partial(
        Plan, folder=plan.folder, seeds=plan.seeds, command=plan.command, traced=plan.traced,
        arrays=plan.arrays,
    )  # fmt: skip


def _run_seed(plan: Plan, seed: int, progress: Progress = quiet) -> Mapping[str, Any]:
    """Simulate and write one seed of a plan; returns its record."""
    result, trace = traced(plan.job, seed, plan.window(seed), progress, plan.command)
    _write_seed(plan, result, plan.of(seed), trace)
    return result.record


def _run_one(request: Request, digest: str, seed: int, plan: Callable[[Job], Plan]) -> dict[str, Any]:
    """A worker's part: one seed from request to folder. Raises like `prepared`."""
    return dict(_run_seed(plan(prepared(request, digest)), seed))


# Figures of many runs


def figures(record: Mapping[str, Any]) -> dict[str, float | None]:
    """The numbers of a record by path, stages by name: `finetune.accuracy.last`, `total.energy_J`."""
    found: dict[str, float | None] = {}
    for stage in record["stages"]:
        for path, value in _leaves(stage):
            found[f"{stage['name']}.{path}"] = value
        for absent in ("programming", "to_target"):
            if stage.get(absent) is None:
                found.pop(f"{stage['name']}.{absent}", None)
        if stage["to_target"] is None and stage.get("kind") != "program":
            worn = (f"wear.{matrix}" for matrix in stage.get("pulses", {}).get("by_matrix", ()))
            for name in ("accuracy", "images", "time_s", "energy_J", "pulses", *worn):
                found[f"{stage['name']}.to_target.{name}"] = None
    for account in ("total", "evaluation"):
        for path, value in _leaves(record[account]):
            found[f"{account}.{path}"] = value
    found["area_m2"] = record["area_m2"]
    return found


def _leaves(value: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, float | None]]:
    for key, item in value.items():
        path = f"{before}{key}"
        if isinstance(item, Mapping):
            yield from _leaves(item, f"{path}.")
        elif item is None or (isinstance(item, int | float) and not isinstance(item, bool)):
            yield path, item


def summarise(seeds: Sequence[int], records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Mean, standard deviation, 95 % interval of the mean and values of each figure over the seeds.

    A figure that a seed does not have (a target not reached) is null among the values, and makes mean,
    deviation and interval null: it is later than the run, not absent.
    """
    tables = [figures(record) for record in records]
    paths = sorted(set().union(*tables))
    return {
        "format": "chipsim-ensemble/1",
        "architecture": records[0]["architecture"],
        "workload": records[0]["workload"],
        "seeds": list(seeds),
        "figures": {path: summary([table.get(path) for table in tables]) for path in paths},
    }


def summary(values: Sequence[float | None]) -> dict[str, Any]:
    """Mean, standard deviation, 95 % interval of the mean (Student's) and the values of one figure."""
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        return {"mean": None, "std": None, "ci95": None, "values": list(values)}
    mean = math.fsum(known) / len(known)
    if len(known) < 2:
        return {"mean": mean, "std": None, "ci95": None, "values": list(values)}
    deviation = statistics.stdev(known)
    half = student_t(len(known) - 1) * deviation / math.sqrt(len(known))
    return {"mean": mean, "std": deviation, "ci95": [mean - half, mean + half], "values": list(values)}


_T95 = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145,
        2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048,
        2.045, 2.042)  # fmt: skip


def student_t(freedom: int) -> float:
    """Two-sided 95 % point of Student's distribution; beyond 30 degrees by its expansion around the normal.

    Source: the standard table; above it Abramowitz and Stegun 26.7.5 to the second term, good to 1e-3.
    """
    if freedom <= len(_T95):
        return _T95[freedom - 1]
    z = 1.959964
    return z + (z**3 + z) / (4 * freedom) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)
