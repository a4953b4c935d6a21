"""The digital integrator H: one saturating fixed-point word per weight; adds, compares, stores."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from chipsim.accounting.work import Work
from chipsim.circuits.component import ComponentParameters, picoseconds
from chipsim.inputs.units import Seconds
from chipsim.numerics.kernel import kernel


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

    timing: ClassVar[Mapping[str, Mapping[str, float]]] = {
        "access": {"measured": 1e-9, "ideal": 1e-9}  # component library: h_integrator.t_element
    }


class Integrator:
    """The words H of the matrices that it serves, `(rows, columns)` each [steps of `unit`]."""

    def __init__(self, parameters: Parameters) -> None:
        assert parameters.access is not None
        self.limit: int = 2 ** (parameters.bits - 1) - 1
        self.unit = parameters.range / (self.limit + 1)
        self.words: dict[str, NDArray[np.int64]] = {}
        self._access = picoseconds(parameters.access)
        self._banks = parameters.banks

    def clear(self, name: str, rows: int, columns: int) -> Work:
        """Set the words of matrix `name` to zero, one access each."""
        self.words[name] = np.zeros((rows, columns), dtype=np.int64)
        return self._work(rows * columns)

    def accumulate(
        self, name: str, lines: tuple[int, ...], by_row: bool, values: NDArray[np.float64],
        threshold: float, keep: bool,
    ) -> tuple[NDArray[np.int8], Work]:  # fmt: skip
        """Add values `(lines, words of a line)` [weight]; gives the sign of each crossing, 0 elsewhere.

        `lines` are rows of the words, or columns. A word whose magnitude reaches the threshold crosses
        once, and then keeps the remainder or starts again from zero.
        """
        crossing = max(1, round(threshold / self.unit))
        words = self.words[name] if by_row else self.words[name].T
        signs: NDArray[np.int8] = _accumulate(
            words, np.asarray(lines), values, 1.0 / self.unit, crossing, self.limit, keep
        )
        return signs, self._work(values.size)

    def value(self, name: str) -> NDArray[np.float64]:
        """The words of matrix `name` [weight]."""
        value: NDArray[np.float64] = self.words[name] * self.unit
        return value

    def _work(self, count: int) -> Work:
        return Work(-(-count // self._banks) * self._access, {"h_rmw": count})


Circuit = Integrator


@kernel
def _accumulate(words: Any, lines: Any, values: Any, scale: Any, crossing: Any, limit: Any, keep: Any) -> Any:
    signs = np.zeros(values.shape, dtype=np.int8)
    for i in range(lines.size):
        for j in range(values.shape[1]):
            added = min(max(np.rint(values[i, j] * scale), -2.0 * limit), 2.0 * limit)
            total = min(max(words[lines[i], j] + np.int64(added), -limit), limit)
            if abs(total) >= crossing:
                signs[i, j] = 1 if total > 0 else -1
                total = total - signs[i, j] * crossing if keep else np.int64(0)
            words[lines[i], j] = total
    return signs
