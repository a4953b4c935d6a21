"""A chip at work: the circuits of a placed architecture, and the routes of passes and of upkeep on them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from chipsim.accounting.work import Work
from chipsim.architecture import capacities
from chipsim.architecture.loads import sent
from chipsim.architecture.plan import Plan
from chipsim.architecture.routes import INSPECT, REFRESH, Key, Way
from chipsim.circuits import crossbar, digital_unit, pulse_driver
from chipsim.circuits.carrier import Load
from chipsim.circuits.defects import Defects
from chipsim.devices.device import Region, Upkeep
from chipsim.inputs import registry
from chipsim.learning.rule import Accumulate, LayerShape, Operation, Read, Side
from chipsim.numerics.draws import stream
from chipsim.simulation import operations
from chipsim.simulation.carriage import between, carrying
from chipsim.simulation.node import Step, Transaction
from chipsim.simulation.passes import Branch, End, Pass, gathering
from chipsim.simulation.reads import Reads, Streams
from chipsim.simulation.words import Words

Floats = NDArray[np.float64]

PASSES = ("forward", "backward")


@dataclass(frozen=True)
class Seat:
    """Where a matrix lies on a crossbar: array, rectangle of cells, and the name that keys its draws."""

    array: str
    crossbar: crossbar.Crossbar
    region: Region
    key: str


class Chip:
    """The circuits of a placed architecture, drawn from a seed; the state that training changes."""

    def __init__(self, plan: Plan, seed: int) -> None:
        """Raises `FitError` where the devices would take more memory than a run may have."""
        capacities.check_memory(plan)
        self.plan = plan
        self.seed = seed
        components = plan.architecture.components
        modules = {name: registry.module("component", p.type) for name, p in components.items()}
        self.circuits: dict[str, Any] = {
            name: module.Circuit(components[name])
            for name, module in modules.items()
            if hasattr(module, "Circuit")
        }
        self.arrays = {name: self._array(name) for name in plan.architecture.cells}
        self.seats = {
            key: Seat(place.array, self.arrays[place.array], place.region, f"{key[0]}.{key[1]}")
            for key, place in plan.places.items()
            if not plan.digital(key)
        }
        self.words = {
            key: self._words_of(key, place.array) for key, place in plan.places.items() if plan.digital(key)
        }
        self._scales: dict[Key, float] = {}
        self._seen: dict[str, dict[str, NDArray[Any]]] = {}
        self._laid: dict[tuple[Way, tuple[str, ...], str], Reads] = {}

    def _array(self, name: str) -> crossbar.Crossbar:
        architecture = self.plan.architecture
        given = architecture.parameters(name, crossbar.Parameters)
        cells = architecture.cells[name].build(given.rows, given.columns, self.seed, name)
        defects = Defects(given.stuck, cells, self.seed, name) if given.stuck else None
        return crossbar.Crossbar(cells, given, defects)

    def _words_of(self, key: Key, array: str) -> Words:
        """Room for a matrix on a digital array."""
        words = Words(array, self.circuits[array], f"{key[0]}.{key[1]}")
        words.circuit.hold(words.name, self.plan.blocks[key[0]].rows, self.plan.blocks[key[0]].columns)
        return words

    def keep_time(self, clock: Callable[[], int]) -> None:
        """Let cells that age look at a clock of simulated time [ps]."""
        for array in self.arrays.values():
            array.cells.clock = clock

    @property
    def rooms(self) -> dict[str, int]:
        """Words that each buffer holds."""
        return {
            name: circuit.capacity for name, circuit in self.circuits.items() if hasattr(circuit, "capacity")
        }

    @property
    def ageing(self) -> frozenset[str]:
        """Matrices of which some lie on cells that age."""
        return frozenset(
            matrix for (_, matrix), seat in self.seats.items() if seat.crossbar.cells.model.law is not None
        )

    @property
    def upkeep(self) -> dict[Key, int]:
        """Images between two times that a matrix's devices are looked after, where they need it."""
        every = {key: seat.crossbar.cells.model.upkeep_every for key, seat in self.seats.items()}
        return {key: images for key, images in every.items() if images}

    def waiting(self, uneven: frozenset[str]) -> frozenset[str]:
        """Operations of which several go side by side, each as long as its images' data say.

        Those are passes through blocks under bound management, and the `uneven` ones unless they come one
        after the other, on one bank that nothing is carried to.
        """
        routes, components = self.plan.routes, self.plan.architecture.components
        found = set()
        for (kind, name, matrix), route in routes.items():
            cut = len(self.plan.spread[self.plan.blocks[name].layer, matrix]) > 1
            if cut and kind in PASSES and getattr(components[route[0]], "bound_management", None):
                found.add(kind)
        for kind in uneven:
            ways = [way for way in routes if way[0] == kind]
            apart = len({routes[way][0] for way in ways}) > 1
            if apart or (len(ways) > 1 and any(way in self.plan.carriers for way in ways)):
                found.add(kind)
        return frozenset(found)

    def randomise(self, layer: str, matrix: str, stage: str = "") -> None:
        """Put a matrix's devices anywhere within their own bounds, as found at power-on.

        Digital weights are drawn uniformly within +-1 / sqrt(inputs) (Glorot2010, equation 1).
        """
        self._scales.pop((self.plan.blocks[layer].layer, matrix), None)
        if (layer, matrix) in self.words:
            words = self.words[layer, matrix]
            bound = self.plan.layers[self.plan.blocks[layer].layer].inputs ** -0.5
            words.circuit.randomise(words.name, bound, self.seed, stage)
            return
        seat = self.seats[layer, matrix]
        seat.crossbar.cells.randomise(seat.region, stage)

    def load(self, layer: str, matrix: str, values: NDArray[np.float64]) -> None:
        """Put weights `(rows, columns)` into a digital matrix, as found at power-on."""
        words = self.words[layer, matrix]
        words.circuit.fill(words.name, values)

    def rescale(self, layer: str, matrix: str, factor: float) -> None:
        """Let a layer's gain be multiplied by a factor where its sums are those of a matrix."""
        self._scales[layer, matrix] = factor

    def gain(self, layer: str, weights: str | Mapping[str, float]) -> float:
        """The digital factor on a layer's sums, read through a matrix or several, as it stands now."""
        through = (weights,) if isinstance(weights, str) else tuple(weights)
        scales = (self._scales[layer, matrix] for matrix in through if (layer, matrix) in self._scales)
        return self.plan.layers[layer].gain * next(scales, 1.0)

    def weights(self, layer: str, matrix: str) -> NDArray[Any]:
        """Stored weights of a matrix `(rows, columns)`, in the precision of its cells."""
        if (layer, matrix) in self.words:
            return self.words[layer, matrix].values
        seat = self.seats[layer, matrix]
        return seat.region.of(seat.crossbar.weights)

    def apparent(self, layer: str, matrix: str) -> NDArray[np.float64]:
        """Weights of a matrix on a crossbar as a read sees them, `(rows, columns)`."""
        seat = self.seats[layer, matrix]
        return seat.crossbar.reading(seat.region).weights

    def shapes(self, stage: str, digital: bool = False) -> tuple[LayerShape, ...]:
        """The blocks (or whole layers) as the rule of a stage sees them, each with a stream to draw from."""
        return tuple(
            shape._replace(key=int(stream(self.seed, shape.name, stage, "rule")))
            for shape in self.plan.shapes(digital)
        )

    def snapshot(self) -> dict[str, dict[str, NDArray[Any]]]:
        """Weights, conductances [S] and pulses per device of every crossbar; matrices of digital arrays.

        They are as they stand now, on the clock of cells that age. What is as at the last snapshot is that
        snapshot's own array.
        """
        crossbars: dict[str, dict[str, NDArray[Any]]] = {
            name: {
                "weights": array.weights,
                "conductances": array.conductances,
                "pulses": array.cells.wear,
            }
            for name, array in self.arrays.items()
        }
        for words in self.words.values():
            crossbars.setdefault(words.array, {})[words.name] = words.values.copy()
        self._seen = {
            name: {what: _same(array, self._seen.get(name, {}).get(what)) for what, array in arrays.items()}
            for name, arrays in crossbars.items()
        }
        return self._seen

    # Routes. Each step computes on the transaction and returns its Work.

    def forward(
        self, layer: str, weights: str | Mapping[str, float], scored: bool, account: str = "", copy: int = 1
    ) -> Pass:
        """Inputs `(images, rows)` through a layer to outputs; with `scored`, to their errors.

        `weights` is the matrix, or factors of several whose sums are read one after another and added.
        `account` (the stage, or its evaluation) keys what is drawn.
        """
        spec = self.plan.layers[layer]

        def activate(digital: digital_unit.DigitalUnit, sums: Floats, _: Any) -> tuple[Any, Work]:
            return digital.activate(sums, spec.activation, self.gain(layer, weights))

        def score(digital: digital_unit.DigitalUnit, outputs: Floats, labels: Any) -> tuple[Any, Work]:
            scale = self.plan.network.loss.scale
            found, actions = digital.score(outputs, labels, scale)
            return found, Work(0, actions)

        ends = (End(activate), End(score, "loss")) if scored else (End(activate),)
        return self._pass("forward", layer, weights, account, ends, copy)

    def backward(
        self, layer: str, weights: str | Mapping[str, float], behind: str, account: str = "", copy: int = 1
    ) -> Pass:
        """Errors `(images, columns)` at a layer to errors at the outputs of the layer behind it."""
        spec, before = self.plan.layers[layer], self.plan.layers[behind]

        def slope(digital: digital_unit.DigitalUnit, sums: Floats, outputs: Any) -> tuple[Any, Work]:
            inner = np.ascontiguousarray(sums[:, : spec.inputs])
            return digital.slope(inner, outputs, before.activation, self.gain(layer, weights))

        return self._pass("backward", layer, weights, account, (End(slope),), copy)

    def _pass(
        self, operation: str, layer: str, weights: str | Mapping[str, float], account: str,
        ends: tuple[End, ...], copy: int,
    ) -> Pass:  # fmt: skip
        """Vectors through the blocks of a layer, each by a branch of its own, to the unit where they meet."""
        factors = {weights: 1.0} if isinstance(weights, str) else dict(weights)
        names = self.plan.spread[layer, next(iter(factors))]
        blocks = [self.plan.blocks[name].copied(copy) for name in names]
        by: Side = "row" if operation == "forward" else "column"
        unit = self.plan.routes[operation, blocks[0].name, next(iter(factors))][-1]
        tail = gathering(self.circuits[unit], unit, blocks, by, ends)
        branches = []
        for index, block in enumerate(blocks):
            ways = [(operation, block.name, matrix) for matrix in factors]
            steps = self._through(ways, tuple(factors.values()), unit, by, account)
            back = carrying(self.circuits, self.plan.carriers.get(ways[-1], ())[-1:])
            branches.append(Branch(block, (*steps, *tail[index], *back)))
        return Pass(tuple(branches), by)

    def _through(
        self, ways: list[Way], factors: tuple[float, ...], unit: str, by: Side, account: str
    ) -> tuple[Step, ...]:
        """Vectors through a matrix or the sum of several, up to the digital unit."""
        if factors == (1.0,):
            return self._product(ways[0], by, account)
        digital: digital_unit.DigitalUnit = self.circuits[unit]

        def combine(transaction: Transaction) -> Work:
            transaction.value, work = digital.combine(transaction.value.sums, factors)
            return work

        reads = (step for way in ways for step in _gathering(self._product(way, by, account)))
        return (*reads, Step(unit, combine))

    def _product(self, way: Way, by: Side, account: str) -> tuple[Step, ...]:
        """Vectors through a matrix, wherever it lies, up to where its unit is reached."""
        words = self.words.get(way[1:])
        steps = self._read(way, by, account) if words is None else words.product(by)
        return self._carried(way, steps, None, arriving=True)

    def _carried(
        self, way: Way, steps: tuple[Step, ...], load: Load | None, arriving: bool = False
    ) -> tuple[Step, ...]:
        """The steps of a way with those of the carriers between them.

        `load` is what sets out, None: the values that the transaction carries. `arriving` steps end before
        the last stop, whose carriers are included.
        """
        legs = self.plan.carriers.get(way)
        if not legs:
            return steps
        return between(self.circuits, self.plan.routes[way], legs, steps, load, arriving)

    def _read(self, way: Way, by: Side, account: str) -> tuple[Step, ...]:
        bank, array, converters = self.plan.routes[way][:3]
        given = self.plan.architecture.components[bank]
        managements = (getattr(given, f"{kind}_management", None) for kind in ("noise", "bound"))
        return self._reads(way, (bank, array, converters), by, account).passes(*managements)

    def read_lines(self, route: tuple[str, ...], operation: Read, stage: str) -> tuple[Step, ...]:
        """Lines driven one at a time, from the bank at the head of a route to its converters."""
        reads = self._reads(operations.way(operation), route[:3], operation.by, stage)
        return reads.selected(operation.lines)

    def _reads(self, way: Way, route: tuple[str, ...], by: Side, account: str) -> Reads:
        """How the matrix of a way is read from a side; `account` keys the noise."""
        key = way, route, account
        if key not in self._laid:
            seat = self.seats[way[1:]]
            streams = Streams(
                stream(self.seed, route[1], "read noise", account, *way),
                stream(self.seed, route[2], "output noise", account, *way),
            )
            self._laid[key] = Reads(route, self.circuits, seat.crossbar, seat.region, by, streams)
        return self._laid[key]

    def route(self, operation: Operation, stage: str = "") -> tuple[Step, ...]:
        """The route of an operation that a rule asks for in a stage, whose name keys what is drawn."""
        words = self.words.get((operation.layer, operation.matrix))
        steps = operations.steps(self, operation, stage) if words is None else words.route(operation)
        if not self.plan.carriers:
            return steps
        accumulating = isinstance(operation, Accumulate)
        way = self.plan.accumulating[operation.layer] if accumulating else operations.way(operation)
        return self._carried(way, steps, sent(operation))

    # Upkeep: what no rule asks for

    def inspect(self, layer: str, matrix: str, stage: str) -> tuple[Step, ...]:
        """Read every device of a matrix by itself, row by row; the result is what the converters say."""
        way = INSPECT, layer, matrix
        rows = tuple(range(self.seats[layer, matrix].region.rows))
        steps = self._reads(way, self.plan.routes[way], "row", stage).selected(rows, each=True)
        return self._carried(way, steps, Load(len(rows), 1))

    def refresh(self, layer: str, matrix: str, readings: NDArray[np.float64]) -> tuple[Step, ...]:
        """Reset the devices that their readings show to need it, and write them again, row by row.

        In a row all RESETs share one slot, and so do the first, second, .. pulses of all weights. Carriers
        bring a word for each weight of the rows in which there is something to do.
        """
        way = REFRESH, layer, matrix
        bank, array = self.plan.routes[way]
        drivers: pulse_driver.PulseDriver = self.circuits[bank]
        seat = self.seats[layer, matrix]
        wanted = seat.crossbar.cells.upkeep(seat.region, readings)
        slots = _slots(wanted)
        lines = slots, seat.crossbar.devices * int(wanted.reset.sum()) + int(np.abs(wanted.write).sum())
        fire = partial(seat.crossbar.refresh, wanted, seat.region, lines)
        steps = operations.pulsing(bank, array, drivers.one_way(slots), lines, fire)
        due = int(np.count_nonzero((wanted.reset | (wanted.write != 0)).any(axis=1)))
        return self._carried(way, steps, Load(due, seat.region.columns))


def _same(array: NDArray[Any], earlier: NDArray[Any] | None) -> NDArray[Any]:
    """An earlier array that equals this one, else this one."""
    return array if earlier is None or not np.array_equal(array, earlier) else earlier


def _slots(wanted: Upkeep) -> int:
    """Slots of a refresh, row after row: one of RESETs and those of the weight with most pulses."""
    most = np.abs(wanted.write).max(axis=1, initial=0)
    return int(np.count_nonzero(wanted.reset.any(axis=1)) + most.sum())


class _Gathered(NamedTuple):
    """What is read through several matrices: the inputs, the sums so far, and what is under way, if any."""

    inputs: Any
    sums: tuple[NDArray[np.float64], ...] = ()
    value: Any = None


def _at_hand(value: Any) -> Any:
    """What a step of a read works on, where sums of earlier reads are carried along."""
    if not isinstance(value, _Gathered):
        return value
    return value.inputs if value.value is None else value.value


def _gathering(read: tuple[Step, ...]) -> tuple[Step, ...]:
    """The steps of a read that carries its inputs and the sums of earlier reads along."""

    def carrying(step: Step, last: bool) -> Step:
        def compute(transaction: Transaction) -> Work:
            held = transaction.value
            held = held if isinstance(held, _Gathered) else _Gathered(held)
            transaction.value = _at_hand(held)
            work = step.compute(transaction)
            found = transaction.value
            ended = last and not transaction.again
            transaction.value = (
                held._replace(sums=(*held.sums, found), value=None) if ended else held._replace(value=found)
            )
            return work

        def keeps(value: Any) -> int:
            assert step.keeps is not None
            return step.keeps(_at_hand(value))

        return step._replace(compute=compute, keeps=keeps if step.keeps else None)

    return tuple(carrying(step, step is read[-1]) for step in read)
