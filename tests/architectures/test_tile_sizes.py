"""The shipped chips of tiles differ in what their names say alone: size, sharing and the host beside them."""

from __future__ import annotations

from typing import Any

import pytest

from chipsim.architecture import graph
from chipsim.experiments.run import apply_settings, locate, read

LANES = ("array.rows", "array.columns", "dac.lanes", "columns.lanes")
PACKINGS = {"": "apart", "-shared": "together"}


def resolved(name: str, *settings: str) -> dict[str, Any]:
    documents = {"architecture": read("architecture", locate("architecture", name))}
    apply_settings(documents, settings)
    found = graph.load(documents["architecture"]).resolved()
    return {key: value for key, value in found.items() if key not in ("name", "description")}


def resized(size: int, packing: str) -> tuple[str, ...]:
    """What makes the chip of tiles of 512 lines one of tiles of another size."""
    lanes = (f"components.{path}={size}" for path in LANES)
    counts = (f"components.{name}.count={size // 8}" for name in ("adc", "rows"))
    return (f"packing={packing}", *lanes, *counts)


@pytest.mark.parametrize("size", [128, 256, 512, 1024])
@pytest.mark.parametrize("shared", ["", "-shared"])
def test_a_size_and_sharing_are_all_that_a_tiled_chip_differs_by(size: int, shared: str) -> None:
    assert resolved(f"reram-tiled-{size}{shared}") == resolved(
        "reram-tiled-512", *resized(size, PACKINGS[shared])
    )


def test_the_host_stands_beside_the_same_tiles() -> None:
    plain, hosted = resolved("reram-tiled-512"), resolved("reram-tiled-512-host")
    assert hosted["components"].pop("host")["type"] == "digital-array"
    assert [link for link in hosted.pop("links") if "host" not in link] == plain.pop("links")
    assert hosted == plain
