"""The result of a run: a frozen record and its tables.

The record is what `run.json` says. Every total in it is the correctly rounded sum of the same leaf
rows of the priced ledger, however they are grouped.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from numpy.typing import NDArray

from chipsim.accounting import pricing
from chipsim.accounting.ledger import LedgerRow
from chipsim.accounting.pricing import PricedRow
from chipsim.architecture import groups, wear
from chipsim.architecture.design_rules import Finding, findings
from chipsim.architecture.plan import Plan
from chipsim.architecture.wear import Wear
from chipsim.errors import Fault, PhysicsError
from chipsim.reports import bottleneck, intervals, notebook, tabular, writing
from chipsim.reports.books import Books
from chipsim.reports.counted import PER_SECOND, Counted, StageCounts, StageInputs
from chipsim.simulation.records import EVALUATION, Evaluation, Misses, StageOutcome

if TYPE_CHECKING:
    import pandas as pd

ROUNDING = 1e-12
"""Slack of the comparison with a target: far below one image in a million, far above rounding."""
IN_A_ROW = 3
"""Evaluations whose mean must reach the target: a single lucky one does not count."""


@dataclass(frozen=True)
class Accuracy:
    """Test accuracy of a stage: before its first image, after its last, and the best in between."""

    first: float
    last: float
    best: float


@dataclass(frozen=True)
class Pulses:
    """Pulses fired in a stage."""

    set: int
    reset: int
    by_component: Mapping[str, int]
    by_matrix: Mapping[str, int]


class Spent(NamedTuple):
    """What a stage had spent at an evaluation."""

    images: int
    time_s: float
    energy_J: float  # noqa: N815 - the unit's own symbol
    pulses: int
    wear: Mapping[str, float]
    """Pulses a cell in the mean, by matrix."""


@dataclass(frozen=True)
class ToTarget:
    """What it took to reach the target accuracy."""

    accuracy: float
    images: int
    time_s: float
    energy_J: float  # noqa: N815 - the unit's own symbol
    pulses: int
    wear: Mapping[str, float]
    """Pulses a cell in the mean, by matrix; those of a refresh, which is of no matrix, are not among them."""


@dataclass(frozen=True)
class Programming:
    """How near the cells came to their targets [weight]."""

    cells: int
    share_beyond_tolerance: float
    tolerance: float
    worst_error: float
    rms_error: float
    factors: Mapping[str, float]
    """By which the weights of each layer were multiplied."""


@dataclass(frozen=True)
class StageRecord:
    """What one stage came to."""

    name: str
    rule: str
    images: int
    accuracy: Accuracy
    linear_accuracy: float
    """Accuracy of a linear classifier on the same inputs."""
    target: float | None
    """The accuracy that the workload's target comes to for this seed."""
    time_s: float
    uncontended_s: float
    """What its groups of transactions would take one after another, if nothing waited."""
    energy_J: float  # noqa: N815
    energy_J_by_component: Mapping[str, float]  # noqa: N815
    energy_J_by_operation: Mapping[str, float]  # noqa: N815
    pulses: Pulses
    counts: Mapping[str, int]
    to_target: ToTarget | None
    kind: Literal["train", "program"] = "train"
    programming: Programming | None = None
    """What a program stage could not program."""


@dataclass(frozen=True)
class Identity:
    """What a run was a run of."""

    run_id: str
    seed: int
    architecture: str
    workload: str
    version: str


@dataclass(frozen=True, repr=False)
class Result:
    """A finished run: its record, the rows of its tables and the arrays of its devices.

    `stages` leads from a stage's name to its record; `accuracy`, `ledger`, `energy` and `utilisation`
    are pandas tables of the files of the same name.
    """

    record: Mapping[str, Any]
    stages: Mapping[str, StageRecord]
    rows: Mapping[str, tuple[tuple[Any, ...], ...]]
    arrays: Mapping[str, NDArray[Any]]
    warnings: tuple[Mapping[str, str], ...]
    resolved: Mapping[str, str] = field(repr=False)
    provenance: Mapping[str, Any] = field(repr=False)
    attached: Mapping[str, bytes] = field(repr=False)
    """Files that the resolved ones name: tables of measured devices, weights."""

    def __repr__(self) -> str:
        lines = [f"{self.record['workload']} on {self.record['architecture']}, seed {self.record['seed']}"]
        lines += [
            f"  {stage.name}: accuracy {stage.accuracy.first:.3f} -> {stage.accuracy.last:.3f}, "
            f"{stage.time_s:.4g} s, {stage.energy_J:.4g} J, {stage.pulses.set + stage.pulses.reset} pulses"
            for stage in self.stages.values()
        ]
        return "\n".join(lines)

    @property
    def energy_J(self) -> float:  # noqa: N802
        """Energy of all stages [J], evaluation apart."""
        return float(self.record["total"]["energy_J"])

    @property
    def time_s(self) -> float:
        """Simulated time of all stages [s], evaluation apart."""
        return float(self.record["total"]["time_s"])

    def table(self, name: str) -> pd.DataFrame:
        """One of the tables in `writing.COLUMNS`, as pandas holds it."""
        return tabular.frame(self.rows[name], writing.COLUMNS[name])

    @property
    def accuracy(self) -> pd.DataFrame:
        """Accuracy and loss over images and simulated time."""
        return self.table("accuracy")

    @property
    def ledger(self) -> pd.DataFrame:
        """Counts by stage, operation, component and action."""
        return self.table("ledger")

    @property
    def energy(self) -> pd.DataFrame:
        """The priced part of the ledger, with price, energy and source."""
        return self.table("energy")

    @property
    def utilisation(self) -> pd.DataFrame:
        """Busy and waiting time of the components."""
        return self.table("utilisation")

    def __reduce__(self) -> tuple[Any, ...]:
        """A result goes to another process, or to a file, as plain mappings."""
        return _of_plain, tuple(_plain(getattr(self, each.name)) for each in fields(self))

    def _repr_html_(self) -> str:
        return notebook.of_record(self.record)

    def report(self, path: str | Path) -> Path:
        """Write the report page of this run to a path."""
        import tempfile

        from chipsim.reports import html

        with tempfile.TemporaryDirectory() as folder:
            writing.write(self, Path(folder))
            title = f"{self.record['workload']} on {self.record['architecture']}"
            return html.write([html.Group(str(self.record["workload"]), (Path(folder),))], Path(path), title)


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, MappingProxyType) else value


def _of_plain(*values: Any) -> Result:
    """The result whose fields these are, its mappings read-only again."""
    record, stages, rows, arrays, *others = values
    frozen = [MappingProxyType(each) for each in (stages, rows, arrays)]
    return Result(record, frozen[0], frozen[1], frozen[2], *others)


def price(
    plan: Plan, counted: Counted, arrays: Mapping[str, NDArray[Any]], identity: Identity,
    resolved: Mapping[str, str], provenance: Mapping[str, Any],
    attached: Mapping[str, bytes] = MappingProxyType({}),
) -> Result:  # fmt: skip
    """The result of a run that has ended, priced under the architecture's cost table."""
    books = Books.of(plan)
    worn = tuple(_worn(counted, arrays))
    with _in_range():
        priced = books.priced(counted)
        stages = {stage.name: _stage(books, stage, priced) for stage in counted.stages}
        record = _record(plan, books, identity, stages, priced, counted)
        record["wear"] = [each._asdict() for each in wear.worn(plan, worn)]
        _check_finite(record)
    return Result(
        record=record,
        stages=MappingProxyType(stages),
        rows=MappingProxyType(_rows(counted, priced)),
        arrays=MappingProxyType(dict(arrays)),
        warnings=(*plan_warnings(plan), *_broken(wear.findings(plan, worn))),
        resolved=resolved,
        provenance=provenance,
        attached=attached,
    )


@contextmanager
def _in_range() -> Iterator[None]:
    try:
        yield
    except OverflowError:
        raise PhysicsError(Fault(pricing.TOO_LARGE, code="E081")) from None


def _check_finite(record: Mapping[str, Any]) -> None:
    """Raise `OverflowError` if a sum is infinite; no term is negative, so a finite sum has finite terms."""
    sums = (record["total"]["energy_J"], record["evaluation"]["energy_J"], record["area_m2"])
    if not all(map(math.isfinite, sums)):
        raise OverflowError


def _stage(books: Books, outcome: StageCounts, priced: tuple[PricedRow, ...]) -> StageRecord:
    given = outcome.given
    rows = [row for row in priced if row.stage == outcome.name]
    ledger = outcome.evaluations[-1].ledger.rows()
    values = [evaluation.accuracy for evaluation in outcome.evaluations]
    return StageRecord(
        name=outcome.name,
        rule=given.rule,
        images=given.images,
        accuracy=Accuracy(values[0], values[-1], max(values)),
        linear_accuracy=given.linear_accuracy,
        target=given.target,
        time_s=outcome.duration / PER_SECOND,
        uncontended_s=outcome.uncontended / PER_SECOND,
        energy_J=pricing.total(row.energy for row in rows),
        energy_J_by_component=pricing.totals(rows, "component"),
        energy_J_by_operation=pricing.totals(rows, "operation"),
        pulses=_pulses(ledger, given.matrices),
        counts=_sums(ledger, lambda row: row.action),
        to_target=_to_target(books, outcome, given.target),
        kind="train" if outcome.misses is None else "program",
        programming=None if outcome.misses is None else _programming(outcome.misses),
    )


def _programming(misses: Misses) -> Programming:
    share = misses.beyond / misses.cells
    return Programming(
        misses.cells, share, misses.tolerance, misses.worst_error, misses.rms_error, misses.factors
    )


def _sums(rows: Iterable[LedgerRow], key: Any) -> dict[str, int]:
    sums: dict[str, int] = {}
    for row in rows:
        sums[key(row)] = sums.get(key(row), 0) + row.count
    return dict(sorted(sums.items()))


def _pulses(ledger: Sequence[LedgerRow], matrices: Mapping[str, str]) -> Pulses:
    fired = [row for row in ledger if row.action in ("set_pulses", "reset_pulses")]
    by_action = _sums(fired, lambda row: row.action)
    return Pulses(
        by_action.get("set_pulses", 0),
        by_action.get("reset_pulses", 0),
        _sums(fired, lambda row: row.component),
        _sums(fired, lambda row: matrices.get(row.operation, row.operation)),
    )


def reached(accuracies: Sequence[float], target: float) -> int | None:
    """Index of the evaluation at which a target counts as reached, or None.

    Of the first `IN_A_ROW` evaluations in a row whose mean reaches the target, the last one.
    """
    for index in range(IN_A_ROW - 1, len(accuracies)):
        window = accuracies[index - IN_A_ROW + 1 : index + 1]
        if pricing.total(window) / IN_A_ROW >= target - ROUNDING:
            return index
    return None


def to_target(plan: Plan, stage: StageCounts, target: float) -> ToTarget | None:
    """What a finished stage took to reach an accuracy, whatever its workload's target; None: it did not."""
    return _to_target(Books(plan, plan.architecture.costs), stage, target)


def _to_target(books: Books, outcome: StageCounts, target: float | None) -> ToTarget | None:
    if target is None:
        return None
    index = reached([evaluation.accuracy for evaluation in outcome.evaluations], target)
    if index is None:
        return None
    at = outcome.evaluations[index]
    return ToTarget(target, *spent(books, outcome.name, outcome.given, at))


def spent(books: Books, stage: str, given: StageInputs, at: Evaluation) -> Spent:
    """What a stage had spent at one of its evaluations."""
    fired = _pulses(list(at.ledger.rows()), given.matrices)
    wear = _wear(books.plan, fired, given.matrices.values())
    with _in_range():
        energy = books.energy_at(stage, at)
    return Spent(at.image, at.time / PER_SECOND, energy, fired.set + fired.reset, wear)


def _wear(plan: Plan, fired: Pulses, matrices: Iterable[str]) -> dict[str, float]:
    """Pulses a cell in the mean, by matrix, of the matrices that a rule pulses."""
    cells = {matrix: plan.cells_of(matrix) for matrix in sorted(set(matrices))}
    return {matrix: fired.by_matrix.get(matrix, 0) / count for matrix, count in cells.items() if count}


def _record(
    plan: Plan, books: Books, identity: Identity, stages: Mapping[str, StageRecord],
    priced: tuple[PricedRow, ...], counted: Counted,
) -> dict[str, Any]:  # fmt: skip
    training = [row for row in priced if row.stage != EVALUATION]
    energy = pricing.total(row.energy for row in training)
    shares = pricing.shares(training)
    area = dict(sorted(pricing.area(books.table, books.parts).items()))
    held = bottleneck.find(plan, counted)
    return {
        "format": "chipsim-run/1",
        "run_id": identity.run_id,
        "chipsim": identity.version,
        "seed": identity.seed,
        "architecture": identity.architecture,
        "workload": identity.workload,
        "stages": [asdict(stage) for stage in stages.values()],
        "total": {
            "time_s": counted.trained / PER_SECOND,
            "uncontended_s": sum(stage.uncontended for stage in counted.stages) / PER_SECOND,
            "energy_J": energy,
            "energy_J_by_component": pricing.totals(training, "component"),
            "energy_J_by_operation": pricing.totals(training, "operation"),
            "pulses": sum(stage.pulses.set + stage.pulses.reset for stage in stages.values()),
            "assumed_share": shares.get("assumed", 0.0) / energy if energy else 0.0,
        },
        "evaluation": {
            "time_s": counted.evaluated / PER_SECOND,
            "energy_J": pricing.total(row.energy for row in priced if row.stage == EVALUATION),
        },
        "bottleneck": None if held is None else asdict(held),
        "costs": {"table": books.table.name, "corner": books.table.corner},
        "uncertainty": {
            "energy_J": intervals.told(intervals.energies(plan, counted)),
            "time_s": intervals.told(intervals.times(plan, counted)),
            "area_m2": intervals.told(intervals.areas(plan)),
        },
        "area_m2": pricing.total(area.values()),
        "area_m2_by_component": area,
        "placement": [
            {
                "matrix": f"{layer}.{matrix}", "component": place.array,
                "rows": [place.region.row, place.region.row + place.region.rows],
                "columns": [place.region.column, place.region.column + place.region.columns],
            }
            for (layer, matrix), place in plan.places.items()
        ],
    }  # fmt: skip


def _rows(counted: Counted, priced: tuple[PricedRow, ...]) -> dict[str, tuple[tuple[Any, ...], ...]]:
    span = counted.trained
    return {
        "accuracy": tuple(
            (stage.name, e.image, e.time / PER_SECOND, e.accuracy, e.loss)
            for stage in counted.stages
            for e in stage.evaluations
        ),
        "ledger": counted.ledger,
        "progress": tuple(
            (stage.name, e.image, e.time / PER_SECOND, *row[1:])
            for stage in counted.stages
            for e in stage.evaluations
            for row in e.ledger.rows()
        ),
        "energy": tuple(tuple(row[:8]) for row in priced),
        "path": tuple(
            (*leg[:3], "served" if leg.served else "waiting", leg.time / PER_SECOND) for leg in counted.path
        ),
        "utilisation": tuple(
            (
                use.component, use.busy / PER_SECOND, use.waiting / PER_SECOND,
                use.busy / span if span else 0.0, use.waiting / span if span else 0.0,
                use.served / PER_SECOND,
            )
            for use in counted.usage
        ),
    }  # fmt: skip


def arrays(outcomes: Sequence[StageOutcome]) -> Iterable[tuple[str, NDArray[Any]]]:
    """Weights, conductances and pulses of every array before and after each stage, as the file names them."""
    for outcome in outcomes:
        for when, arrays in (("before", outcome.before), ("after", outcome.after)):
            for component, values in arrays.items():
                for name, array in values.items():
                    yield f"{component}/{outcome.name}/{when}/{name}", array


def plan_warnings(plan: Plan) -> tuple[Mapping[str, str], ...]:
    """What is known before a run to be idealised in it, or to break a design rule."""
    idealised = tuple({"code": code, "message": message} for code, message in _idealised(plan))
    return (*idealised, *_broken(findings(plan)))


def _broken(found: Iterable[Finding]) -> tuple[Mapping[str, str], ...]:
    """Warnings of design rules that are not kept."""
    return tuple({"code": f.code, "message": f"component '{f.component}': {f.message}"} for f in found)


def _worn(counted: Counted, arrays: Mapping[str, NDArray[Any]]) -> Iterator[Wear]:
    """Pulses per device of every array before and after each stage."""
    for stage in counted.stages:
        sides: dict[str, dict[str, NDArray[Any]]] = {"before": {}, "after": {}}
        for name, array in arrays.items():
            component, of, when, what = name.split("/")
            if of == stage.name and what == "pulses":
                sides[when][component] = array
        yield Wear(stage.name, stage.duration / PER_SECOND, sides["before"], sides["after"])


def _idealised(plan: Plan) -> Iterator[tuple[str, str]]:
    for name, parameters in plan.architecture.declared.items():
        if getattr(parameters, "reference", None) == "ideal":
            what = "reads zero weight against an ideal reference; its area, time and energy are not counted"
            yield "W001", f"component '{name}' {what}"
    for stage, program in plan.programs.items():
        if not program.method.pulses:
            what = "sets weights with noise; the pulses that programming them takes are not counted"
            yield "W001", f"stage '{stage}' {what}"
    idle: dict[str, int] = {}
    for name in plan.idle():
        idle[groups.base(name)] = idle.get(groups.base(name), 0) + 1
    for name, number in idle.items():
        copies = len(plan.architecture.copies(name))
        what = "takes no part in this workload; its area and leakage are counted"
        of = "" if copies == 1 else f" ({number} of {copies})"
        yield "W003", f"component '{name}'{of} {what}"
