"""What a port carries, and who may be joined to whom."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import NamedTuple

from chipsim.architecture.groups import Groups
from chipsim.circuits.component import ComponentParameters
from chipsim.errors import listing, suggestion

SIGNALS: Mapping[str, str] = {
    "digital": "digital words",
    "drive": "a read voltage on lines",
    "pulses": "write pulses on lines",
    "current": "currents of lines",
}
_BETWEEN: Mapping[tuple[str, str], str] = {
    ("digital", "drive"): "a dac or a pulse-driver",
    ("current", "digital"): "an adc",
}


class End(NamedTuple):
    """One end of a link: a component and a port of it ('' where it has only one)."""

    component: str
    port: str

    def __str__(self) -> str:
        return f"{self.component}.{self.port}" if self.port else self.component


class Link(NamedTuple):
    """A directed link between two ports."""

    source: End
    target: End


class LinkError(ValueError):
    """A link that cannot be; the text is the sentence for a fault."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


_COPY = re.compile(r"(?P<name>[^\[\].]+)\[[^\]]*\](?P<port>\..*)?")


def end(
    text: str,
    components: Mapping[str, ComponentParameters],
    known: Collection[str],
    source: bool,
    groups: Groups = MappingProxyType({}),
) -> End:
    """The end that a link names: `array`, `array.rows`.

    Raises `LinkError`, also for one copy of a component, or a group: a link is of all copies of a component.
    """
    if (copy := _COPY.fullmatch(text)) is not None and copy["name"] in known:
        name = f"{copy['name']}{copy['port'] or ''}"
        raise LinkError(f"'{text}' is one copy, and a link is of all of them; write '{name}'", "E040")
    name, _, port = text.partition(".")
    if name in groups and name not in known:
        members = listing(groups[name].components)
        raise LinkError(f"'{name}' is a group; name the component in it that is meant: {members}", "E040")
    if name not in known:
        raise LinkError(f"'{text}' is no component{suggestion(name, known)}", "E040")
    if name not in components:
        return End(name, port)
    parameters = components[name]
    ports = parameters.emits if source else parameters.accepts
    port = port or (parameters.source if source else parameters.target)
    if port not in ports:
        what = f"component '{name}' ({parameters.type}) has no port '{port}'"
        named = [p for p in ports if p]
        raise LinkError(what + (suggestion(port, named) if named else f"; write '{name}'"), "E040")
    return End(name, port)


def check(link: Link, components: Mapping[str, ComponentParameters]) -> None:
    """Raise `LinkError` where the source gives nothing that the target takes."""
    source, target = link
    if source.component not in components or target.component not in components:
        return
    given = components[source.component].emits[source.port]
    taken = components[target.component].accepts[target.port]
    if given & taken:
        return
    gives, takes = (_listed(kinds) for kinds in (given, taken))
    message = f"'{source}' gives {gives}, but '{target}' takes {takes}"
    raise LinkError(message + _advice(given, taken), "E041")


def _listed(kinds: frozenset[str]) -> str:
    return " or ".join(SIGNALS[kind] for kind in sorted(kinds))


def _advice(given: frozenset[str], taken: frozenset[str]) -> str:
    for (one, other), between in _BETWEEN.items():
        if one in given and other in taken:
            return f"; put {between} between them"
    if "current" in given:
        return "; link it to an adc"
    if given & {"drive", "pulses"}:
        return "; link it to a crossbar"
    return (
        "; link it to a dac, a pulse-driver, an integrator, a digital-unit, a controller "
        "or a carrier such as a bus"
    )
