"""Public conformance suites: the contract that any cell, converter, rule or data set must keep.

Inherit the class in a test file, give its one fixture, and pytest runs the whole contract:

    class TestMyCell(DeviceConformance):
        @pytest.fixture
        def model(self):
            return MyModel(...)

A test that fails shows the values that it compared, as in a test file of your own.
"""

from __future__ import annotations

import sys

if (pytest := sys.modules.get("pytest")) is not None:
    pytest.register_assert_rewrite("chipsim.testing.suites")

from chipsim.testing import suites
from chipsim.testing.suites import *  # noqa: F403

__all__ = suites.__all__
