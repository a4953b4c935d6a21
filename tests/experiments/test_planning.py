"""Plans: mappings, what does not fit, and estimates that agree with the events of a run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from chipsim.architecture.estimate import Assumed
from chipsim.cli import run_verb
from chipsim.errors import FitError
from chipsim.experiments import planning
from chipsim.experiments.run import Request, prepare, simulate

ASSUMED = Assumed()
EXACT = ("dac_conv", "adc_conv", "bit_gen", "h_rmw", "act_fn", "dig_add16", "mul8", "noc_bit", "cell_reads")
"""Actions whose number does not hang on data."""

TILED = """
format: chipsim-architecture/1
name: small-tiles
technology: 14 nm
costs: {table: analog-14nm}
packing: apart
groups:
  tile: {components: [dac, columns, drivers, array, adc, rows, integrator], count: as needed}
components:
  controller: {type: controller}
  mesh:       {type: mesh, rows: 4, columns: 4, width: 64}
  dac:        {type: dac, bits: 7, lanes: 32}
  columns:    {type: dac, bits: 7, lanes: 32}
  drivers:    {type: pulse-driver, bit_length: 31}
  array:      {type: crossbar, rows: 32, columns: 32, cell: reram-om}
  adc:        {type: adc, bits: 9, count: 4}
  rows:       {type: adc, bits: 9, count: 4}
  integrator: {type: integrator, bits: 16}
  digital:    {type: digital-unit}
links:
  - controller -> mesh -> dac -> array -> adc -> mesh -> digital -> controller
  - mesh -> columns -> array.columns
  - array.rows -> rows -> mesh
  - mesh -> drivers -> array
  - adc -> integrator -> mesh
"""

NETWORK = """
format: chipsim-workload/1
name: digits-fc
data: {set: digits, train: 100, test: 20}
network:
  layers:
    - {type: dense, in: 64, out: 16, activation: tanh, gain: 0.25}
    - {type: dense, in: 16, out: 10}
  loss: {type: softmax-cross-entropy, scale: 4}
stages:
  - {name: train, kind: train, start: random, images: 40, rule: {type: ttv2, learning_rate: 0.3,
     transfer_every: 10, read: line, gain: 1, threshold: 10, symmetry_pairs: 0}}
evaluate: {every: 40 images}
"""


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    (tmp_path / "tiles.yaml").write_text(TILED)
    (tmp_path / "fc.yaml").write_text(NETWORK)
    return str(tmp_path / "tiles.yaml"), str(tmp_path / "fc.yaml")


def counted(request: Request) -> dict[tuple[str, str], float]:
    """Actions of the training stage of a run that do not hang on data, an image, by operation."""
    result = simulate(prepare(request), 0)
    images = result.record["stages"][0]["images"]
    found: dict[tuple[str, str], float] = {}
    for stage, operation, _, action, count in result.rows["ledger"]:
        if stage == "train" and action in EXACT and operation not in ("prepare", "transfer-write"):
            key = "forward" if operation == "loss" else operation, action
            found[key] = found.get(key, 0.0) + count / images
    return found


def estimated(stage: Mapping[str, Mapping[str, Mapping[str, float]]]) -> dict[tuple[str, str], float]:
    return {
        (operation, action): count
        for operation, counts in stage["counts"].items()
        for action, count in counts.items()
        if action in EXACT and count and operation != "transfer-write"
    }


@pytest.mark.parametrize("chip", ["reram-8x4", "tiles"])
def test_counts_without_data_are_those_of_a_run(chip: str, files: tuple[str, str]) -> None:
    request = (
        Request(chip, "reduced-digits-scratch", ("stages.train.images=40", "evaluate.every=40 images"))
        if chip == "reram-8x4"
        else Request(*files)
    )
    (stage,) = planning.plan(request, ASSUMED)["stages"]
    wanted = {key: count for key, count in counted(request).items() if count}
    assert estimated(stage) == pytest.approx(wanted, rel=1e-12)


def test_an_image_alone_takes_what_it_takes_in_a_run() -> None:
    """On a chip without waiting: the run's time less its preparation and the writes that follow from data."""
    settings = ("stages.train.images=40", "evaluate.every=40 images")
    request = Request("reram-8x4", "reduced-digits-scratch", settings)
    (stage,) = planning.plan(request, ASSUMED)["stages"]
    path = simulate(prepare(request), 0).rows["path"]
    spent = sum(row[4] for row in path if row[1] not in ("prepare", "transfer-write"))
    times = {k: v for k, v in stage["image_s_by_operation"].items() if k != "transfer-write"}
    assert 40 * sum(times.values()) == pytest.approx(spent, rel=1e-12)


def test_overlapped_images_come_no_faster_than_the_interval(files: tuple[str, str]) -> None:
    (stage,) = planning.plan(Request(*files), ASSUMED)["stages"]
    deep = Request(*files, ("components.controller.depth=6",))
    record = simulate(prepare(deep), 0).record["stages"][0]
    assert record["time_s"] / record["images"] > 0.9 * stage["interval_s"]
    shallow = simulate(prepare(Request(*files)), 0).record["stages"][0]
    assert record["time_s"] < shallow["time_s"]


def test_every_weight_has_a_cell_of_its_own(files: tuple[str, str]) -> None:
    found = planning.plan(Request(*files), ASSUMED)
    assert [row["blocks"] for row in found["mapping"]] == [2, 2, 1, 1]
    arrays = found["arrays"]
    assert arrays["weights"] == 2 * (64 * 16 + 16 * 10)
    assert (arrays["number"], arrays["used"], arrays["cells"]) == (6, 6, 6 * 32 * 32)


def test_higher_duties_cost_more_and_take_no_longer(files: tuple[str, str]) -> None:
    few, many = (
        planning.plan(Request(*files), Assumed(duty, duty, 0.05, 0.05))["stages"][0] for duty in (0.1, 0.9)
    )
    assert many["image_energy_J"] > few["image_energy_J"]
    assert many["image_s"] == few["image_s"]


def test_what_does_not_fit_says_what_is_needed_and_what_there_is(files: tuple[str, str]) -> None:
    with pytest.raises(FitError) as caught:
        planning.plan(Request(*files, ("groups.tile.count=2",)), ASSUMED)
    needs = {need.what: (need.needed, need.available, need.met) for need in caught.value.needs}
    assert needs["arrays"] == (6, 2, False)
    assert needs["cells"] == (2 * (64 * 16 + 16 * 10), 2 * 32 * 32, False)
    assert needs["rows of an array"] == (32, 32, True)


def test_a_plan_is_printed(files: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run_verb(["plan", *files]) == 0
    out = capsys.readouterr().out
    assert "dense1.A" in out
    assert "6 of 6 arrays hold weights" in out
    assert "limits it" in out


def test_a_plan_is_one_object(files: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run_verb(["plan", *files, "--inputs", "0.13", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["assumed"]["inputs"] == 0.13
    assert found["stages"][0]["interval_s"] <= found["stages"][0]["image_s"]


def test_a_workload_that_does_not_fit_ends_with_4_and_a_table(
    files: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_verb(["plan", *files, "-s", "groups.tile.count=2"]) == 4
    err = capsys.readouterr().err
    assert "needed" in err
    assert "a group with 'count: as needed'" in err
