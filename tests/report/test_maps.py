"""Maps beside each other: what is compared, in numbers, words and as a picture."""

import re
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest

import cofe_widgets as cw
from cofe_widgets.ecg import Record
from cofe_widgets.errors import ExplainError
from cofe_widgets.explain.agreement import BOTH, CHANGE, MAP, Agreement
from cofe_widgets.explain.attribution.similarity import pearson, smoothed
from cofe_widgets.report.figures.ecg_svg import ecg_svg
from cofe_widgets.report.figures.maps import FROM_MS, TO_MS, carrying, mean_beat
from cofe_widgets.report.figures.palette import PALETTE
from cofe_widgets.report.maps import agreement_words, compare_maps, packed_waves
from cofe_widgets.signals import median_beat

METHODS = ("saliency", "input_x_gradient", "integrated_gradients")


@pytest.fixture(scope="module")
def maps(sinus_to_af):
    f = sinus_to_af.predictor
    return [cw.attribute(sinus_to_af.original, f, "AF", method) for method in METHODS]


class Card:
    """Knows one method."""

    def badge(self, method, target):
        return f"checked for {target}" if method == "saliency" else "unchecked"


def with_values(att, values, method=None):
    known = {**att.provenance}
    return replace(
        att, values=np.asarray(values, np.float32), method=method or att.method, provenance=known
    )


def test_correlation_is_that_of_the_smoothed_maps():
    rng = np.random.default_rng(0)
    one, other = rng.normal(size=(2, 1, 3, 200))
    a, b = smoothed(one).ravel(), smoothed(other).ravel()
    assert pearson(smoothed(one), smoothed(other))[0] == pytest.approx(np.corrcoef(a, b)[0, 1])
    # A cubic passes a Savitzky-Golay filter of third order as it is, noise of one sample does not.
    cubic = np.linspace(-1, 1, 200)[None, None] ** 3
    np.testing.assert_allclose(smoothed(cubic), cubic, atol=1e-12)


def test_the_first_map_is_what_the_others_are_compared_with(maps):
    turned = with_values(maps[0], -maps[0].values, "turned")
    same = with_values(maps[0], 3 * maps[0].values, "same")
    flat = with_values(maps[0], np.zeros_like(maps[0].values), "flat")
    found = compare_maps([maps[0], turned, same, flat])
    assert found.correlations[:3] == pytest.approx((1, -1, 1))
    assert np.isnan(found.correlations[3])
    assert found.said_correlations() == [
        "",
        "r = −1.00 with Saliency",
        "r = 1.00 with Saliency",
        "r = – with Saliency",
    ]


def test_waves_are_those_of_each_map(maps):
    found = compare_maps(maps)
    for one in maps:
        alone = one.by_wave.loc["all"]
        np.testing.assert_allclose(found.waves[one.method], alone[["share", "enrichment"]])
    rows = packed_waves(found)
    assert [row["wave"] for row in rows] == ["P", "PR", "QRS", "ST", "T", "TP"]
    for row in rows:
        share, times = found.waves.loc[row["wave"], "saliency"]
        assert row["cells"][0] == {
            "share": f"{100 * share:.0f} %",
            "times": f"{times:.1f} ×",
            "much": bool(times >= 2),
        }


def test_what_cannot_be_compared_is_refused_in_words(maps, sinus_to_af):
    f, rec = sinus_to_af.predictor, sinus_to_af.original
    other = rec.with_signal(1.1 * rec.signal)
    for wrong, words in (
        ([], "list of attributions"),
        (maps[0], "list of attributions"),
        ([maps[0], maps[0]], "saliency is there twice"),
        ([maps[0], cw.attribute(rec, f, "SR", "gradcam")], "gradcam is of another target"),
        ([maps[0], cw.attribute(other, f, "AF", "gradcam")], "gradcam is of another ECG"),
        (
            [maps[0], replace(maps[1], provenance={**maps[1].provenance, "weight_hash": "0"})],
            "another model",
        ),
        ([with_values(maps[0], maps[0].values, f"m{k}") for k in range(7)], "7 maps: 6 at most"),
    ):
        with pytest.raises(ExplainError, match=words):
            compare_maps(wrong)


def test_the_beat_is_the_median_beat_and_the_mean_of_the_maps(maps):
    # A map that is 1 from R to 0.1 s after and -1 nowhere else: so is the mean over the beats.
    rec, beat = maps[0].record, median_beat(maps[0].record)
    values = np.zeros_like(maps[0].values)
    for r in beat.r_peaks_s:
        values[1, round(r * rec.fs) : round((r + 0.1) * rec.fs)] = 1
    found = mean_beat([with_values(maps[0], values)])
    assert found.time_ms[0] == FROM_MS
    assert found.time_ms[-1] == TO_MS
    inside = (found.time_ms > 30) & (found.time_ms < 70)
    np.testing.assert_allclose(found.maps[0][1, inside], 1, atol=0.02)
    np.testing.assert_allclose(found.maps[0][1, found.time_ms > 140], 0, atol=0.02)
    np.testing.assert_allclose(found.maps[0][0], 0)
    np.testing.assert_allclose(
        found.traces[1], beat.signal[1, (beat.time_ms >= FROM_MS) & (beat.time_ms <= TO_MS)]
    )


def test_leads_are_those_that_carry_most_in_the_order_of_the_record():
    one = np.array([[5.0], [0.0], [-4.0], [1.0], [3.0], [2.0]])
    assert carrying([one]) == [0, 2, 4, 5]
    # Each map counts the same, whatever its unit: the second puts everything on the second lead.
    other = 1000 * np.array([[0.0], [1.0], [0.0], [0.0], [0.0], [0.0]])
    assert carrying([one, other]) == [0, 1, 2, 4]


def test_the_picture_names_methods_badges_and_correlations_and_is_sound(maps):
    found = compare_maps(maps, Card())
    svg = ElementTree.fromstring(found.figure())
    said = [one.text for one in svg.iter("{http://www.w3.org/2000/svg}text")]
    for words in ("Saliency", "Integrated gradients", "checked for AF", "unchecked", "V2"):
        assert words in said
    assert sum(text.startswith("r = ") for text in said) == 2
    traces = list(svg.iter("{http://www.w3.org/2000/svg}polyline"))
    assert len(traces) == 3 * 4
    assert "unchecked" in svg.attrib["aria-label"]
    html = found._repr_html_()
    assert html.startswith("<svg")
    assert "<th>QRS</th>" in html


def test_hues_are_the_signs_of_the_map(maps):
    ones = np.ones_like(maps[0].values)
    colours = {1: PALETTE["light"]["positive"], -1: PALETTE["light"]["negative"]}
    for sign, colour in colours.items():
        svg = compare_maps([with_values(maps[0], sign * ones)]).figure()
        bands = re.findall(r'<path d="[^"]*z" fill="(#\w+)"', svg)
        assert set(bands) == {colour}


def test_an_ecg_without_beats_has_no_picture_but_says_so(maps):
    noise = np.random.default_rng(0).normal(0, 0.01, maps[0].values.shape)
    record = Record(noise.astype(np.float32), maps[0].fs, maps[0].leads)
    svg = compare_maps([replace(maps[0], record=record)]).figure()
    assert "No median beat:" in svg


def test_a_name_cannot_break_the_picture(maps):
    evil = with_values(maps[0], maps[0].values, "<script>x</script>")
    svg = compare_maps([evil]).figure()
    assert "<script" not in svg
    ElementTree.fromstring(svg)


def test_agreement_in_words_stands_beside_chance():
    where = np.array([[BOTH, MAP, CHANGE, 0], [BOTH, 0, 0, 0]], np.int8)
    said = agreement_words(Agreement(where, 25.0, ("I", "II")), "saliency")
    assert "Saliency is strongest, the counterfactual alters 67 %" in said
    assert "would meet 42 %: 1.6 times chance." in said
    none = np.array([[MAP, 0, CHANGE, CHANGE]], np.int8)
    assert "no more than chance" in agreement_words(Agreement(none, 25.0, ("I",)), "saliency")
    zero = np.zeros((1, 4), np.int8)
    assert "its map is zero" in agreement_words(Agreement(zero, 25.0, ("I",)), "saliency")


def test_lanes_below_the_traces_by_hand(maps):
    # Lead I from 1.0 to 1.2 s is both, from 1.2 to 1.4 s the map alone: 25 mm/s, so 5 mm each.
    rec = maps[0].record
    where = np.zeros(rec.signal.shape, np.int8)
    fs = int(rec.fs)
    where[0, fs : fs + fs // 5] = BOTH
    where[0, fs + fs // 5 : fs + 2 * fs // 5] = MAP
    svg = ecg_svg(rec, pointed=Agreement(where, rec.fs, rec.leads))
    light = PALETTE["light"]
    both = re.findall(rf'<path d="M(\S+) (\S+)h(\S+)v(\S+)H\S+z" fill="{light["t"]}"', svg)
    only = re.findall(rf'<path d="M(\S+) (\S+)h(\S+)v(\S+)H\S+z" fill="{light["positive"]}"', svg)
    assert [float(x) for x in both[0][2:]] == [5.0, 1.8]
    assert [float(x) for x in only[0][2:]] == [5.0, 0.9]
    assert float(only[0][0]) - float(both[0][0]) == pytest.approx(5)
    assert only[0][1] == both[0][1]  # the map's lane is the upper one
    assert not re.search(rf'H\S+z" fill="{light["changed"]}"', svg)


def test_a_name_keeps_its_capitals_in_a_legend(maps):
    from cofe_widgets.report.figures.shade import attribution_band

    for method, words in (
        ("saliency", "saliency for AF"),
        ("lrp", "LRP for AF"),
        ("deeplift", "DeepLIFT for AF"),
        ("gradcam", "Grad-CAM for AF"),
        ("input_x_gradient", "input × gradient for AF"),
    ):
        assert attribution_band(with_values(maps[0], maps[0].values, method)).title == words
