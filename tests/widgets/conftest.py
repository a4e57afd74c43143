"""One ECG, one model and one explanation for all tests of the front end."""

from __future__ import annotations

import pytest

import cofe_widgets as cw
from cofe_widgets.ecg import Record
from cofe_widgets.explain import Attribution, Counterfactual
from cofe_widgets.wrap import Predictor


@pytest.fixture(scope="session")
def rec() -> Record:
    return cw.simulate("NSR", n=1, seed=3)[0].record


@pytest.fixture(scope="session")
def model() -> Predictor:
    return cw.load("af-resnet")


@pytest.fixture(scope="session")
def cf(rec: Record, model: Predictor) -> Counterfactual:
    return cw.counterfactual(rec, model, target="AF", severities=5)


@pytest.fixture(scope="session")
def att(rec: Record, model: Predictor) -> Attribution:
    return cw.attribute(rec, model, target="AF")
