"""From what an architecture file says of a cell to a device model with all of its parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from chipsim.devices.device import DeviceModel
from chipsim.errors import InputError
from chipsim.inputs import documents, registry
from chipsim.inputs.documents import Document
from chipsim.inputs.schema import Model, Name, fill

Where = tuple[str | int, ...]


class Sourced(Model):
    """One number of a parameter set and where it comes from."""

    value: Any
    source: str = Field(description="a key of references.bib, or 'assumed'")
    where: str = Field(description="table, figure or reasoning")


class Preset(Model):
    """A parameter set: one file, one paper."""

    format: str = Field(pattern=r"^chipsim-cell/1$")
    name: Name
    description: str
    model: str
    parameters: Mapping[str, Sourced]


def preset(path: Any) -> tuple[Preset, Document]:
    """A parameter set from its file, and the document that it came from."""
    document = documents.read(path)
    return fill(Preset, document), document


def load(document: Document, path: Where, label: str) -> DeviceModel:
    """The device model that `path` of an architecture file names: `reram-om`, or a mapping with
    `preset` and whatever parameters are to differ from it.

    Raises `InputError` with every fault, each where it was written.
    """
    given = document.value(path)
    named = given.get("preset") if isinstance(given, dict) else given
    at = (*path, "preset") if isinstance(given, dict) else path
    if not isinstance(named, str):
        raise InputError(
            document.fault(f"{label}: a cell is a name or a mapping with 'preset: NAME'", at, "E013")
        )
    try:
        chosen, base = preset(registry.file("cell", named, None))
    except registry.UnknownName as error:
        raise InputError(document.fault(f"{label}: {error}", at, error.code)) from None
    values = base.part(("parameters",), "value")
    if isinstance(given, dict):
        values = document.part(path).without("preset").over(values)
    model: type[DeviceModel] = registry.module("model", chosen.model).CellModel
    return fill(model, values, label=f"{label}: cell '{named}'").located(values)
