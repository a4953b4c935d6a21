"""The package as it is installed: what the wheel carries, and that it runs from an empty folder."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest

import chipsim

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "chipsim"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if find_spec("hatchling") is None:
        pytest.skip("hatchling, which builds the wheel, is not installed")
    folder = tmp_path_factory.mktemp("wheel")
    words = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    built = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    if find_spec("pip") is None:
        pytest.skip("pip is not installed")
    folder = tmp_path_factory.mktemp("site")
    words = [sys.executable, "-m", "pip", "install", "-q", "--no-index", "--no-deps", "--no-compile"]
    subprocess.run([*words, "--target", str(folder), str(wheel)], check=True, capture_output=True)
    return folder


def _run(installed: Path, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(installed)}
    return subprocess.run(
        [sys.executable, *words], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def _shipped() -> set[str]:
    """Every file that the package needs at run time, as the wheel names it."""
    patterns = (
        "**/*.py", "py.typed", "accounting/tables/*.yaml", "devices/presets/*", "inputs/references.bib",
        "workloads/samples/*", "reports/templates/*", "reports/static/*",
        "experiments/reproductions/tables/*.yaml", "experiments/start/*.yaml",
    )  # fmt: skip
    own = {path for pattern in patterns for path in PACKAGE.glob(pattern) if path.is_file()}
    files = {f"chipsim/{path.relative_to(PACKAGE).as_posix()}" for path in own}
    for pattern in ("architectures/*.yaml", "workloads/*.yaml", "studies/*.yaml", "schemas/*.json"):
        files |= {f"chipsim/shipped/{path.relative_to(ROOT).as_posix()}" for path in ROOT.glob(pattern)}
    return files


def test_the_wheel_carries_everything_that_a_run_needs(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    needed = _shipped()
    for part in ("py.typed", "references.bib", ".csv.gz", ".html", ".css", ".js", "reram-om.yaml",
                 "analog-14nm.yaml", "reram-8x4.yaml", "reduced-digits-transfer.yaml"):  # fmt: skip
        assert any(name.endswith(part) for name in needed), part
    assert needed - names == set()


def test_the_wheel_carries_nothing_else(wheel: Path) -> None:
    others = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name} - _shipped()
    assert others == set()


def test_the_wheel_has_its_licence_and_its_command(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    (metadata,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
    assert "License-Expression: Apache-2.0" in archive.read(metadata).decode()
    assert any(name.endswith("licenses/LICENSE") for name in archive.namelist())
    (points,) = [name for name in archive.namelist() if name.endswith("entry_points.txt")]
    assert "chipsim = chipsim.cli:main" in archive.read(points).decode()


def test_a_plain_install_finds_the_shipped_files_by_name(installed: Path, tmp_path: Path) -> None:
    where = _run(installed, tmp_path, "-c", "import chipsim; print(chipsim.__file__)")
    assert Path(where.stdout.strip()).is_relative_to(installed)
    checked = _run(installed, tmp_path, "-m", "chipsim", "check", "reram-8x4", "reduced-digits-transfer")
    assert all(line.startswith("warning[") for line in checked.stderr.splitlines())
    assert checked.stdout == (
        "reram-8x4: architecture without faults\nreduced-digits-transfer: workload without faults\n"
    )
    listed = _run(installed, tmp_path, "-m", "chipsim", "list", "workloads")
    assert [line.split()[0] for line in listed.stdout.splitlines()] == sorted(
        path.stem for path in (ROOT / "workloads").glob("*.yaml")
    )
    version = _run(installed, tmp_path, "-m", "chipsim", "--version")
    assert version.stdout == f"chipsim {_declared()}\n"


def _declared() -> str:
    import tomllib

    return str(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"])


@pytest.mark.slow
def test_a_plain_install_runs(installed: Path, tmp_path: Path) -> None:
    """Compiles all kernels anew beside the installed package."""
    words = ("run", "reram-8x4", "reduced-digits-scratch", "-s", "stages.train.images=200", "-o", "run")
    ended = _run(installed, tmp_path, "-m", "chipsim", *words)
    assert ended.returncode == 0, ended.stderr
    assert (tmp_path / "run" / "report.html").is_file()


def test_the_public_names_are_loaded_when_they_are_used() -> None:
    for name in chipsim.__all__:
        assert getattr(chipsim, name).__name__ == name
    with pytest.raises(AttributeError, match="module 'chipsim' has no attribute 'simulat'"):
        chipsim.simulat  # noqa: B018
