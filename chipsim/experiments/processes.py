"""Worker processes: started fresh, deaf to interrupts, and gone when the one that gives them work is gone."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any

from chipsim.numerics import threads


def pool(workers: int) -> ProcessPoolExecutor:
    """An executor of so many processes, each started by *spawn*, with one thread each."""
    return ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), begin)


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
