"""A layer cut into blocks does what the whole layer does: with exact parts, to rounding."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from chipsim.architecture import graph
from chipsim.architecture.placement import compile_plan
from chipsim.architecture.plan import Plan
from chipsim.inputs import documents
from chipsim.learning import digital
from chipsim.learning.programming import METHODS, Programming
from chipsim.simulation.chip import Chip
from chipsim.simulation.controller import Controller
from chipsim.simulation.records import ProgramTask
from tests.simulation import chips, tiles
from tests.simulation.tiles import Tiles

EXACT = Tiles(
    cell="{preset: ideal, step: 0.001}",
    dac="type: ideal-dac, bits: 8",
    adc="type: ideal-adc, bits: 8, count: 4",
)
RULE = chips.tiki_taka(transfer_every=1000, learning_rate=0.2)


def _gathered(chip: Chip, layer: str, matrix: str) -> NDArray[np.float64]:
    """A matrix of a layer, put together from its blocks."""
    spec = chip.plan.layers[layer]
    whole = np.full((spec.rows, spec.outputs), np.nan)
    for name in chip.plan.spread[layer, matrix]:
        block = chip.plan.blocks[name]
        part = whole[block.row : block.row + block.rows, block.column : block.column + block.columns]
        part[:] = chip.weights(name, matrix)
    return whole


def _set(chip: Chip, layer: str, matrix: str, weights: NDArray[np.float64]) -> None:
    for name in chip.plan.spread[layer, matrix]:
        block, seat = chip.plan.blocks[name], chip.seats[name, matrix]
        seat.crossbar.cells.place(seat.region, np.ascontiguousarray(block.of_columns(weights)[
            block.row : block.row + block.rows
        ]))  # fmt: skip


def _one_step(chip_: Tiles, sizes: Sequence[int], bias: bool) -> dict[str, Any]:
    """One image through a network of given weights, forward, backward and update."""
    plan = tiles.plan(chip_, RULE, *sizes, bias=bias)
    controller = Controller(Chip(plan, 0))
    draw = np.random.default_rng(7)
    for layer, spec in plan.layers.items():
        _set(controller.chip, layer, "C", draw.uniform(-1, 1, (spec.rows, spec.outputs)))
    before = {layer: _gathered(controller.chip, layer, "C") for layer in plan.layers}
    task = chips.task(RULE, chips.images(sizes[0], sizes[-1], 3), 3, start="keep")
    outcome = controller.run(task)
    found = {f"A of {layer}": _gathered(controller.chip, layer, "A") for layer in plan.layers}
    assert all(np.array_equal(_gathered(controller.chip, layer, "C"), before[layer]) for layer in before)
    return found | {"loss": np.array([e.loss for e in outcome.evaluations]), **before}


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    rows=st.integers(1, 5), columns=st.integers(1, 5), packing=st.sampled_from(("dense", "apart")),
    sizes=st.lists(st.integers(2, 9), min_size=2, max_size=4), bias=st.booleans(),
)  # fmt: skip
def test_outputs_errors_and_updates_are_those_of_the_whole_layer(
    rows: int, columns: int, packing: str, sizes: list[int], bias: bool
) -> None:
    """Updates are rate x input x error, so that equal ones are equal inputs and errors of every layer."""
    cut = _one_step(EXACT._replace(rows=rows, columns=columns, packing=packing, ways=("bus",)), sizes, bias)
    whole = _one_step(EXACT._replace(rows=20, columns=20), sizes, bias)
    for name, values in whole.items():
        np.testing.assert_allclose(cut[name], values, rtol=0, atol=1e-12, err_msg=name)


@pytest.mark.parametrize(("rows", "columns"), [(4, 4), (3, 2), (1, 1), (7, 5), (10, 10)])
def test_counts_of_a_cut_layer_are_those_of_the_closed_form(rows: int, columns: int) -> None:
    """The component library's README, section 2: a layer m x n on ceil(m / T) x ceil(n / T) tiles."""
    m, n, hidden, images = 7, 5, 6, 4
    chip = EXACT._replace(rows=rows, columns=columns, packing="apart")
    task = chips.task(RULE, chips.images(m, n, 3), images)
    controller, _ = chips.train(tiles.plan(chip, RULE, m, hidden, n), task)
    total = partial(controller.ledger.total, stage="train")

    def blocks(lines: int, most: int) -> int:
        return -(-lines // most)

    down, across = [blocks(m, rows), blocks(hidden, rows)], [blocks(hidden, columns), blocks(n, columns)]
    forward = {
        "dac_conv": m * across[0] + hidden * across[1],
        "adc_conv": hidden * down[0] + n * down[1],
        "cell_reads": m * hidden + hidden * n,
        "act_fn": hidden + n,
        # partial sums, one more for each output as the activation counts it, and the loss's
        "dig_add16": hidden * (down[0] - 1) + n * (down[1] - 1) + hidden + n,
    }
    backward = {
        "dac_conv": n * down[1],
        "adc_conv": hidden * across[1],
        "cell_reads": hidden * n,
        "dig_add16": hidden * (across[1] - 1) + hidden,
        "mul8": hidden,
    }
    for operation, counts in (("forward", forward), ("backward", backward)):
        for action, count in counts.items():
            assert total(action, operation=operation) == images * count, (operation, action)
    assert total("dig_add16", operation="loss") == images * n
    lines = m * across[0] + hidden * down[0] + hidden * across[1] + n * down[1]
    assert total("bit_gen", operation="update") == images * 7 * lines


def test_partial_sums_take_the_digital_unit_a_vector_each() -> None:
    """Blocks of tiles of their own read at once; of their sums all but the first are added, 2 ns each."""
    plan = tiles.plan(EXACT._replace(rows=2, columns=4, packing="apart"), RULE, 8, 4)
    floor, chip = chips.floor(plan), Chip(plan, 0)
    x = np.full((1, 8), 0.5)
    sent = chip.forward("dense1", "C", scored=False).transactions("forward", "dense1", x, 0, None)
    chips.together(floor, *sent)
    assert len(sent) == 4
    assert floor.now == 128_000 + 10_000 + 3 * 2_000 + 2_000
    whole = _gathered(chip, "dense1", "C")
    np.testing.assert_allclose(sent[0].request.result, np.tanh(x @ whole), rtol=0, atol=1e-12)


def _with_host(method: dict[str, Any], chip: Tiles) -> Plan:
    """A host beside tiles, and a program from its matrices to theirs."""
    text = chip.text.replace(
        "  digital: ", "  host: {type: digital-array, capacity: 200, lanes: 4}\n  digital: "
    )
    text += "  - controller -> host -> digital\n"
    program = Programming("D", "C", METHODS[method["type"]].model_validate(method))  # type: ignore[arg-type]
    rules = {"pretrain": digital.Rule(type="digital")}
    architecture = graph.load(documents.parse(text, "tiles.yaml"))
    return compile_plan(architecture, chips.network(7, 5, 3), rules, {"program": program})


@pytest.mark.parametrize(
    "method",
    [{"type": "noise", "spread": 0.0}, {"type": "write-verify", "max_pulses": 300, "tolerance": 0.005}],
)
@pytest.mark.parametrize("ways", [(), ("bus",), ("mesh",)])
def test_blocks_are_programmed_each_with_its_part_of_the_host_s_weights(
    method: dict[str, Any], ways: tuple[str, ...]
) -> None:
    """A pulse is a step of 0.01; a verification ends within its tolerance, 0.5 % of the range of 2."""
    plan = _with_host(
        method, EXACT._replace(cell="{preset: ideal, step: 0.01}", rows=3, columns=2, ways=ways)
    )
    controller = Controller(Chip(plan, 0))
    for layer in plan.layers:
        own = controller.chip.weights(layer, "D")
        own[:] = np.random.default_rng(5).uniform(-0.7, 0.7, own.shape)
    task = ProgramTask("program", plan.programs["program"], chips.images(7, 3, 5))
    outcome = controller.program(task)
    assert len(plan.spread["dense1", "C"]) == 3 * 3
    assert outcome.misses is not None
    assert outcome.misses.cells == 7 * 5 + 5 * 3
    assert outcome.misses.beyond == 0
    for layer in plan.layers:
        wanted = controller.chip.weights(layer, "D")
        np.testing.assert_allclose(_gathered(controller.chip, layer, "C"), wanted, rtol=0, atol=0.0101)


# Learning


def test_two_layers_on_tiles_learn() -> None:
    """64-16-10 on the ten digits: 64 rows on three tiles. Chance is 10 %."""
    document = documents.read(chips.ARCHITECTURES / "two-layer-digits.yaml")
    document = document.with_value("stages.train.images", "3000")
    document = document.with_value("evaluate.every", "3000 images")
    chip = Tiles(
        rows=24, columns=16, dac="type: dac, bits: 7", adc="type: adc, bits: 9, count: 16",
        drivers="type: pulse-driver, bit_length: 31", ways=("bus",), packing="apart",
    )  # fmt: skip
    plan, task = chips.first_stage(chip.load(), document, 0)
    assert len(plan.blocks) == 4
    _, outcome = chips.train(plan, task)
    assert outcome.evaluations[0].accuracy < 0.3
    assert outcome.evaluations[-1].accuracy > 0.75
