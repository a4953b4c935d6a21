"""A link that cannot be is refused with both of its ends, what each carries, and what to do."""

from __future__ import annotations

import pytest

from chipsim.errors import InputError
from tests.architecture import files

DRIVEN = "a read voltage on lines or write pulses on lines"
DIGITAL = (
    "link it to a dac, a pulse-driver, an integrator, a digital-unit, a controller or a carrier such as a bus"
)


@pytest.mark.parametrize(
    ("link", "sentence"),
    [
        ("controller -> daq", "E040 link 'controller -> daq': 'daq' is no component; did you mean 'dac'?"),
        (
            "dac -> array.row",
            "E040 link 'dac -> array.row': component 'array' (crossbar) has no port 'row'; "
            "did you mean 'rows'?",
        ),
        (
            "array.left -> adc",
            "E040 link 'array.left -> adc': component 'array' (crossbar) has no port 'left'; "
            "choose one of rows, columns",
        ),
        (
            "adc.out -> digital",
            "E040 link 'adc.out -> digital': component 'adc' (adc) has no port 'out'; write 'adc'",
        ),
        (
            "spare -> adc",
            "E040 link 'spare -> adc': 'spare' is no component; "
            "choose one of controller, dac, drivers, array, adc, integrator, digital",
        ),
    ],
)
def test_an_end_that_there_is_not_is_named(link: str, sentence: str) -> None:
    with pytest.raises(InputError) as caught:
        files.load(links=[*files.LINKS, link])
    assert files.lines(caught) == [f"23:5 {sentence}"]


@pytest.mark.parametrize(
    ("link", "reason"),
    [
        (
            "controller -> array",
            f"'controller' gives digital words, but 'array.rows' takes {DRIVEN}; "
            "put a dac or a pulse-driver between them",
        ),
        (
            "array -> digital",
            "'array.columns' gives currents of lines, but 'digital' takes digital words; "
            "put an adc between them",
        ),
        (
            "array.rows -> array",
            f"'array.rows' gives currents of lines, but 'array.rows' takes {DRIVEN}; link it to an adc",
        ),
        (
            "dac -> digital",
            "'dac' gives a read voltage on lines, but 'digital' takes digital words; link it to a crossbar",
        ),
        (
            "drivers -> adc",
            "'drivers' gives write pulses on lines, but 'adc' takes currents of lines; link it to a crossbar",
        ),
        (
            "integrator -> adc",
            f"'integrator' gives digital words, but 'adc' takes currents of lines; {DIGITAL}",
        ),
    ],
)
def test_ports_that_do_not_fit_are_named_with_what_they_carry(link: str, reason: str) -> None:
    with pytest.raises(InputError) as caught:
        files.load(links=[*files.LINKS, link])
    assert files.lines(caught) == [f"23:5 E041 link '{link}': {reason}"]


def test_a_bare_name_means_the_natural_port() -> None:
    chip = files.load()
    assert [str(end) for link in chip.links for end in link if end.component == "array"] == [
        "array.rows", "array.columns", "array.rows",
    ]  # fmt: skip
    full = [
        link.replace("-> array", "-> array.rows").replace("array ->", "array.columns ->")
        for link in files.LINKS
    ]
    assert files.load(links=full).links == chip.links


@pytest.mark.parametrize("link", ["adc", "-> adc", "adc ->", "adc -> -> digital"])
def test_a_text_that_is_no_link_is_refused(link: str) -> None:
    with pytest.raises(InputError) as caught:
        files.load(links=[*files.LINKS, link])
    assert files.lines(caught) == [f"23:5 E044 '{link}' is not a link; write 'a -> b'"]


def test_a_link_that_stands_twice_is_named() -> None:
    with pytest.raises(InputError) as caught:
        files.load(links=[*files.LINKS, "controller -> dac -> array.rows -> adc"])
    assert files.lines(caught) == [
        "23:5 E045 link 'controller -> dac' stands twice; leave one out",
        "23:5 E045 link 'dac -> array.rows' stands twice; leave one out",
    ]
