"""From soft segments to R-peaks and to the fiducial table: where each wave begins, peaks and ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...vocabulary.segments import L_AFTER_J_S, SEGMENTS, TP, WAVE_SEGMENTS
from ..deflections import NAMES, ragged
from ..filters import pass_band

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]

#: R-peaks after Wagner et al. 2024, section 2.4: leads searched, least probability, least distance.
R_LEADS = ("V1", "V2", "V3", "V4")
R_PROBABILITY, R_DISTANCE_S = 0.25, 0.3
#: Wave -> shortest stretch that is one, and gaps in it that are bridged, s.
LEAST_S = {"P": 0.03, "QRS": 0.03, "T": 0.05}
GAP_S = {"P": 0.04, "QRS": 0.02, "T": 0.06}
#: A P wave must be so likely in the mean of the leads: a little more than even odds spares
#: fibrillating atria one in eight of their false ones, and costs no F1 (LUDB, cross-validated).
P_CONSENT = 0.6
#: A wave belongs to the R-peak of its QRS: the QRS surrounds it or lies this near.
NEAR_R_S = 0.15
#: A P wave this long before R conducts no more.
LONGEST_PR_S = 0.5
#: The deflections are read below this frequency: muscle noise has no Q waves.
DEFLECTION_HZ = 40.0
#: The isoelectric level is the median of so long a stretch before the QRS.
LEVEL_S = 0.016


class Stretches(NamedTuple):
    """Waves of one kind in all leads, in order of lead and time; times in samples.

    ``first`` and ``last`` are the samples inside, ``onset`` and ``offset`` where the probability
    crosses one half, ``peak`` where the wave turns.
    """

    lead: NDArray[np.intp]
    first: NDArray[np.intp]
    last: NDArray[np.intp]
    onset: Array
    peak: Array
    offset: Array

    def where(self, keep: NDArray[np.bool_] | NDArray[np.intp]) -> Stretches:
        """The stretches that a mask or indices choose."""
        whole = self.lead[keep], self.first[keep], self.last[keep]
        return Stretches(*whole, self.onset[keep], self.peak[keep], self.offset[keep])


def soft_r_peaks(
    soft: NDArray[np.float32], fs: float, leads: tuple[str, ...]
) -> NDArray[np.float64]:
    """R-peaks in s: maxima over V1-V4 (over all leads without those) of the R-peak class.

    At least 0.3 s apart, of probability at least 0.25, as Wagner et al. do (section 2.4).
    """
    from scipy.signal import find_peaks

    rows = [leads.index(name) for name in R_LEADS if name in leads] or list(range(len(leads)))
    height = np.fmax.reduce(soft[rows, :, SEGMENTS.index("R peak")], axis=0)
    height = np.pad(np.nan_to_num(height), 1)  # where all samples are missing there is no peak
    found, _ = find_peaks(height, height=R_PROBABILITY, distance=max(1, round(R_DISTANCE_S * fs)))
    left, middle, right = height[found - 1], height[found], height[found + 1]
    shift = 0.5 * (right - left) / (2 * middle - left - right)
    return np.asarray((found - 1 + np.nan_to_num(shift)) / fs, dtype=float)


def in_qrs(soft: NDArray[np.float32], fs: float, peaks_s: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether the leads together see a QRS (more likely than not) within 40 ms of each moment."""
    together = mean_of_known(soft[:, :, WAVE_SEGMENTS["QRS"]].sum(axis=2))
    reach = np.arange(-round(0.04 * fs), round(0.04 * fs) + 1)
    near = np.rint(peaks_s * fs).astype(np.intp)[:, None] + reach
    return np.asarray(together[near.clip(0, len(together) - 1)].max(axis=1, initial=0) > 0.5)


def mean_of_known(values: NDArray[np.floating]) -> NDArray[np.floating]:
    """Mean over the leads ``(leads, samples)`` that are there at each moment; 0 where none is."""
    known = ~np.isnan(values)
    if known.all():
        return np.asarray(values.mean(axis=0))
    return np.asarray(np.nansum(values, axis=0) / np.maximum(known.sum(axis=0), 1))


def fiducials(
    soft: NDArray[np.float32],
    signal: NDArray[np.floating],
    fs: float,
    leads: tuple[str, ...],
    r_peaks_s: NDArray[np.float64],
) -> pd.DataFrame:
    """The fiducial table of a soft segmentation.

    Parameters
    ----------
    soft : ndarray, shape (leads, samples, 24)
        NaN where samples are missing.
    signal : ndarray, shape (leads, samples)
        The leads in mV at the same rate, gaps filled, for the deflections of the QRS.
    fs : float
    leads : tuple of str
    r_peaks_s : ndarray, shape (beats,)

    Returns
    -------
    pandas.DataFrame
        beat, lead, wave (P, QRS, Q, R, S, L, T), onset_ms, peak_ms, offset_ms. A wave lasts while
        the probabilities of its segments together exceed one half; a P wave must reach `P_CONSENT`
        in the mean of the leads, too. Beat ``k`` is that of R-peak ``k``; P waves that no QRS
        follows come after those, as beats of their own. Waves cut by the ends of the record, or
        by a gap, are left out.
    """
    import pandas as pd

    r = np.asarray(r_peaks_s, dtype=float) * fs
    p, qrs, t = (stretches(soft, wave, fs) for wave in WAVE_SEGMENTS)
    p = p.where(_seen_together(p, soft))
    missing = np.isnan(soft[:, :, TP])
    if missing.any():
        # Nobody knows what a gap hides: a wave beyond it belongs to no beat before it.
        follows = np.minimum(
            np.append(r, np.inf)[np.searchsorted(r, p.peak)], p.peak + LONGEST_PR_S * fs
        )
        leads_to = np.append(-np.inf, r)[np.searchsorted(r, t.peak)]
        p = p.where(_unbroken(missing, p.lead, p.peak, follows))
        t = t.where(_unbroken(missing, t.lead, leads_to, t.peak))
    qrs, qrs_beat = _around(qrs, r, fs)
    p, p_beat = _before(p, r, fs)
    t, t_beat = _after(t, r)
    peak, parts_of_qrs = _deflections(qrs, pass_band(signal, fs, high_hz=DEFLECTION_HZ), fs)
    nothing = np.full(len(peak), np.nan)
    l_point = _l_points(qrs, qrs_beat, t, t_beat, fs)
    waves = {
        "P": (p_beat, p.lead, p.onset, p.peak, p.offset),
        "QRS": (qrs_beat, qrs.lead, qrs.onset, peak, qrs.offset),
        **{name: (qrs_beat, qrs.lead, *times) for name, times in parts_of_qrs.items()},
        "L": (qrs_beat, qrs.lead, nothing, l_point, nothing),
        "T": (t_beat, t.lead, t.onset, t.peak, t.offset),
    }
    rows = np.concatenate(
        [
            np.stack((*some, np.full(len(some[0]), k)), axis=1)
            for k, some in enumerate(waves.values())
        ]
    )
    # A peak that is absent, or that would lie beyond the end of the record.
    rows = rows[rows[:, 3] < soft.shape[1]]
    beat, lead, onset, top, offset, wave = rows[np.lexsort((rows[:, 5], rows[:, 1], rows[:, 0]))].T
    columns = {
        "beat": beat.astype(int),
        "lead": np.array(leads, dtype=object)[lead.astype(int)],
        "wave": np.array(list(waves), dtype=object)[wave.astype(int)],
        "onset_ms": onset * 1000 / fs,
        "peak_ms": top * 1000 / fs,
        "offset_ms": offset * 1000 / fs,
    }
    return pd.DataFrame(columns)


def stretches(soft: NDArray[np.float32], wave: str, fs: float) -> Stretches:
    """Where the segments of ``wave`` together are more likely than not, lead by lead."""
    which = WAVE_SEGMENTS[wave]
    each = soft[:, :, which].astype(float)
    group = np.pad(each.sum(axis=2), ((0, 0), (1, 1)))  # a column of zeros at each end
    edge = np.diff((group > 0.5).astype(np.int8), axis=1)
    lead, first = np.nonzero(edge == 1)  # in samples of the unpadded signal
    _, last = np.nonzero(edge == -1)
    last = last - 1
    gap = round(GAP_S[wave] * fs)
    apart = np.ones(len(lead) + 1, bool)
    apart[1:-1] = (lead[1:] != lead[:-1]) | (first[1:] - last[:-1] > gap)
    lead, first, last = lead[apart[:-1]], first[apart[:-1]], last[apart[1:]]
    whole = (first > 0) & (last < soft.shape[1] - 1)
    whole &= last - first + 1 >= LEAST_S[wave] * fs
    whole &= np.isfinite(group[lead, first] + group[lead, last + 2])  # not cut by a gap
    lead, first, last = lead[whole], first[whole], last[whole]

    def at(index: NDArray[np.intp]) -> Array:
        return np.asarray(group[lead, index + 1])

    # Half a sample: the bounds themselves are the first and last samples of the wave.
    onset = first - (at(first) - 0.5) / (at(first) - at(first - 1)) + 0.5
    offset = last + (at(last) - 0.5) / (at(last) - at(last + 1)) - 0.5
    # The wave turns where as much of it is expected before as was found: the mean of the peak's
    # own distribution, which is calmer than the highest of many low points.
    half = each.shape[2] // 2
    before = each[:, :, :half].sum(axis=2) + 0.5 * each[:, :, half]
    share = np.where(group[:, 1:-1] > 0, before / np.maximum(group[:, 1:-1], 1e-9), 0.0)
    total = np.pad(np.cumsum(share, axis=1), ((0, 0), (1, 0)))
    peak = first + total[lead, last + 1] - total[lead, first] - 0.5
    return Stretches(lead, first, last, onset, peak, offset)


def _seen_together(p: Stretches, soft: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Whether the leads on the whole see a P wave there: f-waves pass for one in a lead or two."""
    alive = (soft[:, :, TP] < 1).any(axis=1)  # NaN is not
    p_of_each = soft[alive][:, :, WAVE_SEGMENTS["P"]].sum(axis=2)
    together = mean_of_known(p_of_each) if alive.any() else 0
    count = np.append(0, np.cumsum(np.broadcast_to(together, soft.shape[1]) > P_CONSENT))
    return np.asarray(count[p.last + 1] > count[p.first])


def _unbroken(
    missing: NDArray[np.bool_], lead: NDArray[np.intp], start: Array, end: Array
) -> NDArray[np.bool_]:
    """Whether no sample of a lead is missing between two moments, in samples."""
    gone = np.pad(np.cumsum(missing, axis=1), ((0, 0), (1, 0)))
    last = missing.shape[1]
    first, stop = (np.clip(np.rint(at), 0, last).astype(np.intp) for at in (start, end))
    return np.asarray(gone[lead, stop] == gone[lead, first])


def _around(qrs: Stretches, r: Array, fs: float) -> tuple[Stretches, NDArray[np.intp]]:
    """The QRS at each R-peak, one a lead and beat, and its beat."""
    beat, near = _nearest((qrs.onset + qrs.offset) / 2, r)
    surrounds = (qrs.onset <= near) & (near <= qrs.offset)
    distance = np.minimum(abs(qrs.onset - near), abs(qrs.offset - near))
    here = surrounds | (distance <= NEAR_R_S * fs)
    # Two stretches at one R-peak: the longer is the QRS.
    return _one_each(qrs.where(here), beat[here])


def _after(t: Stretches, r: Array) -> tuple[Stretches, NDArray[np.intp]]:
    """The T wave that follows each R-peak before the next one, and its beat."""
    beat = np.searchsorted(r, t.peak) - 1
    return _one_each(t.where(beat >= 0), beat[beat >= 0])


def _before(p: Stretches, r: Array, fs: float) -> tuple[Stretches, NDArray[np.intp]]:
    """All P waves and their beats: the last before an R-peak is its own, others are blocked."""
    beat = np.searchsorted(r, p.peak)
    following = np.append(r, np.inf)[beat]
    last = np.ones(len(beat), bool)
    last[:-1] = (p.lead[1:] != p.lead[:-1]) | (beat[1:] != beat[:-1])
    blocked = np.flatnonzero(~last | (following - p.peak > LONGEST_PR_S * fs))
    if len(blocked):
        # The same blocked P wave is seen in several leads at almost the same moment.
        blocked = blocked[np.argsort(p.peak[blocked], kind="stable")]
        new = np.diff(p.peak[blocked], prepend=-np.inf) > NEAR_R_S * fs
        beat[blocked] = len(r) - 1 + np.cumsum(new)
    return _one_each(p, beat)


def _nearest(at: Array, r: Array) -> tuple[NDArray[np.intp], Array]:
    """The R-peak nearest to each moment, and its time; at infinity where there is none."""
    if not len(r):
        return np.zeros(len(at), np.intp), np.full(len(at), np.inf)
    right = np.searchsorted(r, at).clip(1, max(1, len(r) - 1)).clip(max=len(r) - 1)
    left = np.maximum(right - 1, 0)
    beat = np.where(abs(at - r[left]) <= abs(at - r[right]), left, right)
    return beat, r[beat]


def _one_each(waves: Stretches, beat: NDArray[np.intp]) -> tuple[Stretches, NDArray[np.intp]]:
    """The longest wave of each lead and beat."""
    order = np.lexsort((waves.first - waves.last, beat, waves.lead))
    lead, of = waves.lead[order], beat[order]
    first = np.ones(len(order), bool)
    first[1:] = (lead[1:] != lead[:-1]) | (of[1:] != of[:-1])
    return waves.where(order[first]), of[first]


def _deflections(
    qrs: Stretches, signal: Array, fs: float
) -> tuple[Array, dict[str, tuple[Array, Array, Array]]]:
    """Peak of each QRS, and onset, peak and offset of its Q, R and S, samples; NaN where absent."""
    lead, first, last = qrs.lead, qrs.first, qrs.last
    if not len(lead):
        nothing = np.empty(0)
        return nothing, dict.fromkeys(NAMES, (nothing, nothing, nothing))
    length = last - first + 1
    row = np.repeat(np.arange(len(lead)), length)
    within = np.arange(len(row)) - np.repeat(np.cumsum(length) - length, length)
    at = first[row] + within
    trace = signal[lead[row], at] - _levels(signal, lead, first, round(LEVEL_S * fs))[row]
    found = ragged(trace, at * (1000 / fs), row, len(lead))
    times = np.stack((found.onset_ms, found.peak_ms, found.offset_ms), axis=1) / (1000 / fs)
    height = np.full((len(lead), int(length.max()) + 2), -1.0)
    height[row, within + 1] = np.abs(trace)
    by_name = np.moveaxis(times, (2, 1), (0, 1))
    return first + _tops(height, length), dict(zip(NAMES, map(tuple, by_name), strict=True))


def _levels(signal: Array, lead: NDArray[np.intp], first: NDArray[np.intp], quiet: int) -> Array:
    """Median of each QRS's lead over its first sample and so many before it."""
    at = first[:, None] - np.arange(quiet, -1, -1)
    values = np.where(at >= 0, signal[lead[:, None], at.clip(0)], np.nan)
    return np.asarray(np.nanmedian(values, axis=1) if (at < 0).any() else np.median(values, axis=1))


def _tops(height: Array, length: NDArray[np.intp]) -> Array:
    """Place of each row's maximum between samples: the top of the parabola through three of them.

    Rows have one column more at each end than samples.
    """
    rows, at = np.arange(len(height)), height.argmax(axis=1)
    left, middle, right = height[rows, at - 1], height[rows, at], height[rows, at + 1]
    bend = left - 2 * middle + right
    inside = (at > 1) & (at < length) & (bend < 0)
    shift = np.where(inside, 0.5 * (left - right) / np.where(inside, bend, 1), 0.0)
    return np.asarray(at - 1 + shift, dtype=float)


def _l_points(
    qrs: Stretches, qrs_beat: NDArray[np.intp], t: Stretches, t_beat: NDArray[np.intp], fs: float
) -> Array:
    """The L point of each QRS, samples: 60 ms after J, or halfway to the T onset if that is earlier."""
    size = 1 + max(qrs.lead.max(initial=0), t.lead.max(initial=0))
    beats = 1 + max(qrs_beat.max(initial=0), t_beat.max(initial=0))
    t_onset = np.full((size, beats), np.nan)
    t_onset[t.lead, t_beat] = t.onset
    halfway = (qrs.offset + t_onset[qrs.lead, qrs_beat]) / 2
    halfway[halfway <= qrs.offset] = np.nan
    return np.asarray(np.fmin(qrs.offset + L_AFTER_J_S * fs, halfway))
