"""What events cost: visits an image, microseconds a visit, their share of a run of the three-layer network.

    python benchmarks/engine.py [--images N]

The first images of `mnist-fc` run on `reram-tiled-512` one after another, and every group of transactions
that they send is noted. The same groups then go over the same components again with nothing to compute: what
that takes is the engine's own time, SimPy's and ours. Visits are counted, and are the same on any machine.
The second part places a network on a mesh of some 4,000 tiles and estimates an image by counts alone.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from chipsim.accounting.ledger import Ledger
from chipsim.accounting.work import Work
from chipsim.architecture import estimate
from chipsim.experiments.run import Request, prepare, stage_data
from chipsim.simulation.chip import Chip
from chipsim.simulation.controller import Controller, execute
from chipsim.simulation.node import Floor, Step, Transaction
from chipsim.simulation.records import StageTask
from chipsim.workloads import preparation

MESH = """format: chipsim-architecture/1
extends: reram-tiled-512
name: mesh-of-tiles
components:
  bus:     {type: mesh, rows: 64, columns: 64}
  dac:     {lanes: 64}
  columns: {lanes: 64}
  array:   {rows: 64, columns: 64}
"""
NETWORK = """format: chipsim-workload/1
extends: mnist-fc
name: wide
network:
  layers:
    - {type: dense, in: 784, out: 2048, activation: tanh}
    - {type: dense, in: 2048, out: 3168, activation: tanh}
    - {type: dense, in: 3168, out: 10}
"""


class Sent(NamedTuple):
    """A transaction that was sent: its operation, layer and images, and its steps with their times [ps]."""

    operation: str
    layer: str
    images: int
    steps: tuple[tuple[Step, int], ...]


class Run(NamedTuple):
    """A run of some images: its wall time [s] without evaluations, and the groups of transactions it sent."""

    wall: float
    groups: list[tuple[Sent, ...]]
    visits: int


def train(images: int) -> tuple[Run, Controller]:
    """Train on some images, once to compile, and once that counts."""
    job = prepare(Request("reram-tiled-512", "mnist-fc"))
    data, _ = stage_data(job.workload, 0, preparation.convert(job.selection, job.workload.data, 0), 0)
    few = data.__class__(data.train_x, data.train_y, data.test_x[:10], data.test_y[:10], data.order)
    rule = job.rules["train"]
    for count in (20, images):
        controller = Controller(Chip(job.plan, 0))
        groups = _note(controller.floor)
        marks: list[float] = []
        task = StageTask("train", "random", count, count, rule, few)
        controller.run(task, lambda *_, marks=marks: marks.append(time.perf_counter()))
    visits = sum(len({step.node for step, _ in sent.steps}) for group in groups for sent in group)
    return Run(marks[-1] - marks[0], groups, visits), controller


def _note(floor: Floor) -> list[tuple[Sent, ...]]:
    """Groups as they come back, from the first that carries an image on."""
    groups: list[tuple[Sent, ...]] = []
    inner = floor.came_back

    def came_back(transactions: Sequence[Transaction], begin: int) -> None:
        inner(transactions, begin)
        if groups or transactions[0].images:
            groups.append(tuple(_sent(transaction) for transaction in transactions))

    floor.came_back = came_back  # type: ignore[method-assign]
    return groups


def _sent(transaction: Transaction) -> Sent:
    spent: dict[str, int] = {}
    for leg, ps in transaction.path(0):
        if leg.served:
            spent[leg.component] = spent.get(leg.component, 0) + ps
    steps = tuple((step, spent.pop(step.node, 0)) for step in transaction.route)
    return Sent(transaction.operation, transaction.layer, transaction.images, steps)


def replay(run: Run, controller: Controller) -> float:
    """Wall time [s] of the same transactions with nothing to compute."""
    names = tuple(controller.floor.nodes)
    floor = Floor(names, controller.floor.controller, 64, Ledger())

    def program() -> Iterator[tuple[Transaction, ...]]:
        for group in run.groups:
            yield tuple(
                Transaction(sent.operation, sent.layer, tuple(_hollow(*step) for step in sent.steps), None)
                for sent in group
            )

    began = time.perf_counter()
    execute(floor, program())  # type: ignore[arg-type]
    return time.perf_counter() - began


def _hollow(step: Step, duration: int) -> Step:
    work = Work(duration, {"dac_conv": 1})
    return step._replace(compute=lambda _: work, keeps=None, joint=min(step.joint, 1))


def mesh() -> tuple[int, float]:
    """Tiles of a mesh, and the seconds that placing a network and estimating an image take."""
    with tempfile.TemporaryDirectory() as folder:
        chip, work = Path(folder) / "mesh.yaml", Path(folder) / "wide.yaml"
        chip.write_text(MESH, "utf-8")
        work.write_text(NETWORK, "utf-8")
        began = time.perf_counter()
        job = prepare(Request(str(chip), str(work)))
        estimate.of_stage(job.plan, "train", job.rules["train"])
        return len(job.plan.architecture.cells), time.perf_counter() - began


def main(arguments: Sequence[str] | None = None) -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=781)
    given: Any = parser.parse_args(arguments)
    run, controller = train(given.images)
    engine = min(replay(run, controller) for _ in range(3))
    print(f"{given.images} images: {run.wall:.2f} s, {1e3 * run.wall / given.images:.2f} ms an image")
    print(f"visits: {run.visits / given.images:.1f} an image")
    print(
        f"events alone: {engine:.2f} s, {1e6 * engine / run.visits:.1f} us a visit, {engine / run.wall:.1%}"
    )
    tiles, took = mesh()
    print(f"{tiles} tiles on a mesh, placed and estimated by counts alone: {took:.1f} s")


if __name__ == "__main__":
    main()
