"""From what a file or a command line says of a cell to a device model with all of its parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import Field

from chipsim.devices.device import DeviceModel
from chipsim.errors import Fault, InputError
from chipsim.inputs import documents, registry
from chipsim.inputs.documents import Document
from chipsim.inputs.schema import Faults, Model, Name, check_used, fill

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


@dataclass(frozen=True)
class Cell:
    """A cell on its own: the parameter set that was named, and the model with what is set differently."""

    preset: Preset
    model: DeviceModel


def preset(path: Any) -> tuple[Preset, Document]:
    """A parameter set from its file, and the document that it came from."""
    document = documents.read(path)
    return fill(Preset, document), document


def load(document: Document, path: Where, label: str) -> DeviceModel:
    """The device model that `path` of an architecture file names: `reram-om`, the path of a cell file
    beside it, or a mapping with `preset` and whatever parameters are to differ from it.

    Raises `InputError` with every fault, each where it was written.
    """
    chosen, base = _chosen(document, path, label)
    values = plain = base.part(("parameters",), "value")
    if isinstance(document.value(path), dict):
        values = document.part(path).without("preset").over(plain)
    label = f"{label}: cell '{chosen.name}'"
    model = fill(_model(chosen, base), values, label=label)
    if values is not plain and model.unused():
        check_used(model, document, path, label, fill(type(model), plain, label=label))
    return model.located(values)


def goes_by(document: Document, path: Where) -> tuple[str, str]:
    """What the cell that `path` names goes by: its parameter set's name, and its model's."""
    chosen, _ = _chosen(document, path, "cell")
    return chosen.name, chosen.model


def _chosen(document: Document, path: Where, label: str) -> tuple[Preset, Document]:
    given = document.value(path)
    named = given.get("preset") if isinstance(given, dict) else given
    at = (*path, "preset") if isinstance(given, dict) else path
    if not isinstance(named, str):
        raise InputError(
            document.fault(f"{label}: a cell is a name or a mapping with 'preset: NAME'", at, "E013")
        )
    try:
        file = registry.file("cell", named, document.folder(at))
    except registry.UnknownName as error:
        raise InputError(document.fault(f"{label}: {error}", at, error.code)) from None
    except InputError as outside:
        message, code = outside.faults[0].message, outside.faults[0].code
        raise InputError(document.fault(f"{label}: {message}", at, code)) from None
    return preset(file)


def named(name_or_path: str, settings: Sequence[str] = ()) -> Cell:
    """A cell by name or by the path of its file; `settings` are `PARAMETER=VALUE`, as a file would give it.

    Raises `InputError` with every fault.
    """
    try:
        file = registry.file("cell", name_or_path)
    except registry.UnknownName as error:
        raise InputError(Fault(str(error), code=error.code)) from None
    chosen, base = preset(file)
    return Cell(chosen, of(chosen, base, settings))


def of(chosen: Preset, document: Document, settings: Sequence[str] = ()) -> DeviceModel:
    """The device model of a parameter set that stands in a document. Raises `InputError`."""
    values = document.part(("parameters",), "value")
    faults = Faults()
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals:
            faults.add(Fault(f"'{setting}' is not a setting; write PARAMETER=VALUE", code="E024"))
            continue
        with faults.gather():
            values = values.with_value(name.strip(), value.strip())
    with faults.gather():
        model = fill(_model(chosen, document), values, label=f"cell '{chosen.name}'").located(values)
    faults.raise_if_any()
    return model


def _model(chosen: Preset, document: Document) -> type[DeviceModel]:
    try:
        model: type[DeviceModel] = registry.module("model", chosen.model).CellModel
    except registry.UnknownName as error:
        raise InputError(document.fault(str(error), ("model",), error.code)) from None
    return model
