"""Passes over a layer: one branch for each block, and the digital unit at which their sums meet.

Every block's sums come to the unit on their own. Sums of blocks that lie above one another are added there,
those of blocks beside one another joined; what follows is done on the whole when the last one has come. The
order in which they are added is that of the blocks, whichever comes first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from chipsim.accounting.work import Work
from chipsim.architecture.blocks import Block
from chipsim.circuits.digital_unit import DigitalUnit, Scored
from chipsim.learning.rule import Side
from chipsim.simulation.node import Step, Transaction

Floats = NDArray[np.float64]


class End(NamedTuple):
    """What a unit does with the sums of a layer, and the ledger's name for it where it is not the pass's."""

    compute: Callable[[DigitalUnit, Any, Any], tuple[Any, Work]]
    operation: str = ""


class Branch(NamedTuple):
    """The steps of a pass that one block takes part in."""

    block: Block
    steps: tuple[Step, ...]


class Pass(NamedTuple):
    """A pass over a layer, driven by rows or, transposed, by columns."""

    branches: tuple[Branch, ...]
    by: Side

    def transactions(
        self,
        operation: str,
        layer: str,
        values: Floats,
        first: int,
        request: Any,
        occasion: int | None = None,
    ) -> tuple[Transaction, ...]:
        """What is to be sent for some images `(images, lines)`; `request` is for the unit at the end."""
        together = Meeting(request, len(self.branches))
        return tuple(
            Transaction(
                operation, layer, branch.steps, self._part(branch.block, values), first, values.shape[0],
                together, occasion,
            )
            for branch in self.branches
        )  # fmt: skip

    def _part(self, block: Block, values: Floats) -> Floats:
        return block.of_rows(values) if self.by == "row" else block.of_columns(values)


def turns_of(first: int, images: int, copies: int) -> list[tuple[int, NDArray[np.int64]]]:
    """The images of a chunk that each of a layer's copies takes, counted in the chunk; copies without any are
    left out.
    """
    every = np.arange(images)
    shares = ((copy, every[(every + first) % copies == copy]) for copy in range(copies))
    return [(copy, share) for copy, share in shares if share.size]


def joined(results: Sequence[Any], chosen: Sequence[NDArray[np.int64]], images: int) -> Any:
    """What copies made of their images, in the order of the images."""
    if isinstance(results[0], Scored):
        errors = joined([found.error for found in results], chosen, images)
        return Scored(errors, sum(r.loss for r in results), sum(r.correct for r in results))
    whole = np.empty((images, *results[0].shape[1:]))
    for found, share in zip(results, chosen, strict=True):
        whole[share] = found
    return whole


class Meeting:
    """The sums of a pass that have come to the unit, what is asked of them, and what came of it."""

    __slots__ = ("parts", "request", "result")

    def __init__(self, request: Any, branches: int) -> None:
        self.request = request
        self.parts: list[Floats | None] = [None] * branches
        self.result: Any = None


def gathering(
    unit: DigitalUnit, name: str, blocks: Sequence[Block], by: Side, ends: Sequence[End]
) -> tuple[tuple[Step, ...], ...]:
    """The steps of each block at the unit; only the block that comes last takes the ends."""
    if len(blocks) == 1:
        return (tuple(Step(name, _ending(unit, end), operation=end.operation) for end in ends),)
    groups = _sums(blocks, by)

    def arrive(index: int) -> Callable[[Transaction], Work]:
        beside = next(group for group in groups if index in group)

        def compute(transaction: Transaction) -> Work:
            meeting: Meeting = transaction.request
            added = any(meeting.parts[other] is not None for other in beside)
            meeting.parts[index] = transaction.value
            work = unit.add(transaction.value) if added else Work(0, {})
            whole = all(part is not None for part in meeting.parts)
            transaction.value = _joined(meeting.parts, groups) if whole else None
            return work

        return compute

    return tuple(
        (
            Step(name, arrive(index)),
            *(Step(name, _ending(unit, end), operation=end.operation) for end in ends),
        )
        for index in range(len(blocks))
    )


def _ending(unit: DigitalUnit, end: End) -> Callable[[Transaction], Work]:
    def compute(transaction: Transaction) -> Work:
        if transaction.value is None:
            return Work(0, {})
        meeting: Meeting = transaction.request
        transaction.value, work = end.compute(unit, transaction.value, meeting.request)
        meeting.result = transaction.value
        return work

    return compute


def _sums(blocks: Sequence[Block], by: Side) -> tuple[tuple[int, ...], ...]:
    """The blocks whose sums are added, for each part of the lines that are sensed, in order of these."""
    found: dict[int, list[int]] = {}
    for index, block in enumerate(blocks):
        found.setdefault(block.column if by == "row" else block.row, []).append(index)
    return tuple(tuple(found[first]) for first in sorted(found))


def _joined(parts: Sequence[Floats | None], groups: Sequence[Sequence[int]]) -> Floats:
    sums = []
    for group in groups:
        first, *others = (parts[index] for index in group)
        assert first is not None
        total = first
        for other in others:
            assert other is not None
            total = total + other
        sums.append(total)
    return sums[0] if len(sums) == 1 else np.concatenate(sums, axis=1)
