"""Both answers of a counterfactual in the browser: how it looks in a heart, and what the model needs."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from .conftest import EXPLAIN_MS, Server, Tab
from .test_lab import APP, explained, frames, kernel, slide

NEEDS, LOOKS = "What the model needs", "What it looks like"
ITS_WORDS = "This is what af-resnet needs, nothing beside it was changed: "


def trace(app: Locator) -> str:
    """The traces on screen, as a picture."""
    app.locator(".cofe-paper[data-frames]").wait_for()
    return str(app.locator(".cofe-paper canvas").nth(1).evaluate("(canvas) => canvas.toDataURL()"))


def drawn_otherwise(page: Page, app: Locator, act: object) -> tuple[str, str]:
    """The traces before and after something was done that paints them anew."""
    before, count = trace(app), frames(page)
    act()  # type: ignore[operator]
    page.wait_for_function(
        "(b) => Number(document.querySelector('.cofe-paper').dataset.frames) > b", arg=count
    )
    return before, trace(app)


def chosen(page: Page, app: Locator, name: str) -> None:
    """Press one of the two, and see another trace."""
    button = app.get_by_role("group", name="Which answer").get_by_role("button", name=name)
    before, after = drawn_otherwise(page, app, button.click)
    assert after != before
    expect(button).to_have_attribute("aria-pressed", "true")


def test_what_the_model_needs_is_another_trace_in_other_words(
    lab: Server, tab: Tab, tmp_path: Path
) -> None:
    page = lab.run(tab, lab.notebook(APP))
    app = page.locator(".cofe-explainer")
    which = app.get_by_role("group", name="Which answer")
    expect(app.locator(".cofe-bar")).to_have_count(2)
    expect(which).to_be_hidden()  # there is no answer yet
    app.get_by_role("button", name="Explain").click()
    explained(page)
    expect(which.get_by_role("button", name=LOOKS)).to_have_attribute("aria-pressed", "true")
    expect(which.get_by_role("button", name=LOOKS)).to_have_attribute(
        "title", re.compile("default")
    )
    message, table = app.locator(".cofe-message"), app.locator(".cofe-reasons table").first
    typical = message.inner_text()
    expect(table).to_contain_text("P waves gone came along")
    expect(table.get_by_role("img", name="needed").first).to_be_visible()

    chosen(page, app, NEEDS)
    expect(message).to_contain_text(ITS_WORDS)
    expect(table).not_to_contain_text("came along")
    expect(app.locator(".cofe-changes table")).to_contain_text("P amplitude")
    expect(app.locator(".cofe-changes table")).not_to_contain_text("gone")
    page.wait_for_timeout(700)
    assert kernel(page, "[app.show_needed, app.counterfactual.is_needed]") == [True, True]
    needed, halfway = drawn_otherwise(page, app, lambda: slide(page, 0.5))
    assert needed != halfway
    without, shaded = drawn_otherwise(page, app, app.get_by_label("Share of the answer").check)
    assert without != shaded
    expect(app.get_by_label("Saliency")).not_to_be_checked()

    with page.expect_download() as download:
        app.get_by_role("button", name="Save page").click()
    path = tmp_path / "saved.html"
    download.value.save_as(path)
    page.goto(path.as_uri())
    app = page.locator(".cofe-explainer")
    expect(app.locator(".cofe-message")).to_contain_text(ITS_WORDS)
    chosen(page, app, LOOKS)
    expect(app.locator(".cofe-message")).to_have_text(typical)
    before, after = drawn_otherwise(page, app, lambda: slide(page, 1))
    assert before != after
    assert tab.ours() == []


def test_both_answers_are_on_the_web_page(voila: Server, tab: Tab) -> None:
    page = tab.page
    page.goto(voila.url)
    app = page.locator(".cofe-explainer")
    app.locator(".cofe-empty").get_by_role("button", name="sinus rhythm").click()
    expect(app.locator(".cofe-title strong")).to_have_text("Simulated sinus rhythm")
    app.locator(".cofe-paper[data-frames]").wait_for()
    app.get_by_role("button", name="Explain").click()
    expect(app.locator(".cofe-go button")).to_have_text("Explain", timeout=EXPLAIN_MS)
    expect(app.locator(".cofe-reasons")).to_contain_text("What carries the answer")
    typical = app.locator(".cofe-message").inner_text()
    chosen(page, app, NEEDS)
    expect(app.locator(".cofe-message")).not_to_have_text(typical)
    expect(app.locator(".cofe-message")).to_contain_text(" needs, nothing beside it was changed: ")
    chosen(page, app, LOOKS)
    expect(app.locator(".cofe-message")).to_have_text(typical)
    assert tab.ours() == []
