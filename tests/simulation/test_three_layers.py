"""Networks whose layers are cut into blocks learn on tiles: digits on small ones, MNIST on shipped ones."""

from __future__ import annotations

import math

import pytest

from chipsim.architecture import graph
from chipsim.architecture.graph import Architecture
from chipsim.experiments.run import Request, prepare, simulate
from chipsim.inputs import documents
from chipsim.workloads import dataset
from tests.simulation import chips

SIZES = (128, 256, 512, 1024)
LAYERS = ((784, 256), (256, 128), (128, 10))
LANES = {"dac": "lanes", "columns": "lanes", "adc": "count", "rows": "count"}
"""What of a tile's periphery there is one of for each line."""


def _tiles(size: int, shared: bool, shipped: int = 128) -> Architecture:
    """A shipped chip with tiles of another size."""
    document = documents.read(chips.SHIPPED / f"reram-tiled-{shipped}{'-shared' if shared else ''}.yaml")
    values = {f"{part}.{key}": size for part, key in LANES.items()}
    for path, value in {**values, "array.rows": size, "array.columns": size}.items():
        document = document.with_value(f"components.{path}", str(value))
    return graph.load(document)


@pytest.mark.parametrize("shared", [False, True], ids=["apart", "shared"])
def test_a_network_in_blocks_learns(shared: bool) -> None:
    """64-16-10 on tiles of 32 rows: the first layer's two blocks are updated apart and their sums added.

    Ten classes, chance is 10 %; two seeds that are not this one gave 72 to 80 % after 2,500 images.
    """
    document = documents.read(chips.ARCHITECTURES / "two-layer-digits.yaml")
    document = document.with_value("stages.train.images", "2500")
    document = document.with_value("evaluate.every", "2500 images")
    plan, task = chips.first_stage(_tiles(32, shared), document, 0)
    assert [block.layer for block in plan.blocks.values()] == ["dense1", "dense1", "dense2"]
    _, outcome = chips.train(plan, task)
    assert outcome.evaluations[0].accuracy < 0.3
    assert outcome.evaluations[-1].accuracy > 0.65


@pytest.mark.parametrize("shared", [False, True], ids=["apart", "shared"])
@pytest.mark.parametrize("size", SIZES)
def test_the_shipped_chips_differ_in_the_size_of_their_tiles_alone(size: int, shared: bool) -> None:
    own, first = _tiles(size, shared, size).resolved(), _tiles(size, shared).resolved()
    for texts in (own, first):
        del texts["name"], texts["description"]
    assert own == first


@pytest.mark.parametrize("shared", [False, True], ids=["apart", "shared"])
@pytest.mark.parametrize("size", SIZES)
def test_the_three_layers_take_the_tiles_that_division_says(size: int, shared: bool) -> None:
    """Rows by rows times columns by columns, rounded up; on one tile A and C have half the columns each."""
    name = f"reram-tiled-{size}{'-shared' if shared else ''}"
    plan = prepare(Request(name, "mnist-fc")).plan
    columns = size // 2 if shared else size
    blocks = sum(math.ceil(rows / size) * math.ceil(outputs / columns) for rows, outputs in LAYERS)
    assert len(plan.blocks) == blocks
    arrays = {place.array for place in plan.places.values()}
    assert len(arrays) == (blocks if shared else 2 * blocks)


@pytest.mark.slow
def test_mnist_from_random_conductances_ends_below_16_percent_error() -> None:
    """The whole of `mnist-fc`, a minute and a half; figure 10 of Athena2024 ends at 12 to 14 %."""
    if dataset.find(dataset.named("mnist").DATASET) is None:
        pytest.skip("MNIST is not here; 'chipsim data get mnist' gets it")
    result = simulate(prepare(Request("reram-tiled-512", "mnist-fc")))
    accuracies = [row[3] for row in result.rows["accuracy"]]
    assert len(accuracies) == 41
    assert accuracies[0] < 0.25
    assert accuracies[-1] > 0.84
