"""JupyterLab as a person uses it: lesson, true scale, upload, Explain, slider, Stop."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from .conftest import EXPLAIN_MS, GROWING, Server, Tab
from .files import muse_xml

APP = """import cofe_widgets as cw
app = cw.explore(cw.read("sample:sinus"))
app"""
IDLE = "Choose what the model should say, and press Explain."


def kernel(page: Page, expression: str) -> Any:
    """Value of a Python expression in the notebook's kernel."""
    text = page.evaluate(
        """async (expression) => {
            const { kernel } = window.jupyterapp.shell.currentWidget.sessionContext.session;
            const future = kernel.requestExecute({
                code: "", silent: true, user_expressions: { it: expression },
            });
            const reply = await future.done;
            const { it } = reply.content.user_expressions;
            return it.data ? it.data["text/plain"] : JSON.stringify(it);
        }""",
        f"__import__('json').dumps({expression})",
    )
    return json.loads(eval(text))


def explained(page: Page, app: Any = None) -> None:
    """Wait for the end of an explanation that was asked for."""
    button = (app or page).locator("button.cofe-primary:visible")
    expect(button).to_have_text("Explain", timeout=EXPLAIN_MS)


def slide(page: Page, to: float) -> None:
    """Put the slider of the app somewhere, as a hand does: with input events."""
    page.locator("input.cofe-slider:visible").first.evaluate(
        "(slider, to) => { slider.value = to; slider.dispatchEvent(new Event('input')); }", to
    )


def frames(page: Page) -> int:
    return int(page.locator(".cofe-paper").first.get_attribute("data-frames") or 0)


def test_the_quickstart_runs_and_shows_every_step(lab: Server, tab: Tab) -> None:
    page = lab.run(tab, "01_quickstart.ipynb")
    page.wait_for_function(
        """() => {
            const cells = [...window.jupyterapp.shell.currentWidget.content.model.cells]
                .filter((cell) => cell.type === "code");
            return cells.every((cell) => cell.executionCount > 0);
        }""",
        timeout=EXPLAIN_MS,
    )
    outputs = page.evaluate(
        """() => [...window.jupyterapp.shell.currentWidget.content.model.cells]
            .filter((cell) => cell.type === "code")
            .flatMap((cell) => cell.outputs.toJSON().map((output) => output.output_type))"""
    )
    assert "error" not in outputs
    # JupyterLab draws outputs as they are scrolled to, and may forget those left behind.
    shown = page.evaluate(
        """() => [...window.jupyterapp.shell.currentWidget.content.model.cells]
            .map((cell, i) => cell.type === "code" && cell.outputs.toJSON()
                .some((one) => "application/vnd.jupyter.widget-view+json" in (one.data ?? {}))
                ? i : -1)
            .filter((i) => i >= 0)"""
    )
    assert len(shown) == 5  # record, counterfactual, saliency, lab, app
    for i in shown:
        page.evaluate(
            "(i) => window.jupyterapp.shell.currentWidget.content.scrollToItem(i, 'start')", i
        )
        cell = page.locator(f'.jp-Cell[data-windowed-list-index="{i}"]')
        expect(cell.locator(".cofe-paper").first).to_have_attribute(
            "data-frames", re.compile(r"[1-9]"), timeout=EXPLAIN_MS
        )
        if i == shown[1]:
            expect(cell.locator(".cofe-changes table").first).to_contain_text("Heart rate")
    expect(cell.locator(".cofe-question")).to_have_count(1)
    assert tab.ours() == []


def test_upload_explain_drag_and_read_the_table(
    lab: Server, tab: Tab, shared_data: Path, tmp_path: Path
) -> None:
    page = lab.run(tab, lab.notebook(APP))
    app = page.locator(".cofe-explainer")
    expect(app.locator(".cofe-bar")).to_have_count(2)
    file = shared_data / "formats" / "ge_muse_xml" / "braveheart_example1.xml"
    app.locator("input[type=file]").set_input_files(file)
    expect(app.locator(".cofe-title strong")).to_have_text(file.name)
    expect(app.locator(".cofe-title")).to_contain_text("GE MUSE XML")

    app.locator("input[type=file]").set_input_files(file)  # once more: no trait changes
    expect(app.locator(".cofe-message")).to_have_text(IDLE)

    bad = tmp_path / "scan.pdf"
    bad.write_bytes(b"%PDF-1.7\n" + bytes(100))
    app.locator("input[type=file]").set_input_files(bad)
    expect(app.get_by_role("alert")).to_contain_text("scan.pdf")
    expect(app.locator(".cofe-title strong")).to_have_text(file.name)  # nothing was lost
    app.get_by_label("Dismiss").click()
    expect(app.get_by_role("alert")).to_be_hidden()

    app.get_by_role("button", name="Explain").click()
    expect(app.get_by_role("button", name="Stop")).to_be_visible()
    expect(app.locator(".cofe-searching")).to_have_attribute(
        "points", GROWING
    )  # the curve grows while frames arrive
    explained(page)
    expect(app.locator(".cofe-message")).to_contain_text("atrial fibrillation (AF)")
    trust = app.locator(".cofe-trust")
    expect(trust).to_contain_text("Can it be believed?")
    headline, rows = kernel(
        page, "[app.counterfactual.trust.headline, len(app.counterfactual.trust.rows)]"
    )
    expect(trust).to_contain_text(headline)
    assert trust.locator("li").count() == rows
    trust.locator("summary").click()
    expect(trust.locator("details li p").first).to_be_visible()
    table = app.locator(".cofe-changes table")
    for row in ("Heart rate", "P amplitude", "PR interval", "QRS duration", "T amplitude"):
        expect(table).to_contain_text(row)

    slider = app.locator("input.cofe-slider")
    expect(slider).to_be_enabled()
    said = []
    for severity in (0.0, 0.35, 1.0):
        before = frames(page)
        slide(page, severity)
        page.wait_for_function(
            "(before) => Number(document.querySelector('.cofe-paper').dataset.frames) > before",
            arg=before,
        )
        said.append(slider.get_attribute("aria-valuetext"))
        page.wait_for_timeout(700)
        assert kernel(page, "app.severity") == pytest.approx(severity)
    assert len(set(said)) == 3
    first, last = kernel(page, "app.counterfactual.predictions[[0, -1]].tolist()")
    assert last > first
    app.get_by_label("Saliency").check()
    expect(app.locator(".cofe-ramp")).to_be_visible()
    assert tab.ours() == []


def test_a_muse_file_made_here_opens_by_dropping_it(lab: Server, tab: Tab) -> None:
    page = lab.run(tab, lab.notebook("import cofe_widgets as cw\ncw.explore()"))
    app = page.locator(".cofe-explainer")
    expect(app.locator(".cofe-empty")).to_be_visible()
    text = muse_xml()
    transfer = page.evaluate_handle(
        """(text) => {
            const transfer = new DataTransfer();
            transfer.items.add(new File([text], "dropped.xml", { type: "text/xml" }));
            return transfer;
        }""",
        text,
    )
    app.dispatch_event("dragenter", {"dataTransfer": transfer})
    app.dispatch_event("dragover", {"dataTransfer": transfer})
    app.dispatch_event("drop", {"dataTransfer": transfer})
    expect(app.locator(".cofe-title strong")).to_have_text("dropped.xml")
    expect(app.locator(".cofe-bar")).to_have_count(2)
    assert tab.ours() == []


def test_stop_is_immediate_and_the_next_question_works(lab: Server, tab: Tab) -> None:
    page = lab.run(tab, lab.notebook(APP))
    app = page.locator(".cofe-explainer")
    app.get_by_role("button", name="Explain").click()
    expect(app.locator(".cofe-searching")).to_have_attribute("points", GROWING)
    elapsed = app.evaluate(
        """(app) => {
            const began = performance.now();
            app.querySelector("button.cofe-stop").click();
            return [performance.now() - began, app.querySelector(".cofe-go button").textContent];
        }"""
    )
    assert elapsed[1] == "Explain"
    assert elapsed[0] < 100
    expect(app.locator(".cofe-message")).to_have_text("Stopped.")
    expect(app.locator(".cofe-changes")).to_be_hidden()
    page.wait_for_timeout(2000)
    expect(app.locator(".cofe-message")).to_have_text("Stopped.")  # nothing trickles in
    assert kernel(page, "app.counterfactual is None and not app._jobs._running")

    app.get_by_role("button", name="Explain").click()
    explained(page)
    expect(app.locator(".cofe-changes")).to_be_visible()
    assert tab.ours() == []


def test_a_second_question_cancels_the_first(lab: Server, tab: Tab) -> None:
    page = lab.run(tab, lab.notebook(APP))
    app = page.locator(".cofe-explainer")
    app.get_by_role("button", name="Explain").click()
    expect(app.locator(".cofe-searching")).to_have_attribute("points", GROWING)
    assert kernel(page, "[app.level, app.explain(level=0.6), app.level]") == [0.9, None, 0.6]
    expect(app.locator(".cofe-goal-text")).to_have_text("goal 0.60")
    explained(page)
    expect(app.locator(".cofe-changes")).to_be_visible()
    assert kernel(page, "app.counterfactual.level") == 0.6
    expect(app.locator(".cofe-goal-text")).to_have_text("goal 0.60")
    assert tab.ours() == []


def test_two_views_of_one_model_show_the_same(lab: Server, tab: Tab) -> None:
    page = lab.run(tab, lab.notebook(APP, "app"))
    views = page.locator(".cofe-explainer")
    expect(views).to_have_count(2)
    first, second = views.nth(0), views.nth(1)
    second.scroll_into_view_if_needed()
    first.scroll_into_view_if_needed()
    first.get_by_role("button", name="Explain").click()
    expect(second.locator("button.cofe-stop")).to_have_count(1)
    for view in (first, second):
        expect(view.locator(".cofe-go button")).to_have_text("Explain", timeout=EXPLAIN_MS)
        expect(view.locator(".cofe-changes table")).to_have_count(1)
    slide(page, 0.5)
    expect(second.locator("input.cofe-slider")).to_have_value("0.5")
    first.get_by_label("Layout").select_option("12x1")
    expect(second.get_by_label("Layout")).to_have_value("12x1")
    for view in (first, second):
        view.scroll_into_view_if_needed()
        box = view.locator(".cofe-paper").bounding_box()
        assert box is not None
        assert box["height"] > 300
    assert tab.ours() == []


def test_several_answers_by_several_methods(lab: Server, tab: Tab) -> None:
    page = lab.run(tab, lab.notebook(APP))
    app = page.locator(".cofe-explainer")
    app.get_by_text("How to look").click()
    app.get_by_label("Answers", exact=True).first.select_option("2")
    app.get_by_role("button", name="Explain").click()
    explained(page)
    switch = app.get_by_role("group", name="Answers").get_by_role("button")
    expect(switch).to_have_count(2)
    said = []
    for k in range(2):
        switch.nth(k).click()
        expect(switch.nth(k)).to_have_attribute("aria-pressed", "true")
        said.append(kernel(page, "app.counterfactual.signals[-1].std().item()"))
        expect(app.locator(".cofe-changes table")).to_contain_text("Heart rate")
    assert said[0] != said[1]
    app.get_by_label("Answers", exact=True).first.select_option("1")
    app.get_by_label("Method").select_option("direction")
    app.get_by_role("button", name="Shape").click()
    app.get_by_role("button", name="Explain").click()
    explained(page)
    expect(switch).to_have_count(0)
    how = "[app.counterfactual.method, app.counterfactual.provenance['keep']]"
    assert kernel(page, how) == ["direction", ["morphology"]]
    assert tab.ours() == []


def test_every_shipped_model_can_be_chosen(lab: Server, tab: Tab) -> None:
    page = lab.run(tab, lab.notebook(APP))
    app = page.locator(".cofe-explainer")
    models = app.get_by_label("Model", exact=True)
    for name in ("nine-resnet", "potassium-resnet"):
        models.select_option(name)
        expect(app.locator(".cofe-bar")).to_have_count(9 if name == "nine-resnet" else 1)
        assert kernel(page, "[app.model, app.predictor.name]") == [name, name]
    expect(app.locator(".cofe-bar")).to_contain_text("mmol/L")
    expect(app.get_by_label("Value to reach")).to_be_visible()
    expect(app.get_by_label("Probability to reach")).to_be_hidden()
    assert tab.ours() == []


def test_keyboard_and_calipers(lab: Server, tab: Tab) -> None:
    page = lab.run(tab, lab.notebook("import cofe_widgets as cw\ncw.read('sample:sinus')"))
    canvas = page.locator("canvas.cofe-top")
    canvas.wait_for()
    readout = page.locator(".cofe-readout")
    canvas.focus()
    page.keyboard.press("Enter")
    for _ in range(8):
        page.keyboard.press("Shift+ArrowRight")
    expect(readout).to_contain_text("800 ms")
    expect(readout).to_contain_text("75 bpm")
    page.keyboard.press("Escape")
    expect(readout).to_have_text("")
    page.keyboard.press("ArrowUp")
    expect(readout).to_contain_text("V6")
    assert "mm/mV" in (canvas.get_attribute("aria-label") or "")
    box = canvas.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.85)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.85, steps=5)
    page.mouse.up()
    expect(readout).to_contain_text("bpm")
    expect(readout).to_contain_text("ms")
    with page.expect_download() as download:
        page.get_by_role("button", name="PNG").click()
    with Image.open(download.value.path()) as picture:
        assert picture.format == "PNG"
        assert picture.size == (2 * round(box["width"]), 2 * round(box["height"]))
    assert tab.ours() == []


def test_a_saved_page_works_with_nothing_behind_it(lab: Server, tab: Tab, tmp_path: Path) -> None:
    page = lab.run(tab, lab.notebook(APP))
    app = page.locator(".cofe-explainer")
    app.get_by_role("button", name="Explain").click()
    explained(page)
    expect(app.locator(".cofe-changes")).to_be_visible()
    with page.expect_download() as download:
        app.get_by_role("button", name="Save page").click()
    path = tmp_path / "saved.html"
    download.value.save_as(path)

    page.goto(path.as_uri())
    slider = page.locator("input.cofe-slider")
    expect(slider).to_be_enabled()
    expect(page.locator(".cofe-changes table")).to_contain_text("Heart rate")
    expect(page.locator(".cofe-trust")).to_contain_text("Can it be believed?")
    expect(page.locator(".cofe-message")).to_contain_text("atrial fibrillation")
    expect(page.get_by_role("button", name="Explain")).to_have_count(0)
    ink = (
        "() => { const c = document.querySelectorAll('.cofe-paper canvas')[1];"
        " const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;"
        " let red = 0; for (let i = 0; i < d.length; i += 4)"
        " if (d[i + 3] > 200 && d[i] > 180 && d[i + 1] < 60) red++; return red; }"
    )
    page.locator(".cofe-paper[data-frames]").wait_for()
    changed = page.evaluate(ink)
    assert changed > 200
    before = frames(page)
    slide(page, 0)
    page.wait_for_function(
        "(b) => Number(document.querySelector('.cofe-paper').dataset.frames) > b", arg=before
    )
    assert page.evaluate(ink) == 0  # at severity 0 the ECG is the patient's own
    assert tab.blocked == []
    assert tab.ours() == []
