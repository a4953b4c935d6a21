"""The runs of one generation: found in the record, or done by a pool and kept there, each once."""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field

from chipsim.errors import ChipsimError
from chipsim.experiments.exploring import pools, stopping, work
from chipsim.experiments.exploring.pools import Pool
from chipsim.experiments.exploring.record import FAILURE, Files, Record, failure, is_final
from chipsim.experiments.exploring.search import Point
from chipsim.experiments.exploring.stopping import CURVE, STOPPED, Bar, Curve, Rival
from chipsim.experiments.exploring.study import Study
from chipsim.experiments.exploring.work import Evaluate, Task
from chipsim.experiments.run import Job, prepare

ATTEMPTS = 3
"""How often a run is begun whose process is ended from outside."""
AHEAD = 2
"""Runs that are handed out for each that is done at a time, so that no worker waits for the next."""


@dataclass
class Trial:
    """A point under way: the files of its seeds as they end, by seed; with `stopped`, no more are wanted."""

    number: int
    point: Point
    wanted: tuple[int, ...]
    files: dict[int, Files] = field(default_factory=dict)
    keys: dict[int, str] = field(default_factory=dict)
    stopped: str = ""

    @property
    def failed(self) -> bool:
        """Whether one of its seeds has failed, or the point does not fit."""
        return any(FAILURE in files for files in self.files.values())

    @property
    def over(self) -> bool:
        """Whether nothing more is to be done for it."""
        return bool(self.stopped) or self.failed or len(self.files) == len(self.wanted)


@dataclass
class Spent:
    """What was done for a study, what was found done, and what stopping dominated points has saved it."""

    simulated: int = 0
    priced: int = 0
    found: int = 0
    stopped: int = 0
    """Runs that count as stopped on the way, done or found."""
    left_out: int = 0
    """Runs of further seeds that were not wanted any more."""
    images: int = 0
    """Images that were not wanted, of those runs together."""

    def __str__(self) -> str:
        text = f"{self.simulated} runs simulated, {self.priced} priced again, {self.found} found"
        if not self.stopped and not self.left_out:
            return text
        saved = f"{self.stopped} stopped on the way, {self.left_out} left out, {self.images:,} images saved"
        return f"{text}; {saved}"


Want = tuple[Trial, int]
"""A trial and the seed of it that is wanted."""


class Runs:
    """Does the runs of trials. `spent` tells what that took."""

    def __init__(self, study: Study, record: Record, pool: Pool, evaluate: Evaluate) -> None:
        self.study, self.record, self.pool, self.evaluate = study, record, pool, evaluate
        self.spent = Spent()
        self._prices = any(axis.only_prices for axis in study.axes)
        self._limit = study.file.time_limit
        self._job = functools.lru_cache(maxsize=32)(self._prepared)
        self._queue: deque[Want] = deque()
        self._flying: dict[Future[Files], tuple[Task, list[Want]]] = {}
        self._losses: dict[str, int] = {}
        self._suspects: set[str] = set()
        self._rivals: tuple[Rival, ...] = ()

    def do(
        self, trials: Sequence[Trial], judge: Callable[[Trial], None], rivals: Sequence[Rival] = ()
    ) -> None:
        """Do what the trials want; `judge` is told of a trial after each of its seeds and may stop it.

        Where trials may be stopped, the other seeds of each wait for its first, which is stopped on its way
        where it is clearly dominated by a rival.
        """
        first = self.study.file.stop == "dominated"
        self._queue.extend((trial, s) for trial in trials for s in trial.wanted[: 1 if first else None])
        self._judge, self._rivals = judge, tuple(rivals)
        while self._queue or self._flying:
            while self._queue and len(self._flying) < (1 if self._suspects else AHEAD * self.pool.width):
                self._begin(*self._queue.popleft())
            self._collect()

    def _prepared(self, settings: tuple[str, ...]) -> Job:
        return prepare(self.study.request(settings))

    def _begin(self, trial: Trial, seed: int) -> None:
        if trial.over:
            return
        try:
            found = self._found_or_task(trial, seed)
        except ChipsimError as error:
            self._take(trial, seed, failure(error.faults[0].message, error.faults[0].code))
            return
        if not isinstance(found, Task):
            self.spent.found += 1
            self._take(trial, seed, found)
            return
        for task, wants in self._flying.values():
            if task.key == found.key:
                wants.append((trial, seed))
                return
        self._flying[self.pool.submit(self.evaluate, found)] = (found, [(trial, seed)])

    def _found_or_task(self, trial: Trial, seed: int) -> Files | Task:
        """The files of a run, or what has to be done next to have them."""
        settings = trial.point.settings(self.study.axes)
        job = self._job(settings)
        key = job.run_id(seed)
        trial.keys[seed] = key
        bar = self._bar(trial, seed)
        kept = self._kept(key, bar)
        if kept is not None:
            return kept
        if not self._prices:
            return Task(key, work.files_of(job), seed, settings, self._limit, bar=bar)
        plain = self._job(trial.point.settings(self.study.axes, prices=False))
        counted = self._kept(plain.run_id(seed))
        if counted is None or not (FAILURE in counted or work.COUNTS in counted):
            return Task(plain.run_id(seed), work.files_of(plain), seed, (), self._limit, whole=True)
        if FAILURE in counted:
            return counted
        prices = tuple(setting for setting in settings if setting.startswith("costs."))
        return Task(key, (), seed, prices, self._limit, counted=counted)

    def _bar(self, trial: Trial, seed: int) -> Bar | None:
        """What a run is stopped for falling behind of: the first of a point that may be stopped.

        Where axes change prices, runs serve several points and are not stopped.
        """
        if self.study.file.stop == "never" or seed != trial.wanted[0] or self._prices:
            return None
        return Bar(self.study.file.objectives, self._rivals)

    def _kept(self, key: str, bar: Bar | None = None) -> Files | None:
        files = self.record.find(key)
        if files is None or not is_final(files, self._limit):
            return None
        return stopping.judged(bar, files)

    def _keep(self, key: str, files: Files) -> None:
        """Keep what a run left, but not one that was stopped in the place of one that was not."""
        if STOPPED not in files or self._kept(key) is None:
            self.record.keep(key, files)

    def _collect(self) -> None:
        """Take what has ended, and begin again what was lost."""
        if not self._flying:
            return
        ended, _ = wait(self._flying, return_when=FIRST_COMPLETED)
        errors = {future: future.exception() if not future.cancelled() else None for future in ended}
        lost = {
            future for future, error in errors.items() if future.cancelled() or (error and pools.lost(error))
        }
        for future in ended - lost:
            task, wants = self._flying.pop(future)
            if (error := errors[future]) is None:
                self._keep(task.key, future.result())
                self._ended(task, wants, future.result())
            else:  # not foreseen: its reason is told, but not kept
                self._ended(task, wants, failure(f"{type(error).__name__}: {error}", "E110"))
        if lost:
            self._begin_again()

    def _ended(self, task: Task, wants: Sequence[Want], files: Files) -> None:
        self._suspects.discard(task.key)
        if task.counted is not None:
            self.spent.priced += 1
        else:
            self.spent.simulated += 1
        for trial, seed in wants:
            if trial.keys[seed] == task.key or FAILURE in files:
                self._take(trial, seed, files)
            else:
                self._queue.appendleft((trial, seed))  # now to be priced

    def _begin_again(self) -> None:
        """A worker, or all of them, have gone: what they had is wanted again, but not for ever.

        Where one run may have taken others with it, they are done one at a time, until it is found.
        """
        under_way = list(self._flying.values())
        self._flying.clear()
        for task, wants in reversed(under_way):
            self._losses[task.key] = self._losses.get(task.key, 0) + 1
            if self._losses[task.key] > ATTEMPTS:
                self._suspects.discard(task.key)
                text = "its process was ended from outside each time, perhaps for want of memory"
                for trial, seed in wants:
                    self._take(trial, seed, failure(text, "E090"))
            else:
                self._suspects |= {task.key} if self.pool.shared_fate else set()
                self._queue.extendleft(reversed(wants))
        self.pool.restart()

    def _count_saved(self, trial: Trial, files: Files) -> None:
        job = self._job(trial.point.settings(self.study.axes))
        images = sum(stage.images for stage in job.workload.stages)
        self.spent.left_out += len(trial.wanted) - 1
        self.spent.images += images * (len(trial.wanted) - 1)
        if STOPPED in files:
            self.spent.stopped += 1
            self.spent.images += images - Curve.read(files[CURVE]).done

    def _take(self, trial: Trial, seed: int, files: Files) -> None:
        trial.files[seed] = files
        rest = trial.wanted[1:] if seed == trial.wanted[0] and self.study.file.stop == "dominated" else ()
        self._judge(trial)
        if trial.stopped and seed == trial.wanted[0]:
            self._count_saved(trial, files)
        self._queue.extendleft((trial, other) for other in reversed(rest) if not trial.over)
