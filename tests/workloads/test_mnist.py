"""MNIST is read from IDX files, packed or not; what is wrong with a file is said in one sentence."""

from __future__ import annotations

import gzip
import hashlib
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from chipsim.errors import DataError, InputError
from chipsim.workloads import dataset, idx, mnist

SHAPE = (5, 2, 3)


def idx_file(items: NDArray[np.uint8], kind: int = 8) -> bytes:
    header = struct.pack(f">HBB{items.ndim}I", 0, kind, items.ndim, *items.shape)
    return header + items.tobytes()


def counted(shape: tuple[int, ...] = SHAPE) -> NDArray[np.uint8]:
    return np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)


def write(folder: Path, content: bytes, *, packed: bool = True) -> Path:
    path = folder / "file"
    path.write_bytes(gzip.compress(content) if packed else content)
    return path


def complaint(path: Path, shape: tuple[int, ...] = SHAPE, sha256: str = "") -> str:
    with pytest.raises(DataError) as error:
        idx.read(path, shape, sha256=sha256)
    (fault,) = error.value.faults
    assert error.value.exit_code == 6
    start = f"data file '{path}' is damaged: "
    assert fault.message.startswith(start)
    assert fault.code == "E072"
    return fault.message.removeprefix(start)


# The format


@pytest.mark.parametrize("packed", [True, False])
def test_items_come_as_they_stand_in_the_file(packed: bool, tmp_path: Path) -> None:
    path = write(tmp_path, idx_file(counted()), packed=packed)
    np.testing.assert_array_equal(idx.read(path, SHAPE), counted())


@settings(deadline=None)
@given(rows=st.sets(st.integers(0, 9)), width=st.sampled_from([1, 7, 300_000]))
def test_some_rows_are_those_of_the_whole(
    rows: set[int], width: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    items = (np.arange(10 * width) % 251).astype(np.uint8).reshape(10, width)
    path = write(tmp_path_factory.mktemp("idx"), idx_file(items), packed=False)
    wanted = np.array(sorted(rows), dtype=np.int64)
    np.testing.assert_array_equal(idx.read(path, items.shape, wanted), items[wanted])


def test_a_file_that_is_no_idx_file_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, b"<html>moved</html>", packed=False)
    assert complaint(path) == "it does not begin as an IDX file does, with two zero bytes"


def test_items_of_another_type_are_refused(tmp_path: Path) -> None:
    assert complaint(write(tmp_path, idx_file(counted(), kind=13))) == (
        "its items are of IDX type 13, not unsigned bytes (8)"
    )


def test_labels_in_the_place_of_images_are_refused(tmp_path: Path) -> None:
    assert complaint(write(tmp_path, idx_file(counted((5,))))) == "it has 1 dimensions instead of 3"


def test_other_sizes_are_refused_before_anything_is_read(tmp_path: Path) -> None:
    huge = struct.pack(">HBB3I", 0, 8, 3, 2**32 - 1, 2**32 - 1, 2**32 - 1)
    assert complaint(write(tmp_path, huge)) == (
        "it holds 4294967295 x 4294967295 x 4294967295 items instead of 5 x 2 x 3"
    )


def test_a_file_that_ends_too_early_is_refused(tmp_path: Path) -> None:
    assert complaint(write(tmp_path, idx_file(counted())[:-4])) == "it ends 4 bytes too early"
    assert complaint(write(tmp_path, idx_file(counted())[:7])) == "it ends 9 bytes too early"
    assert complaint(write(tmp_path, b"\x00", packed=False)) == "it ends 3 bytes too early"
    assert complaint(write(tmp_path, b"", packed=False)) == "it ends 4 bytes too early"


def test_a_file_that_goes_on_is_refused(tmp_path: Path) -> None:
    assert complaint(write(tmp_path, idx_file(counted()) + b"x")) == "it goes on after its last item"


def test_torn_and_garbled_packing_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, idx_file(counted()))
    packed = path.read_bytes()
    path.write_bytes(packed[:-6])
    assert complaint(path) == (
        "its gzip packing is broken (Compressed file ended before the end-of-stream marker was reached)"
    )
    path.write_bytes(packed[:10] + b"\xff" * 10 + packed[20:])
    assert complaint(path).startswith("its gzip packing is broken (")
    path.write_bytes(packed + b"rest")
    assert complaint(path).startswith("its gzip packing is broken (")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    assert complaint(tmp_path / "absent") == "it cannot be read (No such file or directory)"
    assert complaint(tmp_path) == "it cannot be read (Is a directory)"


def test_another_set_in_the_same_clothes_is_refused(tmp_path: Path) -> None:
    content = idx_file(counted())
    path = write(tmp_path, content)
    digest = hashlib.sha256(content).hexdigest()
    np.testing.assert_array_equal(idx.read(path, SHAPE, sha256=digest), counted())
    with pytest.raises(DataError) as error:
        idx.read(path, SHAPE, sha256="0" * 64)
    (fault,) = error.value.faults
    assert fault.code == "E071"
    assert fault.message == (
        f"data file '{path}' holds other data than published: its SHA-256 is {digest}, not {'0' * 64}"
    )


# The set


def test_the_set_declares_what_is_published() -> None:
    data = mnist.DATASET
    assert {split.name: split.size for split in data.splits} == {"train": 60_000, "test": 10_000}
    assert data.features == 784
    assert len(data.files) == 4
    for file in data.files:
        assert len(file.urls) >= 2
        assert all(url.startswith("https://") and url.endswith(f"/{file.name}") for url in file.urls)
        assert len(file.sha256) == len(file.content) == 64


def test_small_files_under_its_names_are_refused_with_the_sizes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for file in mnist.DATASET.files:
        shape = SHAPE if "images" in file.name else SHAPE[:1]
        (tmp_path / file.name).write_bytes(gzip.compress(idx_file(counted(shape))))
    monkeypatch.setenv("CHIPSIM_DATA", str(tmp_path))
    with pytest.raises(DataError, match="it holds 5 items instead of 60000"):
        dataset.labels("mnist", "train")
    with pytest.raises(DataError, match="it holds 5 x 2 x 3 items instead of 10000 x 28 x 28"):
        mnist.pixels(dataset.where("mnist").paths, "test", np.arange(1))


@pytest.fixture
def published() -> dataset.Location:
    try:
        return dataset.where("mnist")
    except (DataError, InputError) as error:
        pytest.skip(str(error))


def test_the_files_are_the_published_ones(published: dataset.Location) -> None:
    assert dataset.verify("mnist").folder == published.folder


@pytest.mark.parametrize("split", ["train", "test"])
def test_there_are_as_many_images_of_each_digit_as_declared(split: str, published: dataset.Location) -> None:
    labels = dataset.labels("mnist", split)
    np.testing.assert_array_equal(np.bincount(labels), mnist.DATASET.split(split).per_class)


def test_images_are_read_from_packed_and_unpacked_files_alike(
    published: dataset.Location, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = np.array([0, 1, 4999, 9999])
    packed = dataset.load("mnist", "test", rows)
    for file in mnist.DATASET.files:
        path = published.paths[file.name]
        content = path.read_bytes()
        name = file.aliases[-1]
        (tmp_path / name).write_bytes(gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content)
    monkeypatch.setenv("CHIPSIM_DATA", str(tmp_path))
    assert dataset.where("mnist").folder == tmp_path
    unpacked = dataset.load("mnist", "test", rows)
    np.testing.assert_array_equal(unpacked.pixels, packed.pixels)
    np.testing.assert_array_equal(unpacked.labels, packed.labels)


def test_images_look_like_digits(published: dataset.Location) -> None:
    images = dataset.load("mnist", "test")
    assert images.pixels.shape == (10_000, 784)
    ink = images.pixels.mean(axis=1)
    thinnest = min(range(10), key=lambda digit: float(ink[images.labels == digit].mean()))
    assert thinnest == 1
    border = images.pixels.reshape(-1, 28, 28)[:, 0, :]
    assert not border.any()  # digits of 20 x 20 pixels lie centred in the 28 x 28
