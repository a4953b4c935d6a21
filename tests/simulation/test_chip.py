"""A chip is what its architecture says, in whatever order it says so."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chipsim.architecture import graph
from chipsim.architecture.graph import Architecture
from chipsim.inputs import documents
from chipsim.learning.rule import Read
from chipsim.simulation.chip import Chip
from tests.simulation import chips

RULE = chips.tiki_taka(transfer_every=4)
NETWORKS = {"two-layer": (64, 16, 10), "reram-8x4": (8, 2)}


def _document(name: str) -> documents.Document:
    folder = chips.SHIPPED if name == "reram-8x4" else chips.ARCHITECTURES
    return documents.read(folder / f"{name}.yaml")


def _listed(name: str, components: list[str]) -> Architecture:
    data = dict(_document(name).data)
    data["components"] = {component: data["components"][component] for component in components}
    return graph.load(documents.parse(documents.dump(data), f"{name}.yaml"))


def _run(name: str, components: list[str]) -> dict[str, Any]:
    sizes = NETWORKS[name]
    plan = chips.plan(_listed(name, components), chips.network(*sizes), RULE)
    log = chips.Log()
    task = chips.task(RULE, chips.images(sizes[0], sizes[-1], 20), 12, every=6)
    controller, outcome = chips.train(plan, task, listener=log)
    return {
        "log": list(log),
        "ledger": controller.ledger.rows(),
        "usage": sorted(controller.usage()),
        "accuracy": [(e.image, e.time, e.accuracy, e.loss) for e in outcome.evaluations],
        "state": {
            (array, what): values.tobytes()
            for array, states in outcome.after.items()
            for what, values in states.items()
        },
    }  # fmt: skip


@cache
def _names(name: str) -> tuple[str, ...]:
    return tuple(_document(name).data["components"])


@cache
def _as_written(name: str) -> dict[str, Any]:
    return _run(name, list(_names(name)))


@settings(max_examples=15, deadline=None)
@given(data=st.data(), name=st.sampled_from(sorted(NETWORKS)))
def test_the_order_in_which_components_are_listed_changes_nothing(data: st.DataObject, name: str) -> None:
    components = data.draw(st.permutations(_names(name)))
    assert _run(name, components) == _as_written(name)


def test_devices_of_a_seed_depend_on_the_arrays_name_and_nothing_else() -> None:
    one = chips.load("two-layer")
    other = chips.load("two-layer", components__adc1__count="3", components__dac2__bits="5")
    network = chips.network(64, 16, 10)
    cells = [Chip(chips.plan(a, network, RULE), 7).arrays for a in (one, other)]
    for name in cells[0]:
        np.testing.assert_array_equal(cells[0][name].cells.reference, cells[1][name].cells.reference)
    references = [array.cells.reference for array in cells[0].values() if array.cells.shape == (64, 16)]
    assert not np.any(references[0] == references[1])


@pytest.mark.parametrize(("by", "lines", "sensed"), [("row", (0, 7), 2), ("column", (0, 1), 8)])
def test_reading_lines_one_at_a_time_gives_their_weights(
    by: Any, lines: tuple[int, ...], sensed: int
) -> None:
    """A line at full scale gives the weights of its cells, to half a step of a 16-bit converter."""
    quiet = "{preset: reram-om, write_noise: 0}"
    bits = {"components__fast__cell": quiet, "components__adc__bits": "16"}
    rule = chips.tiki_taka(read="line", read_by="column")
    rows = chips.tiki_taka(read="line", read_by="row")
    plan = chips.plan(_both_ways(**bits), chips.network(8, 2), rule, rows)
    chip = Chip(plan, 0)
    chip.randomise("dense1", "A")
    transaction = chips.asked(chip, Read("dense1", "A", lines, by))
    chips.together(chips.floor(plan), transaction)
    stored = chip.weights("dense1", "A")
    expected = (stored if by == "row" else stored.T)[list(lines)]
    assert transaction.value.shape == (len(lines), sensed)
    np.testing.assert_allclose(transaction.value, np.clip(expected, -1, 1), atol=0.51 / (2**15 - 1))


def _both_ways(**given: str) -> Architecture:
    """The worked example's chip, with links for reads by row as well."""
    document = _document("worked-example-8x4")
    for path, value in given.items():
        document = document.with_value(path.replace("__", "."), value)
    data = document.data | {"links": [*document.data["links"], "dac -> fast.rows", "fast.columns -> adc"]}
    return graph.load(documents.parse(documents.dump(data), "both-ways.yaml"))


def test_stages_may_read_by_rows_and_by_columns_in_turn() -> None:
    """Each stage's read takes the route of its own side."""
    by = {"first": "row", "second": "column"}
    rules = {name: chips.tiki_taka(read="line", read_by=side, transfer_every=1) for name, side in by.items()}
    plan = chips.compile_plan(_both_ways(), chips.network(8, 2), rules)
    controller = chips.Controller(Chip(plan, 0))
    for name, rule in rules.items():
        controller.run(chips.task(rule, chips.images(8, 2, 4), 1, name=name))
    conversions = [
        controller.ledger.total("adc_conv", stage=name, operation="transfer-read") for name in rules
    ]
    assert conversions == [2, 8]


def test_another_kind_of_converter_is_a_module_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """A type that no module here knows works on the chip by its role alone."""
    import sys
    from types import ModuleType
    from typing import Literal

    from chipsim.architecture.placement import compile_plan
    from chipsim.circuits import adc
    from chipsim.inputs import registry
    from chipsim.learning import loading
    from chipsim.workloads import stages

    class Parameters(adc.Parameters):
        type: Literal["slow-adc"]  # type: ignore[assignment]

    class SlowAdc(adc.Adc):
        def convert(self, sums, driven):  # type: ignore[no-untyped-def]
            values, work = super().convert(sums, driven)
            return values, work._replace(duration=10 * work.duration)

    module = ModuleType("slow_adc")
    module.Parameters, module.Circuit = Parameters, SlowAdc  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "slow_adc", module)
    found = registry.module
    monkeypatch.setattr(
        registry, "module", lambda kind, name: module if name == "slow-adc" else found(kind, name)
    )
    path = registry.file("architecture", "reram-8x4")
    text = path.read_text("utf-8").replace("type: adc, bits", "type: slow-adc, bits")
    architecture = graph.load(documents.parse(text, str(path)))
    assert architecture.of_role("adc") == ("adc",)
    document = documents.read(registry.file("workload", "reduced-digits-scratch"))
    workload = stages.load(document)
    plan = compile_plan(architecture, workload.network, loading.rules(document, workload))
    converter = Chip(plan, 0).circuits[plan.routes["forward", "dense1", "C"][2]]
    assert converter.convert(np.zeros((1, 2)), 8)[1].duration == 10 * 2 * 10_000
