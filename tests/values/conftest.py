"""One value of every kind."""

import pytest

import cofe_widgets as cw
from cofe_widgets.simulate import simulate


@pytest.fixture(scope="module")
def f():
    return cw.load("af-resnet")


@pytest.fixture(scope="module")
def record():
    return simulate("NSR", seed=4)[0].record


@pytest.fixture(scope="module")
def cf(record, f):
    return cw.counterfactual(record, f, "AF", severities=3)


@pytest.fixture(scope="module")
def values(cf, record, f):
    return {
        "counterfactual": cf,
        "delineation": cw.delineate(record),
        "attribution": cw.attribute(record, f, "AF", "smoothgrad", copies=3),
        "table": cw.audit.counterfactual_table([record], f, "AF", progress=False),
        "score": cw.audit.twin_score("AF", f, "AF", n=1),
    }
