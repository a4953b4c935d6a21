"""From architecture, network and rules to a plan: where each matrix lies, and which way each operation goes.

What does not fit is a `FitError` that says what is needed, what there is, and what would make it fit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

from chipsim.accounting.costs import Part
from chipsim.architecture.graph import Architecture, Seat
from chipsim.architecture.ports import End
from chipsim.circuits import crossbar, dac, integrator, pulse_driver
from chipsim.devices.device import Region
from chipsim.errors import Fault, FitError, suggestion
from chipsim.errors import Place as ErrorPlace
from chipsim.inputs.schema import Faults
from chipsim.learning.rule import LayerShape, LearningRule
from chipsim.workloads.network import Dense, Network

Key = tuple[str, str]
"""Layer and matrix, or operation and layer."""

TRANSPOSED = "-transposed"
"""Ends the name of a read whose route drives columns; the ledger's name is without it."""


class Place(NamedTuple):
    """The array and the rectangle of cells on which a matrix lies."""

    array: str
    region: Region


@dataclass(frozen=True)
class Plan:
    """A network and its rules on an architecture."""

    architecture: Architecture
    network: Network
    layers: Mapping[str, Dense]
    weights: str
    """The matrix that passes read, the same in every stage."""
    places: Mapping[Key, Place]
    routes: Mapping[Key, tuple[str, ...]]
    """Components in order, by operation and layer."""

    @property
    def shapes(self) -> tuple[LayerShape, ...]:
        """The layers' matrices as rules see them."""
        return tuple(LayerShape(name, layer.rows, layer.outputs) for name, layer in self.layers.items())

    def facts(self, component: str, operation: str) -> Mapping[str, float]:
        """What prices may depend on, for a component in an operation (SI)."""
        facts = _facts(self, component)
        for (kind, _), route in self.routes.items():
            if kind.removesuffix(TRANSPOSED) == operation and component in route:
                facts |= _facts_of_route(self.architecture, component, route)
        return facts

    def parts(self) -> tuple[Part, ...]:
        """The components as area and leakage see them."""
        return tuple(
            Part(name, parameters.type, _facts(self, name))
            for name, parameters in self.architecture.components.items()
        )


def compile_plan(architecture: Architecture, network: Network, rules: Mapping[str, LearningRule]) -> Plan:
    """Place the matrices of all rules and find the routes of all of their operations.

    Raises `FitError` with everything that does not fit or cannot go, `InputError` for a mapping that
    names what there is not.
    """
    layers = dict(network.named())
    weights = {rule.weights for rule in rules.values()}
    if len(weights) > 1:
        names = " and ".join(sorted(weights))
        text = f"the stages' rules keep the weights in different matrices, {names}; use one kind of rule"
        raise FitError(Fault(text, code="E055"))
    matrices = tuple(dict.fromkeys(matrix for rule in rules.values() for matrix in rule.matrices))
    places = _place(architecture, layers, matrices)
    plan = Plan(
        architecture, network, MappingProxyType(layers), weights.pop(), MappingProxyType(places),
        MappingProxyType(_routes(architecture, layers, places, rules)),
    )  # fmt: skip
    _check_capacities(plan, rules)
    return plan


# Placement


def _place(
    architecture: Architecture, layers: Mapping[str, Dense], matrices: tuple[str, ...]
) -> dict[Key, Place]:
    wanted = [(name, matrix) for name in layers for matrix in matrices]
    if not architecture.cells:
        raise FitError(_no_crossbar(architecture, layers, matrices))
    given = _given(architecture, wanted)
    places: dict[Key, Place] = {}
    wished: dict[Key, Place] = {}
    faults = []
    for key in sorted(wanted, key=lambda key: key not in given):
        layer = layers[key[0]]
        size = (layer.rows, layer.outputs)
        place = _at(given[key], size) if key in given else _free(architecture, size, places)
        if place is None or not _inside(architecture, place):
            fault, wished[key] = _does_not_fit(architecture, key, size, place, places, wished)
            faults.append(fault)
        elif taken := next((k for k, p in places.items() if _overlap(p, place)), None):
            faults.append(_taken(architecture, key, taken, places[taken]))
        else:
            places[key] = place
    if faults:
        raise FitError(*faults)
    return {key: places[key] for key in wanted}


def _given(architecture: Architecture, wanted: list[Key]) -> dict[Key, Seat]:
    faults, found = Faults(), {}
    document, names = architecture.document, {".".join(key): key for key in wanted}
    for name, seat in (architecture.header.mapping or {}).items():
        if name not in names:
            message = f"mapping: the workload has no matrix '{name}'{suggestion(name, names)}"
            faults.add(document.fault(message, ("mapping", name), "E051", key=True))
        elif seat.array not in architecture.cells:
            message = f"mapping: '{seat.array}' is no crossbar{suggestion(seat.array, architecture.cells)}"
            faults.add(document.fault(message, ("mapping", name), "E051"))
        else:
            found[names[name]] = seat
    faults.raise_if_any()
    return found


def _at(seat: Seat, size: tuple[int, int]) -> Place:
    return Place(seat.array, Region(seat.row, seat.column, *size))


def _free(architecture: Architecture, size: tuple[int, int], places: Mapping[Key, Place]) -> Place | None:
    for array in architecture.cells:
        place = Place(array, Region(0, _next_column(array, places), *size))
        if _inside(architecture, place):
            return place
    return None


def _next_column(array: str, *taken: Mapping[Key, Place]) -> int:
    ends = (
        place.region.column + place.region.columns
        for places in taken
        for place in places.values()
        if place.array == array
    )
    return max(ends, default=0)


def _inside(architecture: Architecture, place: Place) -> bool:
    array = architecture.parameters(place.array, crossbar.Parameters)
    rows, columns = _corner(place)
    return rows <= array.rows and columns <= array.columns


def _corner(place: Place) -> tuple[int, int]:
    """The smallest rows and columns of an array that holds a place."""
    region = place.region
    return region.row + region.rows, region.column + region.columns


def _overlap(one: Place, other: Place) -> bool:
    a, b = one.region, other.region
    return (
        one.array == other.array
        and a.row < b.row + b.rows and b.row < a.row + a.rows
        and a.column < b.column + b.columns and b.column < a.column + a.columns
    )  # fmt: skip


def _does_not_fit(
    architecture: Architecture, key: Key, size: tuple[int, int], seat: Place | None,
    places: Mapping[Key, Place], wished: Mapping[Key, Place],
) -> tuple[Fault, Place]:  # fmt: skip
    """What is needed, what there is and what would do, with the place that the matrix would have then."""
    need = f"matrix '{'.'.join(key)}' needs {size[0]} rows x {size[1]} columns"
    arrays = (seat.array,) if seat else tuple(architecture.cells)
    have = []
    for array in arrays:
        parameters = architecture.parameters(array, crossbar.Parameters)
        row, column = seat.region[:2] if seat else (0, _next_column(array, places))
        free = max(parameters.rows - row, 0), max(parameters.columns - column, 0)
        have.append(
            f"'{array}' has {free[0]} x {free[1]} free"
            + (f" from its cell ({row}, {column}) on" if seat else "")
        )
    place = seat or Place(arrays[0], Region(0, _next_column(arrays[0], places, wished), *size))
    there = architecture.parameters(place.array, crossbar.Parameters)
    rows, columns = (max(*pair) for pair in zip(_corner(place), (there.rows, there.columns), strict=True))
    at = architecture.document.key_place(("components", place.array))
    text = (
        f"{need}, but {' and '.join(have)}; it fits if '{place.array}' has rows: {rows}, columns: {columns}"
    )
    return Fault(text, _mapped(architecture, key) if seat else at, "E050"), place


def _no_crossbar(architecture: Architecture, layers: Mapping[str, Dense], matrices: tuple[str, ...]) -> Fault:
    rows = max(layer.rows for layer in layers.values())
    columns = len(matrices) * sum(layer.outputs for layer in layers.values())
    text = (
        "the weights have no place, since there is no crossbar; add a component of type crossbar with "
        f"rows: {rows}, columns: {columns}"
    )
    return Fault(text, architecture.document.key_place(("components",)), "E053")


def _taken(architecture: Architecture, key: Key, other: Key, place: Place) -> Fault:
    text = (
        f"matrices '{'.'.join(key)}' and '{'.'.join(other)}' would lie on the same cells of "
        f"'{place.array}'; write '{'.'.join(key)}: {{array: {place.array}, column: {_corner(place)[1]}}}'"
    )
    return Fault(text, _mapped(architecture, key), "E052")


def _mapped(architecture: Architecture, key: Key) -> ErrorPlace:
    return architecture.document.place(("mapping", ".".join(key)))


# Routes


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
        found = self.architecture.of_type("controller")
        if len(found) > 1:
            listed = " and ".join(f"'{name}'" for name in sorted(found))
            raise _Missing(f"{listed} are both of type controller; keep one")
        if not found:
            raise _Missing("there is no controller; add a component of type controller")
        return found[0]

    def _digital(self, source: End) -> bool:
        return "digital" in self.components[source.component].emits[source.port]

    def _is(self, end: tuple[str, str], kind: str) -> bool:
        return self.components[end[0]].type == kind

    def _mend(self, kind: str, source: str, target: str) -> str:
        there = self.architecture.of_type(kind)
        name = there[0] if there else kind
        link = f"'{source or name} -> {target or name}'"
        return f"add the link {link}" if there else f"add a component of type {kind} and the link {link}"


def _routes(
    architecture: Architecture, layers: Mapping[str, Dense], places: Mapping[Key, Place],
    rules: Mapping[str, LearningRule],
) -> dict[Key, tuple[str, ...]]:  # fmt: skip
    wires = _Wires(architecture)
    found: dict[Key, tuple[str, ...]] = {}
    missing: dict[str, list[Key]] = {}
    for operation, layer, matrix in _wanted(layers, rules):
        try:
            found[operation, layer] = _route(wires, operation, layer, places[layer, matrix].array, found)
        except _Missing as error:
            missing.setdefault(str(error), []).append((operation, layer))
    if missing:
        place = architecture.document.key_place(("links",))
        raise FitError(*(Fault(_no_route(keys, why), place, "E043") for why, keys in missing.items()))
    return found


def _no_route(keys: list[Key], why: str) -> str:
    """One sentence for all operations that the same link is missing for."""
    operations = dict.fromkeys(operation for operation, _ in keys)
    layers = dict.fromkeys(layer for _, layer in keys)
    have = "has" if len(operations) == 1 else "have"
    return f"{_named('operation', operations)} of {_named('layer', layers)} {have} no route: {why}"


def _named(noun: str, names: Iterable[str]) -> str:
    *first, last = (f"'{name}'" for name in names)
    return f"{noun}s {', '.join(first)} and {last}" if first else f"{noun} {last}"


_READS_FIRST = ("transfer-read", f"transfer-read{TRANSPOSED}", "integrate")
"""Operations whose routes others follow from."""


def _rank(operation: str) -> tuple[int, str]:
    return _READS_FIRST.index(operation) if operation in _READS_FIRST else len(_READS_FIRST), operation


def _wanted(layers: Mapping[str, Dense], rules: Mapping[str, LearningRule]) -> Iterator[tuple[str, str, str]]:
    wanted: dict[tuple[str, str, str], None] = {}
    for rule in rules.values():
        asked = sorted(rule.operations().items(), key=lambda item: _rank(item[0]))
        for index, layer in enumerate(layers):
            wanted[("forward", layer, rule.weights)] = None
            if index:
                wanted[("backward", layer, rule.weights)] = None
            for operation, matrix in asked:
                wanted[(operation, layer, matrix)] = None
    return iter(wanted)


def _route(
    wires: _Wires, operation: str, layer: str, array: str, found: Mapping[Key, tuple[str, ...]]
) -> tuple[str, ...]:
    if operation in ("forward", "backward"):
        return _pass(wires, array, operation == "forward")
    if operation.startswith("transfer-read"):
        bank, array, converters = _read(wires, array, not operation.endswith(TRANSPOSED))
        return (bank, array, converters, wires.out(converters, "integrator"))
    if operation == "integrate":
        return (_integrator(wires, layer, array, found),)
    drivers = wires.into(array, "pulse-driver", "")
    wires.reaches(wires.controller(), drivers)
    if operation == "transfer-write" and ("integrate", layer) in found:
        wires.reaches(found["integrate", layer][0], drivers)
    return (drivers, array)


def _integrator(wires: _Wires, layer: str, array: str, found: Mapping[Key, tuple[str, ...]]) -> str:
    """Where the layer's readings go; or, with a rule that reads otherwise, where they could go."""
    for read in _READS_FIRST:
        if (read, layer) in found:
            return found[read, layer][-1]
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


# Capacities


def _check_capacities(plan: Plan, rules: Mapping[str, LearningRule]) -> None:
    faults = dict.fromkeys(_lane_faults(plan))
    for stage, rule in rules.items():
        faults |= dict.fromkeys(_rule_faults(plan, stage, rule))
    if faults:
        raise FitError(*faults)


def _lane_faults(plan: Plan) -> Iterator[Fault]:
    architecture = plan.architecture
    wanted: dict[str, tuple[int, str]] = {}
    for (operation, layer), route in plan.routes.items():
        if architecture.components[route[0]].type == "dac":
            shape = plan.layers[layer]
            lines = shape.outputs if operation == "backward" or operation.endswith(TRANSPOSED) else shape.rows
            wanted[route[0]] = max(wanted.get(route[0], (0, "")), (lines, layer), key=lambda item: item[0])
    for name, (lines, layer) in wanted.items():
        lanes = architecture.parameters(name, dac.Parameters).lanes
        if lines > lanes:
            text = f"component '{name}' drives {lanes} lines, but layer '{layer}' has {lines}"
            place = architecture.document.place(("components", name, "lanes"))
            yield Fault(f"{text}; write 'lanes: {lines}'", place, "E055")


def _rule_faults(plan: Plan, stage: str, rule: LearningRule) -> Iterator[Fault]:
    for (operation, _), route in plan.routes.items():
        place = plan.architecture.document.place(("components", route[0]))
        if operation == "update":
            drivers = plan.architecture.parameters(route[0], pulse_driver.Parameters)
            if (slots := rule.longest_train() or 0) > drivers.bit_length:
                text = (
                    f"stage '{stage}' asks for trains of {slots} slots, but component '{route[0]}' "
                    f"can do {drivers.bit_length}; write 'bit_length: {drivers.bit_length}' in the rule"
                )
                yield Fault(text, place, "E055")
        if operation == "integrate":
            words = plan.architecture.parameters(route[0], integrator.Parameters)
            if (threshold := rule.largest_word() or 0.0) > words.range * (1 - 2.0 ** (1 - words.bits)):
                text = (
                    f"stage '{stage}' has a threshold of {threshold:g}, but the words of component "
                    f"'{route[0]}' stay below {words.range:g}; raise its 'range' or lower 'threshold'"
                )
                yield Fault(text, place, "E055")


# Facts that prices depend on


def _facts(plan: Plan, component: str) -> dict[str, float]:
    parameters = plan.architecture.components[component]
    facts = {
        name: float(value)
        for name, value in parameters.model_dump().items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }
    if parameters.type == "pulse-driver":
        facts["lines"] = float(sum(_lines(plan, component)))
    if parameters.type == "integrator":
        facts["words"] = float(sum(_words(plan, component)))
    return facts


def _lines(plan: Plan, drivers: str) -> Iterator[int]:
    links = plan.architecture.links
    for name in sorted({x.target.component for x in links if x.source.component == drivers}):
        array = plan.architecture.parameters(name, crossbar.Parameters)
        yield array.rows + array.columns


def _words(plan: Plan, component: str) -> Iterator[int]:
    for (operation, layer), route in plan.routes.items():
        if operation == "integrate" and route == (component,):
            yield plan.layers[layer].rows * plan.layers[layer].outputs


def _facts_of_route(architecture: Architecture, component: str, route: tuple[str, ...]) -> dict[str, float]:
    if architecture.components[component].type != "crossbar":
        return {}
    if architecture.components[route[0]].type == "dac":
        bank = architecture.parameters(route[0], dac.Parameters)
        time = architecture.parameters(component, crossbar.Parameters).read_time or bank.integration
        assert time is not None
        return {"read_time": time, "read_codes": float(2**bank.bits)}
    width = architecture.parameters(route[0], pulse_driver.Parameters).pulse_width
    assert width is not None
    return {"pulse_width": width}
