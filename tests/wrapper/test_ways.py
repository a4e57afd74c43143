"""Ways to bring a model: each works, or says what was given, what is wanted and how to get there."""

import threading
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import cofe_widgets as cw

from .nets import (
    FS,
    OUTPUTS,
    Around,
    Forest,
    Lazy,
    Net,
    Pair,
    Sparse,
    Stateful,
    Trained,
    WithPatient,
    by_numpy,
    ecgs,
    exported,
    in_place,
    normed,
    out_of_place,
    probabilities,
    quantised,
    scripted,
)


@pytest.fixture(scope="module")
def record():
    return cw.simulate("NSR", seed=8)[0].record


def plain(x):
    return probabilities(Net()(x))


def zscored(x):
    return (x - x.mean(-1, keepdim=True)) / x.std(-1, keepdim=True, unbiased=False)


def centred(x):
    return torch.nn.functional.pad(x, (48, 48))


#: What is brought, the options of `wrap`, and the answer that follows from the record.
WORK = {
    "a module": (Net, {}, plain),
    "left in training": (Trained, {}, lambda x: probabilities(Trained().eval()(x))),
    "double": (lambda: Net().double(), {}, plain),
    "half": (lambda: Net().half(), {}, plain),
    "bfloat16": (lambda: Net().bfloat16(), {}, plain),
    "lazy": (Lazy, {}, None),
    "quantised": (quantised, {}, plain),
    "sparse buffer": (Sparse, {}, plain),
    "extra state": (Stateful, {}, plain),
    "in place": (lambda: Around(in_place), {}, lambda x: probabilities(out_of_place(Net(), x))),
    "weight norm": (normed, {}, plain),
    "time before leads": (lambda: Around(lambda net, x: net(x.mT)), {"layout": "ntc"}, plain),
    "time first": (
        lambda: Around(lambda net, x: net(x.permute(1, 2, 0))),
        {"layout": "tnc"},
        plain,
    ),
    "as a picture": (lambda: Around(lambda net, x: net(x[:, 0])), {"layout": "n1ct"}, plain),
    "picture, last axis one": (
        lambda: Around(lambda net, x: net(x[..., 0])),
        {"layout": "nct1"},
        plain,
    ),
    "one lead without its axis": (
        lambda: Around(lambda net, x: net(x[:, None]), Net(1)),
        {"layout": "nt", "leads": ["II"]},
        lambda x: probabilities(Net(1)(x[:, 1:2])),
    ),
    "padded to 4096": (
        lambda: Around(lambda net, x: net(x.mT)),
        {"layout": "ntc", "fs": 400, "seconds": 10.24, "pad": "zero"},
        lambda x: probabilities(Net()(centred(x))),
    ),
    "crops": (
        Net,
        {"window": 2.5},
        lambda x: np.mean([probabilities(Net()(part)) for part in x.split(250, dim=2)], axis=0),
    ),
    "microvolts": (Net, {"units": "uV"}, lambda x: probabilities(Net()(1000 * x))),
    "normalised": (Net, {"normalise": "zscore"}, lambda x: probabilities(Net()(zscored(x)))),
    "median beat": (Net, {"median_beat": True, "fs": 500}, None),
    "ends in softmax": (
        lambda: Around(lambda net, x: net(x).softmax(1)),
        {"output": "probabilities"},
        plain,
    ),
    "ends in one sigmoid": (
        lambda: Around(lambda net, x: net(x)[:, :1].sigmoid()),
        {"output": "probabilities", "outputs": ["a"]},
        lambda x: Net()(x)[:, :1].sigmoid().detach().numpy(),
    ),
    "ends in log-softmax": (lambda: Around(lambda net, x: net(x).log_softmax(1)), {}, plain),
    "one output without its axis": (
        lambda: Around(lambda net, x: net(x)[:, 0]),
        {"output": "sigmoid", "outputs": ["a"]},
        lambda x: Net()(x)[:, :1].sigmoid().detach().numpy(),
    ),
    "a tuple": (lambda: Around(lambda net, x: (x, net(x))), {"answer": 1}, plain),
    "a dict": (lambda: Around(lambda net, x: {"y": net(x), "z": x}), {"answer": "y"}, plain),
    "a named tuple": (lambda: Around(lambda net, x: Pair(x, net(x))), {"answer": "logits"}, plain),
    "age and sex": (
        WithPatient,
        {"inputs": ("age", "sex")},
        lambda x: probabilities(torch.tensor([[61 / 50, -0.5]])),
    ),
    "TorchScript": (scripted, {}, plain),
    "exported": (exported, {}, plain),
    "compiled": (lambda: torch.compile(Net()), {}, plain),
    "data parallel": (lambda: nn.DataParallel(Net()), {}, plain),
    "a function of arrays": (lambda: by_numpy, {}, plain),
    "predict_proba": (
        Forest,
        {"output": "probabilities"},
        lambda x: Forest().predict_proba(x.numpy()),
    ),
}


@pytest.mark.filterwarnings("ignore")  # of what torch says of quantising and exporting
@pytest.mark.parametrize("way", WORK)
def test_it_works(way, record):
    make, options, expected = WORK[way]
    told = cw.Record(record.signal, record.fs, record.leads, {**record.meta, "age": 61, "sex": "F"})
    f = cw.wrap(make(), **{"fs": FS, "outputs": OUTPUTS, **options})
    answer = f.predict(told)
    assert list(answer) == list(f.outputs)
    close = {"half": 2e-2, "bfloat16": 0.1, "quantised": 0.1}.get(way, 1e-4)
    if expected is not None:
        right = expected(ecgs(told, f.fs))[0]
        assert list(answer.values()) == pytest.approx(right.tolist(), abs=close)
    assert f.predict([told, told])[1] == pytest.approx(answer, abs=1e-3)
    assert len(f.weight_hash) == 16 and f.weight_hash == f.weight_hash
    if f.differentiable:
        att = cw.attribute(told, f, "a")
        assert att.values.dtype == np.float32 and np.isfinite(att.values).all()
    else:
        assert way in ("quantised", "a function of arrays", "predict_proba")
        with pytest.raises(cw.ExplainError, match="no gradient"):
            cw.attribute(told, f, "a")
        with pytest.raises(cw.ExplainError, match="no gradient"):
            cw.counterfactual(told, f, "a")


def keras():
    class Functional:
        def __call__(self, x):
            return x

        predict = __call__

    Functional.__module__ = "keras.src.models.functional"
    return Functional()


class Locked(Net):
    def __init__(self):
        super().__init__()
        self.lock = threading.Lock()


class LockedState(Net):
    def get_extra_state(self):
        return {"lock": threading.Lock()}


class Raises(nn.Module):
    def __init__(self, error):
        super().__init__()
        self.error = error

    def forward(self, x):
        raise self.error


def around(forward):
    return lambda: Around(forward)


#: What is brought, the options, and what is said.
SAID = {
    "a class": (lambda: Net, {}, "Net is a class.*make one"),
    "a file of weights": (lambda: "model.pt", {}, "is a path.*load_state_dict"),
    "a path object": (lambda: Path("a") / "b.ckpt", {}, "is a path.*load_state_dict"),
    "an h5 file": (lambda: "m.h5", {}, "is a path.*keras.models.load_model.*predict"),
    "a pickle": (lambda: "m.pkl", {}, "nothing is unpickled"),
    "an onnx file that is not there": (lambda: "no.onnx", {}, "cannot be read"),
    "weights": (lambda: Net().state_dict(), {}, "weights without their architecture"),
    "a checkpoint": (lambda: {"state_dict": {}}, {}, r"\['state_dict'\]"),
    "bytes": (lambda: b"\x80\x04" * 40, {}, "80 bytes.*no ONNX"),
    "an ensemble": (lambda: [Net(), Net()], {}, "a list of 2.*averages"),
    "nothing": (lambda: None, {}, "a NoneType was given: expected a torch.nn.Module"),
    "a predictor": (lambda: cw.load("af-resnet"), {}, "is a Predictor already"),
    "a Keras model": (keras, {}, "Functional is a Keras model.*predict"),
    "a function of tensors": (lambda: lambda x: Net()(x), {}, "takes torch tensors.*Wrap the module"),
    "no weights yet": (lambda: Net().to("meta"), {}, "no weights.*meta"),
    "not to be copied": (Locked, {}, "Locked cannot be copied"),
    "state without content": (LockedState, {}, "_extra_state.*is a lock"),
    "softmax": (around(lambda net, x: net(x).softmax(1)), {}, "probabilities.*sum to one"),
    "softmax as labels": (
        around(lambda net, x: net(x).softmax(1)),
        {"output": "sigmoid"},
        "output='probabilities'",
    ),
    "sigmoid": (around(lambda net, x: net(x).sigmoid()), {"output": "sigmoid"}, "squashed twice"),
    "log-softmax as labels": (
        around(lambda net, x: net(x).log_softmax(1)),
        {"output": "sigmoid"},
        "log-probabilities",
    ),
    "percentages": (around(lambda net, x: 100 * net(x).softmax(1)), {}, "percentages"),
    "logits for probabilities": (Net, {"output": "probabilities"}, "no probabilities"),
    "dropout forced": (
        around(lambda net, x: net(nn.functional.dropout(x, 0.5, training=True))),
        {},
        "differently from call to call",
    ),
    "statistics of the batch": (
        around(lambda net, x: net((x - x.mean(0)) / (x.std(0, unbiased=False) + 0.1))),
        {},
        "alone otherwise.*batch_size=1",
    ),
    "a squeeze": (around(lambda net, x: net(x).mT.squeeze().mT), {"output": "linear"}, "not one alone"),
    "another layout": (around(lambda net, x: net(x.mT)), {}, "layout='ntc'"),
    "a picture": (around(lambda net, x: net(x.squeeze(1)[:, :12]) + 0 * x[:, 0, 0, :1]), {}, "'n1ct'"),
    "rows of numbers": (lambda: nn.Linear(12000, 2), {}, r"preprocess=lambda x: x.flatten\(1\)"),
    "a tuple": (around(lambda net, x: (net(x), x)), {}, "a tuple of 2: give answer=.*postprocess"),
    "a part that is not there": (around(lambda net, x: {"y": x}), {"answer": "z"}, "a dict with y"),
    "an assertion": (lambda: Raises(AssertionError("12 leads")), {}, "AssertionError: 12 leads"),
    "a key": (lambda: Raises(KeyError("ecg")), {}, r"shape \(2, 12, 1000\): KeyError: 'ecg'"),
    "an attribute": (lambda: Raises(AttributeError()), {}, "AttributeError"),
    "booleans": (around(lambda net, x: net(x) > 0), {}, "torch.bool"),
}  # fmt: skip


@pytest.mark.parametrize("way", SAID)
def test_it_says_what_to_do(way):
    make, options, said = SAID[way]
    with pytest.raises(cw.WrapError, match=said) as caught:
        cw.wrap(make(), **{"fs": FS, "outputs": OUTPUTS, **options})
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"fs": -100}, "fs=-100: expected Hz"),
        ({"fs": "250"}, "fs='250'"),
        ({"fs": float("nan")}, "fs=nan"),
        ({"fs": True}, "fs=True"),
        ({"seconds": 0}, "seconds=0"),
        ({"seconds": 5, "window": 6}, "longer than seconds"),
        ({"leads": "II"}, r"one string: expected a list of names, \['II'\]"),
        ({"leads": ["II", "ii"]}, "each lead once"),
        ({"leads": ["Q7x"]}, "unknown lead 'Q7x'"),
        ({"leads": []}, "each lead once"),
        ({"leads": 3}, "expected a list"),
        ({"outputs": []}, "a name for each output"),
        ({"outputs": [1, 2]}, "a name for each output"),
        ({"outputs": 2}, "expected a list"),
        ({"output": "tanh"}, "'softmax', 'sigmoid', 'linear', 'probabilities'"),
        ({"output": None}, "output=None"),
        ({"units": "kV"}, "'mV', 'uV' or 'V'"),
        ({"normalise": "minmax"}, "'zscore'"),
        ({"pad": "wrap"}, "'zero'.*'end'.*'edge'"),
        ({"layout": "tcx"}, "'nct', 'ntc'"),
        ({"layout": "nt"}, "no place for leads"),
        ({"aggregate": "median"}, "'mean' or 'max'"),
        ({"gaps": "drop"}, "'refuse', 'interpolate' or 'zero'"),
        ({"inputs": ("weight",)}, "'weight' is not known"),
        ({"inputs": "age"}, r"\['age'\]"),
        ({"answer": 1.5}, "answer=1.5"),
        ({"batch_size": 0}, "batch_size=0"),
        ({"preprocess": 3}, "preprocess=3"),
        ({"preprocess": lambda x: x.numpy().tolist()}, "preprocess gives a list"),
        ({"preprocess": lambda x: x[:, :99, 5000]}, "preprocess fails.*IndexError"),
        ({"postprocess": lambda y: y["logits"]}, "postprocess fails"),
        ({"normalise": lambda x: x[..., :5]}, "expected the same shape"),
        ({"device": "tpu9"}, "device='tpu9' is not here"),
        ({"name": 5}, "name=5"),
        ({"median_beat": True, "window": 1.0}, "not both"),
    ],
)
def test_options_that_cannot_be_are_refused_in_words(options, said):
    with pytest.raises(cw.WrapError, match=said):
        cw.wrap(Net(), **{"fs": FS, "outputs": OUTPUTS, **options})


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA here")
def test_a_device_that_is_not_here_is_refused():
    with pytest.raises(cw.WrapError, match="device='cuda' is not here.*choose cpu"):
        cw.wrap(Net(), fs=FS, outputs=OUTPUTS, device="cuda")


def test_onnx_answers_or_says_what_to_install(record, tmp_path):
    try:
        import onnx
        import onnxruntime  # noqa: F401
    except ImportError:
        with pytest.raises(cw.WrapError, match=r'pip install "cofe-widgets\[onnx\]".*onnx2torch'):
            cw.wrap(b"\x08\x08" + bytes(40), fs=FS, outputs=OUTPUTS)
        return
    from onnx import TensorProto, helper, numpy_helper

    weight = np.linspace(-20, 20, 24, dtype=np.float32).reshape(12, 2)
    nodes = [
        helper.make_node("ReduceMax", ["x"], ["top"], axes=[2], keepdims=0),
        helper.make_node("MatMul", ["top", "w"], ["y"]),
    ]
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
        for name, shape in (("x", ["n", 12, "t"]), ("y", ["n", 2]))
    ]
    graph = helper.make_graph(
        nodes, "net", ends[:1], ends[1:], [numpy_helper.from_array(weight, "w")]
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    path = tmp_path / "net.onnx"
    onnx.save(model, path)
    expected = probabilities(ecgs(record).amax(dim=2) @ torch.from_numpy(weight))[0].tolist()
    for given in (path, str(path), path.read_bytes(), model):
        f = cw.wrap(given, fs=FS, outputs=OUTPUTS)
        assert list(f.predict(record).values()) == pytest.approx(expected, abs=1e-4)
        assert not f.differentiable
    with pytest.raises(cw.WrapError, match="is no ONNX model"):
        cw.wrap(path.read_bytes()[:-40] + bytes(40), fs=FS, outputs=OUTPUTS)


def test_at_least_thirty_ways_work_or_are_told():
    assert len(WORK) >= 30 and len(SAID) >= 30


def test_nothing_is_printed_or_warned_of_for_a_sound_module(capsys):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        cw.wrap(Net(), fs=FS, outputs=OUTPUTS)
    assert capsys.readouterr() == ("", "")
