"""Prices of a plan, both ways: all that the chip may do has one, and all that is given is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Set
from typing import TYPE_CHECKING

from chipsim.accounting import pricing
from chipsim.accounting.costs import CHOICES
from chipsim.accounting.table import FIGURES
from chipsim.architecture import groups
from chipsim.architecture.routes import TRANSPOSED
from chipsim.circuits import crossbar
from chipsim.errors import Fault, suggestion
from chipsim.inputs.schema import Faults

if TYPE_CHECKING:
    from chipsim.architecture.plan import Plan


def check(plan: Plan) -> None:
    """Raise `InputError` for what has no price in the cost table, or else for prices that nothing asks for.

    The first is everything that the chip has or may do; the second are figures that the architecture file
    gives for an action that no route leads to, or for a component that there is not. A cost table itself may
    hold more than a chip needs.
    """
    table, faults = plan.architecture.costs, Faults()
    prices = plan.prices(table)
    asked: set[tuple[str, str]] = set()
    timed: set[str] = set()
    for operation, component, action in dict.fromkeys(_actions(plan)):
        with faults.gather():
            if (rate := prices.rate(component, operation, action)) is not None:
                asked |= {(rate.entry, field) for field in FIGURES}
                cost = table.actions[rate.entry]
                timed |= {component} if cost.rule == "read" and cost.energy is None else set()
    for part in (part for part in plan.parts() if plan.like[part.name] == part.name):
        with faults.gather():
            pricing.area(table, (part,))
            asked |= set(pricing.part_figures(table, part))
    faults.raise_if_any()
    faults.add(*_decorations(plan, asked), *_read_times(plan, timed))
    faults.raise_if_any()


def _actions(plan: Plan) -> Iterator[tuple[str, str, str]]:
    """What components may do, by operation; one component for all that are alike."""
    components, like = plan.architecture.components, plan.like
    visits: dict[tuple[str, str, str], None] = {}
    for (kind, _, _), route in plan.routes.items():
        operation, head = kind.removesuffix(TRANSPOSED), components[route[0]].role
        visits |= dict.fromkeys((operation, like[name], head) for name in route)
    for (kind, _, _), legs in plan.carriers.items():
        operation = kind.removesuffix(TRANSPOSED)
        visits |= dict.fromkeys((operation, like[leg.carrier], "") for ahead in legs for leg in ahead)
    for operation, name, head in visits:
        declared = components[name].posts()
        for role in dict.fromkeys(("", head)):
            yield from ((operation, name, action) for action in declared.get(role, ()))


def _decorations(plan: Plan, asked: Set[tuple[str, str]]) -> Iterator[Fault]:
    """Figures that the file gives and that no price, area or leakage of this plan asks for."""
    document = plan.architecture.document
    entries = dict.fromkeys(sorted(entry for entry, _ in asked))
    for entry, given in plan.architecture.header.costs.items():
        if entry in CHOICES:
            continue
        if entry not in entries:
            text = f"costs: entry '{entry}' prices nothing of this run{suggestion(entry, entries)}"
            yield document.fault(text, ("costs", entry), "E026", key=True)
            continue
        for field in (field for field in given if (entry, field) not in asked):
            text = f"costs: entry '{entry}': {field} prices nothing of this run"
            yield document.fault(text, ("costs", entry, field), "E026", key=True)


def _read_times(plan: Plan, timed: Set[str]) -> Iterator[Fault]:
    """Read times of arrays that are read, but whose reads are priced by an energy without a time."""
    arrays = {groups.base(name) for name in set(plan.architecture.of_role("crossbar")) - set(plan.idle())}
    for name in sorted(arrays - {groups.base(name) for name in timed}):
        if plan.architecture.parameters(name, crossbar.Parameters).read_time is not None:
            text = f"component '{name}': 'read_time' has no effect where reads are priced by an energy"
            place = ("components", name, "read_time")
            yield plan.architecture.document.fault(f"{text}; leave it out", place, "E026", key=True)
