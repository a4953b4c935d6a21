"""How fast a 512x512 tile of `reram-om` is pulsed and read, side by side in one process.

    python benchmarks/tile_512.py [--repeats N] [--images B] [--processor-time]

A rank-1 update is B images of trains of 31 slots at once, on dense inputs and on inputs of which a fifth is
not zero, at three mean numbers of pulses a cell; an MVM is one vector or ten, both ways. Compared
are chipsim on one thread and on two, the same physics in plain NumPy at the same pulse counts (its trains are
chipsim's), and the public AIHWKIT where it can be imported. Times are the best of some repeats, wall clock;
with --processor-time, for a machine that others use too, processor time divided by the number of threads.
Those of chipsim include wear and whole sums of conductance, which the others do not keep.
"""

from __future__ import annotations

import argparse
import functools
import os
import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from chipsim.circuits.crossbar import Crossbar
from chipsim.circuits.pulse_driver import Firing, Parameters, PulseDriver
from chipsim.devices import cells
from chipsim.devices.device import Cells, Region
from chipsim.devices.trains import LineTrains, Wanted
from chipsim.inputs import documents
from chipsim.numerics.draws import stream
from chipsim.numerics.threads import VARIABLE

SIZE = 512
SLOTS = 31
WHOLE = Region(0, 0, SIZE, SIZE)
AIHWKIT_PULSE = 19.0
"""Nanoseconds a pulse of the public AIHWKIT on a machine of this kind, from the issue."""


class Case(NamedTuple):
    """Inputs of an update."""

    name: str
    density: float
    scale: float
    """From a value to the probability that its line fires in a slot."""


CASES = [
    Case(f"{kind}, scale {scale}", density, scale)
    for kind, density in (("dense", 1.0), ("20 % non-zero", 0.2))
    for scale in (0.3, 0.6, 1.0)
]


def tile() -> Cells:
    """Devices somewhere within their bounds."""
    model = cells.load(documents.parse("cell: reram-om\n", "benchmark"), ("cell",), "benchmark")
    found = model.build(SIZE, SIZE, 0, "tile")
    found.randomise(WHOLE)
    return found


def values(case: Case, images: int) -> tuple[np.ndarray, np.ndarray]:
    """Inputs and errors `(images, 512)`, uniform in -1..1."""
    draws = np.random.default_rng(0)
    x = draws.uniform(-1, 1, (images, SIZE)) * (draws.random((images, SIZE)) < case.density)
    return x, draws.uniform(-1, 1, (images, SIZE))


def trains(case: Case, x: np.ndarray, error: np.ndarray) -> LineTrains:
    """Trains for them, drawn per line."""
    driver = PulseDriver(Parameters(type="pulse-driver", bit_length=SLOTS, pulse_width=1e-7))
    keys = stream(0, "rows"), stream(0, "columns")
    scales = np.full(x.shape[0], case.scale)
    firing = Firing(scales, scales, np.full(x.shape[0], SLOTS))
    return driver.draw(x, error, firing, keys, 0)[0]


class Clock(NamedTuple):
    """Shortest time of some repeats [s]: wall time, or processor time shared by the threads at work."""

    processor: bool

    def best(self, work: Callable[[], object], repeats: int, threads: int = 1) -> float:
        """The first run, which compiles, does not count."""
        now = time.process_time if self.processor else time.perf_counter
        work()
        times = []
        for _ in range(repeats):
            began = now()
            work()
            times.append(now() - began)
        return min(times) / (threads if self.processor else 1)


class Plain:
    """The same physics in NumPy: the pulsed cells of an image, those with most pulses first."""

    def __init__(self, found: Cells) -> None:
        self.state = found.state.ravel().copy()
        self.numbers = np.ascontiguousarray(np.moveaxis(found.numbers, -1, 0).reshape(7, -1))
        self.draws = np.random.Generator(np.random.SFC64(0))

    def update(self, lines: LineTrains) -> int:
        """Fire coincidences, image by image, the k-th pulses of all cells together; returns pulses."""
        fired = 0
        for image in range(lines.rows.shape[0]):
            hits = np.bitwise_count(lines.rows[image, :, None] & lines.columns[image]).ravel()
            up = (lines.row_signs[image, :, None] * lines.column_signs[image] < 0).ravel()
            chosen = np.nonzero(hits)[0]
            chosen = chosen[np.argsort(hits[chosen], kind="stable")[::-1]]
            self.fire(chosen, hits[chosen], up[chosen])
            fired += int(hits.sum())
        return fired

    def fire(self, chosen: np.ndarray, hits: np.ndarray, up: np.ndarray) -> None:
        """Pulses on chosen cells, those with most first."""
        rise, fall, by_top, by_bottom, top, bottom, noise = self.numbers[:, chosen]
        size, slope = np.where(up, rise, -fall), np.where(up, by_top, by_bottom)
        state = self.state[chosen]
        for k in range(int(hits.max(initial=0))):
            n = int(np.count_nonzero(hits > k))
            z = self.draws.standard_normal(n, dtype=np.float32)
            z *= noise[:n]
            z += 1 - state[:n] * slope[:n]
            z *= size[:n]
            state[:n] = np.minimum(np.maximum(state[:n] + z, bottom[:n]), top[:n])
        self.state[chosen] = state


def updates(clock: Clock, repeats: int, images: int) -> None:
    """The table of updates."""
    print(f"rank-1 update, {images} image(s) at once; ns a pulse and ms an image")
    names = "".join(f"{name:>22}" for name in ("NumPy", "chipsim, 1 thread", "chipsim, 2 threads"))
    print(f"{'input':26}{'pulses a cell':>14}{names}{'of NumPy':>10}{'of AIHWKIT':>12}")
    for case in CASES:
        x, error = values(case, images)
        lines = trains(case, x, error)
        plain = Plain(tile())
        fired = plain.update(lines)
        times = [clock.best(lambda: plain.update(lines), max(1, repeats // 10))]  # noqa: B023
        for count in (1, 2):
            os.environ[VARIABLE] = str(count)
            ours, wanted = Crossbar(tile()), Wanted(x, error, 1.0)
            done, _ = ours.update(lines, WHOLE, wanted)
            assert done.set_pulses + done.reset_pulses == fired, "equal pulse counts"
            times.append(clock.best(lambda: ours.update(lines, WHOLE, wanted), repeats, count))  # noqa: B023
        shown = "".join(f"{t / fired * 1e9:11.2f} {t / images * 1e3:7.2f} ms" for t in times)
        ratios = f"{times[0] / times[2]:10.1f}{AIHWKIT_PULSE / (times[2] / fired * 1e9):12.1f}"
        print(f"{case.name:26}{fired / np.count_nonzero(x) / SIZE:14.2f}{shown}{ratios}")


def reads(clock: Clock, repeats: int) -> None:
    """The table of MVMs; NumPy's product is a BLAS one, whose last bits change with batch and threads."""
    print("\nMVM, ms a vector")
    ways = [
        f"{who} {way}" for who in ("BLAS", "1 thread,", "2 threads,") for way in ("forward", "transposed")
    ]
    print(f"{'input':26}" + "".join(f"{way:>23}" for way in ways))
    ours, draws = Crossbar(tile()), np.random.default_rng(1)
    weights = ours.cells.apparent(WHOLE)[0].copy()
    for vectors in (1, 10):
        for density in (1.0, 0.2):
            codes = draws.integers(-128, 129, (vectors, SIZE)) * (draws.random((vectors, SIZE)) < density)
            codes, real = codes.astype(np.int32), codes / 128.0
            times = [clock.best(lambda w=w: real @ w, repeats) for w in (weights, weights.T)]  # noqa: B023
            for count in (1, 2):
                os.environ[VARIABLE] = str(count)
                shared = count if vectors > 1 else 1
                for by in ("row", "column"):
                    work = functools.partial(ours.read, codes, WHOLE, by, 128)
                    times.append(clock.best(work, repeats, shared))
            shown = "".join(f"{t / vectors * 1e3:23.4f}" for t in times)
            print(f"{f'{density:.0%} non-zero, {vectors} at once':26}{shown}")


def peer(clock: Clock, repeats: int, images: int) -> None:
    """The public AIHWKIT's own tile, or why not; its rate makes the same mean pulses as the scale does."""
    try:
        import torch
        from aihwkit.simulator.configs import build_config
        from aihwkit.simulator.tiles import AnalogTile
    except ImportError as error:
        print(
            f"\nAIHWKIT: skipped, {error}. Measured elsewhere, on a machine of this kind: "
            f"{AIHWKIT_PULSE} ns a pulse"
        )
        return
    config = build_config("sgd", "ReRamArrayOMPresetDevice")
    config.update.desired_bl, config.update.update_bl_management = SLOTS, False
    config.update.update_management = False
    analog = AnalogTile(SIZE, SIZE, config)
    for case in CASES:
        x, error = (torch.tensor(v, dtype=torch.float32) for v in values(case, images))
        analog.set_learning_rate(case.scale**2 * config.device.dw_min * SLOTS)
        seconds = clock.best(lambda: analog.update(x, error), repeats) / images  # noqa: B023
        read = clock.best(lambda: analog.forward(x), repeats) / images  # noqa: B023
        print(f"AIHWKIT, {case.name}: {seconds * 1e3:.2f} ms an update, {read * 1e3:.4f} ms an MVM")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--repeats", type=int, default=50)
    parser.add_argument("--images", type=int, default=1)
    parser.add_argument("--processor-time", action="store_true")
    given = parser.parse_args()
    clock = Clock(given.processor_time)
    updates(clock, given.repeats, given.images)
    reads(clock, given.repeats)
    peer(clock, given.repeats, given.images)


if __name__ == "__main__":
    main()
