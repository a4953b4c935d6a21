"""A folder of four IDX files is a data set of the folder's name: one line of a workload changes."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from chipsim.errors import DataError, InputError
from chipsim.experiments import datasets
from chipsim.inputs import documents
from chipsim.workloads import dataset, preparation, stages
from chipsim.workloads.preparation import DataSpec

TRAIN = (np.arange(12 * 4 * 3) % 256).astype(np.uint8).reshape(12, 4, 3)
TEST = TRAIN[:5, ::-1]
LABELS = np.arange(12, dtype=np.uint8) % 3


def idx_file(items: NDArray[np.uint8]) -> bytes:
    return struct.pack(f">HBB{items.ndim}I", 0, 8, items.ndim, *items.shape) + items.tobytes()


FILES = {
    "train-images-idx3-ubyte": idx_file(TRAIN),
    "train-labels-idx1-ubyte": idx_file(LABELS),
    "t10k-images-idx3-ubyte": idx_file(np.ascontiguousarray(TEST)),
    "t10k-labels-idx1-ubyte": idx_file(LABELS[:5]),
}


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that data are looked for in."""
    monkeypatch.setenv("CHIPSIM_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "data"


def put(folder: Path, files: dict[str, bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("before", ["", "letters-"])
@pytest.mark.parametrize("test", ["t10k", "test"])
def test_a_folder_of_four_files_is_read_as_the_data_set_of_its_name(
    data: Path, packed: bool, before: str, test: str
) -> None:
    files = {
        f"{before}{name.replace('t10k', test)}{'.gz' if packed else ''}": gzip.compress(c) if packed else c
        for name, c in FILES.items()
    }
    put(data / "shapes", files)
    found = dataset.named("shapes").DATASET
    assert (found.shape, found.classes, found.full_scale) == ((4, 3), ("0", "1", "2"), 255)
    assert [split.per_class for split in found.splits] == [(4, 4, 4), (2, 2, 1)]
    train, tested = dataset.load("shapes", "train", np.array([1, 7])), dataset.load("shapes", "test")
    assert np.array_equal(train.pixels, TRAIN[[1, 7]].reshape(2, 12))
    assert np.array_equal(train.labels, LABELS[[1, 7]])
    assert np.array_equal(tested.pixels, TEST.reshape(5, 12))
    assert np.array_equal(tested.labels, LABELS[:5])


def test_such_a_set_may_lie_in_the_cache(data: Path) -> None:
    put(dataset.cache_folder() / "shapes", FILES)
    assert dataset.named("shapes").DATASET.features == 12


def test_its_checksum_is_that_of_what_its_files_hold(data: Path) -> None:
    put(data / "plain", FILES)
    put(data / "packed", {f"{name}.gz": gzip.compress(content) for name, content in FILES.items()})
    put(data / "other", FILES | {"t10k-labels-idx1-ubyte": idx_file(LABELS[1:6])})
    plain, packed, other = (dataset.named(name).DATASET.sha256 for name in ("plain", "packed", "other"))
    assert plain == packed != other
    assert preparation.findings(DataSpec(set="plain", sha256=plain)) == ()
    (wrong,) = preparation.findings(DataSpec(set="plain", sha256=other))
    assert (wrong.path, wrong.code) == (("sha256",), "E071")
    assert wrong.message == f"data set 'plain' has not the checksum that is given; it has {plain}"


def test_files_that_change_are_read_again(data: Path) -> None:
    put(data / "shapes", FILES)
    before = dataset.named("shapes").DATASET.sha256
    put(data / "shapes", {"t10k-labels-idx1-ubyte": idx_file(LABELS[1:7]), "t10k-images-idx3-ubyte":
        idx_file(np.ascontiguousarray(TRAIN[:6]))})  # fmt: skip
    assert dataset.named("shapes").DATASET.sha256 != before
    assert len(dataset.load("shapes", "test")) == 6


def test_such_folders_are_listed_with_the_other_sets(data: Path) -> None:
    put(data / "shapes", FILES)
    put(data / "torn", {name: content for name, content in FILES.items() if "train" in name})
    put(dataset.cache_folder() / "others", FILES)
    found = datasets.listed().sets
    assert found["shapes"] == ("a folder of IDX files", data / "shapes")
    assert found["others"][1] == dataset.cache_folder() / "others"
    assert "torn" not in found
    assert {"digits", "mnist"} <= set(found)


def test_a_folder_that_lacks_a_file_is_no_data_set_and_says_which(data: Path) -> None:
    put(data / "shapes", {name: content for name, content in FILES.items() if "t10k-labels" not in name})
    with pytest.raises(InputError) as caught:
        dataset.named("shapes")
    assert caught.value.faults[0].message.startswith(
        f"'{data / 'shapes'}' is no data set: it lacks labels for testing, in files named as"
    )


def test_a_folder_is_near_a_name_with_a_slip(data: Path) -> None:
    put(data / "shapes", FILES)
    with pytest.raises(InputError, match=r"unknown data set 'shaps'; did you mean 'shapes'\?"):
        dataset.named("shaps")


@pytest.mark.parametrize("name", ["..", "../data", "/etc", "a/b", ""])
def test_a_path_is_no_name_of_a_data_set(data: Path, name: str) -> None:
    put(data, FILES)
    with pytest.raises(InputError):
        dataset.named(name)


@pytest.mark.parametrize(
    ("files", "what"),
    [
        ({"t10k-labels-idx1-ubyte": idx_file(LABELS[:4])}, "it holds 5 images where there are 4 labels"),
        ({"t10k-images-idx3-ubyte": idx_file(TRAIN[:5, :2])},
         "its images are 2 x 3, those of training 4 x 3"),
        ({"train-images-idx3-ubyte": idx_file(TRAIN.reshape(12, 12))}, "it has 2 dimensions instead of 3"),
        ({"train-images-idx3-ubyte": FILES["train-images-idx3-ubyte"][:-1]}, "it ends 1 bytes too early"),
        ({"train-labels-idx1-ubyte": struct.pack(">HBBI", 0, 8, 1, 2**32 - 1)},
         "it says that it holds 4294967295 items, more than 2147483648"),
        ({"train-labels-idx1-ubyte": idx_file(LABELS[:0])}, "it says that it holds 0 items, which is none"),
        ({"t10k-images-idx3-ubyte": idx_file(TRAIN[:5, :0])},
         "it says that it holds 5 x 0 x 3 items, which is none"),
        ({"train-labels-idx1-ubyte": idx_file(LABELS.reshape(12, 1))}, "it has 2 dimensions instead of 1"),
        ({"train-labels-idx1-ubyte": b"<html>"},
         "it does not begin as an IDX file does, with two zero bytes"),
    ],
)  # fmt: skip
def test_files_that_are_damaged_or_do_not_belong_together_are_refused(
    data: Path, files: dict[str, bytes], what: str
) -> None:
    put(data / "shapes", FILES | files)
    with pytest.raises(DataError) as caught:
        dataset.load("shapes", "train")
    assert caught.value.faults[0].message.endswith(f"is damaged: {what}")


def test_a_workload_names_such_a_set_in_one_line(data: Path) -> None:
    put(data / "shapes", FILES)
    text = """format: chipsim-workload/1
name: test
data: {set: shapes}
network: {layers: [{type: dense, in: 12, out: 3}], loss: {type: softmax-cross-entropy}}
stages: [{name: train, kind: train, start: random, images: 10, rule: {type: digital}}]
evaluate: {every: 10 images}
"""
    found = stages.load(documents.parse(text, "work.yaml"))
    prepared = preparation.prepare(found.data, 0)
    assert np.array_equal(prepared.train_x, TRAIN.reshape(12, 12) / np.float32(255))
    with pytest.raises(InputError) as caught:
        stages.load(documents.parse(text.replace("shapes", "shape"), "work.yaml"))
    assert "unknown data set 'shape'" in caught.value.faults[0].message
