"""What a page tells of the chip itself: its graph with what each component did, and maps of its arrays."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from chipsim.architecture import groups
from chipsim.reports import drawing, maps, nesting, nodes
from chipsim.reports.comparison import Cohort, Page, at, mean, mean_table
from chipsim.reports.drawing import Paint
from chipsim.reports.nesting import Nest
from chipsim.reports.quantities import percent, quantity
from chipsim.reports.rendering import Figure
from chipsim.reports.rundir import Run

SHOWN = 12
"""Arrays whose maps a page shows for each group of runs."""


class Drawn(NamedTuple):
    """A drawn graph; `energies` says whether it holds energies beside utilisation."""

    title: str
    svg: Markup
    caption: str
    energies: bool


def graph_facts(page: Page) -> list[dict[str, list[tuple[str, str]]]]:
    """What each component and group of each drawn graph tells when pointed at: (label, text) pairs."""
    return [_graph_facts(cohorts) for cohorts in architectures(page)]


def _graph_facts(cohorts: Sequence[Cohort]) -> dict[str, list[tuple[str, str]]]:
    nest, components = Nest.of(_groups(cohorts[0])), _components(cohorts[0])
    told = {name: _told(name, facts, cohorts) for name, facts in components.items()}
    for name in nest.counts:
        inside = {"components": [other for other in components if name in nest.chain(other)]}
        told[name] = [("count", nest.written(name)), *_told(name, inside, cohorts)]
    return told


def _components(group: Cohort) -> Mapping[str, Mapping[str, Any]]:
    found = group.first.architecture.get("components")
    items = found.items() if isinstance(found, Mapping) else ()
    return {str(name): facts if isinstance(facts, Mapping) else {} for name, facts in items}


def _links(group: Cohort) -> tuple[tuple[str, str], ...]:
    found = group.first.architecture.get("links")
    return nodes.pairs(map(str, found)) if isinstance(found, list) else ()


def _groups(group: Cohort) -> nesting.Groups:
    """The groups of the architecture; of those that stand there as needed, as many as the run had."""
    found = group.first.architecture.get("groups")
    given = {str(name): dict(values) for name, values in found.items()} if isinstance(found, Mapping) else {}
    nest, seen = Nest.of(given), dict[str, int]()
    for copy in busy(group):
        boxes = nest.chain(groups.base(copy))[:-1]
        for box, index in zip(boxes, groups.index_of(copy), strict=False):
            if not isinstance(nest.counts[box], int):
                seen[box] = max(index + 1, seen.get(box, 0))
    return {name: {**values, "count": seen.get(name, values.get("count"))} for name, values in given.items()}


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
    """Mean busy share by component, each copy for itself."""
    names = dict.fromkeys(row.component for run in group.runs for row in run.utilisation)
    shares = [{row.component: row.utilisation for row in run.utilisation} for run in group.runs]
    return {name: mean([share[name] for share in shares if name in share]) for name in names}


def summed(table: Mapping[str, float]) -> dict[str, float]:
    """Figures of copies added up by the names of the file."""
    found: dict[str, list[float]] = {}
    for copy, value in table.items():
        found.setdefault(groups.base(copy), []).append(value)
    return {name: math.fsum(values) for name, values in found.items()}


def drawn(cohorts: Sequence[Cohort]) -> Drawn:
    """The graph that some groups share, with the busy shares and energies of the first."""
    first = cohorts[0]
    svg = drawing.svg(
        _components(first), _links(first), _groups(first),
        paint=_used(first), energy=_spendings(first), standalone=False,
    )  # fmt: skip
    name, labels = first.first.architecture.get("name", ""), ", ".join(group.label for group in cohorts)
    return Drawn(str(name), Markup(svg), labels, bool(mean_table(first, _spent)))


def _copies(names: Iterable[str], nest: Nest) -> dict[str, list[str]]:
    """The copies of each component, and all that a group holds in all of its copies."""
    found: dict[str, list[str]] = {}
    for copy in names:
        for name in nest.chain(groups.base(copy)):
            found.setdefault(name, []).append(copy)
    return found


def _used(group: Cohort) -> dict[str, Paint]:
    """Busy shares: of several copies the mean, with the largest beside it."""
    shares, nest = busy(group), Nest.of(_groups(group))
    return {
        name: _share_of([shares[copy] for copy in copies], name in nest.counts or len(copies) > 1)
        for name, copies in _copies(shares, nest).items()
    }


def _share_of(shares: list[float], several: bool) -> Paint:
    if not several:
        return Paint(shares[0])
    return Paint(mean(shares), max(shares), f"{percent(mean(shares))}, at most {percent(max(shares))}")


def _spendings(group: Cohort) -> dict[str, Paint]:
    """Energies as shares of the whole: of several copies the sum."""
    spent = mean_table(group, _spent)
    whole = math.fsum(spent.values())
    sums = {
        name: math.fsum(spent[copy] for copy in copies)
        for name, copies in _copies(spent, Nest.of(_groups(group))).items()
    }
    shares = {name: value / whole if whole else 0.0 for name, value in sums.items()}
    return {
        name: Paint(shares[name], text=f"{quantity(value, 'J')}, {percent(shares[name])}")
        for name, value in sums.items()
    }


def _told(name: str, facts: Mapping[str, Any], cohorts: Sequence[Cohort]) -> list[tuple[str, str]]:
    told = [(str(key).replace("_", " "), nodes.parameter(value)) for key, value in facts.items()]
    for group in cohorts:
        of = f" ({group.label})" if len(cohorts) > 1 else ""
        told += [(f"{label}{of}", text) for label, text in _did(name, group)]
    areas = mean_table(cohorts[0], lambda run: run.figures.get("area_m2_by_component"))
    copies = _copies(areas, Nest.of(_groups(cohorts[0]))).get(name)
    return [*told, ("area", quantity(math.fsum(areas[copy] for copy in copies), "m²"))] if copies else told


def _did(name: str, group: Cohort) -> Iterator[tuple[str, str]]:
    """How busy a component or group was, and what it spent."""
    nest, shares, spent = Nest.of(_groups(group)), busy(group), mean_table(group, _spent)
    copies = _copies(shares, nest).get(name, [])
    if len(copies) > 1:
        most = max(copies, key=shares.__getitem__)
        yield "copies", str(len(copies))
        yield "busy, mean", percent(mean([shares[copy] for copy in copies]))
        yield "busy, at most", f"{percent(shares[most])} ({most})"
    elif copies:
        yield "busy", percent(shares[copies[0]])
    if (paying := _copies(spent, nest).get(name)) is not None:
        yield "energy", quantity(math.fsum(spent[copy] for copy in paying), "J")


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


def device_maps(group: Cohort, several: bool) -> tuple[list[Figure], int]:
    """The last known map of the group's first run of the `SHOWN` arrays pulsed most, and of how many."""
    run = group.first
    order = {stage: at for at, stage in enumerate(group.stage_names)}
    latest: dict[str, str] = {}
    for component, stage in sorted(run.pulses, key=lambda key: order.get(key[1], -1)):
        latest[component] = stage
    most = sorted(latest, key=lambda name: -int(run.pulses[name, latest[name]].sum()))[:SHOWN]
    shown = [name for name in latest if name in most]
    return [_map(group, run, component, latest[component], several) for component in shown], len(latest)


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
