"""Stuck cells: as many as asked for, where asked for, and unmoved by pulses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from chipsim.circuits.crossbar import Crossbar
from chipsim.circuits.defects import Defects, Stuck
from chipsim.devices import cells
from chipsim.devices.device import Cells, Region
from chipsim.errors import InputError
from chipsim.inputs import documents
from tests.simulation import chips

WHOLE = Region(0, 0, 60, 50)


def array(share: float, at: Any, seed: int = 0) -> Crossbar:
    model = cells.load(documents.parse("cell: reram-om\n", "test.yaml"), ("cell",), "test")
    found = Cells(model, WHOLE.rows, WHOLE.columns, seed, "array")
    found.randomise(WHOLE)
    return Crossbar(found, None, Defects(Stuck(share=share, at=at), found, seed, "array"))


def test_the_share_of_stuck_cells_is_the_one_asked_for() -> None:
    """Binomial: 4.5 standard errors, a false alarm in 1e5 seeds."""
    defects = array(0.1, "low").defects
    assert defects is not None
    assert abs(defects.mask.mean() - 0.1) <= 4.5 * (0.1 * 0.9 / defects.mask.size) ** 0.5
    other = array(0.1, "low", seed=1).defects
    assert other is not None
    assert not np.array_equal(defects.mask, other.mask)


@pytest.mark.parametrize(("at", "place"), [("low", 0.0), ("high", 1.0), ("random", 0.5)])
def test_stuck_cells_read_what_they_are_stuck_at_whatever_pulses_they_get(at: str, place: float) -> None:
    found = array(0.2, at)
    assert found.defects is not None
    mask, devices = found.defects.mask, found.cells
    before, siemens = found.reading(WHOLE)[:2]
    found.pulse(np.full((1, 60, 50), 3, dtype=np.int16), WHOLE, (180, 150))
    after, _ = found.reading(WHOLE)[:2]
    assert np.array_equal(before[mask], after[mask])
    assert np.mean(before[~mask] == after[~mask]) < 0.01
    share = (before + devices.reference - devices.lower)[mask] / (devices.upper - devices.lower)[mask]
    spread = 12**-0.5 if at == "random" else 0.0
    assert abs(share.mean() - place) <= 4.5 * spread / mask.sum() ** 0.5 + 1e-6
    assert abs(share.std() - spread) <= 0.03
    expected = devices.model.g_mid + devices.model.g_span * (before + devices.reference)[mask]
    assert np.allclose(siemens[mask] * 1e-9, np.maximum(expected, devices.model.g_floor), atol=1e-9)


def test_a_read_sums_stuck_cells_with_the_others() -> None:
    found = array(0.3, "high")
    weights, nanosiemens = found.reading(WHOLE)[:2]
    codes = np.random.default_rng(0).integers(-128, 129, (4, 60)).astype(np.int32)
    sums, actions = found.read(codes, WHOLE, "row", 128)
    assert np.allclose(sums, codes @ weights / 128, atol=1e-11)
    assert actions["read_conductance"] == int((np.abs(codes).astype(np.int64) @ nanosiemens).sum())


def test_without_a_share_nothing_is_stuck() -> None:
    found = array(0.0, "high")
    assert np.array_equal(found.reading(WHOLE).weights, found.cells.apparent(WHOLE)[0])


def test_cells_without_bounds_cannot_be_stuck_at_one() -> None:
    found = array(0.0, "low").cells
    found.upper = np.full_like(found.upper, np.inf)
    with pytest.raises(InputError, match="its cells have no bounds to be stuck at"):
        Defects(Stuck(share=0.1, at="high"), found, 0, "array")


def test_an_architecture_file_says_how_many_and_where() -> None:
    chip = {"components__array__stuck": "{share: 25 %, at: low}"}
    architecture = chips.load("aihwkit-preset-io", **chip)
    a_plan = chips.plan(architecture, chips.network(64, 2), chips.tiki_taka())
    built = chips.Chip(a_plan, 0)
    crossbar = built.arrays["array"]
    assert crossbar.defects is not None
    mask = crossbar.defects.mask
    assert 0.1 < mask.mean() < 0.4
    snapshot = built.snapshot()["array"]
    lower = crossbar.cells.lower.astype(np.float64) - crossbar.cells.reference
    np.testing.assert_allclose(snapshot["weights"][mask], lower[mask], rtol=1e-6)
    assert snapshot["conductances"][mask].max() <= 46.5e-6
