"""The grid of concepts in JupyterLab and Voila: it fills, a click on a cell tells more, a record opens."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator

import nbformat
import pytest
from playwright.sync_api import Locator, Page, expect

from .conftest import EXPLAIN_MS, Server, Tab, _free_port, _serve
from .test_lab import kernel

MAKE = """import cofe_widgets as cw
records = [one.record for code in ("NSR", "LBBB", "LVH") for one in cw.simulate(code, 30, 5, fs=250)]
f = cw.load("nine-resnet")
asked = ["QRS-CLBBB", "LBBB@0.8", "SEX=FEMALE"]
grid = cw.ConceptGrid(records=records, models=f, concepts=asked, classes=["NSR", "LBBB", "LVH"],
                      hearts=30, causal=3, cavs=5, dummies=4)
grid"""


def cells(page: Page) -> Locator:
    return page.locator(".cofe-concepts .heatmapcell")


def filled(page: Page) -> None:
    """Compute, and wait for the end."""
    page.locator(".cofe-concepts").get_by_role("button", name="Compute").click()
    expect(page.locator(".cofe-concepts").get_by_role("button", name="Stop")).to_be_enabled()
    expect(page.locator(".cofe-concepts")).to_contain_text("Causal check", timeout=EXPLAIN_MS)
    # Three concepts in six layers for three classes.
    expect(cells(page)).to_have_count(54)


def click_and_open(page: Page) -> None:
    """A click on a cell tells what lies behind it; a record of it opens."""
    grid = page.locator(".cofe-concepts")
    cells(page).nth(1).click(position={"x": 5, "y": 5})
    expect(grid).to_contain_text("QRS-CLBBB (QRS of 120 ms or more")
    about = grid.locator("p", has_text="examples): TCAV")
    expect(about).to_contain_text("blocks.0 for LBBB")
    expect(about).to_contain_text("accuracy")
    heads = grid.locator("text.mainheading")
    expect(heads.nth(1)).to_have_text("QRS-CLBBB in blocks.0 for LBBB")
    expect(grid.locator("p", has_text="Causal check")).to_be_visible()
    expect(grid.locator("table")).to_contain_text("QRS duration")
    rises = grid.locator("select[size], select[multiple], .widget-select select").first
    rises.select_option(index=0)
    grid.locator(".cofe-paper[data-frames]").wait_for()


def test_the_grid_fills_and_tells_more_in_jupyterlab(lab: Server, tab: Tab) -> None:
    tab.page.set_viewport_size({"width": 1500, "height": 2200})
    page = lab.run(tab, lab.notebook(MAKE, "grid.chosen"))
    page.locator(".cofe-concepts").wait_for(timeout=EXPLAIN_MS)
    filled(page)
    click_and_open(page)
    assert kernel(page, "grid.chosen") == ["QRS-CLBBB", "blocks.0", "LBBB"]
    # A star lies over its cell and is clicked through: the last is that of the last cell that has one.
    page.locator(".cofe-concepts .object_grp text", has_text="★").last.click(force=True)
    expect(page.locator(".cofe-concepts .cofe-paper")).to_have_count(0)
    last = "[list(grid.scores.names), list(grid.scores.layers), list(grid.scores.outputs)]"
    names = kernel(page, last)
    cell = kernel(page, "[int(k) for k in max(zip(*grid.scores.stars[:3].nonzero()))]")
    assert kernel(page, "grid.chosen") == [names[k][at] for k, at in enumerate(cell)]
    assert tab.ours() == []


def test_it_can_be_stopped(lab: Server, tab: Tab) -> None:
    page = lab.run(tab, lab.notebook(MAKE))
    grid = page.locator(".cofe-concepts")
    grid.wait_for(timeout=EXPLAIN_MS)
    grid.get_by_role("button", name="Compute").click()
    expect(grid.locator("[role=status]")).to_contain_text("concept", timeout=EXPLAIN_MS)
    grid.get_by_role("button", name="Stop").click()
    expect(grid.locator("[role=status]")).to_have_text("Stopped.")
    expect(grid.get_by_role("button", name="Compute")).to_be_enabled()
    assert tab.ours() == []


@pytest.fixture(scope="module")
def voila_grid(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Voila, serving the grid."""
    home = tmp_path_factory.mktemp("voila_grid")
    folder = home / "notebooks"
    folder.mkdir()
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(MAKE)])
    book.metadata["kernelspec"] = {
        "name": "python3",
        "display_name": "Python 3",
        "language": "python",
    }
    nbformat.write(book, folder / "grid.ipynb")
    port = _free_port()
    command = [
        *(sys.executable, "-m", "voila", "grid.ipynb", "--no-browser"),
        f"--port={port}",
        "--Voila.ip=127.0.0.1",
    ]
    url = f"http://127.0.0.1:{port}"
    for _ in _serve(command, f"{url}/voila/static/voila.js", folder, home / "server.log"):
        yield Server(url, "", folder)
    shutil.rmtree(folder)


def test_the_grid_fills_and_tells_more_in_voila(voila_grid: Server, tab: Tab) -> None:
    page = tab.page
    page.set_viewport_size({"width": 1500, "height": 2200})
    page.goto(voila_grid.url)
    page.locator(".cofe-concepts").wait_for(timeout=EXPLAIN_MS)
    filled(page)
    click_and_open(page)
    assert tab.ours() == []
