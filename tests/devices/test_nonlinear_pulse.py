"""Nonlinear-pulse cells follow the published curves, whose labels mean what the published table says."""

from __future__ import annotations

import math

import numpy as np
import pytest

from chipsim.devices import cells
from chipsim.devices.device import Cells, Region
from chipsim.devices.nonlinear_pulse import curvature
from chipsim.inputs import documents

ERRORS = 4.5
ONE = Region(0, 0, 1, 1)
CALM = "{preset: ag-a-si, cycle_to_cycle: 0, nonlinearity_up: %s, nonlinearity_down: %s}"
PUBLISHED = {
    0.01: 126.268958, 0.5: 2.519877, 1.0: 1.251653, 2.4: 0.499181, 4.88: 0.200303, 7.0: 0.090139,
    9.0: 0.022810,
}  # fmt: skip
"""A / P_max by nonlinearity label: entries of the table Nonlinearity-NormA of MLP_NeuroSim_V3.0."""


def array(text: str, rows: int = 1, columns: int = 1, seed: int = 0) -> Cells:
    model = cells.load(documents.parse(f"cell: {text}\n", "test.yaml"), ("cell",), "test")
    return model.build(rows, columns, seed, "array")


def path(device: Cells, start: float, sign: int, count: int) -> list[float]:
    """States from 0 (G_min) to 1 (G_max) after 0, 1, .. pulses."""
    device.place(ONE, np.full((1, 1), start))
    found = [float(device.state[0, 0])]
    for _ in range(count):
        device.pulse(ONE, np.full((1, 1, 1), sign, dtype=np.int16))
        found.append(float(device.state[0, 0]))
    return [(state + 1) / 2 for state in found]


@pytest.mark.parametrize(("label", "normalised"), PUBLISHED.items())
def test_labels_mean_the_published_curves(label: float, normalised: float) -> None:
    assert 1 / curvature(label) == pytest.approx(normalised, rel=5e-5)
    assert curvature(-label) == -curvature(label)


def test_a_label_is_the_largest_distance_from_the_straight_line() -> None:
    p = np.linspace(0, 1, 100_001)
    for label in (0.3, 2.4, 6.0):
        c = curvature(label)
        distance = ((1 - np.exp(-c * p)) / (1 - math.exp(-c)) - p).max()
        assert 10.1015 * distance == pytest.approx(label, rel=1e-6)


@pytest.mark.parametrize("label", [1e-6, 0.5, 2.4, 6.76])
def test_pulses_from_the_lowest_state_follow_the_curve_of_potentiation(label: float) -> None:
    """G = G_min + B (1 - exp(-P / A)), B = (G_max - G_min) / (1 - exp(-P_max / A))."""
    a = 97 / curvature(label)
    for pulses, state in enumerate(path(array(CALM % (label, -1)), -1.0, 1, 97)):
        assert state == pytest.approx(-math.expm1(-pulses / a) / -math.expm1(-97 / a), abs=3e-6)


@pytest.mark.parametrize("label", [1e-6, 0.61, 4.88])
def test_pulses_from_the_highest_state_follow_the_curve_of_depression(label: float) -> None:
    """G = G_max - B (1 - exp((P - P_max) / A)) with P counted down from P_max."""
    a = 100 / curvature(label)
    for pulses, state in enumerate(path(array(CALM % (1, -label)), 1.0, -1, 100)):
        assert state == pytest.approx(1 - -math.expm1(-pulses / a) / -math.expm1(-100 / a), abs=3e-6)


def test_a_pulse_goes_on_along_its_curve_from_wherever_the_device_is() -> None:
    """Invert the curve at the state, go one pulse on: what the published model does."""
    a = 97 / curvature(2.4)
    b = 1 / -math.expm1(-97 / a)
    device = array(CALM % (2.4, -4.88))
    for start in np.linspace(0.02, 0.95, 12):
        pulses = -a * math.log(1 - start / b)
        _, after = path(device, 2 * start - 1, 1, 1)
        assert after == pytest.approx(b * -math.expm1(-(pulses + 1) / a), abs=1e-6)


def test_depression_at_a_positive_label_goes_back_along_potentiation() -> None:
    text = "{preset: nonlinear-pulse, cycle_to_cycle: 0, nonlinearity_up: 3, nonlinearity_down: 3}"
    device = array(text)
    up, down = path(device, -1.0, 1, 64), path(device, 1.0, -1, 64)
    assert np.allclose(up, down[::-1], atol=3e-5)
    assert not device.has_symmetry_points(ONE)


def test_no_label_means_equal_steps_and_no_symmetry_point() -> None:
    device = array(CALM % (0, 0))
    assert np.allclose(np.diff(path(device, -1.0, 1, 97)), 1 / 97, atol=1e-6)
    assert np.allclose(np.diff(path(device, 1.0, -1, 100)), -1 / 100, atol=1e-6)
    assert not device.has_symmetry_points(ONE)


def test_alternating_pulses_end_about_the_symmetry_point() -> None:
    """s* = (k+ t+ + k- t-) / (k+ + k-) with k = 1 - exp(-c / P_max) and t = 2 / (1 - exp(-c)) - 1."""
    up, down = curvature(2.4), -curvature(4.88)
    rates = -math.expm1(-up / 97), -math.expm1(down / 100)
    ends = 2 / -math.expm1(-up) - 1, 2 / -math.expm1(-down) - 1
    centre = (rates[0] * ends[0] + rates[1] * ends[1]) / sum(rates)
    device = array("{preset: ag-a-si, cycle_to_cycle: 0}")
    assert device.symmetry_points[0, 0] == pytest.approx(centre, abs=1e-5)
    for start in (-0.9, 0.9):
        device.place(ONE, np.full((1, 1), start))
        device.pulse(ONE, np.tile(np.array([1, -1], dtype=np.int16)[:, None, None], (300, 1, 1)))
        below = float(device.state[0, 0])
        device.pulse(ONE, np.ones((1, 1, 1), dtype=np.int16))
        assert below < centre < float(device.state[0, 0])


def test_cycle_to_cycle_noise_is_a_share_of_the_range_and_adds_up_over_pulses() -> None:
    """Each pulse of 16 adds n with deviation 2 sigma, which later pulses of slope 1 - k damp."""
    text = "{preset: nonlinear-pulse, cycle_to_cycle: 0.01, nonlinearity_up: 2, nonlinearity_down: -2}"
    device, whole = array(text, 150, 150), Region(0, 0, 150, 150)
    calm = array(text.replace("0.01", "0"))
    k = -math.expm1(-curvature(2) / 64)
    variance = 0.0
    device.place(whole, np.full(device.shape, -0.5))
    calm.place(ONE, np.full((1, 1), -0.5))
    for _ in range(16):
        device.pulse(whole, np.ones((1, 150, 150), dtype=np.int16))
        calm.pulse(ONE, np.ones((1, 1, 1), dtype=np.int16))
        variance = variance * (1 - k) ** 2 + (2 * 0.01) ** 2
        spread = math.sqrt(variance)
        states = device.state.astype(np.float64)
        assert states.mean() == pytest.approx(float(calm.state[0, 0]), abs=ERRORS * spread / 150)
        assert states.std() == pytest.approx(spread, rel=ERRORS / math.sqrt(2) / 150)


def test_devices_spread_by_their_labels_each_direction_on_its_own() -> None:
    """The rate of each direction, turned back into a label, is normal about the mean label."""
    text = "{preset: nonlinear-pulse, nonlinearity_up: 3, nonlinearity_down: -4, nonlinearity_spread: 0.5}"
    device = array(text, 100, 100)
    known = np.linspace(0.01, 9, 4000)
    rates = np.array([-math.expm1(-curvature(label) / 64) for label in known])
    labels = [np.interp(device.numbers[..., index].ravel(), rates, known) for index in (1, 3)]
    for found, mean in zip(labels, (3, 4), strict=True):
        assert found.mean() == pytest.approx(mean, abs=ERRORS * 0.5 / 100)
        assert found.std() == pytest.approx(0.5, rel=ERRORS / math.sqrt(2) / 100)
    assert abs(np.corrcoef(*labels)[0, 1]) < ERRORS / 100


@pytest.mark.parametrize(
    ("preset", "on", "ratio"),
    [("nonlinear-pulse", 5e-6, 50), ("ag-a-si", 1 / 26e6, 12.5), ("alox-hfo2", 1 / 16.9e3, 4.43)],
)
def test_conductances_run_between_the_published_on_and_off_states(
    preset: str, on: float, ratio: float
) -> None:
    device = array(preset)
    device.state[:] = 1.0
    assert device.conductances[0, 0] == pytest.approx(on, rel=1e-3)
    device.state[:] = -1.0
    assert device.conductances[0, 0] == pytest.approx(on / ratio, rel=1e-2)


def test_the_granularity_is_the_mean_of_the_steps_from_the_middle() -> None:
    device = array("{preset: ag-a-si, cycle_to_cycle: 0}")
    steps = [abs(path(device, 0.0, sign, 1)[1] - 0.5) * 2 for sign in (1, -1)]
    assert device.model.granularity == pytest.approx(sum(steps) / 2, rel=1e-5)
