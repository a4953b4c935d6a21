import json
from pathlib import Path

import numpy as np
import pytest

from chipsim.errors import DataError
from chipsim.reports import comparison, rundir
from tests.reports.fake_run import make_ensemble, make_run


def test_a_run_is_read_with_all_its_tables(tmp_path: Path) -> None:
    run = rundir.read(make_run(tmp_path / "run"))
    assert not run.absent
    assert [stage["name"] for stage in run.stages] == ["pretrain", "finetune"]
    assert len(run.accuracy) == 2 * 101
    assert run.pulses["array", "finetune"].shape == (8, 4)
    assert run.architecture["name"] == "reram-8x4"


def test_a_ledger_row_has_the_price_of_the_energy_table_and_none_where_it_is_only_reported(
    tmp_path: Path,
) -> None:
    ledger = {row.key: row for row in rundir.read(make_run(tmp_path / "run")).ledger}
    priced = ledger["finetune", "forward", "adc", "adc_conv"]
    assert priced.energy == priced.count * priced.price
    assert ledger["finetune", "forward", "array", "cell_reads"].energy is None


def test_a_folder_without_run_json_is_refused_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        rundir.read(tmp_path)
    assert f"{tmp_path}: not a run's directory; it holds no run.json" in str(caught.value)


@pytest.mark.parametrize("text", ["", "[]", '{"a": NaN}', "{", '{"stages": 3}', '{"stages": [3]}'])
def test_a_run_json_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(DataError):
        rundir.read(tmp_path)


OPTIONAL = (
    "accuracy.csv",
    "ledger.csv",
    "energy.csv",
    "utilisation.csv",
    "arrays.npz",
    "warnings.json",
    "provenance.json",
    "resolved/architecture.yaml",
)


@pytest.mark.parametrize("name", OPTIONAL)
def test_a_missing_file_is_told_and_stops_nothing(tmp_path: Path, name: str) -> None:
    folder = make_run(tmp_path / "run")
    (folder / name).unlink()
    assert rundir.read(folder).absent == {name: f"{Path(name).name} is not in the run's directory."}


@pytest.mark.parametrize("name", OPTIONAL)
def test_a_file_that_cannot_be_read_is_told_and_stops_nothing(tmp_path: Path, name: str) -> None:
    folder = make_run(tmp_path / "run")
    (folder / name).write_bytes(b"stage,image\n\x00\xff{]")
    found = rundir.read(folder).absent
    assert list(found) == [name]
    assert found[name].startswith(f"{Path(name).name} cannot be read: ")


def test_a_wrong_value_in_a_table_is_told_with_its_line(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "run")
    (folder / "accuracy.csv").write_text(
        "stage,image,time_s,accuracy,loss\ntrain,0,0,0.5,\ntrain,ten,0,0.5,\n"
    )
    told = rundir.read(folder).absent["accuracy.csv"]
    assert told == "accuracy.csv cannot be read: line 3: invalid literal for int() with base 10: 'ten'."


def test_arrays_are_read_without_running_code_from_them(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "run")
    np.savez(folder / "arrays.npz", **{"array/finetune/after/pulses": np.array([{}], dtype=object)})
    assert "arrays.npz" in rundir.read(folder).absent


def test_intervals_come_from_the_ensemble_of_the_same_seeds_only(tmp_path: Path) -> None:
    runs = tuple(map(rundir.read, make_ensemble(tmp_path, 3)))
    assert list(rundir.intervals(runs)) == ["finetune.accuracy.last"]
    assert rundir.intervals(runs[:2]) == {}
    assert rundir.intervals(runs[:1]) == {}


def with_images(tmp_path: Path, images: list[int | None]) -> comparison.Cohort:
    paths = []
    for seed, value in enumerate(images):
        folder = tmp_path / f"seed-{seed}"
        folder.mkdir()
        reached = None if value is None else {"images": value}
        (folder / "run.json").write_text(
            json.dumps({"seed": seed, "stages": [{"name": "s", "to_target": reached}]})
        )
        paths.append(folder)
    return comparison.cohort(rundir.Group("g", tuple(paths)), 0)


def test_a_figure_of_all_seeds_is_their_mean_between_their_extremes(tmp_path: Path) -> None:
    found = comparison.of_stage(with_images(tmp_path, [100, 200, 600]), "s", "to_target.images")
    assert found == comparison.Summary(300.0, 100, 600, 3, 3, False)


def test_a_seed_that_never_arrives_counts_as_later_than_all_others(tmp_path: Path) -> None:
    found = comparison.of_stage(with_images(tmp_path, [100, None, 600]), "s", "to_target.images")
    assert (found.value, found.reached, found.of) == (600, 2, 3)


def test_where_most_seeds_never_arrive_the_middle_one_has_no_value(tmp_path: Path) -> None:
    found = comparison.of_stage(with_images(tmp_path, [100, None, None]), "s", "to_target.images")
    assert (found.value, found.reached) == (None, 1)
