"""Paired statistics against small cases worked out by hand."""

from math import inf, isnan, sqrt

import numpy as np
import pandas as pd
import pytest

from cofe_widgets.audit.statistics import cohens_dz, compare, holm, rank_biserial, wilson
from cofe_widgets.vocabulary.measurements import MEASUREMENTS

NAMES = ("rr_sd_ms", "qrs_axis_deg", "p_amplitude_mv")
THREE = {name: MEASUREMENTS[name] for name in NAMES}


def test_holm_multiplies_the_smallest_by_their_number_and_never_steps_down():
    # Sorted 0.01, 0.02, 0.03, 0.04 by 4, 3, 2, 1: 0.04, 0.06, 0.06, 0.04 -> raised to 0.06.
    assert holm([0.04, 0.01, 0.03, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert holm([0.6, 0.9]) == pytest.approx([1.0, 1.0])


def test_holm_counts_only_what_was_tested():
    got = holm([0.01, np.nan, 0.04])
    assert got[[0, 2]] == pytest.approx([0.02, 0.04]) and isnan(got[1])
    assert len(holm([])) == 0


def test_the_wilson_interval_of_ten_of_ten_and_of_none():
    low, high = wilson(10, 10)
    z2 = 1.959964**2
    assert high == pytest.approx(1.0) and low == pytest.approx(10 / (10 + z2), abs=1e-4)
    assert wilson(5, 10) == pytest.approx((0.2366, 0.7634), abs=1e-3)  # as tabulated
    assert all(isnan(v) for v in wilson(0, 0))


def test_rank_biserial_is_the_share_of_ranks_that_rise_less_those_that_fall():
    # |d| of 1, 2, 3, 4 have ranks 1 to 4; the 2 falls: (1 + 3 + 4 - 2) / 10.
    assert rank_biserial([1, -2, 3, 4]) == pytest.approx(0.6)
    assert rank_biserial([5, 6, 0]) == 1.0 and rank_biserial([-5, np.nan]) == -1.0
    assert rank_biserial([0, 0]) == 0.0


def test_dz_is_the_mean_change_in_its_own_standard_deviations():
    assert cohens_dz([1, 2, 3]) == pytest.approx(2.0)
    assert cohens_dz([-2, -2, -2]) == -inf and cohens_dz([0, 0]) == 0 and isnan(cohens_dz([1]))


def tables(before, after):
    return pd.DataFrame(before), pd.DataFrame(after)


def test_only_records_measured_both_times_are_compared_and_an_axis_goes_the_short_way():
    nan = np.nan
    before, after = tables(
        {
            "rr_sd_ms": [10.0, 20, 30, 40, nan],
            "qrs_axis_deg": [170.0, 170, 170, 170, 170],
            "p_amplitude_mv": [0.1, 0.1, 0.1, 0.1, 0.1],
        },
        {
            "rr_sd_ms": [11.0, 22, 33, 44, 55],
            "qrs_axis_deg": [-170.0, -171, -172, 175, nan],
            "p_amplitude_mv": [nan, nan, nan, nan, 0.05],
        },
    )
    table = compare(before, after, THREE)
    rr, axis, p = (table.loc[name] for name in NAMES)
    assert (rr.n, rr.original, rr.counterfactual, rr.change) == (4, 25.0, 27.5, 2.5)
    # d = 1, 2, 3, 4: t = 2.5 / (sd / 2), and all 4 ranks rise: exact two-sided p = 2 / 2^4.
    sd = sqrt(5 / 3)
    assert rr.cohens_dz == pytest.approx(2.5 / sd) and rr.rank_biserial == 1.0
    assert rr.wilcoxon_p == pytest.approx(0.125)
    assert rr.t_p == pytest.approx(0.030466, abs=1e-5)  # t = 3.873 with 3 degrees of freedom
    assert axis.change == pytest.approx(18.5)  # of 20, 19, 18 and 5
    assert axis.counterfactual == pytest.approx(188.5)
    assert p.n == 1 and isnan(p.wilcoxon_p) and isnan(p.t_p)
    assert rr.wilcoxon_p_holm == pytest.approx(0.25) and isnan(p.wilcoxon_p_holm)


def test_nothing_changed_is_no_evidence_and_nothing_measured_is_nothing():
    same = {name: [1.0, 2, 3, 4] for name in NAMES} | {"p_amplitude_mv": [np.nan] * 4}
    table = compare(*tables(same, same), THREE)
    assert table.wilcoxon_p["rr_sd_ms"] == 1 and table.t_p["rr_sd_ms"] == 1
    assert table.n["p_amplitude_mv"] == 0 and isnan(table.original["p_amplitude_mv"])


def test_all_by_exactly_as_much_is_certain_for_t_and_as_ranks_allow_for_wilcoxon():
    before, after = ({name: [v] * 5 for name in NAMES} for v in (1.0, 0.0))
    row = compare(*tables(before, after), THREE).loc["rr_sd_ms"]
    assert row.t_p == 0 and row.wilcoxon_p == pytest.approx(2 / 2**5) and row.cohens_dz == -inf
