"""The short cut counts exactly what repeats itself, and misses what does not."""

from __future__ import annotations

import csv
import io
from functools import cache

import numpy as np
import pytest

from chipsim.experiments.reproductions import counting
from chipsim.experiments.reproductions.counting import READS, TOTAL, TRANSFER, UPDATE, Row
from chipsim.simulation.records import StageData
from tests.cli.commands import ROOT, ok
from tests.simulation import chips

IMAGES, BATCH, EPOCHS = 20, 5, 3
PRICES = {
    "cell_read": 3, "set_pulse": 5, "reset_pulse": 7, "dac_conv": 11, "adc_conv": 13, "act_fn": 17,
    "mul8": 19, "dig_add16": 23, "line_read_cell": 29,
}  # fmt: skip
"""Of one action [pJ], of a cell that is read at full input."""


def rows(trains: str, data: StageData, seed: int = 0, threshold: float = 31.0) -> tuple[Row, ...]:
    """Three epochs on the shipped chip; a read of a cell and a pulse cost the same in every state."""
    document = chips.documents.read(chips.SHIPPED / "reram-8x4.yaml")
    given = {f"costs.{entry}": f"{{energy: {price} pJ}}" for entry, price in PRICES.items()}
    for path, value in {**given, "components.drivers.trains": trains}.items():
        document = document.with_value(path, value)
    architecture = chips.graph.load(document)
    rule = chips.tiki_taka(transfer_every=BATCH, threshold=threshold, learning_rate=1.0)
    plan = chips.plan(architecture, chips.network(8, 2), rule)
    task = chips.task(rule, data, EPOCHS * IMAGES, every=BATCH)
    return counting.epochs(plan, task, plan.prices(architecture.costs), seed)


def alike() -> StageData:
    """An epoch of one image over and over, which is the test image, too."""
    x = np.tile(np.linspace(-1, 1, 8), (IMAGES, 1))
    labels = np.zeros(IMAGES, dtype=np.int64)
    return StageData(x, labels, x, labels, lambda epoch: np.arange(IMAGES))


@cache
def of(trains: str) -> tuple[Row, ...]:
    return rows(trains, alike())


def energies(found: tuple[Row, ...], part: str) -> list[tuple[float, float]]:
    return [(row.counted_J, row.sampled_J) for row in found if row.part == part]


def test_images_all_the_same_and_pulses_that_are_certain_are_counted_exactly_by_both() -> None:
    """C is not pulsed in so few transfers: every image meets the same weights and gives the same trains."""
    found = of("deterministic")
    assert len(found) == EPOCHS * 4
    for row in found:
        assert row.sampled_J == row.counted_J > 0
    assert len(set(energies(found, TOTAL))) == 1


def test_the_reads_of_an_epoch_are_images_times_the_counts_of_a_pass() -> None:
    """8 lines driven across 4 columns, 2 of them sensed; each of those is activated, and its error taken."""
    duty = np.rint(np.abs(np.linspace(-1, 1, 8)) * 128).sum() / 128  # 7 bits: 128 slots at full input
    counts = {
        "dac_conv": 8, "line_read_cell": 8 * 4, "cell_read": 2 * duty, "adc_conv": 2, "act_fn": 2,
        "dig_add16": 2 + 2, "mul8": 2,
    }  # fmt: skip
    a_pass = sum(count * PRICES[entry] for entry, count in counts.items()) * 1e-12
    for counted, sampled in energies(of("deterministic"), READS):
        assert counted == sampled == pytest.approx(IMAGES * a_pass, rel=1e-12, abs=0)


def test_pulses_that_are_drawn_differ_from_batch_to_batch_and_so_do_the_counts() -> None:
    """The same run with stochastic trains: reads still repeat themselves, updates do not."""
    found = of("stochastic")
    assert energies(found, READS) == energies(of("deterministic"), READS)
    assert all(counted != sampled for counted, sampled in energies(found, UPDATE))
    assert all(counted == sampled for counted, sampled in energies(found, TRANSFER))


def test_a_run_that_learns_has_fewer_pulses_at_an_epochs_end_than_in_it() -> None:
    """Its error falls while C goes where the one image wants it: what is looked at last is too small."""
    (counted, sampled), *_ = energies(rows("deterministic", alike(), threshold=0.3), UPDATE)
    assert 0 < sampled < counted


def test_the_parts_of_an_epoch_add_up_to_it() -> None:
    for trains in ("deterministic", "stochastic"):
        for epoch in range(1, EPOCHS + 1):
            parts = {row.part: row for row in of(trains) if row.epoch == epoch}
            for field in ("counted_J", "sampled_J"):
                added = sum(getattr(parts[part], field) for part in (READS, UPDATE, TRANSFER))
                assert getattr(parts[TOTAL], field) == pytest.approx(added, rel=1e-12, abs=0)


def test_the_whole_of_a_run_is_the_sum_of_its_epochs_and_intervals_hold_their_means() -> None:
    outcome = counting.compare(count=2, seeds=2)
    assert {row.seed for row in outcome.rows} == {0, 1}
    assert outcome.epochs == (1, 2)
    assert outcome.spans == ((1, 2),)
    for part, found in outcome.of(1, 2).items():
        mine = [row for row in outcome.rows if row.part == part]
        assert found.counted_J == pytest.approx(sum(row.counted_J for row in mine) / 2, rel=1e-12, abs=0)
        assert found.interval[0] <= found.ratio <= found.interval[1]
        assert found.seeds[0] <= found.ratio <= found.seeds[1]
    files = outcome.files()
    assert "<svg" in files[".svg"]()
    table = list(csv.DictReader(io.StringIO(files["-seeds.csv"]())))
    assert len(table) == len(outcome.rows) == 2 * 2 * 4
    assert [float(row["ratio"]) for row in table] == [row.ratio for row in outcome.rows]


@pytest.mark.slow
def test_the_docs_hold_the_table_that_the_command_prints() -> None:
    """Half a minute of runs."""
    text = (ROOT / "docs" / "costs.md").read_text(encoding="utf-8")
    assert f"```text\n{ok('reproduce', 'counting').out.rstrip()}\n```" in text
