import numpy as np
import pytest

import cofe_widgets as cw
from cofe_widgets.errors import ExplainError
from cofe_widgets.generative.directions import DIRECTIONS


@pytest.fixture(scope="module")
def edit():
    return cw.directions().edit(cw.simulate("NSR", seed=5)[0].record)


def measured(edit, changes):
    return cw.measure(edit.record.with_signal(edit.signals(changes)))


@pytest.mark.parametrize(
    ("name", "change", "within"),
    [
        ("heart_rate_bpm", 30, 2),
        ("heart_rate_bpm", -20, 2),
        ("rr_sd_ms", 100, 40),
        ("pr_ms", 50, 8),
        ("qrs_ms", 30, 10),
        ("qt_ms", 40, 12),
        ("r_amplitude_mv", 0.3, 0.15),
        ("t_amplitude_mv", 0.2, 0.1),
    ],
)
def test_what_is_asked_comes_of_it(edit, name, change, within):
    assert measured(edit, {name: change})[name] - edit.now[name] == pytest.approx(
        change, abs=within
    )


def test_turning_one_leaves_the_others(edit):
    after = measured(edit, {"t_amplitude_mv": 0.2})
    for name, least in (("pr_ms", 8), ("qrs_ms", 8), ("heart_rate_bpm", 1), ("rr_sd_ms", 3)):
        assert after[name] == pytest.approx(edit.now[name], abs=least)
    assert after["r_amplitude_mv"] == pytest.approx(edit.now["r_amplitude_mv"], rel=0.1)


def test_p_waves_can_be_taken_away_whole(edit):
    after = measured(edit, {"p_amplitude_mv": -edit.now["p_amplitude_mv"]})
    assert edit.measured["p_presence"] > 0.9 and after["p_presence"] < 0.3


def test_no_change_is_the_record_and_a_batch_is_one_by_one(edit):
    zero, both = edit.batch([{}, {"pr_ms": 20, "qt_ms": 20}])
    assert np.allclose(zero, edit.record.signal, atol=1e-5)
    assert np.allclose(both, edit.signals({"pr_ms": 20, "qt_ms": 20}), atol=1e-4)


def test_einthoven_holds_after_every_edit(edit):
    signal = edit.signals({name: one.high / 3 for name, one in DIRECTIONS.items()}).astype(float)
    assert np.abs(signal[0] + signal[2] - signal[1]).max() < 2e-5


def test_the_curve_tells_asked_achieved_and_the_answer(edit):
    asked, achieved, answers = edit.curve("rr_sd_ms", cw.load("af-resnet"), "AF", count=4)
    assert asked.shape == achieved.shape == answers.shape == (4,)
    assert achieved[-1] > achieved[1] and answers[-1] > answers[1]


def test_bad_requests_name_what_can_be_turned(edit):
    with pytest.raises(ExplainError, match="'mood' cannot be turned.*heart_rate_bpm"):
        edit.signals({"mood": 1.0})
    with pytest.raises(ExplainError, match="nan: expected a number"):
        edit.signals({"pr_ms": float("nan")})
    with pytest.raises(ExplainError, match="shipped generator"):
        cw.directions(object())
