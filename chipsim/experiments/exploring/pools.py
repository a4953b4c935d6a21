"""Where runs are done: in this process, in processes beside it, or on a Dask cluster by its address.

All three are executors of `concurrent.futures`; no scheduling is done here.
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future
from contextlib import contextmanager, suppress
from typing import Any, Protocol

from chipsim.errors import Fault, RunError, UsageError
from chipsim.experiments import processes
from chipsim.experiments.exploring.record import Files
from chipsim.experiments.exploring.work import Evaluate, Task

CONNECT_S = 10.0
"""How long a scheduler is waited for at the beginning [s]."""
RECONNECT_S = 120.0
"""How long a cluster's scheduler that has gone is waited for [s]."""


class Pool(Protocol):
    """An executor that can be started again when it has lost what it was given."""

    shared_fate: bool
    """Whether a run that ends its process takes all others with it."""

    @property
    def width(self) -> int:
        """How many runs it does at a time."""

    def submit(self, evaluate: Evaluate, task: Task) -> Future[Files]:
        """Begin a task."""

    def restart(self) -> None:
        """Go on after a loss; what was under way is to be submitted again."""

    def close(self, at_once: bool = False) -> None:
        """End; `at_once` does not wait for what is under way."""


def lost(error: BaseException) -> bool:
    """Whether an error says that a run was lost with its process or connection, not that it failed."""
    if isinstance(error, BrokenExecutor | CancelledError | ConnectionError):
        return True
    names = {kind.__name__ for kind in type(error).__mro__}
    return bool(names & {"CommClosedError", "FutureCancelledError"})


@contextmanager
def opened(workers: int, scheduler: str | None = None) -> Iterator[Pool]:
    """The pool of so many processes here, or that behind a scheduler's address; ended at once on an error.

    Raises `UsageError` where Dask is not installed, `RunError` where no scheduler answers.
    """
    pool: Pool = _Cluster(scheduler) if scheduler is not None else _here(workers)
    try:
        yield pool
    except BaseException:
        pool.close(at_once=True)
        raise
    pool.close()


def _here(workers: int) -> Pool:
    return _Inline() if workers <= 1 else _Local(workers)


class _Inline:
    """This process alone: a task is done when it is submitted."""

    width = 1
    shared_fate = False

    def submit(self, evaluate: Evaluate, task: Task) -> Future[Files]:
        """Do a task."""
        future: Future[Files] = Future()
        try:
            future.set_result(evaluate(task))
        except SystemError:  # a kernel makes one of an interrupt
            raise
        except Exception as error:
            future.set_exception(error)
        return future

    def restart(self) -> None:
        """Nothing can be lost."""

    def close(self, at_once: bool = False) -> None:
        """Nothing is under way."""


class _Local:
    """Processes on this machine, one thread each."""

    shared_fate = True

    def __init__(self, workers: int) -> None:
        self.width = workers
        self._others = multiprocessing.active_children()
        self._pool: Executor = processes.pool(workers)

    def submit(self, evaluate: Evaluate, task: Task) -> Future[Files]:
        """Begin a task; a process that is started for it hears no interrupts."""
        with processes.deaf():
            return self._pool.submit(evaluate, task)

    def restart(self) -> None:
        """New processes in the place of all."""
        self.close(at_once=True)
        self._pool = processes.pool(self.width)

    def close(self, at_once: bool = False) -> None:
        """End the processes, with what they do if `at_once`."""
        self._pool.shutdown(wait=not at_once, cancel_futures=True)
        if at_once:
            mine = [each for each in multiprocessing.active_children() if each not in self._others]
            processes.end(mine)


class _Cluster:
    """The workers of a Dask scheduler, which itself gives up a run that has ended several of them."""

    shared_fate = False

    def __init__(self, address: str) -> None:
        try:
            import distributed
        except ImportError:
            text = "--scheduler needs Dask, which is not installed; pip install 'chipsim[cluster]'"
            raise UsageError(Fault(text, code="E100")) from None
        self._client_of: Any = distributed.Client
        self._address = address
        self._connect(CONNECT_S)

    def _connect(self, patience_s: float) -> None:
        end = time.monotonic() + patience_s
        while True:
            try:
                self._client: Any = self._client_of(
                    self._address, timeout=min(5.0, max(0.5, patience_s)), set_as_default=False
                )
                self._executor: Executor = self._client.get_executor(pure=False, retries=0)
                return
            except (OSError, ValueError, TimeoutError) as error:
                if time.monotonic() > end or isinstance(error, ValueError):
                    text = (
                        f"no Dask scheduler answers at '{self._address}'; start one, as docs/explore.md says"
                    )
                    raise RunError(Fault(text, code="E090")) from None
                time.sleep(0.5)

    @property
    def width(self) -> int:
        """Threads of all workers; 1 while there is none yet."""
        workers = self._client.scheduler_info(n_workers=-1)["workers"].values()
        return max(1, sum(int(worker["nthreads"]) for worker in workers))

    def submit(self, evaluate: Evaluate, task: Task) -> Future[Files]:
        """Hand a task to the scheduler."""
        return self._executor.submit(evaluate, task)

    def restart(self) -> None:
        """Connect again, waiting for a scheduler that is being started."""
        self.close(at_once=True)
        self._connect(RECONNECT_S)

    def close(self, at_once: bool = False) -> None:
        """Leave the scheduler; what was submitted and is not done is cancelled."""
        with suppress(OSError, RuntimeError, TimeoutError):  # the scheduler may be what has gone
            self._executor.shutdown(wait=not at_once)
        self._client.close(timeout=5)
