"""Files to start from: a commented chip and workload, with the schemas by which an editor helps with them."""

from __future__ import annotations

from pathlib import Path

from chipsim.errors import Fault, RunError
from chipsim.experiments import folders, schemas

_FILES = Path(__file__).parent / "start"


def contents() -> dict[str, str]:
    """What is written, by the path within the folder."""
    files = {path.name: path.read_text("utf-8") for path in sorted(_FILES.glob("*.yaml"))}
    kinds = ("architecture", "workload")
    return files | {f"schemas/{schemas.FILES[kind]}": schemas.text(kind) for kind in kinds}


def write(folder: Path) -> tuple[Path, ...]:
    """Write the files into a folder, made where there is none; returns their paths.

    Raises `RunError`, with nothing written, where one of them is there or the folder cannot be written.
    """
    found = {folder / name: text for name, text in contents().items()}
    if there := [path for path in found if path.exists()]:
        faults = (Fault(f"'{path}' is there already; give another folder", code="E091") for path in there)
        raise RunError(*faults)
    try:
        for path, text in found.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            folders.write_text(path, text)
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        raise RunError(Fault(f"'{folder}' cannot be written: {reason}", code="E092")) from None
    return tuple(found)
