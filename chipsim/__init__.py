"""chipsim: a discrete-event simulator of analog in-memory training chips.

    import chipsim as cs
    result = cs.simulate(cs.load("reram-8x4"), cs.load("reduced-digits-transfer"), seed=0)
    result.stages["finetune"].accuracy.last, result.energy_J

What is named here is loaded when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chipsim.errors import ChipsimError
    from chipsim.experiments.api import File, device, explore, load, simulate
    from chipsim.reports.result import Result

__all__ = ["ChipsimError", "File", "Result", "device", "explore", "load", "simulate"]

_HOMES = {
    "ChipsimError": "chipsim.errors",
    "File": "chipsim.experiments.api",
    "Result": "chipsim.reports.result",
    "device": "chipsim.experiments.api",
    "explore": "chipsim.experiments.api",
    "load": "chipsim.experiments.api",
    "simulate": "chipsim.experiments.api",
}


def __dir__() -> list[str]:
    return [*globals(), *__all__]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'chipsim' has no attribute '{name}'")
