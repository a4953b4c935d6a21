"""An explored study for the eye, from its `study.json`: the front as text, and the page.

The page shows the front with error bars, parallel coordinates, the effect of each axis by itself, and the
table of all points with the command that writes the files of one. It embeds `study.json`, which says it all.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from chipsim.reports import charts, html, theme
from chipsim.reports.quantities import scale
from chipsim.reports.rendering import Figure, Key, render
from chipsim.reports.tables import NEVER, Cell, Column, Table, figure, word, written
from chipsim.reports.tabular import lined

Study = Mapping[str, Any]
Point = Mapping[str, Any]

_ENDINGS = {"_s": "s", "_J": "J", "_m2": "m²"}
SHOWN = 12
"""Points of a front that a terminal shows while a study runs."""


def unit_of(path: str) -> str:
    """The unit of a figure of `run.json`, by the ending of its path."""
    ending = next((unit for end, unit in _ENDINGS.items() if path.endswith(end)), None)
    return ending or ("%" if "accuracy" in path or path.endswith("_share") else "1")


def value_text(value: Any) -> str:
    """A value of an axis in a few words."""
    return value if isinstance(value, str) else json.dumps(value)


def lines(study: Study, most: int | None = None) -> str:
    """The front as a table of text, a point a line; with `most`, no more than so many."""
    front = _front(study)
    if not front:
        return "no point keeps all constraints and reaches every objective"
    axes = [axis["name"] for axis in study["axes"]]
    figures = [objective["figure"] for objective in study["objectives"]]
    heads = ["point", *_short_names(axes), *(_head(study, path) for path in figures)]
    rows = [
        [
            str(point["point"]),
            *(_cut(value_text(point["values"].get(name, "-")), 24) for name in axes),
            *(_mean_text(point, path) for path in figures),
        ]
        for point in front[:most]
    ]
    more = f"\nand {len(front) - most} more" if most is not None and len(front) > most else ""
    return lined([heads, *rows]) + more


def _short_names(paths: Sequence[str]) -> list[str]:
    """The ends of paths, each as long as it takes to tell them apart."""
    found = []
    for path in paths:
        parts = path.split(",")[0].strip().split(".")
        for size in range(1, len(parts) + 1):
            end = ".".join(parts[-size:])
            if sum(other.split(",")[0].strip().endswith(f".{end}") for other in paths) <= 1:
                break
        found.append(end)
    return found


def _head(study: Study, path: str) -> str:
    sense = next(each["sense"] for each in study["objectives"] if each["figure"] == path)
    return f"{'max' if sense == 'maximise' else 'min'} {path}"


def _mean_text(point: Point, path: str) -> str:
    found = point["figures"].get(path)
    if found is None or found["mean"] is None:
        return NEVER
    if found["ci95"] is None:
        return written(found["mean"], unit_of(path))
    low, high = (written(end, unit_of(path)) for end in found["ci95"])
    return f"{written(found['mean'], unit_of(path))} ({low} to {high})"


def _front(study: Study) -> list[Point]:
    by_number = {point["point"]: point for point in study["points"]}
    return [by_number[number] for number in study["front"]]


def page(study: Study, pick: str) -> str:
    """The page of a study; `pick` is the command that writes a point's files, but for its number."""
    sections = [
        ("front", "Front", _front_section(study)),
        ("coordinates", "Parallel coordinates", _coordinates_section(study)),
        ("axes", "Each axis by itself", _axes_section(study)),
        ("points", "All points", _points_section(study, pick)),
        ("provenance", "Provenance", _provenance(study, pick)),
    ]
    about = [
        (key, str(study[key])) for key in ("architecture", "workload", "method", "chipsim") if key in study
    ]
    about.append(("seeds a point", str(len(study["seeds"]))))
    data = {"groups": [], "graphs": [], "study": study}
    title = f"Study {study['study']}"
    return html.assembled(
        title, about, [(a, t, Markup(body)) for a, t, body in sections], data, _answer(study)
    )


def write(study: Study, path: Path, pick: str) -> Path:
    """Write the page of a study; returns its path."""
    return html.put(page(study, pick), path)


def _answer(study: Study) -> str:
    counted = dict.fromkeys(("done", "breaks", "stopped", "failed"), 0)
    for point in study["points"]:
        counted[point["status"]] += 1
    words = {"breaks": "break a constraint", "stopped": "were stopped as dominated", "failed": "failed"}
    rest = ", ".join(f"{counted[key]} {text}" for key, text in words.items() if counted[key])
    first = f"{len(study['front'])} of {len(study['points'])} points are on the front"
    return "\n".join(filter(None, (study["description"], f"{first}{'; ' + rest if rest else ''}.")))


# Charts


def _front_section(study: Study) -> str:
    figures = [objective["figure"] for objective in study["objectives"]]
    pairs = [(figures[0], other) for other in figures[1:]] or [(figures[0], None)]
    shown = [_scatter(study, index, *pair) for index, pair in enumerate(pairs)]
    keys = [Key("series-1", "bar", "front"), Key("muted", "bar", "other points that keep the constraints")]
    table = _table(study, _front(study), "front")
    return render("bars.html", figures=shown, keys=keys, table=table)


def _known(point: Point, path: str | None) -> bool:
    return path is None or point["figures"].get(path, {}).get("mean") is not None


def _scatter(study: Study, index: int, first: str, second: str | None) -> Figure:
    points = [p for p in study["points"] if p["status"] == "done" and _known(p, first) and _known(p, second)]
    title = f"{first} against {second}" if second else first
    if not points:
        return Figure(title, Markup(""), missing="No point reaches both.")
    best = set(study["front"])
    with charts.panels(1, 1, 5.2, 3.4) as (drawn, axes):
        for mine, role in ((False, "muted"), (True, "series-1")):
            chosen = [point for point in points if (point["point"] in best) == mine]
            _bars_at(axes, study, chosen, (second, first), role, labelled=mine)
        _label(axes, "y", first, points)
        _label(axes, "x", second, points) if second else axes.set_xlabel("point")
        text = charts.drawn(drawn, f"front-{index}", title)
    return Figure(title, Markup(text), "Means over the seeds; bars are 95 % intervals of the means.")


def _bars_at(
    axes: Any, study: Study, points: Sequence[Point], paths: tuple[str | None, str], role: str, labelled: bool
) -> None:
    if not points:
        return
    colour = theme.ROLES[role]
    (x, xerr), (y, yerr) = (_ends(study, points, path) for path in paths)
    axes.errorbar(
        x, y, xerr=xerr, yerr=yerr, fmt="o", color=colour, ecolor=colour, markersize=4.5 if labelled else 3,
        elinewidth=0.8, alpha=1.0 if labelled else 0.5,
    )  # fmt: skip
    for at, point in enumerate(points if labelled else ()):
        axes.annotate(
            str(point["point"]), (x[at], y[at]), xytext=(4, 3), textcoords="offset points", fontsize=7
        )


def _ends(study: Study, points: Sequence[Point], path: str | None) -> tuple[list[float], Any]:
    """Means of a figure over its axis's unit, and how far the intervals reach to both sides."""
    if path is None:
        return [float(point["point"]) for point in points], None
    factor = _factor(study["points"], path)[0]
    means = [point["figures"][path]["mean"] / factor for point in points]
    ends = [point["figures"][path]["ci95"] for point in points]
    if any(end is None for end in ends):
        return means, None
    low = [mean - end[0] / factor for mean, end in zip(means, ends, strict=True)]
    high = [end[1] / factor - mean for mean, end in zip(means, ends, strict=True)]
    return means, [low, high]


def _factor(points: Sequence[Point], path: str) -> tuple[float, str]:
    unit = unit_of(path)
    if unit == "%":
        return 0.01, "%"
    if unit == "1":
        return 1.0, ""
    values = [abs(point["figures"][path]["mean"]) for point in points if _known(point, path)]
    return scale(max(values, default=0.0), unit)


def _label(axes: Any, which: str, path: str, points: Sequence[Point]) -> None:
    unit = _factor(points, path)[1]
    getattr(axes, f"set_{which}label")(f"{path} ({unit})" if unit else path)


def _coordinates_section(study: Study) -> str:
    points = [point for point in study["points"] if point["status"] in ("done", "breaks")]
    title = "Every point that ran, from its settings to its figures"
    if not points:
        return render(
            "bars.html", figures=[Figure(title, Markup(""), missing="No point ran.")], keys=[], table=None
        )
    names = [axis["name"] for axis in study["axes"]]
    figures = [objective["figure"] for objective in study["objectives"]]
    scales = [_scale_of(points, name) for name in names]
    best = set(study["front"])
    heads = [*_short_names(names), *(path.replace(".", "\n") for path in figures)]
    with charts.panels(1, 1, max(5.0, 1.25 * len(heads)), 3.6) as (drawn, axes):
        for point in sorted(points, key=lambda point: point["point"] in best):
            heights = [place(point["values"].get(name)) for name, place in zip(names, scales, strict=True)]
            heights += [_share(points, point, path) for path in figures]
            role = "series-1" if point["point"] in best else "muted"
            light = 1.0 if point["point"] in best else 0.25
            axes.plot(range(len(heads)), heights, color=theme.ROLES[role], alpha=light, linewidth=1.1)
        axes.set_xticks(range(len(heads)), heads)
        axes.set_yticks([0.0, 1.0], ["lowest", "highest"])
        text = charts.drawn(drawn, "coordinates", title)
    keys = [Key("series-1", "bold", "front"), Key("muted", "thin", "other points")]
    caption = (
        "Values in their order, figures from the lowest to the highest mean; what was not reached is a gap."
    )
    return render("bars.html", figures=[Figure(title, Markup(text), caption)], keys=keys, table=None)


def _scale_of(points: Sequence[Point], name: str) -> Any:
    """Where the values of an axis stand between 0 and 1, in their order."""
    given = {
        value_text(point["values"][name]): point["values"][name]
        for point in points
        if name in point["values"]
    }
    order = sorted(given, key=lambda text: (_number(given[text]), text))
    places = {text: at / max(len(order) - 1, 1) for at, text in enumerate(order)}
    return lambda value: math.nan if value is None else places[value_text(value)]


def _number(value: Any) -> float:
    from chipsim.inputs import units

    if isinstance(value, int | float):
        return float(value)
    dimension = units.dimension_of(value) if isinstance(value, str) else None
    return units.parse(value, dimension) if dimension else 0.0


def _share(points: Sequence[Point], point: Point, path: str) -> float:
    means = [each["figures"][path]["mean"] for each in points if _known(each, path)]
    if not _known(point, path):
        return math.nan
    low, high = min(means), max(means)
    return float((point["figures"][path]["mean"] - low) / (high - low)) if high > low else 0.5


def _axes_section(study: Study) -> str:
    figures = [
        _effect(study, f"effect-{a}-{o}", axis["name"], objective["figure"])
        for a, axis in enumerate(study["axes"])
        for o, objective in enumerate(study["objectives"])
    ]
    return render("bars.html", figures=figures, keys=[], table=None)


def _effect(study: Study, name: str, axis: str, path: str) -> Figure:
    """A figure at each value of one axis, whatever the others are: every point, and their mean."""
    title = f"{path} by {axis}"
    points = [
        p
        for p in study["points"]
        if p["status"] in ("done", "breaks") and axis in p["values"] and _known(p, path)
    ]
    if not points:
        return Figure(title, Markup(""), missing="No point with a value of this axis reaches it.")
    factor = _factor(study["points"], path)[0]
    groups: dict[str, list[float]] = {}
    for point in sorted(points, key=lambda p: (_number(p["values"][axis]), value_text(p["values"][axis]))):
        groups.setdefault(value_text(point["values"][axis]), []).append(
            point["figures"][path]["mean"] / factor
        )
    with charts.panels(1, 1, 4.1, 2.5) as (drawn, axes):
        for at, values in enumerate(groups.values()):
            axes.plot([at] * len(values), values, "o", color=theme.ROLES["muted"], markersize=3, alpha=0.5)
        means = [math.fsum(values) / len(values) for values in groups.values()]
        axes.plot(
            range(len(means)), means, color=theme.ROLES["series-1"], linewidth=2.0, marker="o", markersize=4
        )
        step = max(1, math.ceil(len(groups) / 10))
        axes.set_xticks(range(0, len(groups), step), [_cut(text) for text in list(groups)[::step]])
        axes.set_xlabel(axis)
        _label(axes, "y", path, study["points"])
        text = charts.drawn(drawn, name, title)
    return Figure(
        title, Markup(text), "Dots are points, the line their mean at each value, over all other axes."
    )


def _cut(text: str, most: int = 14) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


# Tables


def _points_section(study: Study, pick: str) -> str:
    table = _table(study, study["points"], "points")
    note = f"To have the files of a point, ready to run: {pick} POINT. points.csv holds every figure."
    return render("table.html", table=table, absent=[], search="Find", note=note, copies=None, left="")


def _table(study: Study, points: Sequence[Point], name: str) -> Table:
    axes = [axis["name"] for axis in study["axes"]]
    columns = [
        Column("point"),
        Column("outcome", numeric=False),
        *(Column(axis, _numeric(study, axis)) for axis in axes),
    ]
    columns += [Column(path) for path in study["shown"]]
    return Table(name, tuple(columns), [tuple(_cells(study, point, axes)) for point in points])


def _numeric(study: Study, axis: str) -> bool:
    values = [point["values"][axis] for point in study["points"] if axis in point["values"]]
    return all(isinstance(value, int | float) for value in values)


_OUTCOMES = {"done": "", "breaks": "breaks a constraint", "stopped": "stopped", "failed": "failed"}


def _cells(study: Study, point: Point, axes: Sequence[str]) -> Iterator[Cell]:
    yield Cell(str(point["point"]), point["point"])
    outcome = "front" if point["point"] in study["front"] else _OUTCOMES[point["status"]]
    yield Cell(outcome, outcome, point["reason"], "series-1" if outcome == "front" else "")
    for axis in axes:
        value = point["values"].get(axis)
        yield Cell(
            "–" if value is None else value_text(value),
            value if isinstance(value, int | float) else value_text(value),
        )
    for path in study["shown"]:
        yield _figure_cell(point, path)


def _figure_cell(point: Point, path: str) -> Cell:
    found, unit = point["figures"].get(path), unit_of(path)
    if found is None:
        return word("–")
    if found["mean"] is None:
        return Cell(NEVER, None)
    if found["ci95"] is None:
        return figure(found["mean"], unit)
    low, high = (written(end, unit) for end in found["ci95"])
    return figure(found["mean"], unit, f"[{low}, {high}]")


def _provenance(study: Study, pick: str) -> str:
    text = "\n".join(filter(None, (study["command"], f"{pick} POINT")))
    constraints = Table(
        "constraints",
        (Column("constraint", numeric=False),),
        [(word(each),) for each in study["constraints"]],
    )
    return render("study.html", command=text, table=constraints)
