"""Where a map and a counterfactual point: by hand, and on a real pair."""

import numpy as np
import pytest

import cofe_widgets as cw
from cofe_widgets.ecg import Record
from cofe_widgets.errors import ExplainError
from cofe_widgets.explain.agreement import (
    BOTH,
    CHANGE,
    LOOKED,
    MAP,
    Agreement,
    agreement,
    compared,
)


def test_the_bits_are_the_largest_fifth_of_the_map_and_what_is_altered():
    # At 25 Hz 40 ms are one sample: nothing is averaged. Ten samples, of which two are a fifth.
    values = np.array([[0.0, -9.0, 1.0, 2.0, 0.0], [0.0, 0.0, 5.0, 0.0, 0.0]])
    change = np.array([[0.0, 0.5, 0.5, 0.0, 0.0], [0.0, 0.0, 0.03, 0.031, 0.0]])
    expected = [[0, BOTH, CHANGE, 0, 0], [0, 0, MAP, CHANGE, 0]]
    np.testing.assert_array_equal(compared(values, change, 25.0), expected)


def test_both_are_averaged_over_40_ms_signs_kept():
    # At 75 Hz three samples: opposite signs beside each other look nowhere; 0.09 mV in one sample is 0.03.
    values = np.array([[3.0, -3.0, 3.0, -3.0, 0.0, 0.0, 0.0, 0.3, 0.3, 0.3]])
    change = np.array([[0.0, 0.0, 0.0, 0.0, 0.089, 0.0, 0.0, 0.0, 0.1, 0.0]])
    where = compared(values, change, 75.0)[0]
    means = [1.0, 1.0, -1.0, 0.0, -1.0, 0.0, 0.1, 0.2, 0.3, 0.3]  # the ends are mirrored
    assert set(np.flatnonzero(where & MAP)) <= {0, 1, 2, 4}
    assert np.abs(means)[(where & MAP) > 0].tolist() == [1.0, 1.0]
    assert np.flatnonzero(where & CHANGE).tolist() == [7, 8, 9]


def test_a_map_of_zeros_looks_nowhere():
    found = Agreement(compared(np.zeros((2, 10)), np.ones((2, 10)), 25.0), 25.0, ("I", "II"))
    assert not (found.where & MAP).any()
    assert np.isnan(found.overlap)
    assert np.isnan(found.chance)
    assert found.altered == 1.0


def test_overlap_and_chance_by_hand():
    # The map looks at 2 samples of I, one altered, and 1 of II, which is altered: 2 of 3.
    # By chance, lead by lead: I has 2 altered of 4, II 1 of 4: (2 * 1/2 + 1 * 1/4) / 3.
    where = np.array([[BOTH, MAP, CHANGE, 0], [BOTH, 0, 0, 0]], np.int8)
    found = Agreement(where, 25.0, ("I", "II"))
    assert found.overlap == pytest.approx(2 / 3)
    assert found.chance == pytest.approx(1.25 / 3)
    assert found.altered == pytest.approx(3 / 8)
    shifted = [
        (np.roll(where & MAP, k, axis=1)[(where & CHANGE) > 0] > 0).sum() / 3 for k in range(4)
    ]
    assert found.chance == pytest.approx(np.mean(shifted))  # what "at any time" means


def test_a_real_pair_as_the_model_sees_it(sinus_to_af):
    cf = sinus_to_af
    att = cw.attribute(cf.original, cf.predictor, cf.target)
    found = agreement(att, cf)
    assert found.where.shape == att.values.shape
    assert (found.where & MAP > 0).mean() == pytest.approx(LOOKED, abs=0.001)
    seen = cf.predictor.seen(cf.record(1.0)).signal - cf.predictor.seen(cf.original).signal
    assert np.abs(seen)[(found.where & CHANGE) > 0].mean() > 0.03
    assert 0 < found.chance < 1


def test_another_target_or_a_model_that_is_gone_are_refused(sinus_to_af):
    from dataclasses import replace

    cf = sinus_to_af
    other = cw.attribute(cf.original, cf.predictor, "SR")
    with pytest.raises(ExplainError, match="the map is of SR, and the counterfactual of AF"):
        agreement(other, cf)
    att = cw.attribute(cf.original, cf.predictor, "AF")
    with pytest.raises(ExplainError, match="not at hand"):
        agreement(att, replace(cf, predictor=None))


def test_a_longer_map_is_compared_as_far_as_the_counterfactual_goes(sinus_to_af):
    cf = sinus_to_af
    att = cw.attribute(cf.original, cf.predictor, "AF")
    longer = np.concatenate([att.values, np.zeros((12, 50), np.float32)], axis=1)
    record = Record(
        np.concatenate([att.record.signal, np.zeros((12, 50), np.float32)], axis=1),
        att.fs,
        att.leads,
    )
    from dataclasses import replace

    found = agreement(replace(att, values=longer, record=record), cf)
    assert found.where.shape == att.values.shape
