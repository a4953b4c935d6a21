"""Which way each operation goes along the links, or why it cannot go.

A read goes from a DAC bank through its array to converters, a pass on to the digital unit, a reading that
is integrated on to the integrator, a reading for verification back to the controller; a digital product goes
from the digital unit to the integrator; a pulse goes from drivers to its array. What starts there must be
reached by digital words: from the controller, and for a write to the weights from where its readings or words
are. A digital array takes words and gives words: a pass goes from it on to the digital unit, and everything
else ends in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from chipsim.architecture import groups
from chipsim.architecture.graph import Architecture
from chipsim.architecture.wires import Carried, Missing, Wires
from chipsim.errors import Fault, FitError
from chipsim.learning.programming import Programming
from chipsim.learning.rule import LearningRule

Key = tuple[str, str]
"""Block (a layer's name where it is not cut) and matrix."""

Way = tuple[str, str, str]
"""Operation, block and matrix: what has a route."""

Spread = Mapping[tuple[str, str], Sequence[str]]
"""The blocks of each layer and matrix."""


class Routes(NamedTuple):
    """Which way each operation goes."""

    stops: Mapping[Way, tuple[str, ...]]
    """Components that do something, in order."""
    carriers: Mapping[Way, tuple[tuple[Carried, ...], ...]]
    """Carriers ahead of each stop and, for what comes back with values, on the way to the controller."""


INSPECT, REFRESH = "refresh-read", "refresh"
"""What is done to the devices of a matrix whose cells need upkeep: all are read, and some written anew."""

TRANSPOSED = "-transposed"
"""Ends the name of a read whose route drives columns; the ledger's name is without it."""


MEMORY = ("integrate", "recall", "keep", "accumulate")
"""Operations that end at the integrator that holds a layer's stores."""


def find(
    architecture: Architecture, layers: Iterable[str], spread: Spread, arrays: Mapping[Key, str],
    rules: Mapping[str, LearningRule], programs: Mapping[str, Programming],
) -> Routes:  # fmt: skip
    """The way of every operation that rules and programs may ask for, for matrices that lie on these arrays.

    Raises `FitError` with every operation that has no way, and the link or component that it lacks.
    """
    wires = Wires(architecture)
    found = _Found()
    carriers: dict[Way, tuple[tuple[Carried, ...], ...]] = {}
    missing: dict[str, list[Way]] = {}
    wanted = dict.fromkeys((*_wanted(tuple(layers), spread, rules, programs), *_upkeep(architecture, arrays)))
    units = _Units(wires, spread, arrays)
    for way in wanted:
        try:
            found.add(way, _route(wires, way, arrays[way[1:]], found, wanted, units))
            carriers[way] = _carried(wires, way, found)
        except Missing as error:
            missing.setdefault(groups.bare(str(error)), []).append(way)
    if missing:
        place = architecture.document.key_place(("links",))
        raise FitError(*(Fault(_no_route(ways, why), place, "E043") for why, ways in missing.items()))
    return Routes(found.stops, {way: legs for way, legs in carriers.items() if any(legs)})


def _carried(wires: Wires, way: Way, found: _Found) -> tuple[tuple[Carried, ...], ...]:
    """The carriers ahead of each stop of a way, and behind the last."""
    route, operation = found.stops[way], way[0]
    if operation in MEMORY and len(route) == 1:  # on words that are there
        return ()
    start = wires.controller()
    if operation == "transfer-write":
        start = next((earlier[-1] for earlier in found.of(_READS_FIRST, way[1])), start)
    legs = [wires.carriers(start, route[0])]
    for source, target in pairwise(route):
        analog = wires.components[target].role in ("crossbar", "adc")
        legs.append(() if analog else wires.carriers(source, target))
    comes_back = operation in ("forward", "backward", "verify-read", INSPECT) or (
        operation == "program" and wires.components[route[0]].role == "digital-array"
    )
    return (*legs, wires.carriers(route[-1], start) if comes_back else ())


class _Found:
    """Routes that have been found, by way, and by operation and block whatever the matrix."""

    def __init__(self) -> None:
        self.stops: dict[Way, tuple[str, ...]] = {}
        self._of: dict[tuple[str, str], list[tuple[str, ...]]] = {}

    def add(self, way: Way, route: tuple[str, ...]) -> None:
        """Keep a route."""
        self.stops[way] = route
        self._of.setdefault(way[:2], []).append(route)

    def of(self, operations: Iterable[str], block: str) -> Iterator[tuple[str, ...]]:
        """Routes of some operations of a block."""
        return (route for operation in operations for route in self._of.get((operation, block), ()))


class _Units:
    """The digital units at which the sums of a layer's blocks meet."""

    def __init__(self, wires: Wires, spread: Spread, arrays: Mapping[Key, str]) -> None:
        self._wires, self._arrays = wires, arrays
        self._blocks = {block: (key, names) for key, names in spread.items() for block in names}
        self._found: dict[tuple[str, str, str], str] = {}

    def of(self, block: str, matrix: str, port: str) -> str:
        """The unit to which all blocks of the matrix lead from this port of their arrays."""
        (layer, _), names = self._blocks[block]
        key = layer, matrix, port
        if key not in self._found:
            self._found[key] = self._common(layer, [self._arrays[name, matrix] for name in names], port)
        return self._found[key]

    def _common(self, layer: str, arrays: list[str], port: str) -> str:
        first, *others = (self._wires.out(array, "adc", port) for array in arrays)
        if not others:
            return self._wires.out(first, "digital-unit")
        reached = [set(self._wires.every(name, "digital-unit")) for name in dict.fromkeys(others)]
        for unit in self._wires.every(first, "digital-unit"):
            if all(unit in units for units in reached):
                return unit
        raise Missing(
            f"the converters of the blocks of layer '{layer}' lead to no digital-unit in common, which adds "
            "their sums; link all of them to one"
        )


def _upkeep(architecture: Architecture, arrays: Mapping[Key, str]) -> Iterator[Way]:
    """Ways of what the controller does to matrices whose cells need it, whatever the rule."""
    for (layer, matrix), array in arrays.items():
        if array in architecture.cells and architecture.cells[array].upkeep_every:
            yield INSPECT, layer, matrix
            yield REFRESH, layer, matrix


def _no_route(ways: list[Way], why: str) -> str:
    """One sentence for all operations, layers and copies that the same link is missing for."""
    operations = dict.fromkeys(operation for operation, _, _ in ways)
    layers = dict.fromkeys(groups.base(block) for _, block, _ in ways)
    have = "has" if len(operations) == 1 else "have"
    return f"{_named('operation', operations)} of {_named('layer', layers)} {have} no route: {why}"


def _named(noun: str, names: Iterable[str]) -> str:
    *first, last = (f"'{name}'" for name in names)
    return f"{noun}s {', '.join(first)} and {last}" if first else f"{noun} {last}"


_READS_FIRST = ("transfer-read", f"transfer-read{TRANSPOSED}", "accumulate", *MEMORY[:-1])
"""Operations whose routes others follow from."""


def _rank(operation: str) -> tuple[int, str]:
    return _READS_FIRST.index(operation) if operation in _READS_FIRST else len(_READS_FIRST), operation


def _wanted(
    layers: Sequence[str], spread: Spread, rules: Mapping[str, LearningRule],
    programs: Mapping[str, Programming],
) -> Iterator[Way]:  # fmt: skip
    for rule in rules.values():
        asked = sorted(rule.operations().items(), key=lambda item: _rank(item[0]))
        for index, layer in enumerate(layers):
            passes = ("forward", "backward") if index else ("forward",)
            through = ((way, matrix) for matrix in rule.read_through() for way in passes)
            for operation, matrix in (*through, *asked):
                yield from ((operation, block, matrix) for block in spread[layer, matrix])
    for program in programs.values():
        for layer in layers:
            for operation, matrix in (("forward", program.target), *program.operations()):
                yield from ((operation, block, matrix) for block in spread[layer, matrix])


def _route(
    wires: Wires, way: Way, array: str, found: _Found, wanted: Mapping[Way, None],
    units: _Units,
) -> tuple[str, ...]:  # fmt: skip
    operation, block, matrix = way
    if wires.components[array].role == "digital-array":
        return _words(wires, array, operation)
    if operation in ("forward", "backward"):
        return _pass(wires, way, array, units)
    if operation.startswith("transfer-read"):
        bank, array, converters = _read(wires, array, not operation.endswith(TRANSPOSED))
        if ("integrate", block, matrix) not in wanted:
            return bank, array, converters
        return (bank, array, converters, wires.out(converters, "integrator"))
    if operation in ("verify-read", INSPECT):
        read = _read(wires, array, True)
        wires.reaches(read[-1], wires.controller())
        return read
    if operation == "accumulate":
        unit = wires.out(wires.out(array, "adc", "columns"), "digital-unit")
        wires.reaches(wires.controller(), unit)
        return (unit, wires.out(unit, "integrator"))
    if operation in MEMORY:
        return (_integrator(wires, block, array, found),)
    drivers = wires.into(array, "pulse-driver", "")
    wires.reaches(wires.controller(), drivers)
    if operation == "transfer-write":
        for earlier in found.of(_READS_FIRST, block):
            wires.reaches(earlier[-1], drivers)
    return (drivers, array)


def _words(wires: Wires, array: str, operation: str) -> tuple[str, ...]:
    """The route of an operation on a matrix of a digital array."""
    wires.reaches(wires.controller(), array)
    if operation in ("forward", "backward"):
        unit = wires.out(array, "digital-unit")
        wires.reaches(unit, wires.controller())
        return (array, unit)
    if operation == "program":
        wires.reaches(array, wires.controller())
    return (array,)


def _integrator(wires: Wires, block: str, array: str, found: _Found) -> str:
    """Where the block's readings go; or, with a rule that reads otherwise, where they could go."""
    for route in found.of(_READS_FIRST, block):
        if wires.components[route[-1]].role == "integrator":
            return route[-1]
    return wires.out(wires.out(array, "adc", "columns"), "integrator")


def _pass(wires: Wires, way: Way, array: str, units: _Units) -> tuple[str, ...]:
    forward = way[0] == "forward"
    read = _read(wires, array, forward)
    unit = units.of(way[1], way[2], "columns" if forward else "rows")
    wires.reaches(unit, wires.controller())
    return (*read, unit)


def _read(wires: Wires, array: str, by_row: bool) -> tuple[str, str, str]:
    driven, sensed = ("rows", "columns") if by_row else ("columns", "rows")
    bank = wires.into(array, "dac", driven)
    wires.reaches(wires.controller(), bank)
    return bank, array, wires.out(array, "adc", sensed)
