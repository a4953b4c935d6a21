"""The controller: it runs a workload as a program of operations on the chip's processes.

Passes over images go in chunks. How many images run together follows from what the rule's operations
declare to read and change, and from nothing else; a chunk of b images takes the time and leaves the
weights and counts of b chunks of one.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import simpy
from numpy.typing import NDArray

from chipsim.accounting.ledger import Ledger
from chipsim.architecture.routes import INSPECT, REFRESH
from chipsim.circuits.component import PICOSECONDS
from chipsim.errors import Fault, PhysicsError, RunError
from chipsim.inputs import units
from chipsim.learning.programming import WEIGHT_RANGE, Programmed, Programming
from chipsim.learning.rule import (
    Chunk,
    Declaration,
    LayerShape,
    LearningRule,
    Operation,
    images_together,
    independent,
    with_time,
)
from chipsim.simulation import pipeline
from chipsim.simulation.chip import Chip
from chipsim.simulation.node import Floor, Transaction
from chipsim.simulation.passes import Pass, joined, turns_of
from chipsim.simulation.records import (
    EVALUATION,
    Evaluation,
    Misses,
    Passage,
    ProgramTask,
    Progress,
    StageOutcome,
    StageTask,
    Usage,
    Watch,
    quiet,
    unwatched,
)
from chipsim.simulation.trace import Listener

EVALUATED_TOGETHER = 1000
"""Test images that go through the chip in one transaction; it bounds memory and changes no result."""

EVENTS, VECTORS = 32, 16
"""Bits of the index of noise below the images done, and below an operation: at most 2^16 vectors each."""

Program = Generator[tuple[Transaction, ...], tuple[Any, ...], Any]


class Controller:
    """Runs stages on a chip, on a training clock and on an evaluation clock of its own."""

    def __init__(
        self, chip: Chip, listener: Listener | None = None, together: int | None = None,
        overlapping: bool | None = None,
    ) -> None:  # fmt: skip
        """`together` bounds the images of a chunk; None leaves it to what the rule declares.

        `overlapping` images are under way side by side; None: where the controller's depth is more than 1.
        """
        self.chip = chip
        self.ledger = Ledger()
        self._together = together
        plan = chip.plan
        self._layers = tuple(plan.layers)
        names = tuple(plan.architecture.components)
        (controller,) = plan.architecture.of_role("controller")[:1]
        in_flight = 2 * len(plan.blocks)
        rooms, units = chip.rooms, plan.units
        self.floor = Floor(names, controller, in_flight, self.ledger, listener, rooms, units)
        self.beside = Floor(names, controller, in_flight, self.ledger, rooms=rooms, units=units)
        self.beside.account = EVALUATION
        self._forward: dict[str, tuple[Pass, ...]] = {}
        self._backward: dict[str, tuple[Pass, ...]] = {}
        self._evaluate: dict[str, tuple[Pass, ...]] = {}
        self._powered = False
        self._depth = plan.architecture.depth
        self._overlapping = self._depth > 1 if overlapping is None else overlapping
        chip.keep_time(lambda: self.floor.now)

    def run(self, task: StageTask, progress: Progress = quiet, watch: Watch = unwatched) -> StageOutcome:
        """Run one stage to its end. Raises `PhysicsError` if the chip dead-locks."""
        self.floor.account = task.name
        self._read_from(task.rule.read_through(), task.name)
        begin = self.floor.now
        if task.start != "keep":
            self._begin_with(task)
        before = self.chip.snapshot()
        evaluations: list[Evaluation] = []

        def measure(done: int) -> None:
            evaluations.append(self._measure(task, done, self.floor.now - begin))
            progress(task.name, done, task.images, evaluations[-1].accuracy)
            watch(evaluations[-1])

        if self._overlapping:
            self._pipelined(task, measure)
        else:
            execute(self.floor, self._stage(task, measure))
        return StageOutcome(
            task.name, tuple(evaluations), self.floor.now - begin, before, self.chip.snapshot()
        )

    def uncontended(self, stage: str) -> int:
        """What all groups of a stage's transactions would take one after another, if nothing waited [ps]."""
        return self.floor.alone.get(stage, 0)

    def critical_path(self) -> tuple[Passage, ...]:
        """The legs of the training clock's critical path, sorted; those of a stage add up to its time."""
        return tuple(sorted(Passage(stage, *leg, time) for (stage, leg), time in self.floor.critical.items()))

    def program(
        self, task: ProgramTask, progress: Progress = quiet, watch: Watch = unwatched
    ) -> StageOutcome:
        """Run a stage that programs weights, with an evaluation of its target before it and one after."""
        self.floor.account = task.name
        program = task.program
        self._read_from(program.target, task.name, backward=False)
        begin, before = self.floor.now, self.chip.snapshot()
        evaluations = [self._measure(task, 0, 0)]
        plan = self.chip.plan
        layers, blocks = plan.shapes(True), plan.with_copies(plan.shapes())
        programmed = execute(self.floor, self._converse(program.start(layers, blocks), 0, copies=False))
        for block in programmed:
            factor = block.factor if program.compensate else 1.0
            self.chip.rescale(plan.blocks[block.layer].layer, program.target, 1.0 / factor)
        evaluations.append(self._measure(task, 0, self.floor.now - begin, occasion=1))
        progress(task.name, 0, 0, evaluations[-1].accuracy)
        for evaluation in evaluations:
            watch(evaluation)
        misses = self._misses(program, programmed)
        return StageOutcome(
            task.name, tuple(evaluations), self.floor.now - begin, before, self.chip.snapshot(), misses
        )

    def _misses(self, program: Programming, programmed: tuple[Programmed, ...]) -> Misses:
        tolerance = program.method.tolerance * WEIGHT_RANGE
        beyond, errors = 0, []
        for layer, wanted, given_up, _ in programmed:
            error = np.abs(self.chip.apparent(layer, program.target) - wanted)
            beyond += int(np.count_nonzero(error > tolerance if given_up is None else given_up))
            errors.append(error.ravel())
        every = np.concatenate(errors)
        worst, rms = float(every.max()), float(np.sqrt(np.mean(every**2)))
        factors = {self.chip.plan.blocks[block.layer].layer: block.factor for block in programmed}
        return Misses(every.size, beyond, tolerance, worst, rms, factors)

    def _begin_with(self, task: StageTask) -> None:
        """The matrices of a stage's rule anywhere; at the first stage all others too, as at power-on.

        Where weights are given, they lie there instead.
        """
        own = set(task.rule.matrices)
        for layer, matrix in self.chip.plan.places:
            if matrix in own or not self._powered:
                self.chip.randomise(layer, matrix, task.name)
        self._powered = True
        for layer, values in (task.weights or {}).items():
            self.chip.load(layer, task.rule.weights, values)

    def usage(self) -> tuple[Usage, ...]:
        """How each component was used on the training clock."""
        nodes = self.floor.nodes.items()
        return tuple(
            Usage(name, node.busy // node.units, node.waiting, node.served // node.units)
            for name, node in nodes
        )

    def _read_from(self, weights: str | Mapping[str, float], stage: str, backward: bool = True) -> None:
        """Lay the routes of passes through the matrices that a stage reads."""
        chip, layers = self.chip, self._layers

        copies = {layer: range(1, chip.plan.copies(layer) + 1) for layer in layers}

        def forward(account: str) -> dict[str, tuple[Pass, ...]]:
            return {
                layer: tuple(
                    chip.forward(layer, weights, layer == layers[-1], account, copy) for copy in copies[layer]
                )
                for layer in layers
            }

        self._forward, self._evaluate = forward(stage), forward(f"{EVALUATION} of {stage}")
        pairs = zip(layers[1:], layers, strict=False) if backward else ()
        self._backward = {
            layer: tuple(chip.backward(layer, weights, behind, stage, copy) for copy in copies[layer])
            for layer, behind in pairs
        }

    # The program of a stage

    def _stage(self, task: StageTask, measure: Callable[[int], None]) -> Program:
        rule = task.rule
        shapes = self.chip.shapes(task.name, bool(rule.digital))
        yield from self._converse(rule.start(shapes), 0)
        measure(0)
        declarations = with_time(
            rule.declarations(), self.chip.ageing, self._upkeep_declared(rule),
            self.chip.waiting(rule.uneven()),
        )  # fmt: skip
        done = 0
        for x, labels in _batches(task, self._sizes(task, declarations)):
            chunk = yield from self._passes(x, labels, done, shapes)
            done += chunk.images
            yield from self._learn(rule, shapes, chunk)
            if done % task.evaluate_every == 0 or done == task.images:
                measure(done)

    def _pipelined(self, task: StageTask, measure: Callable[[int], None]) -> None:
        """A stage of which several images are under way at once, each by itself."""
        rule = task.rule
        shapes = self.chip.shapes(task.name, bool(rule.digital))
        execute(self.floor, self._converse(rule.start(shapes), 0))
        measure(0)

        def image(done: int, x: NDArray[np.float64], labels: NDArray[np.int64]) -> pipeline.Image:
            def after() -> None:
                if (done + 1) % task.evaluate_every == 0 or done + 1 == task.images:
                    measure(done + 1)

            return pipeline.Image(
                f"image {done} of stage '{task.name}'",
                lambda: self._passes(x, labels, done, shapes),
                lambda chunk: self._learn(rule, shapes, chunk),
                after,
            )

        batches = enumerate(_batches(task, lambda done: min(1, task.images - done)))
        images = (image(done, *batch) for done, batch in batches)
        finish(self.floor, pipeline.run(self.floor, images, self._depth))

    def _learn(self, rule: LearningRule, shapes: tuple[LayerShape, ...], chunk: Chunk) -> Program:
        done = chunk.first + chunk.images
        yield from self._converse(rule.step(shapes, chunk), done)
        yield from self._look_after(rule, done)

    def _upkeep_of(self, rule: LearningRule) -> dict[tuple[str, str], int]:
        """Images between looks at the devices of the matrices that a rule works with."""
        return {key: every for key, every in self.chip.upkeep.items() if key[1] in rule.matrices}

    def _upkeep_declared(self, rule: LearningRule) -> tuple[Declaration, ...]:
        return tuple(
            Declaration(REFRESH, frozenset({matrix}), frozenset({matrix}), every)
            for (_, matrix), every in self._upkeep_of(rule).items()
        )

    def _look_after(self, rule: LearningRule, done: int) -> Program:
        """Read all devices that are due, then reset and write again those that their readings show."""
        due = [key for key, every in self._upkeep_of(rule).items() if done % every == 0]
        if not due:
            return
        stage, occasion = self.floor.account, done << EVENTS
        readings = yield tuple(
            Transaction(INSPECT, key[0], self.chip.inspect(*key, stage), None, done, occasion=occasion)
            for key in due
        )
        yield tuple(
            Transaction(REFRESH, key[0], self.chip.refresh(*key, read), None, done)
            for key, read in zip(due, readings, strict=True)
        )

    def _sizes(self, task: StageTask, declarations: Any) -> Callable[[int], int]:
        def size(done: int) -> int:
            left = min(task.images - done, task.evaluate_every - done % task.evaluate_every)
            left = left if self._together is None else min(left, self._together)
            left = 1 if self.chip.plan.architecture.header.copies else left
            return images_together(declarations, done, left)

        return size

    def _passes(
        self, x: NDArray[np.float64], labels: NDArray[np.int64], first: int, shapes: tuple[LayerShape, ...]
    ) -> Program:
        """Forward and backward over some images; the result is their `Chunk`."""
        inputs, outputs = [], []
        values: Any = x
        for layer in self._layers:
            inputs.append(self._extended(layer, values))
            values = yield from self._pass("forward", layer, self._forward[layer], inputs[-1], labels, first)
            outputs.append(values)
        errors = [outputs[-1].error]
        for layer in reversed(self._layers[1:]):
            behind = outputs[self._layers.index(layer) - 1]
            error = yield from self._pass("backward", layer, self._backward[layer], errors[0], behind, first)
            errors.insert(0, error)
        return self._chunk(shapes, first, x.shape[0], inputs, errors)

    def _chunk(
        self, shapes: tuple[LayerShape, ...], first: int, images: int,
        inputs: list[NDArray[np.float64]], errors: list[NDArray[np.float64]],
    ) -> Chunk:  # fmt: skip
        """What each block of the layers takes part in."""
        by_layer = {layer: index for index, layer in enumerate(self._layers)}
        blocks = [(by_layer[shape.layer], self.chip.plan.blocks[shape.name]) for shape in shapes]
        return Chunk(
            first, images,
            tuple(block.of_rows(inputs[index]) for index, block in blocks),
            tuple(block.of_columns(errors[index]) for index, block in blocks),
        )  # fmt: skip

    def _extended(self, layer: str, values: NDArray[np.float64]) -> NDArray[np.float64]:
        if not self.chip.plan.layers[layer].bias:
            return values
        return np.concatenate([values, np.ones((values.shape[0], 1))], axis=1)

    def _pass(
        self, operation: str, layer: str, routes: tuple[Pass, ...], values: Any, request: Any, first: int,
        occasion: int | None = None,
    ) -> Program:  # fmt: skip
        """Send what a pass over a layer takes; the result is what its unit made of the sums.

        Images take turns at the copies of a layer, each image at the one of its number.
        """
        images, results = values.shape[0], []
        turns = turns_of(first, images, len(routes))
        for copy, chosen in turns:
            here = slice(None) if len(turns) == 1 else chosen
            asked = request if request is None or len(turns) == 1 else request[here]
            at = None if occasion is None else occasion + int(chosen[0])
            sent = routes[copy].transactions(
                operation, layer, values[here], first + int(chosen[0]), asked, at
            )
            yield sent
            results.append(sent[0].request.result)
        return results[0] if len(turns) == 1 else joined(results, [chosen for _, chosen in turns], images)

    def _converse(
        self, conversation: Generator[tuple[Operation, ...], tuple[Any, ...], Any], done: int,
        copies: bool = True,
    ) -> Program:  # fmt: skip
        """Issue what is asked for after `done` images, group by group, and hand over the results.

        With `copies`, what changes a matrix is done to all of its copies; a reading is that of the first.
        Returns what the conversation returns.
        """
        occasions = Occasions(done)
        try:
            asked = next(conversation)
            while True:
                results: tuple[Any, ...] = ()
                if asked:
                    sent, first = self._transactions(asked, occasions, copies)
                    found = yield sent
                    results = tuple(found[index] for index in first)
                asked = conversation.send(results)
        except StopIteration as end:
            return end.value

    def _transactions(
        self, asked: tuple[Operation, ...], occasions: Occasions, copies: bool
    ) -> tuple[tuple[Transaction, ...], list[int]]:
        """The transactions of independent operations, and which of them is the first of each."""
        if not independent(asked):
            kinds = ", ".join(operation.kind for operation in asked)
            raise RunError(Fault(f"a rule asked for operations at once that are not independent: {kinds}"))
        sent: list[Transaction] = []
        first = []
        for operation in asked:
            first.append(len(sent))
            occasion = occasions.of(operation)
            every = self._everywhere(operation) if copies else (operation,)
            sent += (self._transaction(copy, occasion) for copy in every)
        return tuple(sent), first

    def _everywhere(self, operation: Operation) -> tuple[Operation, ...]:
        """An operation on each copy of the matrix that it changes."""
        plan, key = self.chip.plan, (operation.layer, operation.matrix)
        if plan.copies(plan.blocks[operation.layer].layer) == 1 or operation.matrix not in operation.changes:
            return (operation,)
        return tuple(replace(operation, layer=name) for name, _ in plan.copied(key)) or (operation,)

    def _transaction(self, operation: Operation, occasion: int) -> Transaction:
        first, images = operation.span
        if not images:
            first = occasion >> EVENTS
        route = self.chip.route(operation, self.floor.account)
        return Transaction(operation.kind, operation.layer, route, None, first, images, occasion=occasion)

    # Evaluation: on a clock of its own, in an account of its own

    def _measure(
        self, task: StageTask | ProgramTask, done: int, time: int, occasion: int | None = None
    ) -> Evaluation:
        """One evaluation; what is drawn in it goes by `occasion`, the images done where none is given."""
        drawn = done if occasion is None else occasion
        ledger = self.ledger.only(task.name)
        test_x, test_y = task.data.test_x, task.data.test_y
        correct, loss = 0, 0.0
        for start in range(0, test_x.shape[0], EVALUATED_TOGETHER):
            part = slice(start, start + EVALUATED_TOGETHER)
            scored = execute(self.beside, self._score(_wide(test_x[part]), test_y[part], start, drawn))
            correct += scored.correct
            loss += scored.loss
        images = test_x.shape[0]
        return Evaluation(done, time, correct / images, loss / images, ledger)

    def _score(self, x: NDArray[np.float64], labels: NDArray[np.int64], first: int, done: int) -> Program:
        values: Any = x
        for layer in self._layers:
            inputs = self._extended(layer, values)
            occasion = (done << EVENTS) + first
            route = self._evaluate[layer]
            values = yield from self._pass("forward", layer, route, inputs, labels, first, occasion)
        return values


class Occasions:
    """Indices of the operations that a rule asks for after some images: their order, kind by kind."""

    def __init__(self, done: int) -> None:
        self._done = done
        self._asked: dict[tuple[str, str, str], int] = {}

    def of(self, operation: Operation) -> int:
        """The index by which noise of the operation's first vector is drawn; the next ones follow it."""
        key = operation.kind, operation.layer, operation.matrix
        asked = self._asked.get(key, 0)
        self._asked[key] = asked + 1
        return (self._done << EVENTS) + (asked << VECTORS)


def _batches(
    task: StageTask, size: Callable[[int], int]
) -> Iterator[tuple[NDArray[np.float64], NDArray[np.int64]]]:
    """The images of a stage in chunks: the set in a new order each time round."""
    data, count = task.data, task.data.train_x.shape[0]
    done = 0
    ahead = np.empty(0, dtype=np.int64)
    epoch = 0
    while done < task.images:
        wanted = size(done)
        while ahead.size < wanted:
            order = data.order(epoch)
            assert order.size == count
            epoch += 1
            ahead = np.concatenate([ahead, order])
        chosen, ahead = ahead[:wanted], ahead[wanted:]
        yield _wide(data.train_x[chosen]), data.train_y[chosen]
        done += wanted


def _wide(values: NDArray[Any]) -> NDArray[np.float64]:
    """Inputs in the precision that the chip computes in."""
    return np.ascontiguousarray(values, dtype=np.float64)


def execute(floor: Floor, program: Program) -> Any:
    """Run a program on a floor's clock to its end; returns what it returns."""
    return finish(floor, _controller(floor, program))


def finish(floor: Floor, processes: Generator[simpy.Event, Any, Any]) -> Any:
    """Run a process on a floor's clock to its end; returns what it returns.

    Raises `PhysicsError` where nothing can happen any more before that.
    """
    process = floor.env.process(processes)
    try:
        return floor.env.run(until=process)
    except RuntimeError as error:
        if floor.stuck() and "until" in str(error):
            text = f"the chip stands still at {_written(floor.now)}: {'; '.join(floor.stuck())}"
            raise PhysicsError(Fault(text, code="E080")) from None
        raise


def _written(time: int) -> str:
    return units.format(time / PICOSECONDS, "time")


def _controller(floor: Floor, program: Program) -> Generator[simpy.Event, Any, Any]:
    """The controller's process: put each group of transactions on its way, wait for all of them.

    No more are under way than its own inbox has room for, so none can be held up on its way back.
    """
    inbox = floor.nodes[floor.controller].inbox
    try:
        group = next(program)
        while True:
            begin = floor.now
            for sent, transaction in enumerate(group):
                if sent >= inbox.capacity:
                    yield inbox.get()
                yield floor.next_of(transaction).accept(transaction)
            for _ in range(min(len(group), int(inbox.capacity))):
                yield inbox.get()
            floor.came_back(group, begin)
            group = program.send(tuple(transaction.value for transaction in group))
    except StopIteration as end:
        return end.value
