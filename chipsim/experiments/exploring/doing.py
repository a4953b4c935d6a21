"""A study done: explored on a pool, its tables and its page written."""

from __future__ import annotations

from typing import Any

from chipsim.experiments.exploring import outcome, pools
from chipsim.experiments.exploring.explore import Watch, explore, quiet
from chipsim.experiments.exploring.generation import Spent
from chipsim.experiments.exploring.outcome import Places
from chipsim.experiments.exploring.record import Record
from chipsim.experiments.exploring.study import Study


def do(
    study: Study, places: Places, workers: int, scheduler: str | None = None, command: str = "",
    watch: Watch = quiet,
) -> tuple[dict[str, Any], Spent]:  # fmt: skip
    """What `study.json` holds, and what was done for it; `command` is what repeats it.

    Raises `DataError` where the workload's data are not at hand, `RunError` where nothing can be written or
    no scheduler answers, `UsageError` where a package that the study needs is not installed.
    """
    from chipsim.reports import fronts

    study.base.require_data()
    record = Record(places.record)
    record.sweep()
    with pools.opened(workers, scheduler) as pool:
        rows, spent = explore(study, record, pool, watch)
    whole = outcome.write(study, rows, places.folder, command)
    fronts.write(whole, places.folder / "report.html", f"{command} --pick")
    return whole, spent
