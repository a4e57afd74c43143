"""A bqplot figure beside the app in JupyterLab: the slider moves its marker, its marker the slider."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, expect

from .conftest import EXPLAIN_MS, Server, Tab
from .test_lab import kernel, slide

VIEWER = """import cofe_widgets as cw
from cofe_widgets.widgets import CounterfactualViewer
cf = cw.counterfactual(cw.read("sample:sinus"), cw.load("af-resnet"), target="AF", severities=5)
viewer = CounterfactualViewer(cf)
viewer.answer_figure"""


def middle(dot: Locator) -> tuple[float, float]:
    box = dot.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_the_figure_and_the_slider_follow_each_other(lab: Server, tab: Tab) -> None:
    tab.page.set_viewport_size({"width": 1280, "height": 1800})
    page = lab.run(tab, lab.notebook(VIEWER, "viewer"))
    figure = page.locator(".bqplot")
    expect(figure.locator("text.mainheading")).to_contain_text("severity 1.00", timeout=EXPLAIN_MS)
    expect(figure.locator("text.axislabel").first).to_have_text("Severity")
    page.locator(".cofe-paper[data-frames]").wait_for()
    marker = figure.locator(".dot").last
    right, top = middle(marker)
    slide(page, 0)
    expect(figure.locator("text.mainheading")).to_contain_text("severity 0.00")
    left, bottom = middle(marker)
    assert right - left > 300
    assert bottom - top > 80  # the answer is smaller there

    page.mouse.move(left, bottom)
    page.mouse.down()
    page.mouse.move((left + right) / 2, bottom, steps=10)
    page.mouse.up()
    expect(page.locator("input.cofe-slider")).to_have_value("0.5")
    assert kernel(page, "viewer.severity") == 0.5
    expect(figure.locator("text.mainheading")).to_contain_text("severity 0.50")
    assert middle(marker)[0] == pytest.approx((left + right) / 2, abs=2)
    assert middle(marker)[1] < bottom - 5  # and it lies on the curve, not where it was let go
    assert tab.ours() == []
