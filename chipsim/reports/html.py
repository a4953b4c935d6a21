"""The report: one HTML file that asks for nothing, under a policy that would forbid it to.

Style and script stand inside and are allowed by their hashes; there is no style attribute, no handler in the
markup, no image and no font to load. All text passes through autoescape; data for the script go in through
``tojson`` in one block.
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from chipsim.reports import chip, comparison, sections
from chipsim.reports.comparison import Page
from chipsim.reports.rendering import environment
from chipsim.reports.rundir import Group

__all__ = ["Group", "assembled", "build", "put", "write"]

_STATIC = Path(__file__).parent / "static"


def build(groups: Sequence[Group], title: str, answer: str = "", command: str = "") -> str:
    """The page of one run, of an ensemble (one group of several runs) or of groups side by side.

    `answer` stands at the top, a paragraph a line; `command` is what repeats it all, by default the
    command of each group's first run. Equal directories give an equal page.

    Raises `DataError` for a directory without a readable run.json, `ValueError` for a group without runs.
    """
    page = _page(groups, title, answer, command)
    shown = [(each.anchor, each.title, Markup(each.render(page))) for each in sections.SECTIONS]
    return _filled(page, _about(page), shown, _data(page))


def assembled(
    title: str, about: Sequence[tuple[str, str]], sections: Sequence[tuple[str, str, Markup]],
    data: Mapping[str, Any], answer: str = "",
) -> str:  # fmt: skip
    """A page of other sections (anchor, heading, inside), under the same policy; `data` is embedded."""
    return _filled(Page(title, answer, "", ()), about, sections, data)


def _filled(page: Page, about: Any, shown: Any, data: Mapping[str, Any]) -> str:
    style, script = _static("graph.css") + _static("report.css"), _static("report.js")
    return environment().get_template("page.html").render(
        page=page, about=about, policy=_policy(style, script), style=Markup(style), script=Markup(script),
        sections=shown, data=data,
    )  # fmt: skip


def write(groups: Sequence[Group], path: Path, title: str, answer: str = "", command: str = "") -> Path:
    """`build` a page, write it aside and rename it to `path`, which is returned."""
    return put(build(groups, title, answer, command), path)


def put(text: str, path: Path) -> Path:
    """Write a page aside and rename it to `path`, which is returned."""
    aside = path.with_name(path.name + ".part")
    aside.write_text(text, encoding="utf-8", newline="\n")
    return aside.replace(path)


def _page(groups: Sequence[Group], title: str, answer: str, command: str) -> Page:
    if not groups or not all(group.runs for group in groups):
        raise ValueError("a report needs at least one group, and every group at least one run")
    cohorts = tuple(comparison.cohort(group, index) for index, group in enumerate(groups))
    return Page(title, answer, command, cohorts)


def _about(page: Page) -> list[tuple[str, str]]:
    """What the page is about, for the line under its title."""
    runs = [run.figures for group in page.cohorts for run in group.runs]
    keys = ("architecture", "workload", "chipsim")
    named = [(key, _each(str(run[key]) for run in runs if key in run)) for key in keys]
    seeds = sorted({run["seed"] for run in runs if isinstance(run.get("seed"), int)})
    return [
        (key, text) for key, text in [*named, ("seeds" if len(seeds) > 1 else "seed", _ranges(seeds))] if text
    ]


def _each(names: Any) -> str:
    return ", ".join(dict.fromkeys(names))


def _ranges(seeds: Sequence[int]) -> str:
    if len(seeds) > 2 and list(seeds) == list(range(seeds[0], seeds[-1] + 1)):
        return f"{seeds[0]} to {seeds[-1]}"
    return ", ".join(map(str, seeds))


def _data(page: Page) -> dict[str, Any]:
    """All that the script and the page's reader get: each run.json as it is, and the graphs' facts."""
    return {
        "groups": [
            {"label": group.label, "runs": [dict(run.figures) for run in group.runs]}
            for group in page.cohorts
        ],
        "graphs": chip.graph_facts(page),
    }


def _static(name: str) -> str:
    return (_STATIC / name).read_text(encoding="utf-8")


def _policy(style: str, script: str) -> str:
    return (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
