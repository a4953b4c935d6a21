"""The steps of the operations that program the cells of a crossbar."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from chipsim.accounting.work import Work
from chipsim.circuits import pulse_driver
from chipsim.devices.device import DeviceModel
from chipsim.devices.response import pulses_between
from chipsim.learning.programming import Approach, Fire, Place, VerifyRead
from chipsim.learning.rule import Read
from chipsim.numerics.draws import normal, stream
from chipsim.numerics.kernel import kernel
from chipsim.simulation.node import Step, Transaction

if TYPE_CHECKING:
    from chipsim.simulation.chip import Chip


def place(chip: Chip, operation: Place, stage: str) -> tuple[Step, ...]:
    """Set weights with Gaussian noise: what programming leaves, without what it takes."""
    seat = chip.seats[operation.layer, operation.matrix]
    key = stream(chip.seed, seat.key, stage, "programming noise")

    def set_weights(_: Transaction) -> Work:
        rows, columns = operation.wanted.shape
        weights = operation.wanted + operation.deviation * _normals(rows, columns, key)
        seat.crossbar.cells.place(seat.region, weights)
        return Work(0, {})

    return (Step(seat.array, set_weights),)


def fire(chip: Chip, operation: Fire | Approach, _stage: str) -> tuple[Step, ...]:
    """Pulses on cells, a row at a time; a row takes as many windows as the cell of it with most pulses."""
    bank, array = chip.plan.routes["program", operation.layer, operation.matrix]
    drivers: pulse_driver.PulseDriver = chip.circuits[bank]
    seat = chip.seats[operation.layer, operation.matrix]

    def select(transaction: Transaction) -> Work:
        counts = _counts(operation, seat.crossbar.cells.model)
        lines, windows = pulse_driver.line_pulses(counts)
        window = drivers.windows(windows)
        transaction.value = counts, lines, window
        return Work(window, {"row_pulses": lines[0], "col_pulses": lines[1]})

    def pulse(transaction: Transaction) -> Work:
        counts, lines, window = transaction.value
        transaction.value, actions = seat.crossbar.pulse(counts[np.newaxis], seat.region, lines)
        return Work(window, actions)

    return (Step(bank, select, joint=True), Step(array, pulse))


def verify(chip: Chip, operation: VerifyRead, stage: str) -> tuple[Step, ...]:
    """Rows driven one at a time, their cells converted, back to the controller."""
    route = chip.plan.routes["verify-read", operation.layer, operation.matrix]
    return chip.read_lines(route, Read(operation.layer, operation.matrix, operation.lines, "row"), stage)


def _counts(operation: Fire | Approach, model: DeviceModel) -> NDArray[np.int16]:
    if isinstance(operation, Fire):
        return operation.counts
    return pulses_between(model, operation.present, operation.wanted, operation.most)


@kernel
def _normals(rows: int, columns: int, key: np.uint64) -> NDArray[np.float64]:
    drawn = np.empty((rows, columns))
    for row in range(rows):
        for column in range(columns):
            drawn[row, column] = normal(key, row * columns + column, 0)
    return drawn
