"""A lasso drawn with the mouse around points of a t-SNE: in JupyterLab and in Voila."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from .conftest import EXPLAIN_MS, Server, Tab, _free_port, _serve
from .test_lab import kernel

N = 12
PANEL = f"""import cofe_widgets as cw
from cofe_widgets.widgets.audit.discovery import ClustersPanel
hearts = [one.record for name in ("LBBB", "RBBB") for one in cw.simulate(name, n={N}, seed=1)]
panel = ClustersPanel(hearts, cw.load("nine-resnet"), ["LBBB"] * {N} + ["RBBB"] * {N})
panel.target, panel.representation = "LBBB", "features"
panel"""


def picture(page: Page, name: str) -> None:
    """Keep a picture of the page where somebody wants to look."""
    if folder := os.environ.get("COFE_SCREENSHOTS"):
        page.screenshot(path=str(Path(folder) / f"{name}.png"))


def lasso(page: Page) -> list[int]:
    """Draw around the left part of the points; the rows that lie inside."""
    figure = page.locator(".bqplot").last
    figure.scroll_into_view_if_needed()
    expect(figure.locator(".dot")).to_have_count(2 * N)
    page.wait_for_timeout(1200)  # points glide to their places
    boxes = [dot.bounding_box() for dot in figure.locator(".dot").all()]
    at = [(b["x"] + b["width"] / 2, b["y"] + b["height"] / 2) for b in boxes if b is not None]
    assert len(at) == 2 * N
    xs = sorted(x for x, _ in at)
    # Through the widest gap between points, so that none lies on the line.
    gap, right = max((b - a, (a + b) / 2) for a, b in pairwise(xs[4:-4]))
    assert gap > 2
    left = xs[0] - 12
    top, bottom = min(y for _, y in at) - 12, max(y for _, y in at) + 12
    page.mouse.move(left, top)
    page.mouse.down()
    for x, y in ((right, top), (right, bottom), (left, bottom), (left, top + 3)):
        page.mouse.move(x, y, steps=8)
    page.mouse.up()
    return [k for k, (x, _) in enumerate(at) if x < right]


def select(page: Page, name: str) -> list[int]:
    """Compute, draw the lasso, and see its mean beats."""
    page.get_by_role("button", name="Compute").click(timeout=EXPLAIN_MS)
    expect(page.get_by_text("Draw around points")).to_be_visible(timeout=EXPLAIN_MS)
    inside = lasso(page)
    expect(page.locator("svg[aria-label='mean beats of the selection']")).to_be_visible()
    expect(page.get_by_text(f"selection: {len(inside)} records")).to_be_visible()
    picture(page, name)
    return inside


def test_a_lasso_selects_records_in_jupyterlab(lab: Server, tab: Tab) -> None:
    tab.page.set_viewport_size({"width": 1280, "height": 1800})
    page = lab.run(tab, lab.notebook(PANEL))
    inside = select(page, "clusters-lab")
    assert kernel(page, "list(panel.selected)") == inside
    page.get_by_role("button", name="Select none").click()
    expect(page.get_by_text("Draw around points")).to_be_visible()
    assert kernel(page, "list(panel.selected)") == []
    page.get_by_label("Colour").select_option("label")
    expect(page.get_by_text(f"LBBB ({N})").first).to_be_visible()
    assert tab.ours() == []


@pytest.fixture(scope="module")
def page_of_panel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Voila, serving the panel alone."""
    home = tmp_path_factory.mktemp("clusters")
    folder = home / "notebooks"
    folder.mkdir()
    port = _free_port()
    server = Server(f"http://127.0.0.1:{port}", "", folder)
    command = [
        *(sys.executable, "-m", "voila", server.notebook(PANEL), "--no-browser"),
        f"--port={port}",
        "--Voila.ip=127.0.0.1",
    ]
    for _ in _serve(command, f"{server.url}/voila/static/voila.js", folder, home / "server.log"):
        yield server


def test_a_lasso_selects_records_in_voila(page_of_panel: Server, tab: Tab) -> None:
    tab.page.set_viewport_size({"width": 1280, "height": 1800})
    tab.page.goto(page_of_panel.url)
    inside = select(tab.page, "clusters-voila")
    assert 0 < len(inside) < 2 * N
    assert tab.ours() == []
