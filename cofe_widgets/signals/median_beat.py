"""The median beat of a record with its waves: what the measurements are taken from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..ecg import Record, bridged
from ..errors import EcgError
from . import doubts
from .beats import BEAT_FS, TIME_MS, between, cut
from .deflections import Deflections, deflections
from .filters import pass_band
from .long_beat import long_beat
from .p_wave import LEAST_BEATS as LEAST_P_BEATS
from .p_wave import P_BAND_HZ, STRETCH_MS, AtrialWave, atrial_wave
from .paced import after_spike
from .pauses import of_pauses
from .quality import screened
from .repeated import T_REACH_MS, Repeated, lead_matrix, looked_at_again, repeated
from .rpeaks import WORKING_FS
from .waves import Wave, level, qrs_wave, spatial_velocity, stands_out, t_wave
from .windows import LONG_S

if TYPE_CHECKING:
    import pandas as pd

#: A lead is asked for P waves when so large a share of the beats is whole in it, of the most that is.
P_LEAD_SHARE = 0.6
#: Nothing shorter than this is a QRS, nor what is not so many times as fast as the cycle's median.
LEAST_QRS_MS, STANDS_OUT = 30.0, 5.0
#: QRS and T that fill this share of so short a cycle leave no level between beats to measure from.
FULL_SHARE, FULL_RR_MS = 0.785, 400.0
#: ... and so does a wide QRS, or any in so short a cycle, that no T wave of its own follows.
WIDE_MS, NO_T_RR_MS = 120.0, 300.0
#: Where no interval is known.
USUAL_RR_MS = 1000.0
#: What is said where at least half of the leads are clipped.
CUT_OFF = "in half of the leads or more peaks are cut off: the others are too few to measure it"
#: ... and where at least half are lost, for a while.
LEADS_LOST = (
    "half of the leads or more are lost for a while or cut off: the others do not settle it"
)


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
        What speaks against what was found, a sentence each: ``"rhythm"``, ``"rate"``, ``"RR"``,
        ``"QRS"``, ``"T"``, ``"T end"``, ``"P"``, ``"P onset"``. Empty where nothing does.
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

        whole: MedianBeat = long_beat(record, of_window, clean)
        return whole
    seen = screened(record)
    clipped = seen.leads_with("clipped")
    found = repeated(seen.record(clean), clipped)
    beat, steady = found.beat, found.steady
    qrs, t, rr_median = _qrs_and_t(found)
    peaks, rr_ms, is_main, other = looked_at_again(
        steady, found.r_peaks_s, found.rr_ms, found.is_main, beat, qrs, t
    )
    rr_median = _middle(rr_ms, rr_median)
    qrs = after_spike(qrs, peaks[is_main], seen.faults)
    judged = peaks > (STRETCH_MS - qrs.onset_ms) / 1000
    judged, atrial, asked = _atrial(steady, peaks, rr_ms, is_main, judged, qrs, t)
    enough = is_main[judged].sum() >= LEAST_P_BEATS
    rr_before = np.where(np.isnan(rr_ms), np.inf, rr_ms)[judged]
    doubted = doubts.of_beat(
        found.shown,
        beat,
        found.halves,
        qrs,
        t,
        atrial,
        rr_median,
        rr_before,
        not np.isnan(steady).any(),
    )
    doubted["rhythm"] = doubts.of_rhythm(steady, WORKING_FS, peaks)
    doubted["rate"] = of_pauses(steady, peaks, rr_ms, t)
    cut_off = 2 * len(clipped.intersection(found.leads)) >= len(found.leads)
    if cut_off:
        doubted |= dict.fromkeys(("QRS", "T", "P"), CUT_OFF)
    lost = seen.record(clean).select(found.leads).mask.mean(axis=0)
    partly = bool(((lost >= 0.5) & (lost < 1)).any())
    # Beats of one shape follow each other as they should wherever in them R is put.
    if (cut_off or partly) and other.any():
        doubted["RR"] = LEADS_LOST
    # II shows P best: what it says is heard, what a few others say is not.
    few = 2 * asked.sum() < len(found.leads) and "II" not in np.array(found.shown)[asked]
    if partly and few and not doubted["P"]:
        doubted["P"] = LEADS_LOST

    to_leads = lead_matrix(found.leads, found.usable, record.leads)
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
        doubts={name: sentence for name, sentence in doubted.items() if sentence},
    )


def _qrs_and_t(found: Repeated) -> tuple[Wave, Wave, float]:
    """QRS and T of what repeats, and the median RR interval, ms; what cannot be a beat is refused."""
    speed = spatial_velocity(found.beat)
    qrs, rr_ms = qrs_wave(speed), _middle(found.rr_ms, USUAL_RR_MS)
    if qrs.offset_ms - qrs.onset_ms < LEAST_QRS_MS or stands_out(speed, rr_ms) < STANDS_OUT:
        raise EcgError(
            "what repeats does not stand out like a QRS: this is noise, a ventricular tachycardia, "
            "or no ECG"
        )
    t = t_wave(found.beat, qrs, rr_ms)
    wide = qrs.offset_ms - qrs.onset_ms > WIDE_MS or rr_ms < NO_T_RR_MS
    full = t.offset_ms - qrs.onset_ms > FULL_SHARE * rr_ms or (t.peak_ms <= t.onset_ms and wide)
    if full and rr_ms < FULL_RR_MS:
        raise EcgError(
            f"at {60000 / rr_ms:.0f} beats a minute QRS and T fill the cycle: there is no level "
            "between beats to measure from, as in ventricular tachycardia"
        )
    return qrs, t, rr_ms


def _middle(rr_ms: NDArray[np.float64], otherwise: float) -> float:
    """The median of the intervals that are known."""
    return float(np.nanmedian(rr_ms)) if np.isfinite(rr_ms).any() else otherwise


def _atrial(
    steady: NDArray[np.float64],
    peaks: NDArray[np.float64],
    rr_ms: NDArray[np.float64],
    is_main: NDArray[np.bool_],
    judged: NDArray[np.bool_],
    qrs: Wave,
    t: Wave,
) -> tuple[NDArray[np.bool_], AtrialWave, NDArray[np.bool_]]:
    """The beats judged for P, those that are whole in the leads asked; the wave; those leads."""
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
        return judged, found, leads
    shape = np.full((len(leads), found.shape.shape[1]), np.nan)
    shape[leads] = found.shape
    return judged, found._replace(shape=shape), leads


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
