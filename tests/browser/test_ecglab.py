"""An ECG under dials in JupyterLab and Voila: it follows the hand, and says what was measured."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from .conftest import EXPLAIN_MS, Server, Tab
from .test_heart import INK, RED
from .test_lab import kernel

LAB = """import cofe_widgets as cw
lab = cw.EcgLab(cw.read("sample:sinus"), cw.load("af-resnet"), "AF")
lab"""
APP = """import cofe_widgets as cw
app = lab = cw.explore(cw.read("sample:sinus"), cw.load("af-resnet"))
app"""

#: A drag over the whole of a slider, as a hand does it: what was drawn and said meanwhile.
DRAG = """async (root, label) => {
    const dial = [...root.querySelectorAll(".cofe-dial")]
        .find((one) => one.querySelector("label").firstChild.textContent === label);
    const slider = dial.querySelector("input"), paper = root.querySelector(".cofe-paper");
    const said = new Set(), measured = new Set();
    slider.dispatchEvent(new Event("pointerdown"));
    await new Promise((go) => setTimeout(go, 1500));
    const before = Number(paper.dataset.frames), began = performance.now();
    for (let k = 0; k <= 180; k++) {
        slider.value = String(Number(slider.min) + (k / 180) * (slider.max - slider.min));
        slider.dispatchEvent(new Event("input"));
        await new Promise((go) => setTimeout(go, 16));
        said.add(root.querySelector(".cofe-bars").textContent);
        measured.add(dial.querySelector("small").textContent);
    }
    const seconds = (performance.now() - began) / 1000;
    const drawn = Number(paper.dataset.frames) - before;
    return { drawn, seconds, said: said.size, measured: measured.size };
}"""


def opened(lab: Server, tab: Tab, cell: str = LAB) -> tuple[Page, Locator]:
    page = lab.run(tab, lab.notebook(cell))
    root = page.locator(".cofe-explainer").first
    root.locator(".cofe-paper[data-frames]").first.wait_for(timeout=EXPLAIN_MS)
    return page, root


def rests(page: Page, condition: str) -> None:
    """Wait until the dials have arrived where the hand left them, and nothing is drawn any more."""
    for _ in range(300):
        if kernel(page, f"bool({condition}) and not lab._jobs.busy('dial')"):
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"never came to rest with {condition}")


def dial(root: Locator, label: str) -> Locator:
    return root.locator(".cofe-dial", has_text=re.compile(f"^{label}")).first


def number(text: str) -> float:
    return float(re.sub(r"[^0-9.−-]", "", text).replace("−", "-"))


def test_a_dragged_measurement_redraws_answers_and_is_measured(lab: Server, tab: Tab) -> None:
    page, root = opened(lab, tab)
    paper = root.locator(".cofe-paper")
    assert paper.evaluate(INK, RED) == 0  # at rest the ECG is the recording itself
    moved: dict[str, Any] = root.evaluate(DRAG, "RR variability (SD)")
    assert moved["drawn"] >= 10  # it followed, and did not only end
    assert moved["said"] >= 5
    assert moved["measured"] >= 3
    rests(page, "lab.asked.get('rr_sd_ms') == lab._dials[1]['high']")
    assert paper.evaluate(INK, RED) > 200
    row = root.locator(".cofe-changes tbody tr", has_text="RR variability (SD)")
    found = kernel(page, "lab.achieved['rr_sd_ms']")
    assert number(row.locator("td").nth(1).inner_text()) == pytest.approx(found, abs=0.51)
    expect(dial(root, "RR variability")).to_contain_text(f"measured {found:.0f}")
    said = kernel(page, "lab.answers['AF']")
    assert said > 0.5
    expect(root.locator(".cofe-severity:visible output")).to_have_text(f"{said:.2f}")
    curve = root.locator(".cofe-severity:visible polyline").get_attribute("points")
    assert curve is not None
    assert len(curve.split()) >= 9
    root.get_by_role("button", name="Reset").click()
    rests(page, "lab.asked == {}")
    page.wait_for_timeout(300)
    assert paper.evaluate(INK, RED) == 0
    assert tab.ours() == []


def test_several_dials_at_once_by_keyboard_and_a_second_view(lab: Server, tab: Tab) -> None:
    page, root = opened(lab, tab, f"{LAB}\nfrom IPython.display import display\ndisplay(lab)\nlab")
    views = page.locator(".cofe-explainer")
    expect(views).to_have_count(2)
    for label in ("T amplitude", "QRS duration"):
        slider = dial(root, label).locator("input")
        slider.focus()
        for _ in range(12):
            page.keyboard.press("PageUp")
    rests(page, "{'t_amplitude_mv', 'qrs_ms'} == set(lab.asked)")
    second = views.nth(1)
    second.scroll_into_view_if_needed()
    for view in (root, second):
        expect(dial(view, "T amplitude").locator("output")).to_contain_text("→")
        expect(dial(view, "QRS duration").locator("output")).to_contain_text("→")
    assert second.locator(".cofe-paper").evaluate(INK, RED) > 100
    assert tab.ours() == []


def test_the_second_tab_of_the_app_dials_the_ecg_it_shows(lab: Server, tab: Tab) -> None:
    page, root = opened(lab, tab, APP)
    expect(root.locator(".cofe-question")).to_be_visible()
    root.get_by_role("button", name="What if?").click()
    expect(root.locator(".cofe-question")).to_be_hidden()
    expect(root.locator(".cofe-dial").first).to_be_visible(timeout=EXPLAIN_MS)
    root.evaluate(DRAG, "RR variability (SD)")
    rests(page, "lab.asked")
    assert root.locator(".cofe-paper").evaluate(INK, RED) > 200
    root.get_by_role("button", name="What would it take?").click()
    expect(root.locator(".cofe-whatif")).to_be_hidden()
    page.wait_for_timeout(300)
    assert root.locator(".cofe-paper").evaluate(INK, RED) == 0
    assert tab.ours() == []


def test_the_dials_work_in_voila(voila: Server, tab: Tab) -> None:
    page = tab.page
    page.goto(voila.url)
    app = page.locator(".cofe-explainer")
    app.locator(".cofe-empty").get_by_role("button", name="sinus rhythm").click()
    app.locator(".cofe-paper[data-frames]").wait_for()
    app.get_by_role("button", name="What if?").click()
    slider = dial(app, "RR variability").locator("input")
    expect(slider).to_be_enabled(timeout=EXPLAIN_MS)
    slider.focus()
    page.keyboard.press("End")
    expect(app.locator(".cofe-changes")).to_contain_text("As dialled", timeout=EXPLAIN_MS)
    expect(app.locator(".cofe-now").last).to_contain_text("→")
    assert app.locator(".cofe-paper").evaluate(INK, RED) > 100
    assert tab.ours() == []
