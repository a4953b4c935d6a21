"""Search what `mnist-fc` is trained with: activation, A's learning rate and the gain from A to H.

    python studies/search_mnist_fc.py
    python studies/search_mnist_fc.py --epochs 40 --activations tanh --gains 0.25 1

The images that count are not the test images: 2,000 images of the training file that the workload does not
train on. Seeds run from 1000 on, which no report uses. Only threshold / gain matters, so the threshold
stays as it is; what falls over the run is the transfer (`schedule`), whatever its length. A setting's score
is the mean error after the last epoch; of the settings within one standard error of the best (over the seeds;
with one seed, the standard error of a share of 2,000 images) the one with the fewest pulses is chosen.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from typing import NamedTuple

import numpy as np

from chipsim.experiments.run import Job, Request, prepare, simulate
from chipsim.workloads import dataset

ACTIVATIONS = ("tanh", "relu")
RATES = (1.0, 3.0)
GAINS = (0.5, 1.0)
FIRST_SEED = 1000
EPOCH = 781
HELD_OUT = np.arange(10_000, 12_000)
"""Images of the training file by which settings are judged; the workload trains on the first 781."""


class Setting(NamedTuple):
    """What is searched."""

    activation: str
    rate: float
    gain: float

    def settings(self, epochs: int) -> tuple[str, ...]:
        """The same for `--set`."""
        return (
            f"stages.train.images={epochs * EPOCH}",
            f"evaluate.every={epochs * EPOCH} images",
            f"network.layers.0.activation={self.activation}",
            f"network.layers.1.activation={self.activation}",
            f"stages.train.rule.learning_rate={self.rate}",
            f"stages.train.rule.gain={self.gain}",
            f"stages.train.rule.schedule.images={epochs * EPOCH}",
        )


class Score(NamedTuple):
    """Mean error on the images held out, its standard error, and mean pulses an image."""

    error: float
    deviation: float
    pulses: float


def judged(job: Job) -> Job:
    """The job with the images held out in the place of the test images: what it has read is kept there."""
    vars(job)["selection"] = replace(job.selection, test=dataset.load("mnist", "train", HELD_OUT))
    return job


def score(task: tuple[str, Setting, int, int]) -> Score:
    """The score of one setting over its seeds."""
    architecture, setting, epochs, seeds = task
    job = judged(prepare(Request(architecture, "mnist-fc", setting.settings(epochs))))
    errors, pulses = [], []
    for seed in range(FIRST_SEED, FIRST_SEED + seeds):
        result = simulate(job, seed)
        errors.append(1.0 - result.rows["accuracy"][-1][3])
        fired = result.stages["train"].pulses
        pulses.append((fired.set + fired.reset) / (epochs * EPOCH))
    mean = statistics.fmean(errors)
    spread = statistics.stdev(errors) / seeds**0.5 if seeds > 1 else 0.0
    return Score(mean, max(spread, (mean * (1 - mean) / HELD_OUT.size) ** 0.5), statistics.fmean(pulses))


def main() -> None:
    """Print the grid, best first."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("architecture", nargs="?", default="reram-tiled-512")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--activations", nargs="+", default=ACTIVATIONS)
    parser.add_argument("--rates", nargs="+", type=float, default=RATES)
    parser.add_argument("--gains", nargs="+", type=float, default=GAINS)
    given = parser.parse_args()
    grid = [Setting(*values) for values in itertools.product(given.activations, given.rates, given.gains)]
    tasks = [(given.architecture, setting, given.epochs, given.seeds) for setting in grid]
    with ProcessPoolExecutor(given.workers, mp_context=get_context("spawn")) as pool:
        found = []
        for setting, scored in zip(grid, pool.map(score, tasks), strict=True):
            print(f"{setting}: {scored}", file=sys.stderr)
            found.append((scored, setting))
    found.sort()
    best = found[0][0]
    near = [(score.pulses, setting) for score, setting in found if score.error <= best.error + best.deviation]
    print(f"{given.architecture}, {given.epochs} epochs, {given.seeds} seed(s) from {FIRST_SEED}")
    print("activation  learning_rate  gain   error  std. error  pulses an image")
    for (error, deviation, pulses), (activation, rate, gain) in found:
        print(f"{activation:10}  {rate:13g}  {gain:4g}  {error:6.2%}  {deviation:10.2%}  {pulses:15.0f}")
    activation, rate, gain = min(near)[1]
    print(f"chosen: activation {activation}, learning_rate {rate:g}, gain {gain:g}")


if __name__ == "__main__":
    main()
