"""What the tests of this room share: small chips, a rule that does as it is told, a tiny program."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from chipsim.accounting.ledger import Ledger
from chipsim.accounting.pricing import Prices
from chipsim.architecture import graph
from chipsim.architecture.graph import Architecture
from chipsim.architecture.placement import compile_plan
from chipsim.architecture.plan import Plan
from chipsim.inputs import documents
from chipsim.inputs.documents import Document
from chipsim.learning import loading, ttv2
from chipsim.learning.rule import (
    Chunk,
    Conversation,
    Declaration,
    LayerShape,
    LearningRule,
    Operation,
    passes,
)
from chipsim.simulation.chip import Chip
from chipsim.simulation.controller import Controller, execute
from chipsim.simulation.node import Floor, Step, Transaction
from chipsim.simulation.records import StageData, StageOutcome, StageTask
from chipsim.simulation.trace import Listener, Log
from chipsim.workloads import preparation, stages, tasks
from chipsim.workloads.network import Dense, Loss, Network

ARCHITECTURES = Path(__file__).parents[1] / "architectures"
SHIPPED = Path(__file__).parents[2] / "architectures"
WORKLOADS = Path(__file__).parents[2] / "workloads"


def load(name: str, **settings: str) -> Architecture:
    """An architecture of the tests, with values set; `__` in a setting's name stands for a dot."""
    document = documents.read(ARCHITECTURES / f"{name}.yaml")
    for path, value in settings.items():
        document = document.with_value(path.replace("__", "."), value)
    return graph.load(document)


def parse(components: str, links: Iterable[str], mapping: str = "") -> Architecture:
    """An architecture from the text of its components (YAML, indented), its links and its mapping."""
    lines = [
        "format: chipsim-architecture/1",
        "name: test",
        "technology: 14 nm",
        "costs: {table: analog-14nm}",
        "components:",
        components.rstrip(),
        "links:",
        *(f"  - {link}" for link in links),
    ]
    if mapping:
        lines += ["mapping:", mapping.rstrip()]
    return graph.load(documents.parse("\n".join(lines) + "\n", "test.yaml"))


def network(*sizes: int, bias: bool = False, activation: str = "tanh", scale: float = 4.0) -> Network:
    """Dense layers of these sizes; all but the last have the activation."""
    last = len(sizes) - 2
    layers = [
        {
            "type": "dense", "in": size, "out": following, "bias": bias,
            "activation": "identity" if index == last else activation,
        }
        for index, (size, following) in enumerate(pairwise(sizes))
    ]  # fmt: skip
    loss = Loss(type="softmax-cross-entropy", scale=scale)
    return Network(layers=tuple(Dense.model_validate(layer) for layer in layers), loss=loss)


def tiki_taka(**given: Any) -> ttv2.Rule:
    """TTv2 with few symmetry pulses and a low threshold, so that short stages see all operations."""
    return ttv2.Rule(type="ttv2", **({"symmetry_pairs": 2, "threshold": 0.5} | given))


def plan(architecture: Architecture, layers: Network, *rules: LearningRule) -> Plan:
    """The plan of a network with a rule for each stage."""
    return compile_plan(architecture, layers, {f"stage{i}": rule for i, rule in enumerate(rules)})


def prices(a_plan: Plan) -> Prices:
    """The prices of a plan's chip."""
    return Prices(a_plan.architecture.costs, a_plan.types(), a_plan.facts)


class Scripted(LearningRule):
    """A rule that asks for given groups of operations after every image, and for nothing before."""

    type: Literal["scripted"] = "scripted"
    script: Any
    """From the index of an image to groups of operations."""
    asks: Mapping[str, str]

    matrices: ClassVar[tuple[str, ...]] = ("A", "C")
    weights: ClassVar[str] = "C"

    def declarations(self) -> tuple[Declaration, ...]:
        """Anything may change: one image at a time."""
        return (*passes("C"), Declaration("any", frozenset({"A"}), frozenset({"A", "C"})))

    def operations(self) -> Mapping[str, str]:
        """As given."""
        return self.asks

    def start(self, layers: Sequence[LayerShape]) -> Conversation:
        """Nothing."""
        yield ()

    def step(self, layers: Sequence[LayerShape], chunk: Chunk) -> Conversation:
        """What the script says of the image."""
        yield from self.script(chunk.first)


def images(features: int, classes: int, count: int, seed: int = 0) -> StageData:
    """Noisy patterns, one for each class, as training and test images; the order is the set's own."""
    draw = np.random.default_rng(seed)
    patterns = draw.uniform(-1, 1, (classes, features))
    labels = np.arange(count, dtype=np.int64) % classes
    x = np.clip(patterns[labels] + 0.3 * draw.standard_normal((count, features)), -1, 1)
    return StageData(x, labels, x, labels, lambda epoch: np.roll(np.arange(count), epoch))


def constant(x: NDArray[np.float64], classes: int) -> StageData:
    """One image, again and again."""
    one = np.ascontiguousarray(x[np.newaxis])
    labels = np.zeros(1, dtype=np.int64)
    return StageData(one, labels, one, labels, lambda epoch: np.zeros(1, dtype=np.int64))


def task(
    rule: LearningRule, data: StageData, count: int, *, name: str = "train", start: str = "random",
    every: int | None = None,
) -> StageTask:  # fmt: skip
    """A stage of `count` images, by default evaluated at its begin and end only."""
    return StageTask(name, start, count, every or count, rule, data)


def train(
    a_plan: Plan, a_task: StageTask, *, seed: int = 0, together: int | None = None,
    listener: Listener | None = None,
) -> tuple[Controller, StageOutcome]:  # fmt: skip
    """Run one stage on a new chip."""
    controller = Controller(Chip(a_plan, seed), listener, together)
    return controller, controller.run(a_task)


def first_stage(architecture: Architecture, document: Document, seed: int) -> tuple[Plan, StageTask]:
    """The plan of a workload on an architecture, and its first stage with its data."""
    workload = stages.load(document)
    rules = loading.rules(document, workload)
    spec, data = workload.stages[0], preparation.prepare(workload.data, seed)
    used = workload.network.inputs
    chosen = list(tasks.elements(spec.elements or "first", data.features, used, seed))
    x, test = (values[:, chosen].astype(np.float64) for values in (data.train_x, data.test_x))
    order = partial(_shuffled, seed, spec.name, x.shape[0])
    given = StageData(x, data.train_y, test, data.test_y, order)
    a_task = StageTask(spec.name, spec.start, spec.images, workload.evaluate.every, rules[spec.name], given)
    return compile_plan(architecture, workload.network, rules), a_task


def _shuffled(seed: int, stage: str, count: int, epoch: int) -> NDArray[np.int64]:
    return tasks.order(seed, stage, epoch, count)


# A tiny program: transactions put on their way in groups, on a floor of their own


def floor(a_plan: Plan, log: Log | None = None) -> Floor:
    """The processes of a plan's chip on a clock that stands at 0."""
    components = a_plan.architecture.components
    (controller,) = a_plan.architecture.of_role("controller")
    return Floor(tuple(components), controller, 8, Ledger(), log)


def together(a_floor: Floor, *transactions: Transaction) -> None:
    """Put transactions on their way at once, and wait for all of them."""

    def program() -> Generator[tuple[Transaction, ...], tuple[Any, ...], None]:
        yield transactions

    execute(a_floor, program())


def forward(chip: Chip, layer: str, count: int = 1) -> Transaction:
    """Random images through one layer."""
    x = np.random.default_rng(1).uniform(-1, 1, (count, chip.plan.layers[layer].rows))
    (transaction,) = chip.forward(layer, "C", scored=False).transactions("forward", layer, x, 0, None)
    return transaction


def asked(chip: Chip, operation: Operation) -> Transaction:
    """An operation of a rule as the controller would issue it."""
    steps: tuple[Step, ...] = chip.route(operation, "test")
    return Transaction(operation.kind, operation.layer, steps, None, *operation.span)


def spans(log: Log, component: str) -> list[tuple[str, float, float]]:
    """Layer, start and end [ns] of each visit to a component, in order."""
    return [(s.layer, s.start / 1000, s.end / 1000) for s in log if s.component == component]
