"""The marker of compiled functions."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from chipsim.numerics.kernel import cache_folder, kernel
from chipsim.numerics.products import product


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
    code = (
        "import sys, chipsim.devices.soft_bounds, chipsim.circuits.crossbar; sys.exit('numba' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_cache_moves_with_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder().is_relative_to(tmp_path)


@settings(max_examples=40, deadline=None)
@given(
    arrays(np.float64, (5, 7), elements=st.floats(-1e3, 1e3)),
    arrays(np.float64, (7, 3), elements=st.floats(-1, 1)),
)
def test_products_of_a_batch_equal_those_of_its_rows_to_the_bit(x: np.ndarray, w: np.ndarray) -> None:
    whole = product(x, w)
    for row in range(5):
        assert np.array_equal(product(x[row : row + 1], w)[0], whole[row])
    assert np.allclose(whole, x @ w, rtol=1e-12, atol=1e-9)
