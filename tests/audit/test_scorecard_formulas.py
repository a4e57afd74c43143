"""The formulas of the scorecard's checks against cases worked out by hand."""

from math import isnan, log, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from cofe_widgets.audit.scorecards import bootstrap, formulas
from cofe_widgets.explain.attribution import similarity


def one(*values):
    """A map of one record and one lead."""
    return np.array([[values]], dtype=float)


def where(*values):
    return np.array([[values]], dtype=bool)


def test_the_area_is_the_mean_height():
    assert formulas.area(np.array([1.0, 1.0, 1.0])) == pytest.approx(1.0)
    assert formulas.area(np.array([[1.0, 0.5, 0.0], [1.0, 0.0, 0.0]])) == pytest.approx([0.5, 0.25])


def test_ranks_count_from_the_largest_and_equal_values_keep_their_order():
    assert formulas.ranks(one(0.1, 3.0, 0.1, -2.0)).tolist() == [[1, 0, 2, 3]]


def test_infidelity_is_the_mean_squared_error():
    change, told = np.array([[1.0, 2.0]]), np.array([[2.0, 4.0]])
    assert formulas.infidelity(change, told) == pytest.approx([(1 + 4) / 2])
    # A map at twice the scale tells everything; one at right angles to the changes tells nothing.
    assert formulas.infidelity(change, told, scaled=True) == pytest.approx([0.0])
    assert formulas.infidelity(change, np.array([[2.0, -1.0]]), scaled=True) == pytest.approx([1.0])
    assert formulas.infidelity(change, np.zeros((1, 2)), scaled=True) == pytest.approx([1.0])
    assert isnan(formulas.infidelity(np.zeros((1, 2)), told, scaled=True)[0])


def test_sensitivity_is_relative_to_the_map():
    assert formulas.sensitivity(one(3.0, 4.0), one(3.0, 1.0)) == pytest.approx([3 / 5])
    assert isnan(formulas.sensitivity(one(0.0, 0.0), one(1.0, 1.0))[0])


def test_smoothing_leaves_a_cubic_as_it_is_and_takes_away_what_alternates():
    time = np.linspace(-1, 1, 100)
    cubic = time**3 - time
    assert similarity.smoothed(cubic[None, None])[0, 0] == pytest.approx(cubic)
    wild = np.tile([1.0, -1.0], 50)
    assert abs(similarity.smoothed(wild[None, None])[0, 0, 20:80]).max() < 0.1
    assert similarity.smoothed(one(1.0, 2.0, 4.0)).shape == (1, 1, 3)  # shorter than the window


def test_correlations_of_values_and_of_ranks():
    a, b = one(1.0, 2.0, 3.0), one(1.0, 2.0, 9.0)
    # Deviations (-1, 0, 1) and (-3, -2, 5): 8 over the root of 2 x 38.
    assert similarity.pearson(a, b) == pytest.approx([8 / sqrt(76)])
    assert formulas.spearman(a, b) == pytest.approx([1.0])
    assert similarity.pearson(a, -a) == pytest.approx([-1.0])
    assert isnan(similarity.pearson(a, one(2.0, 2.0, 2.0))[0])


def test_localisation_of_a_map_with_a_known_cause():
    # Sizes 4, 3, 2, 1; the cause is the first and the last.
    maps, cause = one(-4.0, 3.0, -2.0, 1.0), where(1, 0, 0, 1)
    assert formulas.average_precision(maps, cause) == pytest.approx([(1 / 1 + 2 / 4) / 2])
    assert formulas.pointing_game(maps, cause) == pytest.approx([1.0])
    assert formulas.relevance_mass(maps, cause) == pytest.approx([5 / 10])
    assert formulas.relevance_rank(maps, cause) == pytest.approx([1 / 2])
    other = where(0, 1, 1, 0)
    assert formulas.average_precision(maps, other) == pytest.approx([(1 / 2 + 2 / 3) / 2])
    assert formulas.pointing_game(maps, other) == pytest.approx([0.0])


def test_an_even_map_finds_a_cause_by_chance_alone():
    cause = where(1, 0, 0, 0)
    for formula in (formulas.average_precision, formulas.pointing_game, formulas.relevance_mass):
        assert formula(one(2.0, 2.0, 2.0, 2.0), cause) == pytest.approx([0.25])


@pytest.mark.parametrize(
    "formula",
    [
        formulas.average_precision,
        formulas.pointing_game,
        formulas.relevance_mass,
        formulas.relevance_rank,
    ],
)
def test_without_a_cause_nothing_can_be_found(formula):
    maps = np.concatenate((one(1.0, 2.0), one(1.0, 2.0)))
    found = formula(maps, np.concatenate((where(0, 0), where(0, 1))))
    assert isnan(found[0]) and found[1] > 0


@given(st.lists(st.tuples(st.integers(0, 4), st.booleans()), min_size=2, max_size=30))
def test_average_precision_is_that_of_scikit_learn(pairs):
    values, cause = (np.array(side) for side in zip(*pairs, strict=True))
    if cause.any():
        theirs = average_precision_score(cause, values)
        assert formulas.average_precision(values[None, None], cause[None, None]) == pytest.approx(
            [theirs]
        )


def test_entropy_and_gini_of_one_sample_and_of_an_even_map():
    assert formulas.entropy(one(0.0, 5.0, 0.0, 0.0)) == pytest.approx([0.0], abs=1e-9)
    assert formulas.entropy(one(1.0, -1.0, 1.0, 1.0)) == pytest.approx([log(4)])
    assert formulas.entropy(one(3.0, 1.0)) == pytest.approx(
        [-(0.75 * log(0.75) + 0.25 * log(0.25))]
    )
    assert formulas.gini(one(2.0, -2.0, 2.0, 2.0)) == pytest.approx([0.0])
    assert formulas.gini(one(0.0, 5.0, 0.0, 0.0)) == pytest.approx([0.75], abs=1e-5)  # 1 - 1/n
    assert formulas.gini(one(1.0, 3.0)) == pytest.approx([0.25], abs=1e-5)  # (3 - 1) / (2 x 4)
    assert isnan(formulas.gini(one(0.0, 0.0))[0]) and isnan(formulas.entropy(one(0.0, 0.0))[0])


def test_the_first_weights_are_the_records_themselves():
    weights = bootstrap.weights(5, seed=1)
    assert weights[0].tolist() == [1] * 5
    assert (weights.sum(axis=1) == 5).all()
    assert (weights == bootstrap.weights(5, seed=1)).all()


def test_means_leave_out_what_is_not_known():
    values = np.array([[1.0], [np.nan], [4.0]])
    weights = np.array([[1.0, 1, 1], [0, 3, 0], [2, 0, 1]])
    assert bootstrap.means(values, weights)[:, 0] == pytest.approx([2.5, np.nan, 2.0], nan_ok=True)


def test_aurocs_of_weighted_records_are_those_of_repeated_ones():
    values = np.array([[0.1, 3.0], [0.4, 3.0], [0.4, 1.0], [0.9, 2.0]])
    kind = np.array([False, False, True, True])
    weights = np.array([[1.0, 1, 1, 1], [2, 1, 0, 1], [2, 2, 0, 0]])
    found = bootstrap.aurocs(values, kind, weights)
    assert found[0] == pytest.approx([3.5 / 4, 0.0])
    repeated = [0, 0, 1, 3]
    for k in range(2):
        assert found[1, k] == pytest.approx(roc_auc_score(kind[repeated], values[repeated, k]))
    assert np.isnan(found[2]).all()


def test_the_interval_of_many_draws_leaves_out_both_tails():
    low, high = bootstrap.interval(np.append(np.arange(1001.0), np.nan))
    assert (low, high) == pytest.approx((25.0, 975.0))
    assert all(map(isnan, bootstrap.interval(np.array([np.nan]))))
