"""Everything of this package keeps chipsim's contracts."""

from __future__ import annotations

import pytest
from chipsim_extras import flash_adc, thrifty_sgd

from chipsim.devices import cells
from chipsim.testing import ConverterConformance, DeviceConformance, LearningRuleConformance


class TestWindowCell(DeviceConformance):
    @pytest.fixture
    def model(self):
        return cells.named("window-cell").model


class TestFlashAdc(ConverterConformance):
    @pytest.fixture
    def converter(self):
        parameters = flash_adc.Parameters(type="flash-adc", bits=6, count=4, conversion=2e-9)
        return flash_adc.Circuit(parameters)

    def levels(self, converter):
        return converter.codes


class TestThriftySgd(LearningRuleConformance):
    @pytest.fixture
    def rule(self):
        return thrifty_sgd.Rule(type="thrifty-sgd", learning_rate=0.05)
