"""An exact bank: inputs drive lines as they are, without rounding and without a bound.

It takes the time and is priced as the pulse-width converters of its `bits`: what a read costs in duty is
counted in whole slots of 2^bits at full scale, a part of a slot as a whole one, so that no input that is
driven counts as none. An input of 3 is three times full scale there.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from chipsim.accounting.work import Work
from chipsim.circuits import dac


class Parameters(dac.Bank):
    """A bank of exact converters."""

    type: Literal["ideal-dac"]


class IdealDac(dac.Lanes):
    """A bank of exact converters at work."""

    def convert(self, values: NDArray[np.float64]) -> tuple[NDArray[np.float64], Work]:
        """The values `(vectors, lines)`, in units of full drive."""
        return values, self.work(values.shape[0], values.size)

    def select(self, lines: int, chosen: tuple[int, ...]) -> tuple[NDArray[Any], Work]:
        """Drive `(chosen, lines)` of one line after another at 1, the rest not at all."""
        codes, work = super().select(lines, chosen)
        return codes / self.full_scale, work


Circuit = IdealDac
