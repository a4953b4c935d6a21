"""How a learning rate falls over the images of a stage."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from chipsim.inputs.schema import Model
from chipsim.numerics.elementary import cosine


class StepDecay(Model):
    """The rate is multiplied by `factor` every `every` images."""

    type: Literal["step"]
    every: int = Field(ge=1, le=1_000_000_000, description="images between two steps")
    factor: float = Field(gt=0, le=1, description="of the rate at each step")

    def share(self, images: int) -> float:
        """The share of the rate that holds after some images."""
        return _power(self.factor, images // self.every)


class CosineDecay(Model):
    """The rate falls along half a cosine to `final` of itself (LoshchilovHutter2017, equation 5)."""

    type: Literal["cosine"]
    images: int = Field(ge=1, le=1_000_000_000, description="images of the fall; the rate stays there after")
    final: float = Field(default=0.0, ge=0, le=1, description="share of the rate at the end")

    def share(self, images: int) -> float:
        """The share of the rate that holds after some images."""
        done = min(images / self.images, 1.0)
        return self.final + (1.0 - self.final) * 0.5 * (1.0 + cosine(done))


Schedule = Annotated[StepDecay | CosineDecay, Field(discriminator="type")] | None
"""A field of a rule: None, the rate stays as it is."""


def _power(base: float, exponent: int) -> float:
    """A whole power by squaring: products alone, so that its bits are the same on every machine."""
    power = 1.0
    while exponent:
        power *= base if exponent & 1 else 1.0
        base, exponent = base * base, exponent >> 1
    return power
