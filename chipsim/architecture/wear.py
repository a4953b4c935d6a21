"""What a run wears out and what it lets fade: the most pulsed devices, and design rules that need its result.

endurance    pulses of the most pulsed device since power-on, against the cell's `endurance`
retention    mean time between two writes of a device, T = stage time / pulses of a device, against what the
             cell's law leaves of a state after T (`DeviceModel.kept`)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from chipsim.architecture import groups
from chipsim.architecture.design_rules import Finding, written
from chipsim.architecture.plan import Plan

WORN = 0.01
"""Share of its endurance that a run may take of a device before it is worth a warning."""
LOST = 0.1
"""Share of its state that a device may lose between two writes before it is worth a warning."""


class Wear(NamedTuple):
    """What a stage did to the arrays: its time [s] and pulses per device of each, before and after it."""

    stage: str
    seconds: float
    before: Mapping[str, NDArray[Any]]
    after: Mapping[str, NDArray[Any]]


class Worn(NamedTuple):
    """The most pulsed device of an array, and how often the array survives what its last stage took."""

    component: str
    row: int
    column: int
    pulses: int
    """Since power-on; of all devices of the weight, where it has several."""
    stage: str
    """The last stage."""
    stage_pulses: int
    """Most pulses on one device in that stage."""
    endurance: int | None
    stages_survived: int | None
    """Stages like the last one that the endurance is enough for."""


def worn(plan: Plan, stages: Sequence[Wear]) -> tuple[Worn, ...]:
    """The most pulsed device of every array of cells, the first one in reading order where several are."""
    last = stages[-1]
    return tuple(_worn(plan, name, last) for name in plan.architecture.cells if name in last.after)


def _worn(plan: Plan, name: str, last: Wear) -> Worn:
    total, endurance = last.after[name], plan.architecture.cells[name].endurance
    row, column = divmod(int(np.argmax(total)), total.shape[1])
    in_stage = int((total - last.before[name]).max())
    survived = None if endurance is None or not in_stage else endurance // in_stage
    return Worn(name, row, column, int(total[row, column]), last.stage, in_stage, endurance, survived)


def findings(plan: Plan, stages: Sequence[Wear]) -> tuple[Finding, ...]:
    """The rules that a finished run has broken, once for all copies of an array: for the worst of them."""
    most: dict[str, Worn] = {}
    for each in worn(plan, stages):
        name = groups.base(each.component)
        most[name] = max(most.get(name, each), each, key=lambda one: one.pulses)
    faded: dict[str, _Faded] = {}
    for loss in _losses(plan, stages):
        name = groups.base(loss.component)
        faded[name] = max(faded.get(name, loss), loss, key=lambda one: one.lost)
    endurance = (found for each in most.values() for found in _endurance(each))
    return (*endurance, *(found for loss in faded.values() for found in _retention(loss)))


def _endurance(most: Worn) -> Iterator[Finding]:
    if most.endurance is None or most.pulses <= WORN * most.endurance:
        return
    again = "" if most.stages_survived is None else (
        f"; stage '{most.stage}' takes up to {most.stage_pulses:,} of one device, so that the array survives "
        f"{most.stages_survived:,} like it"
    )  # fmt: skip
    yield Finding(
        "W026", most.component,
        f"the device at row {most.row}, column {most.column} took {most.pulses:,} pulses, "
        f"{most.pulses / most.endurance:.2g} of the {most.endurance:,} that it survives (endurance){again}",
    )  # fmt: skip


class _Faded(NamedTuple):
    """What the devices of a matrix lose of their state between two writes in a stage."""

    component: str
    lost: float
    span: float
    where: str


def _retention(loss: _Faded) -> Iterator[Finding]:
    if loss.lost > LOST:
        yield Finding(
            "W027", loss.component,
            f"a device of {loss.where} is written every {written(loss.span, 'time')} in the mean and loses "
            f"{loss.lost:.0%} of its state in between",
        )  # fmt: skip


def _losses(plan: Plan, stages: Iterable[Wear]) -> Iterator[_Faded]:
    """By matrix and stage; the mean time between two writes is the stage's own where there is none."""
    for stage in stages:
        for (layer, matrix), (array, region) in plan.places.items():
            if array in plan.architecture.cells and array in stage.after:
                model = plan.architecture.cells[array]
                pulses = region.of(stage.after[array] - stage.before[array])
                span = stage.seconds / max(float(pulses.mean()) / model.devices, 1.0)
                where = f"'{layer}.{matrix}' in stage '{stage.stage}'"
                yield _Faded(array, 1.0 - model.kept(span), span, where)
