import numpy as np
import pytest
import torch
from torch import nn

from cofe_widgets import LEADS, Record, load, simulate, wrap
from cofe_widgets.errors import EcgError, WeightsError, WrapError


class MeanOf(nn.Module):
    """Logits that are the mean of lead I and of lead II: every answer can be computed by hand."""

    def forward(self, x):
        return x.mean(dim=2)[:, :2]


def flat(i, ii, seconds=10.0, fs=250.0):
    """Leads I and II of constant value (plus a tiny beat, for a flat record is no ECG)."""
    signal = np.zeros((2, round(seconds * fs)), np.float32)
    signal[:, 100], signal[:, 101] = 0.5, -0.5
    return Record(signal + np.array([[i], [ii]], np.float32), fs, ("I", "II"))


def test_softmax_answers_by_name():
    f = wrap(MeanOf(), fs=250, leads=["I", "II"], outputs=["SR", "AF"])
    answer = f.predict(flat(1.0, 2.0))
    assert list(answer) == ["SR", "AF"]
    assert answer["AF"] == pytest.approx(1 / (1 + np.exp(-1.0)), abs=1e-5)


def test_sigmoid_and_linear_outputs():
    record = flat(1.0, -2.0)
    labels = wrap(MeanOf(), fs=250, leads=["I", "II"], outputs=["A", "B"], output="sigmoid")
    assert labels.predict(record)["B"] == pytest.approx(1 / (1 + np.exp(2.0)), abs=1e-5)
    values = wrap(MeanOf(), fs=250, leads=["I", "II"], outputs=["A", "B"], output="linear")
    assert values.predict(record)["A"] == pytest.approx(1.0, abs=1e-5)


def test_score_is_the_log_odds_of_a_softmax():
    f = wrap(MeanOf(), fs=250, leads=["I", "II"], outputs=["SR", "AF"])
    raw = torch.tensor([[0.3, 1.7]])
    probability = float(f.answers(raw)[0, 1])
    assert float(f.score(raw, "AF")) == pytest.approx(
        np.log(probability / (1 - probability)), abs=1e-5
    )


def test_a_list_gives_a_list_and_a_batch_answers_as_one_by_one():
    f = wrap(MeanOf(), fs=250, leads=["I", "II"], outputs=["SR", "AF"], batch_size=2)
    records = [flat(k / 10, -k / 10) for k in range(5)]
    together = f.predict(records)
    assert together == [pytest.approx(f.predict(record)) for record in records]


def test_records_are_resampled_and_leads_selected_or_derived():
    f = wrap(MeanOf(), fs=125, leads=["III", "aVF"], outputs=["a", "b"], output="linear")
    answer = f.predict(flat(1.0, 2.0, fs=500.0))
    assert answer["a"] == pytest.approx(1.0, abs=1e-2)  # III = II - I
    assert answer["b"] == pytest.approx(1.5, abs=1e-2)  # aVF = II - I / 2


def test_preprocess_and_postprocess_are_applied():
    f = wrap(
        MeanOf(),
        fs=250,
        leads=["I", "II"],
        outputs=["a", "b"],
        output="linear",
        preprocess=lambda x: 2 * x,
        postprocess=lambda y: y + 1,
    )
    assert f.predict(flat(1.0, 2.0))["b"] == pytest.approx(5.0, abs=1e-4)


def test_a_short_record_and_a_missing_lead_are_refused():
    f = wrap(MeanOf(), fs=250, leads=["I", "II"], outputs=["SR", "AF"])
    with pytest.raises(EcgError, match="4.00 s long.*needs 10 s"):
        f.predict(flat(0, 0, seconds=4.0))
    chest = wrap(MeanOf(), fs=250, leads=["V1", "V2"], outputs=["SR", "AF"])
    with pytest.raises(EcgError, match="V1"):
        chest.predict(flat(0, 0))


def test_an_unknown_output_lists_the_known():
    f = wrap(MeanOf(), fs=250, leads=["I", "II"], outputs=["SR", "AF"])
    with pytest.raises(WrapError, match="'VT'.*SR, AF"):
        f.index("VT")


@pytest.mark.parametrize(
    ("outputs", "output", "message"),
    [
        (["a", "b", "c"], "softmax", r"answers shape \(2, 2\).*3"),
        (["a", "a"], "softmax", "differ"),
        (["a"], "softmax", "at least two"),
        (["a", "b"], "tanh", "softmax.*sigmoid.*linear"),
    ],
)
def test_a_wrong_description_is_refused(outputs, output, message):
    with pytest.raises(WrapError, match=message):
        wrap(MeanOf(), fs=250, leads=["I", "II"], outputs=outputs, output=output)


def test_a_module_that_fails_or_answers_nan_is_refused():
    with pytest.raises(WrapError, match="fails on an input of shape"):
        wrap(nn.Linear(3, 2), fs=250, outputs=["a", "b"])
    with pytest.raises(WrapError, match="NaN"):
        wrap(MeanOf(), fs=250, outputs=["a", "b"], postprocess=lambda y: y * torch.nan)
    with pytest.raises(WrapError, match="answers a tuple.*postprocess"):
        wrap(MeanOf(), fs=250, outputs=["a", "b"], postprocess=lambda y: (y, y))
    with pytest.raises(WrapError, match="one string"):
        wrap(MeanOf(), fs=250, outputs="AF")


def test_standardising_preprocessing_is_served():
    f = wrap(
        MeanOf(),
        fs=250,
        leads=["I", "II"],
        outputs=["a", "b"],
        output="linear",
        preprocess=lambda x: (x - x.mean(dim=2, keepdim=True)) / x.std(dim=2, keepdim=True),
    )
    assert f.predict(flat(1.0, 2.0))["a"] == pytest.approx(0.0, abs=1e-4)
    assert f.predict([]) == []


def test_changing_one_predictor_leaves_the_next_alone():
    record = simulate("NSR", seed=1)[0].record
    before = load("af-resnet").predict(record)
    with torch.no_grad():
        load("af-resnet").module.head.bias += torch.tensor([0.0, 3.0])
    assert load("af-resnet").predict(record) == before


def test_the_weight_hash_names_the_content():
    torch.manual_seed(0)
    one, other = (
        wrap(nn.Sequential(MeanOf(), nn.Linear(2, 2)), fs=250, outputs=["a", "b"]) for _ in "ab"
    )
    assert one.weight_hash != other.weight_hash
    other.module.load_state_dict(one.module.state_dict())
    again = wrap(other.module, fs=250, outputs=["a", "b"])
    assert again.weight_hash == one.weight_hash


def test_the_shipped_af_model_knows_simulated_rhythms():
    f = load("af-resnet")
    assert f.outputs == ("SR", "AF") and f.leads == LEADS
    for condition, right in (("NSR", "SR"), ("AF", "AF")):
        answers = f.predict([one.record for one in simulate(condition, n=96, seed=900)])
        assert np.mean([answer[right] > 0.5 for answer in answers]) >= 0.9


def test_unknown_weights_list_the_shipped_and_other_files_are_refused(tmp_path):
    with pytest.raises(WeightsError, match="af-resnet"):
        load("no-such-model")
    with pytest.raises(WrapError, match="not a predictor"):
        load("generator")
    bad = tmp_path / "bad.safetensors"
    bad.write_bytes(b"\xff" * 64)
    with pytest.raises(WeightsError, match="bad.safetensors"):
        load(bad)


def test_a_name_that_no_message_can_carry_is_refused():
    with pytest.raises(WrapError, match="holds half a character"):
        wrap(load("af-resnet").module, fs=250, outputs=["SR", "A\ud800F"])
