"""A finished run under other prices: its counts are read from its files, nothing is simulated."""

from __future__ import annotations

import shlex
import time
import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chipsim.accounting.pricing import PricedRow
from chipsim.errors import DataError, Fault, InputError
from chipsim.experiments.ensemble import read_record
from chipsim.experiments.run import SETTABLE, Job, Request, chipsim_version, prepare, provenance
from chipsim.reports import counted
from chipsim.reports import result as results
from chipsim.reports.books import Books
from chipsim.reports.counted import Counted
from chipsim.reports.result import Identity, Result


@dataclass(frozen=True)
class Finished:
    """A finished run: its files read, checked and mapped again, and what it counted."""

    job: Job
    counted: Counted
    seed: int
    folder: Path


def read(folder: Path, settings: tuple[str, ...] = ()) -> Finished:
    """A run from its directory, with other prices where `settings` give some.

    Raises `DataError` where the directory is not that of a run, `InputError` for a setting that would
    change what the run did.
    """
    _check_settings(folder, settings)
    given = folder / "resolved"
    paths = [given / f"{kind}.yaml" for kind in ("architecture", "workload")]
    if not (folder / "run.json").is_file() or not all(path.is_file() for path in paths):
        text = f"{folder}: not a run's directory; it holds no run.json with resolved files"
        seeds = sorted(folder.glob("seed-*"))
        raise DataError(f"{text}; give one of its runs, as '{seeds[0]}'" if seeds else text)
    job = prepare(Request(str(paths[0]), str(paths[1]), settings))
    record = read_record(folder)
    return Finished(job, counted.read(folder, job.matrices), int(record["seed"]), folder)


def price(run: Finished, command: Sequence[str] = ()) -> Result:
    """The result of a run under the prices of its job; equal to a fresh run under them.

    Raises `DataError` where the folder has no arrays that can be read.
    """
    job = run.job
    identity = Identity(
        job.run_id(run.seed), run.seed, job.architecture.name, job.workload.name, chipsim_version()
    )
    worn = arrays(run.folder, "which wear is taken from; run it by itself to price it")
    return results.price(
        job.plan, run.counted, worn, identity, job.resolved, provenance(job, command, time.time()),
        job.attached,
    )  # fmt: skip


def arrays(
    folder: Path, use: str, wanted: Callable[[str], bool] = lambda name: True
) -> dict[str, NDArray[Any]]:
    """The arrays of a run's folder with the names that are wanted; `use` says what they are there for.

    Raises `DataError` where they were not kept, or cannot be read.
    """
    try:
        with np.load(folder / "arrays.npz", allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files if wanted(name)}
    except FileNotFoundError:
        raise DataError(Fault(f"{folder}: it holds no arrays.npz, {use}", code="E093")) from None
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error):
        text = f"{folder / 'arrays.npz'}: it is damaged or cannot be read; run the same again with --force"
        raise DataError(Fault(text, code="E093")) from None


def priced(run: Finished) -> tuple[PricedRow, ...]:
    """The rows of a run's ledger under the prices of its job, leakage included."""
    return Books.of(run.job.plan).priced(run.counted)


def settings_of(costs: str | None, corner: str | None, given: Sequence[str]) -> tuple[str, ...]:
    """The settings that options of the command line stand for."""
    table = () if costs is None else (f"costs.table={costs}",)
    at = () if corner is None else (f"costs.corner={corner}",)
    return (*table, *at, *given)


def _check_settings(folder: Path, settings: Sequence[str]) -> None:
    for setting in settings:
        path = setting.partition("=")[0].strip()
        if path.startswith("costs."):
            continue
        text = f"'{path}' is no price; write 'costs.{path}' for an entry of the cost table"
        if path.split(".")[0] in SETTABLE:
            again = shlex.quote(setting)
            text = f"'{path}' changes what the run does, not only its price; run it again with --set {again}"
        raise InputError(Fault(text, code="E024"))
