"""Work of one compiled loop spread over threads, so that no bit of a result knows how many there were.

Kernels leave Python's lock, so that threads of one process run them together. What is spread is cut into
shares that know nothing of each other, such as the rows of an array; what they add up is whole numbers.

A process uses as many threads as it has cores, or as many as the environment variable `CHIPSIM_THREADS`
says; the processes of an ensemble, which are as many as the user wants already, use one each.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from chipsim.errors import Fault, UsageError

T = TypeVar("T")

VARIABLE = "CHIPSIM_THREADS"
WORTH = 100_000
"""Elementary steps (about 1 ns each) below which a share costs more to hand out than to do."""


def threads() -> int:
    """Threads that this process uses. Raises `UsageError` where the environment asks for nonsense."""
    wanted = os.environ.get(VARIABLE)
    if wanted is None:
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if not (wanted.isascii() and wanted.isdecimal() and int(wanted) > 0):
        raise UsageError(
            Fault(
                f"environment variable {VARIABLE} is '{wanted}'; give a whole number from 1 on", code="E014"
            )
        )
    return int(wanted)


def spread(work: Callable[[int, int], T], size: int, steps: int) -> list[T]:
    """Results of `work(begin, end)` on consecutive shares of 0..size, in their order.

    `steps` is about how many elementary steps the whole takes: small work is one share, done at once.
    """
    count = min(threads(), size, steps // WORTH) if steps >= 2 * WORTH else 1
    if count <= 1:
        return [work(0, size)]
    edges = [size * share // count for share in range(count + 1)]
    pool = _pool(count - 1)
    others = [pool.submit(work, *edges[share : share + 2]) for share in range(1, count)]
    return [work(*edges[:2]), *(other.result() for other in others)]


@functools.cache
def _pool(count: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(count, thread_name_prefix="chipsim")
