"""Tasks: which elements of the inputs a stage uses, and in which order its images come.

Task 1 uses the first elements of the projected image, or all pixels as they are. Task 2 exchanges some of the
elements for ones that it has not seen, at positions and with elements that the workload gives or the
seed draws; of pixels it interchanges pairs of rows, which the workload or its own seed says (Athena2024).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Discriminator, Field, Tag

from chipsim.errors import Fault, InputError, nearest
from chipsim.inputs.schema import Model
from chipsim.numerics.draws import below, stream
from chipsim.numerics.kernel import kernel

__all__ = ["Changed", "Choice", "Swapped", "elements", "faults", "order", "swapped_rows"]

Index = Annotated[int, Field(ge=0)]
Exchange = tuple[Index, Index]
Shape = tuple[int, ...]


class Changed(Model):
    """Elements exchanged against Task 1: how many, or each as (position, new element)."""

    changed: Annotated[int, Field(ge=1)] | Annotated[tuple[Exchange, ...], Field(min_length=1)]


class Swapped(Model):
    """Pairs of the image's rows interchanged: how many, or which; the same for all chips."""

    swapped_rows: Annotated[int, Field(ge=1)] | Annotated[tuple[Exchange, ...], Field(min_length=1)]
    seed: Annotated[int, Field(ge=0)] | None = Field(
        default=None, description="draws the rows where only the number of pairs is given; 0 if left out"
    )


def _member(value: Any) -> str:
    """Which kind of choice is meant, by the key that is nearest."""
    if isinstance(value, dict):
        near = (nearest(str(key), ("changed", "swapped_rows")) for key in value)
        return "rows" if "swapped_rows" in near else "exchange"
    return "rows" if isinstance(value, Swapped) else "exchange" if isinstance(value, Changed) else "word"


Choice = Annotated[
    Annotated[Literal["first"], Tag("word")]
    | Annotated[Changed, Tag("exchange")]
    | Annotated[Swapped, Tag("rows")],
    Discriminator(_member),
]


def elements(
    choice: Choice, available: int, used: int, seed: int, shape: Shape | None = None
) -> tuple[int, ...]:
    """Return the element that lies at each of the `used` inputs, out of `available` ones.

    `shape` is that of an image `(..., rows, columns)` whose pixels the elements are, where they are pixels.
    *Raises*: `InputError` if the choice cannot be met (`faults`).
    """
    wrong = faults(choice, available, used, shape)
    if wrong:
        raise InputError(*wrong)
    if isinstance(choice, Swapped):
        assert shape is not None, "a choice of rows without them is a fault"
        return _rows_swapped(choice, shape)
    chosen = list(range(used))
    if choice != "first":
        for position, element in _exchanges(choice, available, used, seed):
            chosen[position] = element
    return tuple(chosen)


def swapped_rows(choice: Swapped, rows: int) -> tuple[tuple[int, int], ...]:
    """Return the pairs of rows, out of so many, that a choice interchanges."""
    if not isinstance(choice.swapped_rows, int):
        return choice.swapped_rows
    drawn = _permutation(stream(choice.seed or 0, "task", "rows"), 0, rows)[: 2 * choice.swapped_rows]
    return tuple((int(one), int(other)) for one, other in drawn.reshape(-1, 2))


def _rows_swapped(choice: Swapped, shape: Shape) -> tuple[int, ...]:
    order = np.arange(shape[-2])
    for one, other in swapped_rows(choice, shape[-2]):
        order[[one, other]] = order[[other, one]]
    return tuple(np.arange(np.prod(shape)).reshape(shape)[..., order, :].ravel().tolist())


def _exchanges(choice: Changed, available: int, used: int, seed: int) -> tuple[tuple[int, int], ...]:
    if not isinstance(choice.changed, int):
        return choice.changed
    count = choice.changed
    positions = np.sort(_permutation(stream(seed, "task", "positions"), 0, used)[:count])
    unused = used + _permutation(stream(seed, "task", "elements"), 0, available - used)[:count]
    return tuple(zip(positions.tolist(), unused.tolist(), strict=True))


def faults(choice: Choice, available: int, used: int, shape: Shape | None = None) -> tuple[Fault, ...]:
    """Return why a choice of elements cannot be met with this many elements; nothing is drawn."""
    if isinstance(choice, Swapped):
        return _swap_faults(choice, shape)
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


def _swap_faults(choice: Swapped, shape: Shape | None) -> tuple[Fault, ...]:
    if shape is None:
        return (Fault("rows are swapped in images; leave out 'data: project'", code="E026"),)
    if len(shape) < 2:
        return (Fault("rows are swapped in images, but the data set has none that have rows", code="E026"),)
    rows, asked = shape[-2], choice.swapped_rows
    if isinstance(asked, int):
        most = rows // 2
        sentence = f"{asked} pairs of rows cannot be swapped: an image has {rows}; choose at most {most}"
        return (Fault(sentence, code="E054"),) if asked > most else ()
    if choice.seed is not None:
        return (Fault("'seed' draws nothing where the rows are given; leave it out", code="E026"),)
    every = [row for pair in asked for row in pair]
    sentences = [
        *(f"an image has no row {row}; choose one of 0 to {rows - 1}" for row in every if row >= rows),
        *(f"row {row} is swapped twice; name it once" for row in _twice(every)),
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
