"""Blocks: the rectangles into which a layer's weights are cut, so that each fits on an array."""

from __future__ import annotations

from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Block(NamedTuple):
    """A rectangle of a layer's weights, by its first row and column and its size."""

    name: str
    """`dense1`, or `dense1[0,2]` where the layer is cut."""
    layer: str
    row: int
    column: int
    rows: int
    columns: int
    copy: int = 1
    """Which copy it is of a layer that lies on the chip several times for throughput."""

    def copied(self, copy: int) -> Block:
        """Another copy of the block, `dense1:2`, or this one."""
        return self if copy == 1 else self._replace(name=f"{self.name}:{copy}", copy=copy)

    def of_rows(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """What of vectors `(images, rows of the layer)` goes to this block."""
        return _part(values, self.row, self.rows)

    def of_columns(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """What of vectors `(images, columns of the layer)` goes to this block."""
        return _part(values, self.column, self.columns)


def _part(values: NDArray[np.float64], first: int, size: int) -> NDArray[np.float64]:
    return values if size == values.shape[1] else np.ascontiguousarray(values[:, first : first + size])


def whole(layer: str, rows: int, columns: int) -> Block:
    """A layer that is not cut."""
    return Block(layer, layer, 0, 0, rows, columns)


def cut(layer: str, rows: int, columns: int, most_rows: int, most_columns: int) -> tuple[Block, ...]:
    """A layer in as few blocks of at most so many rows and columns as there can be, of nearly equal size."""
    across = list(_spans(rows, most_rows))
    down = list(_spans(columns, most_columns))
    if len(across) == len(down) == 1:
        return (whole(layer, rows, columns),)
    return tuple(
        Block(f"{layer}[{i},{j}]", layer, row, column, height, width)
        for (i, (row, height)), (j, (column, width)) in product(enumerate(across), enumerate(down))
    )


def _spans(lines: int, most: int) -> list[tuple[int, int]]:
    """First line and size of each part; where it does not come out even, the first are larger by one."""
    parts = -(-lines // most)
    each, over = divmod(lines, parts)
    sizes = [each + (index < over) for index in range(parts)]
    return [(sum(sizes[:index]), size) for index, size in enumerate(sizes)]
