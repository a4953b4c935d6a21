"""The steps of the operations that a rule asks of the crossbars and integrators of a chip."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from chipsim.accounting.work import Work
from chipsim.architecture.loads import products
from chipsim.architecture.routes import MEMORY, TRANSPOSED, Way
from chipsim.circuits import digital_unit, integrator, pulse_driver
from chipsim.devices.trains import Train, Wanted
from chipsim.learning.programming import Approach, Fire, VerifyRead
from chipsim.learning.programming import Place as PlaceWeights
from chipsim.learning.rule import (
    Accumulate,
    Clear,
    Integrate,
    Keep,
    Operation,
    Prepare,
    Read,
    Recall,
    Transfer,
    Update,
    Write,
)
from chipsim.numerics.draws import stream
from chipsim.simulation import programming
from chipsim.simulation.node import Step, Transaction

if TYPE_CHECKING:
    from chipsim.simulation.chip import Chip, Seat


def steps(chip: Chip, operation: Operation, stage: str) -> tuple[Step, ...]:
    """The steps of an operation on crossbars and integrators; the stage's name keys what is drawn."""
    return cast("tuple[Step, ...]", _ROUTES[type(operation)](chip, operation, stage))


def way(operation: Operation) -> Way:
    """The key of an operation's route in the plan."""
    side = TRANSPOSED if isinstance(operation, Read) and operation.by == "column" else ""
    return operation.kind + side, operation.layer, operation.matrix


def pulsing(
    bank: str, array: str, window: int, lines: tuple[int, int],
    fire: Callable[[], tuple[Train, Mapping[str, int]]],
) -> tuple[Step, ...]:  # fmt: skip
    """The steps of given pulses: drivers and array are held for `window` [ps]; `lines` are their pulses."""

    def select(_: Transaction) -> Work:
        return Work(window, {"row_pulses": lines[0], "col_pulses": lines[1]})

    def pulse(transaction: Transaction) -> Work:
        transaction.value, actions = fire()
        return Work(window, actions)

    return (Step(bank, select, joint=True), Step(array, pulse))


def _update(chip: Chip, operation: Update, stage: str) -> tuple[Step, ...]:
    bank, array = chip.plan.routes[way(operation)]
    drivers: pulse_driver.PulseDriver = chip.circuits[bank]
    seat = chip.seats[operation.layer, operation.matrix]
    slots = drivers.slots(operation.bit_length)
    granularity = seat.crossbar.cells.model.granularity
    firing = pulse_driver.firing(
        operation.x, operation.error, operation.rate, granularity, slots, operation.management
    )
    keys = (
        stream(chip.seed, seat.key, stage, "row pulse bits"),
        stream(chip.seed, seat.key, stage, "column pulse bits"),
    )

    wanted = Wanted(operation.x, operation.error, operation.rate)

    def draw(transaction: Transaction) -> Work:
        trains, work = drivers.draw(operation.x, operation.error, firing, keys, operation.first)
        transaction.value = trains, work.duration
        return work

    def fire(transaction: Transaction) -> Work:
        trains, duration = transaction.value
        transaction.value, actions = seat.crossbar.update(trains, seat.region, wanted)
        return Work(duration, actions)

    return (Step(bank, draw, joint=True), Step(array, fire))


def _transfer_read(chip: Chip, operation: Read, stage: str) -> tuple[Step, ...]:
    route = chip.plan.routes[way(operation)]
    read = chip.read_lines(route[:3], operation, stage)
    return (*read, *(Step(words, _arrive) for words in route[3:]))


def _words(chip: Chip, layer: str) -> tuple[str, integrator.Integrator]:
    """The integrator in whose memory the stores of a layer lie, with its name."""
    name = next(
        route[-1] for (kind, at, _), route in chip.plan.routes.items() if kind in MEMORY and at == layer
    )
    return name, chip.circuits[name]


def _integrate(chip: Chip, operation: Integrate, _stage: str) -> tuple[Step, ...]:
    name, words = _words(chip, operation.layer)

    def accumulate(transaction: Transaction) -> Work:
        transaction.value, work = words.accumulate(
            _store(operation), operation.lines, operation.by == "row", operation.values,
            operation.threshold, operation.keep, operation.momentum, operation.most,
            operation.full_scale,
        )  # fmt: skip
        return work

    return (Step(name, accumulate),)


def _accumulate(chip: Chip, operation: Accumulate, _stage: str) -> tuple[Step, ...]:
    name, words = _words(chip, operation.layer)
    unit = chip.plan.routes[chip.plan.accumulating[operation.layer]][0]
    digital: digital_unit.DigitalUnit = chip.circuits[unit]
    x, error = operation.x, operation.error

    def multiply(transaction: Transaction) -> Work:
        transaction.value = products(operation)
        return digital.products(x.shape[0], x.shape[1], error.shape[1])

    def add(transaction: Transaction) -> Work:
        transaction.value = None
        return words.add_products(_store(operation), x, error, operation.rate, operation.full_scale)

    return (Step(unit, multiply), Step(name, add))


def _recall(chip: Chip, operation: Recall, _stage: str) -> tuple[Step, ...]:
    name, words = _words(chip, operation.layer)

    def recall(transaction: Transaction) -> Work:
        transaction.value, work = words.recall(
            _store(operation), operation.lines, operation.by == "row", operation.full_scale
        )
        return work

    return (Step(name, recall),)


def _keep(chip: Chip, operation: Keep, _stage: str) -> tuple[Step, ...]:
    name, words = _words(chip, operation.layer)

    def keep(_: Transaction) -> Work:
        return words.keep(
            _store(operation), operation.lines, operation.by == "row", operation.values,
            operation.full_scale,
        )  # fmt: skip

    return (Step(name, keep),)


def _clear(chip: Chip, operation: Clear, _stage: str) -> tuple[Step, ...]:
    name, words = _words(chip, operation.layer)
    block = chip.plan.blocks[operation.layer]
    rows, columns = operation.shape or (block.rows, block.columns)

    def clear(_: Transaction) -> Work:
        return words.clear(_store(operation), rows, columns)

    return (Step(name, clear),)


def _write(chip: Chip, operation: Write, _stage: str) -> tuple[Step, ...]:
    bank, array = chip.plan.routes[way(operation)]
    drivers: pulse_driver.PulseDriver = chip.circuits[bank]
    seat = chip.seats[operation.layer, operation.matrix]
    pulses = operation.pulses
    lines, windows = pulse_driver.line_pulses(pulses)
    counts = np.zeros((1, seat.region.rows, seat.region.columns), dtype=np.int16)
    if operation.by == "row":
        counts[0, list(operation.lines)] = pulses
    else:
        counts[0, :, list(operation.lines)] = pulses
        lines = lines[::-1]
    fire = partial(seat.crossbar.pulse, counts, seat.region, lines)
    return pulsing(bank, array, drivers.windows(windows), lines, fire)


def _prepare(chip: Chip, operation: Prepare, _stage: str) -> tuple[Step, ...]:
    """Pulses up and down in turn; cells without symmetry points are set to zero, which is not counted."""
    bank, array = chip.plan.routes[way(operation)]
    drivers: pulse_driver.PulseDriver = chip.circuits[bank]
    seat = chip.seats[operation.layer, operation.matrix]
    region = seat.region
    if not seat.crossbar.cells.has_symmetry_points(region):
        return (Step(array, partial(_set_to_zero, seat)),)
    pulses = 2 * operation.pairs
    pair = np.ones((2, region.rows, region.columns), dtype=np.int16)
    pair[1] = -1
    lines = (2 * region.rows, 2 * region.columns)
    window = drivers.one_way(pulses)

    def select(_: Transaction) -> Work:
        row_pulses, column_pulses = (operation.pairs * count for count in lines)
        return Work(window, {"row_pulses": row_pulses, "col_pulses": column_pulses})

    def fire(_: Transaction) -> Work:
        total: dict[str, int] = {}
        for _pair in range(operation.pairs):
            for action, count in seat.crossbar.pulse(pair, region, lines)[1].items():
                total[action] = total.get(action, 0) + count
        return Work(window, total)

    return (Step(bank, select, joint=True), Step(array, fire))


def _set_to_zero(seat: Seat, _: Transaction) -> Work:
    """The seat's cells hold weight zero, as after a reset before the stage: no pulses, no time."""
    seat.crossbar.cells.place(seat.region, np.zeros((seat.region.rows, seat.region.columns)))
    return Work(0, {})


def _arrive(_: Transaction) -> Work:
    """A reading has come to the integrator; what is done with it there is an operation of its own."""
    return Work(0, {})


def _store(operation: Operation) -> str:
    """The name of a store in its integrator's memory."""
    return f"{operation.layer}.{operation.matrix}"


_ROUTES: dict[type[Operation], Any] = {
    Update: _update, Read: _transfer_read, Integrate: _integrate, Clear: _clear,
    Write: _write, Prepare: _prepare,
    PlaceWeights: programming.place, Fire: programming.fire, Approach: programming.fire,
    VerifyRead: programming.verify,
    Transfer: _update, Accumulate: _accumulate, Recall: _recall, Keep: _keep,
}  # fmt: skip
