"""From a total down to count x price, each at the line of the file that gives it."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from chipsim.experiments import ensemble, why
from chipsim.experiments.run import Request, prepare, simulate
from chipsim.inputs import registry


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    settings = ("stages.0.images=200", "costs.adc_conv.energy=2 pJ")
    job = prepare(Request("reram-8x4", "reduced-digits-scratch", settings))
    return ensemble.write_run(job, simulate(job), tmp_path_factory.mktemp("why") / "run")


def test_the_lines_add_up_to_the_total_and_each_is_count_times_price(folder: Path) -> None:
    lines = why.energy(folder)
    total = ensemble.read_record(folder)["total"]["energy_J"]
    assert math.fsum(line.energy_J for line in lines) == pytest.approx(total, rel=1e-12)
    assert math.fsum(line.share for line in lines) == pytest.approx(1.0)
    for line in lines:
        assert line.energy_J == pytest.approx(line.count * line.price_J, rel=1e-12)
    assert [line.energy_J for line in lines] == sorted((line.energy_J for line in lines), reverse=True)


def test_each_line_points_at_the_price_in_its_file(folder: Path) -> None:
    tables = {name: registry.file("costs", name) for name in ("analog-14nm", "digital-14nm")}
    files = {
        **{f"{name}.yaml": path.read_text("utf-8").splitlines() for name, path in tables.items()},
        "architecture.yaml": (folder / "resolved" / "architecture.yaml").read_text("utf-8").splitlines(),
    }
    for line in why.energy(folder):
        name, number = line.place.split(":")
        text = "\n".join(files[name][int(number) - 2 : int(number) + 1])
        wanted = "leakage" if line.action == "static" else line.action.split("_")[0]
        assert wanted in text.replace("cell_read", "read"), line


def test_a_price_given_by_the_architecture_points_there(folder: Path) -> None:
    places = {line.place.split(":")[0] for line in why.energy(folder) if line.action == "adc_conv"}
    assert places == {"architecture.yaml"}


def test_the_critical_path_adds_up_to_the_time_and_names_what_sets_it(folder: Path) -> None:
    lines = why.latency(folder)
    assert math.fsum(line.time_s for line in lines) == pytest.approx(
        ensemble.read_record(folder)["total"]["time_s"], rel=1e-12
    )
    (update,) = (line for line in lines if line.operation == "update")
    # one stage of 200 images: 2 phases x 31 slots x 100 ns each
    assert update.time_s == pytest.approx(200 * 2 * 31 * 100e-9, rel=1e-12)
    assert update.durations["drivers.pulse_width"].startswith("100 ns (architecture.yaml:")
    assert {line.kind for line in lines} == {"served"}


def test_a_banks_own_legs_are_set_by_what_it_does_before_it_drives(tmp_path: Path) -> None:
    managed = ("stages.0.images=20", "components.dac.noise_management={scale: abs-max}")
    job = prepare(Request("reram-8x4", "reduced-digits-scratch", managed))
    lines = why.latency(ensemble.write_run(job, simulate(job), tmp_path / "run"))
    (scaling,) = (line for line in lines if line.component == "dac")
    assert list(scaling.durations) == ["dac.noise_management.time"]
    assert scaling.time_s == pytest.approx(20 * 2e-9)
