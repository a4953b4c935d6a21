"""What simulated time does to devices that nothing writes to: laws, and when each device was last written.

A law is a compiled kernel from a state, the device's own numbers and the seconds since its last write to
the state that is left. A model that declares one is of devices that age; a model that declares none pays
nothing. Three laws are ready for models to declare:

    leak              s(t) = r + (s - r) exp(-t / tau)          numbers: tau [s], r
    drift             s(t) = s (t / t0)^-nu  for t > t0         numbers: nu, t0 [s]
    log_relaxation    s(t) = s - k ln(1 + t / t0)               numbers: k, t0 [s]

An exponential leak forgets when it began: two spans of time do what both do together. The other two know
how long ago the last write was, and start again at every write.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from chipsim.numerics.draws import normal
from chipsim.numerics.elementary import exp, log
from chipsim.numerics.kernel import Kernel, kernel

if TYPE_CHECKING:
    from chipsim.devices.device import Region


class Law(NamedTuple):
    """How the state of a device changes with time while nothing writes to it."""

    relax: Kernel[..., Any]
    """`(state, numbers, elapsed) -> state`, the seconds elapsed since the last write as float64."""
    memoryless: bool = False
    """Whether two spans of time, one after the other, do what both do together."""
    undone_by_a_write: bool = False
    """Whether a pulse steps from what was last written; otherwise it steps from what time has left."""


@kernel
def leak(state: Any, numbers: Any, elapsed: Any) -> Any:
    """Exponential decay to a level: charge that leaves a capacitor through a resistance."""
    return numbers[1] + (state - numbers[1]) * exp(-elapsed / numbers[0])


@kernel
def drift(state: Any, numbers: Any, elapsed: Any) -> Any:
    """Power law of structural relaxation in a phase-change device (Joshi2020, section on drift).

    Before t0, the time from a pulse at which the state that it leaves is measured, nothing changes.
    """
    return state * exp(-numbers[0] * log(max(elapsed / numbers[1], 1.0)))


@kernel
def log_relaxation(state: Any, numbers: Any, elapsed: Any) -> Any:
    """Relaxation in the logarithm of time, by the same amount from every state (Falcone2025)."""
    return state - numbers[0] * log(1.0 + elapsed / numbers[1])


@kernel
def sample_normal(values: Any, mean: Any, deviation: Any, key: Any) -> None:
    """Fill `values` `(rows, columns)` with one normal draw for each device."""
    columns = values.shape[1]
    for row in range(values.shape[0]):
        for column in range(columns):
            values[row, column] = mean + deviation * normal(key, row * columns + column, 0)


class Ageing:
    """The devices of one array in time: when each was last written [ps], and what is left of its state.

    Arrays are `(rows, columns)`; `numbers` is `(rows, columns, numbers of the law)`. What is left stays
    within the bounds `lower` and `upper`.
    """

    def __init__(
        self, law: Law, numbers: NDArray[np.float32], lower: NDArray[Any], upper: NDArray[Any]
    ) -> None:
        self.law = law
        self.written: NDArray[np.int64] = np.zeros(lower.shape, dtype=np.int64)
        self._devices = (numbers, lower, upper)
        self._relaxed = _relaxed.around(relax=law.relax)

    def left(self, state: NDArray[Any], region: Region, now: int) -> NDArray[Any]:
        """State of a region's devices at a time [ps], from the state that was last written."""
        left = np.empty((region.rows, region.columns), dtype=state.dtype)
        numbers, lower, upper, written = (region.of(array) for array in (*self._devices, self.written))
        self._relaxed(left, region.of(state), numbers, lower, upper, written, now)
        return left

    def write(self, state: NDArray[Any], region: Region, chosen: NDArray[np.bool_], now: int) -> None:
        """Note that the chosen devices are written now; each is left where the write finds it."""
        if not self.law.undone_by_a_write:
            np.copyto(region.of(state), self.left(state, region, now), where=chosen)
        region.of(self.written)[chosen] = now


@kernel
def relax(state: Any, numbers: Any, elapsed: Any) -> Any:
    """The place of a law's own kernel; never called itself."""
    return state


@kernel
def _relaxed(left: Any, state: Any, numbers: Any, lower: Any, upper: Any, written: Any, now: Any) -> None:
    rows, columns = left.shape
    for row in range(rows):
        for column in range(columns):
            value = state[row, column]
            elapsed = (now - written[row, column]) * 1e-12
            if elapsed > 0.0:
                value = relax(value, numbers[row, column], elapsed)
                value = min(max(value, lower[row, column]), upper[row, column])
            left[row, column] = value
