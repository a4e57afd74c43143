"""Reports of values: whole, without scripts, and harmless whatever names they hold."""

import numpy as np
import pytest

import cofe_widgets as cw
from cofe_widgets.audit import subgroups

from ..hostile import NAMES, Elements, assert_no_odd_letters


@pytest.fixture(scope="module")
def groups():
    records = [cw.simulate(name, n=1, seed=k)[0].record for name in ("NSR", "AF") for k in range(2)]
    return subgroups(cw.load("af-resnet"), records, "AF", by=["sex"])


def test_a_report_says_and_shows_each_value_under_its_heading(groups, tmp_path):
    report = {"Whom it errs on": ["Four simulated hearts.", groups], "Where": "nowhere"}
    path = cw.to_html(report, tmp_path / "audit.html", heading="af-resnet audited")
    page = path.read_text("utf-8")
    assert (
        page.index("<h1>af-resnet audited") < page.index("Whom it errs on") < page.index("Where<")
    )
    assert "Four simulated hearts." in page and "nowhere" in page
    seen = Elements(page)
    assert seen.tags.count("svg") == 2  # light and dark
    assert "script" not in seen.tags
    assert groups.provenance["model_hash"] in page


def test_a_value_alone_is_a_page(groups, tmp_path):
    page = cw.to_html(groups, tmp_path / "groups.html").read_text("utf-8")
    assert "<h2>Subgroups</h2>" in page


def test_what_cannot_be_shown_is_refused_and_nothing_written(tmp_path):
    with pytest.raises(TypeError, match="ndarray cannot stand on a page"):
        cw.to_html({"A": [np.zeros(2)]}, tmp_path / "a.html")
    assert not (tmp_path / "a.html").exists()


@pytest.mark.parametrize("name", NAMES)
def test_names_are_text(groups, name, tmp_path):
    records = [cw.simulate("AF", n=1, seed=0)[0].record]
    evil = subgroups(
        cw.load("af-resnet"), records, "AF", by={name: lambda _: name}, labels=[[name]]
    )
    page = cw.to_html({name: [name, evil]}, tmp_path / "a.html", heading=name).read_text("utf-8")
    assert_no_odd_letters(page)
    seen = Elements(page)
    assert not {"script", "img", "blink"} & set(seen.tags)
    assert seen.tags.count("svg") == 2
    assert not [one for one in seen.attributes if one.startswith("on")]
