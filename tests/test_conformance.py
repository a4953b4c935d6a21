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
from chipsim.learning import agad, c_ttv2, digital, hardware_aware, mixed_precision, sgd, ttv1, ttv2
from chipsim.learning.rule import LearningRule
from chipsim.learning.schedule import StepDecay
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
    "ttv2, one line an image, auto scale, a share left behind": ttv2.Rule(
        type="ttv2", learning_rate=0.5, transfer_every=1, read="line", threshold=100.0,
        threshold_unit="period", gain=0.1, scale="auto", momentum=0.1,
    ),
    "sgd": sgd.Rule(type="sgd", learning_rate=0.05),
    "digital": digital.Rule(type="digital", learning_rate=0.05),
    "digital with mini-batches and momentum": digital.Rule(
        type="digital", learning_rate=0.1, batch=7, momentum=0.5,
        schedule=digital.CosineDecay(type="cosine", images=300, final=0.2),
    ),
    "hardware-aware": hardware_aware.Rule(type="hardware-aware", learning_rate=0.05),
    "hardware-aware by noise, mini-batches": hardware_aware.Rule(
        type="hardware-aware", learning_rate=0.1, batch=4, response="linear", noise=0.02
    ),
    "sgd, managed, with a falling rate": sgd.Rule(
        type="sgd", learning_rate=0.1, update_management=True, bit_length_management=True,
        schedule=StepDecay(type="step", every=200, factor=0.5),
    ),
    "ttv1": ttv1.Rule(type="ttv1", learning_rate=0.1, transfer_rate=0.3),
    "ttv1 by column, one line": ttv1.Rule(
        type="ttv1", learning_rate=0.1, transfer_rate=0.3, transfer_every=1, read="line", read_by="column"
    ),
    "ttv1 with gamma": ttv1.Rule(type="ttv1", learning_rate=0.1, transfer_rate=0.1, gamma=0.5),
    "c-ttv2": c_ttv2.Rule(type="c-ttv2", learning_rate=0.3, threshold=1.0, chop_probability=0.05),
    "c-ttv2, regular, auto scale, one line": c_ttv2.Rule(
        type="c-ttv2", learning_rate=0.5, transfer_every=1, read="line", read_by="column", threshold=100.0,
        threshold_unit="period", gain=0.1, scale="auto", chop="regular", chop_probability=0.05,
    ),
    "agad": agad.Rule(type="agad", learning_rate=0.3, threshold=1.0, transfer_every=2, chop="regular"),
    "agad by column, random, auto scale, one line": agad.Rule(
        type="agad", learning_rate=0.5, transfer_every=1, read="line", read_by="column", threshold=30.0,
        threshold_unit="period", gain=0.1, scale="auto", chop="random", chop_probability=0.1,
    ),
    "mixed-precision": mixed_precision.Rule(type="mixed-precision", learning_rate=0.05),
    "mixed-precision, ten images at a time": mixed_precision.Rule(
        type="mixed-precision", learning_rate=0.05, transfer_every=10
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
