"""Shapley values of small games, worked by hand."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from cofe_widgets.explain.reasons.shares import coalitions, interaction, shapley, shared


def test_coalitions_count_in_binary():
    assert coalitions(2).tolist() == [[0, 0], [1, 0], [0, 1], [1, 1]]


@pytest.mark.parametrize(
    ("values", "shares", "both"),
    [
        ([0, 0, 0, 1], [0.5, 0.5], 1.0),  # neither does it alone
        ([0, 1, 1, 1], [0.5, 0.5], -1.0),  # either does
        ([0, 2, 3, 5], [2.0, 3.0], 0.0),  # they add up
        ([1, 1, 4, 4], [0.0, 3.0], 0.0),  # one carries nothing
    ],
)
def test_two_changes(values, shares, both):
    game = torch.tensor(values, dtype=torch.float64)
    assert shapley(game).tolist() == pytest.approx(shares)
    assert interaction(game, 0, 1) == pytest.approx(both)


def test_the_glove_game():
    # Shapley's own kind of example: one left glove (player 0), two right ones; a pair is worth one.
    values = [0, 0, 0, 1, 0, 1, 0, 1]
    assert shapley(torch.tensor(values, dtype=torch.float64)).tolist() == pytest.approx(
        [2 / 3, 1 / 6, 1 / 6]
    )


@given(st.lists(st.floats(-100, 100), min_size=16, max_size=16))
def test_shares_add_up_to_what_was_moved(values):
    game = torch.tensor(values, dtype=torch.float64)
    assert float(shapley(game).sum()) == pytest.approx(values[-1] - values[0], abs=1e-9)


def test_many_changes_are_shared_out_with_the_weak_ones_together():
    weight = torch.tensor([5.0, 0.1, 3.0, 0.2, 2.0, 0.1, 1.0, 0.3])
    asked = []

    def value(masks):
        asked.append(len(masks))
        return masks @ weight

    shares, groups, _ = shared(value, len(weight))
    assert sum(asked) < 100
    assert float(shares.sum()) == pytest.approx(float(weight.sum()))
    for strong in (0, 2, 4, 6):
        assert float(shares[strong]) == pytest.approx(float(weight[strong]))
    assert np.asarray(groups.sum(dim=0)).tolist() == [1.0] * 8
