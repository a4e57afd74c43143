"""Baselines by name and of one's own, methods that take several, and several targets."""

import json

import numpy as np
import pytest
import torch

import cofe_widgets as cw
from cofe_widgets.errors import EcgError, ExplainError
from cofe_widgets.explain.attribution import attribute as module  # noqa: F401
from cofe_widgets.explain.attribution import find, methods
from cofe_widgets.explain.attribution.baseline import baseline_ecg, baseline_ecgs

from .attribution_nets import net, of_samples, samples

FROM_A_BASELINE = [one.name for one in methods() if "baseline" in one.options]
QUICK = {
    "shapley_sampling": {"window_s": 1.0},
    "occlusion": {"window_s": 1.0},
    "ig_smoothgrad": {"copies": 2, "steps": 2},
    "integrated_gradients": {"steps": 3},
    "gradient_shap": {"samples": 3},
}


@pytest.fixture(scope="module")
def heart():
    return cw.simulate("STEMI_A", seed=3, fs=100, noise=0.0)[0]


def test_there_are_baselines_for_every_method_that_has_one():
    assert set(FROM_A_BASELINE) == {
        "integrated_gradients", "ig_smoothgrad", "gradient_shap", "deeplift", "deeplift_shap",
        "shapley_sampling", "occlusion",
    }  # fmt: skip


def test_the_isoelectric_line_is_the_level_before_the_qrs(heart):
    f = net("plain")
    raised = heart.record.with_signal(heart.record.signal + np.arange(12)[:, None] / 10)
    x = torch.cat([f.tensor(heart.record), f.tensor(raised)])
    flat, higher = baseline_ecg("isoelectric", x, f)
    assert torch.equal(flat, flat[:, :1].expand(12, 1000))
    assert torch.allclose(higher - flat, torch.arange(12.0)[:, None] / 10, atol=1e-3)
    assert (
        flat.abs().max() < 0.06
    )  # the simulator draws about 0 mV; ST is raised, and not the level
    noise = torch.randn(1, 12, 1000, generator=torch.Generator().manual_seed(0))
    level = baseline_ecg("isoelectric", noise, f)[0, :, 0]
    assert torch.allclose(level, torch.from_numpy(np.median(noise[0].numpy(), axis=1)))


def test_normal_beats_come_when_those_of_the_record_do(heart):
    f = net("plain")
    for seed, condition in ((1, "NSR"), (2, "AF")):
        record = cw.simulate(condition, seed=seed, fs=100)[0].record
        made = baseline_ecg("normal", f.tensor(record), f)[0].numpy()
        normal = cw.Record(made, 100, cw.LEADS)
        theirs, ours = cw.r_peaks(normal), cw.r_peaks(record)
        near = np.abs(ours[:, None] - theirs).min(axis=1)
        assert np.median(near) < 0.015 and (near < 0.05).mean() > 0.9
        assert 60 < cw.measure(normal)["qrs_ms"] < 110
    several = baseline_ecgs("normal", f.tensor(heart.record), f, 5)
    assert several.shape == (1, 5, 12, 1000)
    assert len({one.numpy().tobytes() for one in several[0]}) == 5


def test_without_beats_there_is_no_normal_ecg():
    slow = np.sin(np.linspace(0, 12, 1000))
    flat = cw.Record(np.tile(slow, (12, 1)), 100)
    with pytest.raises(ExplainError, match="none are found in it: choose baseline='zero'"):
        cw.attribute(flat, net("plain"), "a", "integrated_gradients", baseline="normal", steps=2)


def test_a_median_beat_has_baselines_too():
    record = cw.simulate("LBBB", seed=3, fs=500)[0].record
    f = cw.wrap(net("plain").module, fs=500, outputs=["a", "b"], median_beat=True)
    for baseline in ("isoelectric", "normal", "blurred"):
        att = cw.attribute(record, f, "a", "deeplift", baseline=baseline)
        assert att.provenance["completeness_error"] < 1e-3
    beat = baseline_ecg("normal", f.tensor(record), f)[0, 1].numpy()
    assert abs(beat.argmax() / 500 - 0.5) < 0.01


@pytest.mark.parametrize("method", FROM_A_BASELINE)
def test_an_ecg_of_ones_own_is_a_baseline(heart, method):
    f, quick = net("plain"), QUICK.get(method, {})
    twin = heart.twin("NSR").record
    att = cw.attribute(heart.record, f, "a", method, baseline=twin, **quick)
    known = att.provenance["options"]["baseline"]
    assert known.startswith("given, sha256 ") and json.dumps(att.provenance)
    array = f.tensor(twin)[0].numpy()
    same = cw.attribute(heart.record, f, "a", method, baseline=array, **quick)
    assert np.array_equal(same.values, att.values)
    assert same.provenance["options"]["baseline"] == known
    if find(method).complete:
        with torch.no_grad():
            both = f.score(f.raw(torch.cat([f.tensor(heart.record), f.tensor(twin)])), "a")
        if method != "integrated_gradients":
            assert att.values.sum() == pytest.approx(float(both[0] - both[1]), rel=1e-3, abs=1e-5)
    with pytest.raises(ExplainError, match=r"baseline was an ECG that is not kept: give it again"):
        att.rerun(f)
    assert np.array_equal(att.rerun(f, baseline=twin).values, att.values)


def test_one_baseline_for_each_record(heart):
    f = net("plain")
    hearts = [heart, cw.simulate("STEMI_A", seed=4, fs=100, noise=0.0)[0]]
    records, twins = [h.record for h in hearts], [h.twin("NSR").record for h in hearts]
    together = cw.attribute(records, f, "a", "deeplift", baseline=twins, batch_size=1)
    for att, record, twin in zip(together, records, twins, strict=True):
        alone = cw.attribute(record, f, "a", "deeplift", baseline=twin)
        assert np.allclose(att.values, alone.values, atol=1e-6)
    with pytest.raises(ExplainError, match="baseline: 3 ECGs for 2 records: expected one, or one"):
        cw.attribute(records, f, "a", "deeplift", baseline=[*twins, twins[0]])
    # Methods that take several take all of them for every record.
    shap = cw.attribute(records, f, "a", "deeplift_shap", baseline=twins)
    halves = [
        cw.attribute(records[0], f, "a", "deeplift", baseline=twin).values / 2 for twin in twins
    ]
    assert np.allclose(shap[0].values, sum(halves), atol=1e-6)


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        (np.zeros((3, 1000)), ExplainError, r"baseline has shape \(3, 1000\): expected \(12, 1000\)"),
        (np.full((12, 1000), np.nan), ExplainError, "expected finite numbers in mV"),
        (np.zeros((12, 900)), ExplainError, r"shape \(12, 900\).* at 100 Hz, as Net sees the ECG"),
        ("normals", ExplainError, "baseline='normals' .did you mean 'normal'.*or a Record"),
        (3, ExplainError, "baseline=3: expected one of 'zero', 'blurred', 'isoelectric', 'normal'"),
        ([], ExplainError, r"baseline=\[\]: expected one of"),
    ],
)  # fmt: skip
def test_baselines_that_cannot_be_are_refused(heart, given, error, words):
    with pytest.raises(error, match=words):
        cw.attribute(heart.record, net("plain"), "a", "deeplift", baseline=given)


def test_a_record_that_does_not_fit_is_no_baseline(heart):
    f = net("plain")
    few = heart.record.select(["I", "V1"])
    with pytest.raises(EcgError, match="^baseline: .*V2"):
        cw.attribute(heart.record, f, "a", "deeplift", baseline=few)
    with pytest.raises(EcgError, match="^baseline: the record is 4.00 s long"):
        cw.attribute(heart.record, f, "a", "deeplift", baseline=heart.record.crop(0, 4))
    longer = cw.simulate("NSR", seed=1, fs=100, seconds=25)[0].record
    with pytest.raises(ExplainError, match="baseline is an ECG, and window= explains parts"):
        cw.attribute(longer, f, "a", "deeplift", window="all", baseline=longer)


# -- methods with noise -----------------------------------------------------------------------------


def test_gradient_shap_of_a_linear_model_is_exact():
    # w (x - b), whatever the places: 2 * (3 - 1), -1 * (5 - 1).
    f = of_samples(lambda x: 2 * x[:, 0] - x[:, 1])
    found = find("gradient_shap")(f, samples(3, 5), "y", noise_mv=0.0, baseline="zero", samples=7)
    assert found[0, 0].tolist() == pytest.approx([6, -5])


def test_gradient_shap_adds_up_in_expectation():
    # a^2 from 0: the integral of 2 * 3u * 3 over u is 9; places one in each part, error O(1 / n^1.5).
    f = of_samples(lambda x: x[:, 0] ** 2)
    found = find("gradient_shap")(f, samples(3, 5), "y", noise_mv=0.0, baseline="zero", samples=400)
    assert found[0, 0].tolist() == pytest.approx([9, 0], abs=0.03)


def test_smoothed_integrated_gradients_are_the_mean_of_copies():
    # a^2: the integrated gradient of a copy is (a + e)^2, its mean a^2 + 2 a mean(e) + mean(e^2).
    f = of_samples(lambda x: x[:, 0] ** 2)
    x = samples(3, 5)
    spread = torch.full((6, 1, 2), 0.5)
    e = torch.normal(0.0, spread, generator=torch.Generator().manual_seed(4))[:, 0, 0]
    expected = float((3 + e).square().mean())
    found = find("ig_smoothgrad")(f, x, "y", copies=6, steps=2, noise_mv=0.5, seed=4)
    assert found[0, 0].tolist() == pytest.approx([expected, 0], abs=1e-4)
    still = find("ig_smoothgrad")(f, x, "y", copies=2, steps=3, noise_mv=0.0)
    assert torch.allclose(still, find("integrated_gradients")(f, x, "y", steps=3))


# -- several targets --------------------------------------------------------------------------------


def test_several_targets_give_a_dict(heart):
    f = cw.load("nine-resnet")
    record = heart.record
    found = cw.attribute(record, f, ["LBBB", "AF"], "gradcam")
    assert list(found) == ["LBBB", "AF"]
    for target, att in found.items():
        assert att.target == target
        assert np.array_equal(att.values, cw.attribute(record, f, target, "gradcam").values)
    lists = cw.attribute((one for one in [record, record]), f, ("AF", "SB"))
    assert [len(lists[name]) for name in ("AF", "SB")] == [2, 2]
    with pytest.raises(
        ExplainError, match=r"no output 'LBB' .did you mean 'LBBB'.*: choose one of NSR"
    ):
        cw.attribute(record, f, ["AF", "LBB"])
    with pytest.raises(ExplainError, match="target=3: expected the name of an output"):
        cw.attribute(record, f, 3)


def test_a_value_is_explained_by_every_method(heart):
    f = cw.load("potassium-resnet")
    for method in cw.ATTRIBUTION_METHODS:
        att = cw.attribute(heart.record, f, f.outputs[0], method, **QUICK.get(method, {}))
        assert att.values.shape == (12, 2500) and att.values.std() > 0, method


def test_close_names_are_told(heart):
    f = net("plain")
    with pytest.raises(
        ExplainError, match=r"no attribution method 'salency' .did you mean 'saliency'"
    ):
        cw.attribute(heart.record, f, "a", "salency")
    with pytest.raises(ExplainError, match=r"lrp has no option 'rules' .did you mean 'rule'"):
        cw.attribute(heart.record, f, "a", "lrp", rules="epsilon")
    with pytest.raises(ExplainError, match=r"rule='zplus' .did you mean 'z_plus'"):
        cw.attribute(heart.record, f, "a", "lrp", rule="zplus")
    gaps = heart.record.signal.copy()
    gaps[8, 100:300] = np.nan
    with pytest.raises(EcgError, match="samples are missing .*V3"):
        cw.attribute(cw.Record(gaps, 100), f, "a", "gradcam")
