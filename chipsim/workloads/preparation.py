"""From a data set to the inputs of a network: classes chosen, pixels projected, normalised and divided.

Pixels count 0..1. A Gaussian projection to m numbers multiplies the pixels by a matrix of independent normal
numbers of variance 1/m, which keeps lengths on average; it is drawn from the seed alone, so training and test
images share it. `normalise: element` subtracts each element's mean over the training images, divides by its
standard deviation, cuts at `clip` standard deviations and divides by `clip`: the inputs lie in -1..1.

All sums run in a fixed order in compiled loops, so the same seed gives the same bits on every machine.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from chipsim.errors import ChipsimError, Fault, InputError
from chipsim.inputs.schema import Model
from chipsim.numerics.draws import normal, stream
from chipsim.numerics.kernel import kernel
from chipsim.numerics.products import product
from chipsim.workloads import dataset
from chipsim.workloads.dataset import DataSet, Images

__all__ = [
    "Count",
    "DataSpec",
    "Finding",
    "Prepared",
    "Projection",
    "Selection",
    "convert",
    "features",
    "findings",
    "prepare",
    "projection",
    "select",
    "shape",
    "training_count",
]

Normalise = Literal["element", "none"]
Count = Annotated[int, Field(ge=1, le=10_000_000)]
Values = NDArray[np.uint8] | NDArray[np.float64]
Clip = Annotated[float, Field(gt=0, le=100)]

_CLIP = 3.0  # standard deviations, where the file gives none
_TEST_SHARE = 4  # of a set without a test part of its own, one in four images is for testing
_CONSTANT = 1e-12  # an element that varies less, relative to its mean, is constant but for rounding


class Projection(Model):
    """A random projection of the pixels to fewer numbers."""

    to: Annotated[int, Field(ge=1, le=4096, description="numbers per image after the projection")]
    kind: Literal["gaussian"] = "gaussian"
    normalise: Normalise = "element"
    clip: Clip | None = Field(None, description="standard deviations at which it is cut; 3 if left out")


class DataSpec(Model):
    """The `data` of a workload: which images, and what is done to them before the first layer."""

    set: str = Field(description="name of the data set, or of a folder of IDX files where data are kept")
    sha256: str | None = Field(
        default=None, pattern=r"^[0-9a-f]{64}$", description="checksum of all the set's files together"
    )
    classes: Annotated[tuple[int, ...], Field(min_length=2)] | None = Field(
        None, description="numbers of the classes, in the order of the network's outputs; all if left out"
    )
    train: Count | None = Field(None, description="training images; all if left out")
    test: Count | None = Field(None, description="test images; all, or one in four of an undivided set")
    project: Projection | None = None
    normalise: Normalise | None = Field(None, description="without `project`: none if left out")
    clip: Clip | None = Field(None, description="standard deviations at which it is cut; 3 if left out")

    @property
    def scaling(self) -> tuple[Normalise, float]:
        """How elements are normalised, and at how many standard deviations they are cut."""
        source = self.project or self
        return source.normalise or "none", source.clip or _CLIP


class Finding(NamedTuple):
    """What is wrong with a `DataSpec`: the path of the value in it, a sentence and its code."""

    path: tuple[str | int, ...]
    message: str
    code: str


@dataclass(frozen=True)
class Selection:
    """The images that a run uses, as stored; labels are places in the list of classes."""

    train: Images
    test: Images
    classes: tuple[int, ...]


@dataclass(frozen=True)
class Prepared:
    """Inputs `(images, features)` as `float32` and labels `(images,)` as places in `classes`."""

    train_x: NDArray[np.float32]
    train_y: NDArray[np.int64]
    test_x: NDArray[np.float32]
    test_y: NDArray[np.int64]
    classes: tuple[int, ...]

    @property
    def features(self) -> int:
        """Numbers per image."""
        return int(self.train_x.shape[1])


# What can be said without reading a file


def findings(spec: DataSpec) -> tuple[Finding, ...]:
    """Return what is wrong with a specification, as far as can be known without the data; no file is read."""
    try:
        data = dataset.named(spec.set).DATASET
    except ChipsimError as error:
        return tuple(Finding(("set",), fault.message, fault.code) for fault in error.faults)
    if spec.sha256 is not None and spec.sha256 != data.sha256:
        sentence = f"data set '{spec.set}' has not the checksum that is given; it has {data.sha256}"
        return (Finding(("sha256",), sentence, "E071"),)
    wrong_classes = tuple(_class_findings(spec, data))
    return (*wrong_classes, *_unused_findings(spec), *(() if wrong_classes else _size_findings(spec, data)))


def _class_findings(spec: DataSpec, data: DataSet) -> Iterator[Finding]:
    classes = spec.classes or ()
    for place, number in enumerate(classes):
        if not 0 <= number < len(data.classes):
            highest = len(data.classes) - 1
            sentence = f"data set '{data.name}' has no class {number}; its classes are 0 to {highest}"
            yield Finding(("classes", place), sentence, "E073")
        elif number in classes[:place]:
            yield Finding(("classes", place), f"class {number} is named twice; name each class once", "E045")


def _unused_findings(spec: DataSpec) -> Iterator[Finding]:
    if spec.project is not None:
        for key in ("normalise", "clip"):
            if getattr(spec, key) is not None:
                sentence = f"'{key}' is not used beside 'project'; give it inside 'project'"
                yield Finding((key,), sentence, "E026")
    holder: Projection | DataSpec = spec.project or spec
    if holder.clip is not None and spec.scaling[0] == "none":
        path = ("project", "clip") if spec.project else ("clip",)
        sentence = "'clip' is not used without normalising; leave it out or give 'normalise: element'"
        yield Finding(path, sentence, "E026")


def _size_findings(spec: DataSpec, data: DataSet) -> Iterator[Finding]:
    classes = _classes(spec, data)
    named = f"of the classes {', '.join(map(str, classes))}"
    if _divided(data):
        for part, asked in (("train", spec.train), ("test", spec.test)):
            there = data.split(part).of(classes)
            if asked is not None and asked > there:
                kind = "training" if part == "train" else "test"
                sentence = f"data set '{data.name}' holds {there} {kind} images {named}, not {asked}"
                yield Finding((part,), sentence, "E073")
        return
    there = data.splits[0].of(classes)
    test, train = _test_count(spec, there), spec.train or 1
    if train + test > there:
        sentence = (
            f"data set '{data.name}' holds {there} images {named}, "
            f"not {train} for training and {test} for testing"
        )
        yield Finding(("train",) if spec.train else ("test",), sentence, "E073")


def features(spec: DataSpec) -> int:
    """Return the numbers per image after preparation.

    *Raises*: `InputError` if there is no such data set.
    """
    return spec.project.to if spec.project else dataset.named(spec.set).DATASET.features


def shape(spec: DataSpec) -> tuple[int, ...] | None:
    """Return the shape of one image whose pixels are the numbers; None where they are projected.

    *Raises*: `InputError` if there is no such data set.
    """
    return None if spec.project else dataset.named(spec.set).DATASET.shape


def training_count(spec: DataSpec) -> int:
    """Return how many training images there are, of a specification without `findings`.

    *Raises*: `InputError` if there is no such data set.
    """
    data = dataset.named(spec.set).DATASET
    if spec.train is not None:
        return spec.train
    if _divided(data):
        return data.split("train").of(_classes(spec, data))
    there = data.splits[0].of(_classes(spec, data))
    return there - _test_count(spec, there)


def class_count(spec: DataSpec) -> int:
    """Return how many classes the images have.

    *Raises*: `InputError` if there is no such data set.
    """
    return len(_classes(spec, dataset.named(spec.set).DATASET))


def _classes(spec: DataSpec, data: DataSet) -> tuple[int, ...]:
    return spec.classes or tuple(range(len(data.classes)))


def _divided(data: DataSet) -> bool:
    return {"train", "test"} <= {split.name for split in data.splits}


def _test_count(spec: DataSpec, there: int) -> int:
    return spec.test or max(1, there // _TEST_SHARE)


# Which images


def select(spec: DataSpec) -> Selection:
    """Read the images that a specification asks for, in the order of the file.

    A divided set gives the first images of these classes of either part. Of an undivided set, the test images
    are spaced evenly over its images of these classes, and the training images are the first of the others.
    *Raises*: `InputError` if the set cannot give them, `DataError` if its files are missing or damaged.
    """
    wrong = findings(spec)
    if wrong:
        raise InputError(*(Fault(finding.message, code=finding.code) for finding in wrong))
    data = dataset.named(spec.set).DATASET
    classes = _classes(spec, data)
    if _divided(data):
        train, test = (
            _labelled(dataset.load(data.name, part, _rows(data.name, part, classes)[:count]), classes)
            for part, count in (("train", spec.train), ("test", spec.test))
        )
        return Selection(train, test, classes)
    part = data.splits[0].name
    rows = _rows(data.name, part, classes)
    testing = _evenly(len(rows), _test_count(spec, len(rows)))
    train_rows = np.delete(rows, testing)[: spec.train]
    return Selection(
        _labelled(dataset.load(data.name, part, train_rows), classes),
        _labelled(dataset.load(data.name, part, rows[testing]), classes),
        classes,
    )


def _rows(name: str, part: str, classes: tuple[int, ...]) -> NDArray[np.int64]:
    return np.flatnonzero(np.isin(dataset.labels(name, part), classes)).astype(np.int64)


def _evenly(there: int, count: int) -> NDArray[np.int64]:
    return np.arange(count, dtype=np.int64) * there // count


def _labelled(images: Images, classes: tuple[int, ...]) -> Images:
    place = np.zeros(max(classes) + 1, dtype=np.int64)
    place[list(classes)] = np.arange(len(classes))
    return Images(images.pixels, place[images.labels], images.full_scale)


# What is done to them


def prepare(spec: DataSpec, seed: int) -> Prepared:
    """Return the inputs and labels of a run; the seed draws the projection.

    *Raises*: `InputError` if the set cannot give what is asked, `DataError` if files are missing or damaged.
    """
    return convert(select(spec), spec, seed)


def convert(selection: Selection, spec: DataSpec, seed: int, most: int | None = None) -> Prepared:
    """Return the inputs and labels of one seed from images that have been read; many seeds can share them.

    With `most`, the first so many training images are enough; all of them are normalised by.
    """
    if spec.scaling[0] == "none":
        selection = replace(selection, train=selection.train.first(most))
    train, test = (_projected(images, spec, seed) for images in (selection.train, selection.test))
    normalise, clip = spec.scaling
    if normalise == "element":
        mean, spread = _moments(train)
        inputs = [_normalised(values, mean, spread, clip) for values in (train, test)]
    else:
        scale = np.float32(selection.train.full_scale)
        inputs = [np.divide(values, scale, dtype=np.float32) for values in (train, test)]
    return Prepared(inputs[0], selection.train.labels, inputs[1], selection.test.labels, selection.classes)


def projection(pixels: int, to: int, seed: int) -> NDArray[np.float64]:
    """Return the matrix `(pixels, to)` of independent normal numbers of mean 0 and variance 1/`to`."""
    matrix = np.empty((pixels, to))
    _fill_normal(stream(seed, "data", "projection"), matrix)
    return matrix / math.sqrt(to)


def _projected(images: Images, spec: DataSpec, seed: int) -> Values:
    if spec.project is None:
        return images.pixels
    pixels: Any = images.pixels  # taken as whole numbers: a copy as floats would be eight times as large
    return product(pixels, projection(images.pixels.shape[1], spec.project.to, seed))


@kernel
def _fill_normal(key: np.uint64, matrix: NDArray[np.float64]) -> None:
    for i in range(matrix.shape[0]):
        for j in range(matrix.shape[1]):
            matrix[i, j] = normal(key, i, j)


@kernel
def _moments(values: Values) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    images, elements = values.shape
    mean = np.zeros(elements)
    for image in range(images):
        for element in range(elements):
            mean[element] += values[image, element]
    mean /= images
    spread = np.zeros(elements)
    for image in range(images):
        for element in range(elements):
            difference = values[image, element] - mean[element]
            spread[element] += difference * difference
    return mean, np.sqrt(spread / images)


@kernel
def _normalised(
    values: Values, mean: NDArray[np.float64], spread: NDArray[np.float64], clip: float
) -> NDArray[np.float32]:
    images, elements = values.shape
    inputs = np.zeros((images, elements), dtype=np.float32)
    for element in range(elements):
        if spread[element] > _CONSTANT * abs(mean[element]):
            for image in range(images):
                score = (values[image, element] - mean[element]) / spread[element]
                inputs[image, element] = min(max(score, -clip), clip) / clip
    return inputs
