"""Search TTv2's hyper-parameters on training from random conductances alone.

    python studies/search_ttv2.py [WORKLOAD] [--seeds N] [--workers N]

A grid of A's learning rate and H's threshold (only threshold / gain matters; gain stays 1), on seeds from
1000 on, which no report uses. A setting's score is the mean accuracy over the last fifth of training, as
a share of the linear classifier's on the same inputs, averaged over the seeds. Of the settings within one
standard error of the best, the one with the fewest pulses is chosen: wear costs, and the difference in
accuracy is not one that these seeds can show. Nothing here looks at transfer.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import NamedTuple

from chipsim.experiments.run import Request, prepare, simulate

RATES = (0.03, 0.1, 0.3, 1.0, 3.0)
THRESHOLDS = (1.0, 3.0, 10.0, 30.0)
FIRST_SEED = 1000


class Score(NamedTuple):
    """Mean share of the linear accuracy and its standard error, median images to target, mean pulses."""

    share: float
    error: float
    images: float
    pulses: float


def score(task: tuple[str, float, float, int]) -> Score:
    """The score of one setting over its seeds."""
    workload, rate, threshold, seeds = task
    settings = (
        f"stages.train.rule.learning_rate={rate}",
        f"stages.train.rule.threshold={threshold}",
    )
    job = prepare(Request("reram-8x4", workload, settings))
    shares, images, pulses = [], [], []
    for seed in range(FIRST_SEED, FIRST_SEED + seeds):
        result = simulate(job, seed)
        record = result.stages["train"]
        accuracies = [row[3] for row in result.rows["accuracy"]]
        tail = statistics.fmean(accuracies[-len(accuracies) // 5 :])
        shares.append(tail / record.linear_accuracy)
        images.append(record.to_target.images if record.to_target else float("inf"))
        pulses.append(record.pulses.set + record.pulses.reset)
    error = statistics.stdev(shares) / len(shares) ** 0.5
    return Score(statistics.fmean(shares), error, statistics.median(images), statistics.fmean(pulses))


def main() -> None:
    """Print the grid, best first."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("workload", nargs="?", default="reduced-digits-scratch")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    grid = list(itertools.product(RATES, THRESHOLDS))
    tasks = [(given.workload, rate, threshold, given.seeds) for rate, threshold in grid]
    with ProcessPoolExecutor(given.workers, mp_context=get_context("spawn")) as pool:
        found = sorted(zip(pool.map(score, tasks), grid, strict=True), reverse=True)
    best = found[0][0]
    near = [(score.pulses, setting) for score, setting in found if score.share >= best.share - best.error]
    print(f"{given.workload}, {given.seeds} seeds from {FIRST_SEED}")
    print("learning_rate  threshold  share of linear  std. error  images to target  pulses")
    for (share, error, images, pulses), (rate, threshold) in found:
        print(f"{rate:13g}  {threshold:9g}  {share:15.4f}  {error:10.4f}  {images:16g}  {pulses:6.0f}")
    rate, threshold = min(near)[1]
    print(f"chosen: learning_rate {rate:g}, threshold {threshold:g}")


if __name__ == "__main__":
    main()
