"""The controller: it issues the operations of the workload and waits for what they give."""

from __future__ import annotations

from typing import ClassVar, Literal

from chipsim.circuits.component import ComponentParameters


class Parameters(ComponentParameters):
    """A controller has no parameter yet; the program that it runs is the workload."""

    type: Literal["controller"]
    role: ClassVar[str] = "controller"
