"""Cells drawn from a table of measured devices: one row a device, drawn with replacement by the seed.

The physics is that of soft bounds (`soft_bounds`), each device with the numbers of its row. Columns of the
CSV file, in any order, with a header line; weights are states on the scale of `g_mid` and `g_span`:

    step_up, step_down      mean step of one up and one down pulse at state 0 [weight], at least 0
    upper_bound             more than 0 [weight]
    lower_bound             less than 0 [weight]
    cycle_to_cycle          spread of one step, in the device's own steps, at least 0
    reference               optional: state that is read as weight zero [weight];
                            where the column is missing, the device's symmetry point
    device                  optional: a label, which is not read

The path stands from the folder of the file that names it (from the working folder where it is set on the
command line) and must not lead out of it. The checksum of the table is part of what identifies a run.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, PrivateAttr

from chipsim.devices import soft_bounds
from chipsim.devices.device import DeviceModel, Floats
from chipsim.errors import InputError
from chipsim.inputs import registry, tables
from chipsim.inputs.documents import Document
from chipsim.inputs.tables import Column, Table
from chipsim.numerics.draws import below, normal
from chipsim.numerics.kernel import Kernel, kernel

COLUMNS = (
    Column("step_up", "at least 0", lambda value: value >= 0),
    Column("step_down", "at least 0", lambda value: value >= 0),
    Column("upper_bound", "more than 0", lambda value: value > 0),
    Column("lower_bound", "less than 0", lambda value: value < 0),
    Column("cycle_to_cycle", "at least 0", lambda value: value >= 0),
    Column("reference", default=math.nan),
    Column("device", text=True),
)


class CellModel(DeviceModel):
    """Parameters of cells from a table; what is not in the table is the same for all devices."""

    file: str = Field(min_length=1, max_length=255, pattern=r"\.csv$", description="CSV file of devices")
    sha256: str | None = Field(
        default=None, pattern=r"^[0-9a-f]{64}$",
        description="checksum of the file; where it is given, the file must have it",
    )  # fmt: skip
    write_noise: float = Field(ge=0, le=100, description="spread of the value read, in median steps")
    reference_spread: float = Field(
        ge=0, le=10, description="error of the reference [weight], beside what the table says"
    )

    _table: Table | None = PrivateAttr(default=None)

    width: ClassVar[int] = soft_bounds.CellModel.width
    step_kernel: ClassVar[Kernel[..., Any]] = soft_bounds.CellModel.step_kernel

    def located(self, values: Document) -> Self:
        """The model with its table read.

        Raises `InputError` where the path leads out of its folder, or with the faults of the file.
        """
        try:
            path = registry.inside(self.file, values.folder(("file",)))
        except InputError as error:
            raise InputError(values.fault(str(error.faults[0].message), ("file",), "E032")) from None
        table = tables.read(path, COLUMNS)
        if self.sha256 not in (None, table.sha256):
            message = f"file: '{self.file}' has not the checksum that is given; it has {table.sha256}"
            raise InputError(values.fault(message, ("sha256",), "E071"))
        if not np.any(table.columns["step_up"] + table.columns["step_down"] > 0):
            raise InputError(values.fault(f"file: no device of '{self.file}' has a step", ("file",), "E020"))
        found = self.model_copy(update={"sha256": table.sha256})
        found._table = table
        return found

    @property
    def attached(self) -> Mapping[str, bytes]:
        """The table's file."""
        return {self.file: self.table.content}

    @property
    def table(self) -> Table:
        """The devices that were measured."""
        assert self._table is not None, "a model from a file is located"
        return self._table

    @property
    def granularity(self) -> float:
        """The median of the devices' steps [weight], up and down together; devices without steps apart."""
        steps = self.table.columns["step_up"] + self.table.columns["step_down"]
        return 0.5 * float(np.median(steps[steps > 0]))

    @property
    def write_noise_deviation(self) -> float:
        """Write noise in units of weight: the same for every device."""
        return self.write_noise * self.granularity

    def sample(self, rows: int, columns: int, key: np.uint64) -> tuple[Floats, Floats, Floats, Floats]:
        """Draw an array of devices from the rows of the table; see `DeviceModel.sample`."""
        picks = np.empty((rows, columns), dtype=np.int64)
        error = np.empty((rows, columns))
        _draw(picks, error, len(self.table), key)
        own = {name: values[picks] for name, values in self.table.columns.items()}
        upper, lower = own["upper_bound"], own["lower_bound"]
        numbers = np.stack(
            (own["step_up"], own["step_down"], 1 / upper, 1 / lower, upper, lower, own["cycle_to_cycle"]),
            axis=-1,
        ).astype(np.float32)
        given, points = own["reference"], self.symmetry_points(numbers.astype(np.float64))
        centre = np.where(np.isfinite(given), given, np.where(np.isfinite(points), points, 0.0))
        reference = (centre + self.reference_spread * error).astype(np.float32)
        return numbers, lower.astype(np.float32), upper.astype(np.float32), reference

    @staticmethod
    def symmetry_points(numbers: NDArray[Any]) -> NDArray[Any]:
        """State at which an up and a down pulse cancel on average, per device `(rows, columns)`."""
        return soft_bounds.CellModel.symmetry_points(numbers)


@kernel
def _draw(picks: Any, error: Any, count: Any, key: Any) -> None:
    columns = picks.shape[1]
    for row in range(picks.shape[0]):
        for column in range(columns):
            cell = row * columns + column
            picks[row, column] = below(key, cell, 0, count)
            error[row, column] = normal(key, cell, 1)
