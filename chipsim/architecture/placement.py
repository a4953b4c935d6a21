"""From architecture, network and rules to a plan: where each matrix lies, and which way each operation goes.

What does not fit is a `FitError` that says what is needed, what there is, and what would make it fit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple

from chipsim.accounting import pricing
from chipsim.accounting.costs import CostTable
from chipsim.accounting.pricing import Part, Prices
from chipsim.architecture import routes
from chipsim.architecture.graph import MAX_CELLS, Architecture, Seat
from chipsim.architecture.routes import MEMORY, TRANSPOSED, Key, Way
from chipsim.circuits import crossbar, digital_array
from chipsim.devices.device import Region
from chipsim.errors import Fault, FitError, suggestion
from chipsim.errors import Place as ErrorPlace
from chipsim.inputs.schema import Faults
from chipsim.learning.programming import Programming
from chipsim.learning.rule import LayerShape, LearningRule, Site
from chipsim.workloads.network import Dense, Network

DIGITAL = "digital-array"
"""The role of components that hold digital matrices."""


class Place(NamedTuple):
    """The array and the rectangle of cells on which a matrix lies; on a digital array it lies by itself."""

    array: str
    region: Region


@dataclass(frozen=True)
class Plan:
    """A network and its rules on an architecture."""

    architecture: Architecture
    network: Network
    layers: Mapping[str, Dense]
    places: Mapping[Key, Place]
    routes: Mapping[Way, tuple[str, ...]]
    """Components in order, by operation, layer and matrix."""
    programs: Mapping[str, Programming] = field(default_factory=dict)
    """What the stages of kind `program` do, by stage."""
    memory: tuple[str, ...] = ()
    """Digital stores of each layer in the integrator that serves it."""

    def digital(self, key: Key) -> bool:
        """Whether a matrix lies on a digital array."""
        return self.architecture.components[self.places[key].array].role == DIGITAL

    @property
    def shapes(self) -> tuple[LayerShape, ...]:
        """The layers' matrices as rules see them."""
        sites: dict[str, dict[str, Site]] = {name: {} for name in self.layers}
        for (layer, matrix), place in self.places.items():
            if not self.digital((layer, matrix)):
                step = self.architecture.cells[place.array].granularity
                sites[layer][matrix] = Site(step, max(_trains(self, (layer, matrix)), default=1))
        return tuple(
            LayerShape(name, layer.rows, layer.outputs, MappingProxyType(sites[name]))
            for name, layer in self.layers.items()
        )

    def facts(self, component: str, operation: str) -> Mapping[str, float]:
        """What prices may depend on, for a component in an operation (SI)."""
        facts = _facts(self, component)
        for (kind, _, _), route in self.routes.items():
            if kind.removesuffix(TRANSPOSED) == operation and component in route:
                facts |= _facts_of_route(self.architecture, component, route)
        return facts

    def types(self) -> Mapping[str, str]:
        """The type under which each component is priced: its own, or that of its role."""
        priced = self.architecture.costs.components
        components = self.architecture.components.items()
        return {name: p.type if p.type in priced else p.role for name, p in components}

    def idle(self) -> tuple[str, ...]:
        """Components that no operation of the workload passes, the controller apart."""
        busy = {name for route in self.routes.values() for name in route}
        components = self.architecture.components.items()
        return tuple(name for name, p in components if name not in busy and p.role != "controller")

    def parts(self) -> tuple[Part, ...]:
        """The components as area and leakage see them."""
        cells = self.architecture.cell_names
        return tuple(
            Part(name, kind, _facts(self, name), cells.get(name, ())) for name, kind in self.types().items()
        )

    def prices(self, table: CostTable) -> Prices:
        """What the components' actions cost under a table."""
        return Prices(table, self.types(), self.facts, self.architecture.cell_names)


def compile_plan(
    architecture: Architecture, network: Network, rules: Mapping[str, LearningRule],
    programs: Mapping[str, Programming] = MappingProxyType({}),
) -> Plan:  # fmt: skip
    """Place the matrices of all rules and find the routes of all of their operations.

    `rules` and `programs` are those of stages, by name. Raises `FitError` with everything that does not fit
    or cannot go, `InputError` for a mapping that names what there is not.
    """
    layers = dict(network.named())
    places = _place(architecture, layers, rules, programs)
    arrays = {key: place.array for key, place in places.items()}
    plan = Plan(
        architecture, network, MappingProxyType(layers), MappingProxyType(places),
        MappingProxyType(routes.find(architecture, layers, arrays, rules, programs)),
        MappingProxyType(dict(programs)),
        tuple(dict.fromkeys(store for rule in rules.values() for store in rule.memory())),
    )  # fmt: skip
    _check_capacities(plan, rules)
    _check_facts(plan)
    _check_prices(plan)
    return plan


# Placement


def _place(
    architecture: Architecture, layers: Mapping[str, Dense], rules: Mapping[str, LearningRule],
    programs: Mapping[str, Programming],
) -> dict[Key, Place]:  # fmt: skip
    matrices = dict.fromkeys(matrix for rule in rules.values() for matrix in rule.matrices)
    matrices |= dict.fromkeys(program.target for program in programs.values())
    digital = frozenset().union(*(rule.digital for rule in rules.values()))
    analog = tuple(matrix for matrix in matrices if matrix not in digital)
    wanted = [(name, matrix) for name in layers for matrix in matrices]
    _check_kinds(architecture, layers, rules, analog)
    given = _given(architecture, wanted, digital)
    on_cells = [key for key in wanted if key[1] not in digital]
    places = _place_cells(architecture, layers, on_cells, given)
    in_words = [key for key in wanted if key[1] in digital]
    places |= _place_words(architecture, layers, in_words, given)
    return {key: places[key] for key in wanted}


def _check_kinds(
    architecture: Architecture, layers: Mapping[str, Dense], rules: Mapping[str, LearningRule],
    analog: tuple[str, ...],
) -> None:  # fmt: skip
    """Raise where there is no component of a kind that matrices need, or a matrix is of both kinds."""
    faults = []
    digital = {matrix: stage for stage, rule in rules.items() for matrix in rule.digital}
    for stage, rule in rules.items():
        for matrix in sorted((set(rule.matrices) - rule.digital) & set(digital)):
            text = (
                f"matrix '{matrix}' is digital in stage '{digital[matrix]}' and lies on a crossbar in stage "
                f"'{stage}'; rules of one workload must name them apart"
            )
            faults.append(Fault(text, architecture.document.key_place(("components",)), "E055"))
    if analog and not architecture.cells:
        faults.append(_no_crossbar(architecture, layers, analog))
    for stage, rule in rules.items():
        if rule.digital and not architecture.of_role(DIGITAL):
            faults.append(_no_digital_array(architecture, layers, stage, rule))
    if faults:
        raise FitError(*faults)


def _place_cells(
    architecture: Architecture, layers: Mapping[str, Dense], wanted: list[Key], given: Mapping[Key, Seat]
) -> dict[Key, Place]:
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
    return places


def _place_words(
    architecture: Architecture, layers: Mapping[str, Dense], wanted: list[Key], given: Mapping[Key, Seat]
) -> dict[Key, Place]:
    """Digital matrices: all that a layer has on the first array with room for them, unless mapped."""
    words = {name: layer.rows * layer.outputs for name, layer in layers.items()}
    arrays = architecture.of_role(DIGITAL)
    free = {name: architecture.parameters(name, digital_array.Parameters).capacity for name in arrays}
    places: dict[Key, Place] = {}
    own = {layer: [key for key in wanted if key[0] == layer] for layer in layers if wanted}
    mapped = {layer: next((given[key].array for key in own[layer] if key in given), "") for layer in own}
    for layer in sorted(own, key=lambda layer: not mapped[layer]):
        needed = words[layer] * len(own[layer])
        home = mapped[layer] or next((name for name in arrays if free[name] >= needed), arrays[0])
        for key in own[layer]:
            array = given[key].array if key in given else home
            places[key] = Place(array, Region(0, 0, layers[layer].rows, layers[layer].outputs))
            free[array] -= words[layer]
    faults = [_too_few_words(architecture, name, -short) for name, short in free.items() if short < 0]
    if faults:
        raise FitError(*faults)
    if sum(words[key[0]] for key in wanted) > MAX_CELLS:
        text = f"the digital matrices come to more than {MAX_CELLS} words"
        raise FitError(Fault(text, architecture.document.key_place(("components",)), "E056"))
    return places


def _too_few_words(architecture: Architecture, name: str, short: int) -> Fault:
    capacity = architecture.parameters(name, digital_array.Parameters).capacity
    text = (
        f"component '{name}' holds {capacity} words, but the workload's digital matrices need "
        f"{capacity + short}; write 'capacity: {capacity + short}'"
    )
    return Fault(text, architecture.document.place(("components", name, "capacity")), "E050")


def _given(architecture: Architecture, wanted: list[Key], digital: frozenset[str]) -> dict[Key, Seat]:
    faults, found = Faults(), {}
    document, names = architecture.document, {".".join(key): key for key in wanted}
    for name, seat in (architecture.header.mapping or {}).items():
        path = ("mapping", name)
        if name not in names:
            message = f"mapping: the workload has no matrix '{name}'{suggestion(name, names)}"
            faults.add(document.fault(message, path, "E051", key=True))
            continue
        in_words = names[name][1] in digital
        choices = architecture.of_role(DIGITAL) if in_words else tuple(architecture.cells)
        if seat.array not in choices:
            kind = DIGITAL if in_words else "crossbar"
            of = f", which the digital matrix '{name}' needs" if in_words else ""
            message = f"mapping: '{seat.array}' is no {kind}{of}{suggestion(seat.array, choices)}"
            faults.add(document.fault(message, path, "E051"))
        elif in_words and (seat.row or seat.column):
            message = (
                f"mapping: a digital matrix has no row or column on its array; write '{name}: {seat.array}'"
            )
            faults.add(document.fault(message, path, "E051"))
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


def _no_digital_array(
    architecture: Architecture, layers: Mapping[str, Dense], stage: str, rule: LearningRule
) -> Fault:
    words = len(rule.digital) * sum(layer.rows * layer.outputs for layer in layers.values())
    text = (
        f"stage '{stage}': rule '{rule.type}' needs a component of type {DIGITAL}; add one with "
        f"capacity: {words}"
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


# Capacities


def _check_capacities(plan: Plan, rules: Mapping[str, LearningRule]) -> None:
    faults = dict.fromkeys((*_lane_faults(plan), *_wire_faults(plan)))
    for stage, rule in rules.items():
        faults |= dict.fromkeys(_rule_faults(plan, stage, rule))
        faults |= dict.fromkeys(_apart_faults(plan, stage, rule))
    if faults:
        raise FitError(*faults)


def _lane_faults(plan: Plan) -> Iterator[Fault]:
    architecture = plan.architecture
    wanted: dict[str, tuple[int, str]] = {}
    for (operation, layer, _), route in plan.routes.items():
        if architecture.components[route[0]].role == "dac":
            shape = plan.layers[layer]
            lines = shape.outputs if operation == "backward" or operation.endswith(TRANSPOSED) else shape.rows
            wanted[route[0]] = max(wanted.get(route[0], (0, "")), (lines, layer), key=lambda item: item[0])
    for name, (lines, layer) in wanted.items():
        lanes = architecture.dac(name).lanes
        if lines > lanes:
            text = f"component '{name}' drives {lanes} lines, but layer '{layer}' has {lines}"
            place = architecture.document.place(("components", name, "lanes"))
            yield Fault(f"{text}; write 'lanes: {lines}'", place, "E055")


DEEPEST_DROP = 0.5
"""Share of a conductance that a first-order IR drop may take; its error is of the order of the square."""


def _wire_faults(plan: Plan) -> Iterator[Fault]:
    architecture = plan.architecture
    for name, cell in architecture.cells.items():
        wires = architecture.parameters(name, crossbar.Parameters).wires
        regions = [place.region for place in plan.places.values() if place.array == name]
        if wires is None or not regions:
            continue
        deepest = max(wires.deepest(float(cell.g_mid), region) for region in regions)
        place = architecture.document.key_place(("components", name))
        if cell.g_span == 0.0:
            yield Fault(
                f"component '{name}': its cells' g_span is 0, so that an IR drop has no weight", place, "E055"
            )
        elif cell.devices > 1:
            yield Fault(
                f"component '{name}': IR drop is of cells of one device, and its cells have {cell.devices}; "
                "leave out 'row_resistance' and 'column_resistance'",
                place, "E055",
            )  # fmt: skip
        elif deepest > DEEPEST_DROP:
            yield Fault(
                f"component '{name}': its wires would take {deepest:.0%} from the farthest cell, more than "
                f"the {DEEPEST_DROP:.0%} up to which a first-order IR drop is allowed; lower "
                "'row_resistance' and 'column_resistance' or use smaller arrays",
                place, "E055",
            )  # fmt: skip


def _rule_faults(plan: Plan, stage: str, rule: LearningRule) -> Iterator[Fault]:
    shapes = {shape.name: shape for shape in plan.shapes}
    for (operation, layer, _), route in plan.routes.items():
        place = plan.architecture.document.place(("components", route[0]))
        if operation == "update" and plan.architecture.components[route[0]].role == "pulse-driver":
            drivers = plan.architecture.drivers(route[0])
            if (slots := rule.longest_train() or 0) > drivers.bit_length:
                text = (
                    f"stage '{stage}' asks for trains of {slots} slots, but component '{route[0]}' "
                    f"can do {drivers.bit_length}; write 'bit_length: {drivers.bit_length}' in the rule"
                )
                yield Fault(text, place, "E055")
        if operation == "integrate":
            words = plan.architecture.words(route[0])
            largest = words.range * (1 - 2.0 ** (1 - words.bits))
            if (threshold := rule.largest_word(shapes[layer]) or 0.0) > largest:
                text = (
                    f"stage '{stage}' has a threshold of {threshold:g}, but the words of component "
                    f"'{route[0]}' stay below {words.range:g}; raise its 'range' or lower 'threshold'"
                )
                yield Fault(text, place, "E055")
            step = 2.0 * words.range / 2.0**words.bits
            if threshold and threshold < step:
                text = (
                    f"stage '{stage}' has a threshold of {threshold:g}, below one step of the words of "
                    f"component '{route[0]}', {step:g}; lower its 'range' or raise 'threshold'"
                )
                yield Fault(text, place, "E055")


def _apart_faults(plan: Plan, stage: str, rule: LearningRule) -> Iterator[Fault]:
    """Digital matrices of a layer that a mapping lays on arrays that could not work on them together."""
    for layer in plan.layers:
        arrays = {matrix: plan.places[layer, matrix].array for matrix in sorted(rule.digital)}
        if len(set(arrays.values())) > 1:
            listed = " and ".join(f"'{layer}.{matrix}'" for matrix in arrays)
            place = plan.architecture.document.key_place(("mapping",))
            text = f"stage '{stage}': {listed} must lie on one {DIGITAL}; map them to the same"
            yield Fault(text, place, "E055")


# Prices


def _check_prices(plan: Plan) -> None:
    """Raise `InputError` for everything that the chip has or may do and the cost table has no price for."""
    table, faults = plan.architecture.costs, Faults()
    prices = plan.prices(table)
    for operation, component, action in _actions(plan):
        with faults.gather():
            prices.rate(component, operation, action)
    for part in plan.parts():
        with faults.gather():
            pricing.area(table, (part,))
            pricing.leakage(table, (part,))
    faults.raise_if_any()


def _actions(plan: Plan) -> Iterator[tuple[str, str, str]]:
    components = plan.architecture.components
    for (operation, _, _), route in plan.routes.items():
        for name in route:
            declared = components[name].posts()
            for role in ("", components[route[0]].role):
                for action in declared.get(role, ()):
                    yield operation.removesuffix(TRANSPOSED), name, action


def _check_facts(plan: Plan) -> None:
    """Raise `FitError` where the ledger would mix reads of one array that have different prices."""
    seen: dict[tuple[str, str], dict[str, float]] = {}
    for (kind, _, _), route in plan.routes.items():
        operation = kind.removesuffix(TRANSPOSED)
        for name in route:
            facts = _facts_of_route(plan.architecture, name, route)
            if seen.setdefault((operation, name), facts) != facts:
                raise FitError(
                    Fault(
                        f"operation '{operation}' reaches '{name}' by banks of different resolution or time, "
                        "so that its reads could not be priced apart; give both banks the same",
                        plan.architecture.document.key_place(("components", name)),
                        "E055",
                    )
                )


# Facts that prices depend on


def _facts(plan: Plan, component: str) -> dict[str, float]:
    parameters = plan.architecture.components[component]
    facts = {
        name: float(value)
        for name, value in parameters.model_dump().items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }
    if parameters.role == "crossbar":
        facts["columns"] *= plan.architecture.cells[component].devices
    if parameters.role == "pulse-driver":
        facts["lines"] = float(sum(_lines(plan, component)))
    if parameters.role == "integrator":
        facts["words"] = float(sum(_words(plan, component)))
    return facts


def _lines(plan: Plan, drivers: str) -> Iterator[int]:
    links = plan.architecture.links
    for name in sorted({x.target.component for x in links if x.source.component == drivers}):
        array = plan.architecture.parameters(name, crossbar.Parameters)
        yield array.rows + array.columns * plan.architecture.cells[name].devices


def _trains(plan: Plan, key: Key) -> Iterator[int]:
    """The longest trains of the drivers that pulse a matrix."""
    for way, route in plan.routes.items():
        if way[1:] == key and plan.architecture.components[route[0]].role == "pulse-driver":
            yield plan.architecture.drivers(route[0]).bit_length


def _words(plan: Plan, component: str) -> Iterator[int]:
    ways = plan.routes.items()
    for layer in dict.fromkeys(way[1] for way, route in ways if way[0] in MEMORY and route[-1] == component):
        yield plan.layers[layer].rows * plan.layers[layer].outputs * len(plan.memory)


def _facts_of_route(architecture: Architecture, component: str, route: tuple[str, ...]) -> dict[str, float]:
    if architecture.components[component].role != "crossbar":
        return {}
    if architecture.components[route[0]].role == "dac":
        bank = architecture.dac(route[0])
        time = architecture.parameters(component, crossbar.Parameters).read_time or bank.integration
        assert time is not None
        return {"read_time": time, "read_codes": float(getattr(bank, "full_scale", 2**bank.bits))}
    width = architecture.drivers(route[0]).pulse_width
    assert width is not None
    return {"pulse_width": width}
