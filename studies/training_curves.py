"""Compare the learning rules with AIHWKIT's training curves on its task of 8,000 images.

    python studies/training_curves.py [--seeds N] [--workers N] [--cell CELL] [--io IO] [--every N] [RULE ...]

For each row of the reference (5 seeds) and N seeds of ours: mean and standard deviation over the seeds of
test accuracy and loss, and how likely curves that are alike would differ as much (a permutation test over
seeds, described at `chance` in tests/learning/reference_task.py). Below 1 % the verdict is that they differ.
Run it in the repository's root, which must be on PYTHONPATH.
"""

from __future__ import annotations

import argparse
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from multiprocessing import get_context

import numpy as np

from tests.learning import reference_task
from tests.learning.reference_task import Measured

DEVICES = {"reram-om": "OM", "reram-hfo2": "HfO2"}
LEVEL = 0.01


def run(name: str, seed: int, cell: str, io: str) -> list[Measured]:
    """One seed of a row."""
    return reference_task.train(reference_task.RULES[name], seed, reference_task.task(), cell=cell, io=io)


def main() -> None:
    """Print the tables and the verdicts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("rules", nargs="*", metavar="RULE", default=[])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--cell", choices=DEVICES, default="reram-om")
    parser.add_argument("--io", choices=reference_task.READS, default="perfect")
    parser.add_argument("--every", type=int, default=1000, help="images between the rows that are printed")
    given = parser.parse_args()
    measured = reference_task.reference(DEVICES[given.cell], given.io)
    names = given.rules or [name for name in reference_task.RULES if name in measured]
    verdicts = []
    with ProcessPoolExecutor(given.workers, mp_context=get_context("spawn")) as pool:
        for name in names:
            runs = list(pool.map(run, repeat(name), range(given.seeds), repeat(given.cell), repeat(given.io)))
            verdicts.append(report(name, given.cell, given.io, runs, given.every))
    print("rule      chance that alike curves differ as much  verdict")
    for name, share in verdicts:
        print(f"{name:8s}  {share:39.4f}  {'differs' if share < LEVEL else 'agrees'}")


def report(name: str, cell: str, io: str, runs: list[list[Measured]], every: int) -> tuple[str, float]:
    """Print the table of one row; returns its name and the chance."""
    device = DEVICES[cell]
    theirs = reference_task.reference(device, io)[name]
    print(f"{name} on {cell}, {io} reads, {len(runs)} seeds (reference: 5)")
    print("images    accuracy reference       chipsim      loss reference             chipsim")
    for index, measured in enumerate(runs[0]):
        if measured.images % every:
            continue
        table = np.array([[run[index].accuracy, run[index].loss] for run in runs])
        other = np.array(theirs[measured.images])
        cells = [
            f"{values[:, k].mean():9.4f} +- {values[:, k].std(ddof=1):6.4f}"
            for k in (0, 1)
            for values in (other, table)
        ]
        print(f"{measured.images:6d}  {'  '.join(cells)}")
    share = reference_task.chance(
        reference_task.curves(runs), reference_task.reference_curves(name, device=device, io=io)
    )
    print(f"chance that alike curves differ as much: {share:.4f}\n", flush=True)
    return name, share


if __name__ == "__main__":
    main()
