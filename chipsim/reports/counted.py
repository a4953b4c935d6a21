"""What a run counted and measured, before any price: taken from a chip that has run, or from its files."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chipsim.accounting.ledger import Key, Ledger, LedgerRow
from chipsim.errors import DataError
from chipsim.learning.programming import Programming
from chipsim.simulation.controller import Controller
from chipsim.simulation.records import Evaluation, Misses, Passage, StageOutcome, Usage

PER_SECOND = 1e12  # picoseconds


@dataclass(frozen=True)
class StageInputs:
    """What the record says of a stage beside its outcome."""

    rule: str
    """The learning rule, or the method of programming."""
    images: int
    matrices: Mapping[str, str]
    """From operation to the matrix that it pulses."""
    linear_accuracy: float
    target: float | None

    @classmethod
    def of_program(cls, program: Programming, linear_accuracy: float) -> StageInputs:
        """Those of a stage that programs: no images, and no target of its own."""
        return cls(program.method.type, 0, program.pulsed, linear_accuracy, None)


@dataclass(frozen=True)
class StageCounts:
    """One stage: what was asked of it, its time [ps] and its evaluations with the ledger at each.

    `uncontended` is what its groups of transactions would take one after another, if nothing waited [ps].
    `misses` is what a stage of kind `program` could not program.
    """

    name: str
    given: StageInputs
    duration: int
    uncontended: int
    evaluations: tuple[Evaluation, ...]
    misses: Misses | None = None


@dataclass(frozen=True)
class Counted:
    """A run's stages, its ledger, and how long it trained and evaluated [ps].

    `usage` is by component, `path` the legs of the critical path.
    """

    stages: tuple[StageCounts, ...]
    ledger: tuple[LedgerRow, ...]
    trained: int
    evaluated: int
    usage: tuple[Usage, ...]
    path: tuple[Passage, ...]


def of_run(
    controller: Controller, outcomes: Sequence[StageOutcome], inputs: Sequence[StageInputs]
) -> Counted:
    """What a chip's controller counted over stages that have ended."""
    stages = tuple(
        StageCounts(
            outcome.name, given, outcome.duration, controller.uncontended(outcome.name),
            outcome.evaluations, outcome.misses,
        )
        for outcome, given in zip(outcomes, inputs, strict=True)
    )  # fmt: skip
    return Counted(
        stages, tuple(controller.ledger.rows()), controller.floor.now, controller.beside.now,
        tuple(sorted(controller.usage())), controller.critical_path(),
    )  # fmt: skip


def read(folder: Path, matrices: Mapping[str, Mapping[str, str]]) -> Counted:
    """What a run's files say that it counted; `matrices` as in `StageInputs`, by stage.

    Raises `DataError` where a file is missing or damaged.
    """
    try:
        record = json.loads((folder / "run.json").read_text("utf-8"))
        ledger = tuple(_row(row) for row in _table(folder / "ledger.csv"))
        evaluations = _evaluations(folder)
        stages = tuple(
            StageCounts(
                stage["name"],
                StageInputs(
                    stage["rule"], stage["images"], matrices[stage["name"]],
                    stage["linear_accuracy"], stage["target"],
                ),
                picoseconds(stage["time_s"]),
                picoseconds(stage["uncontended_s"]),
                tuple(evaluations[stage["name"]]),
                _misses(stage.get("programming")),
            )
            for stage in record["stages"]
        )  # fmt: skip
        usage = tuple(
            Usage(
                row["component"], *(picoseconds(row[f"{what}_s"]) for what in ("busy", "waiting", "served"))
            )
            for row in _table(folder / "utilisation.csv")
        )
        path = tuple(
            Passage(
                row["stage"], row["operation"], row["component"], row["kind"] == "served",
                picoseconds(row["time_s"]),
            )
            for row in _table(folder / "path.csv")
        )  # fmt: skip
        trained, evaluated = (picoseconds(record[part]["time_s"]) for part in ("total", "evaluation"))
    except FileNotFoundError as missing:
        raise DataError(
            f"{folder}: not a run's directory; it holds no {Path(missing.filename).name}"
        ) from None
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise DataError(f"{folder}: its files cannot be read as those of a run ({fault})") from None
    return Counted(stages, ledger, trained, evaluated, usage, path)


def _misses(found: Mapping[str, Any] | None) -> Misses | None:
    if found is None:
        return None
    cells = found["cells"]
    beyond = round(found["share_beyond_tolerance"] * cells)
    return Misses(
        cells, beyond, found["tolerance"], found["worst_error"], found["rms_error"], found["factors"]
    )


def picoseconds(seconds: float | str) -> int:
    """A time of a run's files as the event kernel counted it; exact up to an hour and more."""
    return round(float(seconds) * PER_SECOND)


def _table(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        yield from csv.DictReader(stream)


def _row(row: Mapping[str, str]) -> LedgerRow:
    return LedgerRow(row["stage"], row["operation"], row["component"], row["action"], int(row["count"]))


def _evaluations(folder: Path) -> dict[str, list[Evaluation]]:
    counts: dict[tuple[str, str, str], dict[Key, int]] = {}
    for row in _table(folder / "progress.csv"):
        at = counts.setdefault((row["stage"], row["image"], row["time_s"]), {})
        at[row["stage"], row["operation"], row["component"], row["action"]] = int(row["count"])
    found: dict[str, list[Evaluation]] = {}
    for row in _table(folder / "accuracy.csv"):
        image = int(row["image"])
        ledger = Ledger(counts.get((row["stage"], row["image"], row["time_s"]), {}))
        figures: tuple[Any, ...] = (float(row["accuracy"]), float(row["loss"]), ledger)
        found.setdefault(row["stage"], []).append(Evaluation(image, picoseconds(row["time_s"]), *figures))
    return found
