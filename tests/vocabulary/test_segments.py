import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cofe_widgets.vocabulary.segments import POINTS, SEGMENTS, TP, paint

BEAT = np.array([0.10, 0.12, 0.14, 0.20, 0.22, 0.24, 0.26, 0.28, 0.34, 0.38, 0.44, 0.50])


def names(points: np.ndarray) -> list[str]:
    return [SEGMENTS[i] for i in paint(points, 100, 60)]


def test_a_whole_beat_shows_the_24_segments_in_order():
    labels = paint(BEAT[None], 100, 60)
    order = labels[np.r_[True, np.diff(labels) != 0]]
    assert order.tolist() == [TP, *range(24)]
    assert [np.flatnonzero(labels == 2 * k).tolist() for k in range(12)] == [
        [round(100 * t)] for t in BEAT
    ]


def test_an_absent_p_leaves_tp_and_an_absent_t_leaves_tp():
    beat = BEAT.copy()
    beat[:3] = np.nan
    assert names(beat[None])[:20] == ["tp"] * 20
    beat[9:] = np.nan
    assert names(beat[None])[35:] == ["tp"] * 25


def test_an_absent_q_gives_its_stretch_to_r():
    beat = BEAT.copy()
    beat[POINTS.index("Q peak")] = np.nan
    assert names(beat[None])[21:24] == ["qr", "qr", "qr"]


def test_a_t_wave_ends_where_the_next_p_begins():
    beats = np.stack([BEAT - 0.3, BEAT + 0.05])
    labels = names(beats)
    assert labels[15] == "P onset" and "tp" not in labels[8:55]


def test_leads_and_records_are_painted_alike():
    many = np.broadcast_to(BEAT, (3, 2, 1, 12))
    assert (paint(many, 100, 60) == paint(BEAT[None], 100, 60)).all()


@given(st.floats(-1.0, 1.0), st.integers(0, 2**12 - 1))
def test_any_shift_and_any_absences_give_labels(shift, absent):
    beat = np.where([absent >> k & 1 for k in range(12)], np.nan, BEAT + shift)
    labels = paint(beat[None], 100, 60)
    assert labels.shape == (60,) and (labels >= 0).all() and (labels < 24).all()
    for k in np.flatnonzero(~np.isnan(beat)):
        at = round(100 * beat[k])
        if 0 <= at < 60 and abs(100 * beat[k] - at) < 0.4:
            assert labels[at] == 2 * k
