"""The controller: it issues the operations of the workload and waits for what they give."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from chipsim.circuits.component import ComponentParameters


class Parameters(ComponentParameters):
    """A controller; the program that it runs is the workload."""

    type: Literal["controller"]
    role: ClassVar[str] = "controller"
    depth: int = Field(
        default=1, ge=1, le=4096, description="images under way at once; 1: one after the other"
    )
