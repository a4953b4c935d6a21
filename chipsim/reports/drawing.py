"""An architecture graph as an SVG.

An end of a link that is not among the components is drawn as a box of its own and marked as not declared, so
that a faulty file can be looked at.
A group of components that stands there several times is drawn once, as a box around them with its count.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from chipsim.reports import nesting, nodes
from chipsim.reports.layering import Edge, Layering, Slot, layered, passes
from chipsim.reports.nesting import NO_GROUPS, Groups, Nest, Through
from chipsim.reports.nodes import Components, Links
from chipsim.reports.theme import escaped

_STYLE = Path(__file__).parent / "static" / "graph.css"
_WIDTH, _HEIGHT, _GAP_X, _GAP_Y = 168.0, 74.0, 74.0, 30.0
_MARGIN, _LANE, _RADIUS = 14.0, 13.0, 9.0
_NAME_LETTERS, _SMALL_LETTERS = 18, 25
_PADDING, _HEADING, _SIDE, _STUB = 22.0, 34.0, 40.0, 20.0


class Paint(NamedTuple):
    """What a drawing says of a component or group beside its parameters.

    `share` (0 to 1) is drawn as a bar; `most`, that of the copy that has most, as a mark on it; `text` stands
    in the place of parameters.
    """

    share: float
    most: float | None = None
    text: str = ""


Painted = Mapping[str, Paint]
"""By component or group."""

NO_PAINT: Painted = MappingProxyType({})


class _Size(NamedTuple):
    wide: float = _WIDTH
    tall: float = _HEIGHT


class _Box(NamedTuple):
    x: float
    y: float
    layer: int
    wide: float = _WIDTH
    tall: float = _HEIGHT


_Boxes = Mapping[Slot, _Box]
_Paints = tuple[Paint | None, Paint | None]


def svg(
    components: Components,
    links: Links,
    groups: Groups = NO_GROUPS,
    *,
    paint: Painted = NO_PAINT,
    energy: Painted = NO_PAINT,
    standalone: bool = True,
) -> str:
    """The graph drawn in layers from left to right, loops led back along lanes above and below.

    A link into a group ends at its box, and as a stub with the other end's name at the member that it is
    for. `paint` is drawn in the boxes of components and groups; `energy` lies in the same places, hidden
    until the page around it asks for it. A standalone drawing brings its own style, light and dark; inside a
    page ``static/graph.css`` is in its style sheet, and not in the text.
    """
    declared = nodes.declared(components, links)
    picture = _Picture(declared, nodes.merged(components, links), Nest.of(groups), (paint, energy))
    return _frame(picture.level(nesting.TOP), len(declared), standalone)


class _Level(NamedTuple):
    """What is drawn in one box, and how far it reaches."""

    drawn: Sequence[str]
    boxes: Sequence[_Box]
    lanes: Sequence[float]

    def extent(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom."""
        side = _MARGIN + (_GAP_X / 2 if self.lanes else 0)
        right = max((box.x + box.wide for box in self.boxes), default=_WIDTH) + side
        top = min([box.y for box in self.boxes] + list(self.lanes), default=0.0) - _MARGIN
        bottom = max([box.y + box.tall for box in self.boxes] + list(self.lanes), default=_HEIGHT) + _MARGIN
        return -side, top, right, bottom


class _Picture:
    """Draws a graph level by level: the chip, and each group as a box within it."""

    def __init__(
        self,
        declared: Components,
        merged: Mapping[Edge, list[tuple[str, str]]],
        nest: Nest,
        paints: tuple[Painted, Painted],
    ) -> None:
        self._declared, self._merged, self._nest, self._paints = declared, merged, nest, paints
        self._held, through = nesting.split(merged, nest)
        self._through: dict[str, list[Through]] = {}
        for link in through:
            self._through.setdefault(link.here, []).append(link)

    def level(self, box: str) -> _Level:
        """What a group holds, or the chip."""
        names = self._nest.inside(box, _controllers_first(self._declared))
        inner = {name: self.level(name) for name in names if name in self._nest.counts}
        sizes = {name: _around(level) for name, level in inner.items()}
        links = {
            edge: [pair for pairs in map(self._merged.__getitem__, through) for pair in pairs]
            for edge, through in self._held.get(box, {}).items()
        }
        layout = layered(names, links)
        boxes = _boxes(layout, sizes)
        lanes = _lanes(layout, boxes)
        drawn = [_forward(edge, links[edge], layout, boxes) for edge in layout.forward]
        drawn += [_back(edge, links[edge], boxes, lane) for edge, lane in lanes.items()]
        for name in (*(name for name in self._declared if name in names), *inner):
            drawn += self._node(name, boxes[name, "", 0], inner.get(name))
        return _Level(drawn, list(boxes.values()), [lane.y for lane in lanes.values()])

    def _node(self, name: str, box: _Box, inner: _Level | None) -> list[str]:
        paints = self._paints[0].get(name), self._paints[1].get(name)
        if inner is not None:
            count = self._nest.written(name, "\N{MULTIPLICATION SIGN}")
            return [_group(name, count, box, inner, paints)]
        stubs = self._through.get(name, ())
        drawn = [_stub(link, at, box) for at, link in enumerate(link for link in stubs if link.outward)]
        drawn += [_stub(link, at, box) for at, link in enumerate(link for link in stubs if not link.outward)]
        return [*drawn, _box(name, self._declared[name], box, paints)]


def _controllers_first(declared: Mapping[str, Mapping[str, Any]]) -> list[str]:
    return sorted(declared, key=lambda name: declared[name].get("type") != "controller")


def _boxes(layout: Layering, sizes: Mapping[str, _Size]) -> dict[Slot, _Box]:
    """Where everything stands; what passes through a layer is as wide as the layer."""
    boxes, left = {}, 0.0
    for layer, row in enumerate(layout.layers):
        own = [sizes.get(slot[0], _Size()) if not slot[1] else _Size() for slot in row]
        wide = max(size.wide for size in own)
        top = -(sum(size.tall for size in own) + (len(row) - 1) * _GAP_Y) / 2
        for slot, size in zip(row, own, strict=True):
            boxes[slot] = _Box(left, top, layer, wide if slot[1] else size.wide, size.tall)
            top += size.tall + _GAP_Y
        left += wide + _GAP_X
    return boxes


class _Lane(NamedTuple):
    y: float
    rank: int
    upper: bool


def _lanes(layout: Layering, boxes: _Boxes) -> dict[Edge, _Lane]:
    """Where each loop's edge runs: above or below all boxes, short spans nearest to them."""
    top = min((box.y for box in boxes.values()), default=0.0)
    bottom = max((box.y + box.tall for box in boxes.values()), default=0.0)
    used = {True: 0, False: 0}
    lanes = {}
    spans = {edge: abs(_box_of(boxes, edge[0]).x - _box_of(boxes, edge[1]).x) for edge in layout.back}
    for edge in sorted(layout.back, key=spans.__getitem__):
        start, end = (_box_of(boxes, name) for name in edge)
        middle = (start.y + start.tall / 2 + end.y + end.tall / 2) / 2
        upper = middle < 0 or (middle == 0 and used[True] <= used[False])
        rank = used[upper]
        used[upper] += 1
        away = _LANE * (rank + 1.4)
        lanes[edge] = _Lane(top - away if upper else bottom + away, rank, upper)
    return lanes


def _box_of(boxes: _Boxes, name: str) -> _Box:
    return boxes[name, "", 0]


def _frame(level: _Level, count: int, standalone: bool) -> str:
    left, top, right, bottom = level.extent() if count else (-_MARGIN, -_MARGIN, _MARGIN + _WIDTH, _MARGIN)
    size = f"{right - left:.0f}", f"{bottom - top:.0f}"
    opening = (
        '<svg xmlns="http://www.w3.org/2000/svg" class="graph" role="img" '
        f'aria-label="Architecture graph, {count} components" width="{size[0]}" height="{size[1]}" '
        f'viewBox="{left:.1f} {top:.1f} {size[0]} {size[1]}">'
    )
    style = f"<style>{_STYLE.read_text(encoding='utf-8')}</style>" if standalone else ""
    return "\n".join([opening + style, *level.drawn, "</svg>"])


def _forward(edge: Edge, links: Sequence[tuple[str, str]], layout: Layering, boxes: _Boxes) -> str:
    layer = {name: _box_of(boxes, name).layer for name in edge}
    way = [boxes[slot] for slot in passes(edge, layer)]
    y = [box.y + box.tall / 2 for box in way]
    y[0] += _spread(edge, 0, layout.forward, boxes)
    y[-1] += _spread(edge, 1, layout.forward, boxes)
    path = f"M{way[0].x + way[0].wide:.1f},{y[0]:.1f}"
    for at in range(1, len(way)):
        x, right = way[at].x, way[at - 1].x + way[at - 1].wide
        bend = (x - right) / 2
        path += f" C{right + bend:.1f},{y[at - 1]:.1f} {x - bend:.1f},{y[at]:.1f} {x:.1f},{y[at]:.1f}"
        path += f" H{x + way[at].wide:.1f}" if at < len(way) - 1 else ""
    return _edge(edge, links, path, way[-1].x, y[-1], "link")


def _spread(edge: Edge, end: int, edges: Sequence[Edge], boxes: _Boxes) -> float:
    """How far from the middle of its box an edge is joined, so that edges at one side stand apart."""
    same = [other for other in edges if other[end] == edge[end]]
    same.sort(key=lambda other: _box_of(boxes, other[1 - end]).y)
    apart = min(14.0, 0.5 * _box_of(boxes, edge[end]).tall / len(same))
    return (same.index(edge) - (len(same) - 1) / 2) * apart


def _back(edge: Edge, links: Sequence[tuple[str, str]], boxes: _Boxes, lane: _Lane) -> str:
    start, end = (_box_of(boxes, name) for name in edge)
    lift = -0.3 if lane.upper else 0.3
    away = 14.0 + 7.0 * (lane.rank % 3)
    out, into = start.x + start.wide, end.x
    leave, reach = (box.y + box.tall / 2 + lift * box.tall for box in (start, end))
    corners = [
        (out, leave),
        (out + away, leave),
        (out + away, lane.y),
        (into - away, lane.y),
        (into - away, reach),
        (into, reach),
    ]
    return _edge(edge, links, _rounded(corners), into, corners[-1][1], "link back")


def _rounded(corners: Sequence[tuple[float, float]]) -> str:
    path = f"M{corners[0][0]:.1f},{corners[0][1]:.1f}"
    for before, here, after in zip(corners, corners[1:], corners[2:], strict=False):
        first, second = _towards(here, before), _towards(here, after)
        path += f" L{first} Q{here[0]:.1f},{here[1]:.1f} {second}"
    return path + f" L{corners[-1][0]:.1f},{corners[-1][1]:.1f}"


def _towards(here: tuple[float, float], there: tuple[float, float]) -> str:
    far = abs(there[0] - here[0]) + abs(there[1] - here[1])
    part = min(_RADIUS, far / 2) / far if far else 0.0
    return f"{here[0] + part * (there[0] - here[0]):.1f},{here[1] + part * (there[1] - here[1]):.1f}"


def _edge(edge: Edge, links: Sequence[tuple[str, str]], path: str, x: float, y: float, kind: str) -> str:
    title = escaped(", ".join(f"{start} → {end}" for start, end in links))
    head = f"M{x - 8:.1f},{y - 4.5:.1f} L{x:.1f},{y:.1f} L{x - 8:.1f},{y + 4.5:.1f} Z"
    return (
        f'<g class="{kind}" data-from="{escaped(edge[0])}" data-to="{escaped(edge[1])}">'
        f'<title>{title}</title><path class="line" d="{path}"/><path class="head" d="{head}"/></g>'
    )


def _box(name: str, facts: Mapping[str, Any], box: _Box, paints: _Paints) -> str:
    kind = str(facts.get("type", "not declared"))
    paint, energy = paints
    caption = paint.text if paint and paint.text else _caption(facts)
    carrier = nesting.carries(facts)
    inner = [
        f"<title>{escaped(name)} ({escaped(kind)})</title>",
        _rect("body", box.x, box.y, _WIDTH, _HEIGHT, 24 if carrier else 9),
        "" if carrier else _rect("mark", box.x + 9, box.y + 12, 4, _HEIGHT - 24, 2),
        _text(box.x + 22, box.y + 23, "name", name, _NAME_LETTERS),
        _text(box.x + 22, box.y + 40, "kind", kind, _SMALL_LETTERS),
        _text(box.x + 22, box.y + 56, "caption", caption, _SMALL_LETTERS) if caption else "",
        _bar(box, paint) if paint else "",
        _energy(box, energy, box.x + 22, box.y + 56) if energy else "",
    ]
    kinds = f"node{' carrier' if carrier else ''} kind-{_css_name(kind)}"
    return f'<g class="{kinds}" data-node="{escaped(name)}" tabindex="0">{"".join(inner)}</g>'


def _around(level: _Level) -> _Size:
    """The size of a group's box."""
    left, top, right, bottom = level.extent()
    return _Size(right - left + 2 * _SIDE, bottom - top + _HEADING + _PADDING)


def _group(name: str, count: str, box: _Box, level: _Level, paints: _Paints) -> str:
    """A group: its box with name and count, and what it holds, moved into place."""
    left, top, _, _ = level.extent()
    paint, energy = paints
    counted = box.x + 22 + 9 * min(len(name), _NAME_LETTERS)
    x, y = counted + 12 + 7 * len(count), box.y + 24
    head = [
        f"<title>{escaped(name)} ({escaped(count)})</title>",
        _rect("around", box.x, box.y, box.wide, box.tall, 14),
        _text(box.x + 16, y, "name", name, _NAME_LETTERS),
        _text(counted, y, "kind", count, _SMALL_LETTERS),
        _text(x, y, "caption", paint.text, 2 * _SMALL_LETTERS) if paint and paint.text else "",
        _bar(box, paint) if paint else "",
        _energy(box, energy, x, y) if energy else "",
    ]
    at = f"translate({box.x - left + _SIDE:.1f} {box.y - top + _HEADING:.1f})"
    return (
        f'<g class="node group" data-node="{escaped(name)}" tabindex="0">{"".join(head)}</g>'
        f'<g transform="{at}">{"".join(level.drawn)}</g>'
    )


def _energy(box: _Box, paint: Paint, x: float, y: float) -> str:
    """What stands in the place of a box's caption and bar where the page shows energies."""
    return f'<g class="energy">{_text(x, y, "caption", paint.text, 2 * _SMALL_LETTERS)}{_bar(box, paint)}</g>'


def _stub(link: Through, at: int, box: _Box) -> str:
    """The end of a link that leads out of the group: a short arrow with the name of the other end."""
    y = box.y + _HEIGHT - 8 - 11 * at
    start, end = (link.here, link.there) if link.outward else (link.there, link.here)
    x = box.x + box.wide + _STUB if link.outward else box.x
    path = f"M{x - _STUB:.1f},{y:.1f} H{x:.1f}"
    head = f"M{x - 6:.1f},{y - 3.5:.1f} L{x:.1f},{y:.1f} L{x - 6:.1f},{y + 3.5:.1f} Z"
    side = "out" if link.outward else "in"
    return (
        f'<g class="link stub {side}" data-from="{escaped(start)}" data-to="{escaped(end)}">'
        f"<title>{escaped(start)} → {escaped(end)}</title>"
        f'<path class="line" d="{path}"/><path class="head" d="{head}"/>'
        + _text(x + 3 if link.outward else x - _STUB - 3, y + 3, "far", link.there, 12)
        + "</g>"
    )


def _caption(facts: Mapping[str, Any]) -> str:
    """As many parameters, in their order, as a box has room for."""
    caption = ""
    for shown in nodes.parameters(facts):
        longer = f"{caption} · {shown}" if caption else shown
        if len(longer) > _SMALL_LETTERS:
            break
        caption = longer.replace("_", " ")
    return caption


def _bar(box: _Box, paint: Paint) -> str:
    room = box.wide - 30
    x, y = box.x + 22, box.y + box.tall - 10
    bar = _rect("track", x, y, room, 3, 1.5) + _rect("busy", x, y, room * _share(paint.share), 3, 1.5)
    if paint.most is None:
        return bar
    return bar + _rect("most", x + room * _share(paint.most) - 1, y - 3, 2, 9, 1)


def _share(value: float) -> float:
    return min(max(value, 0.0), 1.0)


def _rect(kind: str, x: float, y: float, wide: float, tall: float, radius: float) -> str:
    size = f'width="{wide:.1f}" height="{tall:.1f}" rx="{radius:g}"'
    return f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" {size}/>'


def _text(x: float, y: float, kind: str, text: str, letters: int) -> str:
    shown = text if len(text) <= letters else text[: letters - 1] + "…"
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}">{escaped(shown)}</text>'


def _css_name(text: str) -> str:
    return "".join(c if c.isascii() and (c.isalnum() or c == "-") else "-" for c in text)
