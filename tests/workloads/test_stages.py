"""A workload file says what is trained, on what, from where and how long; what contradicts is refused."""

from __future__ import annotations

import pytest

from chipsim.errors import InputError
from chipsim.inputs import documents
from chipsim.inputs.schema import resolved
from chipsim.workloads import stages
from chipsim.workloads.stages import Target, Workload

TEXT = """\
format: chipsim-workload/1
name: test
data:
  set: digits
  classes: [0, 1]
  train: 260
  test: 100
  project: {to: 16}
network:
  layers: [{type: dense, in: 8, out: 2}]
  loss: {type: softmax-cross-entropy, scale: 4}
stages:
  - {name: first, kind: train, start: random, elements: first, images: 100, rule: {type: ttv2}}
  - {name: second, kind: train, start: keep, elements: {changed: 3}, images: 100, rule: {type: ttv2}}
evaluate: {every: 10 images, target: 97 % of linear}
"""


def _load(old: str = "", new: str = "") -> Workload:
    assert old in TEXT
    return stages.load(documents.parse(TEXT.replace(old, new) if old else TEXT, "work.yaml"))


def _faults(old: str, new: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        _load(old, new)
    return [f"{f.place.line}:{f.place.column} {f.code} {f.message}" for f in caught.value.faults if f.place]


def _at(value: str, line: int = 0) -> str:
    """Line and column of a value that stands in the file, the first from that line on."""
    found = next(k for k, text in enumerate(TEXT.split("\n"), start=1) if k >= line and value in text)
    return f"{found}:{TEXT.split(chr(10))[found - 1].index(value) + 1}"


# Targets and periods


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("97 % of linear", Target(0.97, True)), ("94 %", Target(0.94, False)), ("94%", Target(0.94, False)),
        ("99.5 %", Target(0.995, False)), ("100 %", Target(1.0, False)),
    ],
)  # fmt: skip
def test_a_target_is_an_accuracy_or_a_share_of_the_linear_classifiers(text: str, target: Target) -> None:
    assert _load("97 % of linear", text).evaluate.target == target


def test_a_share_of_linear_follows_what_the_linear_classifier_reaches() -> None:
    assert Target(0.97, True).accuracy(0.9) == 0.97 * 0.9
    assert Target(0.94, False).accuracy(0.9) == 0.94


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("0.97", "0.97"), ("97", "97"), ("0 %", "'0 %'"), ("101 %", "'101 %'"),
        ("97 % of best", "'97 % of best'"), ("most", "'most'"), ("[97]", "a list"),
    ],
)  # fmt: skip
def test_what_is_no_target_is_refused(text: str, shown: str) -> None:
    (fault,) = _faults("97 % of linear", text)
    expected = "evaluate.target: expected a target such as '94 %' or '97 % of linear'"
    assert fault == f"{_at('97 % of linear')} E013 {expected}, got {shown}"


@pytest.mark.parametrize(
    ("text", "shown"),
    [("10", "10"), *((text, f"'{text}'") for text in ("0 images", "ten images", "10 epochs", "1.5 images"))],
)
def test_what_is_no_number_of_images_is_refused(text: str, shown: str) -> None:
    (fault,) = _faults("10 images", text)
    expected = "evaluate.every: expected a number of images such as '100 images'"
    assert fault == f"{_at('10 images')} E013 {expected}, got {shown}"


def test_a_workload_reads_back_from_what_it_is_resolved_to() -> None:
    workload = _load()
    again = stages.load(documents.parse(documents.dump(resolved(workload)), "again.yaml"))
    assert again == workload


# Stages


def test_the_first_stage_cannot_keep() -> None:
    assert _faults("start: random", "start: keep") == [
        "13:39 E020 the first stage has nothing to keep; write 'start: random'"
    ]


def test_stages_with_the_same_name_are_refused() -> None:
    assert _faults("name: second", "name: first") == [
        "14:12 E020 a stage before this one is named 'first' too; give each its own name"
    ]


@pytest.mark.parametrize("name", ["evaluation", "total"])
def test_a_stage_may_not_have_the_name_of_an_account(name: str) -> None:
    assert _faults("name: second", f"name: {name}") == [
        "14:12 E020 'evaluation' and 'total' name accounts of a run; give the stage another name"
    ]


def test_a_stage_may_see_fewer_images_and_be_measured_at_other_times() -> None:
    found = _load(
        "{changed: 3}, images: 100", "{changed: 3}, train: 20, images: 0, evaluate: {every: 7 images}"
    )
    first, second = found.stages
    assert (stages.training_images(found, 0), stages.training_images(found, 1)) == (None, 20)
    assert isinstance(first, stages.Stage)
    assert isinstance(second, stages.Stage)
    assert second.images == 0
    assert (stages.evaluated(found, first).every, stages.evaluated(found, second).every) == (10, 7)


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("images: 100", "images: -5", "E014 stages.second.images: expected at least 0, got -5"),
        ("images: 100", "imags: 100", "E012 stages.second: unknown key 'imags'; did you mean 'images'?"),
        ("train: 20", "train: x", "E013 stages.second.train: expected a whole number, got 'x'"),
        ("{changed: 3}", "{chnged: 3}",
         "E012 stages.second.elements: unknown key 'chnged'; did you mean 'changed'?"),
        ("{changed: 3}", "{swaped_rows: 3}",
         "E012 stages.second.elements: unknown key 'swaped_rows'; did you mean 'swapped_rows'?"),
        ("{changed: 3}", "{swapped_rows: 1, seeds: 3}",
         "E012 stages.second.elements: unknown key 'seeds'; did you mean 'seed'?"),
        ("start: keep", "start: {wieghts: w.safetensors}",
         "E012 stages.second.start: unknown key 'wieghts'; did you mean 'weights'?"),
        ("start: keep", "start: {weights: net.pt}",
         "E020 stages.second.start.weights: weights are read from a safetensors file; "
         "save them as 'net.safetensors'"),
    ],
)  # fmt: skip
def test_a_slip_in_a_stage_with_fewer_images_is_one_fault_where_it_stands(
    old: str, new: str, fault: str
) -> None:
    line = next(line for line in TEXT.split("\n") if "second" in line)
    given = line.replace("{changed: 3}, images: 100", "{changed: 3}, train: 20, images: 100")
    (found,) = _faults(line, given.replace(old, new))
    place, text = found.split(" ", 1)
    assert text == fault
    assert place.startswith("14:")


def test_a_stage_that_only_measures_sees_the_images_of_the_one_after_it() -> None:
    found = _load(
        "start: keep, elements: {changed: 3}, images: 100",
        "start: keep, images: 0, rule: {type: ttv2}}\n  - {name: third, kind: train, start: keep, "
        "train: 20, images: 100",
    )
    assert [stages.training_images(found, index) for index in range(3)] == [None, 20, 20]
    assert stages.most_training_images(found) is None


def test_a_stage_sees_no_more_images_than_the_data_have() -> None:
    assert _faults("{changed: 3}, images", "{changed: 3}, train: 261, images") == [
        f"{_at('{changed').split(':')[0]}:77 E073 stage 'second': data has 260 training images, not 261"
    ]


def test_a_stage_sees_no_more_images_than_are_left_where_data_do_not_say_how_many() -> None:
    """Of 360 images of digits 0 and 1, 100 are for testing."""
    text = TEXT.replace("  train: 260\n", "").replace(
        "{changed: 3}, images", "{changed: 3}, train: 261, images"
    )
    with pytest.raises(InputError) as caught:
        stages.load(documents.parse(text, "work.yaml"))
    (fault,) = caught.value.faults
    assert fault.message == "stage 'second': data has 260 training images, not 261"


# Sizes that follow from one another


def test_the_last_layer_has_an_output_for_each_class() -> None:
    assert _faults("out: 2", "out: 3") == [
        f"{_at('2}')} E054 network: the last layer has 3 outputs for 2 classes; write 'out: 2'"
    ]


def test_without_a_projection_the_first_layer_takes_every_pixel() -> None:
    plain = TEXT.replace("  project: {to: 16}\n", "").replace("elements: first, ", "")
    plain = plain.replace("elements: {changed: 3}, ", "")
    with pytest.raises(InputError) as caught:
        stages.load(documents.parse(plain, "work.yaml"))
    assert [fault.message for fault in caught.value.faults] == [
        "network: the first layer has 8 inputs for 64 numbers an image; write 'in: 64'"
    ]


def test_elements_are_chosen_from_projected_numbers_only() -> None:
    plain = TEXT.replace("  project: {to: 16}\n", "").replace("in: 8", "in: 64")
    with pytest.raises(InputError) as caught:
        stages.load(documents.parse(plain, "work.yaml"))
    assert [fault.message for fault in caught.value.faults] == [
        f"stage '{name}': elements are chosen from projected numbers; add 'data: project'"
        for name in ("first", "second")
    ]


def test_no_more_elements_are_exchanged_than_are_left() -> None:
    assert _faults("changed: 3", "changed: 9") == [
        f"{_at('{changed')} E054 stage 'second': 9 elements cannot be exchanged: "
        "8 are used and 8 are left; choose at most 8"
    ]


def test_more_inputs_than_projected_numbers_are_refused_for_every_stage() -> None:
    assert _faults("in: 8", "in: 20") == [
        f"{place} E054 stage '{name}': 20 elements are used, but the inputs have 16"
        for place, name in ((_at("first, images"), "first"), (_at("{changed"), "second"))
    ]


def test_every_fault_of_a_file_comes_at_once() -> None:
    text = (
        TEXT.replace("kind: train, start: random", "kind: trian, start: random")
        .replace("97 %", "97")
        .replace("out: 2", "out: two")
    )
    with pytest.raises(InputError) as caught:
        stages.load(documents.parse(text, "work.yaml"))
    assert [fault.place.line for fault in caught.value.faults if fault.place] == [10, 13, 15]
