"""Links with groups and carriers: what is refused, in one sentence, and said once for all copies."""

from __future__ import annotations

import pytest

from chipsim.architecture import graph
from chipsim.architecture.graph import Architecture
from chipsim.errors import FitError, InputError
from chipsim.inputs import documents
from tests.architecture import files

CHIP = """format: chipsim-architecture/1
name: tiled
technology: 14 nm
costs: {table: analog-14nm}
packing: apart
groups:
  tile: {components: [dac, drivers, array, adc, integrator], count: 6}
components:
  controller: {type: controller}
  bus:        {type: bus}
  mesh:       {type: mesh, rows: 2, columns: 3, at: {digital: [1, 2]}}
  dac:        {type: dac, bits: 7, lanes: 8}
  drivers:    {type: pulse-driver, bit_length: 31}
  array:      {type: crossbar, rows: 8, columns: 4, cell: reram-om}
  adc:        {type: adc, bits: 9, count: 4}
  integrator: {type: integrator, bits: 16}
  digital:    {type: digital-unit}
links:
  - controller -> bus -> dac -> array -> adc -> mesh -> digital -> controller
  - bus -> drivers -> array
  - adc -> integrator -> bus
"""


GROUP = "'tile' is a group; name the component in it that is meant: dac, drivers, array, adc, integrator"
DRIVEN = "a read voltage on lines or write pulses on lines"


def load(text: str = CHIP) -> Architecture:
    return graph.load(documents.parse(text, "chip.yaml"))


def faults(text: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        load(text)
    return files.lines(caught)


@pytest.mark.parametrize(
    ("link", "sentence"),
    [
        ("array[3] -> adc", "'array[3]' is one copy, and a link is of all of them; write 'array'"),
        (
            "array[0.2].rows -> adc",
            "'array[0.2].rows' is one copy, and a link is of all of them; write 'array.rows'",
        ),
        ("bus[0] -> dac", "'bus[0]' is one copy, and a link is of all of them; write 'bus'"),
        ("aray[3] -> adc", "'aray[3]' is no component; did you mean 'array'?"),
        ("bus -> tile", GROUP),
        ("tile -> bus", GROUP),
    ],
)
def test_a_link_of_one_copy_or_of_a_group_is_told_what_to_write(link: str, sentence: str) -> None:
    assert faults(f"{CHIP}  - {link}\n") == [f"22:5 E040 link '{link}': {sentence}"]


@pytest.mark.parametrize(
    ("link", "reason"),
    [
        (
            "array -> bus",
            "'array.columns' gives currents of lines, but 'bus' takes digital words; put an adc between them",
        ),
        (
            "mesh -> array",
            f"'mesh' gives digital words, but 'array.rows' takes {DRIVEN}; "
            "put a dac or a pulse-driver between them",
        ),
        (
            "dac -> mesh",
            "'dac' gives a read voltage on lines, but 'mesh' takes digital words; link it to a crossbar",
        ),
        (
            "bus -> adc",
            "'bus' gives digital words, but 'adc' takes currents of lines; link it to a dac, a pulse-driver, "
            "an integrator, a digital-unit, a controller or a carrier such as a bus",
        ),
    ],
)
def test_a_carrier_at_a_port_that_does_not_fit_is_named_with_what_both_carry(link: str, reason: str) -> None:
    assert faults(f"{CHIP}  - {link}\n") == [f"22:5 E041 link '{link}': {reason}"]


def test_copies_that_lack_the_same_link_are_one_fault_in_the_names_of_the_file() -> None:
    """Three blocks of one layer on six tiles: the sentence is that of a chip of one."""
    chip = load(CHIP.replace("bus -> drivers -> array", "drivers -> array"))
    with pytest.raises(FitError) as caught:
        files.plan(chip, 8, 12)
    assert files.lines(caught) == [
        "18:1 E043 operations 'prepare', 'transfer-write' and 'update' of layer 'dense1' have no route: "
        "'controller' does not lead to 'drivers'; add the link 'controller -> drivers'"
    ]


ROUTERS = "11:63 E014 component 'mesh': at: digital: expected a router from [0, 0] to [1, 2]"


@pytest.mark.parametrize(
    ("at", "sentence"),
    [
        (
            "digtal: [1, 2]",
            "11:54 E040 component 'mesh': at: 'digtal' is no component; did you mean 'digital'?",
        ),
        ("digital: [2, 0]", f"{ROUTERS}, got [2, 0]"),
        ("digital: [0, -1]", f"{ROUTERS}, got [0, -1]"),
    ],
)
def test_a_router_that_there_is_not_is_refused(at: str, sentence: str) -> None:
    assert faults(CHIP.replace("digital: [1, 2]", at)) == [sentence]
