"""The exported page: complete, offline, and proof against what a file may call itself."""

from __future__ import annotations

import html
import html.parser
import json
import re
from dataclasses import replace
from typing import Any

import pytest

import cofe_widgets as cw
from cofe_widgets.ecg import Record
from cofe_widgets.widgets.core.codec import unpack

EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"


class Parts(html.parser.HTMLParser):
    """Tags with their attributes, and the text of scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self._inside = False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._inside = tag == "script"

    def handle_data(self, data):
        if self._inside:
            self.scripts.append(data)
            self._inside = False


def held(text: str) -> dict[str, Any]:
    return json.loads(Parts(text).scripts[0])


def test_a_counterfactual_page_holds_everything(cf, att, tmp_path):
    path = cw.to_html(cf, tmp_path / "report.html", attribution=att)
    text = path.read_text("utf-8")
    state = held(text)["state"]
    assert state["_live"] is False
    (found,) = state["_found"]
    assert unpack(found["frames"]).shape == cf.signals.shape
    assert found["predictions"] == pytest.approx(list(cf.predictions))
    assert state["_attribution"]["title"] == "saliency for AF"
    assert {"P amplitude", "QRS duration", "ST at J + 60 ms"} < {
        row["label"] for row in found["changes"]
    }
    assert "not a medical device" in text
    plain = re.sub(r"<script.*", "", text, flags=re.S)  # for readers without scripts
    assert "P amplitude" in plain
    assert html.escape(cf.trust.headline) in plain
    assert html.escape(str(cf.words())) in plain
    assert "<h2>What the model needs</h2>" in plain
    assert html.escape(str(cf.needed.words())) in plain
    for row in cf.why.rows:
        assert f"<th>{html.escape(row.said)}</th>" in plain


def test_several_answers_are_one_page(cf, tmp_path):
    text = cw.to_html([cf, cf], tmp_path / "two.html").read_text("utf-8")
    assert len(held(text)["state"]["_found"]) == 2
    with pytest.raises(TypeError, match="list cannot be shown"):
        cw.to_html([], tmp_path / "none.html")


def test_no_page_reaches_for_a_network(cf, tmp_path):
    text = cw.to_html(cf, tmp_path / "a.html").read_text("utf-8")
    parts = Parts(text)
    for tag, attributes in parts.tags:
        assert tag not in ("link", "iframe", "img", "object", "embed"), tag
        assert not {"src", "href"} & attributes.keys(), tag
    assert "default-src 'none'" in text
    outside = re.sub(r"http://www\.w3\.org/2000/svg", "", text)
    assert "http://" not in outside
    assert "https://" not in outside


def test_what_a_file_calls_itself_stays_text(rec, tmp_path):
    evil = Record(rec.signal, rec.fs, rec.leads, {"source": EVIL, "sex": EVIL, "format": EVIL})
    text = cw.to_html(evil, tmp_path / "a.html", keep_identity=True).read_text("utf-8")
    parts = Parts(text)
    assert [tag for tag, _ in parts.tags].count("script") == 2
    assert "img" not in [tag for tag, _ in parts.tags]
    assert held(text)["state"]["_ecg"]["title"] == EVIL


def test_a_page_is_not_called_as_the_file_unless_that_is_asked_for(rec, tmp_path):
    named = Record(rec.signal, rec.fs, rec.leads, {"source": "4711_Müller.xml"})
    for value in (named, cw.EcgViewer(named)):
        text = cw.to_html(value, tmp_path / "a.html").read_text("utf-8")
        assert "4711_M" not in text
        assert re.search(r"<title>ECG [0-9a-f]{8} ·", text)
    kept = cw.to_html(named, tmp_path / "b.html", keep_identity=True).read_text("utf-8")
    assert "<title>4711_Müller.xml ·" in kept
    titled = Record(rec.signal, rec.fs, rec.leads, {"source": "a.xml", "title": "Case 7"})
    assert "<title>Case 7 ·" in cw.to_html(titled, tmp_path / "c.html").read_text("utf-8")


def test_every_value_and_widget_has_a_page(rec, att, cf, model, tmp_path):
    for k, value in enumerate((rec, att, cf, cw.EcgViewer(rec), cw.explore(rec, model))):
        text = cw.to_html(value, tmp_path / f"{k}.html").read_text("utf-8")
        assert held(text)["state"]["_ecg"]["leads"][0] == "I"
    with pytest.raises(TypeError, match="int cannot be shown"):
        cw.to_html(3, tmp_path / "no.html")
    assert not (tmp_path / "no.html").exists()


@pytest.fixture(scope="module")
def comparison(cf, model):
    return cw.compare_maps([cw.attribute(cf.original, model, "AF", m) for m in ("saliency", "lrp")])


def assert_offline(text: str) -> None:
    parts = Parts(text)
    for tag, attributes in parts.tags:
        assert tag not in ("link", "iframe", "img", "object", "embed", "script"), tag
        assert not {"src", "href"} & attributes.keys(), tag
    assert "default-src 'none'" in text
    assert not re.search("https?://", re.sub(r"http://www\.w3\.org/2000/svg", "", text))


def test_maps_beside_each_other_are_a_page(comparison, tmp_path):
    text = cw.to_html(comparison, tmp_path / "maps.html").read_text("utf-8")
    assert_offline(text)
    assert "<h1>Maps of one ECG for atrial fibrillation (AF), af-resnet</h1>" in text
    assert comparison.figure() in text
    assert "<li>LRP: unchecked</li>" in text
    for wave in ("P", "QRS", "T"):
        assert f"<th>{wave}</th>" in text


@pytest.mark.slow
def test_a_scorecard_is_a_page_with_its_curves(model, tmp_path):
    records = [one.record for code in ("AF", "NSR") for one in cw.simulate(code, 3, seed=4, fs=250)]
    card = cw.scorecard(model, records, "saliency", "AF", ["deletion", "sparseness"], quick=True)
    text = cw.to_html(card, tmp_path / "card.html").read_text("utf-8")
    assert_offline(text)
    said = html.escape(card.words().removeprefix("On af-resnet: "), quote=False)
    for part in (card.figure(), card.figure(what="curves"), f"<li>{said}</li>"):
        assert part in text
    one = cw.scorecard(model, records, "saliency", "AF", "sparseness", quick=True)
    assert "curves of maps" not in cw.to_html(one, tmp_path / "one.html").read_text("utf-8")


def test_a_page_of_maps_holds_names_as_text(comparison, tmp_path):
    first, *others = comparison.attributions
    evil = replace(comparison, attributions=(replace(first, target=EVIL, method=EVIL), *others))
    tags = [tag for tag, _ in Parts(cw.to_html(evil, tmp_path / "a.html").read_text("utf-8")).tags]
    assert "script" not in tags and "img" not in tags
