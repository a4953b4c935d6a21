"""The results of many seeds, held together: their figures with mean, deviation and interval."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from chipsim.errors import Fault, RunError
from chipsim.experiments import ensemble, processes, run
from chipsim.experiments.run import Job, Request
from chipsim.reports import lines, notebook, tabular, writing
from chipsim.reports.result import Result
from chipsim.reports.shown import Shown

if TYPE_CHECKING:
    from pandas import DataFrame


class Figure(NamedTuple):
    """A figure over the seeds: mean, standard deviation, 95 % interval of the mean (Student's), values.

    All but the values are None where a seed does not have it: a target that it did not reach. Deviation and
    interval are None for a single seed.
    """

    mean: float | None
    std: float | None
    ci95: tuple[float, float] | None
    values: tuple[float | None, ...]


@dataclass(frozen=True, repr=False)
class Ensemble(Shown):
    """Runs of the same files with different seeds, in the order of these."""

    runs: tuple[Result, ...]

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds."""
        return tuple(int(result.record["seed"]) for result in self.runs)

    @functools.cached_property
    def summary(self) -> Mapping[str, Any]:
        """What `ensemble.json` would hold."""
        return ensemble.summarise(self.seeds, [result.record for result in self.runs])

    @functools.cached_property
    def figures(self) -> Mapping[str, Figure]:
        """Figures by path, stages by name: `figures["finetune.accuracy.last"].mean`."""
        return MappingProxyType({path: _figure(found) for path, found in self.summary["figures"].items()})

    @property
    def table(self) -> DataFrame:
        """The figures as a pandas table, a row for each; the values in a column for each seed."""
        rows = ((f.mean, f.std, *(f.ci95 or (None, None)), *f.values) for f in self.figures.values())
        columns = ("mean", "std", "low", "high", *(f"seed {seed}" for seed in self.seeds))
        return tabular.frame(rows, columns, tuple(self.figures))

    def report(self, path: str | Path) -> Path:
        """Write the report page of all runs together to a path."""
        from chipsim.reports import html

        name, chip = self.summary["workload"], self.summary["architecture"]
        with TemporaryDirectory() as folder:
            group = html.Group(str(name), write(self, Path(folder)))
            return html.write([group], Path(path), f"{name} on {chip}, {len(self.runs)} seeds")

    def text(self) -> str:
        """The figures that are looked at first."""
        return "\n".join(lines.of_summary(self.summary))

    def as_dict(self) -> Mapping[str, Any]:
        """What `ensemble.json` would hold."""
        return self.summary

    def _repr_html_(self) -> str:
        return notebook.of_summary(self.summary)


def _figure(found: Mapping[str, Any]) -> Figure:
    ends = None if found["ci95"] is None else (found["ci95"][0], found["ci95"][1])
    return Figure(found["mean"], found["std"], ends, tuple(found["values"]))


def write(whole: Ensemble, folder: Path) -> tuple[Path, ...]:
    """Write each run's files into a folder of its own below one; returns these."""
    below = tuple(folder / f"seed-{seed}" for seed in whole.seeds)
    for result, path in zip(whole.runs, below, strict=True):
        path.mkdir()
        writing.write(result, path)
    return below


def simulate(job: Job, seeds: Sequence[int], workers: int = 1, command: Sequence[str] = ()) -> Ensemble:
    """Run a job with many seeds, spread over processes; how many changes no bit of the results.

    Raises `RunError` where a process was ended from outside.
    """
    job.require_data()
    if (width := min(workers, len(seeds))) == 1:
        return Ensemble(tuple(run.simulate(job, seed, command=command) for seed in seeds))
    calls = [functools.partial(_one, job.request, job.digest, seed, tuple(command)) for seed in seeds]
    try:
        found = {int(result.record["seed"]): result for result in processes.spread(calls, width)}
    except BrokenProcessPool:
        raise RunError(
            Fault("a worker process was ended from outside, perhaps for want of memory, or because a script "
                  "starts it outside of 'if __name__ == \"__main__\":'", code="E090")
        ) from None  # fmt: skip
    return Ensemble(tuple(found[seed] for seed in seeds))


def _one(request: Request, digest: str, seed: int, command: tuple[str, ...]) -> Result:
    return run.simulate(ensemble.prepared(request, digest), seed, command=command)
