"""Concept activation vectors: the direction, the held-out accuracy, the draws."""

import numpy as np
import pytest
import torch

from cofe_widgets.explain.concepts.cav import Draw, draws, fitted, scale_of


def blobs(n=80, width=6, apart=3.0, seed=0):
    """Two clouds of points that differ in the first feature; positives first."""
    dice = torch.Generator().manual_seed(seed)
    points = torch.randn((2 * n, width), generator=dice)
    points[:n, 0] += apart
    return points


def drawn(n=80, count=10, paired=False):
    dice = np.random.default_rng(0)
    return draws(np.arange(n), n + np.arange(n), count, n, dice, paired)


@pytest.mark.parametrize("direction", ["classifier", "pattern"])
def test_a_cav_points_where_the_positives_lie(direction):
    vectors, accuracy = fitted(blobs(), drawn(), direction)
    unit = vectors / vectors.norm(dim=1, keepdim=True)
    assert vectors.shape == (10, 6)
    assert (unit[:, 0] > 0.9).all()
    assert (accuracy > 0.85).all()


def test_the_border_of_two_points_lies_across_the_line_between_them():
    """By hand: points at (0, 0) and (2, 1), twice each; the normal goes along (2, 1) and is that long."""
    points = torch.tensor([[2.0, 1.0], [2.0, 1.0], [2.0, 1.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0]])
    one = Draw(np.array([0, 1, 3, 4]), np.array([2, 5]))
    for direction in ("classifier", "pattern"):
        vectors, accuracy = fitted(points, [one], direction)
        assert vectors[0].tolist() == pytest.approx([2.0, 1.0], rel=1e-4)
        assert accuracy.tolist() == [1.0]


def test_a_classifier_turns_aside_what_the_mean_difference_does_not():
    """A shared nuisance is subtracted by the classifier: known, and why a pattern can be asked for."""
    dice = torch.Generator().manual_seed(1)
    shared = 3 * torch.randn((160, 1), generator=dice)
    has = torch.cat([torch.ones(80), torch.zeros(80)])[:, None]
    points = torch.cat([has + shared, shared], dim=1) + 0.1 * torch.randn((160, 2), generator=dice)
    classifier, right = fitted(points, drawn(), "classifier")
    pattern, _ = fitted(points, drawn(), "pattern")
    assert right.mean() > 0.95
    assert (
        classifier[:, 1] < -0.3 * classifier[:, 0]
    ).all()  # though the concept has no part in it
    apart = pattern[:, 0] - pattern[:, 1]
    assert float(apart.mean()) == pytest.approx(1.0, abs=0.05)


def test_features_many_times_as_many_as_records_are_fitted_exactly():
    """The Gram matrix gives what the features themselves give: held to ridge by its normal equations."""
    points = blobs(12, 400, 4.0).double()
    one = Draw(np.arange(24), np.array([0, 12]))
    vectors, _ = fitted(points, [one])
    y = torch.cat([torch.ones(12), -torch.ones(12)]).double()
    centred = points - points.mean(dim=0)
    found = []
    eye = torch.eye(400, dtype=torch.float64)
    mean = float(torch.linalg.eigvalsh(centred @ centred.T / 400).clamp(min=0).mean())
    for strength in (1e-3, 1e-2, 1e-1, 1.0, 10.0):
        lam = strength * mean * 400
        w = torch.linalg.solve(centred.T @ centred + lam * eye, centred.T @ y)
        found.append(float(torch.nn.functional.cosine_similarity(w, vectors[0], dim=0)))
    assert max(found) == pytest.approx(1, abs=1e-6)


def test_labels_by_chance_cannot_be_told():
    points = blobs(100, 30, 0.0)
    _, accuracy = fitted(points, drawn(100, 40))
    assert 0.4 < float(accuracy.mean()) < 0.6


def test_no_test_record_is_a_training_record_and_negatives_are_drawn_anew():
    dice = np.random.default_rng(3)
    found = draws(np.arange(30), 30 + np.arange(500), 10, 200, dice)
    for one in found:
        assert not set(one.train) & set(one.test)
        assert len(one.train) == 40 and len(one.test) == 20
        half = len(one.train) // 2
        assert (one.train[:half] < 30).all() and (one.train[half:] >= 30).all()
    negatives = [frozenset(one.train[20:]) | frozenset(one.test[10:]) for one in found]
    assert len(set(negatives)) == 10
    assert len(frozenset.union(*negatives)) > 150


def test_twins_stay_together():
    for one in drawn(30, 10, paired=True):
        half = len(one.train) // 2
        assert (one.train[half:] - one.train[:half] == 30).all()
        assert not {k % 30 for k in one.train} & {k % 30 for k in one.test}


def test_a_constant_feature_has_no_say():
    points = torch.stack([torch.arange(6.0), torch.full((6,), 2.0)], dim=1)
    mean, sd = scale_of(points)
    assert mean.tolist() == [2.5, 2.0]
    assert sd[1] == torch.inf
    assert (((points - mean) / sd)[:, 1] == 0).all()
