import subprocess
import sys
from pathlib import Path

import pytest

import chipsim.errors
from chipsim.errors import InputError
from chipsim.inputs import documents, registry
from chipsim.inputs.registry import KINDS, FileKind, ModuleKind, UnknownName

ROOT = Path(chipsim.errors.__file__).parents[1]


@pytest.fixture
def plug_in(tmp_path, monkeypatch):
    """A package from outside with one thing of several kinds."""
    (tmp_path / "plug").mkdir()
    (tmp_path / "plug" / "__init__.py").write_text("")
    (tmp_path / "plug" / "agad.py").write_text("class Rule:\n    pass\n")
    (tmp_path / "plug" / "empty.py").write_text("")
    (tmp_path / "plug" / "broken.py").write_text("import no_such_library\n")
    (tmp_path / "plug" / "my-cell.yaml").write_text("model: soft-bounds\n")
    (tmp_path / "plug" / "presets").mkdir()
    (tmp_path / "plug" / "presets" / "deep_cell.yaml").write_text("model: soft-bounds\n")
    info = tmp_path / "plug-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: plug\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[chipsim.rules]\nagad-x = plug.agad\nempty-x = plug.empty\nbroken-x = plug.broken\n"
        "under_score.x = plug.agad\n"
        "[chipsim.cells]\nmy-cell = plug\nlost-cell = no_such_package\n"
        "deep_cell = plug.presets\nno-cell = plug\nodd-cell = plug.empty\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    for name in [name for name in sys.modules if name.split(".")[0] == "plug"]:
        monkeypatch.delitem(sys.modules, name)  # of the package of another test
    return tmp_path


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_names_of_a_kind_are_sorted_and_can_be_written_in_a_file(kind):
    found = registry.names(kind)
    assert list(found) == sorted(set(found))
    assert all(documents.is_name(name) and "_" not in name for name in found)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if isinstance(KINDS[kind], ModuleKind)])
def test_every_listed_module_is_found_and_defines_its_marker(kind):
    for name in registry.names(kind):
        module = registry.module(kind, name)
        assert hasattr(module, KINDS[kind].marker)
        assert module.__name__.rsplit(".")[-1].replace("_", "-") == name


@pytest.mark.parametrize("kind", [kind for kind in KINDS if isinstance(KINDS[kind], FileKind)])
def test_every_listed_file_is_found(kind):
    for name in registry.names(kind):
        assert registry.file(kind, name).stem == name
        assert registry.file(kind, name).is_file()


def test_the_modules_of_a_kind_are_those_that_define_its_marker(tmp_path):
    (tmp_path / "ramp_adc.py").write_text("class Parameters(Model):\n    pass\n")
    (tmp_path / "wiring.py").write_text("from x import Parameters\n# class Parameters\n")
    (tmp_path / "component.py").write_text("class Parameters:\n    pass\n")
    pattern = KINDS["component"]
    found = {
        path.stem
        for path in tmp_path.glob("*.py")
        if path.stem not in pattern.contract and registry.defines(path, pattern.marker)
    }
    assert found == {"ramp_adc"}


def test_listing_names_imports_none_of_them():
    code = (
        "import sys\nfrom chipsim.inputs import registry\n"
        "[registry.names(kind) for kind in registry.KINDS]\n"
        "rooms = ('circuits', 'learning', 'devices', 'workloads', 'accounting')\n"
        "print([name for name in sys.modules if name.split('.')[1:2] and name.split('.')[1] in rooms])\n"
        "print('pydantic' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.split() == ["[]", "False"]


def test_an_unknown_name_is_answered_with_the_nearest_one(plug_in):
    with pytest.raises(UnknownName) as caught:
        registry.module("rule", "agad-y")
    assert str(caught.value) == "unknown learning rule 'agad-y'; did you mean 'agad-x'?"
    assert caught.value.code == "E030"
    assert str(caught.value) == registry.unknown("rule", "agad-y")


@pytest.mark.parametrize(
    "name", ["os", "../learning/rule", "rule", "soft_bounds", "chipsim.errors", "", "x" * 500]
)
def test_a_file_may_name_nothing_but_what_is_registered(name):
    with pytest.raises(UnknownName):
        registry.module("rule", name)


def test_a_kind_of_files_has_no_modules_and_the_other_way_round():
    with pytest.raises(TypeError, match="a cell is a file, not a module"):
        registry.module("cell", "x")
    with pytest.raises(TypeError, match="a rule is a module, not a file"):
        registry.file("rule", "x")


def test_a_package_from_outside_adds_modules_and_files(plug_in):
    assert "agad-x" in registry.names("rule")
    assert registry.module("rule", "agad-x").__name__ == "plug.agad"
    assert "my-cell" in registry.names("cell")
    assert registry.file("cell", "my-cell") == plug_in / "plug" / "my-cell.yaml"


def test_a_file_may_lie_in_a_folder_of_a_package(plug_in):
    assert registry.file("cell", "deep_cell") == plug_in / "plug" / "presets" / "deep_cell.yaml"


def test_every_name_from_outside_that_is_listed_is_found(plug_in):
    assert "under_score.x" in registry.names("rule")
    assert registry.module("rule", "under_score.x").__name__ == "plug.agad"


@pytest.mark.parametrize(("name", "package"), [("no-cell", "plug"), ("odd-cell", "plug.empty")])
def test_a_package_without_its_file_is_said_to_be_so(plug_in, name, package):
    with pytest.raises(InputError) as caught:
        registry.file("cell", name)
    assert caught.value.faults[0].message == (
        f"'{name}' is registered as a file in '{package}', which is not a package that holds '{name}.yaml'"
    )


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("empty-x", "learning rule 'empty-x', registered as 'plug.empty', does not define 'Rule'"),
        (
            "broken-x",
            "learning rule 'broken-x', registered as 'plug.broken', cannot be imported: "
            "ModuleNotFoundError: No module named 'no_such_library'",
        ),
    ],
)
def test_a_module_from_outside_that_does_not_work_is_said_to_be_so(plug_in, name, message):
    with pytest.raises(InputError) as caught:
        registry.module("rule", name)
    assert (caught.value.faults[0].message, caught.value.faults[0].code) == (message, "E031")


def test_a_file_from_a_package_that_is_not_there_is_said_to_be_so(plug_in):
    with pytest.raises(
        InputError, match="'lost-cell' is registered as a file in 'no_such_package', which is not"
    ):
        registry.file("cell", "lost-cell")


def test_a_path_is_taken_as_it_is(tmp_path):
    assert registry.file("architecture", "chips/mine.yaml") == Path("chips/mine.yaml")
    (tmp_path / "mine").write_text("a: 1")
    assert registry.file("architecture", str(tmp_path / "mine")) == tmp_path / "mine"


def test_a_word_that_is_neither_name_nor_file_is_unknown():
    with pytest.raises(UnknownName, match="unknown architecture 'no-such-chip'"):
        registry.file("architecture", "no-such-chip")
    with pytest.raises(UnknownName, match="unknown workload"):
        registry.file("workload", "x" * 5000)


def test_a_path_in_a_file_starts_from_that_file_and_stays_in_its_folder(tmp_path):
    inside = registry.file("costs", "tables/mine.yaml", within=tmp_path)
    assert inside == tmp_path / "tables" / "mine.yaml"
    for path in ("../mine.yaml", "/etc/passwd.yaml", "a/../../x.yaml"):
        with pytest.raises(InputError) as caught:
            registry.file("costs", path, within=tmp_path)
        assert caught.value.faults[0].message == (
            f"path '{path}' leads out of the folder of the file that names it; put a copy in that folder"
        )


def test_a_link_out_of_the_folder_is_not_followed(tmp_path):
    (tmp_path / "secret.yaml").write_text("a: 1")
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "link.yaml").symlink_to(tmp_path / "secret.yaml")
    with pytest.raises(InputError, match="leads out of the folder"):
        registry.file("costs", "link.yaml", within=tmp_path / "project")
