"""Names that mean harm, in a real browser: no script of theirs runs, and they are shown as they are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

import cofe_widgets as cw

from ..hostile import ALL, NAMES, renamed
from .conftest import EXPLAIN_MS, Server, Tab

CELLS = (
    f"""import cofe_widgets as cw
from IPython.display import display
name = {ALL!r}
shipped = cw.load("af-resnet")
f = cw.wrap(shipped.module, fs=250, outputs=[name + "0", name + "1"], name=name)
heart = cw.simulate("NSR", seed=3)[0].record
record = cw.Record(heart.signal, heart.fs, heart.leads, {{"source": name, "format": name, "sex": name}})
app = cw.explore(record, f)
app""",
    """found = cw.counterfactual(record, f, f.outputs[1], severities=3)
table = cw.audit.counterfactual_table([record, record.crop(0, 3)], f, f.outputs[1], progress=False)
for one in (found, found.trust, found.words(lambda text: name + text), table, cw.figure(found), cw.figure(table)):
    display(one)
"done" """,
)


def assert_unharmed(page: Page, tab: Tab) -> None:
    """Touch what answers to a pointer; nothing of the names may have run."""
    page.wait_for_timeout(300)
    assert page.evaluate("() => window.harmed") is None
    assert page.locator("img[src=x], blink, [onerror], [onmouseover]").count() == 0
    assert tab.ours() == []


@pytest.mark.parametrize("name", NAMES)
def test_a_page_shows_names_as_text(
    tab: Tab, sinus_to_af: cw.Counterfactual, name: str, tmp_path: Path
) -> None:
    evil = renamed(sinus_to_af, name)
    page = tab.page
    page.goto(cw.to_html(evil, tmp_path / "a.html").as_uri())
    expect(page.locator(".cofe-paper").first).to_have_attribute("data-frames", re.compile("[1-9]"))
    shown = page.locator(".cofe-title strong").inner_text()
    for word in (
        "<script>window.harmed",
        '"><img',
        "</style></title>",
        "]]><blink>x</blink>",
        "&lt;script&gt;",
    ):
        if name.startswith(word):
            assert word in shown
    for one in page.locator("[title]").all()[:10]:
        one.hover(force=True, timeout=2000) if one.is_visible() else None
    with page.expect_download() as picture:
        page.get_by_role("button", name="PNG").first.click()
    assert re.fullmatch(r"[\w.-]{1,80}\.png", picture.value.suggested_filename)
    assert not set(page.locator("body").inner_text()) & set("\u202e\u2066\x1b")
    assert_unharmed(page, tab)


def test_displays_of_values_show_names_as_text(
    tab: Tab, sinus_to_af: cw.Counterfactual, tmp_path: Path
) -> None:
    """What a notebook puts into its page, in a page without a policy that would stop a script."""
    parts = []
    for name in NAMES:
        evil = renamed(sinus_to_af, name)
        parts += [evil.trust._repr_html_(), evil.words(lambda _, name=name: name)._repr_html_()]
        parts.append(cw.EcgViewer(evil.original).picture())
    (tmp_path / "all.html").write_text(
        f"<!doctype html><meta charset=utf-8>{''.join(parts)}", "utf-8"
    )
    page = tab.page
    page.goto((tmp_path / "all.html").as_uri())
    assert page.locator("svg").count() == len(NAMES)
    assert page.locator("caption").nth(0).inner_text() == NAMES[0]
    assert_unharmed(page, tab)


def test_widgets_and_tables_in_jupyterlab_show_names_as_text(lab: Server, tab: Tab) -> None:
    page = lab.run(tab, lab.notebook(*CELLS))
    app = page.locator(".cofe-explainer").first
    expect(app.locator(".cofe-title strong")).to_contain_text("<script>window.harmed = 1</script>")
    expect(app.locator(".cofe-bar")).to_have_count(2)
    page.wait_for_function(
        """() => [...window.jupyterapp.shell.currentWidget.content.model.cells]
            .filter((cell) => cell.type === "code").every((cell) => cell.executionCount > 0)""",
        timeout=EXPLAIN_MS,
    )
    errors = page.evaluate(
        """() => [...window.jupyterapp.shell.currentWidget.content.model.cells]
            .filter((cell) => cell.type === "code")
            .flatMap((cell) => cell.outputs.toJSON())
            .filter((output) => output.output_type === "error").map((output) => output.evalue)"""
    )
    assert errors == []
    page.evaluate("() => window.jupyterapp.shell.currentWidget.content.scrollToItem(1, 'start')")
    expect(page.locator(".jp-OutputArea table").first).to_be_visible()
    assert_unharmed(page, tab)
