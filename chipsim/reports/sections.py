"""The sections of the report page: one function each, from a page's data to its HTML, listed in `SECTIONS`.

To add a section, write one function here and one template, and list it. A section never fails for want of an
optional file: it says which one is missing.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from markupsafe import Markup

from chipsim.reports import charts, chip, copied, curves, spreads
from chipsim.reports.comparison import (
    Cohort,
    Page,
    Summary,
    mean_table,
    number,
    of_run,
    of_stage,
    pulses_of_stage,
)
from chipsim.reports.quantities import NOTHING, percent, quantity
from chipsim.reports.rendering import Figure, Key, render
from chipsim.reports.rundir import Run
from chipsim.reports.tables import NEVER, Cell, Column, Table, figure, group_cell, group_column, summary, word


class Section(NamedTuple):
    """A section's anchor, its heading (also in the page's contents) and what renders its inside."""

    anchor: str
    title: str
    render: Callable[[Page], str]


class _Card(NamedTuple):
    title: str
    rows: tuple[tuple[str, str, Cell, str], ...]


def headline(page: Page) -> str:
    """The figures that are asked for first, and the table of all stages."""
    cards = [card for card in (_card(page, *asked) for asked in _ASKED) if card]
    seeds = any(len(group.runs) > 1 for group in page.cohorts)
    tables, shares = [*_stages(page), *_programming(page)], _shares(page)
    return render("headline.html", cards=cards, tables=tables, shares=shares, several_seeds=seeds)


def accuracy(page: Page) -> str:
    """Accuracy over images and over simulated time, a pair of charts for each stage."""
    shown = [_accuracy_row(page, *pair) for pair in enumerate(curves.comparisons(page))]
    return render("accuracy.html", rows=shown, absent=_absent(page, "accuracy.csv"))


def energy(page: Page) -> str:
    """Energy by component and by operation, stacked by stage."""
    figures = [
        _bars(page, f"energy_J_by_{key}", f"Energy by {key}", "J", _by_stage(page, f"energy_J_by_{key}"))
        for key in ("component", "operation")
    ]
    return render("bars.html", figures=figures, keys=_stage_keys(page), table=_accounts(page))


def area(page: Page) -> str:
    """Area by component."""
    parts = [
        ((chip.summed(mean_table(group, lambda run: run.figures.get("area_m2_by_component"))), 1.0),)
        for group in page.cohorts
    ]
    drawn = _bars(page, "area_m2_by_component", "Area by component", "m²", parts)
    keys = [Key(group.role, "bar", group.label) for group in page.cohorts] if page.several else []
    return render("bars.html", figures=[drawn], keys=keys, table=_areas(page))


def graph(page: Page) -> str:
    """The architecture drawn; pointing at a component tells its parameters and what it did."""
    return render("graph.html", graphs=[chip.drawn(groups) for groups in chip.architectures(page)], page=page)


def pulses(page: Page) -> str:
    """Pulses per device of every array since power-on; of many arrays, those that were pulsed most."""
    maps = [chip.device_maps(group, page.several) for group in page.cohorts]
    figures = [shown for drawn, _ in maps for shown in drawn]
    left = sum(count for _, count in maps) - len(figures)
    note = f"The {len(figures)} arrays with most pulses; arrays.npz holds {left} more." if left else ""
    return render("pulses.html", figures=figures, absent=_absent(page, "arrays.npz"), note=note)


def utilisation(page: Page) -> str:
    """How every component spent the simulated time: all copies of one together, and each below."""
    note = " ".join(sentence for group in page.cohorts for sentence in _contention(group, page.several))
    return copied.utilisation(page, _absent(page, "utilisation.csv"), note)


def ledger(page: Page) -> str:
    """Every counted action with its price, energy and source: all copies together, and each below."""
    absent = _absent(page, "ledger.csv") + _absent(page, "energy.csv")
    return copied.ledger(page, absent, _ledger_note(page))


def warnings(page: Page) -> str:
    """What the runs warned of, equal warnings once with how many runs gave them."""
    found: dict[tuple[str, str], int] = {}
    for run in _runs(page):
        for item in run.warnings:
            key = str(item.get("code", "")), str(item.get("message", ""))
            found[key] = found.get(key, 0) + 1
    return render("warnings.html", found=found, of=len(_runs(page)), absent=_absent(page, "warnings.json"))


def provenance(page: Page) -> str:
    """Where the figures come from: the command to repeat, versions, and every run of the page."""
    groups = [(group, _facts(group.first)) for group in page.cohorts]
    commands = [str(group.first.provenance.get("command", "")) for group in page.cohorts]
    command = page.command or "\n".join(filter(None, dict.fromkeys(commands)))
    return render(
        "provenance.html", page=page, command=command, groups=groups, table=_run_table(page),
        absent=_absent(page, "provenance.json"),
    )  # fmt: skip


SECTIONS: tuple[Section, ...] = (
    Section("figures", "Figures", headline),
    Section("accuracy", "Accuracy", accuracy),
    Section("energy", "Energy", energy),
    Section("area", "Area", area),
    Section("uncertainty", "Uncertainty", spreads.section),
    Section("architecture", "Architecture", graph),
    Section("pulses", "Pulses per device", pulses),
    Section("utilisation", "Utilisation", utilisation),
    Section("ledger", "Ledger", ledger),
    Section("warnings", "Warnings", warnings),
    Section("provenance", "Provenance", provenance),
)
"""The page from top to bottom."""


def _runs(page: Page) -> list[Run]:
    return [run for group in page.cohorts for run in group.runs]


def _absent(page: Page, name: str) -> list[str]:
    """Sentences on a file that is missing or unreadable, each once."""
    return list(dict.fromkeys(run.absent[name] for run in _runs(page) if name in run.absent))


_ASKED = (
    ("Final accuracy", "accuracy.last", "%", "target {}", "target"),
    ("Images to target", "to_target.images", "1", "of {} in the stage", "images"),
    ("Time to target", "to_target.time_s", "s", "whole stage {}", "time_s"),
    ("Energy to target", "to_target.energy_J", "J", "whole stage {}", "energy_J"),
    ("Pulses to target", "to_target.pulses", "1", "whole stage {}", "pulses"),
    ("Chip area", "area_m2", "m²", "", ""),
)
"""Cards: title, figure (of the last stage, or of the run), unit, and what stands beside it."""


def _card(page: Page, title: str, path: str, unit: str, beside: str, other: str) -> _Card | None:
    """The card of a figure, a row a group; None where no run has it."""
    rows = [_card_row(group, page.several, (path, unit), (beside, other)) for group in page.cohorts]
    if not other and len({cell for _, _, cell, _ in rows}) == 1:
        rows = [("", "", rows[0][2], "")]
    return _Card(title, tuple(rows)) if other or rows[0][2].value is not None else None


def _card_row(
    group: Cohort, several: bool, figure: tuple[str, str], aside: tuple[str, str]
) -> tuple[str, str, Cell, str]:
    (path, unit), (beside, other) = figure, aside
    stage = group.stage_names[-1] if group.stage_names else ""
    found = _stage_figure(group, stage, path) if other else of_run(group, path)
    shown = summary(found, unit, NEVER if path.startswith("to_target") else NOTHING)
    side = summary(_stage_figure(group, stage, other), unit) if other else Cell("", None)
    label = f"{group.label}, {stage}" if other else group.label
    note = beside.format(side.text) if side.value is not None else ""
    return (group.role if several else "", label if several else "", shown, note)


def _stage_figure(group: Cohort, stage: str, path: str) -> Summary:
    return pulses_of_stage(group, stage) if path == "pulses" else of_stage(group, stage, path)


_STAGE_FIGURES = (
    ("first", "accuracy.first", "%"),
    ("best", "accuracy.best", "%"),
    ("last", "accuracy.last", "%"),
    ("target", "target", "%"),
    ("linear", "linear_accuracy", "%"),
)
_STAGE_EFFORTS = (
    ("images", "to_target.images", "1"),
    ("time", "to_target.time_s", "s"),
    ("energy", "to_target.energy_J", "J"),
    ("pulses", "to_target.pulses", "1"),
    ("images", "images", "1"),
    ("time", "time_s", "s"),
    ("energy", "energy_J", "J"),
    ("pulses", "pulses", "1"),
    ("uncontended", "uncontended_s", "s"),
)


def _stages(page: Page) -> list[Table]:
    """What each stage reached, and what that took."""
    first = 2 if page.several else 1
    return [
        _stage_table(page, "stages", _STAGE_FIGURES, (("", first), ("accuracy", len(_STAGE_FIGURES)))),
        _stage_table(
            page, "efforts", _STAGE_EFFORTS, (("", first), ("until the target", 4), ("whole stage", 5))
        ),
    ]


def _stage_table(
    page: Page, name: str, figures: Sequence[tuple[str, str, str]], heads: tuple[tuple[str, int], ...]
) -> Table:
    rows = []
    for group in page.cohorts:
        for stage in group.stage_names:
            cells = [
                summary(_stage_figure(group, stage, path), unit, _absence(group, stage, path))
                for _, path, unit in figures
            ]
            rows.append((*group_cell(group, page.several), word(stage), *cells))
    columns = (
        *group_column(page),
        Column("stage", numeric=False),
        *(Column(label) for label, _, _ in figures),
    )
    return Table(name, columns, rows, heads)


def _absence(group: Cohort, stage: str, path: str) -> str:
    """What stands where a stage has no such figure: that it never came to its target, if it has one."""
    aimed = group.first.stage(stage).get("kind") != "program"
    return NEVER if "to_target" in path and aimed else NOTHING


def _programming(page: Page) -> list[Table]:
    """How near cells came to the weights that were programmed; no table where no stage programs any."""
    rows = [
        (
            *group_cell(group, page.several),
            word(stage),
            word(group.first.stage(stage).get("rule", "")),
            *cells,
        )
        for group in page.cohorts
        for stage in group.stage_names
        if group.first.stage(stage).get("kind") == "program"
        for cells in [[summary(of_stage(group, stage, path), unit) for _, path, unit in _MISSES]]
    ]
    columns = (
        *group_column(page),
        Column("stage", numeric=False),
        Column("programmed by", numeric=False),
        *(Column(label) for label, _, _ in _MISSES),
    )
    return [Table("programming", columns, rows)] if rows else []


_MISSES = (
    ("cells", "programming.cells", "1"),
    ("tolerance", "programming.tolerance", "1"),
    ("beyond it", "programming.share_beyond_tolerance", "%"),
    ("worst error", "programming.worst_error", "1"),
    ("rms error", "programming.rms_error", "1"),
)


def _shares(page: Page) -> list[str]:
    """Sentences on how much of the energy rests on assumed prices; groups of equal shares in one."""
    groups: dict[str, list[str]] = {}
    for group in page.cohorts:
        found = of_run(group, "total.assumed_share")
        if found.value is not None:
            groups.setdefault(percent(found.value), []).append(group.label)
    of = {
        share: "" if len(groups) == 1 else f" of {' and '.join(labels)}" for share, labels in groups.items()
    }
    return [f"{share} of the energy{of[share]} rests on prices marked as assumed." for share in groups]


def _accuracy_row(page: Page, index: int, shown: curves.Comparison) -> tuple[str, list[Figure], list[Key]]:
    figures = []
    for over, path in (("images", "image"), ("time", "time_s")):
        drawn = [curves.curve(group, stage, path) for group, stage in shown.members]
        label = f"{shown.title}: accuracy over {'images' if over == 'images' else 'simulated time'}"
        empty = not any(len(x) for curve in drawn for x, _ in curve.seeds)
        svg = "" if empty else charts.accuracy(drawn, f"accuracy-{index}-{over}", label, over)
        missing = "There are no evaluations of this stage." if empty else ""
        figures.append(
            Figure("over " + ("images" if over == "images" else "simulated time"), Markup(svg), "", missing)
        )
    return shown.title, figures, _curve_keys(page, shown)


def _curve_keys(page: Page, shown: curves.Comparison) -> list[Key]:
    keys = [
        Key(group.role, "bold", f"{group.label}, {stage}" if page.several else stage)
        for group, stage in shown.members
    ]
    role = shown.members[0][0].role if len(shown.members) == 1 else "muted"
    several = any(len(group.runs) > 1 for group, _ in shown.members)
    keys += [Key(role, "thin", "one seed")] if several else []
    keys += [Key(role, "dashed", "target"), Key(role, "dotted", "linear classifier on the same inputs")]
    return [*keys, Key(role, "tick", "a seed reaches its target" if several else "target reached")]


def _by_stage(page: Page, key: str) -> list[tuple[tuple[Mapping[str, float], float], ...]]:
    return [
        tuple(
            (_stage_table_of(group, stage, key), opacity)
            for stage, opacity in zip(group.stage_names, _opacities(group), strict=True)
        )
        for group in page.cohorts
    ]


def _stage_table_of(group: Cohort, stage: str, key: str) -> Mapping[str, float]:
    """A table of a stage's figures; all copies of a component together."""
    return chip.summed(mean_table(group, lambda run: run.stage(stage).get(key)))


def _opacities(group: Cohort) -> list[float]:
    """Later stages are fuller in colour."""
    stages = len(group.stage_names)
    return [0.4 + 0.6 * (at + 1) / stages if stages > 1 else 1.0 for at in range(stages)]


def _stage_keys(page: Page) -> list[Key]:
    return [
        Key(group.role, "bar", f"{group.label}, {stage}" if page.several else stage, opacity)
        for group in page.cohorts
        for stage, opacity in zip(group.stage_names, _opacities(group), strict=True)
    ]


def _bars(
    page: Page,
    key: str,
    title: str,
    unit: str,
    parts: Sequence[tuple[tuple[Mapping[str, float], float], ...]],
) -> Figure:
    groups = [charts.Bars(group.role, part) for group, part in zip(page.cohorts, parts, strict=True)]
    if not any(values for group in groups for values, _ in group.parts):
        return Figure(title, Markup(""), "", f"run.json holds no {key}.")
    name = key.replace("_", "-").lower()
    return Figure(title, Markup(charts.bars(groups, name, title, unit)))


def _areas(page: Page) -> Table | None:
    """Area of each component, all copies of it together, and its share of the chip's, largest first.

    None where no run has it.
    """
    rows = []
    for group in page.cohorts:
        found = chip.summed(mean_table(group, lambda run: run.figures.get("area_m2_by_component")))
        whole = sum(found.values())
        for name, size in sorted(found.items(), key=lambda item: (-item[1], item[0])):
            share = size / whole if whole else 0.0
            cells = (word(name), figure(size, "m²"), Cell(percent(share), share, bar=share))
            rows.append((*group_cell(group, page.several), *cells))
    columns = (*group_column(page), Column("component", numeric=False), Column("area"))
    return Table("areas", (*columns, Column("share", note="of the chip's area")), rows) if rows else None


def _accounts(page: Page) -> Table:
    """Totals of the training stages and of evaluation, which has an account of its own."""
    asked: tuple[tuple[str, str], ...] = (
        ("total.time_s", "s"),
        ("total.energy_J", "J"),
        ("total.pulses", "1"),
    )
    asked += (("evaluation.time_s", "s"), ("evaluation.energy_J", "J"))
    rows = [
        (word(group.label, group.role), *(summary(of_run(group, path), unit) for path, unit in asked))
        for group in page.cohorts
    ]
    columns = tuple(Column(name) for name in ("time", "energy", "pulses", "time", "energy"))
    heads = (("", 1), ("all stages", 3), ("evaluation, in an account of its own", 2))
    return Table("accounts", (Column("group", numeric=False), *columns), rows, heads)


_HELD = {"component", "copies", "by", "share", "gain_at_most_s"}


def _contention(group: Cohort, several: bool) -> list[str]:
    """Sentences on what waiting costs or overlap gains, and on the component that holds the runs back."""
    label = f"{group.label}: " if several else ""
    time, alone = (of_run(group, f"total.{name}").value for name in ("time_s", "uncontended_s"))
    said = []
    if time is not None and alone is not None:
        what = "overlap gains" if time < alone else "waiting costs"
        said.append(
            f"{label}{quantity(time, 's')} in all; one after another without a wait it would be "
            f"{quantity(alone, 's')}: {what} {quantity(round(abs(time - alone), 12), 's')}."
        )
    held, the = group.first.figures.get("bottleneck"), "the" if label else "The"
    if isinstance(held, Mapping) and held.keys() >= _HELD:
        each = "a second one" if held["copies"] == 1 else f"a second one for each of the {held['copies']}"
        of = "critical path" if held["by"] == "critical path" else "time"
        seed = f" (seed {group.first.figures.get('seed')})" if len(group.runs) > 1 else ""
        said.append(
            f"{label}{the} bottleneck is {held['component']} with {percent(held['share'])} of the "
            f"{of}{seed}; "
            f"{each} would gain at most {quantity(held['gain_at_most_s'], 's')}."
        )
    return said


def _ledger_note(page: Page) -> str:
    note = "Actions without a price are reported only."
    if any(len(group.runs) > 1 for group in page.cohorts):
        seeds = ", ".join(
            f"seed {group.first.figures.get('seed')} of {group.label}" for group in page.cohorts
        )
        return f"{note} Shown for {seeds}."
    return note


def _facts(run: Run) -> list[tuple[str, str]]:
    """Provenance flattened to (key, text)."""
    facts = []
    for key, value in run.provenance.items():
        if key == "command":
            continue
        inner = value.items() if isinstance(value, Mapping) else ((None, value),)
        text = ", ".join(str(v) if k is None else f"{k} {v}" for k, v in inner)
        facts.append((str(key).replace("wall_s", "wall time (s)"), text))
    return facts


_RUN_FIGURES = (
    ("accuracy", "accuracy.last", "%"),
    ("target", "target", "%"),
    ("images to target", "to_target.images", "1"),
    ("time to target", "to_target.time_s", "s"),
    ("energy to target", "to_target.energy_J", "J"),
)


def _run_table(page: Page) -> Table:
    """Every run of the page with the figures of its last stage."""
    rows = []
    for group in page.cohorts:
        for run in group.runs:
            last = run.stages[-1] if run.stages else {}
            cells = [_run_cell(last, path, unit) for _, path, unit in _RUN_FIGURES]
            seed, total = number(run.figures, "seed"), number(run.figures, "total.energy_J")
            names = (word(group.label, group.role), figure(seed, "1"), word(run.figures.get("run_id", "")))
            rows.append((*names, *cells, figure(total, "J")))
    columns = (
        Column("group", numeric=False),
        Column("seed"),
        Column("run", numeric=False),
        *(Column(name) for name, _, _ in _RUN_FIGURES),
        Column("energy, all stages"),
    )
    return Table("runs", columns, rows)


def _run_cell(stage: Mapping[str, Any], path: str, unit: str) -> Cell:
    value = number(stage, path)
    return Cell(NEVER, None) if value is None and "to_target" in path else figure(value, unit)
