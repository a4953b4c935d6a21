"""What identifies a run, and what a plan refuses before anything is simulated."""

from __future__ import annotations

from pathlib import Path

import pytest

from chipsim.errors import ChipsimError, FitError, InputError
from chipsim.experiments.comparison import ratio
from chipsim.experiments.demo import _sentence_of_speed
from chipsim.experiments.run import Job, Request, prepare
from chipsim.inputs import registry
from chipsim.reports.result import plan_warnings, reached

CHIP = registry.file("architecture", "reram-8x4").read_text("utf-8")
TABLE = registry.file("costs", "analog-14nm").read_text("utf-8")


def job(folder: Path, chip: str = CHIP, table: str | None = None, *settings: str) -> Job:
    (folder / "chip.yaml").write_text(chip, "utf-8")
    if table is not None:
        (folder / "table.yaml").write_text(table, "utf-8")
    return prepare(Request(str(folder / "chip.yaml"), "reduced-digits-scratch", settings))


@pytest.mark.parametrize("n", [50, 100, 260, 500, 1000, 2115, 10_000])
def test_a_target_that_is_exactly_reached_counts(n: int) -> None:
    for k in range(n + 1):
        assert reached([k / n] * 3, k / n) == 2
        if k < n:
            assert reached([k / n] * 3, (k + 0.01) / n) is None


def test_a_target_relative_to_a_linear_classifier_counts_at_equality() -> None:
    assert reached([0.0, 873 / 1000, 873 / 1000, 873 / 1000], 97 / 100 * 0.9) == 3


def test_the_price_list_is_part_of_what_a_run_is_a_run_of(tmp_path: Path) -> None:
    own = CHIP.replace("analog-14nm", "table.yaml")
    before = job(tmp_path, own, TABLE)
    after = job(tmp_path, own, TABLE.replace("overhead_factor: 1 ", "overhead_factor: 3 "))
    assert before.digest != after.digest
    assert before.run_id(0) != after.run_id(0)
    assert before.run_id(0) != before.run_id(1)
    assert job(tmp_path, own, TABLE).digest == before.digest


DEVICES = """step_up,step_down,upper_bound,lower_bound,cycle_to_cycle
0.05,0.06,1.1,-0.9,0.3
0.04,0.05,1.2,-0.8,0.3
"""


def test_a_table_of_devices_is_part_of_what_a_run_is_a_run_of(tmp_path: Path) -> None:
    """Equal tables give equal runs, wherever they lie; another number in one gives another run."""
    own = CHIP.replace("cell: reram-om", "cell: {preset: device-table, file: devices.csv}")
    digests = []
    for name, text in (("a", DEVICES), ("b", DEVICES.replace("0.06", "0.07")), ("c", DEVICES)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "devices.csv").write_text(text)
        digests.append(job(tmp_path / name, own).digest)
    assert digests[0] == digests[2]
    assert digests[0] != digests[1]


def test_a_cell_given_by_name_can_be_set_in_its_parts(tmp_path: Path) -> None:
    path = "components.array.cell"
    short = job(tmp_path, CHIP, None, f"{path}.step=0.2", f"{path}.corrupt=measured")
    long = job(tmp_path, CHIP, None, f"{path}={{preset: reram-om, step: 0.2, corrupt: measured}}")
    assert short.digest == long.digest
    assert short.digest != job(tmp_path).digest
    assert (
        job(tmp_path, CHIP, None, f"{path}.preset=reram-hfo2").architecture.cells["array"]
        == (job(tmp_path, CHIP, None, f"{path}=reram-hfo2").architecture.cells["array"])
    )
    with pytest.raises(InputError) as error:
        job(tmp_path, CHIP, None, f"{path}.stepp=1")
    assert str(error.value.faults[0].message).endswith("unknown key 'stepp'; did you mean 'step'?")


def test_an_action_without_a_price_is_found_before_the_run(tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        job(tmp_path, CHIP.replace("analog-14nm", "table.yaml"), TABLE.replace("  dac_conv:", "  dac_konv:"))
    assert {fault.code for fault in error.value.faults} == {"E060"}
    assert "component 'dac' (dac): action 'dac_conv' has no price" in str(error.value)


def test_a_technology_that_is_not_the_tables_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        job(tmp_path, CHIP.replace("technology: 14 nm", "technology: 90 nm"))
    (fault,) = error.value.faults
    assert fault.message == "technology: 90 nm, but cost table 'analog-14nm' is of 14 nm; write that"


@pytest.mark.parametrize("width", ["0.4 ps", "1.3 ps", "100.0001 ps"])
def test_a_duration_is_a_whole_number_of_picoseconds(width: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        job(tmp_path, CHIP.replace("pulse_width: 100 ns", f"pulse_width: {width}"))
    assert "is no whole number of picoseconds" in str(error.value)


def test_a_threshold_below_a_step_of_h_is_refused() -> None:
    with pytest.raises(FitError) as error:
        prepare(Request("reram-8x4", "reduced-digits-scratch", ("stages.train.rule.threshold=0.0001",)))
    assert "below one step of the words of component 'integrator'" in str(error.value)


def test_a_component_that_does_nothing_is_warned_of(tmp_path: Path) -> None:
    chip = CHIP.replace("links:", "  spare: {type: adc, bits: 9, count: 64}\nlinks:") + "  - array -> spare\n"
    found = [warning["message"] for warning in plan_warnings(job(tmp_path, chip).plan)]
    assert "component 'spare' takes no part in this workload; its area and leakage are counted" in found


def test_faults_of_the_top_do_not_hide_those_below(tmp_path: Path) -> None:
    chip = CHIP.replace("timing: measured", "timing: mesured").replace("count: 1}", "count: none}")
    with pytest.raises(ChipsimError) as error:
        job(tmp_path, chip.replace("cell: reram-om", "cell: reram-on"))
    assert [fault.code for fault in error.value.faults] == ["E015", "E030", "E013"]


def test_a_transfer_that_mostly_fails_is_said_in_words() -> None:
    inf = float("inf")
    images = {"scratch": [100.0, 200.0, 300.0], "transfer": [inf, inf, 300.0]}
    found = {"scratch": {"images": 200.0}, "transfer": {"images": inf}}
    sentence = _sentence_of_speed(ratio(images["scratch"], images["transfer"]), images, found)
    assert "more images than the run has against 200 images" in sentence
