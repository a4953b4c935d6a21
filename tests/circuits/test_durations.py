"""Every default duration of a shipped component has a range in order, a source and ends that can be set."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chipsim.circuits.component import PICOSECONDS, Duration
from chipsim.circuits.dac import NoiseManagement
from chipsim.inputs import citations, registry


def defaults() -> Iterator[tuple[str, str, Duration]]:
    owners = {name: registry.module("component", name).Parameters for name in registry.names("component")}
    for name, owner in {**owners, "noise management": NoiseManagement}.items():
        for field, presets in owner.timing.items():
            assert set(presets) == {"measured", "ideal"}, (name, field)
            yield from ((f"{name}.{field}", preset, found) for preset, found in presets.items())


DEFAULTS = [pytest.param(duration, id=f"{name}, {preset}") for name, preset, duration in defaults()]


@pytest.mark.parametrize("duration", DEFAULTS)
def test_a_default_lies_between_its_ends_which_are_whole_picoseconds(duration: Duration) -> None:
    ends = [duration.at(end) for end in ("optimistic", "typical", "conservative")]
    assert 0 < ends[0] <= ends[1] <= ends[2]
    assert ends[0] < ends[2]
    for end in ends:
        assert end * PICOSECONDS == pytest.approx(round(end * PICOSECONDS), rel=1e-9)


@pytest.mark.parametrize("duration", DEFAULTS)
def test_a_default_says_where_it_is_from(duration: Duration) -> None:
    assert duration.source or duration.status == "assumed"
    assert set(duration.source) <= citations.keys()
    assert duration.where
    assert duration.status != "given"
