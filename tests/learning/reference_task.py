"""The task of the reference's training curves, and our rules on it: digits 0 and 1 as 64 pixels, one layer.

A real chip runs it, clock, converters and all. Split, start weights and order of the images are the
reference's; devices and pulses follow from the seed.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from chipsim.architecture import graph
from chipsim.architecture.placement import compile_plan
from chipsim.inputs import documents
from chipsim.learning import agad, c_ttv2, mixed_precision, sgd, ttv1, ttv2
from chipsim.learning.rule import LearningRule
from chipsim.simulation.chip import Chip
from chipsim.simulation.controller import Controller
from chipsim.simulation.records import StageData, StageTask
from chipsim.workloads import dataset
from chipsim.workloads.network import Dense, Loss, Network

REFERENCE = Path(__file__).parent.parent / "reference"
IMAGES = 8000
EVERY = 500

CHIP = """\
format: chipsim-architecture/1
name: reference-task
technology: 14 nm
costs: {{table: analog-14nm}}
components:
  controller: {{type: controller}}
  dac:        {dac}
  drivers:    {{type: pulse-driver, bit_length: 31}}
  array:      {{type: crossbar, rows: 64, columns: 4, cell: {cell}}}
  adc:        {adc}
  integrator: {{type: integrator, bits: 32, range: 8}}
  digital:    {{type: digital-unit}}
links:
  - controller -> dac -> array -> adc -> digital -> controller
  - controller -> drivers -> array
  - adc -> integrator -> drivers
  - controller -> digital -> integrator
"""
"""Words of 32 bits stand for floating point."""

READS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "perfect": {
            "dac": "{type: ideal-dac, bits: 7, lanes: 64}", "adc": "{type: ideal-adc, bits: 9, count: 1}",
        },
        "preset": {
            "dac": "{type: dac, bits: 6, slots: 63, lanes: 64, noise_management: {scale: abs-max},"
            " bound_management: {retries: 10}}",
            "adc": "{type: adc, bits: 9, count: 1, range: 20, full_scale: range, output_noise: 0.1}",
        },
    }
)  # fmt: skip
"""The reference's reads. Its DAC of 7 bits has 127 levels: 63 slots of either polarity, and none."""

MANAGED: Mapping[str, Any] = MappingProxyType(
    {"update_management": True, "bit_length_management": True, "bit_length": 31}
)
COLUMN_AN_IMAGE: Mapping[str, Any] = MappingProxyType(
    {"transfer_every": 1, "read": "line", "symmetry_pairs": 0, **MANAGED}
)
BUFFERED: Mapping[str, Any] = MappingProxyType(
    {
        **COLUMN_AN_IMAGE, "learning_rate": 0.001, "gain": 0.1, "threshold": 1.0, "threshold_unit": "step",
        "remainder": "forget", "momentum": 0.1,
    }
)  # fmt: skip
PRESET: Mapping[str, Any] = MappingProxyType(
    {
        **COLUMN_AN_IMAGE, "learning_rate": 0.5, "scale": "auto", "gain": 0.1, "threshold": 1000.0,
        "threshold_unit": "period", "remainder": "forget",
    }
)  # fmt: skip

RULES: Mapping[str, LearningRule] = MappingProxyType(
    {
        "sgd": sgd.Rule(type="sgd", learning_rate=0.1, **MANAGED),
        "ttv1": ttv1.Rule(type="ttv1", learning_rate=0.001, transfer_rate=0.1, **COLUMN_AN_IMAGE),
        "ttv2b": ttv2.Rule(type="ttv2", **BUFFERED),
        "ttv2b10": ttv2.Rule(type="ttv2", **{**BUFFERED, "transfer_every": 10}),
        "ttv2": ttv2.Rule(type="ttv2", **PRESET),
        "cttv2": c_ttv2.Rule(type="c-ttv2", chop_probability=0.01, **PRESET),
        "agad": agad.Rule(type="agad", chop="regular", chop_probability=0.1, **PRESET),
        "mp": mixed_precision.Rule(type="mixed-precision", learning_rate=0.1, **MANAGED),
    }
)
"""The reference's rows, with its settings in our words.

Where the reference's settings say fast_lr 0.01, the classes TransferCompound and BufferedTransferCompound of
AIHWKIT 1.2.0 multiply by the learning rate 0.1 (`scale_fast_lr`, true by default there): A's rate is 0.001.
"""


class Measured(NamedTuple):
    """Test accuracy and loss after so many images."""

    images: int
    accuracy: float
    loss: float


class Task(NamedTuple):
    """Images in the order in which they are shown, test images, and the start weights `(rows, columns)`."""

    x: NDArray[np.float64]
    labels: NDArray[np.int64]
    test_x: NDArray[np.float64]
    test_labels: NDArray[np.int64]
    weights: NDArray[np.float64]


def task() -> Task:
    """The reference's task. Raises `DataError` where the digits are not there."""
    with (REFERENCE / "digits01_split.csv").open() as file:
        rows = list(csv.DictReader(file))
    order = np.loadtxt(REFERENCE / "digits01_order.csv", delimiter=",", skiprows=1, dtype=np.int64)[:, 1]
    indices = np.array([int(row["load_digits_index"]) for row in rows])
    labels = np.array([int(row["label"]) for row in rows])
    train = np.array([row["part"] == "train" for row in rows])
    x = dataset.load("digits", "all", indices).pixels / 16.0
    weights = np.loadtxt(REFERENCE / "digits01_w0.csv", delimiter=",").T
    return Task(x[train][order], labels[train][order], x[~train], labels[~train], weights)


def chip(
    rule: LearningRule, seed: int, weights: NDArray[np.float64], cell: str = "reram-om", io: str = "perfect"
) -> Chip:
    """A chip whose weights are the start weights and whose other arrays are at their references."""
    text = CHIP.format(cell=cell, **READS[io])
    layer = Dense.model_validate({"type": "dense", "in": 64, "out": 2})
    network = Network(layers=(layer,), loss=Loss(type="softmax-cross-entropy", scale=1.0))
    architecture = graph.load(documents.parse(text, "reference-task.yaml"))
    found = Chip(compile_plan(architecture, network, {"train": rule}), seed)
    for (_, matrix), seat in found.seats.items():
        start = weights if matrix == rule.weights else np.zeros_like(weights)
        seat.crossbar.cells.place(seat.region, start)
    return found


def train(
    rule: LearningRule, seed: int, given: Task, images: int = IMAGES, cell: str = "reram-om",
    io: str = "perfect",
) -> list[Measured]:  # fmt: skip
    """Train with one image after another; measured at the start and after every `EVERY` images."""
    order = np.arange(given.labels.size)
    data = StageData(given.x, given.labels, given.test_x, given.test_labels, lambda _: order)
    task = StageTask("train", "keep", images, EVERY, rule, data)
    outcome = Controller(chip(rule, seed, given.weights, cell, io)).run(task)
    return [Measured(found.image, found.accuracy, found.loss) for found in outcome.evaluations]


def reference(device: str = "OM", io: str = "perfect") -> dict[str, dict[int, list[tuple[float, float]]]]:
    """Accuracy and loss of the reference's seeds, by rule and number of images."""
    found: dict[str, dict[int, list[tuple[float, float]]]] = {}
    with (REFERENCE / "aihwkit_training_curves_seeds.csv").open() as file:
        for row in csv.DictReader(file):
            if row["device"] in (device, "none") and row["io"] == io:
                values = float(row["accuracy"]), float(row["loss"])
                found.setdefault(row["rule"], {}).setdefault(int(row["images"]), []).append(values)
    return found


Curves = NDArray[np.float64]
"""`(seeds, numbers)`: accuracies and logarithms of losses at the checkpoints."""


def curves(runs: list[list[Measured]]) -> Curves:
    """The numbers of some runs of ours, after training has begun."""
    return np.array([[v for m in run[1:] for v in (m.accuracy, np.log(m.loss))] for run in runs])


def reference_curves(rule: str, images: int = IMAGES, device: str = "OM", io: str = "perfect") -> Curves:
    """The numbers of the reference's seeds up to a number of images."""
    points = [values for done, values in sorted(reference(device, io)[rule].items()) if 0 < done <= images]
    return np.array(
        [[v for a, loss in seed for v in (a, np.log(loss))] for seed in zip(*points, strict=True)]
    )


def chance(ours: Curves, theirs: Curves, draws: int = 20_000) -> float:
    """How often curves that differ by chance alone would differ as much as these do.

    A permutation test: the largest difference of the two means over all checkpoints, of accuracy or log loss,
    in standard deviations over all seeds, against its distribution when seeds are dealt out at random. It is
    exact for any distribution, and needs no allowance for the number of checkpoints.
    """
    both = np.concatenate([ours, theirs])
    spread = both.std(axis=0)
    both = (both / np.where(spread > 0, spread, np.inf)).astype(np.float64)
    count, size = both.shape[0], ours.shape[0]

    def largest(chosen: NDArray[np.int64]) -> float:
        rest = np.setdiff1d(np.arange(count), chosen)
        return float(np.abs(both[chosen].mean(axis=0) - both[rest].mean(axis=0)).max())

    found = largest(np.arange(size))
    rng = np.random.default_rng(0)
    dealt = [largest(rng.permutation(count)[:size]) for _ in range(draws)]
    return float((1 + sum(value >= found - 1e-9 for value in dealt)) / (1 + draws))
