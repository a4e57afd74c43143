"""`EcgViewer`: its state, its settings, its picture, and that closed widgets go away."""

from __future__ import annotations

import gc
import re
import weakref
import xml.etree.ElementTree as ET

import numpy as np
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
    assert len(module.encode()) < 60_000
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
