"""The audit dashboard in JupyterLab and Voila: a map fills, a cell is clicked, a record opens, files are made."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from .conftest import EXPLAIN_MS, Server, Tab
from .test_lab import kernel

MAKE = """import cofe_widgets as cw
records = [one.record for code in ("NSR", "LBBB") for one in cw.simulate(code, 6, 5, fs=250)]
app = cw.audit_app(records, "nine-resnet")
panel = app.panels["Where does it look?"]
panel.target = "LBBB"
app"""


def filled(page: Page) -> None:
    """Compute the glocal map, and see it whole."""
    page.locator(".cofe-audit").wait_for(timeout=EXPLAIN_MS)
    page.locator(".cofe-glocal").get_by_role("button", name="Compute").click()
    panel = page.locator(".cofe-glocal")
    expect(panel).to_contain_text("most relevance per length in", timeout=EXPLAIN_MS)
    expect(panel.locator(".heatmapcell")).to_have_count(288)
    expect(panel.locator("svg polyline")).to_have_count(12)


def click_and_open(page: Page) -> None:
    """A click on a cell lists records; one of them opens with the segment marked."""
    panel = page.locator(".cofe-glocal")
    panel.locator(".heatmapcell").nth(7 * 24 + 10).click()  # R peak in V2
    expect(panel).to_contain_text("R peak in V2: ")
    some = panel.locator("select[size]").first
    expect(some.locator("option").first).to_contain_text("(simulated)")
    some.select_option(index=0)
    panel.locator(".cofe-paper[data-frames]").wait_for()
    expect(panel.locator(".cofe-legend")).to_contain_text("R peak in V2")


def test_a_cell_is_clicked_and_a_record_opens_in_jupyterlab(lab: Server, tab: Tab) -> None:
    tab.page.set_viewport_size({"width": 1500, "height": 2600})
    page = lab.run(tab, lab.notebook(MAKE, "panel.cell"))
    filled(page)
    click_and_open(page)
    assert kernel(page, "panel.cell") == ["V2", "R peak"]
    assert kernel(page, "panel.opened") >= 0
    page.get_by_role("tab", name="Whom does it err on?").click()
    page.get_by_role("button", name="Compute").last.click()
    expect(page.locator(".cofe-audit")).to_contain_text("comparisons by group", timeout=EXPLAIN_MS)
    page.get_by_role("button", name="Prepare files").click()
    links = page.locator(".cofe-audit a[download]")
    expect(links).to_have_count(7)
    with page.expect_download() as taken:
        links.last.click()
    text = taken.value.path().read_text("utf-8")
    assert "<h2>Where does it look?</h2>" in text and "<h2>Whom does it err on?</h2>" in text
    assert tab.ours() == []


def test_a_cell_is_clicked_and_a_record_opens_in_voila(gallery: Server, tab: Tab) -> None:
    tab.page.set_viewport_size({"width": 1500, "height": 2600})
    page = gallery.show(tab, MAKE)
    filled(page)
    click_and_open(page)
    assert tab.ours() == []
