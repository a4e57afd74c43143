"""Geometry against the fixture that the browser's tests read too."""

import json
from pathlib import Path

import numpy as np
import pytest

from cofe_widgets.ecg import LEADS, Record
from cofe_widgets.report.figures.ecg_svg import ecg_svg
from cofe_widgets.report.figures.paper import paper, room

CASES = json.loads((Path(__file__).parent / "paper.json").read_text())["cases"]


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_fixture(case):
    request = dict(case["request"])
    if request["leads"] == "standard":
        request["leads"] = LEADS
    sheet = paper(**request)
    size = (sheet.width, sheet.height, sheet.row_height)
    assert size == pytest.approx((case["width"], case["height"], case["row_height"]))
    assert len(sheet.panels) == len(case["panels"])
    for panel, (label, *numbers) in zip(sheet.panels, case["panels"], strict=True):
        assert panel.label == label
        found = (panel.sign, panel.row, panel.x, panel.baseline, panel.t0, panel.t1)
        assert found == pytest.approx(tuple(numbers))
    pulses = [[p.x, p.width, p.height, p.baseline] for p in sheet.pulses]
    assert pulses == case["pulses"]
    for label, t, mv, x, y in case["points"]:
        panel = next(p for p in sheet.panels if p.label == label and p.t0 <= t <= p.t1)
        assert sheet.point(panel, t, mv) == pytest.approx((x, y))


def test_one_second_is_25_mm_and_one_millivolt_10_mm():
    sheet = paper(LEADS, 10)
    strip = sheet.panels[-1]
    (x0, y0), (x1, y1) = sheet.point(strip, 3, 0), sheet.point(strip, 4, 1)
    assert (x1 - x0, y0 - y1) == pytest.approx((25, 10))


def test_room_for_tall_and_deep_waves_in_fives():
    sheet = paper(LEADS, 10)
    assert room(sheet, lambda panel: (1.0, 0.5)) == (20, 15)
    assert room(sheet, lambda panel: (2.41 if panel.lead == "V4" else 1.0, 1.6)) == (30, 25)
    assert room(sheet, lambda panel: (12.0, 12.0)) == (45, 45)


def test_a_lead_that_is_called_with_a_minus_is_drawn_as_it_is():
    signal = np.stack([np.sin(np.arange(500) / 20), np.cos(np.arange(500) / 20)])
    record = Record(signal, 250, ["II", "-aVR"])
    panels = {panel.label: panel for panel in paper(record.leads, 2.0).panels}
    assert panels["-aVR"].lead == "-aVR" and panels["-aVR"].sign == 1
    assert "−aVR" in ecg_svg(record)
    turned = {panel.label: panel for panel in paper(LEADS, 10.0, order="cabrera").panels}["-aVR"]
    assert turned.lead == "aVR" and turned.sign == -1
