"""`EcgLab`: dials move the measurements of an ECG, the model answers, and the last position wins."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import traitlets

import cofe_widgets as cw
from cofe_widgets.widgets.core.codec import unpack
from cofe_widgets.widgets.explainer.edit_state import POINTS
from cofe_widgets.wrapper import wrap


@pytest.fixture
def lab(rec, model):
    lab = cw.EcgLab(rec, model, "AF")
    yield lab
    lab.close()


def dial(lab: cw.EcgLab, name: str) -> dict[str, Any]:
    return next(one for one in lab._dials if one["name"] == name)


def test_begins_at_the_ecg_itself_with_its_own_measurements(lab, rec, model):
    found = cw.measure(rec)
    assert {"heart_rate_bpm", "rr_sd_ms", "pr_ms", "qrs_ms", "r_amplitude_mv", "qt_ms"} <= {
        one["name"] for one in lab._dials
    }
    for one in lab._dials:
        assert one["low"] < 0 < one["high"] or one["low"] == 0 or one["high"] == 0, one["name"]
    assert dial(lab, "qrs_ms")["now"] == pytest.approx(found["qrs_ms"], abs=6)
    assert lab.asked == {}
    assert lab._edited["signal"] is None
    assert lab._edited["changes"] == []
    assert lab._answer == pytest.approx(model.predict(rec), abs=0.02)
    np.testing.assert_allclose(lab.edited.signal, unpack(lab._edited["base"]["signal"]), atol=1e-4)


def test_a_dialled_measurement_is_drawn_answered_and_measured(lab, model):
    before = lab.edited
    lab.asked = {"rr_sd_ms": 80.0, "t_amplitude_mv": 0.2}
    told: Any = lab._edited
    np.testing.assert_allclose(unpack(told["signal"]["signal"]), lab.edited.signal, atol=1e-3)
    assert np.abs(lab.edited.signal - before.signal).max() > 0.1
    assert told["values"] == pytest.approx(model.predict(lab.edited))
    assert told["achieved"]["rr_sd_ms"] == pytest.approx(cw.measure(lab.edited)["rr_sd_ms"])
    assert told["achieved"]["rr_sd_ms"] > cw.measure(before)["rr_sd_ms"] + 30
    assert {row["label"] for row in told["changes"]} >= {"RR variability (SD)", "T amplitude"}
    lab.asked = {}
    assert lab._edited["signal"] is None
    np.testing.assert_array_equal(lab.edited.signal, before.signal)


def test_only_what_there_is_can_be_dialled_and_only_so_far(lab):
    with pytest.raises(traitlets.TraitError, match="'height_cm' cannot be dialled: choose of"):
        lab.asked = {"height_cm": 3.0}
    lab.asked = {"qrs_ms": 1e6, "pr_ms": 0.0}
    assert lab.asked == {"qrs_ms": dial(lab, "qrs_ms")["high"]}


def test_the_curve_is_the_answer_over_the_dial_in_hand_with_the_others_where_they_are(lab, model):
    lab.dial = "rr_sd_ms"
    curve = lab._edited["curve"]
    changes, answers = np.transpose(curve["points"])
    ends = dial(lab, "rr_sd_ms")
    assert (changes[0], changes[-1]) == (ends["low"], ends["high"])
    assert POINTS <= len(changes) <= POINTS + 1
    assert 0.0 in changes
    assert answers[changes == 0.0] == pytest.approx(lab._answer["AF"], abs=1e-4)
    lab.asked = {"rr_sd_ms": float(changes[-1])}
    assert lab.answers["AF"] == pytest.approx(answers[-1], abs=1e-4)
    assert lab._edited["curve"]["points"] == curve["points"]  # nothing else moved
    lab.asked = {"rr_sd_ms": float(changes[-1]), "p_amplitude_mv": -0.05}
    assert lab._edited["curve"]["points"] != curve["points"]
    lab.target = "SR"
    other = dict(lab._edited["curve"]["points"])
    assert other[float(changes[-1])] == pytest.approx(1 - lab.answers["AF"], abs=1e-3)


def test_any_predictor_answers(rec):
    mean = torch.nn.Sequential(
        torch.nn.AdaptiveMaxPool1d(1), torch.nn.Flatten(), torch.nn.Linear(3, 1)
    )
    f = wrap(mean, fs=500, leads=["II", "V1", "V5"], outputs=["height_mv"], output="linear")
    lab = cw.EcgLab(rec, f)
    lab.dial, lab.asked = "r_amplitude_mv", {"r_amplitude_mv": 0.2}
    assert lab.target == "height_mv"
    assert lab._outputs[0]["probability"] is False
    assert lab._edited["values"] == pytest.approx(f.predict(lab.edited))
    with pytest.raises(ValueError, match="no output 'AF'"):
        cw.EcgLab(rec, f, "AF")
    with pytest.raises(TypeError, match="record is str"):
        cw.EcgLab("ecg.xml", f)


def test_the_second_tab_of_the_app_is_the_same(rec, model):
    app = cw.explore(rec, model)
    assert app._dials == []
    with pytest.raises(ValueError, match="mode='dials'"):
        _ = app.edited
    app.mode = "dials"
    assert dial(app, "pr_ms")["now"] is not None
    app.asked = {"rr_sd_ms": 60.0}
    assert app._edited["values"] != app._answer
    assert app.picture().startswith("<svg")
    app._jobs.handle({"type": "request", "kind": "open", "id": "1", "epoch": 0, "example": "AF"})
    assert app.asked == {}  # another ECG has its own measurements
    assert dial(app, "rr_sd_ms")["now"] == pytest.approx(
        cw.measure(app.record)["rr_sd_ms"], rel=0.1
    )


def test_a_page_of_it_shows_the_ecg_as_dialled(lab, tmp_path):
    lab.asked = {"rr_sd_ms": 80.0}
    text = cw.to_html(lab, tmp_path / "lab.html").read_text("utf-8")
    assert "As dialled" in text
    assert '"_live": false' in text


# -- following the hand


async def until(true: Callable[[], bool], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "waited in vain"
        await asyncio.sleep(0.01)


def test_a_dragged_dial_is_followed_and_its_last_position_wins(rec, model):
    heard: list[dict[str, Any]] = []

    async def session() -> cw.EcgLab:
        lab = cw.EcgLab(rec, model, "AF")
        await until(lambda: not lab._jobs.busy("dial"))
        lab.send = lambda content, buffers=None: heard.append(content)  # type: ignore[method-assign]
        lab._jobs.handle({"type": "ready", "view": "v"})
        lab.dial = "rr_sd_ms"
        for k in range(40):
            lab.asked = {"rr_sd_ms": 2.0 * (k + 1)}
            for message in heard:
                if message["type"] == "step":
                    ack = {"type": "ack", "id": message["id"], "seq": message["seq"]}
                    lab._jobs.handle(ack)
            await asyncio.sleep(0.03)
        await until(lambda: not lab._jobs.busy("dial"))
        return lab

    lab = asyncio.run(session())
    assert [m for m in heard if m["type"] == "error"] == []
    steps = [m for m in heard if m["type"] == "step"]
    assert len([m for m in steps if m["frame"]]) >= 3  # it followed
    assert [m for m in steps if m["told"].get("achieved")]  # and the numbers with it
    assert lab.asked == {"rr_sd_ms": 80.0}
    assert lab._edited["values"] == pytest.approx(model.predict(lab.edited))
    assert len(lab._edited["curve"]["points"]) >= POINTS
    lab.close()


def test_a_closed_lab_is_collected(rec, model):
    lab = cw.EcgLab(rec, model)
    gone = weakref.ref(lab)
    lab.close()
    del lab
    gc.collect()
    assert gone() is None


@pytest.fixture(autouse=True)
def no_thread_is_left():
    """Every worker ends with its test."""
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        thread.join(10)
        assert not thread.is_alive()
