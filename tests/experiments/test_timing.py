"""What time costs in accuracy: the two demonstrations, small."""

from __future__ import annotations

from chipsim.experiments.reproductions import timing
from chipsim.experiments.reproductions.timing import CONVERSIONS, DEPTHS

SHORT = ("stages.train.images=600", "evaluate.every=50 images")


def test_deep_pipelines_learn_from_old_weights() -> None:
    """With 512 images under way all but the last of 600 are read before much has been learnt."""
    sweep = DEPTHS._replace(values=("1", "512"))
    found = timing.sweep([sweep], 3, SHORT)
    (shallow, _, slow), (deep, _, fast) = (found.of(sweep.name, value) for value in sweep.values)
    assert deep < shallow - 0.02
    assert fast < slow


def test_a_slow_converter_makes_capacitors_forget() -> None:
    """A conversion of 3 ms takes an image past a cell's 10 ms: it holds little from image to image."""
    sweep = CONVERSIONS._replace(values=("10 ns", "3 ms"))
    found = timing.sweep([sweep], 2, SHORT)
    (quick, _, _), (slow, _, _) = (found.of(sweep.name, value) for value in sweep.values)
    assert slow < quick - 0.02


def test_the_outcome_is_a_table_a_figure_and_rows() -> None:
    sweep = DEPTHS._replace(values=("1", "2"))
    found = timing.sweep([sweep], 2, ("stages.train.images=100", "evaluate.every=50 images"))
    assert "images under way" in found.text()
    assert [row["value"] for row in found.as_dict()["sweeps"][0]["found"]] == ["1", "2"]
    files = {ending: make() for ending, make in found.files().items()}
    assert files[".svg"].startswith("<?xml")
    assert files[".csv"].count("\n") == 1 + 4
