"""A chip that can be worked out by hand, in the place of a simulation, and studies of it.

Accuracy is that of the ADC's resolution alone, 1 - 2^-bits, and energy is 2^bits for each of its converters:
so the front is one converter at every resolution, and nothing else.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

from chipsim.experiments.exploring.record import Files, failure
from chipsim.experiments.exploring.stopping import CURVE, Curve, Reading, judged
from chipsim.experiments.exploring.study import Study, check
from chipsim.experiments.exploring.work import Task
from chipsim.inputs import documents

CALLS = "CHIPSIM_TEST_CALLS"
"""Environment variable: a folder in which every call leaves a file of its own."""

HEAD = """format: chipsim-study/1
name: toy
architecture: reram-8x4
workload: reduced-digits-scratch
objectives: [{maximise: train.accuracy.last}, {minimise: total.energy_J}]
"""
SPACE = "axes: {components.adc.bits: {from: 2, to: 9}, components.adc.count: [1, 2, 4]}\n"


def study(text: str, head: str = HEAD) -> Study:
    return check(documents.parse(head + text, "toy.yaml"))


def settings(task: Task) -> dict[str, float]:
    return {path: json.loads(value) for path, _, value in (each.partition("=") for each in task.settings)}


def curve(accuracy: float, energy: float, area: float = 1e-8, images: int = 10_000) -> Curve:
    """As accurate at its beginning as at its end, at an even pace; measured there and after each tenth."""
    done = [images * k // 10 for k in range(11)]
    return Curve(
        area,
        tuple(
            Reading("train", images, image, 0.9, accuracy, {"energy_J": energy * image / images})
            for image in done
        ),
    )


def answer(accuracy: float, energy: float) -> Files:
    record = {
        "stages": [{"name": "train", "kind": "train", "to_target": None, "accuracy": {"last": accuracy}}],
        "total": {"energy_J": energy},
        "evaluation": {},
        "area_m2": 1e-8,
    }
    files = {"run.json": json.dumps(record).encode(), "warnings.json": b"[]"}
    return {**files, CURVE: curve(accuracy, energy).written()}


def _note(task: Task) -> None:
    if folder := os.environ.get(CALLS):
        (Path(folder) / f"{task.key}-{os.getpid()}-{time.monotonic_ns()}").touch()


def evaluate(task: Task) -> Files:
    _note(task)
    at = settings(task)
    bits, count = at["components.adc.bits"], at.get("components.adc.count", 1)
    whole = answer(1 - 2.0**-bits, 2.0**bits * count * (1 + 0.01 * task.seed))
    return judged(task.bar, whole) or whole


def slowly(task: Task) -> Files:
    """In a time that differs from run to run, so that runs end in another order than they began in."""
    time.sleep(0.02 + 0.01 * (int(task.key[:2], 16) % 5))
    return evaluate(task)


def badly(task: Task) -> Files:
    """Seven bits fail as a run does, eight by a fault of the code, and nine take their process with them."""
    bits = settings(task)["components.adc.bits"]
    if bits == 7:
        return failure("the chip stands still", "E080")
    if bits == 8:
        raise ZeroDivisionError("by nothing")
    if bits == 9:
        os._exit(1)
    return evaluate(task)
