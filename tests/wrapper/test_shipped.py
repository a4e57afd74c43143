"""Shipped predictors travel by name while they are what `load` gives, and are told apart from changed ones."""

import copy
import pickle

import pytest
import torch

import cofe_widgets as cw
from cofe_widgets.errors import WrapError
from cofe_widgets.models import save
from cofe_widgets.models.architectures.lenet import LeNet1d
from cofe_widgets.wrapper import known_predictor


@pytest.fixture
def f():
    return cw.load("af-resnet")


@pytest.fixture(scope="module")
def record():
    return cw.simulate("NSR", seed=4)[0].record


def tuned(f):
    with torch.no_grad():
        next(f.module.parameters()).mul_(1.5)
    return f


def sent(value):
    return pickle.loads(pickle.dumps(value))


@pytest.mark.parametrize("travel", [sent, copy.deepcopy])
def test_a_changed_one_travels_as_it_is(f, record, travel):
    before = f.predict(record)
    assert travel(f).predict(record) == before and f.is_shipped
    answer = tuned(f).predict(record)
    assert answer != before and not f.is_shipped
    assert travel(f).predict(record) == answer


def half(y):
    return y / 2


@pytest.mark.parametrize(
    ("name", "value"), [("postprocess", half), ("outputs", ("sinus", "fib")), ("name", "mine")]
)
def test_one_that_is_used_otherwise_is_not_the_shipped_one(f, record, name, value):
    setattr(f, name, value)
    there = sent(f)
    assert getattr(there, name) == value and there.predict(record) == f.predict(record)


def test_the_hash_follows_the_weights(f):
    was = f.weight_hash
    assert f.weight_hash == was == cw.load("af-resnet").weight_hash
    assert tuned(f).weight_hash != was
    f.module.load_state_dict(cw.load("af-resnet").module.state_dict())
    assert f.weight_hash == was
    with torch.inference_mode():
        inside = torch.nn.Linear(2, 2)
    wrapped = cw.wrap(
        torch.nn.Sequential(torch.nn.Flatten(), torch.nn.LazyLinear(2)),
        fs=100, leads=["II"], seconds=2, outputs=["a", "b"],
    )  # fmt: skip
    wrapped.module = inside
    assert len(wrapped.weight_hash) == 16


def test_a_value_of_a_changed_model_is_not_made_again_with_the_shipped_one(f, record, tmp_path):
    att = cw.attribute(record, tuned(f), "AF")
    att.save(tmp_path / "att.npz")
    with pytest.raises(WrapError, match="has other weights: give yours"):
        cw.Attribution.load(tmp_path / "att.npz").rerun()
    assert (att.rerun(f).values == att.values).all()


def test_a_file_of_ones_own_is_none_of_the_shipped(f, record, tmp_path):
    path = tmp_path / "af-resnet.safetensors"
    save(tuned(f).module, path, {**f.card, "outputs": ["no", "yes"]})
    own = cw.load(path)
    assert not own.is_shipped and sent(own).outputs == ("no", "yes")
    assert sent(own).predict(record) == own.predict(record)


@pytest.mark.parametrize("name", ["../weights/af-resnet", "a" * 5000, "/tmp/x.safetensors", None])
def test_a_stored_name_opens_no_file(name):
    with pytest.raises(WrapError, match="is no shipped model"):
        known_predictor({"model": name, "model_hash": "0"})


def test_a_card_says_how_much_a_model_takes_at_once_and_that_it_takes_beats(record, tmp_path):
    torch.manual_seed(0)
    net = LeNet1d().eval()
    card = {
        "architecture": "LeNet1d", "arguments": {}, "summary": "", "outputs": list(cw.LEADS),
        "output": "linear", "fs": 100.0, "leads": list(cw.LEADS), "seconds": 10.0,
    }  # fmt: skip
    told = dict.fromkeys(("data", "licences", "recipe", "seed"), "") | {"metrics": {}, "limits": []}
    path = tmp_path / "lenet.safetensors"
    save(net, path, {**card, **told, "window": 2.5})
    f = cw.load(path)
    assert f.samples == 250 and f.seconds == 10 and f.options["window"] == 2.5
    crops = record.resample(100).signal.reshape(12, 4, 250).transpose(1, 0, 2)
    with torch.no_grad():
        mean = net(torch.from_numpy(crops.copy())).mean(dim=0)
    assert list(f.predict(record).values()) == pytest.approx(mean.tolist(), abs=1e-5)
    assert sent(f).predict(record) == f.predict(record)
    save(net, path, {**card, **told, "fs": 500.0, "seconds": 0.5, "median_beat": True})
    beats = cw.load(path)
    assert beats.median_beat and beats.tensor(record).shape == (1, 12, 250)
    assert torch.allclose(
        beats.tensor(record)[0], torch.from_numpy(cw.median_beat(record).signal[:, :250])
    )
