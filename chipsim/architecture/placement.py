"""From architecture, network and rules to a plan: where each matrix lies, and which way each operation goes.

What does not fit is a `FitError` that says what is needed, what there is, and what would make it fit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

from chipsim.accounting.costs import Part
from chipsim.architecture.graph import Architecture
from chipsim.circuits.component import ComponentParameters
from chipsim.devices.device import Region
from chipsim.errors import Fault, FitError, suggestion
from chipsim.errors import Place as ErrorPlace
from chipsim.inputs.schema import Faults
from chipsim.learning.rule import LayerShape, LearningRule
from chipsim.workloads.network import Dense, Network

Key = tuple[str, str]
"""Layer and matrix, or operation and layer."""


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
            if kind == operation and component in route:
                facts |= _facts_of_route(self.architecture.components, component, route)
        return facts

    def parts(self) -> tuple[Part, ...]:
        """The components as area and leakage see them."""
        return tuple(
            Part(name, parameters.type, _facts(self, name))
            for name, parameters in self.architecture.components.items()
        )


def compile_plan(
    architecture: Architecture, network: Network, rules: Mapping[str, LearningRule]
) -> Plan:
    """Place the matrices of all rules and find the routes of all of their operations.

    Raises `FitError` with everything that does not fit or cannot go, `InputError` for a mapping that
    names what there is not.
    """
    layers = dict(network.named())
    weights = {rule.weights for rule in rules.values()}
    if len(weights) > 1:
        names = " and ".join(sorted(weights))
        raise FitError(Fault(f"the stages' rules keep the weights in different matrices: {names}", code="E055"))
    matrices = tuple(dict.fromkeys(matrix for rule in rules.values() for matrix in rule.matrices))
    places = _place(architecture, layers, matrices)
    routes = dict(_routes(architecture, layers, places, rules))
    plan = Plan(
        architecture, network, MappingProxyType(layers), weights.pop(), MappingProxyType(places),
        MappingProxyType(routes),
    )  # fmt: skip
    _check_capacities(plan, rules)
    return plan


# Placement


def _place(
    architecture: Architecture, layers: Mapping[str, Dense], matrices: tuple[str, ...]
) -> dict[Key, Place]:
    wanted = [(name, matrix) for name in layers for matrix in matrices]
    given = _given(architecture, wanted)
    places: dict[Key, Place] = {}
    faults = []
    for key in sorted(wanted, key=lambda key: key not in given):
        layer = layers[key[0]]
        size = (layer.rows, layer.outputs)
        place = _at(architecture, size, given[key]) if key in given else _free(architecture, size, places)
        taken = place and next((k for k, p in places.items() if _overlap(p, place)), None)
        if place is None:
            faults.append(_does_not_fit(architecture, key, size, given.get(key), places))
        elif taken:
            text = f"matrices '{'.'.join(key)}' and '{'.'.join(taken)}' would lie on the same cells of '{place.array}'"
            faults.append(Fault(f"{text}; move one of them with 'column:'", _mapped(architecture, key), "E052"))
        else:
            places[key] = place
    if faults:
        raise FitError(*faults)
    return {key: places[key] for key in wanted}


def _given(architecture: Architecture, wanted: list[Key]) -> dict[Key, tuple[str, int, int]]:
    faults, found = Faults(), {}
    document, names = architecture.document, {".".join(key): key for key in wanted}
    for name, seat in (architecture.header.mapping or {}).items():
        array = seat if isinstance(seat, str) else seat.array
        if name not in names:
            message = f"mapping: the workload has no matrix '{name}'{suggestion(name, names)}"
            faults.add(document.fault(message, ("mapping", name), "E051", key=True))
        elif array not in architecture.cells:
            message = f"mapping: '{array}' is no crossbar{suggestion(array, architecture.cells)}"
            faults.add(document.fault(message, ("mapping", name), "E051"))
        else:
            found[names[name]] = (array, 0, -1) if isinstance(seat, str) else (array, seat.row, seat.column)
    faults.raise_if_any()
    return found


def _at(architecture: Architecture, size: tuple[int, int], seat: tuple[str, int, int]) -> Place | None:
    array, row, column = seat
    place = Place(array, Region(row, max(column, 0), *size))
    return place if _inside(architecture, place) else None


def _free(
    architecture: Architecture, size: tuple[int, int], places: Mapping[Key, Place]
) -> Place | None:
    for array in architecture.cells:
        column = _next_column(array, places)
        place = Place(array, Region(0, column, *size))
        if _inside(architecture, place):
            return place
    return None


def _next_column(array: str, places: Mapping[Key, Place]) -> int:
    ends = (p.region.column + p.region.columns for p in places.values() if p.array == array)
    return max(ends, default=0)


def _inside(architecture: Architecture, place: Place) -> bool:
    parameters = architecture.components[place.array]
    region = place.region
    return (
        region.row + region.rows <= parameters.rows
        and region.column + region.columns <= parameters.columns
    )


def _overlap(one: Place, other: Place) -> bool:
    a, b = one.region, other.region
    return (
        one.array == other.array
        and a.row < b.row + b.rows and b.row < a.row + a.rows
        and a.column < b.column + b.columns and b.column < a.column + a.columns
    )  # fmt: skip


def _does_not_fit(
    architecture: Architecture, key: Key, size: tuple[int, int],
    seat: tuple[str, int, int] | None, places: Mapping[Key, Place],
) -> Fault:  # fmt: skip
    need = f"matrix '{'.'.join(key)}' needs {size[0]} rows x {size[1]} columns"
    arrays = (seat[0],) if seat else tuple(architecture.cells)
    if not arrays:
        return Fault(f"{need}, but the architecture has no crossbar; add one", code="E053")
    have, mend = [], []
    for array in arrays:
        parameters = architecture.components[array]
        column = max(seat[2], 0) if seat else _next_column(array, places)
        row = seat[1] if seat else 0
        have.append(f"'{array}' has {max(parameters.rows - row, 0)} x {max(parameters.columns - column, 0)} free")
        mend.append(f"'{array}' fits from rows: {row + size[0]}, columns: {column + size[1]}")
    place = _mapped(architecture, key) if seat else architecture.document.key_place(("components", arrays[0]))
    return Fault(f"{need}, but {', '.join(have)}; {mend[0]}", place, "E050")


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
        for link in self.architecture.links:
            if link.target.component == array and port in ("", link.target.port) and self._is(link.source, kind):
                return link.source.component
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
        """Raise where a component does not lead to another, directly or by digital parts between."""
        import networkx as nx

        if not nx.has_path(self.architecture.graph, source, target):
            raise _Missing(f"'{source}' does not lead to '{target}'; add the link '{source} -> {target}'")

    def controller(self) -> str:
        """The chip's controller."""
        found = self.architecture.of_type("controller")
        if not found:
            raise _Missing("there is no controller; add a component of type controller")
        return found[0]

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
) -> Iterator[tuple[Key, tuple[str, ...]]]:  # fmt: skip
    wires, faults = _Wires(architecture), {}
    for operation, layer, matrix in _wanted(layers, rules):
        array = places[layer, matrix].array
        try:
            yield (operation.removesuffix("-transposed"), layer), _route(wires, operation, array)
        except _Missing as error:
            text = f"operation '{operation}' of layer '{layer}' has no route: {error}"
            faults[text] = Fault(text, code="E043")
    if faults:
        raise FitError(*faults.values())


def _wanted(
    layers: Mapping[str, Dense], rules: Mapping[str, LearningRule]
) -> Iterator[tuple[str, str, str]]:
    wanted: dict[tuple[str, str, str], None] = {}
    for rule in rules.values():
        for index, layer in enumerate(layers):
            wanted[("forward", layer, rule.weights)] = None
            if index:
                wanted[("backward", layer, rule.weights)] = None
            for operation, matrix in sorted(rule.operations().items()):
                wanted[(operation, layer, matrix)] = None
    return iter(wanted)


def _route(wires: _Wires, operation: str, array: str) -> tuple[str, ...]:
    if operation in ("forward", "backward"):
        return _pass(wires, array, operation == "forward")
    if operation.startswith("transfer-read"):
        bank, array, converters = _read(wires, array, not operation.endswith("transposed"))
        return (bank, array, converters, wires.out(converters, "integrator"))
    if operation == "integrate":
        return (_integrator(wires, array),)
    drivers = wires.into(array, "pulse-driver", "")
    wires.reaches(wires.controller(), drivers)
    if operation == "transfer-write":
        for name in wires.architecture.of_type("integrator"):
            wires.reaches(name, drivers)
    return (drivers, array)


def _integrator(wires: _Wires, array: str) -> str:
    for port in ("columns", "rows"):
        for link in wires.architecture.links:
            if link.source == (array, port) and wires.components[link.target.component].type == "adc":
                return wires.out(link.target.component, "integrator")
    raise _Missing(f"'{array}' leads to no adc; add a component of type adc and its link")


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
    components, document = plan.architecture.components, plan.architecture.document
    for (operation, layer), route in plan.routes.items():
        bank = components[route[0]]
        if bank.type != "dac":
            continue
        shape = plan.layers[layer]
        lines = shape.outputs if operation == "backward" else shape.rows
        if lines > bank.lanes:
            text = f"component '{route[0]}' drives {bank.lanes} lines, but layer '{layer}' needs {lines}"
            place = document.place(("components", route[0], "lanes"))
            yield Fault(f"{text}; write 'lanes: {lines}'", place, "E055")


def _rule_faults(plan: Plan, stage: str, rule: LearningRule) -> Iterator[Fault]:
    components, document = plan.architecture.components, plan.architecture.document
    for (operation, _), route in plan.routes.items():
        parameters, place = components[route[0]], document.place(("components", route[0]))
        if operation == "update" and (rule.longest_train() or 0) > parameters.bit_length:
            text = (
                f"stage '{stage}' asks for {rule.longest_train()} slots a train, but component "
                f"'{route[0]}' can do {parameters.bit_length}"
            )
            yield Fault(f"{text}; write 'bit_length: {parameters.bit_length}' in the rule", place, "E055")
        if operation == "integrate" and (rule.largest_word() or 0) >= parameters.range:
            text = (
                f"stage '{stage}' has a threshold of {rule.largest_word()}, but the words of component "
                f"'{route[0]}' hold up to {parameters.range}"
            )
            yield Fault(f"{text}; raise 'range' or lower 'threshold'", place, "E055")


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
    components = plan.architecture.components
    targets = {x.target.component for x in plan.architecture.links if x.source.component == drivers}
    for name in sorted(targets):
        yield components[name].rows + components[name].columns


def _words(plan: Plan, integrator: str) -> Iterator[int]:
    for (operation, layer), route in plan.routes.items():
        if operation == "integrate" and route == (integrator,):
            yield plan.layers[layer].rows * plan.layers[layer].outputs


def _facts_of_route(
    components: Mapping[str, ComponentParameters], component: str, route: tuple[str, ...]
) -> dict[str, float]:
    parameters, bank = components[component], components[route[0]]
    if parameters.type != "crossbar":
        return {}
    if bank.type == "dac":
        time = bank.integration if parameters.read_time is None else parameters.read_time
        return {"read_time": float(time), "read_codes": float(2**bank.bits)}
    return {"pulse_width": float(bank.pulse_width)}
