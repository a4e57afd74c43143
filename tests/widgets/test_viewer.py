"""`EcgViewer`: its state, its settings, its picture, and that closed widgets go away."""

from __future__ import annotations

import base64
import gc
import re
import weakref
import xml.etree.ElementTree as ET

import numpy as np
import pandas as pd
import pytest
import traitlets

import cofe_widgets as cw
from cofe_widgets.ecg import LEADS, Record
from cofe_widgets.report.figures.ecg_svg import INK, RED, ecg_svg
from cofe_widgets.report.figures.shade import attribution_band
from cofe_widgets.simulate import simulate
from cofe_widgets.widgets.core.codec import unpack
from cofe_widgets.widgets.core.component import asset

SVG = "{http://www.w3.org/2000/svg}"


def test_the_module_is_small_and_loads_nothing_from_elsewhere():
    module = asset("index.js")
    assert len(module.encode()) < 70_000
    assert not re.search(r"""(?:import|from)\s*\(?["']""", module)
    assert "http" not in module.replace("http://www.w3.org/2000/svg", "")
    assert ".cofe-paper" in asset("index.css")


def test_carries_the_signal_to_within_a_tenth_of_a_microvolt(rec):
    ecg = cw.EcgViewer(rec)._ecg
    assert ecg["leads"] == list(LEADS)
    assert ecg["fs"] == rec.fs
    assert np.abs(unpack(ecg["signal"]) - rec.signal).max() < 1e-4


def test_derives_the_twelve_leads_and_leaves_out_the_others():
    eight = simulate("NSR", seed=1)[0].record.select(("I", "II", *LEADS[6:]))
    assert cw.EcgViewer(eight)._ecg["leads"] == list(LEADS)
    noise = np.random.default_rng(0).normal(0, 0.3, (3, 500)).astype(np.float32)
    few = Record(noise, 250, ("II", "V1", "X"))
    assert cw.EcgViewer(few)._ecg["leads"] == ["II", "V1", "X"]


def test_unknown_settings_and_keywords_are_refused_by_name(rec):
    with pytest.raises(traitlets.TraitError, match="format"):
        cw.EcgViewer(rec, format="4x3")
    with pytest.raises(TypeError, match="colour"):
        cw.EcgViewer(rec, colour="red")
    with pytest.raises(TypeError, match=r"record is ndarray: expected a Record"):
        cw.EcgViewer(rec.signal)
    with pytest.raises(TypeError, match="overlay is int"):
        cw.EcgViewer(rec, overlay=3)
    viewer = cw.EcgViewer(rec)
    with pytest.raises(traitlets.TraitError):
        viewer.gain = 7


def test_says_who_when_and_which_filter():
    meta = {"source": "a.xml", "age": 63, "sex": "F", "high_pass_hz": 0.05, "low_pass_hz": 150}
    rec = simulate("NSR", seed=1)[0].record
    ecg = cw.EcgViewer(Record(rec.signal, rec.fs, rec.leads, meta))._ecg
    assert ecg["title"] == "a.xml"
    assert ecg["facts"][:2] == ["63 years", "female"]
    assert ecg["note"].startswith("0.05–150 Hz")
    assert cw.EcgViewer(rec)._ecg["note"].startswith("filter as recorded")
    assert cw.EcgViewer(rec)._ecg["title"] == "Simulated ECG NSR"


def test_a_closed_widget_is_collected(rec):
    viewer = cw.EcgViewer(rec)
    gone = weakref.ref(viewer)
    viewer.close()
    del viewer
    gc.collect()
    assert gone() is None


def _paths(svg: str, colour: str) -> list[str]:
    return [
        p.attrib["d"] for p in ET.fromstring(svg).iter(f"{SVG}path") if p.get("stroke") == colour
    ]


def test_picture_holds_to_the_scale():
    """One pulse of 1 mV in lead I at 1 s: 10 mm up, 25 mm from the start of the trace."""
    signal = np.zeros((12, 5000), np.float32)
    signal[0, 500:550] = 1.0
    signal[1] = np.sin(np.arange(5000) / 50) * 0.5
    svg = ecg_svg(Record(signal, 500))
    first = _paths(svg, INK)[0]
    points = re.findall(r"[ML](-?[\d.]+) (-?[\d.]+)(?:V(-?[\d.]+))?", first)
    high = [float(x) for x, y, v in points if min(float(y), float(v or y)) < 10.01]
    assert min(high) == pytest.approx(15 + 25, abs=0.3)
    assert max(high) == pytest.approx(15 + 25 * 1.1, abs=0.3)
    lowest = {round(float(y), 2) for _, y, v in points if not v}
    assert lowest == {20.0, 10.0}


def test_picture_draws_red_only_where_something_changed():
    signal = np.tile(np.sin(np.arange(5000) / 60).astype(np.float32) * 0.5, (12, 1))
    changed = signal.copy()
    changed[:, 1000:1100] += 0.3
    svg = ecg_svg(Record(signal, 500), changed=Record(changed, 500))
    strip = _paths(svg, RED)[-1]
    x = [float(v) for v in re.findall(r"[ML](-?[\d.]+) ", strip)]
    assert min(x) > 15 + 50 - 1
    assert max(x) < 15 + 55 + 1
    same = ecg_svg(Record(signal, 500), changed=Record(signal, 500))
    assert all(path == "" for path in _paths(same, RED))


def test_picture_escapes_what_the_file_says(rec):
    evil = Record(rec.signal, rec.fs, rec.leads, {"source": '"><script>alert(1)</script>'})
    svg = ecg_svg(evil)
    ET.fromstring(svg)
    assert "<script" not in svg


def test_an_attribution_keeps_its_sign_and_its_zero(att):
    shade = attribution_band(att)
    assert shade.limit > 0
    flipped = attribution_band(type(att)(-att.values, att.record, att.target, att.method))
    assert flipped.limit == shade.limit
    np.testing.assert_allclose(flipped.values, -shade.values, atol=1e-6)
    nothing = type(att)(np.zeros_like(att.values), att.record, att.target, att.method)
    assert not attribution_band(nothing).values.any()
    viewer = cw.EcgViewer(att.record, attribution=att)
    assert viewer._shade["title"].endswith("for AF")
    assert "fill-opacity" in viewer.picture()


# -- gaps, marks, long records ------------------------------------------------------------------


def with_gap(record, lead, start_s, end_s):
    signal = record.signal.copy()
    at = slice(round(start_s * record.fs), round(end_s * record.fs))
    signal[record.leads.index(lead), at] = np.nan
    return Record(signal, record.fs, record.leads)


def test_a_gap_is_drawn_as_a_gap_and_said(rec):
    gone = with_gap(rec, "V3", 5.5, 6.5)
    viewer = cw.EcgViewer(gone)
    assert np.isnan(unpack(viewer._ecg["signal"])).sum() == round(rec.fs)
    marks = [m for m in viewer._ecg["marks"] if m["colour"] == "text"]
    assert [(m["lead"], m["title"]) for m in marks] == [("V3", "no signal")]
    assert (marks[0]["from"], marks[0]["to"]) == pytest.approx((5.5, 6.5))
    assert "V3 5.5 to 6.5 s: no signal" in viewer._ecg["spoken"]
    picture = ET.fromstring(viewer.picture())
    assert "V3 5.5 to 6.5 s: no signal" in picture.get("aria-label")
    assert any(
        "V3, 5.50 to 6.50 s: no signal" in (t.text or "") for t in picture.iter(f"{SVG}title")
    )

    def pens(svg):
        traces = [
            p.get("d") for p in ET.fromstring(svg).iter(f"{SVG}path") if p.get("stroke") == INK
        ]
        return sorted(d.count("M") for d in traces if len(d) > 1000)

    assert "NaN" not in viewer.picture() and "nan" not in viewer.picture()
    assert pens(viewer.picture()) == [1] * 12 + [2]  # thirteen panels, one of them in two strokes
    assert pens(ecg_svg(rec)) == [1] * 13


def test_a_printout_of_columns_is_shown_without_holes(rec):
    signal = np.full_like(rec.signal, np.nan)
    step = round(2.5 * rec.fs)
    for k in range(12):
        signal[k, k // 3 * step : (k // 3 + 1) * step] = rec.signal[
            k, k // 3 * step : (k // 3 + 1) * step
        ]
    signal[1] = rec.signal[1]
    picture = cw.EcgViewer(Record(signal, rec.fs, LEADS)).picture()
    assert ">no signal</text>" not in picture
    assert (
        ">no signal</text>" in cw.EcgViewer(Record(signal, rec.fs, LEADS), format="12x1").picture()
    )


def test_a_lead_without_any_sample_is_shown_as_such(rec):
    signal = rec.signal.copy()
    signal[4] = np.nan
    viewer = cw.EcgViewer(Record(signal, rec.fs, LEADS))
    assert "nan" not in viewer.picture().lower()
    assert np.isnan(unpack(viewer._ecg["signal"])[4]).all()


@pytest.fixture(scope="module")
def hour():
    noise = np.random.default_rng(0).normal(0, 0.05, 250 * 3600).astype(np.float32)
    noise[::250] = 1.0  # a spike a second
    noise[250 * 1800 : 250 * 1860] = np.nan
    return Record(noise[None], 250, ("II",), {"title": "Holter"})


def test_of_a_long_record_a_page_is_sent_and_others_on_demand(hour):
    viewer = cw.EcgViewer(hour)
    assert viewer._ecg["total"] == 3600 and viewer._ecg["origin"] == 0
    assert len(viewer._ecg["signal"]["data"]) == 2 * 2500
    assert any("1:00:00" in fact for fact in viewer._ecg["facts"])
    viewer.start = 1795.0
    assert viewer._ecg["origin"] == 1795
    page = unpack(viewer._ecg["signal"])
    np.testing.assert_allclose(page[0], hour.crop(1795, 1805).signal[0], atol=1e-3)
    gap = next(m for m in viewer._ecg["marks"] if m["colour"] == "text")
    assert (gap["from"], gap["to"]) == pytest.approx((5, 10))
    assert "II 5.0 to 10.0 s: no signal" in ET.fromstring(viewer.picture()).get("aria-label")
    viewer.start = 1e9
    assert viewer.start == 3599 and viewer._ecg["origin"] == 3599
    with pytest.raises(traitlets.TraitError):
        viewer.start = "noon"


def test_waves_of_a_long_record_turn_with_its_pages(hour):
    columns = ["beat", "lead", "wave", "onset_ms", "peak_ms", "offset_ms"]
    rows = [(k, "II", "QRS", 1000.0 * k - 40, 1000.0 * k, 1000.0 * k + 50) for k in range(1, 3600)]
    viewer = cw.EcgViewer(hour, delineation=pd.DataFrame(rows, columns=columns), start=600)
    assert viewer._waves["rows"] == 11  # those that the edges cut are drawn, too
    values = np.frombuffer(viewer._waves["data"], "<f4").reshape(-1, 5)
    np.testing.assert_allclose(values[:, 3], 1000 * np.arange(11), atol=0.1)


def test_a_strip_shows_all_of_a_long_record(hour):
    strip = base64.b64decode(cw.EcgViewer(hour)._strip.split(",")[1]).decode()
    root = ET.fromstring(strip)
    assert "1:00:00" in root.get("aria-label")
    assert [t.text for t in root.iter(f"{SVG}text")].count("0:30") == 1
    blind = next(r for r in root.iter(f"{SVG}rect"))
    assert float(blind.get("x")) == pytest.approx(500, abs=2)
    assert len(strip) < 40_000

    class Delineated:
        fiducials = pd.DataFrame(columns=["lead", "wave", "onset_ms", "peak_ms", "offset_ms"])
        r_peaks_s = np.arange(0, 3600, 0.75)

    rate = base64.b64decode(cw.EcgViewer(hour, delineation=Delineated())._strip.split(",")[1])
    assert b"heart rate" in rate and b"80/min" in rate


def test_a_page_of_a_long_record_holds_five_minutes_and_says_so(hour, tmp_path):
    viewer = cw.EcgViewer(hour, start=1200)
    text = viewer.page()
    assert len(text) < 800_000
    assert "here 0:20:00 to 0:25:00" in text


def test_start_is_a_page_of_a_short_record(rec):
    long = Record(np.concatenate([rec.signal, rec.signal / 2, rec.signal], axis=1), rec.fs)
    viewer = cw.EcgViewer(long, start=17)
    assert viewer.start == 10 and viewer._ecg["total"] == 0 and viewer._strip == ""
    assert viewer.picture() != cw.EcgViewer(long).picture()
