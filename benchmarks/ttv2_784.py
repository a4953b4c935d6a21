"""How fast TTv2 runs on 784-256-128-10: ms an image, and which parts of the chip it goes to.

    python benchmarks/ttv2_784.py [--images N] [--repeats N] [--threads N] [--learning-rate RATE]

The chip and the workload are the two files beside this one, run by chipsim's own controller: events, time
and energy counts included. Wall time is that of training, once the kernels are compiled, without the
preparation of A and without evaluations. The public AIHWKIT needs 4 to 7 ms an image on a machine of this
kind for the update rule alone (measured where it is installed; see docs/speed.md).
"""

from __future__ import annotations

import argparse
import os
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from chipsim.architecture import graph
from chipsim.architecture.placement import Plan, compile_plan
from chipsim.inputs import documents
from chipsim.learning import loading
from chipsim.learning.rule import LearningRule
from chipsim.numerics.threads import VARIABLE, threads
from chipsim.simulation.chip import Chip
from chipsim.simulation.controller import Controller, StageData, StageTask
from chipsim.workloads import stages, tasks

HERE = Path(__file__).parent
AIHWKIT = (4.0, 7.0)
"""Milliseconds an image of the public AIHWKIT on a machine of this kind, from the issue."""
PARTS = {
    "draw trains": ("drivers", "draw"),
    "pulses on A": ("array", "update"),
    "pulses on C": ("array", "pulse"),
    "passes through C": ("array", "read"),
    "transfer reads of A": ("array", "select"),
    "converters": ("adc", "convert"),
    "integrators": ("integrator", "accumulate"),
}


def digits(images: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Images `(images, 784)` of ten classes and their labels: a fifth of the pixels is lit."""
    draws = np.random.default_rng(seed)
    lit = np.random.default_rng(99).random((10, 784)) < 0.25
    labels = draws.integers(0, 10, images)
    return lit[labels] * draws.random((images, 784)) * (draws.random((images, 784)) < 0.8), labels


def files(learning_rate: float) -> tuple[Plan, LearningRule]:
    """The placed chip and the rule of the workload's stage."""
    document = documents.read(HERE / "ttv2_784-workload.yaml")
    document = document.with_value("stages.train.rule.learning_rate", str(learning_rate))
    workload = stages.load(document)
    rules = loading.rules(document, workload)
    architecture = graph.load(documents.read(HERE / "ttv2_784-chip.yaml"))
    return compile_plan(architecture, workload.network, rules), rules["train"]


def watch(chip: Chip) -> dict[str, float]:
    """Wall time [s] by part, filled in as the chip runs: its circuits are asked through a stopwatch.

    What a part asks of another is its own time.
    """
    spent: dict[str, float] = defaultdict(float)
    asked: list[str] = []

    def timed(part: str, inner: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any, **named: Any) -> Any:
            asked.append(part)
            began = time.perf_counter()
            result = inner(*args, **named)
            asked.pop()
            if not asked:
                spent[part] += time.perf_counter() - began
            return result

        return run

    for part, (role, method) in PARTS.items():
        circuits = chip.arrays.items() if role == "array" else chip.circuits.items()
        for name, circuit in circuits:
            if role == "array" or name.startswith(role):
                setattr(circuit, method, timed(part, getattr(circuit, method)))
    return spent


class Trained(NamedTuple):
    """What training took."""

    wall: float
    cpu: float
    """Of all threads together [s]."""
    parts: dict[str, float]
    pulses: int


def train(images: int, learning_rate: float, seed: int = 0) -> Trained:
    """Train on some images; the time is that from A's preparation to the last evaluation."""
    plan, rule = files(learning_rate)
    chip = Chip(plan, seed)
    spent = watch(chip)
    x, labels = digits(images, seed)
    data = StageData(x, labels, x[:10], labels[:10], lambda epoch: tasks.order(seed, "train", epoch, images))
    marks: list[tuple[float, float, int]] = []

    def note(stage: str, done: int, whole: int, accuracy: float) -> None:
        pulses = sum(int(array.cells.pulses.sum()) for array in chip.arrays.values())
        marks.append((time.perf_counter(), time.process_time(), pulses))
        if done == 0:
            spent.clear()

    Controller(chip).run(StageTask("train", "random", images, images, rule, data), note)
    wall, cpu, pulses = (end - begin for begin, end in zip(*marks, strict=True))
    return Trained(wall, cpu, dict(spent), int(pulses))


def main() -> None:
    """Print the time an image and its parts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--images", type=int, default=500)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, help="default: one a core")
    parser.add_argument("--learning-rate", type=float, default=1.0)
    given = parser.parse_args()
    if given.threads:
        os.environ[VARIABLE] = str(given.threads)
    train(20, given.learning_rate)
    found = min(
        (train(given.images, given.learning_rate) for _ in range(given.repeats)), key=lambda run: run.wall
    )
    ms = 1e3 / given.images
    print(f"{given.images} images, {found.pulses / given.images:.0f} pulses an image, {threads()} thread(s)")
    print(f"chipsim: {found.wall * ms:.2f} ms an image at best, {found.cpu * ms:.2f} ms of CPU")
    rest = found.wall - sum(found.parts.values())
    for part, seconds in [
        *sorted(found.parts.items(), key=lambda item: -item[1]),
        ("events and the rest", rest),
    ]:
        print(f"  {part:20} {seconds * ms:6.3f} ms  {seconds / found.wall:5.1%}")
    low, high = (bound / (found.wall * ms) for bound in AIHWKIT)
    print(
        f"AIHWKIT, measured elsewhere at {AIHWKIT} ms an image, takes {low:.1f} to {high:.1f} times as long"
    )


if __name__ == "__main__":
    main()
