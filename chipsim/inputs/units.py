"""Quantities: "100 ns" and "25 uS" to SI values and back, with the dimension checked.

Arithmetic is decimal: the digits of the text and the prefix's power of ten are joined before they become a
float, so that "25 uS" is the float nearest to 2.5e-05 and nothing else. Units are a fixed table; prefixes of
areas are squared ("um2" is 1e-12 m2).

A field of a `chipsim.inputs.schema.Model` is given its unit by its type:

    conversion: Seconds                                 # not below 0
    pulse_width: Annotated[Seconds, Field(gt=0)]

From a file such a field takes text with a unit only. From Python it also takes a plain number, which is SI.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainSerializer, ValidationInfo, WithJsonSchema

from chipsim.errors import listing, nearest

__all__ = [
    "DIMENSIONS",
    "Amperes",
    "Coulombs",
    "Dimension",
    "Farads",
    "Hertz",
    "Joules",
    "JoulesPerBit",
    "Kelvins",
    "Metres",
    "Ohms",
    "Ratio",
    "Seconds",
    "Share",
    "Siemens",
    "SquareMetres",
    "UnitError",
    "Volts",
    "Watts",
    "dimension_of",
    "format",
    "parse",
]


class UnitError(ValueError):
    """A text is not a quantity of the wanted dimension; `code` is its code in `chipsim.errors.CODES`.

    `expected` says what was wanted where what was given is no quantity at all.
    """

    def __init__(self, message: str, code: str = "E017", expected: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.expected = expected


@dataclass(frozen=True)
class Dimension:
    """What a quantity measures, its SI unit, and the unit that an example is written in.

    `power` is the power that a prefix is raised to: 2 for areas. `written` are other spellings of the unit.
    """

    name: str
    unit: str
    example: str
    power: int = 1
    written: tuple[str, ...] = ()
    prefixed: bool = True

    @property
    def described(self) -> str:
        """Return the dimension with its article, as in "a conductance"."""
        return f"an {self.name}" if self.name[0] in "aeiou" else f"a {self.name}"

    @property
    def wanted(self) -> str:
        """Return the dimension with an example, as in "a time such as '100 ns'"."""
        example = f"'100 {self.example}'" if self.prefixed else "0.5 or '50 %'"
        return f"{self.described} such as {example}"


_PREFIXES = MappingProxyType(
    {"a": -18, "f": -15, "p": -12, "n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12}
)
_MICRO = ("\N{MICRO SIGN}", "\N{GREEK SMALL LETTER MU}")

DIMENSIONS: MappingProxyType[str, Dimension] = MappingProxyType(
    {
        dimension.name: dimension
        for dimension in (
            Dimension("time", "s", "ns"),
            Dimension("current", "A", "uA"),
            Dimension("voltage", "V", "V"),
            Dimension("conductance", "S", "uS"),
            Dimension(
                "resistance", "Ohm", "Ohm", written=("ohm", "\N{OHM SIGN}", "\N{GREEK CAPITAL LETTER OMEGA}")
            ),
            Dimension("energy", "J", "pJ"),
            Dimension("power", "W", "uW"),
            Dimension("capacitance", "F", "fF"),
            Dimension("charge", "C", "fC"),
            Dimension("length", "m", "um"),
            Dimension("area", "m2", "um2", power=2, written=("m^2", "m\N{SUPERSCRIPT TWO}")),
            Dimension("frequency", "Hz", "MHz"),
            Dimension("temperature", "K", "K"),
            Dimension("energy per bit", "J/bit", "pJ/bit"),
            Dimension("ratio", "1", "%", prefixed=False),
        )
    }
)


def _units() -> Iterator[tuple[str, tuple[Dimension, int]]]:
    for dimension in DIMENSIONS.values():
        for unit in (dimension.unit, *dimension.written):
            for prefix, exponent in _PREFIXES.items() if dimension.prefixed else (("", 0),):
                yield prefix + unit, (dimension, exponent * dimension.power)
                if prefix == "u":
                    yield from ((micro + unit, (dimension, exponent * dimension.power)) for micro in _MICRO)
    yield "%", (DIMENSIONS["ratio"], -2)


_UNITS = MappingProxyType(dict(_units()))
_QUANTITY = re.compile(
    r"([+-]?)([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE]([+-]?[0-9]{1,4}))?[ \t]*([^\W\d_].*|%|)"
)
_LONGEST = 64  # characters of a quantity


def parse(text: str, dimension: str) -> float:
    """Return the SI value of a quantity such as "25 uS", correctly rounded.

    `dimension` is a name in `DIMENSIONS`. Raises `UnitError` where the text is no number with a unit, the
    unit is missing, unknown or of another dimension, or the value is too large for a float. A ratio may stand
    without a unit.
    """
    wanted = DIMENSIONS[dimension]
    digits, exponent, unit = _split(text, wanted)
    if not unit and wanted.name != "ratio":
        raise UnitError(_missing_unit(text.strip(), wanted), "E016")
    found, shift = _UNITS.get(unit, (None, 0)) if unit else (wanted, 0)
    if found is None:
        raise UnitError(f"unknown unit '{unit}' in '{text}'{_nearest_unit(unit, wanted)}")
    if found is not wanted:
        raise UnitError(
            f"expected {wanted.described} such as '{_example(text, unit, wanted)}', "
            f"got '{text}', which is {found.described}"
        )
    value = float(f"{digits}e{exponent + shift}")
    if value in (float("inf"), float("-inf")):
        raise UnitError(f"'{text}' is too large a number", "E019")
    return value


def _split(text: str, wanted: Dimension) -> tuple[str, int, str]:
    match = _QUANTITY.fullmatch(text.strip()) if len(text) <= _LONGEST else None
    if match is None:
        shown = text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."
        raise UnitError(f"expected {wanted.wanted}, got '{shown}'", "E013", wanted.wanted)
    sign, digits, exponent, unit = match.groups()
    return sign + digits, int(exponent or 0), unit


def _missing_unit(number: str, wanted: Dimension) -> str:
    return f"{number} is missing its unit; write {number} {wanted.example}"


def _example(text: str, unit: str, wanted: Dimension) -> str:
    return f"{text.strip().removesuffix(unit).rstrip()} {wanted.example}"


def _nearest_unit(unit: str, wanted: Dimension) -> str:
    own = [name for name, (dimension, _) in _UNITS.items() if dimension is wanted and name.isascii()]
    near = next((name for name in own if name.casefold() == unit.casefold()), None) or nearest(unit, own)
    if near is not None:
        return f"; did you mean '{near}'?"
    return f"; {wanted.described} is written in {listing(name for name in own if name)}"


def dimension_of(text: str) -> str | None:
    """Return the name of the dimension that a text such as "25 uS" measures, or None if it has no unit."""
    match = _QUANTITY.fullmatch(text.strip()) if len(text) <= _LONGEST else None
    found = _UNITS.get(match.group(4)) if match else None
    return found[0].name if found else None


def format(value: float, dimension: str) -> str:
    """Return an SI value as text with an engineering prefix, such as "25 uS".

    `parse` gives the same float back.
    """
    wanted = DIMENSIONS[dimension]
    number = Decimal(repr(float(value)))
    if not wanted.prefixed:
        return _digits(number)
    prefix = _prefix(number, wanted)
    sign, digits, exponent = number.as_tuple()
    shifted = Decimal((sign, digits, int(exponent) - _PREFIXES[prefix] * wanted.power))
    return f"{_digits(shifted)} {prefix}{wanted.unit}"


def _prefix(number: Decimal, wanted: Dimension) -> str:
    """Return the largest prefix that leaves at least 1 (areas: 0.01) before the unit, or the smallest."""
    if not number:
        return ""
    order = number.adjusted() + (2 if wanted.power == 2 else 0)
    fitting = [prefix for prefix, exponent in _PREFIXES.items() if exponent * wanted.power <= order]
    return fitting[-1] if fitting else next(iter(_PREFIXES))


def _digits(number: Decimal) -> str:
    if not number:
        return "0"
    plain = -7 < number.adjusted() < 16
    text = f"{number:f}" if plain else str(number)
    return text.rstrip("0").rstrip(".") if plain and "." in text else text


def _reader(dimension: str) -> Callable[[Any, ValidationInfo], Any]:
    wanted = DIMENSIONS[dimension]

    def read(value: Any, info: ValidationInfo) -> Any:
        if isinstance(value, str):
            return parse(value, dimension)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise UnitError(f"expected {wanted.wanted}, got {value!r}", "E013", wanted.wanted)
        if info.context is not None and wanted.prefixed:
            raise UnitError(_missing_unit(str(value), wanted), "E016")
        return float(value)

    return read


def _writer(dimension: str) -> Callable[[float], str]:
    def write(value: float) -> str:
        return format(value, dimension)

    return write


def _quantity(dimension: str) -> tuple[BeforeValidator, PlainSerializer, WithJsonSchema, Dimension]:
    described = DIMENSIONS[dimension]
    schema = {
        "type": "string",
        "description": f"{described.described} with its unit [{described.unit}]",
        "pattern": _pattern(described),
        "examples": [f"100 {described.example}"],
    }
    return (
        BeforeValidator(_reader(dimension)),
        PlainSerializer(_writer(dimension), return_type=str, when_used="json"),
        WithJsonSchema(schema),
        described,
    )


def _pattern(dimension: Dimension) -> str:
    """A regular expression of the quantities of a dimension, for a schema."""
    written = sorted(
        (unit for unit, (found, _) in _UNITS.items() if found is dimension and unit.isascii()),
        key=lambda unit: (-len(unit), unit),
    )
    number = r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,4})?"
    return rf"^\s*{number}\s*({'|'.join(map(re.escape, written))})\s*$"


def _proportion(description: str) -> tuple[BeforeValidator, WithJsonSchema, Dimension]:
    schema = {
        "type": ["number", "string"],
        "description": description,
        "pattern": _pattern(DIMENSIONS["ratio"]).replace(")\\s*$", ")?\\s*$"),
        "examples": ["97 %", 0.97],
    }
    return BeforeValidator(_reader("ratio")), WithJsonSchema(schema), DIMENSIONS["ratio"]


Seconds = Annotated[float, *_quantity("time"), Field(ge=0)]
"""A duration [s], not below 0."""
Siemens = Annotated[float, *_quantity("conductance"), Field(ge=0)]
"""A conductance [S], not below 0."""
Ohms = Annotated[float, *_quantity("resistance"), Field(ge=0)]
"""A resistance [Ohm], not below 0."""
Volts = Annotated[float, *_quantity("voltage")]
"""A voltage [V] of either sign."""
Amperes = Annotated[float, *_quantity("current")]
"""A current [A] of either sign."""
Coulombs = Annotated[float, *_quantity("charge")]
"""A charge [C] of either sign."""
Joules = Annotated[float, *_quantity("energy"), Field(ge=0)]
"""An energy [J], not below 0."""
JoulesPerBit = Annotated[float, *_quantity("energy per bit"), Field(ge=0)]
"""An energy per bit [J/bit], not below 0."""
Watts = Annotated[float, *_quantity("power"), Field(ge=0)]
"""A power [W], not below 0."""
Farads = Annotated[float, *_quantity("capacitance"), Field(ge=0)]
"""A capacitance [F], not below 0."""
Metres = Annotated[float, *_quantity("length"), Field(ge=0)]
"""A length [m], not below 0."""
SquareMetres = Annotated[float, *_quantity("area"), Field(ge=0)]
"""An area [m2], not below 0."""
Hertz = Annotated[float, *_quantity("frequency"), Field(ge=0)]
"""A frequency [Hz], not below 0."""
Kelvins = Annotated[float, *_quantity("temperature"), Field(ge=0)]
"""A temperature [K], not below 0."""
Ratio = Annotated[float, *_proportion("a ratio, as a number or in %")]
"""A ratio of any size and sign: "30 %" or 0.3."""
Share = Annotated[float, *_proportion("a share from 0 to 1, as a number or in %"), Field(ge=0, le=1)]
"""A share from 0 to 1: "97 %" or 0.97."""
