"""Files that extend others: what is joined, what falls away, and where a fault of it stands."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chipsim.errors import InputError
from chipsim.inputs import documents, extending
from chipsim.inputs.documents import Document

BASE = """format: chipsim-architecture/1
name: base
components:
  adc: {type: adc, bits: 9}
  dac: {type: dac, bits: 7}
links: [a -> b, b -> c]
"""


def whole(folder: Path, text: str, **beside: str) -> Document:
    for name, content in {"base": BASE, **beside, "mine": text}.items():
        (folder / f"{name}.yaml").write_text(content, encoding="utf-8")
    return extending.whole(documents.read(folder / "mine.yaml"), "architecture")


def mine(rest: str, base: str = "base.yaml") -> str:
    return f"format: chipsim-architecture/1\nname: mine\nextends: {base}\n{rest}"


def faults(folder: Path, text: str, **beside: str) -> list[str]:
    with pytest.raises(InputError) as error:
        whole(folder, text, **beside)
    return [fault.headline().replace(f"{folder}/", "") for fault in error.value.faults]


def test_only_the_differences_are_written(tmp_path: Path) -> None:
    found = whole(tmp_path, mine("components: {adc: {bits: 6}}\n"))
    assert found.data == {
        "format": "chipsim-architecture/1",
        "name": "mine",
        "components": {"adc": {"type": "adc", "bits": 6}, "dac": {"type": "dac", "bits": 7}},
        "links": ["a -> b", "b -> c"],
    }


def test_a_list_is_replaced_whole(tmp_path: Path) -> None:
    assert whole(tmp_path, mine("links: [a -> c]\n")).data["links"] == ["a -> c"]


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("components: {dac: null}", ("components", "dac")),
        ("components: {adc: {bits: ~}}", ("components", "adc", "bits")),
        ("links: null", ("links",)),
    ],
)
def test_an_entry_that_is_null_falls_away(tmp_path: Path, text: str, path: tuple[str, ...]) -> None:
    found = whole(tmp_path, mine(text))
    *above, key = path
    assert key not in found.value(tuple(above))


def test_every_value_keeps_the_place_where_it_was_written(tmp_path: Path) -> None:
    found = whole(tmp_path, mine("components: {adc: {bits: 6}}\n"))
    places = {path: found.place(("components", "adc", path)) for path in ("bits", "type")}
    assert (Path(places["bits"].file).name, places["bits"].line, places["bits"].column) == (
        "mine.yaml",
        4,
        26,
    )
    assert (Path(places["type"].file).name, places["type"].line, places["type"].column) == (
        "base.yaml",
        4,
        15,
    )


def test_a_file_named_in_the_base_is_looked_for_beside_the_base(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "base.yaml").write_text(BASE, encoding="utf-8")
    found = whole(tmp_path, mine("components: {adc: {bits: 6}}\n", "lib/base.yaml"))
    assert found.folder(("components", "dac", "bits")) == tmp_path / "lib"
    assert found.folder(("components", "adc", "bits")) == tmp_path


def test_a_chain_of_files_is_joined_from_the_bottom_up(tmp_path: Path) -> None:
    middle = mine("components: {adc: {bits: 5}, dac: null}\n").replace("mine", "middle")
    found = whole(tmp_path, mine("components: {adc: {count: 2}}\n", "middle.yaml"), middle=middle)
    assert found.data["components"] == {"adc": {"type": "adc", "bits": 5, "count": 2}}
    assert [Path(name).name for name in found.below] == ["middle.yaml", "base.yaml"]


def test_a_shipped_file_is_extended_by_its_name(tmp_path: Path) -> None:
    found = whole(tmp_path, mine("components: {adc: {bits: 6}}\n", "reram-8x4"))
    assert found.data["components"]["adc"] == {"type": "adc", "bits": 6, "count": 1}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            mine("", "reram-8x5"),
            "mine.yaml:3:10: error[E030]: architecture: extends: unknown architecture 'reram-8x5'; "
            "did you mean 'reram-8x4'?",
        ),
        (
            mine("", "[base.yaml]"),
            "mine.yaml:3:10: error[E013]: architecture: extends: expected the name or path of an "
            "architecture",
        ),
        (
            mine("", "mine.yaml"),
            "mine.yaml:3:10: error[E027]: architecture: extends: 'mine.yaml' extends this architecture in "
            "its turn; let one of them stand alone",
        ),
        (
            mine("", "work.yaml"),
            "mine.yaml:3:10: error[E025]: architecture: extends: 'work.yaml' is of the format "
            "'chipsim-workload/1', and this architecture of 'chipsim-architecture/1'",
        ),
        (
            mine("", "../base.yaml"),
            "mine.yaml:3:10: error[E032]: architecture: extends: path '../base.yaml' leads out of the folder "
            "of the file that names it; put a copy in that folder",
        ),
        (
            mine("").replace("name: mine\n", ""),
            "mine.yaml:1:1: error[E011]: architecture: missing key 'name'",
        ),
        (
            mine("", "bass.yaml"),
            "mine.yaml:3:10: error[E001]: architecture: extends: 'bass.yaml': there is no such file; "
            "did you mean 'base.yaml'?",
        ),
    ],
)
def test_a_file_that_extends_wrongly_is_refused(tmp_path: Path, text: str, sentence: str) -> None:
    assert faults(tmp_path, text, work="format: chipsim-workload/1\nname: work\n") == [sentence]


def test_files_that_extend_each_other_are_refused(tmp_path: Path) -> None:
    other = mine("", "mine.yaml").replace("name: mine", "name: other")
    assert faults(tmp_path, mine("", "other.yaml"), other=other) == [
        "other.yaml:3:10: error[E027]: architecture: extends: 'mine.yaml' extends this architecture in its "
        "turn; let one of them stand alone"
    ]


NAMES = st.sampled_from(["a", "b", "c"])
VALUES = st.recursive(
    st.integers(0, 9) | st.lists(st.integers(0, 9), max_size=2),
    lambda inner: st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)


@given(base=st.dictionaries(NAMES, VALUES), top=st.dictionaries(NAMES, VALUES))
def test_a_file_over_itself_and_over_a_base_twice_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, base: dict[str, object], top: dict[str, object]
) -> None:
    """Joining is idempotent: what has been laid over a base, laid over it again, is the same."""
    folder = tmp_path_factory.mktemp("files")
    head = {"format": "chipsim-architecture/1", "name": "mine"}
    (folder / "base.yaml").write_text(documents.dump(head | base), encoding="utf-8")
    once = extending.whole(_written(folder, head | {"extends": "base.yaml"} | top), "architecture")
    twice = extending.whole(_written(folder, once.data | {"extends": "base.yaml"}), "architecture")
    assert twice.data == once.data


def _written(folder: Path, data: dict[str, object]) -> Document:
    path = folder / "mine.yaml"
    path.write_text(documents.dump(data), encoding="utf-8")
    return documents.read(path)
