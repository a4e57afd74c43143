"""The median beat of a long record: of windows spread evenly over it, each measured by itself.

A day has many heart rates, bodies turn, leads fall off: one median over all of it would smear what
every minute shows clearly. So windows are measured as short records are, and what most of them show
is the record's. Beats are counted, and told apart, over all of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..ecg import Record
from ..errors import EcgError
from .beats import SAME_QRS, TIME_MS, between, cut, main_kind
from .deflections import deflections
from .quality import screened
from .rpeaks import WORKING_FS, beats_of, filtered, working_leads
from .waves import Wave
from .windows import Span, spans, windows

#: A `MedianBeat`; its module imports this one.
Beat = Any
#: At most so many windows, of so many seconds, are measured.
MOST_WINDOWS, MEASURED_S = 144, 60.0
#: Windows that show fewer beats say nothing.
LEAST_WINDOW_BEATS = 5
#: A wave is there when this share of the windows shows it: atria may fibrillate half the day.
LEAST_WAVE_SHARE = 0.2
#: A window whose beats are of the record's kind to less than this share is judged by its own kind.
LEAST_OF_KIND = 0.4
#: The QRS compared, ms after R.
QRS_MS = (-80.0, 120.0)
#: Wander ends here.
HIGH_PASS_HZ = 0.5


def long_beat(record: Record, of_window: Callable[[Record], Beat], clean: bool = True) -> Beat:
    """The median beat of a long record.

    Parameters
    ----------
    record : Record
    of_window : callable
        The median beat of a short record.
    clean : bool
        As of `median_beat`.

    Raises
    ------
    EcgError
        When no window shows a beat that comes back; says what the first of them said.
    """
    shown, why = [], ""
    for window in windows(record, _chosen(record)):
        try:
            one = of_window(window.record)
        except EcgError as error:
            why = why or str(error)
            continue
        if len(one.r_peaks_s) >= LEAST_WINDOW_BEATS:
            shown.append(one)
    if not shown:
        raise EcgError(f"no minute of the record shows a beat that comes back; the first: {why}")
    of_kind = [shown[k] for k in np.flatnonzero(_alike(shown))]
    beat = _joined(of_kind)
    peaks, rr_ms, is_main = _all_beats(record, beat, clean)
    judged = [one.has_p for one in shown if len(one.has_p) and "P" not in one.doubts]
    return replace(
        beat,
        r_peaks_s=peaks,
        rr_ms=rr_ms,
        is_main=is_main,
        n_other=int((~is_main).sum()),
        doubts=_doubts(of_kind),
        has_p=np.concatenate(judged) if judged else np.empty(0, bool),
    )


def _doubts(beats: Sequence[Beat]) -> dict[str, str]:
    """What most of the windows doubt, in the words of the first that does."""
    parts = {part for one in beats for part in one.doubts}
    said = {part: [one.doubts[part] for one in beats if part in one.doubts] for part in parts}
    return {part: words[0] for part, words in said.items() if len(words) > len(beats) / 2}


def _chosen(record: Record) -> list[Span]:
    """Spans of the windows that are measured, evenly over the record."""
    every = spans(record, MEASURED_S, overlap=0.0)
    count = min(len(every), MOST_WINDOWS)
    at = ((np.arange(count) + 0.5) * len(every) / count).astype(int)
    return [every[k] for k in at]


def _alike(beats: Sequence[Beat]) -> NDArray[np.bool_]:
    """Which windows show the kind of beat that most show."""
    if len(beats) < 3:
        return np.ones(len(beats), bool)
    return main_kind(np.stack([one.signal for one in beats]).astype(float))[0]


def _joined(beats: Sequence[Beat]) -> Beat:
    """The median of several median beats: its signal, its waves, and its deflections."""
    signal = _median([one.signal for one in beats])
    p, qrs, t = (_wave([getattr(one, name) for one in beats]) for name in ("p", "qrs", "t"))
    inside = between(qrs.onset_ms, qrs.offset_ms + 1)
    with_p = [one.p_mv for one in beats if np.isfinite(one.p.peak_ms)]
    return replace(
        beats[0],
        signal=signal.astype(np.float32),
        p=p,
        qrs=qrs,
        t=t,
        p_mv=_median(with_p) if np.isfinite(p.peak_ms) else np.full(signal.shape, np.nan),
        t_amplitude_mv=_median([one.t_amplitude_mv for one in beats])
        if np.isfinite(t.peak_ms)
        else np.full(len(signal), np.nan),
        deflections=deflections(signal[:, inside], TIME_MS[inside]),
    )


def _median(values: Sequence[NDArray[np.floating]]) -> NDArray[np.float64]:
    """Median over what is known; NaN where nothing is."""
    stacked = np.stack(values).astype(float)
    if not np.isnan(stacked).any():
        return np.asarray(np.median(stacked, axis=0))
    known = ~np.isnan(stacked).all(axis=0)
    out = np.full(stacked.shape[1:], np.nan)
    out[known] = np.nanmedian(stacked[:, known], axis=0)
    return out


def _wave(waves: Sequence[Wave]) -> Wave:
    """Median bounds of a wave over the windows that show it; none when few do."""
    shown = np.array([wave for wave in waves if np.isfinite(wave.peak_ms)])
    if len(shown) < max(1, LEAST_WAVE_SHARE * len(waves)):
        return Wave()
    return Wave(*np.median(shown, axis=0).tolist())


def _all_beats(
    record: Record, beat: Beat, clean: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """R-peaks of the whole record, the interval before each, and which are of the main kind."""
    beats, at = beats_of(record, clean), 0
    is_main = np.zeros(len(beats.r_peaks_s), bool)
    for window in windows(record, spans(record)):
        stop = int(np.searchsorted(beats.r_peaks_s, window.to_s))
        peaks = beats.r_peaks_s[at:stop] - window.start_s
        is_main[at:stop] = _is_main(window.record, peaks, beat, clean)
        at = stop
    return beats.r_peaks_s, beats.rr_ms, is_main


def _is_main(
    piece: Record, peaks_s: NDArray[np.float64], beat: Beat, clean: bool
) -> NDArray[np.bool_]:
    """Which beats of a window look like the record's, or, where few do, like each other."""
    work = working_leads(screened(piece).record(clean))
    rows = [beat.leads.index(lead) for lead in work.leads]
    inside = between(*QRS_MS)
    template = beat.signal[rows][:, inside].astype(float)
    steady = filtered(work.signal, low_hz=HIGH_PASS_HZ)
    known = np.isfinite(template).all(axis=1) & ~np.isnan(steady).all(axis=1)
    if not known.any() or not len(peaks_s):
        return np.zeros(len(peaks_s), bool)
    qrs = cut(steady[known], WORKING_FS, peaks_s, TIME_MS[inside])
    like = _likeness(qrs, template[known]) > SAME_QRS
    if like.mean() >= LEAST_OF_KIND:
        return np.asarray(like)
    # Electrodes were moved, or the heart conducts otherwise for a while.
    whole = cut(steady[known], WORKING_FS, peaks_s)
    return main_kind(whole)[0]


def _likeness(qrs: NDArray[np.float64], template: NDArray[np.float64]) -> NDArray[np.float64]:
    """Correlation of each QRS (beats, leads, times) with one, in the median lead; -1 where unknown."""
    qrs = qrs - qrs.mean(axis=2, keepdims=True)
    template = template - template.mean(axis=1, keepdims=True)
    size = np.linalg.norm(qrs, axis=2) * np.linalg.norm(template, axis=1)
    by_lead = (qrs * template).sum(axis=2) / np.where(size > 0, size, 1.0)
    dead = np.isnan(by_lead).all(axis=1)
    out = np.full(len(qrs), -1.0)
    out[~dead] = np.nanmedian(by_lead[~dead], axis=1)
    return out
