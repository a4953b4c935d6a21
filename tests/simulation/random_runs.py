"""Runs of random small chips: what they are, the chip of each, and all that one leaves behind."""

from __future__ import annotations

from typing import Any, NamedTuple

from hypothesis import strategies as st

from chipsim.architecture.graph import Architecture
from chipsim.architecture.plan import Plan
from chipsim.simulation.controller import Controller
from chipsim.simulation.records import StageOutcome, StageTask
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
    cell: str = "reram-om"


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Chips of one to six arrays with networks of one or two layers, trained for up to 24 images."""
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
    """The chip of a case."""
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
        components += f"  {array}: {{type: crossbar, rows: {rows}, columns: {columns}, cell: {case.cell}}}\n"
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


def placed(case: Case) -> Plan:
    """The plan of a case."""
    return chips.plan(architecture(case), chips.network(*case.sizes, bias=case.bias), _rule(case))


def task(case: Case, name: str = "train", every: int | None = None) -> StageTask:
    """The stage of a case, measured as often as the case says or every so many images."""
    data = chips.images(case.sizes[0], case.sizes[-1], 9)
    return chips.task(_rule(case), data, case.images, name=name, every=every or case.every)


def _rule(case: Case) -> Any:
    return chips.tiki_taka(**case.rule)
