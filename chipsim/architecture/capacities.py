"""Capacities: what a plan asks of lanes, buffers, wires, drivers and words, against what they can do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from chipsim.architecture import groups
from chipsim.architecture.blocks import Block
from chipsim.architecture.graph import MAX_CELLS
from chipsim.architecture.plan import DIGITAL, Plan, facts_of_route
from chipsim.architecture.routes import TRANSPOSED
from chipsim.circuits import buffer, crossbar
from chipsim.errors import Fault, FitError, Need
from chipsim.inputs.schema import Faults
from chipsim.learning.rule import LearningRule


def check(plan: Plan, rules: Mapping[str, LearningRule]) -> None:
    """Raise `FitError` or `InputError` with everything that components are asked for and cannot do."""
    faults = dict.fromkeys((*_lane_faults(plan), *_wire_faults(plan), *_buffer_faults(plan)))
    for stage, rule in rules.items():
        faults |= dict.fromkeys(_rule_faults(plan, stage, rule))
        faults |= dict.fromkeys(_apart_faults(plan, stage, rule))
    if faults:
        raise FitError(*faults, needs=tuple(need for _, need in _short(plan)))
    _check_banks(plan)
    _check_facts(plan)


def _lane_faults(plan: Plan) -> Iterator[Fault]:
    architecture = plan.architecture
    wanted: dict[str, tuple[int, str]] = {}
    for (operation, name, _), route in plan.routes.items():
        if architecture.components[route[0]].role == "dac":
            block = plan.blocks[name]
            sideways = operation == "backward" or operation.endswith(TRANSPOSED)
            lines = block.columns if sideways else block.rows
            wanted[route[0]] = max(wanted.get(route[0], (0, "")), (lines, name), key=lambda item: item[0])
    for name, (lines, layer) in wanted.items():
        lanes = architecture.dac(name).lanes
        if lines > lanes:
            text = f"component '{name}' drives {lanes} lines, but layer '{layer}' has {lines}"
            place = architecture.place(name, "lanes")
            yield Fault(f"{text}; write 'lanes: {lines}'", place, "E055")


def buffered(plan: Plan) -> dict[str, int]:
    """Words of one image that each buffer keeps: what its passes bring there, until it has been learnt.

    Where a layer lies on the chip several times, an image goes to that copy of it which brings most.
    """
    by_copy: dict[str, dict[str, dict[int, int]]] = {}
    for name, block, words in _kept(plan):
        of = by_copy.setdefault(name, {}).setdefault(block.layer, {})
        of[block.copy] = of.get(block.copy, 0) + words
    return {name: sum(max(of.values()) for of in layers.values()) for name, layers in by_copy.items()}


def _kept(plan: Plan) -> Iterator[tuple[str, Block, int]]:
    """Words that the pass of an image through a block leaves in a buffer."""
    components = plan.architecture.components
    for way, legs in plan.carriers.items():
        if way[0] not in ("forward", "backward"):
            continue
        block = plan.blocks[way[1]]
        layer = plan.layers[block.layer]
        first = (block.row, block.column) == (0, 0)
        driven, sensed = (block.rows, block.columns) if way[0] == "forward" else (block.columns, block.rows)
        out = layer.outputs if way[0] == "forward" else layer.inputs
        ends = (driven, *[sensed] * (len(legs) - 2), out if first else 0)
        for words, ahead in zip(ends, legs, strict=True):
            for leg in ahead:
                if isinstance(components[leg.carrier], buffer.Parameters):
                    yield leg.carrier, block, words


def _buffer_faults(plan: Plan) -> Iterator[Fault]:
    architecture = plan.architecture
    for name, need in _short(plan):
        images = _images(plan, name)
        of = "an image" if images == 1 else f"{images} images"
        text = (
            f"component '{name}' holds {need.available} words, but the passes of {of} bring {need.needed}; "
            f"write '{need.remedy}'"
        )
        yield Fault(text, architecture.place(name, "capacity"), "E050")


def _short(plan: Plan) -> Iterator[tuple[str, Need]]:
    """Buffers that hold too few words, with what they need."""
    for name, words in buffered(plan).items():
        capacity = plan.architecture.parameters(name, buffer.Parameters).capacity
        needed = _images(plan, name) * words
        if needed > capacity:
            yield name, Need(f"words of '{name}'", needed, capacity, f"capacity: {needed}")


def _images(plan: Plan, name: str) -> int:
    """Images for which a buffer must have room at once: those under way, where it may not let any wait."""
    given = plan.architecture.parameters(name, buffer.Parameters)
    return plan.architecture.depth if given.overflow == "error" else 1


def check_memory(plan: Plan) -> None:
    """Raise `FitError` where the devices of all arrays would take more memory than a run may have.

    A plan alone has no devices, and may be of any size.
    """
    architecture = plan.architecture
    cells = 0
    for name, cell in architecture.declared_cells.items():
        given = architecture.parameters(name, crossbar.Parameters)
        cells += given.rows * given.columns * cell.devices * len(architecture.copies(name))
    if cells > MAX_CELLS:
        text = f"a run would hold {cells} devices, more than {MAX_CELLS}; 'chipsim plan' takes any number"
        need = Need("devices", cells, MAX_CELLS, "fewer or smaller arrays")
        raise FitError(Fault(text, architecture.document.key_place(("components",)), "E056"), needs=(need,))


DEEPEST_DROP = 0.5
"""Share of a conductance that a first-order IR drop may take; its error is of the order of the square."""


def _wire_faults(plan: Plan) -> Iterator[Fault]:
    architecture = plan.architecture
    for name, cell in architecture.cells.items():
        wires = architecture.parameters(name, crossbar.Parameters).wires
        if wires is None:
            continue
        regions = [place.region for place in plan.places.values() if place.array == name]
        if not regions:
            continue
        deepest = max(wires.deepest(float(cell.g_mid), region) for region in regions)
        place = architecture.key_place(name)
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
    shapes = {shape.name: shape for shape in plan.shapes()}
    for (operation, layer, _), route in plan.routes.items():
        place = plan.architecture.place(route[0])
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


def _check_banks(plan: Plan) -> None:
    """Raise `InputError` for what banks that no pass is driven by are given for passes alone."""
    faults, architecture = Faults(), plan.architecture
    passing = {
        groups.base(route[0]) for way, route in plan.routes.items() if way[0] in ("forward", "backward")
    }
    busy = {groups.base(name) for name in set(architecture.of_role("dac")) - set(plan.idle())}
    for name in sorted(busy - passing):
        bank, path = architecture.declared[name], ("components", name)
        for key in ("noise_management", "bound_management", "range"):
            field = type(bank).model_fields.get(key)
            if field is not None and getattr(bank, key) != field.default:
                text = f"component '{name}': '{key}' has no effect, since this bank drives no passes"
                faults.add(
                    architecture.document.fault(f"{text}; leave it out", (*path, key), "E026", key=True)
                )
    faults.raise_if_any()


def _check_facts(plan: Plan) -> None:
    """Raise `FitError` where the ledger would mix reads of one array that have different prices."""
    seen: dict[tuple[str, str], dict[str, float]] = {}
    for (kind, _, _), route in plan.routes.items():
        operation = kind.removesuffix(TRANSPOSED)
        for name in route:
            facts = facts_of_route(plan.architecture, name, route)
            if seen.setdefault((operation, name), facts) != facts:
                raise FitError(
                    Fault(
                        f"operation '{operation}' reaches '{name}' by banks of different resolution or time, "
                        "so that its reads could not be priced apart; give both banks the same",
                        plan.architecture.key_place(name),
                        "E055",
                    )
                )
