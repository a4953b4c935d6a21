"""The error tree of chipsim: each fault is one sentence that says where, what is wrong and what is right.

A `Fault` is one thing that is wrong, at one `Place`. A `ChipsimError` carries all faults found together and
knows the exit code of the command line. `CODES` says what each code means.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar, Literal, NamedTuple

__all__ = [
    "CODES",
    "ChipsimError",
    "DataError",
    "Fault",
    "FitError",
    "InputError",
    "PhysicsError",
    "Place",
    "RunError",
    "UsageError",
    "listing",
    "nearest",
    "suggestion",
]

CODES: Mapping[str, str] = MappingProxyType(
    {
        # files
        "E000": "A fault that has no code of its own.",
        "E001": "A file or folder that was named does not exist.",
        "E002": "What was named cannot be read: it is a folder, a device, or not readable by this user.",
        "E003": "The file is not UTF-8 text: it is binary, in another encoding, or holds control characters.",
        "E004": "The file is larger than an input file may be.",
        "E005": "The file holds no keys and values.",
        "E006": "The file holds more than one YAML document.",
        "E007": "The top of an input file must be keys and values.",
        "E008": "The text does not follow the rules of YAML.",
        "E009": "The text uses a part of YAML that input files may not use: a tag or a merge key.",
        # keys and values
        "E010": "A key stands twice in the same mapping.",
        "E011": "A key that must be given is missing.",
        "E012": "A key is not known at this place.",
        "E013": "A value is of the wrong type.",
        "E014": "A value lies outside its allowed range.",
        "E015": "A value is not one of the allowed choices.",
        "E016": "A quantity is given without its unit.",
        "E017": "A unit is not known, or measures something else than is wanted here.",
        "E018": "A name may hold ASCII letters, digits and -_. only, at most 64 of them.",
        "E019": "A number is not finite.",
        "E020": "Values that are each allowed contradict one another.",
        "E021": "The file is nested too deeply or holds too many values.",
        "E022": "An alias names an anchor that does not exist, or one that contains the alias itself.",
        "E023": "A key is not plain text.",
        "E024": "An override (--set) names a place that does not exist or is not written as PATH=VALUE.",
        "E025": "The format line of a file is missing, or names a format that this version does not read.",
        "E026": "A parameter is given that nothing in this run uses.",
        "E027": "A file extends itself, directly or by way of others.",
        # names
        "E030": "A name stands for nothing that is registered for its kind.",
        "E031": "A registered module does not define what its kind must define, or cannot be imported.",
        "E032": "A file names a path outside its own folder.",
        "E033": "A citation key is not in the bibliography.",
        # architecture
        "E040": "A link names a component or a port that does not exist.",
        "E041": "A link joins two ports that do not fit together.",
        "E042": "A component is joined to nothing.",
        "E043": "An operation needs a route through the chip that the links do not give.",
        "E044": "A link is not written as 'a -> b'.",
        "E045": "A link, name or component stands twice.",
        # mapping a workload on an architecture
        "E050": "A weight matrix does not fit on its array.",
        "E051": "No array is named or free for a weight matrix.",
        "E052": "Two weight matrices are placed on the same cells.",
        "E053": "The architecture lacks a component that the workload's rule needs.",
        "E054": "The sizes of data, layers or classes do not follow from one another.",
        "E055": "A rule asks for more than a component of the architecture can do.",
        "E056": "A run would need more memory or more events than this simulator allows.",
        # costs
        "E060": "An action that happened has no price in the cost table.",
        "E061": "A component has no area or leakage in the cost table.",
        "E062": "A cost entry is overridden that the cost table does not have.",
        "E063": "A corner is not one of those that the cost table gives.",
        "E064": "A cost table is incomplete or contradicts itself.",
        # data
        "E070": "The files of a data set are not on this machine.",
        "E071": "A file of a data set or of weights does not have the expected checksum.",
        "E072": "A file of a data set or of weights is damaged or not of the expected form.",
        "E073": "More images or classes are asked for than the data set holds.",
        "E074": "A download failed.",
        # physics
        "E080": "The simulated chip stands still: components wait for one another.",
        "E081": "A quantity has left its physical range.",
        # runs and the command line
        "E090": "A run failed.",
        "E091": "The output folder exists already.",
        "E092": "The output folder cannot be written.",
        "E093": "A folder is not the folder of a run, or of a complete one.",
        "E094": "A gate that the user set was missed.",
        "E095": "A run was interrupted.",
        "E100": "The command line is wrong.",
        "E110": "A bug of chipsim itself.",
        # warnings
        "W000": "A warning that has no code of its own.",
        "W001": "An idealised part of the chip is simulated but not counted in time, energy or area.",
        "W002": "A large share of the energy rests on assumed prices.",
        "W003": "A component takes no part in this workload.",
        "W004": "A value is allowed but outside the range that its source covers.",
        "W005": "A target was not reached within the run.",
        "W006": "A part of a report has no data to show.",
        "W020": "A read puts more current on a line than its metal carries for long.",
        "W021": "Wires whose resistance a run leaves out would take much of the read voltage.",
        "W022": "Times are asked for that need a faster clock or converter than there is.",
        "W023": "Sums may be larger than a converter resolves.",
        "W024": "Write pulses are shorter than the cells' response was measured with.",
        "W025": "Converters need more room than the edge of the array that they stand beside.",
        "W026": "A run spends much of the pulses that a device survives.",
        "W027": "Devices lose much of their state between two writes.",
        "W030": "A trace holds only a part of what was asked for.",
        "W010": "Weights or codes lie at the end of their range.",
    }
)

_SHOWN = 12  # choices listed in a sentence
_GUTTER = 4  # width of the line number beside an excerpt
_WINDOW = 100  # longest excerpt shown


@dataclass(frozen=True)
class Place:
    """Where something stands: file, line and column, counted from 1; line 0 is the file as a whole.

    `excerpt` is the line's text and `width` how many characters from the column on are meant.
    """

    file: str
    line: int = 0
    column: int = 0
    excerpt: str = ""
    width: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file

    def drawing(self) -> str:
        """Return the excerpt with its line number and carets below the value, or an empty text."""
        if not (self.line and self.excerpt.strip()):
            return ""
        start = max(0, self.column - 1 - _WINDOW // 2) if len(self.excerpt) > _WINDOW else 0
        text = "".join(_visible(char) for char in self.excerpt[start : start + _WINDOW].rstrip())
        offset = min(self.column - 1 - start, len(text))
        carets = "^" * max(1, min(self.width, len(text) - offset))
        return f"{self.line:>{_GUTTER}} | {text}\n{'':{_GUTTER}} | {'':{offset}}{carets}"


def _visible(char: str) -> str:
    return char if char.isprintable() else " " if char.isspace() else "\N{REPLACEMENT CHARACTER}"


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong: a sentence, its code and, where known, its place."""

    message: str
    place: Place | None = None
    code: str = "E000"
    severity: Literal["error", "warning"] = "error"

    def headline(self) -> str:
        """Return the fault in one line, as `chip.yaml:5:5: error[E012]: sentence`."""
        where = f"{self.place}: " if self.place else ""
        return f"{where}{self.severity}[{self.code}]: {self.message}"

    def __str__(self) -> str:
        drawing = self.place.drawing() if self.place else ""
        return f"{self.headline()}\n{drawing}" if drawing else self.headline()

    def as_dict(self) -> dict[str, str | int | None]:
        """Return the fault as plain values, for JSON."""
        place = self.place or Place("")
        return {
            "severity": self.severity,
            "code": self.code,
            "message": self.message,
            "file": place.file or None,
            "line": place.line or None,
            "column": place.column or None,
        }


class ChipsimError(Exception):
    """Faults that were found together; the root of every error that chipsim raises on purpose."""

    exit_code: ClassVar[int] = 1
    default_code: ClassVar[str] = "E000"
    faults: tuple[Fault, ...]

    def __init__(self, *faults: Fault | str) -> None:
        self.faults = tuple(
            Fault(fault, code=self.default_code) if isinstance(fault, str) else fault for fault in faults
        )
        super().__init__(*self.faults)

    def __str__(self) -> str:
        return "\n".join(map(str, self.faults))


class RunError(ChipsimError):
    """The run failed, or a gate that the user set was missed."""

    exit_code = 1
    default_code = "E090"


class UsageError(ChipsimError):
    """The command line is wrong."""

    exit_code = 2
    default_code = "E100"


class InputError(ChipsimError):
    """An input file or value is invalid."""

    exit_code = 3


class Need(NamedTuple):
    """Something of which a workload needs more than an architecture has, and what would make it fit."""

    what: str
    needed: int
    available: int
    remedy: str = ""

    @property
    def met(self) -> bool:
        """Whether there is enough."""
        return self.needed <= self.available


class FitError(ChipsimError):
    """The workload does not fit, or the architecture cannot execute it.

    `needs` are what was needed and what there is, where that is a question of size.
    """

    exit_code = 4
    default_code = "E051"

    def __init__(self, *faults: Fault | str, needs: Sequence[Need] = ()) -> None:
        super().__init__(*faults)
        self.needs = tuple(needs)


class PhysicsError(ChipsimError):
    """The simulated chip stands still, or a quantity left its physical range."""

    exit_code = 5
    default_code = "E081"


class DataError(ChipsimError):
    """Data are missing, damaged or have a wrong checksum."""

    exit_code = 6
    default_code = "E070"


def nearest(word: str, choices: Iterable[str]) -> str | None:
    """Return the choice that `word` was most likely meant to be, or None if none is near."""
    from difflib import get_close_matches

    plain = {_plain(choice): choice for choice in sorted(choices, reverse=True)}
    found = get_close_matches(_plain(word), plain, n=1)
    return plain[found[0]] if found else None


def _plain(word: str) -> str:
    return word[:80].casefold().replace("_", "-")


def suggestion(word: str, choices: Iterable[str]) -> str:
    """Return the end of a sentence that names the nearest choice, or all of them if none is near."""
    offered = tuple(dict.fromkeys(choices))
    near = nearest(word, offered)
    if near is not None:
        return f"; did you mean '{near}'?"
    if len(offered) == 1:
        return f"; the only choice is {offered[0]}"
    return f"; choose one of {listing(offered)}" if offered else ""


def listing(words: Iterable[str]) -> str:
    """Return words joined by commas; a long list is cut and says how many more there are."""
    every = tuple(words)
    more = f" and {len(every) - _SHOWN} more" if len(every) > _SHOWN else ""
    return ", ".join(every[:_SHOWN]) + more
