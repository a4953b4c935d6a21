"""Prices follow their rules and agree with the component library; a missing one is no silent zero."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chipsim.accounting import costs, pricing
from chipsim.accounting.costs import CostTable
from chipsim.accounting.ledger import LedgerRow
from chipsim.accounting.pricing import Part, PricedRow, Prices
from chipsim.accounting.scaling import CORNERS
from chipsim.errors import InputError
from chipsim.inputs import citations, documents, registry

approx = partial(pytest.approx, rel=1e-6, abs=0.0)  # energies and areas lie below the default of 1e-12
REFERENCE = Path(__file__).parents[1] / "reference"
EXAMPLE: Mapping[str, Any] = json.loads((REFERENCE / "worked_example_8x4.json").read_text(encoding="utf-8"))
TYPES = {
    "dac": "dac",
    "array": "crossbar",
    "adc": "adc",
    "drivers": "pulse-driver",
    "integrator": "integrator",
    "digital": "digital-unit",
}
OF_ACTION = {
    "dac_conv": "dac",
    "adc_conv": "adc",
    "bit_gen": "drivers",
    "h_rmw": "integrator",
    "dig_add16": "digital",
    "mul8": "digital",
    "act_fn": "digital",
}
FACTS: Mapping[str, Mapping[str, float]] = {
    "dac": {"bits": 7, "lanes": 8},
    "array": {"rows": 8, "columns": 4, "read_time": 40e-9, "read_codes": 128, "pulse_width": 100e-9},
    "adc": {"bits": 8, "count": 1},
    "drivers": {"lines": 12},
    "integrator": {"bits": 16, "words": 16},
    "digital": {"units": 1},
    "controller": {},
}
CONDUCTANCE = 45_000  # nS, the example's 45 uS
FULL_DUTY = 128  # DAC codes of a 7-bit converter


@cache
def loaded(section: str = "{table: analog-14nm}", name: str = "chip.yaml") -> CostTable:
    return costs.load(documents.parse(f"costs: {section}\n", name))


def facts(**changed: Mapping[str, float]) -> costs.Facts:
    merged = {name: {**known, **changed.get(name, {})} for name, known in FACTS.items()}
    return lambda component, operation: merged[component]


def prices(table: CostTable, **changed: Mapping[str, float]) -> Prices:
    return Prices(table, TYPES, facts(**changed))


def price_of(action: str, table: CostTable, **changed: Mapping[str, float]) -> float:
    rate = prices(table, **changed).rate(OF_ACTION.get(action, "array"), "forward", action)
    assert rate is not None
    return rate.price


def library() -> dict[tuple[str, str], dict[str, str]]:
    with (REFERENCE / "components_prices.csv").open(encoding="utf-8") as file:
        rows = csv.DictReader(line for line in file if not line.startswith("#"))
        return {(row["component"], row["parameter"]): row for row in rows}


LIBRARY = library()


def at_corner(component: str, parameter: str, corner: str) -> float:
    row = LIBRARY[component, parameter]
    column = {"typical": "value", "optimistic": "min", "conservative": "max"}[corner]
    return float(row[column])


def half_unit_of_fourth_digit(value: float) -> float:
    return 0.5 * 10.0 ** (math.floor(math.log10(value)) - 3) * (1 + 1e-9)


# ----------------------------------------------------------------------------------------- the worked example


LISTED = {
    # listed price: (ledger action, count that one listed action is of it)
    "dac_conv": ("dac_conv", 1),
    "adc_conv": ("adc_conv", 1),
    "bit_gen": ("bit_gen", 1),
    "line_read_cell": ("line_read_cell", 1),
    "line_pulse_cell": ("line_pulse_cell", 1),
    "h_rmw": ("h_rmw", 1),
    "half_select": ("half_select", 1),
    "dig_add16": ("dig_add16", 1),
    "mul8": ("mul8", 1),
    "act_fn": ("act_fn", 1),
    "cell_read_fs": ("read_conductance", CONDUCTANCE * FULL_DUTY),
    "pulse": ("set_conductance", CONDUCTANCE),
}


@pytest.mark.parametrize("preset", ["t_pulse_100ns", "t_pulse_5ns"])
@pytest.mark.parametrize("listed", sorted(LISTED))
def test_prices_at_the_examples_settings_are_the_listed_ones_to_four_digits(listed: str, preset: str) -> None:
    action, count = LISTED[listed]
    width = {"pulse_width": EXAMPLE["pulse_width"][preset]}
    expected = EXAMPLE["prices"][preset][listed]
    found = count * price_of(action, loaded(), array=width)
    assert abs(found - expected) <= half_unit_of_fourth_digit(expected)


def counted(operation: str, counts: Mapping[str, float]) -> list[LedgerRow]:
    """Return the example's counts, which may be fractions, as the ledger's rows of ten thousand images."""
    images = 10_000
    rows = []
    for action, count in counts.items():
        for ledger_action, unit in {
            "cell_read_fs": (("read_duty", FULL_DUTY), ("read_conductance", CONDUCTANCE * FULL_DUTY)),
            "pulse": (("set_pulses", 1), ("set_conductance", CONDUCTANCE)),
        }.get(action, ((action, 1),)):
            whole = round(count * images * unit)
            assert whole == approx(count * images * unit, rel=1e-12)
            component = OF_ACTION.get(ledger_action, "array")
            rows.append(LedgerRow("train", operation, component, ledger_action, whole))
    return rows


def example_rows(operation: str) -> list[LedgerRow]:
    left_out = {"half_select", "half_select_if_ungated", "cells", "iterations"}
    counts = EXAMPLE["counts"][operation]
    return counted(operation, {action: n for action, n in counts.items() if action not in left_out})


def inline(preset: str) -> str:
    entries = {name: name for name in EXAMPLE["prices"][preset] if name in OF_ACTION or "line" in name}
    entries |= {"cell_read": "cell_read_fs", "set_pulse": "pulse"}
    given = ", ".join(
        f"{entry}: {{energy: {EXAMPLE['prices'][preset][listed]!r} J}}" for entry, listed in entries.items()
    )
    return f"{{table: analog-14nm, {given}}}"


@pytest.mark.parametrize("preset", ["t_pulse_100ns", "t_pulse_5ns"])
@pytest.mark.parametrize("operation", sorted(EXAMPLE["counts"]))
def test_counts_times_listed_prices_give_the_examples_energies_to_six_digits(
    operation: str, preset: str
) -> None:
    priced = prices(loaded(inline(preset))).price(example_rows(operation))
    energy = pricing.total(row.energy for row in priced) / 10_000
    expected = EXAMPLE["energy_J"][preset][operation]
    assert energy == approx(expected, rel=5e-6)  # six digits: half a unit of the last is at most 5e-6
    assert {row.status for row in priced} == {"given"}


@pytest.mark.parametrize("preset", ["t_pulse_100ns", "t_pulse_5ns"])
@pytest.mark.parametrize("operation", sorted(EXAMPLE["counts"]))
def test_cells_fixed_at_45_microsiemens_give_the_examples_energies_to_a_thousandth(
    operation: str, preset: str
) -> None:
    width = {"pulse_width": EXAMPLE["pulse_width"][preset]}
    energy = prices(loaded(), array=width).energy(example_rows(operation)) / 10_000
    assert energy == approx(EXAMPLE["energy_J"][preset][operation], rel=1e-3)


# -------------------------------------------------------------------------------------------------- the rules


def test_a_read_costs_voltage_squared_times_time_times_conductance() -> None:
    found = price_of("read_conductance", loaded("{table: analog-14nm, cell_read: {voltage: 0.3 V}}"))
    one_code_at_one_nanosiemens = 0.3**2 * (40e-9 / 128) * 1e-9
    assert found == approx(one_code_at_one_nanosiemens, rel=1e-12)


@pytest.mark.parametrize(
    ("entry", "action"), [("set_pulse", "set_conductance"), ("reset_pulse", "reset_conductance")]
)
def test_a_pulse_costs_voltage_squared_times_its_width_times_conductance(entry: str, action: str) -> None:
    table = loaded(f"{{table: analog-14nm, {entry}: {{voltage: 1.2 V}}}}")
    found = price_of(action, table, array={"pulse_width": 50e-9})
    assert found == approx(1.2**2 * 50e-9 * 1e-9, rel=1e-12)


def test_twice_the_pulse_width_is_twice_the_price_of_a_pulse() -> None:
    narrow, wide = (price_of("set_conductance", loaded(), array={"pulse_width": w}) for w in (50e-9, 100e-9))
    assert wide == 2 * narrow


def test_a_given_energy_prices_the_duty_of_a_read_and_not_its_conductance() -> None:
    chip = prices(loaded("{table: analog-14nm, cell_read: {energy: 72 fJ}}"))
    assert chip.rate("array", "forward", "read_conductance") is None
    rate = chip.rate("array", "forward", "read_duty")
    assert rate is not None
    assert FULL_DUTY * rate.price == approx(72e-15, rel=1e-12)


def test_of_each_pair_of_sums_exactly_one_is_priced() -> None:
    for section in ("{table: analog-14nm}", inline("t_pulse_100ns")):
        chip = prices(loaded(section))
        for data, plain in (("read_conductance", "read_duty"), ("set_conductance", "set_pulses")):
            assert (chip.rate("array", "x", data) is None) != (chip.rate("array", "x", plain) is None)


@pytest.mark.parametrize("action", ["cell_reads", "row_pulses", "col_pulses"])
def test_an_action_that_is_only_counted_has_no_row_among_the_priced(action: str) -> None:
    assert prices(loaded()).price([LedgerRow("s", "forward", "array", action, 5)]) == ()


@given(st.integers(1, 16))
def test_a_conversion_costs_twice_as_much_with_each_bit(bits: int) -> None:
    for action, component in (("dac_conv", "dac"), ("adc_conv", "adc")):
        fewer = price_of(action, loaded(), **{component: {"bits": bits}})
        more = price_of(action, loaded(), **{component: {"bits": bits + 1}})
        assert more == approx(2 * fewer, rel=1e-12)


@pytest.mark.parametrize("corner", CORNERS)
@pytest.mark.parametrize("bits", [4, 5, 6, 7, 8, 9, 10, 12])
def test_an_adc_costs_what_the_library_lists_at_every_number_of_bits(bits: int, corner: str) -> None:
    table = loaded(f"{{table: analog-14nm, corner: {corner}}}")
    expected = at_corner("adc_sar", f"e_conv_{bits}b", corner)
    assert price_of("adc_conv", table, adc={"bits": bits}) == approx(expected, rel=5e-4)


def test_the_best_case_adc_lies_between_its_listed_points_and_doubles_beyond_them() -> None:
    table = loaded("{table: analog-14nm, corner: optimistic}")
    ten, eleven, twelve, fourteen = (price_of("adc_conv", table, adc={"bits": b}) for b in (10, 11, 12, 14))
    assert eleven == approx(math.sqrt(ten * twelve), rel=1e-12)
    assert fourteen == approx(4 * twelve, rel=1e-12)


@pytest.mark.parametrize("corner", CORNERS)
@pytest.mark.parametrize(
    ("action", "component", "parameter", "lines"),
    [
        ("line_read_cell", "line_driver", "e_line_read_512", 512),
        ("line_pulse_cell", "line_driver", "e_line_pulse_512", 512),
        ("dac_conv", "dac_pwm", "e_conv_7b", 1),
        ("bit_gen", "stochastic_bit", "e_bit_shared_lfsr", 1),
        ("mul8", "digital", "e_int8_mult", 1),
        ("dig_add16", "digital", "e_int32_add", 2),
        ("act_fn", "sram", "e_bit_8kB", 1 / 8),
    ],
)
def test_every_corner_is_the_librarys(
    action: str, component: str, parameter: str, lines: float, corner: str
) -> None:
    expected = at_corner(component, parameter, corner) / lines
    table = loaded(f"{{table: analog-14nm, corner: {corner}}}")
    assert price_of(action, table) == approx(expected, rel=1e-3)


def test_h_in_registers_is_two_accesses_to_its_bits_and_an_addition() -> None:
    bit, add = (
        at_corner("digital", "e_register_bit", "typical"),
        at_corner("digital", "e_int32_add", "typical") / 2,
    )
    assert price_of("h_rmw", loaded()) == approx(2 * 16 * bit + add, rel=1e-3)


def test_h_moves_to_memory_banks_where_registers_would_take_more_area() -> None:
    assert price_of("h_rmw", loaded(), integrator={"words": 375}) == approx(69.51e-15)  # 6,000 bits
    banked = price_of("h_rmw", loaded(), integrator={"words": 376})
    assert abs(banked - EXAMPLE["bank_h_rmw"]) <= half_unit_of_fourth_digit(EXAMPLE["bank_h_rmw"])
    given_price = loaded("{table: analog-14nm, h_rmw: {energy: 1 pJ}}")
    assert price_of("h_rmw", given_price, integrator={"words": 376}) == 1e-12


def test_a_word_of_half_the_bits_costs_half() -> None:
    assert price_of("h_rmw", loaded(), integrator={"bits": 8}) == approx(69.51e-15 / 2, rel=1e-12)


@pytest.mark.parametrize("bits", [16, 32])
@pytest.mark.parametrize("corner", CORNERS)
def test_a_multiply_accumulate_is_the_librarys_multiplication_and_addition(bits: int, corner: str) -> None:
    table = loaded(f"{{table: analog-14nm, corner: {corner}}}")
    facts = {"bits": bits, "capacity": 1000}
    rate = Prices(table, {"host": "digital-array"}, lambda *_: facts).rate("host", "update", "fp_mac")
    parts = [at_corner("digital", f"e_fp{bits}_{part}", corner) for part in ("mult", "add")]
    assert rate is not None
    assert abs(rate.price - sum(parts)) <= half_unit_of_fourth_digit(sum(parts))


def test_a_digital_array_is_its_memory_and_the_units_beside_it() -> None:
    """Area and leakage of the bits and of each lane; the weaker of the two statuses stands for the sum."""
    facts = {"bits": 32.0, "capacity": 2048.0, "lanes": 4.0}
    part = Part("host", "digital-array", facts)
    bits, lane = 2048 * 32, 0.2146 * (6350 + 278) * 1e-12
    expected = bits * at_corner("sram", "area_bit_macro", "typical") + 4 * lane
    assert pricing.area(loaded(), [part])["host"] == pytest.approx(expected, rel=1e-3)
    power = bits * at_corner("sram", "p_leak_bit", "typical") + 4 * 0.1598 * (80e-6 + 2.4e-6)
    assert pricing.leakage(loaded(), [part])["host"] == pytest.approx(power, rel=1e-3)
    assert pricing.static(loaded(), [part], "train", 1000)[0].status == "assumed"


def test_a_given_energy_is_the_price_of_one_action_whatever_the_bits() -> None:
    table = loaded("{table: analog-14nm, corner: conservative, adc_conv: {energy: 2 pJ}}")
    assert price_of("adc_conv", table, adc={"bits": 12}) == 2e-12


def test_the_overhead_factor_is_on_actions_and_not_on_leakage() -> None:
    plain, burdened = loaded(), loaded("{table: analog-14nm, overhead_factor: 1.6}")
    assert price_of("adc_conv", burdened) == approx(1.6 * price_of("adc_conv", plain), rel=1e-12)
    assert pricing.leakage(burdened, PARTS) == pricing.leakage(plain, PARTS)


def test_facts_are_those_of_the_operation() -> None:
    chip = Prices(loaded(), TYPES, lambda _, operation: {"bits": 4 if operation == "transfer-read" else 8})
    coarse, fine = (chip.rate("adc", operation, "adc_conv") for operation in ("transfer-read", "forward"))
    assert coarse is not None
    assert fine is not None
    assert fine.price == approx(16 * coarse.price)


# ------------------------------------------------------------------------------------------------- properties

ACTIONS = [
    *("dac_conv", "adc_conv", "bit_gen", "h_rmw", "dig_add16", "mul8", "act_fn", "line_read_cell"),
    *("line_pulse_cell", "read_conductance", "set_conductance", "reset_conductance"),
]
ROWS = st.lists(
    st.builds(
        lambda stage, operation, action, count: LedgerRow(
            stage, operation, OF_ACTION.get(action, "array"), action, count
        ),
        st.sampled_from(["pretrain", "finetune"]),
        st.sampled_from(["forward", "update", "transfer-read"]),
        st.sampled_from(ACTIONS),
        st.integers(0, 10**15),
    ),
    max_size=40,
)


@given(ROWS, st.integers(0, 1000))
def test_energy_is_linear_in_counts(rows: list[LedgerRow], factor: int) -> None:
    chip = prices(loaded())
    more = [row._replace(count=factor * row.count) for row in rows]
    assert chip.energy(more) == approx(factor * chip.energy(rows), rel=1e-12)


@given(ROWS)
def test_doubling_a_price_doubles_its_share_and_no_other(rows: list[LedgerRow]) -> None:
    once, twice = (loaded(f"{{table: analog-14nm, adc_conv: {{energy: {e} pJ}}}}") for e in (5, 10))
    before, after = (pricing.totals(prices(table).price(rows), "action") for table in (once, twice))
    assert after == {name: 2 * e if name == "adc_conv" else e for name, e in before.items()}


@given(ROWS)
def test_totals_by_component_and_by_operation_are_sums_of_the_same_leaves(rows: list[LedgerRow]) -> None:
    priced = prices(loaded()).price(rows)
    whole = math.fsum(row.count * row.price for row in priced)
    assert pricing.total(row.energy for row in priced) == whole
    for field in ("component", "operation", "stage", "status"):
        assert math.fsum(pricing.totals(priced, field).values()) == approx(whole, rel=1e-12)
    by_both = pricing.totals(priced, "component", "operation")
    for component, energy in pricing.totals(priced, "component").items():
        assert energy == approx(math.fsum(e for (c, _), e in by_both.items() if c == component), rel=1e-12)


@given(ROWS, st.sampled_from(CORNERS), st.integers(1, 16), st.floats(1e-12, 1e-3), st.floats(1e-12, 1e-3))
def test_energy_is_never_negative_nor_undefined(
    rows: list[LedgerRow], corner: str, bits: int, read_time: float, pulse_width: float
) -> None:
    table = loaded(f"{{table: analog-14nm, corner: {corner}}}")
    chip = prices(
        table,
        array={"read_time": read_time, "pulse_width": pulse_width},
        adc={"bits": bits},
        dac={"bits": bits},
    )
    for row in chip.price(rows):
        assert math.isfinite(row.energy)
        assert row.energy >= 0
        assert (row.energy == 0) == (row.count == 0)


@given(st.sampled_from(ACTIONS))
def test_no_corner_is_dearer_than_the_conservative_or_cheaper_than_the_optimistic(action: str) -> None:
    low, middle, high = (
        price_of(action, loaded(f"{{table: analog-14nm, corner: {c}}}"))
        for c in ("optimistic", "typical", "conservative")
    )
    assert low <= middle <= high


# ------------------------------------------------------------------------------------------- area and leakage

PARTS = [
    *(Part(name, kind, FACTS[name]) for name, kind in TYPES.items()),
    Part("controller", "controller", {}),
]


def test_area_is_units_times_the_librarys_area_of_one() -> None:
    areas = pricing.area(loaded(), PARTS)
    assert areas["array"] == approx(32 * at_corner("reram_cell", "area", "typical"), rel=1e-3)
    assert areas["dac"] == approx(8 * at_corner("dac_pwm", "area", "typical"), rel=1e-3)
    assert areas["adc"] == approx(at_corner("adc_sar", "area_8b", "typical"), rel=1e-3)
    assert areas["drivers"] == approx(
        12 * at_corner("stochastic_bit", "area_private_lfsr", "typical"), rel=1e-3
    )
    assert areas["controller"] == 0


def test_h_beyond_its_registers_takes_the_area_of_memory() -> None:
    part = Part("h", "integrator", {"words": 262_144, "bits": 16})
    bit = at_corner("sram", "area_bit_macro", "typical")
    assert pricing.area(loaded(), [part])["h"] == approx(262_144 * 16 * bit)


def test_four_converters_take_four_times_the_area_and_leakage_of_one() -> None:
    one, four = (Part("adc", "adc", {"bits": 8, "count": n}) for n in (1, 4))
    for figure in (pricing.area, pricing.leakage):
        assert figure(loaded(), [four])["adc"] == 4 * figure(loaded(), [one])["adc"]


@pytest.mark.parametrize(("bits", "factor"), [(8, 1.0), (9, 2**0.299), (6, 2**-0.598), (12, 2**1.196)])
def test_a_converters_area_follows_its_energy_to_the_power_of_the_regression(
    bits: int, factor: float
) -> None:
    """AccelergyAdc2024: area goes as energy^0.299; at one figure of merit each bit doubles the energy."""
    part = Part("adc", "adc", {"bits": bits, "count": 1})
    expected = factor * at_corner("adc_sar", "area_8b", "typical")
    assert pricing.area(loaded(), [part])["adc"] == approx(expected, rel=1e-12)


def test_the_area_that_a_file_gives_of_a_converter_holds_whatever_its_bits() -> None:
    table = loaded("{table: analog-14nm, adc: {area: 500 um2}}")
    areas = [pricing.area(table, [Part("adc", "adc", {"bits": b, "count": 2})])["adc"] for b in (4, 12)]
    assert areas == approx([1e-9, 1e-9], rel=1e-12)


def test_a_cell_that_states_its_area_is_taken_at_its_word_unless_the_file_gives_another() -> None:
    part = Part("array", "crossbar", {"rows": 8, "columns": 4, "cell_area": 1e-13})
    assert pricing.area(loaded(), [part])["array"] == approx(32e-13)
    given_area = loaded("{table: analog-14nm, crossbar: {area: 0.05 um2}}")
    assert pricing.area(given_area, [part])["array"] == approx(32 * 0.05e-12)


def test_leakage_of_converters_is_the_librarys_brought_to_14_nm() -> None:
    factor = 0.0453  # 130 nm to 14 nm, StillmakerBaas2017
    powers = pricing.leakage(loaded(), PARTS)
    assert powers["adc"] == approx(factor * at_corner("adc_sar", "p_static", "typical"), rel=1e-3)
    assert powers["dac"] == approx(8 * factor * at_corner("dac_pwm", "p_static", "typical"), rel=1e-3)


def test_leakage_is_priced_by_the_picoseconds_that_a_part_is_on() -> None:
    rows = pricing.static(loaded("{table: analog-14nm, adc: {leakage: 3 uW}}"), PARTS, "train", 2 * 10**12)
    adc = next(row for row in rows if row.component == "adc")
    assert adc[:5] == ("train", "leakage", "adc", "static", 2 * 10**12)
    assert adc.energy == approx(6e-6)
    assert adc.status == "given"
    assert len(rows) == len(PARTS)


# ------------------------------------------------------------------------------------------- where it is from


def test_every_source_of_the_shipped_tables_is_in_the_bibliography() -> None:
    for name in registry.names("costs"):
        cited = loaded(f"{{table: {name}}}").citations()
        assert cited
        assert cited <= citations.keys()


def test_every_figure_that_nobody_published_says_why_and_is_called_assumed() -> None:
    table = loaded()
    unsourced = [f for part in table.components.values() for f in (part.area, part.leakage) if not f.source]
    assert unsourced
    assert all(figure.status == "assumed" and len(figure.where) > 20 for figure in unsourced)


def test_what_the_library_only_recalls_is_called_assumed() -> None:
    assert LIBRARY["sram", "p_leak_bit"]["status"] == "recalled, not verified"
    assert loaded().components["integrator"].leakage.status == "assumed"


def test_shares_say_how_much_rests_on_prices_of_each_status() -> None:
    chip = prices(loaded("{table: analog-14nm, adc_conv: {energy: 2 pJ}}"))
    rows = [LedgerRow("s", "forward", "adc", "adc_conv", 3), LedgerRow("s", "forward", "digital", "mul8", 2)]
    static = PricedRow("s", "leakage", "controller", "static", 1, 4e-12, 4e-12, "a guess", "assumed", "x")
    shares = pricing.shares((*chip.price(rows), static))
    expected = {"assumed": 4e-12, "given": 6e-12, "secondary": 2 * 0.1035e-12}
    assert shares == approx(expected)


def test_a_price_names_its_sources_and_the_weakest_of_their_statuses() -> None:
    line = prices(loaded()).rate("array", "forward", "line_read_cell")
    assert line is not None
    table = loaded()
    entry = table.actions["line_read_cell"]
    assert {figure.status for figure in entry.figures()} == {"derived", "secondary"}
    assert line.status == "derived"
    assert all(key in line.source for figure in entry.figures() for key in figure.source)


def test_a_given_price_names_the_key_that_gave_it() -> None:
    rate = prices(loaded("{table: analog-14nm, adc_conv: {energy: 2 pJ}}")).rate("adc", "forward", "adc_conv")
    assert rate == (2e-12, "given as costs.adc_conv.energy", "given", "adc_conv")


# ----------------------------------------------------------------------------------------------------- faults


def sentences(error: pytest.ExceptionInfo[InputError]) -> list[str]:
    return [fault.headline() for fault in error.value.faults]


def test_an_action_without_a_price_is_an_error_that_names_component_action_and_table() -> None:
    with pytest.raises(InputError) as error:
        prices(loaded()).price([LedgerRow("s", "forward", "adc", "adc_convs", 0)])
    assert sentences(error) == [
        "error[E060]: component 'adc' (adc): action 'adc_convs' has no price in cost table 'analog-14nm'; "
        "did you mean 'adc_conv'?"
    ]


def test_a_component_without_an_area_is_an_error_that_names_it_its_type_and_the_table() -> None:
    for figure in (pricing.area, pricing.leakage):
        with pytest.raises(InputError) as error:
            figure(loaded(), [Part("switch", "crossbars", {})])
        assert sentences(error) == [
            "error[E061]: component 'switch' is of type 'crossbars', which has neither area nor leakage in "
            "cost table 'analog-14nm'; did you mean 'crossbar'?"
        ]


def test_a_price_that_depends_on_what_a_component_has_not_is_an_error() -> None:
    with pytest.raises(InputError) as error:
        Prices(loaded(), TYPES, lambda *_: {}).rate("adc", "forward", "adc_conv")
    assert sentences(error) == [
        "error[E060]: component 'adc' (adc): the price of 'adc_conv' in cost table 'analog-14nm' depends on "
        "'bits', which this component does not have"
    ]
    with pytest.raises(InputError) as error:
        pricing.area(loaded(), [Part("adc", "adc", {})])
    assert sentences(error) == [
        "error[E061]: component 'adc' (adc): area and leakage in cost table 'analog-14nm' depend on 'count', "
        "which this component does not have"
    ]


def refused(text: str) -> list[str]:
    with pytest.raises(InputError) as error:
        costs.load(documents.parse(text, "chip.yaml"))
    return sentences(error)


def test_an_unknown_entry_is_answered_with_the_nearest_and_its_place() -> None:
    assert refused("name: x\ncosts:\n  table: analog-14nm\n  adc_con: {energy: 2 pJ}\n") == [
        "chip.yaml:4:3: error[E062]: costs: cost table 'analog-14nm' has no entry 'adc_con'; "
        "did you mean 'adc_conv'?"
    ]


def test_an_unknown_corner_is_answered_with_the_nearest() -> None:
    assert refused("costs: {table: analog-14nm, corner: typicl}\n") == [
        "chip.yaml:1:37: error[E063]: costs: unknown corner 'typicl'; did you mean 'typical'?"
    ]


def test_an_unknown_key_of_an_entry_is_answered_with_the_nearest() -> None:
    assert refused("costs:\n  table: analog-14nm\n  adc_conv: {enrgy: 2 pJ}\n") == [
        "chip.yaml:3:14: error[E012]: costs: entry 'adc_conv': unknown key 'enrgy'; did you mean 'energy'?"
    ]


def test_a_price_without_its_unit_is_refused() -> None:
    assert refused("costs:\n  table: analog-14nm\n  adc_conv: {energy: 2}\n") == [
        "chip.yaml:3:22: error[E016]: costs: entry 'adc_conv': energy: 2 is missing its unit; write 2 pJ"
    ]


def test_an_energy_beside_a_voltage_is_a_contradiction() -> None:
    assert refused("costs:\n  table: analog-14nm\n  set_pulse: {energy: 2 pJ, voltage: 1 V}\n") == [
        "chip.yaml:3:14: error[E020]: costs: entry 'set_pulse' is given an energy, "
        "beside which voltage has no effect; keep one"
    ]


def test_an_overhead_factor_must_be_above_zero() -> None:
    assert refused("costs: {table: analog-14nm, overhead_factor: -1}\n") == [
        "chip.yaml:1:46: error[E014]: costs: overhead_factor: expected a number above 0, got -1"
    ]


def test_all_faults_of_a_section_are_reported_at_once() -> None:
    given_wrongly = ("corner: worst", "adc_con: {}", "adc: {area: 1 V}", "overhead_factor: 0")
    found = refused("costs:\n  table: analog-14nm\n" + "".join(f"  {line}\n" for line in given_wrongly))
    assert sorted(line.split(": ")[1] for line in found) == [
        f"error[E0{code}]" for code in ("14", "17", "62", "63")
    ]


def test_a_section_without_a_table_is_refused() -> None:
    missing = "the name or path of a cost table"
    assert refused("costs: {corner: typical}\n") == [
        f"chip.yaml:1:8: error[E011]: costs: missing key 'table', {missing}"
    ]
    assert refused("name: x\n") == [
        "chip.yaml:1:1: error[E011]: 'costs' must name a cost table, as in 'costs: {table: analog-14nm}'"
    ]


def test_an_unknown_table_is_answered_with_the_nearest() -> None:
    assert refused("costs: {table: analog-14n}\n") == [
        "chip.yaml:1:16: error[E030]: costs: unknown cost table 'analog-14n'; did you mean 'analog-14nm'?"
    ]


def test_an_override_of_the_command_line_prices_like_one_in_the_file() -> None:
    document = documents.parse("costs: {table: analog-14nm}\n", "chip.yaml")
    changed = document.with_value("costs.adc_conv.energy", "2 pJ").with_value("costs.corner", "conservative")
    table = costs.load(changed)
    assert table.corner == "conservative"
    assert price_of("adc_conv", table) == 2e-12


# ---------------------------------------------------------------------------------------- tables of one's own

OWN = """\
format: chipsim-costs/1
name: mine
technology: 28 nm
actions:
  adc_conv:
    rule: flat
    energy: {typical: 3 pJ, where: our own measurement, status: verified}
components:
  adc:
    units: [count]
    area: {typical: 900 um2, where: our layout, status: verified}
    leakage: {typical: 1 nW, where: our simulation, status: derived}
"""


def own(folder: Path, text: str, table: str = "mine.yaml") -> CostTable:
    (folder / "mine.yaml").write_text(text, encoding="utf-8")
    chip = folder / "chip.yaml"
    chip.write_text(f"costs: {{table: {table}}}\n", encoding="utf-8")
    return costs.load(documents.read(chip))


def test_a_table_beside_the_architecture_file_is_used(tmp_path: Path) -> None:
    table = own(tmp_path, OWN)
    assert table.name == "mine"
    assert prices(table).rate("adc", "forward", "adc_conv") == (
        3e-12,
        "our own measurement",
        "verified",
        "adc_conv",
    )
    with pytest.raises(InputError, match="action 'dac_conv' has no price in cost table 'mine'"):
        prices(table).rate("dac", "forward", "dac_conv")


def test_a_voltage_given_takes_the_place_of_the_tables_energy_of_a_pulse(tmp_path: Path) -> None:
    entry = "rule: pulse\n    data: set_conductance\n    plain: set_pulses"
    text = OWN.replace("adc_conv:", "set_pulse:").replace("rule: flat", entry)
    assert prices(own(tmp_path, text)).rate("array", "update", "set_conductance") is None
    chip = tmp_path / "chip.yaml"
    chip.write_text("costs: {table: mine.yaml, set_pulse: {voltage: 2 V}}\n", encoding="utf-8")
    table = costs.load(documents.read(chip))
    assert price_of("set_conductance", table) == approx(2**2 * 100e-9 * 1e-9)
    assert prices(table).rate("array", "update", "set_pulses") is None


def faults_of(folder: Path, text: str) -> list[str]:
    with pytest.raises(InputError) as error:
        own(folder, text)
    return [fault.message for fault in error.value.faults]


def test_a_table_outside_the_files_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        own(tmp_path, OWN, "../mine.yaml")
    assert [fault.message for fault in error.value.faults] == [
        "costs: path '../mine.yaml' leads out of the folder of the file that names it; "
        "put a copy in that folder"
    ]
    assert error.value.faults[0].code == "E032"


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        ("rule: flat", "rule: per-bit", "adc_conv: rule 'per-bit' needs 'at_bits'"),
        ("rule: flat", "rule: line", "adc_conv: rule 'line' has no use for 'energy'"),
        ("rule: flat", "rule: flat\n    at_bits: 8", "adc_conv: rule 'flat' has no use for 'at_bits'"),
        ("rule: flat", "rule: line", "adc_conv: rule 'line' needs 'capacitance'"),
        ("rule: flat", "rule: pulse", "adc_conv: rule 'pulse' needs 'data'"),
        (
            "typical: 3 pJ",
            "typical: 3 pJ, optimistic: 4 pJ",
            "adc_conv: energy: optimistic, typical and conservative must not fall, got 4e-12, 3e-12, 3e-12",
        ),
        (
            "where: our layout, ",
            "",
            "adc: area: needs a 'source', or a 'where' that gives the reasoning",
        ),
        (
            "typical: 3 pJ",
            'typical: 3 pJ, by_bits: {typical: {"eight": 3 pJ}}',
            "adc_conv: energy: by_bits: expected a whole number of bits, got 'eight'",
        ),
        (
            "rule: flat",
            "rule: flat\n    beyond: {product: [words], limit: 5, entry: adc_con}",
            "adc_conv: beyond: unknown entry 'adc_con'; did you mean 'adc_conv'?",
        ),
        (
            "rule: flat",
            "rule: flat\n    beyond: {product: [words], limit: 5, entry: adc_conv}",
            "adc_conv: beyond: entry 'adc_conv' leads on to another entry itself",
        ),
        (
            "status: derived}\n",
            "status: derived}\n    plus: ad\n",
            "adc: plus: unknown entry 'ad'; did you mean 'adc'?",
        ),
        (
            "status: derived}\n",
            "status: derived}\n    plus: adc\n",
            "adc: plus: entry 'adc' leads on to another entry itself",
        ),
        (
            "technology: 28 nm",
            "technology: 28 nm\nreported: [adc_conv]",
            "adc_conv: action 'adc_conv' is already in 'reported'",
        ),
    ],
)
def test_a_table_that_contradicts_itself_is_refused(
    tmp_path: Path, before: str, after: str, sentence: str
) -> None:
    assert f"cost table 'mine': {sentence}" in faults_of(tmp_path, OWN.replace(before, after))


def test_a_table_of_another_format_is_refused(tmp_path: Path) -> None:
    assert faults_of(tmp_path, OWN.replace("chipsim-costs/1", "chipsim-costs/9")) == [
        "cost table: format: unknown value 'chipsim-costs/9'; did you mean 'chipsim-costs/1'?"
    ]


def test_a_table_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"mine2\.yaml"):
        own(tmp_path, OWN, "mine2.yaml")


def test_pricing_a_runs_progress_works_each_price_out_once() -> None:
    asked: list[tuple[str, str]] = []

    def counted_facts(component: str, operation: str) -> Mapping[str, float]:
        asked.append((component, operation))
        return FACTS[component]

    chip = Prices(loaded(), TYPES, counted_facts)
    rows = example_rows("forward")
    snapshots = [chip.energy(rows) for _ in range(101)]
    assert len(set(snapshots)) == 1
    assert len(asked) == len({(row.component, row.action) for row in rows}) - 1  # reported: reads
