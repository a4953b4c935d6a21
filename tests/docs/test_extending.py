"""The package of docs/extending.md: installed as a user would, found by its entry points, and simulated."""

from __future__ import annotations

import json
import math
import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.cli.commands import ROOT, table

DOCS = ROOT / "docs"
EXAMPLES = DOCS / "examples"
ADDED = {
    "models": "window", "cells": "window-cell", "components": "flash-adc", "rules": "thrifty-sgd",
}  # fmt: skip


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that the example is installed in, from its own pyproject.toml and without a network."""
    for needed in ("pip", "hatchling"):
        if find_spec(needed) is None:
            pytest.skip(f"{needed} is not installed")
    source = tmp_path_factory.mktemp("source") / "extras"
    shutil.copytree(EXAMPLES, source, ignore=shutil.ignore_patterns("__pycache__"))
    folder = tmp_path_factory.mktemp("site")
    words = [sys.executable, "-m", "pip", "install", "-q", "--no-index", "--no-deps", "--no-build-isolation"]
    done = subprocess.run(
        [*words, "--target", str(folder), str(source)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A user's folder with the example's chip, workload and test."""
    for path in EXAMPLES.glob("*.*"):
        if path.suffix in (".yaml", ".py"):
            shutil.copy(path, tmp_path)
    return tmp_path


def call(site: Path, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": f"{site}{os.pathsep}{ROOT}"}
    return subprocess.run(
        [sys.executable, "-m", *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def chipsim(site: Path, folder: Path, *words: str) -> Any:
    done = call(site, folder, "chipsim", *words, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def test_the_page_holds_the_files_of_the_example_word_for_word() -> None:
    text = (DOCS / "extending.md").read_text("utf-8")
    shown = dict(re.findall(r"^\*\*`(\S+)`\*\*\n\n```\w+\n(.*?)```$", text, re.M | re.S))
    files = {path for path in EXAMPLES.rglob("*.*") if path.suffix in (".py", ".yaml", ".toml")}
    named = {path.relative_to(EXAMPLES).as_posix(): path.read_text("utf-8") for path in files}
    assert shown == {name: content for name, content in named.items() if not name.endswith("__init__.py")}


def test_every_page_is_in_the_index() -> None:
    linked = set(re.findall(r"\]\(([\w-]+\.md)\)", (DOCS / "index.md").read_text("utf-8")))
    assert {path.name for path in DOCS.glob("*.md")} - {"index.md"} <= linked


def test_its_conformance_tests_pass(site: Path, here: Path) -> None:
    done = call(site, here, "pytest", "-q", "-p", "no:cacheprovider", "test_extras.py")
    assert done.returncode == 0, done.stdout
    found = re.search(r"(\d+) passed", done.stdout)
    assert found is not None, done.stdout
    assert int(found[1]) >= 25, "every test of three contracts"


def test_a_contract_that_is_broken_shows_the_values(site: Path, here: Path) -> None:
    """Asserts of the suites are told as those of a test file, with what was compared."""
    text = (here / "test_extras.py").read_text("utf-8")
    (here / "test_extras.py").write_text(text.replace("return converter.codes", "return 2 * converter.codes"))
    done = call(site, here, "pytest", "-q", "-p", "no:cacheprovider", "test_extras.py")
    assert "1 failed" in done.stdout
    assert "test_within_its_range_it_is_off_by_half_a_step_at_most" in done.stdout
    assert re.search(r"^E +AssertionError: assert np\.float64\(0\.\d+\) <= ", done.stdout, re.M), done.stdout


def test_its_things_are_listed_and_explained(site: Path, here: Path) -> None:
    listed = chipsim(site, here, "list")
    for kind, name in ADDED.items():
        assert listed[kind][name], kind
        assert call(site, here, "chipsim", "explain", name).stdout.startswith(f"{name}: {kind[:-1]}\n")


def test_its_cell_is_measured_like_ours(site: Path, here: Path) -> None:
    """Steps are log-normal about 0.02 with 0.3: mean 0.02 exp(0.3^2 / 2), relative spread
    sqrt(exp(0.3^2) - 1); the table and the files hold no symmetry point and no reference."""
    found = chipsim(site, here, "device", "window-cell", "-o", "out")
    spread = found["spread"]
    mean, relative = 0.02 * math.exp(0.045), math.sqrt(math.expm1(0.09))
    for name in ("step_up", "step_down"):
        assert spread[name]["mean"] == pytest.approx(mean, rel=4.5 * relative / 100)
        assert spread[name]["std"] == pytest.approx(mean * relative, rel=0.06)
    assert spread["w_max"]["mean"] == -spread["w_min"]["mean"] == 1.0
    assert spread["symmetry_point"] is None
    assert spread["reference"] is None
    assert found["noise"]["cycle_to_cycle"] == pytest.approx(0.3, rel=4.5 / math.sqrt(20_000))
    rows = {row["quantity"]: row for row in table(here / "out" / "window-cell-spread.csv")}
    assert rows["symmetry_point"]["mean"] == ""
    assert (here / "out" / "window-cell.svg").is_file()


def test_its_chip_is_simulated_with_all_of_it(site: Path, here: Path) -> None:
    """The rule learns on the cells; the flash converters take 2 ns an image, whatever the lines."""
    assert len(chipsim(site, here, "check", "chip.yaml", "work.yaml")["checked"]) == 2
    record = chipsim(site, here, "run", "chip.yaml", "work.yaml", "-o", "run")
    (stage,) = record["stages"]
    assert stage["rule"] == "thrifty-sgd"
    assert stage["accuracy"]["last"] > 0.9
    assert stage["pulses"]["by_component"]["array"] > 0
    busy = {row["component"]: float(row["busy_s"]) for row in table(here / "run" / "utilisation.csv")}
    assert busy["adc"] == pytest.approx(1000 * 2e-9)
    resolved = (here / "run" / "resolved" / "architecture.yaml").read_text("utf-8")
    assert "type: flash-adc" in resolved
    assert "preset: window-cell" in resolved


@pytest.mark.parametrize(
    ("file", "old", "new", "sentence"),
    [
        ("chip.yaml", "bits: 6, count", "bits: 9, count", "component 'adc': bits: expected at most 8, got 9"),
        ("chip.yaml", "window-cell, step", "window-cel, step",
         "unknown cell 'window-cel'; did you mean 'window-cell'?"),
        ("chip.yaml", "cell, step:", "cell, stepp:",
         "cell 'window-cell': unknown key 'stepp'; did you mean 'step'?"),
        ("work.yaml", "margin:", "magin:", "rule 'thrifty-sgd': unknown key 'magin'; did you mean 'margin'?"),
        ("work.yaml", "thrifty-sgd", "thrify-sgd",
         "unknown learning rule 'thrify-sgd'; did you mean 'thrifty-sgd'?"),
    ],
)  # fmt: skip
def test_faults_in_what_is_added_are_told_like_ours(
    file: str, old: str, new: str, sentence: str, site: Path, here: Path
) -> None:
    text = (here / file).read_text("utf-8")
    assert text.count(old) == 1
    (here / file).write_text(text.replace(old, new))
    done = call(site, here, "chipsim", "check", "chip.yaml", "work.yaml")
    assert done.returncode == 3
    assert sentence in done.stderr
    assert re.match(rf"{file}:\d+:\d+: error\[E\d+\]: ", done.stderr)


def test_a_broken_package_is_listed_as_such_beside_the_others(tmp_path: Path) -> None:
    info = tmp_path / "lost-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: lost\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[chipsim.rules]\nlost = no_such_package\n[chipsim.cells]\ngone = os\n"
    )
    listed = chipsim(tmp_path, tmp_path, "list")
    assert listed["rules"]["lost"].startswith(
        "(not usable: learning rule 'lost', registered as 'no_such_package'"
    )
    assert listed["rules"]["sgd"].startswith("Plain")
    assert listed["cells"]["gone"] == (
        "(not usable: 'gone' is registered as a file in 'os', which is not a package that holds 'gone.yaml')"
    )


def test_without_the_package_its_names_are_unknown(here: Path) -> None:
    done = call(here, here, "chipsim", "check", "chip.yaml", "work.yaml")
    assert done.returncode == 3
    for words in ("unknown component type 'flash-adc'", "unknown cell 'window-cell'",
                  "unknown learning rule 'thrifty-sgd'"):  # fmt: skip
        assert words in done.stderr
