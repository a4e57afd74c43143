"""What stands in a pause between beats."""

import numpy as np

from cofe_widgets.signals.pauses import of_pauses
from cofe_widgets.signals.waves import Wave

FS = 250
PEAKS = np.array([1.0, 1.8, 2.6, 3.4, 5.0, 5.8, 6.6])
T = Wave(120.0, 200.0, 280.0)


def trace(*bumps: tuple[float, float, float]) -> np.ndarray:
    """Two leads with a QRS at each of `PEAKS` and bumps of a height (mV) and width (s) at some moment."""
    time = np.arange(8 * FS) / FS
    out = sum(np.exp(-0.5 * ((time - r) / 0.02) ** 2) for r in PEAKS)
    out = out + sum(h * np.exp(-0.5 * ((time - at) / w) ** 2) for at, h, w in bumps)
    return np.stack([out, 0.5 * out])


def said(signal: np.ndarray, rr_ms: np.ndarray | None = None) -> str:
    rr = np.diff(PEAKS, prepend=np.nan) * 1000 if rr_ms is None else rr_ms
    return of_pauses(signal, PEAKS, rr, T)


def test_a_wide_beat_in_a_pause_is_seen():
    assert "4.1 s" in said(trace((4.1, 1.0, 0.05)))


def test_an_empty_pause_a_small_wave_and_a_t_wave_say_nothing():
    assert said(trace()) == ""
    assert said(trace((4.1, 0.25, 0.05))) == ""
    assert said(trace(*((r + 0.2, 0.6, 0.03) for r in PEAKS))) == ""


def test_what_stands_between_beats_at_their_usual_distance_says_nothing():
    assert said(trace((2.2, 1.0, 0.05))) == ""


def test_an_interval_that_nobody_knows_is_no_pause():
    rr = np.diff(PEAKS, prepend=np.nan) * 1000
    rr[4] = np.nan
    assert said(trace((4.1, 1.0, 0.05)), rr) == ""


def test_a_dead_lead_says_nothing():
    signal = trace((4.1, 1.0, 0.05))
    signal[:, round(3.8 * FS) : round(4.6 * FS)] = np.nan
    assert said(signal) == ""
