"""From stored images to the inputs of a network: which images, and which numbers."""

from __future__ import annotations

import hashlib
import math
import os
import subprocess
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from chipsim.errors import DataError, InputError
from chipsim.inputs import documents
from chipsim.inputs.schema import fill
from chipsim.workloads import dataset, preparation
from chipsim.workloads.dataset import Images
from chipsim.workloads.preparation import DataSpec, Selection

DIGITS: dict[str, Any] = {"set": "digits", "classes": (0, 1), "train": 260, "test": 100}
MNIST: dict[str, Any] = {"set": "mnist", "classes": (0, 1), "train": 10_000, "test": 1_000}
GAUSSIAN: dict[str, Any] = {"to": 16, "kind": "gaussian", "normalise": "element", "clip": 3}


def spec(**given: Any) -> DataSpec:
    return DataSpec.model_validate({**DIGITS, **given})


def chosen(**given: Any) -> Selection:
    return preparation.select(spec(**given))


def digest(*arrays: np.ndarray[Any, Any]) -> str:
    return hashlib.sha256(b"".join(array.tobytes() for array in arrays)).hexdigest()


@pytest.fixture
def mnist() -> None:
    try:
        dataset.where("mnist")
    except DataError as error:
        pytest.skip(str(error))


# Which images


def test_test_images_of_an_undivided_set_are_spaced_evenly() -> None:
    every = dataset.load("digits", "all")
    rows = np.flatnonzero(every.labels <= 1)
    assert len(rows) == 360
    testing = rows[[k * 360 // 100 for k in range(100)]]
    training = np.array([row for row in rows if row not in set(testing)])
    selection = chosen()
    np.testing.assert_array_equal(selection.test.pixels, every.pixels[testing])
    np.testing.assert_array_equal(selection.train.pixels, every.pixels[training])
    np.testing.assert_array_equal(selection.train.labels, every.labels[training])
    assert (len(selection.train), len(selection.test)) == (260, 100)


def test_fewer_training_images_are_the_first_of_more() -> None:
    few, many = chosen(train=50), chosen(train=260)
    np.testing.assert_array_equal(few.train.pixels, many.train.pixels[:50])
    np.testing.assert_array_equal(few.test.pixels, many.test.pixels)


def test_one_in_four_is_for_testing_where_nothing_is_said() -> None:
    selection = chosen(train=None, test=None)
    assert (len(selection.train), len(selection.test)) == (270, 90)
    selection = chosen(classes=None, train=None, test=None)
    assert len(selection.train) + len(selection.test) == 1797
    assert selection.classes == tuple(range(10))


def test_labels_are_places_in_the_list_of_classes() -> None:
    forth, back = chosen(classes=(3, 7), train=200, test=50), chosen(classes=(7, 3), train=200, test=50)
    assert (forth.classes, back.classes) == ((3, 7), (7, 3))
    np.testing.assert_array_equal(forth.train.pixels, back.train.pixels)
    np.testing.assert_array_equal(forth.train.labels, 1 - back.train.labels)
    every = dataset.load("digits", "all")
    threes = {image.tobytes() for image in every.pixels[every.labels == 3]}
    places = zip(forth.train.pixels, forth.train.labels, strict=True)
    assert all((image.tobytes() in threes) == (label == 0) for image, label in places)


@pytest.mark.usefixtures("mnist")
def test_a_divided_set_gives_the_first_images_of_either_part() -> None:
    selection = preparation.select(DataSpec.model_validate(MNIST))
    for part, images in (("train", selection.train), ("test", selection.test)):
        labels = dataset.labels("mnist", part)
        rows = np.flatnonzero(labels <= 1)[: len(images)]
        np.testing.assert_array_equal(images.labels, labels[rows])
        np.testing.assert_array_equal(images.pixels, dataset.load("mnist", part, rows).pixels)
    assert (len(selection.train), len(selection.test)) == (10_000, 1_000)


@pytest.mark.usefixtures("mnist")
def test_all_images_of_a_divided_set_are_taken_where_nothing_is_said() -> None:
    selection = preparation.select(DataSpec.model_validate({"set": "mnist", "classes": (0, 1)}))
    assert (len(selection.train), len(selection.test)) == (5923 + 6742, 980 + 1135)


@pytest.mark.usefixtures("mnist")
def test_little_more_is_held_than_the_images_asked_for() -> None:
    asked = DataSpec.model_validate(MNIST)
    tracemalloc.start()
    try:
        selection = preparation.select(asked)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    kept = selection.train.pixels.nbytes + selection.test.pixels.nbytes
    assert peak < kept + 8 * 2**20  # against 47 MB of all training images


# What is wrong with a specification


@pytest.mark.parametrize(
    ("given", "path", "code", "sentence"),
    [
        (
            {"classes": (0, 12)},
            ("classes", 1),
            "E073",
            "data set 'digits' has no class 12; its classes are 0 to 9",
        ),
        (
            {"classes": (-1, 1)},
            ("classes", 0),
            "E073",
            "data set 'digits' has no class -1; its classes are 0 to 9",
        ),
        ({"classes": (3, 3)}, ("classes", 1), "E045", "class 3 is named twice; name each class once"),
        (
            {"train": 261},
            ("train",),
            "E073",
            "data set 'digits' holds 360 images of the classes 0, 1, "
            "not 261 for training and 100 for testing",
        ),
        (
            {"train": None, "test": 360},
            ("test",),
            "E073",
            "data set 'digits' holds 360 images of the classes 0, 1, not 1 for training and 360 for testing",
        ),
        (
            {"set": "mnist", "train": 12_666},
            ("train",),
            "E073",
            "data set 'mnist' holds 12665 training images of the classes 0, 1, not 12666",
        ),
        (
            {"set": "mnist", "test": 2_116},
            ("test",),
            "E073",
            "data set 'mnist' holds 2115 test images of the classes 0, 1, not 2116",
        ),
        (
            {"project": GAUSSIAN, "normalise": "none"},
            ("normalise",),
            "E026",
            "'normalise' is not used beside 'project'; give it inside 'project'",
        ),
        (
            {"project": GAUSSIAN, "clip": 3},
            ("clip",),
            "E026",
            "'clip' is not used beside 'project'; give it inside 'project'",
        ),
        (
            {"project": {"to": 4, "normalise": "none", "clip": 2}},
            ("project", "clip"),
            "E026",
            "'clip' is not used without normalising; leave it out or give 'normalise: element'",
        ),
        (
            {"clip": 2},
            ("clip",),
            "E026",
            "'clip' is not used without normalising; leave it out or give 'normalise: element'",
        ),
    ],
)
def test_what_cannot_be_done_is_known_before_a_file_is_read(
    given: dict[str, Any],
    path: tuple[str | int, ...],
    code: str,
    sentence: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dataset, "load", None)
    asked = spec(**given)
    assert preparation.findings(asked) == (preparation.Finding(path, sentence, code),)
    with pytest.raises(InputError) as error:
        preparation.prepare(asked, 0)
    assert [fault.message for fault in error.value.faults] == [sentence]


def test_an_unknown_set_is_answered_with_the_nearest_name() -> None:
    (finding,) = preparation.findings(spec(set="minst"))
    assert (finding.path, finding.code) == (("set",), "E030")
    assert finding.message == "unknown data set 'minst'; did you mean 'mnist'?"
    with pytest.raises(InputError, match="did you mean 'mnist'"):
        preparation.features(spec(set="minst"))


def test_a_specification_that_can_be_met_has_no_findings() -> None:
    for values in ({}, {"project": GAUSSIAN}, {"normalise": "element", "clip": 2.5}, {"train": None}):
        assert preparation.findings(spec(**values)) == ()


def test_a_specification_is_read_from_a_file() -> None:
    text = """
data:
  set: digits
  classes: [0, 1]
  train: 260
  test: 100
  project: {to: 16, kind: gaussian, normalise: element, clip: 3}
"""
    document = documents.parse(text, "work.yaml")
    assert fill(DataSpec, document, ("data",)) == spec(project=GAUSSIAN)


@pytest.mark.parametrize(
    "given",
    [
        {"classes": (1,)},
        {"classes": ("0", "1")},
        {"classes": (True, False)},
        {"train": 0},
        {"test": -5},
        {"train": 10.5},
        {"project": {"to": 0}},
        {"project": {"to": 4097}},
        {"project": {"to": 4, "kind": "sparse"}},
        {"project": {"to": 4, "clip": 0}},
        {"project": {"to": 4, "clip": math.nan}},
        {"normalise": "image"},
        {"colour": True},
    ],
)
def test_values_outside_their_range_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        spec(**given)


# Which numbers


def test_pixels_run_from_zero_to_one_without_normalising() -> None:
    prepared = preparation.prepare(spec(), 0)
    pixels = chosen().train.pixels
    np.testing.assert_array_equal(prepared.train_x, pixels.astype(np.float32) / np.float32(16))
    assert (float(prepared.train_x.min()), float(prepared.train_x.max())) == (0.0, 1.0)
    assert prepared.features == preparation.features(spec()) == 64


def test_inputs_are_contiguous_single_precision_and_labels_whole() -> None:
    for values in ({}, {"project": GAUSSIAN}, {"normalise": "element"}):
        prepared = preparation.prepare(spec(**values), 0)
        for inputs in (prepared.train_x, prepared.test_x):
            assert inputs.dtype == np.float32
            assert inputs.flags.c_contiguous
        assert prepared.train_y.dtype == prepared.test_y.dtype == np.int64
        assert prepared.features == preparation.features(spec(**values))


def test_a_projection_is_normalised_by_the_training_images_alone() -> None:
    selection = chosen(project=GAUSSIAN)
    prepared = preparation.convert(selection, spec(project=GAUSSIAN), 3)
    matrix = preparation.projection(64, 16, 3)
    train, test = (images.pixels / 16 @ matrix for images in (selection.train, selection.test))
    for inputs, values in ((prepared.train_x, train), (prepared.test_x, test)):
        scores = (values - train.mean(axis=0)) / train.std(axis=0)
        np.testing.assert_allclose(inputs, np.clip(scores, -3, 3) / 3, atol=1e-6)


def test_normalised_inputs_lie_within_one_and_are_cut_there() -> None:
    prepared = preparation.prepare(spec(project={**GAUSSIAN, "clip": 1}), 0)
    assert np.abs(prepared.train_x).max() == 1.0
    assert np.abs(prepared.test_x).max() == 1.0
    wide = preparation.prepare(spec(project={**GAUSSIAN, "clip": 100}), 0)
    np.testing.assert_allclose(wide.train_x.astype(float).mean(axis=0), 0, atol=1e-7)
    np.testing.assert_allclose(wide.train_x.astype(float).std(axis=0), 0.01, atol=1e-7)


def test_three_standard_deviations_are_the_cut_where_none_is_given() -> None:
    given, left_out = ({"to": 16, "clip": 3}, {"to": 16})
    one, other = (preparation.prepare(spec(project=project), 0) for project in (given, left_out))
    np.testing.assert_array_equal(one.train_x, other.train_x)


def test_an_unprojected_element_is_normalised_by_itself() -> None:
    pixels = chosen().train.pixels / 16.0
    spread = pixels.std(axis=0)
    scores = np.divide(pixels - pixels.mean(axis=0), spread, out=np.zeros_like(pixels), where=spread > 0)
    prepared = preparation.prepare(spec(normalise="element"), 0)
    np.testing.assert_allclose(prepared.train_x, np.clip(scores, -3, 3) / 3, atol=1e-6)


@given(value=st.integers(0, 255), seed=st.integers(0, 100))
@settings(deadline=None, max_examples=30)
def test_a_constant_element_is_zero_whatever_its_value_and_rounding(value: int, seed: int) -> None:
    images = Images(np.full((7, 5), value, dtype=np.uint8), np.zeros(7, dtype=np.int64), 255)
    selection = Selection(images, images, (0, 1))
    for project in (None, {"to": 3}):
        asked = spec(project=project) if project else spec(normalise="element")
        assert not preparation.convert(selection, asked, seed).train_x.any()


def test_the_projection_keeps_lengths_on_average() -> None:
    # The squared length of a projected unit vector is chi-square of `to` degrees over `to`: mean 1, variance
    # 2/to. Over 400 seeds, 4.5 standard errors: a false alarm once in 150,000.
    pixels, to, seeds = 30, 8, 400
    direction = np.full(pixels, 1 / math.sqrt(pixels))
    projected = [direction @ preparation.projection(pixels, to, seed) for seed in range(seeds)]
    assert abs(np.mean([vector @ vector for vector in projected]) - 1) < 4.5 * math.sqrt(2 / to / seeds)


def test_entries_of_the_projection_are_independent_normal_numbers() -> None:
    # 784 x 16 entries of variance 1/16; mean, variance and the largest correlation of two columns within 4.5
    # standard errors (120 pairs: a false alarm once in 1,200).
    matrix = preparation.projection(784, 16, 0) * 4
    count = matrix.size
    assert abs(matrix.mean()) < 4.5 / math.sqrt(count)
    assert abs(matrix.var() - 1) < 4.5 * math.sqrt(2 / count)
    correlations = np.corrcoef(matrix.T)[np.triu_indices(16, 1)]
    assert np.abs(correlations).max() < 4.5 / math.sqrt(784)


def test_a_projection_without_normalising_is_the_plain_product() -> None:
    asked = spec(project={"to": 16, "normalise": "none"})
    expected = chosen().test.pixels / 16 @ preparation.projection(64, 16, 1)
    np.testing.assert_allclose(preparation.prepare(asked, 1).test_x, expected, rtol=1e-5, atol=1e-6)


def test_seeds_share_the_images_and_differ_in_the_projection() -> None:
    selection = chosen()
    one, other = (preparation.convert(selection, spec(project=GAUSSIAN), seed) for seed in (0, 1))
    np.testing.assert_array_equal(one.train_y, other.train_y)
    assert not np.array_equal(one.train_x, other.train_x)
    again = preparation.prepare(spec(project=GAUSSIAN), 0)
    assert digest(one.train_x, one.test_x) == digest(again.train_x, again.test_x)


def test_an_image_comes_out_alike_in_whatever_company_it_is() -> None:
    selection = chosen()
    asked = spec(project=GAUSSIAN)
    alone = Selection(selection.train, _some(selection.test, slice(7, 8)), selection.classes)
    many = preparation.convert(selection, asked, 0).test_x
    np.testing.assert_array_equal(preparation.convert(alone, asked, 0).test_x[0], many[7])


def _some(images: Images, which: slice) -> Images:
    return Images(images.pixels[which], images.labels[which], images.full_scale)


# Alike on every machine

_PRINT = """
import hashlib
from chipsim.workloads import linear, preparation
spec = preparation.DataSpec.model_validate(
    {"set": "digits", "classes": (0, 1), "train": 260, "test": 100, "project": {"to": 16}})
ready = preparation.prepare(spec, 0)
weights = linear.fit(ready.train_x, ready.train_y, 2)
print(*(hashlib.sha256(part.tobytes()).hexdigest() for part in (ready.train_x, ready.test_x, weights)))
"""


def _printed(**environment: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", _PRINT],
        env={**os.environ, "PYTHONPATH": str(Path(dataset.__file__).parents[2]), **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()


def test_the_bits_depend_neither_on_the_processor_nor_on_threads() -> None:
    plain = {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""}
    single = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
    assert _printed(**plain) == _printed(**single)
