"""Packing: the blocks of weight matrices onto the arrays of a chip, and how large blocks may be.

Arrays are filled in the order of the file, each from its first free column on. With `packing: dense` whatever
fits shares an array, with `together` the matrices of a block lie side by side on one array and nothing else
does, with `apart` every block has an array of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

from chipsim.architecture.blocks import Block, cut, whole
from chipsim.devices.device import Region

Packing = Literal["dense", "together", "apart"]


class Size(NamedTuple):
    """Rows and columns of an array."""

    rows: int
    columns: int


class Place(NamedTuple):
    """The array and the rectangle of cells on which a matrix lies; on a digital array it lies by itself."""

    array: str
    region: Region


def blocks(
    layer: str, rows: int, columns: int, size: Size, packing: Packing, matrices: int
) -> tuple[Block, ...]:
    """The blocks of a layer on arrays of a size, of which `matrices` matrices each must find room."""
    most = size.columns // matrices if packing == "together" else size.columns
    if rows <= size.rows and columns <= most:
        return (whole(layer, rows, columns),)
    return cut(layer, rows, columns, size.rows, max(most, 1))


class Floor:
    """Arrays with the columns of each that are still free."""

    def __init__(self, sizes: Mapping[str, Size], packing: Packing) -> None:
        self.sizes = sizes
        self._packing = packing
        self._free = dict.fromkeys(sizes, 0)

    def take(self, place: Place) -> None:
        """Mark what a place covers, and what no other block may use beside it."""
        columns = self.sizes[place.array].columns
        end = max(self._free.get(place.array, columns), place.region.column + place.region.columns)
        if self._packing != "dense" or end >= columns:
            self._free.pop(place.array, None)
        else:
            self._free[place.array] = end

    def find(self, blocks: Sequence[Block], among: Iterable[str] | None = None) -> list[Place] | None:
        """Places for blocks that lie side by side on one array: the first with room for all of them."""
        columns = sum(block.columns for block in blocks)
        rows = max(block.rows for block in blocks)
        for array in self._free if among is None else among:
            first = self._free.get(array)
            if first is None:
                continue
            size = self.sizes[array]
            if rows <= size.rows and first + columns <= size.columns:
                return list(_side_by_side(array, first, blocks))
        return None


def _side_by_side(array: str, column: int, blocks: Sequence[Block]) -> Iterable[Place]:
    for block in blocks:
        yield Place(array, Region(0, column, block.rows, block.columns))
        column += block.columns
