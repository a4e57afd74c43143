"""One ECG, one model and one explanation for all tests of the front end."""

from __future__ import annotations

import pytest

from cofe_widgets.ecg import Record
from cofe_widgets.explain import Attribution, Counterfactual, attribute, counterfactual
from cofe_widgets.simulate import simulate
from cofe_widgets.wrapper import Predictor, load


@pytest.fixture(scope="session")
def rec() -> Record:
    return simulate("NSR", n=1, seed=3)[0].record


@pytest.fixture(scope="session")
def model() -> Predictor:
    return load("af-resnet")


@pytest.fixture(scope="session")
def cf(rec: Record, model: Predictor) -> Counterfactual:
    found: Counterfactual = counterfactual(rec, model, target="AF", severities=5)
    return found


@pytest.fixture(scope="session")
def att(rec: Record, model: Predictor) -> Attribution:
    return attribute(rec, model, target="AF")
