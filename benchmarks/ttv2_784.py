"""How fast TTv2 runs on 784-256-128-10: ms an image, and which parts of the chip it goes to.

    python benchmarks/ttv2_784.py [--images N] [--repeats N] [--threads N] [--learning-rate RATE]

The chip and the workload are the two files beside this one, run by chipsim's own controller: events, time
and energy counts included. Wall time is that of training, once the kernels are compiled, without the
preparation of A and without evaluations. Beside it, in the same process, runs a plain NumPy version of the
same network on the same devices: trains, coincidences, clipped steps, write noise, quantised reads, H, single
pulses; without events, counts and energy. The public AIHWKIT needs 4 to 7 ms an image on a machine of this
kind (measured where it is installed; see docs/speed.md).
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
from tile_512 import Plain

from chipsim.architecture import graph
from chipsim.architecture.placement import compile_plan
from chipsim.architecture.plan import Plan
from chipsim.inputs import documents
from chipsim.learning import loading
from chipsim.learning.rule import LearningRule
from chipsim.numerics.threads import VARIABLE, threads
from chipsim.simulation.chip import Chip
from chipsim.simulation.controller import Controller
from chipsim.simulation.records import StageData, StageTask
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


class PlainLayer:
    """A layer of TTv2 in NumPy: A and C on the devices of a chip's arrays, and H."""

    def __init__(self, chip: Chip, name: str) -> None:
        seats = [chip.seats[name, matrix].crossbar.cells for matrix in ("A", "C")]
        self.shape = seats[0].shape
        self.fast, self.slow = (Plain(cells) for cells in seats)
        self.references = [cells.reference.ravel() for cells in seats]
        self.noise = float(seats[0].model.write_noise_deviation)
        self.step = float(seats[0].model.granularity)
        self.draws = np.random.Generator(np.random.SFC64(1))
        self.words = np.zeros(self.shape)
        self.weights = self._seen(self.slow, self.references[1])

    def _seen(self, plain: Plain, reference: np.ndarray) -> np.ndarray:
        noise = self.noise * self.draws.standard_normal(plain.state.size, dtype=np.float32)
        return (plain.state - reference + noise).reshape(self.shape)

    def read(self, x: np.ndarray, transposed: bool = False) -> np.ndarray:
        """A product through 7-bit inputs and a 9-bit converter of range 12."""
        inputs = np.rint(np.clip(x, -1, 1) * 128) / 128
        sums = self.weights @ inputs if transposed else inputs @ self.weights
        return np.clip(np.rint(sums * (255 / 12)), -255, 255) * (12 / 255)

    def update(self, x: np.ndarray, error: np.ndarray, rate: float) -> int:
        """Coincidences of trains of 31 slots on A; returns the pulses."""
        scale = np.sqrt(rate / (self.step * 31))
        rows = self.draws.random((31, x.size)) < scale * np.abs(x)
        columns = self.draws.random((31, error.size)) < scale * np.abs(error)
        hits = (rows.T.astype(np.float32) @ columns.astype(np.float32)).ravel().astype(np.int64)
        up = (np.sign(x)[:, None] * np.sign(error) < 0).ravel()
        chosen = np.nonzero(hits)[0]
        chosen = chosen[np.argsort(hits[chosen], kind="stable")[::-1]]
        self.fast.fire(chosen, hits[chosen], up[chosen])
        return int(hits.sum())

    def transfer(self, threshold: float) -> None:
        """All of A to H, and a pulse on C where H crosses."""
        self.words += np.rint(self._seen(self.fast, self.references[0]) * 255) / 255
        chosen = np.nonzero(np.abs(self.words).ravel() >= threshold)[0]
        up = self.words.ravel()[chosen] > 0
        self.words.ravel()[chosen] -= np.where(up, threshold, -threshold)
        self.slow.fire(chosen, np.ones(chosen.size, dtype=np.int64), up)
        self.weights = self._seen(self.slow, self.references[1])


def train_plain(images: int, learning_rate: float, seed: int = 0) -> tuple[float, int]:
    """Wall time [s] and pulses on A of the same training in NumPy."""
    plan, rule = files(learning_rate)
    chip = Chip(plan, seed)
    for layer, matrix in plan.places:
        chip.randomise(layer, matrix)
    layers = [PlainLayer(chip, name) for name in plan.layers]
    specs, scale = list(plan.layers.values()), plan.network.loss.scale
    x, labels = digits(images, seed)
    fired, began = 0, time.perf_counter()
    for image in range(images):
        inputs, values = [], x[image]
        for layer, spec in zip(layers, specs, strict=True):
            inputs.append(np.pad(values, (0, layer.shape[0] - values.size)))
            values = spec.gain * layer.read(inputs[-1])
            values = np.tanh(values) if spec.activation == "tanh" else values
        power = np.exp(scale * (values - values.max()))
        errors = [power / power.sum() - np.eye(values.size)[labels[image]]]
        for k in range(len(layers) - 1, 0, -1):
            behind = specs[k].gain * layers[k].read(errors[0], transposed=True)[: specs[k].inputs]
            errors.insert(0, behind * (1 - inputs[k][: specs[k].inputs] ** 2))
        for layer, own, error in zip(layers, inputs, errors, strict=True):
            fired += layer.update(own, error, learning_rate)
            if (image + 1) % rule.transfer_every == 0:  # type: ignore[attr-defined]
                layer.transfer(rule.threshold)  # type: ignore[attr-defined]
    return time.perf_counter() - began, fired


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
    plain, fired = train_plain(given.images, given.learning_rate)
    print(
        f"NumPy: {plain * ms:.2f} ms an image, {fired / given.images:.0f} pulses on A an image; "
        f"{plain / found.wall:.1f} times as long"
    )
    low, high = (bound / (found.wall * ms) for bound in AIHWKIT)
    print(
        f"AIHWKIT, measured elsewhere at {AIHWKIT} ms an image, takes {low:.1f} to {high:.1f} times as long"
    )


if __name__ == "__main__":
    main()
