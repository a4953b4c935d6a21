"""Our own cells, converters, rules and data sets keep the public contract."""

from __future__ import annotations

import pytest

from chipsim.circuits.adc import Adc
from chipsim.circuits.adc import Parameters as AdcParameters
from chipsim.devices import cells
from chipsim.devices.device import DeviceModel
from chipsim.errors import DataError
from chipsim.inputs import documents, registry
from chipsim.learning import sgd, ttv2
from chipsim.learning.rule import LearningRule
from chipsim.testing import (
    ConverterConformance,
    DataSetConformance,
    DeviceConformance,
    LearningRuleConformance,
)
from chipsim.workloads import dataset


class TestCells(DeviceConformance):
    @pytest.fixture(params=registry.names("cell"))
    def model(self, request: pytest.FixtureRequest) -> DeviceModel:
        return cells.load(documents.parse(f"cell: {request.param}\n", "test.yaml"), ("cell",), "test")


class TestAdc(ConverterConformance):
    @pytest.fixture(params=[2, 9, 16])
    def converter(self, request: pytest.FixtureRequest) -> Adc:
        return Adc(AdcParameters(type="adc", bits=request.param, count=2, conversion=10e-9))


RULES = {
    "ttv2": ttv2.Rule(type="ttv2", learning_rate=0.3, threshold=1.0),
    "ttv2 by column, one line, forgetting": ttv2.Rule(
        type="ttv2", learning_rate=0.3, threshold=0.2, transfer_every=2, read="line", read_by="column",
        remainder="forget",
    ),
    "sgd": sgd.Rule(type="sgd", learning_rate=0.05),
}  # fmt: skip


class TestRules(LearningRuleConformance):
    @pytest.fixture(params=RULES)
    def rule(self, request: pytest.FixtureRequest) -> LearningRule:
        return RULES[request.param]


def test_every_shipped_rule_is_tried() -> None:
    assert {rule.type for rule in RULES.values()} == set(registry.names("rule"))


class TestDataSets(DataSetConformance):
    @pytest.fixture(params=registry.names("dataset"))
    def name(self, request: pytest.FixtureRequest) -> str:
        name = str(request.param)
        try:
            dataset.where(name)
        except DataError as error:
            pytest.skip(str(error))
        return name
