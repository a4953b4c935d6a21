"""Sphinx: `sphinx-build docs docs/_build` with the extra `docs`."""

from importlib import metadata

project = "chipsim"
copyright = "The chipsim authors"
try:
    release = metadata.version("chipsim")
except metadata.PackageNotFoundError:
    release = "0+unknown"
extensions = ["myst_parser"]
myst_heading_anchors = 3
exclude_patterns = ["_build", "examples"]
html_theme = "furo"
html_title = "chipsim"
