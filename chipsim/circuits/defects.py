"""Cells that are stuck: a read sees them at one state, whatever pulses they are given.

Which cells are stuck, and where one that is stuck at random stands, is drawn once from the seed. They are
pulsed like the others, and the pulses are counted and worn by them; that they change nothing is seen where
they are read. (A cell model may have a share of devices of its own that no pulse moves, as `corrupt`; those
stay where a stage finds them, while these are at a bound or anywhere between.)
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from chipsim.devices.device import Cells, Reading, Region
from chipsim.errors import Fault, InputError
from chipsim.inputs.schema import Model
from chipsim.inputs.units import Share
from chipsim.numerics.draws import stream, uniform
from chipsim.numerics.kernel import kernel


class Stuck(Model):
    """A share of an array's cells that are stuck, and where."""

    share: Share = Field(description="probability of a cell to be stuck")
    at: Literal["low", "high", "random"] = Field(
        description="a device's lower bound, its upper one, or anywhere between them"
    )


class Defects:
    """The stuck cells of one array: `mask` says which, `weights` and `nanosiemens` what they read as."""

    def __init__(self, stuck: Stuck, cells: Cells, seed: int, name: str) -> None:
        bounds = np.stack([cells.lower, cells.upper])
        if bounds.shape[1:] != cells.shape or not np.isfinite(bounds).all():
            text = f"component '{name}': its cells have no bounds to be stuck at; leave out 'stuck'"
            raise InputError(Fault(text, code="E020"))
        self.mask, share = _drawn(*cells.shape, stuck.share, stream(seed, name, "stuck"))
        at = {"low": 0.0, "high": 1.0}.get(stuck.at)
        share = share if at is None else np.full(cells.shape, at)
        state = cells.lower + share * (cells.upper.astype(np.float64) - cells.lower)
        model = cells.model
        siemens = np.maximum(model.g_mid + model.g_span * state, model.g_floor)
        self.weights = state - cells.reference
        self.nanosiemens: NDArray[np.int64] = np.rint(siemens * 1e9).astype(np.int64)

    def over(self, found: Reading, region: Region) -> Reading:
        """What a read meets in a region, where the cells themselves would give what was found."""
        mask = region.of(self.mask)
        weights = np.where(mask, region.of(self.weights), found.weights)
        conductance = np.where(mask, region.of(self.nanosiemens), found.conductance)
        return Reading(weights, conductance, conductance.sum(axis=1), conductance.sum(axis=0))


@kernel
def _drawn(rows: Any, columns: Any, share: Any, key: Any) -> Any:
    mask = np.zeros((rows, columns), dtype=np.bool_)
    places = np.empty((rows, columns), dtype=np.float64)
    for row in range(rows):
        for column in range(columns):
            mask[row, column] = uniform(key, row * columns + column, 0) < share
            places[row, column] = uniform(key, row * columns + column, 1)
    return mask, places
