"""Energies of published chips from counts x prices, beside what was published, and why they differ.

The counts are those of one product (`accounting.counting`), the prices those of the shipped table or, where
a chip has other components, of a table in `tables/` that says what differs. Nothing is fitted, except where a
row says so: what is left out of the counts shows as a ratio below one.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from chipsim.accounting import costs, pricing
from chipsim.accounting.costs import CostTable
from chipsim.accounting.counting import Counts, added, energies, in_ledger, mvm, times
from chipsim.accounting.pricing import Prices
from chipsim.experiments.reproductions.study import Study
from chipsim.inputs import documents
from chipsim.inputs.units import format as written
from chipsim.reports.tabular import csv_text

_TABLES = Path(__file__).with_name("tables")
_PARTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "converters": ("adc_conv",),
        "input drivers": ("dac_conv",),
        "cells and lines": ("read_conductance", "read_duty", "line_read_cell"),
        "shift and add": ("shift_add",),
    }
)


class Published(NamedTuple):
    """What a publication says: energy [J], its key in the bibliography, and how the figure follows."""

    energy: float
    source: str
    where: str


@dataclass(frozen=True)
class Case:
    """A published product: what is counted, what it costs, what was published, and why the two differ."""

    name: str
    table: CostTable
    facts: Mapping[str, Mapping[str, float]]
    """What prices depend on, by component type (SI)."""
    counts: Counts
    published: Published
    reason: str
    parts: Mapping[str, tuple[Published, str]] = field(default_factory=dict)
    """Published figures of parts, with the reason of each gap."""


class Row(NamedTuple):
    """Published and our energy [J], their ratio, and the reason for the gap."""

    name: str
    published_J: float  # noqa: N815 - the unit's own symbol
    ours_J: float  # noqa: N815
    parts_J: Mapping[str, float]  # noqa: N815
    source: str
    where: str
    reason: str

    @property
    def ratio(self) -> float:
        """Ours over what was published."""
        return self.ours_J / self.published_J


@dataclass(frozen=True)
class Comparison:
    """All rows."""

    rows: tuple[Row, ...]

    def text(self) -> str:
        """A table, and below it the reason of each row."""
        width = max(len(row.name) for row in self.rows)
        lines = [f"{'one product':{width}}  published      ours  ratio"]
        lines += [
            f"{row.name:{width}}  {_short(row.published_J):>9} {_short(row.ours_J):>9}  {row.ratio:5.2f}"
            for row in self.rows
        ]
        reasons = [
            f"- {row.name.strip()}: {row.reason} Published: {row.where} ({row.source})." for row in self.rows
        ]
        folded = [textwrap.fill(reason, 100, subsequent_indent="  ") for reason in reasons]
        return "\n".join((*lines, "", "Why they differ:", *folded))

    def as_dict(self) -> Mapping[str, Any]:
        """The rows as plain values."""
        return {"rows": [{**row._asdict(), "ratio": row.ratio} for row in self.rows]}

    def files(self) -> Mapping[str, Callable[[], str]]:
        """The rows without their reasons, as a table."""
        columns = ("name", "published_J", "ours_J", "ratio", "source")
        rows = ((row.name.strip(), *row[1:3], row.ratio, row.source) for row in self.rows)
        return {".csv": lambda: csv_text(columns, rows)}


def compare() -> Comparison:
    """Every published chip's product, and the parts of it that have published figures of their own."""
    return Comparison(tuple(row for case in _cases() for row in _rows(case)))


def _rows(case: Case) -> tuple[Row, ...]:
    prices = Prices(case.table, {}, lambda component, _: case.facts[component])
    spent = energies(case.counts, prices)
    parts = {
        name: pricing.total(spent.get(action, 0.0) for action in actions)
        for name, actions in _PARTS.items()
        if any(action in spent for action in actions)
    }
    whole = Row(
        case.name,
        case.published.energy,
        pricing.total(spent.values()),
        parts,
        *case.published[1:],
        case.reason,
    )
    return (
        whole,
        *(
            Row(f"  {name} of it", published.energy, parts[name], {name: parts[name]}, *published[1:], reason)
            for name, (published, reason) in case.parts.items()
        ),
    )


def _short(energy: float) -> str:
    return written(float(f"{energy:.3g}"), "energy")


# What is compared


def _cases() -> tuple[Case, ...]:
    return (*_hermes(), _isaac(), _marinella(), _rpu())


def _table(section: str) -> CostTable:
    return costs.load(documents.parse(f"costs: {section}\n", str(_TABLES / "costs.yaml")))


def _product(rows: int, columns: int, duty: float, bits: int, conductance: float) -> Counts:
    """A product at a mean duty, with inputs of `bits` bits, in terms of the ledger; conductance [S]."""
    return in_ledger(mvm(rows, columns, duty * rows), 2**bits, conductance * 1e9)


def _facts(bits: int, time: float, converter: int) -> Mapping[str, Mapping[str, float]]:
    """Inputs of `bits` bits on for a time [s] at full duty, and converters of `converter` bits."""
    array = {"read_codes": float(2**bits), "read_time": time}
    return {"dac": {"bits": bits}, "adc": {"bits": converter}, "crossbar": array}


_LEFT_OUT = "clock, control, references, amplifiers and local digital work are not counted"


def _hermes() -> tuple[Case, ...]:
    """256 x 256 cells of 5 uS in the mean, 8-bit inputs over 128 ns at half duty, a converter a column."""
    published = Published(
        2 * 256**2 / 10.5e12, "KhaddamAljameh2022", "2 x 256 x 256 operations at 10.5 TOPS/W"
    )
    counts, facts = _product(256, 256, 0.5, 8, 5e-6), _facts(8, 128e-9, 8)
    dearest = Prices(_table("{table: analog-14nm, corner: conservative}"), {}, lambda name, _: facts[name])
    ninetieth = energies({"adc_conv": 1}, dearest)["adc_conv"]
    choices = {
        "survey's median": (
            _table("{table: analog-14nm}"),
            f"{_LEFT_OUT}, and the core's oscillator-based converters take five times the median.",
        ),
        "survey's 90th percentile": (
            _table(f"{{table: analog-14nm, adc_conv: {{energy: {ninetieth!r} J}}}}"),
            f"{_LEFT_OUT}.",
        ),
        "as published": (
            _table("{table: hermes-core.yaml}"),
            f"{_LEFT_OUT}; the converters' price is the published share of this very core, so that this row "
            "tests the rest only.",
        ),
    }
    return tuple(
        Case(f"HERMES core, converters: {choice}", table, facts, counts, published, reason)
        for choice, (table, reason) in choices.items()
    )


def _isaac() -> Case:
    """Eight 128 x 128 arrays for one cycle of 100 ns with 1-bit inputs, half of them on."""
    counts = added(times(8, _product(128, 128, 0.5, 0, 4e-6)), {"shift_add": 1024})
    watts = {"converters": 16e-3, "input drivers": 4e-3, "cells and lines": 2.4e-3, "shift and add": 0.2e-3}
    reasons = {
        "converters": "the regression gives 1.85 pJ, the one fast converter that ISAAC takes has 1.67 pJ.",
        "input drivers": "near one by construction: the price was derived from the same table of powers.",
        "cells and lines": "nobody gives the current of these cells; 4 uS for the whole cycle is too much.",
        "shift and add": "near one by construction: the price was derived from the same table of powers.",
    }
    parts = {
        name: (Published(power * 100e-9, "Shafiee2016", f"{power * 1e3:g} mW for 100 ns"), reasons[name])
        for name, power in watts.items()
    }
    whole = Published(
        sum(watts.values()) * 100e-9, "Shafiee2016", "16 + 4 + 2.4 + 0.2 mW for a cycle of 100 ns"
    )
    reason = "cells and converters are priced above what ISAAC assumes; buffers are left out of both figures."
    return Case(
        "ISAAC in-situ multiply-accumulate unit",
        _table("{table: isaac-unit.yaml}"), _facts(0, 100e-9, 8), counts, whole, reason, parts,
    )  # fmt: skip


def _marinella() -> Case:
    """1024 x 1024 cells of 31 MOhm, 8-bit inputs over 128 ns at half duty, a converter a column."""
    published = Published(12.8e-9, "Marinella2018", "table IV, 14/16 nm")
    reason = (
        f"{_LEFT_OUT}; the block has integrators and a ramp for its converters, here the survey's median."
    )
    return Case(
        "Marinella 14/16 nm block, 1024 x 1024",
        _table("{table: marinella-block.yaml}"), _facts(8, 128e-9, 8),
        _product(1024, 1024, 0.5, 8, 1 / 31e6), published, reason,
    )  # fmt: skip


def _rpu() -> Case:
    """4096 x 4096 cells of 24 MOhm, 5-bit inputs over 80 ns at half duty, a 9-bit converter a column."""
    published = Published(2 * 4096**2 / 84e12, "GokmenVlasov2016", "2 x 4096 x 4096 operations at 84 TOPS/W")
    counts = _product(4096, 4096, 0.5, 5, 1 / 24e6)
    reason = (
        f"{_LEFT_OUT}, and the paper's own converters and power of a tile were read in others' words only."
    )
    table = _table("{table: rpu-tile.yaml}")
    return Case("RPU tile, 4096 x 4096", table, _facts(5, 80e-9, 9), counts, published, reason)


STUDY = Study("energy of published chips from counts and prices, beside what was published", compare)
