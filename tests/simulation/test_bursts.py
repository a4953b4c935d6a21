"""A chunk of b images takes the time and leaves the weights and counts of b chunks of one, to the bit."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from chipsim.architecture.graph import Architecture
from chipsim.architecture.placement import Plan
from chipsim.simulation.controller import Controller, StageOutcome
from tests.simulation import chips


class Case(NamedTuple):
    """A small chip, the network on it, how it trains and for how long."""

    sizes: tuple[int, ...]
    wiring: str
    """one array: everything on it; shared: an array a matrix, one bank a kind; own: banks of their own."""
    bias: bool
    dac_bits: int
    adc_bits: int
    converters: int
    bit_length: int
    phases: int
    rule: dict[str, Any]
    images: int
    every: int


@st.composite
def cases(draw: st.DrawFn) -> Case:
    sizes = draw(st.lists(st.integers(2, 5), min_size=2, max_size=3))
    images = draw(st.integers(1, 24))
    rule = {
        "learning_rate": draw(st.sampled_from((0.05, 0.5))),
        "transfer_every": draw(st.integers(1, 7)),
        "read": draw(st.sampled_from(("all", "line"))),
        "read_by": draw(st.sampled_from(("row", "column"))),
        "remainder": draw(st.sampled_from(("keep", "forget"))),
        "threshold": draw(st.sampled_from((0.1, 1.0))),
    }
    return Case(
        tuple(sizes), draw(st.sampled_from(("one array", "shared", "own"))), draw(st.booleans()),
        draw(st.integers(2, 8)), draw(st.integers(3, 10)), draw(st.integers(1, 4)), draw(st.integers(1, 40)),
        draw(st.sampled_from((1, 2))), rule, images, draw(st.integers(1, images)),
    )  # fmt: skip


def architecture(case: Case) -> Architecture:
    if case.wiring == "one array":
        rows = max(case.sizes) + 1
        return _assembled(case, {"array": (rows, 2 * sum(case.sizes))}, {"array": ""}, "")
    sizes, names = {}, {}
    for index, (inputs, outputs) in enumerate(zip(case.sizes, case.sizes[1:], strict=False), start=1):
        for matrix in "AC":
            sizes[f"array-{index}{matrix}"] = (inputs + case.bias, outputs)
            names[f"array-{index}{matrix}"] = f"-{index}{matrix}" if case.wiring == "own" else ""
    mapping = "".join(f"  dense{array[6]}.{array[7]}: {array}\n" for array in sizes)
    return _assembled(case, sizes, names, mapping)


def _assembled(
    case: Case, arrays: dict[str, tuple[int, int]], banks: dict[str, str], mapping: str
) -> Architecture:
    components = "  controller: {type: controller}\n  digital: {type: digital-unit}\n"
    components += "  integrator: {type: integrator, bits: 12}\n"
    links = ["digital -> controller"]
    lanes = max(case.sizes) + 1
    for bank in dict.fromkeys(banks.values()):
        components += f"  dac{bank}: {{type: dac, bits: {case.dac_bits}, lanes: {lanes}}}\n"
        components += f"  adc{bank}: {{type: adc, bits: {case.adc_bits}, count: {case.converters}}}\n"
        components += (
            f"  drivers{bank}: {{type: pulse-driver, bit_length: {case.bit_length}, phases: {case.phases}}}\n"
        )
        links += [f"controller -> dac{bank}", f"adc{bank} -> digital", f"controller -> drivers{bank}"]
        links += [f"adc{bank} -> integrator -> drivers{bank}"]
    for array, (rows, columns) in arrays.items():
        components += f"  {array}: {{type: crossbar, rows: {rows}, columns: {columns}, cell: reram-om}}\n"
        links += [f"dac{banks[array]} -> {array} -> adc{banks[array]}", f"drivers{banks[array]} -> {array}"]
        links += [f"dac{banks[array]} -> {array}.columns", f"{array}.rows -> adc{banks[array]}"]
    return chips.parse(components, links, mapping)


def left(controller: Controller, outcome: StageOutcome) -> dict[str, Any]:
    """Everything that a stage leaves, in a form that compares to the bit."""
    return {
        "duration": outcome.duration,
        "evaluations": [(e.image, e.time, e.accuracy, e.loss, e.ledger.rows()) for e in outcome.evaluations],
        "ledger": controller.ledger.rows(),
        "usage": controller.usage(),
        "state": {
            (name, what): values.tobytes()
            for name, arrays in outcome.after.items()
            for what, values in arrays.items()
        },
        "words": {
            layer: words.tobytes() for layer, words in controller.chip.circuits["integrator"].words.items()
        },
    }  # fmt: skip


def _placed(case: Case) -> Plan:
    rule = chips.tiki_taka(**case.rule)
    return chips.plan(architecture(case), chips.network(*case.sizes, bias=case.bias), rule)


BOTH = Case((3, 2, 2), "shared", True, 5, 6, 1, 31, 2, {"transfer_every": 5, "threshold": 0.1}, 20, 10)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(case=cases())
@example(case=BOTH)
def test_images_together_and_one_by_one_leave_the_same_bits(case: Case) -> None:
    plan, rule = _placed(case), chips.tiki_taka(**case.rule)
    data = chips.images(case.sizes[0], case.sizes[-1], 9)
    runs = [
        left(*chips.train(plan, chips.task(rule, data, case.images, every=case.every), together=bound))
        for bound in (None, 1, 3, 7)
    ]
    assert runs[1:] == runs[:1] * 3


@pytest.mark.parametrize(
    ("bound", "chunks"), [(None, [5, 5, 5, 5]), (3, [3, 2, 3, 2, 3, 2, 3, 2]), (1, [1] * 20)]
)
def test_a_chunk_ends_where_a_transfer_is_due(bound: int | None, chunks: list[int]) -> None:
    rule = chips.tiki_taka(**BOTH.rule)
    log = chips.Log()
    task = chips.task(rule, chips.images(3, 2, 9), 20)
    chips.train(_placed(BOTH), task, together=bound, listener=log)
    seen = [(s.first, s.images) for s in log if s.operation == "update" and s.component == "array-1A"]
    assert [count for _, count in seen] == chunks
    assert any(s.operation == "transfer-write" for s in log)
    assert [first for first, _ in seen] == [0, *np.cumsum(chunks)[:-1].tolist()]
