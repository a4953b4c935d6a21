"""Which durations set the time of a component in an operation, and how far each of them is known.

An array takes the time of the bank that is held together with it: the integration of the DACs that drive a
read, the pulse width of drivers. Such a bank's own legs, before it takes hold of an array, are what its
further durations set (the scaling of noise management). Every other component takes the time of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from chipsim.architecture import groups
from chipsim.architecture.plan import Plan
from chipsim.circuits.component import Duration

HOLDING = ("dac", "pulse-driver")
"""Roles of banks that are held together with an array."""


class Setting(NamedTuple):
    """A duration of a component of a plan: where it stands and its value [s].

    The component is the one that the file declares; its copies share their durations.
    """

    component: str
    path: str
    seconds: float

    @property
    def name(self) -> str:
        """Component and parameter, such as `dac.integration`."""
        return f"{self.component}.{self.path}"


def setting(plan: Plan, operation: str, component: str, served: bool = True) -> tuple[Setting, ...]:
    """The durations that set how long a component serves an operation, or is waited for.

    There are several where banks take turns with an array in one operation, and for a component with several
    durations of its own.
    """
    role = plan.architecture.components[component].role
    if role == "crossbar":
        held = (each for bank in banks(plan, operation, component) for each in _held(plan, bank))
        return tuple(dict.fromkeys(held))
    if role in HOLDING:
        return tuple(_own(plan, component) if served else _held(plan, component))
    return tuple(_all(plan, component))


def banks(plan: Plan, operation: str, component: str) -> tuple[str, ...]:
    """The banks that are held while an array serves an operation.

    One with bound management is held while converters serve it, too.
    """
    components = plan.architecture.components
    role = components[component].role
    heads = sorted({route[0] for route in plan.visits.get((operation, component), ())})
    if role == "adc":
        return tuple(head for head in heads if getattr(components[head], "bound_management", None))
    return tuple(heads) if role == "crossbar" else ()


def known(plan: Plan, duration: Setting) -> Duration | None:
    """What is published of a duration that is the default of its `timing`; None where a file gives another.

    A value that a file writes out is the default where it is equal to it: a run's own files have every
    default written out.
    """
    of_component = plan.architecture.declared[duration.component].durations()
    timed = next(each for each in of_component if each.path == duration.path)
    return timed.default(plan.architecture.header.timing)


def _all(plan: Plan, component: str) -> Iterator[Setting]:
    for timed in plan.architecture.components[component].durations():
        yield Setting(groups.base(component), timed.path, timed.seconds)


def _held(plan: Plan, bank: str) -> Iterator[Setting]:
    held = plan.architecture.components[bank].timing
    return (each for each in _all(plan, bank) if each.path in held)


def _own(plan: Plan, bank: str) -> Iterator[Setting]:
    held = plan.architecture.components[bank].timing
    return (each for each in _all(plan, bank) if each.path not in held)
