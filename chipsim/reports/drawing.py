"""An architecture graph as text: SVG, a table for the terminal, Graphviz DOT, Mermaid.

Each is a plain function of the components (name to parameters, ``type`` among them) and the links (from, to).
An end of a link is a component or one of its ports (``array.columns``); an end that is not among the
components is drawn as a box of its own and marked as not declared, so that a faulty file can be looked at.
"""

import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from chipsim.reports.layering import Edge, Layering, Slot, layered, passes
from chipsim.reports.quantities import significant
from chipsim.reports.theme import escaped

Components = Mapping[str, Mapping[str, Any]]
"""Name to parameters, in the order of the file."""

Links = Sequence[tuple[str, str]]
"""Pairs of ends, each a component or ``component.port``."""

_STYLE = Path(__file__).parent / "static" / "graph.css"
_WIDTH, _HEIGHT, _GAP_X, _GAP_Y = 168.0, 74.0, 74.0, 30.0
_MARGIN, _LANE, _RADIUS = 14.0, 13.0, 9.0
_NAME_LETTERS, _SMALL_LETTERS = 18, 25


class _Box(NamedTuple):
    x: float
    y: float
    layer: int


_Boxes = Mapping[Slot, _Box]


def pairs(links: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Pairs of ends from links as an architecture file writes them: ``a -> b -> c`` is two links."""
    chains = [[end.strip() for end in link.split("->")] for link in links]
    return tuple(pair for chain in chains for pair in pairwise(chain))


def svg(
    components: Components,
    links: Links,
    *,
    busy: Mapping[str, float] | None = None,
    standalone: bool = True,
) -> str:
    """The graph drawn in layers from left to right, loops led back along lanes above and below.

    `busy` is a share (0 to 1) per component, drawn as a bar in its box. A standalone drawing brings its own
    style, light and dark; inside a page ``static/graph.css`` is in its style sheet, and not in the text.
    """
    declared = _declared(components, links)
    merged = _merged(components, links)
    layout = layered(_controllers_first(declared), merged)
    boxes = _boxes(layout)
    lanes = _lanes(layout, boxes)
    drawn = [_forward(edge, merged[edge], layout, boxes) for edge in layout.forward]
    drawn += [_back(edge, merged[edge], boxes, lane) for edge, lane in lanes.items()]
    drawn += [_box(name, declared[name], boxes[name, "", 0], busy or {}) for name in declared]
    return _frame(drawn, boxes.values(), lanes.values(), len(declared), standalone)


def table(components: Components, links: Links, *, width: int = 100) -> str:
    """The graph as plain text for a terminal `width` characters wide: name, type, parameters, links to."""
    head = ("component", "type", "parameters", "links to")
    rows = [
        (name, str(facts.get("type", "(not declared)")), ", ".join(_parameters(facts)), ", ".join(ends))
        for name, facts, ends in _with_ends(components, links)
    ]
    sizes = [max(len(row[i]) for row in [head, *rows]) for i in range(4)]
    sizes[2] = max(len(head[2]), min(sizes[2], width - sizes[0] - sizes[1] - min(sizes[3], 30) - 6))
    sizes[3] = max(len(head[3]), min(sizes[3], width - sum(sizes[:3]) - 6))
    lines = [_line(head, sizes), _line(tuple("-" * size for size in sizes), sizes)]
    return "\n".join([*lines, *(_wrapped(row, sizes) for row in rows)]) + "\n"


def dot(components: Components, links: Links, *, name: str = "architecture") -> str:
    """The graph in Graphviz's language."""
    nodes = [
        f"  {_quoted(node)} [label={_quoted(_label(node, facts, chr(10)))}];"
        for node, facts in _declared(components, links).items()
    ]
    edges = [
        f"  {_quoted(start)} -> {_quoted(end)}{_dot_ports(ports)};"
        for (start, end), ports in _merged(components, links).items()
    ]
    style = '  node [shape=box, style=rounded, fontname="sans-serif"];'
    head = [f"digraph {_quoted(name)} {{", "  rankdir=LR;", style]
    return "\n".join([*head, *nodes, *edges, "}"]) + "\n"


def mermaid(components: Components, links: Links) -> str:
    """The graph as a Mermaid flow chart."""
    declared = _declared(components, links)
    ids = {name: f"n{at}" for at, name in enumerate(declared)}
    nodes = [f'  {ids[name]}["{_label(name, facts, "<br/>", _entity)}"]' for name, facts in declared.items()]
    edges = [f"  {ids[start]} --> {ids[end]}" for start, end in _merged(components, links)]
    return "\n".join(["flowchart LR", *nodes, *edges]) + "\n"


def parameter(value: Any) -> str:
    """A parameter's value as short text; lists and mappings in brackets."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return significant(value, 4) if 1e-3 <= abs(value) < 1e6 else f"{value:.4g}"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {parameter(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(parameter, value)) + "]"
    return "none" if value is None else str(value)


def component_of(end: str, components: Components) -> str:
    """Name of the component at an end of a link: ``array`` for ``array.columns``."""
    if end in components or "." not in end:
        return end
    head = end.rpartition(".")[0]
    return head if head in components else end


def _parameters(facts: Mapping[str, Any]) -> list[str]:
    return [
        f"{key} {parameter(value)}" for key, value in facts.items() if key != "type" and value is not None
    ]


def _declared(components: Components, links: Links) -> dict[str, Mapping[str, Any]]:
    ends = dict.fromkeys(component_of(end, components) for pair in links for end in pair)
    return {**components, **{end: {} for end in ends if end not in components}}


def _merged(components: Components, links: Links) -> dict[Edge, list[tuple[str, str]]]:
    merged: dict[Edge, list[tuple[str, str]]] = {}
    for start, end in links:
        edge = component_of(start, components), component_of(end, components)
        merged.setdefault(edge, []).append((start, end))
    return merged


def _controllers_first(declared: Mapping[str, Mapping[str, Any]]) -> list[str]:
    return sorted(declared, key=lambda name: declared[name].get("type") != "controller")


def _with_ends(components: Components, links: Links) -> list[tuple[str, Mapping[str, Any], list[str]]]:
    declared = _declared(components, links)
    ends: dict[str, list[str]] = {name: [] for name in declared}
    for start, end in dict.fromkeys(links):
        ends[component_of(start, components)].append(end)
    return [(name, facts, ends[name]) for name, facts in declared.items()]


def _line(cells: Sequence[str], sizes: Sequence[int]) -> str:
    return "  ".join(cell.ljust(size) for cell, size in zip(cells, sizes, strict=True)).rstrip()


def _wrapped(row: Sequence[str], sizes: Sequence[int]) -> str:
    columns = [
        [row[0]],
        [row[1]],
        textwrap.wrap(row[2], sizes[2]) or [""],
        textwrap.wrap(row[3], sizes[3]) or [""],
    ]
    deep = max(map(len, columns))
    filled = [column + [""] * (deep - len(column)) for column in columns]
    return "\n".join(_line(cells, sizes) for cells in zip(*filled, strict=True))


def _label(name: str, facts: Mapping[str, Any], newline: str, clean: Callable[[str], str] = str) -> str:
    first = str(facts.get("type", "not declared"))
    shown = [name, first, ", ".join(_parameters(facts)[:3])]
    return newline.join(clean(part) for part in shown if part)


def _quoted(text: str) -> str:
    inner = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{inner}"'


def _dot_ports(ports: Sequence[tuple[str, str]]) -> str:
    named = [f"{start} -> {end}" for start, end in ports if "." in start or "." in end]
    return f" [label={_quoted(', '.join(named))}]" if named else ""


def _entity(text: str) -> str:
    return "".join(c if c.isalnum() or c in " -_.,:/" else f"#{ord(c)};" for c in text)


def _boxes(layout: Layering) -> dict[Slot, _Box]:
    boxes = {}
    for layer, row in enumerate(layout.layers):
        top = -(len(row) * _HEIGHT + (len(row) - 1) * _GAP_Y) / 2
        for at, slot in enumerate(row):
            boxes[slot] = _Box(layer * (_WIDTH + _GAP_X), top + at * (_HEIGHT + _GAP_Y), layer)
    return boxes


class _Lane(NamedTuple):
    y: float
    rank: int
    upper: bool


def _lanes(layout: Layering, boxes: _Boxes) -> dict[Edge, _Lane]:
    """Where each loop's edge runs: above or below all boxes, short spans nearest to them."""
    top = min((box.y for box in boxes.values()), default=0.0)
    bottom = max((box.y + _HEIGHT for box in boxes.values()), default=0.0)
    used = {True: 0, False: 0}
    lanes = {}
    spans = {edge: abs(_box_of(boxes, edge[0]).x - _box_of(boxes, edge[1]).x) for edge in layout.back}
    for edge in sorted(layout.back, key=spans.__getitem__):
        start, end = (_box_of(boxes, name) for name in edge)
        middle = (start.y + end.y + _HEIGHT) / 2
        upper = middle < 0 or (middle == 0 and used[True] <= used[False])
        rank = used[upper]
        used[upper] += 1
        away = _LANE * (rank + 1.4)
        lanes[edge] = _Lane(top - away if upper else bottom + away, rank, upper)
    return lanes


def _box_of(boxes: _Boxes, name: str) -> _Box:
    return boxes[name, "", 0]


def _frame(
    drawn: Sequence[str], boxes: Iterable[_Box], lanes: Iterable[_Lane], count: int, standalone: bool
) -> str:
    corners, levels = list(boxes), [lane.y for lane in lanes]
    side = _MARGIN + (_GAP_X / 2 if levels else 0)
    left = -side
    right = max((box.x for box in corners), default=0.0) + _WIDTH + side
    top = min([box.y for box in corners] + levels, default=0.0) - _MARGIN
    bottom = max([box.y + _HEIGHT for box in corners] + levels, default=_HEIGHT) + _MARGIN
    size = f"{right - left:.0f}", f"{bottom - top:.0f}"
    opening = (
        '<svg xmlns="http://www.w3.org/2000/svg" class="graph" role="img" '
        f'aria-label="Architecture graph, {count} components" width="{size[0]}" height="{size[1]}" '
        f'viewBox="{left:.1f} {top:.1f} {size[0]} {size[1]}">'
    )
    style = f"<style>{_STYLE.read_text(encoding='utf-8')}</style>" if standalone else ""
    return "\n".join([opening + style, *drawn, "</svg>"])


def _forward(edge: Edge, links: Sequence[tuple[str, str]], layout: Layering, boxes: _Boxes) -> str:
    layer = {name: _box_of(boxes, name).layer for name in edge}
    way = [boxes[slot] for slot in passes(edge, layer)]
    y = [box.y + _HEIGHT / 2 for box in way]
    y[0] += _spread(edge, 0, layout.forward, boxes)
    y[-1] += _spread(edge, 1, layout.forward, boxes)
    path = f"M{way[0].x + _WIDTH:.1f},{y[0]:.1f}"
    for at in range(1, len(way)):
        x, right = way[at].x, way[at - 1].x + _WIDTH
        bend = (x - right) / 2
        path += f" C{right + bend:.1f},{y[at - 1]:.1f} {x - bend:.1f},{y[at]:.1f} {x:.1f},{y[at]:.1f}"
        path += f" H{x + _WIDTH:.1f}" if at < len(way) - 1 else ""
    return _edge(edge, links, path, way[-1].x, y[-1], "link")


def _spread(edge: Edge, end: int, edges: Sequence[Edge], boxes: _Boxes) -> float:
    """How far from the middle of its box an edge is joined, so that edges at one side stand apart."""
    same = [other for other in edges if other[end] == edge[end]]
    same.sort(key=lambda other: _box_of(boxes, other[1 - end]).y)
    return (same.index(edge) - (len(same) - 1) / 2) * min(14.0, 0.5 * _HEIGHT / len(same))


def _back(edge: Edge, links: Sequence[tuple[str, str]], boxes: _Boxes, lane: _Lane) -> str:
    start, end = (_box_of(boxes, name) for name in edge)
    lift = (-1 if lane.upper else 1) * _HEIGHT * 0.3
    away = 14.0 + 7.0 * (lane.rank % 3)
    out, into = start.x + _WIDTH, end.x
    corners = [
        (out, start.y + _HEIGHT / 2 + lift),
        (out + away, start.y + _HEIGHT / 2 + lift),
        (out + away, lane.y),
        (into - away, lane.y),
        (into - away, end.y + _HEIGHT / 2 + lift),
        (into, end.y + _HEIGHT / 2 + lift),
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


def _box(name: str, facts: Mapping[str, Any], box: _Box, busy: Mapping[str, float]) -> str:
    kind = str(facts.get("type", "not declared"))
    caption = _caption(facts)
    inner = [
        f"<title>{escaped(name)} ({escaped(kind)})</title>",
        _rect("body", box.x, box.y, _WIDTH, _HEIGHT, 9),
        _rect("mark", box.x + 9, box.y + 12, 4, _HEIGHT - 24, 2),
        _text(box.x + 22, box.y + 23, "name", name, _NAME_LETTERS),
        _text(box.x + 22, box.y + 40, "kind", kind, _SMALL_LETTERS),
        _text(box.x + 22, box.y + 56, "caption", caption, _SMALL_LETTERS) if caption else "",
        _bar(box, busy[name]) if name in busy else "",
    ]
    opening = f'<g class="node kind-{_css_name(kind)}" data-node="{escaped(name)}" tabindex="0">'
    return f"{opening}{''.join(inner)}</g>"


def _caption(facts: Mapping[str, Any]) -> str:
    """As many parameters, in their order, as a box has room for."""
    caption = ""
    for shown in _parameters(facts):
        longer = f"{caption} · {shown}" if caption else shown
        if len(longer) > _SMALL_LETTERS:
            break
        caption = longer.replace("_", " ")
    return caption


def _bar(box: _Box, share: float) -> str:
    room = _WIDTH - 30
    long = room * min(max(share, 0.0), 1.0)
    x, y = box.x + 22, box.y + _HEIGHT - 10
    return _rect("track", x, y, room, 3, 1.5) + _rect("busy", x, y, long, 3, 1.5)


def _rect(kind: str, x: float, y: float, wide: float, tall: float, radius: float) -> str:
    size = f'width="{wide:.1f}" height="{tall:.1f}" rx="{radius:g}"'
    return f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" {size}/>'


def _text(x: float, y: float, kind: str, text: str, letters: int) -> str:
    shown = text if len(text) <= letters else text[: letters - 1] + "…"
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}">{escaped(shown)}</text>'


def _css_name(text: str) -> str:
    return "".join(c if c.isascii() and (c.isalnum() or c == "-") else "-" for c in text)
