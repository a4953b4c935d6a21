"""What an image of a stage takes, from counts alone: no values, no events, no devices.

The learning rule is asked for the operations of one transfer period, block by block, with values that are all
zero; each operation's work is that of the circuits on its way, and data enter as assumed means alone: the
duty of inputs and errors (mean |x|, as a share of full scale) and the share of words that cross and pulse a
weight. So time is exact where it does not hang on data, and counts of reads and pulses are expected ones.

Two times are given. `image` is the time of an image alone, passes and learning steps one after another,
blocks of a layer side by side; components that several blocks share serve them in turn. `interval` is the
time from image to image of a chip that overlaps as many as it likes: no component can do more than all of the
time, and learning steps keep their order. Both leave out waiting that a schedule brings with it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from chipsim.accounting import counting
from chipsim.accounting.work import Work
from chipsim.architecture import groups
from chipsim.architecture.plan import Plan
from chipsim.architecture.routes import TRANSPOSED, Way
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

PERIOD = 1000
"""Images at most that a rule is followed for."""


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


@dataclass
class Sum:
    """What has come together: actions, busy time by component, and time of an image by operation [ps]."""

    bags: dict[tuple[str, str, int], tuple[Mapping[str, float], float]] = field(default_factory=dict)
    """Actions by operation, component (one for all that are alike) and identity, with how often they come."""
    like: Mapping[str, str] = field(default_factory=dict)
    busy: dict[Part, float] = field(default_factory=dict)
    times: dict[str, float] = field(default_factory=dict)

    def add(self, operation: str, visits: Iterable[Visit], share: float) -> int:
        """Enter what visits do that come with a share of all images; returns their time in turn [ps]."""
        whole = 0
        for visit in visits:
            whole += 0 if visit.joint else visit.time
            key = operation, self.like.get(visit.component, visit.component), id(visit.actions)
            seen = self.bags.get(key)
            self.bags[key] = visit.actions, share if seen is None else seen[1] + share
        return whole

    @property
    def counts(self) -> dict[tuple[str, str, str], float]:
        """Actions by operation, component and name."""
        found: dict[tuple[str, str, str], float] = {}
        for (operation, component, _), (actions, share) in self.bags.items():
            for action, count in actions.items():
                key = operation, component, action
                found[key] = found.get(key, 0.0) + share * count
        return found


class Estimate(NamedTuple):
    """What an image of a stage takes."""

    stage: str
    counts: Mapping[tuple[str, str, str], float]
    """Expected actions of an image, by operation, component and action."""
    times: Mapping[str, float]
    """Time of an image alone, by operation [s]; they add up to `image`."""
    busy: Mapping[str, float]
    """Time that each component is busy with an image [s]."""
    learning: float
    """Time of an image's learning steps [s]."""
    energy: float
    """Energy of an image alone, leakage included [J]."""

    @property
    def image(self) -> float:
        """Time of an image alone [s]."""
        return sum(self.times.values())

    @property
    def interval(self) -> float:
        """Time from image to image where they overlap [s]."""
        return max(self.learning, *self.busy.values(), 0.0)

    @property
    def bottleneck(self) -> str:
        """The component, or channel of one, that is busy longest; empty where learning steps' order is."""
        name = max(sorted(self.busy), key=lambda component: self.busy[component])
        return name if self.busy[name] >= self.learning else ""


def of_stage(plan: Plan, stage: str, rule: LearningRule, assumed: Assumed = Assumed()) -> Estimate:  # noqa: B008
    """The estimate of a stage that trains by a rule. Raises `InputError` for an action without a price."""
    hollow = _Hollow(plan, rule, assumed)
    sums = Sum(like=plan.like)
    for operation, blocks, share in hollow.passes():
        _together(sums, operation, blocks, share)
    passes = dict(sums.times)
    period = min(max((d.every for d in rule.declarations()), default=1), PERIOD)
    for group, count in hollow.period(period):
        for operation, blocks in group.items():
            _together(sums, operation, blocks, count / period)
    learning = sum(sums.times.values()) - sum(passes.values())
    times = {operation: time / PICOSECONDS for operation, time in sums.times.items()}
    counts = sums.counts
    return Estimate(
        stage, counts, times, {_named(part): time / PICOSECONDS for part, time in sums.busy.items()},
        learning / PICOSECONDS, _energy(plan, counts, sum(times.values())),
    )  # fmt: skip


def _together(sums: Sum, operation: str, blocks: Sequence[Sequence[Visit]], share: float) -> None:
    """Enter an operation of several blocks at once; those that share a component take turns there."""
    longest, turns = 0, defaultdict[Part, int](int)
    for visits in blocks:
        longest = max(longest, sums.add(operation, visits, share))
        for visit in visits:
            for part in visit.taken:
                turns[part] += visit.time
    for part, time in turns.items():
        sums.busy[part] = sums.busy.get(part, 0.0) + share * time
    whole = share * max(longest, max(turns.values(), default=0))
    sums.times[operation] = sums.times.get(operation, 0.0) + whole


def _named(part: Part) -> str:
    component, channel = part
    return component if channel is None else f"{component} {channel[0]}->{channel[1]}"


def _energy(plan: Plan, counts: Mapping[tuple[str, str, str], float], time: float) -> float:
    from chipsim.accounting import pricing

    table, prices = plan.architecture.costs, plan.prices(plan.architecture.costs)
    rated = (
        (count, prices.rate(component, operation, action))
        for (operation, component, action), count in counts.items()
        if count
    )
    leaking = pricing.total(pricing.leakage(table, plan.parts()).values()) * time
    return pricing.total(count * rate.price for count, rate in rated if rate is not None) + leaking


class _Hollow:
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
        cost = _COSTS.get(type(operation))
        return list(cost(self, operation, way)) if cost is not None else []

    def _update(self, operation: Update, way: Way) -> Iterator[Visit]:
        rows, columns = operation.x.shape[1], operation.error.shape[1]
        vectors = operation.x.shape[0]
        legs = self._plan.carriers.get(way, ())
        yield from self._carried(legs[:1], Load(vectors, rows + columns))
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
        legs = self._plan.carriers.get(way, ())
        yield from self._carried(legs[:1], Load(lines, 1))
        yield from self._read(way, 1, sensed, 1.0, lines, 1)
        yield from self._carried(legs[3:], Load(lines, sensed))

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
        unit, memory = next(
            route for key, route in self._plan.routes.items() if key[:2] == (operation.kind, way[1])
        )
        yield _visit(unit, self.circuit(unit).products(images, rows, columns))
        yield _visit(memory, self.circuit(memory).work(images * rows * columns))

    def _write(self, operation: Write, way: Way) -> Iterator[Visit]:
        bank, array = self._plan.routes[way]
        legs = self._plan.carriers.get(way, ())
        yield from self._carried(legs[:1], Load(len(operation.lines), operation.pulses.shape[1]))
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
    return int(model.devices) if way[0] == "refresh-read" else 1


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
    Update: _Hollow._update, Transfer: _Hollow._update, Read: _Hollow._lines, Integrate: _Hollow._words,
    Recall: _Hollow._words, Keep: _Hollow._words, Accumulate: _Hollow._products, Write: _Hollow._write,
    Move: _Hollow._move, Fill: _Hollow._fill,
}  # fmt: skip
