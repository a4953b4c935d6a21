"""Stages that program: which matrices they lead from and to, and what is wrong with those that cannot."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pytest

from chipsim.errors import InputError
from chipsim.inputs import documents
from chipsim.inputs.documents import Document
from chipsim.learning import loading
from chipsim.learning.programming import METHODS, Programming
from chipsim.workloads import stages

HEAD = """format: chipsim-workload/1
name: test
data: {set: digits, classes: [0, 1], train: 100, test: 50}
network: {layers: [{type: dense, in: 64, out: 2}], loss: {type: softmax-cross-entropy}}
evaluate: {every: 100 images}
stages:
"""
PRETRAIN = "  - {name: pretrain, kind: train, start: random, images: 100, rule: {type: digital}}"
FINETUNE = "  - {name: finetune, kind: train, start: keep, images: 100, rule: {type: ttv2}}"
NOISE = "method: {type: noise, spread: 5 %}"


def document(*lines: str) -> Document:
    """A workload with these stages; the first stands in line 7."""
    return documents.parse(HEAD + "\n".join(lines) + "\n", "work.yaml")


def program(rest: str = NOISE) -> str:
    return f"  - {{name: program, kind: program, {rest}}}"


def programs(*lines: str) -> Mapping[str, Programming]:
    found = document(*lines)
    workload = stages.load(found)
    return loading.programs(found, workload, loading.rules(found, workload))


def loaded(*lines: str) -> None:
    loading.check(document(*lines))
    programs(*lines)


def faults(*lines: str) -> list[str]:
    """Line, code and sentence of each fault."""
    with pytest.raises(InputError) as caught:
        loaded(*lines)
    return [f"{f.place.line if f.place else 0} {f.code} {f.message}" for f in caught.value.faults]


def test_a_program_leads_from_the_weights_before_it_to_those_after_it() -> None:
    found = programs(PRETRAIN, program(), FINETUNE)["program"]
    assert (found.source, found.target, found.scale, found.fill) == ("D", "C", 1.0, None)
    assert found.method.type == "noise"
    assert found.operations() == (("program", "D"),)


def test_matrices_and_scale_can_be_given() -> None:
    rest = "from: D, to: X, fill: 80 %, method: {type: write-verify, tolerance: 1 %, max_pulses: 7}"
    found = programs(PRETRAIN, program(rest))["program"]
    assert (found.source, found.target, found.fill) == ("D", "X", 0.8)
    assert (found.method.tolerance, found.operations()) == (
        0.01, (("program", "D"), ("program", "X"), ("verify-read", "X")),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("scale", "factor"),
    [({}, 1.0), ({"scale": 3.0}, 3.0), ({"fill": 0.6}, 0.6 / 2.0), ({"rms": 0.5}, 0.5 / math.sqrt(5 / 4))],
)
def test_weights_are_scaled_by_a_factor_their_largest_or_their_root_mean_square(
    scale: dict[str, float], factor: float
) -> None:
    weights = np.array([[2.0, 0.0], [-1.0, 0.0]])
    method = METHODS["noise"].model_validate({"type": "noise", "spread": 0})
    assert Programming("D", "C", method, **scale).factor(weights) == pytest.approx(factor)


def test_only_one_way_of_scaling_is_taken() -> None:
    assert faults(PRETRAIN, program("rms: 20 %, fill: 50 %, " + NOISE), FINETUNE) == [
        "8 E020 stage 'program': 'rms' takes the place of 'fill'; keep one of them"
    ]


def test_a_program_has_the_inputs_of_the_stage_before_it() -> None:
    text = HEAD.replace("test: 50}", "test: 50, project: {to: 16}}").replace("in: 64", "in: 8")
    pretrain = PRETRAIN.replace("images", "elements: {changed: 3}, images")
    given = "elements: {changed: 2}, " + NOISE
    for rest, changed in ((NOISE, 3), (given, 2)):
        found = stages.load(documents.parse("\n".join((text + pretrain, program(rest), FINETUNE)), "w.yaml"))
        assert stages.elements(found, 1) == stages.Stage.model_validate(
            {"name": "x", "kind": "train", "start": "keep", "images": 1, "rule": {},
             "elements": {"changed": changed}}
        ).elements  # fmt: skip


def test_weights_that_lie_elsewhere_cannot_be_kept_without_a_program() -> None:
    assert faults(PRETRAIN, FINETUNE) == [
        "8 E020 stage 'finetune' keeps weights, but its rule 'ttv2' holds them in matrix 'C' and the stage "
        "before left them in 'D'; put a stage of kind 'program' between them, or write 'start: random'"
    ]


def test_from_devices_there_is_no_program() -> None:
    first = FINETUNE.replace("finetune", "first").replace("keep", "random")
    last = FINETUNE.replace("ttv2", "sgd")
    assert faults(first, last) == [
        "8 E020 stage 'finetune' keeps weights, but its rule 'sgd' holds them in matrix 'W' and the stage "
        "before left them in 'C'; write 'start: random'"
    ]
    assert faults(first, program(), FINETUNE) == [
        "8 E020 stage 'program': matrix 'C' holds no weights of a digital stage before this one; "
        "put a stage with rule 'digital' before it"
    ]


@pytest.mark.parametrize(
    ("rest", "fault"),
    [
        ("from: A, " + NOISE,
         "stage 'program': matrix 'A' holds no weights of a digital stage before this one; write 'from: D'"),
        ("to: D, " + NOISE,
         "stage 'program': matrix 'D' lies on a digital array; programs write to crossbars"),
        ("scale: 2, fill: 50 %, " + NOISE,
         "stage 'program': 'fill' takes the place of 'scale'; keep one of them"),
        ("method: {type: noise}",
         "stage 'program': method 'noise': missing key 'spread'"),
        ("method: {spread: 5 %}",
         "stage 'program': method: missing key 'type'"),
        ("method: {type: write-verfy}",
         "stage 'program': method: unknown method 'write-verfy'; did you mean 'write-verify'?"),
        ("method: {type: noise, spread: -1 %}",
         "stage 'program': method 'noise': spread: expected at least 0 %, got '-1 %'"),
        ("method: {type: noise, spread: 200 %}",
         "stage 'program': method 'noise': spread: expected at most 100 %, got '200 %'"),
        ("method: {type: write-verify, max_pulses: 0}",
         "stage 'program': method 'write-verify': max_pulses: expected at least 1, got 0"),
        ("method: {type: pulses, tolerence: 1 %}",
         "stage 'program': method 'pulses': unknown key 'tolerence'; did you mean 'tolerance'?"),
        ("images: 10, " + NOISE,
         "stages.program: unknown key 'images'; "
         "choose one of name, kind, from, to, scale, fill, rms, compensate, elements, method"),
        ("start: keep", "stages.program: missing key 'method'"),
    ],
)  # fmt: skip
def test_a_program_that_is_wrong_is_refused_where_it_stands(rest: str, fault: str) -> None:
    found = faults(PRETRAIN, program(rest), FINETUNE)
    assert any(line.startswith("8 ") and line.endswith(fault) for line in found), found


def test_a_program_that_nothing_trains_after_must_name_its_matrix() -> None:
    (fault,) = faults(PRETRAIN, program())
    assert fault == (
        "8 E011 stage 'program': no stage after it trains weights; name the matrix to program, as in 'to: C'"
    )


def test_the_first_stage_has_nothing_to_program_from() -> None:
    (fault,) = faults(program(), FINETUNE)
    assert fault == (
        "7 E020 the first stage has nothing to program from; put a stage with a digital rule before it"
    )
