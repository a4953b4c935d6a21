"""Golden event logs of small chips, short enough to be read: two tiles on a bus, and two layers overlapping.

That of the paper's chip stands in `test_trace.py`. Written anew by running this file:
python -m tests.simulation.test_golden.
"""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.simulation import chips, tiles
from tests.simulation.tiles import Tiles

GOLDEN = Path(__file__).parent / "golden"


class Run(NamedTuple):
    """A small chip, the network on it, images, and what the log shows."""

    chip: Tiles
    sizes: tuple[int, ...]
    images: int
    what: str


RUNS = {
    "two-tiles-on-a-bus": Run(
        Tiles(rows=2, columns=4, ways=("bus",)), (4, 2), 2,
        "A layer of 4 inputs and 2 outputs, cut into two blocks on two tiles on a bus: two images together,\n"
        "# then a transfer of all lines of A.",
    ),
    "two-layers-overlapping": Run(
        Tiles(rows=3, columns=4, own=False, depth=2), (3, 2, 2), 3,
        "Layers of 3 -> 2 and 2 -> 2 on two arrays with shared banks, two images under way at once; three\n"
        "# images, and a transfer after the second.",
    ),
}  # fmt: skip
RULE = chips.tiki_taka(transfer_every=2, threshold=0.05, learning_rate=2.0)
TITLE = """\
# {what}
# Visits as they end: start [ns], end [ns], component, operation, layer, first image + images.
"""


@cache
def _log(name: str) -> chips.Log:
    run, log = RUNS[name], chips.Log()
    rule = RULE.model_copy(update={"symmetry_pairs": 1})
    task = chips.task(rule, chips.images(run.sizes[0], run.sizes[-1], 4), run.images)
    chips.train(tiles.plan(run.chip, rule, *run.sizes), task, listener=log)
    return log


def _text(name: str) -> str:
    return TITLE.format(what=RUNS[name].what) + "\n".join(_log(name).lines()) + "\n"


@pytest.mark.parametrize("name", RUNS)
def test_images_go_as_they_always_did(name: str) -> None:
    expected = (GOLDEN / f"{name}.txt").read_text(encoding="utf-8")
    assert _text(name).splitlines() == expected.splitlines()


def test_an_image_on_two_tiles_is_so_many_visits() -> None:
    """A block's pass: bus, bank, array, converters, bus, unit; its update: bus, drivers, array. Two images
    that go together are as many visits as one."""
    visits = Counter(span.operation for span in _log("two-tiles-on-a-bus"))
    assert visits["forward"] == 2 * 6
    assert visits["update"] == 2 * 3


def test_images_that_overlap_are_visits_of_their_own() -> None:
    """A pass: bank, array, converters, unit; layer 2 also goes backward. An update: drivers and array."""
    visits = Counter((span.operation, span.first) for span in _log("two-layers-overlapping"))
    for image in range(3):
        assert visits["forward", image] == 2 * 4
        assert visits["backward", image] == 4
        assert visits["update", image] == 2 * 2


if __name__ == "__main__":
    for golden in RUNS:
        (GOLDEN / f"{golden}.txt").write_text(_text(golden), encoding="utf-8")
