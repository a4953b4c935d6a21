"""chipsim: a discrete-event simulator of analog in-memory training chips.

    import chipsim as cs
    result = cs.simulate(cs.load("reram-8x4"), cs.load("reduced-digits-transfer"), seed=0)
    result.stages["finetune"].accuracy.last, result.energy_J

Every verb of the command line is a function of the same name. What is named here is loaded when it is first
used.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chipsim.errors import ChipsimError
    from chipsim.experiments.api import demo, device, explore, reproduce, run, simulate
    from chipsim.experiments.asking import (
        check,
        compare,
        data,
        explain,
        export,
        init,
        plan,
        price,
        report,
        schema,
        show,
        why,
    )
    from chipsim.experiments.asking import list_ as list  # noqa: F401 - see _HOMES
    from chipsim.experiments.files import File, load
    from chipsim.experiments.running import Run
    from chipsim.experiments.several import Ensemble
    from chipsim.reports.result import Result

__all__ = [
    "ChipsimError", "Ensemble", "File", "Result", "Run", "check", "compare", "data", "demo", "device",
    "explain", "explore", "export", "init", "load", "plan", "price", "report", "reproduce", "run", "schema",
    "show", "simulate", "why",
]  # fmt: skip

_SIMULATING = ("demo", "device", "explore", "reproduce", "run", "simulate")
_ASKING = (
    "check", "compare", "data", "explain", "export", "init", "plan", "price", "report", "schema", "show",
    "why",
)  # fmt: skip
_HOMES = {
    "ChipsimError": "chipsim.errors:ChipsimError",
    "Ensemble": "chipsim.experiments.several:Ensemble",
    "File": "chipsim.experiments.files:File",
    "Result": "chipsim.reports.result:Result",
    "Run": "chipsim.experiments.running:Run",
    "list": "chipsim.experiments.asking:list_",  # not in __all__: a star would put it before Python's own
    "load": "chipsim.experiments.files:load",
    **{name: f"chipsim.experiments.api:{name}" for name in _SIMULATING},
    **{name: f"chipsim.experiments.asking:{name}" for name in _ASKING},
}


def __dir__() -> Iterable[str]:
    return {*globals(), *_HOMES}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        module, _, attribute = _HOMES[name].partition(":")
        return getattr(import_module(module), attribute)
    raise AttributeError(f"module 'chipsim' has no attribute '{name}'")
