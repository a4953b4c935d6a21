"""Floating-point training on a chip: the reference's curve, routes without converters, and batches."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from chipsim.architecture import estimate
from chipsim.architecture.graph import Architecture
from chipsim.errors import FitError, InputError
from chipsim.learning import digital, hardware_aware, sgd
from chipsim.simulation.chip import Chip
from chipsim.simulation.controller import Controller
from chipsim.simulation.records import StageData
from chipsim.workloads import dataset
from tests.simulation import chips

REFERENCE = Path(__file__).parents[1] / "reference"
HOST = """
  controller: {type: controller}
  host:       {type: digital-array, capacity: 1000, lanes: 8}
  digital:    {type: digital-unit}
"""
LINKS = ("controller -> host -> digital -> controller",)


def host(extra: str = "", links: tuple[str, ...] = LINKS, mapping: str = "") -> Architecture:
    return chips.parse(HOST + extra, links, mapping)


def rule(**given: object) -> digital.Rule:
    return digital.Rule.model_validate({"type": "digital", **given})


def table(name: str) -> list[dict[str, str]]:
    with (REFERENCE / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def reference_data() -> StageData:
    """The reference's digits 0 and 1; the order is drawn with replacement, so it goes on where it stopped."""
    rows = table("digits01_split.csv")
    images = dataset.load("digits", "all", np.array([int(row["load_digits_index"]) for row in rows]))
    x, labels = images.pixels / 16.0, images.labels.astype(np.int64)
    train = np.array([row["part"] == "train" for row in rows])
    order = np.array([int(row["train_index"]) for row in table("digits01_order.csv")])
    count = int(train.sum())
    order = np.concatenate([order, order[: -len(order) % count]])
    return StageData(
        x[train], labels[train], x[~train], labels[~train],
        lambda epoch: order[epoch * count : (epoch + 1) * count],
    )  # fmt: skip


def test_it_reproduces_the_references_floating_point_curve_at_its_checkpoints() -> None:
    """Batch 1, learning rate 0.1; the reference computed in single precision: 2e-5 of the loss and 1e-6."""
    plan = chips.plan(host(), chips.network(64, 2, scale=1.0), rule(learning_rate=0.1))
    chip = Chip(plan, 0)
    chip.weights("dense1", "D")[:] = np.loadtxt(REFERENCE / "digits01_w0.csv", delimiter=",").T
    task = chips.task(rule(learning_rate=0.1), reference_data(), 8000, start="keep", every=500)
    outcome = Controller(chip).run(task)
    curve = table("aihwkit_training_curve_fp.csv")
    assert [int(row["images"]) for row in curve] == [found.image for found in outcome.evaluations]
    for row, found in zip(curve, outcome.evaluations, strict=True):
        assert found.accuracy == pytest.approx(float(row["mean_accuracy"]), abs=1e-9)
        assert found.loss == pytest.approx(float(row["mean_loss"]), rel=2e-5, abs=1e-6)


@pytest.mark.parametrize(("batch", "momentum"), [(1, 0.0), (7, 0.9)])
def test_images_together_and_one_by_one_leave_the_same_weights_time_and_counts(
    batch: int, momentum: float
) -> None:
    data, a_rule = chips.images(6, 3, 40), rule(batch=batch, momentum=momentum)
    plan = chips.plan(host(), chips.network(6, 5, 3, bias=True), a_rule)
    task = chips.task(a_rule, data, 60, every=25)
    (one, first), (other, second) = (chips.train(plan, task, together=most) for most in (None, 1))
    assert first.duration == second.duration
    assert one.ledger.rows() == other.ledger.rows()
    assert [e[2:4] for e in first.evaluations] == [e[2:4] for e in second.evaluations]
    for layer in ("dense1", "dense2"):
        assert np.array_equal(one.chip.weights(layer, "D"), other.chip.weights(layer, "D"))
    assert first.evaluations[-1].loss < first.evaluations[0].loss


def test_passes_and_updates_go_by_the_digital_array_and_need_no_converter() -> None:
    plan = chips.plan(host(), chips.network(6, 5, 3), rule())
    assert dict(plan.routes) == {
        ("forward", "dense1", "D"): ("host", "digital"),
        ("forward", "dense2", "D"): ("host", "digital"),
        ("backward", "dense2", "D"): ("host", "digital"),
        ("prepare", "dense1", "V"): ("host",),
        ("prepare", "dense2", "V"): ("host",),
        ("update", "dense1", "V"): ("host",),
        ("update", "dense2", "V"): ("host",),
        ("move", "dense1", "D"): ("host",),
        ("move", "dense2", "D"): ("host",),
    }


def test_an_image_takes_the_cycles_of_its_products_update_and_step() -> None:
    """6 x 3 weights on 8 lanes are 3 cycles: forward, update and move, and 2 ns of the digital unit."""
    plan = chips.plan(host(), chips.network(6, 3), rule())
    controller, outcome = chips.train(plan, chips.task(rule(), chips.images(6, 3, 10), 10))
    clear = 3
    assert outcome.duration == 1000 * (clear + 10 * (3 + 2 + 3 + 3))
    counted = {action: controller.ledger.total(action, stage="train") for action in ("fp_mac", "word_read")}
    assert counted == {"fp_mac": 10 * 3 * 18, "word_read": 10 * 4 * 18}
    assert controller.ledger.total("word_write", stage="train") == 18 + 10 * 3 * 18


def test_noise_is_read_beside_the_weights_and_written_with_every_mini_batch() -> None:
    """6 x 3 words on 8 lanes are 3 cycles: V and N cleared, two products and their sum, update, move, noise.

    The move by the devices' response takes 2 x 3; the digital unit 2 ns for the sum and 2 for the activation.
    """
    a_rule = hardware_aware.Rule(type="hardware-aware", noise=0.05, batch=5)
    plan = chips.plan(host(), chips.network(6, 3), a_rule)
    controller, outcome = chips.train(plan, chips.task(a_rule, chips.images(6, 3, 10), 10))
    assert outcome.duration == 1000 * (2 * 3 + 10 * (2 * 3 + 2 + 2 + 3) + 2 * (2 * 3 + 3))
    written = controller.ledger.total("word_write", stage="train")
    assert written == 18 * (2 + 10 + 2 * (2 + 1))
    estimated = estimate.of_stage(plan, "stage0", a_rule, estimate.Assumed())
    assert estimated.image == pytest.approx(1e-9 * ((2 * 3 + 2 + 2 + 3) + (2 * 3 + 3) / 5))


def test_without_a_digital_array_the_stage_says_what_is_missing() -> None:
    with pytest.raises(FitError) as caught:
        chips.plan(chips.load("two-layer"), chips.network(8, 2), rule())
    (fault,) = caught.value.faults
    assert (fault.code, fault.message) == (
        "E053",
        "stage 'stage0': rule 'digital' needs a component of type digital-array; add one with capacity: 32",
    )


def test_a_digital_array_is_no_place_for_a_rule_of_devices() -> None:
    with pytest.raises(FitError, match="there is no crossbar; add a component of type crossbar"):
        chips.plan(host(), chips.network(8, 2), sgd.Rule(type="sgd"))


def test_too_few_words_are_told_with_what_would_do() -> None:
    with pytest.raises(FitError) as caught:
        chips.plan(host(), chips.network(30, 20), rule())
    (fault,) = caught.value.faults
    text = "component 'host' holds 1000 words, but the workload's digital matrices need 1200; "
    assert (fault.code, fault.message) == ("E050", text + "write 'capacity: 1200'")


SECOND = "  spare:      {type: digital-array, capacity: 1000, lanes: 8}\n"
SPARE = (*LINKS, "controller -> spare -> digital")


def test_a_layer_that_has_no_room_on_the_first_array_lies_on_the_next() -> None:
    plan = chips.plan(host(SECOND, SPARE), chips.network(20, 20, 15), rule())
    assert {key: place.array for key, place in plan.places.items()} == {
        ("dense1", "D"): "host", ("dense1", "V"): "host", ("dense2", "D"): "spare", ("dense2", "V"): "spare",
    }  # fmt: skip


def test_a_mapping_moves_all_digital_matrices_of_a_layer() -> None:
    plan = chips.plan(host(SECOND, SPARE, "  dense1.D: spare"), chips.network(6, 3), rule())
    assert {place.array for place in plan.places.values()} == {"spare"}


@pytest.mark.parametrize(
    ("mapping", "error", "message"),
    [
        ("  dense1.D: host\n  dense1.V: spare", FitError,
         "stage 'stage0': 'dense1.D' and 'dense1.V' must lie on one digital-array; map them to the same"),
        ("  dense1.D: digital", InputError,
         "mapping: 'digital' is no digital-array, which the digital matrix 'dense1.D' needs; "
         "choose one of host, spare"),
        ("  dense1.D: {array: host, row: 3}", InputError,
         "mapping: a digital matrix has no row or column on its array; write 'dense1.D: host'"),
    ],
)  # fmt: skip
def test_a_mapping_that_cannot_be_is_refused(
    mapping: str, error: type[FitError | InputError], message: str
) -> None:
    with pytest.raises(error) as caught:
        chips.plan(host(SECOND, SPARE, mapping), chips.network(6, 3), rule())
    assert [fault.message for fault in caught.value.faults] == [message]


def test_a_digital_array_that_leads_to_no_digital_unit_has_no_route() -> None:
    chip = host(links=("controller -> host -> controller", "digital -> controller"))
    with pytest.raises(FitError, match=r"'host' leads to no digital-unit; add the link 'host -> digital'"):
        chips.plan(chip, chips.network(6, 3), rule())
