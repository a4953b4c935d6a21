"""The part of a worker: one run, from the resolved files that it is handed to the files that it leaves.

A worker reads no file of the study and writes none: it may be on another machine. What it is handed is what
the key of the run was made from.
"""

from __future__ import annotations

import functools
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from chipsim.errors import ChipsimError
from chipsim.experiments import repricing, run
from chipsim.experiments.exploring import stopping
from chipsim.experiments.exploring.record import Files, failure
from chipsim.experiments.exploring.stopping import CURVE, Bar, Curve, Judge, Reading
from chipsim.experiments.run import Job, Request
from chipsim.reports import result as results
from chipsim.reports import writing
from chipsim.reports.books import Books
from chipsim.reports.counted import StageInputs
from chipsim.simulation.records import Evaluation

COUNTS = "ledger.csv"
"""A file that only a run has that is kept whole."""
FIGURES = ("run.json", "warnings.json", "accuracy.csv")
"""Files that are kept of a run whose prices do not vary."""


@dataclass(frozen=True)
class Task:
    """One run: its key, the resolved files, the seed, and the settings that led to them (to be told only).

    With `counted`, the files of a finished run, nothing is simulated: that run is priced by `settings`.
    """

    key: str
    files: tuple[tuple[str, bytes], ...]
    seed: int
    settings: tuple[str, ...] = ()
    limit_s: float | None = None
    whole: bool = False
    """Keep all that another pricing needs."""
    counted: Files | None = None
    bar: Bar | None = None
    """What it is stopped for falling behind of."""


Evaluate = Callable[[Task], Files]
"""What does a task: `perform`, or a test's stand-in. It is called in a worker, so it must be importable."""


def files_of(job: Job) -> tuple[tuple[str, bytes], ...]:
    """The resolved files of a job, and those that its cells and stages have beside them."""
    found = {f"{kind}.yaml": text.encode() for kind, text in job.resolved.items()}
    return tuple(sorted({**found, **job.attached}.items()))


def perform(task: Task) -> Files:
    """The files that a task leaves; one that fails leaves its reason."""
    try:
        with _limit(task.limit_s) as progress:
            if task.counted is not None:
                return _priced(task, task.counted)
            job = _job(task.files)
            follower = _Follower(job, task.bar or Bar(()))
            result = run.simulate(job, task.seed, progress, watch=follower)
            return {**_written(result, task, dict(task.files)), CURVE: follower.curve.written()}
    except _StoppedError:
        return follower.stopped
    except _TooLongError:
        return failure(f"took longer than its {task.limit_s:g} s", "E090", task.limit_s)
    except ChipsimError as error:
        return failure(error.faults[0].message, error.faults[0].code)
    except MemoryError:
        return failure("ran out of memory", "E056")


@functools.lru_cache(maxsize=2)
def _job(files: tuple[tuple[str, bytes], ...]) -> Job:
    """The job of resolved files; the seeds of a point, which follow one another, share it and its images."""
    with tempfile.TemporaryDirectory(prefix="chipsim-") as folder:
        _unpack(Path(folder), dict(files))
        return run.prepare(Request(f"{folder}/architecture.yaml", f"{folder}/workload.yaml"))


class _StoppedError(Exception):
    """A run need not go on."""


class _Follower:
    """A `Watch` that ends a run which is clearly dominated."""

    def __init__(self, job: Job, bar: Bar) -> None:
        self._books = Books.of(job.plan)
        self._judge = Judge(bar, self._books.area)
        self.stopped: Files = {}

    @property
    def curve(self) -> Curve:
        """What the run has come to so far."""
        return self._judge.curve

    def __call__(self, stage: str, given: StageInputs, at: Evaluation) -> None:
        """Take one more evaluation."""
        spent = results.spent(self._books, stage, given, at)
        rival = self._judge.add(Reading.of(stage, given, at, spent))
        if rival is not None:
            self.stopped = stopping.stopped(self.curve, rival)
            raise _StoppedError


def _priced(task: Task, counted: Files) -> Files:
    with tempfile.TemporaryDirectory(prefix="chipsim-") as folder:
        _unpack(Path(folder), counted)
        result = repricing.price(repricing.read(Path(folder), task.settings))
        return _written(result, task, {})


def _unpack(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _written(result: results.Result, task: Task, resolved: Mapping[str, bytes]) -> Files:
    with tempfile.TemporaryDirectory(prefix="chipsim-") as text:
        folder = Path(text)
        writing.write(result, folder)
        if not task.whole:
            return {name: (folder / name).read_bytes() for name in FIGURES}
        _unpack(folder / "resolved", resolved)
        (folder / "provenance.json").unlink()  # of this run alone, and the record is of all equal ones
        return {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }


class _TooLongError(Exception):
    """A run has used up its wall-clock time."""


@contextmanager
def _limit(seconds: float | None) -> Iterator[Callable[[str, int, int, float], None]]:
    """A `Progress` that ends the body after so many seconds; in a main thread the clock alone ends it."""
    if seconds is None:
        yield lambda stage, done, images, accuracy: None
        return
    end = time.monotonic() + seconds

    def watch(stage: str, done: int, images: int, accuracy: float) -> None:
        if time.monotonic() > end:
            raise _TooLongError

    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "SIGALRM"):
        yield watch
        return

    def ring(number: int, frame: FrameType | None) -> None:
        raise _TooLongError

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield watch
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
