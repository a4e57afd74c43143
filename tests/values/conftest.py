"""One value of every kind."""

import numpy as np
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


def humming(record):
    """The record with mains hum and a flat stretch."""
    signal = record.signal + 0.1 * np.sin(2 * np.pi * 50 * np.arange(record.samples) / record.fs)
    signal[6, 1000:2500] = 0.0
    return cw.Record(signal, record.fs)


@pytest.fixture(scope="module")
def many():
    """Twenty simulated hearts in fibrillation and twenty in sinus rhythm."""
    return [one.record for code in ("AF", "NSR") for one in simulate(code, 20, seed=4, fs=250)]


@pytest.fixture(scope="module")
def hearts():
    return [one.record for name in ("NSR", "AF") for one in simulate(name, n=6, seed=1)]


@pytest.fixture(scope="module")
def values(cf, record, f, many, hearts):
    return {
        "counterfactual": cf,
        "delineation": cw.delineate(record),
        "attribution": cw.attribute(record, f, "AF", "smoothgrad", copies=3),
        "table": cw.audit.counterfactual_table([record], f, "AF", progress=False),
        "quality": cw.quality(humming(record)),
        "concepts": cw.concepts(
            many,
            f,
            [("by turns", [True, False] * 20), "AF@0.9"],
            causal=0,
            cavs=2,
            dummies=1,
            hearts=20,
        ),
        "glocal": cw.glocal([record], f, "AF"),
        "subgroups": cw.audit.subgroups(f, [record], "AF", by=["sex"]),
        "clusters": cw.discover(
            hearts, f, "AF", "beats", clusters=2, labels=[*["SR"] * 6, *["AF"] * 5, None]
        ),
        "score": cw.audit.twin_score("AF", f, "AF", n=1),
    }
