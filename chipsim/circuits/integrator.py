"""The digital integrator: saturating fixed-point words, H one a weight; adds, compares, stores.

Other stores that a rule remembers something in lie in the same memory and are read and written there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from chipsim.accounting.work import Work
from chipsim.circuits.component import ComponentParameters, Duration, Timing, picoseconds
from chipsim.inputs.units import Seconds
from chipsim.numerics.kernel import kernel

_ACCESS = Duration(
    typical=1e-9, optimistic=11e-12, conservative=11.4e-9, source=("Rasch2024",),
    where=(
        "one word a cycle at 1 GHz; optimistic two operations at the 0.175 TFLOP/s of a tile (table 1), "
        "conservative a thousand times that, which nobody published"
    ),
    status="assumed",
)  # fmt: skip


class Parameters(ComponentParameters):
    """The integrator's words and how fast they are worked on."""

    type: Literal["integrator"]
    role: ClassVar[str] = "integrator"
    actions: ClassVar[Mapping[str, tuple[str, ...]]] = {"": ("h_rmw",)}
    bits: int = Field(ge=4, le=32, description="bits of a word, sign included")
    range: float = Field(default=32.0, gt=0, le=1e6, description="largest value that a word holds [weight]")
    access: Seconds | None = Field(
        default=None, gt=0, le=1, description="read, add, compare, write of a word"
    )
    banks: int = Field(default=1, ge=1, le=4096, description="words worked on at once")

    in_turns: ClassVar[str] = "banks"
    timing: ClassVar[Timing] = {"access": {"measured": _ACCESS, "ideal": _ACCESS}}


class Integrator:
    """The words of the matrices that it serves, `(rows, columns)` each, as whole steps.

    A word of H spans the integrator's range. Other words that a rule has kept may span a `full_scale` of
    their own; their step is full scale / 2^(bits - 1).
    """

    def __init__(self, parameters: Parameters) -> None:
        assert parameters.access is not None
        self.limit: int = 2 ** (parameters.bits - 1) - 1
        self.range = parameters.range
        self.unit = self.step(None)
        self.words: dict[str, NDArray[np.int64]] = {}
        self._access = picoseconds(parameters.access)
        self._banks = parameters.banks

    def step(self, full_scale: float | None) -> float:
        """Value of one step of a word of this full scale; None: of the integrator's range."""
        return float(self.range if full_scale is None else full_scale) / (self.limit + 1)

    def clear(self, name: str, rows: int, columns: int) -> Work:
        """Set the words of matrix `name` to zero, one access each."""
        self.words[name] = np.zeros((rows, columns), dtype=np.int64)
        return self.work(rows * columns)

    def accumulate(
        self, name: str, lines: tuple[int, ...], by_row: bool, values: NDArray[np.float64],
        threshold: float, keep: bool, momentum: float = 0.0, most: int = 1, full_scale: float | None = None,
    ) -> tuple[NDArray[np.int16], Work]:  # fmt: skip
        """Add values `(lines, words of a line)` [weight]; gives how often each word crosses, with its sign.

        `lines` are rows of the words, or columns. A word crosses as often as its magnitude holds the
        threshold, at most `most` times, and then keeps the remainder or starts again from zero; a share
        of `momentum` of what it would lose stays.
        """
        step = self.step(full_scale)
        crossing = max(1, round(threshold / step))
        counts: NDArray[np.int16] = _accumulate(
            self._lines(name, by_row), np.asarray(lines), values, 1.0 / step, crossing, self.limit, keep,
            momentum, most,
        )  # fmt: skip
        return counts, self.work(values.size)

    def add_products(
        self, name: str, x: NDArray[np.float64], error: NDArray[np.float64], rate: float,
        full_scale: float | None = None,
    ) -> Work:  # fmt: skip
        """Add -rate x d of each image, `(images, rows)` and `(images, columns)`, to the words."""
        _add_products(self.words[name], x, error, -rate / self.step(full_scale), self.limit)
        return self.work(x.shape[0] * self.words[name].size)

    def recall(
        self, name: str, lines: tuple[int, ...], by_row: bool, full_scale: float | None = None
    ) -> tuple[NDArray[np.float64], Work]:
        """Values `(lines, words of a line)` of the words."""
        found = self._lines(name, by_row)[list(lines)].astype(np.float64) * self.step(full_scale)
        return found, self.work(found.size)

    def keep(
        self, name: str, lines: tuple[int, ...], by_row: bool, values: NDArray[np.float64],
        full_scale: float | None = None,
    ) -> Work:  # fmt: skip
        """Write values `(lines, words of a line)` to the words, rounded and cut to what they hold."""
        wanted = np.rint(values / self.step(full_scale))
        self._lines(name, by_row)[list(lines)] = np.clip(wanted, -self.limit, self.limit).astype(np.int64)
        return self.work(values.size)

    def value(self, name: str, full_scale: float | None = None) -> NDArray[np.float64]:
        """The words of matrix `name` [weight]."""
        return self.words[name].astype(np.float64) * self.step(full_scale)

    def _lines(self, name: str, by_row: bool) -> NDArray[np.int64]:
        return self.words[name] if by_row else self.words[name].T

    def work(self, count: int) -> Work:
        """The work of so many accesses, as many at once as there are banks."""
        return Work(-(-count // self._banks) * self._access, {"h_rmw": count})


Circuit = Integrator


@kernel
def _accumulate(
    words: Any, lines: Any, values: Any, scale: Any, crossing: Any, limit: Any, keep: Any,
    momentum: Any, most: Any,
) -> Any:  # fmt: skip
    counts = np.zeros(values.shape, dtype=np.int16)
    for i in range(lines.size):
        for j in range(values.shape[1]):
            added = min(max(np.rint(values[i, j] * scale), -2.0 * limit), 2.0 * limit)
            total = min(max(words[lines[i], j] + np.int64(added), -limit), limit)
            if abs(total) >= crossing:
                times = min(abs(total) // crossing, most)
                counts[i, j] = times if total > 0 else -times
                leaves = np.int64(counts[i, j]) * crossing if keep else total
                total -= leaves - np.int64(np.rint(momentum * leaves))
            words[lines[i], j] = total
    return counts


@kernel
def _add_products(words: Any, x: Any, error: Any, scale: Any, limit: Any) -> None:
    for image in range(x.shape[0]):
        for row in range(x.shape[1]):
            for column in range(error.shape[1]):
                added = np.rint(scale * (x[image, row] * error[image, column]))
                added = min(max(added, -2.0 * limit), 2.0 * limit)
                words[row, column] = min(max(words[row, column] + np.int64(added), -limit), limit)
