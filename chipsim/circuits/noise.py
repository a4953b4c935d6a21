"""Gaussian noise of readings: drawn for each vector, line and repetition, by index and never by order."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from chipsim.numerics.draws import normal
from chipsim.numerics.kernel import kernel


def disturbed(
    sums: NDArray[np.float64], deviations: NDArray[np.float64], key: np.uint64,
    draws: NDArray[np.int64], turn: int,
) -> NDArray[np.float64]:  # fmt: skip
    """Sums `(vectors, lines)` with noise of a standard deviation for each vector.

    `key` is the stream; `draws` the index of each vector in it, `turn` that of the repetition.
    """
    return cast("NDArray[np.float64]", _disturbed(sums, deviations, key, draws, turn))


@kernel
def _disturbed(sums: Any, deviations: Any, key: Any, draws: Any, turn: Any) -> Any:
    noisy = np.empty(sums.shape, dtype=np.float64)
    for i in range(sums.shape[0]):
        for j in range(sums.shape[1]):
            noisy[i, j] = sums[i, j] + deviations[i] * normal(key, draws[i], (np.int64(turn) << 32) | j)
    return noisy


@kernel
def root_of_squares(drive: Any, unit: Any) -> Any:
    """Root of the sum of (unit x drive)^2 over the lines of each vector `(vectors, lines)`."""
    roots = np.zeros(drive.shape[0], dtype=np.float64)
    for i in range(drive.shape[0]):
        for j in range(drive.shape[1]):
            x = unit * drive[i, j]
            roots[i] += x * x
        roots[i] = np.sqrt(roots[i])
    return roots
