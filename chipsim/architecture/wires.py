"""Look-ups along the links of an architecture: who drives an array, where it leads, over which carriers."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator
from typing import NamedTuple

from chipsim.architecture import groups
from chipsim.architecture.graph import Architecture
from chipsim.architecture.ports import Link
from chipsim.circuits import mesh
from chipsim.circuits.carrier import Ride
from chipsim.circuits.component import ComponentParameters

CARRIER = "carrier"
"""The role of components that only carry words."""


class Missing(Exception):  # noqa: N818 - a finding on the way, turned into a fault
    """There is no such way; the text says which link or component it lacks."""


class Carried(NamedTuple):
    """A stop on the way between two others: a carrier, and how words cross it."""

    carrier: str
    ride: Ride


class Wires:
    """The links of an architecture, indexed."""

    def __init__(self, architecture: Architecture) -> None:
        self.architecture = architecture
        self.components = architecture.components
        self._into: dict[str, list[Link]] = defaultdict(list)
        self._out: dict[tuple[str, str, str], list[str]] = defaultdict(list)
        self._words: dict[str, dict[str, None]] = defaultdict(dict)
        self._words_by_role: dict[tuple[str, str], list[str]] = defaultdict(list)
        roles = {name: parameters.role for name, parameters in self.components.items()}
        words = {name: _speaking(parameters) for name, parameters in architecture.declared.items()}
        for link in architecture.links:
            (source, port), (target, _) = link
            self._into[target].append(link)
            role = roles[target]
            self._out[source, port, role].append(target)
            if port in words[groups.base(source)] and target not in self._words[source]:
                self._words[source][target] = None
                self._words_by_role[source, role].append(target)
        self._trees: dict[str, dict[str, str]] = {}
        self._rides: dict[tuple[str, int, int], Ride] = {}

    def into(self, array: str, kind: str, port: str) -> str:
        """The component of a role that drives a port of an array (any port if '')."""
        for source, target in self._into[array]:
            if port in ("", target.port) and self.components[source.component].role == kind:
                return source.component
        where = f"{array}.{port}" if port else array
        raise Missing(f"no {kind} drives '{where}'; {self._mend(kind, '', where)}")

    def out(self, source: str, kind: str, port: str = "") -> str:
        """The component of a role that a port of a component leads to; words may go over carriers."""
        if found := self._out.get((source, port, kind)):
            return found[0]
        for here in self._over_carriers(source):
            if found := self._words_by_role.get((here, kind)):
                return found[0]
        where = f"{source}.{port}" if port else source
        raise Missing(f"'{where}' leads to no {kind}; {self._mend(kind, where, '')}")

    def every(self, source: str, kind: str) -> tuple[str, ...]:
        """All components of a role that a component's words come to over carriers, the nearest first."""
        found = (name for here in self._over_carriers(source) for name in self._words_by_role[here, kind])
        return tuple(dict.fromkeys(found))

    def carriers(self, source: str, target: str) -> tuple[Carried, ...]:
        """The carriers that a component's words cross on their way to another, in order.

        Raises `Missing` where they do not come there, directly or by way of others.
        """
        path = self._path(source, target)
        return tuple(
            Carried(here, self._ride(before, here, after))
            for before, here, after in zip(path, path[1:], path[2:], strict=False)
            if self.components[here].role == CARRIER
        )

    def reaches(self, source: str, target: str) -> None:
        """Raise `Missing` where no digital words of a component come to another."""
        self._path(source, target)

    def controller(self) -> str:
        """The chip's controller."""
        found = self.architecture.of_role("controller")
        if len(found) > 1:
            listed = " and ".join(f"'{name}'" for name in sorted(found))
            raise Missing(f"{listed} are both of type controller; keep one")
        if not found:
            raise Missing("there is no controller; add a component of type controller")
        return found[0]

    def _over_carriers(self, source: str) -> Iterator[str]:
        """A component and every carrier that its words reach over carriers alone, the nearest first."""
        yield from self._reached(source)

    def _reached(self, source: str) -> dict[str, str]:
        """Each of them, with the one that comes before it."""
        before, ahead = {source: ""}, deque([source])
        while ahead:
            here = ahead.popleft()
            for carrier in self._words_by_role[here, CARRIER]:
                if carrier not in before:
                    before[carrier] = here
                    ahead.append(carrier)
        return before

    def _path(self, source: str, target: str) -> tuple[str, ...]:
        """A component, what lies between, and another: the shortest way over carriers, else any."""
        if source == target or target in self._words[source]:
            return source, target
        before = self._reached(source)
        last = next((here for here in before if target in self._words[here]), None)
        if last is not None:
            return (*_back(before, last), target)
        tree = self._tree(source)
        if target not in tree:
            raise Missing(f"'{source}' does not lead to '{target}'; add the link '{source} -> {target}'")
        return tuple(_back(tree, target))

    def _tree(self, source: str) -> dict[str, str]:
        if source not in self._trees:
            before, ahead = {source: ""}, deque([source])
            while ahead:
                here = ahead.popleft()
                for name in self._words[here]:
                    if name not in before:
                        before[name] = here
                        ahead.append(name)
            self._trees[source] = before
        return self._trees[source]

    def _ride(self, before: str, here: str, after: str) -> Ride:
        parameters = self.components[here]
        if not isinstance(parameters, mesh.Parameters):
            return Ride()
        source, target = (
            parameters.router(groups.base(name), self.architecture.number(name)) for name in (before, after)
        )
        key = here, source, target
        if key not in self._rides:
            self._rides[key] = parameters.ride(source, target)
        return self._rides[key]

    def _mend(self, kind: str, source: str, target: str) -> str:
        there = self.architecture.of_role(kind)
        name = there[0] if there else kind
        link = f"'{source or name} -> {target or name}'"
        return f"add the link {link}" if there else f"add a component of type {kind} and the link {link}"


def _speaking(parameters: ComponentParameters) -> frozenset[str]:
    """Ports of a component that give words."""
    return frozenset(port for port, kinds in parameters.emits.items() if "digital" in kinds)


def _back(before: dict[str, str], last: str) -> list[str]:
    path = [last]
    while before[path[-1]]:
        path.append(before[path[-1]])
    return path[::-1]
