"""The ReRAM presets against distributions measured with AIHWKIT (tests/reference/README.md).

A mean over n devices has the standard error std / sqrt(n), a standard deviation about
std sqrt((kurtosis - 1) / (4 n)); both samples have one, so that they add in quadrature. Means are held to
4.5 standard errors: with about 150 comparisons a false alarm has a probability of 1e-3. Spreads of heavy
tails are held to percentiles instead.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from chipsim.devices import cells
from chipsim.devices.device import Cells, DeviceModel, Region
from chipsim.devices.soft_bounds import CellModel
from chipsim.inputs import documents

REFERENCE = Path(__file__).parent.parent / "reference"
PRESETS = {"reram-om": "ReRamArrayOM", "reram-hfo2": "ReRamArrayHfO2"}
SIDE = 100
WHOLE = Region(0, 0, SIDE, SIDE)
ERRORS = 4.5


def model(text: str) -> DeviceModel:
    return cells.load(documents.parse(f"cell: {text}\n", "test.yaml"), ("cell",), "test")


def rows(table: str, preset: str) -> Iterator[dict[str, str]]:
    with (REFERENCE / f"aihwkit_{table}.csv").open() as stream:
        yield from (row for row in csv.DictReader(stream) if row["device"] == PRESETS[preset])


def array(preset: str, seed: int = 11, side: int = SIDE) -> Cells:
    return Cells(model(preset), side, side, seed, "array")


@cache
def drawn(preset: str) -> dict[str, NDArray[Any]]:
    found = array(preset, side=500)
    numbers = found._numbers.astype(np.float64)
    centre = CellModel.symmetry_points(numbers)
    return {
        "dw_min_up": numbers[..., 0].ravel(),
        "dw_min_down": numbers[..., 1].ravel(),
        "w_max": found.upper.ravel(),
        "w_min": found.lower.ravel(),
        "symmetry_point": centre.ravel(),
        "reference": found.reference.ravel(),
        "reference_error": (found.reference - centre).ravel(),
        "up_down_asymmetry": (
            (numbers[..., 0] - numbers[..., 1]) / (numbers[..., 0] + numbers[..., 1])
        ).ravel(),
    }


@pytest.mark.parametrize("preset", PRESETS)
def test_hidden_parameters_are_distributed_like_the_published_fit(preset: str) -> None:
    for row in rows("device_distributions", preset):
        values = drawn(preset)[row["quantity"]]
        error = float(row["std"]) * math.sqrt(1 / values.size + 1 / float(row["n"]))
        assert values.mean() == pytest.approx(float(row["mean"]), abs=ERRORS * error), row["quantity"]
        for share in (5, 25, 50, 75, 95):
            expected, (low, high) = float(row[f"p{share}"]), _percentile_band(values, share)
            assert low - 1e-4 <= expected <= high + 1e-4, (row["quantity"], share)


def _percentile_band(values: NDArray[Any], share: float) -> tuple[float, float]:
    """Where a sample's percentile lies if the true one is at `share`: order statistics 4.5 errors away."""
    p = share / 100
    spread = ERRORS * math.sqrt(p * (1 - p) / values.size) * 100
    low, high = np.percentile(values, [max(share - spread, 0), min(share + spread, 100)])
    return float(low), float(high)


@pytest.mark.parametrize("preset", PRESETS)
def test_weight_after_k_pulses_up_then_down_agrees_with_the_reference(preset: str) -> None:
    expected = {(row["phase"], int(row["k"])): row for row in rows("pulse_response", preset)}
    device = array(preset)
    device.place(WHOLE, np.zeros(device.shape))
    for phase, sign in (("up", 1), ("down", -1)):
        for k in range(1, 201):
            device.pulse(WHOLE, np.full((1, SIDE, SIDE), sign, dtype=np.int16))
            if (row := expected.get((phase, k))) is not None:
                _agrees(device.weights, float(row["mean_w"]), float(row["std_w"]), (phase, k))
                apparent, _ = device.apparent(WHOLE)
                _agrees(
                    apparent, float(row["mean_w_apparent"]), float(row["std_w_apparent"]), (phase, k, "read")
                )


def _agrees(values: NDArray[Any], mean: float, deviation: float, what: Any) -> None:
    count = values.size
    assert values.mean() == pytest.approx(mean, abs=ERRORS * deviation * math.sqrt(2 / count)), what
    centred = values.astype(np.float64) - values.mean()
    kurtosis = float((centred**4).mean() / (centred**2).mean() ** 2)
    error = deviation * math.sqrt((kurtosis - 1) / (4 * count)) * math.sqrt(2)
    assert values.std() == pytest.approx(deviation, abs=ERRORS * error), what


@pytest.mark.parametrize("preset", PRESETS)
def test_alternating_pulses_lead_to_the_symmetry_point_like_the_reference(preset: str) -> None:
    starts = sorted({float(row["start"]) for row in rows("symmetry_point_alternating", preset)})
    for start in starts:
        table = [r for r in rows("symmetry_point_alternating", preset) if float(r["start"]) == start]
        wanted = {int(row["up_down_pairs"]): row for row in table}
        device = array(preset, seed=5)
        device.place(WHOLE, np.full(device.shape, start))
        for pair in range(1, 101):
            device.pulse(WHOLE, np.full((1, SIDE, SIDE), 1, dtype=np.int16))
            device.pulse(WHOLE, np.full((1, SIDE, SIDE), -1, dtype=np.int16))
            if (row := wanted.get(pair)) is not None:
                _agrees(device.weights, float(row["mean_w"]), float(row["std_w"]), (start, pair))


@pytest.mark.parametrize("preset", PRESETS)
def test_write_noise_and_first_step_agree_with_the_reference(preset: str) -> None:
    (row,) = rows("write_noise", preset)
    device = array(preset, side=300)
    whole = Region(0, 0, 300, 300)
    device.place(whole, np.zeros(device.shape))
    before = device.weights
    device.pulse(whole, np.ones((1, 300, 300), dtype=np.int16))
    step = device.weights - before
    apparent, _ = device.apparent(whole)
    again, _ = device.apparent(whole)
    count = step.size
    noise = float((apparent - device.weights).std())
    assert noise == pytest.approx(float(row["expected"]), rel=ERRORS / math.sqrt(2 * count))
    deviation = float(row["std_step_first_up_pulse"])
    error = ERRORS * deviation * math.sqrt(2 / count)
    assert step.mean() == pytest.approx(float(row["mean_step_first_up_pulse"]), abs=error)
    assert np.array_equal(apparent, again)


def test_mean_path_without_noise_follows_the_closed_form() -> None:
    """w(k) = b+ (1 - (1 - d / b+)^k): each step closes the same share of the way to the bound."""
    calm = model(
        "{preset: reram-om, step_spread: 0, up_down_spread: 0, upper_bound_spread: 0, lower_bound_spread: 0, "
        "cycle_to_cycle: 0, write_noise: 0, reference_spread: 0}"
    )
    device = Cells(calm, 1, 1, 0, "array")
    one = Region(0, 0, 1, 1)
    device.place(one, np.zeros((1, 1)))
    for k in range(1, 60):
        device.pulse(one, np.ones((1, 1, 1), dtype=np.int16))
        assert device.weights[0, 0] == pytest.approx(1 - (1 - 0.0949) ** k, abs=1e-6)


def test_share_of_corrupt_devices_is_the_one_asked_for() -> None:
    device = Cells(model("{preset: reram-om, corrupt: 0.1348}"), 300, 300, 3, "array")
    whole = Region(0, 0, 300, 300)
    device.place(whole, np.zeros(device.shape))
    before = device.state.copy()
    device.pulse(whole, np.full((1, 300, 300), 5, dtype=np.int16))
    share = float((device.state == before).mean())
    error = math.sqrt(0.1348 * 0.8652 / device.state.size)
    assert share == pytest.approx(0.1348, abs=ERRORS * error)
