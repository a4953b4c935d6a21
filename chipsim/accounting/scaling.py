"""From an entry's figures and a component's facts to the price of one count: the rules, by name.

Voltages, integration times and pulse widths enter only here, as *facts* of the component that did the action:

    type           facts that a price, an area or a leakage may need (SI)
    dac            bits, lanes
    crossbar       rows, columns, pulse_width, read_time, read_codes (codes of full duty); cell_area if known
    adc            bits, count
    pulse-driver   lines
    integrator     words, bits
    digital-array  capacity (words), bits, lanes
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
Name = Literal["flat", "doubles-per-bit", "per-bit", "memory-word", "line", "read", "pulse", "half-select"]
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
    points = energy.points("by_bits", corner)
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


def memory_word(cost: ActionCost, corner: Corner, facts: Mapping[str, float]) -> float:
    """Energy of a bit x bits, linear in log2 of the memory's size between the figure's points by bytes.

    A smaller memory costs as much as the smallest point; beyond the largest the last slope goes on.
    """
    energy, bits = known(cost.energy), facts["bits"]
    size = max(facts["capacity"] * bits / 8.0, 1.0)
    points = sorted((int(at), value) for at, value in energy.points("by_bytes", corner).items())
    if not points:
        return bits * energy.at(corner)
    if size <= points[0][0] or len(points) == 1:
        return bits * points[0][1]
    pairs = pairwise(points)
    (low, below), (high, above) = next((pair for pair in pairs if size <= pair[1][0]), tuple(points[-2:]))
    share = math.log2(size / low) / math.log2(high / low)
    return bits * (below + (above - below) * share)


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


def half_select(cost: ActionCost, corner: Corner, facts: Mapping[str, float]) -> float:
    """(Voltage / 2)^2 x pulse_width x conductance: of a cell at half the write voltage.

    The conductance is the table's, a mean of the cells; the ledger does not sum that of half-selected ones.
    """
    half = known(cost.voltage).at(corner) / 2.0
    return half**2 * facts["pulse_width"] * known(cost.conductance).at(corner)


RULES: Mapping[str, Callable[[ActionCost, Corner, Mapping[str, float]], float]] = MappingProxyType(
    {
        "flat": flat,
        "doubles-per-bit": doubles_per_bit,
        "per-bit": per_bit,
        "memory-word": memory_word,
        "line": line,
        "read": read,
        "pulse": pulse,
        "half-select": half_select,
    }
)
NEEDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "flat": ("energy",),
        "doubles-per-bit": ("energy", "at_bits"),
        "per-bit": ("energy", "at_bits"),
        "memory-word": ("energy",),
        "line": ("capacitance", "voltage"),
        "read": ("voltage",),
        "pulse": ("voltage",),
        "half-select": ("voltage", "conductance"),
    }
)


# Areas

AreaName = Literal["flat", "converter-area"]
AREA_PER_ENERGY = 0.299
"""Exponent of a converter's energy in its area (AccelergyAdc2024, adc_data/model.yaml).

The regression is area = exp(1.346) node^0.993 rate^0.181 energy^0.299, in um2, nm, 1/s and pJ.
"""


def flat_area(at_bits: int | None, facts: Mapping[str, float]) -> float:
    """1: a unit has one area, whatever its bits."""
    return 1.0


def converter_area(at_bits: int | None, facts: Mapping[str, float]) -> float:
    """2^(0.299 (bits - at_bits)): area as energy^0.299 (AccelergyAdc2024), energy doubling with each bit.

    The energy of one conversion doubles at a fixed figure of merit (Murmann2025), as in `doubles_per_bit`.
    """
    return math.pow(2.0, AREA_PER_ENERGY * (facts["bits"] - known(at_bits)))


AREAS: Mapping[str, Callable[[int | None, Mapping[str, float]], float]] = MappingProxyType(
    {"flat": flat_area, "converter-area": converter_area}
)
"""What a unit's area is multiplied by, from the bits that the figure is of and the component's facts."""


INGREDIENTS = ("energy", "voltage", "capacitance", "conductance", "at_bits")
BY_CONDUCTANCE = ("read", "pulse")
"""Rules of entries that price either of two ledger actions: by a voltage, or by an energy in its place."""


# From node to node

Technology = Literal["stillmaker-baas-energy", "stillmaker-baas-area", "log-log", "proportional"]
SUPPLY = 0.8
"""Supply at which energies of two nodes are compared [V]: that of the HERMES core (KhaddamAljameh2022)."""

_ENERGY: Mapping[float, tuple[float, float, float]] = MappingProxyType(
    {
        130: (7.171, -6.709, 2.904),
        90: (4.762, -4.781, 2.092),
        65: (3.755, -4.398, 1.975),
        45: (1.103, -0.362, 0.2767),
        32: (0.9559, -0.7823, 0.471),
        20: (0.373, -0.1582, 0.04104),
        16: (0.2958, -0.1241, 0.03024),
        14: (0.2363, -0.09675, 0.02239),
        10: (0.2068, -0.09311, 0.02375),
        7: (0.1776, -0.09097, 0.02447),
    }
)  # StillmakerBaas2017: a, b, c of the energy a V^2 + b V + c of one operation, by node [nm]
_AREA: Mapping[float, float] = MappingProxyType(
    {130: 6.4, 90: 2.8, 65: 1.5, 45: 1, 32: 0.46, 20: 0.21, 16: 0.19, 14: 0.17, 10: 0.1, 7: 0.059}
)  # StillmakerBaas2017: area in terms of that at 45 nm, by node [nm]


def stillmaker_baas_energy(published: Mapping[float, float], node: float) -> float:
    """Digital energy x f(node) / f(published node), f = a V^2 + b V + c at 0.8 V (StillmakerBaas2017).

    `published` holds one energy [J] by its node [nm]. Nodes between those of the paper take f linearly
    between. Coefficients as in accelergy-library-plug-in, scaling.py (Accelergy2019).
    """
    ((start, value),) = published.items()
    return value * _switching(node) / _switching(start)


def stillmaker_baas_area(published: Mapping[float, float], node: float) -> float:
    """Digital area x ratio of the two nodes' areas, each in terms of 45 nm (StillmakerBaas2017).

    `published` holds one area [m2] by its node [nm]; nodes between those of the paper are linear between.
    """
    ((start, value),) = published.items()
    return value * _between(_AREA, node) / _between(_AREA, start)


def log_log(published: Mapping[float, float], node: float) -> float:
    """A straight line through two published nodes, in the logarithms of figure and node."""
    (one, first), (other, second) = published.items()
    exponent = math.log(second / first) / math.log(other / one)
    return first * math.pow(node / one, exponent)


def proportional(published: Mapping[float, float], node: float) -> float:
    """In proportion to the node: delay, to first order (HwComponents2025, techscaling.py)."""
    ((start, value),) = published.items()
    return value * node / start


def _switching(node: float) -> float:
    """f at a node, linear between the nodes of the paper."""
    at = {known: a * SUPPLY**2 + b * SUPPLY + c for known, (a, b, c) in _ENERGY.items()}
    return _between(at, node)


def _between(values: Mapping[float, float], node: float) -> float:
    """The value at a node [nm], linear between the nodes that have one; raises `ValueError` outside them."""
    nodes = sorted(values)
    if not nodes[0] <= node <= nodes[-1]:
        raise ValueError(f"node {node:g} nm lies outside {nodes[0]:g} to {nodes[-1]:g} nm")
    low, high = next((low, high) for low, high in pairwise(nodes) if node <= high)
    share = (node - low) / (high - low)
    return values[low] + (values[high] - values[low]) * share


TECHNOLOGY: Mapping[str, Callable[[Mapping[float, float], float], float]] = MappingProxyType(
    {
        "stillmaker-baas-energy": stillmaker_baas_energy,
        "stillmaker-baas-area": stillmaker_baas_area,
        "log-log": log_log,
        "proportional": proportional,
    }
)
"""Rules that bring published figures, by node [nm], to another node; the first line of each says how."""
POINTS: Mapping[str, int] = MappingProxyType({name: 2 if name == "log-log" else 1 for name in TECHNOLOGY})
"""Published figures that each of them takes."""


def known(value: Found | None) -> Found:
    """Return a field that the check of the table has found to be there."""
    assert value is not None
    return value
