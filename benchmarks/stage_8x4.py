"""How fast a stage of the paper's chip runs: 10,000 images with 101 evaluations.

    python benchmarks/stage_8x4.py [WORKLOAD] [--repeats N]

Prints wall times once the kernels are compiled, without reading the data, and the simulated events and
visits to components behind them. AIHWKIT 1.2 as its users run it (one image at a time, a Python loop) was
measured at 2.3 s for the 10,000 images alone, without events, time, energy or evaluations, on a machine
of the same class; where `aihwkit` can be imported, the same loop is timed here beside ours.
"""

from __future__ import annotations

import argparse
import statistics
import time

from chipsim.experiments.run import Request, prepare, simulate
from chipsim.simulation.trace import Log


def ours(workload: str, repeats: int) -> list[float]:
    """Wall times of one stage and its evaluations [s], data and kernels being there."""
    job = prepare(Request("reram-8x4", workload))
    simulate(job, 0)
    times = []
    for _ in range(repeats):
        began: list[float] = []
        ended: list[float] = []

        def note(stage: str, done: int, images: int, accuracy: float) -> None:
            (began if done == 0 else ended).append(time.perf_counter())  # noqa: B023

        simulate(job, 0, note)
        times.append(ended[-1] - began[0])
    log = Log()
    simulate(job, 0, listener=log)
    images = job.workload.stages[0].images
    print(f"{len(log)} visits to components for {images} images: {len(log) / images:.2f} an image")
    return times


def theirs(images: int = 10_000) -> float | None:
    """Wall time [s] of the same update rule in AIHWKIT, or None where it is not installed."""
    try:
        import torch
        from aihwkit.nn import AnalogLinear
        from aihwkit.optim import AnalogSGD
        from aihwkit.simulator.configs import build_config
    except ImportError:
        return None
    config = build_config("ttv2", "ReRamArrayOMPresetDevice")
    layer = AnalogLinear(8, 2, bias=False, rpu_config=config)
    optimiser = AnalogSGD(layer.parameters(), lr=0.1)
    x, labels = torch.rand(images, 1, 8) * 2 - 1, torch.randint(0, 2, (images, 1))
    began = time.perf_counter()
    for image in range(images):
        optimiser.zero_grad()
        torch.nn.functional.cross_entropy(4 * layer(x[image]), labels[image]).backward()
        optimiser.step()
    return time.perf_counter() - began


def main() -> None:
    """Print both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("workload", nargs="?", default="reduced-digits-scratch")
    parser.add_argument("--repeats", type=int, default=5)
    given = parser.parse_args()
    times = ours(given.workload, given.repeats)
    print(
        f"chipsim: {min(times):.3f} s at best, {statistics.median(times):.3f} s in the median of {len(times)}"
    )
    peer = theirs()
    print("aihwkit: not installed, skipped" if peer is None else f"aihwkit: {peer:.3f} s, images alone")


if __name__ == "__main__":
    main()
