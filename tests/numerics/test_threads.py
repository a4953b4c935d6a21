"""Work that is spread over threads: shares in their order, as many as are worth while and wanted."""

from __future__ import annotations

import threading

import pytest

from chipsim.errors import UsageError
from chipsim.numerics import threads
from chipsim.numerics.threads import VARIABLE, WORTH, spread


@pytest.mark.parametrize(
    ("wanted", "size", "steps", "shares"),
    [
        (1, 10, 100 * WORTH, [(0, 10)]),
        (2, 10, 100 * WORTH, [(0, 5), (5, 10)]),
        (3, 10, 100 * WORTH, [(0, 3), (3, 6), (6, 10)]),
        (8, 3, 100 * WORTH, [(0, 1), (1, 2), (2, 3)]),
        (8, 10, 2 * WORTH, [(0, 5), (5, 10)]),
        (8, 10, 2 * WORTH - 1, [(0, 10)]),
        (8, 0, 0, [(0, 0)]),
    ],
)
def test_shares_follow_one_another_and_are_no_more_than_is_worth_while(
    wanted: int, size: int, steps: int, shares: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(wanted))
    assert spread(lambda begin, end: (begin, end), size, steps) == shares


def test_shares_run_at_the_same_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each waits for the other."""
    monkeypatch.setenv(VARIABLE, "2")
    both = threading.Barrier(2, timeout=10)
    assert sorted(spread(lambda begin, end: both.wait(), 2, 10 * WORTH)) == [0, 1]


def test_a_failing_share_fails_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "2")

    def fail(begin: int, end: int) -> None:
        if begin > 0:
            raise ValueError("the second share")

    with pytest.raises(ValueError, match="the second share"):
        spread(fail, 2, 10 * WORTH)


def test_without_a_wish_there_is_a_thread_for_each_core(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert threads.threads() >= 1


@pytest.mark.parametrize("wanted", ["0", "two", "", "-1", "1.5", "²"])
def test_a_nonsensical_wish_is_refused_in_one_sentence(wanted: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, wanted)
    with pytest.raises(UsageError) as error:
        spread(lambda begin, end: None, 2, 10 * WORTH)
    (fault,) = error.value.faults
    assert (
        fault.message == f"environment variable CHIPSIM_THREADS is '{wanted}'; give a whole number from 1 on"
    )
