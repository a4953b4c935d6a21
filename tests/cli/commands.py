"""What the tests of the command line share: a verb called here or as a process, and tables read back."""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

from chipsim import cli

ROOT = Path(__file__).parents[2]
CHIP = (ROOT / "architectures" / "reram-8x4.yaml").read_text()
TRANSFER = (ROOT / "workloads" / "reduced-digits-transfer.yaml").read_text()

SCRATCH = ("reram-8x4", "reduced-digits-scratch")
SHORT = ("-s", "stages.train.images=200")
"""The scratch workload and what makes it short, for runs whose accuracy does not matter."""
WARNING = (
    "warning[W001]: component 'array' reads zero weight against an ideal reference; "
    "its area, time and energy are not counted\n"
    "warning[W020]: component 'array': 8 cells at full input put 89.6 uA on a line (8 x 56 uS x 200 mV), "
    "more than the 33 uA that a metal-1 line carries for long (Marinella2018); 2 cells would do\n"
)
"""What every run of the shipped chip says beside its results."""


@dataclass(frozen=True)
class Said:
    """What a command line came to."""

    code: int
    out: str
    err: str

    @property
    def faults(self) -> list[str]:
        """The sentences of the faults, without their excerpts."""
        return [line for line in self.err.splitlines() if "error[" in line]


def say(*words: object) -> Said:
    """Run a command line in this process."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = cli.run_verb(list(map(str, words)))
    return Said(code, out.getvalue(), err.getvalue())


def ok(*words: object) -> Said:
    """Run a command line that must end well."""
    said = say(*words)
    assert said.code == 0, said.err
    return said


def spawn(*words: object, cwd: Path, stderr: int = subprocess.PIPE) -> subprocess.Popen[str]:
    """Start a command line as a process, and a group, of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "chipsim", *map(str, words)], cwd=cwd, text=True, start_new_session=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, stderr=stderr,
    )  # fmt: skip


def listing(folder: Path) -> list[str]:
    """Everything below a folder, hidden things too."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def table(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))
