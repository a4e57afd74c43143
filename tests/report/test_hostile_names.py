"""Names of outputs, models, files and leads that mean harm, in every display of every value."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np
import pytest

import cofe_widgets as cw
from cofe_widgets.cli import main
from cofe_widgets.report.figures.ecg_svg import ecg_svg

from ..hostile import (
    ALL,
    NAMES,
    Elements,
    assert_harmless,
    assert_no_odd_letters,
    assert_xml,
    renamed,
)
from ..io import files


@pytest.fixture(scope="module")
def cf(sinus_to_af):
    return sinus_to_af


@pytest.fixture(scope="module")
def att(cf):
    return cw.attribute(cf.original, cw.load("af-resnet"), "AF")


@pytest.mark.parametrize("name", NAMES)
def test_a_counterfactual_shows_names_as_text(cf, name):
    evil = renamed(cf, name)
    words = evil.words(rephrase=lambda text: f"{name} {text}")
    for html in (evil.trust._repr_html_(), words._repr_html_()):
        assert_harmless(html)
    assert_no_odd_letters(repr(evil) + repr(evil.trust))
    assert len(repr(evil)) < 10_000
    failed = evil.words(rephrase=lambda text: {}[name])
    assert_harmless(failed._repr_html_())


@pytest.mark.parametrize("name", NAMES)
def test_pages_hold_names_as_text(cf, att, name, tmp_path):
    evil = renamed(cf, name)
    shade = replace(att, target=name, method=name)
    whole = cw.to_html(evil, tmp_path / "a.html", attribution=shade).read_text("utf-8")
    page = Elements(whole)
    assert page.tags.count("script") == 2 and "img" not in page.tags and "blink" not in page.tags
    assert not [one for one in page.attributes if one.startswith("on")]
    assert_no_odd_letters(whole)
    held = re.search(r'<script type="application/json" id="held">(.*?)</script>', whole, re.S)
    state = json.loads(held[1])["state"]
    assert_no_odd_letters(json.dumps(state["_ecg"], ensure_ascii=False))
    assert len(state["_ecg"]["title"]) <= 120


@pytest.mark.parametrize("name", NAMES)
def test_pictures_are_xml_whatever_the_record_is_called(cf, name):
    signal = cf.original.signal
    named = cw.Record(signal, 250, cf.original.leads, {"title": name, "source": name})
    odd = cw.Record(signal[:2], 250, ["II", name], {"source": name})
    for record in (named, odd):
        assert_xml(ecg_svg(record))
        assert_no_odd_letters(ecg_svg(record))


@pytest.mark.slow
def test_audits_of_a_model_whose_outputs_are_called_so(cf, tmp_path):
    shipped = cw.load("af-resnet")
    outputs = [f"{ALL} 0", f"{ALL} 1"]
    own = cw.wrap(shipped.module, fs=250, outputs=outputs, name=ALL)
    record = cw.Record(cf.original.signal, 250, cf.original.leads, {"title": ALL})
    flat = cw.Record(np.tile(np.sin(np.arange(2500) / 40), (12, 1)), 250, meta={"title": ALL})
    table = cw.audit.counterfactual_table([record, flat], own, outputs[1], progress=False)
    assert table.outcomes.reached[0] and len(table.failures) == 1
    found = assert_harmless(table._repr_html_())
    assert NAMES[0] in found.words  # said as it is
    score = cw.audit.twin_score("AF", own, outputs[1], n=1)
    assert_harmless(score._repr_html_() + replace(score, condition=ALL)._repr_html_())
    for value in (table, score):
        value.save(tmp_path / "one.npz")
        assert_harmless(type(value).load(tmp_path / "one.npz")._repr_html_())


def test_the_command_line_sends_a_terminal_nothing_but_text(tmp_path, capsys):
    name = "\x1b[2J\u202e\x07<b>.xml"
    text = (
        files.muse()
        .replace(b"MAC55", b"MAC\xc2\x9b55")
        .replace(b"Normal sinus", b"Normal &#8238;sinus")
    )
    (tmp_path / name).write_bytes(text)
    assert main(["read", str(tmp_path / name)]) in (0, 2)
    assert main(["read", str(tmp_path / f"no{name}")]) == 2
    said = capsys.readouterr()
    assert "<b>.xml" in said.out and "<b>.xml" in said.err
    assert_no_odd_letters(said.out + said.err)
