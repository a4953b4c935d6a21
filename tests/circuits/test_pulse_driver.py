"""Trains against the closed form and the reference, their management, and their correlation along lines."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import pytest

from chipsim.circuits.pulse_driver import (
    Firing,
    Management,
    Parameters,
    PulseDriver,
    firing,
)
from chipsim.devices.trains import coincidences
from chipsim.numerics.draws import stream

REFERENCE = Path(__file__).parent.parent / "reference" / "aihwkit_stochastic_update.csv"


def drivers(bit_length: int = 31, phases: int = 2) -> PulseDriver:
    return PulseDriver(
        Parameters(type="pulse-driver", bit_length=bit_length, pulse_width=100e-9, phases=phases)
    )


def alike(scale: float, slots: int, images: int) -> Firing:
    """The same factor on all lines of all images."""
    return Firing(np.full(images, scale), np.full(images, scale), np.full(images, slots))


def counts(x: list[float], error: list[float], how: Firing) -> np.ndarray:
    keys = (stream(7, "rows"), stream(7, "columns"))
    wide = (np.tile(x, (how.slots.size, 1)), np.tile(error, (how.slots.size, 1)))
    trains, _ = drivers().draw(*wide, how, keys, 0)
    found: np.ndarray = coincidences(trains.rows, trains.columns, trains.row_signs, trains.column_signs)
    return found


MODES = {"plain": Management(), "um": Management(update=True), "um+ublm": Management(True, True)}


def closed_form(row: dict[str, str]) -> tuple[int, float, float]:
    """Slots and firing probabilities of row and column, as the reference's description gives them."""
    x, d, rate, step = (float(row[name]) for name in ("x", "d", "lr", "dw_min"))
    x_max, d_max, longest = float(row["x_absmax"]), float(row["d_absmax"]), int(row["bl"])
    wanted = rate * x_max * d_max / step
    slots = min(math.ceil(round(wanted, 9)), longest) if row["mode"] == "um+ublm" else longest
    a, d_cut = math.sqrt(rate / (step * slots)), d_max * min(1.0, longest / wanted)
    share = 1.0 if row["mode"] == "plain" else math.sqrt(d_cut / x_max)
    return slots, min(1.0, a * abs(x) * share), min(1.0, a * abs(d) / share)


def test_net_pulses_agree_with_reference_and_closed_form() -> None:
    """mean -sign(x d) BL p q, variance BL p q (1 - p q), the fourth moment that of a binomial number.

    About 1000 comparisons at 5 standard errors: a false alarm has a probability of 6e-4 in all.
    """
    images = 4000
    with REFERENCE.open() as stream_:
        table = list(csv.DictReader(stream_))
    assert {row["mode"] for row in table} == set(MODES)
    for row in table:
        x, d, rate, step = (float(row[name]) for name in ("x", "d", "lr", "dw_min"))
        slots, p, q = closed_form(row)
        inputs, errors = [x, float(row["x_absmax"])], [d, float(row["d_absmax"])]
        found = firing(np.array([inputs]), np.array([errors]), rate, step, int(row["bl"]), MODES[row["mode"]])
        assert found.slots.tolist() == [slots]
        net = counts(inputs, errors, Firing(*(np.repeat(each, images) for each in found)))[:, 0, 0]
        mean, variance = -math.copysign(slots * p * q, x * d), slots * p * q * (1 - p * q)
        error = max(math.sqrt(variance / images), 1e-12)
        assert net.mean() == pytest.approx(mean, abs=5 * error)
        assert net.mean() == pytest.approx(float(row["mean_net_pulses"]), abs=5 * error * math.sqrt(2))
        if variance > 1e-9:
            chance = p * q
            excess = (1 - 6 * chance * (1 - chance)) / variance
            error = variance * math.sqrt((excess + 2) / images) + 1 / images
            assert net.var() == pytest.approx(variance, abs=5 * error)
            theirs = float(row["std_net_pulses"]) ** 2
            assert net.var() == pytest.approx(theirs, abs=5 * error * math.sqrt(2))


def test_each_image_is_managed_by_its_own_largest_values() -> None:
    """Products of 3.6, 0.4 and 0 steps want 4, 1 and 0 slots; time and bits follow."""
    x = np.array([[1.0, 0.5], [0.5, 0.1], [0.0, 0.0]])
    error = np.array([[-0.9], [0.2], [0.7]])
    found = firing(x, error, 0.4, 0.1, 31, Management(bit_length=True))
    assert found.slots.tolist() == [4, 1, 0]
    together = firing(x, error, 0.4, 0.1, 31, Management(True, True))
    assert all(np.array_equal(one, both) for one, both in zip(found, together, strict=True))
    keys = (stream(7, "rows"), stream(7, "columns"))
    _, work = drivers().draw(x, error, found, keys, 0)
    assert work.duration == 2 * 5 * 100_000
    assert work.actions["bit_gen"] == 5 * 3
    largest = found.rows[:2] * np.abs(x[:2]).max(axis=1), found.columns[:2] * np.abs(error[:2]).max(axis=1)
    assert np.allclose(largest[0], largest[1])
    for image in range(3):
        one = firing(x[image : image + 1], error[image : image + 1], 0.4, 0.1, 31, Management(True, True))
        assert all(np.array_equal(a, b[image : image + 1]) for a, b in zip(one, found, strict=True))


@pytest.mark.parametrize("slots", [1, 2, 7, 31, 64])
def test_deterministic_trains_coincide_as_often_as_the_rounded_product(slots: int) -> None:
    """Any two of the numbers of pulses that BL slots can hold, half a pulse rounded up."""
    shares = np.arange(slots + 1) / slots
    drive = PulseDriver(
        Parameters(
            type="pulse-driver", bit_length=slots, pulse_width=1e-7, trains="deterministic",
        )
    )  # fmt: skip
    keys = (stream(7, "rows"), stream(7, "columns"))
    trains, work = drive.draw(shares[None], shares[None], alike(1.0, slots, 1), keys, 0)
    net = coincidences(trains.rows, trains.columns, trains.row_signs, trains.column_signs)[0]
    whole = np.arange(slots + 1)
    assert np.array_equal(-net, (2 * np.outer(whole, whole) + slots) // (2 * slots))
    assert trains.row_pulses == trains.column_pulses == whole.sum()
    assert work.duration == 2 * slots * 100_000


def test_cells_of_a_line_share_its_train() -> None:
    """62 +- 14.99 pulses an image for the worked 8x2 example; independent cells would give +- 7.37."""
    images = 20_000
    total = counts([0.5] * 8, [0.25] * 2, alike(1.0, 31, images)).astype(np.int64)
    pulses = np.abs(total).sum(axis=(1, 2))
    rows, columns = (8 * 0.5, 8 * 0.25 + 16), (2 * 0.25, 2 * 0.1875 + 0.25)
    variance = 31 * (rows[1] * columns[1] - (rows[0] * columns[0]) ** 2)
    assert math.sqrt(variance) == pytest.approx(14.99, abs=0.01)
    assert pulses.mean() == pytest.approx(62, abs=4.5 * math.sqrt(variance / images))
    assert pulses.std() == pytest.approx(math.sqrt(variance), rel=0.03)


def test_updates_go_downhill() -> None:
    net = counts([0.9, -0.9], [0.8, -0.8], alike(1.0, 31, 200)).sum(axis=0)
    assert np.array_equal(np.sign(net), [[-1, 1], [1, -1]])


def test_counts_time_and_zero_lines() -> None:
    keys = (stream(1, "r"), stream(1, "c"))
    trains, work = drivers().draw(np.zeros((3, 8)), np.ones((3, 2)), alike(1.0, 31, 3), keys, 0)
    assert work.duration == 3 * 2 * 31 * 100_000
    assert work.actions == {"bit_gen": 3 * 31 * 10, "row_pulses": 0, "col_pulses": 3 * 31 * 2}
    assert not trains.rows.any()
    assert (
        drivers(phases=1).draw(np.zeros((3, 8)), np.ones((3, 2)), alike(1.0, 31, 3), keys, 0)[1].duration
        == 3 * 31 * 100_000
    )


def test_a_train_depends_on_its_line_and_image_alone() -> None:
    keys = (stream(1, "r"), stream(1, "c"))
    x, error = np.full((6, 4), 0.4), np.full((6, 2), 0.3)
    whole, _ = drivers().draw(x, error, alike(1.0, 31, 6), keys, 10)
    for image in range(6):
        one, _ = drivers().draw(
            x[image : image + 1], error[image : image + 1], alike(1.0, 31, 1), keys, 10 + image
        )
        assert np.array_equal(one.rows[0], whole.rows[image])
        assert np.array_equal(one.columns[0], whole.columns[image])
    few, _ = drivers().draw(x[:, :2], error, alike(1.0, 31, 6), keys, 10)
    assert np.array_equal(few.rows, whole.rows[:, :2])


def test_certain_lines_fire_in_every_slot_and_no_further() -> None:
    keys = (stream(1, "r"), stream(1, "c"))
    for slots in (1, 5, 31, 64):
        trains, work = drivers(64).draw(
            np.full((2, 3), 2.0), np.full((2, 1), -1.0), alike(1.0, slots, 2), keys, 0
        )
        assert {int(train) for train in trains.rows.ravel()} == {2**slots - 1}
        assert (trains.row_pulses, trains.column_pulses) == (6 * slots, 2 * slots)
        assert work.duration == 2 * 2 * slots * 100_000
        assert trains.row_signs.tolist() == [[1] * 3] * 2
        assert trains.column_signs.tolist() == [[-1]] * 2


def test_slots_of_a_line_fire_with_its_probability_each() -> None:
    """Each of 64 slots over n images: p +- sqrt(p (1 - p) / n); 4.5 errors, false alarm 4e-4 in all."""
    images, p = 5000, 0.3
    trains, _ = drivers(64).draw(
        np.full((images, 1), p),
        np.zeros((images, 1)),
        alike(1.0, 64, images),
        (stream(5, "r"), stream(5, "c")),
        0,
    )
    bits = trains.rows[:, 0, None] >> np.arange(64, dtype=np.uint64) & np.uint64(1)
    error = math.sqrt(p * (1 - p) / images)
    assert np.all(np.abs(bits.mean(axis=0) - p) <= 4.5 * error)
    assert trains.row_pulses == bits.sum()


def test_windows_count_both_phases_and_one_way_pulses_one() -> None:
    assert drivers().windows(3) == 3 * 2 * 100_000
    assert drivers(phases=1).windows(3) == 3 * 100_000
    assert drivers().one_way(3) == 3 * 100_000


def test_a_rule_gets_no_longer_trains_than_the_drivers_have() -> None:
    assert drivers(31).slots(None) == 31
    assert drivers(31).slots(7) == 7
    assert drivers(5).slots(31) == 5
