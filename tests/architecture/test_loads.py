"""What operations take along over carriers."""

from __future__ import annotations

import numpy as np
import pytest

from chipsim.architecture.loads import sent
from chipsim.circuits.carrier import Load
from chipsim.learning.programming import Approach, Fetch, Fire, VerifyRead
from chipsim.learning.rule import Fill, Move, Operation, Read, Update, Write

MATRIX = np.zeros((5, 3))


@pytest.mark.parametrize(
    ("operation", "load"),
    [
        (Update("dense1", "A", np.zeros((2, 5)), np.zeros((2, 3)), 0.1, None, 0), Load(2, 8)),
        (Write("dense1", "C", (0, 4), "row", np.zeros((2, 3), np.int16)), Load(2, 3)),
        (Read("dense1", "A", (1, 2, 3), "row"), Load(3, 1)),
        (VerifyRead("dense1", "C", (1, 2, 3)), Load(3, 1)),
        (Fire("dense1", "C", MATRIX.astype(np.int16)), Load(5, 3)),
        (Approach("dense1", "C", MATRIX, MATRIX, 10), Load(5, 3)),
        (Fill("dense1", "N", MATRIX), Load(5, 3)),
        (Move("dense1", "D", "V", 0.9), Load(1, 1)),
        (Fetch("dense1", "D"), Load(1, 1)),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Operation) else "",
)
def test_what_sets_out(operation: Operation, load: Load) -> None:
    assert sent(operation) == load
