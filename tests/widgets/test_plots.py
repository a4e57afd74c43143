"""bqplot figures: they follow the traits, a hand on them sets the traits, and nothing stays behind."""

from __future__ import annotations

import gc
import subprocess
import sys
import weakref
from typing import Any

import bqplot as bq
import numpy as np
import pandas as pd
import pytest
from ipywidgets.widgets.widget import _instances

import cofe_widgets as cw
from cofe_widgets.audit.numbers import MEASUREMENTS
from cofe_widgets.audit.tables import table_of
from cofe_widgets.errors import AuditError
from cofe_widgets.widgets import CounterfactualViewer
from cofe_widgets.widgets.explainer.counterfactual_viewer import packed_found
from cofe_widgets.widgets.plots.look import RED, ticks


@pytest.fixture
def viewer(cf):
    viewer = CounterfactualViewer(cf)
    yield viewer
    viewer.close()


@pytest.fixture
def lab(rec, model):
    lab = cw.EcgLab(rec, model, "AF")
    yield lab
    lab.close()


def curve(figure: bq.Figure) -> bq.Lines:
    """The line of answers: the solid red one."""
    (line,) = (m for m in figure.marks if isinstance(m, bq.Lines) and m.colors == [RED])
    return line


def marker(figure: bq.Figure) -> bq.Scatter:
    (dot,) = (m for m in figure.marks if isinstance(m, bq.Scatter) and m.default_size > 100)
    return dot


def points(figure: bq.Figure) -> bq.Scatter:
    (dots,) = (m for m in figure.marks if isinstance(m, bq.Scatter) and m.default_size < 100)
    return dots


def dashed(figure: bq.Figure) -> list[bq.Lines]:
    lines = [m for m in figure.marks if isinstance(m, bq.Lines) and m.line_style == "dashed"]
    return [line for line in lines if len(line.x)]


def click(mark: bq.Mark, index: int) -> None:
    """As the browser says that a point was clicked."""
    mark._handle_custom_msgs(mark, {"event": "element_click", "data": {"index": index}})


def drag(mark: bq.Scatter, x: float) -> None:
    """As the browser says that a point was dragged."""
    mark.set_state({"x": [x]})


def axes(figure: bq.Figure) -> tuple[str, str]:
    across, up = figure.axes
    return across.label, up.label


# -- the answer over the severity


def test_the_answer_is_drawn_over_the_severity_with_what_was_asked(viewer, cf):
    figure = viewer.answer_figure
    assert isinstance(figure, bq.Figure)
    assert viewer.answer_figure is figure
    np.testing.assert_allclose(curve(figure).x, cf.severities)
    np.testing.assert_allclose(curve(figure).y, cf.predictions)
    (asked,) = dashed(figure)
    np.testing.assert_allclose(asked.y, [cf.level, cf.level])
    assert (marker(figure).x[0], marker(figure).y[0]) == (1.0, cf.predictions[-1])
    assert axes(figure) == ("Severity", "probability of AF")
    assert figure.title == f"AF {cf.predictions[-1]:.2f} at severity 1.00"


def test_it_follows_severity_and_level(viewer, cf):
    figure = viewer.answer_figure
    viewer.severity = 0.3
    between = np.interp(0.3, cf.severities, cf.predictions)
    assert (marker(figure).x[0], marker(figure).y[0]) == pytest.approx((0.3, between))
    assert figure.title == f"AF {between:.2f} at severity 0.30"
    viewer.level = 0.7
    np.testing.assert_allclose(dashed(figure)[0].y, [0.7, 0.7])


def test_a_drag_or_a_click_sets_the_severity(viewer, cf):
    figure = viewer.answer_figure
    drag(marker(figure), 0.4321)
    assert viewer.severity == 0.43
    assert marker(figure).x[0] == 0.4321  # under the hand it stays where the hand is ...
    marker(figure)._handle_custom_msgs(None, {"event": "drag_end", "point": {}, "index": 0})
    assert marker(figure).x[0] == 0.43  # ... and lies where it says once let go
    drag(marker(figure), 7.0)
    assert viewer.severity == 1.0
    click(points(figure), 1)
    assert viewer.severity == pytest.approx(cf.severities[1], abs=0.005)
    click(points(figure), 99)
    assert viewer.severity == pytest.approx(cf.severities[1], abs=0.005)


def test_marks_of_the_user_stay_when_it_changes(viewer, cf):
    figure = viewer.answer_figure
    mine = bq.Lines(x=[0, 1], y=[0.5, 0.5], scales=curve(figure).scales)
    figure.marks = [*figure.marks, mine]
    viewer._show_counterfactuals([cf, cf], [packed_found(cf)] * 2)
    viewer.chosen, viewer.severity = 1, 0.2
    assert figure.marks[-1] is mine
    assert marker(figure).x[0] == 0.2


def test_the_app_has_it_before_there_is_a_counterfactual(rec, model, cf):
    app = cw.explore(rec, model)
    figure = app.answer_figure
    assert figure.title == "No counterfactual yet"
    assert len(curve(figure).x) == 0
    app._show_counterfactuals([cf], [packed_found(cf)])
    assert len(curve(figure).x) == len(cf.severities)
    app.target = "SR"  # the level of another output is no level of this curve
    app.level = 0.6
    np.testing.assert_allclose(dashed(figure)[0].y, [cf.level, cf.level])
    app._show_record(rec)
    assert len(curve(figure).x) == len(marker(figure).x) == 0
    app.close()


# -- the answer over a dial


def test_the_answer_is_drawn_over_the_dial_in_hand(lab):
    figure = lab.curve_figure
    assert figure.title == "No measurement is dialled yet"
    lab.dial = "qrs_ms"
    about = next(one for one in lab._dials if one["name"] == "qrs_ms")
    changes, answers = np.transpose(lab._edited["curve"]["points"])
    np.testing.assert_allclose(curve(figure).x, about["now"] + changes)
    np.testing.assert_allclose(curve(figure).y, answers)
    (home,) = dashed(figure)
    np.testing.assert_allclose(home.x, about["now"])
    assert axes(figure) == ("QRS duration, ms", "probability of AF")
    lab.asked = {"qrs_ms": 20.0}
    assert marker(figure).x[0] == pytest.approx(about["now"] + 20.0)
    assert marker(figure).y[0] == pytest.approx(lab.answers["AF"])  # the model's, not the line's
    lab.dial = "pr_ms"
    assert axes(figure)[0] == "PR interval, ms"


def test_it_grows_as_the_curve_does(lab):
    figure, grown = lab.curve_figure, []
    curve(figure).observe(lambda change: grown.append(len(change["new"])), "x")
    lab._jobs.handle({"type": "ready", "view": "v"})
    lab._jobs.handle({"type": "visible", "view": "v", "visible": True})
    send = lab._jobs._send

    def acknowledged(content: dict[str, Any], buffers: list[bytes]) -> None:
        send(content, buffers)
        if content["type"] == "step":
            lab._jobs.handle({"type": "ack", "id": content["id"], "seq": content["seq"]})

    lab._jobs._send = acknowledged
    lab.dial = "qrs_ms"
    assert len(grown) > 2
    assert grown[-1] == len(lab._edited["curve"]["points"])


def test_a_drag_or_a_click_turns_the_dial(lab):
    figure = lab.curve_figure
    lab.dial, lab.asked = "qrs_ms", {"rr_sd_ms": 30.0}
    now, high = next((d["now"], d["high"]) for d in lab._dials if d["name"] == "qrs_ms")
    drag(marker(figure), now + 10.04)
    assert lab.asked == {"rr_sd_ms": 30.0, "qrs_ms": pytest.approx(10.0)}
    click(points(figure), len(points(figure).x) - 1)
    assert lab.asked["qrs_ms"] == pytest.approx(high, abs=0.05)
    drag(marker(figure), now + 1e5)
    assert lab.asked["qrs_ms"] == high


# -- nothing stays behind


def test_a_closed_widget_is_collected_with_its_figures(rec, model, cf):
    before = set(_instances)
    app = cw.explore(rec, model)
    app._show_counterfactuals([cf], [packed_found(cf)])
    app.mode, app.dial = "dials", "qrs_ms"
    before.add(app.layout.model_id)  # which ipywidgets leaves open
    gone = [weakref.ref(app), weakref.ref(app.answer_figure), weakref.ref(app.curve_figure)]
    app.close()
    del app
    gc.collect()
    assert [one() for one in gone] == [None, None, None]
    assert set(_instances) - before == set()


def test_no_bqplot_is_loaded_for_who_asks_for_no_figure():
    code = (
        "import sys, cofe_widgets as cw\n"
        "cw.explore(None, 'af-resnet'); cw.EcgLab\n"
        "assert 'bqplot' not in sys.modules\n"
        "cw.figure\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=300)


# -- values


def table(changes: list[tuple[float, float]]) -> Any:
    """Records whose QRS duration and axis change by so much; the last is not reached."""
    rows = []
    for k, (qrs, axis) in enumerate([*changes, (900.0, 90.0)]):
        outcome = dict.fromkeys(("name", "space", "message", "failure"), "")
        outcome |= {"record": k, "direction": "towards", "reached": k < len(changes)}
        before = dict.fromkeys(MEASUREMENTS, np.nan) | {"qrs_ms": 90.0, "qrs_axis_deg": 170.0}
        after = before | {"qrs_ms": 90.0 + qrs, "qrs_axis_deg": 170.0 + axis}
        rows.append(({**outcome, "level": 0.9, "before": 0.1, "after": 0.9}, before, after))
    return table_of(rows, "AF", {})


def test_a_counterfactual_has_a_figure(cf):
    figure = cw.figure(cf)
    np.testing.assert_allclose(curve(figure).y, cf.predictions)
    assert marker(figure).x[0] == 1.0
    assert not marker(figure).enable_move  # there is nothing that would follow


def test_a_table_has_one_with_changes_in_units_that_count():
    figure = cw.figure(table([(16.0, 0.0), (-8.0, 40.0), (4.0, -350.0)]))
    down = figure.axes[1]
    keys = list(MEASUREMENTS)
    assert [down.tick_labels[str(k)].rsplit(" (", 1)[0] for k in range(len(keys))] == [
        about.title for about in MEASUREMENTS.values()
    ]
    (dots,) = (m for m in figure.marks if isinstance(m, bq.Scatter))
    rows = np.rint(dots.y).astype(int)
    back = np.sign(dots.x) * (2.0 ** np.abs(dots.x) - 1)
    sizes = {name: sorted(back[rows == k]) for k, name in enumerate(keys)}
    assert sizes["qrs_ms"] == pytest.approx(
        [-1.0, 0.5, 2.0]
    )  # of 8 ms; the unreached one is not there
    assert sizes["qrs_axis_deg"] == pytest.approx([0.0, 1.0, 4.0])  # of 10 degrees, the shorter way
    assert sizes["pr_ms"] == []
    assert "Towards atrial fibrillation (3 of 4 reached)" in figure.title


def test_one_measurement_of_it_is_shown_before_and_after_in_its_unit():
    figure = cw.figure(table([(16.0, 0.0), (-8.0, 0.0), (4.0, 0.0)]), "qrs_ms")
    each, median = (m for m in figure.marks if isinstance(m, bq.Lines))
    np.testing.assert_allclose(each.y, [[90, 106], [90, 82], [90, 94]])
    np.testing.assert_allclose(median.y, [90, 94])
    assert figure.axes[1].label == "QRS duration, ms"
    assert {str(m.text[0]) for m in figure.marks if isinstance(m, bq.Label)} == {"90", "94"}


def test_a_twin_score_has_one():
    changes = pd.DataFrame(
        [
            (0, "qrs_ms", 6.0, 30.0, 24.0, True),
            (1, "qrs_ms", 6.0, 18.0, -12.0, False),
            (1, "t_amplitude_mv", 0.1, 0.4, np.nan, False),
        ],
        columns=["heart", "measurement", "error", "true", "found", "right"],
    )
    score = cw.audit.TwinScore("HYPERK", "potassium_mmol_l", pd.DataFrame(), changes)
    figure = cw.figure(score)
    true, found = (m for m in figure.marks if isinstance(m, bq.Scatter))
    assert sorted(2.0**true.x - 1) == pytest.approx([3.0, 4.0, 5.0])
    assert sorted(found.x) == pytest.approx([-np.log2(3.0), np.log2(5.0)])
    assert figure.title.startswith("Hyperkalaemia")
    one = cw.figure(score, "qrs_ms")
    (dots,) = (m for m in one.marks if isinstance(m, bq.Scatter))
    assert list(zip(dots.x, dots.y, strict=True)) == [(30.0, 24.0), (18.0, -12.0)]
    assert "1 of 2 signs right" in one.title


def test_what_has_no_figure_is_refused_in_words(rec):
    with pytest.raises(TypeError, match=r"Record has no figure.*answer_figure"):
        cw.figure(rec)
    with pytest.raises(AuditError, match="measurement 'qrs': choose one of heart_rate_bpm"):
        cw.figure(table([(1.0, 0.0)]), "qrs")
    with pytest.raises(AuditError, match="direction 'back': choose one of towards"):
        cw.figure(table([(1.0, 0.0)]), direction="back")


def test_ticks_are_round_numbers_within_the_ends():
    np.testing.assert_allclose(ticks(0.0, 1.0), [0, 0.2, 0.4, 0.6, 0.8, 1.0])
    np.testing.assert_allclose(ticks(4.9, 6.2), [5.0, 5.5, 6.0])
    np.testing.assert_allclose(ticks(-37.0, 300.0), [0, 100, 200, 300])
