"""The time of what has the chip to itself is its closed form, to the picosecond, whatever the durations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from chipsim.architecture.plan import Plan
from chipsim.learning.rule import (
    Chunk,
    Clear,
    Conversation,
    Integrate,
    LayerShape,
    Operation,
    Prepare,
    Read,
    Update,
    Write,
)
from chipsim.simulation.chip import Chip
from tests.simulation import chips


class Case(NamedTuple):
    """Sizes of a one-layer chip, and its durations [ps]."""

    rows: int
    columns: int
    integration: int
    conversion: int
    converters: int
    latency: int
    pulse: int
    phases: int
    slots: int
    access: int
    banks: int

    def read(self, lines: int, sensed: int) -> int:
        """Lines driven one after another (or vectors), each of them converted in turns."""
        return lines * (self.integration + -(-sensed // self.converters) * self.conversion)

    def words(self, count: int) -> int:
        """Accesses to words of the integrator, a bank each at once."""
        return -(-count // self.banks) * self.access

    def update(self, images: int) -> int:
        """Trains of up and of down pulses one after the other, or of both at once."""
        return images * self.phases * self.slots * self.pulse

    def write(self, pulses: NDArray[np.int8]) -> int:
        """One window for each line on which any cell is pulsed, up and down pulses apart in it."""
        return int(np.any(pulses != 0, axis=1).sum()) * self.phases * self.pulse


PICOSECONDS = st.integers(1, 200_000)
CASES = st.builds(
    Case,
    rows=st.integers(1, 7), columns=st.integers(2, 5), integration=PICOSECONDS,
    conversion=st.integers(0, 20_000), converters=st.integers(1, 9), latency=st.integers(0, 9_000),
    pulse=PICOSECONDS, phases=st.integers(1, 2), slots=st.integers(1, 64), access=st.integers(1, 9_000),
    banks=st.integers(1, 9),
)  # fmt: skip


def placed(case: Case, rule: Any) -> Plan:
    lanes = max(case.rows, case.columns)
    components = f"""
  controller: {{type: controller}}
  dac: {{type: dac, bits: 4, lanes: {lanes}, integration: {case.integration} ps}}
  drivers:
    {{type: pulse-driver, bit_length: {case.slots}, pulse_width: {case.pulse} ps, phases: {case.phases}}}
  fast: {{type: crossbar, rows: {case.rows}, columns: {case.columns}, cell: reram-om}}
  slow: {{type: crossbar, rows: {case.rows}, columns: {case.columns}, cell: reram-om}}
  adc: {{type: adc, bits: 6, count: {case.converters}, conversion: {case.conversion} ps}}
  integrator: {{type: integrator, bits: 12, access: {case.access} ps, banks: {case.banks}}}
  digital: {{type: digital-unit, latency: {case.latency} ps}}
"""
    links = [
        "controller -> dac -> slow -> adc -> digital -> controller",
        "controller -> drivers -> fast -> adc", "drivers -> slow", "dac -> fast",
        "dac -> fast.columns", "fast.rows -> adc -> integrator -> drivers",
    ]  # fmt: skip
    mapping = "  dense1.A: fast\n  dense1.C: slow\n"
    return chips.plan(chips.parse(components, links, mapping), chips.network(case.rows, case.columns), rule)


class InTurn(chips.Scripted):
    """After every image the operations of the script; before the first one H is made and A prepared."""

    pairs: int = 0

    def memory(self) -> tuple[str, ...]:
        """A word of H for each weight."""
        return ("H",)

    def start(self, layers: Sequence[LayerShape]) -> Conversation:
        """One after the other."""
        yield (Clear("dense1", "H"),)
        yield (Prepare("dense1", "A", self.pairs),)

    def step(self, layers: Sequence[LayerShape], chunk: Chunk) -> Conversation:
        """The script's operations, one by one."""
        for operation in self.script:
            yield (operation,)


@st.composite
def steps(draw: st.DrawFn, case: Case) -> tuple[Operation, int]:
    """An operation and the time that it takes alone."""
    kind = draw(st.sampled_from(("update", "read", "integrate", "write")))
    by = draw(st.sampled_from(("row", "column")))
    lines, across = (case.rows, case.columns) if by == "row" else (case.columns, case.rows)
    chosen = tuple(draw(st.lists(st.integers(0, lines - 1), min_size=1, max_size=lines, unique=True)))
    if kind == "update":
        images = draw(st.integers(1, 4))
        x, error = np.full((images, case.rows), 0.5), np.full((images, case.columns), -0.5)
        return Update("dense1", "A", x, error, 0.1, None, 0), case.update(images)
    if kind == "read":
        return Read("dense1", "A", chosen, by), case.read(len(chosen), across)
    if kind == "integrate":
        values = np.full((len(chosen), across), 0.25)
        asked = Integrate("dense1", "H", chosen, by, values, 0.5, keep=True)
        return asked, case.words(values.size)
    flat = draw(st.lists(st.integers(-1, 1), min_size=len(chosen) * across, max_size=len(chosen) * across))
    pulses = np.array(flat, dtype=np.int8).reshape(len(chosen), across)
    return Write("dense1", "C", chosen, by, pulses), case.write(pulses)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(data=st.data(), case=CASES, images=st.integers(1, 4), pairs=st.integers(1, 5))
def test_an_uncontended_sequence_takes_the_sum_of_its_closed_forms(
    data: st.DataObject, case: Case, images: int, pairs: int
) -> None:
    """A stage: words cleared, A prepared, and then for each image a pass and some operations in turn."""
    made = data.draw(st.lists(steps(case), max_size=5))
    asks = {"prepare": "A", "update": "A", "transfer-read": "A", "transfer-read-transposed": "A",
            "integrate": "A", "transfer-write": "C"}  # fmt: skip
    rule = InTurn(script=[operation for operation, _ in made], asks=asks, pairs=pairs)
    data_ = chips.images(case.rows, case.columns, 4)
    controller, outcome = chips.train(placed(case, rule), chips.task(rule, data_, images))
    begin = case.words(case.rows * case.columns) + 2 * pairs * case.pulse
    an_image = case.read(1, case.columns) + case.latency + sum(time for _, time in made)
    assert outcome.duration == begin + images * an_image
    assert controller.floor.now == outcome.duration
    evaluated = 2 * 4 * (case.read(1, case.columns) + case.latency)  # 4 images, before and after
    assert controller.beside.now == evaluated
    assert sum(passage.time for passage in controller.critical_path()) == outcome.duration
    assert all(use.waiting == 0 for use in controller.usage())


@settings(max_examples=15, deadline=None, derandomize=True)
@given(case=CASES, images=st.integers(1, 9))
def test_a_pass_of_images_together_takes_as_many_times_that_of_one(case: Case, images: int) -> None:
    plan = placed(case, chips.tiki_taka())
    floor = chips.floor(plan)
    chips.together(floor, chips.forward(Chip(plan, 0), "dense1", images))
    assert floor.now == case.read(images, case.columns) + images * case.latency
