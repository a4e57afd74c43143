"""`HeartLab`: dials move the heart, the answers are the truth, and the last position wins."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
import weakref
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import traitlets

import cofe_widgets as cw
from cofe_widgets.audit.comparison import comparison
from cofe_widgets.ecg import LEADS, Record
from cofe_widgets.report.rows import compared
from cofe_widgets.signals import median_beat
from cofe_widgets.signals.measurements import of_device
from cofe_widgets.simulate import CONDITIONS, simulate
from cofe_widgets.vocabulary.diagnoses import DIAGNOSES
from cofe_widgets.vocabulary.measurements import MEASUREMENTS
from cofe_widgets.widgets.core.codec import unpack
from cofe_widgets.widgets.heart.heart_state import choices, partners
from cofe_widgets.widgets.viewer.beat import intervals, packed_beat
from cofe_widgets.widgets.viewer.fiducials import NAMES


@pytest.fixture
def lab():
    lab = cw.HeartLab("LBBB")
    yield lab
    lab.close()


def row(lab: cw.HeartLab, label: str) -> dict:
    return next(row for row in lab._rows if row["label"] == label)


def shown_waves(lab: cw.HeartLab) -> set[str]:
    rows = np.frombuffer(lab._waves["data"], "<f4").reshape(-1, 5)
    return {NAMES[int(k)] for k in rows[:, 1]}


# -- the answers


def test_answers_are_the_truth_of_this_heart_and_of_its_twin(lab):
    sim, twin = lab.simulated, lab.twin
    qrs = row(lab, "QRS duration")
    assert qrs["true"] == pytest.approx(sim.truth.measurements["qrs_ms"])
    assert qrs["twin"] == pytest.approx(twin.truth.measurements["qrs_ms"])
    assert qrs["true"] > qrs["twin"] + 30
    assert qrs["altered"]
    assert not row(lab, "Heart rate")["altered"]
    t = row(lab, "T amplitude")
    assert t["lead"] == "V6"  # where a left bundle branch block is seen
    assert t["true"] == pytest.approx(sim.truth.lead_measurements.loc["V6", "t_amplitude_mv"])
    assert t["measured"] == pytest.approx(t["true"], abs=0.1)


def test_an_absent_wave_is_absent_not_zero():
    lab = cw.HeartLab("AF")
    assert row(lab, "P amplitude")["true"] is None
    assert row(lab, "P amplitude")["twin"] is not None
    assert row(lab, "PR interval")["true"] is None
    assert row(lab, "PR interval")["altered"]
    assert row(lab, "Beats with a P wave")["true"] == 0
    assert "P" not in shown_waves(lab)


def test_a_measurement_that_misses_the_truth_is_marked():
    clean = simulate("LVH", seed=4, severity=1.0, noise=0)[0]
    cut = simulate("LVH", seed=4, severity=1.0, noise={"clipping_mv": 0.5})[0]
    height = clean.truth.lead_measurements.loc["V5", "r_amplitude_mv"]
    assert height > 1
    found = {
        name: comparison(sim, sim.twin("NSR"), "V5").set_index("measurement")
        for name, sim in (("clean", clean), ("cut", cut))
    }
    assert not found["clean"].loc["r_amplitude_mv", "off"]
    assert found["cut"].loc["r_amplitude_mv", "off"]
    assert found["cut"].loc["r_amplitude_mv", "true"] == pytest.approx(height)


def test_axes_differ_by_the_shorter_way_round():
    axis, t_wave = MEASUREMENTS["qrs_axis_deg"], MEASUREMENTS["t_amplitude_mv"]
    assert not axis.differ(-178.0, 177.0)
    assert axis.differ(-178.0, 160.0)
    assert t_wave.differ(1.0, float("nan"))  # present and absent always differ
    assert not t_wave.differ(float("nan"), float("nan"))


def test_every_row_has_words_and_every_condition_a_heading_and_a_lead_that_exists():
    assert {choice["code"] for choice in choices("NSR")} == set(CONDITIONS)
    assert {DIAGNOSES[code].best_lead for code in CONDITIONS} <= set(LEADS)
    table = pd.DataFrame(
        [("p_presence", "", "", 0.98, float("nan"), 1.0, False, True)],
        columns=["measurement", "lead", "unit", "true", "measured", "twin", "altered", "off"],
    )
    (line,) = compared(table)
    assert (line["true"], line["measured"], line["unit"]) == (98.0, None, "%")


def test_the_median_beat_says_what_measure_says():
    record = simulate("LBBB", seed=81, severity=0.8)[0].record
    beat, found = packed_beat(record), cw.measure(record)
    assert beat is not None
    said = {one["text"].split()[0]: one for one in beat["intervals"]}
    for name, key in (("PR", "pr_ms"), ("QRS", "qrs_ms"), ("QT", "qt_ms")):
        assert said[name]["text"] == f"{name} {found[key]:.0f} ms"
        assert said[name]["to"] - said[name]["from"] == pytest.approx(found[key])
    assert said["QTc"]["text"] == f"QTc {found['qtc_fridericia_ms']:.0f} ms"
    assert said["QRS"]["from"] == said["PR"]["to"] == said["QT"]["from"]
    assert unpack(beat["signal"]).shape == (7, round(beat["fs"]))  # a second of II and V1 to V6
    names = {
        NAMES[int(k)] for k in np.frombuffer(beat["waves"]["data"], "<f4").reshape(-1, 5)[:, 1]
    }
    assert {"P", "QRS", "T", "R"} <= names


def test_the_median_beat_of_fibrillation_has_no_pr_and_noise_has_no_beat(rec):
    beat = packed_beat(simulate("AF", seed=81)[0].record)
    assert beat is not None
    assert [one["text"].split()[0] for one in beat["intervals"]] == ["QRS", "QT", "QTc"]
    assert cw.EcgViewer(rec)._beat is None
    assert cw.EcgViewer(rec, median=True)._beat["intervals"][0]["text"].startswith("PR")
    noise = np.random.default_rng(0).normal(0, 0.1, rec.signal.shape).astype(np.float32)
    assert packed_beat(rec.with_signal(noise)) is None


def test_the_device_s_number_stands_beside_ours_and_what_is_not_given_says_why(rec):
    theirs = {"device_measurements": {"qrs_ms": 196.0}}
    beat = median_beat(Record(rec.signal, rec.fs, rec.leads, theirs))
    said = [one["text"] for one in intervals(beat, 0.0, of_device(theirs))]
    assert any(one.startswith("QRS ") and one.endswith("(device 196)") for one in said)
    doubted = replace(beat, doubts={"QRS": "leads disagree"})
    assert intervals(doubted, 0.0, of_device(theirs))[1] == {
        "text": "QRS – (device 196): leads disagree",
        "from": 0.0,
        "to": 0.0,
    }
    assert not any("QTc" in one["text"] for one in intervals(doubted, 0.0))


# -- the dials


def test_severity_widens_the_qrs_and_leaves_the_twin_alone(lab):
    widths, twins = [], []
    for severity in (0.1, 0.5, 0.9):
        lab.severity = severity
        widths.append(row(lab, "QRS duration")["true"])
        twins.append(row(lab, "QRS duration")["twin"])
        np.testing.assert_allclose(
            unpack(lab._ecg["signal"]), lab.simulated.record.signal, atol=1e-3
        )
    assert widths == sorted(widths)
    assert widths[-1] > widths[0] + 30
    assert twins == pytest.approx([twins[0]] * 3)


def test_potassium_is_dialled_in_its_disorders_only(lab):
    normal = lab.simulated.record.meta["potassium_mmol_l"]
    lab.potassium = 8.0
    assert lab.simulated.record.meta["potassium_mmol_l"] == normal
    lab.condition = "HYPERK"
    assert lab.simulated.record.meta["potassium_mmol_l"] == pytest.approx(lab.potassium)
    heights = []
    for level in (5.6, 6.6, 7.6):
        lab.potassium = level
        heights.append(row(lab, "T amplitude")["true"])
        assert lab.twin.record.meta["potassium_mmol_l"] < 5.2
    assert heights == sorted(heights)
    lab.condition = "HYPOK"
    assert lab.potassium <= 3.5  # a high potassium is no hypokalaemia


def test_two_conditions_together_where_medicine_combines_them(lab):
    lab.second = "AF"
    assert lab.simulated.record.meta["labels"] == ("LBBB", "AF")
    assert lab._ecg["title"] == "Left bundle branch block with atrial fibrillation"
    with pytest.raises(traitlets.TraitError, match="RBBB is not simulated together with LBBB"):
        lab.second = "RBBB"
    lab.condition = "IAVB"  # which needs P waves
    assert lab.second == ""
    assert lab.simulated.record.meta["labels"] == ("IAVB",)
    assert partners("NSR") == ()
    assert cw.HeartLab("AF+RBBB").second == "RBBB"
    with pytest.raises(ValueError, match="exclude each other"):
        cw.HeartLab("LBBB+RBBB")
    with pytest.raises(ValueError, match="one condition, or two"):
        cw.HeartLab("AF+RBBB+LVH")


def test_person_and_seed(lab):
    first = lab.simulated.record
    lab.age, lab.sex = 80, "M"
    meta = lab.simulated.record.meta
    assert (meta["age"], meta["sex"]) == (80, "M")
    assert lab._ecg["facts"][:2] == ["80 years", "male"]
    lab.seed += 1
    assert np.abs(lab.simulated.record.signal - first.signal).max() > 0.1


def test_artefacts_are_in_the_record_and_not_in_the_truth(lab):
    lab.noise = 0.0
    clean, truth = lab.simulated.record.signal, lab.simulated.truth.measurements
    for name in ("wander", "mains", "emg", "motion"):
        lab.artefacts = [name]
        assert np.abs(lab.simulated.record.signal - clean).max() > 0.01, name
        assert lab.simulated.truth.measurements == pytest.approx(truth, nan_ok=True)
    lab.artefacts = []
    lab.reversal = "RA-LA"
    np.testing.assert_allclose(lab.simulated.record["I"], -clean[0], atol=1e-6)
    lab.reversal, lab.clipping_mv = "", 0.5
    chest = lab.simulated.record.signal[6:]
    assert np.abs(chest).max() <= 0.5 + 1e-6


def test_what_lies_on_the_ecg_is_what_was_chosen(lab):
    for overlay, there in (
        ("none", ()),
        ("truth", ("_waves",)),
        ("cause", ("_shade",)),
        ("twin", ("_twin",)),
    ):
        lab.overlay = overlay
        found = [name for name in ("_waves", "_shade", "_twin") if getattr(lab, name) is not None]
        assert tuple(found) == there
        assert lab.picture().startswith("<svg")
    difference = lab.simulated.record.signal - unpack(lab._twin["signal"])
    assert np.abs(difference).max() > 0.2
    lab.overlay = "cause"
    np.testing.assert_allclose(unpack(lab._shade["signal"]), lab.simulated.truth.cause, atol=1e-3)


def test_unknown_settings_are_refused(lab):
    with pytest.raises(ValueError, match="unknown condition 'XYZ'"):
        cw.HeartLab("XYZ")
    for name, value in (("overlay", "x"), ("severity", 1.2), ("sex", "x"), ("reversal", "V1-V9")):
        with pytest.raises(traitlets.TraitError):
            setattr(lab, name, value)


# -- following the hand


async def until(true: Callable[[], bool], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "waited in vain"
        await asyncio.sleep(0.01)


def test_a_dragged_dial_is_followed_and_its_last_position_wins():
    heard: list[dict] = []

    async def session() -> cw.HeartLab:
        lab = cw.HeartLab("LBBB", severity=0.1)
        lab.send = lambda content, buffers=None: heard.append(content)  # type: ignore[method-assign]
        lab._jobs.handle({"type": "ready", "view": "v"})
        for k in range(40):
            lab.severity = 0.1 + 0.02 * k
            for message in heard:
                if message["type"] == "step":
                    ack = {"type": "ack", "id": message["id"], "seq": message["seq"]}
                    lab._jobs.handle(ack)
            await asyncio.sleep(0.02)
        await until(lambda: not lab._jobs.busy("heart"))
        return lab

    lab = asyncio.run(session())
    kinds = [message["type"] for message in heard]
    assert kinds.count("error") == 0
    frames = [m for m in heard if m["type"] == "step" and m.get("frame")]
    assert len(frames) >= 3  # it followed
    numbers = [m for m in heard if m.get("_rows")]
    assert numbers  # and the table with it
    assert lab.simulated.record.meta["severity"] == pytest.approx(0.88)
    np.testing.assert_allclose(unpack(lab._ecg["signal"]), lab.simulated.record.signal, atol=1e-3)
    assert row(lab, "QRS duration")["true"] == pytest.approx(
        lab.simulated.truth.measurements["qrs_ms"]
    )
    lab.close()


def test_a_condition_changed_while_a_heart_is_drawn_is_never_half_set():
    heard: list[dict] = []

    async def session() -> cw.HeartLab:
        lab = cw.HeartLab("LBBB+AF")
        lab.send = lambda content, buffers=None: heard.append(content)  # type: ignore[method-assign]
        for _ in range(6):
            for condition in ("IAVB", "LBBB"):  # a first-degree block and AF exclude each other
                lab.condition = condition
                if condition == "LBBB":
                    lab.second = "AF"
                await asyncio.sleep(0.005)
        await until(lambda: not lab._jobs.busy("heart"))
        return lab

    lab = asyncio.run(session())
    assert [m for m in heard if m["type"] == "error"] == []
    assert lab._ecg["title"] == "Left bundle branch block with atrial fibrillation"
    lab.close()


def test_a_closed_lab_is_collected():
    lab = cw.HeartLab("NSR")
    gone = weakref.ref(lab)
    lab.close()
    del lab
    gc.collect()
    assert gone() is None


def test_a_page_of_it_shows_the_heart_as_dialled(lab, tmp_path):
    text = cw.to_html(lab, tmp_path / "heart.html").read_text("utf-8")
    assert "Left bundle branch block" in text
    assert '"_live": false' in text


@pytest.fixture(autouse=True)
def no_thread_is_left():
    """Every worker ends with its test."""
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        thread.join(10)
        assert not thread.is_alive()
