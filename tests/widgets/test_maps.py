"""The tab "Where does it look?" without a browser: maps chosen, compared, checked, kept."""

import asyncio
import time

import numpy as np
import pytest
import torch
import traitlets as t

import cofe_widgets as cw
from cofe_widgets.ecg import LEADS
from cofe_widgets.explain.agreement import BOTH
from cofe_widgets.widgets.core.codec import unpack
from cofe_widgets.wrapper import wrap

from .test_explainer import Desk
from .test_page import held

THREE = ("saliency", "input_x_gradient", "deeplift")


@pytest.fixture
def app(rec, model):
    app = cw.explore(rec, model)
    app.target = "AF"
    return app


@pytest.fixture(scope="module")
def checked(rec, model):
    """An app whose saliency was checked, on few records."""
    app = cw.explore(rec, model)
    app.target, app.mode, app.check_records = "AF", "maps", 4
    assert Desk(app).ask("check", target="AF", methods=["saliency"])["type"] == "done"
    return app


def badges(app):
    return {name: badge for name, _, badge in app._methods}


def test_the_tab_is_filled_when_it_is_opened(app):
    assert app._maps is None
    assert not app.show_attribution
    app.mode = "maps"
    assert app.show_attribution
    assert [one["title"] for one in app._maps["methods"]] == ["Saliency"]
    assert [row["wave"] for row in app._maps["waves"]] == ["P", "PR", "QRS", "ST", "T", "TP"]
    assert app._maps["picture"]["data"].startswith("<svg")
    assert app._maps["check"] is None


def test_the_menu_is_the_registry_and_nothing_is_checked(app):
    assert [name for name, *_ in app._methods] == list(cw.ATTRIBUTION_METHODS)
    assert set(badges(app).values()) == {"unchecked"}
    assert app.badge("deeplift", "AF") == "unchecked"


def test_maps_are_chosen_in_the_browser(app):
    app.mode = "maps"
    assert Desk(app).ask("attribute", target="AF", methods=list(THREE))["type"] == "done"
    assert app.map_method == "saliency"
    assert app.compare_with == ["input_x_gradient", "deeplift"]
    assert [one.method for one in app.maps] == list(THREE)
    assert len(app._maps["waves"][0]["cells"]) == 3
    assert app._attribution["title"] == "saliency for AF"


def test_maps_are_chosen_in_python(app, rec, model):
    app.mode = "maps"
    app.compare_with = ["deeplift"]
    app.map_method = "input_x_gradient"
    assert [one.method for one in app.maps] == ["input_x_gradient", "deeplift"]
    np.testing.assert_array_equal(
        app.maps[1].values, cw.attribute(rec, model, "AF", "deeplift").values
    )
    assert app._attribution["title"] == "input × gradient for AF"
    app.compare_with = []
    assert len(app.maps) == 1


def test_the_band_follows_the_target_and_what_was_computed_is_kept(app):
    first = app.maps[0]
    app.target = "SR"
    assert app.maps[0].target == "SR"
    assert app._attribution["title"] == "saliency for SR"
    app.target = "AF"
    assert app.maps[0] is first


def test_what_is_no_method_is_refused_and_the_map_stays(app):
    before = app._attribution
    for name, value in (
        ("map_method", "magic"),
        ("compare_with", ["magic"]),
        ("compare_with", ["deeplift", "gradcam", "lrp"]),
    ):
        with pytest.raises(t.TraitError):
            setattr(app, name, value)
    desk = Desk(app)
    for parameters, words in (
        ({"target": "AF", "methods": ["magic"]}, "choose one of saliency"),
        ({"target": "VF", "methods": ["saliency"]}, "no output 'VF'"),
        ({"target": "AF", "methods": []}, "one to three"),
        ({"target": "AF", "methods": ["saliency", "lrp", "deeplift", "gradcam"]}, "one to three"),
        ({"target": "AF", "methods": "saliency"}, "one to three"),
    ):
        for kind in ("attribute", "check"):
            end = desk.ask(kind, **parameters)
            assert end["type"] == "error"
            assert words in end["message"]
    assert app._attribution is before
    assert app.map_method == "saliency"


def test_a_method_that_lacks_something_says_what_and_the_map_stays(rec):
    net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(12 * 1000, 2))
    torch.manual_seed(0)
    f = wrap(net, fs=100, outputs=["SR", "AF"], leads=LEADS, seconds=10)
    app = cw.explore(rec, f)
    app.mode = "maps"
    before = app.maps
    for choose in (
        lambda: setattr(app, "map_method", "gradcam"),
        lambda: Desk(app).ask("attribute", target=app.target, methods=["gradcam"]),
    ):
        app._error = ""
        choose()
        assert "cannot be explained by class activation: it has no convolution" in app._error
        assert app.map_method == "saliency"
        assert app.maps == before
    assert Desk(app).ask("check", target=app.target, methods=["gradcam"])["type"] == "error"


def test_another_ecg_and_another_model_have_maps_of_their_own(app):
    app.mode, first = "maps", app.maps[0]
    Desk(app).ask("open", example="AF")
    assert app.maps[0].record is not first.record
    assert app._maps is not None
    Desk(app).ask("model", model="nine-resnet")
    assert app.maps[0].provenance["model"] == "nine-resnet"
    assert app._maps["target"] == app.target


def test_a_check_says_what_the_map_is_worth_and_of_what(checked):
    assert checked.badge("saliency", "AF").startswith("checked: ")
    assert badges(checked)["saliency"] == checked.badge("saliency", "AF")
    assert badges(checked)["deeplift"] == "unchecked"
    found = checked._maps["check"]
    assert [one.split(":")[0] for one in found["words"]] == ["On af-resnet"]
    assert "Saliency for atrial fibrillation (AF)" in found["words"][0]
    assert found["about"] == "Checked on 4 simulated ECGs and hearts, none of yours."
    assert "random map" in found["picture"]["data"]
    assert checked.badge("saliency", "AF") in checked._maps["picture"]["data"].replace("\n", " ")


def test_what_was_checked_is_shown_at_once_and_of_nothing_else(checked):
    checked.map_method = "deeplift"
    assert checked._maps["check"] is None
    checked.compare_with = ["saliency"]
    assert len(checked._maps["check"]["words"]) == 1  # DeepLIFT is unchecked
    assert [one["badge"] == "unchecked" for one in checked._maps["methods"]] == [True, False]
    checked.target = "SR"
    assert badges(checked)["saliency"] == "unchecked"
    assert checked._maps["check"] is None
    checked.target, checked.compare_with, checked.map_method = "AF", [], "saliency"
    assert checked._maps["check"] is not None


@pytest.mark.slow
def test_a_check_is_kept_by_content_where_a_folder_is_given(rec, model, tmp_path):
    from cofe_widgets.audit.scorecards.kept import forget

    badges_of = []
    for _ in range(2):
        forget()
        app = cw.explore(rec, model)
        app.check_records, app.check_store, app.mode = 4, str(tmp_path), "maps"
        stamps = {one.name: one.stat().st_mtime_ns for one in tmp_path.iterdir()}
        Desk(app).ask("check", target="AF", methods=["saliency"])
        badges_of.append(app.badge("saliency", "AF"))
    assert stamps and badges_of[0] == badges_of[1] != "unchecked"
    assert stamps == {one.name: one.stat().st_mtime_ns for one in tmp_path.iterdir()}
    assert "check_store" not in app.keys  # no page says where a kernel writes


def test_a_check_streams_and_is_stopped_with_nothing_known(rec, model):
    async def stopped():
        app = cw.explore(rec, model)
        desk = Desk(app)
        desk.say({"type": "request", "kind": "check", "id": "c", "epoch": app.epoch,
                  "target": "AF", "methods": ["saliency"]})  # fmt: skip
        end = time.monotonic() + 60
        while not any(m["type"] == "step" and m["kind"] == "check" for m in desk.heard):
            await asyncio.sleep(0.02)
            assert time.monotonic() < end
        desk.say({"type": "cancel", "kind": "check", "id": "c"})
        await asyncio.sleep(0.1)
        return app, [m for m in desk.heard if m["kind"] == "check"]

    app, heard = asyncio.run(stopped())
    assert heard[-1]["type"] == "cancelled"
    assert heard[0]["methods"] == ["saliency"]
    assert app.badge("saliency", "AF") == "unchecked"


def test_map_and_counterfactual_are_compared_on_the_tab(app):
    assert Desk(app).ask("explain", target="AF", level=0.8)["type"] == "done"
    assert app._agreement is None
    app.mode = "maps"
    found = app.agreement
    assert "Saliency is strongest, the counterfactual alters" in app._agreement["words"]
    where = np.rint(unpack(app._agreement["where"]["signal"]))
    np.testing.assert_array_equal(where, found.where)
    assert app._agreement["of"] == [0, False]
    assert (found.where == BOTH).any()
    assert 'fill="#00785a"' in app.picture()
    app.show_needed = True
    assert app._agreement["of"] == [0, True]
    assert app.agreement is not found
    app.target = "SR"
    assert app.agreement is None
    assert "Not compared: the map is of SR" in app._agreement["words"]
    Desk(app).ask("open", example="NSR")
    assert app._agreement is None


def test_a_page_has_the_tab_without_a_kernel(checked, tmp_path):
    text = cw.to_html(checked, tmp_path / "maps.html").read_text("utf-8")
    state = held(text)["state"]
    assert [mode[0] for mode in state["_menus"]["modes"]] == ["maps"]
    assert not state["_live"]
    assert state["_maps"]["picture"]["data"] == checked._maps["picture"]["data"]  # whole
    assert state["map_method"] == "saliency"
    assert "<h1>Where does the model look?</h1>" in text
    plain = text.split('id="held"')[0]
    assert plain.count("<svg") == 3  # the ECG, the beat, the scorecard
    assert f"Saliency: {checked.badge('saliency', 'AF')}" in plain
    assert "<th>QRS</th>" in plain
    assert "4 simulated ECGs" in plain


def test_a_page_of_another_tab_has_this_one_only_if_it_was_filled(app, tmp_path):
    modes = lambda: [m[0] for m in app._stored()["_menus"]["modes"]]  # noqa: E731
    assert modes() == ["counterfactual"]
    app.mode = "maps"
    app.mode = "counterfactual"
    assert modes() == ["counterfactual", "maps"]
