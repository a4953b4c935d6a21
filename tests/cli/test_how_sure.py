"""What the command line says of how sure a total is."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.cli.commands import SCRATCH, SHORT, ok

EXACT = (
    "-s", "components.dac.integration=100 ns", "-s", "components.drivers.pulse_width=90 ns",
    "-s", "components.adc.conversion=9 ns", "-s", "components.integrator.access=900 ps",
    "-s", "components.digital.latency=3 ns",
)  # fmt: skip
"""Every duration of the chip, none as `timing` fills it in."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sure")
    ok("run", *SCRATCH, *SHORT, "-o", folder / "default")
    ok("run", *SCRATCH, *SHORT, *EXACT, "-o", folder / "exact")
    return folder


def test_a_run_tells_the_intervals_of_its_totals_and_their_causes(folder: Path) -> None:
    said = ok("price", folder / "default").out
    for name, drawn in (("energy", "prices"), ("time", "durations"), ("area", "prices")):
        assert re.search(
            rf"^  {name}, over the ranges of the {drawn} \(90 %.*\): \S+ \S+ to \S+ \S+; spread from \S+ \d",
            said, re.MULTILINE,
        )  # fmt: skip


def test_a_time_of_which_every_duration_is_given_has_no_interval(folder: Path) -> None:
    assert "\n  time: none of its durations has a range\n" in ok("price", folder / "exact").out


def test_two_runs_are_compared_in_energy_and_in_time(folder: Path) -> None:
    """90 ns against 50 ns to 1 us."""
    said = ok("compare", folder / "default", folder / "exact").out
    line = r"^  {}: lower in the (first|second) in [\d.]+% of the draws of all {}; it hangs on {}"
    assert re.search(line.format("energy", "prices", ""), said, re.MULTILINE)
    assert re.search(line.format("time", "durations", r"drivers\.pulse_width \d+%"), said, re.MULTILINE)
    found = json.loads(ok("compare", folder / "default", folder / "exact", "--json").out)["comparisons"][0]
    assert 0 < found["time_s"]["first_is_lower_in"] < 0.5


def test_times_without_a_range_are_compared_as_they_are(folder: Path, tmp_path: Path) -> None:
    ok(
        "run",
        *SCRATCH,
        *SHORT,
        *EXACT[2:],
        "-s",
        "components.dac.integration=110 ns",
        "-o",
        tmp_path / "longer",
    )
    said = ok("compare", folder / "exact", tmp_path / "longer").out
    assert "\n  time: lower in the first under any durations\n" in said
    assert "\n  time: the same under any durations\n" in ok("compare", folder / "exact", folder / "exact").out


def test_a_default_duration_is_explained_with_its_range_and_source() -> None:
    said = " ".join(ok("explain", "dac.integration").out.split())
    assert "128 ns (128 ns to 521 ns), secondary" in said
    assert "https://doi.org/10.1109/JSSC.2022.3140414" in said
