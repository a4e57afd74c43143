"""Explanations of models of every manner: what fails is said in words, what was given is left alone."""

import numpy as np
import pytest
import torch
from torch import nn

import cofe_widgets as cw


class Tall(nn.Module):
    """The height of the tallest R in lead II, mV, of ``(n, leads, time)``."""

    def forward(self, x, *side):
        top = x[:, 1].flatten(1).logsumexp(dim=1)[:, None]
        return top + (side[0][:, :1] / 50 if side else 0.0)


class Uses(nn.Module):
    """A model whose forward is a function of `Tall` and the input."""

    def __init__(self, forward):
        super().__init__()
        self.tall, self._forward = Tall(), forward

    def forward(self, *given):
        return self._forward(self.tall, *given)


@pytest.fixture(scope="module")
def record():
    made = cw.simulate("NSR", seed=8)[0].record
    return cw.Record(made.signal, made.fs, made.leads, {**made.meta, "age": 50, "sex": "F"})


def wrapped(module, **options):
    return cw.wrap(module, **{"fs": 250, "outputs": ["tall"], "output": "linear", **options})


def taller(record, f, **options):
    level = f.predict(record)["tall"] + 0.3
    return cw.counterfactual(record, f, "tall", level, severities=2, **options)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("forward", "options"),
    [
        (lambda tall, x: tall(x.mul_(2)), {}),
        (lambda tall, x: tall(x.mT), {"layout": "ntc", "fs": 400, "seconds": 10.24, "pad": "zero"}),
        (lambda tall, x: tall(x), {"window": 2.5, "aggregate": "max"}),
        (lambda tall, x: tall(x / 1000), {"units": "uV"}),
        (lambda tall, x, side: tall(x, side), {"inputs": ["age"]}),
        (lambda tall, x: {"value": tall(x)}, {"answer": "value"}),
        (lambda tall, x: tall(x).sigmoid(), {"output": "probabilities"}),
    ],
    ids=["in place", "padded", "crops", "microvolts", "age", "dict", "probabilities"],
)
def test_a_counterfactual_is_found_and_the_record_is_left_alone(forward, options, record):
    before = record.signal.copy()
    f = wrapped(Uses(forward), **options)
    if f.output == "linear":
        found = taller(record, f)
    else:
        start = f.predict(record)["tall"]
        found = cw.counterfactual(record, f, "tall", (1 + start) / 2, severities=2)
    assert found.reached and np.array_equal(record.signal, before)
    last = cw.Record(found.signals[-1], 250, cw.LEADS, {"age": 50})
    assert f.predict(last)["tall"] == pytest.approx(found.predictions[-1], rel=2e-2)


@pytest.mark.slow
def test_several_records_each_with_its_patient(record):
    f = wrapped(Tall(), inputs=["age"])
    old = cw.Record(record.signal, record.fs, record.leads, {**record.meta, "age": 90})
    level = f.predict(old)["tall"] + 0.3
    young, aged = cw.counterfactual([record, old], f, "tall", level, severities=2)
    assert young.predictions[0] == pytest.approx(aged.predictions[0] - 0.8, abs=1e-3)
    assert young.provenance["model_use"]["side"] == [50.0]
    unknown = cw.Record(record.signal, record.fs, record.leads)
    with pytest.raises(cw.ExplainError, match="record 1 of 2: .*does not say the age"):
        cw.counterfactual([record, unknown], f, "tall", level)


@pytest.mark.slow
def test_gaps_are_refused_or_filled_as_asked_and_noted(record):
    signal = record.signal.copy()
    signal[7, 1000:1500] = np.nan
    gappy = cw.Record(signal, record.fs, record.leads)
    with pytest.raises(cw.ExplainError, match="samples are missing.*V2"):
        cw.counterfactual(gappy, wrapped(Tall()), "tall", 5.0)
    found = taller(gappy, wrapped(Tall(), gaps="interpolate"))
    assert found.provenance["model_use"] == {"gaps": "interpolate"}
    assert "V2" in found.provenance["filled"]


@pytest.mark.parametrize(
    "error", [AssertionError("no"), KeyError("ecg"), AttributeError("x"), RuntimeError("r")]
)
def test_an_error_inside_the_model_is_said_with_what_it_was_given(error, record):
    calls = []

    def forward(tall, x):
        if calls:
            raise error
        return tall(x)

    f = wrapped(Uses(forward))
    calls.append(1)
    said = rf"Uses fails on an input of shape \(1, 12, 2500\): {type(error).__name__}"
    for ask in (
        lambda: f.predict(record),
        lambda: cw.attribute(record, f, "tall"),
        lambda: cw.counterfactual(record, f, "tall", 3.0),
    ):
        with pytest.raises((cw.WrapError, cw.ExplainError), match=said):
            ask()


class Backward(torch.autograd.Function):
    """A step whose gradient was never written."""

    @staticmethod
    def forward(ctx, x):
        return x.clone()

    @staticmethod
    def backward(ctx, grad):
        raise KeyError("not written")


def test_a_gradient_that_fails_is_said(record):
    f = wrapped(Uses(lambda tall, x: tall(Backward.apply(x))))
    assert not f.differentiable
    for ask in (
        lambda: cw.attribute(record, f, "tall"),
        lambda: cw.counterfactual(record, f, "tall", 3.0),
    ):
        with pytest.raises(cw.ExplainError, match="no gradient.*not written"):
            ask()


@pytest.mark.parametrize("explain", [cw.attribute, cw.counterfactual])
def test_arguments_of_the_wrong_kind_get_a_sentence(explain, record):
    f = wrapped(Tall())
    for given, said in (
        ((f, record, "tall"), "f is a Record.*swapped"),
        ((record, f.module, "tall"), "f is a Tall: expected a Predictor"),
        ((record, "af-resnet", "tall"), "'af-resnet' is a text: expected a Predictor"),
        ((record, None, "tall"), "f is a NoneType"),
        ((record.signal, f, "tall"), r"ndarray of shape \(12, 5000\) is no Record"),
        (("ecg.xml", f, "tall"), r"open it first, cw.read\('ecg.xml'\)"),
        ((7, f, "tall"), "record is a int"),
        (([record, record.signal], f, "tall"), "1.*ndarray"),
        ((record, f, "short"), "no output 'short'.*tall"),
        ((record, f, ["small"]), "no output"),
        ((record, f, None), "no output None|target=None"),
    ):
        with pytest.raises((cw.ExplainError, cw.EcgError), match=said):
            explain(*given)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"level": "high"}, "level='high': expected a number"),
        ({"level": True}, "level=True"),
        ({"level": float("nan")}, "level nan"),
        ({"level": 3, "severities": 2.5}, "severities=2.5: expected a whole number"),
        ({"level": 3, "seed": "a"}, "seed='a'"),
        ({"level": 3, "keep": 5}, "keep=5: expected a list"),
        ({"level": 3, "method": "magic"}, "method='magic'"),
    ],
)
def test_options_of_a_counterfactual_of_the_wrong_kind_get_a_sentence(options, said, record):
    with pytest.raises(cw.ExplainError, match=said):
        cw.counterfactual(record, wrapped(Tall()), "tall", **options)
