"""An architecture file is read whole: every fault at its place, every default filled in."""

from __future__ import annotations

from pathlib import Path

import pytest

from chipsim.architecture import graph
from chipsim.circuits import adc, crossbar, dac, pulse_driver
from chipsim.errors import InputError
from chipsim.inputs import documents
from tests.architecture import files

SHIPPED = Path(__file__).parents[2] / "architectures/reram-8x4.yaml"


def test_all_faults_of_a_file_come_at_once_in_the_order_of_its_lines() -> None:
    spoilt = files.COMPONENTS | {
        "dac": "{type: dak}",
        "array": "{type: crossbar, rows: 8, colums: 4, cell: reram-on}",
        "adc": "{type: adc, bits: nine, count: 1}",
        "digital": "{latency: 2 ns}",
    }
    with pytest.raises(InputError) as caught:
        files.load(spoilt, [*files.LINKS, "dac -> aray", "array.rows -> digital", "adc"])
    assert files.lines(caught) == [
        "7:15 E030 component 'dac': unknown component type 'dak'; did you mean 'dac'?",
        "9:36 E012 component 'array': unknown key 'colums'; did you mean 'columns'?",
        "9:53 E030 component 'array': unknown cell 'reram-on'; did you mean 'reram-om'?",
        "10:26 E013 component 'adc': bits: expected a whole number, got 'nine'",
        "12:3 E011 component 'digital': missing key 'type'",
        "23:5 E040 link 'dac -> aray': 'aray' is no component; did you mean 'array'?",
        "25:5 E044 'adc' is not a link; write 'a -> b'",
    ]


def test_a_cell_that_there_is_not_is_named_with_the_nearest() -> None:
    with pytest.raises(InputError) as caught:
        files.load(files.COMPONENTS | {"array": "{type: crossbar, rows: 8, columns: 4, cell: reram-on}"})
    assert files.lines(caught) == [
        "9:54 E030 component 'array': unknown cell 'reram-on'; did you mean 'reram-om'?"
    ]


def test_a_component_that_is_joined_to_nothing_is_refused() -> None:
    with pytest.raises(InputError) as caught:
        files.load(files.COMPONENTS | {"spare": "{type: adc, bits: 8, count: 1}"})
    assert files.lines(caught) == [
        "13:3 E042 component 'spare' is joined to nothing; add a link or leave it out"
    ]


def test_arrays_larger_than_memory_are_refused_before_they_are_made() -> None:
    with pytest.raises(InputError) as caught:
        files.load(
            files.COMPONENTS | {"array": "{type: crossbar, rows: 65536, columns: 65536, cell: reram-om}"}
        )
    assert files.lines(caught) == [
        f"9:3 E056 component 'array': the arrays come to {65536**2} cells, more than {graph.MAX_CELLS}"
    ]


def test_a_seat_with_an_unknown_key_is_refused() -> None:
    with pytest.raises(InputError) as caught:
        files.load(mapping=["dense1.A: {aray: array}"])
    assert files.lines(caught) == ["24:14 E012 mapping.dense1.A: unknown key 'aray'; did you mean 'array'?"]


@pytest.mark.parametrize(
    ("timing", "expected"), [("measured", (128e-9, 10e-9, 100e-9)), ("ideal", (40e-9, 1e-9, 5e-9))]
)
def test_timing_fills_in_the_durations_that_are_not_given(
    timing: str, expected: tuple[float, float, float]
) -> None:
    document = documents.parse(files.text(), "chip.yaml").with_value("timing", timing)
    chip = graph.load(document)
    assert (
        chip.parameters("dac", dac.Parameters).integration,
        chip.parameters("adc", adc.Parameters).conversion,
        chip.parameters("drivers", pulse_driver.Parameters).pulse_width,
    ) == expected


def test_a_duration_that_is_given_stands() -> None:
    document = documents.parse(files.text(), "chip.yaml").with_value("timing", "ideal")
    chip = graph.load(document.with_value("components.dac.integration", "77 ns"))
    assert chip.parameters("dac", dac.Parameters).integration == 77e-9


def test_the_papers_chip_has_the_promised_names_and_links() -> None:
    chip = graph.load(documents.read(SHIPPED))
    assert chip.name == "reram-8x4"
    assert {name: p.type for name, p in chip.components.items()} == {
        "controller": "controller", "dac": "dac", "drivers": "pulse-driver", "array": "crossbar",
        "adc": "adc", "integrator": "integrator", "digital": "digital-unit",
    }  # fmt: skip
    array = chip.parameters("array", crossbar.Parameters)
    assert (array.rows, array.columns) == (8, 4)
    assert {f"{a} -> {b}" for a, b in chip.links} == {
        "controller -> dac", "dac -> array.rows", "array.columns -> adc", "adc -> digital",
        "digital -> controller", "controller -> drivers", "drivers -> array.rows", "adc -> integrator",
        "integrator -> drivers",
    }  # fmt: skip


def test_the_graph_has_a_node_a_component_and_an_edge_a_link() -> None:
    chip = files.load(links=[*files.LINKS, *files.BACKWARD])
    assert set(chip.graph.nodes) == set(files.COMPONENTS)
    assert chip.graph.number_of_edges() == len(chip.links) == 11
    assert chip.graph.nodes["adc"]["bits"] == 9
    ports = {(data["source"], data["target"]) for _, _, data in chip.graph.edges("dac", data=True)}
    assert ports == {("", "rows"), ("", "columns")}


def test_what_is_resolved_reads_back_to_the_same_chip() -> None:
    chip = files.load(
        files.COMPONENTS
        | {"array": "{type: crossbar, rows: 8, columns: 4, cell: {preset: reram-om, step: 0.05}}"},
        mapping=["dense1.A: array", "dense1.C: {array: array, column: 2}"],
    )
    again = graph.load(documents.parse(documents.dump(chip.resolved()), "chip.yaml"))
    assert again.cells == chip.cells
    assert again.links == chip.links
    assert again.header.mapping == chip.header.mapping
    assert again.resolved() == chip.resolved()
