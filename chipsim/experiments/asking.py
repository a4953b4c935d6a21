"""The verbs that simulate nothing, as functions of `import chipsim`: they check, draw, count and look up.

Where a verb takes the folder of a run, its function takes a result too.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, overload

from chipsim.architecture.hollow import TYPICAL
from chipsim.errors import Fault, UsageError, suggestion
from chipsim.experiments import (
    checking,
    comparing,
    datasets,
    explaining,
    exporting,
    listing,
    pages,
    planning,
    repricing,
    schemas,
    several,
    showing,
    starting,
)
from chipsim.experiments import why as reasons
from chipsim.experiments.files import Given, named, request, settings
from chipsim.experiments.running import Run
from chipsim.experiments.several import Ensemble
from chipsim.reports import writing
from chipsim.reports.result import Result

Source = Result | Run | str | Path
"""A run: its result, or where it lies."""


# Files


def check(*files: Given) -> checking.Checked:
    """Check files, each by its own format line; an architecture and a workload are also mapped.

    Raises `InputError` with all faults, `FitError` where one does not go on the other.
    """
    if not files:
        raise UsageError(Fault("give a file or more to check", code="E100"))
    names, changed = zip(*map(named, files), strict=True)
    return checking.check(names, tuple(setting for each in changed for setting in each))


def plan(
    architecture: Given, workload: Given, inputs: float | None = None, hidden: float | None = None,
    errors: float | None = None, written: float | None = None,
) -> planning.Planned:  # fmt: skip
    """How a workload lies on a chip, and what an image takes by counts alone, without simulating.

    Mean magnitudes of inputs, of those of later layers and of errors, and the share of words added to that
    cross their threshold, are assumed unless given. Raises like a run.
    """
    means = {"inputs": inputs, "hidden": hidden, "errors": errors, "written": written}
    for name, mean in means.items():
        if mean is not None and not 0.0 <= mean <= 1.0:
            raise UsageError(Fault(f"'{name}': {mean} is no number from 0 to 1", code="E100"))
    assumed = TYPICAL._replace(**{name: mean for name, mean in means.items() if mean is not None})
    return planning.Planned(planning.plan(request(architecture, workload), assumed))


def show(architecture: Given, workload: Given | None = None) -> showing.Drawing:
    """The graph of an architecture; with a workload, its groups as that needs them."""
    name, changed = named(architecture)
    if workload is None:
        return showing.show(name, None, changed)
    other, more = named(workload)
    return showing.show(name, other, changed + more)


def init(folder: str | Path = ".") -> tuple[Path, ...]:
    """Write commented files to start from, never over others; returns their paths. Raises `RunError`."""
    return starting.write(Path(folder))


def schema(kind: str) -> dict[str, Any]:
    """JSON Schema of a kind of file. Raises `UsageError` for a kind that has none."""
    return schemas.of(kind)


# Finished runs


def why(run: Source, figure: reasons.Question) -> reasons.Bill | reasons.Latency:
    """From a run's total energy down to count x price, or its latency along the critical path."""
    if figure not in ("energy", "latency"):
        text = f"'{figure}' is not asked for{suggestion(figure, ('energy', 'latency'))}"
        raise UsageError(Fault(text, code="E100"))
    with _folder(run) as folder:
        return reasons.why(folder, figure)


def price(run: Source, costs: str | None = None, corner: str | None = None, **prices: object) -> Result:
    """A finished run under other costs: another table, another corner, or prices at paths.

    As in `price(result, **{"costs.adc_conv.energy": "2 pJ"})`. Nothing is simulated. Raises `InputError` for
    a setting that would change what the run did.
    """
    changed = repricing.settings_of(costs, corner, settings(prices))
    again = () if isinstance(run, Result) else (_called(run),)
    sets = (word for setting in changed for word in ("-s", setting))
    with _folder(run) as folder:
        return repricing.price(repricing.read(folder, changed), ("chipsim", "price", *again, *sets))


def compare(*runs: Source | Ensemble) -> comparing.Comparisons:
    """Runs or ensembles side by side, each with the first; results and folders alike.

    Sides with the same seeds are compared seed by seed. Raises `UsageError` where there are fewer than two.
    """
    with ExitStack() as open_:
        folders = [open_.enter_context(_folder(run)) for run in runs]
        names = [_called(run) or f"result {number}" for number, run in enumerate(runs, 1)]
        return comparing.compare_folders(folders, names)


def _called(run: Source | Ensemble) -> str:
    """The folder of a run as text; nothing of a result, which has none."""
    if isinstance(run, Result | Ensemble):
        return ""
    return str(run.folder if isinstance(run, Run) else run)


@contextmanager
def _folder(run: Source | Ensemble) -> Iterator[Path]:
    """The folder of a run: its own, or one for the moment that a result is written into."""
    if isinstance(run, Run):
        yield run.folder
    elif not isinstance(run, Result | Ensemble):
        yield Path(run)
    else:
        with TemporaryDirectory() as name:
            folder = Path(name)
            if isinstance(run, Result):
                writing.write(run, folder)
            else:
                several.write(run, folder)
            yield folder


def export(
    run: Source, to: str = "safetensors", output: str | Path | None = None, force: bool = False
) -> Path:
    """Write the weights that a run ended with, for other programs; returns the file's path.

    For a result, which has no folder, name the file. Raises like the verb.
    """
    if isinstance(run, Result) and output is None:
        raise UsageError(Fault("a result has no folder; name a file to export to", code="E100"))
    with _folder(run) as folder:
        return exporting.write(folder, to, None if output is None else Path(output), force)


def report(folder: Run | str | Path) -> Path:
    """Rebuild the page of a run, an ensemble or a demo from its files; returns the page's path."""
    return pages.rebuild(folder.folder if isinstance(folder, Run) else Path(folder))


# Names


def explain(thing: str) -> explaining.Meanings:
    """What a figure, action, price, parameter, error code, component, cell, rule or source is.

    Raises `UsageError` with the nearest name where it is none.
    """
    return explaining.Meanings(explaining.explain(thing))


def list_(kind: str | None = None) -> listing.Listed:
    """All of a kind, such as "cells", or of every kind; `chipsim.list`. Raises `UsageError`."""
    return listing.named(kind)


@overload
def data(action: Literal["list"] = "list") -> datasets.Listed: ...


@overload
def data(action: datasets.Action, name: str) -> datasets.Located: ...


def data(
    action: Literal["list"] | datasets.Action = "list", name: str | None = None
) -> datasets.Listed | datasets.Located:
    """Data sets: all that there are, or where one lies, after `data("get", "mnist")` downloaded it.

    Actions are list, where, get and verify. Raises `DataError` like the verb, `UsageError` for another one.
    """
    if action == "list" and name is None:
        return datasets.listed()
    if action == "list" or action not in datasets.ACTIONS:
        raise UsageError(
            Fault(
                f"there is no verb '{action}'{suggestion(action, ('list', *datasets.ACTIONS))}", code="E100"
            )
        )
    if name is None:
        raise UsageError(Fault(f"'{action}' needs the name of a data set", code="E100"))
    return datasets.located(name, action)
