"""Studies from beginning to front: what hangs on nothing but the study, and what a failing point does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chipsim.experiments.exploring import explore, front, outcome, pools
from chipsim.experiments.exploring.front import Row
from chipsim.experiments.exploring.generation import Spent
from chipsim.experiments.exploring.record import Record
from chipsim.experiments.exploring.study import Study
from chipsim.experiments.exploring.work import Evaluate, perform
from tests.experiments.exploring import toys
from tests.experiments.exploring.toys import SPACE, study

BITS, COUNT = "components.adc.bits", "components.adc.count"


def explored(
    text: str | Study, folder: Path, evaluate: Evaluate = toys.evaluate, workers: int = 1
) -> tuple[list[Row], Spent]:
    asked = study(text) if isinstance(text, str) else text
    with pools.opened(workers) as pool:
        return explore.explore(asked, Record(folder), pool, evaluate=evaluate)


def test_the_front_of_a_chip_worked_out_by_hand_is_the_analytic_one(tmp_path: Path) -> None:
    """Accuracy 1 - 2^-bits and energy 2^bits for each converter: one converter, at every resolution."""
    asked = study(SPACE)
    rows, _ = explored(asked, tmp_path)
    best = front.front(asked, rows)
    assert [(row.values[BITS], row.values[COUNT]) for row in best] == [(bits, 1) for bits in range(9, 1, -1)]
    for row in best:
        assert row.mean("train.accuracy.last") == 1 - 2.0 ** -row.values[BITS]
        assert row.mean("total.energy_J") == 2.0 ** row.values[BITS]


def test_a_constraint_keeps_points_from_the_front_and_says_which(tmp_path: Path) -> None:
    asked = study(SPACE + "constraints: [total.energy_J <= 64]\n")
    rows, _ = explored(asked, tmp_path)
    assert [row.values[BITS] for row in front.front(asked, rows)] == [6, 5, 4, 3, 2]
    broken = [row for row in rows if row.status == "breaks"]
    assert {row.reason for row in broken} == {"does not keep: total.energy_J <= 64"}
    assert len(broken) == sum(2**bits * count > 64 for bits in range(2, 10) for count in (1, 2, 4))


def test_figures_over_seeds_have_their_mean_and_interval(tmp_path: Path) -> None:
    """Energies 1, 1.01 and 1.02 times 4 J: mean 4.04, deviation 0.04, t(2) = 4.303."""
    rows, _ = explored(f"axes: {{{BITS}: [2]}}\nseeds: 3\n", tmp_path)
    energy = rows[0].figures["total.energy_J"]
    half = 4.303 * 0.04 / 3**0.5
    assert energy["mean"] == pytest.approx(4.04)
    assert energy["ci95"] == pytest.approx([4.04 - half, 4.04 + half])


@pytest.mark.parametrize("method", ["latin-hypercube", "nsga2", "tpe"])
def test_the_number_of_workers_changes_nothing(method: str, tmp_path: Path) -> None:
    space = f"axes: {{{BITS}: {{from: 2, to: 5}}, {COUNT}: {{from: 1, to: 16}}}}\n"
    asked = study(space + f"method: {method}\npoints: 24\ngeneration: 6\nseeds: 2\nstop: dominated\n")
    told = []
    for workers in (1, 2):
        rows, _ = explored(asked, tmp_path / str(workers), toys.slowly, workers)
        told.append(json.dumps(outcome.told(asked, rows, "")))
        assert any("stopped after" in row.reason for row in rows)
    assert told[0] == told[1]


def test_what_is_in_the_record_is_not_done_again_by_another_study(tmp_path: Path) -> None:
    _, first = explored(SPACE, tmp_path)
    rows, second = explored(
        SPACE.replace("[1, 2, 4]", "[1, 2, 8]") + "method: random\npoints: 40\n", tmp_path
    )
    new = {row.settings for row in rows if row.values[COUNT] == 8}
    assert first.simulated == 24
    assert second.simulated == len(new)


def test_a_torn_file_of_the_record_is_noticed_and_its_run_done_again(tmp_path: Path) -> None:
    asked = study(SPACE)
    rows, _ = explored(asked, tmp_path)
    torn = sorted(tmp_path.glob("*/run.json"))[3]
    torn.write_bytes(torn.read_bytes()[:-7])
    sorted(tmp_path.glob("*/checksums.json"))[5].write_text("{")
    again, spent = explored(asked, tmp_path)
    assert (spent.simulated, spent.found) == (2, 22)
    assert outcome.told(asked, again, "") == outcome.told(asked, rows, "")


@pytest.mark.parametrize("workers", [1, 2])
def test_a_point_that_fails_is_a_row_with_its_reason(workers: int, tmp_path: Path) -> None:
    most = 9 if workers > 1 else 8  # the ninth ends its process, which here is the test's own
    rows, _ = explored(f"axes: {{{BITS}: {{from: 5, to: {most}}}}}\n", tmp_path, toys.badly, workers)
    assert [row.status for row in rows] == ["done", "done", *["failed"] * (most - 6)]
    assert [row.reason for row in rows[2:4]] == [
        "seed 0: the chip stands still [E080]",
        "seed 0: ZeroDivisionError: by nothing [E110]",
    ]
    if workers > 1:
        assert rows[4].reason.startswith("seed 0: its process was ended from outside each time")


def test_a_point_that_does_not_fit_says_what_would(tmp_path: Path) -> None:
    rows, _ = explored(f"axes: {{components.array.rows: [8, 4], {BITS}: [5]}}\n", tmp_path)
    assert [row.status for row in rows] == ["done", "failed"]
    assert rows[1].reason.startswith("matrix 'dense1.A' needs 8 rows x 2 columns")


def test_dominated_points_are_given_no_further_seeds(tmp_path: Path) -> None:
    """One converter in the first generation, four in the second.

    Energy is 2^bits for each, accuracy of equal bits is equal, and equal is not worse: so of four converters
    those are stopped that have one converter at a bit more, and half the energy, in the earlier generation.
    A bit more is less than 5 % here, so no run is stopped on its way.
    """
    asked = study(f"axes: {{{COUNT}: [1, 4], {BITS}: [5, 6, 7]}}\nseeds: 3\nstop: dominated\ngeneration: 3\n")
    rows, spent = explored(asked, tmp_path)
    assert [row.status for row in rows] == ["done"] * 3 + ["stopped", "stopped", "done"]
    assert rows[3].reason == "its first seed is worse in everything than every seed of point 1"
    assert rows[3].seeds == (0,)
    assert (spent.simulated, spent.stopped, spent.left_out) == (4 * 3 + 2, 0, 2 * 2)
    assert spent.images == 2 * 2 * 10_000
    assert [row.number for row in front.front(asked, rows)] == [2, 1, 0]


SHORT = "settings: {stages.train.images: 100}\n"


def test_axes_that_change_only_prices_price_finished_runs_again(tmp_path: Path) -> None:
    prices = f"axes: {{{BITS}: [6, 9], costs.adc_conv.energy: [1 pJ, 2 pJ, 3 pJ]}}\n{SHORT}"
    rows, spent = explored(prices, tmp_path / "one", perform)
    assert spent.simulated == 2
    fresh = []
    for bits, price in ((bits, price) for bits in (6, 9) for price in (1, 2, 3)):
        given = f"settings: {{stages.train.images: 100, costs.adc_conv.energy: {price} pJ}}\n"
        fresh += explored(f"axes: {{{BITS}: [{bits}]}}\n{given}", tmp_path / "two", perform)[0]
    assert [dict(row.figures) for row in rows] == [dict(row.figures) for row in fresh]
    again, spent = explored(prices, tmp_path / "one", perform)
    assert (spent.simulated, spent.priced, spent.found) == (0, 0, 6)
    assert again == rows


def test_a_run_that_takes_too_long_is_a_row_and_is_tried_again_with_more_time(tmp_path: Path) -> None:
    short, long = (f"axes: {{{BITS}: [9]}}\n{SHORT}time_limit: {limit}\n" for limit in ("1 us", "600 s"))
    rows, _ = explored(short, tmp_path, perform)
    assert rows[0].reason == "seed 0: took longer than its 1e-06 s [E090]"
    assert explored(short, tmp_path, perform)[1].found == 1
    rows, spent = explored(long, tmp_path, perform)
    assert (rows[0].status, spent.simulated) == ("done", 1)


def test_the_tables_have_every_point_with_its_settings_and_the_front_apart(tmp_path: Path) -> None:
    asked = study(SPACE)
    rows, _ = explored(asked, tmp_path / "points")
    outcome.write(asked, rows, tmp_path / "out", "again")
    points, best = (
        (tmp_path / "out" / name).read_text("utf-8").splitlines() for name in ("points.csv", "front.csv")
    )
    assert points[0].split(",")[:7] == ["point", "status", "reason", BITS, COUNT, "seeds", "warnings"]
    assert (len(points), len(best)) == (1 + 24, 1 + 8)
    assert points[1].split(",")[:8] == ["0", "done", "", "2", "1", "0", "", "0.75"]
