"""What lies where and which way it goes; what does not fit is said with what would make it fit."""

from __future__ import annotations

from pathlib import Path

import pytest

from chipsim.accounting import pricing
from chipsim.architecture import graph
from chipsim.devices.device import Region
from chipsim.errors import FitError, InputError
from chipsim.inputs import documents
from tests.architecture import files

FORWARD = "operations 'forward' and 'transfer-read' of layer 'dense1' have no route"
PULSES = "operations 'prepare', 'transfer-write' and 'update' of layer 'dense1' have no route"
READINGS = "operations 'transfer-read' and 'integrate' of layer 'dense1' have no route"


def _array(rows: int, columns: int) -> dict[str, str]:
    return files.COMPONENTS | {
        "array": f"{{type: crossbar, rows: {rows}, columns: {columns}, cell: reram-om}}"
    }


# Places


def test_matrices_lie_side_by_side_in_the_order_that_the_rule_gives() -> None:
    plan = files.plan(files.load())
    assert plan.places == {
        ("dense1", "A"): ("array", Region(0, 0, 8, 2)),
        ("dense1", "C"): ("array", Region(0, 2, 8, 2)),
    }


def test_a_bias_takes_one_row_more() -> None:
    plan = files.plan(files.load(_array(9, 4) | {"dac": "{type: dac, bits: 7, lanes: 9}"}), bias=True)
    assert plan.places["dense1", "A"].region == Region(0, 0, 9, 2)


def test_the_mapping_decides_and_the_rest_is_placed_beside_it() -> None:
    plan = files.plan(files.load(_array(10, 8), mapping=["dense1.C: {array: array, row: 2, column: 3}"]))
    assert plan.places["dense1", "C"].region == Region(2, 3, 8, 2)
    assert plan.places["dense1", "A"].region == Region(0, 5, 8, 2)


@pytest.mark.parametrize(
    ("rows", "columns", "sentences"),
    [
        (
            8, 3,
            ["matrix 'dense1.C' needs 8 rows x 2 columns, but 'array' has 8 x 1 free; "
             "it fits if 'array' has rows: 8, columns: 4"],
        ),
        (
            4, 2,
            ["matrix 'dense1.A' needs 8 rows x 2 columns, but 'array' has 4 x 2 free; "
             "it fits if 'array' has rows: 8, columns: 2",
             "matrix 'dense1.C' needs 8 rows x 2 columns, but 'array' has 4 x 2 free; "
             "it fits if 'array' has rows: 8, columns: 4"],
        ),
    ],
)  # fmt: skip
def test_an_array_too_small_is_told_what_would_do(rows: int, columns: int, sentences: list[str]) -> None:
    with pytest.raises(FitError) as caught:
        files.plan(files.load(_array(rows, columns)))
    assert files.lines(caught) == [f"9:3 E050 {sentence}" for sentence in sentences]


@pytest.mark.parametrize(("rows", "columns"), [(8, 3), (4, 2), (3, 9), (1, 1)])
def test_what_would_do_does(rows: int, columns: int) -> None:
    with pytest.raises(FitError) as caught:
        files.plan(files.load(_array(rows, columns)))
    wanted = caught.value.faults[-1].message.rsplit("rows: ", 1)[1].split(", columns: ")
    files.plan(files.load(_array(int(wanted[0]), int(wanted[1]))))


def test_every_array_is_named_with_its_free_cells() -> None:
    components = _array(4, 4) | {"second": "{type: crossbar, rows: 8, columns: 1, cell: reram-om}"}
    links = [*files.LINKS, "dac -> second", "second -> adc", "drivers -> second"]
    with pytest.raises(FitError) as caught:
        files.plan(files.load(components, links))
    assert caught.value.faults[0].message == (
        "matrix 'dense1.A' needs 8 rows x 2 columns, but 'array' has 4 x 4 free and 'second' has 8 x 1 free; "
        "it fits if 'array' has rows: 8, columns: 4"
    )


def test_no_crossbar_at_all_is_told_the_size_that_is_needed() -> None:
    with pytest.raises(FitError) as caught:
        files.plan(files.load(*files.without("array")))
    assert files.lines(caught) == [
        "5:1 E053 the weights have no place, since there is no crossbar; "
        "add a component of type crossbar with rows: 8, columns: 4"
    ]


# Mapping


def test_matrices_on_the_same_cells_are_both_named() -> None:
    with pytest.raises(FitError) as caught:
        files.plan(files.load(mapping=["dense1.A: array", "dense1.C: {array: array, column: 1}"]))
    assert files.lines(caught) == [
        "25:13 E052 matrices 'dense1.C' and 'dense1.A' would lie on the same cells of 'array'; "
        "write 'dense1.C: {array: array, column: 2}'"
    ]


def test_a_seat_off_the_array_is_refused_where_it_is_written() -> None:
    with pytest.raises(FitError) as caught:
        files.plan(
            files.load(mapping=["dense1.A: {array: array, row: 1}", "dense1.C: {array: array, column: 2}"])
        )
    assert files.lines(caught) == [
        "24:13 E050 matrix 'dense1.A' needs 8 rows x 2 columns, but 'array' has 7 x 4 free "
        "from its cell (1, 0) on; it fits if 'array' has rows: 9, columns: 4"
    ]


def test_unknown_matrices_and_arrays_are_named_all_at_once() -> None:
    with pytest.raises(InputError) as caught:
        files.plan(
            files.load(mapping=["dense1.B: array", "dense2.A: array", "dense1.A: aray", "dense1.C: adc"])
        )
    assert files.lines(caught) == [
        "24:3 E051 mapping: the workload has no matrix 'dense1.B'; did you mean 'dense1.C'?",
        "25:3 E051 mapping: the workload has no matrix 'dense2.A'; did you mean 'dense1.A'?",
        "26:13 E051 mapping: 'aray' is no crossbar; did you mean 'array'?",
        "27:13 E051 mapping: 'adc' is no crossbar; the only choice is array",
    ]


# Routes


@pytest.mark.parametrize(
    ("link", "sentence"),
    [
        (
            "controller -> dac",
            f"{FORWARD}: 'controller' does not lead to 'dac'; add the link 'controller -> dac'",
        ),
        ("dac -> array", f"{FORWARD}: no dac drives 'array.rows'; add the link 'dac -> array.rows'"),
        (
            "array -> adc",
            "operations 'forward', 'transfer-read' and 'integrate' of layer 'dense1' have no route: "
            "'array.columns' leads to no adc; add the link 'array.columns -> adc'",
        ),
        (
            "adc -> digital",
            "operation 'forward' of layer 'dense1' has no route: 'adc' leads to no digital-unit; "
            "add the link 'adc -> digital'",
        ),
        (
            "digital -> controller",
            "operation 'forward' of layer 'dense1' has no route: 'digital' does not lead to 'controller'; "
            "add the link 'digital -> controller'",
        ),
        (
            "controller -> drivers",
            f"{PULSES}: 'controller' does not lead to 'drivers'; add the link 'controller -> drivers'",
        ),
        ("drivers -> array", f"{PULSES}: no pulse-driver drives 'array'; add the link 'drivers -> array'"),
        ("adc -> integrator", f"{READINGS}: 'adc' leads to no integrator; add the link 'adc -> integrator'"),
        (
            "integrator -> drivers",
            "operation 'transfer-write' of layer 'dense1' has no route: 'integrator' does not lead to "
            "'drivers'; add the link 'integrator -> drivers'",
        ),
    ],
)
def test_each_missing_link_is_named_with_what_it_keeps_from_going(link: str, sentence: str) -> None:
    with pytest.raises(FitError) as caught:
        files.plan(files.load(links=[other for other in files.LINKS if other != link]))
    assert files.lines(caught) == [f"13:1 E043 {sentence}"]


@pytest.mark.parametrize("link", files.LINKS)
def test_the_link_that_a_refusal_asks_for_mends_the_chip(link: str) -> None:
    fewer = [other for other in files.LINKS if other != link]
    with pytest.raises(FitError) as caught:
        files.plan(files.load(links=fewer))
    asked = caught.value.faults[0].message.rsplit("add the link ", 1)[1].strip("'")
    files.plan(files.load(links=[*fewer, asked]))


@pytest.mark.parametrize(
    ("component", "sentences"),
    [
        (
            "controller",
            ["operations 'forward', 'transfer-read', 'prepare', 'transfer-write' and 'update' of layer "
             "'dense1' have no route: there is no controller; add a component of type controller"],
        ),
        (
            "dac",
            [f"{FORWARD}: no dac drives 'array.rows'; add a component of type dac and the link "
             "'dac -> array.rows'"],
        ),
        (
            "drivers",
            [f"{PULSES}: no pulse-driver drives 'array'; add a component of type pulse-driver and the link "
             "'pulse-driver -> array'"],
        ),
        (
            "adc",
            ["operations 'forward', 'transfer-read' and 'integrate' of layer 'dense1' have no route: "
             "'array.columns' leads to no adc; add a component of type adc and the link "
             "'array.columns -> adc'"],
        ),
        (
            "integrator",
            [f"{READINGS}: 'adc' leads to no integrator; add a component of type integrator and the link "
             "'adc -> integrator'"],
        ),
        (
            "digital",
            ["operation 'forward' of layer 'dense1' has no route: 'adc' leads to no digital-unit; add a "
             "component of type digital-unit and the link 'adc -> digital-unit'"],
        ),
    ],
)  # fmt: skip
def test_a_chip_without_a_part_is_refused_with_the_missing_route(
    component: str, sentences: list[str]
) -> None:
    with pytest.raises(FitError) as caught:
        files.plan(files.load(*files.without(component)))
    assert files.lines(caught) == [f"12:1 E043 {sentence}" for sentence in sentences]


def test_two_controllers_are_refused() -> None:
    with pytest.raises(FitError) as caught:
        files.plan(
            files.load(files.COMPONENTS | {"second": "{type: controller}"}, [*files.LINKS, "second -> dac"])
        )
    assert caught.value.faults[0].message.endswith(
        "have no route: 'controller' and 'second' are both of type controller; keep one"
    )


def test_one_layer_needs_no_backward_links_and_two_do() -> None:
    components = _array(8, 12)
    files.plan(files.load(components))
    with pytest.raises(FitError) as caught:
        files.plan(files.load(components), 8, 4, 2)
    assert files.lines(caught) == [
        "13:1 E043 operation 'backward' of layer 'dense2' has no route: no dac drives 'array.columns'; "
        "add the link 'dac -> array.columns'"
    ]
    with pytest.raises(FitError) as caught:
        files.plan(files.load(components, [*files.LINKS, files.BACKWARD[0]]), 8, 4, 2)
    assert files.lines(caught) == [
        "13:1 E043 operation 'backward' of layer 'dense2' has no route: 'array.rows' leads to no adc; "
        "add the link 'array.rows -> adc'"
    ]
    plan = files.plan(files.load(components, [*files.LINKS, *files.BACKWARD]), 8, 4, 2)
    assert {layer for operation, layer, _ in plan.routes if operation == "backward"} == {"dense2"}


def test_a_read_by_columns_needs_the_backward_links() -> None:
    with pytest.raises(FitError) as caught:
        files.plan(files.load(), read_by="column")
    assert caught.value.faults[0].message == (
        "operation 'transfer-read-transposed' of layer 'dense1' has no route: no dac drives 'array.columns'; "
        "add the link 'dac -> array.columns'"
    )


def test_digital_words_do_not_travel_through_an_array() -> None:
    """controller -> drivers -> array -> adc -> digital -> dac is a path in the graph, no way for inputs."""
    links = [link for link in files.LINKS if link != "controller -> dac"]
    with pytest.raises(FitError) as caught:
        files.plan(files.load(links=[*links, "digital -> dac"]))
    assert caught.value.faults[0].message == (
        f"{FORWARD}: 'controller' does not lead to 'dac'; add the link 'controller -> dac'"
    )


def test_digital_words_may_go_by_way_of_other_digital_parts() -> None:
    links = [link for link in files.LINKS if link != "controller -> dac"]
    plan = files.plan(files.load(links=[*links, "controller -> digital", "digital -> dac"]))
    assert plan.routes["forward", "dense1", "C"] == ("dac", "array", "adc", "digital")


def test_readings_are_integrated_where_their_converter_leads() -> None:
    """Columns have a converter for passes, rows another with an integrator behind it."""
    components = files.COMPONENTS | {"adc2": "{type: adc, bits: 9, count: 8}"}
    links = [link for link in files.LINKS if link != "adc -> integrator"]
    links += ["dac -> array.columns", "array.rows -> adc2", "adc2 -> integrator"]
    plan = files.plan(files.load(components, links), read_by="column")
    assert plan.routes["transfer-read-transposed", "dense1", "A"] == ("dac", "array", "adc2", "integrator")
    assert plan.routes["integrate", "dense1", "A"] == ("integrator",)


def test_an_integrator_need_only_lead_to_the_drivers_of_its_own_layer() -> None:
    components = {name: value for name, value in files.COMPONENTS.items() if name not in ("array", "adc")}
    links = ["digital -> controller", "controller -> dac", "controller -> drivers", "integrator -> drivers"]
    for k, (rows, columns) in enumerate(((8, 6), (3, 4)), start=1):
        components[f"array{k}"] = f"{{type: crossbar, rows: {rows}, columns: {columns}, cell: reram-om}}"
        components[f"adc{k}"] = "{type: adc, bits: 9, count: 1}"
        links += [f"dac -> array{k}", f"array{k} -> adc{k}", f"adc{k} -> digital"]
    components |= {
        "integrator2": "{type: integrator, bits: 16}",
        "drivers2": "{type: pulse-driver, bit_length: 9}",
    }
    links += [
        "adc1 -> integrator", "adc2 -> integrator2", "drivers -> array1", "controller -> drivers2",
        "integrator2 -> drivers2", "drivers2 -> array2", "dac -> array2.columns", "array2.rows -> adc2",
    ]  # fmt: skip
    plan = files.plan(files.load(components, links), 8, 3, 2)
    assert plan.routes["transfer-write", "dense1", "C"] == ("drivers", "array1")
    assert plan.routes["transfer-write", "dense2", "C"] == ("drivers2", "array2")
    assert plan.routes["integrate", "dense2", "A"] == ("integrator2",)


# What components can do


def test_a_dac_bank_with_too_few_lanes_is_told_how_many() -> None:
    with pytest.raises(FitError) as caught:
        files.plan(files.load(files.COMPONENTS | {"dac": "{type: dac, bits: 7, lanes: 5}"}))
    assert files.lines(caught) == [
        "7:36 E055 component 'dac' drives 5 lines, but layer 'dense1' has 8; write 'lanes: 8'"
    ]


def test_a_backward_pass_needs_a_lane_for_each_output() -> None:
    components = _array(8, 60) | {"dac": "{type: dac, bits: 7, lanes: 8}"}
    with pytest.raises(FitError) as caught:
        files.plan(files.load(components, [*files.LINKS, *files.BACKWARD]), 8, 2, 12)
    assert [fault.message for fault in caught.value.faults] == [
        "component 'dac' drives 8 lines, but layer 'dense2' has 12; write 'lanes: 12'"
    ]


def test_a_train_longer_than_the_drivers_can_do_is_refused() -> None:
    files.plan(files.load(), bit_length=31)
    with pytest.raises(FitError) as caught:
        files.plan(files.load(), bit_length=32)
    assert files.lines(caught) == [
        "8:12 E055 stage 'train' asks for trains of 32 slots, but component 'drivers' can do 31; "
        "write 'bit_length: 31' in the rule"
    ]


def test_a_threshold_that_no_word_can_reach_is_refused() -> None:
    """A word of 16 bits and range 32 holds up to 32 (1 - 2^-15)."""
    files.plan(files.load(), threshold=32 * (1 - 2**-15))
    for threshold, shown in ((32.0, "32"), (32 * (1 - 2**-16), "31.9995"), (100.0, "100")):
        with pytest.raises(FitError) as caught:
            files.plan(files.load(), threshold=threshold)
        assert files.lines(caught) == [
            f"11:15 E055 stage 'train' has a threshold of {shown}, but the words of component 'integrator' "
            "stay below 32; raise its 'range' or lower 'threshold'"
        ]


def test_all_that_components_cannot_do_comes_at_once() -> None:
    with pytest.raises(FitError) as caught:
        files.plan(
            files.load(files.COMPONENTS | {"dac": "{type: dac, bits: 7, lanes: 5}"}),
            bit_length=40,
            threshold=50.0,
        )
    assert sorted(line.split(" ")[0] for line in files.lines(caught)) == ["11:15", "7:36", "8:12"]


# Facts for prices


def test_an_array_is_priced_by_what_drives_it() -> None:
    plan = files.plan(files.load())
    read, update = plan.facts("array", "forward"), plan.facts("array", "update")
    assert (read["read_time"], read["read_codes"]) == (128e-9, 128)
    assert update["pulse_width"] == 100e-9
    assert "pulse_width" not in read
    assert "read_time" not in update


BY_CELL = """\
format: chipsim-costs/1
name: by-cell
extends: analog-14nm
actions:
  set_pulse: {by_cell: {CELL: small_pulse}}
  small_pulse: {rule: pulse, energy: {typical: 1 fJ, where: our own, status: verified}}
components:
  crossbar: {by_cell: {CELL: small-cell}}
  small-cell:
    units: [rows, columns]
    area: {typical: 1 um2, where: our own, status: verified}
    leakage: {typical: 1 nW, where: our own, status: verified}
"""


@pytest.mark.parametrize("name", ["reram-hfo2", "soft-bounds"])
def test_an_array_is_priced_by_the_name_of_its_cell_or_its_model(tmp_path: Path, name: str) -> None:
    (tmp_path / "by-cell.yaml").write_text(BY_CELL.replace("CELL", name), encoding="utf-8")
    array = "{type: crossbar, rows: 8, columns: 4, cell: {preset: reram-hfo2, step: 0.2}}"
    text = files.text(files.COMPONENTS | {"array": array}).replace("analog-14nm", "by-cell.yaml")
    plan = files.plan(graph.load(documents.parse(text, str(tmp_path / "chip.yaml"))))
    table = plan.architecture.costs
    prices = plan.prices(table)
    rate = prices.rate("array", "update", "set_pulses")
    assert rate is not None
    assert (rate.price, rate.entry) == (1e-15, "small_pulse")
    assert prices.rate("array", "update", "set_conductance") is None
    part = next(part for part in plan.parts() if part.name == "array")
    assert part.cell == ("reram-hfo2", "soft-bounds")
    assert pricing.area(table, [part])["array"] == pytest.approx(32e-12, abs=0)
    assert pricing.leakage(table, [part])["array"] == pytest.approx(32e-9, abs=0)


def test_a_transposed_read_is_priced_like_any_other() -> None:
    plan = files.plan(files.load(links=[*files.LINKS, *files.BACKWARD]), read_by="column")
    assert plan.facts("array", "transfer-read")["read_time"] == 128e-9


def test_a_read_time_of_its_own_stands_in_for_the_integration() -> None:
    array = "{type: crossbar, rows: 8, columns: 4, cell: reram-om, read_time: 40 ns}"
    plan = files.plan(files.load(files.COMPONENTS | {"array": array}))
    assert plan.facts("array", "forward")["read_time"] == 40e-9


def test_parts_know_their_lines_and_words() -> None:
    parts = {part.name: part for part in files.plan(files.load()).parts()}
    assert set(parts) == set(files.COMPONENTS)
    assert parts["drivers"].facts["lines"] == 8 + 4
    assert parts["integrator"].facts["words"] == 8 * 2
    assert parts["adc"].facts["count"] == 1
