"""One run: from two files and a seed to a result."""

from __future__ import annotations

import functools
import hashlib
import json
import platform
import shlex
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from chipsim.accounting import costs
from chipsim.architecture import graph
from chipsim.architecture.graph import Architecture
from chipsim.architecture.placement import compile_plan
from chipsim.architecture.plan import Plan
from chipsim.errors import Fault, InputError, Place, UsageError, suggestion
from chipsim.inputs import documents, extending, registry
from chipsim.inputs.documents import Document
from chipsim.inputs.schema import Faults, resolved
from chipsim.learning import loading
from chipsim.learning.rule import LearningRule
from chipsim.reports import counted
from chipsim.reports import result as results
from chipsim.reports.counted import StageInputs
from chipsim.reports.result import Result
from chipsim.simulation.chip import Chip
from chipsim.simulation.controller import Controller
from chipsim.simulation.records import Evaluation, ProgramTask, Progress, StageData, StageTask, quiet
from chipsim.simulation.trace import MOST, Listener, Recorder, Span, Window
from chipsim.workloads import dataset, linear, preparation, stages, tasks
from chipsim.workloads.preparation import Prepared, Selection
from chipsim.workloads.stages import ProgramStage, Workload
from chipsim.workloads.weights import Loaded


@dataclass(frozen=True)
class Request:
    """What a user asked for: two names or paths, and what is set differently."""

    architecture: str
    workload: str
    settings: tuple[str, ...] = ()
    """`PATH=VALUE`, each for whichever of the two files has the path."""


@dataclass(frozen=True)
class Job:
    """A request whose files have been read, checked and mapped on each other."""

    request: Request
    architecture: Architecture
    workload: Workload
    rules: Mapping[str, LearningRule]
    plan: Plan
    weights: Mapping[str, Loaded]
    """Weights that stages begin with from files, by stage."""
    sources: Mapping[str, Path]
    given: Mapping[str, bytes]
    """The files as they were read, by kind; those that one extends are `architecture-1-<name>` and so on."""

    @property
    def attached(self) -> Mapping[str, bytes]:
        """Files that a run needs beside its two: content by the name in the file that names it."""
        cells = self.architecture.cells.values()
        found = {name: content for cell in cells for name, content in cell.attached.items()}
        return found | {loaded.name: loaded.content for loaded in self.weights.values()}

    @property
    def matrices(self) -> Mapping[str, Mapping[str, str]]:
        """The matrix of each operation that a stage may ask for, by stage."""
        rules = {stage: rule.operations() for stage, rule in self.rules.items()}
        return rules | {stage: program.pulsed for stage, program in self.plan.programs.items()}

    @cached_property
    def resolved(self) -> Mapping[str, str]:
        """The two files with everything filled in, and the prices that they lead to, as YAML text.

        A cost table that is not a shipped one stands beside them, so that they can be read again.
        """
        architecture, beside = self.architecture.resolved(), {}
        table = self.architecture.costs
        if not registry.has_file("costs", architecture["costs"]["table"]):
            beside[f"table-{table.name}"] = table.text
            architecture["costs"] = {**architecture["costs"], "table": f"table-{table.name}.yaml"}
        workload = resolved(self.workload)
        if (name := self.workload.data.set) not in registry.names("dataset"):  # else the version says it
            workload["data"]["sha256"] = dataset.named(name).DATASET.sha256
        for stage in workload["stages"]:
            if (program := self.plan.programs.get(stage["name"])) is not None:
                stage |= {"from": program.source, "to": program.target, "method": resolved(program.method)}
                for key in {"scale", "fill", "rms"} - {program.scaled_by}:
                    stage.pop(key, None)
            else:
                stage["rule"] = resolved(self.rules[stage["name"]])
                if (loaded := self.weights.get(stage["name"])) is not None:
                    stage["start"] = {"weights": loaded.name, "sha256": loaded.sha256}
        return {
            "architecture": documents.dump(architecture),
            "workload": documents.dump(workload),
            "costs": _written(json.dumps(costs.resolved(table))),
            **beside,
        }

    @cached_property
    def digest(self) -> str:
        """Hash of the resolved inputs and chipsim's version: the same for all seeds of a study."""
        text = "\n---\n".join((chipsim_version(), *self.resolved.values()))
        return hashlib.sha256(text.encode()).hexdigest()

    def run_id(self, seed: int) -> str:
        """Hash of the resolved inputs, the version and the seed."""
        return hashlib.sha256(f"{self.digest} {seed}".encode()).hexdigest()[:16]

    @cached_property
    def selection(self) -> Selection:
        """The images, read once for all seeds. Raises `DataError` where they are not there."""
        return preparation.select(self.workload.data)

    def require_data(self) -> None:
        """Read the images, so that what is missing or damaged is found before anything is run or written.

        Raises `DataError`.
        """
        _ = self.selection

    def forget(self) -> None:
        """Let go of the images; they are read again where they are wanted again."""
        vars(self).pop("selection", None)


@functools.lru_cache(maxsize=8)
def _written(values: str) -> str:
    """YAML of JSON; the prices of many jobs are the same, and long."""
    return documents.dump(json.loads(values))


@functools.cache
def chipsim_version() -> str:
    """The version that is installed, or 0+unknown in a bare checkout."""
    try:
        return version("chipsim")
    except PackageNotFoundError:
        return "0+unknown"


def prepare(request: Request) -> Job:
    """Read, check and map the files of a request.

    Raises `InputError` with the faults of both files, `FitError` where one does not go on the other.
    """
    faults = Faults()
    sources: dict[str, Path] = {}
    found: dict[str, Document] = {}
    given: dict[str, bytes] = {}
    for kind, name in (("architecture", request.architecture), ("workload", request.workload)):
        with faults.gather():
            sources[kind] = locate(kind, name)
            found[kind] = read(kind, sources[kind])
            given |= _given(kind, found[kind])
    faults.raise_if_any()
    apply_settings(found, request.settings)
    architecture = workload = None
    with faults.gather():
        architecture = graph.load(found["architecture"])
    with faults.gather():
        loading.check(found["workload"])
    with faults.gather():
        workload = stages.load(found["workload"])
    faults.raise_if_any()
    assert architecture is not None, "a fault was raised"
    assert workload is not None, "a fault was raised"
    rules = loading.rules(found["workload"], workload)
    programs = loading.programs(found["workload"], workload, rules)
    weights = loading.weights(found["workload"], workload, rules)
    plan = compile_plan(architecture, workload.network, rules, programs)
    return Job(request, architecture, workload, rules, plan, weights, sources, given)


def _given(kind: str, document: Document) -> dict[str, bytes]:
    """The content of a file and of those that it extends, under the names that a run keeps them by."""
    below = {f"{kind}-{at}-{Path(name).stem}": name for at, name in enumerate(document.below, 1)}
    return {name: Path(path).read_bytes() for name, path in {kind: document.name, **below}.items()}


def read(kind: str, path: Path) -> Document:
    """The document of an architecture or workload, laid over those that it extends.

    Raises `InputError`, also where it is the other one.
    """
    document = documents.read(path)
    form = str(document.data.get("format"))
    if form.startswith(tuple(f"chipsim-{other}/" for other in ("architecture", "workload") if other != kind)):
        text = f"the file is of the format '{form}', but stands where the {kind} is given"
        raise InputError(document.fault(text, ("format",), "E025"))
    return extending.whole(document, kind)


def locate(kind: str, name: str) -> Path:
    """The file of an architecture or workload, by name or path. Raises `InputError`."""
    try:
        return registry.file(kind, name)
    except registry.UnknownName as error:
        raise InputError(Fault(str(error), code=error.code)) from None


def apply_settings(found: dict[str, Document], settings: tuple[str, ...]) -> None:
    """Set values in whichever of the documents has the path. Raises `InputError` with all faults."""
    faults = Faults()
    for setting in settings:
        with faults.gather():
            _apply(found, setting)
    faults.raise_if_any()


def _apply(found: dict[str, Document], setting: str) -> None:
    path, separator, value = setting.partition("=")
    if not separator:
        raise InputError(Fault(f"'{setting}' is not a setting; write PATH=VALUE", code="E024"))
    path, value = path.strip(), value.strip()
    first = path.split(".")[0]
    if first not in SETTABLE:
        known = (*_ARCHITECTURE_KEYS, *_WORKLOAD_KEYS)
        text = f"there is no key '{first}' to set{suggestion(first, dict.fromkeys(known))}"
        raise InputError(Fault(text, Place("--set", 1, 1, setting, len(first)), "E024"))
    kind = "workload" if first in _WORKLOAD_KEYS else "architecture"
    if kind not in found:
        raise InputError(Fault(f"'{path}' lies in the {kind}, which is not among the files", code="E024"))
    found[kind] = _spelt_out(found[kind], path).with_value(path, value)


def _spelt_out(document: Document, path: str) -> Document:
    """The document with a cell that is given by name alone as a mapping, if `path` sets something in it."""
    cell = path.rpartition(".")[0]
    if cell.endswith(".cell") and document.has(cell) and isinstance(name := document.at(cell), str):
        return document.with_value(cell, f"{{preset: {json.dumps(name)}}}")
    return document


_WORKLOAD_KEYS = frozenset(Workload.model_fields) - {"format", "name", "description"}
_ARCHITECTURE_KEYS = frozenset(graph.Header.model_fields)
SETTABLE = _WORKLOAD_KEYS | _ARCHITECTURE_KEYS
"""First keys of the paths that `--set` knows."""


Watch = Callable[[str, StageInputs, Evaluation], None]
"""Told a stage's name, what is asked of it, and each of its evaluations; what it raises ends the run."""


def unwatched(stage: str, given: StageInputs, evaluation: Evaluation) -> None:
    """A `Watch` that does nothing."""


def simulate(
    job: Job, seed: int = 0, progress: Progress = quiet, listener: Listener | None = None,
    together: int | None = None, command: Sequence[str] = (), watch: Watch = unwatched,
) -> Result:  # fmt: skip
    """Run a job with one seed. The same job and seed give the same result, to the bit."""
    began = time.time()
    workload = job.workload
    most = stages.most_training_images(workload)
    prepared = preparation.convert(job.selection, workload.data, seed, most)
    chip = Chip(job.plan, seed)
    controller = Controller(chip, listener, together)
    outcomes, inputs = [], []
    for index, stage in enumerate(workload.stages):
        data, ceiling = stage_data(workload, index, prepared, seed)
        if isinstance(stage, ProgramStage):
            program = job.plan.programs[stage.name]
            inputs.append(StageInputs.of_program(program, ceiling))
            seen = functools.partial(watch, stage.name, inputs[-1])
            outcomes.append(controller.program(ProgramTask(stage.name, program, data), progress, seen))
            continue
        rule = job.rules[stage.name]
        evaluate = stages.evaluated(workload, stage)
        loaded = job.weights.get(stage.name)
        task = StageTask(
            stage.name, stage.start if isinstance(stage.start, str) else "given", stage.images,
            evaluate.every, rule, data, loaded.layers if loaded else None,
        )  # fmt: skip
        aim = evaluate.target.accuracy(ceiling) if evaluate.target else None
        inputs.append(StageInputs(rule.type, stage.images, rule.operations(), ceiling, aim))
        outcomes.append(controller.run(task, progress, functools.partial(watch, stage.name, inputs[-1])))
    identity = results.Identity(
        job.run_id(seed), seed, job.architecture.name, workload.name, chipsim_version()
    )
    counts, arrays = counted.of_run(controller, outcomes, inputs), dict(results.arrays(outcomes))
    done = provenance(job, command, began)
    return results.price(job.plan, counts, arrays, identity, job.resolved, done, job.attached)


def check_window(job: Job, window: Window) -> None:
    """Raise `UsageError` where no stage has any of the images that are to be traced."""
    most = max(stage.images for stage in job.workload.stages)
    if window.first and window.first >= most:
        text = f"--trace {window}: no stage has an image {window.first}; the longest has images 0:{most}"
        raise UsageError(Fault(text, code="E100"))


def traced(
    job: Job, seed: int, window: Window | None, progress: Progress = quiet, command: Sequence[str] = (),
    most: int = MOST,
) -> tuple[Result, Recorder | None]:  # fmt: skip
    """Run a job like `simulate`, and keep what the images of a window do, if there is one.

    Of their visits `most` are kept; where there were more, a warning of the result says so. Else tracing
    changes nothing.
    """
    recorder = None if window is None else Recorder(window, most)
    result = simulate(job, seed, progress, recorder, command=command)
    if recorder is not None and recorder.stopped is not None:
        result = replace(result, warnings=(*result.warnings, _cut_short(recorder, recorder.stopped)))
    return result, recorder


def _cut_short(recorder: Recorder, stopped: Span) -> dict[str, str]:
    image = max(stopped.first - (not stopped.images), 0)
    fewer = Window(recorder.window.first, max(image, recorder.window.first + 1))
    text = (
        f"the trace holds the first {len(recorder)} of {len(recorder) + recorder.left_out} spans, up to "
        f"image {image} of stage '{stopped.stage}'; trace fewer images, as with --trace {fewer}"
    )
    return {"code": "W030", "message": text}


def stage_data(workload: Workload, index: int, prepared: Prepared, seed: int) -> tuple[StageData, float]:
    """The inputs of a stage, and the accuracy of a linear classifier on them."""
    stage, count = workload.stages[index], stages.training_images(workload, index)
    train, test = prepared.train_x[:count], prepared.test_x
    labels = prepared.train_y[:count]
    choice, shape = stages.elements(workload, index), preparation.shape(workload.data)
    if choice != "first" or shape is None:
        chosen = list(tasks.elements(choice, train.shape[1], workload.network.inputs, seed, shape))
        train, test = (np.ascontiguousarray(values[:, chosen]) for values in (train, test))
    ceiling = linear.accuracy(train, labels, test, prepared.test_y, len(prepared.classes))
    order: Callable[[int], Any] = lambda epoch: tasks.order(seed, stage.name, epoch, train.shape[0])  # noqa: E731
    return StageData(train, labels, test, prepared.test_y, order), ceiling


_version = functools.cache(version)
"""The version of a library: looking it up reads files, and many runs ask."""


def provenance(job: Job, command: Sequence[str], began: float) -> dict[str, Any]:
    """Where, when and with what a result was made: all that may differ between two equal runs."""
    libraries = ("numba", "llvmlite", "numpy", "simpy", "pydantic", "networkx", "pyyaml")
    return {
        "chipsim": chipsim_version(),
        "python": platform.python_version(),
        "libraries": {name: _version(name) for name in libraries},
        "host": f"{platform.system()} {platform.machine()}",
        "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(began)),
        "wall_s": round(time.time() - began, 3),
        "command": shlex.join(command),
        "settings": list(job.request.settings),
        "inputs": {kind: path.name for kind, path in job.sources.items()},
    }
