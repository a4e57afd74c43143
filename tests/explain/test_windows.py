"""A record longer than the model, explained window by window by choice."""

from __future__ import annotations

import numpy as np
import pytest

import cofe_widgets as cw
from cofe_widgets.ecg import Record
from cofe_widgets.errors import ExplainError


@pytest.fixture(scope="module")
def f():
    return cw.load("af-resnet")


@pytest.fixture(scope="module")
def sinus_then_af() -> Record:
    parts = [cw.simulate(c, seed=5, fs=250)[0].record.signal for c in ("NSR", "AF")]
    rest = cw.simulate("AF", seed=6, fs=250)[0].record.signal[:, : 250 * 4]
    return Record(np.concatenate([*parts, rest], axis=1), 250)


def test_all_windows_give_each_what_it_gives_alone(f, sinus_then_af):
    whole = cw.attribute(sinus_then_af, f, "AF", window="all")
    assert whole.values.shape == whole.record.signal.shape == (len(f.leads), round(24 * f.fs))
    assert whole.provenance["windows_s"] == [0.0, 10.0, 14.0]
    for start, end in ((0, 10), (10, 20)):
        alone = cw.attribute(sinus_then_af.crop(start, end), f, "AF")
        at = slice(round(start * f.fs), round(end * f.fs))
        np.testing.assert_allclose(whole.values[:, at], alone.values, rtol=1e-3, atol=1e-6)
    last = cw.attribute(sinus_then_af.crop(14, 24), f, "AF")
    rest = round(4 * f.fs)
    np.testing.assert_allclose(
        whole.values[:, -rest:], last.values[:, -rest:], rtol=1e-3, atol=1e-6
    )
    answers = whole.provenance["answers"]
    assert answers[0] < 0.5 < answers[1]
    assert answers == pytest.approx(
        [f.predict(sinus_then_af.crop(s, s + 10))["AF"] for s in (0, 10, 14)], abs=1e-4
    )


def test_one_window_by_where_it_begins_and_the_first_as_ever(f, sinus_then_af):
    some = cw.attribute(sinus_then_af, f, "AF", window=12.5)
    alone = cw.attribute(sinus_then_af.crop(12.5, 22.5), f, "AF")
    np.testing.assert_array_equal(some.values, alone.values)
    assert some.record.meta["start_s"] == 12.5
    first = cw.attribute(sinus_then_af, f, "AF")
    np.testing.assert_array_equal(
        first.values, cw.attribute(sinus_then_af.crop(0, 10), f, "AF").values
    )


def test_a_window_with_a_gap_is_not_explained_and_the_others_are(f, sinus_then_af, tmp_path):
    signal = sinus_then_af.signal.copy()
    signal[:, 250 * 3 : 250 * 4] = np.nan
    found = cw.attribute(Record(signal, 250), f, "AF", window="all")
    split = round(10 * f.fs)
    assert np.isnan(found.values[:, :split]).all() and np.isfinite(found.values[:, split:]).all()
    assert found.provenance["answers"][0] is None
    found.save(tmp_path / "windows.att")
    again = cw.Attribution.load(tmp_path / "windows.att")
    np.testing.assert_array_equal(again.values, found.values)
    assert again.provenance["answers"] == found.provenance["answers"]
    assert cw.EcgViewer(found.record, attribution=found).picture().startswith("<svg")


@pytest.mark.parametrize("window", ["last", -1, 15.0, float("nan"), True, None])
def test_windows_that_there_are_not_are_refused_in_words(f, sinus_then_af, window):
    with pytest.raises(ExplainError, match="window="):
        cw.attribute(sinus_then_af, f, "AF", window=window)


def test_windows_are_of_one_record_long_enough(f, sinus_then_af):
    with pytest.raises(ExplainError, match="one record"):
        cw.attribute([sinus_then_af], f, "AF", window="all")
    with pytest.raises(ValueError, match=r"5\.00 s long"):
        cw.attribute(sinus_then_af.crop(0, 5), f, "AF", window="all")


def test_made_again_by_window(f, sinus_then_af, tmp_path):
    found = cw.attribute(sinus_then_af, f, "AF", window="all")
    np.testing.assert_allclose(found.rerun(f).values, found.values, rtol=1e-3, atol=1e-6)


@pytest.mark.slow
def test_a_counterfactual_begins_where_it_is_asked_to(f, sinus_then_af):
    found = cw.counterfactual(sinus_then_af, f, "AF", severities=3, start=0.5)
    assert found.original.duration_s == 10
    np.testing.assert_allclose(
        found.original.signal, sinus_then_af.crop(0.5, 10.5).signal, atol=1e-6
    )
    assert "of the 24 s given, 10 from 0.5 s were looked at" in found.message
    assert "Of 24 s, 10 s from 0.5 s" in str(found.words())


@pytest.mark.parametrize("start", [-1.0, 14.5, float("nan")])
def test_a_counterfactual_that_would_begin_too_late_is_refused(f, sinus_then_af, start):
    with pytest.raises(ExplainError, match="start="):
        cw.counterfactual(sinus_then_af, f, "AF", start=start)
