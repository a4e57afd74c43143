"""The same app as a web page by Voila, with no network beyond the loopback."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import expect

from .conftest import EXPLAIN_MS, GROWING, Server, Tab
from .files import muse_xml


def test_upload_explain_stop_drag_and_read_the_table(
    voila: Server, tab: Tab, tmp_path: Path
) -> None:
    page = tab.page
    page.goto(voila.url)
    app = page.locator(".cofe-explainer")
    expect(app.locator(".cofe-empty")).to_be_visible()
    assert any("cdn" in url for url in tab.blocked)  # its template asks for fonts, and gets none

    bad = tmp_path / "notes.txt"
    bad.write_text("no ECG at all")
    app.locator("input[type=file]").set_input_files(bad)
    expect(app.get_by_role("alert")).to_contain_text("notes.txt")
    expect(app.locator(".cofe-empty")).to_be_visible()

    good = tmp_path / "patient.xml"
    good.write_text(muse_xml())
    app.locator("input[type=file]").set_input_files(good)
    expect(app.locator(".cofe-title strong")).to_have_text("patient.xml")
    expect(app.get_by_role("alert")).to_be_hidden()
    app.locator(".cofe-paper[data-frames]").wait_for()

    target = app.get_by_label("Target").input_value()
    app.get_by_role("button", name="Explain").click()
    expect(app.locator(".cofe-searching")).to_have_attribute("points", GROWING)
    app.get_by_role("button", name="Stop").click()
    expect(app.locator(".cofe-message")).to_have_text("Stopped.")

    app.get_by_role("button", name="Explain").click()
    expect(app.locator(".cofe-go button")).to_have_text("Explain", timeout=EXPLAIN_MS)
    expect(app.locator(".cofe-message")).to_contain_text(f"({target})")
    expect(app.locator(".cofe-trust")).to_contain_text("Can it be believed?")
    expect(app.locator(".cofe-changes table")).to_contain_text("RR variability")
    slider = app.locator("input.cofe-slider")
    slider.focus()
    page.keyboard.press("Home")
    expect(slider).to_have_value("0")
    page.keyboard.press("End")
    expect(slider).to_have_value("1")
    assert tab.ours() == []


def test_a_wide_page_has_the_answer_beside_the_ecg(voila: Server, tab: Tab) -> None:
    page = tab.page
    page.set_viewport_size({"width": 1600, "height": 1000})
    page.goto(voila.url)
    app = page.locator(".cofe-explainer")
    app.locator(".cofe-empty").get_by_role("button", name="sinus rhythm").click()
    expect(app.locator(".cofe-title strong")).to_have_text("Simulated sinus rhythm")
    app.locator(".cofe-paper[data-frames]").wait_for()
    paper = app.locator(".cofe-paper").bounding_box()
    answer = app.locator(".cofe-answer").bounding_box()
    assert paper is not None
    assert answer is not None
    assert answer["x"] > paper["x"] + paper["width"]
    page.set_viewport_size({"width": 430, "height": 900})
    page.wait_for_function(
        "() => document.querySelector('.cofe-paper').getBoundingClientRect().width < 430"
    )
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 430 + 1
    assert tab.ours() == []
