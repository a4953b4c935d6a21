"""Programming: weights that a digital array holds are put onto the devices of a crossbar.

A program is a conversation like a rule's, without images: it fetches the weights of each layer, scales them
to what devices can hold, and brings every cell to its target w by one of these methods:

`noise`         open loop, as a distribution: each weight becomes w + spread x R z, z standard normal, and is
                cut to its device's bounds. No pulse is fired, counted or timed (Athena2024 takes 0 to 10 %).
`pulses`        open loop by the device model: every cell is read once, and gets as many pulses as lead a
                typical device of the model from that reading nearest to w. Nothing is read again.
`write-verify`  closed loop: cells are read a row at a time; each that is further from w than the tolerance
                gets one pulse towards it, until it is near enough or has had `max_pulses` (LeGallo2023: 30).

R is the nominal weight range, -1 to 1. A reading has the converters' resolution and the devices' write noise.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from chipsim.inputs.schema import Model
from chipsim.inputs.units import Share
from chipsim.learning.rule import LayerShape, Operation

WEIGHT_RANGE = 2.0
"""From the lower to the upper nominal bound [weight]; the unit of weight is the nominal bound."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Fetch(Operation):
    """Read all words of a digital matrix; the result is `(rows, columns)`."""

    kind: ClassVar[str] = "program"

    @property
    def reads(self) -> frozenset[str]:
        """The matrix."""
        return frozenset({self.matrix})

    @property
    def changes(self) -> frozenset[str]:
        """Nothing."""
        return frozenset()


@dataclass(frozen=True)
class VerifyRead(Operation):
    """Read rows of a matrix one at a time; the result is `(rows, columns)` [weight] of those rows."""

    kind: ClassVar[str] = "verify-read"
    lines: tuple[int, ...]

    @property
    def reads(self) -> frozenset[str]:
        """The matrix."""
        return frozenset({self.matrix})

    @property
    def changes(self) -> frozenset[str]:
        """Nothing."""
        return frozenset()


@dataclass(frozen=True)
class Fire(Operation):
    """Pulses `(rows, columns)` on the cells of a matrix, a row at a time, up where positive."""

    kind: ClassVar[str] = "program"
    counts: NDArray[np.int16] = field(repr=False)


@dataclass(frozen=True)
class Approach(Operation):
    """The pulses that lead a typical device from each present weight nearest to the wanted one."""

    kind: ClassVar[str] = "program"
    present: Floats = field(repr=False)
    wanted: Floats = field(repr=False)
    most: int


@dataclass(frozen=True)
class Place(Operation):
    """Set the weights of a matrix with Gaussian noise of a deviation [weight]."""

    kind: ClassVar[str] = "program"
    wanted: Floats = field(repr=False)
    deviation: float


Layered = Mapping[str, Floats]
"""Target weights `(rows, columns)` by layer."""
Unfinished = Mapping[str, NDArray[np.bool_]]
"""Cells that were still beyond the tolerance when their pulses were out, by layer."""
Dialogue = Generator[tuple[Operation, ...], tuple[Any, ...], Any]


class Noise(Model):
    """Open loop, as a distribution."""

    type: Literal["noise"]
    spread: Share = Field(description="deviation of the weights, of their range")
    tolerance: Share = Field(default=0.05, description="error that is not reported, of the range")

    reads: ClassVar[bool] = False
    pulses: ClassVar[bool] = False

    def write(self, matrix: str, wanted: Layered) -> Dialogue:
        """Set all weights at once."""
        deviation = self.spread * WEIGHT_RANGE
        yield tuple(Place(layer, matrix, values, deviation) for layer, values in wanted.items())


class Pulses(Model):
    """Open loop, by the device model's mean response."""

    type: Literal["pulses"]
    max_pulses: int = Field(default=1000, ge=1, le=30_000, description="most pulses on one cell")
    tolerance: Share = Field(default=0.05, description="error that is not reported, of the range")

    reads: ClassVar[bool] = True
    pulses: ClassVar[bool] = True

    def write(self, matrix: str, wanted: Layered) -> Dialogue:
        """Read everything once, then fire."""
        readings = yield tuple(
            VerifyRead(layer, matrix, tuple(range(len(values)))) for layer, values in wanted.items()
        )
        yield tuple(
            Approach(layer, matrix, present, values, self.max_pulses)
            for (layer, values), present in zip(wanted.items(), readings, strict=True)
        )


class WriteVerify(Model):
    """Closed loop: read, pulse, read again."""

    type: Literal["write-verify"]
    tolerance: Share = Field(default=0.02, description="error that a cell is left with, of the range")
    max_pulses: int = Field(default=30, ge=1, le=30_000, description="most pulses on one cell")

    reads: ClassVar[bool] = True
    pulses: ClassVar[bool] = True

    def write(self, matrix: str, wanted: Layered) -> Dialogue:
        """Until no cell is beyond the tolerance that has pulses left; returns which are beyond it."""
        cells = {layer: _Verified(values, self.tolerance * WEIGHT_RANGE) for layer, values in wanted.items()}
        for spent in range(self.max_pulses + 1):
            asked = {layer: cell.lines for layer, cell in cells.items() if cell.lines}
            if not asked:
                break
            readings = yield tuple(VerifyRead(layer, matrix, lines) for layer, lines in asked.items())
            for (layer, lines), reading in zip(asked.items(), readings, strict=True):
                cells[layer].take(lines, reading)
            firing = [layer for layer, cell in cells.items() if cell.beyond.any()]
            if not firing or spent == self.max_pulses:
                break
            yield tuple(Fire(layer, matrix, cells[layer].counts) for layer in firing)
        return {layer: cell.beyond for layer, cell in cells.items()}


class _Verified:
    """The cells of one matrix under verification; all that are beyond have had the same pulses."""

    def __init__(self, wanted: Floats, tolerance: float) -> None:
        self.wanted, self.tolerance = wanted, tolerance
        self.beyond = np.ones(wanted.shape, dtype=np.bool_)
        self.counts = np.zeros(wanted.shape, dtype=np.int16)

    @property
    def lines(self) -> tuple[int, ...]:
        """Rows that hold a cell beyond the tolerance."""
        return tuple(np.flatnonzero(self.beyond.any(axis=1)).tolist())

    def take(self, lines: tuple[int, ...], reading: Floats) -> None:
        """Compare the cells of some rows; one that has come within the tolerance is left alone for good."""
        chosen = list(lines)
        short = self.wanted[chosen] - reading
        self.beyond[chosen] &= np.abs(short) > self.tolerance
        self.counts[chosen] = np.sign(short) * self.beyond[chosen]


Method = Noise | Pulses | WriteVerify
METHODS: Mapping[str, type[Method]] = MappingProxyType(
    {"noise": Noise, "pulses": Pulses, "write-verify": WriteVerify}
)
"""How weights can be programmed, by the name that a file gives."""


class Programmed(NamedTuple):
    """Targets of the cells of a layer, and which of them a verification gave up (None: there was none)."""

    layer: str
    wanted: Floats
    beyond: NDArray[np.bool_] | None
    factor: float
    """By which the layer's weights were multiplied."""


@dataclass(frozen=True)
class Programming:
    """What a stage of kind `program` does: from a digital matrix of each layer to one of a crossbar."""

    source: str
    target: str
    method: Method
    scale: float = 1.0
    """Factor on all weights."""
    fill: float | None = None
    """In place of the factor: what the largest weight of each layer comes to, of the nominal bound."""
    rms: float | None = None
    """In place of both: what the root of the mean square of each layer's weights comes to."""
    compensate: bool = False
    """Divide the layer's gain by the factor, so that its sums stay as they were."""

    @property
    def scaled_by(self) -> str:
        """The key that says by what weights are multiplied."""
        return "rms" if self.rms is not None else "fill" if self.fill is not None else "scale"

    @property
    def pulsed(self) -> Mapping[str, str]:
        """The matrix that each operation pulses."""
        return {"program": self.target}

    def operations(self) -> tuple[tuple[str, str], ...]:
        """What it may ask for, each with its matrix."""
        asked = [("program", self.source)]
        asked += [("program", self.target)] if self.method.pulses else []
        return (*asked, ("verify-read", self.target)) if self.method.reads else tuple(asked)

    def start(self, layers: Sequence[LayerShape], blocks: Sequence[LayerShape]) -> Dialogue:
        """Fetch, scale and write the weights of all layers, block by block; returns what was `Programmed`."""
        fetched = yield tuple(Fetch(layer.name, self.source) for layer in layers)
        factors = {layer.name: self.factor(values) for layer, values in zip(layers, fetched, strict=True)}
        scaled = {
            layer.name: values * factors[layer.name] for layer, values in zip(layers, fetched, strict=True)
        }
        wanted = {
            block.name: scaled[block.layer][
                block.row : block.row + block.rows, block.column : block.column + block.columns
            ]
            for block in blocks
        }
        beyond = (yield from self.method.write(self.target, wanted)) or {}
        return tuple(
            Programmed(block.name, wanted[block.name], beyond.get(block.name), factors[block.layer])
            for block in blocks
        )

    def factor(self, weights: Floats) -> float:
        """The factor on the weights of a layer."""
        if self.rms is not None:
            size = float(np.sqrt(np.mean(weights**2)))
            return self.rms / size if size > 0 else 1.0
        if self.fill is None:
            return self.scale
        largest = float(np.abs(weights).max())
        return self.fill / largest if largest > 0 else 1.0
