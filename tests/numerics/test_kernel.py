"""The marker of compiled functions."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from chipsim.numerics.kernel import cache_folder, kernel


@kernel
def inner(x: float) -> float:
    return x + 1.0


@kernel
def twice(x: float) -> float:
    return x * 2.0


@kernel
def outer(x: float) -> float:
    return inner(inner(x))


def test_a_kernel_calls_other_kernels() -> None:
    assert outer(1.0) == 3.0


def test_a_loop_is_compiled_around_another_kernel() -> None:
    assert outer.around(inner=twice)(3.0) == 12.0
    assert outer(3.0) == 5.0
    assert outer.around(inner=twice) is outer.around(inner=twice)


def test_importing_kernels_imports_no_compiler() -> None:
    modules = "chipsim.devices.soft_bounds, chipsim.circuits.crossbar, chipsim.numerics.products"
    code = f"import sys, {modules}; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_cache_moves_with_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder().is_relative_to(tmp_path)


def test_a_kernel_keeps_the_name_and_the_text_of_its_function() -> None:
    assert outer.__name__ == "outer"
    assert outer.function(1.0) == 3.0
