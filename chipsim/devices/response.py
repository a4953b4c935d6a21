"""The mean response of a device model to pulses: what open-loop programming counts on.

A typical device has the median of each number that devices of the model are drawn with, and the median
reference; its steps are the model's own without cycle-to-cycle noise.
"""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from chipsim.devices.device import DeviceModel, Floats
from chipsim.devices.trains import step
from chipsim.numerics.draws import stream
from chipsim.numerics.kernel import Kernel, kernel

_SIDE = 64  # of the square array whose devices the medians are taken of


class Typical(NamedTuple):
    """A typical device: what the model's step reads `(width,)`, and the state at weight 0."""

    numbers: Floats
    reference: float


@functools.lru_cache(maxsize=16)
def typical(model: DeviceModel) -> Typical:
    """The typical device of a model, of 4,096 that are drawn for it."""
    numbers, _, _, reference = model.sample(_SIDE, _SIDE, stream(0, "typical device"))
    return Typical(np.median(numbers, axis=(0, 1)).astype(np.float32), float(np.median(reference)))


def pulses_between(
    model: DeviceModel, present: NDArray[np.float64], wanted: NDArray[np.float64], most: int
) -> NDArray[np.int16]:
    """Pulses, up where positive, that lead a typical device from present weights nearest to the wanted ones.

    Weights are `(rows, columns)`; a cell gets at most `most` pulses, and none that no longer move it.
    """
    own = model.pulses_between(present, wanted, most)
    if own is not None:
        return own
    device = typical(model)
    count: Kernel[..., Any] = _pulses_between.around(step=type(model).step_kernel)
    pulses: NDArray[np.int16] = count(
        present + device.reference, wanted + device.reference, device.numbers, most
    )
    return pulses


@kernel
def _pulses_between(present: Any, wanted: Any, numbers: Any, most: Any) -> Any:
    pulses = np.zeros(present.shape, dtype=np.int16)
    for row in range(present.shape[0]):
        for column in range(present.shape[1]):
            state, goal = np.float32(present[row, column]), np.float32(wanted[row, column])
            up = goal > state
            while abs(pulses[row, column]) < most and state != goal:
                after = step(state, numbers, up, np.float32(0.0))
                if abs(after - goal) >= abs(state - goal):
                    break
                state = after
                pulses[row, column] += 1 if up else -1
    return pulses
