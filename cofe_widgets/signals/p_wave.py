"""Whether a P wave precedes each beat, and where it lies: told from noise, T, f and F waves.

A P wave is a shape that comes back before beat after beat. So each beat's stretch before the QRS,
freed of the T wave of the beat before, is correlated with the mean of the other beats' stretches:
fibrillation, noise and dissociated atria do not come back, and get no P wave however tall they
are. Flutter does come back, but comes back twice: the same shape again, some 200 ms earlier. In
Wenckebach's block P comes back at another distance each time, alone on a quiet level.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .beats import BEAT_FS, TIME_MS, cut
from .waves import Wave, slope_end

#: P waves have little above this.
P_BAND_HZ = 20.0
#: Step of the time axis before the QRS, ms.
STEP_MS = 8.0
#: The stretch searched for the P wave begins this long before the QRS onset, ms; where the PR is
#: long this long; and ends so long before it.
STRETCH_MS, LONG_STRETCH_MS, END_MS = 280.0, 420.0, 10.0
#: Where the beginning of the stretch is so many times larger than any peak in it, it cuts a wave.
EDGE_TIMES = 1.3
#: A P wave smaller than this in spatial magnitude is no P wave.
P_FLOOR_MV = 0.02
#: What is left of a T wave at its end falls to a third in this time.
TAIL_MS = 10.0
#: The flanks of a P wave are at their steepest within this of its peak, and end where their slope
#: has fallen to these shares of it ...
REACH_S, ONSET_SLOPE, OFFSET_SLOPE = 0.08, 0.35, 0.35
#: ... the onset half-way from there to where P has risen by this share of its height;
RISEN = 0.08
#: ... but P ends at the latest where it has sunk, by this share of its height, under the level so long
#: before its onset: the atria's repolarisation draws the PR segment further down.
LEVEL_MS, SUNK = 10.0, 0.06
#: A beat has the P wave when its stretch correlates this well with the other beats' ...
ALIKE = 0.6
#: ... or this well, where most beats agree beyond doubt (median above CERTAIN) ...
LOOSELY_ALIKE, CERTAIN = 0.45, 0.8
#: ... and at this size relative to theirs.
SIZE_RANGE = (0.3, 3.0)
#: With fewer of the beats agreeing than this there is no P wave, only chance.
LEAST_SHARE = 0.4
#: Beats needed for a decision.
LEAST_BEATS = 3
#: Where fewer than so many of the beats have a P wave, and the level before it moves as much as this
#: share of the wave, what comes back are coarse f waves.
MOST, RESTLESS = 0.85, 0.7
#: Steps that the level must show.
LEAST_QUIET = 10
#: Wenckebach: RR differ by this, P within this of the QRS at so many beats at least and this share of
#: them; nothing clear of it is larger than this share of it. Half of the piece compared.
IRREGULAR_MS, LONGEST_MS, LEAST_WANDERING, LEAST_WANDERING_SHARE = 120.0, 460.0, 4, 0.8
LEAST_CLEAR, ALONE, P_HALF_MS = 3, 0.4, 64.0
#: Flutter: this similar, at this share of the size, an atrial cycle earlier (ms).
FLUTTER_ALIKE, FLUTTER_SIZE, FLUTTER_CYCLE_MS = 0.8, 0.65, (120.0, 360.0)
#: ... and perhaps at these.
SUSPECT_ALIKE, SUSPECT_SIZE, FLUTTER = 0.7, 0.5, 2
#: Half of the piece compared.
FLUTTER_HALF_MS = 64.0
#: Beats in which the stretch must reach back beyond the T wave that far.
LEAST_FLUTTER_BEATS = 2


class AtrialWave(NamedTuple):
    """What was found before the QRS.

    Attributes
    ----------
    present : ndarray of bool, shape (beats,)
        Whether each beat has the P wave.
    wave : Wave
        Of the median P wave; NaN when no beat has one.
    shape : ndarray, shape (leads, times)
        Median stretch before the QRS of the beats that have the wave, mV, T wave removed.
    time_ms : ndarray, shape (times,)
    flutter : bool
        Whether what comes back does so twice, as flutter waves do; then no beat has a P wave.
    suspect : bool
        Whether it may do so: the wave may be a flutter wave.
    """

    present: NDArray[np.bool_]
    wave: Wave
    shape: NDArray[np.float64]
    time_ms: NDArray[np.float64]
    flutter: bool = False
    suspect: bool = False


def atrial_wave(
    smooth: NDArray[np.float64],
    fs: float,
    r_peaks_s: NDArray[np.float64],
    rr_before_ms: NDArray[np.float64],
    main: NDArray[np.bool_],
    qrs: Wave,
    t: Wave,
) -> AtrialWave:
    """Decide for every beat whether a P wave precedes it, and where the median P wave lies.

    Parameters
    ----------
    smooth : ndarray, shape (leads, samples)
        Signal without wander, low-passed at `P_BAND_HZ`.
    fs : float
    r_peaks_s, rr_before_ms : ndarray, shape (beats,)
        Beats whose stretch lies inside the record, and the interval before each (inf if unknown).
    main : ndarray of bool, shape (beats,)
        Beats of the main kind: only they shape the template.
    qrs, t : Wave
        Of the median beat.
    """
    t_end = t.offset_ms if np.isfinite(t.offset_ms) else qrs.offset_ms + 40
    axis = np.arange(TIME_MS[0], qrs.onset_ms - END_MS + 1e-6, STEP_MS)
    before = cut(smooth, fs, r_peaks_s, axis)
    before -= _previous_t(smooth, fs, r_peaks_s[main], rr_before_ms, axis, t_end)
    known = axis + rr_before_ms[:, None] > t_end + 10
    usual = axis >= qrs.onset_ms - STRETCH_MS
    found = _search(before, known, axis, main, usual)
    # No P wave, or one that had begun already: a long PR, if T was over by then.
    if not (found.flutter or found.wave.onset_ms > found.time_ms[0] + 2 * STEP_MS):
        quiet = known[main].mean(axis=0) > 0.5 if main.any() else usual
        longer = quiet & (axis >= qrs.onset_ms - LONG_STRETCH_MS)
        if longer.sum() > usual.sum() + 2:
            earlier = _search(before, known, axis, main, longer)
            if earlier.wave.onset_ms > earlier.time_ms[0] + 2 * STEP_MS:
                return earlier
        steady = np.isfinite(rr_before_ms) & main
        irregular = steady.any() and np.ptp(rr_before_ms[steady]) > IRREGULAR_MS
        if irregular and not np.isfinite(found.wave.peak_ms):
            return _wandering(before, known, axis, main) or found
    return found


def _search(
    before: NDArray[np.float64],
    known: NDArray[np.bool_],
    axis: NDArray[np.float64],
    main: NDArray[np.bool_],
    window: NDArray[np.bool_],
) -> AtrialWave:
    """The wave that comes back in ``window`` of the beats; ``known`` lies after the last T wave."""
    time_ms, stretch = axis[window], _level(before[:, :, window])
    nobody = AtrialWave(np.zeros(len(before), bool), Wave(), stretch.mean(axis=0), time_ms)
    if main.sum() < LEAST_BEATS:
        return nobody
    alike, size = _agreement(stretch, main)
    least = LOOSELY_ALIKE if np.median(alike[main]) > CERTAIN else ALIKE
    present = (alike > least) & (size > SIZE_RANGE[0]) & (size < SIZE_RANGE[1])
    shapers = present & main
    if shapers.sum() < max(2, LEAST_SHARE * main.sum()):
        return nobody
    shape = np.median(before[shapers][:, :, window], axis=0)
    wave = p_wave(shape, time_ms)
    if not np.isfinite(wave.peak_ms):
        return nobody
    twice = _comes_twice(before, known & shapers[:, None], axis, wave.peak_ms)
    if twice == FLUTTER:
        return nobody._replace(flutter=True)
    if present.mean() < MOST and _restlessness(before, known, axis, shapers, wave) > RESTLESS:
        return nobody
    return AtrialWave(present, wave, shape, time_ms, suspect=bool(twice))


def _wandering(
    before: NDArray[np.float64],
    known: NDArray[np.bool_],
    axis: NDArray[np.float64],
    main: NDArray[np.bool_],
) -> AtrialWave | None:
    """A wave that comes back at another distance before every QRS, alone on a quiet level.

    So it does in second-degree block of Wenckebach's type. f waves are never alone.
    """
    half = round(P_HALF_MS / STEP_MS)
    width = np.arange(-half, half + 1)
    centres = np.arange(half, len(axis) - half)
    usable = known[:, centres - half] & (axis[centres - half] > -LONGEST_MS)
    judged = usable.any(axis=1) & main
    if judged.sum() < LEAST_WANDERING:
        return None
    pieces = np.moveaxis(_level(before[:, :, centres[:, None] + width]), 1, 2)
    pieces = pieces.reshape(*pieces.shape[:2], -1)
    size = np.where(usable, np.linalg.norm(pieces, axis=2), 0.0)
    best, rows = size.argmax(axis=1), np.arange(len(before))
    for _ in range(4):
        template = np.median(pieces[rows, best][judged], axis=0)
        match = np.where(usable, pieces @ template / np.linalg.norm(template), -np.inf)
        best = match.argmax(axis=1)
    found = match[rows, best]
    alike = found / (size[rows, best] + 1e-9)
    ratio = found / np.median(found[judged])
    present = (alike > CERTAIN) & (ratio > SIZE_RANGE[0]) & (ratio < SIZE_RANGE[1])
    shapers = present & judged
    if shapers.sum() < max(LEAST_WANDERING, LEAST_WANDERING_SHARE * judged.sum()):
        return None
    # The largest of what lies clear of the wave, over the wave, where there is room to look.
    clear = usable & (np.abs(centres - centres[best][:, None]) > 2 * half)
    looked = shapers & (clear.sum(axis=1) >= LEAST_CLEAR)
    beside = np.where(clear, size, 0.0).max(axis=1) / found
    if looked.sum() < LEAST_WANDERING / 2 or np.median(beside[looked]) > ALONE:
        return None
    middle = int(np.median(best[shapers]))
    moved = np.clip(np.arange(len(axis)) + (best - middle)[:, None], 0, len(axis) - 1)
    aligned = np.take_along_axis(before, moved[:, None, :], axis=2)
    reach = slice(max(0, middle - half), middle + 3 * half + 1)
    shape = np.median(aligned[shapers][:, :, reach], axis=0)
    wave = p_wave(shape, axis[reach])
    return AtrialWave(present, wave, shape, axis[reach]) if np.isfinite(wave.peak_ms) else None


def p_wave(shape: NDArray[np.float64], time_ms: NDArray[np.float64]) -> Wave:
    """Bounds of the wave in a stretch before the QRS; none when it has no peak inside.

    On the first principal component, where the flanks end, which is where the cardiologists of LUDB
    put the bounds: see `OFFSET_SLOPE` and `SUNK`.
    """
    from scipy.interpolate import CubicSpline

    fine = np.arange(time_ms[0], time_ms[-1], 1000 / BEAT_FS)
    as_is = CubicSpline(time_ms, shape, axis=1)(fine)
    shape = _level(as_is)
    magnitude = np.sqrt(np.square(shape).sum(axis=0))
    rises, falls = magnitude[1:-1] > magnitude[:-2], magnitude[1:-1] >= magnitude[2:]
    peaks = np.flatnonzero(rises & falls) + 1
    peaks = peaks[(peaks >= 20) & (peaks < len(fine) - 10)]
    if not len(peaks):
        return Wave()
    peak = int(peaks[magnitude[peaks].argmax()])
    if magnitude[:20].max() > EDGE_TIMES * magnitude[peak]:
        return Wave()
    near = shape[:, max(0, peak - 40) : peak + 40]
    direction = np.linalg.svd(near, full_matrices=False)[0][:, 0]
    direction *= np.sign(direction @ shape[:, peak])
    form, height = direction @ shape, direction @ as_is
    slope = np.gradient(form)
    onset = peak - slope_end(slope[peak::-1], REACH_S, ONSET_SLOPE)
    # Slopes are sharp and heights are steady: half-way between what the two say.
    low = height[peak::-1] < _share_of_height(height, onset, peak, RISEN)
    onset = (onset + peak - int(low.argmax())) // 2 if low.any() else onset
    offset = peak + slope_end(-slope[peak:], REACH_S, OFFSET_SLOPE)
    before = height[max(0, onset - round(LEVEL_MS / 1000 * BEAT_FS))]
    sunk = height[peak:offset] < before - SUNK * (height[peak] - before)
    if sunk.any():
        offset = peak + int(sunk.argmax())
    ends = shape[:, [onset, offset]]
    along = (peak - onset) / max(offset - onset, 1)
    if np.linalg.norm(shape[:, peak] - ends @ [1 - along, along]) < P_FLOOR_MV:
        return Wave()
    return Wave(float(fine[onset]), float(fine[peak]), float(fine[offset]))


def _share_of_height(height: NDArray[np.float64], onset: int, peak: int, share: float) -> float:
    """So much of the way from the level before the onset up to the peak."""
    level = float(np.median(height[max(0, onset - 15) : max(1, onset - 4)]))
    return level + share * (float(height[peak]) - level)


def _previous_t(
    smooth: NDArray[np.float64],
    fs: float,
    r_peaks_s: NDArray[np.float64],
    rr_before_ms: NDArray[np.float64],
    axis: NDArray[np.float64],
    t_end: float,
) -> NDArray[np.float64]:
    """What the QRS-T of the beat before leaves in each stretch: (beats, leads, times)."""
    step = STEP_MS / 2
    after = np.arange(0.0, t_end + 60, step)
    mean_t = np.median(cut(smooth, fs, r_peaks_s, after), axis=0)
    # A T wave ends before it is over: it goes on falling, the slower the lower it is.
    end = int(np.searchsorted(after, t_end))
    slope = (mean_t[:, [end - 1]] - mean_t[:, [end - 6]]) / (5 * step)
    left = np.maximum(after - t_end, 0)
    mean_t = mean_t - mean_t[:, [end]] - slope * TAIL_MS
    mean_t[:, end:] = -slope * TAIL_MS * np.exp(-left[end:] / TAIL_MS)
    mean_t[:, -1] = 0.0
    since = np.minimum(axis + rr_before_ms[:, None], after[-1])
    index = np.clip(np.rint(since / step).astype(np.intp), 0, len(after) - 1)
    return np.swapaxes(np.where(since >= 0, mean_t[:, index], 0.0), 0, 1)


def _level(stretch: NDArray[np.float64]) -> NDArray[np.float64]:
    """Take the straight line of least squares out of the last axis."""
    line = np.linspace(-1.0, 1.0, stretch.shape[-1])
    stretch = stretch - stretch.mean(axis=-1, keepdims=True)
    return np.asarray(stretch - (stretch @ line / (line @ line))[..., None] * line)


def _agreement(
    stretch: NDArray[np.float64], main: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Correlation of each beat's stretch with the others' mean, and its size relative to them."""
    noise = np.median(np.abs(stretch - np.median(stretch[main], axis=0)), axis=(0, 2))
    weighted = stretch / (np.maximum(noise, np.median(noise) / 2) + 1e-6)[:, None]
    flat = weighted.reshape(len(stretch), -1)
    norm = np.linalg.norm(flat, axis=1, keepdims=True) + 1e-9
    unit = flat / norm
    # Each beat is judged by the others: a beat in its own template would agree with itself.
    others = (unit * main[:, None]).sum(axis=0) - unit * main[:, None]
    direction = others / (np.linalg.norm(others, axis=1, keepdims=True) + 1e-9)
    projection = (flat * direction).sum(axis=1)
    size = projection / (np.median(projection[main]) + 1e-9)
    return (unit * direction).sum(axis=1), size


def _restlessness(
    before: NDArray[np.float64],
    known: NDArray[np.bool_],
    axis: NDArray[np.float64],
    shapers: NDArray[np.bool_],
    wave: Wave,
) -> float:
    """Size (RMS) of what lies between the T wave and P over that of P, median of the beats.

    Zero when no two beats show that stretch.
    """
    inside = (axis >= wave.onset_ms) & (axis <= wave.offset_ms)
    p = _level(np.median(before[shapers][:, :, inside], axis=0))
    quiet = known[shapers] & (axis < wave.onset_ms - END_MS)
    sizes = [
        np.sqrt(np.square(_level(beat[:, shown])).mean())
        for beat, shown in zip(before[shapers], quiet, strict=True)
        if shown.sum() >= LEAST_QUIET
    ]
    return float(np.median(sizes) / np.sqrt(np.square(p).mean())) if len(sizes) > 1 else 0.0


def _comes_twice(
    before: NDArray[np.float64],
    known: NDArray[np.bool_],
    axis: NDArray[np.float64],
    peak_ms: float,
) -> int:
    """Whether the shape at ``peak_ms`` comes once more an atrial cycle earlier: no, perhaps, `FLUTTER`.

    ``known`` (beats, times) marks what lies after the T wave of the beat before.
    """
    enough = known.sum(axis=0) >= LEAST_FLUTTER_BEATS
    if not enough.any():
        return 0
    first = int(enough.argmax())
    # The median of what is known: sorted, what is not goes last.
    ordered = np.sort(np.where(known[:, None, first:], before[:, :, first:], np.inf), axis=0)
    count = known[:, first:].sum(axis=0)
    middle = [np.take_along_axis(ordered, (k // 2)[None, None], 0)[0] for k in (count - 1, count)]
    residual, axis = (middle[0] + middle[1]) / 2, axis[first:]
    half = round(FLUTTER_HALF_MS / STEP_MS)
    peak = min(int(np.searchsorted(axis, peak_ms)), len(axis) - half - 1)
    shortest, longest = np.round(np.array(FLUTTER_CYCLE_MS) / STEP_MS).astype(int)
    centres = np.arange(max(half, peak - longest), peak - shortest + 1)
    if peak < half or not len(centres):
        return 0
    pieces = _level(residual[:, np.append(centres, peak)[:, None] + np.arange(-half, half + 1)])
    pieces = np.swapaxes(pieces, 0, 1).reshape(len(centres) + 1, -1)
    shape, earlier = pieces[-1], pieces[:-1]
    size = earlier @ shape / (shape @ shape + 1e-12)
    alike = earlier @ shape / (np.linalg.norm(earlier, axis=1) * np.linalg.norm(shape) + 1e-12)
    certain = ((alike > FLUTTER_ALIKE) & (size > FLUTTER_SIZE)).any()
    perhaps = ((alike > SUSPECT_ALIKE) & (size > SUSPECT_SIZE)).any()
    return FLUTTER if certain else int(perhaps)
