"""The marker of compiled functions: compiled at the first call, kept on disk between runs.

Importing a module that defines kernels imports no compiler. The disk cache lies in a folder that is
keyed by every source of the package and by the compiler's versions, since the compiler itself only
notices a change in the file of the outermost function.
"""

from __future__ import annotations

import functools
import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from types import FunctionType
from typing import Any, Generic, ParamSpec, TypeVar, cast

P = ParamSpec("P")
R = TypeVar("R")

_PACKAGE = Path(__file__).resolve().parent.parent


class Kernel(Generic[P, R]):
    """One function that is compiled at its first call.

    A kernel may call other kernels by their global names. Without `fastmath` and without parallel
    sums, so that loops of + - * / and sqrt give the same bits on every CPU.
    """

    def __init__(self, function: Callable[P, R]) -> None:
        functools.update_wrapper(self, function)
        self.function = cast(FunctionType, function)
        self._compiled: Callable[P, R] | None = None
        self._around: dict[Any, Kernel[P, R]] = {}

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run the function, compiled first if it is not yet."""
        run = self._compiled
        if run is None:
            run = self.compiled()
        return run(*args, **kwargs)

    def compiled(self) -> Callable[P, R]:
        """The compiled function, for a caller that wants to skip the marker."""
        if self._compiled is None:
            jit = _compiler()
            self._compiled = jit(_bound(self.function))
        return self._compiled

    @property
    def label(self) -> str:
        """A name that changes with the source: what is compiled around it is cached under it."""
        source = Path(self.function.__code__.co_filename)
        digest = hashlib.sha256(source.read_bytes()).hexdigest()[:12] if source.is_file() else "unsaved"
        return f"{self.function.__module__}.{self.function.__qualname__}_{digest}"

    def around(self, **kernels: Kernel[..., Any]) -> Kernel[P, R]:
        """This function compiled around other kernels in the place of the named ones.

        A loop that is written once thus runs at full speed around the step of each device model.
        """
        key = tuple(sorted((name, id(inner)) for name, inner in kernels.items()))
        if key not in self._around:
            self._around[key] = self._specialised(kernels)
        return self._around[key]

    def _specialised(self, kernels: dict[str, Kernel[..., Any]]) -> Kernel[P, R]:
        inner = self.function
        copy = FunctionType(inner.__code__, inner.__globals__ | kernels, inner.__name__)
        names = " ".join(f"{name} {kernel.label}" for name, kernel in sorted(kernels.items()))
        digest = hashlib.sha256(names.encode()).hexdigest()[:16]
        copy.__qualname__, copy.__module__ = f"{inner.__qualname__}_{digest}", inner.__module__
        return Kernel(cast(Callable[P, R], copy))


def kernel(function: Callable[P, R]) -> Kernel[P, R]:
    """Mark a function of numbers and arrays to be compiled at its first call."""
    return Kernel(function)


def cache_folder() -> Path:
    """The folder of compiled kernels: the user's cache, keyed by sources and compiler versions."""
    from llvmlite import __version__ as llvmlite_version
    from numba import __version__ as numba_version

    digest = hashlib.sha256(f"{numba_version} {llvmlite_version}".encode())
    for source in sorted(_PACKAGE.rglob("*.py")):
        text = source.read_bytes()
        if b"@kernel" in text:
            digest.update(source.relative_to(_PACKAGE).as_posix().encode() + text)
    root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return root / "chipsim" / "kernels" / digest.hexdigest()[:16]


@functools.cache
def _compiler() -> Callable[[Any], Any]:
    import numba

    return functools.partial(numba.njit, cache=_use_cache(numba), error_model="numpy", nogil=True)


def _use_cache(numba: Any) -> bool:
    try:
        folder = cache_folder()
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK):
            return False
    except OSError:
        return False
    numba.config.CACHE_DIR = str(folder)
    return True


def _bound(function: FunctionType) -> FunctionType:
    names = {
        name: value.compiled() if isinstance(value, Kernel) else value
        for name, value in function.__globals__.items()
        if name in function.__code__.co_names
    }
    names["__builtins__"] = __builtins__
    names["__name__"] = function.__module__
    copy = FunctionType(function.__code__, names, function.__name__, function.__defaults__)
    copy.__qualname__, copy.__module__ = function.__qualname__, function.__module__
    return copy
