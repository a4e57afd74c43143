"""The app without a browser: what its requests do to its traits."""

from __future__ import annotations

import gc
import weakref
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

import cofe_widgets as cw
from cofe_widgets.ecg import LEADS, Record
from cofe_widgets.report.rows import LISTED, change, changes
from cofe_widgets.simulate import simulate
from cofe_widgets.vocabulary.measurements import MEASUREMENTS
from cofe_widgets.widgets.core.codec import unpack
from cofe_widgets.widgets.explainer import explainer
from cofe_widgets.widgets.explainer.counterfactual_viewer import (
    CounterfactualViewer,
    packed_found,
)
from cofe_widgets.widgets.explainer.explainer import MAX_UPLOAD_BYTES, Explainer
from cofe_widgets.wrapper import Predictor, wrap


class Desk:
    """Sits where the browser sits."""

    def __init__(self, app: Explainer) -> None:
        self.app, self.asked = app, 0
        self.heard: list[dict[str, Any]] = []
        self.buffers: list[Any] = []
        app.send = self.hear
        self.say({"type": "ready", "view": "desk"})

    def hear(self, content: dict[str, Any], buffers: Any = None) -> None:
        self.heard.append(content)
        self.buffers.append(buffers)

    def say(self, content: dict[str, Any], buffers: Any = ()) -> None:
        self.app._handle_custom_msg(content, list(buffers))

    def ask(self, kind: str, buffers: Any = (), **parameters: Any) -> dict[str, Any]:
        """Make a request; its last reply."""
        self.asked += 1
        head = {"type": "request", "kind": kind, "id": f"q{self.asked}", "epoch": self.app.epoch}
        self.say({**head, **parameters}, buffers)
        return [m for m in self.heard if m["id"] == f"q{self.asked}"][-1]


@pytest.fixture
def app(rec: Record, model: Predictor) -> Explainer:
    return cw.explore(rec, model)


def test_starts_with_an_answer_and_the_other_output_as_target(app, rec, model):
    said: Any = app._answer
    assert said == pytest.approx(model.predict(rec))
    assert [o["name"] for o in app._outputs] == list(model.outputs)
    assert app.target == min(said, key=said.__getitem__)
    assert app._attribution["title"] == f"saliency for {app.target}"
    assert app.attribution.target == app.target


def test_the_map_can_be_of_any_attribution_method(app):
    assert Desk(app).ask("attribute", target="AF", method="input_x_gradient")["type"] == "done"
    assert app.attribution.method == "input_x_gradient"
    end = Desk(app).ask("attribute", target="AF", method="magic")
    assert end["type"] == "error"
    assert "'magic': choose one of saliency" in end["message"]


def test_explains_and_leaves_the_result_in_traits(app, rec):
    desk = Desk(app)
    end = desk.ask("explain", target="AF", level=0.8)
    assert end["type"] == "done"
    (path,) = app._found
    frames = unpack(path["frames"])
    assert frames.shape[1:] == (12, 2500)
    assert path["fs"] == 250
    assert path["predictions"][0] < 0.5
    assert path["level"] == 0.8
    np.testing.assert_allclose(frames[0], app.counterfactual.original.signal, atol=1e-4)
    assert path["changes"]
    assert path["trust"]["headline"]
    assert {row["verdict"] for row in path["trust"]["rows"]} <= {"good", "mind", "bad", "unknown"}
    assert path["words"] == str(app.counterfactual.words())
    assert app.severity == 1.0
    steps = [m for m in desk.heard if m["type"] == "step"]
    assert steps[-1]["fraction"] == 1.0
    frame = steps[-1]["frame"]
    at = desk.heard.index(steps[-1])
    packed = frame["signal"]["signal"]
    sent = unpack({**packed, "data": desk.buffers[at][packed["data"]]})
    np.testing.assert_allclose(sent, app.counterfactual.signals[-1], atol=1e-4)


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"target": "VF", "level": 0.9}, "no output 'VF'"),
        ({"target": "AF", "level": 1.4}, "between 0 and 1"),
        ({"target": "AF", "level": "high"}, "expected a number"),
        ({"target": "SR", "level": 0.5}, "already answers SR"),
        ({"target": "AF", "level": 0.9, "method": "magic"}, "choose one of refined, direction"),
        ({"target": "AF", "level": 0.9, "keep": ["all"]}, "rhythm, intervals, morphology"),
        ({"target": "AF", "level": 0.9, "diverse": 9}, "1 to 3"),
    ],
)
def test_what_cannot_be_asked_is_answered_in_words(app, parameters, words):
    before = app._ecg
    end = Desk(app).ask("explain", **parameters)
    assert end["type"] == "error"
    assert words in end["message"]
    assert app._ecg is before


def test_opens_an_uploaded_record_of_several_files(model, rec, tmp_path):
    import wfdb

    wfdb.wrsamp(
        "one", fs=500, units=["mV"] * 12, sig_name=list(LEADS), fmt=["16"] * 12,
        p_signal=rec.signal.T.astype(float), write_dir=str(tmp_path),
    )  # fmt: skip
    names = ["one.hea", "one.dat"]
    app = cw.explore(None, model)
    assert app._ecg is None
    end = Desk(app).ask("open", [(tmp_path / n).read_bytes() for n in names], files=names)
    assert end["type"] == "done"
    ecg: Any = app._ecg
    assert ecg["title"] == "one.hea"
    assert app._answer is not None
    assert np.abs(unpack(ecg["signal"]) - rec.signal).max() < 0.001


def test_a_bad_file_says_why_and_loses_nothing(app):
    desk = Desk(app)
    before = (app.record, app._ecg, app._answer, app.epoch)
    end = desk.ask("open", [b"%PDF-1.7 not an ECG"], files=["scan.pdf"])
    assert end["type"] == "error"
    assert "scan.pdf" in end["message"]
    assert "PDF" in end["message"]
    assert (app.record, app._ecg, app._answer) == before[:3]
    assert desk.ask("open", [], files=["a.xml"])["type"] == "error"
    big = bytes(MAX_UPLOAD_BYTES + 1)
    assert "8 MiB" in desk.ask("open", [big], files=["big.xml"])["message"]


def test_browser_and_kernel_have_one_upload_limit(rec, model, monkeypatch):
    monkeypatch.setattr(explainer, "MAX_UPLOAD_BYTES", 3 * 2**20)
    app = cw.explore(rec, model)
    assert app._menus["max_upload_bytes"] == 3 * 2**20
    end = Desk(app).ask("open", [bytes(3 * 2**20 + 1)], files=["big.xml"])
    assert "more than 3 MiB" in end["message"]


def test_an_ecg_the_model_cannot_read_is_shown_with_the_reason(app):
    short = simulate("NSR", seed=5, seconds=5)[0].record
    files = _wfdb(short)
    end = Desk(app).ask("open", files.values(), files=list(files))
    assert end["type"] == "done"
    assert app.record.duration_s == pytest.approx(5, abs=0.1)
    assert app._answer is None
    assert "10 s" in app._error


def _wfdb(record: Any) -> dict[str, bytes]:
    counts = np.rint(record.signal * 1000).astype("<i2")
    head = [f"one {len(record.leads)} {record.fs:g} {record.samples}"]
    head += [
        f"one.dat 16 1000/mV 16 0 {row[0]} 0 0 {lead}"
        for lead, row in zip(record.leads, counts, strict=True)
    ]
    return {"one.hea": "\n".join(head).encode() + b"\n", "one.dat": counts.T.tobytes()}


def test_a_new_ecg_takes_the_old_explanation_away(app, cf):
    app._show_counterfactuals([cf], [packed_found(cf)])
    end = Desk(app).ask("open", example="AF")
    assert end["type"] == "done"
    assert app._found == []
    assert app.counterfactual is None
    assert app._ecg["title"] == "Simulated atrial fibrillation"


def test_before_there_is_an_ecg_one_is_asked_for(model):
    desk = Desk(cw.explore(None, model))
    for kind in ("explain", "page"):
        assert "open one first" in desk.ask(kind, target="AF", level=0.9)["message"]
    assert "NSR, AF" in desk.ask("open", example="XYZ")["message"]


def test_saves_a_page(app):
    desk = Desk(app)
    end = desk.ask("page")
    assert end["name"].endswith(".html")
    assert b"not a medical device" in desk.buffers[desk.heard.index(end)][0]


def test_refuses_what_is_no_record_and_takes_a_model_of_values(rec, model):
    with pytest.raises(TypeError, match="rec is str"):
        cw.explore("ecg.xml")
    with pytest.raises(TypeError, match=r"cw\.wrap"):
        cw.explore(rec, torch.nn.Identity())
    mean = torch.nn.Sequential(
        torch.nn.AdaptiveAvgPool1d(1), torch.nn.Flatten(), torch.nn.Linear(12, 1)
    )
    regressor = wrap(mean, fs=250, outputs=["potassium_mmol_l"], output="linear")
    app = cw.explore(rec, regressor)
    (output,) = app._outputs
    assert (output["title"], output["unit"], output["probability"]) == (
        "potassium",
        "mmol/L",
        False,
    )
    assert app.level == pytest.approx(app._answer["potassium_mmol_l"] + 2, abs=0.1)


def test_another_model_answers_the_same_ecg_and_the_old_explanation_goes(app, cf):
    app._show_counterfactuals([cf], [packed_found(cf)])
    ecg, others = app._ecg, [name for name in app._models if name != app.model]
    assert app._models[0] == "af-resnet"
    assert Desk(app).ask("model", model="no-such")["type"] == "error"
    assert app._found
    for name in others:
        assert Desk(app).ask("model", model=name)["type"] == "done"
        assert app.model == app.predictor.name == name
        assert set(app._answer) == set(app.predictor.outputs)
        assert app.target in app.predictor.outputs
        assert app._found == []
    assert app._ecg is ecg
    assert Desk(app).ask("model", model="af-resnet")["type"] == "done"
    assert app.predictor.outputs == ("SR", "AF")


def test_several_answers_are_kept_and_one_is_shown(app, cf):
    app._show_counterfactuals([cf, cf], [packed_found(cf), packed_found(cf)])
    assert app.counterfactual is cf
    app.chosen = 1
    assert app.counterfactuals == [cf, cf]
    app.chosen = 7  # a page saved with more answers than there are now
    assert app.counterfactual is cf


def test_the_table_says_absent_where_a_wave_is_gone():
    p = change("p_amplitude_mv", 0.12, np.nan)
    presence, rate = change("p_presence", 1.0, 0.1), change("heart_rate_bpm", 70.0, 72.0)
    pr = change("pr_ms", np.nan, np.nan)
    assert (p["label"], p["counterfactual"], p["missing"], p["notable"]) == (
        "P amplitude",
        None,
        "absent",
        True,
    )
    assert (presence["original"], presence["unit"], presence["notable"]) == (100.0, "%", True)
    assert rate["notable"] is False
    assert (pr["missing"], pr["notable"]) == ("–", False)


def test_a_change_of_qt_means_nothing_where_rr_is_irregular(cf):
    assert change("qt_ms", 368.0, 352.0)["notable"] is True
    assert change("qt_ms", 368.0, 302.0, irregular=True)["notable"] is False
    assert cf.findings.irregular
    rows = {row["label"]: row["notable"] for row in changes(cf)}
    assert rows["QT interval"] is False and rows["QTc (Fridericia)"] is False
    assert rows["RR variability (SD)"] is True
    assert set(rows) == {MEASUREMENTS[name].title for name in LISTED}


def test_a_p_wave_that_was_not_judged_is_not_called_absent(cf):
    seen = replace(cf)
    table = cf.measurements.copy()
    table.loc[
        table.measurement.isin(["p_presence", "p_amplitude_mv", "pr_ms"]), "counterfactual"
    ] = np.nan
    vars(seen).update(measurements=table, findings=cf.findings)
    rows = {row["label"]: row for row in changes(seen)}
    for label in ("Beats with a P wave", "P amplitude", "PR interval"):
        assert (rows[label]["missing"], rows[label]["notable"]) == ("–", False)
    assert {row["label"]: row["missing"] for row in changes(cf)}["P amplitude"] == "absent"


def test_a_counterfactual_shows_itself_with_its_attribution(cf, att):
    viewer = CounterfactualViewer(cf, att)
    assert viewer._live is False
    assert viewer._answer == {"AF": pytest.approx(cf.predictions[0])}
    assert viewer.model == "af-resnet"
    assert viewer._found[0]["message"] == cf.message
    assert viewer._attribution["title"] == "saliency for AF"
    viewer.severity = 0.0
    plain = viewer.picture()
    viewer.severity = 1.0
    assert len(viewer.picture()) > len(plain)


def test_both_answers_travel_and_the_original_only_once(cf):
    (found,) = CounterfactualViewer(cf)._found
    needed = found["needed"]
    assert "needed" not in needed
    assert unpack(found["frames"]).shape == cf.signals.shape
    np.testing.assert_allclose(unpack(needed["frames"]), cf.needed.signals[1:], atol=1e-4)
    np.testing.assert_array_equal(cf.needed.signals[0], cf.signals[0])
    assert needed["predictions"] == pytest.approx(list(cf.needed.predictions))
    assert needed["words"] == str(cf.needed.words()) != found["words"]
    rows = found["reasons"]["rows"]
    assert [row["said"] for row in rows] == [row.said for row in cf.why.rows]
    assert sum(row["share"] for row in rows) == pytest.approx(1)
    assert any(row["needed"] for row in rows)
    assert not any(row["needed"] and row["along"] for row in rows)
    assert unpack(found["shares"]["signal"]).max() == pytest.approx(
        found["shares"]["limit"], rel=1e-3
    )


def test_where_nobody_can_be_asked_one_answer_is_offered(cf):
    alone = replace(cf, predictor=None)
    vars(alone)["trust"] = cf.trust
    viewer = CounterfactualViewer(alone)
    (found,) = viewer._found
    assert (found["needed"], found["reasons"], found["shares"]) == (None, None, None)
    viewer.show_needed = viewer.show_shares = True
    assert viewer.counterfactual is alone
    assert viewer.picture() == CounterfactualViewer(alone).picture()
    assert CounterfactualViewer(cf.needed)._found[0]["needed"] is None


def test_the_answer_on_screen_is_the_one_asked_for(cf):
    viewer = CounterfactualViewer(cf)
    assert viewer.show_needed is False and viewer.counterfactual is cf
    typical = viewer.picture()
    viewer.show_needed = True
    assert viewer.counterfactual is cf.needed
    needed = viewer.picture()
    assert needed != typical
    viewer.show_shares = True
    assert len(viewer.picture()) > len(needed)


def test_a_closed_app_is_collected(rec, model):
    app = cw.explore(rec, model)
    gone = weakref.ref(app)
    app.close()
    del app
    gc.collect()
    assert gone() is None


def test_of_a_long_record_a_window_is_shown_and_another_by_choice(model):
    parts = [simulate(c, seed=5, fs=250, seconds=160)[0].record.signal for c in ("NSR", "AF")]
    long = Record(np.concatenate(parts, axis=1), 250)
    app = cw.explore(long, model)
    assert app.record.duration_s == 10 and app.opened is long
    assert any("from 0:00:00 of 0:05:20" in fact for fact in app._ecg["facts"])
    assert app._answer["AF"] < 0.5
    app.start = 200.0
    np.testing.assert_array_equal(app.record.signal, long.crop(200, 210).signal)
    assert app._answer["AF"] > 0.5
    app.start = 1e6
    assert app.start == 310.0
    assert len(app._ecg["signal"]["data"]) == 2 * 12 * 2500
