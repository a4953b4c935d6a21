"""Architecture and workload files that extend others: what runs, what is kept, and where faults stand."""

from __future__ import annotations

from pathlib import Path

import pytest

from chipsim.architecture import graph
from chipsim.errors import InputError
from chipsim.experiments import checking, ensemble
from chipsim.experiments.run import Job, Request, prepare, simulate
from chipsim.inputs import documents

CHIP = """format: chipsim-architecture/1
name: mine
extends: reram-8x4
components: {adc: {bits: 6}}
"""
WORK = """format: chipsim-workload/1
name: quick
extends: reduced-digits-scratch
data: {train: 200}
"""


def job(folder: Path, chip: str = CHIP, work: str = WORK, settings: tuple[str, ...] = ()) -> Job:
    for name, text in (("chip", chip), ("work", work)):
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return prepare(Request(str(folder / "chip.yaml"), str(folder / "work.yaml"), settings))


def faults(folder: Path, chip: str = CHIP, work: str = WORK, settings: tuple[str, ...] = ()) -> list[str]:
    with pytest.raises(InputError) as error:
        job(folder, chip, work, settings)
    return [fault.headline().replace(f"{folder}/", "") for fault in error.value.faults]


def test_a_chip_and_a_workload_give_only_what_differs(tmp_path: Path) -> None:
    found = job(tmp_path)
    shipped = checking.architecture("reram-8x4")
    assert found.architecture.components["adc"] == shipped.components["adc"].model_copy(update={"bits": 6})
    assert {n: p for n, p in found.architecture.components.items() if n != "adc"} == {
        n: p for n, p in shipped.components.items() if n != "adc"
    }
    assert (found.workload.name, found.workload.data.train, found.workload.data.test) == ("quick", 200, 100)


def test_a_value_is_set_in_what_was_joined(tmp_path: Path) -> None:
    found = job(
        tmp_path, settings=("components.adc.count=2", "components.adc.bits=5", "stages.train.images=300")
    )
    adc = found.architecture.resolved()["components"]["adc"]
    assert (adc["bits"], adc["count"]) == (5, 2)
    assert found.workload.stages[0].images == 300


def test_a_run_goes_by_the_file_that_comes_out_not_by_how_it_is_written(tmp_path: Path) -> None:
    extending = job(tmp_path)
    for kind in ("architecture", "workload"):
        assert "extends" not in documents.parse(extending.resolved[kind], kind).data
    written_out = job(tmp_path, extending.resolved["architecture"], extending.resolved["workload"])
    assert written_out.digest == extending.digest
    assert job(tmp_path, CHIP.replace("bits: 6", "bits: 7")).digest != extending.digest


def test_a_fault_stands_in_the_file_that_holds_the_value(tmp_path: Path) -> None:
    base = (Path(graph.__file__).parents[2] / "architectures" / "reram-8x4.yaml").read_text("utf-8")
    (tmp_path / "base.yaml").write_text(base.replace("lanes: 8", "lanes: none"), encoding="utf-8")
    chip = CHIP.replace("reram-8x4", "base.yaml").replace("bits: 6", "bits: 60")
    line = next(n for n, text in enumerate(base.splitlines(), 1) if "lanes: 8" in text)
    column = base.splitlines()[line - 1].index("8}") + 1
    assert faults(tmp_path, chip) == [
        f"base.yaml:{line}:{column}: error[E013]: component 'dac': lanes: expected a whole number, "
        "got 'none'",
        "chip.yaml:4:26: error[E014]: component 'adc': bits: expected at most 24, got 60",
    ]


def test_a_component_that_falls_away_takes_its_links_along_only_if_they_are_written_anew(
    tmp_path: Path,
) -> None:
    chip = CHIP.replace("{adc: {bits: 6}}", "{integrator: null}")
    found = faults(tmp_path, chip)
    assert [text.partition("error")[2] for text in found] == [
        f"[E040]: link '{link}': 'integrator' is no component; choose one of controller, dac, drivers, "
        "array, adc, digital"
        for link in ("adc -> integrator", "integrator -> drivers")
    ]


def test_extends_cannot_be_set(tmp_path: Path) -> None:
    assert faults(tmp_path, settings=("extends=reram-8x4-host",)) != []


def test_check_reads_a_file_with_what_it_extends(tmp_path: Path) -> None:
    job(tmp_path)
    files = [str(tmp_path / "chip.yaml"), str(tmp_path / "work.yaml")]
    assert [kind for _, kind in checking.check(files).files] == ["architecture", "workload"]


def test_a_run_keeps_the_files_as_given_and_those_that_they_extend(tmp_path: Path) -> None:
    ready = job(tmp_path, settings=("stages.train.images=20",))
    folder = ensemble.write_run(ready, simulate(ready), tmp_path / "run")
    assert sorted(path.name for path in (folder / "inputs").iterdir()) == [
        "architecture-1-reram-8x4.yaml",
        "architecture.yaml",
        "workload-1-reduced-digits-scratch.yaml",
        "workload.yaml",
    ]
    assert (folder / "inputs" / "architecture.yaml").read_text("utf-8") == CHIP
