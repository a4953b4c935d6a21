"""Optical digits: 1,797 handwritten digits of 8 x 8 pixels, embedded, so that a first run downloads nothing.

The file is scikit-learn's copy of the test part of the UCI set (AlpaydinKaynak1998), byte for byte: one image
a line, 64 pixels of 0..16 and the digit. It has no division into training and test images of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from chipsim.workloads.content import Content
from chipsim.workloads.dataset import DataFile, DataSet, Pixels, Rows, Split

__all__ = ["DATASET", "labels", "pixels"]

_FILE = DataFile(
    name="digits.csv.gz",
    size=57523,
    sha256="09f66e6debdee2cd2b5ae59e0d6abbb73fc2b0e0185d2e1957e9ebb51e23aa22",
    content="6ebb3d2fee246a4e99363262ddf8a00a3c41bee6014c373ed9d9216ba7f651b8",
    aliases=("digits.csv",),
)
_CONTENT_BYTES = 264712

DATASET = DataSet(
    name="digits",
    title="Optical recognition of handwritten digits",
    shape=(8, 8),
    classes=tuple("0123456789"),
    full_scale=16,
    splits=(Split("all", (178, 182, 177, 183, 181, 182, 181, 179, 174, 180)),),
    files=(_FILE,),
    citation="AlpaydinKaynak1998",
    licence="CC BY 4.0 (Ethem Alpaydin and Cenk Kaynak)",
    sample=Path(__file__).parent / "samples",
)


def labels(paths: Mapping[str, Path], split: str) -> NDArray[np.int64]:
    """Return the digit of each image, `(images,)`.

    *Raises*: `DataError` if the file is damaged or holds other data than published.
    """
    return _table(paths)[:, -1].astype(np.int64)


def pixels(paths: Mapping[str, Path], split: str, rows: Rows) -> Pixels:
    """Return the images of these rows, `(rows, 64)`.

    *Raises*: `DataError` if the file is damaged or holds other data than published.
    """
    return np.ascontiguousarray(_table(paths)[rows, :-1])


def _table(paths: Mapping[str, Path]) -> Pixels:
    path = paths[_FILE.name]
    with Content.of(path) as content:
        text = content.rest(_CONTENT_BYTES)
        content.finish(_FILE.content)
    numbers = np.fromstring(text.replace(b"\n", b",").rstrip(b",").decode("ascii"), dtype=np.uint8, sep=",")
    return numbers.reshape(DATASET.splits[0].size, DATASET.features + 1)
