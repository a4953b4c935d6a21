"""From templates to HTML: the environment, and the pieces that templates know how to show."""

from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

_TEMPLATES = Path(__file__).parent / "templates"


class Figure(NamedTuple):
    """A drawn figure with its caption; `missing` says why where there is nothing to draw."""

    title: str
    svg: Markup
    caption: str = ""
    missing: str = ""


class Key(NamedTuple):
    """An entry of a legend: a line, a bar or a tick in a group's colour."""

    role: str
    kind: str
    label: str
    opacity: float = 1.0


@cache
def environment() -> Environment:
    """The template environment: everything is escaped, and a name that is not given is an error."""
    jinja = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    jinja.policies["json.dumps_kwargs"] = {"allow_nan": False, "sort_keys": False}
    return jinja


def render(template: str, **context: Any) -> str:
    """A template filled in; text from the context is escaped unless it is `Markup`."""
    return environment().get_template(template).render(**context)
