"""Networks: layers as shapes and connections, and the loss at the end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field, model_validator

from chipsim.inputs.schema import Model

Activation = Literal["identity", "relu", "tanh", "sigmoid"]


class Dense(Model):
    """A fully connected layer: outputs = activation(gain W x), with x extended by a 1 if it has a bias."""

    type: Literal["dense"]
    name: str | None = Field(
        default=None, pattern=r"^[A-Za-z0-9_-]{1,64}$", description="default: dense1, ..."
    )
    inputs: int = Field(alias="in", ge=1, le=65536, description="inputs")
    outputs: int = Field(alias="out", ge=1, le=65536, description="outputs")
    bias: bool = Field(default=False, description="a row more, driven by a constant 1")
    activation: Activation = Field(default="identity", description="after the sum")
    gain: float = Field(default=1.0, gt=0, le=1e6, description="digital factor on the sum")

    @property
    def rows(self) -> int:
        """Lines that the layer's matrix is driven by."""
        return self.inputs + self.bias


class Loss(Model):
    """Softmax cross entropy of the scaled outputs."""

    type: Literal["softmax-cross-entropy"]
    scale: float = Field(default=1.0, gt=0, le=1e6, description="factor on the outputs before the softmax")


class Network(Model):
    """Layers in order, and the loss."""

    layers: tuple[Dense, ...] = Field(min_length=1, max_length=64)
    loss: Loss

    @model_validator(mode="after")
    def _connects(self) -> Network:
        for first, second in zip(self.layers, self.layers[1:], strict=False):
            if first.outputs != second.inputs:
                raise ValueError(
                    f"a layer with {second.inputs} inputs follows one with {first.outputs} outputs; "
                    f"write 'in: {first.outputs}'"
                )
        if (last := self.layers[-1].activation) != "identity":
            raise ValueError(
                f"the loss is taken of the last layer's sums; leave out its 'activation: {last}'"
            )
        names = [name for name, _ in self.named()]
        if len(set(names)) < len(names):
            raise ValueError("two layers have the same name; give each its own")
        return self

    def named(self) -> Iterator[tuple[str, Dense]]:
        """The layers with their names: their own, or `dense1`, `dense2`, ..."""
        for index, layer in enumerate(self.layers, start=1):
            yield layer.name or f"dense{index}", layer

    @property
    def inputs(self) -> int:
        """Inputs of the first layer."""
        return self.layers[0].inputs

    @property
    def outputs(self) -> int:
        """Outputs of the last layer: the number of classes."""
        return self.layers[-1].outputs
