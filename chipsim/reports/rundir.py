"""A finished run as its directory tells it: `run.json` and the tables beside it.

Only `run.json` must be there. Every other file is optional: one that is absent or that cannot be read leaves
an empty table and a sentence under `Run.absent`, which the page shows in the place of the figure.
"""

import csv
import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from chipsim.errors import ChipsimError, DataError

T = TypeVar("T")


class AccuracyPoint(NamedTuple):
    """One evaluation: accuracy (0 to 1) and loss after `image` images and `time_s` seconds of the stage."""

    stage: str
    image: int
    time_s: float
    accuracy: float
    loss: float | None


@dataclass(frozen=True)
class LedgerEntry:
    """A row of the ledger: `key` is stage, operation, component and action.

    Price and energy [J] are None where the cost table only reports the action.
    """

    key: tuple[str, str, str, str]
    count: int
    price: float | None = None
    energy: float | None = None
    source: str = ""


class Utilisation(NamedTuple):
    """How a component spent the run: busy and waiting [s], busy share (0 to 1), mean length of its queue.

    `served_s` is what its own work took.
    """

    component: str
    busy_s: float
    waiting_s: float
    utilisation: float
    mean_queue: float | None
    served_s: float | None = None


@dataclass(frozen=True)
class Group:
    """Runs that belong together in a report (the seeds of an ensemble), under one label."""

    label: str
    runs: tuple[Path, ...]


@dataclass(frozen=True)
class Run:
    """One run. `figures` is `run.json`; `pulses` holds counts ``(rows, columns)`` per device.

    `pulses` is keyed by component and stage, cumulative since power-on, as they stand after the stage.
    """

    path: Path
    figures: Mapping[str, Any]
    accuracy: tuple[AccuracyPoint, ...] = ()
    ledger: tuple[LedgerEntry, ...] = ()
    utilisation: tuple[Utilisation, ...] = ()
    pulses: Mapping[tuple[str, str], NDArray[np.int64]] = field(default_factory=dict)
    warnings: tuple[Mapping[str, Any], ...] = ()
    provenance: Mapping[str, Any] = field(default_factory=dict)
    architecture: Mapping[str, Any] = field(default_factory=dict)
    absent: Mapping[str, str] = field(default_factory=dict)

    @property
    def stages(self) -> tuple[Mapping[str, Any], ...]:
        """The stages as `run.json` lists them."""
        return tuple(self.figures.get("stages", ()))

    def stage(self, name: str) -> Mapping[str, Any]:
        """The stage of that name; empty where the run has none."""
        return next((stage for stage in self.stages if stage.get("name") == name), {})


def read(path: Path) -> Run:
    """The run in a directory.

    Raises `DataError` where `run.json` is absent or is not the JSON object of a run.
    """
    figures = _figures(path)
    absent: dict[str, str] = {}

    def optional(name: str, reader: Callable[[Path], T], empty: T) -> T:
        value, fault = _attempt(path / name, reader, empty)
        absent.update({name: fault} if fault else {})
        return value

    return Run(
        path=path,
        figures=figures,
        accuracy=optional("accuracy.csv", _accuracy, ()),
        ledger=_joined(optional("ledger.csv", _counts, ()), optional("energy.csv", _energies, ())),
        utilisation=optional("utilisation.csv", _utilisation, ()),
        pulses=optional("arrays.npz", _pulses, {}),
        warnings=optional("warnings.json", _warnings, ()),
        provenance=optional("provenance.json", _object, {}),
        architecture=optional("resolved/architecture.yaml", _document, {}),
        absent=absent,
    )


def intervals(runs: tuple[Run, ...]) -> Mapping[str, tuple[float, float]]:
    """95 % intervals by figure from the `ensemble.json` beside the runs, where it is of the same seeds."""
    if len(runs) < 2:
        return {}
    nothing: Mapping[str, Any] = {}
    ensemble, _ = _attempt(runs[0].path.parent / "ensemble.json", _object, nothing)
    seeds = [run.figures.get("seed") for run in runs]
    figures = ensemble.get("figures")
    if ensemble.get("seeds") != seeds or not isinstance(figures, Mapping):
        return {}
    return {name: ends for name, facts in figures.items() if (ends := _interval(facts))}


def _interval(facts: Any) -> tuple[float, float] | None:
    ends = facts.get("ci95") if isinstance(facts, Mapping) else None
    if isinstance(ends, list) and len(ends) == 2 and all(isinstance(end, int | float) for end in ends):
        return ends[0], ends[1]
    return None


def _figures(path: Path) -> Mapping[str, Any]:
    try:
        figures = _object(path / "run.json")
    except FileNotFoundError:
        raise DataError(f"{path}: not a run's directory; it holds no run.json") from None
    except (OSError, ValueError) as fault:
        raise DataError(f"{path / 'run.json'}: cannot be read ({fault})") from None
    stages = figures.get("stages", [])
    if not isinstance(stages, list) or not all(isinstance(stage, dict) for stage in stages):
        raise DataError(f"{path / 'run.json'}: 'stages' is not a list of stages")
    return figures


def _attempt(path: Path, reader: Callable[[Path], T], empty: T) -> tuple[T, str]:
    try:
        return reader(path), ""
    except FileNotFoundError:
        return empty, f"{path.name} is not in the run's directory."
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, ChipsimError) as fault:
        return empty, f"{path.name} cannot be read: {fault}."


def _json(path: Path) -> Any:
    def refuse(word: str) -> Any:
        raise ValueError(f"{word} is not JSON")

    return json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse)


def _object(path: Path) -> Mapping[str, Any]:
    value = _json(path)
    if not isinstance(value, dict):
        raise ValueError("it is not a JSON object")
    return value


def _warnings(path: Path) -> tuple[Mapping[str, Any], ...]:
    return tuple(item if isinstance(item, dict) else {"message": item} for item in _json(path))


def _document(path: Path) -> Mapping[str, Any]:
    from chipsim.inputs import documents

    if not path.is_file():
        raise FileNotFoundError(path)
    data: Mapping[str, Any] = documents.read(path).data
    return data


def _rows(path: Path, convert: Callable[[Mapping[str, str]], T]) -> tuple[T, ...]:
    with path.open(encoding="utf-8", newline="") as stream:
        table = csv.DictReader(stream)
        try:
            return tuple(convert(row) for row in table)
        except KeyError as fault:
            raise ValueError(f"it has no column {fault}") from None
        except (TypeError, ValueError) as fault:
            raise ValueError(f"line {table.line_num}: {fault}") from None


def _number(text: str) -> float | None:
    return float(text) if text else None


def _accuracy(path: Path) -> tuple[AccuracyPoint, ...]:
    return _rows(
        path,
        lambda row: AccuracyPoint(
            row["stage"],
            int(row["image"]),
            float(row["time_s"]),
            float(row["accuracy"]),
            _number(row["loss"]),
        ),
    )


def _utilisation(path: Path) -> tuple[Utilisation, ...]:
    return _rows(
        path,
        lambda row: Utilisation(
            row["component"],
            float(row["busy_s"]),
            float(row["waiting_s"]),
            float(row["utilisation"]),
            _number(row["mean_queue"]),
            _number(row.get("served_s") or ""),
        ),
    )


def _counts(path: Path) -> tuple[LedgerEntry, ...]:
    return _rows(path, lambda row: LedgerEntry(_key(row), int(row["count"])))


def _energies(path: Path) -> tuple[LedgerEntry, ...]:
    return _rows(
        path,
        lambda row: LedgerEntry(
            _key(row), int(row["count"]), _number(row["price_J"]), _number(row["energy_J"]), row["source"]
        ),
    )


def _key(row: Mapping[str, str]) -> tuple[str, str, str, str]:
    return row["stage"], row["operation"], row["component"], row["action"]


def _joined(counts: tuple[LedgerEntry, ...], priced: tuple[LedgerEntry, ...]) -> tuple[LedgerEntry, ...]:
    """All rows of both tables in the files' order: with a price where there is one."""
    prices = {row.key: row for row in priced}
    counted = {row.key for row in counts}
    rest = [row for row in priced if row.key not in counted]
    return tuple([prices.get(row.key, row) for row in counts] + rest)


def _pulses(path: Path) -> Mapping[tuple[str, str], NDArray[np.int64]]:
    with np.load(path, allow_pickle=False) as arrays:
        keys = [key for key in arrays.files if key.endswith("/after/pulses") and key.count("/") >= 3]
        tables = {_place(key): np.asarray(arrays[key]) for key in keys}
    return {place: table for place, table in tables.items() if table.ndim == 2 and table.size}


def _place(key: str) -> tuple[str, str]:
    component, stage = key.removesuffix("/after/pulses").rsplit("/", 1)
    return component, stage
