"""The median beat of a long record: of minutes spread evenly over it, each measured by itself.

A day has many heart rates, bodies turn, leads fall off: one median over all of it would smear what
every minute shows clearly. So minutes are measured as short records are, and what most of them show
is the record's. Beats are counted, and told apart, over all of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..ecg import Record
from ..errors import EcgError
from .beats import TIME_MS, between, cut, main_kind, of_shape
from .deflections import deflections
from .filters import pass_band
from .quality import screened
from .repeated import HIGH_PASS_HZ, looked_at_again
from .rpeaks import WORKING_FS, beats_of, working_leads
from .waves import Wave
from .windows import Span, Window, spans, windows

#: A `MedianBeat`; its module imports this one.
Beat = Any
#: At most so many windows, of so many seconds, are measured: one minute in ten of a day.
MOST_WINDOWS, MEASURED_S = 144, 60.0
#: Windows that show fewer beats say nothing.
LEAST_WINDOW_BEATS = 5
#: A wave is there when this share of the windows shows it: atria may fibrillate half the day.
LEAST_WAVE_SHARE = 0.2
#: With more windows in doubt about a part of the beat than this share, the record is.
MOST_DOUBTS = 0.5
#: A window whose beats are of the record's kind to less than this share is judged by its own kind.
LEAST_OF_KIND = 0.4
#: So many beats of a window, or up to twice as many, tell which kind is usual in it.
MOST_ASKED = 50
#: What else a doubt about one part makes doubtful, and the waves that rest on each.
_DOUBTED = {"QRS": ("rhythm", "QRS"), "T": ("rhythm", "T", "T end"), "P": ("rhythm", "P")}


def long_beat(
    record: Record,
    of_window: Callable[[Record], Beat],
    clean: bool = True,
) -> Beat:
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
    beat = _joined([shown[k] for k in np.flatnonzero(_alike(shown))])
    found = _all_beats(record, beat, clean)
    judged = [one.has_p for one in shown if len(one.has_p) and _is_sure(one, "P")]
    return replace(
        beat,
        r_peaks_s=found.r_peaks_s,
        rr_ms=found.rr_ms,
        is_main=found.is_main,
        n_other=found.n_other,
        has_p=np.concatenate(judged) if judged else np.empty(0, bool),
    )


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


def _is_sure(beat: Beat, wave: str) -> bool:
    """Whether nothing speaks against a wave of a median beat."""
    return not any(part in beat.doubts for part in _DOUBTED[wave])


def _joined(beats: Sequence[Beat]) -> Beat:
    """The median of several median beats: its signal, its waves, and its deflections."""
    signal = _median([one.signal for one in beats])
    p, qrs, t = (_wave(beats, name) for name in ("P", "QRS", "T"))
    inside = between(qrs.onset_ms, qrs.offset_ms + 1)
    with_p = [one.p_mv for one in beats if np.isfinite(one.p.peak_ms)]
    with_t = [one.t_amplitude_mv for one in beats]
    return replace(
        beats[0],
        signal=signal.astype(np.float32),
        p=p,
        qrs=qrs,
        t=t,
        p_mv=_median(with_p) if np.isfinite(p.peak_ms) else np.full(signal.shape, np.nan),
        t_amplitude_mv=_median(with_t) if np.isfinite(t.peak_ms) else np.full(len(signal), np.nan),
        deflections=deflections(signal[:, inside], TIME_MS[inside]),
        doubts=_doubts(beats),
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


def _wave(beats: Sequence[Beat], name: str) -> Wave:
    """Median bounds of a wave over the windows that show it, the sure ones where there are any."""
    sure = [one for one in beats if _is_sure(one, name)] or beats
    waves = [getattr(one, name.lower()) for one in sure]
    shown = np.array([wave for wave in waves if np.isfinite(wave.peak_ms)])
    if len(shown) < max(1, LEAST_WAVE_SHARE * len(waves)):
        return Wave()
    return Wave(*np.median(shown, axis=0).tolist())


def _doubts(beats: Sequence[Beat]) -> dict[str, str]:
    """What most windows doubt, in the words that most of those use."""
    parts = Counter(part for one in beats for part in one.doubts)
    doubted = {part: n for part, n in parts.items() if n > MOST_DOUBTS * len(beats)}
    out = {}
    for part, n in doubted.items():
        words = Counter(one.doubts[part] for one in beats if part in one.doubts)
        out[part] = f"{words.most_common(1)[0][0]} (so in {n} of {len(beats)} minutes looked at)"
    return out


class _Told(NamedTuple):
    """The beats of a record, told apart."""

    r_peaks_s: NDArray[np.float64]
    rr_ms: NDArray[np.float64]
    is_main: NDArray[np.bool_]
    n_other: int


def _all_beats(record: Record, beat: Beat, clean: bool) -> _Told:
    """The beats of the whole record, looked at again a window at a time."""
    found, at, n_other = beats_of(record, clean), 0, 0
    parts: list[tuple[NDArray[Any], ...]] = []
    for window in windows(record, spans(record)):
        stop = int(np.searchsorted(found.r_peaks_s, window.to_s))
        mine, at = slice(at, stop), stop
        peaks = found.r_peaks_s[mine] - window.start_s
        if len(peaks):
            peaks, is_main, other = _told(window, peaks, found.rr_ms[mine], beat, clean)
            parts.append((peaks + window.start_s, is_main))
            n_other += int(other.sum())
    if not parts:
        return _Told(np.empty(0), np.empty(0), np.empty(0, bool), 0)
    peaks, is_main = (np.concatenate(one) for one in zip(*parts, strict=True))
    rr_ms = np.diff(peaks, prepend=np.nan) * 1000
    # Over what nobody saw there is no interval.
    blind = np.flatnonzero(np.isnan(found.rr_ms[1:])) + 1
    middle = (found.r_peaks_s[blind - 1] + found.r_peaks_s[blind]) / 2
    rr_ms[np.searchsorted(peaks, middle).clip(max=len(peaks) - 1)] = np.nan
    return _Told(peaks, rr_ms, is_main, n_other)


def _told(
    window: Window,
    peaks: NDArray[np.float64],
    rr_ms: NDArray[np.float64],
    beat: Beat,
    clean: bool,
) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_]]:
    """R-peaks of a window looked at again, which are of the main kind, and which of another."""
    work = working_leads(screened(window.record).record(clean))
    rows = [beat.leads.index(lead) for lead in work.leads]
    steady = pass_band(work.signal, WORKING_FS, HIGH_PASS_HZ)
    known = np.isfinite(beat.signal[rows]).all(axis=1) & ~np.isnan(steady).all(axis=1)
    nobody = np.zeros(len(peaks), bool)
    if not known.any():
        return peaks, nobody, nobody
    steady, template = steady[known], beat.signal[rows][known].astype(float)
    # Some of the beats tell which kind is usual here.
    some = cut(steady, WORKING_FS, peaks[:: max(1, len(peaks) // MOST_ASKED)])
    if of_shape(some, template)[0].mean() < LEAST_OF_KIND:
        # Electrodes were moved, or the heart conducts otherwise for a while; or it is noise.
        usual = main_kind(some)[0]
        if usual.sum() < max(2, LEAST_OF_KIND * len(usual)):
            return peaks, nobody, nobody
        template = np.nan_to_num(_median(list(some[usual])))
    peaks, _, _, other = looked_at_again(steady, peaks, rr_ms, nobody, template, beat.qrs, beat.t)
    return peaks, ~other, other
