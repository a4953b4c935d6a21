"""Networks are chains of layers that fit, with a name for each."""

from __future__ import annotations

from typing import Any

import pytest

from chipsim.errors import InputError
from chipsim.inputs import documents
from chipsim.inputs.schema import fill
from chipsim.workloads.network import Network

LOSS = {"type": "softmax-cross-entropy", "scale": 4}


def _network(*layers: dict[str, Any]) -> Network:
    data = {"layers": [{"type": "dense", **layer} for layer in layers], "loss": LOSS}
    return fill(Network, documents.parse(documents.dump(data), "net.yaml"))


def _sentences(*layers: dict[str, Any]) -> list[str]:
    with pytest.raises(InputError) as caught:
        _network(*layers)
    return [fault.message for fault in caught.value.faults]


def test_layers_are_numbered_unless_they_have_names() -> None:
    network = _network({"in": 4, "out": 3}, {"in": 3, "out": 3, "name": "middle"}, {"in": 3, "out": 2})
    assert [name for name, _ in network.named()] == ["dense1", "middle", "dense3"]


def test_a_network_has_the_inputs_of_its_first_layer_and_the_outputs_of_its_last() -> None:
    network = _network({"in": 5, "out": 3}, {"in": 3, "out": 2})
    assert (network.inputs, network.outputs) == (5, 2)


def test_a_bias_is_a_row_more() -> None:
    network = _network({"in": 5, "out": 3, "bias": True}, {"in": 3, "out": 2})
    assert [layer.rows for layer in network.layers] == [6, 3]


def test_layers_that_do_not_connect_are_told_what_to_write() -> None:
    assert _sentences({"in": 5, "out": 3}, {"in": 4, "out": 2}) == [
        "a layer with 4 inputs follows one with 3 outputs; write 'in: 3'"
    ]


@pytest.mark.parametrize("names", [("a", "a"), (None, "dense1")])
def test_layers_with_the_same_name_are_refused(names: tuple[str | None, str]) -> None:
    layers = [{"in": 2, "out": 2, **({"name": name} if name else {})} for name in names]
    assert _sentences(*layers) == ["two layers have the same name; give each its own"]


def test_the_last_layer_has_no_activation() -> None:
    """The error that starts the backward pass is the loss's slope in the sums themselves."""
    _network({"in": 2, "out": 2, "activation": "tanh"}, {"in": 2, "out": 2})
    assert _sentences({"in": 2, "out": 2, "activation": "tanh"}) == [
        "the loss is taken of the last layer's sums; leave out its 'activation: tanh'"
    ]
