"""Words on their way: who waits on a bus, what travels at once on a mesh, and where buffers fill."""

from __future__ import annotations

import pytest

from chipsim.architecture import estimate, graph
from chipsim.architecture.capacities import buffered
from chipsim.architecture.wires import Carried
from chipsim.circuits import mesh
from chipsim.circuits.carrier import Load, Ride
from chipsim.errors import FitError, PhysicsError
from chipsim.inputs import documents
from chipsim.learning import mixed_precision, sgd, ttv1
from chipsim.simulation.carriage import carrying
from chipsim.simulation.chip import Chip
from chipsim.simulation.node import Transaction
from tests.simulation import chips, tiles
from tests.simulation.tiles import CARRIERS, Tiles

RULE = chips.tiki_taka(transfer_every=1000)


def _carried(name: str, *rides: tuple[Ride, Load]) -> tuple[chips.Log, int]:
    """Loads put on a carrier at time 0, one after the other; the log, and what its node waited."""
    plan = tiles.plan(Tiles(ways=(name,)), RULE, 4, 4)
    circuits, log = Chip(plan, 0).circuits, chips.Log()
    floor = chips.floor(plan, log)
    chips.together(floor, *(
        Transaction(f"load{index}", "dense1", carrying(circuits, ((Carried(name, ride),),), load), None)
        for index, (ride, load) in enumerate(rides)
    ))  # fmt: skip
    return log, floor.nodes[name].waiting


def _spans(log: chips.Log) -> list[tuple[str, int, int]]:
    return sorted((span.operation, span.start, span.end) for span in log)


def test_loads_on_a_bus_go_one_after_the_other() -> None:
    """16 bits a cycle of 1 ns: 8 and 5 words of 8 bits take 4 and 3 beats, two vectors of 2 words 2."""
    log, waited = _carried("bus", (Ride(), Load(1, 8)), (Ride(), Load(1, 5)), (Ride(), Load(2, 2)))
    assert _spans(log) == [("load0", 0, 4000), ("load1", 4000, 7000), ("load2", 7000, 9000)]
    assert waited == 4000 + 7000


def test_loads_on_a_mesh_travel_at_once_unless_they_share_a_channel() -> None:
    """From the routers of a 2 x 2 mesh, 0 1 above 2 3: 0 to 1 and 2 to 3 are apart, 0 to 3 goes by 1."""
    given = mesh.Parameters(type="mesh", rows=2, columns=2)
    apart = [(given.ride(0, 1), Load(1, 8)), (given.ride(2, 3), Load(1, 8))]
    two_hops = 2 * 1000 + 4000
    log, waited = _carried("mesh", *apart)
    assert _spans(log) == [("load0", 0, two_hops), ("load1", 0, two_hops)]
    assert waited == 0
    log, waited = _carried("mesh", *apart, (given.ride(0, 3), Load(1, 8)))
    three_hops = 3 * 1000 + 4000
    # one waits for the channel 0 -> 1, and for the one into router 3
    assert _spans(log)[2] == ("load2", two_hops, two_hops + three_hops)
    assert waited == two_hops


@pytest.mark.parametrize(("way", "action", "size"), [("bus", "noc_bit", 8), ("host", "host_byte", 1)])
def test_what_passes_bring_is_counted_in_words_of_all_their_blocks(way: str, action: str, size: int) -> None:
    """To the banks as many words as lines are driven, from the converters as many as are sensed; what the
    digital unit gives goes to the controller without a carrier."""
    controller, _ = chips.train(
        tiles.plan(Tiles(ways=(way,)), RULE, 7, 6, 5), chips.task(RULE, chips.images(7, 5, 5), 4)
    )
    total = controller.ledger.total
    for operation in ("forward", "backward"):
        lines = total("dac_conv", stage="train", operation=operation)
        lines += total("adc_conv", stage="train", operation=operation)
        assert total(action, stage="train", operation=operation) == size * lines > 0
    # to the drivers inputs and errors: a line each
    lines = total("bit_gen", stage="train", operation="update") // 7
    assert total(action, stage="train", operation="update") == size * lines


def test_an_image_on_a_bus_takes_its_words_time_more() -> None:
    """8 inputs to the bank (4 beats), 4 sums to the unit (2), inputs and errors to the drivers (6)."""
    times = {}
    for ways in ((), ("bus",)):
        chip = Tiles(rows=8, columns=8, own=False, ways=ways)
        task = chips.task(RULE, chips.images(8, 4, 5), 3)
        times[ways] = chips.train(tiles.plan(chip, RULE, 8, 4), task)[1].duration
    preparing = 1  # its load is a word
    assert times["bus",] - times[()] == 3 * (4 + 2 + 6) * 1000 + preparing * 1000


def test_upkeep_of_tiles_is_carried() -> None:
    """The numbers of 8 rows to the bank, and back a word for each of two devices of 8 x 4 weights; to the
    drivers a word for each weight of a row in which there is something to do."""
    rule = sgd.Rule.model_validate({"type": "sgd", "learning_rate": 0.3})
    plan = tiles.plan(Tiles(rows=8, columns=8, ways=("bus",), cell="pcm-pair"), rule, 8, 4)
    controller, _ = chips.train(plan, chips.task(rule, chips.images(8, 4, 5), 100))
    total = controller.ledger.total
    assert total("noc_bit", stage="train", operation="refresh-read") == 8 * (8 + 8 * 4 * 2)
    rows, left = divmod(total("noc_bit", stage="train", operation="refresh"), 4 * 8)
    assert left == 0
    assert 1 <= rows <= 8


def test_products_for_a_digital_gradient_are_carried() -> None:
    """An image's 8 inputs and 4 errors to the unit, and its 8 x 4 products from there to the words."""
    rule = mixed_precision.Rule.model_validate({"type": "mixed-precision"})
    chip = Tiles(rows=8, columns=8, ways=("bus",))
    text = chip.text + "  - bus -> integrator\n  - digital -> bus\n"
    plan = chips.plan(graph.load(documents.parse(text, "tiles.yaml")), chips.network(8, 4), rule)
    controller, _ = chips.train(plan, chips.task(rule, chips.images(8, 4, 5), 10))
    carried = controller.ledger.total("noc_bit", stage="train", operation="accumulate")
    assert carried == 10 * 8 * (8 + 4 + 8 * 4)
    estimated = estimate.of_stage(plan, "train", rule).counts
    assert estimated["accumulate", "bus", "noc_bit"] == pytest.approx(carried / 10)


# Buffers


def _buffer(capacity: int, depth: int, overflow: str = "stall") -> Tiles:
    given = f"{{type: buffer, bits: 8, width: 32, capacity: {capacity}, overflow: {overflow}}}"
    return Tiles(
        rows=8, columns=8, own=False, ways=("sram",), depth=depth, carriers={**CARRIERS, "sram": given}
    )


WORDS = 8 + 4
"""What an image of 8 inputs and 4 outputs brings to a buffer between controller, array and digital unit."""


def test_an_image_keeps_what_its_passes_bring() -> None:
    assert buffered(tiles.plan(_buffer(WORDS, 1), RULE, 8, 4)) == {"sram": WORDS}
    # a hidden layer of 6: its inputs and sums forward, its errors and sums backward
    assert buffered(tiles.plan(_buffer(1000, 1), RULE, 8, 6, 4)) == {"sram": 8 + 6 + 6 + 4 + 4 + 6}


def test_an_image_keeps_what_each_of_two_matrices_takes_and_brings() -> None:
    rule = ttv1.Rule.model_validate({"type": "ttv1", "gamma": 0.5, "symmetry_pairs": 1})
    assert buffered(tiles.plan(_buffer(1000, 2), rule, 8, 4)) == {"sram": 2 * WORDS}
    waited = {}
    for capacity in (4 * WORDS - 1, 4 * WORDS):
        plan = tiles.plan(_buffer(capacity, 2), rule, 8, 4)
        controller, _ = chips.train(plan, chips.task(rule, chips.images(8, 4, 5), 8))
        waited[capacity] = controller.floor.nodes["sram"].waiting
    assert waited[4 * WORDS - 1] > waited[4 * WORDS]


def test_an_image_keeps_what_it_brings_to_the_copy_that_it_goes_to() -> None:
    text = _buffer(WORDS, 1).text + "copies: {dense1: 3}\n"
    architecture = graph.load(documents.parse(text, "tiles.yaml"))
    assert buffered(chips.plan(architecture, chips.network(8, 4), RULE)) == {"sram": WORDS}


def test_a_buffer_for_less_than_an_image_is_refused_with_what_it_takes() -> None:
    with pytest.raises(FitError) as caught:
        tiles.plan(_buffer(WORDS - 1, 1), RULE, 8, 4)
    assert caught.value.faults[0].message == (
        "component 'sram' holds 11 words, but the passes of an image bring 12; write 'capacity: 12'"
    )
    with pytest.raises(FitError) as caught:
        tiles.plan(_buffer(3 * WORDS - 1, 3, "error"), RULE, 8, 4)
    assert caught.value.faults[0].message == (
        "component 'sram' holds 35 words, but the passes of 3 images bring 36; write 'capacity: 36'"
    )


@pytest.mark.parametrize("capacity", [3 * WORDS, 5 * WORDS, 1000])
def test_images_that_find_room_all_come_through_and_leave_none_behind(capacity: int) -> None:
    plan = tiles.plan(_buffer(capacity, 3), RULE, 8, 4)
    controller, _ = chips.train(plan, chips.task(RULE, chips.images(8, 4, 5), 8))
    room = controller.floor.nodes["sram"].room
    assert room is not None
    assert room.level == capacity


PREPARE = 2_000 + 2 * 2 * 100_000
"""Time before the first image [ps]: a word through the buffer, then two pairs of pulses of two phases."""


def test_sums_that_find_no_room_wait_until_an_earlier_image_has_been_learnt() -> None:
    """Room for the inputs of two images and the sums of one. 8 words take 2 beats of 1 ns in and 2 out, the
    read 128 ns, conversions 20 ns: image 1's sums come at 280 ns. Those of image 0 come at 152 ns; its update
    finds the array read for image 1 until 260 ns and takes 7 slots of 2 phases of 100 ns."""
    plan = tiles.plan(_buffer(2 * 8 + 4, 2), RULE, 8, 4)
    log = chips.Log()
    controller, _ = chips.train(plan, chips.task(RULE, chips.images(8, 4, 5), 2), listener=log)
    sums = [s for s in log if (s.component, s.operation) == ("sram", "forward") and s.start > PREPARE + 8_000]
    learnt = 260_000 + 1_400_000
    starts = [span.start - PREPARE for span in sums]
    assert starts == [152_000, learnt]
    assert controller.floor.nodes["sram"].waiting == learnt - 280_000 + 4_000  # and inputs behind inputs


def test_those_that_leave_nothing_pass_those_that_wait_for_room() -> None:
    """The learning of image 0 goes through the buffer too, and the room is let go of only by its end."""
    rule = chips.tiki_taka(transfer_every=1, threshold=0.05)
    plan = tiles.plan(_buffer(2 * 8 + 4, 2), rule, 8, 4)
    controller, _ = chips.train(plan, chips.task(rule, chips.images(8, 4, 5), 8))
    assert controller.ledger.total("adc_conv", operation="forward", stage="train") == 8 * 4
    assert controller.ledger.total("word_read", operation="transfer-write") > 0


@pytest.mark.parametrize("listening", [True, False])
def test_images_that_keep_each_other_from_room_are_named_at_the_time_it_happened(listening: bool) -> None:
    """Inputs of two images fill the buffer but for three words, so that the sums of neither find room. The
    last thing that happens is that those of image 1 come, at 280 ns after the preparation of 402 ns."""
    plan = tiles.plan(_buffer(2 * 8 + 3, 2), RULE, 8, 4)
    log = chips.Log() if listening else None
    with pytest.raises(PhysicsError) as caught:
        chips.train(plan, chips.task(RULE, chips.images(8, 4, 5), 8), listener=log)
    assert caught.value.exit_code == 5
    (fault,) = caught.value.faults
    assert fault.code == "E080"
    assert fault.message == (
        "the chip stands still at 682 ns: 'sram' has forward of 'dense1' waiting for room for 4 words, of "
        "which 3 are free and image 0 of stage 'train' keeps 8 and image 1 of stage 'train' keeps 8, "
        "with 1 waiting"
    )
