"""The verbs as functions of `import chipsim`: one for each, which gives what the verb prints."""

from __future__ import annotations

import json
import math
import pickle
import re
import statistics
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

import chipsim as cs
from chipsim import cli
from chipsim.errors import UsageError
from chipsim.experiments.files import File
from tests.cli.commands import ROOT, ok

PAGE = ROOT / "docs" / "python.md"
FILES = ("reram-8x4", "reduced-digits-scratch")
SHORT = ("-s", "stages.train.images=200")


def _files(**values: object) -> tuple[File, File]:
    return cs.load(FILES[0]).with_(**values), cs.load(FILES[1]).with_(**{"stages.train.images": 200})


@pytest.fixture(scope="module")
def result() -> cs.Result:
    return cs.simulate(*_files())


@pytest.fixture(scope="module")
def ensemble() -> cs.Ensemble:
    return cs.simulate(*_files(), seeds=3)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> cs.Run:
    return cs.run(*_files(), tmp_path_factory.mktemp("run") / "run")


# Names


@pytest.mark.parametrize("verb", sorted(cli.commands.commands))
def test_every_verb_is_a_function_of_the_same_name(verb: str) -> None:
    function = getattr(cs, verb)
    assert callable(function)
    assert function.__doc__
    assert verb in dir(cs)


def test_a_star_leaves_pythons_own_names_alone() -> None:
    found: dict[str, Any] = {}
    exec("from chipsim import *", found)
    assert "simulate" in found
    assert set(found) & set(dir(sys.modules["builtins"])) == set()


def _blocks() -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", PAGE.read_text("utf-8"), re.M | re.S)


def test_the_examples_of_the_page_on_python_run_as_they_stand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All but the length of the stages, and the processes, which a test may not start from text."""
    monkeypatch.chdir(tmp_path)
    work = 'cs.load("reduced-digits-transfer")'
    less = 'with_(**{"stages.pretrain.images": 100, "stages.finetune.images": 100})'
    first, second = _blocks()
    assert work in first
    assert "workers=2" in second
    names: dict[str, Any] = {}
    exec(first.replace(work, f"{work}.{less}"), names)
    assert (tmp_path / "report.html").is_file()
    exec(second.replace("seeds=5, workers=2", "seeds=2"), names)
    assert len(names["figure"].values) == 2
    assert (tmp_path / "many.html").is_file()


# What a function gives is what its verb prints


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: cs.check(*_files()), ("check", *FILES, *SHORT)),
        (lambda: cs.plan(*_files(), errors=0.1), ("plan", *FILES, *SHORT, "--errors", 0.1)),
        (lambda: cs.show(cs.load(FILES[0])), ("show", FILES[0])),
        (lambda: cs.show(*FILES), ("show", *FILES)),
        (lambda: cs.explain("adc_conv"), ("explain", "adc_conv")),
        (lambda: cs.list(), ("list",)),
        (lambda: cs.list("cells"), ("list", "cells")),
        (lambda: cs.data(), ("data", "list")),
        (lambda: cs.data("where", "digits"), ("data", "where", "digits")),
        (lambda: cs.reproduce(), ("reproduce",)),
        (lambda: cs.reproduce("costs"), ("reproduce", "costs")),
        (lambda: cs.device("reram-om", 20, 3), ("device", "reram-om", "--devices", 20, "--pulses", 3)),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, tuple) else "",
)
def test_a_value_shows_what_its_verb_prints(call: Any, words: tuple[object, ...]) -> None:
    found = call()
    assert f"{found}\n" == ok(*words).out
    assert found.as_dict() == json.loads(ok(*words, "--json").out)
    assert ElementTree.fromstring(f"<div>{found._repr_html_()}</div>") is not None


def test_schemas_and_files_to_start_from_are_those_of_the_verbs(tmp_path: Path) -> None:
    assert cs.schema("cell") == json.loads(ok("schema", "cell").out)
    written = cs.init(tmp_path / "mine")
    said = json.loads(ok("init", tmp_path / "theirs", "--json").out)["files"]
    for mine, theirs in zip(written, said, strict=True):
        assert mine.read_bytes() == Path(theirs).read_bytes()


def test_a_graph_is_drawn_in_every_form_of_the_verb() -> None:
    drawing = cs.show("reram-8x4")
    for form in ("svg", "dot", "mermaid", "yaml"):
        assert drawing.drawn(form).rstrip("\n") == ok("show", "reram-8x4", "--as", form).out.rstrip("\n")


def test_run_writes_what_the_verb_writes(run: cs.Run, tmp_path: Path) -> None:
    said = ok("run", *FILES, *SHORT, "-o", tmp_path / "run")
    assert (run.folder / "run.json").read_bytes() == (tmp_path / "run" / "run.json").read_bytes()
    assert f"{run}\n" == said.out.replace(str(tmp_path / "run"), str(run.folder))
    assert run.report.is_file()
    assert cs.report(run) == run.report
    with pytest.raises(cs.ChipsimError, match="is there already"):
        cs.run(*_files(), run.folder)


def test_a_run_that_was_written_is_read_back_as_its_result(run: cs.Run, result: cs.Result) -> None:
    assert isinstance(run.result, cs.Result)
    assert run.result.record == result.record
    assert run.result.rows == result.rows


def test_an_ensemble_that_was_written_is_that_which_was_not(tmp_path: Path, ensemble: cs.Ensemble) -> None:
    written = cs.run(*_files(), tmp_path / "many", seeds=3, trace=(0, 2))
    assert (
        written.as_dict()
        == ensemble.as_dict()
        == json.loads((tmp_path / "many" / "ensemble.json").read_text())
    )
    assert isinstance(written.result, cs.Ensemble)
    assert written.result.figures == ensemble.figures
    assert written.trace is not None
    assert written.trace.is_file()


def test_a_demonstration_gives_the_answer_that_it_writes(tmp_path: Path) -> None:
    answer = cs.demo(seeds=1, output=tmp_path / "mine", **{"stages.0.images": 100})
    assert answer.as_dict() == json.loads((tmp_path / "mine" / "demo.json").read_text())
    assert str(answer) == f"{answer.sentences}\n\nreport: {tmp_path / 'mine' / 'report.html'}"
    assert answer.report.is_file()


# Ensembles


def test_an_ensemble_holds_the_run_of_each_seed(ensemble: cs.Ensemble, result: cs.Result) -> None:
    assert ensemble.seeds == (0, 1, 2)
    assert ensemble.runs[0].record == result.record


def test_a_figure_of_an_ensemble_is_the_mean_of_its_runs_with_students_interval(
    ensemble: cs.Ensemble,
) -> None:
    values = [each.stages["train"].energy_J for each in ensemble.runs]
    found = ensemble.figures["train.energy_J"]
    half = 4.303 * statistics.stdev(values) / math.sqrt(3)
    assert found.values == tuple(values)
    assert found.mean == pytest.approx(statistics.fmean(values), rel=1e-12)
    assert found.std == pytest.approx(statistics.stdev(values), rel=1e-12)
    assert found.ci95 == pytest.approx((found.mean - half, found.mean + half), rel=1e-9)
    row = ensemble.table.loc["train.energy_J"]
    assert [row["mean"], row["std"], row["low"], row["high"]] == [found.mean, found.std, *found.ci95]
    assert list(row[["seed 0", "seed 1", "seed 2"]]) == values


def test_a_target_that_a_seed_did_not_reach_is_none_and_not_absent(ensemble: cs.Ensemble) -> None:
    found = ensemble.figures["train.to_target.images"]
    assert None in found.values
    assert (found.mean, found.std, found.ci95) == (None, None, None)


def test_the_number_of_processes_changes_no_bit(ensemble: cs.Ensemble) -> None:
    spread = cs.simulate(*_files(), seeds=3, workers=2)
    for one, other in zip(spread.runs, ensemble.runs, strict=True):
        assert one.record == other.record
        assert one.rows == other.rows


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"seed": -1}, "seed -1 is not a whole number from 0 to 9223372036854775807"),
        ({"seed": 0.5}, "seed 0.5 is not a whole number from 0 to 9223372036854775807"),
        ({"seeds": 0}, "seeds=0: an ensemble takes one seed or more"),
        ({"seeds": 2, "workers": 0},
         "workers=0: give a number of processes from 1, or None for one for each core"),
    ],
)  # fmt: skip
def test_seeds_and_processes_that_are_none_are_refused(wrong: dict[str, Any], sentence: str) -> None:
    for verb in (cs.simulate, cs.run):
        with pytest.raises(UsageError) as caught:
            verb(*_files(), **wrong)
        assert caught.value.faults[0].message == sentence


# Results


def test_a_result_goes_through_a_pickle(result: cs.Result) -> None:
    again = pickle.loads(pickle.dumps(result))
    assert again.record == result.record
    assert again.rows == result.rows
    assert again.stages == result.stages
    with pytest.raises(TypeError):
        again.stages["train"] = None


def test_a_result_shows_its_stages_in_a_notebook(result: cs.Result, ensemble: cs.Ensemble) -> None:
    table = ElementTree.fromstring(result._repr_html_())
    assert table.findtext("caption") == "reduced-digits-scratch on reram-8x4, seed 0"
    assert [row.findtext("th") for row in table.findall("tbody/tr")] == ["train", "in all"]
    table = ElementTree.fromstring(ensemble._repr_html_())
    assert table.findtext("caption") == "reduced-digits-scratch on reram-8x4, 3 seeds"
    assert "train.accuracy.last" in [row.findtext("th") for row in table.findall("tbody/tr")]


def test_without_pandas_a_table_says_what_installs_it(
    result: cs.Result, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(UsageError) as caught:
        result.ledger  # noqa: B018
    assert str(caught.value) == "error[E100]: tables need pandas, which is not installed; pip install pandas"


def test_a_result_answers_as_its_folder_does(result: cs.Result, run: cs.Run) -> None:
    for figure in ("energy", "latency"):
        assert cs.why(result, figure).as_dict() == json.loads(ok("why", run.folder, figure, "--json").out)
        assert f"{cs.why(run, figure)}\n" == ok("why", run.folder, figure).out
    dear = cs.price(result, corner="conservative", **{"costs.adc_conv.energy": "20 pJ"})
    words = ("--corner", "conservative", "-s", "costs.adc_conv.energy=20 pJ", "--json")
    assert dear.record == json.loads(ok("price", run.folder, *words).out)
    assert dear.energy_J > result.energy_J
    again = cs.price(run, corner="conservative").provenance["command"]
    assert again == f"chipsim price {run.folder} -s costs.corner=conservative"


def test_results_are_compared_as_their_folders_are(result: cs.Result, run: cs.Run, tmp_path: Path) -> None:
    six = cs.simulate(*_files(**{"components.adc.bits": 6}))
    ok("run", *FILES, *SHORT, "-s", "components.adc.bits=6", "-o", tmp_path / "six")
    said = json.loads(ok("compare", run.folder, tmp_path / "six", "--json").out)
    found = cs.compare(result, six).as_dict()
    assert [found["comparisons"][0].pop(side) for side in ("first", "second")] == ["result 1", "result 2"]
    said["comparisons"][0] |= {"first": str(run.folder)}
    mixed = cs.compare(run, tmp_path / "six").as_dict()
    assert json.loads(json.dumps(mixed)) == said
    for side in ("first", "second"):
        del said["comparisons"][0][side]
    assert json.loads(json.dumps(found)) == said


def test_ensembles_are_compared_seed_by_seed(ensemble: cs.Ensemble) -> None:
    (found,) = cs.compare(ensemble, ensemble).comparisons
    assert found.first.seeds == (0, 1, 2)
    assert {line.difference.value for line in found.lines} <= {0.0, None}


def test_one_result_is_not_compared() -> None:
    with pytest.raises(UsageError, match="give two folders or more to compare"):
        cs.compare("runs/one")


def test_a_result_keeps_the_table_of_its_measured_devices() -> None:
    chip, work = _files(**{"components.array.cell": "device-table"})
    measured = cs.simulate(chip, work)
    assert cs.why(measured, "energy").as_dict()["energy"]
    assert cs.price(measured).record == measured.record


# Wrong calls


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: cs.check(), "give a file or more to check"),
        (lambda: cs.list("cell"), "there is no kind 'cell' to list; did you mean 'cells'?"),
        (lambda: cs.data("wher", "mnist"), "there is no verb 'wher'; did you mean 'where'?"),
        (lambda: cs.data("get"), "'get' needs the name of a data set"),
        (lambda: cs.why("runs/x", "enrgy"), "'enrgy' is not asked for; did you mean 'energy'?"),
        (lambda: cs.plan(*FILES, hidden=2.0), "'hidden': 2.0 is no number from 0 to 1"),
        (lambda: cs.demo("digit"), "there is no demonstration on 'digit'; did you mean 'digits'?"),
        (lambda: cs.reproduce("fig4", seeds=0), "seeds=0: an ensemble takes one seed or more"),
        (lambda: cs.reproduce("fig44"), "unknown figure 'fig44'; did you mean 'fig4'?"),
        (lambda: cs.run(*_files(), trace=(5, 2)), "trace=(5, 2) is not (A, B), images A up to B"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_wrong_call_is_answered_in_one_sentence(call: Any, sentence: str) -> None:
    with pytest.raises(UsageError) as caught:
        call()
    assert caught.value.faults[0].message == sentence
