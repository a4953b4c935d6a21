"""A component of another package plays a role by what it says of itself, not by what it inherits."""

from __future__ import annotations

from types import ModuleType
from typing import Any, ClassVar, Literal

import pytest
from pydantic import Field

from chipsim.circuits.component import ComponentParameters, Ports
from chipsim.errors import InputError
from chipsim.inputs import registry
from tests.architecture import files

SHIPPED = registry.module


class Silent(ComponentParameters):
    type: Literal["other-dac"]
    role: ClassVar[str] = "dac"
    emits: ClassVar[Ports] = {"": frozenset({"drive"})}


class Spoken(Silent):
    lanes: int = Field(ge=1)

    bits: ClassVar[int] = 5
    integration: ClassVar[float] = 80e-9


def use(parameters: type[ComponentParameters], monkeypatch: pytest.MonkeyPatch) -> None:
    module: Any = ModuleType("other")
    module.Parameters = parameters
    monkeypatch.setattr(
        registry, "module", lambda kind, name: module if name == "other-dac" else SHIPPED(kind, name)
    )


def test_parameters_of_a_role_need_not_be_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the compiler wants to know of a bank may be a field or a constant of the class."""
    use(Spoken, monkeypatch)
    plan = files.plan(files.load({**files.COMPONENTS, "dac": "{type: other-dac, lanes: 8}"}))
    assert plan.facts("array", "forward")["read_codes"] == 32
    assert plan.facts("array", "forward")["read_time"] == 80e-9


def test_what_a_role_needs_and_its_parameters_do_not_give_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    use(Silent, monkeypatch)
    with pytest.raises(InputError) as caught:
        files.load({**files.COMPONENTS, "dac": "{type: other-dac}"})
    assert str(caught.value).splitlines()[0] == (
        "chip.yaml:7:15: error[E031]: component 'dac': component type 'other-dac' has the role dac, "
        "but no lanes, bits, integration"
    )


@pytest.mark.parametrize("name", registry.names("component"))
def test_every_shipped_component_gives_what_its_role_needs(name: str) -> None:
    from chipsim.circuits.component import lacking

    assert lacking(registry.module("component", name).Parameters) == ()
