"""Folders are written aside and renamed: whole or not at all, and never over another."""

from __future__ import annotations

from pathlib import Path

import pytest

from chipsim.errors import RunError
from chipsim.experiments import folders


def _fill(text: str):  # type: ignore[no-untyped-def]
    return lambda aside: (aside / "file").write_text(text)


def test_a_published_folder_is_whole_and_leaves_nothing_aside(tmp_path: Path) -> None:
    folders.publish(tmp_path / "a" / "run", _fill("1"))
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["run"]
    assert (tmp_path / "a" / "run" / "file").read_text() == "1"
    assert (tmp_path / "a" / "run").stat().st_mode & 0o777 == 0o755


def test_it_is_not_seen_before_it_is_whole(tmp_path: Path) -> None:
    def fill(aside: Path) -> None:
        (aside / "file").write_text("1")
        assert not (tmp_path / "run").exists()

    folders.publish(tmp_path / "run", fill)
    assert (tmp_path / "run" / "file").exists()


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, OSError(28, "No space left on device")])
def test_if_filling_fails_nothing_is_left_not_even_the_folders_above(tmp_path: Path, error: type) -> None:
    def fill(aside: Path) -> None:
        (aside / "file").write_text("1")
        raise error

    expected = RunError if isinstance(error, OSError) else error
    with pytest.raises(expected) as caught:
        folders.publish(tmp_path / "a" / "b" / "run", fill)
    assert list(tmp_path.iterdir()) == []
    if isinstance(caught.value, RunError):
        assert str(caught.value) == (
            f"error[E092]: '{tmp_path}/a/b/run' cannot be written: no space left on device"
        )


def test_what_came_in_the_meantime_is_not_replaced(tmp_path: Path) -> None:
    def fill(aside: Path) -> None:
        folders.publish(tmp_path / "run", _fill("theirs"))
        (aside / "file").write_text("mine")

    with pytest.raises(RunError, match="is there already; name another folder or add --force"):
        folders.publish(tmp_path / "run", fill)
    assert (tmp_path / "run" / "file").read_text() == "theirs"
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_force_replaces_it(tmp_path: Path) -> None:
    folders.publish(tmp_path / "run", _fill("theirs"))
    folders.publish(tmp_path / "run", _fill("mine"), force=True)
    assert (tmp_path / "run" / "file").read_text() == "mine"


def test_numbered_folders_go_on_after_those_that_are_there(tmp_path: Path) -> None:
    assert folders.publish_numbered(tmp_path, "run", _fill("1")) == tmp_path / "run-1"
    assert folders.publish_numbered(tmp_path, "run", _fill("2")) == tmp_path / "run-2"
    assert folders.fresh(tmp_path, "run") == tmp_path / "run-3"


def test_two_that_end_together_get_a_number_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, taken = folders.fresh, []

    def raced(base: Path, stem: str) -> Path:
        folder = real(base, stem)
        if not taken:  # another process takes the number between the look and the renaming
            taken.append(folder)
            _fill("theirs")(folder.mkdir() or folder)
        return folder

    monkeypatch.setattr(folders, "fresh", raced)
    assert folders.publish_numbered(tmp_path, "run", _fill("mine")) == tmp_path / "run-2"
    assert (tmp_path / "run-1" / "file").read_text() == "theirs"


def test_a_text_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    folders.write_text(tmp_path / "a.json", "1")
    folders.write_text(tmp_path / "a.json", "2")
    assert (tmp_path / "a.json").read_text() == "2"
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


def test_discarding_keeps_an_ensemble_in_which_a_seed_has_ended(tmp_path: Path) -> None:
    for name in ("runs/empty-1", "runs/full-1/seed-0"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("empty-1", "full-1"):
        folders.discard(tmp_path / "runs" / name)
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["full-1"]
