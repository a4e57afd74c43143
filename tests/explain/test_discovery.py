"""Discovery: planted groups are found and single ones left whole; formulas by hand."""

import numpy as np
import pandas as pd
import pytest

import cofe_widgets as cw
from cofe_widgets.audit import AuditError, splits
from cofe_widgets.errors import ExplainError
from cofe_widgets.explain.discovery import assigned, regions
from cofe_widgets.explain.discovery.clustering import Candidate, gap, judged, projected
from cofe_widgets.explain.discovery.regions import _heaviest, _runs, _t
from cofe_widgets.explain.discovery.representation import features, pooled_layer

N = 14


@pytest.fixture(scope="module")
def f():
    return cw.load("nine-resnet")


@pytest.fixture(scope="module")
def mixed():
    return [one.record for name in ("LBBB", "RBBB") for one in cw.simulate(name, n=N, seed=1)]


@pytest.fixture(scope="module")
def found(mixed, f):
    return cw.discover(mixed, f, "LBBB", "features", labels=["left"] * N + ["right"] * N)


def verdict(x, ks=(2,)):
    *_, last = judged(projected(x)[0], ks)
    return last


# -- formulas


def test_t_is_that_of_scipy():
    from scipy.stats import ttest_ind

    rows = np.random.default_rng(0).normal(size=(11, 7))
    first = np.zeros((1, 11))
    first[0, :4] = 1
    expected = ttest_ind(rows[:4], rows[4:]).statistic
    np.testing.assert_allclose(_t(first, rows, np.ones(7, bool))[0], expected)


def test_runs_end_at_leads_and_at_a_change_of_sign():
    t = np.array([[[0.0, 3.0, 3.0], [4.0, -5.0, -2.5]], [[0.0, 0.0, 0.0], [0.0, 0.0, 2.0]]])
    draw, start, end, mass = _runs(t, 2.2)
    assert list(zip(draw, start, end, mass, strict=True)) == [
        (0, 1, 3, 6),
        (0, 3, 4, 4),
        (0, 4, 6, 7.5),
    ]
    assert list(_heaviest(t, 2.2)) == [7.5, 0.0]


def test_accuracy_is_after_the_best_assignment():
    truth = np.array(["a", "a", "a", "b", "b"])
    assert assigned(truth, np.array([1, 1, 0, 0, 0])).tolist() == [True, True, False, True, True]
    # A third cluster belongs to no class.
    assert assigned(truth, np.array([2, 2, 1, 0, 0])).mean() == 0.8
    assert assigned(truth, np.zeros(5)).mean() == 0.6


def test_the_gap_is_what_lies_in_the_middle_third():
    x = np.array([0.0] * 5 + [10.0] * 4 + [5.0])[:, None]
    labels = np.array([0] * 5 + [1] * 5)
    # Centres at 0 and 9: only the record at 5 lies between 3 and 6.
    assert gap(x, labels[None])[0] == pytest.approx(0.9)
    assert gap(x, np.array([[0] * 8 + [1] * 2]))[0] == 0  # two are no group


def test_components_keep_three_quarters_of_the_variance():
    rng = np.random.default_rng(0)
    q = np.linalg.qr(rng.normal(size=(200, 4)))[0]
    q = np.linalg.qr(q - q.mean(axis=0))[0]
    assert projected(q * np.sqrt([50, 30, 15, 5]))[0].shape == (200, 2)
    one, shown = projected(q * np.sqrt([80, 10, 5, 5]))
    assert (one.shape[1], shown.shape[1]) == (1, 2)


def test_clusters_are_numbered_by_size():
    x = np.r_[np.zeros(3), np.full(9, 8.0)][:, None]
    for name in ("k-means", "Gaussian mixture", "agglomerative"):
        assert Candidate(name, False, 2).fit(x).tolist() == [1] * 3 + [0] * 9


# -- regions


def test_a_planted_difference_is_found_where_it_is():
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(30, 12, 200))
    rows[:15, 3, 100:120] += 2
    table = regions(rows[:15], rows[15:], 200)
    hit = table[table.p < 0.05]
    assert list(hit.lead) == ["aVR"]
    # Sample 75 is R, and a sample lasts 4 ms.
    assert abs(hit.start_ms[0] - 100) <= 8
    assert abs(hit.end_ms[0] - 180) <= 8
    assert hit.difference[0] > 1
    assert hit.p[0] == pytest.approx(1 / 201)


def test_noise_has_regions_as_often_as_is_said():
    rng = np.random.default_rng(2)
    false = 0
    for _ in range(40):
        rows = rng.normal(size=(16, 12, 40)).cumsum(axis=2)  # neighbours go together
        table = regions(rows[:8], rows[8:], 60, seed=int(rng.integers(1000)))
        false += bool(len(table) and table.p.min() < 0.05)
    assert false <= 6  # of 40 at 5 %: more has a chance of 0.3 %


def test_leads_that_are_not_seen_have_no_region():
    rows = np.random.default_rng(0).normal(size=(12, 12, 50))
    rows[:6, 0] += 5
    rows[:, 1:] = np.nan
    assert set(regions(rows[:6], rows[6:], 50).lead) == {"I"}
    with pytest.raises(ExplainError, match="4 at least"):
        regions(rows[:3], rows[3:])


# -- structure


@pytest.mark.slow
def test_a_planted_gap_is_structure_and_a_single_gaussian_is_none():
    rng = np.random.default_rng(3)
    x = rng.normal(size=(60, 5)) * [3, 2, 1.5, 1, 1]
    single = verdict(x)
    assert not single.structure
    x[:24, 1] += 12
    two = verdict(x)
    assert two.structure
    assert assigned(np.arange(60) < 24, two.partitions[two.chosen]).mean() > 0.9


@pytest.mark.slow
def test_outliers_are_not_chosen_as_a_group():
    x = np.random.default_rng(4).normal(size=(50, 4))
    x[0, 0] += 9
    one = verdict(x)
    split_off = [np.bincount(row).min() < 4 for row in one.partitions]
    assert any(split_off)
    assert not split_off[one.chosen]
    assert not one.structure
    x[0, 0] += 90  # nothing else is seen beside it
    assert not verdict(x).structure


@pytest.mark.slow
def test_a_planted_mixture_is_found(found):
    assert found.structure
    assert found.sizes == [N, N]
    assert found.accuracy()[0] == 1
    assert found.majority == 0.5
    assert set(found.truth) == {"left", "right"}
    assert found.scores.k.unique().tolist() == [2]
    assert "p = 0.01" in found.words()
    assert "optimistic" in found.words()
    assert found.figure().startswith("<svg")


@pytest.mark.slow
def test_a_homogeneous_group_is_left_whole(f):
    records = [one.record for one in cw.simulate("LBBB", n=40, seed=5)]
    single = cw.discover(records, f, "LBBB")
    assert not single.structure
    assert set(single.labels) == {0}
    assert "No structure" in single.words()
    assert single.best is None
    assert "no structure" in single.figure()
    with pytest.raises(ExplainError, match="label"):
        single.accuracy()
    with pytest.raises(ExplainError, match="there are 1"):
        single.regions()


@pytest.mark.slow
def test_names_do_no_harm_in_pictures_and_no_wave_is_cut_off(found):
    from dataclasses import replace
    from xml.etree import ElementTree

    nasty = replace(found, truth=("<script>&\u202e",) * len(found), signal=found.signal * 4)
    for theme in ("light", "dark"):
        tree = ElementTree.fromstring(nasty.figure(theme))
        assert not [one for one in tree.iter() if one.tag.endswith("script")]
    assert "<script" not in nasty._repr_html_()
    lines = [one for one in tree.iter() if one.tag.endswith("polyline")]
    boxes = [
        one for one in tree.iter() if one.tag.endswith("rect") and one.get("opacity") == "0.15"
    ]
    assert len(lines) == len(boxes) == 24
    for line, box in zip(lines, boxes, strict=True):
        ys = [float(pair.split(",")[1]) for pair in line.get("points").split()]
        top = float(box.get("y"))
        assert top <= min(ys) and max(ys) <= top + float(box.get("height"))


@pytest.mark.slow
def test_steps_come_in_order_and_the_same_comes_again(mixed, f, found):
    steps = list(cw.discover.steps(mixed, f, "LBBB", "features", clusters=2))
    parts = [one.fraction for one in steps]
    assert parts == sorted(parts)
    assert parts[-1] == 1
    again = steps[-1].result
    np.testing.assert_array_equal(again.labels, found.labels)
    np.testing.assert_array_equal(again.embedding, found.embedding)


@pytest.mark.slow
def test_it_is_saved_and_read(found, tmp_path):
    found.save(tmp_path / "split.cw")
    again = cw.Clusters.load(tmp_path / "split.cw")
    pd.testing.assert_frame_equal(again.to_frame(), found.to_frame())
    pd.testing.assert_frame_equal(again.scores, found.scores)
    assert again.truth == found.truth
    assert again.words() == found.words()


# -- features, measurements, bad input


def test_features_are_taken_after_pooling(mixed, f):
    assert pooled_layer(f) == "pool"
    pooled, last = features(f, mixed[:2], "pool"), features(f, mixed[:2], "blocks")
    assert pooled[0].shape == (96,)
    np.testing.assert_allclose(pooled[1], last[1], rtol=1e-4, atol=1e-5)


@pytest.mark.slow
def test_measurements_that_differ_come_first(found, mixed):
    table = splits(found, mixed)
    assert set(table.n_first + table.n_second) <= set(range(2 * N + 1))
    assert (table.effect.abs().dropna().diff().dropna() <= 0).all()
    assert (table.p_holm.dropna() >= table.p.dropna()).all()
    assert table.p_holm.min() < 0.05
    with pytest.raises(AuditError, match="in order"):
        splits(found, mixed[:3])


@pytest.mark.slow
def test_failures_are_counted_and_listed(mixed, f):
    flat = mixed[0].crop(0, 0.6)  # shorter than a beat
    split = cw.discover([flat, *mixed], f, "LBBB", "beats", clusters=2)
    assert split.seen == 2 * N + 1
    assert split.failures.record.tolist() == [0]
    assert split.places[0] == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"representation": "waves"}, "expected one of"),
        ({"clusters": 1}, "expected 2 to 20"),
        ({"clusters": 9}, "records a cluster"),
        ({"labels": ["a"]}, "one a record"),
        ({"labels": [1] * 2 * N}, "expected a text"),
        ({"layer": "pool"}, "hidden features"),
        ({"representation": "features", "layer": "none"}, "no layer"),
        ({"target": "XYZ"}, "XYZ"),
    ],
)
def test_bad_calls_are_refused(mixed, f, change, words):
    asked = {"target": "LBBB", "representation": "beats"} | change
    with pytest.raises(ExplainError, match=words):
        cw.discover(mixed, f, **asked)


def test_few_records_are_refused(mixed, f):
    with pytest.raises(ExplainError, match="12 at least"):
        cw.discover(mixed[:5], f, "LBBB")
    with pytest.raises(ExplainError, match="12 at least"):
        cw.discover([], f, "LBBB")
