"""Figures of many chips: what is drawn, and that equal data give equal text."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Callable

import pytest

from chipsim.reports import figures

IMAGES = tuple(range(0, 2001, 100))
CHIPS = [[0.5 + 0.4 * image / 2000 - 0.01 * k for image in IMAGES] for k in range(3)]
LINES = figures.Lines("scratch", "series-1", IMAGES, CHIPS)


def drawn_curves() -> str:
    return figures.curves(
        [figures.Panel("same task", [LINES], 0.8), figures.Panel("Task 2", [LINES])], "title & co"
    )


def drawn_spread() -> str:
    return figures.spread(
        figures.Spread((0, 1, 2), [[0.9, 0.8], [0.7, 0.6], [0.5]], [("chance", 0.5)]), "title", "N"
    )


def drawn_handover() -> str:
    return figures.handover(
        figures.Panel("Task 1", [LINES]), [(0.9, 0.7), (0.95, 0.6)], "title", ("one", "two")
    )


def drawn_ranges() -> str:
    found = [
        figures.Range("a", 2.0, 1.5, float("inf")),
        figures.Range("b", float("nan"), float("nan"), float("nan")),
    ]
    return figures.ranges(found, "title", "ratio")


DRAWINGS = (drawn_curves, drawn_spread, drawn_handover, drawn_ranges)


@pytest.mark.parametrize("draw", DRAWINGS)
def test_a_drawing_is_an_svg_file_and_the_same_each_time(draw: Callable[[], str]) -> None:
    text = draw()
    assert ElementTree.fromstring(text).tag.endswith("svg")
    assert text == draw()


def test_the_bold_curve_is_the_mean_of_the_chips_at_every_evaluation() -> None:
    assert LINES.mean == pytest.approx([0.5 + 0.4 * image / 2000 - 0.01 for image in IMAGES])


def test_panels_have_titles_axes_and_a_legend() -> None:
    text = drawn_curves()
    for words in ("same task", "Task 2", "images", "test accuracy (%)", "scratch", "title &amp; co"):
        assert words in text
