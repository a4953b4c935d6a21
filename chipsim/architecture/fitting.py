"""What does not fit: what a workload needs of a chip, what there is, and what would make it fit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from chipsim.architecture import groups
from chipsim.architecture.blocks import Block
from chipsim.architecture.graph import Architecture
from chipsim.architecture.packing import Place, Size
from chipsim.architecture.plan import DIGITAL
from chipsim.architecture.routes import Key
from chipsim.architecture.seating import Given
from chipsim.circuits import crossbar, digital_array
from chipsim.devices.device import Region
from chipsim.errors import Fault, Need
from chipsim.errors import Place as ErrorPlace
from chipsim.learning.rule import LearningRule
from chipsim.workloads.network import Dense


def of_arrays(architecture: Architecture, blocks: Sequence[Block]) -> Iterator[Need]:
    """What the blocks of all matrices need of the arrays, and what would make them fit."""
    arrays = {
        name: architecture.parameters(name, crossbar.Parameters) for name in architecture.declared_cells
    }
    copies = {name: len(architecture.copies(name)) for name in arrays}
    largest = max(arrays.values(), key=lambda array: array.rows * array.columns)
    apart = len(blocks) if architecture.header.packing == "apart" else -(-_cells(blocks) // _size(largest))
    grow = f"a group with 'count: {groups.AS_NEEDED}'"
    yield Need("arrays", apart, sum(copies.values()), grow)
    rows, columns = (max(getattr(block, side) for block in blocks) for side in ("rows", "columns"))
    yield Need("rows of an array", rows, max(a.rows for a in arrays.values()), f"rows: {rows}")
    yield Need("columns of an array", columns, max(a.columns for a in arrays.values()), f"columns: {columns}")
    have = sum(copies[name] * _size(array) for name, array in arrays.items())
    yield Need("cells", _cells(blocks), have, grow)


def _cells(blocks: Sequence[Block]) -> int:
    return sum(block.rows * block.columns for block in blocks)


def _size(array: crossbar.Parameters) -> int:
    return array.rows * array.columns


def too_few(architecture: Architecture, pieces: list[Block]) -> tuple[Fault, ...]:
    """For weights that are cut: how many blocks there are, and how many arrays."""
    cells = sum(block.rows * block.columns for block in pieces)
    have = sum(size.rows * size.columns for size in (size(architecture, a) for a in architecture.cells))
    sizes = " and ".join(
        f"{len(architecture.copies(name))} of '{name}' ({size.rows} x {size.columns})"
        for name, size in ((name, size(architecture, name)) for name in architecture.declared_cells)
    )
    text = (
        f"the weights make {len(pieces)} blocks of {cells} cells, but the chip has {sizes}, "
        f"{have} cells; put the array's components into a group with 'count: {groups.AS_NEEDED}'"
    )
    return (Fault(text, architecture.key_place(next(iter(architecture.declared_cells))), "E050"),)


def too_few_words(architecture: Architecture, name: str, short: int) -> Fault:
    """For a digital array that holds too few words by so many."""
    capacity = architecture.parameters(name, digital_array.Parameters).capacity
    text = (
        f"component '{name}' holds {capacity} words, but the workload's digital matrices need "
        f"{capacity + short}; write 'capacity: {capacity + short}'"
    )
    return Fault(text, architecture.place(name, "capacity"), "E050")


def next_column(array: str, *taken: Mapping[Key, Place]) -> int:
    """The first column of an array behind all that lies on it."""
    ends = (
        place.region.column + place.region.columns
        for places in taken
        for place in places.values()
        if place.array == array
    )
    return max(ends, default=0)


def corner(place: Place) -> tuple[int, int]:
    """The smallest rows and columns of an array that holds a place."""
    region = place.region
    return region.row + region.rows, region.column + region.columns


def does_not_fit(
    architecture: Architecture, key: Key, block: Block, seat: Place | None,
    places: Mapping[Key, Place], wished: Mapping[Key, Place], given: Given,
) -> tuple[Fault, Place]:  # fmt: skip
    """What is needed, what there is and what would do, with the place that the matrix would have then."""
    need = f"matrix '{'.'.join(key)}' needs {block.rows} rows x {block.columns} columns"
    arrays = (seat.array,) if seat else tuple(architecture.cells)
    have = []
    for array in arrays:
        parameters = architecture.parameters(array, crossbar.Parameters)
        row, column = seat.region[:2] if seat else (0, next_column(array, places))
        free = max(parameters.rows - row, 0), max(parameters.columns - column, 0)
        have.append(
            f"'{array}' has {free[0]} x {free[1]} free"
            + (f" from its cell ({row}, {column}) on" if seat else "")
        )
    region = Region(0, next_column(arrays[0], places, wished), block.rows, block.columns)
    place = seat or Place(arrays[0], region)
    there = architecture.parameters(place.array, crossbar.Parameters)
    rows, columns = (max(*pair) for pair in zip(corner(place), (there.rows, there.columns), strict=True))
    at = architecture.key_place(place.array)
    text = (
        f"{need}, but {' and '.join(have[:3])}; it fits if '{place.array}' has rows: {rows}, "
        f"columns: {columns}"
    )
    if seat is None and _shut(architecture, block, places):
        text = (
            f"{need}, but every array of that size holds weights, which 'packing: "
            f"{architecture.header.packing}' lets none share; add arrays, or write 'packing: dense'"
        )
    return Fault(text, mapped(architecture, key, given) if seat else at, "E050"), place


def _shut(architecture: Architecture, block: Block, places: Mapping[Key, Place]) -> bool:
    """Whether a block finds no array only because those of its size are taken, and not to be shared."""
    sizes = {array: size(architecture, array) for array in architecture.cells}
    large = {name for name, of in sizes.items() if of.rows >= block.rows and of.columns >= block.columns}
    taken = {place.array for place in places.values()}
    return architecture.header.packing != "dense" and bool(large) and large <= taken


def no_crossbar(architecture: Architecture, layers: Mapping[str, Dense], matrices: tuple[str, ...]) -> Fault:
    """For weights on a chip without an array."""
    rows = max(layer.rows for layer in layers.values())
    columns = len(matrices) * sum(layer.outputs for layer in layers.values())
    text = (
        "the weights have no place, since there is no crossbar; add a component of type crossbar with "
        f"rows: {rows}, columns: {columns}"
    )
    return Fault(text, architecture.document.key_place(("components",)), "E053")


def no_digital_array(
    architecture: Architecture, layers: Mapping[str, Dense], stage: str, rule: LearningRule
) -> Fault:
    """For digital weights on a chip without a digital array."""
    words = len(rule.digital) * sum(layer.rows * layer.outputs for layer in layers.values())
    text = (
        f"stage '{stage}': rule '{rule.type}' needs a component of type {DIGITAL}; add one with "
        f"capacity: {words}"
    )
    return Fault(text, architecture.document.key_place(("components",)), "E053")


def taken(architecture: Architecture, key: Key, other: Key, place: Place, given: Given) -> Fault:
    """For a seat on cells that another matrix has."""
    text = (
        f"matrices '{'.'.join(key)}' and '{'.'.join(other)}' would lie on the same cells of "
        f"'{place.array}'; write '{'.'.join(key)}: {{array: {place.array}, column: {corner(place)[1]}}}'"
    )
    return Fault(text, mapped(architecture, key, given), "E052")


def mapped(architecture: Architecture, key: Key, given: Given) -> ErrorPlace:
    """Where the file gives a matrix its seat."""
    return architecture.document.place(("mapping", given.names[key]))


def size(architecture: Architecture, array: str) -> Size:
    """Rows and columns of an array."""
    parameters = architecture.parameters(array, crossbar.Parameters)
    return Size(parameters.rows, parameters.columns)
