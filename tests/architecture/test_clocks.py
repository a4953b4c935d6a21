"""Durations that follow from a clock: each expected time is worked out by hand."""

from __future__ import annotations

import pytest

from chipsim.architecture import graph
from chipsim.architecture.graph import Architecture
from chipsim.circuits.adc import Parameters as Adc
from chipsim.circuits.dac import Parameters as Dac
from chipsim.errors import InputError
from chipsim.inputs import documents
from tests.architecture import files


def chip(**components: str) -> Architecture:
    return files.load(files.COMPONENTS | components)


def integration(dac: str) -> float | None:
    return chip(dac=dac).parameters("dac", Dac).integration


def conversion(adc: str) -> float | None:
    return chip(adc=adc).parameters("adc", Adc).conversion


@pytest.mark.parametrize(
    ("given", "nanoseconds"),
    [
        ("bits: 7, clock: 1 GHz", 128),  # 2^7 slots of 1 ns: the HERMES core's
        ("bits: 5, clock: 1 GHz", 32),
        ("bits: 7, slots: 31, clock: 2 GHz", 15.5),
        ("bits: 7, clock: 3 GHz", 42.667),  # 128 / 3 ns to the nearest picosecond
        ("bits: 7", 128),  # no clock: that of the preset 'measured'
    ],
)
def test_an_integration_is_a_clock_period_for_each_slot(given: str, nanoseconds: float) -> None:
    seconds = integration(f"{{type: dac, lanes: 8, {given}}}")
    assert seconds == pytest.approx(nanoseconds * 1e-9, rel=1e-12)


@pytest.mark.parametrize(
    ("given", "nanoseconds"),
    [("bits: 9, clock: 1 GHz", 10), ("bits: 4, clock: 500 MHz", 10), ("bits: 9", 10)],
)
def test_a_conversion_is_a_clock_period_for_each_bit_and_one_to_sample(
    given: str, nanoseconds: float
) -> None:
    seconds = conversion(f"{{type: adc, count: 1, {given}}}")
    assert seconds == pytest.approx(nanoseconds * 1e-9, rel=1e-12)


@pytest.mark.parametrize(
    ("name", "given", "text"),
    [
        (
            "dac", "{type: dac, lanes: 8, bits: 7, clock: 1 GHz, integration: 40 ns}",
            "7:66 E020 component 'dac': integration: 128 slots at 1 GHz take 128 ns, and 40 ns is given; "
            "keep one of 'integration' and 'clock'",
        ),
        (
            "adc", "{type: adc, count: 1, bits: 9, clock: 1 GHz, conversion: 5 ns}",
            "10:65 E020 component 'adc': conversion: 10 periods at 1 GHz take 10 ns, and 5 ns is given; keep "
            "one of 'conversion' and 'clock'",
        ),
        (
            "adc", "{type: adc, count: 1, bits: 9, clock: 1 Hz}",
            "10:46 E014 component 'adc': conversion: 10 periods at 1 Hz take 10 s; expected 1 ps to 1 s",
        ),
    ],
)  # fmt: skip
def test_a_clock_and_the_time_that_follows_from_it_are_not_both_given(
    name: str, given: str, text: str
) -> None:
    with pytest.raises(InputError) as caught:
        chip(**{name: given})
    assert files.lines(caught) == [text]


def test_a_resolved_file_keeps_the_clock_and_leaves_the_time_to_it() -> None:
    first = chip(dac="{type: dac, lanes: 8, bits: 7, clock: 2 GHz}")
    assert "integration" not in first.resolved()["components"]["dac"]
    again = graph.load(documents.parse(documents.dump(first.resolved()), "again.yaml"))
    assert again.parameters("dac", Dac) == first.parameters("dac", Dac)
