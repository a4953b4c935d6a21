"""A cell on the bench: measured and shown, without a chip around it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chipsim.devices import cells, characteristics
from chipsim.devices.cells import Cell
from chipsim.devices.characteristics import Characteristics
from chipsim.errors import Fault, UsageError
from chipsim.experiments import folders
from chipsim.reports import device as reports
from chipsim.reports.shown import Shown

DEVICES, PULSES = 10_000, 200
"""What is measured unless something else is asked for: as many as the published distributions have."""

_OTHER_FORMS = {".pdf", ".png", ".jpg", ".jpeg", ".eps", ".html", ".csv", ".json"}


@dataclass(frozen=True, repr=False)
class Measured(Shown):
    """A cell and what was measured of it."""

    cell: Cell
    found: Characteristics

    @property
    def record(self) -> dict[str, Any]:
        """As plain values."""
        return reports.record(self.cell, self.found)

    @property
    def table(self) -> str:
        """As tables of text."""
        return reports.table(self.cell, self.found)

    def text(self) -> str:
        """As tables of text."""
        return self.table

    def as_dict(self) -> dict[str, Any]:
        """As plain values."""
        return self.record

    def _repr_html_(self) -> str:
        figure = reports.figure(self.cell, self.found)
        return f"{figure[figure.index('<svg') :]}{super()._repr_html_()}"

    def files(self) -> Mapping[str, Callable[[], str]]:
        """The files of a folder, each with what makes its text."""
        name = self.cell.preset.name
        return {
            f"{name}.svg": lambda: reports.figure(self.cell, self.found),
            f"{name}-spread.csv": lambda: reports.spread_csv(self.found),
            f"{name}-pulse-response.csv": lambda: reports.response_csv(self.found),
        }

    def write(self, output: Path, force: bool = False) -> tuple[Path, ...]:
        """Write the figure to a path that ends in .svg, or figure and tables into a folder.

        Returns what was written. Raises `RunError` where a file is there already, without `force`, or
        where the system refuses.
        """
        files = self.files()
        if output.suffix.lower() == ".svg":
            files = {output.name: next(iter(files.values()))}
            output = output.parent
        return folders.write_files(output, files, force)


def check_output(output: Path) -> None:
    """Raise `UsageError` for a path that ends like a file of a form that is not written."""
    if output.suffix.lower() in _OTHER_FORMS and not output.is_dir():
        text = f"'{output}' is neither a folder nor an .svg file; name one of the two"
        raise UsageError(Fault(text, code="E100"))


def measure(
    name: str, settings: Sequence[str] = (), devices: int = DEVICES, pulses: int = PULSES, seed: int = 0
) -> Measured:
    """Measure a cell, by name or path, with parameters set differently (`PARAMETER=VALUE`).

    Raises `InputError` with all faults of name, file and settings.
    """
    cell = cells.named(name, settings)
    return Measured(cell, characteristics.measure(cell.model, devices, pulses, seed))
