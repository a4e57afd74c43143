"""What speaks against the waves found on a median beat: a doubtful number is not given.

Each check compares what was found with another way to know it: the leads with each other, the bounds
with what lies beyond them, the rate with what comes back in the record, the intervals with what hearts
can do. Its answer is a sentence, or nothing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .beats import between
from .waves import (
    FAST_SHARE,
    T_FLOOR_MV,
    Wave,
    lead_t_ends,
    lead_velocity,
    level,
    qrs_wave,
    spatial,
)

#: No QRS is shorter.
LEAST_QRS_MS = 50.0
#: QRS bounds may move by this when one of at least so many leads is left out.
MOST_MOVED_MS, LEAST_LEADS = 30.0, 4
#: ... unless it is by a deflection of this share of what that lead shows, as R' in V1.
FAINT = 0.15
#: No part as fast as a QRS lies within this time of its onset outside its bounds (and this margin).
NEAR_MS, MARGIN_MS = 260.0, 10.0
#: A QRS wider than this whose J point lies this share of its largest deflection off the level ends in T.
WIDE_MS, HIGH_J = 180.0, 0.5
#: QTc (Fridericia) of hearts, ms, and the least time from J to the end of T.
QTC_MS, LEAST_JT_MS = (280.0, 640.0), 100.0
#: QT fills at most this share of RR; leads may put the end of T, in the median, this far from ours.
MOST_OF_RR, MOST_APART_MS = 0.8, 40.0
#: What comes back sooner than this share of the RR interval, so much alike in itself and beside what comes
#: back after RR, is a faster rhythm.
SOONER, ALIKE, BESIDE = 0.8, 0.5, 0.9
#: RR intervals differ in the median by this share from one to the next in fibrillation; where so few of
#: the beats have the wave, it is none.
IRREGULAR, MOST_P, LEAST_USUAL = 0.06, 0.9, 4
#: A stretch that rises no higher than this (root of the summed squares of the leads) hides no P wave.
HIDDEN_MV = 0.1
#: Longest wait from P to QRS, and from J to the end of T; beats after so much of the RR are not early.
LONGEST_PR_MS, LONGEST_JT_MS, NOT_EARLY = 480.0, 350.0, 0.9


def of_rhythm(steady: NDArray[np.float64], fs: float, r_peaks_s: NDArray[np.float64]) -> str:
    """Whether the record comes back sooner than the beats found in it.

    Parameters
    ----------
    steady : ndarray, shape (leads, samples)
        mV without wander; NaN where a lead is dead.
    fs : float
    r_peaks_s : ndarray, shape (beats,)
    """
    from scipy.fft import irfft, next_fast_len, rfft
    from scipy.ndimage import gaussian_filter1d

    rr = float(np.median(np.diff(r_peaks_s)))
    speed = np.sqrt(np.nansum(np.square(np.diff(steady, axis=1)), axis=0))
    speed = np.minimum(speed, np.quantile(speed, 0.995))
    speed = gaussian_filter1d(speed, 0.02 * fs)
    speed -= speed.mean()
    spectrum = rfft(speed, next_fast_len(2 * len(speed), real=True))
    back = irfft(np.square(np.abs(spectrum)))[: round(1.1 * rr * fs) + 2]
    # Fewer and fewer samples meet at longer lags.
    back = back / back[0] * len(speed) / (len(speed) - np.arange(len(back)))
    peaks = np.flatnonzero((back[1:-1] > back[:-2]) & (back[1:-1] >= back[2:])) + 1
    after = back[round(0.9 * rr * fs) :].max()
    sooner = peaks[(peaks > 0.12 * fs) & (peaks < SOONER * rr * fs)]
    sooner = sooner[back[sooner] > max(ALIKE, BESIDE * after)]
    if not len(sooner):
        return ""
    return (
        f"the signal repeats every {1000 * sooner[0] / fs:.0f} ms ({60 * fs / sooner[0]:.0f} a minute) "
        f"where beats were found {60 / rr:.0f} times a minute"
    )


def of_qrs(beat: NDArray[np.float64], leads: tuple[str, ...], qrs: Wave) -> str:
    """Whether the bounds of the QRS can be right.

    Parameters
    ----------
    beat : ndarray, shape (leads, len(TIME_MS))
    leads : tuple of str
    qrs : Wave
    """
    width = qrs.offset_ms - qrs.onset_ms
    if width < LEAST_QRS_MS:
        return f"what was found lasts {width:.0f} ms, less than any QRS"
    parts = lead_velocity(beat)
    speed = spatial(parts)
    inside = between(qrs.onset_ms - MARGIN_MS, qrs.offset_ms + MARGIN_MS)
    near = between(qrs.onset_ms - NEAR_MS / 4, qrs.onset_ms + NEAR_MS)
    outside = speed[near].copy()
    outside[inside.start - near.start : inside.stop - near.start] = 0
    if outside.max() > FAST_SHARE * speed[inside].max():
        return "deflections as fast as the QRS lie outside the bounds found"
    above = np.linalg.norm(beat - level(beat, qrs), axis=0)
    j = float(above[between(qrs.offset_ms, qrs.offset_ms + 4)].mean())
    if width > WIDE_MS and j > HIGH_J * above[inside].max():
        return (
            f"what was found lasts {width:.0f} ms and ends far from the level: T may be part of it"
        )
    return _alone(beat, parts, leads, qrs)


def _alone(
    beat: NDArray[np.float64], parts: NDArray[np.float64], leads: tuple[str, ...], qrs: Wave
) -> str:
    """Whether a bound rests on what one lead shows, and that lead shows next to nothing there."""
    if len(beat) < LEAST_LEADS:
        return ""
    for row, lead in enumerate(leads):
        less = qrs_wave(spatial(np.delete(parts, row, axis=0)))
        longer = less.offset_ms - qrs.offset_ms
        disputed = beat[row, between(less.offset_ms, qrs.offset_ms)]
        if less.onset_ms - qrs.onset_ms > qrs.offset_ms - less.offset_ms:
            disputed = beat[row, between(qrs.onset_ms, less.onset_ms)]
        shorter = max(less.onset_ms - qrs.onset_ms, qrs.offset_ms - less.offset_ms)
        whole = np.ptp(beat[row, between(qrs.onset_ms, qrs.offset_ms)])
        faint = np.ptp(disputed) < FAINT * whole
        if longer > MOST_MOVED_MS or (shorter > MOST_MOVED_MS and faint):
            return (
                f"leads disagree: without {lead} the QRS would last "
                f"{less.offset_ms - less.onset_ms:.0f} instead of "
                f"{qrs.offset_ms - qrs.onset_ms:.0f} ms"
            )
    return ""


def of_t(qrs: Wave, t: Wave, rr_ms: float) -> str:
    """Whether what was found can be the T wave."""
    if not np.isfinite(t.peak_ms):
        return f"no T wave taller than {T_FLOOR_MV:g} mV"
    qt = t.offset_ms - qrs.onset_ms
    qtc = qt / (rr_ms / 1000) ** (1 / 3)
    if not QTC_MS[0] <= qtc <= QTC_MS[1]:
        return f"what was found makes a QTc of {qtc:.0f} ms, which no heart has"
    if t.offset_ms - qrs.offset_ms < LEAST_JT_MS:
        return f"what was found ends {t.offset_ms - qrs.offset_ms:.0f} ms after the QRS"
    if qt > MOST_OF_RR * rr_ms:
        return "what was found runs into the next beat"
    return ""


def of_t_end(beat: NDArray[np.float64], qrs: Wave, t: Wave, rr_ms: float) -> str:
    """Whether the leads agree on where T ends."""
    ends = lead_t_ends(beat, qrs, t, rr_ms)
    if len(ends) < LEAST_LEADS or abs(np.median(ends) - t.offset_ms) <= MOST_APART_MS:
        return ""
    return (
        f"leads disagree: T ends at {t.offset_ms - qrs.onset_ms:.0f} ms over all, in most leads at "
        f"{np.median(ends) - qrs.onset_ms:.0f} ms"
    )


def of_no_p(stretch: NDArray[np.float64], rr_before_ms: NDArray[np.float64]) -> str:
    """Whether a P wave that was not found can be told to be absent.

    It can in fibrillation, where RR is irregular, and where nothing lies before the QRS.

    Parameters
    ----------
    stretch : ndarray, shape (leads, times)
        What comes before the QRS in the mean, mV from its own straight line.
    rr_before_ms : ndarray, shape (beats,)
    """
    rr = rr_before_ms[np.isfinite(rr_before_ms)]
    if len(rr) > 2 and np.median(np.abs(np.diff(rr))) > IRREGULAR * np.median(rr):
        return ""
    height = float(np.sqrt(np.nansum(np.square(stretch), axis=0)).max(initial=0.0))
    if height < HIDDEN_MV:
        return ""
    return "what comes before the QRS is neither flat nor a wave of its own: P may be hidden in T"


def of_p(
    p: Wave,
    qrs: Wave,
    t: Wave,
    has_p: NDArray[np.bool_],
    rr_before_ms: NDArray[np.float64],
    t_doubtful: bool,
    suspect: bool,
) -> str:
    """Whether what comes before the QRS can be told to be a P wave.

    Parameters
    ----------
    p, qrs, t : Wave
    has_p : ndarray of bool, shape (beats,)
    rr_before_ms : ndarray, shape (beats,)
        The interval before each beat; infinite where unknown.
    t_doubtful : bool
        Whether `of_t` or `of_t_end` had anything to say.
    suspect : bool
        Whether it comes back as flutter waves do.
    """
    rr = rr_before_ms[np.isfinite(rr_before_ms)]
    if not has_p.any() or not len(rr):
        return ""
    if suspect:
        return "a wave of its shape comes an atrial cycle earlier: it may be a flutter wave"
    onset = p.onset_ms + float(np.median(rr))
    if t_doubtful and onset < qrs.offset_ms + LONGEST_JT_MS:
        return "the end of T is not known: what comes before the QRS may be the T wave of the last beat"
    if onset < max(qrs.offset_ms, t.peak_ms):
        return "what was found lies before the T wave of the last beat"
    if qrs.onset_ms - p.onset_ms > LONGEST_PR_MS:
        return f"what was found begins {qrs.onset_ms - p.onset_ms:.0f} ms before the QRS"
    # Beats that come early, and those after them, may lack the P wave of the others.
    early = rr_before_ms < NOT_EARLY * np.median(rr)
    usual = np.isfinite(rr_before_ms) & ~early & ~np.append(False, early[:-1])
    if usual.sum() < LEAST_USUAL:
        return ""
    jumps = np.median(np.abs(np.diff(rr))) / np.median(rr)
    share = has_p[usual].mean()
    if jumps > IRREGULAR and share < MOST_P:
        return (
            f"in an irregular rhythm {100 * share:.0f} % of the beats have a wave before "
            "them: P waves cannot be told from flutter or coarse fibrillation"
        )
    return ""
