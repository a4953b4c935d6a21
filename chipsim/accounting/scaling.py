"""From an entry's figures and a component's facts to the price of one count: the rules, by name.

Voltages, integration times and pulse widths enter only here, as *facts* of the component that did the action:

    type          facts that a price, an area or a leakage may need (SI)
    dac           bits, lanes
    crossbar      rows, columns, pulse_width, read_time, read_codes (codes of full duty); cell_area if known
    adc           bits, count
    pulse-driver  lines
    integrator    words, bits
    digital-array capacity, bits, lanes
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, TypeVar

if TYPE_CHECKING:
    from chipsim.accounting.table import ActionCost

Corner = Literal["typical", "optimistic", "conservative"]
CORNERS: tuple[Corner, ...] = ("typical", "optimistic", "conservative")
Name = Literal["flat", "doubles-per-bit", "per-bit", "line", "read", "pulse"]
Found = TypeVar("Found")
_SIEMENS_PER_COUNT = 1e-9  # the ledger sums conductances in nS


def flat(cost: ActionCost, corner: Corner, facts: Mapping[str, float]) -> float:
    """The energy, whatever the component is."""
    return known(cost.energy).at(corner)


def doubles_per_bit(cost: ActionCost, corner: Corner, facts: Mapping[str, float]) -> float:
    """Energy x 2^(bits - at_bits): a converter of a fixed figure of merit (Murmann2025).

    Where the figure gives points by bits, between them.
    """
    energy, bits = known(cost.energy), facts["bits"]
    points = energy.by_bits.get(corner)
    if points:
        return _interpolated(sorted((int(at), value) for at, value in points.items()), bits)
    return energy.at(corner) * math.pow(2.0, bits - known(cost.at_bits))


def _interpolated(points: Sequence[tuple[int, float]], bits: float) -> float:
    """Return the value at a number of bits: geometric between points, doubling per bit outside them."""
    first, last = points[0], points[-1]
    if bits <= first[0] or bits >= last[0]:
        end = first if bits <= first[0] else last
        return end[1] * math.pow(2.0, bits - end[0])
    (low, below), (high, above) = next(pair for pair in pairwise(points) if bits <= pair[1][0])
    return above if bits == high else below * math.pow(above / below, (bits - low) / (high - low))


def per_bit(cost: ActionCost, corner: Corner, facts: Mapping[str, float]) -> float:
    """Energy x bits / at_bits: work on each bit of a word."""
    return known(cost.energy).at(corner) * facts["bits"] / known(cost.at_bits)


def line(cost: ActionCost, corner: Corner, facts: Mapping[str, float]) -> float:
    """Capacitance x voltage^2: the charge of the crossings of a line."""
    return known(cost.capacitance).at(corner) * known(cost.voltage).at(corner) ** 2


def read(cost: ActionCost, corner: Corner, facts: Mapping[str, float]) -> float:
    """Voltage^2 x read_time / read_codes x 1 nS: of a sum of conductance [nS] x DAC code.

    An energy in the place of the voltage is that of one cell at full duty.
    """
    if cost.energy is not None:
        return cost.energy.at(corner) / facts["read_codes"]
    charge_time = facts["read_time"] / facts["read_codes"]
    return known(cost.voltage).at(corner) ** 2 * charge_time * _SIEMENS_PER_COUNT


def pulse(cost: ActionCost, corner: Corner, facts: Mapping[str, float]) -> float:
    """Voltage^2 x pulse_width x 1 nS: of a sum of conductance [nS] x pulses.

    An energy in the place of the voltage is that of one pulse.
    """
    if cost.energy is not None:
        return cost.energy.at(corner)
    return known(cost.voltage).at(corner) ** 2 * facts["pulse_width"] * _SIEMENS_PER_COUNT


RULES: Mapping[str, Callable[[ActionCost, Corner, Mapping[str, float]], float]] = MappingProxyType(
    {
        "flat": flat,
        "doubles-per-bit": doubles_per_bit,
        "per-bit": per_bit,
        "line": line,
        "read": read,
        "pulse": pulse,
    }
)
NEEDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "flat": ("energy",),
        "doubles-per-bit": ("energy", "at_bits"),
        "per-bit": ("energy", "at_bits"),
        "line": ("capacitance", "voltage"),
        "read": ("voltage", "data", "plain"),
        "pulse": ("voltage", "data", "plain"),
    }
)


INGREDIENTS = ("energy", "voltage", "capacitance", "at_bits", "data", "plain")
BY_CONDUCTANCE = ("read", "pulse")
"""Rules of entries that price either of two ledger actions: by a voltage, or by an energy in its place."""


def known(value: Found | None) -> Found:
    """Return a field that the check of the table has found to be there."""
    assert value is not None
    return value
