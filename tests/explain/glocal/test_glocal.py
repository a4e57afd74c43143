"""Glocal maps: alignment held to arrays made by hand, groups, and how a map goes on."""

import pickle

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

import cofe_widgets as cw
from cofe_widgets.ecg import LEADS
from cofe_widgets.errors import ExplainError
from cofe_widgets.explain.glocal import Aligned, beats_of, segment_means
from cofe_widgets.explain.glocal.aligned import BEAT_S
from cofe_widgets.explain.glocal.result import resampled, typical
from cofe_widgets.vocabulary.segments import SEGMENTS

R = SEGMENTS.index("R peak")


@pytest.fixture(scope="module")
def hearts():
    return [one.record for name in ("NSR", "AF") for one in cw.simulate(name, n=3, seed=2)]


@pytest.fixture(scope="module")
def f():
    return cw.load("af-resnet")


@pytest.fixture(scope="module")
def found(hearts, f):
    return cw.glocal(hearts, f, "AF", top=4)


# -- formulas


def test_the_mean_of_a_segment_is_weighted_by_its_probability():
    # Lead I: weights 1, 0.5 of values 2, 4: (2 + 2) / 1.5. Nothing of another segment is there.
    soft = np.zeros((1, 3, 24))
    soft[0, :, R] = [1, 0.5, 0]
    soft[0, 2, 0] = 0.4  # less than half a sample
    values = np.array([[2.0, 4.0, 100.0]])
    found = segment_means(values, soft)
    assert found[0, R] == pytest.approx(4 / 1.5)
    assert np.isnan(found[0, 0])
    assert np.isnan(np.delete(found[0], R)).all()


def test_missing_samples_have_no_say():
    soft = np.zeros((1, 4, 24))
    soft[0, :, R] = 1
    soft[0, 1] = np.nan
    assert segment_means(np.array([[1.0, 7.0, np.nan, 3.0]]), soft)[0, R] == pytest.approx(2)


@given(st.sampled_from([100.0, 250.0, 360.0, 500.0, 1000.0]), st.integers(0, 10**6))
def test_beats_hold_all_that_lies_in_them_and_where(fs, seed):
    rng = np.random.default_rng(seed)
    values = rng.random((2, round(4 * fs)))
    r = np.array([1.0, 2.0, 3.9])  # the last is cut
    beats = beats_of(values, fs, r)
    assert beats.shape == (2, 2, len(BEAT_S))
    first, last = round(0.7 * fs), round(1.5 * fs)
    assert beats[0].mean(axis=1) == pytest.approx(values[:, first:last].mean(axis=1), abs=2 / fs)


def test_a_spike_lies_where_it_is():
    values = np.zeros((1, 1000))
    values[0, 530] = 1.0  # 60 ms after R at 500 Hz
    (beat,) = beats_of(values, 500.0, np.array([1.0]))
    assert BEAT_S[beat[0].argmax()] == pytest.approx(0.06)
    assert beat.sum() == pytest.approx(0.5)  # one of two samples of 500 Hz that one of 250 Hz holds


def test_a_cell_that_few_records_have_is_not_told():
    rows = np.full((4, 12, 24), np.nan, np.float32)
    rows[:2, 0, 0] = [1, 3]
    rows[0, 0, 1] = 1
    found = typical(rows)
    assert found[0, 0] == 2
    assert np.isnan(found[0, 1])


def test_resampled_means_spread_as_the_mean_does():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(50, 12, 24))
    drawn = resampled(rows, 500)
    assert drawn.std(axis=0) == pytest.approx(rows.std(axis=0) / np.sqrt(50), rel=0.2)
    assert drawn.mean(axis=0) == pytest.approx(rows.mean(axis=0), abs=0.05)


# -- groups


def test_the_group_is_of_the_highest_answers(hearts, f, found):
    answers = [one["AF"] for one in f.predict(hearts)]
    assert list(found.places) == sorted(np.argsort(answers)[-4:])
    assert found.seen == 6
    assert found.answers[:, 1] == pytest.approx([answers[int(k)] for k in found.places], abs=1e-5)


def test_shares_sum_to_one_and_segments_say_what_is_above_even(found):
    assert found.share.sum() == pytest.approx(1, abs=1e-4)
    table = found.to_frame()
    assert len(table) == 288
    told = table.dropna()
    assert (told.low <= told.relevance + 1e-5).all()
    assert (told.relevance <= told.high + 1e-5).all()
    assert len(found.top) == 7
    lead, segment = found.top[0]
    assert table.relevance[lead, segment] == pytest.approx(np.nanmax(found.segments))
    assert segment in found.words()


def test_labels_are_told_beside_answers(hearts, f):
    every = cw.glocal(hearts, f, "AF", top=None)
    assert every.classes.loc["AF", "label"] == pytest.approx(0.5)
    unknown = cw.glocal(hearts, f, "AF", top=None, labels=[None] * 6)
    assert np.isnan(unknown.classes.label).all()


def test_a_group_of_your_own(hearts, f):
    found = cw.glocal(hearts, f, "AF", group=lambda record, answers: answers["AF"] < 0.5)
    assert set(found.places) <= {0, 1, 2}


def test_those_that_contribute_most(found):
    lead, segment = found.top[0]
    first, *_ = places = found.contributors(lead, segment)
    i, j = LEADS.index(lead), SEGMENTS.index(segment)
    assert first == found.places[np.nanargmax(found.relevance[:, i, j])]
    assert set(places) <= set(found.places)
    with pytest.raises(ExplainError, match="no segment"):
        found.contributors("V9", segment)


def test_a_map_that_was_stopped_goes_on(hearts, f, found):
    first = cw.glocal(hearts[:3], f, "AF", top=4)
    on = cw.glocal(hearts, f, "AF", top=4, earlier=first)
    assert np.array_equal(on.places, found.places)
    assert on.segments == pytest.approx(found.segments, abs=1e-4, nan_ok=True)
    with pytest.raises(ExplainError, match="another call"):
        cw.glocal(hearts, f, "SR", top=4, earlier=first)


def test_it_sharpens_while_records_arrive(hearts, f):
    steps = list(cw.glocal.steps(iter(hearts * 3), f, "AF", top=2))
    assert [len(one.partial) for one in steps[:-1]] == [2, 2]
    assert steps[-1].result.seen == 18


def test_records_of_any_rate_and_length_go_together(f):
    some = [cw.simulate("AF", n=1, seed=k, fs=fs)[0].record for k, fs in enumerate((250, 360, 500))]
    assert len(cw.glocal(some, f, "AF")) == 3


def test_those_that_cannot_be_aligned_are_listed(hearts, f):
    wave = np.tile(0.1 * np.sin(np.linspace(0, 20 * np.pi, 2500)), (12, 1)).astype(np.float32)
    short = hearts[0].crop(0, 1.5)
    rng = np.random.default_rng(0)
    noise = cw.Record(0.2 * rng.normal(size=(12, 2500)).astype(np.float32), 250.0, LEADS)
    found = cw.glocal([hearts[0], cw.Record(wave, 250.0, LEADS), short, noise], f, "AF")
    assert list(found.failures.record) == [1, 2, 3]
    assert "no beat" in found.failures.failure[0]
    assert "3 records could not be aligned" in found.words()


# -- as a value


def test_it_is_saved_loaded_and_made_again(hearts, f, found, tmp_path):
    found.save(tmp_path / "map.npz")
    again = cw.GlocalMap.load(tmp_path / "map.npz")
    assert np.array_equal(again.relevance, found.relevance, equal_nan=True)
    assert again.words() == found.words()
    anew = again.rerun(hearts, f)
    assert np.array_equal(anew.places, found.places)
    with pytest.raises(ExplainError, match="give them"):
        again.rerun()


def test_what_makes_its_rows_travels_to_workers(hearts, f):
    align = pickle.loads(pickle.dumps(Aligned(f, "AF")))
    here, there = Aligned(f, "AF")(hearts[:1]), align(hearts[:1])
    assert np.array_equal(here[0]["relevance"], there[0]["relevance"], equal_nan=True)


class Deep(nn.Module):
    """A model whose answer is the mean of V2 alone."""

    def forward(self, x):
        return 5 * x[:, 7].mean(dim=1, keepdim=True)


def test_a_model_of_one_lead_looks_there_alone(hearts):
    f = cw.wrap(Deep(), fs=250, leads=LEADS, outputs=["A"], output="sigmoid", seconds=10)
    found = cw.glocal(hearts, f, "A")
    assert {lead for lead, _ in found.top} == {"V2"}
    assert found.share[LEADS.index("V2")].sum() == pytest.approx(1)
    even = found.segments[LEADS.index("V2")]
    assert np.nanmax(even) == pytest.approx(12, rel=0.05)  # all of it in one lead of twelve, evenly


def test_maps_are_drawn_in_both_themes(found):
    for theme in ("light", "dark"):
        assert found.figure(theme).count("<polyline") == 12


class Nothing(nn.Module):
    def forward(self, x):
        return x.mean(dim=(1, 2))[:, None] * 0 + torch.tensor([[0.3]])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"records": []}, "no records were given"),
        ({"target": "MI"}, "MI"),
        ({"method": "magic"}, "magic"),
        ({"top": 0}, "one record at least"),
        ({"group": lambda record, answers: False}, "nobody is in the group"),
        ({"steps": -1}, "steps"),
    ],
)
def test_what_cannot_be_mapped_is_refused_in_words(hearts, f, change, words):
    asked = {"records": hearts[:2], "f": f, "target": "AF", **change}
    with pytest.raises(ExplainError, match=words):
        cw.glocal(**asked)


def test_a_map_that_is_zero_is_no_map(hearts):
    f = cw.wrap(Nothing(), fs=250, leads=LEADS, outputs=["A"], output="sigmoid", seconds=10)
    with pytest.raises(ExplainError, match="could be aligned"):
        cw.glocal(hearts[:2], f, "A")
