"""The tab "Where does it look?" in the browser: methods side by side, numbers, the check, a saved page."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from .conftest import EXPLAIN_MS, Server, Tab
from .test_answers import trace
from .test_lab import APP, kernel

TAB = "Where does it look?"
CHECK = re.compile("Check this map")
FEW = "app.check_records = 4"  # the same check, of fewer simulated ECGs


def opened(app: Locator) -> None:
    """Turn to the tab, and see it filled."""
    app.get_by_role("group", name="What to ask").get_by_role("button", name=TAB).click()
    expect(app.locator(".cofe-maps table")).to_contain_text("QRS")
    expect(app.locator(".cofe-maps svg")).to_have_count(1)


def columns(app: Locator) -> Locator:
    """Heads of the columns of numbers."""
    return app.locator(".cofe-maps thead th.cofe-num b")


def test_choose_compare_check_and_save(lab: Server, tab: Tab, tmp_path: Path) -> None:
    page = lab.run(tab, lab.notebook(f"{APP.removesuffix('app')}{FEW}\napp"))
    app = page.locator(".cofe-explainer")
    expect(app.locator(".cofe-bar")).to_have_count(2)
    plain = trace(app)
    opened(app)
    expect(app.locator(".cofe-badge")).to_have_text("Saliency on af-resnet: unchecked")
    expect(app.locator(".cofe-level")).to_contain_text("level 1 of 5")
    expect(app.get_by_label("saliency", exact=True)).to_be_checked()
    page.wait_for_timeout(300)  # a frame
    assert trace(app) != plain

    band = trace(app)
    app.get_by_label("Map by").select_option("input_x_gradient")
    expect(columns(app)).to_have_text(["Input × gradient"])
    page.wait_for_timeout(300)  # a frame
    assert trace(app) not in (plain, band)
    expect(app.locator(".cofe-legend")).to_contain_text("input × gradient for AF")
    app.get_by_label("Compare with").select_option("saliency")
    expect(columns(app)).to_have_text(["Input × gradient", "Saliency"])
    expect(app.locator(".cofe-maps svg polyline")).to_have_count(8)
    expect(app.locator(".cofe-maps svg")).to_contain_text("with Input × gradient")
    app.get_by_label("Compare also with").select_option("deeplift")
    expect(columns(app)).to_have_count(3)
    assert kernel(page, "[app.map_method, *app.compare_with]") == [
        *("input_x_gradient", "saliency", "deeplift")
    ]
    app.get_by_label("Compare also with").select_option("")
    app.get_by_label("Compare with", exact=True).select_option("")
    expect(columns(app)).to_have_count(1)
    page.keyboard.press("Tab")  # the pickers are left by the keyboard as they are entered

    app.get_by_role("button", name=CHECK).click()
    expect(app.get_by_role("button", name="Stop")).to_be_visible()
    expect(app.locator(".cofe-badge")).to_contain_text("checked: ", timeout=EXPLAIN_MS)
    expect(app.get_by_role("button", name=CHECK)).to_be_visible()
    expect(app.locator(".cofe-scorecard")).to_contain_text("4 simulated ECGs")
    expect(app.locator(".cofe-scorecard svg")).to_contain_text("R-peak detector")
    badge = app.locator(".cofe-badge").inner_text()
    assert "unchecked" not in badge

    with page.expect_download() as download:
        app.get_by_role("button", name="Save page").click()
    path = tmp_path / "saved.html"
    download.value.save_as(path)
    page.goto(path.as_uri())
    app = page.locator(".cofe-explainer")
    trace(app)
    expect(app.locator(".cofe-badge")).to_have_text(badge)
    expect(app.get_by_label("Map by")).to_be_disabled()
    expect(columns(app)).to_have_text(["Input × gradient"])
    expect(app.locator(".cofe-maps svg")).to_have_count(2)
    assert tab.ours() == []


def test_a_method_that_cannot_is_told_and_the_map_stays(lab: Server, tab: Tab) -> None:
    made = """import cofe_widgets as cw, torch
torch.manual_seed(0)
net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(12 * 1000, 2))
f = cw.wrap(net, fs=100, outputs=["SR", "AF"], leads=cw.LEADS, seconds=10)
app = cw.explore(cw.read("sample:sinus"), f)
app"""
    page = lab.run(tab, lab.notebook(made))
    app = page.locator(".cofe-explainer")
    trace(app)
    opened(app)
    app.get_by_label("Map by").select_option("gradcam")
    expect(app.get_by_role("alert")).to_contain_text("it has no convolution that goes along time")
    expect(app.get_by_label("Map by")).to_have_value("saliency")
    expect(columns(app)).to_have_text(["Saliency"])
    assert tab.ours() == []


def test_the_web_page_compares_map_and_counterfactual(voila: Server, tab: Tab) -> None:
    page: Page = tab.page
    page.goto(voila.url)
    app = page.locator(".cofe-explainer")
    app.locator(".cofe-empty").get_by_role("button", name="sinus rhythm").click()
    expect(app.locator(".cofe-title strong")).to_have_text("Simulated sinus rhythm")
    trace(app)
    app.get_by_role("button", name="Explain").click()
    expect(app.locator(".cofe-go button")).to_have_text("Explain", timeout=EXPLAIN_MS)
    expect(app.locator(".cofe-reasons")).to_contain_text("What carries the answer")
    expect(app.locator(".cofe-level")).to_contain_text(re.compile("level [23] of 5"))
    opened(app)
    expect(app.locator(".cofe-maps")).to_contain_text("Saliency is strongest, the counterfactual")
    expect(app.locator(".cofe-legend")).to_contain_text("map and counterfactual agree")
    expect(app.locator(".cofe-reasons")).to_be_hidden()
    app.get_by_role("group", name="What to ask").get_by_role("button").first.click()
    expect(app.locator(".cofe-legend")).not_to_contain_text("agree")
    expect(app.locator(".cofe-reasons")).to_be_visible()
    assert tab.ours() == []
