"""The shipped tables and the form of a table: what extends what, cells, and the rules from node to node."""

from __future__ import annotations

import csv
import math
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chipsim.accounting import costs, pricing, scaling, table
from chipsim.accounting.costs import CostTable
from chipsim.accounting.ledger import LedgerRow
from chipsim.accounting.pricing import Part, Prices
from chipsim.accounting.scaling import CORNERS, Corner
from chipsim.errors import InputError
from chipsim.inputs import documents, registry

approx = partial(pytest.approx, rel=1e-6, abs=0.0)  # energies and areas lie below the default of 1e-12
REFERENCE = Path(__file__).parents[1] / "reference"


def library() -> dict[tuple[str, str], dict[str, str]]:
    with (REFERENCE / "components_prices.csv").open(encoding="utf-8") as file:
        rows = csv.DictReader(line for line in file if not line.startswith("#"))
        return {(row["component"], row["parameter"]): row for row in rows}


LIBRARY = library()
COLUMN = {"typical": "value", "optimistic": "min", "conservative": "max"}


def at_corner(component: str, parameter: str, corner: str) -> float:
    row = LIBRARY[component, parameter]
    return float(row[COLUMN[corner]] or row["value"])


def loaded(section: str) -> CostTable:
    return costs.load(documents.parse(f"costs: {section}\n", "chip.yaml"))


# ------------------------------------------------------------------------------------------ from node to node


@pytest.mark.parametrize(
    ("start", "end", "factor"),
    [
        *((start, 14, f) for start, f in ((130, 0.0453), (65, 0.1119), (45, 0.1388), (40, 0.1598))),
        *((start, 14, f) for start, f in ((32, 0.2106), (28, 0.2705))),
        *((45, end, f) for end, f in ((32, 0.659), (28, 0.513))),
    ],
)
def test_energies_of_nodes_are_apart_by_the_librarys_factors(start: int, end: int, factor: float) -> None:
    digits = 10.0 ** (math.floor(math.log10(factor)) - (2 if end != 14 or start == 130 else 3))
    assert scaling.stillmaker_baas_energy({start: 1.0}, end) == approx(factor, abs=0.5 * digits)


@pytest.mark.parametrize(
    ("start", "end", "factor"),
    [(65, 14, 0.113), (45, 14, 0.17), (40, 14, 0.215), (32, 14, 0.370), (45, 32, 0.46), (45, 28, 0.377)],
)
def test_areas_of_nodes_are_apart_by_the_librarys_factors(start: int, end: int, factor: float) -> None:
    assert scaling.stillmaker_baas_area({start: 1.0}, end) == approx(factor, abs=0.5e-3)


@settings(deadline=None)
@given(st.floats(7, 130), st.floats(7, 130), st.floats(7, 130), st.floats(1e-18, 1e-9))
def test_there_and_on_is_the_way_at_once(one: float, other: float, third: float, value: float) -> None:
    for rule in (
        scaling.stillmaker_baas_energy, scaling.stillmaker_baas_area, scaling.proportional,
    ):  # fmt: skip
        direct, by_way = rule({one: value}, third), rule({other: rule({one: value}, other)}, third)
        assert by_way == approx(direct, rel=1e-12)
        assert rule({one: value}, one) == approx(value, rel=1e-12)


@given(st.floats(1e-15, 1e-9), st.floats(1e-15, 1e-9), st.floats(5, 100))
def test_a_log_log_line_passes_through_both_points_and_has_one_exponent(
    first: float, second: float, node: float
) -> None:
    points = {45.0: first, 7.0: second}
    assert scaling.log_log(points, 45.0) == approx(first, rel=1e-12)
    assert scaling.log_log(points, 7.0) == approx(second, rel=1e-12)
    twice = scaling.log_log(points, 2 * node) / scaling.log_log(points, node)
    assert math.log2(twice) == approx(math.log(first / second) / math.log(45 / 7), abs=1e-9)


@pytest.mark.parametrize("node", [5.0, 180.0])
def test_a_node_that_the_paper_has_not_is_refused(node: float) -> None:
    with pytest.raises(ValueError, match="lies outside 7 to 130 nm"):
        scaling.stillmaker_baas_energy({node: 1.0}, 14.0)


# --------------------------------------------------------------------------------------------- digital-14nm

FACTS = {
    "fp16": {"bits": 16, "capacity": 4096, "lanes": 8},
    "fp32": {"bits": 32, "capacity": 4096, "lanes": 8},
    "int8": {"bits": 8, "capacity": 8192},
}


def price(section: str, component: str, action: str, **facts: float) -> float:
    known = {**FACTS.get(component, {}), **facts}
    rate = Prices(loaded(section), {}, lambda *_: known).rate(component, "forward", action)
    assert rate is not None
    return rate.price


@pytest.mark.parametrize("corner", CORNERS)
@pytest.mark.parametrize(
    ("component", "action", "rows"),
    [
        ("fp16", "fp_mac", ("e_fp16_mult", "e_fp16_add")),
        ("fp32", "fp_mac", ("e_fp32_mult", "e_fp32_add")),
        ("int8", "int_mac", ("e_int8_mult", "e_int32_add")),
        ("fp32", "int_mac", ("e_int32_mult", "e_int32_add")),
        ("fp16", "fp_add", ("e_fp16_add",)),
        ("fp32", "fp_add", ("e_fp32_add",)),
        ("int8", "dig_add8", ("e_int8_add",)),
        ("int8", "dig_add32", ("e_int32_add",)),
    ],
)
def test_digital_work_costs_what_the_library_lists_at_its_width(
    component: str, action: str, rows: tuple[str, ...], corner: str
) -> None:
    expected = sum(at_corner("digital", row, corner) for row in rows)
    found = price(f"{{table: digital-14nm, corner: {corner}}}", component, action)
    assert found == approx(expected, rel=5e-4)  # the library gives four digits


@pytest.mark.parametrize("corner", CORNERS)
@pytest.mark.parametrize(("row", "size"), [("8kB", 2**13), ("32kB", 2**15), ("1MB", 2**20)])
def test_a_word_of_memory_costs_what_the_library_lists_for_its_capacity(
    row: str, size: int, corner: str
) -> None:
    table_ = f"{{table: digital-14nm, corner: {corner}}}"
    for bits in (8, 32):
        found = price(table_, "memory", "word_read", bits=bits, capacity=8 * size // bits)
        assert found == approx(bits * at_corner("sram", f"e_bit_{row}", corner), rel=5e-4)
        assert found == price(table_, "memory", "word_write", bits=bits, capacity=8 * size // bits)


def test_between_listed_capacities_a_bit_is_linear_in_the_logarithm_and_never_cheaper_when_larger() -> None:
    sizes = [2**power for power in range(6, 31)]
    found = [price("{table: digital-14nm}", "memory", "word_read", bits=8, capacity=size) for size in sizes]
    assert found == sorted(found)
    small, middle, large = (found[power - 6] for power in (13, 14, 15))
    assert middle == approx((small + large) / 2, rel=1e-12)
    assert len(set(found[:8])) == 1  # up to 8 kB
    beyond = [after - before for before, after in pairwise(found[15:])]
    assert beyond == approx([beyond[0]] * len(beyond), rel=1e-9)


@pytest.mark.parametrize("corner", CORNERS)
@pytest.mark.parametrize(
    ("action", "component", "parameter", "factor"),
    [
        ("dram_byte", "dram_lpddr4", "e_bit", 8),
        ("hbm_byte", "dram_hbm2", "e_bit", 8),
        ("noc_bit", "noc_hop", "e_bit", 1),
        ("reg_word", "digital", "e_register_bit", 16),
    ],
)
def test_data_moved_costs_what_the_library_lists(
    action: str, component: str, parameter: str, factor: int, corner: str
) -> None:
    found = price(f"{{table: digital-14nm, corner: {corner}}}", "x", action, bits=16)
    assert found == approx(factor * at_corner(component, parameter, corner), rel=1e-3)


# ------------------------------------------------------------------------------------------------ hybrid-14nm

CELLS = {"slow": ("pcm-pair", "phase-change"), "fast": ("capacitor-3t1c", "linear-step")}
ARRAY = {"rows": 8, "columns": 4, "read_time": 40e-9, "read_codes": 128, "pulse_width": 100e-9}


def hybrid(section: str = "{table: hybrid-14nm}") -> Prices:
    return Prices(loaded(section), {}, lambda *_: ARRAY, CELLS)


@pytest.mark.parametrize("corner", CORNERS)
@pytest.mark.parametrize(("action", "sums"), [("set_pulses", "set"), ("reset_pulses", "reset")])
def test_a_pulse_costs_what_its_cell_takes(action: str, sums: str, corner: Corner) -> None:
    chip = hybrid(f"{{table: hybrid-14nm, corner: {corner}}}")
    for array, row in (("slow", ("pcm_cell", "e_program_pulse")), ("fast", ("3t1c_cell", "e_update_pulse"))):
        rate = chip.rate(array, "update", action)
        assert rate is not None
        assert rate.price == approx(at_corner(*row, corner))
        assert chip.rate(array, "update", f"{sums}_conductance") is None
    assert chip.rate("another", "update", action) is None
    by_conductance = chip.rate("another", "update", f"{sums}_conductance")
    assert by_conductance is not None
    assert by_conductance.entry == f"{sums}_pulse"


def test_arrays_of_different_cells_are_priced_apart_in_one_run() -> None:
    rows = [LedgerRow("s", "update", array, "set_pulses", 1000) for array in ("fast", "slow")]
    rows += [LedgerRow("s", "update", "reram", "set_conductance", 45_000 * 1000)]
    energies = pricing.totals(hybrid().price(rows), "component")
    expected = {"fast": 1000 * 40e-15, "slow": 1000 * 60e-12, "reram": 1000 * 10.125e-12}
    assert energies == approx(expected)


def test_a_price_given_for_a_cells_pulses_holds_for_that_cell_alone() -> None:
    chip = hybrid("{table: hybrid-14nm, phase_change_pulse: {energy: 25 pJ}}")
    slow, fast = (chip.rate(array, "update", "set_pulses") for array in ("slow", "fast"))
    assert slow is not None
    assert fast is not None
    assert (slow.price, slow.status) == (25e-12, "given")
    assert fast.price == 40e-15


def test_reads_of_any_cell_take_its_own_conductance() -> None:
    rates = [hybrid().rate(array, "forward", "read_conductance") for array in ("slow", "fast", "another")]
    assert len(set(rates)) == 1


@pytest.mark.parametrize("corner", CORNERS)
def test_half_a_selection_costs_a_quarter_of_a_pulse_at_the_tables_conductance(corner: Corner) -> None:
    chip = hybrid(f"{{table: hybrid-14nm, corner: {corner}}}")
    half, pulse = (chip.rate("another", "update", action) for action in ("half_select", "set_conductance"))
    assert half is not None
    assert pulse is not None
    siemens = {"typical": 45e-6, "optimistic": 24e-6, "conservative": 125e-6}[corner]
    assert half.price == approx(pulse.price * siemens * 1e9 / 4)


def test_half_a_selection_follows_the_cell() -> None:
    prices = {name: hybrid().rate(name, "update", "half_select") for name in ("slow", "fast")}
    assert {name: rate and rate.price for name, rate in prices.items()} == approx(
        {"slow": 0.5e-12, "fast": 0.0}
    )


def test_an_array_of_capacitors_has_their_area_and_leaks() -> None:
    parts = [Part(name, "crossbar", ARRAY, cell) for name, cell in {**CELLS, "reram": ("reram-om",)}.items()]
    areas, powers = (
        figure(loaded("{table: hybrid-14nm}"), parts) for figure in (pricing.area, pricing.leakage)
    )
    assert areas["fast"] == approx(32 * at_corner("3t_gain_cell", "area_per_bit", "typical"))
    assert powers["fast"] == approx(32 * at_corner("3t_gain_cell", "p_static_per_bit", "typical"))
    assert areas["reram"] == approx(32 * at_corner("reram_cell", "area", "typical"), rel=1e-3)
    assert powers["slow"] == powers["reram"] == 0.0


def test_cells_that_the_shipped_tables_name_are_models_that_there_are() -> None:
    for name in registry.names("costs"):
        file = table.read(registry.file("costs", name))
        named = {
            cell for cost in (*file.actions.values(), *file.components.values()) for cell in cost.by_cell
        }
        assert named <= {*registry.names("cell"), *registry.names("model")}


# -------------------------------------------------------------------------------------------- the extension


def test_each_shipped_table_prices_at_least_what_the_one_below_does() -> None:
    for lower, upper in (("digital-14nm", "analog-14nm"), ("analog-14nm", "hybrid-14nm")):
        below, above = (table.read(registry.file("costs", name)) for name in (lower, upper))
        assert set(below.actions) < set(above.actions)
        assert set(below.components) < set(above.components)


OWN = """\
format: chipsim-costs/1
name: mine
extends: analog-14nm
actions:
  adc_conv: {rule: flat, at_bits: null, energy: {typical: 3 pJ, where: our own measurement, status: verified}}
"""


def own(folder: Path, text: str = OWN, section: str = "{table: mine.yaml}") -> CostTable:
    (folder / "mine.yaml").write_text(text, encoding="utf-8")
    (folder / "chip.yaml").write_text(f"costs: {section}\n", encoding="utf-8")
    return costs.load(documents.read(folder / "chip.yaml"))


def test_a_table_that_extends_another_gives_only_what_differs(tmp_path: Path) -> None:
    mine, shipped = own(tmp_path), loaded("{table: analog-14nm}")
    assert mine.name == "mine"
    assert mine.technology == "14 nm"
    changed = {name for name, cost in mine.actions.items() if cost != shipped.actions[name]}
    assert changed == {"adc_conv"}
    assert mine.actions["adc_conv"].energy is not None
    assert (
        mine.actions["adc_conv"].energy.at("conservative") == 3e-12
    )  # no range of the shipped figure is left
    assert mine.components == shipped.components


def test_every_entry_knows_the_file_in_which_it_stands(tmp_path: Path) -> None:
    places = own(tmp_path).document
    found = {Path(places.place(("actions", name)).file).name for name in ("adc_conv", "dac_conv", "mul8")}
    assert found == {"mine.yaml", "analog-14nm.yaml", "digital-14nm.yaml"}


def test_the_text_of_a_table_stands_alone(tmp_path: Path) -> None:
    mine = own(tmp_path)
    again = own(tmp_path, mine.text)
    assert (again.actions, again.components, again.heads) == (mine.actions, mine.components, mine.heads)
    assert "extends" not in mine.text


def test_a_table_may_extend_one_beside_it(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(OWN.replace("name: mine", "name: base"), encoding="utf-8")
    text = "format: chipsim-costs/1\nname: mine\nextends: base.yaml\nactions: {}\n"
    assert own(tmp_path, text).actions["adc_conv"].rule == "flat"


def faults_of(folder: Path, text: str) -> list[str]:
    with pytest.raises(InputError) as error:
        own(folder, text)
    return [fault.headline().replace(str(folder), "") for fault in error.value.faults]


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        (
            "extends: analog-14nm",
            "extends: analog-14n",
            "/mine.yaml:3:10: error[E030]: cost table: extends: unknown cost table 'analog-14n'; "
            "did you mean 'analog-14nm'?",
        ),
        (
            "extends: analog-14nm",
            "extends: mine.yaml",
            "/mine.yaml:3:10: error[E027]: cost table: extends: 'mine.yaml' extends this table in its turn; "
            "let one of them stand alone",
        ),
        (
            "extends: analog-14nm",
            "extends: ../other.yaml",
            "/mine.yaml:3:10: error[E032]: cost table: extends: path '../other.yaml' leads out of the folder "
            "of the file that names it; put a copy in that folder",
        ),
        (
            "extends: analog-14nm",
            "extends: [a, b]",
            "/mine.yaml:3:10: error[E013]: cost table: extends: expected the name or path of a cost table",
        ),
        ("name: mine\n", "", "/mine.yaml:1:1: error[E011]: cost table: missing key 'name'"),
        (
            "name: mine",
            "name: mine\ntechnology: 28 nm",
            "/mine.yaml:3:13: error[E064]: cost table: technology: 'analog-14nm' is of 14 nm, and its prices "
            "hold there only; write that",
        ),
        (
            "rule: flat, at_bits: null",
            "rule: flat",
            "/mine.yaml:5:13: error[E064]: cost table 'mine': adc_conv: rule 'flat' has no use for 'at_bits'",
        ),
        (
            "rule: flat, at_bits: null",
            "by_cell: {pcm-pair: adc_con}",
            "/mine.yaml:5:13: error[E064]: cost table 'mine': adc_conv: by_cell: unknown entry 'adc_con'; "
            "did you mean 'adc_conv'?",
        ),
        (
            "typical: 3 pJ",
            "typical: {rule: proportional, at: {28 nm: 6 pJ}, to: 28 nm}",
            "/mine.yaml:5:49: error[E064]: cost table 'mine': adc_conv: energy: is brought to 28 nm, "
            "but the table is of 14 nm",
        ),
        (
            "typical: 3 pJ",
            "typical: {rule: log-log, at: {28 nm: 6 pJ}, to: 14 nm}",
            "/mine.yaml:5:50: error[E020]: cost table: actions.adc_conv.energy.typical: "
            "rule 'log-log' takes 2 published figures, got 1",
        ),
        (
            "typical: 3 pJ",
            "typical: {rule: stillmaker-baas-energy, at: {250 nm: 6 pJ}, to: 14 nm}",
            "/mine.yaml:5:50: error[E020]: cost table: actions.adc_conv.energy.typical: "
            "node 250 nm lies outside 7 to 130 nm",
        ),
    ],
)
def test_a_table_that_extends_wrongly_is_refused(
    tmp_path: Path, before: str, after: str, sentence: str
) -> None:
    assert sentence in faults_of(tmp_path, OWN.replace(before, after))


def test_tables_that_extend_each_other_are_refused(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(
        "format: chipsim-costs/1\nname: base\nextends: mine.yaml\n", encoding="utf-8"
    )
    found = faults_of(tmp_path, OWN.replace("analog-14nm", "base.yaml"))
    assert len(found) == 1
    assert "extends this table in its turn" in found[0]


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ("{at_bits: null}", "adc: rule 'converter-area' needs 'at_bits'"),
        ("{rule: flat}", "adc: rule 'flat' has no use for 'at_bits'"),
    ],
)
def test_an_area_that_follows_the_bits_says_of_how_many_its_figure_is(
    tmp_path: Path, given: str, text: str
) -> None:
    table = f"format: chipsim-costs/1\nname: mine\nextends: analog-14nm\ncomponents:\n  adc: {given}\n"
    (fault,) = faults_of(tmp_path, table)
    assert fault.endswith(f"error[E064]: cost table 'mine': {text}")
