"""Old names work, and say once what they are called now."""

from __future__ import annotations

import warnings

import pytest

import cofe_widgets as cw
from cofe_widgets.deprecated import warn_of_former


@pytest.fixture(autouse=True)
def _nothing_said_yet():
    warn_of_former.cache_clear()


def test_the_old_keyword_of_the_viewer_is_the_new_one(att):
    with pytest.warns(DeprecationWarning, match="saliency= is now called attribution=") as said:
        old = cw.EcgViewer(att.record, saliency=att)
    assert said[0].filename == __file__
    assert old._shade == cw.EcgViewer(att.record, attribution=att)._shade
    with pytest.warns(DeprecationWarning, match=r"EcgViewer\.attribution"):
        assert old.saliency is att
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        cw.EcgViewer(att.record, saliency=att)  # said once


def test_the_old_trait_of_the_app_reads_writes_and_can_be_observed(rec, model):
    app = cw.explore(rec, model)
    seen = []
    app.observe(seen.append, "show_saliency")
    with pytest.warns(
        DeprecationWarning, match="show_saliency is now called show_attribution"
    ) as said:
        app.show_saliency = True
    assert said[0].filename == __file__
    assert app.show_attribution is True
    app.show_attribution = False
    assert app.show_saliency is False
    assert [(change["name"], change["new"]) for change in seen] == [
        ("show_saliency", True),
        ("show_saliency", False),
    ]


def test_neither_page_nor_browser_knows_the_old_names(cf, att):
    from cofe_widgets.widgets.explainer.counterfactual_viewer import CounterfactualViewer

    viewer = CounterfactualViewer(cf, att)
    assert not [name for name in viewer.keys if "saliency" in name]
    state = viewer._stored()
    assert state["show_attribution"] is True
    assert state["_attribution"]["reading"] == att.method


def test_an_attribution_is_called_by_its_method(att):
    other = type(att)(att.values, att.record, att.target, "integrated_gradients")
    shade = cw.EcgViewer(att.record, attribution=other)._shade
    assert (shade["title"], shade["reading"]) == (
        "integrated gradients for AF",
        "integrated gradients",
    )
