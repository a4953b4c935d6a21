"""The curves of Athena2024's figures: which shipped workload each is, and how the chips of one are run.

A curve is a workload, the chip that it runs on and, where it differs from the file, what is set; `{data}` in
a workload's name is the data set. All curves of a data set lie in one folder, so that figures share them.
"""

from __future__ import annotations

import functools
import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from chipsim.experiments import ensemble, exporting, folders
from chipsim.experiments.ensemble import Done, Plan
from chipsim.experiments.reproductions.study import CURVES, Given
from chipsim.experiments.run import Job, Request, prepare
from chipsim.workloads import dataset


@dataclass(frozen=True)
class Curve:
    """Chips that learn in one way: what is run, and the stage of it that is looked at."""

    name: str
    label: str
    workload: str
    stage: str
    architecture: str = "reram-8x4"
    settings: tuple[str, ...] = ()
    after: Curve | None = None
    """The curve whose first chip's weights stand for the stage that it names, which is then not run again."""
    arrays: bool = True
    """Keep the arrays of each chip."""

    def with_(self, mark: str, *settings: str) -> Curve:
        """The curve with more settings and a mark behind its name."""
        return replace(self, name=f"{self.name}-{mark}", settings=(*self.settings, *settings))

    def request(self, given: Given) -> Request:
        """What is run of the curve."""
        request = Request(self.architecture, self.workload.format(data=given.data), self._set(given))
        if given.images is None:
            return request
        shortened = (f"{path}.images={given.images}" for path in _long(request))
        return replace(request, settings=(*request.settings, *shortened))

    def _set(self, given: Given) -> tuple[str, ...]:
        if self.after is None:
            return self.settings
        stage, weights = self.after.stage, json.dumps(str(self.after.weights(given)))
        began = f"stages.{stage}.images=0", f"stages.{stage}.start={{weights: {weights}}}"
        return (*self.settings, *began)

    def weights(self, given: Given) -> Path:
        """The file with the weights of the curve's first chip."""
        return given.folder / CURVES / f"{self.name}.safetensors"

    def commands(self, given: Given) -> tuple[str, ...]:
        """The commands that make the weights other curves begin with."""
        chip = str(given.folder / CURVES / self.name / f"seed-{given.first_seed}")
        export = ["chipsim", "export", chip, "-o", str(self.weights(given))]
        return f"{self.command(given)} -o {shlex.quote(chip)}", shlex.join(export)

    def command(self, given: Given) -> str:
        """The command that runs the first chip of the curve by itself."""
        request = self.request(given)
        words = ["chipsim", "run", request.architecture, request.workload]
        words += [word for setting in request.settings for word in ("-s", setting)]
        return shlex.join(words)


@functools.cache
def _long(request: Request) -> tuple[str, ...]:
    """Paths in the workload of what lasts as long as a stage that trains on more than one image."""
    job = _job(request)
    names = [stage.name for stage in job.workload.stages if stage.images > 1]
    falling = [name for name in names if hasattr(getattr(job.rules[name], "schedule", None), "images")]
    return (*(f"stages.{name}" for name in names), *(f"stages.{name}.rule.schedule" for name in falling))


@functools.cache
def _job(request: Request) -> Job:
    return prepare(request)


@dataclass(frozen=True)
class Chips:
    """The finished chips of a curve: their records, and the folder of each."""

    curve: Curve
    job: Job
    folders: tuple[Path, ...]
    records: tuple[Mapping[str, Any], ...]

    def figures(self, path: str, stage: str | None = None) -> list[float]:
        """A figure of the curve's stage, or of another one, for each chip: `accuracy.last`."""
        return [_at(_stage(record, stage or self.curve.stage), path) for record in self.records]


def _stage(record: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    return next(stage for stage in record["stages"] if stage["name"] == name)


def _at(value: Any, path: str) -> float:
    for key in path.split("."):
        value = value[key]
    return float(value)


def plans(wanted: Mapping[Curve, int], given: Given) -> dict[str, Plan]:
    """Where the chips of each curve go, by the curve's name; `wanted` says how many of each there are."""
    return {
        curve.name: Plan(
            _job(curve.request(given)),
            given.folder / CURVES / curve.name,
            given.numbers(chips),
            given.command,
            arrays=curve.arrays,
        )
        for curve, chips in wanted.items()
    }


def run(wanted: Mapping[Curve, int], given: Given, done: Done) -> dict[str, Chips]:
    """Run what is missing of so many chips of each curve; returns the chips by the curve's name.

    Raises `RunError` where a folder holds chips of something else, unless `given` says to replace them.
    """
    earlier = {curve.after: 1 for curve in wanted if curve.after is not None}
    begun = _run(earlier, replace(given, seeds=1), done)
    for curve in earlier:
        _keep_weights(curve.weights(given), begun[curve.name].folders[0])

    def counted(count: int, total: int, record: Mapping[str, Any]) -> None:
        done(len(earlier) + count, len(earlier) + total, record)

    return begun | _run(wanted, given, counted)


def _keep_weights(path: Path, chip: Path) -> None:
    """Write the weights of a chip, unless they lie there; jobs that read others from there are forgotten."""
    content = exporting.safetensors(chip)
    if not path.is_file() or path.read_bytes() != content:
        folders.write_bytes(path, content)
        _job.cache_clear()
        _long.cache_clear()


def _run(wanted: Mapping[Curve, int], given: Given, done: Done) -> dict[str, Chips]:
    planned = plans(wanted, given)
    for plan in planned.values():
        dataset.where(plan.job.workload.data.set)  # what is not there is found before anything is written
    begun = {name: ensemble.find_or_begin(plan, None, given.force) for name, plan in planned.items()}
    ensemble.run_all(list(begun.values()), given.workers, done)
    return {curve.name: _chips(curve, begun[curve.name]) for curve in wanted}


def _chips(curve: Curve, plan: Plan) -> Chips:
    folders = tuple(plan.of(seed) for seed in plan.seeds)
    return Chips(curve, plan.job, folders, tuple(map(ensemble.read_record, folders)))


# The curves

_HOST = "reram-8x4-host"


def _programmed(name: str, label: str, workload: str) -> Curve:
    return Curve(name, label, f"reduced-{{data}}-{workload}", "finetune", _HOST)


SCRATCH = Curve("scratch", "scratch", "reduced-{data}-scratch", "train")
ANALOG = Curve("analog", "analog pre-training", "reduced-{data}-transfer", "finetune")
CLIPPED = _programmed("clipped", "floating point, clipped", "clipped")
SCALED = _programmed("scaled", "floating point, scaled", "programmed")
AWARE = _programmed("hardware-aware", "hardware-aware, soft bounds", "hardware-aware")
NOISY = _programmed("noise-injected", "hardware-aware, noise", "noise-injected")
EXCHANGE = Curve("exchange", "Task 1 on the array", "reduced-{data}-exchange", "pretrain")


def same_task(curve: Curve) -> Curve:
    """The curve with fine-tuning, or training from scratch, on Task 1 in place of Task 2."""
    return curve.with_("same", f"stages.{curve.stage}.elements=first")
