"""A digital array: floating-point weight matrices in memory, and multiply-accumulate units beside it.

It computes what a crossbar computes, exactly: forward and transposed products and rank-1 updates, in double
precision with a fixed order of adding. `bits` is the width of a word in hardware; it sets prices and area and
rounds no value. Every product and update fetches each weight word anew, so images share no memory access.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from chipsim.accounting.work import Work
from chipsim.circuits.component import CYCLE, ComponentParameters, Timing, picoseconds
from chipsim.inputs.units import Seconds
from chipsim.numerics.draws import stream, uniform
from chipsim.numerics.kernel import kernel
from chipsim.numerics.products import add_outer, product, transposed_product

Floats = NDArray[np.float64]


class Parameters(ComponentParameters):
    """Memory of floating-point words and units that multiply and accumulate."""

    type: Literal["digital-array"]
    role: ClassVar[str] = "digital-array"
    actions: ClassVar[Mapping[str, tuple[str, ...]]] = {"": ("fp_mac", "word_read", "word_write")}
    capacity: int = Field(ge=1, le=10**12, description="words that it holds")
    lanes: int = Field(ge=1, le=10**9, description="multiply-accumulates done in one cycle")
    bits: Literal[16, 32] = Field(default=32, description="width of a word, for prices and area")
    cycle: Seconds | None = Field(default=None, gt=0, le=1, description="time of one cycle")

    in_turns: ClassVar[str] = "lanes"
    timing: ClassVar[Timing] = {"cycle": {"measured": CYCLE, "ideal": CYCLE}}


class DigitalArray:
    """Matrices `(rows, columns)` float64 by name, all zero until they are set."""

    def __init__(self, parameters: Parameters) -> None:
        assert parameters.cycle is not None
        self.matrices: dict[str, Floats] = {}
        self._lanes = parameters.lanes
        self._cycle = picoseconds(parameters.cycle)

    def hold(self, name: str, rows: int, columns: int) -> None:
        """Make room for a matrix."""
        self.matrices[name] = np.zeros((rows, columns))

    def randomise(self, name: str, bound: float, seed: int, stage: str) -> None:
        """Draw a matrix uniformly within -bound..bound, anew for each stage."""
        matrix = self.matrices[name]
        _randomise(matrix, bound, stream(seed, name, "start", stage))

    def product(self, name: str, values: Floats, by: str) -> tuple[Floats, Work]:
        """Products of vectors `(images, lines)` with a matrix driven by `row`, or transposed by `column`."""
        matrix = self.matrices[name]
        multiply = product if by == "row" else transposed_product
        return multiply(values, matrix), self.work(matrix.size, values.shape[0], reads=1)

    def update(self, name: str, x: Floats, error: Floats, rate: float) -> Work:
        """Add -rate x d to a matrix, image by image: `x` is `(images, rows)`, `error` `(images, columns)`."""
        matrix = self.matrices[name]
        add_outer(matrix, x, error, -rate)
        return self.work(matrix.size, x.shape[0], reads=1, writes=1)

    def move(self, name: str, velocity: str, kept: float, bound: float | None = None) -> Work:
        """Add a velocity to a matrix, and keep a share of the velocity.

        With a `bound`, a weight w moves by v - |v| w / bound and is cut to -bound..bound: a second
        multiplication and addition each.
        """
        matrix, change = self.matrices[name], self.matrices[velocity]
        if bound is None:
            matrix += change
        else:
            matrix += change - np.abs(change) * matrix / bound
            np.clip(matrix, -bound, bound, out=matrix)
        change *= kept
        return self.moving(matrix.size, bound is not None)

    def moving(self, size: int, bounded: bool) -> Work:
        """The work of moving a matrix of `size` words by its velocity."""
        times = 2 if bounded else 1
        actions = {"fp_mac": times * size, "word_read": 2 * size, "word_write": 2 * size}
        return Work(times * self._time(size), actions)

    def clear(self, name: str) -> Work:
        """Set a matrix to zero."""
        matrix = self.matrices[name]
        matrix[:] = 0.0
        return self.filling(matrix.size)

    def fill(self, name: str, values: Floats) -> Work:
        """Write all words of a matrix."""
        self.matrices[name][:] = values
        return self.filling(values.size)

    def filling(self, size: int) -> Work:
        """The work of writing `size` words."""
        return Work(self._time(size), {"word_write": size})

    def read(self, name: str) -> tuple[Floats, Work]:
        """A copy of a matrix, word by word."""
        matrix = self.matrices[name]
        return matrix.copy(), Work(self._time(matrix.size), {"word_read": matrix.size})

    def _time(self, operations: int) -> int:
        return -(-operations // self._lanes) * self._cycle

    def work(self, size: int, times: int, reads: int, writes: int = 0) -> Work:
        """The work of multiplying and accumulating over a matrix of `size` words, some times over."""
        done = size * times
        actions = {"fp_mac": done, "word_read": reads * done, "word_write": writes * done}
        return Work(times * self._time(size), actions)


Circuit = DigitalArray


@kernel
def _randomise(matrix: Floats, bound: float, key: np.uint64) -> None:
    rows, columns = matrix.shape
    for row in range(rows):
        for column in range(columns):
            matrix[row, column] = bound * (2.0 * uniform(key, row * columns + column, 0) - 1.0)
