"""Interrupts: heard, told from errors, and answered with what is kept and how to go on."""

from __future__ import annotations

import shlex
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from chipsim.cli.output import command_line
from chipsim.errors import Fault, RunError


class Interrupted(Exception):  # noqa: N818 - an end, not an error
    """The user stopped the verb; the text says what was kept and how to go on."""


class _Stop(KeyboardInterrupt):
    """An interrupt; of a class of its own, as Python dies of the plain one if an `exec` has seen it pass."""


class _Interrupts:
    """Hears interrupts and remembers it: compiled code may turn one into an error that does not tell."""

    def __init__(self) -> None:
        self.heard = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        self.heard = True
        raise _Stop


def listen() -> None:
    """Hear interrupts from now on, unless somebody else does."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _Interrupts())


def is_interrupt(error: BaseException | None) -> bool:
    """Whether an interrupt is behind an error: a kernel makes a `SystemError` of it, Pydantic a text."""
    listener = signal.getsignal(signal.SIGINT)
    if isinstance(listener, _Interrupts) and listener.heard:
        return True
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None


SEEDS = ("seed-*/run.json", "[!.]*/seed-*/run.json")
"""What finished seeds leave: those of an ensemble, and those of a demonstration's sides."""


@contextmanager
def keeping(folder: Path, marks: Sequence[str] = SEEDS) -> Iterator[None]:
    """Say of an end from outside what is kept: finished runs, each with a file like one of `marks`."""
    try:
        yield
    except (Exception, KeyboardInterrupt) as error:
        if is_interrupt(error):
            kept = sum(len(list(folder.glob(pattern))) for pattern in marks)
            words = f"{kept} finished runs are" if kept != 1 else "1 finished run is"
            raise Interrupted(f"{words} kept in {folder}; to go on: {shlex.join(command_line())}") from None
        if type(error).__name__ == "BrokenProcessPool":
            raise RunError(
                Fault("a worker process was ended from outside, perhaps for want of memory; what was "
                      f"finished is kept in {folder}: run the same command again", code="E090")
            ) from None  # fmt: skip
        raise
