"""The median beat of a record with its waves: what the measurements are taken from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..ecg import LIMB_LEADS, Record, bridged, limb_matrix
from ..errors import EcgError
from . import doubts
from .beats import BEAT_FS, QRS, TIME_MS, between, cut, main_kind, of_shape, t_waves
from .deflections import Deflections, deflections
from .filters import pass_band
from .long_beat import long_beat
from .p_wave import LEAST_BEATS as LEAST_P_BEATS
from .p_wave import P_BAND_HZ, STRETCH_MS, AtrialWave, atrial_wave
from .quality import screened
from .rpeaks import FLAT_MV, WORKING_FS, filtered, find_beats, qrs_band, working_leads
from .waves import Wave, level, qrs_wave, spatial_velocity, stands_out, t_wave
from .windows import LONG_S

if TYPE_CHECKING:
    import pandas as pd

#: Wander ends here (zero phase, as the AHA allows for up to 0.67 Hz).
HIGH_PASS_HZ = 0.5
#: A median needs this many beats of one kind, and this share of all.
LEAST_BEATS, LEAST_SHARE = 2, 0.4
#: A lead is asked for P waves when so large a share of the beats is whole in it, of the most that is.
P_LEAD_SHARE = 0.6
#: Nothing shorter than this is a QRS, nor what is not so many times as fast as the cycle's median.
LEAST_QRS_MS, STANDS_OUT = 30.0, 5.0
#: QRS and T that fill this share of so short a cycle leave no level between beats to measure from.
FULL_SHARE, FULL_RR_MS = 0.785, 400.0
#: Below this rate the bounds of the waves are not in the signal.
LEAST_FS = 90.0
#: R may have been put this far from its QRS: on a pacing spike, on a notch; so near
#: the ends of the record it may not be R.
MOVES_MS, CUT_MS = 100.0, 50.0
#: The T peak of a single lead is sought this near the global one.
T_REACH_MS = 60.0


@dataclass(frozen=True, eq=False)
class MedianBeat:
    """The beat a record repeats, and where its waves begin, peak and end.

    Attributes
    ----------
    signal : ndarray, shape (leads, samples)
        Millivolts from the isoelectric level before the QRS; NaN in a flat or clipped lead.
    time_ms : ndarray, shape (samples,)
        Milliseconds after R.
    leads : tuple of str
    p, qrs, t : Wave
        Onset, peak and offset in ms after R, global over the leads; NaN where absent.
    p_mv : ndarray, shape (leads, samples)
        The P wave alone, mV from the line between its onset and offset, below 20 Hz, without the T
        wave of the beat before; zero outside, NaN where there is no P wave.
    t_amplitude_mv : ndarray, shape (leads,)
        Largest deflection about the T peak, signed; NaN where absent.
    deflections : Deflections
        Q, R and S of every lead.
    r_peaks_s : ndarray, shape (beats,)
        All beats of the record.
    rr_ms : ndarray, shape (beats,)
        The interval before each; NaN before the first and across a stretch without any signal.
    is_main : ndarray of bool, shape (beats,)
        Which of them are of the kind whose median this is.
    has_p : ndarray of bool, shape (judged,)
        For each beat whose stretch before the QRS lies in the record: is there a P wave? Empty
        when there are too few beats to tell.
    n_beats, n_other : int
        All beats, and those of another shape: ectopic ones, as a rule.
    doubts : dict
        What speaks against what was found, a sentence each: ``"rhythm"``, ``"QRS"``, ``"T"``,
        ``"T end"``, ``"P"``. Empty where nothing does.
    """

    signal: NDArray[np.float32]
    time_ms: NDArray[np.float64]
    leads: tuple[str, ...]
    p: Wave
    qrs: Wave
    t: Wave
    p_mv: NDArray[np.float64]
    t_amplitude_mv: NDArray[np.float64]
    deflections: Deflections
    r_peaks_s: NDArray[np.float64]
    rr_ms: NDArray[np.float64]
    is_main: NDArray[np.bool_]
    has_p: NDArray[np.bool_]
    n_other: int = 0
    doubts: dict[str, str] = field(default_factory=dict)

    def __getitem__(self, lead: str) -> NDArray[np.float32]:
        """Samples of one lead by name."""
        return self.signal[self.leads.index(lead)]

    @property
    def n_beats(self) -> int:
        """Beats of the record."""
        return len(self.r_peaks_s)

    @property
    def fs(self) -> float:
        """Sampling rate, Hz."""
        return BEAT_FS

    @property
    def fiducials(self) -> pd.DataFrame:
        """Table of beat, lead, wave (P, QRS, T), onset_ms, peak_ms, offset_ms of its waves."""
        import pandas as pd

        rows = [
            (0, lead, name, *wave)
            for name, wave in (("P", self.p), ("QRS", self.qrs), ("T", self.t))
            for lead in self.leads
            if np.isfinite(wave.peak_ms)
        ]
        columns = ["beat", "lead", "wave", "onset_ms", "peak_ms", "offset_ms"]
        return pd.DataFrame(rows, columns=columns)


def median_beat(record: Record, *, clean: bool = True) -> MedianBeat:
    """The median beat of a record, aligned at R, over the beats of its main kind.

    Parameters
    ----------
    record : Record
    clean : bool
        Take out mains hum, spikes and jumps of the baseline first, see `quality`. Dead stretches
        are left out of the median either way, and no P wave is sought beside them.

    Raises
    ------
    EcgError
        When the record is too short or too coarse, or shows no beat that comes back.

    Notes
    -----
    Of a record of more than five minutes, minutes spread evenly over it (144 at most) are measured
    each by itself, and the median of what most of them show is given, see `long_beat`; R-peaks and
    intervals are those of the whole record, ``has_p`` is that of the minutes.
    """
    if record.duration_s > LONG_S:

        def of_window(piece: Record) -> MedianBeat:
            return median_beat(piece, clean=clean)

        whole: MedianBeat = long_beat(record, of_window, _looked_at_again, clean)
        return whole
    seen = screened(record)
    leads, usable, steady, peaks, rr_ms, is_main, beat, halves = _repeated(
        seen.record(clean), seen.leads_with("clipped")
    )
    speed = spatial_velocity(beat)
    qrs = qrs_wave(speed)
    rr_median = float(np.nanmedian(rr_ms)) if np.isfinite(rr_ms).any() else 1000.0
    if qrs.offset_ms - qrs.onset_ms < LEAST_QRS_MS or stands_out(speed, rr_median) < STANDS_OUT:
        raise EcgError(
            "what repeats does not stand out like a QRS: this is noise, a ventricular tachycardia, "
            "or no ECG"
        )
    t = t_wave(beat, qrs, rr_median)
    full = t.offset_ms - qrs.onset_ms > FULL_SHARE * rr_median or t.peak_ms <= t.onset_ms
    if full and rr_median < FULL_RR_MS:
        raise EcgError(
            f"at {60000 / rr_median:.0f} beats a minute QRS and T fill the cycle: there is no level "
            "between beats to measure from, as in ventricular tachycardia"
        )
    peaks, rr_ms, is_main, other = _looked_at_again(steady, peaks, rr_ms, is_main, beat, qrs, t)
    rr_median = float(np.nanmedian(rr_ms)) if np.isfinite(rr_ms).any() else rr_median
    judged = peaks > (STRETCH_MS - qrs.onset_ms) / 1000
    judged, atrial = _atrial(steady, peaks, rr_ms, is_main, judged, qrs, t)
    enough = is_main[judged].sum() >= LEAST_P_BEATS

    rr_before = np.where(np.isnan(rr_ms), np.inf, rr_ms)
    shown = tuple(lead for lead, kept in zip(leads, usable, strict=True) if kept)
    t_doubt = doubts.of_t(qrs, t, rr_median)
    qrs_apart, t_apart = doubts.of_halves(halves, rr_median) if halves is not None else ("", "")
    end_doubt = "" if t_doubt else _t_end_doubt(beat, qrs, t, atrial.wave, rr_median) or t_apart
    found = {
        "rhythm": doubts.of_rhythm(steady, WORKING_FS, peaks),
        "QRS": doubts.of_qrs(beat, shown, qrs) or qrs_apart,
        "T": t_doubt,
        "T end": end_doubt,
        "P": _p_doubt(atrial, qrs, t, rr_before[judged], bool(t_doubt or end_doubt)),
    }

    to_leads = _lead_matrix(leads, usable, record.leads)
    signal = to_leads @ (beat - level(beat, qrs))
    inside = between(qrs.onset_ms, qrs.offset_ms + 1)
    return MedianBeat(
        signal=signal.astype(np.float32),
        time_ms=TIME_MS,
        leads=record.leads,
        p=atrial.wave,
        qrs=qrs,
        t=t,
        p_mv=p_alone(to_leads @ atrial.shape, atrial.time_ms, atrial.wave),
        t_amplitude_mv=t_height(signal, t),
        deflections=deflections(signal[:, inside], TIME_MS[inside]),
        r_peaks_s=peaks,
        rr_ms=rr_ms,
        is_main=is_main,
        has_p=atrial.present if enough else np.empty(0, bool),
        n_other=int(other.sum()),
        doubts={name: sentence for name, sentence in found.items() if sentence},
    )


def _t_end_doubt(beat: NDArray[np.float64], qrs: Wave, t: Wave, p: Wave, rr_ms: float) -> str:
    """What speaks against the end of T."""
    return doubts.of_t_and_p(t, p, rr_ms) or doubts.of_t_end(beat, qrs, t, rr_ms)


def _p_doubt(
    atrial: AtrialWave, qrs: Wave, t: Wave, rr_before_ms: NDArray[np.float64], t_doubtful: bool
) -> str:
    """What speaks against the P wave that was found, or against there being none."""
    if atrial.present.any():
        return doubts.of_p(
            atrial.wave, qrs, t, atrial.present, rr_before_ms, t_doubtful, atrial.suspect
        )
    return doubts.of_no_p(atrial, qrs, t, rr_before_ms)


class _Repeated(NamedTuple):
    """The leads that show the beats, the beats, and their median."""

    leads: tuple[str, ...]
    usable: NDArray[np.bool_]
    steady: NDArray[np.float64]
    r_peaks_s: NDArray[np.float64]
    rr_ms: NDArray[np.float64]
    is_main: NDArray[np.bool_]
    beat: NDArray[np.float64]
    halves: NDArray[np.float64] | None


def _repeated(record: Record, clipped: set[str]) -> _Repeated:
    """What the record repeats: signal without wander and median beat, of the usable leads."""
    if record.fs < LEAST_FS:
        raise EcgError(
            f"the record has {record.fs:g} samples a second: at least {LEAST_FS:g} are needed to "
            "tell where waves begin and end"
        )
    work = working_leads(record)
    band, size = qrs_band(work.signal)
    # A peak that is cut off has no height to measure, and is at its place nevertheless.
    peaks, rr_ms = find_beats(band, size)
    usable = (size > FLAT_MV) & np.array([lead not in clipped for lead in work.leads])
    if len(peaks) < LEAST_BEATS:
        raise EcgError(
            f"found {len(peaks)} beats in {record.duration_s:.1f} s and {usable.sum()} usable "
            f"leads: at least {LEAST_BEATS} beats are needed for a median beat"
        )
    steady = filtered(work.signal[usable], low_hz=HIGH_PASS_HZ)
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
    return _Repeated(work.leads, usable, steady, peaks, rr_ms, is_main, beat, halves)


def _halves(beats: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """The medians of every other beat and of those between, in the leads where both have enough."""
    whole = np.asarray(~np.isnan(beats).any(axis=2))
    enough = np.all([whole[k::2].sum(axis=0) >= LEAST_BEATS for k in (0, 1)], axis=0)
    if not enough.any():
        return None
    return np.stack([_median(beats[k::2][:, enough])[0] for k in (0, 1)])


def _looked_at_again(
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
    return np.add.reduceat(rr_ms[: at[-1] + 1], np.append(0, at[:-1] + 1))


def _median(beats: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The median of beats (beats, leads, times), over those whole in a lead, and which leads have any."""
    dead = np.asarray(np.isnan(beats).any(axis=2))
    if not dead.any():
        return np.median(beats, axis=0), np.ones(beats.shape[1], bool)
    enough = (~dead).sum(axis=0) >= LEAST_BEATS
    alive = np.where(dead[:, :, None], np.nan, beats)[:, enough]
    return np.nanmedian(alive, axis=0), enough


def _atrial(
    steady: NDArray[np.float64],
    peaks: NDArray[np.float64],
    rr_ms: NDArray[np.float64],
    is_main: NDArray[np.bool_],
    judged: NDArray[np.bool_],
    qrs: Wave,
    t: Wave,
) -> tuple[NDArray[np.bool_], AtrialWave]:
    """The atrial wave, and the beats judged for it: those that are whole in the leads asked."""
    gaps = np.isnan(steady)
    leads = np.ones(len(steady), bool)
    if gaps.any():
        lacks = np.asarray(cut(gaps.astype(float), WORKING_FS, peaks[judged]).any(axis=2))
        whole = 1 - lacks.mean(axis=0) if len(lacks) else np.ones(len(steady))
        leads = whole >= P_LEAD_SHARE * whole.max(initial=0.0)
        judged = judged.copy()
        judged[judged] = ~lacks[:, leads].any(axis=1)
    smooth = pass_band(bridged(steady, gaps), WORKING_FS, high_hz=P_BAND_HZ)
    rr_before = np.where(np.isnan(rr_ms), np.inf, rr_ms)[judged]
    found = atrial_wave(
        smooth[leads], WORKING_FS, peaks[judged], rr_before, is_main[judged], qrs, t
    )
    if leads.all():
        return judged, found
    shape = np.full((len(leads), found.shape.shape[1]), np.nan)
    shape[leads] = found.shape
    return judged, found._replace(shape=shape)


def _lead_matrix(
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


def p_alone(
    signal: NDArray[np.float64], time_ms: NDArray[np.float64], wave: Wave
) -> NDArray[np.float64]:
    """The P wave of each lead on `TIME_MS`, from the line between its onset and offset."""
    from scipy.interpolate import CubicSpline

    if not np.isfinite(wave.peak_ms):
        return np.full((len(signal), len(TIME_MS)), np.nan)
    out = np.zeros((len(signal), len(TIME_MS)))
    inside = between(wave.onset_ms, wave.offset_ms + 1)
    p = CubicSpline(time_ms, np.nan_to_num(signal), axis=1)(TIME_MS[inside])
    along = np.linspace(0, 1, p.shape[1])
    out[:, inside] = p - (p[:, :1] * (1 - along) + p[:, -1:] * along)
    out[np.isnan(signal).any(axis=1)] = np.nan
    return out


def t_height(signal: NDArray[np.float64], t: Wave) -> NDArray[np.float64]:
    """Largest deflection of each lead about the T peak, signed."""
    if not np.isfinite(t.peak_ms):
        return np.full(len(signal), np.nan)
    first, last = max(t.onset_ms, t.peak_ms - T_REACH_MS), min(t.offset_ms, t.peak_ms + T_REACH_MS)
    return largest(pass_band(signal, BEAT_FS, high_hz=P_BAND_HZ)[:, between(first, last)])


def largest(signal: NDArray[np.float64]) -> NDArray[np.float64]:
    """The value of each lead furthest from zero; NaN where there is none."""
    furthest = np.abs(signal).argmax(axis=1)[:, None]
    return np.asarray(np.take_along_axis(signal, furthest, 1)[:, 0])
