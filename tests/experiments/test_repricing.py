"""A finished run under other prices is a fresh run under them, to the byte."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from chipsim.errors import DataError, InputError
from chipsim.experiments import ensemble, repricing
from chipsim.experiments.run import Request, prepare, simulate
from chipsim.inputs import registry

SHORT = ("stages.0.images=300",)
OTHER = (
    ("costs.corner=conservative",),
    ("costs.adc_conv.energy=2 pJ", "costs.adc.area=500 um2"),
    ("costs.cell_read.voltage=0.1 V", "costs.overhead_factor=1.6"),
    ("costs.set_pulse.energy=1 pJ",),
)


def fresh(folder: Path, settings: tuple[str, ...] = ()) -> Path:
    job = prepare(Request("reram-8x4", "reduced-digits-scratch", (*SHORT, *settings)))
    return ensemble.write_run(job, simulate(job, 4), folder)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fresh(tmp_path_factory.mktemp("runs") / "first")


def files(folder: Path) -> dict[str, bytes]:
    """What a run leaves, apart from what says when, how and from which files it was made."""
    named = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    apart = re.compile(r"provenance\.json|report\.html|inputs/.*")
    return {name: path.read_bytes() for name, path in named.items() if not apart.fullmatch(name)}


@pytest.mark.parametrize("settings", [(), *OTHER])
def test_a_repriced_run_equals_a_fresh_one(finished: Path, tmp_path: Path, settings: tuple[str, ...]) -> None:
    run = repricing.read(finished, settings)
    again = ensemble.write_run(run.job, repricing.price(run), tmp_path / "again")
    assert files(again) == files(fresh(tmp_path / "fresh", settings))


def test_prices_once_changed_are_the_runs_own(finished: Path, tmp_path: Path) -> None:
    """A repriced run is a run: it can be priced again, from where it stands."""
    once = repricing.read(finished, OTHER[0])
    folder = ensemble.write_run(once.job, repricing.price(once), tmp_path / "once")
    twice = repricing.price(repricing.read(folder, OTHER[1]))
    both = repricing.price(repricing.read(finished, OTHER[0] + OTHER[1]))
    assert twice.record == both.record


def test_a_table_of_ones_own_goes_with_the_run(finished: Path, tmp_path: Path) -> None:
    text = (
        registry.file("costs", "analog-14nm").read_text("utf-8").replace("name: analog-14nm", "name: own", 1)
    )
    (tmp_path / "mine.yaml").write_text(text.replace("typical: 5.274 pJ", "typical: 6 pJ"), "utf-8")
    run = repricing.read(finished, repricing.settings_of(str(tmp_path / "mine.yaml"), None, ()))
    folder = ensemble.write_run(run.job, repricing.price(run), tmp_path / "own")
    (tmp_path / "mine.yaml").unlink()
    again = repricing.price(repricing.read(folder))
    assert again.record["costs"]["table"] == "own"
    assert again.record == repricing.price(run).record
    assert again.energy_J > repricing.price(repricing.read(finished)).energy_J


@pytest.mark.parametrize("setting", ["components.adc.bits=6", "stages.0.images=5", "timing=ideal"])
def test_what_would_change_the_run_is_refused(finished: Path, setting: str) -> None:
    with pytest.raises(InputError, match=f"changes what the run does.*--set '?{setting}"):
        repricing.read(finished, (setting,))


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="not a run's directory"):
        repricing.read(tmp_path)


def test_damaged_counts_are_noticed(tmp_path: Path) -> None:
    folder = fresh(tmp_path / "run")
    (folder / "ledger.csv").write_text("stage,operation\ntrain,forward\n", "utf-8")
    with pytest.raises(DataError, match="cannot be read as those of a run"):
        repricing.read(folder)


def test_the_interval_holds_the_total_and_its_causes_add_up_to_nearly_all_of_it(finished: Path) -> None:
    record = repricing.price(repricing.read(finished)).record
    total = record["total"]
    for figure, typical in (
        ("energy_J", total["energy_J"]), ("time_s", total["time_s"]), ("area_m2", record["area_m2"])
    ):  # fmt: skip
        spread = record["uncertainty"][figure]
        assert spread["low"] < typical < spread["high"]
        assert sum(cause["share"] for cause in spread["causes"]) == pytest.approx(1.0, abs=0.1)


def test_a_price_without_its_first_key_is_told_it(finished: Path) -> None:
    with pytest.raises(InputError, match=r"write 'costs\.adc_conv\.energy'"):
        repricing.read(finished, ("adc_conv.energy=2 pJ",))
