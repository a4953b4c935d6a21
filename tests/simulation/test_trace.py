"""The golden event log: the first ten images on the paper's chip, every visit of every component.

The log is short enough to be read and argued with; it changes only with a reason why time moved. It is
written anew by running this file: python -m tests.simulation.test_trace.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from chipsim.architecture import graph
from chipsim.inputs import documents
from chipsim.simulation.trace import Span
from tests.simulation import chips

GOLDEN = Path(__file__).parent / "golden"
RUNS = {"reram-8x4-first-ten": None, "reram-8x4-first-ten-one-by-one": 1}
RULE = {
    "learning_rate": "0.3", "transfer_every": "10", "read": "all", "gain": "1", "threshold": "0.5",
    "symmetry_pairs": "100",
}  # fmt: skip
TITLE = """\
# reram-8x4, first ten images of reduced-digits-scratch, seed 0, {how}.
# H's threshold is 0.5 here, so that the first transfer also pulses C.
# Visits as they end: start [ns], end [ns], component, operation, layer, first image + images.
"""


def _log(together: int | None) -> list[str]:
    architecture = graph.load(documents.read(chips.SHIPPED / "reram-8x4.yaml"))
    document = documents.read(chips.WORKLOADS / "reduced-digits-scratch.yaml")
    document = document.with_value("stages.train.images", "10")
    for key, value in RULE.items():
        document = document.with_value(f"stages.train.rule.{key}", value)
    plan, task = chips.first_stage(architecture, document, seed=0)
    log = chips.Log()
    chips.train(plan, task, together=together, listener=log)
    return log.lines()


def _text(name: str) -> str:
    how = "as many together as may be" if RUNS[name] is None else "one by one"
    return TITLE.format(how=how) + "\n".join(_log(RUNS[name])) + "\n"


@pytest.mark.parametrize("name", RUNS)
def test_the_first_ten_images_go_as_they_always_did(name: str) -> None:
    expected = (GOLDEN / f"{name}.txt").read_text(encoding="utf-8")
    assert _text(name).splitlines() == expected.splitlines()


def test_both_logs_end_at_the_same_time() -> None:
    ends = [_log(together)[-1].split()[1] for together in (None, 1)]
    assert ends[0] == ends[1]


def test_a_line_gives_nanoseconds_and_leaves_out_images_where_there_are_none() -> None:
    log = chips.Log()
    log(Span(1500, 2001, "adc", "forward", "dense1", 10, 5))
    log(Span(0, 1, "array", "prepare", "dense1", 0, 0))
    assert log.lines() == ["1.500 2.001 adc forward dense1 10+5", "0.000 0.001 array prepare dense1"]


if __name__ == "__main__":
    for golden in RUNS:
        (GOLDEN / f"{golden}.txt").write_text(_text(golden), encoding="utf-8")
