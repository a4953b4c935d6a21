"""What a page tells of the chip itself: its graph with what each component did, and maps of its arrays."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from chipsim.reports import drawing, maps
from chipsim.reports.comparison import Cohort, Page, at, mean, mean_table
from chipsim.reports.quantities import percent, quantity
from chipsim.reports.rendering import Figure
from chipsim.reports.rundir import Run


def graph_facts(page: Page) -> list[dict[str, list[tuple[str, str]]]]:
    """What each component of each drawn graph tells when pointed at: (label, text) pairs by component."""
    return [
        {name: _told(name, facts, groups) for name, facts in _components(groups[0]).items()}
        for groups in architectures(page)
    ]


def _components(group: Cohort) -> Mapping[str, Mapping[str, Any]]:
    found = group.first.architecture.get("components")
    items = found.items() if isinstance(found, Mapping) else ()
    return {str(name): facts if isinstance(facts, Mapping) else {} for name, facts in items}


def _links(group: Cohort) -> tuple[tuple[str, str], ...]:
    found = group.first.architecture.get("links")
    return drawing.pairs(map(str, found)) if isinstance(found, list) else ()


def architectures(page: Page) -> list[list[Cohort]]:
    """Groups that share a graph, in the page's order; groups without one are left out."""
    shared: list[list[Cohort]] = []
    for group in page.cohorts:
        same = next(
            (g for g in shared if _components(g[0]) == _components(group) and _links(g[0]) == _links(group)),
            None,
        )
        if same:
            same.append(group)
        elif _components(group):
            shared.append([group])
    return shared


def busy(group: Cohort) -> dict[str, float]:
    """Mean busy share by component."""
    names = dict.fromkeys(row.component for run in group.runs for row in run.utilisation)
    shares = [{row.component: row.utilisation for row in run.utilisation} for run in group.runs]
    return {name: mean([share[name] for share in shares if name in share]) for name in names}


def drawn(groups: Sequence[Cohort]) -> Figure:
    """The graph that some groups share, with the busy shares of the first."""
    svg = drawing.svg(_components(groups[0]), _links(groups[0]), busy=busy(groups[0]), standalone=False)
    name = groups[0].first.architecture.get("name", "")
    return Figure(str(name), Markup(svg), ", ".join(group.label for group in groups))


def _told(name: str, facts: Mapping[str, Any], groups: Sequence[Cohort]) -> list[tuple[str, str]]:
    told = [(str(key).replace("_", " "), drawing.parameter(value)) for key, value in facts.items()]
    for group in groups:
        of = f" ({group.label})" if len(groups) > 1 else ""
        spent = mean_table(group, _spent)
        if name in busy(group):
            told.append((f"busy{of}", percent(busy(group)[name])))
        if name in spent:
            told.append((f"energy{of}", quantity(spent[name], "J")))
    areas = mean_table(groups[0], lambda run: run.figures.get("area_m2_by_component"))
    return [*told, ("area", quantity(areas[name], "m²"))] if name in areas else told


def _spent(run: Run) -> Any:
    return at(run.figures, "total.energy_J_by_component")


def _patches(run: Run, component: str) -> list[maps.Patch]:
    """Where matrices lie on a component, as run.json's `placement` says."""
    found = run.figures.get("placement")
    rows = found if isinstance(found, list) else []
    here = [row for row in rows if isinstance(row, Mapping) and row.get("component") == component]
    ends = [(row.get("matrix", ""), _ends(row.get("rows")), _ends(row.get("columns"))) for row in here]
    return [maps.Patch(str(matrix), down, across) for matrix, down, across in ends if down and across]


def _ends(found: Any) -> tuple[int, int] | None:
    if isinstance(found, list) and len(found) == 2 and all(isinstance(end, int) for end in found):
        return found[0], found[1]
    return None


def device_maps(group: Cohort, several: bool) -> list[Figure]:
    """The last known map of each array of the group's first run."""
    run = group.first
    order = {stage: at for at, stage in enumerate(group.stage_names)}
    latest: dict[str, str] = {}
    for component, stage in sorted(run.pulses, key=lambda key: order.get(key[1], -1)):
        latest[component] = stage
    return [_map(group, run, component, stage, several) for component, stage in latest.items()]


def _largest(table: NDArray[np.int64]) -> str:
    """The most pulsed device of a map and where it lies, the first in reading order where several are."""
    if not table.any():
        return ""
    row, column = divmod(int(table.argmax()), table.shape[1])
    return f" Most on one device: {int(table[row, column]):,} pulses, at row {row}, column {column}."


def _map(group: Cohort, run: Run, component: str, stage: str, several: bool) -> Figure:
    table = run.pulses[component, stage]
    rows, columns = table.shape
    of = f"{group.label}: " if several else ""
    seed = f", seed {run.figures.get('seed')}" if len(group.runs) > 1 else ""
    caption = f"{rows} × {columns} devices, since power-on, after {stage}{seed}.{_largest(table)}"
    if maps.block_of(table.shape) != (1, 1):
        caption += " Each square is a block of devices and shows its largest count."
    label = f"{of}pulses per device of {component}"
    return Figure(of + component, Markup(maps.pulses(table, _patches(run, component), label)), caption)
