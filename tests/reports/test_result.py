"""The record of a run: when a target counts as reached, and how tables and arrays are written."""

from __future__ import annotations

import csv
import io
import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chipsim.experiments.run import Request, prepare, simulate
from chipsim.reports.result import Result, plan_warnings, reached
from chipsim.reports.writing import COLUMNS, write, write_csv

SHORT = Request("reram-8x4", "reduced-digits-transfer", ("stages.0.images=100", "stages.1.images=100"))


@pytest.fixture(scope="module")
def short() -> Result:
    return simulate(prepare(SHORT), 3)


# When a target counts as reached


def test_the_last_of_the_first_three_in_a_row_whose_mean_arrives_counts() -> None:
    assert reached([0.5, 0.9, 0.9, 0.9, 0.9], 0.9) == 3
    # (0.8 + 0.9 + 1.0) / 3 = 0.9: the mean counts, not each of the three
    assert reached([0.5, 0.75, 1.0, 1.0, 0.5], 0.9) == 3
    assert reached([1.0, 1.0, 1.0], 1.0) == 2


def test_one_lucky_evaluation_does_not_count() -> None:
    assert reached([0.5, 0.5, 1.0, 0.5, 0.5], 0.9) is None


def test_fewer_than_three_evaluations_reach_nothing() -> None:
    assert reached([], 0.1) is None
    assert reached([1.0, 1.0], 0.1) is None


def test_a_target_that_is_met_exactly_is_reached() -> None:
    # 0.97 three times over sums to 2.9099999999999997 in floats; the correctly rounded sum is 2.91
    assert reached([0.97, 0.97, 0.97], 0.97) == 2
    assert reached([0.1, 0.1, 0.1], 0.1) == 2


@given(st.lists(st.integers(0, 100), max_size=30), st.integers(0, 100))
def test_it_is_the_first_such_window(hundredths: list[int], target: int) -> None:
    at = reached([value / 100 for value in hundredths], target / 100)
    means = [Fraction(sum(hundredths[k : k + 3]), 300) for k in range(len(hundredths) - 2)]
    early = len(means) if at is None else at - 2
    goal = Fraction(target, 100)
    # at the target to the last bit either answer is right: the sum of the three floats has been rounded
    assert all(mean <= goal for mean in means[:early])
    if at is not None:
        assert means[at - 2] >= goal


@given(st.lists(st.floats(0, 1), min_size=3, max_size=30), st.floats(0, 1), st.floats(0, 1))
def test_a_higher_target_is_never_reached_earlier(values: list[float], one: float, other: float) -> None:
    low, high = (reached(values, target) for target in sorted((one, other)))
    assert low is not None or high is None
    if low is not None and high is not None:
        assert low <= high


# Files


def test_floats_read_back_to_the_same_bits(tmp_path: Path) -> None:
    values = [0.1, 1e-300, 2.5e-05, math.pi, 1 / 3, 6.5e-6, 1e22]
    write_csv(tmp_path / "t.csv", ("name", "value"), [('a,"b"\nc', value) for value in values])
    rows = list(csv.reader(io.StringIO((tmp_path / "t.csv").read_text("utf-8"))))
    assert rows[0] == ["name", "value"]
    assert [float(row[1]) for row in rows[1:]] == values
    assert {row[0] for row in rows[1:]} == {'a,"b"\nc'}


def test_equal_results_are_written_to_equal_bytes(short: Result, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write(short, tmp_path / name)
    files = [path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*") if path.is_file()]
    assert files
    for file in files:
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_arrays_read_back_as_they_were(short: Result, tmp_path: Path) -> None:
    write(short, tmp_path)
    with np.load(tmp_path / "arrays.npz") as arrays:
        assert set(arrays) == set(short.arrays)
        for name, array in short.arrays.items():
            assert np.array_equal(arrays[name], array)
            assert arrays[name].dtype == array.dtype


def test_every_table_has_the_columns_that_it_promises(short: Result, tmp_path: Path) -> None:
    write(short, tmp_path)
    for name, columns in COLUMNS.items():
        with (tmp_path / f"{name}.csv").open(newline="") as stream:
            rows = list(csv.reader(stream))
        assert rows[0] == list(columns)
        assert {len(row) for row in rows} == {len(columns)}
        assert len(rows) == len(short.rows[name]) + 1


# What the record says


def test_stages_add_up_to_the_total_without_evaluation(short: Result) -> None:
    record = short.record
    leaves = [row for row in short.rows["energy"] if row[0] != "evaluation"]
    assert record["total"]["energy_J"] == math.fsum(row[6] for row in leaves)
    assert record["total"]["energy_J"] == pytest.approx(
        math.fsum(stage["energy_J"] for stage in record["stages"]), rel=1e-12
    )
    assert record["total"]["pulses"] == sum(
        stage["pulses"]["set"] + stage["pulses"]["reset"] for stage in record["stages"]
    )


def test_the_assumed_share_is_that_of_the_rows_with_assumed_prices() -> None:
    settings = [f"costs.{name}.energy=0 J" for name in ("adc_conv", "dac_conv")]
    some = simulate(prepare(Request(SHORT.architecture, SHORT.workload, SHORT.settings)), 0)
    less = simulate(prepare(Request(SHORT.architecture, SHORT.workload, (*SHORT.settings, *settings))), 0)
    assert 0 < some.record["total"]["assumed_share"] < 1
    # what was assumed stays while the total falls, as neither price was an assumed one
    assumed = [run.record["total"]["assumed_share"] * run.energy_J for run in (some, less)]
    assert assumed[0] == pytest.approx(assumed[1], rel=1e-9)


def test_the_accuracy_that_a_target_comes_to_stands_in_the_record() -> None:
    settings = (*SHORT.settings, "evaluate.target=94 %")
    fixed = simulate(prepare(Request(SHORT.architecture, SHORT.workload, settings)), 0)
    assert {stage["target"] for stage in fixed.record["stages"]} == {0.94}
    shared = simulate(prepare(SHORT), 0)
    for stage in shared.record["stages"]:
        assert stage["target"] == pytest.approx(0.97 * stage["linear_accuracy"], rel=1e-12)


def test_an_ideal_reference_is_warned_of() -> None:
    assert plan_warnings(prepare(SHORT).plan)[0] == {
        "code": "W001",
        "message": "component 'array' reads zero weight against an ideal reference; "
        "its area, time and energy are not counted",
    }
