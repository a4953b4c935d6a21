"""What every component type declares: its parameters, its ports and the defaults of its durations.

A component type is one module of this room. Its `Parameters` are what an architecture file may say of
it; the module's circuit class computes values and returns them beside the Work that it took.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import ClassVar, Literal, NamedTuple, Protocol

from chipsim.accounting.table import Figure
from chipsim.inputs.schema import Model

PICOSECONDS = 1e12

Ports = Mapping[str, frozenset[str]]

Duration = Figure[float]
"""A duration [s] as published: typical, with the ends of its range, source and status like a price.

Ends are whole picoseconds, so that a file can set them; an end that is not given is the typical value.
"""
Preset = Literal["measured", "ideal"]
Timing = Mapping[str, Mapping[Preset, Duration]]
"""From a field to the duration that each preset fills in."""

CYCLE = Duration(
    typical=1e-9, optimistic=0.5e-9, conservative=2e-9, source=("KhaddamAljameh2022",),
    where="the 1 GHz clock of the HERMES core; optimistic 2 GHz, conservative 0.5 GHz", status="secondary",
)  # fmt: skip
"""Of digital logic."""
TWO_CYCLES = Duration(
    typical=2e-9, optimistic=1e-9, conservative=4e-9, source=("KhaddamAljameh2022",),
    where="two cycles of the 1 GHz clock of the HERMES core; optimistic at 2 GHz, conservative at 0.5 GHz",
    status="derived",
)  # fmt: skip


class Timed(NamedTuple):
    """A duration of a component: where it stands in its parameters, its value [s] and what it could be."""

    path: str
    seconds: float
    presets: Mapping[Preset, Duration]

    def default(self, preset: Preset) -> Duration | None:
        """The duration that the preset fills in, if it is this one; None where a file says otherwise."""
        filled_in = self.presets[preset]
        same = picoseconds(filled_in.at("typical")) == picoseconds(self.seconds)
        return filled_in if same else None


class Clocked(NamedTuple):
    """A duration in periods of a clock."""

    periods: int
    clock: float
    """[Hz]."""
    of: str
    """What the periods are, as in 'slots'."""

    @property
    def seconds(self) -> float:
        """The duration, to the nearest picosecond, which time is counted in."""
        return picoseconds(self.periods / self.clock) / PICOSECONDS


class ComponentParameters(Model):
    """Base of every component's `Parameters`.

    `accepts` and `emits` give, for each port, the kinds of signal that it takes and gives: digital
    (words), drive (a read voltage on lines), pulses (write pulses on lines), current (summed on
    lines). `target` and `source` are the ports that a link means by the component's bare name.
    `timing` names durations that `timing: measured | ideal` fills in where a file gives none, each
    with its range, source and status.
    """

    type: str
    """Each type fixes its own."""

    role: ClassVar[str]
    """The part that it plays in routes: that of the shipped type whose name it is.

    Another kind of converter, say, is a module of its own with another type and the role adc; its module
    names the class that does the work as `Circuit`.
    """

    accepts: ClassVar[Ports] = {"": frozenset({"digital"})}
    emits: ClassVar[Ports] = {"": frozenset({"digital"})}
    target: ClassVar[str] = ""
    source: ClassVar[str] = ""
    actions: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    """Actions that it may post to the ledger, by the role of the bank at the head of the route ('': any)."""
    timing: ClassVar[Timing] = {}

    def clocked(self) -> Mapping[str, Clocked]:
        """Durations that follow from a clock which the file gives in their place, by parameter."""
        return {}

    in_turns: ClassVar[str] = ""
    """The parameter that says at how many units the lines or words of a transaction take turns, if any does.

    With twice as many, a transaction takes half the time, or a little more.
    """

    def posts(self) -> Mapping[str, tuple[str, ...]]:
        """Actions that it may post with these parameters, like `actions`."""
        return self.actions

    def durations(self) -> Iterator[Timed]:
        """Its durations: those of its own, then those of parts of it that have `timing` themselves."""
        for owner, before in ((self, ""), *((value, f"{name}.") for name, value in self)):
            for field, presets in getattr(owner, "timing", {}).items():
                yield Timed(before + field, getattr(owner, field), presets)


class DacBank(Protocol):
    """What the compiler asks of a component in the role dac, whatever its type."""

    @property
    def lanes(self) -> int:
        """Lines that it drives at once."""
        ...

    @property
    def bits(self) -> int:
        """Magnitude bits of an input: a line is driven for 0..2^bits slots."""
        ...

    @property
    def integration(self) -> float | None:
        """Time of one read [s]."""
        ...


class Drivers(Protocol):
    """What the compiler asks of a component in the role pulse-driver."""

    @property
    def bit_length(self) -> int:
        """Longest train, in slots."""
        ...

    @property
    def pulse_width(self) -> float | None:
        """Time of one slot and phase [s]."""
        ...


class Words(Protocol):
    """What the compiler asks of a component in the role integrator."""

    @property
    def bits(self) -> int:
        """Bits of a word, sign included."""
        ...

    @property
    def range(self) -> float:
        """Largest value that a word holds [weight]."""
        ...


ROLES: Mapping[str, type] = MappingProxyType({"dac": DacBank, "pulse-driver": Drivers, "integrator": Words})
"""What the parameters of a role must give; roles that are not here must give nothing."""


def lacking(parameters: type[ComponentParameters]) -> tuple[str, ...]:
    """What a class of parameters does not give of what its role needs."""
    needed = vars(ROLES.get(parameters.role, object))
    wanted = (name for name, value in needed.items() if isinstance(value, property))
    return tuple(
        name for name in wanted if name not in parameters.model_fields and not hasattr(parameters, name)
    )


def picoseconds(seconds: float) -> int:
    """A duration as the event kernel counts it: whole picoseconds."""
    return round(seconds * PICOSECONDS)
