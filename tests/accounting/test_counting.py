"""Counts in closed form: their laws, and a network of 784-256-128-10 on 512 x 512 tiles worked by hand."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chipsim.accounting import costs, counting, pricing
from chipsim.accounting.counting import Counts, added, layer, tiles, times, transfer, update
from chipsim.accounting.pricing import Part, Prices
from chipsim.inputs import documents

approx = partial(pytest.approx, rel=1e-6, abs=0.0)  # energies and areas lie below the default of 1e-12
REFERENCE = Path(__file__).parents[1] / "reference"
EXAMPLE: Mapping[str, Any] = json.loads((REFERENCE / "worked_example_784.json").read_text(encoding="utf-8"))
SMALL: Mapping[str, Any] = json.loads((REFERENCE / "worked_example_8x4.json").read_text(encoding="utf-8"))
SIX_DIGITS = 5e-6  # half a unit of the sixth digit is at most this part of a number

SIZE, SLOTS, EVERY = (EXAMPLE["assume"][key] for key in ("tile", "BL", "transfer_every"))
LAYERS = [
    (int(rows), int(columns), duty, error) for rows, columns, duty, error in EXAMPLE["assume"]["layers"]
]

# ---------------------------------------------------------------------------------------- the worked example


def forward() -> Counts:
    passes = [layer(rows, columns, SIZE, duty) for rows, columns, duty, _ in LAYERS]
    return added(*passes, {"act_fn": sum(columns for _, columns, _, _ in LAYERS)})


def backward() -> Counts:
    """Errors through layers 3 and 2: values that arrive meet their slope, the first is added."""
    passes = [layer(columns, rows, SIZE, error) for rows, columns, _, error in LAYERS[1:]]
    slopes = sum(rows for rows, _, _, _ in LAYERS[1:])
    return added(*passes, {"mul8": slopes, "dig_add16": LAYERS[-1][1]})


def updates(gated: bool = True) -> Counts:
    return added(
        *(
            update(tile.rows, tile.columns, SLOTS, duty * tile.rows, error * tile.columns, gated=gated)
            for rows, columns, duty, error in LAYERS
            for tile in tiles(rows, columns, SIZE)
        )
    )


def transfers() -> Counts:
    """A vector of each of the four tiles; a twentieth of the words crosses its threshold."""
    lengths = [columns for rows, columns, _, _ in LAYERS for _ in tiles(rows, columns, SIZE)]
    chance = EXAMPLE["assume"]["c_pulse_prob"]
    return added(*(transfer(length, chance * length) for length in lengths))


def network() -> Counts:
    """8 bits of each input to its tiles, 16 bits of each output, one hop."""
    return {
        "noc_bit": 8 * sum(len(tiles(1, columns, SIZE)) * rows for rows, columns, _, _ in LAYERS)
        + 16 * sum(columns for _, columns, _, _ in LAYERS)
    }


def programming() -> Counts:
    cells = sum(rows * columns for rows, columns, _, _ in LAYERS)
    return counting.write_verify(cells, EXAMPLE["program_C_write_verify"]["counts"]["iterations"])


OPERATIONS = {
    "forward": forward(),
    "backward": backward(),
    "update": updates(),
    "transfer": transfers(),
    "noc": network(),
}
IMAGE = added(*(times(1 / EVERY if name == "transfer" else 1, c) for name, c in OPERATIONS.items()))


@pytest.mark.parametrize("operation", [*OPERATIONS, "per_image_amortised"])
def test_the_examples_counts_come_out_to_six_digits(operation: str) -> None:
    expected = dict(EXAMPLE["counts"][operation])
    ungated = expected.pop("half_select_if_ungated", None)
    assert {**OPERATIONS, "per_image_amortised": IMAGE}[operation] == approx(expected, rel=SIX_DIGITS)
    if ungated is not None:
        assert updates(gated=False)["half_select"] == approx(ungated, rel=SIX_DIGITS)


def test_the_examples_whole_counts_are_exact() -> None:
    assert forward()["dac_conv"] == 1168
    assert forward()["cell_reads"] == 234_752
    assert updates()["bit_gen"] == 56_358
    assert updates()["pulse"] == approx(66_829.056, rel=1e-12)
    assert network()["noc_bit"] == 15_648


def test_the_examples_tiles_are_counted() -> None:
    per_layer = [len(tiles(rows, columns, SIZE)) for rows, columns, _, _ in LAYERS]
    assert per_layer == EXAMPLE["tiles"]["per_layer"]
    cells = sum(tile.rows * tile.columns for r, c, _, _ in LAYERS for tile in tiles(r, c, SIZE))
    assert cells == EXAMPLE["tiles"]["weights"]
    assert cells / (sum(per_layer) * SIZE**2) == approx(EXAMPLE["tiles"]["utilisation"], rel=SIX_DIGITS)


ENTRIES = {"cell_read_fs": "cell_read", "pulse": "set_pulse"}  # listed price: entry of the table
CODES, CONDUCTANCE = 128, 45_000  # code of full duty; nS


def listed(preset: str) -> Prices:
    given_ = ", ".join(
        f"{ENTRIES.get(name, name)}: {{energy: {price!r} J}}"
        for name, price in EXAMPLE["prices"][preset].items()
        if name != "half_select"
    )
    table = costs.load(documents.parse(f"costs: {{table: analog-14nm, {given_}}}\n", "chip.yaml"))
    facts = {"read_codes": CODES, "bits": 16.0, "words": float(SIZE * SIZE)}
    return Prices(table, {}, lambda *_: facts)


@pytest.mark.parametrize("preset", ["t_pulse_100ns", "t_pulse_5ns"])
@pytest.mark.parametrize("operation", [*OPERATIONS, "per_image_amortised"])
def test_counts_times_listed_prices_give_the_examples_energies_to_six_digits(
    operation: str, preset: str
) -> None:
    counts = {**OPERATIONS, "per_image_amortised": IMAGE}[operation]
    spent = counting.energies(counting.in_ledger(counts, CODES, CONDUCTANCE), listed(preset))
    expected = EXAMPLE["energy_J"][preset][operation]
    assert pricing.total(spent.values()) == approx(expected, rel=SIX_DIGITS)


def test_programming_by_write_and_verify_gives_the_examples_counts_and_energy() -> None:
    expected = EXAMPLE["program_C_write_verify"]
    counts = programming()
    assert all(counts[name] == expected["counts"][name] for name in counts)
    spent = counting.energies(counting.in_ledger(counts, CODES, CONDUCTANCE), listed("t_pulse_100ns"))
    assert pricing.total(spent.values()) == approx(expected["energy_J"], rel=SIX_DIGITS)


@pytest.mark.parametrize("preset", ["ideal", "measured"])
def test_the_examples_latencies_come_out_to_six_digits(preset: str) -> None:
    timing = EXAMPLE["timing"][preset]
    mvm, width, cycle = timing["t_mvm"], timing["t_pulse"], timing["t_cycle"]
    longest = max(columns for _, columns, _, _ in LAYERS)
    updating = counting.update_time(EXAMPLE["assume"]["phases"], SLOTS, width)
    transferring = counting.transfer_time(mvm, longest, cycle, width)
    found = {
        "forward": len(LAYERS) * mvm,
        "backward": (len(LAYERS) - 1) * mvm,
        "update": updating,
        "transfer": transferring,
        "serial_per_image": (2 * len(LAYERS) - 1) * mvm + updating + transferring / EVERY,
        "pipelined_interval_same_tile": 2 * mvm + updating + transferring / EVERY,
        "pipelined_interval_split_A_C": max(2 * mvm, updating + transferring / EVERY),
    }
    assert found == approx(EXAMPLE["latency_s"][preset], rel=SIX_DIGITS)


def test_the_examples_programming_time_is_that_of_full_tiles_row_by_row() -> None:
    timing, expected = EXAMPLE["timing"]["measured"], EXAMPLE["program_C_write_verify"]
    found = counting.program_time(
        SIZE, expected["counts"]["iterations"], timing["t_pulse"], timing["t_mvm"]
    )  # fmt: skip
    assert found == approx(expected["latency_s_row_parallel_measured"], rel=SIX_DIGITS)


def test_the_examples_areas_come_out_to_six_digits() -> None:
    core = 2 * 256**2 / 130e-9 / 1.59e12 * 1e-6  # HERMES core: operations a second over 1.59 TOPS/mm2
    cco = 0.4 * core / 256  # KhaddamAljameh2022; converters and support take 40 % (Singh2025)
    cells = {"rows": SIZE, "columns": SIZE}
    parts = [
        Part("cells", "crossbar", cells),
        Part("adc_sar_512", "adc", {"count": SIZE, "bits": 8}),
        Part("dac_1024", "dac", {"lanes": 2 * SIZE}),
        Part("spg_1024", "pulse-driver", {"lines": 2 * SIZE}),
        Part("h_sram", "integrator", {"words": SIZE**2, "bits": 16}),
    ]
    shipped = costs.load(documents.parse("costs: {table: analog-14nm}\n", "chip.yaml"))
    hermes = costs.load(
        documents.parse(f"costs: {{table: analog-14nm, adc: {{area: {cco!r} m2}}}}\n", "chip.yaml")
    )
    found = pricing.area(shipped, parts)
    found["adc_cco_512"] = pricing.area(hermes, parts)["adc_sar_512"]
    found["tile_C_cco"] = found["cells"] + found["adc_cco_512"] + found["dac_1024"]
    found["tile_A_cco"] = found["tile_C_cco"] + found["spg_1024"] + found["h_sram"]
    found["network_cco"] = EXAMPLE["tiles"]["C"] * (found["tile_C_cco"] + found["tile_A_cco"])
    assert found == approx(EXAMPLE["area_m2"], rel=SIX_DIGITS)


# ---------------------------------------------------------------------------------------- laws of the counts

LINES = st.integers(1, 300)


@pytest.mark.parametrize("gated", [True, False])
def test_the_small_examples_update_is_the_same_formula(gated: bool) -> None:
    assume = SMALL.get("assume", {"rows": 8, "cols": 2, "BL": 31})
    counts = update(assume["rows"], assume["cols"], assume["BL"], 8 * 0.5, 2 * 0.25, gated=gated)
    expected = SMALL["counts"]["update"]
    assert counts["half_select"] == (0 if gated else expected["half_select_if_ungated"])
    for name in ("bit_gen", "row_pulses", "col_pulses", "line_pulse_cell", "pulse"):
        assert counts[name] == expected[name]


@given(LINES, LINES, st.integers(16, 300), st.floats(0, 1))
def test_cutting_a_matrix_into_tiles_changes_no_cell_and_no_duty(
    rows: int, columns: int, size: int, duty: float
) -> None:
    whole, cut = layer(rows, columns, max(rows, columns), duty), layer(rows, columns, size, duty)
    for name in ("cell_reads", "line_read_cell"):
        assert cut[name] == whole[name]
    assert cut["cell_read_fs"] == approx(whole["cell_read_fs"], rel=1e-9)
    assert cut["dac_conv"] == rows * math.ceil(columns / size)
    assert cut["adc_conv"] == columns * math.ceil(rows / size)
    assert cut.get("dig_add16", 0) == columns * (math.ceil(rows / size) - 1)


@given(LINES, LINES, st.integers(1, 63), st.floats(0, 1), st.floats(0, 1))
def test_a_pulsed_crossing_is_selected_by_both_of_its_lines_or_half_selected_by_one(
    rows: int, columns: int, slots: int, p: float, q: float
) -> None:
    counts = update(rows, columns, slots, p * rows, q * columns, gated=False)
    assert counts["half_select"] >= -1e-6
    assert counts["line_pulse_cell"] == approx(counts["half_select"] + 2 * counts["pulse"])


def test_the_pulses_of_an_update_scatter_as_their_lines_share_trains() -> None:
    p, q = [0.5] * 8, [0.25] * 2
    deviation = math.sqrt(counting.coincidence_variance(31, p, q))
    assert deviation == approx(14.99, abs=5e-3)  # the library's figure for its example (a)
    draws = np.random.default_rng(7)
    count = 4000
    rows = (draws.random((count, 31, 8)) < 0.5).sum(axis=2)
    columns = (draws.random((count, 31, 2)) < 0.25).sum(axis=2)
    drawn = (rows * columns).sum(axis=1)
    error = deviation / math.sqrt(2 * count)  # of a standard deviation, near enough normal
    assert drawn.std(ddof=1) == approx(deviation, abs=5 * error)  # false alarm below 1e-5
    assert drawn.mean() == approx(62.0, abs=5 * deviation / math.sqrt(count))


def test_seven_bits_at_one_gigahertz_take_128_nanoseconds() -> None:
    assert counting.pwm_time(7, 1e9) == approx(128e-9)
