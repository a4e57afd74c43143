"""What a module is given and how its answer is read: worked out by hand, with gradients to the mV."""

import numpy as np
import pytest
import torch
from torch import nn

import cofe_widgets as cw

from .nets import FS, OUTPUTS, Around, Forest, Net, WithPatient, probabilities


@pytest.fixture(scope="module")
def record():
    return cw.simulate("NSR", seed=8)[0].record


def wrapped(module, **options):
    return cw.wrap(module, **{"fs": FS, "outputs": OUTPUTS, **options})


class Seen(nn.Module):
    """Keeps what it is given; answers the first two leads' means."""

    seen = None

    def forward(self, x):
        Seen.seen = x.detach()
        return x.flatten(2).mean(dim=2)[:, :2]


@pytest.mark.parametrize(
    ("pad", "before", "last"), [("zero", 12, 0.0), ("end", 0, 0.0), ("edge", 0, None)]
)
def test_what_fills_a_shorter_record_up(pad, before, last, record):
    f = wrapped(Seen(), seconds=10.24, pad=pad)
    f.predict(record)
    signal = record.resample(FS).signal
    assert Seen.seen.shape == (1, 12, 1024)
    assert np.array_equal(Seen.seen[0, :, before : before + 1000], signal)
    assert float(Seen.seen[0, 0, -1]) == (signal[0, -1] if last is None else last)
    att = cw.attribute(record, f, "a")
    assert att.values.shape == (12, 1000) and np.allclose(att.values[0, :-1], att.values[0, 0])


def test_records_of_other_lengths_are_asked_together_and_explained_in_order(record):
    f = wrapped(Net(), seconds=12, pad="end")
    records = [record, record.crop(0, 6), record.crop(0, 8), record.crop(1, 7)]
    answers = f.predict(records)
    assert answers == [pytest.approx(f.predict(one)) for one in records]
    maps = cw.attribute(records, f, "a")
    assert [one.values.shape[1] for one in maps] == [1000, 600, 800, 600]
    assert np.allclose(maps[3].values, cw.attribute(records[3], f, "a").values, atol=1e-6)
    with pytest.raises(cw.EcgError, match="different lengths"):
        f.tensor(records)


def test_a_short_record_is_refused_with_the_options_that_help(record):
    f = wrapped(Net(), seconds=10.24)
    with pytest.raises(cw.EcgError, match=r"10.00 s long.*needs 10.24 s.*pad='zero'.*layout="):
        f.predict(record)
    with pytest.raises(cw.EcgError, match=r"records\[1\]: .*6.00 s long"):
        wrapped(Net()).predict([record, record.crop(0, 6)])
    shipped = cw.load("af-resnet")
    with pytest.raises(cw.EcgError, match="needs 10 s$"):
        shipped.predict(record.crop(0, 6))


class Peak(nn.Module):
    """Logit of the largest value of lead II."""

    def forward(self, x):
        top = x[:, 1].amax(dim=1)
        return torch.stack((0 * top, top), dim=1)


@pytest.mark.parametrize("output", ["softmax", "sigmoid", "linear"])
@pytest.mark.parametrize("aggregate", ["mean", "max"])
def test_crops_say_together_what_their_answers_do(output, aggregate, record):
    f = wrapped(Peak(), window=2.5, output=output, aggregate=aggregate)
    twenty = np.tile(record.resample(FS).signal, (1, 2))[:, :1900] * np.linspace(1, 2, 1900)
    twenty = twenty.astype(np.float32)
    long = cw.Record(twenty, FS, record.leads)
    parts = [twenty[1, first : first + 250].max() for first in (*range(0, 1651, 250), 1650)]
    raw = torch.tensor([[0.0, float(top)] for top in parts])
    each = {"softmax": raw.softmax(1), "sigmoid": raw.sigmoid(), "linear": raw}[output].numpy()
    together = each.mean(axis=0) if aggregate == "mean" else each.max(axis=0)
    if output == "softmax":
        together = together / together.sum()
    assert list(f.predict(long).values()) == pytest.approx(together.tolist(), abs=1e-5)
    att = cw.attribute(long, f, "b")
    assert att.values.shape == (12, 1900)
    # Of a softmax, the largest probability of either class may be another crop's.
    looked_at = 8 if aggregate == "mean" else 2 if output == "softmax" else 1
    assert np.count_nonzero(att.values[1]) == looked_at
    whole = cw.attribute(long, wrapped(Peak(), window=2.5, output=output, aggregate=aggregate), "b")
    few = wrapped(Peak(), window=2.5, output=output, aggregate=aggregate, batch_size=3)
    assert np.allclose(cw.attribute(long, few, "b").values, whole.values, atol=1e-6)


def test_no_more_crops_than_the_batch_size_go_through_at_once(record):
    sizes = []
    f = wrapped(Around(lambda net, x: sizes.append(len(x)) or net(x)), window=1, batch_size=4)
    del sizes[:]
    f.predict([record, record])
    assert max(sizes) == 4 and sum(sizes) == 20


def test_a_model_that_needs_each_ecg_alone_is_asked_so(record):
    def forward(net, x):
        return net(x - x.mean(dim=0, keepdim=True).mean())

    with pytest.raises(cw.WrapError, match="batch_size=1"):
        wrapped(Around(forward))
    f = wrapped(Around(forward), batch_size=1)
    other = cw.simulate("AF", seed=2)[0].record
    assert f.predict([record, other]) == [f.predict(record), f.predict(other)]


@pytest.mark.parametrize(("units", "factor"), [("mV", 1), ("uV", 1000), ("µV", 1000), ("V", 1e-3)])
def test_units_reach_the_module_and_gradients_the_mv(units, factor, record):
    f = wrapped(Seen(), units=units, output="linear")
    f.predict(record)
    assert np.allclose(Seen.seen[0], factor * record.resample(FS).signal, rtol=1e-6)
    assert np.allclose(cw.attribute(record, f, "a").values[0], factor / 1000, rtol=1e-4)


def test_normalising_is_of_each_lead_and_a_flat_one_is_zero(record):
    signal = record.resample(FS).signal.copy()
    signal[3] = 0.7
    f = wrapped(Seen(), normalise="zscore", output="linear")
    flat = cw.Record(signal, FS, record.leads)
    f.predict(flat)
    seen = Seen.seen[0].double().numpy()
    assert np.allclose(np.delete(seen, 3, 0).mean(1), 0, atol=1e-5) and (seen[3] == 0).all()
    assert np.allclose(np.delete(seen, 3, 0).std(1), 1, atol=1e-3)
    assert np.isfinite(cw.attribute(flat, f, "a").values).all()
    att = cw.attribute(
        flat, wrapped(Net(), normalise="zscore"), "a", "integrated_gradients", steps=5
    )
    assert np.isfinite(att.values).all() and "completeness_error" in att.provenance


def test_integrated_gradients_that_do_not_add_up_say_so(record):
    f = wrapped(Net(), normalise="zscore")
    att = cw.attribute(record, f, "a", "integrated_gradients")
    assert att.provenance["completeness_error"] > 0.25
    assert "baseline='blurred'" in att.provenance["warning"] and "misses the answer" in repr(att)


# -- probabilities --------------------------------------------------------------------------------


class Sure(nn.Module):
    """Probabilities of large logits: the mean of lead I, times a number."""

    def __init__(self, end, size):
        super().__init__()
        self.end, self.size = end, size

    def forward(self, x):
        z = self.size * x[:, 0].mean(dim=1)
        z = torch.stack((z, -z), dim=1) if self.end == "softmax" else z[:, None]
        return z.softmax(1) if self.end == "softmax" else z.sigmoid()


@pytest.mark.parametrize("end", ["softmax", "sigmoid"])
@pytest.mark.parametrize("size", [1.0, 8.0, 25.0])
def test_probabilities_become_the_logits_they_came_from(end, size):
    outputs = OUTPUTS if end == "softmax" else ["a"]
    f = wrapped(Sure(end, size), output="probabilities", outputs=outputs)
    assert f.output == end
    x = torch.full((1, 12, 1000), -1.0, requires_grad=True)
    score = f.score(f.raw(x), "a").sum()
    expected = -2 * size if end == "softmax" else -size
    assert float(score.detach()) == pytest.approx(expected, rel=1e-4)
    (slope,) = torch.autograd.grad(score, x)
    assert float(slope[0, 0].sum()) == pytest.approx(-expected, rel=1e-3)
    surely = f.raw(torch.full((1, 12, 1000), 500.0))
    assert bool(torch.isfinite(surely).all()) and float(f.answers(surely)[0, 0]) > 0.999


def test_small_logits_and_values_are_not_taken_for_probabilities(record):
    small = nn.Sequential(Net(), nn.Linear(2, 2))
    with torch.no_grad():
        small[1].weight.mul_(1e-3)
        small[1].bias[:] = torch.tensor([0.3, 0.4])
    assert wrapped(small, output="sigmoid").predict(record)["a"] == pytest.approx(0.574, abs=0.01)
    assert wrapped(small).output == "softmax"
    share = Around(lambda net, x: net(x).sigmoid())
    assert wrapped(share, output="linear").output == "linear"


def test_probabilities_of_several_labels_are_told_from_those_of_classes(record):
    f = wrapped(Around(lambda net, x: net(x).sigmoid()), output="probabilities")
    assert f.output == "sigmoid"
    assert wrapped(Forest(), output="probabilities").output == "softmax"


# -- what comes with the ECG ----------------------------------------------------------------------


def of(record, **told):
    return cw.Record(record.signal, record.fs, record.leads, {**record.meta, **told})


def test_age_and_sex_are_those_of_each_record(record):
    f = wrapped(WithPatient(), inputs=["age", "sex"])
    people = [of(record, age=50, sex="M"), of(record, age=90, sex="F")]
    expected = probabilities(torch.tensor([[1.0, 0.5], [1.8, -0.5]]))
    for answer, right in zip(f.predict(people), expected, strict=True):
        assert list(answer.values()) == pytest.approx(right.tolist(), abs=1e-5)
    first = cw.attribute(people, f, "a")
    assert [one.provenance["model_use"]["side"] for one in first] == [[50.0, 1.0], [90.0, 0.0]]
    with pytest.raises(cw.WrapError, match="age and sex beside the ECG"):
        f.raw(f.tensor(people[0]))
    assert float(f.of(people[1]).raw(f.tensor(people[1]))[0, 0]) == pytest.approx(1.8, abs=1e-5)


@pytest.mark.parametrize(("name", "value"), [("age", None), ("age", "old"), ("sex", "X")])
def test_a_record_that_does_not_say_them_is_refused(name, value, record):
    f = wrapped(WithPatient(), inputs=("age", "sex"))
    with pytest.raises(cw.EcgError, match=f"does not say the {name}"):
        f.predict(of(record, **{"age": 61, "sex": "F", name: value}))


def test_gaps_are_refused_or_filled_as_asked_and_noted(record):
    signal = record.signal.copy()
    signal[7, 1000:2000] = np.nan
    gappy = cw.Record(signal, record.fs, record.leads)
    f = wrapped(Net())
    with pytest.raises(cw.EcgError, match=r"2 s of V2.*gaps='interpolate'"):
        f.predict(gappy)
    with pytest.raises(cw.EcgError, match="samples are missing"):
        cw.attribute(gappy, f, "a")
    for how in ("zero", "interpolate"):
        filler = wrapped(Net(), gaps=how)
        right = f.predict(gappy.filled(how))
        assert filler.predict(gappy) == pytest.approx(right, abs=1e-3)
        known = cw.attribute(gappy, filler, "a").provenance
        assert known["model_use"]["gaps"] == how and "2 s of V2" in known["filled"]


def test_a_gap_where_the_model_does_not_look_is_none(record):
    signal = record.signal.copy()
    signal[7, 3000:] = np.nan
    gappy = cw.Record(signal, record.fs, record.leads)
    assert wrapped(Net(), seconds=5).predict(gappy) == wrapped(Net(), seconds=5).predict(record)
    assert wrapped(Net(1), leads=["II"]).predict(gappy)


def test_the_median_beat_is_what_the_model_is_given(record):
    from cofe_widgets.signals.median_beat import median_beat

    f = wrapped(Seen(), median_beat=True, fs=500, output="linear")
    f.predict(record)
    assert np.allclose(Seen.seen[0], median_beat(record).signal[:, :600], atol=1e-6)
    att = cw.attribute(record, f, "a")
    assert att.values.shape == (12, 600) and att.record.meta["median_beat"]
    with pytest.raises(cw.ExplainError, match="median beat.*attribute"):
        cw.counterfactual(record, f, "a", 1.0)
