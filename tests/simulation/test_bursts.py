"""A chunk of b images takes the time and leaves the weights and counts of b chunks of one, to the bit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings

from tests.simulation import chips
from tests.simulation.random_runs import Case, cases, left, placed, task

BOTH = Case((3, 2, 2), "shared", True, 5, 6, 1, 31, 2, {"transfer_every": 5, "threshold": 0.1}, 20, 10)

FALLING = BOTH._replace(rule={**BOTH.rule, "schedule": {"type": "step", "every": 3, "factor": 0.5}})


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(case=cases())
@example(case=BOTH)
@example(case=FALLING)
def test_images_together_and_one_by_one_leave_the_same_bits(case: Case) -> None:
    plan = placed(case)
    runs = [left(*chips.train(plan, task(case), together=bound)) for bound in (None, 1, 3, 7)]
    assert runs[1:] == runs[:1] * 3


@pytest.mark.parametrize(
    ("bound", "chunks"), [(None, [5, 5, 5, 5]), (3, [3, 2, 3, 2, 3, 2, 3, 2]), (1, [1] * 20)]
)
def test_a_chunk_ends_where_a_transfer_is_due(bound: int | None, chunks: list[int]) -> None:
    log = chips.Log()
    chips.train(placed(BOTH), task(BOTH, every=20), together=bound, listener=log)
    seen = [(s.first, s.images) for s in log if s.operation == "update" and s.component == "array-1A"]
    assert [count for _, count in seen] == chunks
    assert any(s.operation == "transfer-write" for s in log)
    assert [first for first, _ in seen] == [0, *np.cumsum(chunks)[:-1].tolist()]
