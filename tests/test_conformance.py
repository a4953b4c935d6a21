"""Our own cells, converters, rules and data sets keep the public contract."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from chipsim.accounting.work import Work
from chipsim.circuits import ideal_adc, ideal_dac
from chipsim.circuits.adc import Adc
from chipsim.circuits.adc import Parameters as AdcParameters
from chipsim.circuits.dac import Dac
from chipsim.circuits.dac import Parameters as DacParameters
from chipsim.circuits.ideal_adc import IdealAdc
from chipsim.circuits.ideal_dac import IdealDac
from chipsim.devices import cells
from chipsim.devices.device import DeviceModel
from chipsim.errors import DataError
from chipsim.inputs import documents, registry
from chipsim.learning import digital, sgd, ttv2
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


class TestCellsThatRelax(DeviceConformance):
    @pytest.fixture
    def model(self) -> DeviceModel:
        text = "{preset: reram-om, relaxation: 0.02, relaxation_spread: 0.01, relaxation_time: 1 us}"
        return cells.load(documents.parse(f"cell: {text}\n", "test.yaml"), ("cell",), "test")


class TestAdc(ConverterConformance):
    @pytest.fixture(params=[2, 9, 16])
    def converter(self, request: pytest.FixtureRequest) -> Adc:
        return Adc(AdcParameters(type="adc", bits=request.param, count=2, conversion=10e-9))

    def levels(self, converter: Adc) -> int:
        return converter.codes


class TestAdcBeyondItsRange(TestAdc):
    driven = 100


class TestDac(ConverterConformance):
    @pytest.fixture(params=[1, 7, 16])
    def converter(self, request: pytest.FixtureRequest) -> Dac:
        return Dac(DacParameters(type="dac", bits=request.param, lanes=8, integration=128e-9))

    def convert(self, converter: Dac, values: NDArray[np.float64]) -> tuple[NDArray[np.float64], Work]:
        codes, work = converter.convert(values)
        return codes / converter.full_scale, work

    def levels(self, converter: Dac) -> int:
        return converter.full_scale


class TestAdcOfAFixedScale(ConverterConformance):
    driven = 3

    @pytest.fixture
    def converter(self) -> Adc:
        return Adc(AdcParameters(type="adc", bits=9, count=2, conversion=10e-9, range=20, full_scale="range"))

    def levels(self, converter: Adc) -> int:
        return converter.codes


class TestDacOfFewerSlots(TestDac):
    @pytest.fixture
    def converter(self) -> Dac:
        return Dac(DacParameters(type="dac", bits=6, slots=63, lanes=8, integration=128e-9, range=2.5))

    def convert(self, converter: Dac, values: NDArray[np.float64]) -> tuple[NDArray[np.float64], Work]:
        codes, work = converter.convert(values)
        return codes / converter.full_scale * converter.range, work


class TestIdealAdc(ConverterConformance):
    exact = True

    @pytest.fixture
    def converter(self) -> IdealAdc:
        return IdealAdc(ideal_adc.Parameters(type="ideal-adc", bits=9, count=2, conversion=10e-9))


class TestIdealDac(ConverterConformance):
    exact = True

    @pytest.fixture
    def converter(self) -> IdealDac:
        return IdealDac(ideal_dac.Parameters(type="ideal-dac", bits=7, lanes=8, integration=128e-9))

    def convert(self, converter: IdealDac, values: NDArray[np.float64]) -> tuple[NDArray[np.float64], Work]:
        return converter.convert(values)


RULES = {
    "ttv2": ttv2.Rule(type="ttv2", learning_rate=0.3, threshold=1.0),
    "ttv2 by column, one line, forgetting": ttv2.Rule(
        type="ttv2", learning_rate=0.3, threshold=0.2, transfer_every=2, read="line", read_by="column",
        remainder="forget",
    ),
    "sgd": sgd.Rule(type="sgd", learning_rate=0.05),
    "digital": digital.Rule(type="digital", learning_rate=0.05),
    "digital with mini-batches and momentum": digital.Rule(
        type="digital", learning_rate=0.1, batch=7, momentum=0.5,
        schedule=digital.CosineDecay(type="cosine", images=300, final=0.2),
    ),
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
