"""Colours by role, and Matplotlib's SVG made fit to stand inside a page.

A chart is drawn in *role colours*: near-black values that no palette uses and that stand for a role ("ink",
"grid", "series-1"). `themed` turns each into a class, so that the page's style sheet alone decides what a
role looks like in light and in dark. No style attribute and no style element is left, since the page's
security policy would block them.
"""

import html
import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

ROLES: Mapping[str, str] = MappingProxyType(
    {
        "ink": "#000001",
        "muted": "#000002",
        "grid": "#000003",
        "series-1": "#000011",
        "series-2": "#000012",
        "series-3": "#000013",
        "series-4": "#000014",
        "series-5": "#000015",
        "series-6": "#000016",
    }
)
"""Role to the colour that stands for it while Matplotlib draws."""

SERIES = tuple(role for role in ROLES if role.startswith("series-"))
"""Roles of groups, in order of use."""

_STYLE = Path(__file__).parent / "static" / "report.css"
_ROLE_OF = {colour: role for role, colour in ROLES.items()}
_DROPPED = ("font-family", "font")
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def series(index: int) -> str:
    """Role of the group at `index`; the roles come round again after the last."""
    return SERIES[index % len(SERIES)]


def escaped(text: object) -> str:
    """`text` safe inside XML and HTML, quotes included; characters that XML forbids are left out."""
    return html.escape(_UNPRINTABLE.sub("", str(text)), quote=True)


def themed(drawn: str, name: str, label: str) -> str:
    """Matplotlib's SVG as an inline element: classes for colours, ids of its own, `label` for screen readers.

    `name` (ASCII letters, digits, ``-``) starts every id, so that several charts live in one page.
    """
    body = drawn[drawn.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>", "", body, flags=re.DOTALL)
    body = re.sub(r'style="([^"]*)"', lambda match: _attributes(match[1]), body)
    body = _own_ids(body, name)
    body = re.sub(r"\s*\n\s*", " ", body)
    return re.sub(r"<svg[^>]*>", lambda match: _root(match[0], label), body, count=1).strip()


def coloured(drawn: str) -> str:
    """Matplotlib's SVG as a file of its own: every role in the colour that the page gives it in the light."""
    sheet = _STYLE.read_text(encoding="utf-8")
    colours = dict(re.findall(r"--([\w-]+): light-dark\((#\w+),", sheet))
    for role, stand_in in ROLES.items():
        drawn = drawn.replace(stand_in, colours[role])
    return drawn


def _attributes(style: str) -> str:
    pairs = [tuple(map(str.strip, part.split(":", 1))) for part in style.split(";") if ":" in part]
    classes = [f"{_ROLE_OF[value]}-{key}" for key, value in pairs if value in _ROLE_OF]
    plain = [f'{key}="{value}"' for key, value in pairs if value not in _ROLE_OF and key not in _DROPPED]
    return " ".join(([f'class="{" ".join(classes)}"'] if classes else []) + plain)


def _own_ids(body: str, name: str) -> str:
    used = set(re.findall(r'url\(#([^)]+)\)|href="#([^"]+)"', body))
    wanted = {one or other for one, other in used}
    body = re.sub(r' id="([^"]*)"', lambda m: f' id="{name}-{m[1]}"' if m[1] in wanted else "", body)
    body = re.sub(r"url\(#([^)]+)\)", lambda m: f"url(#{name}-{m[1]})", body)
    return re.sub(r'(?:xlink:)?href="#([^"]+)"', lambda m: f'href="#{name}-{m[1]}"', body)


def _root(tag: str, label: str) -> str:
    found = re.search(r'viewBox="[^"]*"', tag)
    box = found[0] if found else ""
    return (
        f'<svg class="chart" {box} role="img" aria-label="{escaped(label)}" '
        'stroke-linejoin="round" stroke-linecap="butt">'
    )
