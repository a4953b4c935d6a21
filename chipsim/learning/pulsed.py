"""What rules that pulse weights have in common: their trains and the schedule of their learning rate."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from chipsim.circuits.pulse_driver import Management
from chipsim.learning.rule import Chunk, LayerShape, LearningRule, Update
from chipsim.learning.schedule import Schedule


class PulsedRule(LearningRule):
    """Hyper-parameters of every rule whose updates are pulse trains.

    What update and bit-length management do stands at `circuits/pulse_driver.py`. A learning rate that
    falls by steps is that of GokmenVlasov2016 (0.01, then half of it after 10 and after 20 epochs). Where A
    lies between, it is the transfer to the weights that falls.
    """

    bit_length: int | None = Field(
        default=None, ge=1, le=64, description="slots of a train (default: all that the drivers can do)"
    )
    update_management: bool = Field(
        default=False, description="split the pulse probability by an image's largest input and error"
    )
    bit_length_management: bool = Field(
        default=False, description="no more slots than an image needs; goes with update management"
    )
    schedule: Schedule = Field(default=None, description="how the learning rate falls (default: it does not)")

    @property
    def management(self) -> Management:
        """What of a train follows the largest values of its image."""
        return Management(self.update_management, self.bit_length_management)

    def uneven(self) -> frozenset[str]:
        """Updates, where an image's trains are as long as it needs."""
        return frozenset({"update"}) if self.bit_length_management else frozenset()

    def longest_train(self) -> int | None:
        """The bit length that the file asks for."""
        return self.bit_length

    def share(self, image: int) -> float:
        """The share of the learning rate that holds at an image of the stage."""
        return self.schedule.share(image) if self.schedule else 1.0

    def scheduled(self, chunk: Chunk, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Values `(images, lines)` of a chunk's images, each with its image's share."""
        if self.schedule is None:
            return values
        shares = np.array([self.share(chunk.first + image) for image in range(chunk.images)])
        scaled: NDArray[np.float64] = values * shares[:, None]
        return scaled

    def updates(
        self, layers: Sequence[LayerShape], matrix: str, x: Sequence[NDArray[np.float64]],
        error: Sequence[NDArray[np.float64]], rates: Sequence[float], first: int,
    ) -> tuple[Update, ...]:  # fmt: skip
        """One update of a matrix of each layer."""
        return tuple(
            Update(layer.name, matrix, a, d, rate, self.bit_length, first, self.management)
            for layer, a, d, rate in zip(layers, x, error, rates, strict=True)
        )
