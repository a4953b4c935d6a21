"""Small chips of tiles: banks of their own or shared, with what carries words between them, to any depth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from hypothesis import strategies as st

from chipsim.architecture import graph
from chipsim.architecture.graph import Architecture
from chipsim.architecture.plan import Plan
from chipsim.inputs import documents
from chipsim.simulation.controller import Controller
from chipsim.simulation.records import StageOutcome
from tests.simulation import chips

CARRIERS: Mapping[str, str] = {
    "bus": "{type: bus, bits: 8, width: 16}",
    "mesh": "{type: mesh, bits: 8, width: 16, rows: 2, columns: 2}",
    "host": "{type: host-link, bits: 8, width: 64}",
    "dram": "{type: memory, bits: 8, width: 64}",
    "sram": "{type: buffer, bits: 8, width: 32, capacity: 100000}",
}
"""What may lie on a chip's ways, by name."""


class Tiles(NamedTuple):
    """A chip whose arrays are as many as needed."""

    rows: int = 4
    columns: int = 4
    own: bool = True
    """Each tile has banks and, where words are carried, an integrator of its own; else all share them."""
    ways: tuple[str, ...] = ()
    """Carriers from the controller to the tiles, the last of them also from the tiles to the digital unit."""
    depth: int = 1
    packing: str = "dense"
    cell: str = "reram-om"
    dac: str = "type: dac, bits: 6"
    adc: str = "type: adc, bits: 8, count: 2"
    drivers: str = "type: pulse-driver, bit_length: 7"
    carriers: Mapping[str, str] = CARRIERS

    @property
    def text(self) -> str:
        """The architecture file."""
        banks = ["dac", "drivers", "adc", *(["integrator"] if self.ways else [])]
        members = ", ".join(["array", *(banks if self.own else ())])
        lanes = max(self.rows, self.columns)
        return "\n".join([
            "format: chipsim-architecture/1",
            "name: tiles",
            "technology: 14 nm",
            "costs: {table: analog-14nm}",
            f"packing: {self.packing}",
            "groups:",
            f"  tile: {{components: [{members}], count: as needed}}",
            "components:",
            f"  controller: {{type: controller, depth: {self.depth}}}",
            *(f"  {name}: {self.carriers[name]}" for name in self.ways),
            f"  dac: {{{self.dac}, lanes: {lanes}}}",
            f"  drivers: {{{self.drivers}}}",
            f"  array: {{type: crossbar, rows: {self.rows}, columns: {self.columns}, cell: {self.cell}}}",
            f"  adc: {{{self.adc}}}",
            "  integrator: {type: integrator, bits: 12}",
            "  digital: {type: digital-unit}",
            "links:",
            *(f"  - {link}" for link in self.links),
        ]) + "\n"  # fmt: skip

    @property
    def links(self) -> tuple[str, ...]:
        """Its links."""
        ahead = " -> ".join(("controller", *self.ways))
        behind = "".join(f"{name} -> " for name in self.ways[-1:])
        return (
            f"{ahead} -> dac -> array -> adc -> {behind}digital -> controller",
            f"{self.ways[-1] if self.ways else 'controller'} -> drivers -> array",
            "dac -> array.columns",
            "array.rows -> adc",
            f"adc -> integrator -> {self.ways[-1] if self.ways else 'drivers'}",
        )

    def load(self) -> Architecture:
        """The chip."""
        return graph.load(documents.parse(self.text, "tiles.yaml"))


WAYS: Sequence[tuple[str, ...]] = (
    (), ("bus",), ("mesh",), ("host",), ("dram",), ("sram",), ("sram", "bus"), ("host", "mesh"),
    ("dram", "sram", "bus"),
)  # fmt: skip


@st.composite
def tiles(draw: st.DrawFn, depths: tuple[int, int] = (1, 1)) -> Tiles:
    """Any small chip of tiles."""
    return Tiles(
        draw(st.integers(1, 5)), draw(st.integers(2, 5)), draw(st.booleans()), draw(st.sampled_from(WAYS)),
        draw(st.integers(*depths)), draw(st.sampled_from(("dense", "together", "apart"))),
        adc=f"type: adc, bits: 8, count: {draw(st.integers(1, 4))}",
    )  # fmt: skip


def plan(tiles: Tiles, rule: Any, *sizes: int, bias: bool = False) -> Plan:
    """A network's plan on a chip of tiles."""
    return chips.plan(tiles.load(), chips.network(*sizes, bias=bias), rule)


def left(controller: Controller, outcome: StageOutcome) -> dict[str, Any]:
    """Everything that a stage leaves, in a form that compares to the bit."""
    return {
        "duration": outcome.duration,
        "evaluations": [(e.image, e.time, e.accuracy, e.loss, e.ledger.rows()) for e in outcome.evaluations],
        "ledger": controller.ledger.rows(),
        "usage": controller.usage(),
        "path": controller.critical_path(),
        "state": {
            (name, what): values.tobytes()
            for name, arrays in outcome.after.items()
            for what, values in arrays.items()
        },
        "words": {
            (name, store): words.tobytes()
            for name, circuit in controller.chip.circuits.items()
            for store, words in getattr(circuit, "words", {}).items()
        },
    }  # fmt: skip
