"""Nonlinear-pulse cell: potentiation and depression along an exponential curve each, as in NeuroSim.

With P pulses of P_max, conductance runs between G_min and G_max along (NeuroSim2018, eqs. 8 to 10)

    potentiation:  G = G_min + B (1 - exp(-P / A))
    depression:    G = G_max - B (1 - exp((P - P_max) / A)),    B = (G_max - G_min) / (1 - exp(-P_max / A))

with an A of its own for each direction. A pulse goes one step along its curve from wherever the device is:
inverting the curve at the present state shows that this is a straight line in the state, so no curve is
ever inverted here. With s the state on the scale where G_min is -1 and G_max is 1, and c = P_max / A,

    up:    s <- s + k (t - s),    k = 1 - exp(-c / P_max),    t = 2 / (1 - exp(-c)) - 1
    down:  s <- s + k (t - s),    k = 1 - exp(c / P_max),     t as above with the c of depression

plus n z of cycle-to-cycle noise, z standard normal; then s is cut to -1..1. The noise is a share of the
whole range and comes with every pulse (NeuroSim2018, section V.C).

A curve is named by a nonlinearity label from -9 to 9: 10.1015 times the largest distance of the
normalised curve from the straight line. The papers give the label by a table alone (Nonlinearity-NormA in
NeuroSim2021's files); this closed form meets its 900 entries to four digits. A positive label bends
upwards, as potentiation does; depression at a negative label falls steeply from G_max, the usual case, and
at a positive one goes back along the curve of potentiation. From device to device the labels spread by a
normal deviate of each direction's own.

Symmetry point, where the two steps cancel:  s* = (k+ t+ + k- t-) / (k+ + k-), k- t- being negative. There
is none where k+ + k- <= 0 (both curves straight, or depression going back along potentiation), nor where
s* lies beyond the range.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from chipsim.devices.device import DeviceModel, Floats
from chipsim.numerics.draws import normal
from chipsim.numerics.elementary import exp, log
from chipsim.numerics.kernel import Kernel, kernel

LABEL = 10.1015
"""Nonlinearity label over the largest distance from the straight line; see the module's docstring."""
LARGEST_LABEL = 9.0
STRAIGHT = 1e-4
"""Label below which the distance is taken as c / 8, its series: the closed form loses digits there."""


@kernel
def nonlinear_step(state: Any, numbers: Any, up: Any, z: Any) -> Any:
    """State after one pulse; numbers are k t and k of up, k t and k of down, noise."""
    one, noise = np.float32(1.0), numbers[4] * z
    if up:
        return min(max(state + (numbers[0] - numbers[1] * state) + noise, -one), one)
    return min(max(state + (numbers[2] - numbers[3] * state) + noise, -one), one)


@kernel
def curvature(label: Any) -> Any:
    """P_max / A of the curve with a nonlinearity label, signed like it.

    The distance D of (1 - exp(-c p)) / (1 - exp(-c)) from p is largest where the slope is 1. D(c) rises from
    c / 8 with an ever smaller slope, so Newton's steps from the left never pass the c that is looked for.
    """
    distance = min(abs(label), LARGEST_LABEL) / LABEL
    c = 8.0 * distance
    if distance >= STRAIGHT / LABEL:
        for _ in range(12):
            fall = exp(-c)
            b = 1.0 / (1.0 - fall)
            slope = -fall * b * b
            rise = log(c * b)
            c += (distance - b + (1.0 + rise) / c) / (slope - (c * slope / b - rise) / (c * c))
    return c if label > 0.0 else -c


@kernel
def line(label: Any, levels: Any, up: Any) -> Any:
    """k t and k of a direction, from its nonlinearity label and its pulses from end to end."""
    c = curvature(label)
    sign = 1.0 if up else -1.0
    if c == 0.0:
        return sign * 2.0 / levels, 0.0
    k = 1.0 - exp(-sign * c / levels)
    return k * (2.0 / (1.0 - exp(-c)) - 1.0), k


class CellModel(DeviceModel):
    """Parameters of a nonlinear-pulse cell; g_mid - g_span and g_mid + g_span are G_min and G_max."""

    levels_up: int = Field(ge=1, le=65536, description="pulses that raise a device from G_min to G_max")
    levels_down: int = Field(ge=1, le=65536, description="pulses that lower a device from G_max to G_min")
    nonlinearity_up: float = Field(ge=-9, le=9, description="nonlinearity label of potentiation")
    nonlinearity_down: float = Field(
        ge=-9, le=9, description="nonlinearity label of depression; negative: steep from G_max"
    )
    nonlinearity_spread: float = Field(
        ge=0, le=9, description="device-to-device spread of both labels, each on its own"
    )
    cycle_to_cycle: float = Field(
        ge=0, le=1, description="spread of the state after one pulse, as a share of the whole range"
    )

    width: ClassVar[int] = 5
    step_kernel: ClassVar[Kernel[..., Any]] = nonlinear_step

    @property
    def granularity(self) -> float:
        """Mean of the two steps at state 0 [weight] of a device with the mean labels."""
        up, _ = line(self.nonlinearity_up, self.levels_up, True)
        down, _ = line(self.nonlinearity_down, self.levels_down, False)
        return 0.5 * float(up - down)

    @property
    def write_noise_deviation(self) -> float:
        """None: what is stored is what is read."""
        return 0.0

    def sample(self, rows: int, columns: int, key: np.uint64) -> tuple[Floats, Floats, Floats, Floats]:
        """Draw an array of devices; see `DeviceModel.sample`. The reference is the middle of the range."""
        numbers = np.empty((rows, columns, self.width), dtype=np.float32)
        labels = np.array([self.nonlinearity_up, self.nonlinearity_down, self.nonlinearity_spread])
        levels = np.array([self.levels_up, self.levels_down], dtype=np.float64)
        _sample(numbers, labels, levels, 2.0 * self.cycle_to_cycle, key)
        one = np.ones((rows, columns), dtype=np.float32)
        return numbers, -one, one, np.zeros((rows, columns), dtype=np.float32)

    @staticmethod
    def symmetry_points(numbers: NDArray[Any]) -> NDArray[Any]:
        """State at which an up and a down pulse cancel on average, per device `(rows, columns)`."""
        rates = numbers[..., 1] + numbers[..., 3]
        with np.errstate(invalid="ignore", divide="ignore"):
            points = (numbers[..., 0] + numbers[..., 2]) / rates
        return np.where((rates > 0) & (np.abs(points) <= 1), points, np.nan)


@kernel
def _sample(numbers: Any, labels: Any, levels: Any, noise: Any, key: Any) -> None:
    columns, spread = numbers.shape[1], labels[2]
    up, up_rate = line(labels[0], levels[0], True)
    down, down_rate = line(labels[1], levels[1], False)
    for row in range(numbers.shape[0]):
        for column in range(columns):
            cell = row * columns + column
            if spread > 0.0:
                up, up_rate = line(labels[0] + spread * normal(key, cell, 0), levels[0], True)
                down, down_rate = line(labels[1] + spread * normal(key, cell, 1), levels[1], False)
            values = (up, up_rate, down, down_rate, noise)
            for index in range(5):
                numbers[row, column, index] = values[index]
