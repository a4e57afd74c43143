"""What speaks against the waves found on a median beat: a doubtful number is not given.

Each check compares what was found with another way to know it: the leads with each other, the bounds
with what lies beyond them, the rate with what comes back in the record, the intervals with what hearts
can do. Its answer is a sentence, or nothing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .beats import between
from .p_wave import AtrialWave
from .waves import (
    T_FLOOR_MV,
    Wave,
    lead_t_ends,
    lead_velocity,
    level,
    qrs_wave,
    spatial,
    t_wave,
)

#: No QRS is shorter.
LEAST_QRS_MS = 50.0
#: QRS bounds may move by this when one of at least so many leads is left out.
MOST_MOVED_MS, LEAST_LEADS = 30.0, 4
#: So near to a bound a lead that makes up less than this share of the speed does not move it so far.
REACH_MS, WEIGHTY = 40.0, 0.35
#: ... unless it is by a deflection of this share of what that lead shows, as R' in V1.
FAINT = 0.15
#: No part as fast as a QRS lies within this time of its onset outside its bounds (and this margin).
NEAR_MS, MARGIN_MS, OUTSIDE_SHARE = 260.0, 10.0, 0.5
#: A QRS wider than this whose J point lies this share of its largest deflection off the level ends in T.
WIDE_MS, HIGH_J = 180.0, 0.5
#: Every other beat and those between differ in QRS, and in QT, by no more than this: in 96 of 100
#: recordings.
HALVES_MS = (6.0, 40.0)
#: A QRS broader than this begins and ends gently: its halves may differ by this share of it.
BROAD_MS, HALVES_SHARE = 120.0, 0.1
#: So fast (share of the fastest) is what follows the QRS, for so long, in one of 14 recordings of
#: fibrillation: then its end is guessed.
RESTLESS, AFTER_MS = 0.05, 80.0
#: QTc (Fridericia) of hearts, ms, and the least time from J to the end of T.
QTC_MS, LEAST_JT_MS = (280.0, 640.0), 100.0
#: QT fills at most this share of RR; leads may put the end of T, in the median, this far from ours.
MOST_OF_RR, MOST_APART_MS = 0.8, 40.0
#: What comes back sooner than this share of the RR interval, so much alike in itself and beside what comes
#: back after RR, is a faster rhythm.
SOONER, ALIKE, BESIDE, SHORTEST_RR_S = 0.8, 0.5, 0.9, 0.12
#: At so short an RR a mean that is so many times the median is of beats missed.
FAST_RR_S, MISSED = 0.32, 1.05
#: Beats that come a little early or late still meet.
BLUR_S = 0.02
#: RR intervals differ in the median by this share from one to the next in fibrillation; where so few of
#: the beats have the wave, it is none.
IRREGULAR, MOST_P, LEAST_USUAL = 0.06, 0.9, 4
#: Faster than this, T and P between two beats look like flutter waves.
FAST_RR_MS = 550.0
#: A stretch that rises no higher than this (root of the summed squares of the leads) hides no P wave.
HIDDEN_MV = 0.1
#: P begins as much after the end of T, at least, if both are to be told.
APART_MS = 40.0
#: Room that P and the wait after it need between T and QRS.
ROOM_MS = 180.0
#: No P wave is shorter, or longer.
LEAST_P_MS, MOST_P_MS = 50.0, 190.0
#: Longest wait from P to QRS, and from J to the end of T; beats after so much of the RR are not early.
LONGEST_PR_MS, LONGEST_JT_MS, NOT_EARLY = 480.0, 350.0, 0.9


def of_beat(
    leads: tuple[str, ...],
    beat: NDArray[np.float64],
    halves: NDArray[np.float64] | None,
    qrs: Wave,
    t: Wave,
    atrial: AtrialWave,
    rr_ms: float,
    rr_before_ms: NDArray[np.float64],
    whole: bool = True,
) -> dict[str, str]:
    """What speaks against the waves of a median beat, by wave; empty sentences where nothing does.

    Parameters
    ----------
    leads : tuple of str
    beat : ndarray, shape (leads, len(TIME_MS))
    halves : ndarray, shape (2, some leads, len(TIME_MS)), or None
        The median of every other beat, and of those between.
    qrs, t : Wave
    atrial : AtrialWave
    rr_ms : float
        The median interval.
    rr_before_ms : ndarray, shape (judged,)
        The interval before each beat that was judged for a P wave; infinite where unknown.
    whole : bool
        Whether no lead is dead for a while: with fewer leads, fibrillatory waves pass for the QRS.
    """
    qrs_apart, t_apart = of_halves(halves, rr_ms) if halves is not None else ("", "")
    about_t = of_t(qrs, t, rr_ms)
    apart = about_end = ""
    if not about_t:
        apart = of_t_end(beat, qrs, t, rr_ms) or t_apart
        about_end = of_t_and_p(t, atrial.wave, rr_ms) or apart
    if atrial.present.any():
        # That T ends where P begins says nothing against P.
        doubtful = bool(about_t or apart)
        about_p = of_p(atrial, qrs, t, rr_before_ms, doubtful)
    else:
        about_p = of_no_p(atrial, qrs, t, rr_before_ms)
    about_qrs = of_qrs(beat, leads, qrs) or qrs_apart
    if not (whole or about_qrs):
        about_qrs = _of_restless(beat, qrs, rr_before_ms)
    about_onset = "" if about_p else of_t_and_p(t, atrial.wave, rr_ms)
    parts = {"QRS": about_qrs, "T": about_t, "T end": about_end}
    return {**parts, "P": about_p, "P onset": about_onset}


def _of_restless(beat: NDArray[np.float64], qrs: Wave, rr_before_ms: NDArray[np.float64]) -> str:
    """Whether fibrillatory waves are as fast as the end of the QRS that they follow."""
    if not _irregular(rr_before_ms[np.isfinite(rr_before_ms)]):
        return ""
    speed = spatial(lead_velocity(beat))
    after = speed[between(qrs.offset_ms + MARGIN_MS, qrs.offset_ms + AFTER_MS)]
    if np.percentile(after, 70) < RESTLESS * speed.max():
        return ""
    return "the trace after the QRS is too restless to tell where it ends"


def _irregular(rr_ms: NDArray[np.float64]) -> bool:
    """Whether intervals differ from one to the next as they do in fibrillation."""
    return len(rr_ms) > 2 and bool(np.median(np.abs(np.diff(rr_ms))) > IRREGULAR * np.median(rr_ms))


def of_rhythm(steady: NDArray[np.float64], fs: float, r_peaks_s: NDArray[np.float64]) -> str:
    """Whether the record comes back sooner than the beats found in it.

    Parameters
    ----------
    steady : ndarray, shape (leads, samples)
        mV without wander; NaN where a lead is dead.
    fs : float
    r_peaks_s : ndarray, shape (beats,)
    """
    rr = float(np.median(np.diff(r_peaks_s)))
    back = _comes_back(steady, fs, 1.1 * rr)
    peaks = np.flatnonzero((back[1:-1] > back[:-2]) & (back[1:-1] >= back[2:])) + 1
    sooner = peaks[(peaks > SHORTEST_RR_S * fs) & (peaks < SOONER * rr * fs)]
    after = back[round(0.9 * rr * fs) :].max(initial=0.0)
    sooner = sooner[back[sooner] > max(ALIKE, BESIDE * after)]
    mean = float(np.mean(np.diff(r_peaks_s)))
    if not len(sooner) and rr < FAST_RR_S and after > ALIKE and mean > MISSED * rr:
        sooner = np.array([rr * fs])  # so fast that beats are missed here and there
    if not len(sooner):
        return ""
    return (
        f"the signal repeats every {1000 * sooner[0] / fs:.0f} ms ({60 * fs / sooner[0]:.0f} a minute) "
        f"where beats were found {60 / mean:.0f} times a minute"
    )


def repeats(steady: NDArray[np.float64], fs: float, r_peaks_s: NDArray[np.float64]) -> bool:
    """Whether the record comes back when the beats found in it do, and no sooner."""
    rr = float(np.median(np.diff(r_peaks_s)))
    back = _comes_back(steady, fs, 1.1 * rr)
    after = back[round(0.9 * rr * fs) :].max(initial=0.0)
    return bool(after > ALIKE) and not of_rhythm(steady, fs, r_peaks_s)


def _comes_back(steady: NDArray[np.float64], fs: float, longest_s: float) -> NDArray[np.float64]:
    """Autocorrelation of the spatial speed up to a lag, one value a sample."""
    from scipy.fft import irfft, next_fast_len, rfft
    from scipy.ndimage import gaussian_filter1d

    speed = np.sqrt(np.nansum(np.square(np.diff(steady, axis=1)), axis=0))
    speed = np.minimum(speed, np.quantile(speed, 0.995))
    speed = gaussian_filter1d(speed, BLUR_S * fs)
    speed -= speed.mean()
    spectrum = rfft(speed, next_fast_len(2 * len(speed), real=True))
    back = irfft(np.square(np.abs(spectrum)))[: min(round(longest_s * fs) + 2, len(speed) - 1)]
    # Fewer and fewer samples meet at longer lags.
    return np.asarray(back / max(back[0], 1e-12) * len(speed) / (len(speed) - np.arange(len(back))))


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
    if outside.max() > OUTSIDE_SHARE * speed[inside].max():
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
    for row in _weighty(parts, qrs):
        lead, less = leads[row], qrs_wave(spatial(np.delete(parts, row, axis=0)))
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


def _weighty(parts: NDArray[np.float64], qrs: Wave) -> list[int]:
    """The leads that make up much of the speed at a bound or at its fastest: others can move neither."""
    at = [between(qrs.onset_ms, qrs.onset_ms + REACH_MS), between(-MARGIN_MS, MARGIN_MS)]
    at.append(between(qrs.offset_ms - REACH_MS, qrs.offset_ms))
    sums = np.stack([parts[:, window].sum(axis=1) for window in at])
    shares = sums / np.maximum(sums.sum(axis=1, keepdims=True), 1e-12)
    return np.flatnonzero((shares > WEIGHTY).any(axis=0)).tolist()


def of_halves(halves: NDArray[np.float64], rr_ms: float) -> tuple[str, str]:
    """Whether every other beat shows the same QRS, and the same end of T, as the beats between.

    Parameters
    ----------
    halves : ndarray, shape (2, leads, len(TIME_MS))
        The median of each.
    rr_ms : float

    Returns
    -------
    tuple of str
        About the QRS, and about the end of T.
    """
    qrs = [qrs_wave(spatial(lead_velocity(half))) for half in halves]
    t = [t_wave(half, wave, rr_ms) for half, wave in zip(halves, qrs, strict=True)]
    width = [wave.offset_ms - wave.onset_ms for wave in qrs]
    qt = [wave.offset_ms - one.onset_ms for one, wave in zip(qrs, t, strict=True)]
    widest = max(width)
    may_differ = HALVES_MS[0] if widest <= BROAD_MS else HALVES_SHARE * widest
    said = "beats disagree: every other one has {} {:.0f} ms, the others {:.0f} ms"
    return (
        said.format("a QRS of", *width) if abs(width[0] - width[1]) > may_differ else "",
        said.format("a QT of", *qt) if abs(qt[0] - qt[1]) > HALVES_MS[1] else "",
    )


def of_t(qrs: Wave, t: Wave, rr_ms: float) -> str:
    """Whether what was found can be the T wave."""
    if not np.isfinite(t.peak_ms):
        return f"no T wave taller than {T_FLOOR_MV:g} mV"
    if t.peak_ms <= t.onset_ms:
        return "what follows the QRS falls from the first and has no peak of its own"
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


def of_t_and_p(t: Wave, p: Wave, rr_ms: float) -> str:
    """Whether what was taken for the end of T is the P wave of the next beat."""
    if t.offset_ms > rr_ms + p.onset_ms - APART_MS:
        return "the end of T lies in the P wave of the next beat, or cannot be told from it"
    return ""


def of_no_p(atrial: AtrialWave, qrs: Wave, t: Wave, rr_before_ms: NDArray[np.float64]) -> str:
    """Whether a P wave that was not found can be told to be absent.

    It can in fibrillation, where RR is irregular, where nothing lies before the QRS, and where flutter
    waves do; but T and P of a fast regular rhythm look like two of these, or like one wave.

    Parameters
    ----------
    atrial : AtrialWave
    qrs, t : Wave
    rr_before_ms : ndarray, shape (beats,)
    """
    rr = rr_before_ms[np.isfinite(rr_before_ms)]
    middle = float(np.median(rr)) if len(rr) else np.inf
    if atrial.flutter:
        fast = middle < FAST_RR_MS
        return "two waves between the beats may be T and P, or flutter waves" if fast else ""
    if _irregular(rr):
        return ""
    if middle + qrs.onset_ms - t.offset_ms < ROOM_MS:
        return "T ends so shortly before the next QRS that it may hide a P wave"
    height = float(np.sqrt(np.nansum(np.square(atrial.shape), axis=0)).max(initial=0.0))
    if height < HIDDEN_MV:
        return ""
    return "what comes before the QRS is neither flat nor a wave of its own: P may be hidden in T"


def of_p(
    atrial: AtrialWave,
    qrs: Wave,
    t: Wave,
    rr_before_ms: NDArray[np.float64],
    t_doubtful: bool,
) -> str:
    """Whether what comes before the QRS can be told to be a P wave.

    Parameters
    ----------
    atrial : AtrialWave
    qrs, t : Wave
    rr_before_ms : ndarray, shape (beats,)
        The interval before each beat; infinite where unknown.
    t_doubtful : bool
        Whether `of_t` or `of_t_end` had anything to say.
    """
    p, has_p = atrial.wave, atrial.present
    rr = rr_before_ms[np.isfinite(rr_before_ms)]
    if not has_p.any() or not len(rr):
        return ""
    if p.offset_ms - p.onset_ms < LEAST_P_MS:
        return f"what was found lasts {p.offset_ms - p.onset_ms:.0f} ms, less than any P wave"
    if p.offset_ms - p.onset_ms > MOST_P_MS:
        return f"what was found lasts {p.offset_ms - p.onset_ms:.0f} ms, more than any P wave"
    if atrial.suspect:
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
    if usual.sum() < LEAST_USUAL:  # early and late is all there is
        usual = np.isfinite(rr_before_ms)
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
