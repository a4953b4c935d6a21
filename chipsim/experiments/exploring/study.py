"""A study file: base architecture and workload, axes, objectives, constraints, method and budget."""

from __future__ import annotations

import hashlib
import json
import math
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, is_dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, get_type_hints

from pydantic import Field, model_validator

from chipsim.errors import ChipsimError, Fault, FitError, InputError, suggestion
from chipsim.experiments.exploring import axes as axes_
from chipsim.experiments.exploring.axes import Axis
from chipsim.experiments.run import Job, Request, prepare
from chipsim.inputs import documents, registry, units
from chipsim.inputs.documents import SET, Document, Where
from chipsim.inputs.schema import Faults, Model, Name, fill
from chipsim.inputs.units import Seconds
from chipsim.reports.result import StageRecord

Method = Literal["grid", "random", "latin-hypercube", "nsga2", "tpe"]


class Objective(Model):
    """A figure of `run.json` that is to be as large, or as small, as may be."""

    maximise: str | None = None
    minimise: str | None = None

    @model_validator(mode="after")
    def _one(self) -> Objective:
        if (self.maximise is None) == (self.minimise is None):
            raise ValueError("give either 'maximise' or 'minimise', with the path of a figure")
        return self

    @property
    def figure(self) -> str:
        """Path of the figure in `run.json`, stages by name."""
        return self.maximise or self.minimise or ""

    @property
    def sign(self) -> int:
        """1 where less is better, -1 where more is."""
        return 1 if self.minimise else -1

    def better(self, one: float | None, other: float | None) -> bool:
        """Whether one value is better than another; None is what the run never reached."""
        if one is None or other is None:
            return one is not None and other is None
        return self.sign * one < self.sign * other


class StudyFile(Model):
    """A study as its file gives it."""

    format: Literal["chipsim-study/1"]
    name: Name
    description: str = Field(default="", description="what the study is about, in a few words")
    architecture: str = Field(description="name of a shipped architecture, or the path of one in this folder")
    workload: str = Field(description="name of a shipped workload, or the path of one in this folder")
    settings: Mapping[str, Any] = Field(
        default_factory=dict, description="values of either file set differently for all points, by path"
    )
    axes: Mapping[str, Any] = Field(
        min_length=1, max_length=64,
        description="by path in either file, or several paths with commas that take the same value",
    )  # fmt: skip
    objectives: tuple[Objective, ...] = Field(min_length=1, max_length=8)
    constraints: tuple[str, ...] = Field(
        default=(), max_length=64, description="what every point of the front must keep"
    )
    method: Method = "grid"
    points: int | None = Field(
        default=None, ge=1, le=1_000_000, description="most points [default: the whole grid, else 100]"
    )
    seeds: int = Field(default=1, ge=1, le=10_000, description="runs of each point, of the seeds 0, 1, ...")
    seed: int = Field(default=0, ge=0, le=2**32 - 1, description="seed of the search")
    generation: int = Field(
        default=16, ge=1, le=10_000,
        description="points that are asked for together, and judged only when all have ended",
    )  # fmt: skip
    stop: Literal["never", "dominated"] = Field(
        default="never",
        description="dominated: the first run of a point ends where it has fallen clearly behind a point on "
        "the front of earlier generations in everything; one that ends worse than all runs of such a point "
        "gets no further seeds",
    )
    time_limit: Seconds | None = Field(default=None, gt=0, description="wall-clock time of one run")


_COMPARE: Mapping[str, Callable[[float, float], bool]] = MappingProxyType(
    {"<=": operator.le, ">=": operator.ge, "<": operator.lt, ">": operator.gt}
)
_CONSTRAINT = re.compile(r"\s*(\S+)\s*(<=|>=|<|>)\s*(.+?)\s*")
MOST = 100_000
"""Most points of a grid that is given no number of them."""
NO_WARNINGS = "no warnings"
RULES = re.compile(r"W02\d")
"""Codes of the warnings that say that a design rule is not kept."""


@dataclass(frozen=True)
class Constraint:
    """What a point must keep: a figure's bound, or with no figure that no design rule is broken."""

    text: str
    figure: str = ""
    sign: str = "<"
    bound: float = 0.0

    def kept(self, figures: Mapping[str, float | None], warnings: tuple[str, ...]) -> bool:
        """Whether a point with these figures and warnings keeps it; one without the figure does not."""
        if not self.figure:
            return not any(RULES.fullmatch(code) for code in warnings)
        value = figures.get(self.figure)
        return value is not None and _COMPARE[self.sign](value, self.bound)


@dataclass(frozen=True)
class Study:
    """A study that has been read and checked against its two files."""

    document: Document
    file: StudyFile
    axes: tuple[Axis, ...]
    constraints: tuple[Constraint, ...]
    architecture: str
    workload: str

    @property
    def settings(self) -> tuple[str, ...]:
        """What is set differently for all points."""
        return tuple(f"{path}={json.dumps(value)}" for path, value in self.file.settings.items())

    @property
    def seeds(self) -> tuple[int, ...]:
        """Seeds of the runs of each point."""
        return tuple(range(self.file.seeds))

    @property
    def shown(self) -> tuple[str, ...]:
        """Figures that the study is about: those of objectives, then of constraints."""
        asked = [objective.figure for objective in self.file.objectives]
        return tuple(dict.fromkeys([*asked, *(each.figure for each in self.constraints if each.figure)]))

    def request(self, settings: tuple[str, ...] = ()) -> Request:
        """What a point asks for that sets values beside those of all points."""
        return Request(self.architecture, self.workload, self.settings + settings)

    @cached_property
    def base(self) -> Job:
        """The job that all points share, or where that alone does not fit, the first values of the axes."""
        try:
            return prepare(self.request())
        except FitError:
            first = [each for axis in self.axes if axis.levels for each in axis.settings(axis.levels[0])]
            return prepare(self.request(tuple(first)))

    @cached_property
    def digest(self) -> str:
        """Hash of the study as it is read and of the files that it starts from."""
        whole = [self.file.model_dump(mode="json"), self.base.digest]
        return hashlib.sha256(json.dumps(whole).encode()).hexdigest()[:16]


def load(name: str) -> Study:
    """A study by name or path, checked with the files that it names. Raises `InputError` with all faults."""
    try:
        path = registry.file("study", name)
    except registry.UnknownName as error:
        raise InputError(Fault(str(error), code=error.code)) from None
    return check(documents.read(path))


def check(document: Document) -> Study:
    """The study in a document. Raises `InputError` with all faults, each at its place."""
    file = fill(StudyFile, document, (), "study")
    faults = Faults()
    found: tuple[Axis, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    with faults.gather():
        found = axes_.read(document)
    with faults.gather():
        constraints = tuple(_constraints(document, file))
    places = {}
    for kind in ("architecture", "workload"):
        with faults.gather():
            places[kind] = _located(document, kind, getattr(file, kind))
    faults.raise_if_any()
    study = Study(document, file, found, constraints, **places)
    try:
        job = study.base
    except InputError as error:
        raise InputError(*(_of_settings(document, file, fault) for fault in error.faults)) from None
    for index, objective in enumerate(file.objectives):
        with faults.gather():
            key = "minimise" if objective.minimise else "maximise"
            _check_figure(document, ("objectives", index, key), objective.figure, job)
    for index, constraint in enumerate(constraints):
        with faults.gather():
            _check_figure(document, ("constraints", index), constraint.figure, job)
    for axis in found:
        with faults.gather():
            _check_axis(study, axis)
    with faults.gather():
        _check_budget(study)
    faults.raise_if_any()
    return study


def _of_settings(document: Document, file: StudyFile, fault: Fault) -> Fault:
    """A fault of what the study sets for all points, told at its place in the study."""
    if fault.place is None or fault.place.file != SET:
        return fault
    path = next((path for path in file.settings if path in fault.place.excerpt), None)
    if path is None:
        return fault
    return document.fault(f"settings: {fault.message}", ("settings", path), fault.code)


def _located(document: Document, kind: str, name: str) -> str:
    try:
        return str(registry.file(kind, name, within=Path(document.name).parent))
    except (registry.UnknownName, InputError) as error:
        fault = error.faults[0] if isinstance(error, InputError) else Fault(str(error), code=error.code)
        raise InputError(document.fault(f"study: {kind}: {fault.message}", (kind,), fault.code)) from None


def _constraints(document: Document, file: StudyFile) -> Iterator[Constraint]:
    faults = Faults()
    for index, text in enumerate(file.constraints):
        with faults.gather():
            yield _constraint(document, index, text)
    faults.raise_if_any()


def _constraint(document: Document, index: int, text: str) -> Constraint:
    if " ".join(text.split()) == NO_WARNINGS:
        return Constraint(text)
    where: Where = ("constraints", index)
    match = _CONSTRAINT.fullmatch(text)
    if match is None:
        wanted = f"write FIGURE < NUMBER, as in 'area_m2 < 1e-6', or '{NO_WARNINGS}'"
        raise InputError(document.fault(f"'{text}' is not a constraint; {wanted}", where, "E013"))
    figure, sign, bound = match.groups()
    return Constraint(text, figure, sign, _bound(document, where, figure, bound))


_SUFFIXES: Mapping[str, str] = {"J": "energy", "s": "time", "m2": "area"}
"""Dimensions by the unit that a figure's key ends with."""


def _bound(document: Document, where: Where, figure: str, text: str) -> float:
    ends = [part.partition("_by_")[0].rpartition("_")[2] for part in figure.split(".")]
    written = units.dimension_of(text)
    dimension = next((_SUFFIXES[end] for end in reversed(ends) if end in _SUFFIXES), written)
    try:
        return units.parse(text, dimension) if written and dimension else float(text)
    except units.UnitError as error:
        raise InputError(document.fault(f"constraint: '{figure}': {error}", where, error.code)) from None
    except ValueError:
        message = f"constraint: expected a number or a quantity such as '1 mm2', got '{text}'"
        raise InputError(document.fault(message, where, "E013")) from None


def _check_figure(document: Document, where: Where, figure: str, job: Job) -> None:
    known = tuple(_known(job))
    if not figure or figure in known or any(figure.startswith(f"{path}.") for path in known):
        return
    text = f"there is no figure '{figure}'{suggestion(figure, known)}"
    raise InputError(document.fault(text, where, "E015"))


def _known(job: Job) -> Iterator[str]:
    """Paths of figures; what stands below a path that ends in a mapping may have any name."""
    for stage in job.workload.stages:
        for path in _numbers(StageRecord):
            yield f"{stage.name}.{path}"
    yield from (
        f"total.{name}" for name in ("time_s", "energy_J", "pulses", "uncontended_s", "assumed_share")
    )
    yield from (f"total.energy_J_by_{key}" for key in ("component", "operation"))
    yield from ("evaluation.time_s", "evaluation.energy_J", "area_m2")


def _numbers(record: Any) -> Iterator[str]:
    for name, hint in get_type_hints(record).items():
        inner = next((part for part in (hint, *getattr(hint, "__args__", ())) if is_dataclass(part)), None)
        if inner is not None:
            yield from (f"{name}.{path}" for path in _numbers(inner))
        elif hint not in (str,) and name not in ("kind",):
            yield name


def _check_axis(study: Study, axis: Axis) -> None:
    """Raise where a value cannot be set: what it does beside values of other axes is seen with each point."""
    listed = study.document.data["axes"][axis.name]
    where: Where = ("axes", axis.name)
    inside = where if isinstance(listed, list) else (*where, "values")
    beside = [
        setting
        for other in study.axes
        if other.name in axis.when
        for setting in other.settings(axis.when[other.name][0])
    ]
    faults = Faults()
    if axis.between:
        tried = [((*where, "from"), axis.between.at(0.0)), ((*where, "to"), axis.between.at(1.0))]
    elif isinstance(listed, list) or "values" in listed:
        tried = [((*inside, index), level) for index, level in enumerate(axis.levels)]
    else:
        tried = [((*where, "from"), axis.levels[0]), ((*where, "to"), axis.levels[-1])]
    for place, value in tried:
        try:
            prepare(study.request((*beside, *axis.settings(value))))
        except InputError as error:
            for fault in error.faults:
                if fault.code in _OF_A_VALUE:
                    faults.add(_told_here(study.document, place, axis, fault))
        except ChipsimError:
            continue
    faults.raise_if_any()


_OF_A_VALUE = frozenset(
    {*(f"E0{number}" for number in range(10, 20)), "E024", "E030", "E001", "E032", "E062"}
)
"""Codes of faults that stay whatever the other axes say."""


def _told_here(document: Document, place: Where, axis: Axis, fault: Fault) -> Fault:
    last = axis.paths[0].rpartition(".")[2]
    at_key = fault.code == "E024" or (fault.code == "E012" and f"'{last}'" in fault.message)
    message = fault.message if axis.name in fault.message else f"axis '{axis.name}': {fault.message}"
    return document.fault(message, place[:2] if at_key else place, fault.code, key=at_key)


def _check_budget(study: Study) -> None:
    file = study.file
    if file.method != "grid":
        return
    endless = next((axis for axis in study.axes if axis.between), None)
    if endless is not None:
        text = f"axis '{endless.name}': a grid needs 'steps' in a range of numbers"
        raise InputError(study.document.fault(text, ("axes", endless.name), "E011", key=True))
    size = math.prod(len(axis.levels) for axis in study.axes if not axis.when)
    if size > (file.points or MOST):
        text = (
            f"study: the grid has {size} points or more, and {file.points or MOST} are allowed; take fewer "
        )
        text += "values, more 'points', or another method"
        raise InputError(study.document.fault(text, ("points",) if file.points else ("axes",), "E014"))
