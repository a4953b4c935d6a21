"""Groups of components as boxes within boxes: what stands where, how often, and which links each box holds.

Groups are those of a resolved architecture file: ``{tile: {components: [dac, array], count: 4}}``, a count of
``as needed`` where the file leaves it to the workload.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from chipsim.circuits.carrier import CarrierParameters
from chipsim.errors import InputError
from chipsim.inputs import registry

Groups = Mapping[str, Mapping[str, Any]]
"""Name of a group to its ``components`` and ``count``, as in a file."""

NO_GROUPS: Groups = MappingProxyType({})

TOP = ""
"""The chip itself, which holds what is in no group."""


class Nest(NamedTuple):
    """Which box each component or group stands in; what stands in none is on the chip itself."""

    owner: Mapping[str, str]
    counts: Mapping[str, Any]

    @classmethod
    def of(cls, groups: Groups) -> "Nest":
        """The boxes of groups."""
        members = ((str(member), name) for name, group in groups.items() for member in _members(group))
        return cls(dict(members), {name: group.get("count") for name, group in groups.items()})

    def chain(self, name: str) -> tuple[str, ...]:
        """The boxes around something, the outermost first, and the thing itself."""
        found = [name]
        while (above := self.owner.get(found[-1], TOP)) and above not in found:
            found.append(above)
        return tuple(reversed(found))

    def inside(self, box: str, names: Iterable[str]) -> tuple[str, ...]:
        """What stands directly in a box, in the order of the components that it holds."""
        depth = len(self.chain(box)) if box else 0
        around = (box,) if box else ()
        chains = (chain for chain in map(self.chain, names) if len(chain) > depth)
        return tuple(dict.fromkeys(chain[depth] for chain in chains if chain[:depth][-1:] == around))

    def written(self, group: str, times: str = "x") -> str:
        """How often a group stands, as text: ``x 4``, ``as needed``."""
        count = self.counts[group]
        return f"{times} {count}" if isinstance(count, int) else str(count or "as needed")


def _members(group: Mapping[str, Any]) -> Sequence[Any]:
    found = group.get("components")
    return found if isinstance(found, list | tuple) else ()


class Through(NamedTuple):
    """A link between what stands in different boxes, as one of its ends shows it: to where, or whence."""

    here: str
    there: str
    outward: bool


Held = dict[str, dict[tuple[str, str], list[tuple[str, str]]]]
"""By box: pairs of what stands directly in it, each with the links between them or what they hold."""


def split(edges: Iterable[tuple[str, str]], nest: Nest) -> tuple[Held, list[Through]]:
    """Links by the box that holds them, between what stands directly in it, and the ends that lie deeper."""
    held: Held = {}
    through: dict[Through, None] = {}
    for start, end in edges:
        one, other = nest.chain(start), nest.chain(end)
        same = _common(one, other)
        box = one[same - 1] if same else TOP
        held.setdefault(box, {}).setdefault((one[same], other[same]), []).append((start, end))
        if len(one) > same + 1:
            through[Through(start, end, True)] = None
        if len(other) > same + 1:
            through[Through(end, start, False)] = None
    return held, list(through)


def _common(one: tuple[str, ...], other: tuple[str, ...]) -> int:
    """How many boxes two things share."""
    same = 0
    while same < min(len(one), len(other)) - 1 and one[same] == other[same]:
        same += 1
    return same


def walk(nest: Nest, names: Sequence[str], box: str = TOP, depth: int = 0) -> Iterator[tuple[str, int]]:
    """Every group and component with its depth, each group before what it holds."""
    for name in nest.inside(box, names):
        yield name, depth
        if name in nest.counts:
            yield from walk(nest, names, name, depth + 1)


def carries(facts: Mapping[str, Any]) -> bool:
    """Whether a component only carries words from one to another, as a bus does."""
    try:
        found = registry.module("component", str(facts.get("type"))).Parameters
    except (registry.UnknownName, InputError):
        return False
    return bool(found.role == CarrierParameters.role)
