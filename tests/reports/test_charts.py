import re
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest

from chipsim.reports import charts, maps, theme

X = (0.0, 100.0, 200.0)
SEEDS = ((X, (0.5, 0.7, 0.9)), (X, (0.6, 0.8, 0.9)))
CURVE = charts.Curve("series-1", SEEDS, (X, (0.55, 0.75, 0.9)), target=0.85, ceiling=0.97, reached=(200.0,))
BARS = charts.Bars("series-2", (({"array": 3e-6, "adc": 1e-7}, 0.6), ({"array": 3.1e-6}, 1.0)))

SHARES = charts.Bars("series-1", (({"adc_conv": 0.25, "set_pulse": 0.7}, 1.0),))


def drawn() -> list[str]:
    return [
        charts.accuracy([CURVE], "a", "accuracy", "images"),
        charts.accuracy([CURVE], "b", "accuracy", "time"),
        charts.bars([BARS], "c", "energy", "J"),
        charts.bars([BARS], "d", "area", "m²"),
        charts.bars([SHARES], "e", "spread", "%"),
    ]


def test_equal_data_give_equal_text() -> None:
    assert drawn() == drawn()


def test_a_chart_is_inline_svg_without_style_script_or_colour_of_its_own() -> None:
    for text in drawn():
        ET.fromstring(text)
        assert not re.search(r"style|<script|<image|http|#0000|<metadata|DOCTYPE", text)


def test_ids_are_unique_over_charts_of_a_page_and_every_reference_has_one() -> None:
    page = "".join(drawn())
    ids = re.findall(r' id="([^"]*)"', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'url\(#([^)]*)\)|href="#([^"]*)"', page)) <= {(i, "") for i in ids} | {
        ("", i) for i in ids
    }


def test_every_role_has_its_colours_in_the_style_sheet_of_the_page() -> None:
    style = (Path(charts.__file__).parent / "static" / "report.css").read_text(encoding="utf-8")
    for role in theme.ROLES:
        assert f".{role}-fill" in style
        assert f".{role}-stroke" in style
        assert re.search(rf"--{role}: light-dark\(#\w+, #\w+\);", style)


def test_seeds_are_thin_lines_and_their_mean_is_bold() -> None:
    text = charts.accuracy([CURVE], "a", "accuracy", "images")
    widths = re.findall(r'class="series-1-stroke" [^>]*stroke-width="([\d.]+)"', text)
    assert (widths.count("0.7"), widths.count("2")) == (2, 1)


def test_a_single_run_is_one_bold_line() -> None:
    text = charts.accuracy([charts.Curve("series-1", SEEDS[:1], None)], "a", "accuracy", "images")
    assert re.findall(r'class="series-1-stroke" [^>]*stroke-width="([\d.]+)"', text) == ["2"]


def test_axes_name_their_units_in_a_fitting_prefix() -> None:
    seeds = (((0.0, 0.02, 0.0637), (0.5, 0.7, 0.9)),)
    assert "simulated time (ms)" in charts.accuracy([charts.Curve("series-1", seeds, None)], "a", "x", "time")
    assert "energy (µJ)" in charts.bars([BARS], "a", "x", "J")
    assert "area (µm²)" in charts.bars([charts.Bars("series-1", (({"adc": 6e-10}, 1.0),))], "a", "x", "m²")


def test_a_bar_of_a_share_is_labelled_with_it_and_the_largest_stands_first() -> None:
    text = charts.bars([SHARES], "e", "spread", "%")
    said = re.findall(r">([^<>]+)</text>", text)
    assert "share of the variance (%)" in said
    assert said.index("set_pulse") < said.index("adc_conv")
    assert {"70.0\N{NO-BREAK SPACE}%", "25.0\N{NO-BREAK SPACE}%"} <= set(said)


def test_a_bar_is_labelled_with_the_sum_of_its_parts_and_its_share() -> None:
    text = charts.bars([BARS], "a", "x", "J")
    share = 100 * 6.1 / (6.1 + 0.1)
    assert f"6.10\N{NO-BREAK SPACE}µJ · {share:.1f}\N{NO-BREAK SPACE}%" in text


def test_dollars_and_angle_brackets_in_a_name_are_only_text() -> None:
    text = charts.bars([charts.Bars("series-1", (({"$x_1$<b>": 1e-6}, 1.0),))], "a", "<i>", "J")
    assert "$x_1$&lt;b&gt;" in text
    assert 'aria-label="&lt;i&gt;"' in text


def test_a_map_has_one_square_per_device_that_tells_its_exact_count() -> None:
    counts = np.array([[37612, 5], [0, 120]])
    text = maps.pulses(counts, [maps.Patch("A", (0, 2), (0, 1)), maps.Patch("C", (0, 2), (1, 2))])
    ET.fromstring(text)
    assert "row 0, column 0: 37,612 pulses" in text
    assert "row 1, column 1: 120 pulses" in text
    assert re.findall(r'data-matrix="(\w)"', text) == ["A", "C"]
    assert "37.6k" in text


@pytest.mark.parametrize(("counts", "how"), [([[1, 1000]], "log scale"), ([[100, 200]], "linear scale")])
def test_a_large_span_is_logarithmic_and_a_small_one_is_not(counts, how: str) -> None:
    assert how in maps.pulses(np.array(counts))
    assert maps.is_logarithmic(np.array(counts)) == (how == "log scale")


def test_more_pulses_are_never_a_lower_step_of_the_ramp_and_none_is_empty() -> None:
    counts = np.array([[0, 1, 3, 10, 40, 200, 1000, 5000, 20000, 90000]])
    steps = [
        int(step) for step in re.findall(r'class="cell heat-(\d)" x="[\d.]+" y="40', maps.pulses(counts))
    ]
    assert steps[0] == 0
    assert steps[1:] == sorted(steps[1:])
    assert (steps[1], steps[-1]) == (1, maps.STEPS)


def test_a_large_array_is_shown_in_blocks_with_the_largest_count_of_each() -> None:
    counts = np.zeros((130, 200), dtype=np.int64)
    counts[129, 199] = 77
    text = maps.pulses(counts)
    assert maps.block_of(counts.shape) == (3, 4)
    assert text.count('class="cell heat-') == 44 * 50
    assert "row 129, column 196: 77 pulses" in text


def test_an_array_that_was_never_pulsed_says_so() -> None:
    assert "no pulses" in maps.pulses(np.zeros((2, 2), dtype=np.int64))
