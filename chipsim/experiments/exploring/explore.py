"""A study from its beginning to its front: ask for a generation, find or do its runs, judge, tell.

Nothing of it is kept but the record of finished runs: a study that was interrupted is asked again from its
beginning, finds what has been done, and so proposes what it would have proposed. The number of workers, and
the order in which runs end, change nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from chipsim.experiments.ensemble import figures as figures_of
from chipsim.experiments.ensemble import summary
from chipsim.experiments.exploring import front as fronts
from chipsim.experiments.exploring import search, work
from chipsim.experiments.exploring.front import Row
from chipsim.experiments.exploring.generation import Runs, Spent, Trial
from chipsim.experiments.exploring.pools import Pool
from chipsim.experiments.exploring.record import FAILURE, Files, Record
from chipsim.experiments.exploring.search import Point, Search
from chipsim.experiments.exploring.stopping import CURVE, STOPPED, Curve, Rival
from chipsim.experiments.exploring.study import Study
from chipsim.experiments.exploring.work import Evaluate


@dataclass(frozen=True)
class State:
    """How far a study is: runs that have ended (or need not be done) of all, and the front so far."""

    runs: int
    of: int
    points: int
    front: tuple[Row, ...]


Watch = Callable[[State], None]


def quiet(state: State) -> None:
    """A `Watch` that says nothing."""


def explore(
    study: Study, record: Record, pool: Pool, watch: Watch = quiet, evaluate: Evaluate = work.perform
) -> tuple[list[Row], Spent]:
    """All rows of a study in the order in which its search proposed them, and what that took.

    Raises `UsageError` where the search needs what is not installed.
    """
    runs = Runs(study, record, pool, evaluate)
    rows = _Course(study, search.of(study), runs, watch).run()
    return rows, runs.spent


class _Course:
    """The course of a study: rows so far, the front of the generations that have ended, and the live one."""

    def __init__(self, study: Study, search: Search, runs: Runs, watch: Watch) -> None:
        self._study, self._search, self._runs, self._watch = study, search, runs, watch
        self._rows: list[Row] = []
        self._numbers: dict[Point, int] = {}
        self._front: list[Row] = []
        self._live: Sequence[Row] = ()
        self._rivals: dict[int, Rival] = {}
        self._ended = 0

    def run(self) -> list[Row]:
        """Generation by generation, until the search has no more points; returns the rows."""
        file = self._study.file
        judged = self._search.adaptive or file.stop == "dominated"
        self._say()
        while points := self._search.ask(file.generation if judged else self._search.total):
            numbers = [self._numbers.setdefault(point, len(self._numbers)) for point in points]
            fresh = {n: point for n, point in zip(numbers, points, strict=True) if n >= len(self._rows)}
            trials = [Trial(number, point, self._study.seeds) for number, point in fresh.items()]
            self._runs.do(trials, self._judge, tuple(self._rivals.values()))
            new = [row_of(self._study, trial) for trial in trials]
            self._rows += new
            self._front = fronts.front(self._study, [*self._front, *new])
            self._set_rivals(trials)
            self._search.tell([fronts.told(self._study, self._rows[number]) for number in numbers])
        return self._rows

    def _set_rivals(self, trials: Sequence[Trial]) -> None:
        """The points of the front with the first run of each, in the front's order."""
        if self._study.file.stop == "never":
            return
        first = {trial.number: trial.files.get(trial.wanted[0], {}) for trial in trials}
        for row in self._front:
            if CURVE in first.get(row.number, {}):
                curve = Curve.read(first[row.number][CURVE])
                self._rivals[row.number] = Rival.of(row.number, curve, self._study.file.objectives)
        self._rivals = {
            row.number: self._rivals[row.number] for row in self._front if row.number in self._rivals
        }

    def _judge(self, trial: Trial) -> None:
        """Stop a trial that is dominated in or after its first seed, and say how far the study is."""
        first = trial.files.get(trial.wanted[0], {})
        if STOPPED in first:
            trial.stopped = f"its first seed was {json.loads(first[STOPPED])['reason']}"
        elif self._study.file.stop == "dominated" and len(trial.files) == 1 and not trial.over:
            better = fronts.beaten_by(self._study, _figures(next(iter(trial.files.values()))), self._front)
            if better is not None:
                trial.stopped = (
                    f"its first seed is worse in everything than every seed of point {better.number}"
                )
        self._ended += 1
        if trial.over:
            self._ended += len(trial.wanted) - len(trial.files)
            self._live = fronts.with_row(self._study, self._live, row_of(self._study, trial))
        self._say()

    def _say(self) -> None:
        total = self._search.total
        self._watch(State(self._ended, total * len(self._study.seeds), total, tuple(self._live)))


def row_of(study: Study, trial: Trial) -> Row:
    """A trial that is over, as a row."""
    point = trial.point
    row = Row(trial.number, point.values, point.settings(study.axes))
    for seed, files in sorted(trial.files.items()):
        if FAILURE in files:
            content = json.loads(files[FAILURE])
            code = f" [{content['code']}]" if content["code"] else ""
            ran = f"seed {seed}: " if seed in trial.keys else ""  # else the point itself does not fit
            return replace(row, status="failed", reason=f"{ran}{content['reason']}{code}")
    seeds = tuple(sorted(trial.files))
    if any(STOPPED in files for files in trial.files.values()):
        return replace(row, status="stopped", reason=trial.stopped, seeds=seeds)
    tables = [_figures(trial.files[seed]) for seed in seeds]
    paths = sorted(set().union(*tables))
    found = {path: summary([table.get(path) for table in tables]) for path in paths}
    codes = {code for seed in seeds for code in _codes(trial.files[seed])}
    row = replace(row, seeds=seeds, figures=found, warnings=tuple(sorted(codes)))
    if trial.stopped:
        return replace(row, status="stopped", reason=trial.stopped)
    means = {path: row.mean(path) for path in paths}
    broken = [each.text for each in study.constraints if not each.kept(means, row.warnings)]
    if broken:
        return replace(row, status="breaks", reason=f"does not keep: {'; '.join(broken)}")
    missed = [each.figure for each in study.file.objectives if row.mean(each.figure) is None]
    return replace(row, reason=f"not within the run of every seed: {', '.join(missed)}") if missed else row


def _figures(files: Files) -> dict[str, float | None]:
    return figures_of(json.loads(files["run.json"]))


def _codes(files: Files) -> Sequence[str]:
    return [str(warning["code"]) for warning in json.loads(files["warnings.json"])]
