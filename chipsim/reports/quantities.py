"""Numbers as a reader sees them: three significant digits, an engineering prefix, a unit.

The exact value always stands beside the text (in a cell's ``data-value``), so nothing here needs to be read
back. Nobody's count is absent or null and never zero: ``None`` has a text of its own.
"""

import math
from typing import NamedTuple

_PREFIXES = {
    -21: "z",
    -18: "a",
    -15: "f",
    -12: "p",
    -9: "n",
    -6: "µ",
    -3: "m",
    0: "",
    3: "k",
    6: "M",
    9: "G",
    12: "T",
}
_AREAS = ((1e-6, "mm²"), (1e-12, "µm²"), (1e-18, "nm²"))
_SPACE = "\N{NO-BREAK SPACE}"

NOTHING = "–"
"""Text of a figure that nobody counted."""


class Scale(NamedTuple):
    """A unit for a whole axis: an SI value divided by `factor` is a number in `unit`."""

    factor: float
    unit: str


def significant(value: float, digits: int = 3) -> str:
    """Decimal text of `value` with so many significant digits, thousands set apart by commas."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    rounded = float(f"{value:.{digits - 1}e}")
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(rounded))))
    return f"{rounded:,.{decimals}f}"


def scale(largest: float, unit: str) -> Scale:
    """The prefix in which `largest` [SI] has one to three digits before the point; squares for ``m²``."""
    size = abs(float(f"{largest:.2e}"))
    if unit == "m²":
        return next((Scale(f, u) for f, u in _AREAS if size >= 0.1 * f), Scale(*_AREAS[-1]))
    exponent = 0 if size == 0 else 3 * math.floor(math.log10(size) / 3 + 1e-12)
    exponent = min(max(exponent, min(_PREFIXES)), max(_PREFIXES))
    return Scale(10.0**exponent, _PREFIXES[exponent] + unit)


def quantity(value: float | None, unit: str) -> str:
    """An SI value for the eye: ``6.50 µJ``, ``63.7 ms``, ``1,100 µm²``."""
    if value is None:
        return NOTHING
    if value == 0:
        return f"0{_SPACE}{unit}"
    factor, prefixed = scale(value, unit)
    return f"{significant(value / factor)}{_SPACE}{prefixed}"


def count(value: float | None) -> str:
    """A count: whole numbers in full, means with four significant digits."""
    if value is None:
        return NOTHING
    return f"{int(value):,}" if float(value).is_integer() else significant(value, max(4, _digits(value)))


def percent(value: float | None) -> str:
    """A share as a percentage with one decimal."""
    return NOTHING if value is None else f"{100 * value:.1f}{_SPACE}%"


def compact(value: float) -> str:
    """A count in as few characters as a cell of a map allows: ``37.6k``."""
    if abs(value) < 1000:
        return f"{value:.0f}"
    factor, prefix = scale(value, "")
    return significant(value / factor) + prefix


def _digits(value: float) -> int:
    return math.floor(math.log10(abs(value))) + 1 if value else 1
