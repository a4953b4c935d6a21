"""What a laboratory would measure of a cell: how its devices differ, answer pulses and scatter.

Everything is measured on an array of the model's own devices through the contract that a crossbar uses:
placed, pulsed, read. All devices are pulsed at once, each with draws of its own.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from chipsim.devices.device import Cells, DeviceModel, Region

QUANTITIES = ("step_up", "step_down", "w_max", "w_min", "symmetry_point", "reference", "states")
"""What is told of every cell, whether its model has it or not; see `Cells.quantities`."""

FOLLOWED = 6
"""Devices whose own way under pulses is kept beside the mean."""

PAIRS = 50
"""Pairs of one up and one down pulse on the way to the symmetry point."""


class Spread(NamedTuple):
    """How a quantity is distributed over the devices that have it."""

    mean: float
    std: float
    p5: float
    p50: float
    p95: float


class Point(NamedTuple):
    """Stored weights of all devices after the k-th pulse of a phase: start, up or down."""

    phase: str
    k: int
    mean: float
    std: float


class Noise(NamedTuple):
    """What differs from pulse to pulse and between storing and reading; None where it cannot be told."""

    cycle_to_cycle: float | None
    """Standard deviation of one step, in the device's own steps."""
    write: float
    """Standard deviation of the value that is read about the value that is stored [weight]."""


@dataclass(frozen=True)
class Characteristics:
    """All that was measured of some devices of one model."""

    devices: int
    quantities: Mapping[str, NDArray[np.float64]]
    """Values of the devices that have the quantity, `(devices,)`."""
    response: tuple[Point, ...]
    """K pulses up, then K down, from weight 0; empty where a pulse moves nothing."""
    followed: NDArray[np.float64]
    """Weights of the first devices along `response`, `(points, devices)`."""
    settling: Mapping[str, tuple[Point, ...]]
    """Pairs of up and down pulses from weight 1 (`above`) and -1 (`below`); k counts pairs."""
    noise: Noise
    single: bool
    """Whether a weight is the state of one device, so that the device's conductance is g_mid + g_span w."""

    def spread(self) -> dict[str, Spread | None]:
        """Distribution of every quantity; None of one that the model does not have."""
        names = dict.fromkeys((*QUANTITIES, *self.quantities))
        return {name: _spread(self.quantities[name]) if name in self.quantities else None for name in names}


def measure(model: DeviceModel, devices: int, pulses: int, seed: int) -> Characteristics:
    """Measure so many devices of a model, with `pulses` up and as many down.

    The same model, seed and number of devices give the same figures, to the bit; a device's own figures
    do not depend on how many are measured.
    """
    found = _array(model, devices, seed)
    quantities = {name: values[np.isfinite(values)] for name, values in found.quantities().items()}
    moves = "step_up" in quantities
    response, followed = _response(found, pulses) if moves else ((), np.empty((0, 0)))
    starts = {"above": 1.0, "below": -1.0} if moves else {}
    settling = {name: _settling(_array(model, devices, seed), start) for name, start in starts.items()}
    noise = _noise(_array(model, devices, seed), moves)
    single = found.conductances.shape == found.shape
    return Characteristics(devices, quantities, response, followed, settling, noise, single)


def _array(model: DeviceModel, devices: int, seed: int) -> Cells:
    """An array as square as the number of devices allows."""
    rows = max(side for side in range(1, math.isqrt(devices) + 1) if devices % side == 0)
    return model.build(rows, devices // rows, seed, "device")


def _spread(values: NDArray[np.float64]) -> Spread:
    p5, p50, p95 = np.quantile(values, [0.05, 0.5, 0.95])
    return Spread(float(values.mean()), float(values.std()), float(p5), float(p50), float(p95))


def _whole(found: Cells) -> Region:
    return Region(0, 0, *found.shape)


def _place(found: Cells, weight: float) -> None:
    found.place(_whole(found), np.full(found.shape, weight))


def _fire(found: Cells, sign: int) -> None:
    found.pulse(_whole(found), np.full((1, *found.shape), sign, dtype=np.int16))


def _stored(found: Cells) -> NDArray[np.float64]:
    return found.weights.astype(np.float64)


def _point(found: Cells, phase: str, k: int) -> Point:
    weights = _stored(found)
    return Point(phase, k, float(weights.mean()), float(weights.std()))


def _response(found: Cells, pulses: int) -> tuple[tuple[Point, ...], NDArray[np.float64]]:
    _place(found, 0.0)
    points, ways = [_point(found, "start", 0)], [_stored(found).ravel()[:FOLLOWED]]
    for phase, sign in (("up", 1), ("down", -1)):
        for k in range(1, pulses + 1):
            _fire(found, sign)
            points.append(_point(found, phase, k))
            ways.append(_stored(found).ravel()[:FOLLOWED])
    return tuple(points), np.array(ways)


def _settling(found: Cells, start: float) -> tuple[Point, ...]:
    """Mean and spread of the weight in the middle between an up and the down pulse that follows it.

    A step is finite, so that the weight after the up pulse lies above the symmetry point and after the
    down pulse below it.
    """
    _place(found, start)
    points = [_point(found, "start", 0)]
    for k in range(1, PAIRS + 1):
        _fire(found, 1)
        above = _stored(found)
        _fire(found, -1)
        middle = 0.5 * (above + _stored(found))
        points.append(Point("pair", k, float(middle.mean()), float(middle.std())))
    return tuple(points)


def _noise(found: Cells, moves: bool) -> Noise:
    """Two first steps of the same devices from weight 0, with draws of their own; and one read of them.

    Cycle-to-cycle spread is that of half the difference of the two steps, over the devices whose bound is
    four steps away, so that it cuts neither.
    """
    _place(found, 0.0)
    read, _ = found.apparent(_whole(found))
    write = float((read - _stored(found)).std())
    if not moves:
        return Noise(None, write)
    start = _stored(found)
    steps = []
    for _ in range(2):
        _place(found, 0.0)
        _fire(found, 1)
        steps.append(_stored(found) - start)
    quantities = found.quantities()
    own, room = quantities["step_up"], quantities.get("w_max", np.inf)
    free = (own > 0) & (4 * own < room)
    if not free.any():
        return Noise(None, write)
    differences = (steps[0] - steps[1])[free] / own[free]
    return Noise(float(np.sqrt(np.mean(differences**2) / 2)), write)
