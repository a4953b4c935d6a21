"""Rules of a workload's stages, or one sentence for each fault of them."""

from __future__ import annotations

import pytest

from chipsim.errors import InputError
from chipsim.inputs import documents
from chipsim.inputs.documents import Document
from chipsim.learning import loading, sgd, ttv2
from chipsim.workloads import stages

TEXT = """\
format: chipsim-workload/1
name: two-rules
data:
  {set: digits, classes: [0, 1], train: 9, test: 9,
   project: {to: 8, kind: gaussian, normalise: element, clip: 3}}
network: {layers: [{type: dense, in: 8, out: 2, bias: false}], loss: {type: softmax-cross-entropy, scale: 4}}
stages:
  - name: first
    kind: train
    start: random
    images: 10
    rule: {type: ttv2, threshold: 2.5, read: line}
  - name: second
    kind: train
    start: keep
    images: 10
    rule: {type: sgd}
evaluate: {every: 10 images}
"""


def document(*changes: tuple[str, str]) -> Document:
    text = TEXT
    for old, new in changes:
        assert text.count(old) == 1
        text = text.replace(old, new)
    return documents.parse(text, "work.yaml")


def test_each_stage_has_its_own_rule_with_all_hyper_parameters() -> None:
    found = loading.rules(document(), stages.load(document()))
    assert found == {
        "first": ttv2.Rule(type="ttv2", threshold=2.5, read="line"),
        "second": sgd.Rule(type="sgd"),
    }


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (
            "{type: sgd}", "{type: sdg}",
            "work.yaml:17:18: error[E030]: stage 'second': rule: unknown learning rule 'sdg'; "
            "did you mean 'sgd'?",
        ),
        (
            "read: line}", "scale_memory: 0.5}",
            "work.yaml:12:40: error[E026]: stage 'first': rule 'ttv2': 'scale_memory' has no effect beside "
            "'scale: fixed'; leave it out",
        ),
        (
            "{type: sgd}", "{learning_rate: 1}",
            "work.yaml:17:11: error[E011]: stage 'second': rule: missing key 'type'",
        ),
        (
            "threshold: 2.5", "treshold: 2.5",
            "work.yaml:12:24: error[E012]: stage 'first': rule 'ttv2': unknown key 'treshold'; "
            "did you mean 'threshold'?",
        ),
        (
            "read: line", "read: lines",
            "work.yaml:12:46: error[E015]: stage 'first': rule 'ttv2': read: unknown value 'lines'; "
            "did you mean 'line'?",
        ),
    ],
)  # fmt: skip
def test_a_wrong_rule_is_one_sentence_with_its_place(old: str, new: str, sentence: str) -> None:
    faulty = document((old, new))
    with pytest.raises(InputError) as error:
        loading.rules(faulty, stages.load(faulty))
    assert [str(fault).splitlines()[0] for fault in error.value.faults] == [sentence]


def test_faults_of_all_stages_are_said_at_once() -> None:
    faulty = document(("threshold: 2.5", "threshold: -1"), ("{type: sgd}", "{type: sdg}"))
    with pytest.raises(InputError) as error:
        loading.rules(faulty, stages.load(faulty))
    assert [fault.code for fault in error.value.faults] == ["E014", "E030"]
