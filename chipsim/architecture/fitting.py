"""What a workload needs of a chip and what there is: arrays, rows, columns, cells, words of buffers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from chipsim.architecture import groups
from chipsim.architecture.blocks import Block
from chipsim.architecture.graph import Architecture
from chipsim.circuits import crossbar
from chipsim.errors import Need


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
