"""The books of a run: what its counts come to under the prices of its chip."""

from __future__ import annotations

from dataclasses import replace

from chipsim.accounting import pricing
from chipsim.accounting.costs import CostTable
from chipsim.accounting.pricing import PricedRow
from chipsim.accounting.scaling import Corner
from chipsim.architecture.plan import Plan
from chipsim.reports.counted import Counted
from chipsim.simulation.records import EVALUATION, Evaluation


class Books:
    """Prices of one plan, and the power that its parts draw while they are on."""

    def __init__(self, plan: Plan, table: CostTable) -> None:
        self.plan = plan
        self.table = table
        self.parts = plan.parts()
        self.prices = plan.prices(table)

    @classmethod
    def of(cls, plan: Plan) -> Books:
        """Those of the table that the architecture picks."""
        return cls(plan, plan.architecture.costs)

    @property
    def area(self) -> float:
        """Area of all parts [m2]."""
        return pricing.total(pricing.area(self.table, self.parts).values())

    def static(self, stage: str, duration: int) -> tuple[PricedRow, ...]:
        """Leakage of all parts over a duration [ps] of a stage."""
        return pricing.static(self.table, self.parts, stage, duration)

    def priced(self, counted: Counted) -> tuple[PricedRow, ...]:
        """The rows of a run's ledger with their prices, leakage included, that of evaluations too."""
        static = [row for stage in counted.stages for row in self.static(stage.name, stage.duration)]
        evaluated = self.static(EVALUATION, counted.evaluated)
        return (*self.prices.price(counted.ledger), *static, *evaluated)

    def at(self, corner: Corner) -> Books:
        """The same chip under its table at another corner."""
        return Books(self.plan, replace(self.table, corner=corner))

    def energy_at(self, stage: str, evaluation: Evaluation) -> float:
        """Energy of a stage up to one of its evaluations [J]."""
        rows = self.prices.price(evaluation.ledger.rows())
        return pricing.total(row.energy for row in (*rows, *self.static(stage, evaluation.time)))
