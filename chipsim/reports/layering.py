"""A directed graph in layers from left to right, for drawing.

Edges that close a loop are told apart and take no part in the layers: a chip's controller starts and
ends most of its routes, and so does not pull everything into one circle. The way: breadth-first depth from
the roots; edges that go deeper are kept; each other edge, in the order given, is kept unless it would close a
loop; the layer is the longest way through the kept edges; the order inside a layer comes from barycentres of
neighbours (Sugiyama's scheme). Equal input gives an equal drawing: nothing depends on the order of a set.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

Edge = tuple[str, str]
"""From node to node."""

Slot = tuple[str, str, int]
"""A place in a layer: ``(node, "", 0)``, or ``(from, to, layer)`` where a long edge passes through."""

_SWEEPS = 6


@dataclass(frozen=True)
class Layering:
    """Layers from left to right, each from top to bottom; edges forward, and back along a lane outside."""

    layers: tuple[tuple[Slot, ...], ...]
    forward: tuple[Edge, ...]
    back: tuple[Edge, ...]


def layered(nodes: Sequence[str], edges: Iterable[Edge]) -> Layering:
    """The layering of a graph. Edges between unknown nodes are left out; equal edges count once."""
    known = set(nodes)
    single = list(dict.fromkeys(edge for edge in edges if known.issuperset(edge)))
    forward, back = _split(nodes, single)
    layer = _longest(nodes, forward)
    slots = _slots(nodes, forward, layer)
    return Layering(_ordered(slots, forward, back, layer), tuple(forward), tuple(back))


def passes(edge: Edge, layer: Mapping[str, int]) -> list[Slot]:
    """The slots of an edge from its start to its end."""
    start, end = edge
    middle = [(start, end, at) for at in range(layer[start] + 1, layer[end])]
    return [(start, "", 0), *middle, (end, "", 0)]


def _successors(nodes: Sequence[str], edges: Iterable[Edge]) -> dict[str, list[str]]:
    after: dict[str, list[str]] = {node: [] for node in nodes}
    for start, end in edges:
        after[start].append(end)
    return after


def _split(nodes: Sequence[str], edges: Sequence[Edge]) -> tuple[list[Edge], list[Edge]]:
    depth = _depths(nodes, edges)
    after = _successors(nodes, [])
    kept: set[Edge] = set()
    for start, end in sorted(edges, key=lambda edge: depth[edge[1]] <= depth[edge[0]]):
        if depth[end] > depth[start] or not _reaches(end, start, after):
            after[start].append(end)
            kept.add((start, end))
    return [edge for edge in edges if edge in kept], [edge for edge in edges if edge not in kept]


def _depths(nodes: Sequence[str], edges: Sequence[Edge]) -> dict[str, int]:
    after = _successors(nodes, edges)
    entered = {end for start, end in edges if start != end}
    depth: dict[str, int] = {}
    _spread([node for node in nodes if node not in entered], after, depth)
    for node in nodes:
        _spread([node], after, depth)
    return depth


def _spread(roots: Sequence[str], after: Mapping[str, Sequence[str]], depth: dict[str, int]) -> None:
    wave = [root for root in roots if root not in depth]
    depth.update(dict.fromkeys(wave, 0))
    while wave:
        following = dict.fromkeys(end for node in wave for end in after[node] if end not in depth)
        depth.update(dict.fromkeys(following, depth[wave[0]] + 1))
        wave = list(following)


def _reaches(start: str, goal: str, after: Mapping[str, Sequence[str]]) -> bool:
    seen, stack = {start}, [start]
    while stack:
        node = stack.pop()
        if node == goal:
            return True
        fresh = [end for end in after[node] if end not in seen]
        seen.update(fresh)
        stack.extend(fresh)
    return False


def _longest(nodes: Sequence[str], forward: Sequence[Edge]) -> dict[str, int]:
    after, waiting = _successors(nodes, forward), dict.fromkeys(nodes, 0)
    for _, end in forward:
        waiting[end] += 1
    layer = dict.fromkeys(nodes, 0)
    ready = [node for node in nodes if not waiting[node]]
    for node in ready:
        for end in after[node]:
            layer[end] = max(layer[end], layer[node] + 1)
            waiting[end] -= 1
            if not waiting[end]:
                ready.append(end)
    return layer


def _slots(nodes: Sequence[str], forward: Sequence[Edge], layer: Mapping[str, int]) -> list[list[Slot]]:
    slots: list[list[Slot]] = [[] for _ in range(max(layer.values(), default=-1) + 1)]
    for node in nodes:
        slots[layer[node]].append((node, "", 0))
    for edge in forward:
        for slot in passes(edge, layer)[1:-1]:
            slots[slot[2]].append(slot)
    return slots


def _ordered(
    slots: list[list[Slot]], forward: Sequence[Edge], back: Sequence[Edge], layer: Mapping[str, int]
) -> tuple[tuple[Slot, ...], ...]:
    loops: dict[Slot, list[Slot]] = {slot: [] for row in slots for slot in row}
    for start, end in back:
        loops[start, "", 0].append((end, "", 0))
    before: dict[Slot, list[Slot]] = {slot: [] for row in slots for slot in row}
    after: dict[Slot, list[Slot]] = {slot: [] for row in slots for slot in row}
    for edge in forward:
        way = passes(edge, layer)
        for left, right in pairwise(way):
            after[left].append(right)
            before[right].append(left)
    for sweep in range(_SWEEPS):
        rows, neighbours = (slots[1:], before) if sweep % 2 == 0 else (slots[-2::-1], after)
        for row in rows:
            _sort(row, neighbours, loops, _places(slots))
    return tuple(tuple(row) for row in slots)


def _places(slots: Sequence[Sequence[Slot]]) -> dict[Slot, float]:
    return {slot: at - (len(row) - 1) / 2 for row in slots for at, slot in enumerate(row)}


def _sort(
    row: list[Slot],
    neighbours: Mapping[Slot, Sequence[Slot]],
    loops: Mapping[Slot, Sequence[Slot]],
    place: Mapping[Slot, float],
) -> None:
    """Order a layer by its neighbours; where they do not tell, a loop leads back on its end's side."""

    def centre(slot: Slot, near: Sequence[Slot]) -> float:
        return sum(place[other] for other in near) / len(near) if near else place[slot]

    row.sort(key=lambda slot: (centre(slot, neighbours[slot]), centre(slot, loops[slot])))
