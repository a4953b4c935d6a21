"""Design rules: what a workload asks of a chip's wires, clocks and converters, against what they can do.

Each finding is a numbered warning with its arithmetic. None changes the run: a chip may break a rule. What of
its cells wears and fades is known after a run (module `wear`).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from chipsim.accounting import pricing
from chipsim.architecture import groups
from chipsim.architecture.plan import Plan
from chipsim.architecture.routes import Way
from chipsim.circuits import adc, crossbar, dac, integrator, pulse_driver
from chipsim.inputs import units

LINE_CURRENT = 33e-6
"""Current [A] that a metal-1 line carries for long: the electromigration limit at 32 nm (Marinella2018)."""
CLOCK = 1e9
"""Clock [Hz] that pulse widths are counted with: one operation of 14 nm logic in 1 ns (Rasch2024)."""
CELL_WIRE = 5.41e-8 * 160e-9 / (22e-9 * 44e-9)
"""Resistance [Ohm] of a 22 nm wire, aspect ratio 2, over a cell of 160 nm: 8.9 (NeuroSim2021, Param.cpp)."""
DROP = 0.05
"""Share of the read voltage that the farthest cell may lose in the wires before it is worth a warning."""
CONVERSION = 1 / 5e9
"""Time [s] of a conversion of the fastest SAR of 5 to 8.5 effective bits (Murmann2025; component library:
adc_sar.t_conv_8b)."""


class Finding(NamedTuple):
    """A rule that is not kept: its code, the component, and what is asked against what there is."""

    code: str
    component: str
    message: str


class _Read(NamedTuple):
    """A pass over a matrix: its converters, the array, how many lines are driven, and from which side."""

    bank: str
    array: str
    converters: str
    driven: int
    by_row: bool


def findings(plan: Plan) -> tuple[Finding, ...]:
    """All rules that a workload breaks on a chip, once for all copies of a component, at the largest read."""
    largest: dict[tuple[str, str], tuple[int, Finding]] = {}
    parts = {part.name: part for part in plan.parts()}
    for read in _reads(plan):
        for found in (*_of_read(plan, read), *_pitch(plan, read, parts)):
            key = found.code, groups.base(found.component)
            if key not in largest or largest[key][0] < read.driven:
                largest[key] = read.driven, found
    busy: dict[str, str] = {}
    idle = set(plan.idle())
    for name in plan.architecture.components:
        if name not in idle:
            busy.setdefault(groups.base(name), name)
    clocks = tuple(found for name in busy.values() for found in _clocks(plan, name))
    reads = tuple(found for _, (_, found) in sorted(largest.items()))
    return tuple(sorted((*reads, *clocks, *_short_pulses(plan))))


def _reads(plan: Plan) -> Iterator[_Read]:
    for way, route in plan.routes.items():
        if way[0] in ("forward", "backward") and len(route) > 2:
            yield _Read(route[0], route[1], route[2], _driven(plan, way), way[0] != "backward")


def _driven(plan: Plan, way: Way) -> int:
    region = plan.places[way[1:]].region
    return region.columns if way[0] == "backward" else region.rows


def _of_read(plan: Plan, read: _Read) -> Iterator[Finding]:
    yield from _line_current(plan, read)
    yield from _wires(plan, read)
    yield from _range(plan, read)


def _line_current(plan: Plan, read: _Read) -> Iterator[Finding]:
    voltage = plan.architecture.costs.actions["cell_read"].voltage
    if voltage is None:
        return
    cell, volts = plan.architecture.cells[read.array], voltage.at(plan.architecture.costs.corner)
    one = (cell.g_mid + cell.g_span) * volts
    if read.driven * one > LINE_CURRENT:
        full = written(cell.g_mid + cell.g_span, "conductance")
        arithmetic = f"{read.driven} x {full} x {written(volts, 'voltage')}"
        yield Finding(
            "W020", read.array,
            f"{read.driven} cells at full input put {written(read.driven * one, 'current')} on a line "
            f"({arithmetic}), more than the {written(LINE_CURRENT, 'current')} that a metal-1 line carries "
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


def _clocks(plan: Plan, name: str) -> Iterator[Finding]:
    """Times of a component, shorter than a clock or its kind of converter allows."""
    part = plan.architecture.components[name]
    if isinstance(part, dac.Parameters) and part.integration is not None:
        yield from _slots(name, part.full_scale, part.integration)
    if isinstance(part, pulse_driver.Parameters) and part.pulse_width is not None:
        yield from _one_period(name, "a pulse", part.pulse_width, 1 / CLOCK, "")
    if isinstance(part, integrator.Parameters) and part.access is not None:
        more = "; more 'banks' work on more words at once"
        yield from _one_period(name, "a word", part.access, 1 / CLOCK, more)
    if isinstance(part, adc.Parameters) and part.conversion:
        source = ", the fastest of its kind (Murmann2025); a larger 'count' converts more lines at once"
        yield from _one_period(name, "a conversion", part.conversion, CONVERSION, source)


def _slots(name: str, slots: int, integration: float) -> Iterator[Finding]:
    clock = slots / integration
    if clock > CLOCK * (1 + 1e-9):
        yield Finding(
            "W022", name,
            f"{slots} slots in {written(integration, 'time')} are {written(integration / slots, 'time')} "
            f"each, a clock of {written(clock, 'frequency')}; at {written(CLOCK, 'frequency')} they take "
            f"{written(slots / CLOCK, 'time')}",
        )  # fmt: skip


def _one_period(name: str, what: str, seconds: float, least: float, more: str) -> Iterator[Finding]:
    if seconds < least * (1 - 1e-9):
        rates = f"{written(1 / seconds, 'frequency')}; at {written(1 / least, 'frequency')}"
        text = f"{what} in {written(seconds, 'time')} is {rates} it takes {written(least, 'time')}{more}"
        yield Finding("W022", name, text)


def _short_pulses(plan: Plan) -> Iterator[Finding]:
    """Drivers whose pulses are shorter than those that the response of their cells was measured with."""
    pulsing = {
        (groups.base(route[0]), groups.base(route[-1])): (route[0], route[-1])
        for route in plan.routes.values()
        if plan.architecture.components[route[0]].role == "pulse-driver"
    }
    for drivers, array in pulsing.values():
        width = plan.architecture.drivers(drivers).pulse_width
        least = plan.architecture.cells[array].shortest_pulse
        if width is not None and least is not None and width < least * (1 - 1e-9):
            cell = plan.architecture.cell_names[array][0]
            yield Finding(
                "W024", drivers,
                f"pulses of {written(width, 'time')} are {width / least:.2g} of the "
                f"{written(least, 'time')} that the response of '{cell}' was measured with (shortest_pulse); "
                "what a shorter one does is not known",
            )  # fmt: skip


def _range(plan: Plan, read: _Read) -> Iterator[Finding]:
    converters = plan.architecture.components[read.converters]
    if isinstance(converters, adc.Parameters) and converters.range < read.driven:
        yield Finding(
            "W023", read.converters,
            f"sums of {read.driven} unit weights at full input reach {read.driven}, and the converter "
            f"resolves up to {converters.range:g}; larger ones are cut there",
        )  # fmt: skip


def _pitch(plan: Plan, read: _Read, parts: Mapping[str, pricing.Part]) -> Iterator[Finding]:
    """Converters side by side, each as wide as it is deep, beside the array whose lines they read."""
    bank = plan.architecture.components[read.converters]
    if not isinstance(bank, adc.Bank) or bank.count == 1:
        return
    table, cells = plan.architecture.costs, parts[read.array].facts
    areas = pricing.area(table, (parts[read.array], parts[read.converters]))
    pitch = math.sqrt(areas[read.array] / (cells["rows"] * cells["columns"]))
    edge = pitch * cells["columns" if read.by_row else "rows"]
    each = areas[read.converters] / bank.count
    wide, side = bank.count * math.sqrt(each), written(math.sqrt(each), "length")
    if wide > edge:
        yield Finding(
            "W025", read.converters,
            f"{bank.count} converters of {side} x {side} need {written(wide, 'length')} beside an array of "
            f"{written(edge, 'length')} (pitch {written(pitch, 'length')}, the root of a cell's area); "
            f"within that edge they would be {written(bank.count * each / edge, 'length')} deep",
        )  # fmt: skip


def written(value: float, dimension: str) -> str:
    """A value of three digits with its unit."""
    return units.format(float(f"{value:.3g}"), dimension)
