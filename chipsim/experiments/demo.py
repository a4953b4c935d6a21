"""The demonstration: transfer against scratch on the paper's chip, on the embedded digits or on MNIST."""

from __future__ import annotations

import functools
import json
import math
import shlex
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chipsim.experiments import ensemble, folders
from chipsim.experiments.comparison import Ratio, images_to_target, medians, ratio
from chipsim.experiments.ensemble import Done, Plan
from chipsim.experiments.run import Job, Request, prepare
from chipsim.inputs.units import format as written
from chipsim.reports.shown import Shown

ARCHITECTURE = "reram-8x4"
TITLE = f"Transfer against scratch on {ARCHITECTURE}"
SIDES = (("scratch", "train"), ("transfer", "finetune"))
"""Name of each side, which its workload's name ends in, and the stage of it that learns Task 2."""


@dataclass(frozen=True, repr=False)
class Answer(Shown):
    """What came out: the two sentences, the figures behind them, and where everything lies."""

    sentences: str
    ratio: Ratio
    medians: Mapping[str, Mapping[str, float]]
    seeds: tuple[int, ...]
    folder: Path
    report: Path

    def text(self) -> str:
        """The sentences, and where the page lies."""
        return f"{self.sentences}\n\nreport: {self.report}"

    def as_dict(self) -> dict[str, Any]:
        """The answer as plain values, infinite ones as null: not within the run."""
        return {
            "format": "chipsim-demo/1",
            "title": TITLE,
            "answer": self.sentences,
            "seeds": list(self.seeds),
            "ratio_of_images": {
                "value": _finite(self.ratio.value),
                "ci90": [_finite(self.ratio.low), _finite(self.ratio.high)],
            },
            "to_target": {
                side: {name: _finite(value) for name, value in found.items()}
                for side, found in self.medians.items()
            },
            "report": str(self.report),
        }  # fmt: skip


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def find_folder(base: Path, data: str, seeds: Sequence[int], settings: tuple[str, ...] = ()) -> Path:
    """The folder of an unfinished demonstration of the same request, or a new one."""
    for folder in sorted(base.glob("demo-*")):
        plans = _plans(folder, data, seeds, settings, ()).values()
        if not (folder / "demo.json").exists() and any(map(ensemble.begun, plans)):
            return folder
    return folders.fresh(base, "demo")


def _plans(
    folder: Path, data: str, seeds: Sequence[int], settings: tuple[str, ...], command: tuple[str, ...]
) -> dict[str, Plan]:
    return {
        side: Plan(_job(f"reduced-{data}-{side}", settings), folder / side, tuple(seeds), command)
        for side, _ in SIDES
    }


@functools.cache
def _job(workload: str, settings: tuple[str, ...]) -> Job:
    return prepare(Request(ARCHITECTURE, workload, settings))


def run(
    folder: Path, data: str, seeds: Sequence[int], workers: int, done: Done, settings: tuple[str, ...] = (),
    command: tuple[str, ...] = ("chipsim", "demo"), force: bool = False,
) -> Answer:  # fmt: skip
    """Run both sides over the seeds, all runs spread over the workers, and compare them.

    Goes on in a folder that holds the same request. Raises `RunError` where it holds something else, unless
    `force` says to replace it.
    """
    wanted = _plans(folder, data, seeds, settings, command)
    for plan in wanted.values():
        plan.job.require_data()
    done_before = force and (folder / "demo.json").is_file()
    if done_before or not any(map(ensemble.begun, wanted.values())):
        folders.check_free(folder, force)
        shutil.rmtree(folder, ignore_errors=True)
    plans = {side: ensemble.find_or_begin(plan, None, force) for side, plan in wanted.items()}
    try:
        ensemble.run_all(list(plans.values()), workers, done)
    except Exception:
        with suppress(OSError):  # nothing has ended, so nothing is kept
            folder.rmdir()
        raise
    records = {side: [ensemble.read_record(plan.of(seed)) for seed in seeds] for side, plan in plans.items()}
    answer = _answer(records, tuple(seeds), folder)
    _write(answer, plans, command)
    return answer


def _answer(
    records: Mapping[str, Sequence[Mapping[str, Any]]], seeds: tuple[int, ...], folder: Path
) -> Answer:
    images = {side: images_to_target(records[side], stage) for side, stage in SIDES}
    found = {side: medians(records[side], stage) for side, stage in SIDES}
    speed = ratio(images["scratch"], images["transfer"])
    sentences = "\n".join((_sentence_of_speed(speed, images, found), _sentence_of_cost(found)))
    return Answer(sentences, speed, found, seeds, folder, folder / "report.html")


def _sentence_of_speed(
    speed: Ratio, images: Mapping[str, Sequence[float]], found: Mapping[str, Mapping[str, float]]
) -> str:
    count = len(images["scratch"])
    arrived = {side: sum(map(math.isfinite, values)) for side, values in images.items()}
    against = (
        f"{_images(found['transfer']['images'])} against {_images(found['scratch']['images'])} from random "
        f"conductances (medians over {count} seeds; the target was reached by {arrived['transfer']} and "
        f"{arrived['scratch']} of them)"
    )
    if not math.isfinite(speed.value) or speed.value == 0:
        return f"After pre-training on Task 1 the array reached the target on Task 2 in {against}."
    interval = f"90 % interval {_number(speed.low)} to {_number(speed.high)}"
    how = "sooner" if speed.value >= 1 else "later"
    factor = speed.value if speed.value >= 1 else 1 / speed.value
    return (
        f"After pre-training on Task 1 the array reached the target on Task 2 {factor:.2f} times {how} "
        f"(ratio {speed.value:.2f}, {interval}): {against}."
    )


def _images(value: float) -> str:
    return f"{value:.0f} images" if math.isfinite(value) else "more images than the run has"


def _number(value: float) -> str:
    return f"{value:.2f}" if math.isfinite(value) else "unbounded"


def _sentence_of_cost(found: Mapping[str, Mapping[str, float]]) -> str:
    parts = [
        f"{_cost(found[side])} {words}" for side, words in (("transfer", "with"), ("scratch", "without"))
    ]
    return f"To get there it took {parts[0]} transfer, pre-training not counted, and {parts[1]}."


def _cost(values: Mapping[str, float]) -> str:
    if not math.isfinite(values["images"]):
        return "more than the whole run"
    time, energy = (
        written(_rounded(values["time_s"]), "time"),
        written(_rounded(values["energy_J"]), "energy"),
    )
    return f"{time}, {energy} and {values['pulses']:.0f} pulses"


def _rounded(value: float) -> float:
    return float(f"{value:.3g}")


def _write(answer: Answer, plans: Mapping[str, Plan], command: tuple[str, ...]) -> None:
    from chipsim.reports import html

    groups = [html.Group(side, tuple(plan.of(seed) for seed in plan.seeds)) for side, plan in plans.items()]
    html.write(groups, answer.report, TITLE, answer.sentences, shlex.join(command))
    text = json.dumps(answer.as_dict(), indent=2, allow_nan=False) + "\n"
    folders.write_text(answer.folder / "demo.json", text)
