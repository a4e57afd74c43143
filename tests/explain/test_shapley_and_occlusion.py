"""Methods that only ask the model: exact where they can be, converging where they sample."""

from itertools import permutations

import numpy as np
import pytest
import torch
from captum.attr import Occlusion as CaptumOcclusion

import cofe_widgets as cw
from cofe_widgets.explain.attribution import find
from cofe_widgets.explain.attribution.features import lead_groups

from .attribution_nets import net, of_samples, samples

SHAPLEY, OCCLUSION = find("shapley_sampling"), find("occlusion")
#: One sample a window at 20 Hz.
SAMPLE = {"window_s": 0.05, "leads": "each"}


@pytest.fixture(scope="module")
def record():
    return cw.simulate("AF", seed=5, fs=250)[0].record


def test_two_features_are_exact_in_one_order_and_its_reverse():
    # ab from 0: the one that comes first gets nothing, the second all: half each. a alone gets 2a.
    f = of_samples(lambda x: x[:, 0] * x[:, 1] + 2 * x[:, 0])
    assert SHAPLEY(f, samples(3, 4), "y", **SAMPLE)[0, 0].tolist() == pytest.approx([6 + 6, 6])


def test_it_converges_to_the_values_of_all_orders():
    def game(x):
        # Three together: what two do together one order and its reverse have right.
        return x[:, 0] * x[:, 1] * x[:, 2].tanh() - (x[:, 3] - x[:, 0]).relu() * x[:, 1]

    x = np.array([1.5, -1.0, 0.7, 2.0])
    exact = np.zeros(4)
    for order in permutations(range(4)):
        ecg, before = np.zeros(4), float(game(torch.zeros(1, 4))[0])
        for k in order:
            ecg[k] = x[k]
            after = float(game(torch.tensor(ecg)[None])[0])
            exact[k] += (after - before) / 24
            before = after
    f = of_samples(game, 4)
    errors = [
        np.abs(SHAPLEY(f, samples(*x), "y", orders=n, **SAMPLE)[0, 0].numpy() - exact).max()
        for n in (2, 2000)
    ]
    assert errors[1] < 0.05 < errors[0]


def test_complete_however_few_the_orders(record):
    for orders, leads in ((1, "all"), (3, "region")):
        att = cw.attribute(
            record, net("lstm"), "a", "shapley_sampling", orders=orders, window_s=0.5, leads=leads
        )
        assert att.provenance["completeness_error"] < 1e-4
    assert len(np.unique(att.values[:6], axis=0)) == len(np.unique(att.values[6:9], axis=0)) == 1
    assert not np.array_equal(att.values[0], att.values[6])


def test_a_seed_decides_the_orders(record):
    f = net("plain")
    one, same, other = (
        cw.attribute(record, f, "a", "shapley_sampling", window_s=0.5, seed=seed).values
        for seed in (0, 0, 1)
    )
    assert np.array_equal(one, same) and not np.allclose(one, other)


def test_groups_of_leads():
    assert lead_groups(cw.LEADS, "region").tolist() == [0] * 6 + [1] * 3 + [2] * 3
    assert lead_groups(("V5", "ECG1", "II", "V6"), "region").tolist() == [0, 1, 2, 0]
    assert lead_groups(("II", "V1"), "all").tolist() == [0, 0]
    assert lead_groups(("II", "V1"), "each").tolist() == [0, 1]


def test_occlusion_is_the_fall_of_the_score():
    f = of_samples(lambda x: 2 * x[:, 0] - x[:, 1])
    options = {"window_s": 0.05, "step_s": 0.05, "leads": "each"}
    assert OCCLUSION(f, samples(3, 5), "y", **options)[0, 0].tolist() == pytest.approx([6, -5])
    # Windows of two samples of a, b, c at every sample: a + b and b + c fall; b has the mean of both.
    f = of_samples(lambda x: x.sum(dim=1), 3)
    options["window_s"] = 0.1
    found = OCCLUSION(f, samples(1, 2, 4), "y", **options)[0, 0].tolist()
    assert found == pytest.approx([3, (3 + 6) / 2, 6])


def test_occlusion_leaves_no_sample_out(record):
    # A step longer than the window would leave gaps between windows: it is as long at most.
    f = of_samples(lambda x: x.sum(dim=1), 5)
    found = OCCLUSION(f, samples(1, 1, 1, 1, 1), "y", window_s=0.1, step_s=0.5)[0, 0].tolist()
    # Windows 0-1, 2-3 and, flush with the end, 3-4.
    assert found == pytest.approx([2, 2, 2, 2, 2])


def test_occlusion_is_captums(record):
    f = net("attention")
    x = f.tensor(record)
    with torch.no_grad():
        captum = CaptumOcclusion(lambda x: f.score(f.raw(x), "a"))
        expected = captum.attribute(x, (1, 50), (1, 50), perturbations_per_eval=64)[0].numpy()
    options = {"window_s": 0.5, "step_s": 0.5, "leads": "each"}
    found = cw.attribute(record, f, "a", "occlusion", **options).values
    assert np.allclose(found, expected, atol=1e-5)


def test_a_model_without_gradients_is_explained(record):
    f = cw.wrap(
        lambda x: np.stack([x[:, 0].std(axis=1), x[:, 1].std(axis=1)], axis=1),
        fs=250,
        outputs=["a", "b"],
        output="linear",
    )
    for method in ("shapley_sampling", "occlusion"):
        att = cw.attribute(record, f, "a", method, window_s=1.0, leads="each")
        assert (att.values[0] != 0).any() and not att.values[1:].any()
