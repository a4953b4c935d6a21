"""Images under way at once: what overlaps, what it gains, and which weights they see."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chipsim.learning.rule import Chunk, Conversation, LayerShape, Operation, Write
from chipsim.numerics import threads
from chipsim.simulation import pipeline
from chipsim.simulation.chip import Chip
from chipsim.simulation.controller import Controller
from tests.simulation import chips, tiles
from tests.simulation.tiles import Tiles

RULE = chips.tiki_taka(transfer_every=4, threshold=0.1)


# Depth 1


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(chip=tiles.tiles(), sizes=st.lists(st.integers(2, 6), min_size=2, max_size=3))
def test_a_pipeline_of_depth_one_leaves_the_same_bits_as_one_image_after_the_other(
    chip: Tiles, sizes: list[int]
) -> None:
    plan = tiles.plan(chip, RULE, *sizes)
    task = chips.task(RULE, chips.images(sizes[0], sizes[-1], 9), 10, every=5)
    runs = []
    for overlapping in (True, False):
        controller = Controller(Chip(plan, 0), overlapping=overlapping)
        found = tiles.left(controller, controller.run(task))
        found["path"] = [passage for passage in found["path"] if passage.operation != pipeline.ORDER]
        runs.append(found)
    assert runs[0] == runs[1]


# Throughput and latency

ONE_LAYER = Tiles(rows=8, columns=8, own=False, adc="type: adc, bits: 8, count: 2")


def _nothing(_: int) -> Iterator[tuple[Operation, ...]]:
    yield ()


IDLE = chips.Scripted(script=_nothing, asks={"update": "A", "transfer-write": "C"})


def _ends(chip: Tiles, sizes: tuple[int, ...], images: int) -> list[int]:
    """When each image's last visit ended [ps], of a rule that learns nothing."""
    log = chips.Log()
    task = chips.task(IDLE, chips.images(sizes[0], sizes[-1], 5), images)
    chips.train(tiles.plan(chip, IDLE, *sizes), task, listener=log)
    return [max(span.end for span in log if span.first == image) for image in range(images)]


def _closed(stages: Sequence[int], depth: int, images: int) -> list[int]:
    """Ends of jobs that pass some servers in turn, `depth` at once: max-plus, one job after the other."""
    free, ends = [0] * len(stages), list[int]()
    for job in range(images):
        at = ends[job - depth] if job >= depth else 0
        for stage, time in enumerate(stages):
            free[stage] = at = max(at, free[stage]) + time
        ends.append(at)
    return ends


@pytest.mark.parametrize("depth", [1, 2, 3, 5, 9])
@pytest.mark.parametrize(("outputs", "converters"), [(2, 2), (8, 2), (8, 1), (40, 1)])
def test_a_layer_ends_its_images_as_its_servers_do_in_turn(outputs: int, converters: int, depth: int) -> None:
    """A read takes 128 ns, a turn of the converters 10 ns, a vector in the digital unit 2 ns."""
    chip = ONE_LAYER._replace(columns=80, depth=depth, adc=f"type: adc, bits: 8, count: {converters}")
    stages = [128_000, -(-outputs // converters) * 10_000, 2_000]
    assert _ends(chip, (8, outputs), 12) == _closed(stages, depth, 12)


@pytest.mark.parametrize("outputs", [2, 40])
def test_a_deep_pipeline_gives_one_image_in_the_slowest_stages_time(outputs: int) -> None:
    chip = ONE_LAYER._replace(columns=80, depth=8, adc="type: adc, bits: 8, count: 1")
    ends = _ends(chip, (8, outputs), 12)
    stages = [128_000, outputs * 10_000, 2_000]
    assert ends[0] == sum(stages)
    assert np.diff(ends).tolist() == [max(stages)] * 11


def test_layers_of_their_own_overlap_to_the_time_of_the_busiest_component() -> None:
    """Layer 2 is read forward and backward: its array takes 256 ns of every image, layer 1's 128 ns."""
    chip = Tiles(rows=8, columns=8, packing="apart", depth=6)
    last = max(_ends(chip, (8, 8, 8), 40))
    assert 0 < last - 40 * 2 * 128_000 <= 3 * (128_000 + 4 * 10_000 + 2_000)


def test_what_overlaps_gains_and_what_learns_in_order_bounds_it() -> None:
    """Updates of A, one after the other, are the slowest: 7 slots x 2 phases x 100 ns a learning step."""
    times = {}
    for depth in (1, 2, 4, 8):
        chip = Tiles(rows=8, columns=8, packing="apart", depth=depth)
        rule = chips.tiki_taka(transfer_every=1000)
        task = chips.task(rule, chips.images(8, 8, 5), 40)
        times[depth] = chips.train(tiles.plan(chip, rule, 8, 8, 8), task)[1].duration
    update, a_pass = 7 * 2 * 100_000, 128_000 + 40_000 + 2_000
    prepare = 2 * 2 * 100_000
    assert times[1] == prepare + 40 * (update + 3 * a_pass)
    # image 1 is a read behind image 0, whose backward pass waits until it has been through layer 2
    waits = (128_000 + a_pass + 128_000) - 2 * a_pass
    assert times[2] == times[4] == times[8] == prepare + 3 * a_pass + waits + 40 * update


# Which weights are seen

THREE = """
  controller: {type: controller, depth: DEPTH}
  dac1: {type: ideal-dac, bits: 7, lanes: 2, integration: 300 ns}
  dac2: {type: ideal-dac, bits: 7, lanes: 2}
  dac3: {type: ideal-dac, bits: 7, lanes: 2}
  drivers: {type: pulse-driver, bit_length: 1}
  one: {type: crossbar, rows: 2, columns: 2, cell: ideal}
  two: {type: crossbar, rows: 2, columns: 2, cell: {preset: ideal, step: 0.5}}
  three: {type: crossbar, rows: 2, columns: 2, cell: ideal}
  fast: {type: crossbar, rows: 2, columns: 6, cell: ideal}
  adc1: {type: ideal-adc, bits: 8, count: 2}
  adc2: {type: ideal-adc, bits: 8, count: 2}
  adc3: {type: ideal-adc, bits: 8, count: 2}
  digital: {type: digital-unit}
"""
LINKS = (
    "controller -> dac1 -> one -> adc1 -> digital -> controller",
    "controller -> dac2 -> two -> adc2 -> digital", "dac2 -> two.columns", "two.rows -> adc2",
    "controller -> dac3 -> three -> adc3 -> digital", "dac3 -> three.columns", "three.rows -> adc3",
    "controller -> drivers -> two", "drivers -> one", "drivers -> three", "drivers -> fast",
)  # fmt: skip
SEATS = """
  A: fast
  dense1.C: one
  dense2.C: two
  dense3.C: three
"""


class Recording(chips.Scripted):
    """A scripted rule that keeps the chunks that it is given."""

    seen: Any

    def step(self, layers: Sequence[LayerShape], chunk: Chunk) -> Conversation:
        """Keep the chunk, then do as the script says."""
        self.seen.append(chunk)
        yield from self.script(chunk.first)


def _three_layers(depth: int) -> tuple[list[Chunk], list[np.ndarray[Any, Any]], chips.Log]:
    """Two images; after the first, layer 2's weights are pulsed up. Chunks, weights at first, and the log."""

    def script(image: int) -> Iterator[tuple[Operation, ...]]:
        if image == 0:
            yield (Write("dense2", "C", (0, 1), "row", np.ones((2, 2), dtype=np.int8)),)
        else:
            yield ()

    seen: list[Chunk] = []
    rule = Recording(script=script, asks={"update": "A", "transfer-write": "C"}, seen=seen)
    architecture = chips.parse(THREE.replace("DEPTH", str(depth)), LINKS, SEATS)
    plan = chips.plan(architecture, chips.network(2, 2, 2, 2, activation="identity", scale=1.0), rule)
    log = chips.Log()
    _, outcome = chips.train(plan, chips.task(rule, chips.images(2, 2, 2), 2), listener=log)
    return seen, [outcome.before[name]["weights"] for name in ("one", "two", "three")], log


def _errors(x: Any, label: int, forward: list[Any], backward: list[Any]) -> Any:
    """Errors at the outputs of layer 1, in numpy."""
    outputs = x @ forward[0] @ forward[1] @ forward[2]
    odds = np.exp(outputs - outputs.max())
    error = odds / odds.sum() - np.eye(2)[label]
    return error @ backward[2].T @ backward[1].T


def test_a_backward_pass_sees_what_an_earlier_image_has_learnt_since_the_forward_pass() -> None:
    """Layer 1 takes 300 ns, so that image 1 comes to layer 2 at 612 ns, before image 0 writes there, and
    goes back through it at 1280 ns, when the write of image 0 (880 to 1280 ns) has ended."""
    chunks, (one, two, three), log = _three_layers(depth=2)
    visits = [(s.operation, s.start // 1000, s.end // 1000, s.first) for s in log if s.component == "two"]
    assert visits == [
        ("forward", 312, 440, 0), ("forward", 612, 740, 1), ("backward", 740, 868, 0),
        ("transfer-write", 880, 1280, 1), ("backward", 1280, 1408, 1),
    ]  # fmt: skip
    after = two + 0.5
    stale = _errors(chunks[1].x[0], 1, [one, two, three], [one, after, three])
    np.testing.assert_allclose(chunks[1].error[0], stale, rtol=0, atol=1e-12)
    np.testing.assert_allclose(chunks[1].x[1], chunks[1].x[0] @ one, rtol=0, atol=1e-12)
    np.testing.assert_allclose(chunks[1].x[2], chunks[1].x[1] @ two, rtol=0, atol=1e-12)


def test_one_after_the_other_both_passes_see_the_same_weights() -> None:
    chunks, (one, two, three), _ = _three_layers(depth=1)
    after = [one, two + 0.5, three]
    np.testing.assert_allclose(
        chunks[1].error[0], _errors(chunks[1].x[0], 1, after, after), rtol=0, atol=1e-12
    )


# Nothing but the files and the seed decides


def test_the_number_of_threads_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Work that is small is handed out as if it were worth while."""
    monkeypatch.setattr(threads, "WORTH", 10)
    plan = tiles.plan(Tiles(rows=64, columns=64, packing="apart", depth=2), RULE, 100, 60, 10)
    task = chips.task(RULE, chips.images(100, 10, 8), 8)
    runs = []
    for count in ("1", "3"):
        monkeypatch.setenv(threads.VARIABLE, count)
        runs.append(tiles.left(*chips.train(plan, task)))
    assert runs[0] == runs[1]


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(chip=tiles.tiles(depths=(2, 6)), sizes=st.lists(st.integers(2, 6), min_size=2, max_size=3))
def test_a_listener_changes_nothing(chip: Tiles, sizes: list[int]) -> None:
    plan = tiles.plan(chip, RULE, *sizes)
    task = chips.task(RULE, chips.images(sizes[0], sizes[-1], 9), 12, every=6)
    runs = [tiles.left(*chips.train(plan, task, listener=listener)) for listener in (None, chips.Log(), None)]
    assert runs[1:] == runs[:1] * 2
