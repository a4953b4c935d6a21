"""Citation keys to the entries of `references.bib`.

A source in a preset, a table or a docstring is a key of that file. `references.bib` is ordinary BibTeX, which
is read here as far as it is used: `@kind{Key, field = {value}, ...}` with balanced braces.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from chipsim.errors import Fault, InputError, Place, suggestion

__all__ = ["bibtex", "check", "entry", "keys", "parse", "text"]

_FILE = Path(__file__).with_name("references.bib")
_ENTRY = re.compile(r"^@(\w+)\{([^,\s]+),[ \t]*$(.*?)^\}", re.MULTILINE | re.DOTALL)
_FIELD = re.compile(r"^[ \t]*(\w+)[ \t]*=[ \t]*\{(.*)\},?[ \t]*$", re.MULTILINE)
_ACCENTS: Mapping[str, str] = MappingProxyType(
    {'{\\"u}': "ü", '{\\"a}': "ä", '{\\"o}': "ö", "\\_": "_", "\\&": "&"}
)
_SHOWN_AUTHORS = 3


def parse(bibliography: str) -> Mapping[str, Mapping[str, str]]:
    """Return the entries of a BibTeX text by key: their fields, and their type as `kind`.

    Raises `ValueError` where a key stands twice.
    """
    entries: dict[str, Mapping[str, str]] = {}
    for kind, key, body in _ENTRY.findall(bibliography):
        if key in entries:
            raise ValueError(f"citation key '{key}' stands twice")
        fields = {name.lower(): value for name, value in _FIELD.findall(body)}
        entries[key] = MappingProxyType({"kind": kind.lower(), **fields})
    return MappingProxyType(entries)


@cache
def _entries() -> Mapping[str, Mapping[str, str]]:
    return parse(_FILE.read_text("utf-8"))


def keys() -> frozenset[str]:
    """Return all citation keys."""
    return frozenset(_entries())


def entry(key: str) -> dict[str, str]:
    """Return the fields of a key, with the entry's type as `kind`. Raises `InputError` for an unknown key."""
    check((key,))
    return dict(_entries()[key])


def check(cited: Iterable[str], place: Place | None = None) -> None:
    """Raise `InputError`, at `place`, that names every key of `cited` that is not in the bibliography."""
    unknown = [key for key in cited if key not in _entries()]
    if unknown:
        raise InputError(
            *(
                Fault(f"unknown citation key '{key}'{suggestion(key, _entries())}", place, "E033")
                for key in unknown
            )
        )


def text(key: str) -> str:
    """Return a key's work as one line: authors, year, title, where it appeared, DOI or address."""
    fields = {name: _plain(value) for name, value in entry(key).items()}
    where = (
        fields.get("journal")
        or fields.get("booktitle")
        or fields.get("publisher")
        or fields.get("howpublished")
    )
    link = f"https://doi.org/{fields['doi']}" if "doi" in fields else fields.get("url")
    parts = (f"{_authors(fields['author'])} ({fields['year']})", fields["title"], where, link)
    return ". ".join(part for part in parts if part)


def bibtex(cited: Iterable[str]) -> str:
    """Return the BibTeX text of some keys, sorted. Raises `InputError` for unknown keys."""
    wanted = sorted(set(cited))
    check(wanted)
    return "\n".join(_bibtex(key, entry(key)) for key in wanted)


def _bibtex(key: str, fields: dict[str, str]) -> str:
    kind = fields.pop("kind")
    lines = "".join(f"  {name} = {{{value}}},\n" for name, value in fields.items())
    return f"@{kind}{{{key},\n{lines}}}\n"


def _authors(field: str) -> str:
    people = [person.split(",")[0] for person in field.split(" and ")]
    if len(people) > _SHOWN_AUTHORS or people[-1] == "others":
        return f"{people[0]} et al."
    return " and ".join(filter(None, (", ".join(people[:-1]), people[-1])))


def _plain(value: str) -> str:
    for written, char in _ACCENTS.items():
        value = value.replace(written, char)
    return re.sub(r"[{}]", "", value).replace("--", "-")
