"""A chip without devices: what operations take on it by shape alone, for estimates.

Each visit of a component is the work of its circuit, asked for by shape. What hangs on data enters as assumed
means.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from chipsim.accounting import counting
from chipsim.accounting.work import Work
from chipsim.architecture import groups
from chipsim.architecture.loads import products, sent
from chipsim.architecture.plan import Plan
from chipsim.architecture.routes import INSPECT, TRANSPOSED, Way
from chipsim.architecture.wires import Carried
from chipsim.circuits import crossbar, pulse_driver
from chipsim.circuits.carrier import Load, Ride
from chipsim.circuits.component import PICOSECONDS
from chipsim.inputs import registry
from chipsim.learning.rule import (
    Accumulate,
    Chunk,
    Fill,
    Integrate,
    Keep,
    LayerShape,
    LearningRule,
    Move,
    Operation,
    Read,
    Recall,
    Transfer,
    Update,
    Write,
)


class Assumed(NamedTuple):
    """Means of the data that counts hang on."""

    inputs: float = 0.5
    """Mean magnitude of the first layer's inputs, as a share of full scale."""
    hidden: float = 0.5
    """That of later layers' inputs."""
    errors: float = 0.05
    """That of errors."""
    written: float = 0.05
    """Share of the words added to that cross their threshold."""


TYPICAL = Assumed()
"""What is assumed where nobody says."""

Part = tuple[str, tuple[int, int] | None]
"""A component, or one channel of it, that is taken."""


class Visit(NamedTuple):
    """What a component does for an operation: how long [ps], and the expected actions."""

    component: str
    time: int
    actions: Mapping[str, float]
    joint: bool = False
    """Whether it is held together with the next one, whose time is the same."""
    channels: tuple[tuple[int, int], ...] = ()
    """What of it is taken, where that is not all of it."""

    @property
    def taken(self) -> Iterator[Part]:
        """What is busy with it: the component, or channels of it."""
        return ((self.component, channel) for channel in self.channels or (None,))


class Hollow:
    """A chip without devices: the work of its circuits by shape, and a rule that is shown zeros."""

    def __init__(self, plan: Plan, rule: LearningRule, assumed: Assumed) -> None:
        self._plan, self._rule, self._assumed = plan, rule, assumed
        self._layers = tuple(plan.layers)
        self._shapes = plan.shapes(bool(rule.digital))
        self._circuits: dict[str, Any] = {}

    def circuit(self, name: str) -> Any:
        """The circuit of a component; all copies have one, since only work by shape is asked of it."""
        name = groups.base(name)
        if name not in self._circuits:
            parameters = self._plan.architecture.declared[name]
            self._circuits[name] = registry.module("component", parameters.type).Circuit(parameters)
        return self._circuits[name]

    # Passes

    def passes(self) -> Iterator[tuple[str, list[list[Visit]], float]]:
        """The passes over all layers, with what each block takes, and its unit with the last block.

        Each comes with the share of all images that goes that way: a layer's copies take turns.
        """
        ways = [("forward", layer) for layer in self._layers]
        for operation, layer in (*ways, *(("backward", layer) for layer in reversed(self._layers[1:]))):
            copies = self._plan.copies(layer)
            for copy in range(1, copies + 1):
                yield operation, self._pass(operation, layer, copy), 1.0 / copies

    def _pass(self, operation: str, layer: str, copy: int) -> list[list[Visit]]:
        plan = self._plan
        matrices = tuple(self._rule.read_through())
        names = [plan.blocks[name].copied(copy).name for name in plan.spread[layer, matrices[0]]]
        found = []
        for index, name in enumerate(names):
            visits = [v for matrix in matrices for v in self._product((operation, name, matrix))]
            if len(matrices) > 1:
                block = plan.blocks[name]
                sensed = block.columns if operation == "forward" else block.rows
                further = (len(matrices) - 1) * sensed
                unit = plan.routes[operation, name, matrices[0]][-1]
                visits.append(self._unit(unit, len(matrices) - 1, mul8=further, dig_add16=further))
            found.append([*visits, *self._meeting(operation, layer, names, index, matrices[0])])
        return found

    def _meeting(
        self, operation: str, layer: str, names: Sequence[str], index: int, matrix: str
    ) -> Iterator[Visit]:
        """What the unit does with a block's sums: it adds them, and with the last goes on."""
        plan, spec = self._plan, self._plan.layers[layer]
        block, forward = plan.blocks[names[index]], operation == "forward"
        way = operation, names[index], matrix
        unit = plan.routes[way][-1]
        first = block.row == 0 if forward else block.column == 0
        if not first:
            sensed = block.columns if forward else block.rows
            yield self._unit(unit, 1, dig_add16=sensed)
        if index != len(names) - 1:
            return
        if forward:
            yield self._unit(unit, 1, act_fn=spec.outputs, dig_add16=spec.outputs)
            if layer == self._layers[-1]:
                yield Visit(unit, 0, {"mul8": spec.outputs, "dig_add16": spec.outputs})
        else:
            yield self._unit(unit, 1, mul8=spec.inputs, dig_add16=spec.inputs)
        lines = spec.outputs if forward else spec.inputs
        yield from self._carried(plan.carriers.get(way, ())[-1:], Load(1, lines))

    def _unit(self, name: str, vectors: int, **actions: int) -> Visit:
        return _visit(name, self.circuit(name).work(vectors, actions))

    def _product(self, way: Way) -> list[Visit]:
        """A vector through a block, up to its unit."""
        operation, name, matrix = way
        block, forward = self._plan.blocks[name], operation == "forward"
        driven, sensed = (block.rows, block.columns) if forward else (block.columns, block.rows)
        first = block.layer == self._layers[0]
        duty = (self._assumed.inputs if first else self._assumed.hidden) if forward else self._assumed.errors
        legs = self._plan.carriers.get(way, ())
        ahead = self._carried(legs[:1], Load(1, driven))
        behind = self._carried(legs[len(self._plan.routes[way]) - 1 : -1], Load(1, sensed))
        if self._plan.digital((name, matrix)):
            array = self._plan.routes[way][0]
            return [*ahead, _visit(array, self.circuit(array).work(driven * sensed, 1, reads=1)), *behind]
        return [*ahead, *self._read(way, driven, sensed, duty * driven, 1, driven), *behind]

    def _read(
        self, way: Way, driven: int, sensed: int, duty: float, vectors: int, converted: int
    ) -> list[Visit]:
        """Vectors that are driven, in `converted` conversions each, and sensed; `duty` is summed over one."""
        bank, array, converters = self._plan.routes[way][:3]
        model = self._plan.architecture.cells[array]
        given = self._plan.architecture.parameters(array, crossbar.Parameters)
        across = way[0] == "backward" or way[0].endswith(TRANSPOSED)
        lines = given.rows if across else given.columns * model.devices
        circuit = self.circuit(bank)
        scaling = getattr(self._plan.architecture.components[bank], "noise_management", None)
        work = circuit.work(vectors, vectors * converted)
        reads = vectors * (sensed * model.devices + given.references(sensed))
        charge = duty * reads * circuit.full_scale
        actions = {
            "cell_reads": driven * reads,
            "read_duty": charge,
            "read_conductance": charge * float(model.g_mid) * 1e9,
            "line_read_cell": vectors * converted * (lines + given.references(lines)),
        }
        managed = way[0] in ("forward", "backward") and scaling is not None
        found = [_visit(bank, work, joint=True), Visit(array, work.duration, actions)]
        found.append(_visit(converters, self.circuit(converters).work(vectors, sensed * _each(way, model))))
        if managed:
            assert scaling is not None
            time = round(scaling.time * PICOSECONDS)
            found.insert(0, Visit(bank, time, {"dig_add16": driven, "mul8": driven + sensed}))
        return found

    def _carried(self, legs: Sequence[Sequence[Carried]], load: Load) -> list[Visit]:
        return [self._ride(leg, load) for ahead in legs for leg in ahead]

    def _ride(self, leg: Carried, load: Load) -> Visit:
        circuit = self.circuit(leg.carrier)
        visit = _visit(leg.carrier, circuit.carry(load, leg.ride))
        return visit if leg.ride == Ride() else visit._replace(channels=leg.ride.channels)

    # Learning steps

    def period(self, images: int) -> Iterator[tuple[dict[str, list[list[Visit]]], int]]:
        """Groups of operations that the rule asks for after some images, and how often each comes.

        Blocks of equal shape are alike to the rule, which is asked for one of them.
        """
        alike: dict[tuple[Any, ...], list[LayerShape]] = {}
        for shape in self._shapes:
            first = shape.layer == self._layers[0]
            alike.setdefault((shape.rows, shape.columns, *shape.sites.items(), first), []).append(shape)
        shapes = tuple(same[0] for same in alike.values())
        names = {same[0].name: [shape.name for shape in same] for same in alike.values()}
        asked: dict[tuple[Any, ...], tuple[tuple[Operation, ...], int]] = {}
        for image in range(images):
            for operations in self._conversation(shapes, image):
                signature = tuple(map(_signature, operations))
                seen = asked.get(signature, (operations, 0))
                asked[signature] = seen[0], seen[1] + 1
        for operations, times in asked.values():
            found: dict[str, list[list[Visit]]] = {}
            for operation in operations:
                blocks = found.setdefault(operation.kind, [])
                blocks += (
                    self._visits(operation, copy)
                    for name in names[operation.layer]
                    for copy in self._copies(operation, name)
                )
            yield found, times

    def _copies(self, operation: Operation, name: str) -> Sequence[str]:
        """The blocks that an operation on one is done to: all copies, where it changes their matrix."""
        if operation.matrix not in operation.changes or self._plan.copies(self._plan.blocks[name].layer) == 1:
            return (name,)
        return [copy for copy, _ in self._plan.copied((name, operation.matrix))] or (name,)

    def _conversation(self, shapes: tuple[LayerShape, ...], image: int) -> Iterator[tuple[Operation, ...]]:
        """What the rule asks for after an image."""
        blocks = self._plan.blocks
        chunk = Chunk(
            image, 1,
            tuple(np.full((1, s.rows), self._duty(blocks[s.name].layer)) for s in shapes),
            tuple(np.full((1, s.columns), self._assumed.errors) for s in shapes),
        )  # fmt: skip
        conversation = self._rule.step(shapes, chunk)
        try:
            asked = next(conversation)
            while True:
                if asked:
                    yield asked
                asked = conversation.send(tuple(self._answer(operation) for operation in asked))
        except StopIteration:
            return

    def _duty(self, layer: str) -> float:
        return self._assumed.inputs if layer == self._layers[0] else self._assumed.hidden

    def _answer(self, operation: Operation) -> Any:
        """Values as the rule expects them: zeros, and as many crossings as are assumed."""
        block = self._plan.blocks[operation.layer]
        if isinstance(operation, Integrate):
            return self._crossings(operation.values.shape)
        if isinstance(operation, Read | Recall):
            across = block.columns if operation.by == "row" else block.rows
            if isinstance(operation, Recall) and operation.matrix not in self._rule.matrices:
                across = max(across, 2)
            return np.zeros((len(operation.lines), across))
        return None

    def _crossings(self, shape: tuple[int, ...]) -> Any:
        """Single pulses up on the assumed share of words, spread evenly; on one at least, if on any."""
        size = int(np.prod(shape))
        edges = np.ceil(np.arange(size + 1) * self._assumed.written)
        return np.diff(edges).astype(np.int16).reshape(shape)

    def _visits(self, operation: Operation, name: str) -> list[Visit]:
        side = TRANSPOSED if isinstance(operation, Read) and operation.by == "column" else ""
        way = operation.kind + side, name, operation.matrix
        if isinstance(operation, Accumulate):
            way = self._plan.accumulating[name]
        cost = _COSTS.get(type(operation))
        if cost is None:
            return []
        return [
            *self._carried(self._plan.carriers.get(way, ())[:1], sent(operation)),
            *cost(self, operation, way),
        ]

    def _update(self, operation: Update, way: Way) -> Iterator[Visit]:
        rows, columns = operation.x.shape[1], operation.error.shape[1]
        vectors = operation.x.shape[0]
        if self._plan.digital(way[1:]):
            array = self._plan.routes[way][0]
            yield _visit(array, self.circuit(array).work(rows * columns, vectors, reads=1, writes=1))
            return
        bank, array = self._plan.routes[way]
        drivers: pulse_driver.PulseDriver = self.circuit(bank)
        model = self._plan.architecture.cells[array]
        firing = pulse_driver.firing(
            operation.x, operation.error, operation.rate, model.granularity,
            drivers.slots(operation.bit_length), operation.management,
        )  # fmt: skip
        given = self._plan.architecture.parameters(array, crossbar.Parameters)
        for image in range(vectors):
            slots = int(firing.slots[image])
            p = float(np.minimum(firing.rows[image] * np.abs(operation.x[image]), 1.0).sum())
            q = float(np.minimum(firing.columns[image] * np.abs(operation.error[image]), 1.0).sum())
            counts = counting.update(rows, columns, slots, p, q, gated=given.selector == "gated")
            bits = {key: counts[key] for key in ("bit_gen", "row_pulses", "col_pulses")}
            yield Visit(bank, drivers.windows(slots), bits, joint=True)
            crossings = given.columns * counts["row_pulses"] + given.rows * counts["col_pulses"]
            yield Visit(array, drivers.windows(slots), self._pulsed(array, counts["pulse"], crossings))

    def _pulsed(self, array: str, pulses: float, crossings: float) -> dict[str, float]:
        """Pulses, half of them up, at the middle conductance."""
        siemens = float(self._plan.architecture.cells[array].g_mid) * 1e9
        given = self._plan.architecture.parameters(array, crossbar.Parameters)
        found = {"line_pulse_cell": crossings}
        for polarity in ("set", "reset"):
            found |= {f"{polarity}_pulses": pulses / 2, f"{polarity}_conductance": pulses / 2 * siemens}
        return found if given.selector == "gated" else {**found, "half_select": crossings - 2 * pulses}

    def _lines(self, operation: Read, way: Way) -> Iterator[Visit]:
        block, lines = self._plan.blocks[way[1]], len(operation.lines)
        sensed = block.columns if operation.by == "row" else block.rows
        yield from self._read(way, 1, sensed, 1.0, lines, 1)
        yield from self._carried(self._plan.carriers.get(way, ())[3:], Load(lines, sensed))

    def inspections(self) -> Iterator[tuple[int, list[list[Visit]]]]:
        """Looks at all devices of matrices that need upkeep, by every how many images they come."""
        found: dict[int, list[list[Visit]]] = {}
        for way, route in self._plan.routes.items():
            if way[0] == INSPECT and way[2] in self._rule.matrices:
                every = self._plan.architecture.cells[route[1]].upkeep_every
                found.setdefault(every, []).append(self._inspected(way))
        yield from found.items()

    def _inspected(self, way: Way) -> list[Visit]:
        block, legs = self._plan.blocks[way[1]], self._plan.carriers.get(way, ())
        devices = self._plan.architecture.cells[self._plan.routes[way][1]].devices
        ahead, behind = Load(block.rows, 1), Load(block.rows, block.columns * devices)
        read = self._read(way, 1, block.columns, 1.0, block.rows, 1)
        return [*self._carried(legs[:1], ahead), *read, *self._carried(legs[3:], behind)]

    def _words(self, operation: Operation, way: Way) -> Iterator[Visit]:
        words = getattr(operation, "values", None)
        size = words.size if words is not None else self._answer(operation).size
        name = self._memory(way)
        yield _visit(name, self.circuit(name).work(size))

    def _memory(self, way: Way) -> str:
        ways = ((kind, way[1], matrix) for kind in (way[0], "integrate") for matrix in self._rule.matrices)
        return next(self._plan.routes[found][-1] for found in ways if found in self._plan.routes)

    def _products(self, operation: Accumulate, way: Way) -> Iterator[Visit]:
        rows, columns, images = operation.x.shape[1], operation.error.shape[1], operation.x.shape[0]
        unit, memory = self._plan.routes[way]
        yield _visit(unit, self.circuit(unit).products(images, rows, columns))
        yield from self._carried(self._plan.carriers.get(way, ())[1:2], products(operation))
        yield _visit(memory, self.circuit(memory).work(images * rows * columns))

    def _write(self, operation: Write, way: Way) -> Iterator[Visit]:
        bank, array = self._plan.routes[way]
        lines, windows = pulse_driver.line_pulses(operation.pulses)
        lines = lines if operation.by == "row" else lines[::-1]
        given = self._plan.architecture.parameters(array, crossbar.Parameters)
        time = self.circuit(bank).windows(windows)
        yield Visit(bank, time, {"row_pulses": lines[0], "col_pulses": lines[1]}, joint=True)
        crossings = lines[0] * given.columns + lines[1] * given.rows
        yield Visit(array, time, self._pulsed(array, float(np.abs(operation.pulses).sum()), crossings))

    def _move(self, operation: Move, way: Way) -> Iterator[Visit]:
        array, block = self._plan.routes[way][0], self._plan.blocks[way[1]]
        bounded = operation.bound is not None
        yield _visit(array, self.circuit(array).moving(block.rows * block.columns, bounded))

    def _fill(self, operation: Fill, way: Way) -> Iterator[Visit]:
        array = self._plan.routes[way][0]
        yield _visit(array, self.circuit(array).filling(operation.values.size))


def _each(way: Way, model: Any) -> int:
    """Lines that are converted for each weight: one for each device where all are inspected."""
    return int(model.devices) if way[0] == INSPECT else 1


def _signature(operation: Operation) -> tuple[Any, ...]:
    """What two operations have in common whose work is the same."""
    parts = (
        (name, value.shape if isinstance(value, np.ndarray) and value.dtype.kind == "f" else _fixed(value))
        for name, value in vars(operation).items()
        if name not in ("first", "lines")
    )
    return (operation.kind, len(getattr(operation, "lines", ())), *parts)


def _fixed(value: Any) -> Any:
    return value.tobytes() if isinstance(value, np.ndarray) else value


def _visit(component: str, work: Work, joint: bool = False) -> Visit:
    return Visit(component, work.duration, work.actions, joint)


_COSTS: dict[type[Operation], Any] = {
    Update: Hollow._update, Transfer: Hollow._update, Read: Hollow._lines, Integrate: Hollow._words,
    Recall: Hollow._words, Keep: Hollow._words, Accumulate: Hollow._products, Write: Hollow._write,
    Move: Hollow._move, Fill: Hollow._fill,
}  # fmt: skip
