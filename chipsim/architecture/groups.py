"""Groups: components that stand on a chip several times over, such as the parts of a tile.

    groups:
      tile:    {components: [dac, drivers, array], count: 4}
      cluster: {components: [tile, adc], count: as needed}

Every member stands as often as its group, and a group within another one that often in each of them. A link
between two members joins them copy by copy in all groups that they share, and all of their copies beyond; a
link to what stands once joins it to every copy. `as needed` is as often as the workload's weights ask for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

from chipsim.errors import suggestion
from chipsim.inputs.documents import Document
from chipsim.inputs.schema import Faults, Model, Name

MOST = 65536
"""Copies of a group, and of a component in all of its groups together."""

AS_NEEDED = "as needed"


def _count(value: Any) -> Any:
    if value == AS_NEEDED:
        return None
    if isinstance(value, str):
        raise ValueError(f"'{value}' is no number; write how many there are, or '{AS_NEEDED}'")
    return value


Count = Annotated[
    Annotated[int, Field(ge=1, le=MOST)] | None,
    BeforeValidator(_count),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 1, "maximum": MOST}, {"const": AS_NEEDED}]}),
]
"""How often a group stands on the chip; None is as often as needed."""

Indices = tuple[int, ...]

_COPY = re.compile(r"(?<=[\w.-])\[[0-9.]+\]")


class Group(Model):
    """Components, and groups of them, that stand on the chip together and several times over."""

    components: tuple[Name, ...] = Field(min_length=1, description="members: components or other groups")
    count: Count = Field(description="how many there are, or 'as needed'")


Groups = Mapping[str, Group]
Chains = Mapping[str, tuple[str, ...]]
"""The groups of each component, the outermost first."""


def check(document: Document, groups: Groups, components: Mapping[str, Any], faults: Faults) -> None:
    """Note every member that does not exist or stands in two groups, and every group within itself."""
    owner: dict[str, str] = {}
    for name, group in groups.items():
        if name in components:
            text = f"group '{name}': a component has that name; give the group another"
            faults.add(document.fault(text, ("groups", name), "E045", key=True))
        for index, member in enumerate(group.components):
            place = ("groups", name, "components", index)
            if member not in components and member not in groups:
                near = suggestion(member, (*components, *groups))
                faults.add(document.fault(f"group '{name}': '{member}' is no component{near}", place, "E040"))
            elif member in owner:
                text = f"group '{name}': '{member}' is in group '{owner[member]}' already; leave one out"
                faults.add(document.fault(text, place, "E045"))
            else:
                owner[member] = name
    for name in groups:
        if name in _owners(name, owner):
            text = f"group '{name}' stands within itself; leave one of its members out"
            faults.add(document.fault(text, ("groups", name), "E045", key=True))


def chains(groups: Groups, components: Mapping[str, Any]) -> Chains:
    """The groups that each component stands in."""
    owner = {member: name for name, group in groups.items() for member in group.components}
    return {name: tuple(reversed(_owners(name, owner))) for name in components}


def _owners(name: str, owner: Mapping[str, str]) -> tuple[str, ...]:
    found: list[str] = []
    while name in owner and owner[name] not in found:
        name = owner[name]
        found.append(name)
    return tuple(found)


def indices(chain: tuple[str, ...], counts: Mapping[str, int]) -> Iterator[Indices]:
    """The copies of what stands in some groups, in order."""
    return product(*(range(counts[group]) for group in chain))


def copy(name: str, index: Indices) -> str:
    """The name of a copy: `adc` where it stands once, `adc[3]`, `adc[0.2]` in groups."""
    return f"{name}[{'.'.join(map(str, index))}]" if index else name


def base(name: str) -> str:
    """The name that a copy has in the file."""
    return name.partition("[")[0]


def bare(text: str) -> str:
    """A sentence in which copies go by the names that they have in the file."""
    return _COPY.sub("", text)


def index_of(name: str) -> Indices:
    """Which copy a name is."""
    inside = name.partition("[")[2].rstrip("]")
    return tuple(int(part) for part in inside.split(".")) if inside else ()


def joined(
    source: tuple[str, ...], target: tuple[str, ...], counts: Mapping[str, int]
) -> Iterator[tuple[Indices, Indices]]:
    """The copies that a link between members of some groups joins."""
    shared = 0
    while shared < min(len(source), len(target)) and source[shared] == target[shared]:
        shared += 1
    ones, others = list(indices(source[shared:], counts)), list(indices(target[shared:], counts))
    for common in indices(source[:shared], counts):
        for one in ones:
            for other in others:
                yield common + one, common + other
