import numpy as np
import pytest
import torch
from captum.attr import InputXGradient, IntegratedGradients, NoiseTunnel, Saliency
from torch import nn

import cofe_widgets as cw
from cofe_widgets.errors import EcgError, ExplainError

#: Options with which methods that ask a model often are quick.
QUICK = {
    "shapley_sampling": {"window_s": 1.0, "orders": 1},
    "occlusion": {"window_s": 1.0, "step_s": 1.0},
    "ig_smoothgrad": {"copies": 2, "steps": 3},
}


class Weighted(nn.Module):
    """Log-odds of "yes" = sum of w * x with w = +1 on lead I, -2 on lead II: known gradients."""

    def forward(self, x):
        s = x[:, 0].sum(dim=1) - 2 * x[:, 1].sum(dim=1)
        return torch.stack((torch.zeros_like(s), s), dim=1)


@pytest.fixture(scope="module")
def record():
    return cw.simulate("NSR", seed=5, fs=250)[0].record


@pytest.fixture(scope="module")
def f():
    return cw.wrap(Weighted(), fs=250, leads=["I", "II"], outputs=["no", "yes"])


def test_saliency_keeps_the_sign_of_the_gradient(record, f):
    att = cw.attribute(record, f, target="yes")
    assert att.values.shape == (2, 2500) and att.values.dtype == np.float32
    assert np.allclose(att.values[0], 1.0) and np.allclose(att.values[1], -2.0)
    assert np.allclose(cw.attribute(record, f, target="no").values, -att.values)


def test_input_times_gradient_and_the_integral_of_a_linear_model(record, f):
    weights = np.array([[1.0], [-2.0]])
    expected = record.select(["I", "II"]).signal * weights
    for method in ("input_x_gradient", "integrated_gradients"):
        assert np.allclose(cw.attribute(record, f, "yes", method).values, expected, atol=1e-4)


def test_integrated_gradients_are_complete(record):
    class Squared(nn.Module):
        def forward(self, x):
            s = x[:, 0].square().mean(dim=1)
            return torch.stack((torch.zeros_like(s), s), dim=1)

    f = cw.wrap(Squared(), fs=250, outputs=["no", "yes"])
    total = cw.attribute(record, f, "yes", "integrated_gradients").values.sum()
    assert total == pytest.approx(np.mean(record["I"].astype(float) ** 2), rel=0.02)


@pytest.mark.parametrize("method", cw.ATTRIBUTION_METHODS)
def test_every_method_answers_for_the_shipped_model(record, method):
    att = cw.attribute(record, cw.load("af-resnet"), "AF", method, **QUICK.get(method, {}))
    assert att.values.shape == (12, 2500) and np.isfinite(att.values).all()
    assert att.values.std() > 0 and (att.values < 0).any() and (att.values > 0).any()
    assert att.fs == 250 and att.leads == cw.LEADS


def test_smoothgrad_is_the_same_twice_and_leaves_the_random_state(record):
    f = cw.load("af-resnet")
    torch.manual_seed(4)
    expected = torch.rand(1)
    torch.manual_seed(4)
    one, two = (cw.attribute(record, f, "AF", "smoothgrad").values for _ in "ab")
    assert torch.equal(torch.rand(1), expected)
    assert np.array_equal(one, two)


def test_unknown_methods_and_targets_are_refused(record, f):
    with pytest.raises(ExplainError, match="'magic'.*saliency"):
        cw.attribute(record, f, "yes", "magic")
    with pytest.raises(ExplainError, match="'maybe'.*no, yes"):
        cw.attribute(record, f, "maybe")


def test_a_model_without_gradient_is_refused(record):
    class Detached(nn.Module):
        def forward(self, x):
            return x.detach().mean(dim=2)[:, :2]

    with pytest.raises(ExplainError, match="no gradient"):
        cw.attribute(record, cw.wrap(Detached(), fs=250, outputs=["a", "b"]), "a")


# -- the numbers ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "method", ["saliency", "smoothgrad", "input_x_gradient", "integrated_gradients"]
)
@pytest.mark.parametrize("model", ["af-resnet", "af-inception"])
def test_the_defaults_are_what_captum_gives_bit_for_bit(record, model, method):
    # The calls by which these numbers were computed before the methods were objects.
    f = cw.load(model)
    x = f.tensor(record).requires_grad_(True)

    def score(part):
        return f.score(f.raw(part), "AF")

    if method == "saliency":
        expected = Saliency(score).attribute(x, abs=False)
    elif method == "input_x_gradient":
        expected = InputXGradient(score).attribute(x)
    elif method == "integrated_gradients":
        expected = IntegratedGradients(score).attribute(x, n_steps=50, internal_batch_size=32)
    else:
        with torch.random.fork_rng():
            torch.manual_seed(0)
            expected = NoiseTunnel(Saliency(score)).attribute(
                x, nt_type="smoothgrad", nt_samples=25, stdevs=0.02, abs=False
            )
    values = cw.attribute(record, f, "AF", method).values
    assert values.tobytes() == expected.detach().numpy()[0].tobytes()


def test_options_change_what_they_should(record):
    f = cw.load("af-resnet")
    plain = cw.attribute(record, f, "AF").values
    still = cw.attribute(record, f, "AF", "smoothgrad", copies=2, noise_mv=0.0).values
    assert np.allclose(still, plain, atol=1e-6)
    one, two = (
        cw.attribute(record, f, "AF", "smoothgrad", copies=2, seed=s).values for s in (0, 1)
    )
    assert not np.allclose(one, two)
    errors = [
        cw.attribute(record, f, "AF", "integrated_gradients", steps=n).provenance[
            "completeness_error"
        ]
        for n in (2, 100)
    ]
    assert errors[1] < 0.05 < errors[0]


# -- completeness ---------------------------------------------------------------------------------


def test_the_completeness_error_of_a_linear_model_is_none_to_speak_of(record, f):
    known = cw.attribute(record, f, "yes", "integrated_gradients").provenance
    assert known["complete"] and known["completeness_error"] < 1e-4
    for method in ("saliency", "smoothgrad", "input_x_gradient"):
        known = cw.attribute(record, f, "yes", method).provenance
        assert not known["complete"] and "completeness_error" not in known


def test_the_completeness_error_is_that_of_the_sum(record):
    class Cubed(nn.Module):
        def forward(self, x):
            return (x[:, :1, :].sum(dim=2) / 100 + 1) ** 3

    f = cw.wrap(Cubed(), fs=250, leads=["I"], outputs=["a"], output="linear")
    s = float(f.tensor(record).double().sum()) / 100
    # One point of Gauss-Legendre is the middle: 3 (s/2 + 1)^2 s for (s + 1)^3 - 1.
    expected = abs(3 * (s / 2 + 1) ** 2 * s / ((s + 1) ** 3 - 1) - 1)
    known = cw.attribute(record, f, "a", "integrated_gradients", steps=1).provenance
    assert known["completeness_error"] == pytest.approx(expected, rel=1e-3) and expected > 1e-4


def network(**options):
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Conv1d(12, 8, 25), nn.ReLU(), nn.AdaptiveMaxPool1d(1), nn.Flatten(), nn.Linear(8, 2)
    )
    return cw.wrap(net, fs=100, outputs=["a", "b"], **options)


def test_a_model_without_answer_to_the_baseline_is_refused(record):
    def z(x):
        return (x - x.mean(-1, keepdim=True)) / x.std(-1, keepdim=True)

    f = network(preprocess=z)
    said = "NaN.*to the baseline.*scales its input.*choose another baseline .baseline='blurred'"
    with pytest.raises(ExplainError, match=said):
        cw.attribute(record, f, "a", "integrated_gradients")
    with pytest.raises(ExplainError, match=r"records\[0\]: .*baseline"):
        cw.attribute([record], f, "a", "integrated_gradients")
    att = cw.attribute(record, f, "a", "integrated_gradients", baseline="blurred", steps=200)
    assert att.provenance["completeness_error"] < 0.05


def test_a_scale_invariant_model_with_an_answer_to_zero_is_seen_in_the_completeness_error(record):
    f = network(preprocess=lambda x: torch.nn.functional.layer_norm(x, x.shape[-1:], eps=1e-12))
    known = cw.attribute(record, f, "a", "integrated_gradients").provenance
    assert known["completeness_error"] > 0.5
    assert "scales its input" in known["warning"] and "0 mV" in known["warning"]
    few = cw.attribute(record, network(), "a", "integrated_gradients", steps=1).provenance
    assert "scales its input" not in few.get("warning", "")


# -- many records ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def records(record):
    others = cw.simulate("AF", n=2, seed=3, fs=500)
    return [record, *(one.record for one in others)]


@pytest.mark.parametrize("method", cw.ATTRIBUTION_METHODS)
def test_many_records_are_explained_as_one_by_one(records, method):
    f, quick = network(), QUICK.get(method, {})
    together = cw.attribute(records, f, "a", method, batch_size=2, **quick)
    assert isinstance(together, list) and len(together) == 3
    for att, record in zip(together, records, strict=True):
        alone = cw.attribute(record, f, "a", method, **quick)
        assert np.allclose(att.values, alone.values, atol=1e-6)
        assert np.array_equal(att.record.signal, alone.record.signal)
        assert att.provenance.keys() == alone.provenance.keys()
    assert cw.attribute(iter(records[:1]), f, "a", method, **quick)[0].target == "a"
    assert cw.attribute([], f, "a", method) == []


def test_no_more_ecgs_than_asked_go_through_the_model_at_once(records):
    seen = []

    def watched(x):
        seen.append(len(x))
        return x

    f = network(preprocess=watched)
    for method in cw.ATTRIBUTION_METHODS:
        del seen[:]
        cw.attribute(records, f, "a", method, batch_size=2, **QUICK.get(method, {}))
        assert max(seen) == 2, method
    assert f.batch_size == 64


def test_every_record_is_checked_before_the_model_is_asked(records):
    asked = []
    f = network(preprocess=lambda x: asked.append(1) or x)
    del asked[:]
    short = records[1].crop(0, 4)
    with pytest.raises(EcgError, match=r"records\[3\]: the record is 4.00 s long.*needs 10 s"):
        cw.attribute([*records, short], f, "a")
    with pytest.raises(EcgError, match=r"records\[1\]: a ndarray is no Record"):
        cw.attribute([records[0], records[0].signal], f, "a")
    with pytest.raises(EcgError, match="record is a Predictor"):
        cw.attribute(f, f, "a")
    with pytest.raises(ExplainError, match="f is a Record: expected a Predictor"):
        cw.attribute(f, records[0], "a")
    with pytest.raises(ExplainError, match="batch_size=0"):
        cw.attribute(records, f, "a", batch_size=0)
    assert not asked


def test_values_that_are_not_finite_name_their_record(records):
    class Root(nn.Module):
        """Its gradient is infinite where the first sample is zero."""

        def forward(self, x):
            return x[:, 0, :1].abs().sqrt() + torch.zeros(1, 2)

    f = cw.wrap(Root(), fs=250, outputs=["a", "b"], output="linear")
    signal = records[0].signal.copy()
    signal[0, 0] = 0.0
    with pytest.raises(
        ExplainError, match=r"records\[2\]: Root gives NaN or infinite saliency for a"
    ):
        cw.attribute([*records[:2], records[0].with_signal(signal)], f, "a", batch_size=2)


# -- nothing is changed ---------------------------------------------------------------------------


@pytest.mark.parametrize("method", cw.ATTRIBUTION_METHODS)
def test_modules_that_work_in_place_get_a_copy(record, method):
    def in_place(x):
        x -= x.mean(-1, keepdim=True)
        return x.mul_(2).abs_()

    before, quick = record.signal.copy(), QUICK.get(method, {})
    att = cw.attribute(record, network(preprocess=in_place), "a", method, **quick)
    clean = network(preprocess=lambda x: (2 * (x - x.mean(-1, keepdim=True))).abs())
    assert np.allclose(
        att.values, cw.attribute(record, clean, "a", method, **quick).values, atol=1e-6
    )
    assert np.array_equal(record.signal, before)


@pytest.mark.parametrize("method", cw.ATTRIBUTION_METHODS)
def test_the_model_is_left_as_it_was(record, method):
    f = cw.load("af-resnet")
    f.module.requires_grad_(True)
    before = {key: value.clone() for key, value in f.module.state_dict().items()}
    f.module.train()
    f.module.head.eval()
    f.module.head.weight.grad = torch.ones_like(f.module.head.weight)
    with torch.no_grad():
        att = cw.attribute(record, f, "AF", method, **QUICK.get(method, {}))
        assert not torch.is_grad_enabled()
    fresh = cw.attribute(record, cw.load("af-resnet"), "AF", method, **QUICK.get(method, {}))
    assert np.array_equal(att.values, fresh.values)
    assert f.module.training and f.module.blocks[0].norm1.training and not f.module.head.training
    assert all(torch.equal(value, before[key]) for key, value in f.module.state_dict().items())
    given = {name for name, one in f.module.named_parameters() if one.grad is not None}
    assert given == {"head.weight"} and bool((f.module.head.weight.grad == 1).all())
    assert all(one.requires_grad for one in f.module.parameters())
