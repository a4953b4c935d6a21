"""An architecture graph as text: a table for the terminal, Graphviz DOT, Mermaid."""

import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from chipsim.reports import nesting, nodes
from chipsim.reports.nesting import NO_GROUPS, Groups, Nest
from chipsim.reports.nodes import Components, Links


def table(components: Components, links: Links, groups: Groups = NO_GROUPS, *, width: int = 100) -> str:
    """The graph as plain text for a terminal `width` characters wide: name, type, parameters, links to.

    A group stands above what it holds, which is set in.
    """
    head = ("component", "type", "parameters", "links to")
    rows = _rows(nodes.declared(components, links), nodes.linked_to(components, links), Nest.of(groups))
    sizes = [max(len(row[i]) for row in [head, *rows]) for i in range(4)]
    sizes[2] = max(len(head[2]), min(sizes[2], width - sizes[0] - sizes[1] - min(sizes[3], 30) - 6))
    sizes[3] = max(len(head[3]), min(sizes[3], width - sum(sizes[:3]) - 6))
    lines = [_line(head, sizes), _line(tuple("-" * size for size in sizes), sizes)]
    return "\n".join([*lines, *(_wrapped(row, sizes) for row in rows)]) + "\n"


def _rows(declared: Components, ends: Mapping[str, list[str]], nest: Nest) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for name, depth in nesting.walk(nest, tuple(declared)):
        label = "  " * depth + name
        if name in nest.counts:
            rows.append((label, "group", nest.written(name), ""))
            continue
        facts = declared[name]
        kind = str(facts.get("type", "(not declared)"))
        rows.append((label, kind, ", ".join(nodes.parameters(facts)), ", ".join(ends[name])))
    return rows


def dot(
    components: Components, links: Links, groups: Groups = NO_GROUPS, *, name: str = "architecture"
) -> str:
    """The graph in Graphviz's language; groups are clusters."""
    declared, nest = nodes.declared(components, links), Nest.of(groups)

    def node(name: str) -> str:
        facts = declared[name]
        shape = ", shape=ellipse" if nesting.carries(facts) else ""
        return f"{_quoted(name)} [label={_quoted(_label(name, facts, chr(10)))}{shape}];"

    def opened(name: str) -> str:
        return f"subgraph {_quoted(f'cluster_{name}')} {{ label={_quoted(_counted(name, nest))};"

    edges = [
        f"  {_quoted(start)} -> {_quoted(end)}{_dot_ports(ports)};"
        for (start, end), ports in nodes.merged(components, links).items()
    ]
    style = '  node [shape=box, style=rounded, fontname="sans-serif"];'
    head = [f"digraph {_quoted(name)} {{", "  rankdir=LR;", style]
    return "\n".join([*head, *_blocks(nest, tuple(declared), node, opened, "}"), *edges, "}"]) + "\n"


def mermaid(components: Components, links: Links, groups: Groups = NO_GROUPS) -> str:
    """The graph as a Mermaid flow chart; groups are subgraphs."""
    declared, nest = nodes.declared(components, links), Nest.of(groups)
    ids = {name: f"n{at}" for at, name in enumerate(declared)} | {
        name: f"g{at}" for at, name in enumerate(nest.counts)
    }

    def node(name: str) -> str:
        facts = declared[name]
        left, right = ("([", "])") if nesting.carries(facts) else ("[", "]")
        return f'{ids[name]}{left}"{_label(name, facts, "<br/>", _entity)}"{right}'

    def opened(name: str) -> str:
        return f'subgraph {ids[name]}["{_entity(_counted(name, nest))}"]'

    edges = [f"  {ids[start]} --> {ids[end]}" for start, end in nodes.merged(components, links)]
    return "\n".join(["flowchart LR", *_blocks(nest, tuple(declared), node, opened, "end"), *edges]) + "\n"


def _counted(name: str, nest: Nest) -> str:
    return f"{name} {nest.written(name)}"


def _blocks(
    nest: Nest,
    names: Sequence[str],
    node: Callable[[str], str],
    opened: Callable[[str], str],
    closed: str,
    box: str = nesting.TOP,
    depth: int = 1,
) -> Iterator[str]:
    """A line for each component, and an opening and a closing one around what a group holds."""
    for name in nest.inside(box, names):
        if name not in nest.counts:
            yield "  " * depth + node(name)
            continue
        yield "  " * depth + opened(name)
        yield from _blocks(nest, names, node, opened, closed, name, depth + 1)
        yield "  " * depth + closed


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
    shown = [name, first, ", ".join(nodes.parameters(facts)[:3])]
    return newline.join(clean(part) for part in shown if part)


def _quoted(text: str) -> str:
    inner = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{inner}"'


def _dot_ports(ports: Sequence[tuple[str, str]]) -> str:
    named = [f"{start} -> {end}" for start, end in ports if "." in start or "." in end]
    return f" [label={_quoted(', '.join(named))}]" if named else ""


def _entity(text: str) -> str:
    return "".join(c if c.isalnum() or c in " -_.,:/" else f"#{ord(c)};" for c in text)
