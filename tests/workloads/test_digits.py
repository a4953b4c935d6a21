"""The embedded digits are the published ones, and are there without any download."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from chipsim.errors import DataError
from chipsim.workloads import dataset, digits


@pytest.fixture(autouse=True)
def nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CHIPSIM_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_the_digits_come_with_the_package() -> None:
    location = dataset.verify("digits")
    assert location.kind == "package"
    assert location.paths["digits.csv.gz"].stat().st_size == digits.DATASET.files[0].size
    assert dataset.get("digits") == location


def test_the_embedded_file_is_the_published_one_byte_for_byte() -> None:
    import hashlib

    content = dataset.where("digits").paths["digits.csv.gz"].read_bytes()
    assert hashlib.sha256(content).hexdigest() == digits.DATASET.files[0].sha256


def test_there_are_as_many_images_of_each_digit_as_declared() -> None:
    labels = dataset.labels("digits", "all")
    assert labels.dtype == np.int64
    np.testing.assert_array_equal(np.bincount(labels), digits.DATASET.splits[0].per_class)


def test_the_first_image_is_the_zero_that_opens_the_file() -> None:
    first = dataset.load("digits", "all", np.array([0]))
    top = [0, 0, 5, 13, 9, 1, 0, 0]  # read off the first line of the file
    assert first.pixels.shape == (1, 64)
    assert first.pixels[0, :8].tolist() == top
    assert first.labels.tolist() == [0]


def test_pixels_fill_the_scale_and_do_not_pass_it() -> None:
    images = dataset.load("digits", "all")
    assert images.pixels.dtype == np.uint8
    assert images.pixels.flags.c_contiguous
    assert images.full_scale == 16
    assert int(images.pixels.max()) == 16


def test_an_unpacked_file_is_taken_from_the_users_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = dataset.where("digits").paths["digits.csv.gz"].read_bytes()
    (tmp_path / "digits.csv").write_bytes(gzip.decompress(packed))
    monkeypatch.setenv("CHIPSIM_DATA", str(tmp_path))
    assert dataset.where("digits").kind == "CHIPSIM_DATA"
    assert len(dataset.load("digits", "all")) == 1797


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (b"1,2,3\n", "holds other data than published"),
        (b"0" * 264713, "it holds more than 264712 bytes"),
        (b"\xff\xfe", "holds other data than published"),
    ],
)
def test_another_file_of_that_name_is_refused(
    text: bytes, what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "digits.csv.gz").write_bytes(gzip.compress(text))
    monkeypatch.setenv("CHIPSIM_DATA", str(tmp_path))
    with pytest.raises(DataError, match=what):
        dataset.load("digits", "all")


def test_without_its_sample_the_set_would_be_missing() -> None:
    with pytest.raises(DataError, match="set CHIPSIM_DATA to the folder that holds it"):
        dataset.where(replace(digits.DATASET, sample=None))
