"""Study files: what they say, and what is told of wrong ones."""

from __future__ import annotations

import pytest

from chipsim.errors import InputError
from chipsim.experiments.exploring import study as studies
from tests.experiments.exploring.toys import HEAD, SPACE, study


def levels(text: str) -> tuple[object, ...]:
    return study(f"axes: {{{text}}}\n").axes[0].levels


def told(text: str, head: str = HEAD) -> list[str]:
    with pytest.raises(InputError) as caught:
        study(text, head)
    return [fault.headline() for fault in caught.value.faults]


def test_a_list_is_its_values() -> None:
    assert levels("components.adc.bits: [5, 9, 7]") == (5, 9, 7)


def test_whole_numbers_without_steps_are_all_between_the_ends() -> None:
    assert levels("components.adc.bits: {from: 4, to: 7}") == (4, 5, 6, 7)


def test_steps_of_whole_numbers_are_rounded_and_stand_once() -> None:
    # 31^(k/5): 1, 1.99, 3.95, 7.85, 15.6, 31
    text = "components.drivers.bit_length: {from: 1, to: 31, steps: 6, scale: log}"
    assert levels(text) == (1, 2, 4, 8, 16, 31)
    assert levels("components.adc.bits: {from: 5, to: 7, steps: 9}") == (5, 6, 7)


def test_a_range_of_quantities_keeps_its_unit() -> None:
    text = "components.drivers.pulse_width: {from: 10 ns, to: 1 us, steps: 3, scale: log}"
    assert levels(text) == ("10 ns", "100 ns", "1 us")


def test_one_axis_may_set_several_paths_to_the_same_value() -> None:
    (axis,) = study('axes: {"components.array.rows, components.array.columns": [8, 16]}\n').axes
    assert axis.settings(16) == ("components.array.rows=16", "components.array.columns=16")


def test_constraints_take_units() -> None:
    found = study(SPACE + "constraints: [area_m2 < 1 mm2, no warnings]\n").constraints
    assert [(each.figure, each.sign, each.bound) for each in found] == [
        ("area_m2", "<", 1e-6),
        ("", "<", 0.0),
    ]


def test_a_bound_in_another_figures_unit_is_refused() -> None:
    with pytest.raises(InputError) as caught:
        study(SPACE + "constraints: [area_m2 < 1 nJ]\n")
    (fault,) = caught.value.faults
    assert fault.message.startswith("constraint: 'area_m2': ")
    assert fault.place is not None
    assert fault.place.line == 7


def test_design_rules_that_are_broken_break_the_constraint_of_no_warnings() -> None:
    (none,) = study(SPACE + "constraints: [no warnings]\n").constraints
    assert none.kept({}, ("W001", "W002"))
    assert not none.kept({}, ("W001", "W021"))


def test_a_figure_that_was_not_reached_breaks_a_bound_on_it() -> None:
    (bound,) = study(SPACE + "constraints: [train.to_target.time_s < 1 ms]\n").constraints
    assert not bound.kept({"train.to_target.time_s": None}, ())
    assert bound.kept({"train.to_target.time_s": 0.9e-3}, ())


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        (
            "axes: {components.adc.bitz: [5, 6]}\n",
            ["toy.yaml:6:8: error[E012]: axis 'components.adc.bitz': component 'adc': unknown key 'bitz'; "
             "did you mean 'bits'?"],
        ),
        (
            "axes: {components.adc.bits: [5, 99]}\n",
            ["toy.yaml:6:33: error[E014]: axis 'components.adc.bits': component 'adc': bits: expected at "
             "most 24, got 99"],
        ),
        (
            "axes: {components.array.cell: [reram-om, reram-on]}\n",
            ["toy.yaml:6:42: error[E030]: axis 'components.array.cell': component 'array': unknown cell "
             "'reram-on'; did you mean 'reram-om'?"],
        ),
        (
            "axes: {components.adc.bits: {from: 9, to: 5}}\n",
            ["toy.yaml:6:43: error[E020]: axis 'components.adc.bits': 'to' must be more than 'from'"],
        ),
        (
            "axes: {components.adc.bits: [5], "
            "components.adc.count: {values: [1], when: {components.adc.bit: 5}}}\n",
            ["toy.yaml:6:77: error[E024]: axis 'components.adc.count': when: there is no axis "
             "'components.adc.bit'; did you mean 'components.adc.bits'?"],
        ),
        (
            SPACE + "constraints: [area < 1 mm2]\n",
            ["toy.yaml:7:15: error[E015]: there is no figure 'area'; did you mean 'area_m2'?"],
        ),
        (
            SPACE + "constraints: [area_m2 = 1 mm2]\n",
            ["toy.yaml:7:15: error[E013]: 'area_m2 = 1 mm2' is not a constraint; write FIGURE < NUMBER, as "
             "in 'area_m2 < 1e-6', or 'no warnings'"],
        ),
        (
            "axes: {components.drivers.pulse_width: {from: 10 ns, to: 1 us}}\n",
            ["toy.yaml:6:8: error[E011]: axis 'components.drivers.pulse_width': a grid needs 'steps' in a "
             "range of numbers"],
        ),
        (
            SPACE + "points: 20\n",
            ["toy.yaml:7:9: error[E014]: study: the grid has 24 points or more, and 20 are allowed; take "
             "fewer values, more 'points', or another method"],
        ),
        (
            SPACE + "method: nsga\n",
            ["toy.yaml:7:9: error[E015]: study: method: unknown value 'nsga'; did you mean 'nsga2'?"],
        ),
    ],
)  # fmt: skip
def test_a_fault_is_told_where_it_stands_with_the_nearest_choice(text: str, sentences: list[str]) -> None:
    assert told(text) == sentences


def test_a_wrong_objective_is_told_with_the_nearest_figure() -> None:
    head = HEAD.replace("total.energy_J", "total.energy")
    assert told(SPACE, head) == [
        "toy.yaml:5:58: error[E015]: there is no figure 'total.energy'; did you mean 'total.energy_J'?"
    ]


def test_conditions_that_lead_in_a_circle_are_refused() -> None:
    a, b = "components.adc.bits", "components.adc.count"
    circle = f"axes: {{{a}: {{values: [5], when: {{{b}: 1}}}}, {b}: {{values: [1], when: {{{a}: 5}}}}}}\n"
    assert told(circle) == [f"error[E020]: axes {a}, {b}: their conditions lead in a circle"]


def test_a_shipped_study_goes_by_its_name() -> None:
    assert studies.load("adc-and-bits").file.name == "adc-and-bits"
