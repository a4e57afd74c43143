"""What is said beside a table of measurements."""

from __future__ import annotations

import math

from cofe_widgets.ecg import Record
from cofe_widgets.report.labels import facts
from cofe_widgets.report.measured import beside_device, device_words, remarks
from cofe_widgets.signals import Measured, measure
from tests.signals.hearts import draw, regular

META = {"device_measurements": {"heart_rate_bpm": 60.0, "qrs_ms": 196.0, "p_axis_deg": 41.0}}


def test_the_device_s_numbers_disagreements_reasons_and_other_beats_are_said() -> None:
    values = {"heart_rate_bpm": 61.0, "qrs_ms": 98.0, "qt_ms": math.nan, "pr_ms": math.nan}
    values |= {"p_presence": 0.0, "t_amplitude_mv": 0.2}
    found = Measured(values, {}, reasons={"qt_ms": "leads disagree"}, n_beats=12, n_other=2)
    assert remarks(found, META) == [
        "QRS duration: ours 98, the device's 196 ms",
        "not given: QT interval (leads disagree)",
        "2 of 12 beats have another shape and were not measured",
    ]
    assert beside_device(META) == {"heart_rate_bpm": "60", "qrs_ms": "196", "p_axis_deg": "41"}
    assert device_words(META) == "device: rate 60, QRS 196"
    assert device_words({}) == ""


def test_a_viewer_s_title_says_what_the_device_measured_and_where_ours_differ() -> None:
    plain = draw(regular(60))
    record = Record(plain.signal, plain.fs, plain.leads, META)
    said = facts(record)
    ours = measure(record)["qrs_ms"]
    assert "device: rate 60, QRS 196" in said
    assert f"⚠ QRS duration: ours {ours:.0f}, the device's 196 ms" in said
    assert not any("device" in one for one in facts(plain))
