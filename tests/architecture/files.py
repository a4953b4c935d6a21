"""What the tests of this room share: a correct architecture file, line by line, to be spoilt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import pytest

from chipsim.architecture import graph
from chipsim.architecture.graph import Architecture
from chipsim.architecture.placement import compile_plan
from chipsim.architecture.plan import Plan
from chipsim.errors import ChipsimError
from chipsim.inputs import documents
from chipsim.learning import ttv2
from chipsim.learning.rule import LearningRule
from chipsim.workloads.network import Dense, Loss, Network

COMPONENTS: Mapping[str, str] = {
    "controller": "{type: controller}",
    "dac": "{type: dac, bits: 7, lanes: 8}",
    "drivers": "{type: pulse-driver, bit_length: 31}",
    "array": "{type: crossbar, rows: 8, columns: 4, cell: reram-om}",
    "adc": "{type: adc, bits: 9, count: 1}",
    "integrator": "{type: integrator, bits: 16}",
    "digital": "{type: digital-unit}",
}
LINKS = (
    "controller -> dac", "dac -> array", "array -> adc", "adc -> digital", "digital -> controller",
    "controller -> drivers", "drivers -> array", "adc -> integrator", "integrator -> drivers",
)  # fmt: skip
BACKWARD = ("dac -> array.columns", "array.rows -> adc")


def text(
    components: Mapping[str, str] = COMPONENTS, links: Sequence[str] = LINKS, mapping: Sequence[str] = ()
) -> str:
    """An architecture file; the components begin in line 6, one a line, each value in column 15 or later."""
    lines = [
        "format: chipsim-architecture/1",
        "name: test",
        "technology: 14 nm",
        "costs: {table: analog-14nm}",
        "components:",
        *(f"  {name}: {value}" for name, value in components.items()),
        "links:",
        *(f"  - {link}" for link in links),
    ]
    if mapping:
        lines += ["mapping:", *(f"  {line}" for line in mapping)]
    return "\n".join(lines) + "\n"


def load(
    components: Mapping[str, str] = COMPONENTS, links: Sequence[str] = LINKS, mapping: Sequence[str] = ()
) -> Architecture:
    """The architecture of such a file."""
    return graph.load(documents.parse(text(components, links, mapping), "chip.yaml"))


def without(name: str) -> tuple[dict[str, str], list[str]]:
    """Components and links without one component and all that is joined to it."""
    links = [link for link in LINKS if name not in link.split(" -> ")]
    return {key: value for key, value in COMPONENTS.items() if key != name}, links


def network(*sizes: int, bias: bool = False) -> Network:
    """Dense layers of these sizes."""
    layers = [
        Dense.model_validate({"type": "dense", "in": size, "out": following, "bias": bias})
        for size, following in pairwise(sizes)
    ]
    return Network(layers=tuple(layers), loss=Loss(type="softmax-cross-entropy"))


def plan(architecture: Architecture, *sizes: int, bias: bool = False, **rule: object) -> Plan:
    """The plan of a network with Tiki-Taka 2 in a stage `train`."""
    rules: dict[str, LearningRule] = {"train": ttv2.Rule.model_validate({"type": "ttv2", **rule})}
    return compile_plan(architecture, network(*(sizes or (8, 2)), bias=bias), rules)


def lines(caught: pytest.ExceptionInfo[ChipsimError]) -> list[str]:
    """The faults of an error, each as place, code and sentence; the place only where there is one."""
    return [
        (f"{f.place.line}:{f.place.column} " if f.place else "") + f"{f.code} {f.message}"
        for f in caught.value.faults
    ]
