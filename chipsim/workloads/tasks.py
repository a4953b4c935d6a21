"""Tasks: which elements of the inputs a stage uses, and in which order its images come.

Task 1 uses the first elements of the projected image; Task 2 exchanges some of them for elements that Task 1
has not seen, at positions and with elements that the workload gives or the seed draws (Athena2024).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from chipsim.errors import Fault, InputError
from chipsim.inputs.schema import Model
from chipsim.numerics.draws import below, stream
from chipsim.numerics.kernel import kernel

__all__ = ["Changed", "Choice", "elements", "faults", "order"]

Index = Annotated[int, Field(ge=0)]
Exchange = tuple[Index, Index]


class Changed(Model):
    """Elements exchanged against Task 1: how many, or each as (position, new element)."""

    changed: Annotated[int, Field(ge=1)] | Annotated[tuple[Exchange, ...], Field(min_length=1)]


Choice = Literal["first"] | Changed


def elements(choice: Choice, available: int, used: int, seed: int) -> tuple[int, ...]:
    """Return the element that lies at each of the `used` inputs, out of `available` ones.

    *Raises*: `InputError` if the choice cannot be met (`faults`).
    """
    wrong = faults(choice, available, used)
    if wrong:
        raise InputError(*wrong)
    chosen = list(range(used))
    if choice != "first":
        for position, element in _exchanges(choice, available, used, seed):
            chosen[position] = element
    return tuple(chosen)


def _exchanges(choice: Changed, available: int, used: int, seed: int) -> tuple[tuple[int, int], ...]:
    if not isinstance(choice.changed, int):
        return choice.changed
    count = choice.changed
    positions = np.sort(_permutation(stream(seed, "task", "positions"), 0, used)[:count])
    unused = used + _permutation(stream(seed, "task", "elements"), 0, available - used)[:count]
    return tuple(zip(positions.tolist(), unused.tolist(), strict=True))


def faults(choice: Choice, available: int, used: int) -> tuple[Fault, ...]:
    """Return why a choice of elements cannot be met with this many elements; nothing is drawn."""
    if used > available:
        return (Fault(f"{used} elements are used, but the inputs have {available}", code="E054"),)
    if choice == "first":
        return ()
    if isinstance(choice.changed, int):
        return _count_faults(choice.changed, available, used)
    return _exchange_faults(choice.changed, available, used)


def _count_faults(count: int, available: int, used: int) -> tuple[Fault, ...]:
    most = min(used, available - used)
    if count <= most:
        return ()
    sentence = (
        f"{count} elements cannot be exchanged: {used} are used and {available - used} are left; "
        f"choose at most {most}"
    )
    return (Fault(sentence, code="E054"),)


def _exchange_faults(exchanges: tuple[tuple[int, int], ...], available: int, used: int) -> tuple[Fault, ...]:
    sentences = [
        *(f"there is no position {p}; choose one of 0 to {used - 1}" for p, _ in exchanges if p >= used),
        *(
            f"element {e} cannot come in at position {p}; choose one of {used} to {available - 1}"
            if available > used
            else f"element {e} cannot come in at position {p}; all {used} elements are used already"
            for p, e in exchanges
            if not used <= e < available
        ),
        *(f"position {p} is exchanged twice; name it once" for p in _twice(p for p, _ in exchanges)),
        *(f"element {e} comes in twice; name it once" for e in _twice(e for _, e in exchanges)),
    ]
    return tuple(Fault(sentence, code="E054") for sentence in sentences)


def _twice(numbers: Any) -> list[int]:
    every = list(numbers)
    return sorted({number for number in every if every.count(number) > 1})


def order(seed: int, stage: str, epoch: int, n: int) -> NDArray[np.int64]:
    """Return the order in which `n` images come in one epoch of a stage: every permutation equally likely."""
    return _permutation(stream(seed, "data", "order", stage), epoch, n)


@kernel
def _permutation(key: Any, index: int, n: int) -> NDArray[np.int64]:
    places = np.arange(n)
    for last in range(n - 1, 0, -1):
        other = below(key, last, index, last + 1)
        places[last], places[other] = places[other], places[last]
    return places
