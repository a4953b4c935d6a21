"""What the forms of a drawing share: a graph's components with their parameters, and its links.

A graph is the components (name to parameters, ``type`` among them) and the links (from, to). An end of a link
is a component or one of its ports (``array.columns``).
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from chipsim.reports.layering import Edge
from chipsim.reports.quantities import significant

Components = Mapping[str, Mapping[str, Any]]
"""Name to parameters, in the order of the file."""

Links = Sequence[tuple[str, str]]
"""Pairs of ends, each a component or ``component.port``."""


def pairs(links: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Pairs of ends from links as an architecture file writes them: ``a -> b -> c`` is two links."""
    chains = [[end.strip() for end in link.split("->")] for link in links]
    return tuple(pair for chain in chains for pair in pairwise(chain))


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


def parameters(facts: Mapping[str, Any]) -> list[str]:
    """Parameters that are given, each as short text with its name."""
    return [
        f"{key} {parameter(value)}" for key, value in facts.items() if key != "type" and value is not None
    ]


def declared(components: Components, links: Links) -> dict[str, Mapping[str, Any]]:
    """The components, and ends of links that are none with nothing known of them."""
    ends = dict.fromkeys(component_of(end, components) for pair in links for end in pair)
    return {**components, **{end: {} for end in ends if end not in components}}


def merged(components: Components, links: Links) -> dict[Edge, list[tuple[str, str]]]:
    """Pairs of components that are linked, each with the links between their ports."""
    found: dict[Edge, list[tuple[str, str]]] = {}
    for start, end in links:
        edge = component_of(start, components), component_of(end, components)
        found.setdefault(edge, []).append((start, end))
    return found


def linked_to(components: Components, links: Links) -> dict[str, list[str]]:
    """Where each component's links lead."""
    ends: dict[str, list[str]] = {name: [] for name in declared(components, links)}
    for start, end in dict.fromkeys(links):
        ends[component_of(start, components)].append(end)
    return ends
