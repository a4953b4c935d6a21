"""Constant-step cells: straight paths between hard bounds, spreads as stated, the reference's updates.

Means and deviations of n devices are held to 4.5 standard errors, deviation / sqrt(n) and deviation /
sqrt(2 n) for normal numbers: some thirty comparisons, a false alarm with a probability of 2e-4 in all.
"""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import pytest

from chipsim.circuits.pulse_driver import Firing, Parameters, PulseDriver, probability_scale
from chipsim.devices import cells
from chipsim.devices.device import Cells, Region
from chipsim.devices.trains import Wanted
from chipsim.inputs import documents
from chipsim.numerics.draws import stream

REFERENCE = Path(__file__).parent.parent / "reference" / "aihwkit_stochastic_update.csv"
ERRORS = 4.5
CALM = (
    "{preset: constant-step, step_spread: 0, up_down_spread: 0, upper_bound: %s, lower_bound: -0.6, "
    "upper_bound_spread: 0, lower_bound_spread: 0, cycle_to_cycle: 0}"
)


def array(text: str, rows: int, columns: int, seed: int = 3) -> Cells:
    model = cells.load(documents.parse(f"cell: {text}\n", "test.yaml"), ("cell",), "test")
    return model.build(rows, columns, seed, "array")


def normal(values: np.ndarray, mean: float, deviation: float) -> None:
    assert values.mean() == pytest.approx(mean, abs=ERRORS * deviation / math.sqrt(values.size))
    assert values.std() == pytest.approx(deviation, rel=ERRORS / math.sqrt(2 * values.size))


def test_a_calm_device_goes_in_equal_steps_until_a_bound_stops_it() -> None:
    device, one = array(CALM % 0.6, 1, 1), Region(0, 0, 1, 1)
    for k in range(1, 650):
        device.pulse(one, np.ones((1, 1, 1), dtype=np.int16))
        assert device.state[0, 0] == pytest.approx(min(0.001 * k, 0.6), abs=2e-5)
    device.pulse(one, np.full((1, 1, 1), -700, dtype=np.int16))
    assert device.state[0, 0] == pytest.approx(-0.1, abs=4e-5)
    device.pulse(one, np.full((1, 1, 1), -700, dtype=np.int16))
    assert device.state[0, 0] == np.float32(-0.6)


def test_devices_spread_as_the_baseline_says() -> None:
    """30 % of step and bounds, 2 % of the ratio of up to down (in mean steps), none of it at the origin.

    A normal number of mean 1 and deviation 0.3 is negative once in 2,000 times, and folded then.
    """
    device = array("constant-step", 300, 300)
    up, down = device.numbers[..., 0].astype(np.float64), device.numbers[..., 1].astype(np.float64)
    normal((up + down) / 2, 0.001, 0.0003)
    normal((up - down) / 2, 0.0, 0.00001)
    normal(device.upper.astype(np.float64), 0.6, 0.18)
    normal(device.lower.astype(np.float64), -0.6, 0.18)
    assert abs(np.corrcoef(device.upper.ravel(), device.lower.ravel())[0, 1]) < ERRORS / 300
    assert not device.reference.any()


def test_one_step_spreads_from_cycle_to_cycle_in_units_of_the_devices_own() -> None:
    device, whole = array("constant-step", 300, 300), Region(0, 0, 300, 300)
    device.pulse(whole, np.ones((1, 300, 300), dtype=np.int16))
    step = device.numbers[..., 0].astype(np.float64)
    free = (step > 0.0002) & (device.upper > 0.01)
    normal((device.state / np.where(free, step, 1))[free].astype(np.float64), 1.0, 0.3)


def test_there_is_no_symmetry_point_and_pulses_in_turn_lead_nowhere() -> None:
    device, whole = array(CALM % 0.6, 4, 3), Region(0, 0, 4, 3)
    device.place(whole, np.full((4, 3), 0.25))
    device.pulse(whole, np.tile(np.array([1, -1], dtype=np.int16)[:, None, None], (100, 4, 3)))
    assert np.allclose(device.weights, 0.25, atol=1e-5)
    assert np.isnan(device.symmetry_points).all()
    assert not device.has_symmetry_points(whole)


def test_updates_of_a_calm_device_agree_with_the_reference() -> None:
    """Net pulses of an update of a constant-step device with bounds +-10 (tests/reference/README.md).

    Mean -sign(x d) BL p q and variance BL p q (1 - p q), 4.5 errors of both samples. About 100 comparisons:
    a false alarm has a probability of 1e-3 in all, beside the row x = 1, d = -1, lr = 0.001, where the
    reference's own variance lies 4.8 errors above the closed form.
    """
    with REFERENCE.open() as lines:
        table = [row for row in csv.DictReader(lines) if row["mode"] == "plain"]
    images, one = 4000, Region(0, 0, 1, 1)
    for index, row in enumerate(table):
        x, d, rate, step = (float(row[name]) for name in ("x", "d", "lr", "dw_min"))
        device, slots = array(CALM % 10, 1, 1), int(row["bl"])
        assert device.model.granularity == step
        net = net_pulses(device, x, d, rate, slots, images, index)
        assert np.allclose(net, np.rint(net), atol=2e-3)
        scale = probability_scale(rate, step, slots)
        chance = min(1.0, scale * abs(x)) * min(1.0, scale * abs(d))
        mean, variance = -math.copysign(slots * chance, x * d), slots * chance * (1 - chance)
        error = ERRORS * math.sqrt(variance / images) + 1e-3
        assert net.mean() == pytest.approx(mean, abs=error), row
        assert net.mean() == pytest.approx(float(row["mean_net_pulses"]), abs=error * math.sqrt(2)), row
        if variance > 1e-9:
            excess = (1 - 6 * chance * (1 - chance)) / variance
            error = ERRORS * (variance * math.sqrt((excess + 2) / images) + 1 / images)
            assert net.var() == pytest.approx(variance, abs=error), row
            found = float(row["std_net_pulses"]) ** 2
            assert net.var() == pytest.approx(found, abs=error * math.sqrt(2)), row
    device.place(one, np.full((1, 1), 20.0))
    assert device.weights[0, 0] == 10


def net_pulses(
    device: Cells, x: float, d: float, rate: float, slots: int, images: int, seed: int
) -> np.ndarray:
    """Weight after each of some updates from weight 0, in steps."""
    step, one = device.model.granularity, Region(0, 0, 1, 1)
    driver = PulseDriver(Parameters(type="pulse-driver", bit_length=slots, pulse_width=1e-7))
    keys = stream(seed, "rows"), stream(seed, "columns")
    xs, ds = np.full((images, 1), x), np.full((images, 1), d)
    scales = np.full(images, probability_scale(rate, step, slots))
    trains, _ = driver.draw(xs, ds, Firing(scales, scales, np.full(images, slots)), keys, 0)
    net = np.empty(images)
    for image in range(images):
        at = slice(image, image + 1)
        device.place(one, np.zeros((1, 1)))
        own = trains._replace(**{name: getattr(trains, name)[at] for name in trains._fields[:4]})
        device.update(one, own, Wanted(xs[at], ds[at], rate))
        net[image] = device.weights[0, 0] / step
    return net
