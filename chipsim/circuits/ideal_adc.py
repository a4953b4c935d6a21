"""An exact bank: sums are read as they are, without rounding, bound or noise.

It takes the time and is priced as sampling converters of its `bits`.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from chipsim.accounting.work import Work
from chipsim.circuits import adc


class Parameters(adc.Bank):
    """A bank of exact converters."""

    type: Literal["ideal-adc"]


class IdealAdc(adc.Turns):
    """A bank of exact converters at work."""

    def convert(self, sums: NDArray[np.float64], driven: int) -> tuple[NDArray[np.float64], Work]:
        """Sums `(vectors, lines)` [weight] as they are."""
        return sums, self.work(*sums.shape)


Circuit = IdealAdc
