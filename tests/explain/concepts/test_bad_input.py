"""What cannot be asked is said before work begins; what cannot be judged is counted and listed."""

import numpy as np
import pytest
import torch
from torch import nn

import cofe_widgets as cw

from .planted import FS, LEADS, Offsets, high, records, wrapped


@pytest.fixture(scope="module")
def some():
    return records()[0]


def refused(words, *args, **kwargs):
    with pytest.raises(cw.ExplainError, match=words) as caught:
        cw.concepts(*args, causal=0, **kwargs)
    assert len(str(caught.value)) < 500


def test_a_class_without_examples(some):
    bare = [cw.Record(one.signal, one.fs, one.leads, {"labels": ("A",)}) for one in some]
    refused("too few examples of classes .B 0; 5 are needed", bare, wrapped(), [high("I")], ["B"])
    found = cw.concepts(bare, wrapped(), [high("I")], causal=0)
    assert found.classes.note.tolist() == ["", "0 examples: 5 are needed"]
    assert np.isnan(found.scores[..., 1]).all()
    assert "too few examples: B (0 examples)" in found.figure()


def test_records_without_labels(some):
    bare = [cw.Record(one.signal, one.fs, one.leads) for one in some]
    refused("no record has labels", bare, wrapped(), [high("I")])
    labels = [one.meta["labels"] for one in some]
    assert cw.concepts(bare, wrapped(), [high("I")], labels=labels, causal=0).stars[0, :, 0].all()
    refused("labels= says 1 records", bare, wrapped(), [high("I")], labels=[("A",)])


def test_too_few_records_with_a_concept_or_without(some):
    def rare(one):
        return one is some[0]

    def usual(one):
        return one is not some[0]

    refused(
        "no concept can be asked: rare: 1 with it: 20 records are needed", some, wrapped(), [rare]
    )
    found = cw.concepts(some, wrapped(), [high("I"), usual], causal=0)
    row = found.concepts.set_index("concept").loc["usual"]
    assert row.note == "1 without it: 20 records are needed"
    assert np.isnan(found.scores[:, :, 1]).all() and found.stars[0, :, 0].all()
    assert "usual was not asked: 1 without it" in found.words()
    assert "not asked: 1 without it" in found.figure()


def test_names_that_are_unknown_say_what_is_close(some):
    refused("has no layer 'pol' .did you mean 'pool'", some, wrapped(), [high("I")], layers=["pol"])
    refused("each once", some, wrapped(), [high("I")], layers=["pool", "pool"])
    refused("no concept 'QRS-CLB'", some, wrapped(), ["QRS-CLB"])
    refused("no output 'C'", some, wrapped(), [high("I")], ["C"])
    refused("classes=", some, wrapped(), [high("I")], ["A", "A"])
    refused("expected 'pooled' or 'flat'", some, wrapped(), [high("I")], features="mean")
    refused("expected 'classifier' or 'pattern'", some, wrapped(), [high("I")], direction="up")
    refused("expected 'labels', 'predictions' or 'all'", some, wrapped(), [high("I")], examples="x")
    for name in ("cavs", "dummies", "most", "hearts", "seed"):
        refused(f"{name}=-1: expected a whole number", some, wrapped(), [high("I")], **{name: -1})


def test_models_that_cannot_be_asked(some):
    def function(x):
        return x.mean(axis=2)

    f = cw.wrap(function, fs=FS, leads=LEADS, outputs=["A", "B"], output="sigmoid")
    refused("has no gradients", some, f, [high("I")])
    refused("expected a Predictor", some, [], [high("I")])
    refused("expected a Predictor", some, ["x"], [high("I")])
    refused("models 0 and 1 have the same weights", some, [wrapped("a"), wrapped("b")], [high("I")])
    other = cw.wrap(Offsets(), fs=FS, leads=LEADS, outputs=["A", "C"], output="sigmoid")
    refused("initialisations of one network", some, [wrapped(), other], [high("I")])


class Cut(nn.Module):
    """A first layer that is cut off from the answer, and one that has no say in it."""

    def __init__(self):
        super().__init__()
        self.cut, self.idle = nn.Conv1d(2, 2, 1), nn.Conv1d(2, 2, 1)
        self.pool, self.head = nn.AdaptiveAvgPool1d(1), nn.Linear(2, 2)

    def forward(self, x):
        y = self.cut(x)
        self.idle(x)
        return self.head(self.pool(x + (y > 0).float())[:, :, 0])


def test_a_layer_without_gradients(some):
    f = cw.wrap(Cut(), fs=FS, leads=LEADS, outputs=["A", "B"], output="sigmoid")
    for name in ("cut", "idle"):
        refused(f"layer '{name}' of Cut has no gradient", some, f, [high("I")], layers=[name])
    assert cw.concepts(some, f, [high("I")], causal=0).layers == ("pool",)


def test_frozen_weights_have_gradients_all_the_same(some):
    f = wrapped()
    f.module.requires_grad_(False)
    assert cw.concepts(some, f, [high("I")], ["A"], causal=0).stars[0].all()


def test_a_layer_that_gives_nan(some):
    f = wrapped()

    class Broken(nn.Module):
        def forward(self, x):
            return torch.where(x > 1e9, x, torch.nan)

    f.module.relu = Broken()
    refused("layer 'relu' of offsets gives NaN", some, f, [high("I")], layers=["relu"])


def test_mixed_rates_and_lengths_are_taken(some):
    mixed = [
        one.resample(250) if k % 3 == 0 else one if k % 3 == 1 else longer(one)
        for k, one in enumerate(some)
    ]
    assert len({(one.fs, one.samples) for one in mixed}) == 3
    found = cw.concepts(mixed, wrapped(), [high("I")], ["A"], causal=0)
    assert found.stars[0].all() and len(found.failed) == 0


def longer(one):
    return cw.Record(
        np.concatenate([one.signal, one.signal[:, :300]], axis=1), one.fs, one.leads, one.meta
    )


def test_records_that_the_model_cannot_take_are_counted_and_listed(some):
    short = some[0].crop(0, 3)
    found = cw.concepts([*some, short, short], wrapped(), [high("I")], ["A"], causal=0)
    assert found.failed.record.tolist() == [160, 161]
    assert found.failed.reason.str.contains("not taken by the model").all()
    assert np.isnan(found.members[:, 160:]).all() and found.members.shape[1] == 162
    assert "2 records could not be judged" in found.words()
    refused("none of 2 records can be asked about", [short, short], wrapped(), [high("I")])


def test_records_whose_measurement_fails_are_unknown_and_listed(some, monkeypatch):
    """A rule cannot be judged of two leads of levels; what raises is listed with its reason."""
    from cofe_widgets.explain.concepts import membership

    def fails(record):
        raise RuntimeError("no beats")

    monkeypatch.setattr(membership, "measured", fails)
    found = cw.concepts(some, wrapped(), [high("I"), "QRS-CLBBB"], ["A"], causal=0)
    row = found.concepts.set_index("concept").loc["QRS-CLBBB"]
    assert (row.positives, row.negatives, row.unknown) == (0, 0, len(some))
    assert len(found.failed) == len(some) and found.failed.reason[0] == "not measured: no beats"
