"""A long record in JupyterLab: only its page is in the browser, and the kernel turns it."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from .conftest import Server, Tab
from .test_lab import kernel

CELL = """import numpy as np
import cofe_widgets as cw
noise = np.random.default_rng(0).normal(0, 0.05, 250 * 7200).astype(np.float32)
noise[::250] = 1.0
noise[250 * 3605 : 250 * 3607] = np.nan
viewer = cw.EcgViewer(cw.Record(noise[None], 250, ("II",)))
viewer"""


def test_pages_of_two_hours_are_turned_by_buttons_slider_and_python(lab: Server, tab: Tab) -> None:
    page = lab.run(tab, lab.notebook(CELL))
    at = page.locator(".cofe-page")
    expect(at).to_have_text("0–10 s")
    page.get_by_role("button", name="Ten seconds later").click()
    expect(at).to_have_text("10–20 s")
    place = page.locator("input.cofe-range")
    place.evaluate("(it) => { it.value = 3600; it.dispatchEvent(new Event('input')); }")
    expect(at).to_have_text("1:00:00–1:00:10")
    paper = page.locator("canvas.cofe-top")
    expect(paper).to_have_attribute("aria-label", re.compile("II 5.0 to 7.0 s: no signal"))
    assert kernel(page, "viewer.start") == 3600
    kernel(page, "setattr(viewer, 'start', 7000.0)")
    expect(at).to_have_text("1:56:40–1:56:50")
    strip = page.locator("img.cofe-strip")
    assert strip.evaluate("(it) => it.naturalWidth") > 500
    assert not tab.ours()
