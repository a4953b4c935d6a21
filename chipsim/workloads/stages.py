"""Stages: what is done with a network, in which order, on which images, and when it is measured."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal, NamedTuple

from pydantic import BeforeValidator, Discriminator, Field, PlainSerializer, Tag, WithJsonSchema

from chipsim.errors import Fault, InputError
from chipsim.inputs.documents import Document
from chipsim.inputs.schema import Faults, Model, Name, fill
from chipsim.inputs.units import Share
from chipsim.workloads import preparation, tasks
from chipsim.workloads.network import Network
from chipsim.workloads.preparation import Count, DataSpec
from chipsim.workloads.tasks import Changed, Choice
from chipsim.workloads.weights import Weights


class Target(NamedTuple):
    """An accuracy to reach: a share, of everything or of what a linear classifier reaches."""

    share: float
    of_linear: bool

    def accuracy(self, linear: float) -> float:
        """The accuracy that it comes to where a linear classifier reaches `linear`."""
        return self.share * linear if self.of_linear else self.share


_TARGET = re.compile(r"^(\d+(?:\.\d+)?) ?%( of linear)?$")
_IMAGES = re.compile(r"^(\d{1,9}) images?$")


def _written(pattern: re.Pattern[str], *examples: str) -> WithJsonSchema:
    """What a schema says of a text that is read by a pattern."""
    return WithJsonSchema({"type": "string", "pattern": pattern.pattern, "examples": list(examples)})


class _UnreadableError(ValueError):
    """A text that does not say what it should; `expected` makes the fault's sentence."""

    def __init__(self, expected: str) -> None:
        super().__init__(f"expected {expected}")
        self.expected = expected


def _read_target(value: Any) -> Any:
    found = _TARGET.match(value) if isinstance(value, str) else None
    if found is None or not 0 < float(found[1]) <= 100:
        raise _UnreadableError("a target such as '94 %' or '97 % of linear'")
    return Target(float(found[1]) / 100, found[2] is not None)


def _write_target(value: Target) -> str:
    return f"{value.share * 100:.12g} %" + (" of linear" if value.of_linear else "")


def _read_images(value: Any) -> Any:
    found = _IMAGES.match(value) if isinstance(value, str) else None
    if found is None or int(found[1]) < 1:
        raise _UnreadableError("a number of images such as '100 images'")
    return int(found[1])


class Evaluate(Model):
    """When accuracy is measured, and the accuracy to reach."""

    every: Annotated[
        int,
        BeforeValidator(_read_images),
        PlainSerializer(lambda n: f"{n} images", return_type=str),
        _written(_IMAGES, "100 images"),
    ] = Field(description="training images between two evaluations")
    target: (
        Annotated[
            Target,
            BeforeValidator(_read_target),
            PlainSerializer(_write_target, return_type=str),
            _written(_TARGET, "94 %", "97 % of linear"),
        ]
        | None
    ) = Field(default=None, description="'94 %', or '97 % of linear'")


class Stage(Model):
    """One stage: training from given weights, on given elements of the inputs, by a rule."""

    name: Name
    kind: Literal["train"]
    start: Annotated[
        Annotated[Literal["random", "keep"], Tag("word")] | Annotated[Weights, Tag("file")],
        Discriminator(lambda value: "file" if isinstance(value, dict | Weights) else "word"),
    ] = Field(description="weights at the beginning")
    elements: Choice | None = Field(
        default=None, description="which of the projected numbers are inputs; which rows are swapped"
    )
    train: Count | None = Field(default=None, description="training images: the first of `data`; all")
    images: int = Field(ge=0, le=1_000_000_000, description="presentations; 0: measure the weights alone")
    rule: Mapping[str, Any] = Field(description="the learning rule and its hyper-parameters")
    evaluate: Evaluate | None = Field(default=None, description="in place of the workload's, in this stage")


class ProgramStage(Model):
    """One stage that puts weights of a digital array onto a crossbar. The method is filled by `learning`."""

    name: Name
    kind: Literal["program"]
    source: str | None = Field(
        default=None, alias="from", description="digital matrix (default: the weights of the stage before)"
    )
    target: str | None = Field(
        default=None, alias="to", description="matrix of a crossbar (default: the weights of the stage after)"
    )
    scale: float = Field(default=1.0, gt=0, le=1e6, description="factor on all weights")
    fill: Share | None = Field(
        default=None, gt=0,
        description="in place of `scale`: what each layer's largest weight comes to, of the nominal bound",
    )  # fmt: skip
    rms: Share | None = Field(
        default=None, gt=0,
        description="in place of both: what the root mean square of each layer's weights comes to",
    )  # fmt: skip
    compensate: bool = Field(
        default=False,
        description="divide each layer's gain by its factor: its outputs stay as they were",
    )
    elements: Choice | None = Field(
        default=None, description="inputs of the evaluations (default: those of the stage before)"
    )
    method: Mapping[str, Any] = Field(description="how weights are programmed, and its parameters")

    images: ClassVar[int] = 0
    """Presentations: none."""


AnyStage = Annotated[Stage | ProgramStage, Field(discriminator="kind")]


class Workload(Model):
    """Data set, network and stages, as a file gives them. Rules are filled by `learning`."""

    format: Literal["chipsim-workload/1"]
    name: Name
    description: str | None = None
    data: DataSpec
    network: Network
    stages: tuple[AnyStage, ...] = Field(min_length=1, max_length=64)
    evaluate: Evaluate


def load(document: Document) -> Workload:
    """A workload from its document, checked as far as can be without reading data or a chip.

    Raises `InputError` with all faults.
    """
    faults = Faults()
    try:
        workload = fill(Workload, document)
    except InputError as error:
        raise InputError(*error.faults, *_data_faults(document)) from None
    faults.add(*_data_faults(document), *_stage_faults(document, workload))
    faults.raise_if_any()
    _check_inputs(faults, document, workload)
    faults.raise_if_any()
    return workload


def elements(workload: Workload, index: int) -> Choice:
    """Which of the projected numbers are the inputs of a stage; for a program those of the stage before."""
    stage = workload.stages[index]
    if isinstance(stage, ProgramStage) and stage.elements is None and index:
        return elements(workload, index - 1)
    return stage.elements or "first"


def training_images(workload: Workload, index: int) -> int | None:
    """How many of the training images a stage sees, None for all.

    A program is as the stage before it, and one that only measures as the stage after it.
    """
    stage = workload.stages[index]
    if isinstance(stage, ProgramStage):
        return training_images(workload, index - 1) if index else None
    measures = stage.train is None and not stage.images
    following = workload.stages[index + 1] if measures and index + 1 < len(workload.stages) else None
    return training_images(workload, index + 1) if isinstance(following, Stage) else stage.train


def most_training_images(workload: Workload) -> int | None:
    """The most training images that any stage sees, None for all."""
    counts = [training_images(workload, index) for index in range(len(workload.stages))]
    return None if None in counts else max(count for count in counts if count is not None)


def evaluated(workload: Workload, stage: Stage) -> Evaluate:
    """When accuracy is measured in a stage, and what it should reach."""
    return stage.evaluate or workload.evaluate


Wrong = Iterator[tuple[str, str, str]]
"""What is wrong with a stage: the key, the sentence and the code."""


def _stage_faults(document: Document, workload: Workload) -> Iterator[Fault]:
    """What is wrong with the order and the names of stages."""
    for index, stage in enumerate(workload.stages):
        own = _program_faults if isinstance(stage, ProgramStage) else _training_faults
        for find in (_name_faults, own):
            for key, text, code in find(workload, index):
                yield document.fault(text, ("stages", index, key), code)


def _name_faults(workload: Workload, index: int) -> Wrong:
    name = workload.stages[index].name
    if name in {stage.name for stage in workload.stages[:index]}:
        yield "name", f"a stage before this one is named '{name}' too; give each its own name", "E020"
    if name in ("evaluation", "total"):
        text = "'evaluation' and 'total' name accounts of a run; give the stage another name"
        yield "name", text, "E020"


def _program_faults(workload: Workload, index: int) -> Wrong:
    stage = workload.stages[index]
    if index == 0:
        text = "the first stage has nothing to program from; put a stage with a digital rule before it"
        yield "kind", text, "E020"
    scales = [key for key in ("rms", "fill", "scale") if key in stage.model_fields_set]
    if len(scales) > 1:
        text = f"stage '{stage.name}': '{scales[0]}' takes the place of '{scales[1]}'; keep one of them"
        yield scales[0], text, "E020"


def _training_faults(workload: Workload, index: int) -> Wrong:
    stage = workload.stages[index]
    assert isinstance(stage, Stage)
    if stage.start == "keep" and index == 0:
        yield "start", "the first stage has nothing to keep; write 'start: random'", "E020"
    if stage.start == "random" and not stage.images:  # nothing that was learnt could be measured
        yield "images", f"stages.{stage.name}.images: expected at least 1, got 0", "E014"


def _data_faults(document: Document) -> tuple[Fault, ...]:
    """What is wrong with the data that are asked for, if they are asked for in the right form."""
    try:
        spec = fill(DataSpec, document, ("data",))
    except InputError:
        return ()
    found = preparation.findings(spec)
    return tuple(document.fault(f"data: {message}", ("data", *path), code) for path, message, code in found)


def _check_inputs(faults: Faults, document: Document, workload: Workload) -> None:
    features, used = preparation.features(workload.data), workload.network.inputs
    classes = preparation.class_count(workload.data)
    if workload.network.outputs != classes:
        last: tuple[str | int, ...] = ("network", "layers", len(workload.network.layers) - 1, "out")
        text = f"network: the last layer has {workload.network.outputs} outputs for {classes} classes"
        faults.add(document.fault(f"{text}; write 'out: {classes}'", last, "E054"))
    most = preparation.training_count(workload.data)
    for index, stage in enumerate(workload.stages):
        if isinstance(stage, Stage) and stage.train is not None and stage.train > most:
            text = f"stage '{stage.name}': data has {most} training images, not {stage.train}"
            faults.add(document.fault(text, ("stages", index, "train"), "E073"))
    if workload.data.project is None and used != features:
        text = f"network: the first layer has {used} inputs for {features} numbers an image"
        faults.add(document.fault(f"{text}; write 'in: {features}'", ("network", "layers", 0, "in"), "E054"))
        return
    shape = preparation.shape(workload.data)
    for index, stage in enumerate(workload.stages):
        place = ("stages", index, "elements")
        if shape is not None and isinstance(stage.elements, Changed | str):
            text = f"stage '{stage.name}': elements are chosen from projected numbers; add 'data: project'"
            faults.add(document.fault(text, place, "E026"))
            continue
        for fault in tasks.faults(elements(workload, index), features, used, shape):
            faults.add(document.fault(f"stage '{stage.name}': {fault.message}", place, fault.code))
