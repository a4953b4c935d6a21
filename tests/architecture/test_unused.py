"""What an architecture file gives and nothing in the run reads is an error at its place."""

from __future__ import annotations

import pytest

from chipsim.architecture import graph
from chipsim.architecture.graph import Architecture
from chipsim.errors import InputError
from chipsim.inputs import documents
from tests.architecture import files

TABLE = "costs: {table: analog-14nm}"


def priced(given: str, **components: str) -> Architecture:
    """The architecture with its prices given anew, in line 4 from column 29 on."""
    whole = files.text(files.COMPONENTS | components)
    assert TABLE in whole
    text = whole.replace(TABLE, TABLE[:-1] + f", {given}}}")
    return graph.load(documents.parse(text, "chip.yaml"))


def refused(architecture: Architecture) -> list[str]:
    with pytest.raises(InputError) as caught:
        files.plan(architecture)
    return files.lines(caught)


@pytest.mark.parametrize(
    "given",
    [
        "adc_conv: {energy: 2 pJ}",
        "cell_read: {voltage: 0.1 V}",
        "h_rmw: {energy: 1 pJ}",
        "adc: {area: 500 um2, leakage: 1 nW}",
        "set_pulse: {energy: 1 pJ}",
        "overhead_factor: 1.6, corner: conservative",
    ],
)
def test_a_price_that_the_run_asks_for_is_no_decoration(given: str) -> None:
    assert files.plan(priced(given)).places


@pytest.mark.parametrize(
    ("entry", "near"),
    [
        ("h_rmw_bank: {energy: 2 pJ}", "; did you mean 'h_rmw'?"),  # 16 words of 16 bits lie in registers
        ("integrator-bank: {area: 2 um2}", "; did you mean 'integrator'?"),
        ("digital-array: {area: 2 um2}", "; did you mean 'digital-unit'?"),
    ],
)
def test_a_price_of_what_the_chip_never_does_names_the_nearest_one_that_is_asked_for(
    entry: str, near: str
) -> None:
    name = entry.partition(":")[0]
    assert refused(priced(entry)) == [f"4:29 E026 costs: entry '{name}' prices nothing of this run{near}"]


def test_half_selected_cells_have_a_price_only_where_nothing_selects_them() -> None:
    half = "half_select: {voltage: 1 V}"
    assert "entry 'half_select' prices nothing" in refused(priced(half))[0]
    bare = "{type: crossbar, rows: 8, columns: 4, cell: reram-om, selector: none}"
    assert files.plan(priced(half, array=bare)).places


def test_all_prices_without_a_use_are_told_together() -> None:
    found = refused(priced("fp_mac: {energy: 2 pJ}, noc_bit: {energy: 1 pJ}"))
    assert [line.partition(";")[0] for line in found] == [
        "4:29 E026 costs: entry 'fp_mac' prices nothing of this run",
        "4:53 E026 costs: entry 'noc_bit' prices nothing of this run",
    ]


def test_the_time_of_a_read_has_no_effect_beside_an_energy_of_reads() -> None:
    array = "{type: crossbar, rows: 8, columns: 4, cell: reram-om, read_time: 40 ns}"
    assert files.plan(priced("cell_read: {voltage: 0.1 V}", array=array)).places
    assert refused(priced("cell_read: {energy: 1 fJ}", array=array)) == [
        "9:64 E026 component 'array': 'read_time' has no effect where reads are priced by an energy; "
        "leave it out"
    ]


def test_a_bank_that_no_pass_drives_manages_nothing() -> None:
    lines = "{type: dac, bits: 7, lanes: 8%s}"
    links = [link for link in files.LINKS if link != "dac -> array"]
    links += ["dac -> array.rows", "controller -> reader", "reader -> array.columns", "array.rows -> adc"]
    managed = ", noise_management: {scale: abs-max}"

    def chip(dac: str, reader: str) -> Architecture:
        added = {"dac": lines % dac, "reader": lines % reader}
        return files.load(files.COMPONENTS | added, links)

    assert files.plan(chip(managed, ""), read_by="column").places
    with pytest.raises(InputError) as caught:
        files.plan(chip("", managed), read_by="column")
    assert files.lines(caught) == [
        "13:42 E026 component 'reader': 'noise_management' has no effect, since this bank drives no passes; "
        "leave it out"
    ]


CELL = "{type: crossbar, rows: 8, columns: 4, cell: {preset: %s}}"


@pytest.mark.parametrize(
    ("cell", "parameter"),
    [
        ("reram-om, relaxation_time: 1 us", "relaxation_time"),
        ("reram-om, measured_corrupt: 0.5", "measured_corrupt"),
        ("reram-om, corrupt_range: 0.5", "corrupt_range"),
        ("reram-om, bounds: measured, upper_bound: 2", "upper_bound"),
        ("reram-om, measured_lower_bound: -2", "measured_lower_bound"),
        ("capacitor-3t1c, leak_time: null, leak_time_spread: 0.1", "leak_time_spread"),
        ("pcm-pair, drift_exponent: 0, drift_exponent_spread: 0, drift_time: 1 s", "drift_time"),
        ("pcm-pair, refresh_every: 0, refresh_pulses: 3", "refresh_pulses"),
    ],
)
def test_a_number_of_a_cell_that_others_make_idle_is_refused(cell: str, parameter: str) -> None:
    with pytest.raises(InputError) as caught:
        files.load(files.COMPONENTS | {"array": CELL % cell})
    (line,) = files.lines(caught)
    assert "E026 component 'array': cell '" in line
    assert f"'{parameter}' has no effect" in line


@pytest.mark.parametrize(
    "cell", ["reram-om", "capacitor-3t1c, leak_time: null", "pcm-pair, refresh_every: 0"]
)
def test_a_resolved_file_with_all_of_its_numbers_is_read_again(cell: str) -> None:
    first = files.load(files.COMPONENTS | {"array": CELL % cell})
    again = graph.load(documents.parse(documents.dump(first.resolved()), "again.yaml"))
    assert again.cells == first.cells


def test_a_range_beside_noise_management_is_refused() -> None:
    dac = "{type: dac, bits: 7, lanes: 8, range: 2, noise_management: {scale: abs-max}}"
    with pytest.raises(InputError) as caught:
        files.load(files.COMPONENTS | {"dac": dac})
    assert files.lines(caught) == [
        "7:39 E026 component 'dac': 'range' has no effect beside noise_management, which scales inputs; "
        "leave it out"
    ]
