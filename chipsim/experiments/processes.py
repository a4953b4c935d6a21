"""Worker processes: started fresh, deaf to interrupts, and gone when the one that gives them work is gone."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from typing import Any, TypeVar

from chipsim.numerics import threads

T = TypeVar("T")


def pool(workers: int) -> ProcessPoolExecutor:
    """An executor of so many processes, each started by *spawn*, with one thread each."""
    return ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), begin)


def cores(workers: int | None, tasks: int) -> int:
    """How many processes so many tasks are spread over: those asked for, or one for each core."""
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(workers or available, tasks))


def spread(calls: Sequence[Callable[[], T]], workers: int) -> Iterator[T]:
    """Make calls on processes of their own, yielding what they return as they end.

    An interrupt ends the processes at once; an error lets calls that have begun come to their end.
    """
    others = multiprocessing.active_children()
    with pool(min(workers, len(calls))) as executor:
        with deaf():
            waiting = [executor.submit(call) for call in calls]
        try:
            for future in as_completed(waiting):
                yield future.result()
        except BaseException as error:
            executor.shutdown(wait=False, cancel_futures=True)
            if not isinstance(error, Exception):
                begun = multiprocessing.active_children()
                end([process for process in begun if process not in others])
            raise


def end(processes: Sequence[Any]) -> None:
    """End processes, and wait until they are gone: what they had begun can then be swept away."""
    for process in processes:
        process.terminate()
    for process in processes:
        process.join()


@contextmanager
def deaf() -> Iterator[None]:
    """Interrupts go unheard, by this process for a moment and by those that it starts from the beginning."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def begin() -> None:
    """Leave interrupts to the process that gives the work, and end when that is gone, even if killed.

    Processes share the cores, so each uses one thread unless the user says otherwise.
    """
    os.environ.setdefault(threads.VARIABLE, "1")
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
