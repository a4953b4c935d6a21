"""Which way each operation goes along the links, or why it cannot go.

A read goes from a DAC bank through its array to converters, a pass on to the digital unit, a reading that
is integrated on to the integrator, a reading for verification back to the controller; a digital product goes
from the digital unit to the integrator; a pulse goes from drivers to its array. What starts there must be
reached by digital words: from the controller, and for a write to the weights from where its readings or words
are. A digital array takes words and gives words: a pass goes from it on to the digital unit, and everything
else ends in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from chipsim.architecture.graph import Architecture
from chipsim.architecture.ports import End
from chipsim.errors import Fault, FitError
from chipsim.learning.programming import Programming
from chipsim.learning.rule import LearningRule
from chipsim.workloads.network import Dense

Key = tuple[str, str]
"""Layer and matrix."""

Way = tuple[str, str, str]
"""Operation, layer and matrix: what has a route."""

INSPECT, REFRESH = "refresh-read", "refresh"
"""What is done to the devices of a matrix whose cells need upkeep: all are read, and some written anew."""

TRANSPOSED = "-transposed"
"""Ends the name of a read whose route drives columns; the ledger's name is without it."""


MEMORY = ("integrate", "recall", "keep", "accumulate")
"""Operations that end at the integrator that holds a layer's stores."""


class _Missing(Exception):  # noqa: N818 - a finding on the way, turned into a fault
    pass


class _Wires:
    """Look-ups along the links of an architecture."""

    def __init__(self, architecture: Architecture) -> None:
        self.architecture = architecture
        self.components = architecture.components

    def into(self, array: str, kind: str, port: str) -> str:
        """The component of a type that drives a port of an array (any port if '')."""
        for source, target in self.architecture.links:
            if target.component == array and port in ("", target.port) and self._is(source, kind):
                return source.component
        where = f"{array}.{port}" if port else array
        raise _Missing(f"no {kind} drives '{where}'; {self._mend(kind, '', where)}")

    def out(self, source: str, kind: str, port: str = "") -> str:
        """The component of a type that a port of a component leads to."""
        for link in self.architecture.links:
            if link.source == (source, port) and self._is(link.target, kind):
                return link.target.component
        where = f"{source}.{port}" if port else source
        raise _Missing(f"'{where}' leads to no {kind}; {self._mend(kind, where, '')}")

    def reaches(self, source: str, target: str) -> None:
        """Raise where no digital words of a component come to another, directly or by way of others."""
        reached, ahead = {source}, [source]
        while ahead:
            here = ahead.pop()
            found = {
                t.component for s, t in self.architecture.links if s.component == here and self._digital(s)
            }
            ahead += found - reached
            reached |= found
        if target not in reached:
            raise _Missing(f"'{source}' does not lead to '{target}'; add the link '{source} -> {target}'")

    def controller(self) -> str:
        """The chip's controller."""
        found = self.architecture.of_role("controller")
        if len(found) > 1:
            listed = " and ".join(f"'{name}'" for name in sorted(found))
            raise _Missing(f"{listed} are both of type controller; keep one")
        if not found:
            raise _Missing("there is no controller; add a component of type controller")
        return found[0]

    def _digital(self, source: End) -> bool:
        return "digital" in self.components[source.component].emits[source.port]

    def _is(self, end: tuple[str, str], kind: str) -> bool:
        return self.components[end[0]].role == kind

    def _mend(self, kind: str, source: str, target: str) -> str:
        there = self.architecture.of_role(kind)
        name = there[0] if there else kind
        link = f"'{source or name} -> {target or name}'"
        return f"add the link {link}" if there else f"add a component of type {kind} and the link {link}"


def find(
    architecture: Architecture, layers: Mapping[str, Dense], arrays: Mapping[Key, str],
    rules: Mapping[str, LearningRule], programs: Mapping[str, Programming],
) -> dict[Way, tuple[str, ...]]:  # fmt: skip
    """Components in order, by operation, layer and matrix, for matrices that lie on these arrays.

    Raises `FitError` with every operation that has no way, and the link or component that it lacks.
    """
    wires = _Wires(architecture)
    found: dict[Way, tuple[str, ...]] = {}
    missing: dict[str, list[Way]] = {}
    wanted = (*_wanted(layers, rules, programs), *_upkeep(architecture, arrays))
    for way in wanted:
        try:
            found[way] = _route(wires, way, arrays[way[1:]], found, wanted)
        except _Missing as error:
            missing.setdefault(str(error), []).append(way)
    if missing:
        place = architecture.document.key_place(("links",))
        raise FitError(*(Fault(_no_route(ways, why), place, "E043") for why, ways in missing.items()))
    return found


def _upkeep(architecture: Architecture, arrays: Mapping[Key, str]) -> Iterator[Way]:
    """Ways of what the controller does to matrices whose cells need it, whatever the rule."""
    for (layer, matrix), array in arrays.items():
        if array in architecture.cells and architecture.cells[array].upkeep_every:
            yield INSPECT, layer, matrix
            yield REFRESH, layer, matrix


def _no_route(ways: list[Way], why: str) -> str:
    """One sentence for all operations that the same link is missing for."""
    operations = dict.fromkeys(operation for operation, _, _ in ways)
    layers = dict.fromkeys(layer for _, layer, _ in ways)
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
    layers: Mapping[str, Dense], rules: Mapping[str, LearningRule], programs: Mapping[str, Programming]
) -> tuple[Way, ...]:
    wanted: dict[Way, None] = {}
    for rule in rules.values():
        asked = sorted(rule.operations().items(), key=lambda item: _rank(item[0]))
        for index, layer in enumerate(layers):
            for matrix in rule.read_through():
                wanted[("forward", layer, matrix)] = None
                if index:
                    wanted[("backward", layer, matrix)] = None
            for operation, matrix in asked:
                wanted[(operation, layer, matrix)] = None
    for program in programs.values():
        for layer in layers:
            wanted[("forward", layer, program.target)] = None
            for operation, matrix in program.operations():
                wanted[(operation, layer, matrix)] = None
    return tuple(wanted)


def _route(
    wires: _Wires, way: Way, array: str, found: Mapping[Way, tuple[str, ...]], wanted: tuple[Way, ...]
) -> tuple[str, ...]:
    operation, layer, matrix = way
    if wires.components[array].role == "digital-array":
        return _words(wires, array, operation)
    if operation in ("forward", "backward"):
        return _pass(wires, array, operation == "forward")
    if operation.startswith("transfer-read"):
        bank, array, converters = _read(wires, array, not operation.endswith(TRANSPOSED))
        if ("integrate", layer, matrix) not in wanted:
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
        return (_integrator(wires, layer, array, found),)
    drivers = wires.into(array, "pulse-driver", "")
    wires.reaches(wires.controller(), drivers)
    if operation == "transfer-write":
        for earlier in _READS_FIRST:
            for route in _of(found, earlier, layer):
                wires.reaches(route[-1], drivers)
    return (drivers, array)


def _words(wires: _Wires, array: str, operation: str) -> tuple[str, ...]:
    """The route of an operation on a matrix of a digital array."""
    wires.reaches(wires.controller(), array)
    if operation in ("forward", "backward"):
        unit = wires.out(array, "digital-unit")
        wires.reaches(unit, wires.controller())
        return (array, unit)
    if operation == "program":
        wires.reaches(array, wires.controller())
    return (array,)


def _of(found: Mapping[Way, tuple[str, ...]], operation: str, layer: str) -> Iterator[tuple[str, ...]]:
    """Routes of an operation of a layer, whatever the matrix."""
    return (route for way, route in found.items() if way[:2] == (operation, layer))


def _integrator(wires: _Wires, layer: str, array: str, found: Mapping[Way, tuple[str, ...]]) -> str:
    """Where the layer's readings go; or, with a rule that reads otherwise, where they could go."""
    for read in _READS_FIRST:
        for route in _of(found, read, layer):
            if wires.components[route[-1]].role == "integrator":
                return route[-1]
    return wires.out(wires.out(array, "adc", "columns"), "integrator")


def _pass(wires: _Wires, array: str, forward: bool) -> tuple[str, ...]:
    bank, array, converters = _read(wires, array, forward)
    unit = wires.out(converters, "digital-unit")
    wires.reaches(unit, wires.controller())
    return (bank, array, converters, unit)


def _read(wires: _Wires, array: str, by_row: bool) -> tuple[str, str, str]:
    driven, sensed = ("rows", "columns") if by_row else ("columns", "rows")
    bank = wires.into(array, "dac", driven)
    wires.reaches(wires.controller(), bank)
    return bank, array, wires.out(array, "adc", sensed)
