"""Similarity of maps, against numbers worked out by hand and scipy's own correlations."""

import numpy as np
import pytest
from scipy.stats import pearsonr, spearmanr

from cofe_widgets.audit.scorecards.similarity import (
    correlations,
    inter_method,
    mean_over_pairs,
    self_consistency,
    smoothed,
)


def random_maps(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def test_one_correlation_an_ecg_over_all_samples_of_all_leads():
    # Deviations from the mean: (-3, -1, 1, 3) and (-1, -1, -1, 3): 12 / sqrt(20 * 12).
    a = np.array([[[0.0, 2.0], [4.0, 6.0]]])
    b = np.array([[[1.0, 1.0], [1.0, 5.0]]])
    found = correlations(np.stack([a, b]))
    assert found.shape == (2, 2, 1)
    assert found[0, 1, 0] == pytest.approx(12 / np.sqrt(240))
    assert found[:, :, 0] == pytest.approx(found[:, :, 0].T)
    assert np.diag(found[:, :, 0]) == pytest.approx([1, 1])


@pytest.mark.parametrize(("kind", "theirs"), [("pearson", pearsonr), ("spearman", spearmanr)])
def test_correlations_are_those_of_scipy(kind, theirs):
    maps = np.round(random_maps(3, 2, 4, 50), 1)  # with ties
    found = correlations(maps, kind)
    for a, b, ecg in ((0, 1, 0), (1, 2, 1)):
        expected = theirs(maps[a, ecg].ravel(), maps[b, ecg].ravel()).statistic
        assert found[a, b, ecg] == pytest.approx(expected)


def test_a_map_that_is_the_same_everywhere_is_like_none():
    maps = random_maps(2, 3, 4, 50)
    maps[1, 1] = 0.5
    found = correlations(maps)
    assert np.isnan(found[0, 1, 1]) and np.isfinite(found[0, 1, [0, 2]]).all()
    score = mean_over_pairs(found)
    assert np.isnan(score[1]) and np.isfinite(score[[0, 2]]).all()


def test_the_score_of_an_ecg_is_the_mean_over_its_pairs():
    found = np.full((3, 3, 2), 9.0)  # neither the diagonal nor a pair's other half counts
    found[0, 1], found[0, 2], found[1, 2] = (0.1, 0.3), (0.2, np.nan), (0.6, 0.5)
    assert mean_over_pairs(found) == pytest.approx([0.3, 0.4])


def test_smoothing_keeps_third_order_curves_and_takes_out_what_is_quick():
    time = np.linspace(-1, 1, 200)
    curve = 2 * time**3 - time + 0.3
    assert smoothed(curve) == pytest.approx(curve)
    quick = np.where(np.arange(200) % 2, 1.0, -1.0)
    assert np.abs(smoothed(quick)[20:-20]).max() < 0.05


def test_a_short_map_gets_a_shorter_filter_and_other_kinds_are_refused():
    straight = np.arange(10.0)[None]
    assert smoothed(straight) == pytest.approx(straight)
    with pytest.raises(ValueError, match="'kendall'"):
        correlations(random_maps(2, 1, 2, 5), "kendall")


def test_methods_and_seeds_are_compared_after_smoothing():
    slow = np.cumsum(random_maps(1, 2, 3, 300), axis=-1)
    noisy = slow + 0.5 * random_maps(4, 2, 3, 300, seed=1)
    before = mean_over_pairs(correlations(noisy))
    after = self_consistency(noisy)
    assert (after > before).all() and (after > 0.95).all()
    assert inter_method(noisy)[0, 1] == pytest.approx(correlations(smoothed(noisy))[0, 1])
    assert self_consistency(noisy, "spearman").shape == (2,)
