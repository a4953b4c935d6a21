"""From a run's total down to what made it: count x price for energy, each with where the price stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from chipsim.accounting import pricing
from chipsim.accounting.pricing import PricedRow
from chipsim.accounting.scaling import RULES
from chipsim.experiments import repricing
from chipsim.experiments.repricing import Finished
from chipsim.inputs import documents, registry
from chipsim.simulation.controller import EVALUATION


class EnergyLine(NamedTuple):
    """What one action of a component came to in an operation: energy [J] = count x price [J]."""

    share: float
    energy_J: float  # noqa: N815 - the unit's own symbol
    operation: str
    component: str
    action: str
    count: int  # type: ignore[assignment]  # the column's name; tuple.count has no use on a line
    price_J: float  # noqa: N815
    formula: str
    source: str
    status: str
    place: str
    """File and line at which the price stands."""


def energy(folder: Path) -> tuple[EnergyLine, ...]:
    """The lines of a run's energy, largest first; they add up to its total. Raises like `repricing.read`."""
    run = repricing.read(folder)
    priced = [row for row in repricing.priced(run) if row.stage != EVALUATION]
    whole = pricing.total(row.energy for row in priced)
    places = _Places(run)
    lines = (_line(rows, whole, places) for rows in _grouped(priced).values())
    return tuple(sorted(lines, key=lambda line: (-line.energy_J, line[2:5])))


def _grouped(priced: Iterable[PricedRow]) -> Mapping[tuple[str, str, str], list[PricedRow]]:
    groups: dict[tuple[str, str, str], list[PricedRow]] = {}
    for row in priced:
        groups.setdefault((row.operation, row.component, row.action), []).append(row)
    return groups


def _line(rows: list[PricedRow], whole: float, places: _Places) -> EnergyLine:
    first, spent = rows[0], pricing.total(row.energy for row in rows)
    return EnergyLine(
        share=spent / whole if whole else 0.0,
        energy_J=spent,
        operation=first.operation,
        component=first.component,
        action=first.action,
        count=sum(row.count for row in rows),
        price_J=first.price,
        formula=places.formula(first.entry),
        source=first.source,
        status=first.status,
        place=places.of(first.entry),
    )


class _Places:
    """Where the prices of a run's table stand, and how they are made."""

    def __init__(self, run: Finished) -> None:
        self._table = run.job.architecture.costs
        self._chip = run.job.architecture.document
        shipped = self._table.name in registry.names("costs")
        name = registry.file("costs", self._table.name).name if shipped else f"table-{self._table.name}.yaml"
        self._file = documents.parse(self._table.text, name)

    def of(self, entry: str) -> str:
        """File and line of an entry: of the architecture where that gives it, else of the table."""
        name, _, figure = entry.partition(".")
        if name in (self._chip.data.get("costs") or {}):
            place = self._chip.place(("costs", name))
            return f"{Path(place.file).name}:{place.line}"
        part = ("components", name, figure) if figure else ("actions", name)
        place = self._file.place(part)
        return f"{place.file}:{place.line}"

    def formula(self, entry: str) -> str:
        """How an entry's price is made of its figures and the component's facts."""
        if entry not in self._table.actions:
            return "leakage of a unit x units x time"
        return (RULES[self._table.actions[entry].rule].__doc__ or "").split("\n")[0].rstrip(".")


def as_dict(line: EnergyLine) -> dict[str, Any]:
    """A line as plain values."""
    return line._asdict()
