"""Layers that lie on the chip several times: images take turns, and changes reach all copies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from chipsim.architecture import graph
from chipsim.architecture.graph import Architecture
from chipsim.errors import FitError, InputError
from chipsim.inputs import documents
from chipsim.learning.rule import Operation, Write
from chipsim.simulation.chip import Chip
from chipsim.simulation.passes import joined, turns_of
from chipsim.simulation.trace import Log
from tests.simulation import chips

CHIP = """
format: chipsim-architecture/1
name: copies
technology: 14 nm
costs: {{table: analog-14nm}}
packing: apart
copies: {{{copies}}}
groups:
  tile: {{components: [dac, drivers, array, adc, integrator], count: as needed}}
components:
  controller: {{type: controller, depth: {depth}}}
  dac:        {{type: dac, bits: 7, lanes: 4}}
  drivers:    {{type: pulse-driver, bit_length: 31, pulse_width: 1 ns}}
  array:      {{type: crossbar, rows: 4, columns: 2, cell: reram-om}}
  adc:        {{type: adc, bits: 9, count: 2}}
  integrator: {{type: integrator, bits: 16}}
  digital:    {{type: digital-unit}}
links:
  - controller -> dac -> array -> adc -> digital -> controller
  - controller -> drivers -> array
  - adc -> integrator -> controller
"""


def chip(copies: str = "dense1: 2", depth: int = 1) -> Architecture:
    return graph.load(documents.parse(CHIP.format(copies=copies, depth=depth), "chip.yaml"))


def script(image: int) -> Iterator[tuple[Operation, ...]]:
    pulses = np.zeros((1, 2), dtype=np.int16)
    pulses[0, 0] = 1
    yield (Write("dense1", "C", (image % 4,), "row", pulses),)


def trained(depth: int = 1, copies: str = "dense1: 2") -> tuple[Any, Log]:
    rule = chips.Scripted(script=script, asks={"transfer-write": "C"})
    plan = chips.compile_plan(chip(copies, depth), chips.network(4, 2), {"train": rule})
    log = Log()
    controller, _ = chips.train(plan, chips.task(rule, chips.images(4, 2, 8), 8), listener=log)
    return controller, log


@pytest.mark.parametrize("depth", [1, 3])
def test_images_take_turns_at_the_copies(depth: int) -> None:
    controller, log = trained(depth)
    places = controller.chip.plan.places
    arrays = [places[name, "C"].array for name in ("dense1", "dense1:2")]
    read = {s.first: s.component for s in log if s.operation == "forward" and s.component in arrays}
    assert read == {image: arrays[image % 2] for image in range(8)}


def test_what_changes_the_weights_changes_all_copies() -> None:
    controller, _ = trained()
    for name in ("dense1", "dense1:2"):
        seat = controller.chip.seats[name, "C"]
        assert np.array_equal(seat.region.of(seat.crossbar.cells.wear), [[2, 0]] * 4)


def test_one_copy_is_the_layer_itself() -> None:
    once, plain = (trained(copies=copies)[0] for copies in ("dense1: 1", ""))
    assert once.ledger.rows() == plain.ledger.rows()
    assert once.floor.now == plain.floor.now


def test_a_fast_array_stands_once_whatever_the_copies() -> None:
    controller, _ = trained()
    assert sorted(controller.chip.plan.places) == [("dense1", "A"), ("dense1", "C"), ("dense1:2", "C")]


def test_copies_of_a_layer_that_there_is_not_are_refused() -> None:
    with pytest.raises(InputError) as caught:
        chips.compile_plan(
            chip("dens1: 2"), chips.network(4, 2), {"train": chips.Scripted(script=script, asks={})}
        )
    assert (
        caught.value.faults[0].message == "copies: the workload has no layer 'dens1'; did you mean 'dense1'?"
    )


@pytest.mark.parametrize("copies", [1, 2, 3])
def test_turns_cover_every_image_once(copies: int) -> None:
    turns = turns_of(5, 7, copies)
    assert sorted(np.concatenate([share for _, share in turns])) == list(range(7))
    whole = joined([share[:, None] * 1.0 for _, share in turns], [share for _, share in turns], 7)
    assert np.array_equal(whole[:, 0], np.arange(7))


def test_a_chip_of_more_devices_than_a_run_may_hold_is_planned_and_not_built() -> None:
    """Two copies of 4,096 x 4,096 cells are more than 32 million; the plan of them stands."""
    text = CHIP.format(copies="", depth=1).replace("rows: 4, columns: 2", "rows: 4096, columns: 4096")
    rule = chips.Scripted(script=script, asks={"transfer-write": "C"})
    plan = chips.compile_plan(
        graph.load(documents.parse(text, "chip.yaml")), chips.network(4, 2), {"train": rule}
    )
    with pytest.raises(FitError) as caught:
        Chip(plan, 0)
    (fault,) = caught.value.faults
    assert fault.code == "E056"
    assert fault.message.startswith(f"a run would hold {2 * 4096**2} devices, more than {graph.MAX_CELLS}")
