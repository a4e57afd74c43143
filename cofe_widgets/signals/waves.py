"""Onset, peak and end of QRS and T on a median beat, from all leads at once.

Global intervals, from the earliest to the latest activity in simultaneous leads, are what the
AHA/ACCF/HRS recommendations ask for (Kligfield et al., Circulation 2007;115:1306, section on
global measurements).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .beats import BEAT_FS, TIME_MS, between
from .filters import pass_band

#: R lies this near the fastest moment of its QRS.
MOST_MS = 110.0
#: A QRS may pause this long before it goes on at this share of its highest speed, so far from it.
LULL_MS, FAST_SHARE, REACH_MS = 65.0, 0.3, 160.0
#: The QRS begins and ends where the spatial velocity falls under this share of its maximum.
QRS_ONSET_SHARE, QRS_OFFSET_SHARE = 0.045, 0.06
#: From its onset it takes at most this long to become fast.
RISE_MS = 70.0
#: ... or under this many times the velocity of the quiet before it, whichever is higher.
QUIET_TIMES = 2.0
#: ... and stays there as long as this.
HOLD_MS = 12.0
#: An ST segment that climbs into the T wave at once never gets quiet: the QRS ends at the latest where
#: the speed, under this share of its maximum, stops falling (in so many ms to no less than one over
#: STEADY of it) and stays there (in so many ms at most STEADY times it).
SLOW_SHARE, STEADY, STOPS_MS, STAYS_MS = 0.13, 1.5, 30.0, 50.0
#: The T wave begins and ends where its flank's slope has fallen to this share of its steepest.
SLOPE_SHARE = 0.25
#: A T wave that goes this share of its height to the other side, and comes back within this time at
#: this share of its speed, is biphasic and ends later.
SECOND_PHASE, SECOND_MS = 0.25, 120.0
#: A T wave smaller than this in spatial magnitude is no T wave.
T_FLOOR_MV = 0.05

#: A lead shows the T wave when it is this tall there, within this time of the global peak.
LEAD_T_MV, LEAD_REACH_MS = 0.08, 80.0


class Wave(NamedTuple):
    """Onset, peak and offset of a wave in ms after R; NaN where it is absent."""

    onset_ms: float = float("nan")
    peak_ms: float = float("nan")
    offset_ms: float = float("nan")


def intervals(p: Wave, qrs: Wave, t: Wave) -> dict[str, float]:
    """The four intervals of a beat, ms; NaN where a wave is absent."""
    return {
        "p_duration_ms": p.offset_ms - p.onset_ms,
        "pr_ms": qrs.onset_ms - p.onset_ms,
        "qrs_ms": qrs.offset_ms - qrs.onset_ms,
        "qt_ms": t.offset_ms - qrs.onset_ms,
    }


def qrs_wave(speed: NDArray[np.float64]) -> Wave:
    """The QRS of a beat of `spatial_velocity` ``speed``: its peak is R, at zero."""
    main = between(-MOST_MS, MOST_MS)
    fastest = main.start + int(speed[main].argmax())
    top = speed[fastest]
    first, last = _fast(speed, fastest)
    quiet = QUIET_TIMES * np.percentile(speed[between(TIME_MS[first] - 300, TIME_MS[first])], 30)
    hold = round(HOLD_MS / 1000 * BEAT_FS)

    before = speed[first::-1] < max(QRS_ONSET_SHARE * top, quiet)
    later = between(max(40.0, TIME_MS[last] + 25), max(160.0, TIME_MS[last] + 145))
    slowest = 1.5 * np.convolve(speed, np.ones(hold) / hold, "same")[later].min()
    after = speed[last:] < max(QRS_OFFSET_SHARE * top, quiet, slowest)
    end = min(_first_run(after, hold), _steady(speed, last, top, hold))
    rise = _first_run(before, hold)
    longest = round(RISE_MS / 1000 * BEAT_FS)
    if rise > longest:
        # P runs into the QRS and it never gets quiet: the QRS begins at the last pause before it.
        smooth = np.convolve(speed, np.ones(hold) / hold, "same")[first::-1][: longest + 1]
        pauses = (smooth[1:-1] < smooth[:-2]) & (smooth[1:-1] <= smooth[2:])
        pauses &= smooth[1:-1] < SLOW_SHARE * top
        rise = int(pauses.argmax()) + 1 if pauses.any() else int(smooth.argmin())
    onset, offset = first - rise, last + end
    return Wave(float(TIME_MS[onset]), 0.0, float(TIME_MS[offset]))


def _fast(speed: NDArray[np.float64], fastest: int) -> tuple[int, int]:
    """First and last sample of the QRS that are nearly as fast as its fastest.

    In bundle branch block the trace pauses at a notch or at the bottom of S and goes on.
    """
    fast = np.flatnonzero(speed > FAST_SHARE * speed[fastest])
    fast = fast[np.abs(fast - fastest) <= REACH_MS / 1000 * BEAT_FS]
    at = int(np.searchsorted(fast, fastest))
    apart = np.flatnonzero(np.diff(fast) > LULL_MS / 1000 * BEAT_FS) + 1
    part = int(np.searchsorted(apart, at, "right"))
    bounds = [0, *apart, len(fast)]
    return int(fast[bounds[part]]), int(fast[bounds[part + 1] - 1])


def _steady(speed: NDArray[np.float64], start: int, top: float, hold: int) -> int:
    """Samples from ``start`` to where a falling speed becomes a steady one; to the end if it does not."""
    from scipy.ndimage import maximum_filter1d, minimum_filter1d

    # Extremes of what follows each sample.
    smooth = np.convolve(speed, np.ones(hold) / hold, "same")[start:]
    stops, stays = (round(ms / 1000 * BEAT_FS) for ms in (STOPS_MS, STAYS_MS))
    lowest = minimum_filter1d(smooth, stops + 1, origin=-(stops // 2))
    highest = maximum_filter1d(smooth, stays + 1, origin=-(stays // 2))
    steady = (lowest > smooth / STEADY) & (highest < smooth * STEADY)
    steady &= smooth < SLOW_SHARE * top
    return int(steady.argmax()) if steady.any() else len(smooth) - 1


def stands_out(speed: NDArray[np.float64], rr_ms: float) -> float:
    """Fastest of the QRS over the median of its cycle; a sine wave has the square root of 2."""
    cycle = between(-min(500, rr_ms / 2), min(700, rr_ms / 2))
    return float(speed[between(-70, 70)].max() / np.median(speed[cycle]))


def spatial_velocity(beat: NDArray[np.float64]) -> NDArray[np.float64]:
    """Spatial velocity of a beat (leads, len(TIME_MS)), below 40 Hz."""
    return spatial(lead_velocity(beat))


def lead_velocity(beat: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each lead's part in `spatial_velocity`, squared."""
    velocity = np.gradient(pass_band(beat, BEAT_FS, high_hz=40.0), axis=1)
    # Leads of small voltage see the first and last of the QRS as well as large ones do.
    largest = np.abs(velocity[:, between(-80, 80)]).max(axis=1, keepdims=True)
    return np.asarray(np.square(velocity) / np.where(largest > 0, largest, 1.0))


def spatial(squares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Spatial velocity from the parts of some leads."""
    return np.convolve(np.sqrt(squares.sum(axis=0)), np.ones(3) / 3, "same")


def _first_run(low: NDArray[np.bool_], hold: int) -> int:
    """Start of the first run of ``hold`` true values; the end of the array when there is none."""
    runs = np.convolve(low, np.ones(hold), "valid") >= hold - 0.5
    return int(runs.argmax()) if runs.any() else len(low) - 1


def t_wave(beat: NDArray[np.float64], qrs: Wave, rr_ms: float) -> Wave:
    """The T wave of a beat (leads, len(TIME_MS)) followed by the next one after ``rr_ms``.

    The peak is the largest spatial magnitude; onset and end are where the slope of the first
    principal component of the ST-T segment has fallen to a quarter of its steepest, which lies a
    little beyond the tangent's crossing, where cardiologists put the end.
    """
    start = min(qrs.offset_ms, 240.0) + 50
    stop = max(min(620.0, rr_ms + qrs.onset_ms - 100), start + 100)
    smooth = pass_band(beat, BEAT_FS, high_hz=15.0) - level(beat, qrs)
    segment = between(start, stop)
    st_t = smooth[:, segment]
    magnitude = np.sqrt(np.square(st_t).sum(axis=0))
    peak = int(magnitude[: len(TIME_MS[between(start, min(0.72 * rr_ms, stop))])].argmax())
    if magnitude[peak] < T_FLOOR_MV:
        return Wave()
    axis = np.linalg.svd(st_t - st_t[:, -1:], full_matrices=False)[0][:, 0]
    shape = axis @ st_t
    shape = shape if shape[peak] >= shape[-1] else -shape
    slope = np.gradient(shape)
    end = peak + slope_end(-slope[peak:], 0.2, SLOPE_SHARE)
    back = slope[end : end + round(SECOND_MS / 1000 * BEAT_FS)].max(initial=0.0)
    if (
        shape[end] < -SECOND_PHASE * shape[peak]
        and back > SECOND_PHASE * -slope[peak : end + 1].min()
    ):
        # Down to the other side and up again: a biphasic T wave.
        end += slope_end(slope[end:], SECOND_MS / 1000, SLOPE_SHARE)
    onset = peak - slope_end(slope[peak::-1], 0.2, SLOPE_SHARE)
    times = TIME_MS[segment]
    return Wave(float(times[onset]), float(times[peak]), float(times[end]))


def lead_t_ends(beat: NDArray[np.float64], qrs: Wave, t: Wave, rr_ms: float) -> NDArray[np.float64]:
    """Where T ends in every lead that shows it, ms after R: what `t_wave` does for all at once."""
    smooth = pass_band(beat, BEAT_FS, high_hz=15.0) - level(beat, qrs)
    start = max(t.peak_ms - LEAD_REACH_MS, qrs.offset_ms)
    segment = between(start, max(min(620.0, rr_ms + qrs.onset_ms - 100), t.peak_ms + 20))
    times = TIME_MS[segment]
    near = int(np.searchsorted(times, t.peak_ms + LEAD_REACH_MS))
    ends = []
    for lead in smooth[:, segment]:
        lead = lead - lead[-1]
        peak = int(np.abs(lead[:near]).argmax())
        if abs(lead[peak]) > LEAD_T_MV:
            slope = np.gradient(lead * np.sign(lead[peak]))
            end = peak + slope_end(-slope[peak:], 0.2, SLOPE_SHARE)
            ends.append(times[min(end, len(times) - 1)])
    return np.array(ends)


def level(beat: NDArray[np.float64], qrs: Wave) -> NDArray[np.float64]:
    """The level of each lead at QRS onset, from which the CSE measures: shape ``(leads, 1)``."""
    quiet = between(qrs.onset_ms - 10, qrs.onset_ms)
    return np.asarray(np.median(beat[:, quiet], axis=1, keepdims=True))


def slope_end(slope: NDArray[np.float64], reach_s: float, share: float) -> int:
    """Where, walking from a peak down its flank, the slope ends: samples from the peak."""
    steepest = int(slope[: max(1, round(reach_s * BEAT_FS))].argmax())
    return steepest + _first_run(slope[steepest:] < share * slope[steepest], 5)
