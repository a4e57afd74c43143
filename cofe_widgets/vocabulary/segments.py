"""The 24 segments of a beat: their names, and painting them from fiducial points.

The classes of Wagner et al., "Explaining deep learning for ECG analysis", 2024 (section 2.4 and
figure 12): twelve points, one sample each, and the twelve stretches between them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: In the order of the beat; a point is followed by the stretch that it begins.
SEGMENTS = (
    "P onset",
    "(p",
    "P peak",
    "p)",
    "P offset",
    "pq",
    "QRS onset",
    "(q",
    "Q peak",
    "qr",
    "R peak",
    "rs",
    "S peak",
    "s)",
    "QRS offset",
    "ql",
    "L point",
    "lt",
    "T onset",
    "(t",
    "T peak",
    "t)",
    "T offset",
    "tp",
)
#: The points, as columns of the array that `paint` takes.
POINTS = SEGMENTS[::2]
#: Waves -> their segments (the peak and bounds among them).
WAVE_SEGMENTS = {"P": slice(0, 5), "QRS": slice(6, 15), "T": slice(18, 23)}
TP = len(SEGMENTS) - 1
#: The parts of a beat, which leave nothing out -> their segments.
BEAT_SEGMENTS = {
    "P": WAVE_SEGMENTS["P"],
    "PR": slice(5, 6),
    "QRS": WAVE_SEGMENTS["QRS"],
    "ST": slice(15, 18),
    "T": WAVE_SEGMENTS["T"],
    "TP": slice(TP, TP + 1),
}
#: The L point lies so long after J, or halfway to the T onset where that is earlier.
L_AFTER_J_S = 0.060
_QRS_ONSET, _Q, _L, _T = (POINTS.index(p) for p in ("QRS onset", "Q peak", "L point", "T peak"))


def paint(points_s: NDArray[np.floating], fs: float, samples: int) -> NDArray[np.int8]:
    """Segment label of every sample.

    Parameters
    ----------
    points_s : ndarray, shape (..., beats, 12)
        Times of `POINTS` in s; NaN where a point is absent. Beats in order of time; a P wave that
        no QRS follows is a beat of its own.
    fs : float
    samples : int

    Returns
    -------
    ndarray of int8, shape (..., samples)
        Indices into `SEGMENTS`. Where waves overlap the later one begins at its onset. An absent
        P leaves ``tp`` up to the QRS; an absent Q leaves ``qr`` up to R; an absent T ``tp`` after
        the L point. Before the first point of the record lies ``tp``.
    """
    shape = points_s.shape[:-2]
    points = points_s.reshape(-1, *points_s.shape[-2:])
    rows, beats, _ = points.shape
    first = np.where(np.isnan(points), np.inf, points).min(axis=2)
    following = np.minimum.accumulate(first[:, ::-1], axis=1)[:, ::-1]
    following = np.concatenate((following[:, 1:], np.full((rows, 1), np.inf)), axis=1)
    points = np.where(points >= following[:, :, None], np.nan, points)
    after = np.broadcast_to(np.arange(1, 25, 2), points.shape).copy()
    absent = np.isnan(points)
    after[..., _QRS_ONSET] = np.where(absent[..., _Q], SEGMENTS.index("qr"), after[..., _QRS_ONSET])
    after[..., _L] = np.where(absent[..., _T], TP, after[..., _L])

    # Runs in order of time: before the first point, then each point's own sample and what follows.
    at = np.where(absent, np.inf, np.rint(points * fs)).reshape(rows, -1)
    order = np.argsort(at, axis=1, kind="stable")
    at = np.take_along_axis(at, order, axis=1).clip(-1, samples).astype(np.intp)
    own = np.tile(np.arange(0, 24, 2, dtype=np.int8), (rows, beats))
    runs = np.full((rows, 1 + 2 * own.shape[1]), TP, np.int8)
    runs[:, 1::2] = np.take_along_axis(own, order, axis=1)
    runs[:, 2::2] = np.take_along_axis(after.reshape(rows, -1), order, axis=1)
    edges = np.zeros((rows, runs.shape[1] + 1), np.intp)
    edges[:, 1:-1:2], edges[:, 2::2] = at, at + 1
    edges[:, -1] = samples
    edges = np.maximum.accumulate(edges.clip(0, samples), axis=1)
    labels = np.repeat(runs.ravel(), np.diff(edges, axis=1).ravel())
    return labels.reshape(*shape, samples)
