"""The capacitor cell: its steps and the spread of its devices."""

from __future__ import annotations

import numpy as np
import pytest

from chipsim.devices import cells
from chipsim.devices.device import Region
from chipsim.devices.linear_step import CellModel
from chipsim.errors import InputError
from chipsim.inputs import documents

SIDE = 100
WHOLE = Region(0, 0, SIDE, SIDE)


def model(text: str) -> CellModel:
    found = cells.load(documents.parse(f"cell: {text}\n", "test.yaml"), ("cell",), "test")
    assert isinstance(found, CellModel)
    return found


def test_devices_are_spread_as_the_preset_says() -> None:
    """Means and deviations of 10,000 devices, to 4.5 standard errors (false alarm 8e-5 for all twelve)."""
    found = model("capacitor-3t1c")
    array = found.build(SIDE, SIDE, 3, "array")
    up, down, k_up, k_down, upper, lower, _ = np.moveaxis(array.numbers.astype(np.float64), -1, 0)
    assert array.ageing is not None
    taus = found.sample_law(SIDE, SIDE, np.uint64(7))[..., 0].astype(np.float64)
    expected = {
        "step": ((up + down) / 2, 0.005, 0.0005),
        "half difference": ((up - down) / 2, 0.0, 0.005 * 0.06),
        "slope up": (k_up, 0.05, 0.01),
        "slope down": (-k_down, 0.05, 0.01),
        "upper": (upper, 1.0, 0.07),
        "time constant": (taus[taus > 1.1e-4], 10e-3, 3e-3),
    }
    for name, (values, mean, deviation) in expected.items():
        error = deviation / values.size**0.5
        assert values.mean() == pytest.approx(mean, abs=4.5 * error), name
        if name != "time constant":  # its lower tail is cut
            assert values.std() == pytest.approx(deviation, abs=4.5 * error / 2**0.5), name
    assert lower.mean() == pytest.approx(-1.0, abs=4.5 * 0.07 / SIDE)


def test_the_mean_path_of_pulses_bends_as_its_slope_says() -> None:
    """From 0, n pulses of d (1 - k s) lead to (1 - (1 - k d)^n) / k; noise averages out, the bound is far."""
    text = "{preset: capacitor-3t1c, step_spread: 0, up_down_spread: 0, slope_spread: 0, leak_time: null}"
    array = model(text).build(SIDE, SIDE, 0, "array")
    n, d, k = 100, 0.005, 0.05
    array.pulse(WHOLE, np.full((1, SIDE, SIDE), n, dtype=np.int16))
    error = 0.3 * d * n**0.5 / SIDE
    assert array.state.mean() == pytest.approx((1 - (1 - k * d) ** n) / k, abs=4.5 * error)
    assert array.state.std() == pytest.approx(0.3 * d * n**0.5, rel=0.05)


def test_no_leak_is_no_law() -> None:
    assert model("{preset: capacitor-3t1c, leak_time: null}").law is None
    assert model("capacitor-3t1c").law is not None


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("10", "test: cell 'capacitor-3t1c': leak_time: 10 is missing its unit; write 10 ns"),
        (
            "10 uS",
            "test: cell 'capacitor-3t1c': leak_time: expected a time such as '10 ns', got '10 uS', which is",
        ),
    ],
)
def test_a_time_constant_needs_its_unit(value: str, sentence: str) -> None:
    with pytest.raises(InputError) as error:
        model(f"{{preset: capacitor-3t1c, leak_time: {value}}}")
    assert error.value.faults[0].message.startswith(sentence)
