"""Design rules: each finding's figures are those of a calculation by hand."""

from __future__ import annotations

import pytest

from chipsim.architecture import graph
from chipsim.architecture.design_rules import findings
from chipsim.inputs import documents, registry
from tests.architecture import files


def found(inputs: int = 8, outputs: int = 2, **components: str) -> dict[str, str]:
    plan = files.plan(files.load(files.COMPONENTS | components), inputs, outputs)
    return {finding.code: f"{finding.component}: {finding.message}" for finding in findings(plan)}


def test_eight_cells_of_56_uS_at_200_mV_overload_a_line() -> None:  # noqa: N802 - the unit
    """8 x 56 uS x 0.2 V = 89.6 uA against 33 uA; 2 cells draw 22.4 uA."""
    assert "8 x 56 uS x 200 mV" in found()["W020"]
    assert "89.6 uA" in found()["W020"]
    assert "; 2 cells would do" in found()["W020"]
    assert "W020" not in found(inputs=2)


def test_the_librarys_512_rows_are_140_times_over() -> None:
    """512 x 45 uS x 0.2 V = 4.6 mA, as the component library works out."""
    cell = "{preset: reram-om, g_mid: 45 uS, g_span: 0 uS}"
    big = {
        "array": f"{{type: crossbar, rows: 512, columns: 4, cell: {cell}}}",
        "dac": "{type: dac, bits: 7, lanes: 512}",
    }
    assert "4.61 mA" in found(inputs=512, **big)["W020"]
    assert "more than the read voltage" in found(inputs=512, **big)["W021"]
    assert "sums of 512 unit weights at full input reach 512" in found(inputs=512, **big)["W023"]


def test_wires_that_a_run_simulates_are_no_finding() -> None:
    """8.9 Ohm x 46.5 uS x 8 x 9 / 2 = 1.5 % on 8 rows; on 16 it is 5.7 %."""
    sixteen = {"dac": "{type: dac, bits: 7, lanes: 16}"}
    array = "{type: crossbar, rows: 16, columns: 4, cell: reram-om%s}"
    assert "W021" not in found()
    assert "would take 6% of the read voltage" in found(16, array=array % "", **sixteen)["W021"]
    wired = found(16, array=array % ", row_resistance: 9 Ohm, column_resistance: 9 Ohm", **sixteen)
    assert "W021" not in wired


@pytest.mark.parametrize(("bits", "integration", "broken"), [(7, 128, False), (7, 40, True), (5, 40, False)])
def test_widths_need_a_clock(bits: int, integration: int, broken: bool) -> None:
    """2^7 slots in 40 ns are 312.5 ps each, 3.2 GHz; 2^5 slots fit."""
    warned = found(dac=f"{{type: dac, bits: {bits}, lanes: 8, integration: {integration} ns}}")
    assert ("W022" in warned) == broken
    if broken:
        assert warned["W022"] == (
            "dac: 128 slots in 40 ns are 313 ps each, a clock of 3.2 GHz; at 1 GHz they take 128 ns"
        )


def test_a_converter_whose_range_holds_every_sum_is_no_finding() -> None:
    assert "W023" not in found()
    assert "resolves up to 4" in found(adc="{type: adc, bits: 9, count: 1, range: 4}")["W023"]


@pytest.mark.parametrize(
    ("component", "given", "text"),
    [
        ("drivers", "{type: pulse-driver, bit_length: 31, pulse_width: 0.5 ns}",
         "drivers: a pulse in 500 ps is 2 GHz; at 1 GHz it takes 1 ns"),
        ("integrator", "{type: integrator, bits: 16, access: 250 ps}",
         "integrator: a word in 250 ps is 4 GHz; at 1 GHz it takes 1 ns; more 'banks' work on "
         "more words at once"),
        ("adc", "{type: adc, bits: 9, count: 1, conversion: 0.1 ns}",
         "adc: a conversion in 100 ps is 10 GHz; at 5 GHz it takes 200 ps, the fastest of its kind "
         "(Murmann2025); a larger 'count' converts more lines at once"),
    ],
)  # fmt: skip
def test_times_need_a_clock_or_a_converter_that_there_is(component: str, given: str, text: str) -> None:
    assert "W022" not in found()
    assert found(**{component: given})["W022"] == text


@pytest.mark.parametrize(("width", "broken"), [("50 ns", False), ("5 ns", True), ("10 us", False)])
def test_pulses_shorter_than_the_measured_ones_are_told(width: str, broken: bool) -> None:
    """The capacitor cell was measured with 50 ns; no shortest pulse is known of the ReRAM cells."""
    drivers = f"{{type: pulse-driver, bit_length: 31, pulse_width: {width}}}"
    capacitor = "{type: crossbar, rows: 8, columns: 4, cell: capacitor-3t1c}"
    assert "W024" not in found(drivers=drivers)
    told = found(drivers=drivers, array=capacitor)
    assert ("W024" in told) == broken
    if broken:
        assert told["W024"] == (
            "drivers: pulses of 5 ns are 0.1 of the 50 ns that the response of 'capacitor-3t1c' was measured "
            "with (shortest_pulse); what a shorter one does is not known"
        )


def test_converters_side_by_side_are_wider_than_a_small_arrays_edge() -> None:
    """sqrt(6,000) = 77.5 um, four of them 310 um; four cells of sqrt(0.025652) = 0.16 um are 0.641 um."""
    four = found(adc="{type: adc, bits: 8, count: 4}")["W025"]
    assert four == (
        "adc: 4 converters of 77.5 um x 77.5 um need 310 um beside an array of 641 nm (pitch 160 nm, the "
        "root of a cell's area); within that edge they would be 37.5 mm deep"
    )
    assert "W025" not in found(adc="{type: adc, bits: 8, count: 1}")
    wide = {
        "array": "{type: crossbar, rows: 8, columns: 2048, cell: reram-om}",
        "adc": "{type: adc, bits: 8, count: 4}",
    }
    assert "W025" not in found(**wide)  # 2,048 x 0.16 um = 328 um


def test_a_rule_that_all_copies_of_a_component_break_is_told_once() -> None:
    """Two tiles, A and C on one each, with 512 converters each and pulses that no clock makes."""
    shipped = documents.read(registry.file("architecture", "reram-tiled-512"))
    chip = graph.load(shipped.with_value("components.drivers.pulse_width", "0.5 ns"))
    codes = [finding.code for finding in findings(files.plan(chip, 8, 2))]
    assert len(chip.copies("array")) == 1
    assert len(files.plan(chip, 8, 2).architecture.copies("array")) == 2
    assert codes.count("W022") == codes.count("W025") == 1
