"""The cost table of a chip: a table's file at one corner, with what the architecture file gives in its place.

An energy given in an architecture file is the price of one action on that chip (a read's: of one cell at full
duty): it replaces the entry's rule.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from chipsim.accounting import scaling
from chipsim.accounting.scaling import CORNERS, Corner
from chipsim.accounting.table import (
    ActionCost,
    Figure,
    Keys,
    PartCost,
    TableFile,
    figures_of,
    heads,
    opened,
)
from chipsim.errors import Fault, InputError, suggestion
from chipsim.inputs import documents, registry
from chipsim.inputs.documents import Document
from chipsim.inputs.schema import Faults, Model, fill
from chipsim.inputs.schema import resolved as plain
from chipsim.inputs.units import Farads, Joules, Siemens, SquareMetres, Volts, Watts

CHOICES = ("table", "corner", "overhead_factor")
"""Keys of a `costs` section that are no entries of the table."""


class _EnergyGiven(Model):
    energy: Joules | None = None


class _VoltageGiven(Model):
    energy: Joules | None = None
    voltage: Volts | None = None


class _LineGiven(Model):
    energy: Joules | None = None
    voltage: Volts | None = None
    capacitance: Farads | None = None


class _HalfGiven(Model):
    energy: Joules | None = None
    voltage: Volts | None = None
    conductance: Siemens | None = None


class _PartGiven(Model):
    area: SquareMetres | None = None
    leakage: Watts | None = None


_GIVEN: Mapping[str, type[Model]] = MappingProxyType(
    {"line": _LineGiven, "read": _VoltageGiven, "pulse": _VoltageGiven, "half-select": _HalfGiven}
)

FORMS: tuple[type[Model], ...] = (*_GIVEN.values(), _EnergyGiven, _PartGiven)
"""All forms that an entry can have in an architecture file."""


@dataclass(frozen=True)
class CostTable:
    """A cost table at one corner, with what an architecture file gives in its place.

    `heads` leads from an action of the ledger to the entry that speaks of it; actions in `reported` are
    counted only.
    """

    name: str
    document: Document = field(repr=False)
    """The table's file over those that it extends: where each entry stands."""
    technology: str
    corner: Corner
    overhead_factor: float
    actions: Mapping[str, ActionCost]
    components: Mapping[str, PartCost]
    heads: Mapping[str, str]
    reported: frozenset[str]

    @property
    def text(self) -> str:
        """The table as a file of its own that extends no other."""
        return self.document.dump()

    def citations(self) -> frozenset[str]:
        """Return the citation keys of all entries."""
        figures = figures_of(self.actions, self.components)
        return frozenset(key for _, figure in figures for key in figure.source)


def load(document: Document, path: Keys = ("costs",)) -> CostTable:
    """Return the cost table that a section of an architecture file names, with the overrides that it gives.

    `table` is the name of a shipped table or a path beside the file, `corner` one of `CORNERS`; every other
    key is an entry of that table, given anew: `adc_conv: {energy: 2 pJ}`, `cell_read: {voltage: 0.1 V}`,
    `adc: {area: 1000 um2}`.

    Raises `InputError` with all faults of the section.
    """
    section = _section(document, path)
    located = _located(document, (*path, "table"), section.get("table"))
    file, whole = opened(located)
    faults = Faults()
    actions, components = dict(file.actions), dict(file.components)
    for name in section:
        here = (*path, name)
        if name in actions:
            actions[name] = _action_given(faults, document, here, actions[name])
        elif name in components:
            components[name] = _part_given(faults, document, here, components[name])
        elif name not in CHOICES:
            faults.add(_unknown_entry(document, here, name, file))
    corner = _corner(faults, document, (*path, "corner"), section.get("corner", "typical"))
    overhead = section.get("overhead_factor", file.overhead_factor)
    if not _is_factor(overhead):
        text = f"costs: overhead_factor: expected a number above 0, got {overhead!r}"
        faults.add(_refused(document, (*path, "overhead_factor"), text))
    faults.raise_if_any()
    return _assembled(file, whole, corner, float(overhead), actions, components)


def resolved(table: CostTable) -> dict[str, Any]:
    """Return a table as plain values: what `load` made of a shipped table and a file's own entries."""
    return {
        "name": table.name,
        "corner": table.corner,
        "overhead_factor": table.overhead_factor,
        "actions": {name: plain(cost) for name, cost in sorted(table.actions.items())},
        "components": {name: plain(cost) for name, cost in sorted(table.components.items())},
    }


def _assembled(
    file: TableFile,
    document: Document,
    corner: Corner,
    overhead_factor: float,
    actions: Mapping[str, ActionCost],
    components: Mapping[str, PartCost],
) -> CostTable:
    spoken = [(action, name) for name, cost in heads(actions).items() for action in cost.ledger_actions(name)]
    return CostTable(
        name=file.name,
        document=document,
        technology=file.technology,
        corner=corner,
        overhead_factor=overhead_factor,
        actions=MappingProxyType(dict(actions)),
        components=MappingProxyType(dict(components)),
        heads=MappingProxyType(dict(spoken)),
        reported=frozenset(file.reported),
    )


def _section(document: Document, path: Keys) -> Mapping[str, Any]:
    found: Any = document.data
    for key in path:
        found = found.get(key) if isinstance(found, dict) else None
    if isinstance(found, dict):
        return found
    shown = ".".join(map(str, path))
    text = f"'{shown}' must name a cost table, as in '{shown}: {{table: analog-14nm}}'"
    raise _refused(document, path, text, "E011" if found is None else "E013")


def _located(document: Document, path: Keys, table: object) -> Path:
    if table is None:
        text = "costs: missing key 'table', the name or path of a cost table"
        raise _refused(document, path, text, "E011")
    if not isinstance(table, str):
        text = f"costs: expected the name or path of a cost table, got {table!r}"
        raise _refused(document, path, text, "E013")
    outside = document.place(path).file == documents.SET  # a path on the command line may lead anywhere
    try:
        return registry.file("costs", table, within=None if outside else document.folder(path))
    except registry.UnknownName as unknown:
        raise _refused(document, path, f"costs: {unknown}", unknown.code) from None
    except InputError as leading_out:
        text, code = leading_out.faults[0].message, leading_out.faults[0].code
        raise _refused(document, path, f"costs: {text}", code) from None


def _corner(faults: Faults, document: Document, path: Keys, corner: object) -> Corner:
    for known in CORNERS:
        if corner == known:
            return known
    text = f"costs: unknown corner {corner!r}{suggestion(str(corner), CORNERS)}"
    faults.add(_refused(document, path, text, "E063"))
    return "typical"


def _is_factor(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0


def _unknown_entry(document: Document, path: Keys, name: str, file: TableFile) -> InputError:
    near = suggestion(name, (*file.actions, *file.components, *CHOICES))
    text = f"costs: cost table '{file.name}' has no entry '{name}'{near}"
    return InputError(Fault(text, document.key_place(path), "E062"))


def _refused(document: Document, path: Keys, text: str, code: str = "E014") -> InputError:
    return InputError(Fault(text, document.place(path), code))


def _action_given(faults: Faults, document: Document, path: Keys, cost: ActionCost) -> ActionCost:
    """Return an entry with what an architecture file gives; an energy takes the place of the rule."""
    given = _given(faults, _GIVEN.get(cost.rule, _EnergyGiven), document, path)
    if "energy" in given and len(given) > 1:
        others = " and ".join(name for name in given if name != "energy")
        text = f"costs: entry '{path[-1]}' is given an energy, beside which {others} has no effect; keep one"
        faults.add(_refused(document, path, text, "E020"))
    if cost.rule in scaling.BY_CONDUCTANCE:
        given = {"energy": None, **given} if "voltage" in given else given
    elif "energy" in given:
        given["rule"] = "flat"
    return cost.model_copy(update=given)


def _part_given(faults: Faults, document: Document, path: Keys, cost: PartCost) -> PartCost:
    return cost.model_copy(update=_given(faults, _PartGiven, document, path))


def _given(faults: Faults, model: type[Model], document: Document, path: Keys) -> dict[str, Any]:
    """Return the values of a section of overrides as figures of their own."""
    try:
        filled = fill(model, document, path, label=f"costs: entry '{path[-1]}'")
    except InputError as error:
        faults.add(error)
        return {}
    dotted = ".".join(map(str, path))
    return {
        name: Figure[float].model_construct(
            typical=getattr(filled, name), where=f"given as {dotted}.{name}", status="given"
        )
        for name in filled.model_fields_set
    }
