"""What a size of tile costs the transfer of figure 10A: accuracy, time, energy, area, utilisation.

    python studies/tile_table.py WEIGHTS [--epochs 10] [--noise 10] [--workers 2]

WEIGHTS is a safetensors file of the pre-trained network, as `chipsim reproduce fig10a` leaves one in its
folder (`curves/fc-pretrain.safetensors`) and `chipsim export` writes one. Tiles of four sizes, A and C on
tiles of their own or side by side, all else as in `reram-tiled-512-host`, one converter for eight lines;
fine-tuned with the rule of `mnist-fc-transfer` for some epochs, seed 0, all test images. `to 5 %` is what it
takes until the mean error of three evaluations is 5 %.
"""

from __future__ import annotations

import argparse
import functools
import json
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import NamedTuple

from chipsim.architecture.hollow import TYPICAL
from chipsim.experiments import planning
from chipsim.experiments.run import Request, prepare, simulate
from chipsim.reports.quantities import quantity

SIZES = (128, 256, 512, 1024)
PACKINGS = {"apart": "apart", "shared": "together"}
EPOCH = 781
HEAD = "size, A and C, tiles, cells used, area, error before, after, lowest, time, energy, to 5 %"
SHARING = 8
"""Lines of a converter."""


class Row(NamedTuple):
    """What came of one chip."""

    size: int
    packing: str
    tiles: int
    utilisation: float
    area: float
    before: float
    last: float
    best: float
    time: float
    energy: float
    until: tuple[float, float] | None
    """Time [s] and energy [J] to the target."""


def request(size: int, packing: str, weights: str, epochs: int, noise: float) -> Request:
    """Fine-tuning on tiles of a size."""
    lanes = ("array.rows", "array.columns", "dac.lanes", "columns.lanes")
    return Request(
        "reram-tiled-512-host", "mnist-fc-transfer",
        (
            f"packing={PACKINGS[packing]}",
            *(f"components.{path}={size}" for path in lanes),
            *(f"components.{name}.count={size // SHARING}" for name in ("adc", "rows")),
            f"stages.pretrain.start={{weights: {json.dumps(weights)}}}", "stages.pretrain.images=0",
            f"stages.program.method.spread={noise:g} %", "evaluate.target=95 %",
            f"stages.finetune.images={epochs * EPOCH}",
        ),
    )  # fmt: skip


def run(given: tuple[int, str], weights: str, epochs: int, noise: float) -> Row:
    """The row of one chip."""
    size, packing = given
    job = prepare(request(size, packing, weights, epochs, noise))
    result = simulate(job, 0)
    stage = result.stages["finetune"]
    accuracy, reached = stage.accuracy, stage.to_target
    arrays = planning.plan(job.request, TYPICAL)["arrays"]
    return Row(
        size, packing, arrays["number"], arrays["utilisation"], float(result.record["area_m2"]),
        1 - accuracy.first, 1 - accuracy.last, 1 - accuracy.best, stage.time_s, stage.energy_J,
        None if reached is None else (reached.time_s, reached.energy_J),
    )  # fmt: skip


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("weights")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--noise", type=float, default=10.0)
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    chips = [(size, packing) for size in SIZES for packing in PACKINGS]
    one = functools.partial(run, weights=given.weights, epochs=given.epochs, noise=given.noise)
    head = HEAD.split(", ")
    print(f"| {' | '.join(head)} |\n{'| --- ' * len(head)}|")
    with ProcessPoolExecutor(given.workers, mp_context=get_context("spawn")) as pool:
        for row in pool.map(one, chips):
            until = (
                "-" if row.until is None else f"{quantity(row.until[0], 's')}, {quantity(row.until[1], 'J')}"
            )
            cells = (
                row.size, row.packing, row.tiles, f"{row.utilisation:.1%}", f"{1e6 * row.area:.2f} mm2",
                f"{row.before:.2%}", f"{row.last:.2%}", f"{row.best:.2%}",
                quantity(row.time, "s"), quantity(row.energy, "J"), until,
            )  # fmt: skip
            print(f"| {' | '.join(map(str, cells))} |", flush=True)


if __name__ == "__main__":
    main()
