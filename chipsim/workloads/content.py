"""What a data file holds, packed or not, read once with its checksum; what is said of one that is damaged."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from chipsim.errors import DataError, Fault

__all__ = ["BLOCK", "Content", "damaged", "mismatch", "reason"]

BLOCK = 1 << 18
"""Bytes read at a time."""
_GZIP = b"\x1f\x8b"


class Content:
    """What a file holds, unpacked if it is gzipped, read once from front to back, with its checksum taken."""

    def __init__(self, path: Path, stream: IO[bytes]) -> None:
        self._path = path
        self._stream = stream
        self._digest = hashlib.sha256()

    @classmethod
    @contextmanager
    def of(cls, path: Path) -> Iterator[Content]:
        """Open a file; what goes wrong below is a `DataError` that names it."""
        try:
            with path.open("rb") as raw:
                packed = raw.read(2) == _GZIP
                raw.seek(0)
                if packed:
                    with gzip.open(raw) as stream:
                        yield cls(path, cast("IO[bytes]", stream))
                else:
                    yield cls(path, raw)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise damaged(path, f"its gzip packing is broken ({reason(error)})") from error
        except OSError as error:
            raise damaged(path, f"it cannot be read ({reason(error)})") from error

    def read(self, count: int) -> bytes:
        """Return the next bytes.

        *Raises*: `DataError` if the file ends before.
        """
        block = self._stream.read(count)
        self._digest.update(block)
        if len(block) < count:
            raise damaged(self._path, f"it ends {count - len(block)} bytes too early")
        return block

    def rest(self, most: int) -> bytes:
        """Return all that has not been read.

        *Raises*: `DataError` if that is more than `most` bytes.
        """
        block = self._stream.read(most + 1)
        self._digest.update(block)
        if len(block) > most:
            raise damaged(self._path, f"it holds more than {most} bytes")
        return block

    def some(self, most: int) -> bytes:
        """Return the next bytes, at most so many; none at the end."""
        block = self._stream.read(most)
        self._digest.update(block)
        return block

    def skip(self) -> None:
        """Read to the end for the checksum alone."""
        while block := self._stream.read(BLOCK):
            self._digest.update(block)

    def finish(self, sha256: str = "") -> None:
        """Check that the file ends here and, if given, that all of it has this checksum.

        *Raises*: `DataError` if it goes on or has another checksum.
        """
        if self._stream.read(1):
            raise damaged(self._path, "it goes on after its last item")
        if sha256 and self._digest.hexdigest() != sha256:
            raise mismatch(self._path, self._digest.hexdigest(), sha256)


def damaged(path: Path, what: str) -> DataError:
    """Return the error that a data file is not of the expected form."""
    return DataError(Fault(f"data file '{path}' is damaged: {what}", code="E072"))


def mismatch(path: Path, got: str, wanted: str) -> DataError:
    """Return the error that a data file holds something else than its checksum says."""
    sentence = f"data file '{path}' holds other data than published: its SHA-256 is {got}, not {wanted}"
    return DataError(Fault(sentence, code="E071"))


def reason(error: BaseException) -> str:
    """Return what the system says of an error, on one line."""
    inner = getattr(error, "reason", None)
    cause = inner if isinstance(inner, OSError) else error
    return " ".join(str(getattr(cause, "strerror", None) or cause).split()) or type(cause).__name__
