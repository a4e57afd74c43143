"""R-peaks of a record: detected on every lead, kept where most agree, placed on the spatial QRS.

The detector on one lead is sleepecg's (a modified Pan-Tompkins, C code). One lead can be flat,
clipped, full of artefact or show a T wave taller than its QRS; most leads seldom are at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from ..ecg import INDEPENDENT_LEADS, LIMB_LEADS, Record, runs
from ..errors import EcgError
from .beats import cut, main_kind
from .blind import BLIND_S, Beats, seen_beats
from .filters import pass_band
from .quality import screened
from .windows import LONG_S, one_a_beat, spans, windows

#: Everything below runs at one rate, so that a record gives the same beats at any rate.
WORKING_FS = 250.0
#: The QRS lives here; P, T, wander and muscle mostly do not.
QRS_BAND_HZ = (5.0, 30.0)
#: Very wide beats live here; they are believed when there are so many intervals, most within this share
#: of their median, none as short as fibrillating ventricles make them.
WIDE_BAND_HZ, LEAST_WIDE, EVEN, SLOW_MS = (2.0, 15.0), 4, 0.05, 400.0
#: Two ventricular activations cannot follow each other faster than this.
REFRACTORY_S = 0.2
#: sleepecg initialises its thresholds on two seconds.
MIN_DURATION_S = 2.0
#: A lead whose 5-30 Hz content stays under this has no QRS to find.
FLAT_MV = 0.01
#: Of so many leads some show a QRS taller than this; P waves without QRS stay below (of 400
#: recordings the smallest tallest QRS had 0.29 mV in this band).
MANY_LEADS, LEAST_QRS_MV = 6, 0.1
#: Nothing taller than so many QRS is a beat.
TALL = 3.0
#: Beats so soon after others, with so much longer a pause behind them, as a rule blunter, are T waves
#: when so many of the beats are such, all at one distance.
T_DELAY_S, T_PAUSE, T_BLUNT, T_SHARE, T_SPREAD_S = 0.35, 1.3, 0.95, 0.35, 0.03
#: Share of all votes (one a lead, half as many again for the leads together) that makes a beat.
QUORUM = 0.4
#: ... and that leaves no doubt.
CERTAIN = 0.7
#: Beats so many times as tall as the median of the trace are beats; below the second figure only if
#: this share of them is alike, between the two this smaller share. Of 380 recordings of twelve leads none
#: is below 3.1; noise, fibrillation of the ventricles and asystole are below 1.8, in one lead below 2.6.
SPARSE, ALIKE_SHARE = (2.8, 2.0), (0.75, 0.3)


@overload
def r_peaks(record: Record, *, clean: bool = True) -> NDArray[np.float64]: ...
@overload
def r_peaks(record: Sequence[Record], *, clean: bool = True) -> list[NDArray[np.float64]]: ...


def r_peaks(
    record: Record | Sequence[Record], *, clean: bool = True
) -> NDArray[np.float64] | list[NDArray[np.float64]]:
    """Times of the R-peaks of a record of any leads and rate.

    Parameters
    ----------
    record : Record or sequence of Record
        At least 2 s long.
    clean : bool
        Take out mains hum, spikes and jumps of the baseline first, see `quality`. Stretches in
        which a lead is dead have no say either way.

    Returns
    -------
    ndarray, shape (beats,), or a list of them
        Seconds from the start of the record, ascending; empty when no beats are found that most
        leads agree on. A peak is the maximum of the spatial magnitude of the QRS (root of the
        summed squares of the leads, 5-30 Hz), the same instant in every lead.

    Raises
    ------
    EcgError
        When the record is too short to detect beats.

    Notes
    -----
    A record of more than five minutes is looked at in windows that overlap.

    Per-lead detector: Brunner and Hofer, "SleepECG", JOSS 8(86), 2023.
    """
    if not isinstance(record, Record):
        return [r_peaks(one, clean=clean) for one in record]
    return beats_of(record, clean).r_peaks_s


def beats_of(record: Record, clean: bool = True) -> Beats:
    """The beats of a record and the intervals between them; ``clean`` as of `r_peaks`.

    A long record remembers them.
    """
    if record.duration_s <= LONG_S:
        return beats_in(working_leads(screened(record).record(clean)).signal)
    known: dict[bool, Beats] = vars(record).setdefault("_beats", {})
    if clean not in known:
        known[clean] = _in_windows(record, clean)
    return known[clean]


def _in_windows(record: Record, clean: bool) -> Beats:
    """The beats that the windows of a long record show, one for each at the seams."""
    parts: list[tuple[NDArray[Any], ...]] = []
    for window in windows(record, spans(record)):
        beats = beats_of(window.record, clean)
        peaks = beats.r_peaks_s + window.start_s
        mine = window.owns(peaks)
        first = np.arange(len(peaks)) == 0
        parts.append((peaks[mine], first[mine], np.isfinite(beats.rr_ms)[mine]))
    peaks, first, sure = (np.concatenate(one) for one in zip(*parts, strict=True))
    keep = one_a_beat(peaks)
    peaks, first, sure = peaks[keep], first[keep], sure[keep]
    rr_ms = np.diff(peaks, prepend=np.nan) * 1000
    # The first beat of a piece does not know what came before it; the record does.
    seen = screened(record).record(clean)
    for k in np.flatnonzero(first[1:]) + 1:
        sure[k] = not _blind_between(seen, peaks[k - 1], peaks[k])
    rr_ms[~sure] = np.nan
    return Beats(peaks, rr_ms)


def _blind_between(record: Record, start_s: float, end_s: float) -> bool:
    """Whether no lead shows anything for a while between two moments."""
    gone = record.mask[:, round(start_s * record.fs) : round(end_s * record.fs)].all(axis=0)
    blind = runs(np.asarray(gone))
    return bool(len(blind)) and float(np.diff(blind).max()) / record.fs >= BLIND_S


def require_length(record: Record) -> None:
    """Refuse a record that is too short to detect beats."""
    if record.duration_s < MIN_DURATION_S:
        raise EcgError(
            f"the record is {record.duration_s:.2g} s long: at least {MIN_DURATION_S:g} s are "
            "needed to find beats"
        )


def working_leads(record: Record) -> Record:
    """The leads that carry information of their own, at `WORKING_FS`.

    III, aVR, aVL and aVF repeat I and II and would vote twice.

    Raises
    ------
    EcgError
        When the record is too short to detect beats.
    """
    require_length(record)
    keep = [name for name in record.leads if name in INDEPENDENT_LEADS]
    if not {"I", "II"} <= set(record.leads):
        limb = [name for name in record.leads if name in LIMB_LEADS and name not in keep]
        keep += limb[: 2 - len({"I", "II"} & set(keep))]
    keep += [name for name in record.leads if name not in keep and name not in LIMB_LEADS]
    return record.select(keep).resample(WORKING_FS)


def beats_in(signal: NDArray[np.floating]) -> Beats:
    """The beats of ``signal`` (leads, samples) at `WORKING_FS`.

    Very wide beats, paced ones above all, leave next to nothing in the band of the QRS: where that
    shows no beat, one that reaches lower is asked, and believed if the beats it shows are regular.
    """
    found = find_beats(*qrs_band(signal))
    if len(found.r_peaks_s):
        return found
    wide = find_beats(*qrs_band(signal, WIDE_BAND_HZ))
    rr = wide.rr_ms[np.isfinite(wide.rr_ms)]
    steady = len(rr) >= LEAST_WIDE and np.ptp(np.quantile(rr, (0.15, 0.85))) < EVEN * np.median(rr)
    return wide if steady and np.median(rr) > SLOW_MS else found


def qrs_band(
    signal: NDArray[np.floating], band_hz: tuple[float, float] = QRS_BAND_HZ
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """``signal`` (leads, samples) at `WORKING_FS` in the band of the QRS, and each lead's QRS size.

    The size, in mV, is the median over seconds of the largest value in each: a burst of artefact
    fills a few seconds and does not move a median. Gaps stay NaN, and have no size.
    """
    band = pass_band(signal, WORKING_FS, *band_hz)
    second = int(WORKING_FS)
    count = band.shape[1] // second
    blocks = np.abs(band[:, : count * second]).reshape(len(band), count, second)
    if not np.isnan(blocks).any():
        return band, np.median(blocks.max(axis=2), axis=1)
    size = np.zeros(len(band))
    height = np.where(np.isnan(blocks).mean(axis=2) > 0.5, np.nan, np.fmax.reduce(blocks, axis=2))
    some = np.isfinite(height).any(axis=1)
    size[some] = np.nanmedian(height[some], axis=1)
    return band, size


def find_beats(band: NDArray[np.float64], size: NDArray[np.float64]) -> Beats:
    """R-peaks in seconds, and the intervals between them, from what `qrs_band` returned."""
    alive = size > FLAT_MV
    atria_alone = len(size) >= MANY_LEADS and size.max() < LEAST_QRS_MV
    if atria_alone or not alive.any():
        return Beats(np.empty(0), np.empty(0))
    band, size = band[alive], size[alive, None]
    dead = np.isnan(band)
    band = np.where(dead, 0.0, band) if dead.any() else band
    # An artefact as tall as a QRS is an artefact; a taller one would raise the detector's bar.
    in_qrs = np.clip(band / size, -TALL, TALL)
    agree = _agreeing(np.where(dead, np.nan, np.abs(in_qrs)) if dead.any() else np.abs(in_qrs))
    magnitude = np.sqrt(np.square(band[agree]).sum(axis=0))
    alone = np.asarray(dead[agree].all(axis=0))  # what the other leads show is better than nothing
    magnitude[alone] = np.sqrt(np.square(band[:, alone]).sum(axis=0))
    peaks = _place(_vote(in_qrs, dead), magnitude)
    if not _are_beats(peaks, in_qrs, dead):
        return Beats(np.empty(0), np.empty(0))
    return seen_beats(peaks, runs(np.asarray(dead.all(axis=0))) / WORKING_FS)


def _are_beats(
    peaks: NDArray[np.float64], in_qrs: NDArray[np.float64], dead: NDArray[np.bool_]
) -> bool:
    """Whether what was found stands out of what lies between, or at least comes back alike.

    In noise, in ventricular fibrillation and where there is no heartbeat at all, the tallest moments
    are little taller than the others, and no two look the same.
    """
    from scipy.ndimage import maximum_filter1d

    if len(peaks) < 2:
        return True
    height = np.where(dead, np.nan, np.abs(in_qrs)) if dead.any() else np.abs(in_qrs)
    envelope = maximum_filter1d(_most(height), round(0.05 * WORKING_FS))
    tops = envelope[np.clip((peaks * WORKING_FS).astype(int), 0, len(envelope) - 1)]
    sparse = float(np.median(tops)) / (float(np.median(envelope[~dead.all(axis=0)])) + 1e-9)
    if sparse > SPARSE[0]:
        return True
    alike = main_kind(cut(in_qrs, WORKING_FS, peaks))[0].mean()
    return bool(alike > ALIKE_SHARE[0] if sparse < SPARSE[1] else alike > ALIKE_SHARE[1])


def _vote(band: NDArray[np.float64], dead: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Samples at which most of the leads show a beat, and what they show is as steep as a QRS.

    A dead lead has no vote.
    """
    from scipy.ndimage import gaussian_filter1d
    from scipy.signal import find_peaks

    some_dead = dead.any()
    living = (~dead).sum(axis=0) if some_dead else np.full(band.shape[1], len(band))
    ballots = np.zeros(band.shape[1])
    for lead, gone in zip(band, dead, strict=True):
        ballots[_beats_of(lead, gone)] += 1.0
    together = _most(np.where(dead, np.nan, np.abs(band)) if some_dead else np.abs(band))
    beats = _beats_of(together, np.asarray(dead.all(axis=0)))
    ballots[beats] += living[beats] / 2
    # Leads see the same QRS at moments up to some 50 ms apart.
    width = 0.03 * WORKING_FS
    votes = gaussian_filter1d(ballots, width, mode="constant") * width * np.sqrt(2 * np.pi)
    votes = np.pad(votes / (1.5 * np.maximum(living, 1)), 1)
    found, _ = find_peaks(votes, height=QUORUM / 2, distance=REFRACTORY_S * WORKING_FS)
    share, found = votes[found], found - 1
    elected = share >= QUORUM
    if not elected.any():
        return np.empty(0, np.intp)
    # A T wave found in the place of a QRS is flat beside one; a QRS short of votes is not.
    near = _around(found, 0.1, 0.1, band.shape[1])
    slope = np.abs(np.gradient(band, axis=1))[:, near].max(axis=2)
    if some_dead:
        slope = np.where(dead[:, found], np.nan, slope)
    # The upper quantile is a QRS even where a slow heart has more false beats than true ones.
    steepness = _most(slope / _tall(slope[:, elected]))
    # What most of several leads call a beat may be a blunt one: ventricular.
    certain = (share > CERTAIN) & (len(band) > 2)
    keep = steepness > np.select((certain, elected), (0.12, 0.3), 0.5)
    return _without_t_waves(np.asarray(found[keep], dtype=np.intp), band)


def _without_t_waves(beats: NDArray[np.intp], band: NDArray[np.float64]) -> NDArray[np.intp]:
    """Beats without every second one where those are T waves, as tall as QRS in hyperkalaemia.

    A T wave that is as steep as a QRS still bends less, and keeps its distance.
    """
    if len(beats) < 4:
        return beats
    near = _around(beats, 0.06, 0.06, band.shape[1] - 2)
    bend = _most(np.abs(np.diff(band, 2, axis=1))[:, near].max(axis=2))
    delay = np.diff(beats) / WORKING_FS
    follows = (delay < T_DELAY_S) & (np.append(delay[1:], np.inf) > T_PAUSE * delay)
    if follows.sum() < T_SHARE * len(beats) or delay[follows].std() > T_SPREAD_S:
        return beats
    if np.median(bend[1:][follows] / np.maximum(bend[:-1][follows], 1e-12)) > T_BLUNT:
        return beats
    return beats[np.append(True, ~follows)]


def _most(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The median over leads at each instant (of two, the mean): an artefact on a few is not in it.

    Leads that are NaN are not counted; zero where all are.
    """
    if not np.isnan(values).any():
        return np.asarray(np.median(values, axis=0) if len(values) > 2 else values.mean(axis=0))
    out = np.zeros(values.shape[1])
    some = ~np.isnan(values).all(axis=0)
    take = np.nanmedian if len(values) > 2 else np.nanmean
    out[some] = take(values[:, some], axis=0)
    return out


def _tall(slope: NDArray[np.float64]) -> NDArray[np.float64]:
    """How steep the beats of each lead are, ``(leads, 1)``; NaN where it shows none."""
    if not np.isnan(slope).any():
        return np.asarray(np.quantile(slope, 0.8, axis=1, keepdims=True))
    out = np.full((len(slope), 1), np.nan)
    some = ~np.isnan(slope).all(axis=1)
    out[some] = np.nanquantile(slope[some], 0.8, axis=1, keepdims=True)
    return out


def _agreeing(height: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Leads that are high when most leads are: the others would pull the peaks about.

    A lead that is dead for a while is judged by what it shows while it lives.
    """
    height = height - np.nanmean(height, axis=1, keepdims=True)
    most = np.where(np.isnan(height), 0.0, _most(height))
    height = np.nan_to_num(height)
    size = np.linalg.norm(height, axis=1) * np.linalg.norm(most, axis=1)
    likeness = np.einsum("ls,ls->l", height, most) / (size + 1e-12)
    return np.asarray(likeness >= likeness.max() / 2)


def _beats_of(lead: NDArray[np.float64], gone: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Beats of one lead, at the largest deflection nearby; none where the lead does not move.

    A detector that waits through a dead stretch lowers its bar until T waves pass: it sees what is
    alive, put together, and nothing near the joints is believed.
    """
    from sleepecg import detect_heartbeats

    if gone.any():
        living = np.flatnonzero(~gone)
        if len(living) < MIN_DURATION_S * WORKING_FS:
            return np.empty(0, np.intp)
        beats = living[_beats_of(lead[living], np.zeros(len(living), bool))]
        edges = runs(gone).ravel()
        return beats[np.abs(beats[:, None] - edges).min(axis=1) > BLIND_S * WORKING_FS]
    if np.ptp(lead) == 0:
        return np.empty(0, np.intp)
    beats = np.asarray(detect_heartbeats(lead, WORKING_FS), dtype=np.intp)
    # After a pause the detector takes the ripple before a QRS for the beat, up to 0.2 s early.
    window = _around(beats, 0.1, REFRACTORY_S, len(lead))
    largest = np.abs(lead[window]).argmax(axis=1)[:, None]
    return np.unique(np.take_along_axis(window, largest, 1))


def _around(
    centres: NDArray[np.intp], before_s: float, after_s: float, samples: int
) -> NDArray[np.intp]:
    """Indices of the samples about each centre: shape ``(centres, window)``."""
    offsets = np.arange(-round(before_s * WORKING_FS), round(after_s * WORKING_FS) + 1)
    return np.clip(centres[:, None] + offsets, 0, samples - 1)


def _place(peaks: NDArray[np.intp], magnitude: NDArray[np.float64]) -> NDArray[np.float64]:
    """Move each beat to the maximum of the spatial magnitude within 100 ms, in seconds."""
    if not len(peaks):
        return np.empty(0)
    inside = _around(peaks, 0.1, 0.1, len(magnitude))
    best = np.take_along_axis(inside, magnitude[inside].argmax(axis=1)[:, None], 1)[:, 0]
    best = np.unique(best)
    # A parabola through the three samples around the maximum gives the peak between samples.
    centre = np.clip(best, 1, len(magnitude) - 2)
    left, mid, right = magnitude[centre - 1], magnitude[centre], magnitude[centre + 1]
    bend = left - 2 * mid + right
    shift = np.where(bend < 0, 0.5 * (left - right) / np.where(bend < 0, bend, -1.0), 0.0)
    times = (centre + np.clip(shift, -1, 1)) / WORKING_FS
    return np.asarray(times[np.concatenate(([True], np.diff(times) > REFRACTORY_S))])
