"""A chip whose components wait for one another, from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from chipsim.cli import run_verb
from tests.experiments.test_planning import NETWORK, TILED


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    """Small tiles behind a buffer that holds an image and a half, with three images under way."""
    text = TILED.replace("{type: controller}", "{type: controller, depth: 3}")
    text = text.replace("  mesh:  ", "  sram:       {type: buffer, capacity: 300}\n  mesh:  ")
    text = text.replace("controller -> mesh -> dac", "controller -> sram -> mesh -> dac")
    (tmp_path / "chip.yaml").write_text(text)
    (tmp_path / "fc.yaml").write_text(NETWORK)
    return str(tmp_path / "chip.yaml"), str(tmp_path / "fc.yaml")


@pytest.mark.parametrize("trace", [(), ("--trace",)])
def test_a_dead_lock_ends_with_5_and_says_who_keeps_what(
    files: tuple[str, str], trace: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "run"
    assert run_verb(["run", *files, "-o", str(folder), "-s", "components.sram.capacity=130", *trace]) == 5
    err = capsys.readouterr().err
    assert "error[E080]: the chip stands still at " in err
    assert "'sram' has forward of 'dense" in err
    assert "image 0 of stage 'train' keeps" in err
    assert not folder.exists()


def test_a_buffer_that_must_not_overflow_is_too_small_for_all_images_under_way(
    files: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    settings = ("-s", "components.sram.overflow=error", "-s", "components.sram.capacity=130")
    assert run_verb(["plan", *files, *settings]) == 4
    err = capsys.readouterr().err
    assert "the passes of 3 images bring" in err
    assert "words of 'sram'" in err
