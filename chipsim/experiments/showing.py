"""An architecture as it is drawn: as a table, as a figure, as text for other programs, or resolved."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from chipsim.experiments import checking
from chipsim.inputs import documents
from chipsim.reports import drawing, nodes, outlines
from chipsim.reports.shown import Shown

Form = Literal["table", "svg", "dot", "mermaid", "yaml"]


@dataclass(frozen=True, repr=False)
class Drawing(Shown):
    """The graph of an architecture; `resolved` is its file with everything filled in."""

    resolved: Mapping[str, Any]

    def drawn(self, form: Form) -> str:
        """The graph in one of the forms that it has; yaml is the resolved file."""
        if form == "yaml":
            return documents.dump(self.resolved)
        forms: dict[str, Callable[..., str]] = {
            "table": outlines.table, "svg": drawing.svg, "dot": outlines.dot, "mermaid": outlines.mermaid,
        }  # fmt: skip
        links = nodes.pairs(self.resolved["links"])
        return forms[form](self.resolved["components"], links, self.resolved.get("groups", {}))

    def text(self) -> str:
        """The graph as a table."""
        return self.drawn("table")

    def as_dict(self) -> Mapping[str, Any]:
        """The resolved file."""
        return self.resolved

    def _repr_html_(self) -> str:
        return self.drawn("svg")


def show(name: str, workload: str | None = None, settings: tuple[str, ...] = ()) -> Drawing:
    """The drawing of an architecture, with a workload its groups as that needs them. Raises like a run."""
    return Drawing(checking.shown(name, workload, settings))
