"""The verbs that simulate, as functions of `import chipsim`; `asking` has those that only read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, overload

from chipsim.errors import Fault, UsageError, suggestion
from chipsim.experiments import processes, running, several
from chipsim.experiments.demo import Answer
from chipsim.experiments.device import DEVICES, PULSES, Measured, measure
from chipsim.experiments.files import Given, request, settings
from chipsim.experiments.reproducing import Reproduced, Titles
from chipsim.experiments.reproductions.study import DataName, Study, nothing_done
from chipsim.experiments.run import Request, check_window, prepare
from chipsim.experiments.run import simulate as _simulate
from chipsim.experiments.running import Run
from chipsim.experiments.several import Ensemble
from chipsim.reports.result import Result
from chipsim.simulation.trace import Window

MOST_SEED = 2**63
"""Seeds are below it."""
MOST_WORKERS = 1024
"""Processes of a study, at most."""


@overload
def simulate(architecture: Given, workload: Given, seed: int = 0, seeds: None = None) -> Result: ...


@overload
def simulate(
    architecture: Given, workload: Given, seed: int = 0, *, seeds: int, workers: int | None = 1
) -> Ensemble: ...


def simulate(
    architecture: Given, workload: Given, seed: int = 0, seeds: int | None = None, workers: int | None = 1
) -> Result | Ensemble:
    """Run a workload on an architecture, each loaded or by name or path; nothing is written.

    With `seeds`, an ensemble of so many from `seed` on, spread over so many processes (None: one for each
    core); how many changes no bit. In a script, call it below `if __name__ == "__main__"` when there is more
    than one. Raises like the command line: `ChipsimError` with all faults.
    """
    numbers = _numbers(seed, seeds)
    width = _width(workers, len(numbers))
    asked = request(architecture, workload)
    job = prepare(asked)
    command = _command(asked, "--seed", seed, *(() if seeds is None else ("--seeds", seeds)))
    if seeds is None:
        return _simulate(job, seed, command=command)
    return several.simulate(job, numbers, width, command)


def _numbers(seed: int, seeds: int | None) -> range:
    """The seeds, one where none are counted. Raises `UsageError` where they are none."""
    if not isinstance(seed, int) or not 0 <= seed < MOST_SEED:
        raise UsageError(Fault(f"seed {seed} is not a whole number from 0 to {MOST_SEED - 1}", code="E100"))
    if seeds is not None and (not isinstance(seeds, int) or seeds < 1):
        raise UsageError(Fault(f"seeds={seeds}: an ensemble takes one seed or more", code="E100"))
    return range(seed, seed + (seeds or 1))


def _width(workers: int | None, tasks: int) -> int:
    """How many processes so many tasks are spread over. Raises `UsageError` for less than one."""
    if workers is not None and (not isinstance(workers, int) or workers < 1):
        text = f"workers={workers}: give a number of processes from 1, or None for one for each core"
        raise UsageError(Fault(text, code="E100"))
    return processes.cores(workers, tasks)


def _command(asked: Request, *words: object) -> tuple[str, ...]:
    """The command line that does the same."""
    sets = (word for setting in asked.settings for word in ("-s", setting))
    return ("chipsim", "run", asked.architecture, asked.workload, *map(str, words), *sets)


def run(
    architecture: Given, workload: Given, output: str | Path | None = None, seed: int = 0,
    seeds: int | None = None, workers: int | None = 1, force: bool = False,
    trace: tuple[int, int] | None = None,
) -> Run:  # fmt: skip
    """Like `simulate`, and write all files into a folder, a new one in runs/ where none is given.

    An ensemble that was interrupted goes on. `trace=(0, 20)` traces images 0 up to 20. Raises `RunError`
    where the folder holds something else, without `force`.
    """
    numbers = _numbers(seed, seeds)
    width = _width(workers, len(numbers))
    asked = request(architecture, workload)
    job = prepare(asked)
    window = None if trace is None else Window(*trace)
    if window is not None:
        if not 0 <= window.first < window.end:
            raise UsageError(Fault(f"trace={trace} is not (A, B), images A up to B", code="E100"))
        check_window(job, window)
    job.require_data()
    folder = None if output is None else Path(output)
    if seeds is None:
        return running.one(job, seed, folder, force, window, command=_command(asked, "--seed", seed))
    command = _command(asked, "--seed", seed, "--seeds", seeds)
    plan = running.begin(job, numbers, folder, force, window, command)
    return running.many(plan, width, nothing_done)


def demo(
    data: Literal["digits", "mnist"] = "digits", seeds: int = 10, seed: int = 0, workers: int | None = 1,
    output: str | Path | None = None, force: bool = False, **values: object,
) -> Answer:  # fmt: skip
    """The paper's chip on digits 0 and 1, transfer against scratch, with values set differently at paths.

    Raises `RunError` where the folder holds something else, without `force`; else like a run.
    """
    from chipsim.experiments import demo as demonstration
    from chipsim.experiments import folders

    if data not in ("digits", "mnist"):
        text = f"there is no demonstration on '{data}'{suggestion(data, ('digits', 'mnist'))}"
        raise UsageError(Fault(text, code="E100"))
    numbers, changed = _numbers(seed, seeds), settings(values)
    found = None if output is None else Path(output)
    folder = found or demonstration.find_folder(Path(folders.RUNS), data, numbers, changed)
    width = _width(workers, 2 * seeds)
    return demonstration.run(folder, data, numbers, width, nothing_done, changed, force=force)


@overload
def reproduce() -> Titles: ...


@overload
def reproduce(
    figure: str, data: DataName | None = None, seeds: int | None = None, seed: int = 0,
    images: int | None = None, workers: int | None = 1, output: str | Path | None = None, force: bool = False,
) -> Reproduced: ...  # fmt: skip


def reproduce(
    figure: str | None = None, data: DataName | None = None, seeds: int | None = None, seed: int = 0,
    images: int | None = None, workers: int | None = 1, output: str | Path | None = None, force: bool = False,
) -> Titles | Reproduced:  # fmt: skip
    """A published figure made again, beside what was published; without one, what there is.

    `data`, `seeds`, `seed`, `images` and `workers` say how chips are simulated, and are of no use to a figure
    that simulates none. Raises `UsageError` where there is no such figure; else like a run.
    """
    from chipsim.experiments import reproducing

    if figure is None:
        return reproducing.titles()
    chosen = reproducing.named(figure)
    _numbers(seed, seeds)
    folder = None if output is None else Path(output)
    if isinstance(chosen, Study):
        return reproducing.make(figure, chosen, folder, force)
    command = ("chipsim", "reproduce", figure, *_options(data=data, seeds=seeds, seed=seed, images=images))
    asked = reproducing.given(data, seeds, seed, images, folder, force, command)
    return reproducing.simulate(chosen, asked, _width(workers, chosen.runs(asked)), nothing_done)


def _options(**given: object) -> Iterator[str]:
    """The options that give these values, on the command line."""
    for name, value in given.items():
        if value is not None:
            yield from (f"--{name}", str(value))


def explore(
    study: str | Path, output: str | Path | None = None, record: str | Path | None = None,
    workers: int | None = 1,    scheduler: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Explore a study, by name or path, like the verb; returns what its `study.json` holds.

    In a script, call it below `if __name__ == "__main__"` when there is more than one worker. Raises
    `ChipsimError` like the command line.
    """
    from chipsim.experiments.exploring import doing, outcome
    from chipsim.experiments.exploring import study as studies

    asked = studies.load(str(study))
    folder, kept = (None if path is None else Path(path) for path in (output, record))
    places = outcome.Places.of(asked, folder, kept)
    outcome.check_free(asked, places.folder, force=False)
    width, command = _width(workers, MOST_WORKERS), outcome.command(str(study), folder)
    return doing.do(asked, places, width, scheduler, command)[0]


def device(
    cell: str | Path, devices: int = DEVICES, pulses: int = PULSES, seed: int = 0, **parameters: object
) -> Measured:
    """Measure a cell, by name or path, with parameters set differently: `device("reram-om", step=0.05)`.

    Raises `InputError` with all faults.
    """
    return measure(str(cell), settings(parameters), devices, pulses, seed)
