"""Weights from a file: PyTorch's names and layout, checked against the network; and the way back."""

from __future__ import annotations

import hashlib
import json
import struct
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load as load_tensors
from safetensors.numpy import save

from chipsim.errors import InputError
from chipsim.inputs import documents
from chipsim.workloads import weights
from chipsim.workloads.network import Network
from chipsim.workloads.weights import Loaded, Weights

NETWORK = Network.model_validate(
    {
        "layers": (
            {"type": "dense", "name": "fc1", "in": 3, "out": 2, "bias": True, "activation": "tanh"},
            {"type": "dense", "name": "fc2", "in": 2, "out": 4},
        ),
        "loss": {"type": "softmax-cross-entropy"},
    }
)
TENSORS = {
    "fc1.weight": np.arange(6, dtype=np.float32).reshape(2, 3),
    "fc1.bias": np.array([7, 8], dtype=np.float32),
    "fc2.weight": np.arange(8, dtype=np.float32).reshape(4, 2) / 8,
}


def read(folder: Path, content: bytes, given: str = "", name: str = "w.safetensors") -> Loaded:
    (folder / "w.safetensors").write_bytes(content)
    text = f"start: {{weights: {name}{given}}}\n"
    (folder / "work.yaml").write_text(text, "utf-8")
    document = documents.read(folder / "work.yaml")
    return weights.load(document, ("start",), Weights.model_validate(document.data["start"]), NETWORK)


def faults(folder: Path, content: bytes, given: str = "", name: str = "w.safetensors") -> list[str]:
    with pytest.raises(InputError) as caught:
        read(folder, content, given, name)
    assert all(fault.place and Path(fault.place.file).name == "work.yaml" for fault in caught.value.faults)
    return [f"{fault.code} {fault.message}" for fault in caught.value.faults]


def without(name: str) -> bytes:
    return save({key: value for key, value in TENSORS.items() if key != name})


def test_a_layers_matrix_is_the_transposed_weight_with_the_bias_as_its_last_row(tmp_path: Path) -> None:
    content = save(TENSORS)
    found = read(tmp_path, content)
    assert found.layers["fc1"].tolist() == [[0, 3], [1, 4], [2, 5], [7, 8]]
    assert np.array_equal(found.layers["fc2"], TENSORS["fc2.weight"].T)
    assert (found.name, found.sha256) == ("w.safetensors", hashlib.sha256(content).hexdigest())


@pytest.mark.parametrize("kind", [np.float16, np.float64])
def test_other_precisions_are_taken(tmp_path: Path, kind: type) -> None:
    found = read(tmp_path, save({name: values.astype(kind) for name, values in TENSORS.items()}))
    assert np.array_equal(found.layers["fc2"], TENSORS["fc2.weight"].T)


def test_what_is_written_reads_back() -> None:
    drawn = np.random.default_rng(1)
    layers = {"fc1": drawn.normal(size=(4, 2)), "fc2": drawn.normal(size=(2, 4))}
    tensors = load_tensors(weights.content(layers, NETWORK))
    assert {name: values.shape for name, values in tensors.items()} == {
        "fc1.weight": (2, 3), "fc1.bias": (2,), "fc2.weight": (4, 2),
    }  # fmt: skip
    assert np.array_equal(tensors["fc1.bias"], layers["fc1"][3].astype(np.float32))
    assert np.array_equal(tensors["fc2.weight"].T, layers["fc2"].astype(np.float32))


def test_a_missing_tensor_is_named_with_those_that_there_are(tmp_path: Path) -> None:
    assert faults(tmp_path, without("fc2.weight")) == [
        "E054 'w.safetensors': it has no tensor 'fc2.weight'; it has fc1.bias (2), fc1.weight (2 x 3); "
        "give the layer the file's name for it"
    ]


def test_a_tensor_of_another_shape_is_refused(tmp_path: Path) -> None:
    content = save({**TENSORS, "fc2.weight": np.zeros((2, 4), dtype=np.float32)})
    assert faults(tmp_path, content) == [
        "E054 'w.safetensors': 'fc2.weight' is 2 x 4 where layer 'fc2' takes 4 x 2"
    ]


def test_a_bias_that_the_network_has_no_place_for_is_refused(tmp_path: Path) -> None:
    content = save({**TENSORS, "fc2.bias": np.zeros(4, dtype=np.float32)})
    assert faults(tmp_path, content) == [
        "E054 'w.safetensors': it holds 'fc2.bias', but layer 'fc2' has no bias; write 'bias: true' there"
    ]


def test_a_tensor_that_no_layer_takes_is_refused(tmp_path: Path) -> None:
    content = save({**TENSORS, "fc3.weight": np.zeros((4, 4), dtype=np.float32)})
    assert faults(tmp_path, content) == [
        "E054 'w.safetensors': it holds 'fc3.weight', which no layer of the network takes; "
        "leave it out of the file"
    ]


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_numbers_that_are_not_finite_are_refused(tmp_path: Path, value: float) -> None:
    content = save({**TENSORS, "fc1.bias": np.array([value, 0], dtype=np.float32)})
    assert faults(tmp_path, content) == [
        "E054 'w.safetensors': 'fc1.bias' holds what is no finite floating-point number"
    ]


def test_whole_numbers_are_no_weights(tmp_path: Path) -> None:
    content = save({**TENSORS, "fc1.bias": np.array([1, 0], dtype=np.int8)})
    assert faults(tmp_path, content) == [
        "E054 'w.safetensors': 'fc1.bias' holds what is no finite floating-point number"
    ]


def test_a_checksum_that_is_given_must_be_the_files(tmp_path: Path) -> None:
    content = save(TENSORS)
    found = hashlib.sha256(content).hexdigest()
    assert read(tmp_path, content, f", sha256: {found}").sha256 == found
    assert faults(tmp_path, content, f", sha256: {'f' * 64}") == [
        f"E071 'w.safetensors' has not the checksum that is given; it has {found}"
    ]


@pytest.mark.parametrize(
    "content",
    [
        b"", b"PK\x03\x04", save(TENSORS)[:-1],
        struct.pack("<Q", 1 << 40), struct.pack("<Q", 4) + b"{{{{",
        (header := json.dumps({"x": {"dtype": "BF16", "shape": [2], "data_offsets": [0, 4]}}).encode())
        and struct.pack("<Q", len(header)) + header + b"1234",
    ],
)  # fmt: skip
def test_what_is_no_file_of_tensors_is_refused(tmp_path: Path, content: bytes) -> None:
    (fault,) = faults(tmp_path, content)
    assert fault.startswith("E072 'w.safetensors' is no safetensors file that can be read")


def test_a_file_that_is_not_there_is_missed_with_the_nearest_name(tmp_path: Path) -> None:
    assert faults(tmp_path, save(TENSORS), name="v.safetensors") == [
        "E001 there is no file 'v.safetensors'; did you mean 'w.safetensors'?"
    ]


def test_a_file_outside_the_workloads_folder_is_refused(tmp_path: Path) -> None:
    (fault,) = faults(tmp_path, save(TENSORS), name="../w.safetensors")
    assert fault.startswith("E032 path '../w.safetensors' leads out of the folder")
