"""The ReRAM presets against distributions measured with AIHWKIT (tests/reference/README.md).

A mean over n devices has the standard error std / sqrt(n), a standard deviation about
std sqrt((kurtosis - 1) / (4 n)); both samples have one, so that they add in quadrature. Means are held to
4.5 standard errors: with about 450 comparisons a false alarm has a probability of 3e-3. Spreads of heavy
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
from chipsim.errors import InputError
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
    numbers = found.numbers.astype(np.float64)
    centre = found.symmetry_points
    return {
        "dw_min_up": numbers[..., 0].ravel(),
        "dw_min_down": numbers[..., 1].ravel(),
        "w_max": found.upper.ravel(),
        "w_min": found.lower.ravel(),
        "symmetry_point": centre.ravel(),
        "reference": found.reference.ravel(),
        "reference_error": (found.reference - centre).ravel(),
        "states_per_device": found.quantities()["states"].ravel(),
        "up_down_asymmetry": (
            (numbers[..., 0] - numbers[..., 1]) / (numbers[..., 0] + numbers[..., 1])
        ).ravel(),
    }


@pytest.mark.parametrize("preset", PRESETS)
def test_hidden_parameters_are_distributed_like_the_published_fit(preset: str) -> None:
    for row in rows("device_distributions", preset):
        values = drawn(preset)[row["quantity"]]
        both = math.sqrt(1 / values.size + 1 / float(row["n"]))
        error = float(row["std"]) * both
        assert values.mean() == pytest.approx(float(row["mean"]), abs=ERRORS * error), row["quantity"]
        for share in (5, 25, 50, 75, 95):
            expected, (low, high) = float(row[f"p{share}"]), _percentile_band(values, share / 100, both)
            assert low - 1e-4 <= expected <= high + 1e-4, (row["quantity"], share)


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize(
    "quantity", ["dw_min_up", "dw_min_down", "w_max", "w_min", "reference", "reference_error"]
)
def test_spread_of_hidden_parameters_is_that_of_the_published_fit(preset: str, quantity: str) -> None:
    """Deviations of quantities whose fourth moment exists and is small enough to be estimated here.

    Ratios whose denominator comes near zero (symmetry point, asymmetry) have tails that a few devices
    decide; the percentiles above hold them.
    """
    (row,) = (row for row in rows("device_distributions", preset) if row["quantity"] == quantity)
    values = drawn(preset)[quantity].astype(np.float64)
    centred = values - values.mean()
    kurtosis = float((centred**4).mean() / (centred**2).mean() ** 2)
    both = math.sqrt(1 / values.size + 1 / float(row["n"]))
    error = float(row["std"]) * math.sqrt((kurtosis - 1) / 4) * both
    assert values.std() == pytest.approx(float(row["std"]), abs=ERRORS * error)


def _percentile_band(values: NDArray[Any], share: float, both: float) -> tuple[float, float]:
    """Where the other sample's percentile lies: order statistics 4.5 errors of the two samples away."""
    spread = ERRORS * math.sqrt(share * (1 - share)) * both
    low, high = np.quantile(values, [max(share - spread, 0), min(share + spread, 1)])
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
                apparent, _ = device.apparent(WHOLE)
                _agrees(
                    apparent,
                    float(row["mean_w_apparent"]),
                    float(row["std_w_apparent"]),
                    (start, pair, "read"),
                )


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
    for measured in (
        "write_noise_std_after_set",
        "write_noise_std_after_pulse",
    ):  # by the same number of cells
        assert noise == pytest.approx(float(row[measured]), rel=ERRORS / math.sqrt(count))
    deviation = float(row["std_step_first_up_pulse"])
    error = ERRORS * deviation * math.sqrt(2 / count)
    assert step.mean() == pytest.approx(float(row["mean_step_first_up_pulse"]), abs=error)
    assert np.array_equal(apparent, again)


@pytest.mark.parametrize("preset", PRESETS)
def test_spread_from_cycle_to_cycle_agrees_with_the_reference(preset: str) -> None:
    """(step - noise-free step) / own step, over devices whose step is below a quarter of their bound."""
    (row,) = rows("write_noise", preset)
    device = array(preset, side=300)
    whole = Region(0, 0, 300, 300)
    device.place(whole, np.zeros(device.shape))
    before = device.state.astype(np.float64)
    device.pulse(whole, np.ones((1, 300, 300), dtype=np.int16))
    own = device.numbers[..., 0].astype(np.float64)
    free = own * (1 - before / device.upper)
    small = (own > 0) & (own < device.upper / 4)
    residual = ((device.state - before - free) / np.where(small, own, 1))[small]
    spread, count = (
        float(row["ctoc_residual_std_in_own_dwmin"]),
        int(row["devices_with_dwmin_below_quarter_wmax"]),
    )
    share = count / int(row["n"])
    assert residual.size == pytest.approx(count, abs=ERRORS * math.sqrt(2 * share * (1 - share) * 90_000))
    both = math.sqrt(1 / residual.size + 1 / count)
    assert residual.mean() == pytest.approx(
        float(row["ctoc_residual_mean_in_own_dwmin"]), abs=ERRORS * spread * both
    )
    kurtosis = float((residual**4).mean() / (residual**2).mean() ** 2)
    error = spread * math.sqrt((kurtosis - 1) / 4) * both
    assert residual.std() == pytest.approx(spread, abs=ERRORS * error)


CALM = (
    "{preset: reram-om, step_spread: 0, up_down_spread: %s, upper_bound_spread: 0, lower_bound_spread: 0, "
    "cycle_to_cycle: %s, write_noise: 0, reference_spread: 0}"
)


@pytest.mark.parametrize(("sign", "start"), [(1, 0.0), (1, -0.8), (-1, 0.0), (-1, 0.7)])
def test_mean_path_without_noise_follows_the_closed_form(sign: int, start: float) -> None:
    """w(k) = b + (w(0) - b)(1 - d / |b|)^k: each step closes the same share of the way to the bound b."""
    device = Cells(model(CALM % (0, 0)), 1, 1, 0, "array")
    one = Region(0, 0, 1, 1)
    device.place(one, np.full((1, 1), start))
    for k in range(1, 60):
        device.pulse(one, np.full((1, 1, 1), sign, dtype=np.int16))
        assert device.weights[0, 0] == pytest.approx(sign + (start - sign) * (1 - 0.0949) ** k, abs=1e-6)


def test_spread_from_cycle_to_cycle_leaves_the_mean_path_and_adds_its_variance() -> None:
    """One step from the middle of the range, far from both bounds: mean d (1 - w / b), deviation d c."""
    device = Cells(model(CALM % (0, 0.4158)), SIDE, SIDE, 0, "array")
    device.place(WHOLE, np.full(device.shape, -0.2))
    before = device.weights
    device.pulse(WHOLE, np.ones((1, SIDE, SIDE), dtype=np.int16))
    step = (device.weights - before).astype(np.float64)
    deviation = 0.0949 * 0.4158
    assert step.mean() == pytest.approx(0.0949 * 1.2, abs=ERRORS * deviation / SIDE)
    assert step.std() == pytest.approx(deviation, rel=ERRORS / math.sqrt(2) / SIDE)


def test_alternating_pulses_without_noise_end_about_the_symmetry_point() -> None:
    """s* = (d+ - d-) / (d+ / b+ - d- / b-); after up then down the state lies below it by under a step."""
    device = Cells(model(CALM % (0.2, 0)), 20, 20, 0, "array")
    whole = Region(0, 0, 20, 20)
    up, down = device.numbers[..., 0].astype(np.float64), device.numbers[..., 1].astype(np.float64)
    centre = (up - down) / (up / device.upper - down / device.lower)
    assert np.allclose(device.symmetry_points, centre, atol=1e-6)
    assert centre.std() > 0.05
    device.pulse(whole, np.tile(np.array([1, -1], dtype=np.int16)[:, None, None], (300, 20, 20)))
    below = device.state.copy()
    device.pulse(whole, np.ones((1, 20, 20), dtype=np.int16))
    assert np.all(below < centre)
    assert np.all(centre < device.state)


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("{preset: reram-om, corrupt: 0.3}", 0.3),
        ("{preset: reram-om, corrupt: measured}", 0.1348),
        ("{preset: reram-hfo2, corrupt: measured}", 0.0977),
    ],
)
def test_corrupt_devices_are_as_many_as_asked_for_and_stuck_near_zero(text: str, share: float) -> None:
    """Stuck at a value drawn uniformly within +-0.01 (and the device's own bounds), whatever is done."""
    device = Cells(model(text), 300, 300, 3, "array")
    whole = Region(0, 0, 300, 300)
    stuck = device.upper == device.lower
    assert stuck.mean() == pytest.approx(share, abs=ERRORS * math.sqrt(share * (1 - share) / stuck.size))
    held = device.state[stuck].copy()
    device.place(whole, np.full(device.shape, 0.5))
    device.pulse(whole, np.full((1, 300, 300), 5, dtype=np.int16))
    device.randomise(whole)
    assert np.array_equal(device.state[stuck], held)
    assert np.abs(held).max() <= 0.01
    error = 0.01 / math.sqrt(3)
    assert held.mean() == pytest.approx(0, abs=ERRORS * error / math.sqrt(held.size))
    assert held.std() == pytest.approx(error, rel=0.03)
    reference = device.reference[stuck].astype(np.float64)
    assert reference.mean() == pytest.approx(0, abs=ERRORS * 0.05 / math.sqrt(held.size))
    assert not np.isfinite(device.symmetry_points[stuck]).any()
    assert np.isfinite(device.symmetry_points[~stuck]).all()


@pytest.mark.parametrize(
    ("preset", "upper", "lower"), [("reram-om", 1.4839, -0.6192), ("reram-hfo2", 1.1490, -1.0284)]
)
def test_measured_bounds_are_chosen_by_name_and_change_nothing_but_the_means(
    preset: str, upper: float, lower: float
) -> None:
    """Bounds are drawn about the measured means with the same relative spreads; steps stay as they are."""
    adjusted, measured = (
        Cells(model(f"{{preset: {preset}, bounds: {bounds}}}"), SIDE, SIDE, 1, "array")
        for bounds in ("adjusted", "measured")
    )
    assert np.allclose(measured.upper, adjusted.upper * upper, rtol=1e-5)
    assert np.allclose(measured.lower, adjusted.lower * -lower, rtol=1e-5)
    assert np.array_equal(measured.numbers[..., :2], adjusted.numbers[..., :2])
    assert np.array_equal(Cells(model(preset), SIDE, SIDE, 1, "array").upper, adjusted.upper)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "{preset: reram-om, bounds: measured, measured_upper_bound: null}",
            "test: cell 'reram-om': bounds: 'measured' is chosen, but not both of 'measured_upper_bound' "
            "and 'measured_lower_bound' are given",
        ),
        (
            "{preset: reram-om, corrupt: measured, measured_corrupt: null}",
            "test: cell 'reram-om': corrupt: 'measured' is chosen, but 'measured_corrupt' is not given",
        ),
        (
            "{preset: reram-om, corrupt: some}",
            "test: cell 'reram-om': corrupt: expected a number or 'measured', got 'some'",
        ),
    ],
)
def test_what_was_not_measured_cannot_be_chosen(text: str, sentence: str) -> None:
    with pytest.raises(InputError) as error:
        model(text)
    assert [fault.message for fault in error.value.faults] == [sentence]
