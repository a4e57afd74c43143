"""The simulated heart in JupyterLab: the lesson runs whole, and everything follows the hand."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from cofe_widgets.simulate.conditions import POTASSIUM

from .conftest import EXPLAIN_MS, Server, Tab
from .test_lab import kernel

LAB = """import cofe_widgets as cw
lab = cw.HeartLab("LBBB", severity=0.1)
lab"""

#: How many pixels of the signals' canvas are of a colour (RGB, within 30).
INK = """(paper, [r, g, b]) => {
    const canvas = paper.querySelectorAll("canvas")[1];
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    let found = 0;
    for (let i = 0; i < data.length; i += 4) {
        if (data[i + 3] < 160) continue;
        if (Math.abs(data[i] - r) + Math.abs(data[i + 1] - g) + Math.abs(data[i + 2] - b) < 30) found++;
    }
    return found;
}"""
P_BLUE, QRS_BROWN, RED = [8, 104, 172], [179, 92, 0], [211, 18, 27]

#: A drag over the whole of a slider: 60 input events in a second; what was drawn meanwhile.
DRAG = """async (root, label) => {
    const slider = [...root.querySelectorAll(".cofe-dial")]
        .find((dial) => dial.querySelector("label").textContent === label)
        .querySelector("input");
    const paper = root.querySelector(".cofe-paper");
    const table = root.querySelector("tbody");
    const frames = new Set(), rows = new Set();
    const seen = new MutationObserver(() => {
        frames.add(paper.dataset.frames);
        rows.add(table.textContent);
    });
    seen.observe(paper, { attributes: true });
    seen.observe(table, { childList: true });
    const began = performance.now();
    for (let k = 0; k <= 60; k++) {
        slider.value = String(Number(slider.min) + (k / 60) * (slider.max - slider.min));
        slider.dispatchEvent(new Event("input"));
        await new Promise((go) => setTimeout(go, 16));
    }
    const drawn = frames.size, seconds = (performance.now() - began) / 1000;
    return { drawn, seconds, tables: rows.size };
}"""


def opened(lab: Server, tab: Tab, *cells: str) -> tuple[Page, Locator]:
    page = lab.run(tab, lab.notebook(*(cells or (LAB,))))
    root = page.locator(".cofe-heart").first
    root.locator(".cofe-paper[data-frames]").first.wait_for(timeout=EXPLAIN_MS)
    return page, root


def value(root: Locator, row: str, column: int) -> str:
    """A cell of the table: 0 truth, 1 measured, 2 twin."""
    line = root.locator("tbody tr", has_text=row)
    return line.locator("td").nth(column).inner_text()


def number(text: str) -> float:
    return float(text.replace("−", "-").replace("≠", ""))


def rests(page: Page, dial: str = "", at: float = 0.0) -> None:
    """Wait until a dial has arrived where the hand left it, and nothing is simulated any more."""
    there = f"lab.{dial} == {at} and " if dial else ""
    page.wait_for_timeout(200)
    for _ in range(150):
        if kernel(page, f"{there}not lab._jobs.busy('heart')"):
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"the heart never came to rest{f' with {dial} at {at}' if dial else ''}")


def test_the_lesson_runs_whole_and_shows_every_step(lab: Server, tab: Tab) -> None:
    page = lab.run(tab, "02_truth.ipynb")
    cells = "[...window.jupyterapp.shell.currentWidget.content.model.cells]"
    page.wait_for_function(
        f"() => {cells}.filter((c) => c.type === 'code').every((c) => c.executionCount > 0)",
        timeout=EXPLAIN_MS,
    )
    outputs: list[Any] = page.evaluate(
        f"() => {cells}.filter((c) => c.type === 'code').flatMap((c) => c.outputs.toJSON())"
    )
    errors = [output.get("evalue") for output in outputs if output["output_type"] == "error"]
    assert errors == []
    assert not [o for o in outputs if o["output_type"] == "stream" and o["name"] == "stderr"]
    for cell in page.locator(".jp-Cell").all():
        cell.scroll_into_view_if_needed()
    expect(page.locator(".cofe-heart")).to_have_count(1)
    papers = page.locator(".cofe-ecg .cofe-paper")
    assert papers.count() == 7
    for paper in papers.all():
        paper.scroll_into_view_if_needed()
        expect(paper).to_have_attribute("data-frames", re.compile(r"[1-9]"))
    expect(page.locator(".bqplot").first).to_be_visible()
    picture = page.locator("img[alt^='Distributions']")
    picture.scroll_into_view_if_needed()
    assert picture.evaluate("(img) => img.naturalWidth") > 300
    assert tab.ours() == []


def test_a_dragged_severity_changes_ecg_bands_and_table(lab: Server, tab: Tab) -> None:
    page, root = opened(lab, tab)
    paper = root.locator(".cofe-ecg .cofe-paper")
    assert number(value(root, "QRS duration", 0)) < 110
    bands = paper.evaluate(INK, QRS_BROWN)
    assert bands > 100
    moved = root.evaluate(DRAG, "Severity")
    assert moved["drawn"] >= 4  # it followed, and did not only end
    assert moved["tables"] >= 3
    rests(page, "severity", 1.0)
    expect(root.locator("tbody tr", has_text="QRS duration")).to_have_class("cofe-notable")
    truth = number(value(root, "QRS duration", 0))
    assert truth > 140
    assert truth == pytest.approx(
        kernel(page, "lab.simulated.truth.measurements['qrs_ms']"), abs=0.51
    )
    assert number(value(root, "QRS duration", 1)) == pytest.approx(truth, abs=30)
    assert number(value(root, "QRS duration", 2)) < 110  # the twin is as healthy as before
    assert paper.evaluate(INK, QRS_BROWN) > 1.2 * bands  # wider bands
    assert tab.ours() == []


def test_conditions_overlays_and_people_are_dialled(lab: Server, tab: Tab) -> None:
    page, root = opened(lab, tab)
    paper = root.locator(".cofe-ecg .cofe-paper")
    assert paper.evaluate(INK, P_BLUE) > 50
    root.get_by_label("Condition", exact=True).select_option("AF")
    expect(root.locator(".cofe-title strong")).to_have_text("Atrial fibrillation")
    expect(root.locator("tbody tr", has_text="PR interval").locator("td").first).to_have_text("–")
    rests(page)
    assert paper.evaluate(INK, P_BLUE) == 0  # no P wave, no band
    expect(root.get_by_label("Severity")).to_be_disabled()

    root.get_by_role("button", name="Twin").click()
    expect(root.locator(".cofe-legend")).to_contain_text("without the condition")
    rests(page)
    assert paper.evaluate(INK, RED) > 200
    root.get_by_role("button", name="Cause").click()
    expect(root.locator(".cofe-legend")).to_contain_text("altered by the condition")
    rests(page)
    assert paper.evaluate(INK, RED) == 0
    root.get_by_role("button", name="Delineator").click()
    expect(root.locator(".cofe-legend")).to_contain_text("delineated waves", timeout=EXPLAIN_MS)
    assert paper.evaluate(INK, QRS_BROWN) > 100

    root.get_by_role("button", name="Nothing").click()
    expect(root.locator(".cofe-legend")).to_have_text("")
    root.get_by_role("button", name="Male", exact=True).click()
    expect(root.locator(".cofe-title")).to_contain_text("male")
    root.get_by_role("button", name="Another heart").click()
    expect(root.locator(".cofe-dials")).to_contain_text("no. 92")
    root.get_by_label("Condition", exact=True).select_option("HYPERK")
    expect(root.get_by_label("Potassium")).to_be_enabled()
    expect(root.get_by_label("Severity")).to_be_disabled()
    tall = number(value(root, "T amplitude", 2))
    root.evaluate(DRAG, "Potassium")
    rests(page, "potassium", max(POTASSIUM["HYPERK"]))
    expect(root.locator(".cofe-title")).to_contain_text(
        f"potassium {max(POTASSIUM['HYPERK']):.1f} mmol/L"
    )
    assert number(value(root, "T amplitude", 0)) > tall + 0.3
    assert tab.ours() == []


def test_the_wave_under_the_pointer_is_named_and_waves_can_be_hidden(lab: Server, tab: Tab) -> None:
    page = lab.run(
        tab,
        lab.notebook(
            "import cofe_widgets as cw\nsim = cw.simulate('NSR', seed=81)[0]\n"
            "viewer = cw.EcgViewer(sim.record, delineation=sim.truth)\nviewer"
        ),
    )
    paper = page.locator(".cofe-paper[data-frames]")
    paper.wait_for(timeout=EXPLAIN_MS)
    at = kernel(
        page,
        "sim.truth.fiducials.query(\"lead == 'II' and wave == 'QRS'\")"
        "[['onset_ms', 'peak_ms', 'offset_ms']].iloc[3].astype(float).tolist()",
    )
    scale = float(paper.get_attribute("data-px-per-mm") or 0)
    box = paper.bounding_box()
    assert box is not None
    # The rhythm strip: 15 mm to its start, 25 mm a second, 15 mm above the bottom.
    x = box["x"] + (15 + 0.025 * at[1]) * scale
    page.mouse.move(x, box["y"] + box["height"] - 15 * scale)
    readout = page.locator(".cofe-readout")
    expect(readout).to_contain_text(f"QRS {at[0] / 1000:.3f}–{at[2] / 1000:.3f} s")
    expect(readout).to_contain_text(f"{at[2] - at[0]:.0f} ms")
    assert paper.evaluate(INK, P_BLUE) > 50
    page.get_by_label("Waves").uncheck()
    expect(page.locator(".cofe-wave")).to_have_count(0)
    page.wait_for_timeout(300)
    assert paper.evaluate(INK, P_BLUE) == 0
    assert kernel(page, "viewer.show_waves") is False
    assert tab.ours() == []


def test_two_views_show_the_same_heart(lab: Server, tab: Tab) -> None:
    page, first = opened(lab, tab, LAB, "lab")
    second = page.locator(".cofe-heart").nth(1)
    second.scroll_into_view_if_needed()
    second.locator(".cofe-paper[data-frames]").first.wait_for()
    second.get_by_label("Condition", exact=True).select_option("LVH")
    for view in (first, second):
        expect(view.locator(".cofe-title strong")).to_have_text("Left ventricular hypertrophy")
        expect(view.get_by_label("Lead of the amplitudes")).to_have_value("V5")
    rests(page)
    assert value(first, "R amplitude", 0) == value(second, "R amplitude", 0)
    assert tab.ours() == []
