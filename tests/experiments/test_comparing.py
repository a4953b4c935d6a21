"""Two sides, figure by figure: a difference is told from none as Student and Welch say."""

from __future__ import annotations

import math
import random
import statistics
from pathlib import Path

import pytest

from chipsim.accounting.uncertainty import DRAWS
from chipsim.errors import DataError
from chipsim.experiments import comparing, ensemble
from chipsim.experiments.comparing import difference
from chipsim.experiments.run import Request, prepare

SHORT = ("stages.0.images=200",)


def study(folder: Path, seeds: tuple[int, ...], settings: tuple[str, ...] = ()) -> Path:
    job = prepare(Request("reram-8x4", "reduced-digits-scratch", (*SHORT, *settings)))
    ensemble.run(ensemble.find_or_begin(ensemble.Plan(job, folder, seeds), None, False), 1, lambda *_: None)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    whole = tmp_path_factory.mktemp("comparing")
    study(whole / "nine", (0, 1))
    study(whole / "six", (0, 1), ("components.adc.bits=6", "costs.corner=optimistic"))
    return whole


def test_paired_values_have_the_interval_of_their_differences() -> None:
    """Differences 1, 2, 3 on a mean of 20: 0.1, and a half width of t(2) x 1 / sqrt(3) / 20."""
    found = difference((10.0, 20.0, 30.0), (11.0, 22.0, 33.0), paired=True)
    assert found.value == pytest.approx(0.1)
    assert found.high - found.low == pytest.approx(2 * 4.303 / math.sqrt(3) / 20)
    assert found.told is False


def test_unpaired_values_have_the_interval_of_welchs_test() -> None:
    """Two sides of variance 1 and 3 values: 4 degrees of freedom, an error of sqrt(2 / 3)."""
    found = difference((1.0, 2.0, 3.0), (5.0, 6.0, 7.0), paired=False, absolute=True)
    assert found.value == 4.0
    assert found.high - found.low == pytest.approx(2 * 2.776 * math.sqrt(2 / 3))
    assert found.told is True


def test_one_side_in_twenty_is_told_apart_from_itself() -> None:
    """The level of the interval, from 2000 draws of one distribution, to 4.5 standard errors."""
    draws = random.Random(0)
    sides = [[tuple(draws.gauss(5, 1) for _ in range(6)) for _ in range(2)] for _ in range(2000)]
    for paired in (True, False):
        told = statistics.fmean(bool(difference(*side, paired=paired).told) for side in sides)
        assert abs(told - 0.05) < 4.5 * math.sqrt(0.05 * 0.95 / 2000)


def test_a_side_that_did_not_always_get_there_has_no_difference() -> None:
    assert difference((1.0, None), (2.0, 3.0), paired=True).value is None
    assert difference((1.0,), (2.0,), paired=True) == (1.0, None, None)


def test_it_says_what_differed_in_the_files(folder: Path) -> None:
    found = comparing.compare(comparing.read(folder / "nine"), comparing.read(folder / "six"))
    assert {
        change.path: (change.first, change.second) for change in found.changed if change.file != "costs"
    } == {
        "components.adc.bits": (9, 6),
        "costs.corner": ("typical", "optimistic"),
    }


def test_fewer_bits_cost_less_whatever_a_conversion_costs(folder: Path) -> None:
    """Both sides pay the same price in each draw."""
    found = comparing.compare(comparing.read(folder / "nine"), comparing.read(folder / "six"))
    assert found.energy.share == 0.0
    assert found.energy.causes[0].entry == "adc_conv"


def test_a_shorter_pulse_wins_in_as_many_draws_as_its_range_says(folder: Path) -> None:
    """120 ns against 100 ns (50 ns to 1 us): less where 100 x 10^(2 u - 1) exceeds 120, at u above 0.540."""
    given = study(folder / "given", (0, 1), ("components.drivers.pulse_width=120 ns",))
    found = comparing.compare(comparing.read(given), comparing.read(folder / "nine"))
    share = 1 - (math.log10(1.2) + 1) / 2
    assert found.time.share == pytest.approx(share, abs=4.5 * math.sqrt(share * (1 - share) / DRAWS))
    assert found.time.causes[0].entry == "drivers.pulse_width"
    assert found.as_dict()["time_s"]["first_is_lower_in"] == found.time.share


def test_a_side_is_equal_to_itself(folder: Path) -> None:
    side = comparing.read(folder / "nine")
    found = comparing.compare(side, side)
    assert all(line.difference.value in (0.0, None) for line in found.lines)
    assert found.changed == ()
    assert found.energy.share == 0.5
    assert found.time.share == 0.5
    single = comparing.read(folder / "nine" / "seed-0")
    assert single.seeds == (0,)
    assert comparing.compare(side, single).lines


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="neither a run's nor a study's folder"):
        comparing.read(tmp_path)
