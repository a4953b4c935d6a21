"""Loads: the words that operations take along when they set out, and those between their stops."""

from __future__ import annotations

from chipsim.circuits.carrier import Load
from chipsim.learning.programming import Approach, Fire, VerifyRead
from chipsim.learning.rule import Accumulate, Fill, Operation, Read, Update, Write


def sent(operation: Operation) -> Load:
    """What sets out: inputs and errors, pulses, weights, the numbers of lines, or else a word."""
    if isinstance(operation, Update | Accumulate):
        return Load(operation.x.shape[0], operation.x.shape[1] + operation.error.shape[1])
    if isinstance(operation, Write):
        return Load(len(operation.lines), operation.pulses.shape[1])
    if isinstance(operation, Fire):
        return Load(*operation.counts.shape)
    if isinstance(operation, Approach):
        return Load(*operation.wanted.shape)
    if isinstance(operation, Fill):
        return Load(*operation.values.shape)
    return Load(len(operation.lines), 1) if isinstance(operation, Read | VerifyRead) else Load(1, 1)


def products(operation: Accumulate) -> Load:
    """Products on their way from the unit to the words that they are added to: for each image all of them."""
    images, rows = operation.x.shape
    return Load(images * operation.error.shape[1], rows)
