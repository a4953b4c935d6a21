"""The estimate of the worked example: 784-256-128-10 on 512x512 tiles (component library, section 6)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from chipsim.architecture import estimate, graph
from chipsim.architecture.estimate import Assumed, Estimate
from chipsim.architecture.placement import compile_plan
from chipsim.architecture.plan import Plan
from chipsim.inputs import documents
from chipsim.learning import sgd, ttv2
from tests.architecture import files
from tests.simulation.tiles import Tiles

EXAMPLE: Any = json.loads((Path(__file__).parents[1] / "reference" / "worked_example_784.json").read_text())
TIMING = {"ideal": (40, 5), "measured": (130, 100)}
"""A product and a pulse [ns]; a conversion and the digital unit take no time of their own in the example."""


def chip(preset: str, packing: str) -> Plan:
    product, pulse = TIMING[preset]
    text = f"""
format: chipsim-architecture/1
name: example
technology: 14 nm
costs: {{table: analog-14nm}}
packing: {packing}
groups:
  tile: {{components: [dac, columns, drivers, array, adc, rows, integrator], count: as needed}}
components:
  controller: {{type: controller}}
  dac:        {{type: dac, bits: 7, lanes: 512, integration: {product} ns}}
  columns:    {{type: dac, bits: 7, lanes: 512, integration: {product} ns}}
  drivers:    {{type: pulse-driver, bit_length: 31, pulse_width: {pulse} ns}}
  array:      {{type: crossbar, rows: 512, columns: 512, cell: reram-om}}
  adc:        {{type: adc, bits: 8, count: 512, conversion: 0 ns}}
  rows:       {{type: adc, bits: 8, count: 512, conversion: 0 ns}}
  integrator: {{type: integrator, bits: 16, access: 1 ns}}
  digital:    {{type: digital-unit, latency: 0 ns}}
links:
  - controller -> dac -> array -> adc -> digital -> controller
  - controller -> columns -> array.columns
  - array.rows -> rows -> digital
  - controller -> drivers -> array
  - adc -> integrator -> controller
"""
    architecture = graph.load(documents.parse(text, "example.yaml"))
    rule = ttv2.Rule.model_validate({"type": "ttv2", "read": "line"})
    return compile_plan(architecture, files.network(784, 256, 128, 10), {"train": rule})


def found(preset: str = "measured", packing: str = "apart", **rule: Any) -> Estimate:
    given = {"type": "ttv2", "transfer_every": 10, "read": "line", "learning_rate": 1.0, **rule}
    assumed = Assumed(EXAMPLE["assume"]["duty_layer1"], 0.5, 0.05, EXAMPLE["assume"]["c_pulse_prob"])
    return estimate.of_stage(chip(preset, packing), "train", ttv2.Rule.model_validate(given), assumed)


def counts(estimated: Estimate, operation: str) -> dict[str, float]:
    sums: dict[str, float] = {}
    for (kind, _, action), count in estimated.counts.items():
        if kind == operation:
            sums[action] = sums.get(action, 0.0) + count
    return sums


def test_the_examples_tiles_come_out_of_the_plan() -> None:
    plan = chip("measured", "apart")
    assert plan.architecture.counts == {"tile": EXAMPLE["tiles"]["total"]}
    assert [len(plan.spread[layer, "C"]) for layer in plan.layers] == EXAMPLE["tiles"]["per_layer"]


@pytest.mark.parametrize("operation", ["forward", "backward"])
def test_the_examples_passes_are_counted(operation: str) -> None:
    """The example has no digital work for the loss, and counts partial sums of the backward pass by tile."""
    wanted, got = EXAMPLE["counts"][operation], counts(found(), operation)
    for action in ("dac_conv", "cell_reads", "adc_conv"):
        assert got[action] == wanted[action]
    assert got["read_duty"] / 128 == pytest.approx(wanted["cell_read_fs"], rel=1e-6)


def test_the_examples_updates_are_counted() -> None:
    """Probabilities are the values themselves where the rate is one full train of steps."""
    step = 0.0949  # of reram-om, so that sqrt(rate / (step x slots)) is 1
    got, wanted = counts(found(learning_rate=31 * step), "update"), EXAMPLE["counts"]["update"]
    assert got["bit_gen"] == wanted["bit_gen"]
    for action in ("row_pulses", "col_pulses"):
        assert got[action] == pytest.approx(wanted[action], rel=1e-6)
    assert got["set_pulses"] + got["reset_pulses"] == pytest.approx(wanted["pulse"], rel=1e-6)


def test_the_examples_transfers_are_counted() -> None:
    """A vector of every tile in ten images."""
    wanted = EXAMPLE["counts"]["transfer"]
    assert counts(found(), "transfer-read")["dac_conv"] == pytest.approx(wanted["dac_conv"] / 10)
    assert counts(found(), "transfer-read")["adc_conv"] == pytest.approx(wanted["adc_conv"] / 10)
    assert counts(found(), "integrate")["h_rmw"] == pytest.approx(wanted["h_rmw"] / 10)


@pytest.mark.parametrize("preset", TIMING)
def test_the_examples_latencies_come_out(preset: str) -> None:
    wanted, got = EXAMPLE["latency_s"][preset], found(preset)
    for operation in ("forward", "backward", "update"):
        assert got.times[operation] == pytest.approx(wanted[operation], rel=1e-9)
    transfer = sum(got.times[kind] for kind in ("transfer-read", "integrate", "transfer-write"))
    assert transfer == pytest.approx(wanted["transfer"] / 10, rel=1e-9)
    assert got.image == pytest.approx(wanted["serial_per_image"], rel=1e-6)


@pytest.mark.parametrize("preset", TIMING)
def test_a_and_c_apart_are_overlapped_at_the_examples_interval(preset: str) -> None:
    got = found(preset)
    assert got.interval == pytest.approx(
        EXAMPLE["latency_s"][preset]["pipelined_interval_split_A_C"], rel=1e-6
    )
    assert got.bottleneck == ""


@pytest.mark.parametrize("preset", TIMING)
def test_a_and_c_on_one_array_are_overlapped_a_little_faster_than_in_the_example(preset: str) -> None:
    """The example stops the tile for all of a transfer; here the array is free while H takes the readings."""
    got = found(preset, "together")
    reading = 0.1 * 256e-9
    wanted = EXAMPLE["latency_s"][preset]["pipelined_interval_same_tile"] - reading
    assert got.interval == pytest.approx(wanted, rel=1e-6)
    assert got.bottleneck.startswith("array")


def test_units_behind_one_inbox_share_the_images_that_overlap() -> None:
    """Slow units: two passes forward and one back of 100 us each; an image alone goes to one at a time."""
    rule = ttv2.Rule.model_validate({"type": "ttv2"})
    found = {}
    for units in (1, 4):
        slow = f"digital-unit, latency: 100 us, units: {units}"
        text = Tiles(rows=8, columns=8).text.replace("digital-unit}", slow + "}")
        architecture = graph.load(documents.parse(text, "tiles.yaml"))
        plan = compile_plan(architecture, files.network(8, 6, 4), {"train": rule})
        found[units] = estimate.of_stage(plan, "train", rule)
    assert found[1].interval == pytest.approx(300e-6)
    assert found[4].interval == pytest.approx(75e-6)
    assert found[1].image == found[4].image


def test_readings_of_upkeep_are_counted() -> None:
    """Every 100 images all 8 x 4 pairs of devices, a row at a time."""
    rule = sgd.Rule.model_validate({"type": "sgd", "learning_rate": 0.3})
    architecture = Tiles(rows=8, columns=8, cell="pcm-pair").load()
    plan = compile_plan(architecture, files.network(8, 4), {"train": rule})
    got = counts(estimate.of_stage(plan, "train", rule), "refresh-read")
    assert got["dac_conv"] == pytest.approx(8 / 100)
    assert got["cell_reads"] == got["adc_conv"] == pytest.approx(8 * 4 * 2 / 100)
