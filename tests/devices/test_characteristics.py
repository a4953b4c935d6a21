"""What is measured of a cell: against closed forms of a cell without spread, and of a bare model."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pytest

from chipsim.devices import cells
from chipsim.devices.characteristics import PAIRS, measure
from chipsim.devices.device import DeviceModel, Floats
from chipsim.numerics.kernel import Kernel, kernel

CALM = (
    "step=0.1", "step_spread=0", "up_down_spread=0", "upper_bound_spread=0", "lower_bound_spread=0",
    "cycle_to_cycle=0", "write_noise=0", "reference_spread=0",
)  # fmt: skip


def calm(*settings: str) -> DeviceModel:
    return cells.named("reram-om", (*CALM, *settings)).model


@kernel
def bare_step(state: Any, numbers: Any, up: Any, z: Any) -> Any:
    change = numbers[0] if up else -np.float32(0.5) * numbers[0]
    return min(max(state + change, np.float32(-1.0)), np.float32(1.0))


class Bare(DeviceModel):
    """The least that a model must have: uneven steps, cut at the bounds; every third device is dead."""

    width: ClassVar[int] = 1
    step_kernel: ClassVar[Kernel[..., Any]] = bare_step

    @property
    def granularity(self) -> float:
        return 0.1

    @property
    def write_noise_deviation(self) -> float:
        return 0.0

    def sample(self, rows: int, columns: int, key: np.uint64) -> tuple[Floats, Floats, Floats, Floats]:
        one = np.ones((rows, columns), dtype=np.float32)
        step = (np.arange(one.size).reshape(one.shape) % 3 > 0) * np.float32(0.1)
        return step[..., None].astype(np.float32), -one, one, 0 * one


BARE = Bare(g_mid=40e-6, g_span=10e-6, g_floor=1e-6)


def test_steps_of_a_model_that_does_not_say_them_come_from_its_kernel() -> None:
    found = BARE.build(2, 3, 0, "array").quantities()
    assert found["step_up"] == pytest.approx(np.array([[0, 0.1, 0.1]] * 2), abs=1e-7)
    assert found["step_down"] == pytest.approx(np.array([[0, 0.05, 0.05]] * 2), abs=1e-7)
    assert np.isnan(found["states"][:, 0]).all(), "a device that does not move has no states"
    assert found["states"][:, 1:] == pytest.approx(2 / 0.075, rel=1e-6)


def test_what_a_model_does_not_have_is_told_as_nothing() -> None:
    spread = measure(BARE, 12, 3, 0).spread()
    assert spread["symmetry_point"] is None
    assert spread["reference"] is None
    assert spread["states"] is not None
    assert spread["states"].std == pytest.approx(0, abs=1e-5), "of the devices that have some"


def test_the_way_to_the_symmetry_point_is_that_of_the_mean_of_two_steps() -> None:
    """Up and down close the shares d / b of the way: from w, up leads to w + d (1 - w), then down to
    u - d (1 + u); with d+ = d- the two settle about 0 at +-d / (2 - d), whose middle is 0."""
    found = measure(calm(), 4, 3, 0)
    for name, w in (("above", 1.0), ("below", -1.0)):
        assert [point.k for point in found.settling[name]] == list(range(PAIRS + 1))
        for point in found.settling[name][1:]:
            up = w + 0.1 * (1 - w)
            w = up - 0.1 * (1 + up)
            assert point.mean == pytest.approx((up + w) / 2, abs=1e-5)
    assert found.settling["above"][-1].mean == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize(("noise", "read"), [(0.0, 0.0), (0.3, 0.7)])
def test_noise_is_what_the_parameters_say(noise: float, read: float) -> None:
    """Standard deviations of n normal draws, off by 1 / sqrt(2 n) each; write noise is in steps of 0.1."""
    found = measure(calm(f"cycle_to_cycle={noise}", f"write_noise={read}"), 4000, 1, 0).noise
    assert found.cycle_to_cycle == pytest.approx(noise, abs=4.5 * noise / np.sqrt(8000) + 1e-5)
    assert found.write == pytest.approx(0.1 * read, abs=4.5 * 0.1 * read / np.sqrt(8000) + 1e-9)


def test_a_device_does_not_depend_on_how_many_are_measured() -> None:
    model = cells.named("reram-om").model
    few, many = measure(model, 6, 5, 1), measure(model, 35, 5, 1)
    assert np.array_equal(few.followed, many.followed)
    assert np.array_equal(few.quantities["states"], many.quantities["states"][:6])


def test_measuring_changes_nothing_of_the_next_measurement() -> None:
    model = cells.named("reram-hfo2").model
    one, other = measure(model, 50, 4, 2), measure(model, 50, 4, 2)
    assert (one.response, one.settling, one.noise) == (other.response, other.settling, other.noise)
