"""Waves on their way to the browser, against the fixture that the browser's tests read too."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import cofe_widgets as cw
from cofe_widgets.report.figures.ecg_svg import WAVES, ecg_svg
from cofe_widgets.report.figures.shade import LEAST_MV, cause
from cofe_widgets.simulate import simulate
from cofe_widgets.widgets.viewer.fiducials import NAMES, packed_waves

GOLDEN = json.loads((Path(__file__).parent / "waves.json").read_text())
COLUMNS = ["beat", "lead", "wave", "onset_ms", "peak_ms", "offset_ms"]


def table() -> pd.DataFrame:
    return pd.DataFrame(GOLDEN["rows"], columns=COLUMNS)


def rows_of(packed: dict) -> np.ndarray:
    return np.frombuffer(packed["data"], "<f4").reshape(packed["rows"], 5)


def test_fixture():
    packed = packed_waves(table(), ["I", "II", "V1"], "true waves")
    packed["data"] = base64.b64encode(packed["data"]).decode()
    assert packed == GOLDEN["packed"]


def test_every_wave_of_a_record_arrives_to_a_tenth_of_a_millisecond():
    sim = simulate("NSR", seed=3)[0]
    truth = sim.truth.fiducials
    packed = cw.EcgViewer(sim.record, delineation=sim.truth)._waves
    assert packed["source"] == "true waves"
    assert len(packed["data"]) == 20 * len(truth)
    times = truth[["onset_ms", "peak_ms", "offset_ms"]].to_numpy()
    np.testing.assert_allclose(rows_of(packed)[:, 2:], times, atol=0.1)
    names = [NAMES[int(k)] for k in rows_of(packed)[:, 1]]
    assert names == truth["wave"].tolist()


def test_an_absent_wave_has_no_row():
    sim = simulate("AF", seed=3)[0]
    packed = cw.EcgViewer(sim.record, delineation=sim.truth.fiducials)._waves
    assert NAMES.index("P") not in rows_of(packed)[:, 1]
    assert packed["rows"] > 0


def test_what_is_no_delineation_is_refused_in_words(rec):
    with pytest.raises(TypeError, match="delineation is int: expected a Delineation"):
        cw.EcgViewer(rec, delineation=3)
    with pytest.raises(ValueError, match="without peak_ms"):
        cw.EcgViewer(rec, delineation=table().drop(columns="peak_ms"))
    with pytest.raises(ValueError, match="known are P, QRS, T"):
        cw.EcgViewer(rec, delineation=table().replace({"wave": {"P": "U"}}))
    with pytest.raises(ValueError, match="the delineation is of X; the ECG has I, II"):
        cw.EcgViewer(rec, delineation=table().assign(lead="X"))


def test_a_cause_map_is_signed_in_millivolts_and_belongs_to_its_record(rec):
    values = np.zeros_like(rec.signal)
    values[2, 100:200] = -0.4
    shade = cause(values, rec)
    assert shade.limit == pytest.approx(LEAST_MV)  # 0.2 % of the samples: no percentile sees it
    packed = cw.EcgViewer(rec, cause=values)._shade
    assert (packed["reading"], packed["unit"]) == ("altered by", "mV")
    with pytest.raises(ValueError, match=r"cause has shape \(12, 10\): expected"):
        cw.EcgViewer(rec, cause=values[:, :10])
    with pytest.raises(ValueError, match="not finite"):
        cw.EcgViewer(rec, cause=np.full_like(values, np.nan))


def test_attribution_and_cause_do_not_lie_over_each_other(att):
    with pytest.raises(ValueError, match="show one of them"):
        cw.EcgViewer(att.record, attribution=att, cause=np.zeros_like(att.record.signal))


def test_the_picture_shows_waves_where_they_are():
    sim = simulate("NSR", seed=3)[0]
    lead_ii = sim.truth.fiducials.query("lead == 'II' and wave == 'P'")
    svg = ecg_svg(sim.record, waves=lead_ii, layout="12x1")
    found = re.findall(
        rf'<rect x="([\d.]+)" width="([\d.]+)" fill="{WAVES["P"]}" y="[\d.]+" h', svg
    )
    inside = lead_ii[(lead_ii["offset_ms"] > 0) & (lead_ii["onset_ms"] < 10_000)]
    assert len(found) == 2 * len(inside)  # a wash and a bar
    whole = inside[inside["onset_ms"] > 0].iloc[0]
    x, wide = map(float, found[2 * inside.index.get_loc(whole.name)])
    assert x == pytest.approx(15 + 0.025 * whole["onset_ms"], abs=0.02)
    assert wide == pytest.approx(0.025 * (whole["offset_ms"] - whole["onset_ms"]), abs=0.02)
    viewer = cw.EcgViewer(sim.record, delineation=sim.truth)
    assert WAVES["P"] in viewer.picture()
    viewer.show_waves = False
    assert WAVES["P"] not in viewer.picture()
