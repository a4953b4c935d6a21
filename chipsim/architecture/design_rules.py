"""Design rules: what a workload asks of a chip's wires, clocks and converters, against what they can do.

Each finding is a numbered warning with its arithmetic. None changes the run: a chip may break a rule.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from chipsim.architecture import groups
from chipsim.architecture.placement import Plan
from chipsim.architecture.routes import TRANSPOSED, Way
from chipsim.circuits import adc, crossbar, dac
from chipsim.inputs import units

LINE_CURRENT = 33e-6
"""Current [A] that a metal-1 line carries for long: the electromigration limit at 32 nm (Marinella2018)."""
CLOCK = 1e9
"""Clock [Hz] that pulse widths are counted with: one operation of 14 nm logic in 1 ns (Rasch2024)."""
CELL_WIRE = 5.41e-8 * 160e-9 / (22e-9 * 44e-9)
"""Resistance [Ohm] of a 22 nm wire, aspect ratio 2, over a cell of 160 nm: 8.9 (NeuroSim2021, Param.cpp)."""
DROP = 0.05
"""Share of the read voltage that the farthest cell may lose in the wires before it is worth a warning."""


class Finding(NamedTuple):
    """A rule that is not kept: its code, the component, and what is asked against what there is."""

    code: str
    component: str
    message: str


class _Read(NamedTuple):
    """A pass over a matrix: its converters, the array, and how many lines are driven."""

    bank: str
    array: str
    converters: str
    driven: int


def findings(plan: Plan) -> tuple[Finding, ...]:
    """All rules that a workload breaks on a chip, once for all copies of a component, at the largest read."""
    largest: dict[tuple[str, str], tuple[int, Finding]] = {}
    for read in _reads(plan):
        for found in _of_read(plan, read):
            key = found.code, groups.base(found.component)
            if key not in largest or largest[key][0] < read.driven:
                largest[key] = read.driven, found
    return tuple(found for _, (_, found) in sorted(largest.items()))


def _reads(plan: Plan) -> Iterator[_Read]:
    for way, route in plan.routes.items():
        if way[0].removesuffix(TRANSPOSED) in ("forward", "backward") and len(route) > 2:
            yield _Read(route[0], route[1], route[2], _driven(plan, way))


def _driven(plan: Plan, way: Way) -> int:
    region = plan.places[way[1:]].region
    return region.columns if way[0] == "backward" else region.rows


def _of_read(plan: Plan, read: _Read) -> Iterator[Finding]:
    yield from _line_current(plan, read)
    yield from _wires(plan, read)
    yield from _widths(plan, read)
    yield from _range(plan, read)


def _line_current(plan: Plan, read: _Read) -> Iterator[Finding]:
    voltage = plan.architecture.costs.actions["cell_read"].voltage
    if voltage is None:
        return
    cell, volts = plan.architecture.cells[read.array], voltage.at(plan.architecture.costs.corner)
    one = (cell.g_mid + cell.g_span) * volts
    if read.driven * one > LINE_CURRENT:
        full = _written(cell.g_mid + cell.g_span, "conductance")
        arithmetic = f"{read.driven} x {full} x {_written(volts, 'voltage')}"
        yield Finding(
            "W020", read.array,
            f"{read.driven} cells at full input put {_written(read.driven * one, 'current')} on a line "
            f"({arithmetic}), more than the {_written(LINE_CURRENT, 'current')} that a metal-1 line carries "
            f"for long (Marinella2018); {int(LINE_CURRENT / one)} cells would do",
        )  # fmt: skip


def _wires(plan: Plan, read: _Read) -> Iterator[Finding]:
    array = plan.architecture.parameters(read.array, crossbar.Parameters)
    if array.row_resistance or array.column_resistance:
        return
    cell = plan.architecture.cells[read.array]
    drop = CELL_WIRE * cell.g_mid * read.driven * (read.driven + 1) / 2
    if drop > DROP:
        share = f"{drop:.0%} of the read voltage" if drop < 1 else "more than the read voltage"
        yield Finding(
            "W021", read.array,
            f"wires of {CELL_WIRE:.1f} Ohm a cell (22 nm, NeuroSim2021) would take {share} from the farthest "
            f"of {read.driven} cells at full input, and the run leaves it out; give 'row_resistance' and "
            "'column_resistance' to simulate it",
        )  # fmt: skip


def _widths(plan: Plan, read: _Read) -> Iterator[Finding]:
    bank = plan.architecture.components[read.bank]
    if not isinstance(bank, dac.Parameters) or bank.integration is None:
        return
    clock = bank.full_scale / bank.integration
    if clock > CLOCK * (1 + 1e-9):
        slot = _written(bank.integration / bank.full_scale, "time")
        yield Finding(
            "W022", read.bank,
            f"{bank.full_scale} slots in {_written(bank.integration, 'time')} are {slot} each, a clock of "
            f"{_written(clock, 'frequency')}; at {_written(CLOCK, 'frequency')} they take "
            f"{_written(bank.full_scale / CLOCK, 'time')}",
        )  # fmt: skip


def _range(plan: Plan, read: _Read) -> Iterator[Finding]:
    converters = plan.architecture.components[read.converters]
    if isinstance(converters, adc.Parameters) and converters.range < read.driven:
        yield Finding(
            "W023", read.converters,
            f"sums of {read.driven} unit weights at full input reach {read.driven}, and the converter "
            f"resolves up to {converters.range:g}; larger ones are cut there",
        )  # fmt: skip


def _written(value: float, dimension: str) -> str:
    return units.format(float(f"{value:.3g}"), dimension)
