"""`chipsim device CELL`: what it prints and writes, against the published statistics."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from numpy.typing import NDArray

from chipsim.devices import cells
from chipsim.devices.characteristics import Characteristics, measure
from chipsim.inputs import registry
from tests.cli.commands import listing, ok, say, table

REFERENCE = Path(__file__).parents[1] / "reference"
PRESETS = {"reram-om": "ReRamArrayOM", "reram-hfo2": "ReRamArrayHfO2"}
PUBLISHED = {
    "step_up": "dw_min_up", "step_down": "dw_min_down", "w_max": "w_max", "w_min": "w_min",
    "symmetry_point": "symmetry_point", "reference": "reference", "states": "states_per_device",
}  # fmt: skip
"""Our quantities and their names in the reference, both on the physical axis."""

ERRORS = 4.5
"""Standard errors that a figure may be off: about 150 comparisons, one false alarm in a thousand runs."""

MY_CELL = """\
format: chipsim-cell/1
name: my-cell
description: a cell of a user's own
model: soft-bounds
parameters:
  step: {value: 0.1, source: assumed, where: a test}
  step_spread: {value: 0.0, source: assumed, where: a test}
  up_down_spread: {value: 0.0, source: assumed, where: a test}
  upper_bound: {value: 1.0, source: assumed, where: a test}
  upper_bound_spread: {value: 0.0, source: assumed, where: a test}
  lower_bound: {value: -1.0, source: assumed, where: a test}
  lower_bound_spread: {value: 0.0, source: assumed, where: a test}
  cycle_to_cycle: {value: 0.0, source: assumed, where: a test}
  write_noise: {value: 0.0, source: assumed, where: a test}
  reference_spread: {value: 0.0, source: assumed, where: a test}
  g_mid: {value: 40 uS, source: assumed, where: a test}
  g_span: {value: 10 uS, source: assumed, where: a test}
  g_floor: {value: 1 uS, source: assumed, where: a test}
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@cache
def shown(*words: str) -> dict[str, Any]:
    return dict(json.loads(ok("device", *words, "--json").out))


@cache
def measured(preset: str) -> Characteristics:
    return measure(cells.named(preset).model, 10_000, 200, 0)


def rows(name: str, preset: str) -> Iterator[dict[str, str]]:
    with (REFERENCE / f"aihwkit_{name}.csv").open() as stream:
        yield from (row for row in csv.DictReader(stream) if row["device"] == PRESETS[preset])


# Against the reference


@pytest.mark.parametrize("preset", PRESETS)
def test_spread_over_devices_agrees_with_the_published_distributions(preset: str) -> None:
    """Both samples have an error: 1 / 10,000 + 1 / n. That of a standard deviation follows from the
    fourth moment, that of a percentile lies between the order statistics about it."""
    found, published = shown(preset), {row["quantity"]: row for row in rows("device_distributions", preset)}
    assert found["devices"] == 10_000
    for quantity, name in PUBLISHED.items():
        row, spread = published[name], found["spread"][quantity]
        values = measured(preset).quantities[quantity]
        both = math.sqrt(1 / values.size + 1 / float(row["n"]))
        deviation = float(row["std"])
        assert spread["mean"] == pytest.approx(float(row["mean"]), abs=ERRORS * deviation * both), quantity
        error = deviation * math.sqrt((_kurtosis(values) - 1) / 4) * both
        assert spread["std"] == pytest.approx(deviation, abs=ERRORS * error), quantity
        for share in (5, 50, 95):
            wide = ERRORS * math.sqrt(share / 100 * (1 - share / 100)) * both
            low, high = np.quantile(values, [max(share / 100 - wide, 0), min(share / 100 + wide, 1)])
            assert low <= spread[f"p{share}"] <= high
            assert low - 1e-6 <= float(row[f"p{share}"]) <= high + 1e-6, (quantity, share)


def _kurtosis(values: NDArray[np.float64]) -> float:
    centred = values - values.mean()
    return float((centred**4).mean() / (centred**2).mean() ** 2)


@pytest.mark.parametrize("preset", PRESETS)
def test_pulse_response_agrees_with_the_reference(preset: str) -> None:
    """Two samples of 10,000 devices each: a mean is off by std sqrt(2 / 10,000), and a standard deviation,
    for weights whose kurtosis lies below 7, by at most std sqrt(6 / 4) sqrt(2 / 10,000)."""
    found = {(point["phase"], point["k"]): point for point in shown(preset)["pulse_response"]}
    assert len(found) == 401
    table = list(rows("pulse_response", preset))
    assert len(table) > 15
    for row in table:
        point, deviation = found[row["phase"], int(row["k"])], float(row["std_w"])
        error = ERRORS * deviation * math.sqrt(2 / 10_000)
        rounding = 0.005 if row["phase"] == "start" else 0.0  # devices whose reference a bound cuts off
        assert point["mean"] == pytest.approx(float(row["mean_w"]), abs=error + rounding), row
        assert point["std"] == pytest.approx(deviation, abs=math.sqrt(1.5) * error + rounding), row


@pytest.mark.parametrize("preset", PRESETS)
def test_noise_agrees_with_the_reference(preset: str) -> None:
    (row,) = rows("write_noise", preset)
    noise = shown(preset)["noise"]
    assert noise["write"] == pytest.approx(float(row["expected"]), rel=ERRORS / math.sqrt(2 * 10_000))
    spread, share = float(row["ctoc_residual_std_in_own_dwmin"]), (
        int(row["devices_with_dwmin_below_quarter_wmax"]) / int(row["n"])
    )  # fmt: skip
    assert noise["cycle_to_cycle"] == pytest.approx(spread, rel=ERRORS / math.sqrt(2 * 10_000 * share))


# What is printed


@pytest.mark.parametrize("cell", registry.names("cell"))
def test_every_shipped_cell_is_shown(cell: str, here: Path) -> None:
    said = ok("device", cell, "--devices", 50, "--pulses", 3)
    assert said.out.startswith(f"{cell}: ")
    found = json.loads(ok("device", cell, "--devices", 50, "--pulses", 3, "--json").out)
    assert {"cell", "devices", "spread", "pulse_response"} <= set(found)
    assert set(PUBLISHED) <= set(found["spread"])
    for spread in found["spread"].values():
        assert spread is None or set(spread) == {"mean", "std", "p5", "p50", "p95"}
    moves = found["spread"]["step_up"] is not None
    phases = [("start", 0), *((phase, k) for phase in ("up", "down") for k in (1, 2, 3))] if moves else []
    assert [(point["phase"], point["k"]) for point in found["pulse_response"]] == phases
    assert listing(here) == []


def test_a_quantity_that_the_cell_does_not_have_is_null_and_not_zero(here: Path) -> None:
    """Equal steps and no error of the reference: the symmetry point is 0, and nothing is subtracted."""
    (here / "mine.yaml").write_text(MY_CELL)
    spread = shown(str(here / "mine.yaml"))["spread"]
    assert spread["reference"] is None
    assert spread["symmetry_point"] == dict.fromkeys(("mean", "std", "p5", "p50", "p95"), 0.0)
    assert "reference" in ok("device", "mine.yaml").out


def test_a_cell_file_is_shown_like_a_preset(here: Path) -> None:
    """Soft bounds without spread and noise: w(k) = 1 - 0.9^k, 20 states, no write noise."""
    (here / "mine.yaml").write_text(MY_CELL)
    found = shown(str(here / "mine.yaml"), "--devices", "4", "--pulses", "30")
    assert (found["cell"], found["devices"]) == ("my-cell", 4)
    assert found["spread"]["states"]["mean"] == pytest.approx(20, rel=1e-6)
    for point in found["pulse_response"][:31]:
        assert point["mean"] == pytest.approx(1 - 0.9 ** point["k"], abs=1e-5)
        assert point["std"] == pytest.approx(0, abs=1e-12)
    assert found["noise"] == {"cycle_to_cycle": pytest.approx(0, abs=1e-6), "write": 0.0}


def test_the_table_has_every_quantity_the_noise_and_the_weight_after_pulses() -> None:
    out = ok("device", "reram-om", "--devices", 100, "--pulses", 50).out
    for words in ("step up at state 0", "step down", "upper bound", "lower bound", "symmetry point",
                  "reference", "states", "noise of one step", "write noise"):  # fmt: skip
        assert words in out
    after = [line.split()[-3:] for line in out.splitlines() if line.startswith(("pulses up", "then down"))]
    assert [int(k) for k, _, _ in after] == 2 * [1, 2, 3, 5, 10, 20, 50]


def test_a_parameter_may_be_set() -> None:
    plain, tight = (shown("reram-om", *words) for words in ((), ("-s", "step_spread=0.2")))
    assert tight["spread"]["step_up"]["std"] < 0.3 * plain["spread"]["step_up"]["std"]
    assert tight["spread"]["w_max"] == plain["spread"]["w_max"]


def test_the_seed_alone_makes_the_figures() -> None:
    words = ("device", "reram-hfo2", "--devices", 300, "--pulses", 5, "--json")
    assert ok(*words, "--seed", 3).out == ok(*words, "--seed", 3).out
    assert ok(*words, "--seed", 3).out != ok(*words, "--seed", 4).out


# What is written


def test_a_path_that_ends_in_svg_gets_the_figure(here: Path) -> None:
    said = ok("device", "reram-om", "--devices", 100, "-o", "figures/om.svg")
    assert said.out.splitlines()[-1] == "figure: figures/om.svg"
    assert listing(here) == ["figures", "figures/om.svg"]
    text = (here / "figures" / "om.svg").read_text("utf-8")
    drawing = ElementTree.fromstring(text)
    assert drawing.tag.endswith("svg")
    assert "reram-om: 100 devices" in " ".join(drawing.itertext())
    assert "#0000" not in text, "a colour that only stands for a role"


def test_a_folder_gets_figure_and_tables(here: Path) -> None:
    words = ("device", "reram-om", "--devices", 100, "--pulses", 7, "-o", "out")
    said = json.loads(ok(*words, "--json").out)
    names = ["reram-om.svg", "reram-om-spread.csv", "reram-om-pulse-response.csv"]
    assert said["files"] == [f"out/{name}" for name in names]
    assert listing(here) == ["out", *sorted(said["files"])]
    spread = {row.pop("quantity"): row for row in table(here / "out" / names[1])}
    assert {name: {k: float(v) for k, v in row.items()} for name, row in spread.items()} == said["spread"]
    response = table(here / "out" / names[2])
    assert [{"phase": r["phase"], "k": int(r["k"]), "mean": float(r["mean"]), "std": float(r["std"])}
            for r in response] == said["pulse_response"]  # fmt: skip
    figure = (here / "out" / names[0]).read_bytes()
    assert ok(*words, "--force").code == 0
    assert (here / "out" / names[0]).read_bytes() == figure


def test_files_that_are_there_are_kept_unless_force_is_given(here: Path) -> None:
    (here / "om.svg").write_text("mine")
    said = say("device", "reram-om", "--devices", 10, "-o", "om.svg")
    assert (said.code, said.out) == (1, "")
    assert said.err == "error[E091]: 'om.svg' is there already; name another place or add --force\n"
    assert (here / "om.svg").read_text() == "mine"
    ok("device", "reram-om", "--devices", 10, "-o", "om.svg", "--force")
    assert (here / "om.svg").read_text() != "mine"


@pytest.mark.parametrize("cell", registry.names("cell"))
def test_every_shipped_cell_has_a_figure(cell: str, here: Path) -> None:
    ok("device", cell, "--devices", 20, "--pulses", 3, "-o", "cell.svg")
    assert ElementTree.parse(here / "cell.svg").getroot().tag.endswith("svg")


# Wrong input


def wrong(*words: object, code: int = 3) -> list[str]:
    said = say("device", *words)
    assert (said.code, said.out) == (code, ""), said
    return said.faults


def test_a_name_that_is_not_known_is_answered_with_the_nearest(here: Path) -> None:
    assert wrong("reram-on") == ["error[E030]: unknown cell 'reram-on'; did you mean 'reram-om'?"]
    (here / "mine.yaml").write_text(MY_CELL)
    assert wrong("mime.yaml") == ["mime.yaml: error[E001]: there is no such file; did you mean 'mine.yaml'?"]


def test_all_faults_of_settings_are_told_at_once(here: Path) -> None:
    assert wrong("reram-om", "-s", "step_sprad=0.2", "-s", "step=-1", "-s", "corrupt", "-o", "out") == [
        "error[E024]: 'corrupt' is not a setting; write PARAMETER=VALUE",
        "--set:1:1: error[E012]: cell 'reram-om': unknown key 'step_sprad'; did you mean 'step_spread'?",
        "--set:1:6: error[E014]: cell 'reram-om': step: expected more than 0, got -1",
    ]
    assert listing(here) == []


def test_faults_of_a_cell_file_stand_at_their_place(here: Path) -> None:
    (here / "mine.yaml").write_text(MY_CELL.replace("soft-bounds", "soft-bound"))
    assert wrong("mine.yaml") == [
        "mine.yaml:4:8: error[E030]: unknown device model 'soft-bound'; did you mean 'soft-bounds'?"
    ]
    (here / "mine.yaml").write_text(MY_CELL.replace("value: 40 uS", "value: 40 mV"))
    (fault,) = wrong("mine.yaml")
    assert fault.startswith("mine.yaml:16:18: error[E017]: cell 'my-cell': g_mid: expected a conductance")
    (here / "chip.yaml").write_text("format: chipsim-architecture/1\n")
    assert any("format" in fault for fault in wrong("chip.yaml"))


def test_the_command_line_is_checked() -> None:
    assert wrong("reram-om", "-o", "cell.pdf", code=2) == [
        "error[E100]: 'cell.pdf' is neither a folder nor an .svg file; name one of the two"
    ]
    for option in ("--devices", "--pulses"):
        (fault,) = wrong("reram-om", option, "0", code=2)
        assert option in fault
