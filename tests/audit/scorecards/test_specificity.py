"""Spatial and temporal specificity of maps, against numbers worked out by hand."""

import numpy as np
import pytest

from cofe_widgets.audit.scorecards.specificity import (
    beat_times_s,
    curve,
    largest_is_inside,
    spatial_specificity,
    temporal_specificity,
)


def test_a_leads_share_is_its_norm_over_time_over_the_sum_of_all_norms():
    # Norms over time: 5, 12 and 3; the signs do not matter.
    one = np.array([[3.0, -4.0, 0, 0], [0, 0, 12, 0], [0, -3, 0, 0]])
    shares = [float(spatial_specificity(one, lead)) for lead in range(3)]
    assert shares == pytest.approx([5 / 20, 12 / 20, 3 / 20])


def test_an_even_map_has_the_share_of_chance_and_one_of_one_lead_has_one():
    even = np.ones((2, 12, 250))
    alone = np.zeros((12, 250))
    alone[4, 100] = -2.0
    assert spatial_specificity(even, 3) == pytest.approx([1 / 12, 1 / 12])
    assert spatial_specificity(alone, 4) == 1 and spatial_specificity(alone, 5) == 0
    assert np.isnan(spatial_specificity(np.zeros((12, 250)), 0))


def test_the_shares_of_all_leads_add_up_and_do_not_hang_on_the_scale():
    maps = np.random.default_rng(0).standard_normal((5, 12, 40))
    shares = np.stack([spatial_specificity(maps, lead) for lead in range(12)])
    assert shares.sum(axis=0) == pytest.approx(np.ones(5))
    assert spatial_specificity(-7 * maps, 2) == pytest.approx(shares[2])


def test_a_beat_is_cut_from_300_ms_before_r_to_500_ms_after():
    times = beat_times_s(100.0)
    assert len(times) == 80 and times[0] == -0.3 and times[-1] == pytest.approx(0.49)


def test_temporal_specificity_is_a_norm_over_leads_then_a_mean_over_beats_and_outputs():
    maps = np.zeros((2, 2, 300))
    # At R + 0.2 s of two beats: norms 5 and 13 of the first output, 0 and 2 of the second.
    maps[0, :, 70], maps[0, :, 170] = (3, 4), (5, -12)
    maps[1, 0, 170] = -2
    found = temporal_specificity(maps, np.array([0.5, 1.5]), 100.0)
    expected = np.zeros(80)
    expected[30 + 20] = ((5 + 13) / 2 + (0 + 2) / 2) / 2
    assert found == pytest.approx(expected)


def test_beats_that_are_not_whole_are_left_out():
    maps = np.zeros((1, 1, 250))
    maps[0, 0, 100] = 1.0
    maps[0, 0, 5] = 9.0  # in the first beat, which begins before the crop
    whole = temporal_specificity(maps, np.array([0.05, 1.0, 2.1]), 100.0)
    assert whole[30] == 1 and whole.sum() == 1
    # Samples 0 to 79 are one beat with R at 0.3 s, and the last beat that fits has R at 2.0 s.
    assert np.isfinite(temporal_specificity(maps, np.array([0.3]), 100.0)).all()
    assert np.isfinite(temporal_specificity(maps, np.array([2.0]), 100.0)).all()
    assert np.isnan(temporal_specificity(maps, np.array([0.29, 2.01]), 100.0)).all()


def test_a_curve_is_the_median_of_records_of_equal_weight_with_its_quartiles():
    records = np.array([[3.0, 4.0], [30.0, 40.0], [0.0, 5.0], [np.nan, np.nan], [0.0, 0.0]])
    median, lower, upper = curve(records)
    # Scaled: (0.6, 0.8), (0.6, 0.8), (0, 1); the median (0.6, 0.8) has a norm of one already.
    assert median == pytest.approx([0.6, 0.8])
    assert lower == pytest.approx([0.3, 0.8]) and upper == pytest.approx([0.6, 0.9])
    assert np.isnan(curve(np.full((2, 3), np.nan))).all()


def test_the_largest_value_lies_in_the_wave_or_does_not():
    times = beat_times_s(100.0)
    bump = np.exp(-(((times + 0.16) / 0.03) ** 2))
    assert largest_is_inside(bump, times, (-0.2, -0.1))
    assert not largest_is_inside(bump, times, (-0.05, 0.05))
    assert not largest_is_inside(np.full(80, np.nan), times, (-0.3, 0.5))
