"""The record of finished runs: one folder each, keyed by the content of its resolved files, version and seed.

It is what a study is rebuilt from: a search is asked again from its beginning, and what it asks for is found
here. A folder is written aside and renamed when complete, and holds the checksums of its files, so that a
torn one is noticed and its run done again. Studies, and machines, may share a record.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from chipsim.errors import RunError
from chipsim.experiments import folders

CHECKSUMS = "checksums.json"
FAILURE = "failure.json"

Files = Mapping[str, bytes]
"""The files of a run's folder, by name; `a/b` lies in a folder of its own."""


class Record:
    """A folder of finished runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def find(self, key: str) -> Files | None:
        """The files kept under a key; None where there are none, or one is torn."""
        folder = self.folder / key
        try:
            sums = json.loads((folder / CHECKSUMS).read_text("utf-8"))
            files = {name: (folder / name).read_bytes() for name in sums}
        except (OSError, ValueError, TypeError):
            return None
        return files if sums == _sums(files) else None

    def keep(self, key: str, files: Files) -> None:
        """Keep files under a key, in place of torn ones; what somebody else kept meanwhile holds the same.

        Raises `RunError` where the system refuses.
        """

        def fill(folder: Path) -> None:
            for name, content in files.items():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_bytes(content)
            (folder / CHECKSUMS).write_text(json.dumps(_sums(files), indent=1), "utf-8")

        try:
            folders.publish(self.folder / key, fill, force=True)
        except RunError:
            if self.find(key) is None:
                raise

    def sweep(self) -> None:
        """Remove what processes of this machine that were killed have left aside."""
        folders.sweep_all(self.folder)


def _sums(files: Files) -> dict[str, str]:
    return {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())}


def failure(reason: str, code: str = "", limit_s: float | None = None) -> Files:
    """What is kept of a run that failed; `limit_s` is the time that was too short for it."""
    content = {"reason": reason, "code": code, "limit_s": limit_s}
    return {FAILURE: (json.dumps(content, indent=1) + "\n").encode()}


def is_final(files: Files, limit_s: float | None) -> bool:
    """Whether what was kept answers a run with this time limit: a failure for a shorter one does not."""
    if FAILURE not in files:
        return True
    earlier = json.loads(files[FAILURE])["limit_s"]
    return earlier is None or (limit_s is not None and limit_s <= earlier)
