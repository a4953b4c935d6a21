"""Explore the toy in a process of its own, for tests that kill it: python running.py STUDY RECORD OUT."""

from __future__ import annotations

import sys
from pathlib import Path

from chipsim.experiments.exploring import explore, outcome, pools, study
from chipsim.experiments.exploring.record import Record
from tests.experiments.exploring import toys


def main(asked: str, record: str, out: str, scheduler: str | None = None) -> None:
    found = study.load(asked)
    with pools.opened(2, scheduler) as pool:
        rows, _ = explore.explore(found, Record(Path(record)), pool, evaluate=toys.slowly)
    outcome.write(found, rows, Path(out), "again")


if __name__ == "__main__":
    main(*sys.argv[1:])
