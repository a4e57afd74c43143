"""What a record repeats: its beats of the main kind, aligned at R, and their median in every lead."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..ecg import LIMB_LEADS, Record, limb_matrix
from ..errors import EcgError
from .beats import QRS, TIME_MS, cut, main_kind, median_of_known, of_shape, t_waves
from .filters import pass_band
from .rpeaks import FLAT_MV, WORKING_FS, beats_in, qrs_band, working_leads
from .waves import Wave

#: Wander ends here (zero phase, as the AHA allows for up to 0.67 Hz).
HIGH_PASS_HZ = 0.5
#: A median needs this many beats of one kind, and this share of all.
LEAST_BEATS, LEAST_SHARE = 2, 0.4
#: Below this rate the bounds of the waves are not in the signal.
LEAST_FS = 90.0
#: R may have been put this far from its QRS: on a pacing spike, on a notch; so near
#: the ends of the record it may not be R.
MOVES_MS, CUT_MS = 100.0, 50.0
#: The T peak of a single lead is sought this near the global one.
T_REACH_MS = 60.0


class Repeated(NamedTuple):
    """The leads that show the beats, the beats, and their median."""

    leads: tuple[str, ...]
    usable: NDArray[np.bool_]
    steady: NDArray[np.float64]
    r_peaks_s: NDArray[np.float64]
    rr_ms: NDArray[np.float64]
    is_main: NDArray[np.bool_]
    beat: NDArray[np.float64]
    halves: NDArray[np.float64] | None

    @property
    def shown(self) -> tuple[str, ...]:
        """The leads of the median."""
        return tuple(lead for lead, used in zip(self.leads, self.usable, strict=True) if used)


def repeated(record: Record, clipped: set[str]) -> Repeated:
    """What the record repeats: signal without wander and median beat, of the usable leads."""
    if record.fs < LEAST_FS:
        raise EcgError(
            f"the record has {record.fs:g} samples a second: at least {LEAST_FS:g} are needed to "
            "tell where waves begin and end"
        )
    work = working_leads(record)
    _, size = qrs_band(work.signal)
    # A peak that is cut off has no height to measure, and is at its place nevertheless.
    peaks, rr_ms = beats_in(work.signal)
    usable = (size > FLAT_MV) & np.array([lead not in clipped for lead in work.leads])
    if len(peaks) < LEAST_BEATS:
        raise EcgError(
            f"found {len(peaks)} beats in {record.duration_s:.1f} s and {usable.sum()} usable "
            f"leads: at least {LEAST_BEATS} beats are needed for a median beat"
        )
    steady = pass_band(work.signal[usable], WORKING_FS, HIGH_PASS_HZ)
    whole = (peaks > -TIME_MS[0] / 1000) & (peaks < work.duration_s - TIME_MS[-1] / 1000)
    if whole.sum() < LEAST_BEATS:
        whole[:] = True
    beats = cut(steady, WORKING_FS, peaks[whole])
    main, clear = main_kind(beats)
    if main.sum() < max(LEAST_BEATS, LEAST_SHARE * len(main)) or not clear.any():
        raise EcgError(f"of {len(peaks)} detected beats few look alike: this is noise, or no ECG")
    is_main = np.zeros(len(peaks), bool)
    is_main[whole] = main
    usable[usable] = clear
    beat, whole_leads = _median(beats[main][:, clear])
    usable[usable] = whole_leads
    if not usable.any():
        raise EcgError("in no lead are two beats whole: there is no median beat")
    steady = steady[clear][whole_leads]
    kept = beats[main][:, clear][:, whole_leads]
    halves = _halves(kept)
    return Repeated(work.leads, usable, steady, peaks, rr_ms, is_main, beat, halves)


def _halves(beats: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """The medians of every other beat and of those between, in the leads where both have enough."""
    whole = np.asarray(~np.isnan(beats).any(axis=2))
    enough = np.all([whole[k::2].sum(axis=0) >= LEAST_BEATS for k in (0, 1)], axis=0)
    if not enough.any():
        return None
    return np.stack([_median(beats[k::2][:, enough])[0] for k in (0, 1)])


def looked_at_again(
    steady: NDArray[np.float64],
    peaks: NDArray[np.float64],
    rr_ms: NDArray[np.float64],
    is_main: NDArray[np.bool_],
    beat: NDArray[np.float64],
    qrs: Wave,
    t: Wave,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_]]:
    """Beats, intervals and main beats with the median beat in hand, and which are of another shape.

    R that was put beside the QRS of the usual shape moves onto it; T waves are no beats.
    """
    beats = cut(steady, WORKING_FS, peaks)
    usual, _ = of_shape(beats, beat)
    moved = np.zeros(len(peaks))
    if not usual.all():
        there, moved[~usual] = of_shape(beats[~usual], beat, reach_ms=MOVES_MS)
        usual[~usual] = there
    false = np.zeros(len(peaks), bool)
    if np.isfinite(t.peak_ms) and not usual.all():
        until = (qrs.offset_ms, t.offset_ms + T_REACH_MS)
        false = t_waves(beats, peaks, usual, beat, until)
    # Of a QRS that the record cuts nothing is said, and where it cuts next to R, R may lie elsewhere.
    end_ms = steady.shape[1] / WORKING_FS * 1000
    false |= ~usual & (np.minimum(peaks * 1000, end_ms - peaks * 1000) < CUT_MS)
    usual |= (peaks * 1000 < -TIME_MS[QRS][0]) | (peaks * 1000 > end_ms - TIME_MS[QRS][-1])
    rr_ms = rr_ms + np.diff(moved, prepend=0.0)
    kept = ~false
    return (peaks + moved / 1000)[kept], _joined(rr_ms, kept), is_main[kept], ~usual[kept]


def _joined(rr_ms: NDArray[np.float64], kept: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Intervals before the beats kept: over one that is not kept, the sum of both."""
    at = np.flatnonzero(kept)
    if not len(at):
        return rr_ms[:0]
    return np.add.reduceat(rr_ms[: at[-1] + 1], np.append(0, at[:-1] + 1))


def _median(beats: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The median of beats (beats, leads, times), over those whole in a lead, and which leads have any."""
    dead = np.asarray(np.isnan(beats).any(axis=2))
    if not dead.any():
        return np.median(beats, axis=0), np.ones(beats.shape[1], bool)
    enough = (~dead).sum(axis=0) >= LEAST_BEATS
    alive = np.where(dead[:, :, None], np.nan, beats)[:, enough]
    return median_of_known(alive, 0), enough


def lead_matrix(
    have: tuple[str, ...], usable: NDArray[np.bool_], want: tuple[str, ...]
) -> NDArray[np.float64]:
    """Coefficients of leads ``want`` on the usable ones of ``have``; rows of NaN where unusable."""
    full = np.zeros((len(want), len(have)))
    limb = [name for name in have if name in LIMB_LEADS][:2]
    for row, name in enumerate(want):
        if name in have:
            full[row, have.index(name)] = 1.0
        else:
            weights = limb_matrix([name]) @ np.linalg.inv(limb_matrix(limb))
            full[row, [have.index(one) for one in limb]] = weights[0]
    lost = (full[:, ~usable] != 0).any(axis=1)
    full[lost] = np.nan
    return full[:, usable]
